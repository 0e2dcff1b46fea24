"""What a pattern's metrics depend on: Sobol indices for outage length, failures and load."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from outboxsim.analysis.asking import asked_of, numbers
from outboxsim.analysis.bench import Bench
from outboxsim.analysis.showing import Sheet, Shown, counted
from outboxsim.analysis.stress import Stress
from outboxsim.analysis.variants import Variant
from outboxsim.errors import QuantityError

if TYPE_CHECKING:
    from outboxsim.retry import RetryPattern
    from outboxsim.scenario import Scenario, Select

#: The factors, and what they are multiplied by unless somebody says otherwise: half to twice.
FACTORS: Final[Mapping[str, tuple[float, float]]] = {"outage_length": (0.5, 2.0), "failures": (0.5, 2.0), "load": (0.5, 2.0)}
#: Points of the design; Saltelli's scheme takes five times as many for three factors.
POINTS: Final = 64


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity(Shown):
    """Sobol indices of metrics.

    Attributes
    ----------
    table
        A row per metric and factor: `first` (the share of the metric's variance that goes with the factor alone), `total` (with all that
        it does together with others), and their 95 % half-widths `first_half` and `total_half` (bootstrap over the design).
    design
        A row per point of the design: the factors, and each metric's mean over replications (durations in µs).
    ranges
        Between what the factors were drawn, evenly by their logarithm.
    replications
        Of each point, with the same random numbers everywhere.
    """

    table: pd.DataFrame
    design: pd.DataFrame
    ranges: Mapping[str, tuple[float, float]]
    replications: int

    def _sheets(self) -> Sequence[Sheet]:
        spans = ", ".join(f"{name} × {low:g} to {high:g}" for name, (low, high) in self.ranges.items())
        caption = f"Sensitivity: {spans}; {len(self.design)} points, {counted(self.replications, 'replication')} each"
        rows = [
            [str(line.metric), str(line.factor), f"{line.first:.2f} ± {line.first_half:.2f}", f"{line.total:.2f} ± {line.total_half:.2f}"]
            for line in self.table.reset_index().itertuples()
        ]
        return [Sheet(caption, ["metric", "factor", "alone", "in all"], rows, left=2)]


def sensitivity(
    scenario: Scenario,
    pattern: RetryPattern | None = None,
    metrics: Sequence[str] = ("latency_p95",),
    *,
    ranges: Mapping[str, tuple[float, float]] = FACTORS,
    points: int = POINTS,
    replications: int = 2,
    select: Select | Mapping[str, Any] | None = None,
    seed: int | None = None,
    executor: Executor | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Sensitivity:
    """How much outage length, failures and load decide about a pattern's metrics.

    Parameters
    ----------
    scenario, metrics, select, seed, executor, folder
        As for `replicate`.
    pattern
        In place of the scenario's.
    ranges
        Between what each factor is drawn: `outage_length`, `failures`, `load` (see `Stress`); 1 is the scenario as it is.
    points
        A power of two; the design has points × (number of factors + 2) of them.
    replications
        Per point, the same random numbers at all of them: what differs is the factors' doing.

    Returns
    -------
    Sensitivity

    Raises
    ------
    QuantityError
        A range that is none, or a number of points that is no power of two.
    MetricError, ScenarioInvalid, RunStopped
        As for `replicate`.

    Notes
    -----
    Source: A. Saltelli and others, "Variance based sensitivity analysis of model output", Computer Physics Communications 181 (2010),
    as SALib computes it. A metric without a value at some point has no indices (they are missing): the design must have all of them.
    """
    from SALib.analyze import sobol as analysis  # noqa: PLC0415 - an extra
    from SALib.sample import sobol as sampling  # noqa: PLC0415

    _check(ranges, points)
    problem = {"num_vars": len(ranges), "names": list(ranges), "bounds": [[math.log(low), math.log(high)] for low, high in ranges.values()]}
    asked = asked_of(scenario, metrics, select)
    with Bench(scenario, asked, seed=seed, executor=executor, folder=folder) as bench:
        drawn = np.exp(sampling.sample(problem, points, calc_second_order=False, seed=bench.seed))
        variants = [Variant(pattern, Stress(**dict(zip(ranges, map(float, point), strict=True)))) for point in drawn]
        rows = bench.run(dict.fromkeys(variants, replications))
        means = {
            variant: [_mean(found, place) for place in range(len(asked))]
            for variant, found in zip(dict.fromkeys(variants), rows, strict=True)
        }
        values = np.array([means[variant] for variant in variants])
        lines = []
        for place, one in enumerate(asked):
            found = _indices(analysis, problem, values[:, place], bench.seed)
            lines += [{"metric": one.metric, "factor": factor, **found[factor]} for factor in ranges]
    design = pd.DataFrame(drawn, columns=list(ranges)).assign(**{one.metric: values[:, place] for place, one in enumerate(asked)})
    return Sensitivity(pd.DataFrame(lines).set_index(["metric", "factor"]), design, dict(ranges), replications)


def _mean(rows: Sequence[Any], place: int) -> float:
    values = numbers(rows, place)
    return math.nan if values is None else math.fsum(values) / len(values)


def _indices(analysis: Any, problem: dict[str, Any], values: np.ndarray, seed: int) -> dict[str, dict[str, float]]:
    """The indices per factor; a metric that never changes depends on nothing."""
    columns = ("first", "first_half", "total", "total_half")
    if np.isnan(values).any():
        return {name: dict.fromkeys(columns, math.nan) for name in problem["names"]}
    if values.min() == values.max():
        return {name: dict.fromkeys(columns, 0.0) for name in problem["names"]}
    found = analysis.analyze(problem, values, calc_second_order=False, seed=seed)
    keys = ("S1", "S1_conf", "ST", "ST_conf")
    return {
        name: {column: float(found[key][place]) for column, key in zip(columns, keys, strict=True)}
        for place, name in enumerate(problem["names"])
    }


def _check(ranges: Mapping[str, tuple[float, float]], points: int) -> None:
    for name, (low, high) in ranges.items():
        if name not in FACTORS:
            raise QuantityError(f"{name!r} is no factor; write one of {', '.join(FACTORS)}")
        if not 0 < low < high < math.inf:
            raise QuantityError(f"{name}: {low:g} to {high:g} is no range of factors; write two numbers above 0, the smaller first")
    if not ranges or points < 2 or points & (points - 1):
        raise QuantityError(f"{points} is no number of points; write a power of two, such as {POINTS}, and at least one range")
