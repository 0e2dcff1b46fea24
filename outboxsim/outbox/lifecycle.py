"""The lifecycle of an email as data (spec/outbox.md section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from outboxsim.errors import OutboxsimError
from outboxsim.outbox.words import Reason, SendStatus

QUEUED, PENDING_RETRY, CONNECTOR_DISABLED, FAILED, SENT, CANCELLED = SendStatus


class Happening(IntEnum):
    """What can happen to an email that is in the outbox."""

    SEND_NOW = 0
    UNDO = 1
    CANCEL = 2
    RETRY = 3
    MET_DISABLED_CONNECTOR = 4
    ACCEPTED = 5
    FAILED_FOR_NOW = 6  # transiently (or suspended), and the pattern gives a delay
    GAVE_UP = 7  # transiently (or suspended), and no automatic try follows
    FAILED_FOR_GOOD = 8  # permanently
    CONNECTOR_GAVE_UP = 9  # while the email waited for its connector (scope: connector)
    RESUMED = 10  # the connector was enabled under on_enable: resume


_WAITING: Final = (QUEUED, PENDING_RETRY)

#: spec/outbox.md section 3. (status, happening) -> status; what is not here is refused.
TRANSITIONS: Final[Mapping[tuple[SendStatus, Happening], SendStatus]] = {
    (QUEUED, Happening.SEND_NOW): QUEUED,
    (QUEUED, Happening.UNDO): CANCELLED,
    **{(status, Happening.CANCEL): CANCELLED for status in (QUEUED, PENDING_RETRY, CONNECTOR_DISABLED, FAILED)},
    **{(status, Happening.RETRY): PENDING_RETRY for status in (PENDING_RETRY, FAILED, CONNECTOR_DISABLED)},
    **{(status, Happening.MET_DISABLED_CONNECTOR): CONNECTOR_DISABLED for status in _WAITING},
    **{(status, Happening.ACCEPTED): SENT for status in _WAITING},
    **{(status, Happening.FAILED_FOR_NOW): PENDING_RETRY for status in _WAITING},
    **{(status, Happening.GAVE_UP): FAILED for status in _WAITING},
    **{(status, Happening.FAILED_FOR_GOOD): FAILED for status in _WAITING},
    **{(status, Happening.CONNECTOR_GAVE_UP): FAILED for status in _WAITING},
    (CONNECTOR_DISABLED, Happening.RESUMED): PENDING_RETRY,
}


class NotPossible(OutboxsimError):
    """The lifecycle has no such row; the message names what would be possible."""


def next_status(status: SendStatus, happening: Happening) -> SendStatus:
    """The status after `happening`; raises `NotPossible` (naming what would be) if the table has no such row."""
    try:
        return TRANSITIONS[status, happening]
    except KeyError:
        raise NotPossible(f"{happening.name.lower()} is not possible on a {status.word} email; possible: {_possible(status)}") from None


def _possible(status: SendStatus) -> str:
    return ", ".join(happening.name.lower() for known, happening in TRANSITIONS if known is status) or "nothing, the status is final"


class Action(StrEnum):
    """What a person can do to an email."""

    RETRY = "retry"
    CANCEL = "cancel"
    SEND_NOW = "send_now"
    UNDO = "undo"

    @property
    def happening(self) -> Happening:
        """The happening of this action in the table."""
        return Happening[self.name]


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether an action on one email is refused.

    Attributes
    ----------
    visible
        Whether the actor may see the email (P3); whoever runs the simulation sees all.
    is_sender
        Whether the actor sent it.
    undo_open
        Whether its undo window is still running.
    """

    status: SendStatus
    in_flight: bool
    visible: bool
    is_sender: bool
    undo_open: bool


def refusal(action: Action, standing: Standing | None) -> Reason | None:
    """Why `action` is refused, the first reason that holds in the order of the specification; None if it is not.

    `standing` is None for an email that does not exist or is not yet submitted.
    """
    if standing is None:
        return Reason.UNKNOWN_EMAIL
    if not standing.visible:
        return Reason.NOT_VISIBLE
    if action is Action.UNDO and not standing.is_sender:
        return Reason.NOT_SENDER
    if not standing.status.in_outbox:
        return Reason.NOT_IN_OUTBOX
    if standing.in_flight:
        return Reason.IN_FLIGHT
    if (standing.status, action.happening) not in TRANSITIONS:
        return Reason.WRONG_STATUS
    if action is Action.UNDO and not standing.undo_open:
        return Reason.UNDO_WINDOW_OVER
    return None


def possible_actions(standing: Standing) -> tuple[Action, ...]:
    """The actions that would not be refused, for the text of a refusal."""
    return tuple(action for action in Action if refusal(action, standing) is None)


class Refused(OutboxsimError):
    """An action was refused and changed nothing.

    The message is what the actor may read: for an email that he may not see it is the same as for one that does
    not exist. `reason` is the true one, as the trace records it.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        self.reason = reason
        super().__init__(message)


def refusal_text(action: Action, email: str, reason: Reason, standing: Standing | None) -> str:
    """What the actor reads: the email, its status and what would be possible; nothing of what he may not see (P3)."""
    if standing is None or reason in (Reason.UNKNOWN_EMAIL, Reason.NOT_VISIBLE):
        return f"{action} refused: there is no email {email!r} (unknown_email)"
    possible = ", ".join(possible_actions(standing)) or "nothing"
    flight = ", in flight" if standing.in_flight else ""
    return f"{action} refused: email {email!r} is {standing.status.word}{flight} ({reason}); possible: {possible}"
