"""A simulation with a past and a future in which people act: what the outbox page runs on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from outboxsim.engine import Simulation
from outboxsim.engine.journal import EMAIL_VERBS
from outboxsim.engine.listing import ListedEmail, Listing
from outboxsim.errors import OutboxsimError
from outboxsim.outbox import Action as OnEmail
from outboxsim.outbox import Reason, Refused, View, refusal_text
from outboxsim.scenario import Scenario
from outboxsim.scenario.readers import read_name
from outboxsim.widgets.export import Course, exported
from outboxsim.widgets.rewinding import Branch, Rewindable

__all__ = ["Branch", "Session", "SessionOver"]


class SessionOver(OutboxsimError, ValueError):
    """The clock stands at the horizon: nothing more can be done."""


class Session(Rewindable):
    """A simulation that people act in, and that can be rewound.

    Parameters
    ----------
    simulation
        A simulation, as far as it has come, or a scenario.
    initial
        Settings of users to begin with, such as ``{"lena": {"undo_window": "10 s"}}``; those of others are left aside. They are
        changed at the very start, or now if the simulation has begun.

    Attributes
    ----------
    simulation
        The present one. Rewinding makes a new one: never keep it.
    listeners
        Called after anything changed.

    Notes
    -----
    Every action takes place in a microsecond of its own after the present instant, at which nothing else happens. So the
    order of an action and whatever is due cannot be in doubt, and a scenario file replays it exactly.

    A simulation is rewound by making it anew with the same seed and the same actions. Processes of your own in its environment
    would be lost: a simulation that has some makes no session.
    """

    def __init__(self, simulation: Simulation | Scenario, *, initial: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        super().__init__(Simulation(simulation) if isinstance(simulation, Scenario) else simulation)
        self._begin(initial or {})
        self._note()

    def _begin(self, initial: Mapping[str, Mapping[str, Any]]) -> None:
        known = {user: {"users": {user: dict(settings)}} for user, settings in initial.items() if user in self.scenario.users and settings}
        if self.simulation.has_begun:
            for user, settings in known.items() if self.elapsed < self.horizon else ():
                self.act("change", settings, by=user)
            return
        for user, settings in known.items():
            self.simulation.change(settings, by=user)
        self.simulation.run_until(0)

    # What people do

    def act(self, verb: str, *targets: Any, by: str | None, **arguments: Any) -> None:
        """Do something as somebody; `verb` is a method of `Simulation`.

        Parameters
        ----------
        verb
            ``retry``, ``cancel``, ``send_now``, ``undo``, ``submit``, ``enable``, ``disable``, ``outage``, ``change``, ``split``,
            ``share``, ``merge`` or ``assign``.
        targets, arguments
            Those of the method.
        by
            Who does it; None is whoever runs the simulation, and may do everything.

        Raises
        ------
        Refused
            If the rules refuse it. It is on record then, as the tables have it.
        SessionOver
            If the clock stands at the horizon.
        ValueError, ScenarioInvalid
            If it is invalid; nothing has happened then.
        """
        self._note()
        self._require_known(verb, targets, by)
        self.simulation.rehearse(verb, *targets, by=by, **arguments)
        self._to_own_microsecond()
        try:
            getattr(self.simulation, verb)(*targets, by=by, **arguments)
        finally:
            self._acted()

    def bulk(self, verb: str, emails: Iterable[str], by: str | None) -> list[tuple[str, Reason | None]]:
        """Do the same to several emails at once; for each None, or the reason for which it was refused (G3).

        All of it takes place in one microsecond, and is one entry of the exported timeline.
        """
        self._note()
        ids = list(dict.fromkeys(emails))
        sound = [email for email in ids if _is_name(email)]
        self.simulation.rehearse(verb, *sound[:1] or [""], by=by)
        answers: dict[str, Reason | None] = dict.fromkeys(ids, Reason.UNKNOWN_EMAIL)
        if sound:
            self._to_own_microsecond()
            try:
                answers.update(self.simulation.bulk(verb, sound, by=by))
            finally:
                self._acted()
        return list(answers.items())

    def _require_known(self, verb: str, targets: tuple[Any, ...], by: str | None) -> None:
        """What no file could name is an unknown email to everybody, and stays out of the record."""
        if verb in EMAIL_VERBS and len(targets) == 1 and not _is_name(targets[0]):
            self.simulation.rehearse(verb, "", by=by)
            raise Refused(Reason.UNKNOWN_EMAIL, refusal_text(OnEmail(verb), str(targets[0]), Reason.UNKNOWN_EMAIL, None))

    def _to_own_microsecond(self) -> None:
        """Go to the next instant at which nothing else happens; what lay ahead belongs to another branch from now on."""
        if self.elapsed >= self.horizon:
            raise SessionOver(f"the simulation is over ({self.scenario.clock.iso(self.horizon)}): nothing more can be done; go back first")
        self._fork()
        following = self.simulation.next_instant
        while following is not None and following == self.elapsed + 1 <= self.horizon:
            self.simulation.run_until(following)
            following = self.simulation.next_instant
        if self.elapsed >= self.horizon:
            raise SessionOver("something happens in every microsecond up to the horizon: nothing more can be done; go back first")
        self.simulation.run_until(self.elapsed + 1)

    def _acted(self) -> None:
        self._done = len(self.simulation.actions)
        self._changed()

    # What can be seen

    def step_to_change(self, user: str) -> bool:
        """Go to the next instant after which the user's outbox shows something else (in his view), else to the horizon; whether it does."""
        self._note()
        listing = self.listing(user)
        try:
            while self._step():
                if listing.has_changed():
                    return True
            return listing.has_changed()
        finally:
            self._changed()

    def listing(self, user: str | None, view: View | str | None = None) -> Listing:
        """What a user's view of the outbox shows now; the view left out: the user's own; without a user, everything."""
        self._require_user(user)
        return self.simulation.lister.listing(user, None if view is None else View(view))

    def email(self, email_id: str, by: str | None) -> ListedEmail:
        """An email as it stands now, one that has left the outbox too; raises `KeyError` if there is none that `by` may see."""
        self._require_user(by)
        lister = self.simulation.lister
        return lister.email(lister.row_of(email_id, by))

    def emails_of(self, work_item: str, by: str | None) -> list[ListedEmail]:
        """The emails of a work item that `by` may see, also those that have left the outbox, in order of submission."""
        self._require_user(by)
        lister = self.simulation.lister
        return [lister.email(row) for row in lister.of_work_item(work_item, by).tolist()]

    def history(self, email_id: str, by: str | None) -> list[tuple[int, str, dict[str, Any]]]:
        """What happened to an email: instant, event, and its detail; raises `KeyError` if there is none that `by` may see."""
        self._require_user(by)
        self.simulation.lister.row_of(email_id, by)
        return self.simulation.result.email_history(email_id)

    def undo_window(self, user: str) -> int:
        """A user's present undo window in microseconds; 0 if it is off (G7)."""
        self._require_user(user)
        return self.simulation.undo_window(user)

    def view_of(self, user: str) -> View:
        """A user's present view: the chosen one, else by P1."""
        self._require_user(user)
        return self.simulation.people.view_of(user)

    def is_admin(self, user: str) -> bool:
        """Whether a user has Builder rights now (P3)."""
        self._require_user(user)
        return user in self.simulation.people.admins

    def _require_user(self, user: str | None) -> None:
        if user is not None and user not in self.scenario.users:
            raise ValueError(f"{user!r} is no user of the scenario (known: {', '.join(self.scenario.users) or 'none'})")

    # Export

    def export(self, name: str | None = None, description: str | None = None, expect: Sequence[Mapping[str, Any]] | None = None) -> str:
        """A scenario file that replays this branch, what lies ahead included.

        It is the scenario's own file with the actions added to its timeline (comments kept), or the same content written anew.

        Parameters
        ----------
        name, description
            Replace those of the scenario.
        expect
            Expectations as a file writes them. If anything was done they take the place of the scenario's own, which are about a
            run in which nobody acts.

        Raises
        ------
        NotExportable
            If no file can say what was done, or the file would not give the same tables; the message says why. It is tried out.
        """
        self._note()
        actions, until = self.actions, self._last_instant

        def simulate() -> Simulation:
            simulation = self._origin.simulation(actions)
            simulation.run_until(until)
            return simulation

        return exported(Course(self.simulation, actions, until, simulate), name=name, description=description, expect=expect)


def _is_name(value: object) -> bool:
    """Whether a file could name an email like this."""
    try:
        read_name(value).encode()
    except ValueError:
        return False
    return True
