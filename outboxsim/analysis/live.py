"""The numbers behind the plots of a simulation that runs, from its record: the same as from its tables, and many times faster."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy.typing as npt

from outboxsim.analysis.sizes import AttemptCounts, ConnectorStretch, OutboxSizes, counts_of_attempts, sizes_of_moves
from outboxsim.engine.glance import Activity, activities, attempt_starts, connectors_now, status_moves

if TYPE_CHECKING:
    from outboxsim.analysis.columns import Mask
    from outboxsim.engine import Simulation

State: TypeAlias = Literal["outage", "disabled"]

#: What each event makes of how many outages there are, or of whether the connector is disabled.
_CHANGES: Final[dict[str, tuple[State, int]]] = {
    "outage_began": ("outage", 1),
    "outage_ended": ("outage", -1),
    "connector_disabled": ("disabled", 1),
    "connector_enabled": ("disabled", -1),
}


def live_sizes(simulation: Simulation, *, only: Mask | None = None, connectors: Collection[str] | None = None) -> OutboxSizes:
    """What `size_by_status` would make of the simulation's result now; `only` are rows of submitted emails."""
    moves = status_moves(simulation)
    chosen = slice(None) if only is None else only[moves.email]
    stretches = live_stretches(simulation, connectors)
    return sizes_of_moves(
        moves.time[chosen], moves.before[chosen], moves.after[chosen], simulation.elapsed, stretches, simulation.scenario.clock
    )


def live_attempts(simulation: Simulation, *, only: Mask | None = None, connectors: Collection[str] | None = None) -> AttemptCounts:
    """What `attempt_counts` would make of the simulation's result now."""
    email, starts, outcomes = attempt_starts(simulation)
    chosen: npt.NDArray[Any] | slice = slice(None) if only is None else only[email]
    stretches = live_stretches(simulation, connectors)
    return counts_of_attempts(starts[chosen], outcomes[chosen], simulation.elapsed, stretches, simulation.scenario.clock)


def live_stretches(simulation: Simulation, connectors: Collection[str] | None = None) -> tuple[ConnectorStretch, ...]:
    """When connectors were in outage or disabled so far, connector by connector."""
    happened = list(activities(simulation))
    chosen = [one.name for one in connectors_now(simulation) if connectors is None or one.name in connectors]
    states: tuple[State, ...] = ("outage", "disabled")
    return tuple(
        stretch
        for name in chosen
        for state in states
        for stretch in _stretches(name, state, happened, at_start=state == "disabled" and not simulation.scenario.connectors[name].enabled)
    )


def _stretches(connector: str, state: State, happened: Iterable[Activity], *, at_start: bool) -> list[ConnectorStretch]:
    """The stretches of one state; those that adjoin are one, and those without length none."""
    level, begin = int(at_start), 0 if at_start else None
    found: list[ConnectorStretch] = []
    for one in happened:
        changed, step = _CHANGES.get(one.event, (None, 0))
        if one.connector != connector or changed != state:
            continue
        level = max(0, min(1, level + step)) if state == "disabled" else level + step  # enabling an enabled one changes nothing
        if level > 0 and begin is None:
            begin = found.pop().begin if found and found[-1].end == one.time else one.time
        elif level == 0 and begin is not None:
            if begin < one.time:
                found.append(ConnectorStretch(connector, state, begin, one.time))
            begin = None
    if begin is not None:
        found.append(ConnectorStretch(connector, state, begin, None))
    return found
