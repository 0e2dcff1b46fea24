"""The part of the page in which people log in and out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from outboxsim.widgets.desktop import Desktop, Handler, Message
from outboxsim.widgets.nodes import Element
from outboxsim.widgets.screens.login import Person, logged_out, login_dialog

if TYPE_CHECKING:
    from outboxsim.scenario import Scenario


class NoUsers(ValueError):
    """A scenario without users has no outbox page to show."""


def first_user(scenario: Scenario) -> str:
    """Who logs in unless somebody is named: the first who leads a team, else the first.

    Raises
    ------
    NoUsers
        If the scenario has none.
    """
    if not scenario.users:
        raise NoUsers(
            "the scenario has no users, and the outbox page is always somebody's; write for example"
            " `teams: {office: {leaders: [greta], members: [lena]}}`"
        )
    leaders = {name for team in scenario.teams.values() for name in team.leaders}
    return next((name for name in scenario.users if name in leaders), next(iter(scenario.users)))


class People:
    """Who may log in, and logging in and out.

    Parameters
    ----------
    desktop
        The page.
    users
        Who may log in, in this order.
    log_in
        Makes somebody the user of the page.
    log_out
        Takes away what was only for the user.
    """

    def __init__(self, desktop: Desktop, users: Sequence[str], log_in: Callable[[str], None], log_out: Callable[[], None]) -> None:
        self._desktop = desktop
        self._users = tuple(users)
        self._log_in = log_in
        self._log_out = log_out
        self.is_logged_out = False

    def handlers(self) -> Mapping[str, Handler]:
        """What is done about which gesture."""
        return {"login.open": lambda _: self._desktop.open("login"), "login.as": self._as, "login.out": self._out}

    def _as(self, message: Message) -> None:
        desktop, name = self._desktop, message.text()
        if name not in self._users:
            desktop.announce(desktop.words("There is no such user to log in as."), kind="refused")
            return
        self.is_logged_out = False
        self._log_in(name)
        desktop.announce(desktop.words("Logged in as {user}.", user=name))

    def _out(self, _message: Message) -> None:
        while self._desktop.opened is not None:
            self._desktop.close()
        self.is_logged_out = True
        self._log_out()

    def _people(self) -> list[Person]:
        session = self._desktop.session
        teams = session.scenario.teams
        return [
            Person(
                name,
                leads=tuple(team for team, people in teams.items() if name in people.leaders),
                member_of=tuple(team for team, people in teams.items() if name in people.members and name not in people.leaders),
                is_admin=session.is_admin(name),
            )
            for name in self._users
        ]

    def screen(self) -> Element:
        """What who has logged out sees."""
        return logged_out(self._desktop.words, self._people())

    def dialog(self) -> Element | None:
        """The dialog in which another user is chosen, while it is open."""
        desktop = self._desktop
        return login_dialog(desktop.words, self._people(), desktop.user) if desktop.opened == ("login",) else None
