"""The words of the outbox: statuses, priorities, views, outcomes and reasons (spec/outbox.md sections 1 and 3).

Codes are what the engine and the tables store; words are what files and people read.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Self


class CodedWord(IntEnum):
    """An integer code whose lower-case name is the word of the specification."""

    def __str__(self) -> str:
        return self.word

    def __format__(self, spec: str) -> str:
        return format(self.word, spec)

    @property
    def word(self) -> str:
        """The word as files and tables write it, such as ``pending_retry``."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Self:
        """The member for a word; raises `KeyError` if there is none."""
        return cls[word.upper()]

    @classmethod
    def words(cls) -> list[str]:
        """All words, in the order of their codes."""
        return [member.word for member in cls]


class SendStatus(CodedWord):
    """Where an email stands; the first four are in the outbox (E4)."""

    QUEUED = 0
    PENDING_RETRY = 1
    CONNECTOR_DISABLED = 2
    FAILED = 3
    SENT = 4
    CANCELLED = 5

    @property
    def in_outbox(self) -> bool:
        """Whether an email of this status waits in the outbox."""
        return self < SendStatus.SENT


class Priority(CodedWord):
    """How important its sender says an email is; a smaller code goes first under ``queue: priority``."""

    HIGH = 0
    NORMAL = 1
    LOW = 2


class Outcome(CodedWord):
    """How an attempt ended (spec/scenario.md section 5)."""

    ACCEPTED = 0
    TRANSIENT = 1
    PERMANENT = 2
    CONNECTOR_DISABLED = 3
    SUSPENDED = 4


class Trigger(CodedWord):
    """Whether the system or a person (manual retry, send now) started an attempt."""

    AUTOMATIC = 0
    MANUAL = 1


class View(StrEnum):
    """Whose emails the outbox page shows (P2)."""

    MINE = "mine"
    TEAM = "team"
    SYSTEM = "system"
    ALL = "all"


class Reason(StrEnum):
    """Why an action was refused, in the order in which reasons are looked at (spec/outbox.md section 3)."""

    UNKNOWN_EMAIL = "unknown_email"
    NOT_VISIBLE = "not_visible"
    NOT_SENDER = "not_sender"
    NOT_ADMIN = "not_admin"
    NOT_ALLOWED = "not_allowed"
    NOT_IN_OUTBOX = "not_in_outbox"
    IN_FLIGHT = "in_flight"
    WRONG_STATUS = "wrong_status"
    UNDO_WINDOW_OVER = "undo_window_over"
