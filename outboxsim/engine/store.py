"""The emails of a run, one row each in the order of submission, in columns."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import ClassVar, Final

from outboxsim.engine.columns import ColumnStore
from outboxsim.outbox import SendStatus

#: No instant, no person, no work item, no error.
NONE: Final = -1

SYSTEM: Final = 1
MIGRATED: Final = 2


class EmailStore(ColumnStore):
    """Columns of all emails, about 100 bytes a row; a row may lie in the future (submitted after now).

    Attributes
    ----------
    submitted, undo_until, scheduled_for, release, logged, last_attempt, finished
        Instants in microseconds since the start, `NONE` for none. `release` is the end of the undo window, the
        scheduled time or send now, also while it lies ahead; `finished` is set when the email leaves the outbox.
    due
        When the next attempt is due; `NONE` while none will come or one is in flight.
    retries
        Retries scheduled so far, the steps of the retry pattern that are used up.
    attempts, last_error
        Attempts so far; the number of the last error's text.
    sender, scheduled_by, work_item, connector, priority, flags, status
        Codes.
    source, number
        Where the email's texts are: the source of arrivals and the number within it.
    rank
        The address of the email's random numbers (draws.py).
    """

    WIDTHS: ClassVar[Mapping[str, str]] = {
        "submitted": "q",
        "undo_until": "q",
        "scheduled_for": "q",
        "due": "q",
        "release": "q",
        "logged": "q",
        "last_attempt": "q",
        "finished": "q",
        "attempts": "I",
        "retries": "I",
        "last_error": "i",
        "sender": "i",
        "scheduled_by": "i",
        "work_item": "i",
        "source": "H",
        "number": "I",
        "rank": "I",
        "connector": "H",
        "priority": "B",
        "flags": "B",
        "status": "B",
    }

    __slots__ = tuple(WIDTHS)

    submitted: array[int]
    undo_until: array[int]
    scheduled_for: array[int]
    due: array[int]
    release: array[int]
    logged: array[int]
    last_attempt: array[int]
    finished: array[int]
    attempts: array[int]
    retries: array[int]
    last_error: array[int]
    sender: array[int]
    scheduled_by: array[int]
    work_item: array[int]
    source: array[int]
    number: array[int]
    rank: array[int]
    connector: array[int]
    priority: array[int]
    flags: array[int]
    status: array[int]

    def __len__(self) -> int:
        return len(self.submitted)

    def in_outbox(self, email: int) -> bool:
        """Whether the email waits in the outbox."""
        return self.status[email] < SendStatus.SENT
