"""The three tables of a run as DataFrames, built from its columnar record (spec/scenario.md section 5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from outboxsim.engine.arrivals import Source, TrafficSource
from outboxsim.engine.store import MIGRATED, NONE, SYSTEM
from outboxsim.engine.trace import (
    BY_SYSTEM,
    CONNECTOR_SHIFT,
    CONTACTED,
    ENDED,
    ERROR,
    IN_FLIGHT,
    MANUAL,
    NUMBER_SHIFT,
    OUTCOME_SHIFT,
    PACKED,
    WIDTH,
    Event,
    EventKind,
)
from outboxsim.outbox import Outcome, Priority, SendStatus, Trigger

if TYPE_CHECKING:
    from outboxsim.engine.recording import Recording
    from outboxsim.quantities import Clock

EMAIL_COLUMNS: Final = (
    "id", "submitted", "undo_until", "scheduled_by", "scheduled_for", "released", "from", "from_address", "to", "subject", "priority",
    "system_generated", "migrated", "work_item", "work_item_type", "team", "traffic", "connector", "status", "attempts", "logged",
    "last_attempt", "last_error", "next_attempt", "finished", "attachments",
)  # fmt: skip
ATTEMPT_COLUMNS: Final = ("email", "attempt", "connector", "started", "ended", "trigger", "contacted", "outcome", "code", "error")
EVENT_COLUMNS: Final = ("time", "event", "email", "connector", "actor", "from_status", "to_status", "detail")

#: Keys of an event's detail that hold an instant.
DETAIL_INSTANTS: Final = frozenset({"next_attempt", "scheduled_for", "connector_next_try", "until"})

#: Keys of details that are the same for many events, and hold neither instants nor codes.
_REPEATING: Final = frozenset({"attempt", "trigger", "outcome", "error"})

#: An email that was accepted: RFC 5321 section 4.2.3, "250 Requested mail action okay, completed".
_ACCEPTED_CODE: Final = 250


def instants(microseconds: Sequence[int] | np.ndarray, clock: Clock) -> pd.DatetimeIndex:
    """Microseconds since the start as tz-aware instants, `NONE` as NaT."""
    values = np.asarray(microseconds, dtype=np.int64)
    absolute = np.where(values == NONE, np.iinfo(np.int64).min, values + clock.epoch_us)
    return pd.DatetimeIndex(absolute.view("datetime64[us]"), tz="UTC").tz_convert(clock.time_zone)


def coded(codes: Sequence[int] | np.ndarray, words: Sequence[str]) -> pd.Categorical:
    """Codes as a categorical of words; `NONE` is missing."""
    return pd.Categorical.from_codes(np.array(codes, dtype=np.int32), categories=pd.Index(list(words), dtype="str"))


def emails_frame(recording: Recording) -> pd.DataFrame:
    """The table `emails`, in order of submission."""
    scenario, store, rows = recording.scenario, recording.store, recording.rows
    clock = scenario.clock

    def column(name: str) -> np.ndarray:
        return store.view(name)[:rows]

    def when(name: str) -> pd.DatetimeIndex:
        return instants(column(name), clock)

    flags = column("flags")
    work_item = column("work_item")
    types = ["ticket", "case", "action"]
    type_of = np.array([*(types.index(item.type) for item in scenario.work_items.values()), NONE])
    traffic = [source.name for source in recording.sources]
    traffic_names = sorted({name for name in traffic if name})
    traffic_of = np.array([traffic_names.index(name) if name else NONE for name in traffic])
    columns: dict[str, Any] = {
        **_texts(recording, column("source"), column("number")),
        "submitted": when("submitted"),
        "undo_until": when("undo_until"),
        "scheduled_by": coded(column("scheduled_by"), recording.users),
        "scheduled_for": when("scheduled_for"),
        "released": instants(recording.trace.released(rows, recording.now), clock),
        "from": coded(column("sender"), recording.users),
        "priority": coded(column("priority"), Priority.words()),
        "system_generated": (flags & SYSTEM) != 0,
        "migrated": (flags & MIGRATED) != 0,
        "work_item": coded(work_item, list(scenario.work_items)),
        "work_item_type": coded(type_of[work_item], types),
        "team": _teams(recording, column("sender"), work_item, flags),
        "traffic": coded(traffic_of[column("source")], traffic_names),
        "connector": coded(column("connector"), list(scenario.connectors)),
        "status": coded(column("status"), SendStatus.words()),
        "attempts": column("attempts").astype(np.int32),
        "logged": when("logged"),
        "last_attempt": when("last_attempt"),
        "last_error": texts_of(column("last_error"), recording.trace.errors),
        "next_attempt": instants(_next_attempts(recording, column("due"), column("connector")), clock),
        "finished": when("finished"),
    }
    return pd.DataFrame({name: columns[name] for name in EMAIL_COLUMNS}, copy=False)


#: The dtype of texts: pandas' own, kept by Arrow, so that texts of traffic are joined without a Python object each.
_STR: Final = pd.StringDtype(storage="pyarrow", na_value=np.nan)


def _texts(recording: Recording, source: np.ndarray, number: np.ndarray) -> dict[str, Any]:
    """The columns of texts (and how many attachments), source by source, put into the order of submission."""
    codes = np.unique(source).tolist()
    places = [np.flatnonzero(source == code) for code in codes]
    numbers = [number[chosen] for chosen in places]
    sources = [recording.sources[code] for code in codes]
    back = None if len(codes) <= 1 else np.argsort(np.concatenate(places))
    columns: dict[str, Any] = {}
    for name in ("id", "to", "subject"):
        parts = [_column_of_texts(one, name, some) for one, some in zip(sources, numbers, strict=True)]
        joined = pa.chunked_array(parts, pa.large_string())
        columns[name] = pd.array(joined if back is None else joined.take(pa.array(back)), dtype=_STR)
        del parts, joined
        pa.default_memory_pool().release_unused()  # Arrow keeps it otherwise: 40 MB at a million emails
    known: dict[str, int] = {}
    addresses = [_address_codes(one, some, known) for one, some in zip(sources, numbers, strict=True)]
    columns["from_address"] = texts_of(_joined(addresses, back), list(known))
    columns["attachments"] = _joined([_attachments(one, some) for one, some in zip(sources, numbers, strict=True)], back)
    return columns


def _joined(parts: list[np.ndarray], back: np.ndarray | None) -> np.ndarray:
    """Columns of sources as one, in the order of submission."""
    if not parts:
        return np.zeros(0, dtype=np.int32)
    return parts[0] if back is None else np.concatenate(parts)[back]


def _column_of_texts(source: Source, name: str, numbers: np.ndarray) -> pa.Array:
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


def _address_codes(source: Source, numbers: np.ndarray, known: dict[str, int]) -> np.ndarray:
    """From addresses as codes, numbered as they are met."""
    if isinstance(source, TrafficSource):
        addresses, address_of = source.from_addresses(numbers)
    else:
        addresses, address_of = [source.text(number).from_address for number in numbers.tolist()], np.arange(len(numbers))
    codes = np.array([NONE if address is None else known.setdefault(address, len(known)) for address in addresses], dtype=np.int32)
    return np.asarray(codes[address_of])


def _attachments(source: Source, numbers: np.ndarray) -> np.ndarray:
    if isinstance(source, TrafficSource):
        return np.zeros(len(numbers), dtype=np.int32)
    return np.array([len(source.text(number).attachments) for number in numbers.tolist()], dtype=np.int32)


def _next_attempts(recording: Recording, due: np.ndarray, connector: np.ndarray) -> np.ndarray:
    """The due instants, or the connector's next try where an email has to wait for it."""
    shown = due.copy()
    for index, next_try in recording.next_tries.items():
        waits = (connector == index) & (due != NONE)
        waits[list(recording.probes)] = False
        shown[waits] = np.maximum(due[waits], next_try)
    return shown


