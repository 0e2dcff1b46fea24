"""What Builder and the charts show of a running simulation, read straight from its state and record.

A result makes whole tables of events; what is shown several times a second must not cost so much. Nothing here is kept or changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from outboxsim.engine.attempt_log import FROM_SHIFT, IN_FLIGHT, OUTCOME_SHIFT, TO_SHIFT
from outboxsim.engine.store import MIGRATED, NONE
from outboxsim.engine.trace import BY_SYSTEM, Event, EventKind
from outboxsim.outbox import SendStatus

if TYPE_CHECKING:
    from outboxsim.engine.channel import Channel
    from outboxsim.engine.simulation import Simulation
    from outboxsim.engine.world import World
    from outboxsim.outbox.people import Access
    from outboxsim.quantities import RandomDuration, Rate
    from outboxsim.retry import RetryPattern
    from outboxsim.scenario import FailureShare

Numbers = npt.NDArray[np.int64]

#: What happens to connectors and settings: their activity history (C1).
_ACTIVITIES: Final = frozenset(
    {
        EventKind.OUTAGE_BEGAN,
        EventKind.OUTAGE_ENDED,
        EventKind.CONNECTOR_ENABLED,
        EventKind.CONNECTOR_DISABLED,
        EventKind.BREAKER_OPENED,
        EventKind.BREAKER_CLOSED,
        EventKind.SETTING_CHANGED,
    }
)


@dataclass(frozen=True, slots=True)
class OutageNow:
    """The outage that decides at present; `until` is None if nobody knows its end."""

    kind: str
    error: str
    began: int
    until: int | None


@dataclass(frozen=True, slots=True)
class ConnectorNow:
    """A connector at the present instant; `retry` and `attempt_limit` are in force, the `own_` ones are None where all decide (B1)."""

    name: str
    enabled: bool
    outage: OutageNow | None
    breaker_open_until: int | None
    latency: RandomDuration
    timeout: int
    capacity: int | None
    rate_limit: Rate | None
    transient: FailureShare
    permanent: FailureShare
    retry: RetryPattern
    attempt_limit: int | None
    own_retry: RetryPattern | None
    own_attempt_limit: int | None


@dataclass(frozen=True, slots=True)
class SettingsNow:
    """The settings of all connectors that have none of their own."""

    retry: RetryPattern
    attempt_limit: int | None
    manual_retry: str
    on_enable: str


@dataclass(frozen=True, slots=True)
class Activity:
    """One line of an activity history; `actor` is None where nobody did it, ``system`` for what a connector did by itself."""

    time: int
    event: str
    connector: str | None
    actor: str | None
    detail: dict[str, Any]


def connectors_now(simulation: Simulation) -> list[ConnectorNow]:
    """All connectors, in file order."""
    return [_connector_now(simulation._world, channel) for channel in simulation._world.channels]


def _connector_now(world: World, channel: Channel) -> ConnectorNow:
    outage = channel.outage
    until = None if outage is None else next((edge[0] for edge in world.edges if edge[3].outage is outage), None)
    return ConnectorNow(
        name=channel.name,
        enabled=channel.enabled,
        outage=None if outage is None else OutageNow(outage.kind, outage.error, outage.began, until),
        breaker_open_until=channel.dead.open_until if channel.dead.open_until > world.now else None,
        latency=channel.latency,
        timeout=channel.timeout,
        capacity=channel.capacity,
        rate_limit=None if channel.bucket is None else channel.bucket.rate,
        transient=channel.transient,
        permanent=channel.permanent,
        retry=channel.pattern,
        attempt_limit=channel.attempt_limit,
        own_retry=channel.own_retry,
        own_attempt_limit=channel.own_attempt_limit,
    )


def settings_now(simulation: Simulation) -> SettingsNow:
    """The settings in force for all connectors."""
    world = simulation._world
    return SettingsNow(world.retry, world.settings.attempt_limit, world.settings.manual_retry, world.settings.on_enable)


def rights_now(simulation: Simulation, user: str) -> tuple[Access, bool]:
    """Which other teams' emails a user may see under *all*, and whether the user is an admin."""
    people = simulation._world.people
    return people.access.get(user, frozenset()), user in people.admins


