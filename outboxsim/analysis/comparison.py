"""`Comparison`: what came of comparing retry patterns, as tables and in words."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import pandas as pd

from outboxsim.analysis.asking import Row, nulls, numbers, spread
from outboxsim.analysis.intervals import mean_interval
from outboxsim.analysis.metrics import MetricError, kind_of
from outboxsim.analysis.pairs import Difference, Method, differences
from outboxsim.analysis.showing import (
    Sheet,
    Shown,
    counted,
    difference_in_words,
    in_unit,
    plain_number,
    share_in_words,
    unit_of,
    value_in_words,
)
from outboxsim.markup import paragraph

if TYPE_CHECKING:
    from outboxsim.retry import RetryPattern

Goal: TypeAlias = Literal["minimise", "maximise"]

#: Of these more is better; of all others but `submitted` less is.
_MORE_IS_BETTER: Final = ("sent", "delivered_within")

#: A difference that fewer replications than these show may be chance, whatever its interval says.
_FEW: Final = 5


def goal_of(metric: str) -> Goal:
    """Whether less or more of a metric is better; raises `MetricError` where that is a matter of taste."""
    if metric == "submitted":
        raise MetricError("of 'submitted' neither less nor more is better; say which: goal='minimise' or goal='maximise'")
    return "maximise" if metric.startswith(_MORE_IS_BETTER) else "minimise"


@dataclass(frozen=True, slots=True)
class Best:
    """Which patterns may be the best of a comparison.

    Attributes
    ----------
    metric, goal
        By what.
    names
        All patterns that are not shown to be worse than the one with the best mean, which comes first. Empty if no pattern has a mean.
    confidence
        That the truly best one is among them.
    without_mean
        Patterns that have no value in some replication, and so are not compared: a latency that is never reached, say.
    """

    metric: str
    goal: Goal
    names: tuple[str, ...]
    confidence: float
    without_mean: tuple[str, ...] = ()

    @property
    def is_distinguishable(self) -> bool:
        """Whether one pattern alone is left."""
        return len(self.names) == 1

    def __str__(self) -> str:
        what = f"{self.metric} ({self.goal}, {share_in_words(self.confidence)})"
        if not self.names:
            return f"{what}: no pattern has a mean"
        left_out = f" (without a mean: {', '.join(self.without_mean)})" if self.without_mean else ""
        found = self.names[0] if self.is_distinguishable else f"not distinguishable: {', '.join(self.names)}"
        return f"{what}: {found}{left_out}"

    def _repr_html_(self) -> str:
        return paragraph(str(self))


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Shown):
    """Retry patterns that met the same random numbers.

    Attributes
    ----------
    scenario
        The scenario's name.
    seed
        Replication k drew from streams derived from (seed, k), whatever the pattern.
    patterns
        By name; the first is the baseline.
    metrics
        What was asked.
    rows
        Per pattern one row per replication: the metrics' values, durations in µs.
    confidence
        Of all intervals of differences together.
    method
        How they were made to hold together.
    precision, needed
        What was wanted, and how many replications each difference needed for it (None: not reached); as in `Replications`.
    notes
        What keeps patterns from mattering, in words.
    """

    scenario: str
    seed: int
    patterns: Mapping[str, RetryPattern]
    metrics: tuple[str, ...]
    rows: Mapping[str, tuple[Row, ...]]
    confidence: float = 0.95
    method: Method = "bonferroni"
    precision: float | None = None
    needed: Mapping[str, int | None] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def baseline(self) -> str:
        """The pattern that the others are compared with."""
        return next(iter(self.patterns))

    @property
    def replications(self) -> int:
        """How many of each pattern."""
        return len(self.rows[self.baseline])

    @cached_property
    def means(self) -> pd.DataFrame:
        """A row per pattern and metric: `unit` (durations are in s), `nulls`, `mean`, `std`, `low`, `high` (each interval by itself)."""
        lines = [self._mean(name, place) for name in self.patterns for place in range(len(self.metrics))]
        return pd.DataFrame(lines).set_index(["pattern", "metric"])

    @cached_property
    def differences(self) -> pd.DataFrame:
        """A row per pattern (but the baseline) and metric: pattern minus baseline, replication by replication.

        Columns: `unit` (durations are in s), `difference`, `low`, `high` (all of them together at `confidence`), `verdict` (see
        `Difference.verdict`), `differing` (replications in which the two differ at all), `runs_saved` (how many times the replications
        it would take without common random numbers).
        """
        lines = [_line(one) for one in self._to_baseline]
        columns = ["pattern", "metric", "unit", "difference", "low", "high", "verdict", "differing", "runs_saved"]
        return pd.DataFrame(lines, columns=columns).set_index(["pattern", "metric"])

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per pattern and replication, one column per metric; durations in s."""
        index = pd.MultiIndex.from_product([list(self.patterns), range(self.replications)], names=["pattern", "replication"])
        columns = {
            metric: [math.nan if row[place] is None else in_unit(row[place], metric) for rows in self.rows.values() for row in rows]  # type: ignore[arg-type]  # None is told apart
            for place, metric in enumerate(self.metrics)
        }
        return pd.DataFrame(columns, index=index)

    def best(self, metric: str, goal: Goal | None = None) -> Best:
        """Which patterns may be the best by a metric.

        The one with the best mean is compared with every other; intervals hold for all pairs together (Bonferroni), because which one is
        the best is not known before. Whoever is not shown to be worse stays.

        Parameters
        ----------
        metric
            One that was asked.
        goal
            ``minimise`` or ``maximise``; left out: what is usually wanted of it.

        Raises
        ------
        MetricError
            It was not asked, or it has no usual goal.
        """
        if metric not in self.metrics:
            raise MetricError(f"'{metric}' was not compared; there are {', '.join(self.metrics)}")
        wanted = goal or goal_of(metric)
        place, sign = self.metrics.index(metric), 1 if wanted == "minimise" else -1
        means = {name: sign * math.fsum(values) for name in self.patterns if (values := numbers(self.rows[name], place)) is not None}
        missing = tuple(name for name in self.patterns if name not in means)
        if not means:
            return Best(metric, wanted, (), self.confidence, missing)
        leader = min(means, key=lambda name: means[name])
        error = (1 - self.confidence) / max(1, math.comb(len(means), 2))
        others = [(name, leader) for name in means if name != leader]
        found = differences({name: [(row[place],) for row in self.rows[name]] for name in means}, others, (metric,), error * len(others))
        worse = {one.pattern for one in found if one.interval is not None and (one.interval.low > 0 if sign > 0 else one.interval.high < 0)}
        return Best(metric, wanted, (leader, *(name for name, _ in others if name not in worse)), self.confidence, missing)

    @cached_property
    def _to_baseline(self) -> list[Difference]:
        pairs = [(name, self.baseline) for name in self.patterns if name != self.baseline]
        return differences(self.rows, pairs, self.metrics, 1 - self.confidence, self.method, self.seed)

    def _mean(self, name: str, place: int) -> dict[str, Any]:
        metric, rows = self.metrics[place], self.rows[name]
        line: dict[str, Any] = {"pattern": name, "metric": metric, "unit": unit_of(metric), "nulls": nulls(rows, place)}
        values = numbers(rows, place)
        if values is None:
            return line | dict.fromkeys(("mean", "std", "low", "high"), math.nan)
        interval = mean_interval(values, 1 - self.confidence)
        found = {"mean": interval.mean, "std": spread(values), "low": interval.low, "high": interval.high}
        return line | {column: in_unit(value, metric) for column, value in found.items()}

    # Shown and written ---------------------------------------------------------------------------------------------------------------

    def _sheets(self) -> Sequence[Sheet]:
        runs = counted(self.replications, "replication")
        title = f"{self.scenario or '(no name)'}: {runs} of each pattern, the same random numbers, seed {self.seed}"
        means = [[name, *(self._mean_in_words(name, place) for place in range(len(self.metrics)))] for name in self.patterns]
        sheets = [Sheet(title, ["pattern", *self.metrics], means, [] if len(self.patterns) > 1 else self._notes())]
        if len(self.patterns) > 1:
            caption = f"Differences to {self.baseline} (all of them together at {share_in_words(self.confidence)})"
            header = ["pattern", "metric", "difference", "", "runs saved by pairing"]
            sheets.append(Sheet(caption, header, [_cells(one) for one in self._to_baseline], self._notes(), left=2))
        return sheets

    def _mean_in_words(self, name: str, place: int) -> str:
        values, kind = numbers(self.rows[name], place), kind_of(self.metrics[place])
        if values is None:
            return f"null in {nulls(self.rows[name], place)}"
        return value_in_words(math.fsum(values) / len(values), kind)

    def _notes(self) -> list[str]:
        notes = [f"Best by {self.best(metric)}" for metric in self.metrics if metric != "submitted" and len(self.patterns) > 1]
        few = [f"{one.pattern}, {one.metric}" for one in self._to_baseline if 0 < one.differing < _FEW]
        if few:
            notes.append(f"Fewer than {_FEW} replications differ, which may be chance: {'; '.join(few)}")
        short = [name for name, count in self.needed.items() if count is None]
        if self.precision is not None:
            reached = f"not reached by {', '.join(short)}" if short else "reached by all"
            notes.append(f"Precision {share_in_words(self.precision)} of the baseline's mean: {reached}")
        return [*notes, *(f"Note: {note}" for note in self.notes)]

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write ``means.csv``, ``differences.csv`` and ``replications.csv`` into a folder, which is made if it is missing; the files."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        files = {"means.csv": self.means, "differences.csv": self.differences, "replications.csv": self.table}
        for name, frame in files.items():
            frame.to_csv(place / name, lineterminator="\n")
        return [place / name for name in files]

    def as_plain(self) -> dict[str, Any]:
        """What JSON can hold: the tables `means` and `differences`, and the best by each metric."""
        lines = {name: frame.reset_index().to_dict("records") for name, frame in (("means", self.means), ("differences", self.differences))}
        goals = [metric for metric in self.metrics if metric != "submitted"]
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            "replications": self.replications,
            "baseline": self.baseline,
            "confidence": self.confidence,
            **{name: [{str(key): plain_number(value) for key, value in line.items()} for line in rows] for name, rows in lines.items()},
            "best": {metric: list(self.best(metric).names) for metric in goals},
        }


def _line(one: Difference) -> list[Any]:
    interval = one.interval
    numbers_ = (math.nan,) * 3 if interval is None else (interval.mean, interval.low, interval.high)
    saved = math.nan if one.runs_saved is None else one.runs_saved
    return [
        *(one.pattern, one.metric, unit_of(one.metric)),
        *(in_unit(value, one.metric) for value in numbers_),
        *(one.verdict, one.differing, saved),
    ]


def _cells(one: Difference) -> list[str]:
    words = "null somewhere" if one.interval is None else difference_in_words(one.interval, kind_of(one.metric))
    return [one.pattern, one.metric, words, one.verdict, "" if one.runs_saved is None else f"{one.runs_saved:.3g} times"]