def _teams(recording: Recording, sender: np.ndarray, work_item: np.ndarray, flags: np.ndarray) -> pd.Categorical:
    """The sender's teams in file order, joined by a comma; a system email's: its work item's."""
    people = recording.people
    of_senders = [*(",".join(people.teams_of(name)) for name in recording.users), ""]  # the last for NONE
    of_items = [*(",".join(people.teams_working_on(name)) for name in recording.scenario.work_items), ""]
    known = sorted({name for name in (*of_senders, *of_items) if name})
    codes = {name: code for code, name in enumerate(known)} | {"": NONE}
    by_sender, by_item = (np.array([codes[name] for name in names]) for names in (of_senders, of_items))
    return coded(np.where((flags & SYSTEM) != 0, by_item[work_item], by_sender[sender]), known)


def texts_of(codes: np.ndarray, texts: Sequence[str]) -> pd.Categorical:
    """Codes of texts as a categorical of those that occur, in alphabetical order: it does not depend on which came first."""
    used = np.unique(codes[codes != NONE]).tolist()
    known = sorted({texts[code] for code in used})
    place = {text: code for code, text in enumerate(known)}
    return coded(np.array([*(place.get(text, NONE) for text in texts), NONE])[codes], known)


def attempts_frame(recording: Recording, ids: pd.Series) -> pd.DataFrame:
    """The table `attempts`, in order of start."""
    trace, clock = recording.trace, recording.scenario.clock
    log = np.frombuffer(trace.attempts, dtype=np.int64).reshape(-1, WIDTH) if trace.attempts else np.zeros((0, WIDTH), dtype=np.int64)
    packed = log[:, PACKED]
    outcome = packed >> OUTCOME_SHIFT & 7
    outcome = np.where(outcome == IN_FLIGHT, NONE, outcome)
    error = log[:, ERROR]
    error_codes = np.array([*(_reply_code(text) for text in trace.errors), 0])
    code = np.where(outcome == Outcome.ACCEPTED, _ACCEPTED_CODE, error_codes[error])
    columns: dict[str, Any] = {
        "email": ids.array.take(log[:, 0]),
        "attempt": (packed >> NUMBER_SHIFT).astype(np.int32),
        "connector": coded(packed >> CONNECTOR_SHIFT & 0xFFFF, list(recording.scenario.connectors)),
        "started": instants(log[:, 1], clock),
        "ended": instants(log[:, ENDED], clock),
        "trigger": coded((packed & MANUAL) != 0, Trigger.words()),
        "contacted": (packed & CONTACTED) != 0,
        "outcome": coded(outcome, Outcome.words()),
        "code": pd.arrays.IntegerArray(code.astype(np.int16), code == 0),
        "error": texts_of(error, trace.errors),
    }
    return pd.DataFrame({name: columns[name] for name in ATTEMPT_COLUMNS}, copy=False)


