"""The attempts of a run, one row each in the order of their starts, in columns."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, NamedTuple

import numpy as np

from outboxsim.engine.columns import ColumnStore
from outboxsim.engine.store import NONE

#: An attempt's codes, from the lowest bit: took time (1), contacted (1), trigger (1), outcome (3; 7 = in flight), status
#: after (3), status before (3).
TOOK_TIME: Final = 1
CONTACTED: Final = 2
MANUAL: Final = 4
OUTCOME_SHIFT: Final = 3
TO_SHIFT: Final = 6
FROM_SHIFT: Final = 9
IN_FLIGHT: Final = 7


class AttemptRow(NamedTuple):
    """One attempt; its fields are the columns of the log."""

    email: int
    started: int
    ended: int
    following: int
    number: int
    connector: int
    codes: int
    error: int


class AttemptLog(ColumnStore):
    """Columns of all attempts, 40 bytes a row.

    Attributes
    ----------
    email, connector
        Codes: the row of the email, the connector's place in the file.
    started, ended, following
        Instants in microseconds since the start, `NONE` for none: `following` is when the email's next attempt was to come
        as the page showed it at this one's end.
    number
        1 for an email's first attempt, and so on.
    codes
        Several small ones in one, see `TOOK_TIME` and the names after it.
    error
        The number of the error's text, `NONE` for none.
    """

    WIDTHS: ClassVar[Mapping[str, str]] = {
        "email": "i",
        "started": "q",
        "ended": "q",
        "following": "q",
        "number": "i",
        "connector": "H",
        "codes": "H",
        "error": "i",
    }

    __slots__ = tuple(WIDTHS)

    email: array[int]
    started: array[int]
    ended: array[int]
    following: array[int]
    number: array[int]
    connector: array[int]
    codes: array[int]
    error: array[int]

    def __len__(self) -> int:
        return len(self.email)

    def begin(self, email: int, started: int, ended: int, number: int, connector: int, codes: int) -> int:
        """Append an attempt that starts; its row."""
        self.email.append(email)
        self.started.append(started)
        self.ended.append(ended)
        self.following.append(NONE)
        self.number.append(number)
        self.connector.append(connector)
        self.codes.append(codes)
        self.error.append(NONE)
        return len(self.email) - 1

    def rows(self, numbers: np.ndarray) -> Iterator[AttemptRow]:
        """Some attempts as they are now."""
        return map(AttemptRow._make, zip(*(self.view(name)[numbers].tolist() for name in self.WIDTHS), strict=True))
