"""What was done from Python, so that it can be done again: same scenario, same seed, same actions give the same tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from outboxsim.outbox import Reason

#: Actions on emails; they take several at once (G3).
EMAIL_VERBS: Final = frozenset({"retry", "cancel", "send_now", "undo"})

#: Everything that can be done, as methods of `Simulation`.
VERBS: Final = (*sorted(EMAIL_VERBS), "submit", "enable", "disable", "outage", "change", "split", "share", "merge", "assign")

#: What became of each target: done, or the reason for which it was refused.
Answers = tuple[tuple[str, Reason | None], ...]


@dataclass(frozen=True, slots=True)
class Action:
    """Something that somebody asked for, done or refused.

    Attributes
    ----------
    at
        The instant, in microseconds since the start.
    verb
        One of `VERBS`.
    targets
        Emails, connectors, work items; of `change` the settings; of `assign` the work item and who gets it.
    arguments
        What else was said, by the names of the method's parameters.
    by
        Who did it; None is whoever runs the simulation.
    answers
        What became of each target, as in `TimelineOutcome`.
    settled
        Whether everything at its instant had happened before it: so it is unless it comes at the very start, or from a
        process in the simulation's environment.
    """

    at: int
    verb: str
    targets: tuple[Any, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    by: str | None = None
    answers: Answers = ()
    settled: bool = True

    @property
    def refused(self) -> Reason | None:
        """The first reason for which something of it was refused, None if all of it was done."""
        return next((reason for _, reason in self.answers if reason is not None), None)

    @property
    def refusals(self) -> dict[str, Reason]:
        """The targets that were refused, and why."""
        return {target: reason for target, reason in self.answers if reason is not None}
