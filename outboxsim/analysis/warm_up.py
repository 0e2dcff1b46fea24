"""Warm-up: a run that begins with an empty outbox is not yet what it settles to. Its rows are kept and flagged, never dropped.

MSER-5 proposes where the warm-up ends: of all cuts it takes the one that makes the mean of what remains most precise, the marginal
standard error of means of 5 values each.

Sources: K. P. White, "An effective truncation heuristic for bias reduction in simulation output", Simulation 69 (1997); W. W. Franklin and
K. P. White, "Stationarity tests and MSER-5: exploring the intuition behind mean-squared-error-reduction in detecting and correcting
initialization bias", Winter Simulation Conference (2008). A cut in the second half says that the run is too short to tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from outboxsim.analysis.selection import Run, Selected, selection_of
from outboxsim.quantities import format_duration

if TYPE_CHECKING:
    from outboxsim.scenario import Select

#: Values per batch: the 5 of MSER-5.
BATCH: Final = 5
#: Into how many bins of time a run is cut, at most; 200 batches tell a cut to half a percent of the run.
BINS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Cut:
    """Where MSER cuts a series.

    Attributes
    ----------
    at
        How many values belong to the warm-up: a multiple of the batch's size.
    statistic
        The marginal standard error that the cut reaches: the variance of the batch means after it, divided by their number.
    is_reliable
        Whether it lies in the first half; otherwise the series is too short to tell, or drifts until its end.
    """

    at: int
    statistic: float
    is_reliable: bool


def mser(values: Sequence[float] | npt.NDArray[np.float64], batch: int = BATCH) -> Cut:
    """The cut that MSER proposes for a series, MSER-5 unless another size of batches is given.

    Parameters
    ----------
    values
        Equally spaced in time, or one per subject in their order.
    batch
        Values per batch; those at the end that fill none stay outside.

    Raises
    ------
    ValueError
        If there are fewer than two batches, or a batch has no size.
    """
    if batch < 1:
        raise ValueError(f"{batch} is no size of a batch; take 5, or another whole number above 0")
    whole = len(values) // batch
    if whole < 2:
        raise ValueError(f"{len(values)} values make no two batches of {batch}; a warm-up needs a longer series")
    means = np.asarray(values, dtype=np.float64)[: whole * batch].reshape(whole, batch).mean(axis=1)
    centred = means - means.mean()  # the sums below then lose no digits to a large mean
    remaining = np.arange(whole, 0, -1, dtype=np.float64)
    sums, squares = (np.cumsum(part[::-1])[::-1] for part in (centred, centred**2))
    # The last few batches have next to no variance by chance: as everywhere in the literature, 5 have to remain.
    statistics = np.maximum(squares - sums**2 / remaining, 0.0)[: max(whole - 4, 1)] / remaining[: max(whole - 4, 1)] ** 2
    best = int(statistics.argmin())
    return Cut(best * batch, float(statistics[best]), best <= whole // 2)


@dataclass(frozen=True, eq=False)
class WarmUp:
    """A proposal where a run's warm-up ends.

    Attributes
    ----------
    end
        After how much simulated time.
    is_reliable
        Whether it lies in the first half of the run; otherwise the run is too short to tell, or never settles.
    series
        What it was judged by: `time` (the begin of each bin), `emails` (mean number in the outbox in it), `in_warm_up`.
    """

    end: timedelta
    is_reliable: bool
    series: pd.DataFrame

    def __repr__(self) -> str:
        doubt = "" if self.is_reliable else ", not reliable: the run is too short to tell, or never settles"
        return f"WarmUp({format_duration(self.end // timedelta(microseconds=1))}{doubt})"


def propose_warm_up(run: Run, select: Select | None = None) -> WarmUp:
    """Where the warm-up of a run may end, by MSER-5 on the mean number of emails in the outbox.

    Parameters
    ----------
    run
        A result, or a `Selected` one (`select` is then its).
    select
        Whose emails count; None for all.

    Returns
    -------
    WarmUp
        Nothing is cut: see `in_warm_up`. A scenario with daily rhythms, or one outage alone, has no state to settle to; look at the
        series before you believe it.

    Raises
    ------
    ValueError
        If the run is shorter than 10 µs.
    """
    selected = selection_of(run, select)
    bins = min(BINS, selected.horizon)
    edges = np.linspace(0, selected.horizon, bins + 1).astype(np.int64)
    means = _means_between(selected, edges)
    cut = mser(means)
    series = pd.DataFrame({"time": selected.timestamps(edges[:-1]), "emails": means, "in_warm_up": np.arange(bins) < cut.at})
    return WarmUp(timedelta(microseconds=int(edges[cut.at])), cut.is_reliable, series)


def _means_between(selected: Selected, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The mean number of emails in the outbox between one edge and the next."""
    times, sizes = selected.outbox_changes
    times, sizes = np.concatenate(([0], times)), np.concatenate(([0], sizes))
    area = np.concatenate(([0], np.cumsum(sizes[:-1] * np.diff(times))))  # whole email microseconds: exact
    place = np.searchsorted(times, edges, side="right") - 1
    until = area[place] + sizes[place] * (edges - times[place])
    return np.asarray(np.diff(until) / np.diff(edges), dtype=np.float64)


def in_warm_up(table: pd.DataFrame, end: timedelta, *, start: datetime) -> pd.Series[bool]:
    """Which rows of a run's table belong to its warm-up: a mask, or a column to add. No row is dropped.

    Parameters
    ----------
    table
        `emails` (by `submitted`), `attempts` (by `started`) or `events` (by `time`).
    end
        Of the warm-up, since the start: `WarmUp.end`, or your own choice.
    start
        The run's: `result.clock.datetime(0)`.

    Examples
    --------
    >>> emails = result.emails.assign(in_warm_up=in_warm_up(result.emails, warm_up.end, start=start))  # doctest: +SKIP
    >>> emails.query("not in_warm_up").groupby("status").size()  # doctest: +SKIP
    """
    column = next((name for name in ("submitted", "started", "time") if name in table), None)
    if column is None:
        raise ValueError(f"a table with the columns {', '.join(map(str, table.columns))} is none of a run: emails, attempts or events")
    flags: pd.Series[bool] = (table[column] < pd.Timestamp(start) + end).rename("in_warm_up")
    return flags
