"""`Tuning`: what came of a search for retry patterns, as tables, in words, and as YAML that is ready to use."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import yaml

from outboxsim.analysis.asking import Row, nulls, numbers
from outboxsim.analysis.finals import Outcome
from outboxsim.analysis.intervals import Interval, mean_interval
from outboxsim.analysis.metrics import kind_of
from outboxsim.analysis.naming import short_name
from outboxsim.analysis.pairs import Difference, differences
from outboxsim.analysis.question import CURRENT, Candidate, Question
from outboxsim.analysis.showing import (
    Sheet,
    Shown,
    counted,
    difference_in_words,
    in_unit,
    interval_in_words,
    plain_number,
    share_in_words,
    unit_of,
)

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from matplotlib.axes import Axes

    from outboxsim.analysis.sensitivity import Sensitivity
    from outboxsim.retry import RetryPattern
    from outboxsim.scenario import Scenario, Select

#: A probability below this is that of a guess between two.
_TELLING: Final = 0.5


@dataclass(frozen=True, eq=False, repr=False)
class Tuning(Shown):
    """Retry patterns that were tried, and the choice among the best of them.

    Attributes
    ----------
    scenario
        What ran.
    seed
        Of all replications and of the search.
    question
        Space, objectives, constraints.
    candidates
        All that were tried, in order; the first is the scenario's own pattern, ``current``.
    rows
        Per candidate its replications of the search: the metrics' values, durations in µs.
    final
        The final on new replications: finalists, choice, and how sure it is.
    confidence
        Of intervals.
    select
        Which emails the metrics are about.
    notes
        What keeps patterns from mattering, in words.
    """

    scenario: Scenario
    seed: int
    question: Question
    candidates: tuple[Candidate, ...]
    rows: Mapping[str, tuple[Row, ...]]
    final: Outcome
    confidence: float = 0.95
    select: Select | None = None
    notes: tuple[str, ...] = ()

    # The choice

    @property
    def chosen(self) -> str | None:
        """The name of the chosen candidate; None if none keeps the constraints."""
        return self.final.chosen

    @property
    def probability(self) -> float | None:
        """Of one objective: at least how probable it is that the chosen one is the best finalist; None if nothing can be said."""
        return self.final.probability

    def pattern(self, name: str | None = None) -> RetryPattern:
        """A candidate's pattern; without a name the chosen one's. Raises `KeyError` for a name that is none, or if none was chosen."""
        wanted = self.chosen if name is None else name
        found = {one.name: one.pattern for one in self.candidates}
        if wanted not in found:
            raise KeyError(f"there is no candidate {wanted!r}" if wanted else "no candidate keeps the constraints")
        return found[wanted]

    def yaml(self, *names: str) -> str:
        """Candidates as a scenario file has them, ready to paste: `retry_patterns`, and `retry` if it is one. Without names the chosen."""
        wanted = names or ((self.chosen,) if self.chosen else ())
        written: dict[str, Any] = {"retry_patterns": {name: self.pattern(name).to_mapping() for name in wanted}}
        if len(wanted) == 1:
            written["retry"] = wanted[0]
        return str(yaml.safe_dump(written, sort_keys=False, default_flow_style=None, width=140, allow_unicode=True))

    # Tables

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per candidate: `family`, `pattern`, `replications`, `stopped`, `feasible`, and each metric's mean (durations in s).

        Means are those of the search: of the best of many they are too good on average. `finalists` has honest ones.
        """
        lines = []
        for one in self.candidates:
            rows = self.rows[one.name]
            means = {metric: self._mean(rows, metric) for metric in self.question.metrics}
            about = {"name": one.name, "family": one.family, "pattern": short_name(one.pattern), "replications": one.replications}
            lines.append({**about, "stopped": one.stopped, "feasible": self.question.is_feasible(rows), **means})
        return pd.DataFrame(lines).set_index("name")

    @cached_property
    def finalists(self) -> pd.DataFrame:
        """A row per finalist and metric, from the final's new replications.

        Columns: `unit` (durations are in s), `replications`, `nulls`, `mean`, `low`, `high` (each interval by itself), `difference`,
        `difference_low`, `difference_high` and `verdict` (to ``current``, pair by pair, all of them together at `confidence`).
        """
        compared = {(one.pattern, one.metric): one for one in self._to_current}
        lines = [self._line(name, metric, compared.get((name, metric))) for name in self.final.names for metric in self.question.metrics]
        return pd.DataFrame(lines).set_index(["name", "metric"])

    @cached_property
    def front(self) -> pd.DataFrame:
        """The Pareto front (of one objective: the chosen one): `pattern`, `probability`, and each metric's mean over new replications."""
        alone: dict[str, float | None] = {} if self.chosen is None else {self.chosen: self.probability}
        sure: Mapping[str, float | None] = self.final.on_front or alone
        lines = [
            {
                "name": name,
                "pattern": short_name(self.pattern(name)),
                "probability": math.nan if probability is None else probability,
                **{metric: self._mean(self.final.rows[name], metric) for metric in self.question.metrics},
            }
            for name, probability in sure.items()
        ]
        columns = ["name", "pattern", "probability", *self.question.metrics]
        return pd.DataFrame(lines, columns=columns).set_index("name").sort_values(self.question.objectives[0].metric)

    def _mean(self, rows: Sequence[Row], metric: str) -> float:
        mean = self.question.mean(rows, metric)
        return math.nan if mean is None else in_unit(mean, metric)

    def _interval(self, name: str, metric: str) -> Interval | None:
        values = numbers(self.final.rows[name], self.question.metrics.index(metric))
        return None if values is None else mean_interval(values, 1 - self.confidence)

    @cached_property
    def _to_current(self) -> list[Difference]:
        pairs = [(name, CURRENT) for name in self.final.names if name != CURRENT]
        error = (1 - self.confidence) / max(1, len(pairs))
        found = []
        for name, than in pairs:  # finalists have different numbers of replications; the first ones are everybody's
            count = min(len(self.final.rows[name]), len(self.final.rows[than]))
            rows = {one: self.final.rows[one][:count] for one in (name, than)}
            found += differences(rows, [(name, than)], self.question.metrics, error)
        return found

    def _line(self, name: str, metric: str, compared: Difference | None) -> dict[str, Any]:
        rows = self.final.rows[name]
        interval, gap = self._interval(name, metric), None if compared is None else compared.interval
        own = (math.nan,) * 3 if interval is None else (interval.mean, interval.low, interval.high)
        others = (math.nan,) * 3 if gap is None else (gap.mean, gap.low, gap.high)
        columns = ("mean", "low", "high", "difference", "difference_low", "difference_high")
        return {
            "name": name,
            "metric": metric,
            "unit": unit_of(metric),
            "replications": len(rows),
            "nulls": nulls(rows, self.question.metrics.index(metric)),
            **{column: in_unit(value, metric) for column, value in zip(columns, (*own, *others), strict=True)},
            "verdict": "" if compared is None else compared.verdict,
        }

    # More to see

    def pareto_front(self, ax: Axes | None = None) -> Axes:
        """The candidates by their first two objectives, with the front; see `outboxsim.analysis.tuning_plots`."""
        from outboxsim.analysis.tuning_plots import pareto_front  # noqa: PLC0415 - matplotlib only for those who look

        return pareto_front(self, ax)

    def sensitivity(self, name: str | None = None, *, executor: Executor | None = None, **how: Any) -> Sensitivity:
        """What a candidate's metrics depend on: outage length, failures, load; see `outboxsim.analysis.sensitivity.sensitivity`."""
        from outboxsim.analysis.sensitivity import sensitivity  # noqa: PLC0415

        return sensitivity(
            self.scenario, self.pattern(name), self.question.metrics, select=self.select, seed=self.seed, executor=executor, **how
        )

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write ``candidates.csv``, ``finalists.csv``, ``front.csv`` and ``patterns.yaml`` (all finalists) into a folder; the files."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        tables = {"candidates.csv": self.table, "finalists.csv": self.finalists, "front.csv": self.front}
        for name, frame in tables.items():
            frame.to_csv(place / name, lineterminator="\n")
        (place / "patterns.yaml").write_text(self.yaml(*self.final.names), encoding="utf-8")
        return [place / name for name in (*tables, "patterns.yaml")]

    def as_plain(self) -> dict[str, Any]:
        """What JSON can hold: the choice, the finalists and the front."""
        lines = {name: frame.reset_index().to_dict("records") for name, frame in (("finalists", self.finalists), ("front", self.front))}
        return {
            "scenario": self.scenario.name,
            "seed": self.seed,
            "objectives": [str(one) for one in self.question.objectives],
            "constraints": [str(one) for one in self.question.constraints],
            "candidates": len(self.candidates),
            "chosen": self.chosen,
            "pattern": None if self.chosen is None else self.pattern().to_mapping(),
            "probability": self.probability,
            "how": self.final.how,
            **{name: [{str(key): plain_number(value) for key, value in line.items()} for line in rows] for name, rows in lines.items()},
        }

    def _sheets(self) -> Sequence[Sheet]:
        wanted = ", ".join(map(str, (*self.question.objectives, *self.question.constraints)))
        stopped = sum(bool(one.stopped) for one in self.candidates)
        spent = sum(one.replications for one in self.candidates)
        tried = f"{counted(len(self.candidates), 'candidate')} in {counted(spent, 'replication')}, {stopped} stopped early"
        header = ["finalist", *self.question.metrics, *(["on the front"] if self.final.on_front else [])]
        caption = f"{self.scenario.name or '(no name)'}: {wanted}; {tried}"
        finalists = Sheet(caption, header, [self._cells(name) for name in self.final.names])
        gaps = [self._gap_cells(one) for one in self._to_current]
        caption = f"Differences to {CURRENT} (all of them together at {share_in_words(self.confidence)})"
        return [finalists, Sheet(caption, ["finalist", "metric", "difference", ""], gaps, self._notes(), left=2)]

    def _cells(self, name: str) -> list[str]:
        cells = [name]
        for metric in self.question.metrics:
            interval = self._interval(name, metric)
            cells.append("null somewhere" if interval is None else interval_in_words(interval, kind_of(metric)))
        if self.final.on_front:
            cells.append(share_in_words(self.final.on_front[name]) if name in self.final.on_front else "")
        return cells

    def _gap_cells(self, one: Difference) -> list[str]:
        words = "null somewhere" if one.interval is None else difference_in_words(one.interval, kind_of(one.metric))
        return [one.pattern, one.metric, words, one.verdict]

    def _notes(self) -> list[str]:
        if self.chosen is None:
            notes = [f"No choice: {self.final.how}"]
        else:
            notes = [f"Chosen: {self.chosen}: {short_name(self.pattern())}", f"by {self.final.how}"]
        if self.probability is not None:
            sure = f"with a probability of at least {100 * self.probability:.3g} %"
            told = f"It is the best of the finalists {sure}"
            notes.append(told if self.probability >= _TELLING else f"The finalists are not distinguishable: it is the best {sure}")
        return [*notes, *self._kept(), *(f"Note: {note}" for note in self.notes)]

    def _kept(self) -> Iterator[str]:
        """How surely the chosen one keeps each constraint."""
        for one in self.question.constraints if self.chosen is not None else ():
            interval = self._interval(str(self.chosen), one.metric)
            worst = None if interval is None else interval.high if one.op == "at_most" else interval.low
            sure = worst is not None and one.violation(worst) <= 0
            yield f"{one}: {'kept' if sure else 'kept by the mean, but not for sure'} ({share_in_words(self.confidence)})"
