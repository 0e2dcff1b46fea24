"""The delay rules of spec/retry.md: small frozen values that turn an email's history into a delay, or None when they are exhausted.

Constructors take durations as whole microseconds, as text (``"5 min"``) or as timedelta; fields hold whole microseconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate, repeat
from typing import Final, Protocol, runtime_checkable

from outboxsim.quantities import format_duration
from outboxsim.retry.faults import Faults, PatternInvalid
from outboxsim.retry.history import History
from outboxsim.retry.values import (
    DURATION,
    Duration,
    Readable,
    duration,
    freeze,
    number,
    number_from_one,
    optional,
    positive_duration,
    truth,
    whole_from,
)

SECOND: Final = 1_000_000


@runtime_checkable
class DelayRule(Protocol):
    """What a pattern needs of a delay rule; any frozen value with this method will do.

    A rule that also has an attribute `first_delay` (microseconds) can be combined with `Decorrelated` jitter; `longest_delay`, if it has
    that too, is then its cap.
    """

    def delay(self, history: History) -> float | None:
        """The delay in microseconds from the end of the failed attempt; None to give up."""


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Table(Readable):
    """A list of delays, one per retry; `repeat_last` goes on with the last for ever: ``Table("1 min", "5 min", "1 h")``."""

    delays: tuple[int, ...] = field(metadata=DURATION)
    repeat_last: bool = False

    def __init__(self, *delays: Duration | Iterable[Duration], repeat_last: bool = False) -> None:
        given = delays[0] if len(delays) == 1 and not isinstance(delays[0], str) and isinstance(delays[0], Iterable) else delays
        faults = Faults()
        freeze(self, delays=faults.read_all(("delays",), positive_duration, list(given)))
        freeze(self, repeat_last=faults.read("repeat_last", truth, repeat_last))
        if repeat_last and not self.delays:
            faults.add(("repeat_last",), "there is no last delay to repeat; add a delay, or leave repeat_last out")
        faults.done()

    def __repr__(self) -> str:
        parts = [repr(format_duration(delay)) for delay in self.delays] + ["repeat_last=True"] * self.repeat_last
        return f"Table({', '.join(parts)})"

    @property
    def first_delay(self) -> int | None:
        """The first delay; None for an empty table."""
        return self.delays[0] if self.delays else None

    def delay(self, history: History) -> float | None:
        """Entry n, counted from 0."""
        delays = self.delays
        if history.retries < len(delays):
            return delays[history.retries]
        return delays[-1] if self.repeat_last else None


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Fixed(Readable):
    """Always the same delay."""

    every: int = field(metadata=DURATION)

    def __init__(self, every: Duration) -> None:
        faults = Faults()
        freeze(self, every=faults.read((), positive_duration, every))
        faults.done()

    @property
    def first_delay(self) -> int:
        """The delay."""
        return self.every

    def delay(self, history: History) -> float | None:  # noqa: ARG002 - the interface of all rules
        """The delay, whatever happened."""
        return self.every


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Exponential(Readable):
    """first · factorⁿ, at most cap (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015)."""

    first: int = field(metadata=DURATION)
    factor: float = 2.0
    cap: int | None = field(default=None, metadata=DURATION)

    def __init__(self, first: Duration, factor: float = 2.0, cap: Duration | None = None) -> None:
        faults = Faults()
        freeze(self, first=faults.read("first", positive_duration, first), factor=faults.read("factor", number, factor))
        freeze(self, cap=faults.read("cap", optional(positive_duration), cap))
        faults.done()

    @property
    def first_delay(self) -> int:
        """The delay of n = 0, not yet capped."""
        return self.first

    @property
    def longest_delay(self) -> int | None:
        """The cap."""
        return self.cap

    def delay(self, history: History) -> float | None:
        """The n-th power, capped."""
        try:
            uncapped = self.first * self.factor**history.retries
        except OverflowError:  # a float ends at 1.8e308
            uncapped = math.inf
        return uncapped if self.cap is None else min(self.cap, uncapped)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Linear(Readable):
    """first + step · n, at most cap."""

    first: int = field(metadata=DURATION)
    step: int = field(metadata=DURATION)
    cap: int | None = field(default=None, metadata=DURATION)

    def __init__(self, first: Duration, step: Duration, cap: Duration | None = None) -> None:
        faults = Faults()
        freeze(self, first=faults.read("first", positive_duration, first), step=faults.read("step", duration, step))
        freeze(self, cap=faults.read("cap", optional(positive_duration), cap))
        faults.done()

    @property
    def first_delay(self) -> int:
        """The delay of n = 0, not yet capped."""
        return self.first

    @property
    def longest_delay(self) -> int | None:
        """The cap."""
        return self.cap

    def delay(self, history: History) -> float | None:
        """First + step · n, capped."""
        uncapped = self.first + self.step * history.retries
        return uncapped if self.cap is None else min(self.cap, uncapped)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Polynomial(Readable):
    """n^power seconds + plus: Sidekiq's rule with power 4. `plus` is above 0, because n starts at 0 and 0^power is 0."""

    power: float
    plus: int = field(metadata=DURATION)

    def __init__(self, power: float, plus: Duration) -> None:
        faults = Faults()
        freeze(self, power=faults.read("power", number, power), plus=faults.read("plus", positive_duration, plus))
        faults.done()

    def delay(self, history: History) -> float | None:
        """The n-th power and plus."""
        try:
            seconds: float = float(history.retries) ** self.power
        except OverflowError:
            return math.inf
        return seconds * SECOND + self.plus


