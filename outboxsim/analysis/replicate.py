"""Replications: one scenario run again and again with other random numbers, and what metrics say of each run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count as counted
from typing import TYPE_CHECKING

from outboxsim.analysis.metrics import Selected, Value, metric
from outboxsim.engine import MAX_EVENTS, Simulation
from outboxsim.errors import RunStopped

if TYPE_CHECKING:
    from outboxsim.analysis.result import Result
    from outboxsim.scenario import Scenario, Select


@dataclass(frozen=True, slots=True)
class Asked:
    """A metric to ask of each replication, by its name as files write it, and the emails that it is about (None: all)."""

    metric: str
    select: Select | None = None


def replicate(
    scenario: Scenario,
    asked: Sequence[Asked],
    count: int | None = None,
    *,
    seed: int | None = None,
    first: Result | None = None,
    max_events: int = MAX_EVENTS,
) -> Iterator[tuple[Value, ...]]:
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
        yield _values(_result(scenario, replication, seed, max_events) if replication or first is None else first, asked)


def _result(scenario: Scenario, replication: int, seed: int | None, max_events: int) -> Result:
    try:
        return Simulation(scenario, seed, replication=replication, max_events=max_events).run()
    except RunStopped as stopped:
        raise RunStopped(f"replication {replication}: {stopped}") from stopped


def _values(result: Result, asked: Sequence[Asked]) -> tuple[Value, ...]:
    """The metrics of one run; those on the same emails share what they compute."""
    selected = {select: Selected(result, select) for select in {one.select for one in asked}}
    return tuple(metric(selected[one.select], one.metric) for one in asked)
