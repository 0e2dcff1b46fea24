"""Intervals for the mean of independent replications, from Student's t."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Interval:
    """The interval mean ± half_width, from so many values; one value alone has an infinite half-width."""

    mean: float
    half_width: float
    count: int

    @property
    def low(self) -> float:
        """Where it begins."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """Where it ends."""
        return self.mean + self.half_width


def mean_interval(values: Sequence[float], error: float) -> Interval:
    """The two-sided t interval for the mean: it misses the true one with probability `error`, if the values are normal.

    Sums are exact (`math.fsum`), so that values which are all equal have their own value as mean and an interval of width zero.

    Parameters
    ----------
    values
        One per replication, at least one.
    error
        1 - confidence, after every correction; between 0 and 1.

    Notes
    -----
    Source: Law, "Simulation Modeling and Analysis", section 4.5: means over replications are near to normal by the central limit
    theorem. An interval of width zero says that nothing else was seen, not that nothing else can happen: n equal values leave room for
    events that happen in fewer than about 3 / n of the replications.
    """
    count = len(values)
    if min(values) == max(values):
        return Interval(float(values[0]), 0.0 if count > 1 else math.inf, count)
    mean = math.fsum(values) / count
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    return Interval(mean, student_t(error / 2, count - 1) * math.sqrt(variance / count), count)


@cache
def student_t(tail: float, freedom: int) -> float:
    """The t that Student's t with so many degrees of freedom exceeds with probability `tail`.

    Bisection on the tail; a small tail is never found as the difference of numbers near 1, so it keeps its digits. The result's
    relative error is below 1e-8 for `tail` from 1e-20 to 0.49 and up to a million degrees of freedom (tests compare with scipy).

    Parameters
    ----------
    tail
        Above 0; at most 1/2, which gives 0.
    freedom
        Degrees of freedom, 1 or more.
    """
    if tail >= 0.5:
        return 0.0
    low, high = 0.0, 1.0
    while _tail(high, freedom) > tail:
        low, high = high, 2 * high
    while high - low > 1e-14 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _tail(middle, freedom) > tail else (low, middle)
    return high


def _tail(t: float, freedom: int) -> float:
    """The probability that Student's t exceeds `t` >= 0 (DLMF 8.17; Abramowitz and Stegun 26.7.1).

    It is I(x; freedom / 2, 1 / 2) / 2 at x = freedom / (freedom + t²). The fraction converges fast below (a + 1) / (a + b + 2), so
    near t = 0 the other side is computed.
    """
    x, rest = freedom / (freedom + t * t), t * t / (freedom + t * t)
    a, b = freedom / 2, 0.5
    if x < (a + 1) / (a + b + 2):
        return _incomplete_beta(x, rest, a, b) / 2
    return (1 - _incomplete_beta(rest, x, b, a)) / 2 if rest else 0.5


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """I(x; a, b), the regularised incomplete beta function, at x = 1 - rest: the continued fraction DLMF 8.17.22.

    The fraction is evaluated from its front (Lentz's method; Press and others, "Numerical Recipes", section 5.2).
    """
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)) / a
    fraction, upper, lower = 1.0, 1.0, 0.0
    step = 0
    while True:
        half = step // 2
        if step % 2:
            half += 1
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        else:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        lower = 1 / (1 + term * lower)
        upper = 1 + term / upper
        fraction *= upper * lower
        if abs(upper * lower - 1) < 1e-15:
            return front / fraction
        step += 1


def exceeded(t: float, freedom: int) -> float:
    """The probability that Student's t with so many degrees of freedom exceeds `t`, which may be negative or infinite."""
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    return _tail(t, freedom) if t >= 0 else 1 - _tail(-t, freedom)
