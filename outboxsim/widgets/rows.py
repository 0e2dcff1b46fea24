"""Which emails a filter lets through, and in which order a column puts them: quickly, for 10,000 emails several times a second.

What an email says never changes, so it is folded once and remembered by the engine's row, for as long as the run is the same one.
"""

from __future__ import annotations

import re
import unicodedata
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from outboxsim.engine.listing import Listing
    from outboxsim.engine.simulation import Simulation

Numbers = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]

#: A value that is not there comes last, whichever way the column is sorted.
MISSING: Final = -1
_UNKNOWN: Final = -2
_LAST: Final = np.iinfo(np.int64).max

#: Columns of the page whose values are numbers of the listing, as they are or negated.
_NUMBERS: Final[Mapping[str, str]] = {
    "priority": "priority",
    "system_generated": "system",
    "last_send_attempt": "last_attempt",
    "logged": "logged",
    "next_send_attempt": "next_attempt",
    "send_attempts": "attempts",
    "send_status": "status",
}
#: Columns whose values are codes of names.
_NAMES: Final[Mapping[str, str]] = {"email_connector": "connector", "work_item": "work_item", "last_error_message": "error"}
_CODED: Final = ("sender", "connector", "work_item", "error")

_DIGITS: Final = re.compile(r"\d+")
#: Numbers within texts are ordered by their value up to so many digits: T-2 before T-10.
_WIDTH: Final = 12


def folded(text: str) -> str:
    """The text without case and accents, as it is sought."""
    if text.isascii():
        return text.lower()
    plain = "".join(character for character in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(character))
    return plain.casefold()


def ordered(text: str) -> str:
    """The text as it is put in order: without case and accents, numbers by their value."""
    return _DIGITS.sub(lambda digits: digits[0].zfill(_WIDTH), folded(text))


class _ByRow:
    """A number for each row of the engine that was met so far."""

    def __init__(self) -> None:
        self.values: Numbers = np.empty(0, dtype=np.int64)

    def unknown(self, rows: Numbers) -> list[int]:
        """The places in `rows` of those not met before."""
        missing = int(rows[-1]) + 1 - len(self.values) if len(rows) else 0
        if missing > 0:
            self.values = np.concatenate((self.values, np.full(missing + len(self.values), _UNKNOWN, dtype=np.int64)))
        return np.flatnonzero(self.values[rows] == _UNKNOWN).tolist()

    def at(self, listing: Listing) -> Numbers:
        """The numbers of a listing's emails."""
        values: Numbers = self.values[listing.rows]
        return values


class _Ranks(_ByRow):
    """The place of each row's text among those of all rows; equal texts have equal places."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[int, str] = {}
        self._order: list[int] = []

    def of(self, listing: Listing, name: str) -> Numbers:
        """The places of a listing's texts, `MISSING` for empty ones."""
        unknown = self.unknown(listing.rows)
        if unknown:
            texts = listing.texts(name)
            for place in unknown:
                row = int(listing.rows[place])
                self._keys[row] = ordered(texts[place])
                self._order.append(row)
            self._order.sort(key=self._keys.__getitem__)  # nearly sorted already: new ones are merged in
            keys = np.array([self._keys[row] for row in self._order], dtype=object)
            places = np.concatenate(([0], np.cumsum(keys[1:] != keys[:-1])))
            self.values[self._order] = np.where(keys == "", MISSING, places)
        return self.at(listing)


class _Counts(_ByRow):
    """A number of each email that never changes."""

    def of(self, listing: Listing, name: str) -> Numbers:
        """The numbers of a listing's emails."""
        unknown = self.unknown(listing.rows)
        if unknown:
            self.values[listing.rows[unknown]] = np.array(listing.texts(name), dtype=np.int64)[unknown]
        return self.at(listing)


class _Sought(_ByRow):
    """Whether a term stands in what an email says."""

    def of(self, listing: Listing, term: str, texts: _Folded) -> Truths:
        """Whether it does, for a listing's emails."""
        unknown = self.unknown(listing.rows)
        if unknown:
            rows = listing.rows[unknown]
            known = texts.of(listing)
            self.values[rows] = [term in known[row] for row in rows.tolist()]
        return np.asarray(self.at(listing) == 1)


class _Folded(_ByRow):
    """What each email says, folded, in one text."""

    def __init__(self) -> None:
        super().__init__()
        self._texts: dict[int, str] = {}

    def of(self, listing: Listing) -> dict[int, str]:
        """By row, at least for a listing's emails."""
        unknown = self.unknown(listing.rows)
        if unknown:
            columns = [listing.texts(name) for name in ("id", "to", "subject")]
            for place in unknown:
                row = int(listing.rows[place])
                self._texts[row] = folded("\n".join(column[place] for column in columns))
            self.values[listing.rows[unknown]] = 1
        return self._texts


class Rows:
    """Seeks and orders the emails of listings."""

    def __init__(self) -> None:
        self._run: weakref.ref[Simulation] | None = None
        self._forget()

    def _forget(self) -> None:
        self._ranks = {"to": _Ranks(), "subject": _Ranks()}
        self._attachments = _Counts()
        self._folded = _Folded()
        self._sought: dict[str, _Sought] = {}

    def look_at(self, simulation: Simulation) -> bool:
        """Begin anew if the run is another one, and say so: there a row may be another email."""
        if self._run is not None and self._run() is simulation:
            return False
        self._run = weakref.ref(simulation)
        self._forget()
        return True

    def found(self, listing: Listing, text: str) -> Truths:
        """Which emails have every term of a text in their id, recipients, subject, sender, connector, work item or last error."""
        terms = folded(text).split()
        self._sought = {term: self._sought.get(term) or _Sought() for term in terms}
        found = np.ones(len(listing.rows), dtype=np.bool_)
        for term, sought in self._sought.items():
            has_it = sought.of(listing, term, self._folded)
            for name in _CODED:
                codes = [code for code, known in enumerate(listing.names(name)) if known and term in folded(known)]
                if codes:
                    has_it |= np.isin(listing.column(name), codes)
            found &= has_it
        return found

    def order(self, listing: Listing, column: str, *, descends: bool) -> Numbers:
        """The places of a listing's emails in the order of a column; those that are equal stay in order of submission."""
        values = self._values(listing, column)
        is_missing = values == MISSING
        key = np.where(is_missing, _LAST, -values if descends else values)
        places: Numbers = np.argsort(key, kind="stable")
        return places

    def _values(self, listing: Listing, column: str) -> Numbers:
        if column in _NUMBERS:
            return listing.column(_NUMBERS[column]).astype(np.int64)
        if column in _NAMES:
            return _ranks_of_codes(listing.column(_NAMES[column]), listing.names(_NAMES[column]))
        if column == "work_item_type":
            return _ranks_of_codes(listing.column("work_item"), listing.names("work_item_type"))
        return self._attachments.of(listing, column) if column == "attachments" else self._ranks[column].of(listing, column)


def _ranks_of_codes(codes: np.ndarray, names: list[str]) -> Numbers:
    """Codes as places of their names in order; no name is `MISSING`."""
    keys = [ordered(name) for name in names]
    places = {key: place for place, key in enumerate(sorted(set(keys)))}
    ranks: Numbers = np.array([*(places[key] for key in keys), MISSING], dtype=np.int64)[codes.astype(np.int64)]
    return ranks