def _reply_code(error: str) -> int:
    """The SMTP reply code with which an error begins, 0 for none."""
    head = error[:3]
    return int(head) if head.isascii() and head.isdigit() and (len(error) == 3 or error[3] in " -") else 0


def events_frame(recording: Recording, events: Iterable[Event], ids: pd.Series) -> pd.DataFrame:
    """The table `events`, in the order in which they happened."""
    rows = list(events)
    names = list(recording.scenario.work_items)
    actors = [*recording.users, "system"]
    encode = detail_encoder(recording.scenario.clock, names)
    email = np.array([event.email for event in rows], dtype=np.int64)
    actor = np.array([len(actors) - 1 if event.actor == BY_SYSTEM else event.actor for event in rows], dtype=np.int64)
    id_values = np.array([*ids.tolist(), None], dtype=object)
    return pd.DataFrame(
        {
            "time": instants([event.time for event in rows], recording.scenario.clock),
            "event": coded([event.kind for event in rows], [kind.word for kind in EventKind]),
            "email": pd.array(id_values[email], dtype="str"),
            "connector": coded([event.connector for event in rows], list(recording.scenario.connectors)),
            "actor": coded(actor, actors),
            "from_status": coded([event.from_status for event in rows], SendStatus.words()),
            "to_status": coded([event.to_status for event in rows], SendStatus.words()),
            "detail": pd.array([encode(event.detail) for event in rows], dtype="str"),
        },
        columns=list(EVENT_COLUMNS),
    )


def detail_encoder(clock: Clock, work_items: Sequence[str]) -> Callable[[dict[str, Any] | None], str]:
    """A function that writes an event's detail as JSON: instants in ISO 8601, work items by name."""
    write = json.JSONEncoder(ensure_ascii=False).encode
    written: dict[tuple[tuple[str, Any], ...], str] = {}  # most details repeat: attempt 1, accepted, …

    def value(key: str, content: Any) -> Any:
        if key in DETAIL_INSTANTS and content is not None:
            return clock.iso(content)
        if key == "work_item" and isinstance(content, int):
            return work_items[content]
        return content

    def encode(detail: dict[str, Any] | None) -> str:
        if not detail:
            return ""
        if not detail.keys() <= _REPEATING:
            return write({key: value(key, content) for key, content in detail.items()})
        known = tuple(detail.items())
        if known not in written:
            written[known] = write(detail)
        return written[known]

    return encode


def decoded_detail(text: str, epoch_us: int) -> dict[str, Any] | None:
    """The detail that `detail_encoder` wrote; instants in microseconds since the start again."""
    if not text:
        return None
    detail: dict[str, Any] = json.loads(text)
    for key in DETAIL_INSTANTS & detail.keys():
        if detail[key] is not None:
            since_epoch = datetime.fromisoformat(detail[key]) - datetime(1970, 1, 1, tzinfo=UTC)
            detail[key] = since_epoch // timedelta(microseconds=1) - epoch_us
    return detail
