"""How one email lived, for a picture of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from outboxsim.analysis.columns import MINUTE
from outboxsim.analysis.selection import Selected
from outboxsim.outbox import Outcome, SendStatus, Trigger

if TYPE_CHECKING:
    from outboxsim.analysis.result import Result
    from outboxsim.quantities import Clock

#: What happened to an email, as `Result.email_history` tells it: instant, event, and its detail in words.
History: TypeAlias = "Iterable[tuple[int, str, Mapping[str, Any]]]"


@dataclass(frozen=True, slots=True)
class StatusSpan:
    """A time in which an email had a status; the last one ends where the tables end."""

    status: SendStatus
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class AttemptMark:
    """One attempt of an email; `ended` and `outcome` are None while it is under way."""

    number: int
    started: int
    ended: int | None
    outcome: Outcome | None
    trigger: Trigger
    error: str


@dataclass(frozen=True, slots=True)
class EmailLife:
    """What became of an email; instants in microseconds since the start, None where there is none."""

    id: str
    subject: str
    spans: tuple[StatusSpan, ...]
    attempts: tuple[AttemptMark, ...]
    submitted: int
    undo_until: int | None
    scheduled_for: int | None
    logged: int | None
    end: int
    clock: Clock

    @property
    def status(self) -> SendStatus:
        """The last status."""
        return self.spans[-1].status

    @property
    def shown_until(self) -> int:
        """How far a picture of it reaches: an email that has left the outbox has nothing more to tell soon after."""
        if self.status.in_outbox:
            return self.end
        left = self.spans[-1].begin
        return min(self.end, left + max((left - self.submitted) // 5, MINUTE))


def email_life(result: Result, email: str) -> EmailLife:
    """What became of an email.

    Raises
    ------
    KeyError
        If there is no such email.
    """
    history = result.email_history(email)
    if not history:
        raise KeyError(f"there is no email {email!r}")
    emails = result.emails
    row = emails[(emails["id"] == email).to_numpy(dtype=np.bool_)]
    undo_until = int(Selected(result).instants(row["undo_until"])[0]) if row["undo_until"].notna().iloc[0] else None
    subject = str(row["subject"].iloc[0])
    return life_of(history, email=email, subject=subject, undo_until=undo_until, end=result.horizon, clock=result.clock)


def life_of(history: History, *, email: str, subject: str, undo_until: int | None, end: int, clock: Clock) -> EmailLife:
    """What became of an email, from its history alone."""
    moves: list[tuple[int, SendStatus]] = []
    marks: list[AttemptMark] = []
    submitted, scheduled_for, logged = 0, None, None
    for instant, event, detail in history:
        if "to" in detail:
            moves.append((instant, SendStatus.of(detail["to"])))
        if event == "submitted":
            submitted = instant
            logged = instant if detail.get("to") == SendStatus.FAILED.word else None  # migrated (E3)
        elif event == "scheduled":
            scheduled_for = detail["scheduled_for"]
        elif event == "attempt_started":
            marks.append(AttemptMark(detail["attempt"], instant, None, None, Trigger.of(detail["trigger"]), ""))
        elif event == "attempt_ended":
            outcome = Outcome.of(detail["outcome"])
            begun = marks[-1]
            marks[-1] = AttemptMark(begun.number, begun.started, instant, outcome, begun.trigger, detail.get("error", ""))
            if logged is None and outcome is not Outcome.ACCEPTED:
                logged = instant  # L3
    return EmailLife(email, subject, _spans(moves, end), tuple(marks), submitted, undo_until, scheduled_for, logged, end, clock)


def _spans(moves: Sequence[tuple[int, SendStatus]], end: int) -> tuple[StatusSpan, ...]:
    """The statuses one after the other; one that lasted no time was none, unless it is the last."""
    settled: list[tuple[int, SendStatus]] = []
    for instant, status in moves:
        if settled and settled[-1][0] == instant:
            settled.pop()
        if not settled or settled[-1][1] is not status:
            settled.append((instant, status))
    ends = [*(instant for instant, _ in settled[1:]), end]
    return tuple(StatusSpan(status, begin, until) for (begin, status), until in zip(settled, ends, strict=True))
