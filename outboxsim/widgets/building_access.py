"""Builder's part about access: which other teams' emails a user may see, and who is an admin (spec/outbox.md B2, P2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from outboxsim.engine.glance import rights_now
from outboxsim.widgets.desktop import Desktop, Handler, Malformed, Message
from outboxsim.widgets.screens.builder_access import AccessCard, UserRow

if TYPE_CHECKING:
    from outboxsim.widgets.builder_changes import Changes
    from outboxsim.widgets.builder_words import BuilderWords


class AccessRights:
    """The users' rights, and the form of the chosen one.

    Parameters
    ----------
    desktop
        The page.
    changes
        Makes the changes.
    """

    def __init__(self, desktop: Desktop, changes: Changes) -> None:
        self._desktop = desktop
        self._changes = changes
        self._user: str | None = None

    def handlers(self) -> Mapping[str, Handler]:
        """What is done about which gesture."""
        return {"builder.user": self._choose, "builder.access": self._change}

    def _known(self, message: Message) -> str:
        user = message.text()
        if user not in self._desktop.session.scenario.users:
            raise Malformed(f"there is no user {user!r}")
        return user

    def _choose(self, message: Message) -> None:
        user = self._known(message)
        self._user = None if self._user == user else user

    def _change(self, message: Message) -> None:
        user = self._known(message)
        access, is_admin = rights_now(self._desktop.session.simulation, user)
        others = self._other_teams(user)
        wanted: Any = [team for number, team in enumerate(others) if message.is_checked(f"team{number}")]
        if access != "all":
            wanted += sorted(access - set(others))  # a file may name teams of his own, too
        if message.is_checked("all"):
            wanted = "all"
        settings: dict[str, Any] = {}
        if (wanted if wanted == "all" else frozenset(wanted)) != access:
            settings["access"] = wanted
        if message.is_checked("admin") != is_admin:
            settings["admin"] = not is_admin
        self._changes.apply("access", {"users": {user: settings}} if settings else {}, {}, last="access")

    def _other_teams(self, user: str) -> list[str]:
        own = self._desktop.session.simulation.people.teams_of(user)
        return [team for team in self._desktop.session.scenario.teams if team not in own]

    # Screen

    def rows(self, texts: BuilderWords) -> list[UserRow]:
        """All users with their rights."""
        simulation = self._desktop.session.simulation
        rows = []
        for user in self._desktop.session.scenario.users:
            access, is_admin = rights_now(simulation, user)
            rows.append(UserRow(user, ", ".join(simulation.people.teams_of(user)), texts.access(access), is_admin))
        return rows

    def card(self) -> AccessCard | None:
        """The form of the chosen user; None if none is chosen."""
        if self._user is None:
            return None
        access, is_admin = rights_now(self._desktop.session.simulation, self._user)
        teams = [(team, access != "all" and team in access) for team in self._other_teams(self._user)]
        return AccessCard(self._user, teams, access == "all", is_admin)