def _fibonacci_numbers(count: int) -> tuple[int, ...]:
    pairs = accumulate(repeat(None, count - 1), lambda pair, _: (pair[1], sum(pair)), initial=(1, 1))
    return tuple(pair[0] for pair in pairs)


#: 1, 1, 2, 3, 5, …: the last is above 2⁶³, longer than any delay even if `first` is 1 µs.
FIBONACCI: Final = _fibonacci_numbers(93)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Fibonacci(Readable):
    """first × 1, 1, 2, 3, 5, 8, …, at most cap."""

    first: int = field(metadata=DURATION)
    cap: int | None = field(default=None, metadata=DURATION)

    def __init__(self, first: Duration, cap: Duration | None = None) -> None:
        faults = Faults()
        freeze(self, first=faults.read("first", positive_duration, first), cap=faults.read("cap", optional(positive_duration), cap))
        faults.done()

    @property
    def first_delay(self) -> int:
        """The delay of n = 0, not yet capped."""
        return self.first

    @property
    def longest_delay(self) -> int | None:
        """The cap."""
        return self.cap

    def delay(self, history: History) -> float | None:
        """First × the n-th Fibonacci number, capped."""
        uncapped = self.first * FIBONACCI[min(history.retries, len(FIBONACCI) - 1)]
        return uncapped if self.cap is None else min(self.cap, uncapped)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Age(Readable):
    """The email's age, but at least min and at most max: Postfix (qmgr_active.c: minimal_backoff_time, maximal_backoff_time).

    The age runs from submission to the end of the failed attempt. The steps used do not matter.
    """

    min: int = field(metadata=DURATION)
    max: int = field(metadata=DURATION)

    def __init__(self, min: Duration, max: Duration) -> None:
        faults = Faults()
        freeze(self, min=faults.read("min", positive_duration, min), max=faults.read("max", positive_duration, max))
        faults.done()
        _refuse_crossed(self.min, self.max)

    def delay(self, history: History) -> float | None:
        """The age, clamped."""
        age = history.ended - history.submitted
        if age < self.min:
            return self.min
        return age if age < self.max else self.max


