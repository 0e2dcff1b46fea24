"""`replicate`: one scenario run again and again with other random numbers, and what metrics say of it on average."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from outboxsim.analysis.asking import Row, asked_of, nulls, numbers, spread
from outboxsim.analysis.bench import Bench
from outboxsim.analysis.bootstrap import bca_interval
from outboxsim.analysis.intervals import Interval, mean_interval
from outboxsim.analysis.metrics import kind_of
from outboxsim.analysis.precision import LEAST, read_precision, run_until_precise
from outboxsim.analysis.showing import Sheet, Shown, counted, in_unit, interval_in_words, share_in_words, unit_of, value_in_words
from outboxsim.engine import MAX_EVENTS
from outboxsim.errors import QuantityError

if TYPE_CHECKING:
    from outboxsim.scenario import Scenario, Select

#: What is asked unless somebody says otherwise: does it arrive, how soon, at what cost, and what is lost.
DEFAULT_METRICS: Final = ("delivered_within(15 min)", "latency_p95", "attempts_per_sent", "wasted_attempts", "give_up_rate")
#: Replications unless somebody says otherwise.
DEFAULT_COUNT: Final = 20
#: A study with a precision ends after so many replications in any case.
MOST: Final = 1000


@dataclass(frozen=True, eq=False, repr=False)
class Replications(Shown):
    """The metrics of many replications of one scenario.

    Attributes
    ----------
    scenario
        The scenario's name.
    seed
        Replication k drew from streams derived from (seed, k).
    metrics
        What was asked.
    rows
        One per replication, from number 0 on: the metrics' values, durations in µs.
    confidence
        Of each interval, by itself.
    precision
        The half-width that was wanted, as a part of the mean; None if so many replications were asked for.
    needed
        With a precision: how many replications each metric needed by Hoad's rule; None where it was not reached, or has no mean.
    """

    scenario: str
    seed: int
    metrics: tuple[str, ...]
    rows: tuple[Row, ...]
    confidence: float = 0.95
    precision: float | None = None
    needed: Mapping[str, int | None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per replication, one column per metric; durations as Timedelta, missing where a metric has no value."""
        frame = pd.DataFrame(list(self.rows), columns=list(self.metrics), index=pd.RangeIndex(len(self.rows), name="replication"))
        for name in self.metrics:
            if kind_of(name) == "duration":
                values = pd.array(
                    [None if row is None else int(row) for row in frame[name].astype(object).where(frame[name].notna(), None)], "Int64"
                )
                frame[name] = pd.to_timedelta(pd.Series(values, index=frame.index), unit="us").astype("timedelta64[us]")
            elif frame[name].isna().any():
                frame[name] = frame[name].astype("float64")
        frame.attrs.update(scenario=self.scenario, seed=self.seed)
        return frame

    @cached_property
    def intervals(self) -> pd.DataFrame:
        """A row per metric: the mean over replications and how sure it is.

        Columns: `unit` (durations are in s), `replications`, `nulls` (replications in which the metric has no value: then it has no
        mean), `mean`, `std`, `low` and `high` (Student's t, see `mean_interval`), `bootstrap_low` and `bootstrap_high` (BCa, see
        `bca_interval`), `relative` (the t interval's half-width ÷ mean), and with a precision `needed` (replications).
        """
        table = pd.DataFrame([self._line(place, name) for place, name in enumerate(self.metrics)]).set_index("metric")
        if self.precision is not None:
            table["needed"] = pd.array([self.needed.get(name) for name in self.metrics], "Int64")
        return table

    def interval(self, metric: str) -> Interval | None:
        """A metric's t interval, durations in µs; None if it has no value in some replication. Raises `KeyError` if it was not asked."""
        if metric not in self.metrics:
            raise KeyError(f"{metric!r} was not asked; there are {', '.join(self.metrics)}")
        values = numbers(self.rows, self.metrics.index(metric))
        return None if values is None else mean_interval(values, 1 - self.confidence)

    def _line(self, place: int, name: str) -> dict[str, Any]:
        line: dict[str, Any] = {"metric": name, "unit": unit_of(name), "replications": len(self.rows), "nulls": nulls(self.rows, place)}
        columns = ("mean", "std", "low", "high", "bootstrap_low", "bootstrap_high")
        values = numbers(self.rows, place)
        if values is None:
            return line | dict.fromkeys((*columns, "relative"), math.nan)
        interval = mean_interval(values, 1 - self.confidence)
        ends = bca_interval(values, 1 - self.confidence, self.seed)
        found = (interval.mean, spread(values), interval.low, interval.high, *ends)
        relative = 0.0 if interval.half_width == 0 else interval.half_width / abs(interval.mean) if interval.mean else math.inf
        return line | {column: in_unit(value, name) for column, value in zip(columns, found, strict=True)} | {"relative": relative}

    def _sheets(self) -> Sequence[Sheet]:
        caption = f"{self.scenario or '(no name)'}: {counted(len(self), 'replication')}, seed {self.seed}"
        header = ["metric", f"mean ± half-width ({share_in_words(self.confidence)})", "least", "most"]
        return [Sheet(caption, header, [self._cells(place, name) for place, name in enumerate(self.metrics)], self._notes())]

    def _cells(self, place: int, name: str) -> list[str]:
        interval, kind = self.interval(name), kind_of(name)
        known = [row[place] for row in self.rows if row[place] is not None]
        ends = [value_in_words(end(known), kind) if known else "null" for end in (min, max)]  # type: ignore[type-var]  # None is filtered out
        if interval is None:
            return [name, f"null in {nulls(self.rows, place)} of {len(self)}", *ends]
        return [name, interval_in_words(interval, kind), *ends]

    def _notes(self) -> list[str]:
        if self.precision is None:
            return []
        short = [name for name in self.metrics if self.needed.get(name) is None]
        wanted = share_in_words(self.precision)
        return [f"precision {wanted}: not reached by {', '.join(short)}" if short else f"precision {wanted}: reached by all"]


