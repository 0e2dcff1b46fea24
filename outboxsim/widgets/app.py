"""`OutboxApp`: the outbox page in a notebook or, by Voilà, as a page of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Final

import ipywidgets

from outboxsim.engine import Simulation
from outboxsim.quantities import format_duration
from outboxsim.scenario import Scenario, load
from outboxsim.widgets.calm import undisturbed
from outboxsim.widgets.desktop import Malformed
from outboxsim.widgets.nodes import Element
from outboxsim.widgets.page import Page
from outboxsim.widgets.people import first_user
from outboxsim.widgets.player import Player
from outboxsim.widgets.preferences import Preferences
from outboxsim.widgets.saying import STAYS
from outboxsim.widgets.session import Session
from outboxsim.widgets.studio import STUDIO
from outboxsim.widgets.view import View, gesture_report
from outboxsim.widgets.words import LANGUAGES, Words
from outboxsim.widgets.workplace import Workplace

#: Seconds between two redraws of what happens by itself: at most 5 a second.
_PAUSE: Final = 0.2

#: The view that people look at; it is drawn before the others.
_MAIN: Final = "page"


class OutboxApp(ipywidgets.VBox):
    """The outbox page of a simulation that goes on while people work with it.

    Parameters
    ----------
    simulation
        A simulation, a scenario, the path of a scenario file, or a session.
    user
        Who is logged in; None is the first who leads a team, else the first.
    language
        ``en`` or ``de``; None is what the user chose, else the scenario's.
    preferences
        The file in which choices of users are kept; None is one in the user's configuration folder.
    users
        Who may log in; None is everybody in the scenario.
    builder, charts
        Whether Builder (for admins) and the charts are on the page.

    Raises
    ------
    ScenarioInvalid
        If the file is no valid scenario.
    ValueError
        If the scenario has no users, or `user`, `users` or `language` is unknown.

    Examples
    --------
    >>> OutboxApp("lunch.outbox.yaml", user="greta")  # doctest: +SKIP
    """

    _is_closed = True  # until it is whole: one that could not be made has nothing to close

    def __init__(
        self,
        simulation: Simulation | Scenario | str | PathLike[str] | Session,
        user: str | None = None,
        *,
        language: str | None = None,
        preferences: str | PathLike[str] | None = None,
        users: Sequence[str] | None = None,
        builder: bool = True,
        charts: bool = True,
    ) -> None:
        kept = Preferences(preferences)
        session = simulation if isinstance(simulation, Session) else _session(simulation, kept)
        scenario = session.scenario
        user = first_user(scenario) if user is None else user
        users = tuple(scenario.users if users is None else users)
        _require_known((user, *users), language, scenario)
        self._is_busy = False
        self._timer: asyncio.TimerHandle | None = None
        player = Player(session, on_tick=self.refresh, on_error=self._stopped)
        self._workplace = Workplace(
            session,
            player,
            kept,
            user=user,
            users=users,
            language=language,
            builder=builder,
            charts=charts,
            redraw=self.refresh,
        )
        self._drawn: dict[str, Element] = {}
        self._views = {name: View(self.receive, self._malformed) for name in self._workplace.screens()}
        super().__init__(children=tuple(self._views.values()))
        self._is_closed = False
        STUDIO.open()
        session.listeners.append(self._changed)
        self.refresh()

    def __repr__(self) -> str:
        session, page = self.session, self.page
        at = session.scenario.clock.iso(session.elapsed)
        return f"OutboxApp({session.scenario.name!r}, user={self.user!r}, at={at}, view {page.view} of {page.count} emails)"

    @property
    def session(self) -> Session:
        """The run and its past."""
        return self._workplace.session

    @property
    def player(self) -> Player:
        """What lets the clock run."""
        return self._workplace.player

    @property
    def user(self) -> str:
        """Who is logged in."""
        return self._workplace.user

    @property
    def page(self) -> Page:
        """The page of who is logged in, without its looks."""
        return self._workplace.page

    @property
    def words(self) -> Words:
        """The language of the screens."""
        return self._workplace.words

    @property
    def preferences(self) -> Preferences:
        """What is kept for users."""
        return self._workplace.preferences

    @property
    def views(self) -> Mapping[str, View]:
        """The widgets of the page by name: ``clock``, ``page``, ``builder``, ``charts``."""
        return dict(self._views)

    @property
    def gestures(self) -> frozenset[str]:
        """The names of all gestures that the page understands."""
        return self._workplace.gestures

    # Gestures

    def receive(self, message: Mapping[str, Any]) -> None:
        """Do what a message from the browser asks for, as far as the user may, and draw what came of it.

        Parameters
        ----------
        message
            ``gesture``, ``arguments``, ``value`` and ``form``; what has another form is ignored, and the page says so.
        """
        if self._is_closed:
            return
        try:
            report = gesture_report(message)
        except Malformed as fault:
            self._malformed(str(fault))
            return
        self._is_busy = True
        try:
            self._workplace.receive(report)
        finally:
            self._is_busy = False
        self._stay_a_while()
        self.refresh()

    def _malformed(self, _reason: str) -> None:
        self._workplace.not_understood()
        self._stay_a_while()
        self.refresh()

    def _stopped(self, error: Exception) -> None:
        """The clock has stopped by itself: it is said why."""
        self._workplace.announce(str(error), kind="error")
        self._stay_a_while()
        self.refresh()

    def _stay_a_while(self) -> None:
        """What is said goes away by itself."""
        loop = _running_loop()
        if loop is not None:
            loop.call_later(STAYS, self.refresh)

    # Drawing

    def refresh(self) -> None:
        """Draw what changed. While a gesture is being dealt with nothing is drawn: that comes at its end."""
        if self._is_busy or self._is_closed:
            return
        self._is_busy = True
        try:
            with undisturbed():
                self._workplace.look()
                for name in sorted(self._views, key=_MAIN.__ne__):
                    self._show(name)
        finally:
            self._is_busy = False

    def _show(self, name: str) -> None:
        drawn = self._workplace.drawn(name)
        if drawn != self._drawn.get(name):  # rows that are the same objects compare at once
            self._drawn[name] = drawn
            self._views[name].show(drawn)

    def drawn(self, name: str) -> Element:
        """What a view shows, one of `views`."""
        return self._workplace.drawn(name)

    def _changed(self) -> None:
        """Something happened in the session, by whomever: draw it soon, and not too often."""
        if self._is_busy or self._is_closed or self.player.playing:
            return
        loop = _running_loop()
        if loop is None:
            self.refresh()
        elif self._timer is None:
            self._timer = loop.call_later(_PAUSE, self._draw_later)

    def _draw_later(self) -> None:
        self._timer = None
        self.refresh()

    # The end

    def close(self) -> None:
        """Stop the clock and take the page away; the session can go on elsewhere."""
        if self._is_closed:
            return
        self._is_closed = True
        self.player.pause()
        if self._timer is not None:
            self._timer.cancel()
        if self._changed in self.session.listeners:
            self.session.listeners.remove(self._changed)
        for shown in self._views.values():
            shown.close()
        STUDIO.close()
        super().close()


def _session(simulation: Simulation | Scenario | str | PathLike[str], kept: Preferences) -> Session:
    """A session in which users have what they chose earlier (P1), from its very start."""
    run = simulation if isinstance(simulation, Simulation | Scenario) else load(simulation)
    scenario = run if isinstance(run, Scenario) else run.scenario
    initial = {}
    for user in scenario.users:
        choice = kept.of(user)
        settings = {} if choice.view is None else {"view": str(choice.view)}
        if choice.undo_window is not None:
            settings["undo_window"] = format_duration(choice.undo_window)
        initial[user] = settings
    return Session(run, initial=initial)


def _require_known(users: Sequence[str], language: str | None, scenario: Scenario) -> None:
    unknown = [repr(name) for name in users if name not in scenario.users]
    if unknown:
        raise ValueError(f"{', '.join(dict.fromkeys(unknown))}: no users of the scenario (known: {', '.join(scenario.users)})")
    if language is not None and language not in LANGUAGES:
        raise ValueError(f"{language!r} is no language of the page; there are {', '.join(LANGUAGES)}")


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
