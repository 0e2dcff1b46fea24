"""Random durations: frozen values that draw from a generator they are given. Everything in microseconds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from outboxsim.errors import QuantityError
from outboxsim.quantities.durations import LONGEST, format_duration

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Draws: TypeAlias = NDArray[np.float64]

#: The 95 % quantile of the standard normal distribution.
_Z95: Final = 1.6448536269514722


class _Drawn:
    """What all random durations share: draws are finite, and from 0 to 100 years (heavy tails are cut there)."""

    __slots__ = ()

    @property
    def is_constant(self) -> bool:
        """Whether every draw is the same."""
        return False

    def draw(self, generator: np.random.Generator, size: int) -> Draws:
        """Draw `size` durations: an array of float64 microseconds."""
        import numpy as np  # noqa: PLC0415 - whoever only reads a scenario needs no numpy

        with np.errstate(over="ignore"):
            drawn = self._draw(generator, size)
        return np.clip(np.nan_to_num(drawn, posinf=LONGEST), 0.0, float(LONGEST))

    def _draw(self, generator: np.random.Generator, size: int) -> Draws:
        raise NotImplementedError


def _check(value: Any, holds: Callable[[float], bool], kind: str) -> None:
    """Every field of `value` has to be a finite number of the right kind; durations are whole."""
    for field in fields(value):
        number = getattr(value, field.name)
        if not (math.isfinite(number) and holds(number)):
            shown = number if field.type == "float" else f"'{format_duration(number)}'"
            raise QuantityError(f"{field.name} has to be {kind}, and is {shown}")


def _check_positive(value: Any) -> None:
    _check(value, lambda number: number > 0, "above 0")


def _check_not_negative(value: Any) -> None:
    _check(value, lambda number: number >= 0, "0 or more")


def _check_order(**named: int) -> None:
    """The durations must not fall, in the order given."""
    for first, second in itertools.pairwise(named):
        if named[first] > named[second]:
            values = f"'{format_duration(named[first])}' and '{format_duration(named[second])}'"
            raise QuantityError(f"{first} has to be at most {second}, and they are {values}")


@dataclass(frozen=True, slots=True)
class Constant(_Drawn):
    """Always the same."""

    value: int

    def __post_init__(self) -> None:
        _check_not_negative(self)

    @property
    def is_constant(self) -> bool:
        """Whether every draw is the same: yes."""
        return True

    @property
    def mean(self) -> float:
        """The expected duration in microseconds."""
        return float(self.value)

    def _draw(self, generator: np.random.Generator, size: int) -> Draws:  # noqa: ARG002 - nothing to draw
        import numpy as np  # noqa: PLC0415

        return np.full(size, float(self.value))


@dataclass(frozen=True, slots=True)
class Exponential(_Drawn):
    """The memoryless one: times between breakdowns, say."""

    mean: int

    def __post_init__(self) -> None:
        _check_positive(self)

    def _draw(self, generator: np.random.Generator, size: int) -> Draws:
        return generator.exponential(self.mean, size)


@dataclass(frozen=True, slots=True)
class Lognormal(_Drawn):
    """Skewed to the right, as latencies are; given by its median and its 95 % quantile."""

    median: int
    p95: int

    def __post_init__(self) -> None:
        _check_positive(self)
        _check_order(median=self.median, p95=self.p95)

    @property
    def mean(self) -> float:
        """The expected duration in microseconds: median · exp(σ²/2)."""
        return _finite(lambda: self.median * math.exp(self._sigma**2 / 2))

    @property
    def _sigma(self) -> float:
        return math.log(self.p95 / self.median) / _Z95

    def _draw(self, generator: np.random.Generator, size: int) -> Draws:
        return generator.lognormal(math.log(self.median), self._sigma, size)


@dataclass(frozen=True, slots=True)
class Uniform(_Drawn):
    """Evenly between two bounds."""

    low: int
    high: int

    def __post_init__(self) -> None:
        _check_not_negative(self)
        _check_order(low=self.low, high=self.high)

    @property
    def mean(self) -> float:
        """The expected duration in microseconds."""
        return (self.low + self.high) / 2

    def _draw(self, generator: np.random.Generator, size: int) -> Draws:
        return generator.uniform(self.low, self.high, size)


@dataclass(frozen=True, slots=True)
class Triangular(_Drawn):
    """Between two bounds, most often near `mode`."""

    low: int
    mode: int
    high: int

    def __post_init__(self) -> None:
        _check_not_negative(self)
        _check_order(low=self.low, mode=self.mode, high=self.high)

    @property
    def mean(self) -> float:
        """The expected duration in microseconds."""
        return (self.low + self.mode + self.high) / 3

    def _draw(self, generator: np.random.Generator, size: int) -> Draws:
        # NumPy wants low < high; evenly between two equal bounds is the same constant.
        if self.low == self.high:
            return generator.uniform(self.low, self.high, size)
        return generator.triangular(self.low, self.mode, self.high, size)


@dataclass(frozen=True, slots=True)
class Weibull(_Drawn):
    """Lifetimes: `shape` below 1 wears in, above 1 wears out."""

    scale: int
    shape: float

    def __post_init__(self) -> None:
        _check_positive(self)

    @property
    def mean(self) -> float:
        """The expected duration in microseconds: scale · Γ(1 + 1/shape)."""
        return _finite(lambda: self.scale * math.gamma(1 + 1 / self.shape))

    def _draw(self, generator: np.random.Generator, size: int) -> Draws:
        return self.scale * generator.weibull(self.shape, size)


@dataclass(frozen=True, slots=True)
class Gamma(_Drawn):
    """A sum of waiting times: `shape` of them, if it is whole."""

    mean: int
    shape: float

    def __post_init__(self) -> None:
        _check_positive(self)

    def _draw(self, generator: np.random.Generator, size: int) -> Draws:
        return generator.gamma(self.shape, self.mean / self.shape, size)


@dataclass(frozen=True, slots=True)
class Empirical(_Drawn):
    """One of the values that somebody measured, each as likely as the others."""

    values: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise QuantityError("values has to hold at least one duration, and is empty")
        if min(self.values) < 0:
            raise QuantityError("values has to hold durations of 0 or more")

    @property
    def mean(self) -> float:
        """The expected duration in microseconds."""
        return sum(self.values) / len(self.values)

    def _draw(self, generator: np.random.Generator, size: int) -> Draws:
        import numpy as np  # noqa: PLC0415

        return generator.choice(np.array(self.values, dtype=np.float64), size)


def _finite(expectation: Callable[[], float]) -> float:
    """An expectation beyond floating point is infinite, not an error."""
    try:
        return expectation()
    except OverflowError:
        return math.inf


RandomDuration: TypeAlias = Constant | Exponential | Lognormal | Uniform | Triangular | Weibull | Gamma | Empirical
