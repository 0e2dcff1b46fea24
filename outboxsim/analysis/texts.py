"""What emails say, as columns of text: joined by Arrow piece by piece, without a Python object for each text of traffic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from outboxsim.engine.arrivals import Source, TrafficSource
from outboxsim.engine.store import NONE

#: The dtype of texts: pandas' own, kept by Arrow.
_STR: Final = pd.StringDtype(storage="pyarrow", na_value=np.nan)

#: Rows whose texts are made at once: what is made on the way takes several times the memory of the texts themselves.
_PIECE: Final = 1 << 14


def email_texts(sources: Sequence[Source], source: np.ndarray, number: np.ndarray) -> dict[str, Any]:
    """The columns `to`, `id` and `subject` of emails by their sources and numbers."""

    def piece(name: str, place: slice) -> pa.Array:
        return _piece_of_texts(sources, source[place], number[place], name)

    columns: dict[str, Any] = {}
    like = None
    for name in ("to", "id", "subject"):
        like = _text_column(len(source), partial(piece, name), like)
        columns[name] = pd.array(like, dtype=_STR)
        pa.default_memory_pool().release_unused()  # Arrow keeps it otherwise
    return columns


def repeated(texts: Any, rows: np.ndarray) -> Any:
    """The texts of a column at some rows, which may repeat."""
    known = pa.chunked_array(texts.__arrow_array__())
    return pd.array(_text_column(len(rows), lambda piece: known.take(pa.array(rows[piece])).combine_chunks()), dtype=_STR)


def _text_column(rows: int, texts_of: Callable[[slice], pa.Array], like: pa.Array | None = None) -> pa.Array:
    """A column of text from a function that makes a piece of it. Arrow's own way to join pieces would hold everything twice.

    Texts that are as long as those of `like`, one by one, share its bounds: ids and subjects of traffic do.
    """
    bounds, letters = np.zeros(rows + 1, dtype=np.int64), np.zeros(0, dtype=np.uint8)
    if rows:
        *others, last = (slice(start, start + _PIECE) for start in range(0, rows, _PIECE))
        final = texts_of(last)  # first, for its texts are as long as most: they are numbered
        letters = np.empty(_letters(final).size * rows // len(final) + _PIECE, dtype=np.uint8)
        for place in others:
            letters = _put(texts_of(place), place.start, bounds, letters)
        letters = _put(final, last.start, bounds, letters)[: bounds[-1]]
    shared = None if like is None else like.buffers()[1]
    if shared is None or not np.array_equal(np.frombuffer(shared, dtype=np.int64), bounds):
        shared = pa.py_buffer(bounds)
    return pa.Array.from_buffers(pa.large_string(), rows, [None, shared, pa.py_buffer(letters)])


def _put(piece: pa.Array, start: int, bounds: np.ndarray, letters: np.ndarray) -> np.ndarray:
    """Put a piece into its place in a column; the column's letters, which may have moved to make room."""
    own, text = _bounds(piece), _letters(piece)
    used = int(bounds[start])
    np.add(own[1:], used - own[0], out=bounds[start + 1 : start + 1 + len(piece)])
    if used + text.size > letters.size:
        letters = np.concatenate([letters[:used], np.empty(used // 4 + text.size, dtype=np.uint8)])
    letters[used : used + text.size] = text
    return letters


def _bounds(texts: pa.Array) -> np.ndarray:
    return np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]


def _letters(texts: pa.Array) -> np.ndarray:
    bounds, letters = _bounds(texts), texts.buffers()[2]
    return np.zeros(0, dtype=np.uint8) if letters is None else np.frombuffer(letters, dtype=np.uint8)[bounds[0] : bounds[-1]]


def _piece_of_texts(sources: Sequence[Source], source: np.ndarray, number: np.ndarray, name: str) -> pa.Array:
    """Source by source, put into the order of submission."""
    codes = np.unique(source).tolist()
    if len(codes) == 1:
        return _texts_of_source(sources[codes[0]], name, number)
    places = [np.flatnonzero(source == code) for code in codes]
    parts = [_texts_of_source(sources[code], name, number[chosen]) for code, chosen in zip(codes, places, strict=True)]
    return pa.concat_arrays(parts).take(pa.array(np.argsort(np.concatenate(places))))


def _texts_of_source(source: Source, name: str, numbers: np.ndarray) -> pa.Array:
    if not isinstance(source, TrafficSource):
        texts = [source.text(number) for number in numbers.tolist()]
        return pa.array([", ".join(text.to) if name == "to" else getattr(text, name) for text in texts], pa.large_string())
    counted = pa.array(numbers.astype(np.int64) + 1).cast(pa.large_string())
    if name == "subject":
        return pc.binary_join_element_wise(_text(source.name), counted, _text(" "))
    ids = pc.binary_join_element_wise(_text(source.name), counted, _text("-"))
    if name == "id":
        return ids
    domains, domain_of = source.domains(numbers)
    domain = _text(domains[0]) if len(domains) == 1 else pa.array(domains, pa.large_string()).take(pa.array(domain_of))
    return pc.binary_join_element_wise(ids, domain, _text("@"))


def _text(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def from_addresses(sources: Sequence[Source], source: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Codes of the emails' from addresses, `NONE` where there is none, and the addresses."""
    known: dict[str, int] = {}
    codes = np.empty(len(source), dtype=np.int32)
    for code in np.unique(source).tolist():
        chosen = _rows_of(source, code)
        codes[chosen] = _address_codes(sources[code], number[chosen], known)
    return codes, list(known)


def _address_codes(source: Source, numbers: np.ndarray, known: dict[str, int]) -> np.ndarray:
    """From addresses as codes, numbered as they are met."""
    if isinstance(source, TrafficSource):
        addresses, address_of = source.from_addresses(numbers)
    else:
        addresses, address_of = [source.text(number).from_address for number in numbers.tolist()], np.arange(len(numbers))
    codes = np.array([NONE if address is None else known.setdefault(address, len(known)) for address in addresses], dtype=np.int32)
    return np.asarray(codes[address_of])


def attachments(sources: Sequence[Source], source: np.ndarray, number: np.ndarray) -> np.ndarray:
    """How many attachments each email has; those of traffic have none."""
    counts = np.zeros(len(source), dtype=np.int32)
    for code in np.unique(source).tolist():
        if not isinstance(sources[code], TrafficSource):
            chosen = _rows_of(source, code)
            counts[chosen] = [len(sources[code].text(one).attachments) for one in number[chosen].tolist()]
    return counts


def _rows_of(source: np.ndarray, code: int) -> np.ndarray | slice:
    """Which emails are of a source; all of them in a slice, which copies nothing."""
    chosen = source == code
    return slice(None) if chosen.all() else np.flatnonzero(chosen)
