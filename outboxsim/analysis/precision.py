"""How many replications are enough: the rule of Hoad, Robinson and Davies.

Source: K. Hoad, S. Robinson and R. Davies, "Automated selection of the number of replications for a discrete-event simulation", Journal
of the Operational Research Society 61 (2010), pages 1632 to 1644: replications are added one by one until the half-width of the mean's
t interval is at most so large a part of the mean, and stays so for `kLimit` more of them (5; above 100 replications 5 %). Looking ahead
is what keeps an interval that is small by chance from ending it. The package sim-tools has the same rule as `ReplicationsAlgorithm`, one
replication at a time and with Plotly beside it; here it judges values that are there already, so that batches of replications may run
at once. Tests compare the two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Final

from outboxsim.analysis.asking import Row
from outboxsim.analysis.intervals import student_t
from outboxsim.errors import QuantityError
from outboxsim.quantities import parse_share

#: Hoad and others, section 4: at least three replications, and five to look ahead.
LEAST: Final = 3
LOOK_AHEAD: Final = 5

#: Values of one quantity over the first replications, or None if it has none in one of them: then there is nothing to be precise about.
Column = Callable[[Sequence[Row]], "tuple[Sequence[float], float | None] | None"]


def read_precision(precision: str | float) -> float:
    """A precision as a share, ``"5 %"`` or 0.05; raises `QuantityError` unless it is above 0 and below 1."""
    share = parse_share(precision)
    if not 0 < share < 1:
        raise QuantityError(f"{precision!r} is no precision; write the half-width as a part of the mean, for example '5 %'")
    return share


def replications_needed(
    values: Sequence[float], precision: float, error: float, *, least: int = LEAST, of: float | None = None
) -> int | None:
    """After how many of the values their mean is known precisely enough, by the rule above.

    Parameters
    ----------
    values
        One per replication, in their order.
    precision
        The half-width that is wanted, as a part of the mean.
    error
        1 - confidence of the interval.
    least
        No fewer.
    of
        The half-width is a part of this, in place of the mean: of the baseline's, where the values are differences to it.

    Returns
    -------
    int or None
        None if the values do not suffice, those ahead included.
    """
    kept_since: int | None = None
    for count, relative in _relative_half_widths(values, error, of):
        if count < least or relative > precision:
            kept_since = None
            continue
        kept_since = count if kept_since is None else kept_since
        if count >= kept_since + look_ahead(kept_since):
            return kept_since
    return None


def look_ahead(count: int) -> int:
    """How many replications more have to keep the precision that was reached with `count` of them."""
    return LOOK_AHEAD * max(count, 100) // 100


def _relative_half_widths(values: Sequence[float], error: float, of: float | None) -> list[tuple[int, float]]:
    """The interval's half-width as a part of the mean after 2, 3, … values (Welford's sums); 0 for equal values."""
    widths = []
    mean = squares = 0.0
    for count, value in enumerate(values, start=1):
        step = value - mean
        mean += step / count
        squares += step * (value - mean)
        if count > 1:
            half = _student_t(error / 2, count - 1) * math.sqrt(squares / (count - 1) / count)
            scale = abs(mean if of is None else of)
            widths.append((count, 0.0 if half == 0 else half / scale if scale else math.inf))
    return widths


@cache
def _student_t(tail: float, freedom: int) -> float:
    """Student's t quantile; with many degrees of freedom from the normal's (Abramowitz and Stegun 26.7.5, relative error below 1e-6)."""
    if freedom <= 30:
        return student_t(tail, freedom)
    z = -NormalDist().inv_cdf(tail)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / freedom + second / freedom**2 + third / freedom**3 + fourth / freedom**4


@dataclass(frozen=True, slots=True)
class Reached:
    """How a study with a precision ended: its replications, and for each quantity how many it needed (None: not reached)."""

    replications: int
    needed: Mapping[str, int | None]


def run_until_precise(
    rows: Callable[[int], Sequence[Row]], columns: Mapping[str, Column], precision: float, error: float, *, least: int, most: int
) -> Reached:
    """Take replications until every quantity is known precisely enough, or there are `most` of them.

    The rule counts one by one; replications are taken in batches, each as large as the precision so far lets expect. What is beyond the
    rule's own end is not used, so that the answer does not depend on batches.

    Parameters
    ----------
    rows
        Gives the values of the first so many replications.
    columns
        Each quantity's values from these, and what its half-width is a part of.
    precision, error, least
        As for `replications_needed`.
    most
        No more.
    """
    count = min(most, max(least, LEAST) + LOOK_AHEAD)
    while True:
        seen = rows(count)
        judged = {name: column(seen) for name, column in columns.items()}
        needed = {
            name: None if found is None else replications_needed(found[0], precision, error, least=max(least, LEAST), of=found[1])
            for name, found in judged.items()
        }
        open_ones = [found for name, found in judged.items() if found is not None and needed[name] is None]
        if not open_ones:
            used = max((one + look_ahead(one) for one in needed.values() if one is not None), default=count)
            return Reached(min(used, count), needed)
        if count >= most:
            return Reached(count, needed)
        count = min(most, max(_expected(values, precision, error, of) for values, of in open_ones))


def _expected(values: Sequence[float], precision: float, error: float, of: float | None) -> int:
    """How many replications it will probably take; at most twice as many as there are, for the spread is only estimated."""
    count, relative = _relative_half_widths(values, error, of)[-1]
    guess = count * (relative / precision) ** 2 if math.isfinite(relative) else math.inf
    return math.ceil(min(2 * count, max(count + LOOK_AHEAD, guess + look_ahead(count))))
