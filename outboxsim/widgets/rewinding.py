"""A run that can be rewound: the clock goes forward and back, and who acts in the past begins a branch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from outboxsim.engine import Simulation
from outboxsim.engine.actions import Instant
from outboxsim.engine.journal import Action
from outboxsim.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Branch:
    """One course of events.

    Attributes
    ----------
    number
        Its place among the session's branches; it never changes.
    actions
        What was done in it, from the start on.
    last_instant
        How far it has ever come, in microseconds since the start.
    parent, forked_at
        The branch that it left, and at which instant; None of the first branch.
    """

    number: int
    actions: tuple[Action, ...] = ()
    last_instant: int = 0
    parent: int | None = None
    forked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """What a run is made anew from."""

    scenario: Scenario
    seed: int
    replication: int
    max_events: int

    def simulation(self, actions: Iterable[Action] = ()) -> Simulation:
        """The run after some actions."""
        simulation = Simulation(self.scenario, self.seed, replication=self.replication, max_events=self.max_events)
        for action in actions:
            simulation.repeat(action)
        return simulation


class Rewindable:
    """The part of `Session` that moves the clock.

    A simulation is rewound by making it anew with the same seed and the same actions.
    """

    def __init__(self, simulation: Simulation) -> None:
        if simulation.has_processes:
            raise ValueError("a session cannot rewind processes of your own; use the simulation without them")
        self.simulation = simulation
        self.listeners: list[Callable[[], None]] = []
        self._origin = Origin(simulation.scenario, simulation.seed, simulation.replication, simulation.max_events)
        self._branches = [Branch(0)]
        self._number = 0
        self._done = len(simulation.actions)
        self._ahead: list[Action] = []  # actions of this branch after the present instant
        self._last_instant = simulation.elapsed

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self._origin.scenario

    @property
    def horizon(self) -> int:
        """The end, in microseconds since the start."""
        return self.scenario.horizon

    @property
    def elapsed(self) -> int:
        """The present instant, in microseconds since the start."""
        return self.simulation.elapsed

    @property
    def now(self) -> datetime:
        """The present instant, in the scenario's time zone."""
        return self.simulation.now

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return self._origin.seed

    # The clock

    def run_until(self, t: Instant, *, tell: bool = True) -> None:
        """Let everything up to an instant happen, actions that lie ahead included.

        Parameters
        ----------
        t
            The instant.
        tell
            Whether listeners hear of it; who comes here many times a second calls `tell` now and then.

        Raises
        ------
        ValueError
            If the instant lies before now or after the horizon, or is no moment.
        """
        self._note()
        t = self._within(t)
        if t < self.elapsed:
            raise ValueError(f"{self.scenario.clock.iso(t)} lies before now; jump goes back")
        self._advance(t)
        self._last_instant = max(self._last_instant, self.elapsed)
        if tell:
            self.tell()

    def step(self) -> bool:
        """Let everything happen at the next instant at which something will, else go to the horizon; whether something happened."""
        self._note()
        happened = self._step()
        self._changed()
        return happened

    def jump(self, t: Instant) -> None:
        """Go to an instant, forward or back; going back loses nothing, what was done lies ahead then.

        Raises
        ------
        ValueError
            If the instant lies before the start or after the horizon, or is no moment.
        """
        self._note()
        t = self._within(t)
        if t < self.elapsed:
            self._rebuild((*self.simulation.actions, *self._ahead), t)
        else:
            self._advance(t)
        self._changed()

    def _within(self, instant: Instant) -> int:
        t = self.simulation.moment(instant)
        if not 0 <= t <= self.horizon:
            iso = self.scenario.clock.iso
            raise ValueError(f"{iso(t)} lies outside the simulation, which goes from {iso(0)} to {iso(self.horizon)}")
        return t

    def _advance(self, t: int) -> None:
        while self._ahead and self._ahead[0].at <= t:
            self.simulation.repeat(self._ahead[0])
            del self._ahead[0]
            self._done = len(self.simulation.actions)
        self.simulation.run_until(t)

    def _step(self) -> bool:
        instants = [self._ahead[0].at] if self._ahead else []
        following = self.simulation.next_instant
        instant = min(instants if following is None else [*instants, following], default=None)
        if instant is not None:
            self._advance(instant)
            return True
        self._advance(self.horizon)
        return False

    def _rebuild(self, actions: Sequence[Action], t: int) -> None:
        """Make the run anew up to an instant, with the actions up to it; the others lie ahead."""
        simulation = self._origin.simulation(action for action in actions if action.at <= t)
        simulation.run_until(t)
        self.simulation = simulation
        self._done = len(simulation.actions)
        self._ahead = [action for action in actions if action.at > t]

    # Past, future, branches

    @property
    def actions(self) -> Sequence[Action]:
        """Everything that was done in this branch, also what lies ahead after a rewind: it happens again when the clock reaches it."""
        self._note()
        return (*self.simulation.actions, *self._ahead)

    @property
    def in_past(self) -> bool:
        """Whether this branch has been further; who acts now begins a branch, and this one is kept."""
        self._note()
        return self.elapsed < self._last_instant

    @property
    def last_instant(self) -> int:
        """How far this branch has ever come, in microseconds since the start."""
        self._note()
        return self._last_instant

    @property
    def branches(self) -> Sequence[Branch]:
        """All courses of events so far, the present one among them."""
        self._note()
        return tuple(self._described() if branch.number == self._number else branch for branch in self._branches)

    @property
    def branch(self) -> int:
        """The number of the present branch."""
        return self._number

    def switch(self, number: int) -> None:
        """Go over to another branch, at this instant if it has come so far, else where it ends.

        Raises
        ------
        ValueError
            If there is no such branch.
        """
        self._note()
        if not 0 <= number < len(self._branches):
            raise ValueError(f"there is no branch {number}; there are {len(self._branches)}, counted from 0")
        if number != self._number:
            left, chosen = self._described(), self._branches[number]
            self._rebuild(chosen.actions, min(self.elapsed, chosen.last_instant))
            self._branches[self._number] = left
            self._number, self._last_instant = number, chosen.last_instant
        self._changed()

    def _described(self) -> Branch:
        """The present branch as it stands."""
        actions = (*self.simulation.actions[: self._done], *self._ahead)
        return replace(self._branches[self._number], actions=actions, last_instant=self._last_instant)

    def _fork(self) -> None:
        """Begin a branch if this one has been further, and keep this one."""
        if self._ahead or self.elapsed < self._last_instant:
            self._branches[self._number] = self._described()
            self._branches.append(Branch(len(self._branches), parent=self._number, forked_at=self.elapsed))
            self._number = len(self._branches) - 1
            self._ahead.clear()
            self._last_instant = self.elapsed

    def _note(self) -> None:
        """Take note of what was done with the simulation itself, past this session."""
        done = len(self.simulation.actions)
        if done > self._done or (self._ahead and self._ahead[0].at <= self.elapsed):
            self._fork()
            self._done = done
        self._last_instant = max(self._last_instant, self.elapsed)

    def _changed(self) -> None:
        self._last_instant = max(self._last_instant, self.elapsed)
        self.tell()

    def tell(self) -> None:
        """Call the listeners."""
        for listener in tuple(self.listeners):
            listener()
