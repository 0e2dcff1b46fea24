"""What a pattern may know about an email: numbers and instants, nothing else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class History:
    """An email's past at the end of an attempt that failed transiently. Instants are microseconds since the scenario's start.

    Attributes
    ----------
    submitted
        Submission; ages count from here.
    ended
        End of the attempt that just failed.
    attempts
        All attempts so far, this one included.
    retries
        Retries scheduled so far: the n of spec/retry.md, the steps of the pattern that are used up.
    first_failure
        End of the first failure (`ended` itself at the first).
    planned
        The delay planned last; 0 if none was.
    last_ended
        End of the failure before this one (`ended` itself at the first).
    clock
        The resolution of these instants: 1, or a pattern's `clock` once that has floored them.
    """

    submitted: int
    ended: int
    attempts: int
    retries: int
    first_failure: int
    planned: int
    last_ended: int
    clock: int = 1

    def floored(self, clock: int) -> History:
        """The same history as a system sees it whose clock shows only multiples of `clock`, counted from the start."""
        last_ended = self.last_ended // clock * clock
        # Floored as an instant, not as a gap: the system subtracts the whole seconds that it remembers.
        due = (self.last_ended + self.planned) // clock * clock
        return History(
            submitted=self.submitted // clock * clock,
            ended=self.ended // clock * clock,
            attempts=self.attempts,
            retries=self.retries,
            first_failure=self.first_failure // clock * clock,
            planned=due - last_ended if self.planned else 0,
            last_ended=last_ended,
            clock=clock,
        )
