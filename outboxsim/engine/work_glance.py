"""What the page asks about work items and ids in a running simulation, read straight from its record. Nothing here is kept or changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from outboxsim.engine.composed import faults_of_id
from outboxsim.engine.store import NONE
from outboxsim.engine.trace import EventKind

if TYPE_CHECKING:
    from outboxsim.engine.simulation import Simulation

_KINDS: Final = frozenset({EventKind.WORK_ITEM_SPLIT, EventKind.WORK_ITEM_MERGED, EventKind.WORK_ITEM_SHARED, EventKind.WORK_ITEM_ASSIGNED})


@dataclass(frozen=True, slots=True)
class WorkItemEvent:
    """One thing that was done to a work item; `actor` is None where nobody did it."""

    time: int
    event: str
    actor: str | None
    detail: dict[str, Any]


def work_item_events(simulation: Simulation, work_item: str) -> Iterator[WorkItemEvent]:
    """What was done to a work item so far, in order; a merge is told of the item that stayed."""
    world = simulation._world
    for _, event in world.trace._facts:
        if event.kind in _KINDS and event.detail is not None and event.detail["work_item"] == work_item:
            actor = None if event.actor == NONE else world.user_names[event.actor]
            yield WorkItemEvent(event.time, event.kind.word, actor, dict(event.detail))


def is_taken(simulation: Simulation, email_id: str) -> bool:
    """Whether an email has this id, or will have it."""
    return any(True for _ in faults_of_id(simulation.scenario, simulation._world.arrivals.sources, email_id))
