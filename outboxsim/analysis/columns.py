"""Columns of a run's tables as numbers and masks, and stretches of time in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

#: An instant that never comes (pandas' own code for a missing one).
NEVER: Final = np.iinfo(np.int64).min

Instants: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Codes: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of simulated time, [begin, end); `end` is None if the run ended before it did."""

    begin: int
    end: int | None


def instants_of(column: pd.Series[Any], epoch_us: int) -> Instants:
    """A column of instants as microseconds since the run's start, which is at `epoch_us`; `NEVER` where it is empty."""
    since_epoch = pd.DatetimeIndex(column).as_unit("us").asi8
    return np.where(since_epoch == NEVER, NEVER, since_epoch - epoch_us)


def equals(column: pd.Series[Any], *values: object) -> Mask:
    """Which cells hold one of the values; an empty cell does not."""
    holds = np.zeros(len(column), dtype=np.bool_)
    for value in values:
        holds |= (column == value).to_numpy(dtype=np.bool_, na_value=False)
    return holds


def lists(column: pd.Series[Any], name: str) -> Mask:
    """Which cells, lists joined by commas, hold the name."""
    codes, lists = pd.factorize(column)
    holds = np.array([name in str(names).split(",") for names in lists], dtype=np.bool_)
    return np.append(holds, False)[codes]  # an empty cell has the code -1


def periods(times: Instants, on: Mask, *, at_start: bool) -> list[Period]:
    """The stretches in which something is on: `on` says so from each of `times` (ascending) on, `at_start` before them.

    Stretches that adjoin are one, and those without length none.
    """
    periods: list[Period] = []
    begin = 0 if at_start else None
    for time, is_on in zip(times.tolist(), on.tolist(), strict=True):
        if is_on and begin is None:
            adjoins = bool(periods) and periods[-1].end == time
            begin = periods.pop().begin if adjoins else time
        elif not is_on and begin is not None:
            if begin < time:
                periods.append(Period(begin, time))
            begin = None
    if begin is not None:
        periods.append(Period(begin, None))
    return periods


def covered(periods: Iterable[Period], times: Instants) -> Mask:
    """Which of the times lie inside one of the periods (in order, apart from each other)."""
    ends = [NEVER + 1]
    begins = []
    for period in periods:
        begins.append(period.begin)
        ends.append(np.iinfo(np.int64).max if period.end is None else period.end)
    before = np.searchsorted(np.array(begins, dtype=np.int64), times, side="right")
    return times < np.array(ends, dtype=np.int64)[before]
