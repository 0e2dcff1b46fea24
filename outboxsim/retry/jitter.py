"""Jitter: how one uniform number per retry spreads a delay, so that emails that failed together do not come back together.

The names follow M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from outboxsim.retry.delays import DelayRule
from outboxsim.retry.faults import Faults
from outboxsim.retry.history import History
from outboxsim.retry.values import DURATION, Duration, Readable, freeze, optional, positive_duration, share


@runtime_checkable
class Jitter(Protocol):
    """What a pattern needs of a jitter; it gets exactly one number u from [0, 1) per retry."""

    def apply(self, delay: float, uniform: float, history: History, rule: DelayRule) -> float:
        """The delay after jitter, in microseconds."""


@dataclass(frozen=True, slots=True, repr=False)
class NoJitter(Readable):
    """The delay itself; draws nothing."""

    def apply(self, delay: float, uniform: float, history: History, rule: DelayRule) -> float:  # noqa: ARG002 - the interface of all jitters
        """The delay."""
        return delay


@dataclass(frozen=True, slots=True, repr=False)
class Full(Readable):
    """U(0, d)."""

    def apply(self, delay: float, uniform: float, history: History, rule: DelayRule) -> float:  # noqa: ARG002
        """The u-th part of d."""
        return delay * uniform


@dataclass(frozen=True, slots=True, repr=False)
class Equal(Readable):
    """d/2 + U(0, d/2)."""

    def apply(self, delay: float, uniform: float, history: History, rule: DelayRule) -> float:  # noqa: ARG002
        """Half of d, and the u-th part of the other half."""
        return delay / 2 * (1 + uniform)


@dataclass(frozen=True, slots=True, repr=False)
class Decorrelated(Readable):
    """min(cap, U(first, 3 · previous)): the rule gives `first`, `cap` and the end, the previous delay the spread."""

    def apply(self, delay: float, uniform: float, history: History, rule: DelayRule) -> float:  # noqa: ARG002
        """Between first and three times the delay planned last; first stands in for that at the first retry."""
        first: int = rule.first_delay  # type: ignore[attr-defined]  # RetryPattern has checked that it is there
        longest: int | None = getattr(rule, "longest_delay", None)
        # A pattern that was changed on the way may have planned less than first before.
        high = max(first, 3 * (history.planned or first))
        return min(math.inf if longest is None else longest, first + uniform * (high - first))


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Plus(Readable):
    """d + U(0, most), and the sum at most `at_most` (stamina caps after jitter)."""

    most: int = field(metadata=DURATION)
    at_most: int | None = field(default=None, metadata=DURATION)

    def __init__(self, most: Duration, at_most: Duration | None = None) -> None:
        faults = Faults()
        freeze(
            self, most=faults.read("plus", positive_duration, most), at_most=faults.read("at_most", optional(positive_duration), at_most)
        )
        faults.done()

    def apply(self, delay: float, uniform: float, history: History, rule: DelayRule) -> float:  # noqa: ARG002
        """Later by the u-th part of most, capped."""
        jittered = delay + uniform * self.most
        return jittered if self.at_most is None else min(self.at_most, jittered)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class PlusPerRetry(Readable):
    """d + U(0, most · (n + 1)): Sidekiq."""

    most: int = field(metadata=DURATION)

    def __init__(self, most: Duration) -> None:
        faults = Faults()
        freeze(self, most=faults.read("plus_per_retry", positive_duration, most))
        faults.done()

    def apply(self, delay: float, uniform: float, history: History, rule: DelayRule) -> float:  # noqa: ARG002
        """Later by the u-th part of most, n + 1 times."""
        return delay + uniform * self.most * (history.retries + 1)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Percent(Readable):
    """d · U(1 - share, 1 + share): ``Percent("10 %")`` or ``Percent(0.1)``."""

    share: float

    def __init__(self, share_of_delay: str | float) -> None:
        faults = Faults()
        freeze(self, share=faults.read("percent", share, share_of_delay))
        faults.done()

    def apply(self, delay: float, uniform: float, history: History, rule: DelayRule) -> float:  # noqa: ARG002
        """Longer or shorter by up to the share."""
        return delay * (1 + self.share * (2 * uniform - 1))