def _refuse_crossed(low: int, high: int) -> None:
    if high < low:
        raise PatternInvalid([(("max",), f"'{format_duration(high)}' is below min, '{format_duration(low)}'; write that or more")])


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Piece(Readable):
    """One piece of `Pieces`: up to `until` after the first failure, either `every` so often or `first`, then longer by `factor`."""

    until: int = field(metadata=DURATION)
    every: int | None = field(default=None, metadata=DURATION)
    first: int | None = field(default=None, metadata=DURATION)
    factor: float | None = None

    def __init__(self, until: Duration, every: Duration | None = None, first: Duration | None = None, factor: float | None = None) -> None:
        faults = Faults()
        freeze(self, until=faults.read("until", positive_duration, until))
        freeze(self, every=faults.read("every", optional(positive_duration), every))
        freeze(self, first=faults.read("first", optional(positive_duration), first))
        freeze(self, factor=faults.read("factor", optional(number), factor))
        if (every is None) == (first is None) or (first is None) != (factor is None):
            faults.add((), "a piece has 'until' and either 'every', or 'first' and 'factor'")
        faults.done()

    def delay(self, history: History) -> float:
        """Every, or the smaller of the last planned and the last actual gap times factor; `first` if that gap is below first.

        So does Exim's rule G (retry.c, `retry_update`). It computes in whole seconds and its division truncates: so does a clock here.
        """
        if self.every is not None:
            return self.every
        assert self.first is not None
        assert self.factor is not None
        gap = min(history.planned, history.ended - history.last_ended)
        if gap < self.first:
            return self.first
        if history.clock == 1:
            return gap * self.factor
        # A millionth of the clock forgives that 1.1 is no binary fraction: 10 s · 1.1 must not become 10 s.
        return (gap * self.factor / history.clock + 1e-6) // 1 * history.clock


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Pieces(Readable):
    """The first piece whose `until` is not below the time since the first failure; past the last, give up: Exim's retry rules."""

    pieces: tuple[Piece, ...]

    def __init__(self, *pieces: Piece | Iterable[Piece]) -> None:
        given = [piece for item in pieces for piece in ([item] if isinstance(item, Piece) else item)]
        freeze(self, pieces=tuple(given))
        faults = Faults()
        if not given:
            faults.add((), "there is no piece; write for example [{until: 4 d, every: 6 h}]")
        for index in range(1, len(given)):
            if given[index].until <= given[index - 1].until:
                here, before = format_duration(given[index].until), format_duration(given[index - 1].until)
                faults.add((index, "until"), f"'{here}' is not after '{before}', where the piece before ends; pieces follow in time")
        faults.done()

    def __repr__(self) -> str:
        return f"Pieces({', '.join(map(repr, self.pieces))})"

    def delay(self, history: History) -> float | None:
        """What the piece that covers the time since the first failure says."""
        elapsed = history.ended - history.first_failure
        for piece in self.pieces:
            if piece.until >= elapsed:
                return piece.delay(history)
        return None


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Grid(Readable):
    """submission + unit · k^power, k = 1, 2, …, the first strictly after the failed attempt's end: OpenSMTPD (`scheduler_next`)."""

    unit: int = field(metadata=DURATION)
    power: float = 2.0

    def __init__(self, unit: Duration, power: float = 2.0) -> None:
        faults = Faults()
        freeze(self, unit=faults.read("unit", positive_duration, unit), power=faults.read("power", number_from_one, power))
        faults.done()

    def delay(self, history: History) -> float | None:
        """To the next point of the grid."""
        age = history.ended - history.submitted
        # The root is near the wanted k, but as a float perhaps off by one: begin below it and look.
        k = max(1, int((age / self.unit) ** (1 / self.power)) - 1)
        try:
            while (point := self._point(k)) <= age:
                k += 1
        except OverflowError:
            return math.inf
        return point - age

    def _point(self, k: int) -> int:
        distance: float = self.unit * float(k) ** self.power
        return math.floor(distance + 0.5)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Doublings(Readable):
    """min, doubled max_doublings times, then longer by min · 2^max_doublings each, up to max: Cloud Tasks (RetryConfig)."""

    min: int = field(metadata=DURATION)
    max: int = field(metadata=DURATION)
    max_doublings: int = 16

    def __init__(self, min: Duration, max: Duration, max_doublings: int = 16) -> None:
        faults = Faults()
        freeze(self, min=faults.read("min", positive_duration, min), max=faults.read("max", positive_duration, max))
        freeze(self, max_doublings=faults.read("max_doublings", whole_from(0), max_doublings))
        faults.done()
        _refuse_crossed(self.min, self.max)

    @property
    def first_delay(self) -> int:
        """The delay of n = 0."""
        return self.min

    @property
    def longest_delay(self) -> int:
        """The cap."""
        return self.max

    def delay(self, history: History) -> float | None:
        """Doubled, then linear, capped."""
        doublings = min(history.retries, self.max_doublings)
        if doublings > 62:  # beyond any cap; do not compute numbers with thousands of digits
            return self.max
        return min(self.max, (self.min << doublings) * (history.retries - doublings + 1))
