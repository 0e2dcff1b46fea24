"""What is asked of each replication, and the replications one after the other: the same runs whoever asks, and when."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count as counted
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from outboxsim.analysis.metrics import METRICS, MetricError, Value, kind_of, metric
from outboxsim.analysis.selection import Selected
from outboxsim.engine import MAX_EVENTS, Simulation
from outboxsim.errors import RunStopped
from outboxsim.retry.values import did_you_mean

if TYPE_CHECKING:
    from outboxsim.analysis.result import Result
    from outboxsim.scenario import Scenario, Select

#: What one replication gives: a value per metric asked, in that order.
Row: TypeAlias = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A metric to ask of each replication, by its name as files write it, and the emails that it is about (None: all)."""

    metric: str
    select: Select | None = None


def asked_of(scenario: Scenario, metrics: Sequence[str], select: Select | Mapping[str, Any] | None) -> tuple[Asked, ...]:
    """Metrics by name, each about the same emails.

    Raises
    ------
    MetricError
        A metric that is unknown, without one at all, or with one twice.
    ScenarioInvalid
        A selection, written as files write it, that the scenario does not know.
    """
    if isinstance(metrics, str):
        metrics = (metrics,)
    if not metrics:
        raise MetricError("no metric is asked; write for example metrics=['latency_p95', 'attempts_per_sent']")
    for name in metrics:
        checked_metric(name)
    twice = [name for place, name in enumerate(metrics) if name in metrics[:place]]
    if twice:
        raise MetricError(f"'{twice[0]}' is asked twice; ask it once")
    chosen = read_select(scenario, select)
    return tuple(Asked(name, chosen) for name in metrics)


def checked_metric(name: str) -> str:
    """The name, if it is a metric's; raises `MetricError` with a near miss."""
    try:
        kind_of(name)
    except MetricError:
        near = did_you_mean(name, METRICS)
        if not near:
            raise
        raise MetricError(f"'{name}' is no metric{near} (there are: {', '.join(METRICS)})") from None
    return name


def read_select(scenario: Scenario, select: Select | Mapping[str, Any] | None) -> Select | None:
    """A selection as files write it; raises `ScenarioInvalid` with every fault."""
    if not isinstance(select, Mapping):
        return select
    (expectation,) = scenario.expectations([{"metrics": {"sent": {"at_least": 0}}, "select": dict(select)}], place=())
    return cast("Select | None", getattr(expectation, "select", None))


def run_one(scenario: Scenario, replication: int, seed: int | None = None, max_events: int = MAX_EVENTS) -> Result:
    """One replication to its end.

    Raises
    ------
    RunStopped
        It passed `max_events` events; the message says which replication.
    """
    try:
        return Simulation(scenario, seed, replication=replication, max_events=max_events).run()
    except RunStopped as stopped:
        raise RunStopped(f"replication {replication}: {stopped}") from stopped


def values_of(result: Result, asked: Sequence[Asked]) -> Row:
    """The metrics of one run; those on the same emails share what they compute."""
    selected = {select: Selected(result, select) for select in {one.select for one in asked}}
    return tuple(metric(selected[one.select], one.metric) for one in asked)


def one_after_another(
    scenario: Scenario,
    asked: Sequence[Asked],
    count: int | None = None,
    *,
    seed: int | None = None,
    first: Result | None = None,
    max_events: int = MAX_EVENTS,
) -> Iterator[Row]:
    """The values of metrics in replication 0, 1, 2 and so on.

    Replication k draws from streams derived from (seed, k), so it is the same run whoever asks for it, and when; replication 0 is the
    run of ``outboxsim run``. One replication runs at a time, when its values are asked for, and only they are kept of it.

    Parameters
    ----------
    scenario
        What runs.
    asked
        The metrics.
    count
        How many replications; None goes on for as long as values are taken.
    seed
        Replaces the scenario's seed.
    first
        The result of replication 0, if it is there already.
    max_events
        Stops a replication that passes so many events.

    Yields
    ------
    tuple
        One value per metric asked, in that order; units as `outboxsim.analysis.metrics.metric` gives them.

    Raises
    ------
    RunStopped
        A replication passed `max_events`; the message says which.
    MetricError
        A metric that is unknown or cannot be asked like this.
    """
    for replication in counted() if count is None else range(count):
        yield values_of(run_one(scenario, replication, seed, max_events) if replication or first is None else first, asked)


def numbers(rows: Sequence[Row], place: int) -> list[float] | None:
    """One metric's values over replications; None if it has no value in some replication, for then it has no mean.

    A latency that is never reached is longer than every number; leaving it out would make a bad pattern look good.
    """
    values = [row[place] for row in rows]
    known = [value for value in values if value is not None]
    return known if known and len(known) == len(values) else None


def nulls(rows: Sequence[Row], place: int) -> int:
    """In how many replications a metric has no value."""
    return sum(row[place] is None for row in rows)


def spread(values: Sequence[float]) -> float:
    """The sample's standard deviation; 0 for equal values, not a number for a single one."""
    if len(values) < 2:
        return math.nan
    mean = math.fsum(values) / len(values)
    return 0.0 if min(values) == max(values) else math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
