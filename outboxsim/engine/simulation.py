"""`Simulation`: a scenario that runs, can be stepped, and takes what people do between steps."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from heapq import heappop
from os import PathLike
from typing import TYPE_CHECKING, Any, Final, cast

import simpy

from outboxsim.engine import journal
from outboxsim.engine.actions import Actions, Instant, as_duration
from outboxsim.engine.channel import NEVER
from outboxsim.engine.desk import Desk, TimelineOutcome
from outboxsim.engine.dispatch import Dispatch
from outboxsim.engine.email_view import EmailView
from outboxsim.engine.invariants import Invariants
from outboxsim.engine.listing import Lister
from outboxsim.engine.world import World
from outboxsim.errors import RunStopped
from outboxsim.outbox import People, Refused, View
from outboxsim.scenario import Scenario, TimelineEntry, load

if TYPE_CHECKING:
    from outboxsim.analysis.result import Result

#: SimPy priorities: processes of users (0 and 1) act before the outbox at one instant, and a run's stop comes last.
_BEFORE_PRIORITY: Final = 10
_OUTBOX_PRIORITY: Final = 50
_STOP_PRIORITY: Final = 100

#: Where a run passes this many events it is stopped (spec/scenario.md section 4).
MAX_EVENTS: Final = 50_000_000


class _Turn:
    """The event at which the outbox gets its turn: what `simpy.Environment.step` reads, and nothing else."""

    __slots__ = ("_ok", "_value", "callbacks", "defused")

    def __init__(self, callback: Callable[[Any], None] | None) -> None:
        self.callbacks: Any = () if callback is None else (callback,)
        self._ok = True
        self._value = None
        self.defused = True


class Simulation(Actions):
    """A scenario that runs on a SimPy environment.

    Parameters
    ----------
    scenario
        The scenario, as `outboxsim.load` gives it.
    seed
        Replaces the scenario's seed.
    replication
        Streams of random numbers derive from (seed, replication); 0 is the run of ``outboxsim run``.
    check_invariants
        Check after every instant that nothing is lost (E4) and everything agrees; slow, for tests and doubt.
    max_events
        A run that passes so many events is stopped with `RunStopped`; its result is readable up to there.

    Attributes
    ----------
    env
        The `simpy.Environment`; its time is in whole microseconds since the scenario's start. Processes of your own may
        run in it and call the actions below.
    timeline_outcomes
        What came of each timeline entry so far.

    Notes
    -----
    At one instant your own processes act first, then everything of L7 in its order. An action called from Python settles
    at once: what it makes due is tried before the call returns.

    Examples
    --------
    >>> simulation = Simulation(load("lunch.outbox.yaml"))  # doctest: +SKIP
    >>> simulation.run_until("10 min")  # doctest: +SKIP
    >>> simulation.retry("m1", by="lena")  # doctest: +SKIP
    >>> result = simulation.run()  # doctest: +SKIP
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int | None = None,
        *,
        replication: int = 0,
        check_invariants: bool = False,
        max_events: int = MAX_EVENTS,
    ) -> None:
        super().__init__()
        self.scenario = scenario
        self.seed = scenario.seed if seed is None else seed
        self.replication = replication
        self.max_events = max_events
        self.env = simpy.Environment(initial_time=0)
        self.timeline_outcomes: list[TimelineOutcome] = []
        self._world = World(scenario, self.seed, replication, max_events)
        self._dispatch = Dispatch(self._world)
        self._desk = Desk(self._world, self._dispatch)
        entries = cast("tuple[TimelineEntry, ...]", scenario.timeline)  # an entry without a verb is a fault of the file
        self._timeline = sorted(entries, key=lambda entry: entry.at)
        self._timeline_done = 0
        self._invariants = Invariants(self._world) if check_invariants else None
        self._turn: _Turn | None = None
        self._turn_at = -1
        self._settled = -1  # the last instant at which everything has happened
        self._lister = Lister(self._world, self._desk, self.env)
        self._last_result: weakref.ref[Result] | None = None
        self._plan_turn()

    # Time

    @property
    def now(self) -> datetime:
        """The present instant, in the scenario's time zone."""
        return self.scenario.clock.datetime(int(self.env.now))

    @property
    def elapsed(self) -> int:
        """Microseconds since the scenario's start."""
        return int(self.env.now)

    def __repr__(self) -> str:
        return f"Simulation({self.scenario.name!r}, seed={self.seed}, now={self.scenario.clock.iso(self.elapsed)})"

    def _repr_html_(self) -> str:
        from outboxsim.engine.notebook import simulation_html  # noqa: PLC0415 - nobody else draws

        return simulation_html(self)

    def run(self) -> Result:
        """Run to the horizon, what happens at the horizon itself included; the result."""
        self._run_to(self.scenario.horizon)
        return self.result

    def run_until(self, instant: Instant) -> None:
        """Run until everything at an instant has happened.

        Parameters
        ----------
        instant
            A moment as in scenario files (``"10:30"``, ``"day 2 09:00"``, ``"90 min"`` since the start), a timedelta since
            the start, a datetime (without a zone: in the scenario's), or whole microseconds since the start.

        Raises
        ------
        ValueError
            If the instant lies before now or after the horizon, or is no moment.
        """
        self._run_to(self._microseconds(instant))

    def step(self) -> datetime | None:
        """Let everything happen at the next instant at which something will, a submission too; that instant, None at the end."""
        instant = self.next_instant
        if instant is None:
            return None
        self._run_to(instant)
        return self.now

    @property
    def next_instant(self) -> int | None:
        """The next instant at which something will happen, a submission too, in microseconds since the start; None if nothing will."""
        instants = (one for one in (self._following(), self._foreign_instant()) if one is not None and one <= self.scenario.horizon)
        return min(instants, default=None)

    @property
    def has_begun(self) -> bool:
        """Whether anything has happened yet, what happens at the start itself included."""
        return self._settled >= 0

    @property
    def has_processes(self) -> bool:
        """Whether processes of your own have something to do in the environment."""
        return self._foreign_instant() is not None

    def microseconds(self, duration: str | timedelta) -> int:
        """A duration in the environment's time, for ``env.timeout`` in processes of your own."""
        return as_duration(duration)

    def moment(self, instant: Instant) -> int:
        """An instant as `run_until` takes it, in microseconds since the start; raises `ValueError` if it is none."""
        clock = self.scenario.clock
        if isinstance(instant, str):
            return clock.moment(instant, horizon=self.scenario.horizon)
        if isinstance(instant, timedelta):
            return as_duration(instant)
        if isinstance(instant, datetime):
            start = clock.datetime(0)
            return as_duration((instant if instant.tzinfo is not None else instant.replace(tzinfo=start.tzinfo)) - start)
        return instant

    def _microseconds(self, instant: Instant) -> int:
        clock = self.scenario.clock
        t = self.moment(instant)
        if not self.elapsed <= t <= self.scenario.horizon:
            where = "before now" if t < self.elapsed else "after the horizon"
            raise ValueError(f"{clock.iso(t)} lies {where}; runs go from {clock.iso(self.elapsed)} to {clock.iso(self.scenario.horizon)}")
        return t

    def _run_to(self, t: int, *, before: bool = False) -> None:
        """Run until everything at an instant has happened, or until all before it has and the clock stands there."""
        self._freeze_result()
        self._plan_turn()
        stop = simpy.Event(self.env)
        stop._ok, stop._value = True, None
        priority = _BEFORE_PRIORITY if before else _STOP_PRIORITY
        self.env.schedule(stop, priority=priority, delay=t - self.elapsed)  # type: ignore[arg-type]
        with _collector_paused():
            self.env.run(until=stop)
        if not before:
            self._settled = t

    # The outbox's turn

    def _plan_turn(self) -> None:
        """See to it that the outbox gets its turn at the next instant at which something will happen."""
        instant = self._next_instant()
        if self._turn is not None:
            if self._turn_at == instant:
                return
            self._turn.callbacks = ()
            self._turn = None
        if instant is not None:
            self._turn, self._turn_at = _Turn(self._take_turn), instant
            self.env.schedule(self._turn, priority=_OUTBOX_PRIORITY, delay=instant - self.elapsed)  # type: ignore[arg-type]

    def _next_instant(self) -> int | None:
        instant = self._dispatch.next_instant()
        if self._timeline_done < len(self._timeline):
            entry = self._timeline[self._timeline_done].at
            return entry if instant is None else min(instant, entry)
        return instant

    def _following(self) -> int | None:
        """The next instant for `step`: submissions count, though nothing but the clock moves at them."""
        world = self._world
        world.now = self.elapsed
        instant = self._next_instant()
        row = world.submitted_count
        if row < len(world.store) and (instant is None or world.store.submitted[row] < instant):
            return world.store.submitted[row]
        return instant

    def _foreign_instant(self) -> int | None:
        """The next instant at which a user's own process has something to do."""
        own: object = self._turn
        return min((int(entry[0]) for entry in self.env._queue if entry[3] is not own and entry[3].callbacks), default=None)

    def _take_turn(self, _: object) -> None:
        """Everything at this instant; then on, in place, for as long as nobody else has anything to do before.

        Going through SimPy's queue for each of our instants would cost as much as the outbox itself (measured), so its
        clock is moved on here while its queue holds nothing earlier.
        """
        self._turn = None
        world, env, queue = self._world, self.env, self.env._queue
        try:
            while True:
                world.now = int(env.now)
                self._settle()
                self._settled = world.now
                if self._invariants is None and any(channel.is_plain for channel in world.channels):
                    stop = min(int(queue[0][0]) if queue else NEVER, self._barrier())
                    known_ahead = (heap[0][0] for heap in (world.edges, world.ends) if heap)
                    self._dispatch.run_plain(min(stop, min(known_ahead, default=stop)), stop)
                instant = self._next_instant()
                if instant is None or (queue and queue[0][0] <= instant):
                    return
                env._now = instant
        except RunStopped:
            env._now = max(env._now, world.now)
            raise
        finally:
            self._plan_turn()

    def _barrier(self) -> int:
        """The next instant at which more than attempts may happen; edges of outages and ends of attempts are known ahead."""
        world = self._world
        heads = [world.wakes[0][0]] if world.wakes else []
        if self._timeline_done < len(self._timeline):
            heads.append(self._timeline[self._timeline_done].at)
        return min([*heads, world.arrivals.known_until, world.horizon + 1])

    def _settle(self) -> None:
        """Everything at this instant, in the order of L7."""
        self._open_instant()
        self._dispatch.drain()
        if self._invariants is not None:
            self._invariants.check()

    def _open_instant(self) -> None:
        """What comes before attempts at this instant: edges, submissions, the timeline."""
        world = self._world
        while world.edges and world.edges[0][0] == world.now:
            _, kind, _, edge = heappop(world.edges)
            world.apply_edge(kind, edge)
        if world.arrivals.known_until <= world.now:
            self._dispatch.next_instant()  # loads the submissions of this instant
        while self._timeline_done < len(self._timeline) and self._timeline[self._timeline_done].at == world.now:
            entry = self._timeline[self._timeline_done]
            self._timeline_done += 1
            self.timeline_outcomes.append(self._desk.run(entry))

    @contextmanager
    def _acting(self) -> Iterator[bool]:
        """An action from Python comes after the timeline of its instant and before what is due then (L7)."""
        self._freeze_result()
        settled = self._settled == self.elapsed
        self._world.now = self.elapsed
        self._open_instant()
        yield settled
        self._settle()
        self._settled = self.elapsed
        self._plan_turn()

    def repeat(self, action: journal.Action) -> None:
        """Run to an action's instant and do it again, refused or not.

        A new simulation of the same scenario, seed and replication in which all actions are repeated gives the same tables.

        Raises
        ------
        ValueError
            If its instant lies before now or after the horizon.
        """
        instant = self._microseconds(action.at)
        if action.settled or instant > self.elapsed:
            self._run_to(instant, before=not action.settled)
        if action.verb in journal.EMAIL_VERBS:
            self.bulk(action.verb, action.targets, by=action.by)
            return
        with suppress(Refused):
            getattr(self, action.verb)(*action.targets, **action.arguments, by=action.by)

    # What can be seen

    def email(self, email: str, *, by: str | None = None) -> EmailView:
        """What the page shows of an email now; raises `KeyError` if there is none that `by` may see."""
        self._world.now = self.elapsed
        row = self._world.find(email)
        standing = self._desk.standing(row, by)
        if row is None or standing is None or not standing.visible:
            raise KeyError(f"there is no email {email!r}")
        return EmailView(self._world, row)

    def outbox(self, user: str | None = None, view: View | str | None = None) -> list[EmailView]:
        """What a user's view of the outbox shows now, in order of submission; without a user, everything."""
        self._require_user(user)
        self._world.now = self.elapsed
        rows = self._desk.shown(user, None if view is None else View(view))
        return [EmailView(self._world, row) for row in rows]

    @property
    def people(self) -> People:
        """Who works with whom and sees what, as it is now; to look at, not to change."""
        return self._world.people

    def undo_window(self, user: str) -> int:
        """A user's present undo window in microseconds."""
        return self._world.undo_windows[self._world.codes.user(user)]

    @property
    def lister(self) -> Lister:
        """A quick look at views of the outbox, for a page that is drawn again and again."""
        return self._lister

    def is_enabled(self, connector: str) -> bool:
        """Whether a connector is enabled."""
        self._known(connector)
        return self._desk.channel(connector).enabled

    @property
    def result(self) -> Result:
        """The tables up to now; readable at any time, after an exception too."""
        from outboxsim.analysis.result import Result  # noqa: PLC0415 - the tables are above the engine

        self._freeze_result()
        self._world.now = self.elapsed
        result = Result.of(self._world.recording(self.seed))
        self._last_result = weakref.ref(result)
        return result

    def _freeze_result(self) -> None:
        """Let a result that somebody still holds keep the state it was taken at: this run goes on."""
        result = None if self._last_result is None else self._last_result()
        if result is not None:
            result.freeze()
        self._last_result = None


def run(scenario: Scenario | str | PathLike[str], seed: int | None = None) -> Result:
    """Run a scenario to its horizon.

    Parameters
    ----------
    scenario
        A scenario, or the path of a scenario file.
    seed
        Replaces the scenario's seed.

    Raises
    ------
    ScenarioInvalid
        If the file is no valid scenario; it holds every fault.
    RunStopped
        If the run passes `MAX_EVENTS` events.
    """
    return Simulation(scenario if isinstance(scenario, Scenario) else load(scenario), seed).run()


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No garbage collection during a run: there are no cycles to collect, and it is most of the superlinear growth."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