def replicate(
    scenario: Scenario,
    n: int | None = None,
    *,
    precision: str | float | None = None,
    metrics: Sequence[str] = DEFAULT_METRICS,
    select: Select | Mapping[str, Any] | None = None,
    confidence: float = 0.95,
    seed: int | None = None,
    executor: Executor | None = None,
    folder: str | os.PathLike[str] | None = None,
    least: int = LEAST,
    most: int = MOST,
    max_events: int = MAX_EVENTS,
    progress: Callable[[int], object] | None = None,
) -> Replications:
    """Run a scenario many times with other random numbers, and average.

    Replication k draws from streams derived from (seed, k), so it is the same run whoever makes it, where and in what order; replication
    0 is the run of ``outboxsim run``.

    Parameters
    ----------
    scenario
        What runs.
    n
        How many replications; 20 if neither this nor a precision is given.
    precision
        In place of `n`: as many as it takes until each metric's half-width is at most this part of its mean (``"5 %"`` or 0.05) and
        stays so, by the rule of Hoad, Robinson and Davies (`outboxsim.analysis.precision`). A metric whose mean is 0 in some runs only
        has a relative precision hard to reach: `most` then ends it.
    metrics
        By the names that scenario files use, such as ``latency_p95`` or ``delivered_within(15 min)``.
    select
        Which emails count: a mapping as files write it, such as ``{"traffic": "invoices"}``; None: all.
    confidence
        Of each interval.
    seed
        Replaces the scenario's seed.
    executor
        Any `concurrent.futures.Executor`; ``dask.distributed.Client(...).get_executor()`` takes the runs to a cluster. None: here if it
        is about 2 s of work, else processes of its own.
    folder
        Keeps the values there as they come, and takes those that are there already: a study that was killed goes on.
    least, most
        With a precision: no fewer and no more replications.
    max_events
        Stops a replication that passes so many events.
    progress
        Called with a number whenever so many replications have ended, such as the `update` of a progress bar.

    Returns
    -------
    Replications

    Raises
    ------
    RunStopped
        A replication passed `max_events`; the message says which.
    MetricError
        A metric that is unknown or cannot be asked like this.
    ScenarioInvalid
        A selection that the scenario does not know.
    StudyError
        `folder` holds another study.
    QuantityError
        `n` and `precision` together, or either of them impossible.

    Examples
    --------
    >>> replicate(load("lunch.outbox.yaml"), 50, metrics=["latency_p95"]).intervals  # doctest: +SKIP
    """
    asked = asked_of(scenario, metrics, select)
    count, wanted = how_many(n, precision)
    names = tuple(one.metric for one in asked)
    with Bench(scenario, asked, seed=seed, executor=executor, folder=folder, max_events=max_events, progress=progress) as bench:
        if wanted is None:
            return Replications(scenario.name, bench.seed, names, tuple(bench.rows(count)), confidence)
        columns = {name: _column(place) for place, name in enumerate(names)}
        reached = run_until_precise(bench.rows, columns, wanted, 1 - confidence, least=least, most=most)
        rows = tuple(bench.rows(reached.replications))
        return Replications(scenario.name, bench.seed, names, rows, confidence, wanted, reached.needed)


def _column(place: int) -> Callable[[Sequence[Row]], tuple[Sequence[float], float | None] | None]:
    def column(rows: Sequence[Row]) -> tuple[Sequence[float], float | None] | None:
        values = numbers(rows, place)
        return None if values is None else (values, None)

    return column


def how_many(n: int | None, precision: str | float | None) -> tuple[int, float | None]:
    """The number of replications and the precision, of which one decides; raises `QuantityError`."""
    if n is not None and precision is not None:
        raise QuantityError("n and precision are both given; leave one of them out")
    if n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 1):
        raise QuantityError(f"{n!r} is no number of replications; write 1 or more")
    return DEFAULT_COUNT if n is None else n, None if precision is None else read_precision(precision)