def activities(simulation: Simulation, since: int = 0) -> Iterator[Activity]:
    """What happened to connectors and settings so far, in order; without the settings that the run began with.

    Parameters
    ----------
    simulation
        The run.
    since
        Skips what happened before this instant.
    """
    world = simulation._world
    names, users = [channel.name for channel in world.channels], world.user_names
    for _, event in world.trace._facts[1:]:
        if event.kind in _ACTIVITIES and since <= event.time <= world.now:
            connector = None if event.connector == NONE else names[event.connector]
            actor = "system" if event.actor == BY_SYSTEM else None if event.actor == NONE else users[event.actor]
            yield Activity(event.time, event.kind.word, connector, actor, dict(event.detail or {}))


# For the charts ----------------------------------------------------------------------------------------------------------------


def rows_seen_by(simulation: Simulation, user: str) -> npt.NDArray[np.bool_]:
    """Which submitted emails, in the outbox or not, a user may see at present (P3), in order of submission."""
    world = simulation._world
    rows = world.submitted_count
    sender, work_item = (world.store.view(name)[:rows].astype(np.int64) for name in ("sender", "work_item"))
    kinds, kind_of = np.unique(np.stack([sender, work_item]), axis=1, return_inverse=True)
    users, items = world.user_names, list(simulation.scenario.work_items)
    seen = [
        world.people.sees(user, None if by == NONE else users[by], None if item == NONE else items[item]) for by, item in kinds.T.tolist()
    ]
    return np.array(seen, dtype=np.bool_)[kind_of.reshape(-1)]


def history_of(simulation: Simulation, row: int) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """What happened to the email of a row so far: instant, event, and its detail with statuses in words.

    Whoever asks has made sure that he may know. `Result.email_history` tells the same by id, and looks through all emails for it.
    """
    world = simulation._world
    for event in world.trace.events(world.now, row):
        if event.email == row:
            statuses = (("from", event.from_status), ("to", event.to_status))
            words = {key: SendStatus(status).word for key, status in statuses if status != NONE}
            yield event.time, event.kind.word, {**(event.detail or {}), **words}


@dataclass(frozen=True, slots=True)
class Moves:
    """Changes of send status in no order; arrays of one length. `before` is `NONE` at a submission."""

    email: Numbers
    time: Numbers
    before: Numbers
    after: Numbers


def status_moves(simulation: Simulation) -> Moves:
    """Every change of send status so far, submissions too."""
    world = simulation._world
    store, now, rows = world.store, world.now, world.submitted_count
    is_own = store.view("source")[:rows] == world.own_source  # submitted by an action: a fact
    submitted = np.flatnonzero(~is_own)
    migrated = (store.view("flags")[submitted] & MIGRATED) != 0
    first = np.where(migrated, int(SendStatus.FAILED), int(SendStatus.QUEUED))
    log = world.trace.attempts
    codes, ended = log.view("codes").astype(np.int64), log.view("ended")
    done = np.flatnonzero((codes >> OUTCOME_SHIFT & 7 != IN_FLIGHT) & (ended <= now))
    facts = [event for event in _moving_facts(world) if event.time <= now]
    told = np.array([(one.email, one.time, one.from_status, one.to_status) for one in facts], dtype=np.int64).reshape(-1, 4)
    return Moves(
        np.concatenate([submitted, log.view("email")[done], told[:, 0]]).astype(np.int64),
        np.concatenate([store.view("submitted")[submitted], ended[done], told[:, 1]]).astype(np.int64),
        np.concatenate([np.full(len(submitted), NONE), codes[done] >> FROM_SHIFT & 7, told[:, 2]]).astype(np.int64),
        np.concatenate([first, codes[done] >> TO_SHIFT & 7, told[:, 3]]).astype(np.int64),
    )


def _moving_facts(world: World) -> Iterator[Event]:
    return (event for _, event in world.trace._facts if NONE not in (event.email, event.to_status))


def attempt_starts(simulation: Simulation) -> tuple[Numbers, Numbers, Numbers]:
    """Of every attempt so far the email's row, its start, and its outcome (`NONE` while it is under way)."""
    log = simulation._world.trace.attempts
    outcome = log.view("codes").astype(np.int64) >> OUTCOME_SHIFT & 7
    return (
        log.view("email").astype(np.int64),
        log.view("started").astype(np.int64),
        np.where(outcome == IN_FLIGHT, NONE, outcome).astype(np.int64),
    )


def connectors_of_rows(simulation: Simulation, rows: npt.NDArray[np.bool_]) -> frozenset[str]:
    """The connectors of some submitted emails."""
    world = simulation._world
    used = np.unique(world.store.view("connector")[: len(rows)][rows]).tolist()
    return frozenset(world.channels[index].name for index in used)
