"""Who works with whom, and who may see what (P1 to P3).

`People` is what the engine knows while it runs and what a result rebuilds from the events: teams never change,
access, administrators, views and the assignment of work items do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from outboxsim.outbox.words import View

Access = frozenset[str] | Literal["all"]


@dataclass(frozen=True, slots=True)
class WorkItemDesk:
    """Where a work item lies: its `team`, and its `assignee`, whose teams then work on it instead."""

    team: str | None = None
    assignee: str | None = None


@dataclass(slots=True)
class People:
    """Teams, access, administrators, chosen views, and who works on which work item.

    Parameters
    ----------
    teams
        For each team, in file order, its leaders and its members.
    access
        For each user the other teams whose emails are seen under *all*, or ``"all"``.
    admins
        The users with Builder rights.
    views
        The view that a user chose (kept after logging out and in); left out: by P1.
    work_items
        For each work item where it lies.
    """

    teams: Mapping[str, tuple[Collection[str], Collection[str]]]
    access: dict[str, Access] = field(default_factory=dict)
    admins: set[str] = field(default_factory=set)
    views: dict[str, View] = field(default_factory=dict)
    work_items: dict[str, WorkItemDesk] = field(default_factory=dict)
    _teams_of: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False)
    _mates: dict[str, frozenset[str]] = field(default_factory=dict, init=False)

    def teams_of(self, user: str) -> tuple[str, ...]:
        """The user's teams in file order; leaders are members too (P1)."""
        if user not in self._teams_of:
            self._teams_of[user] = tuple(name for name, (leaders, members) in self.teams.items() if user in leaders or user in members)
        return self._teams_of[user]

    def mates_of(self, user: str) -> frozenset[str]:
        """Everybody in the user's teams, the user included if in one."""
        if user not in self._mates:
            teams = (self.teams[name] for name in self.teams_of(user))
            self._mates[user] = frozenset(mate for leaders, members in teams for mate in (*leaders, *members))
        return self._mates[user]

    def leads(self, user: str) -> bool:
        """Whether the user leads a team."""
        return any(user in leaders for leaders, _ in self.teams.values())

    def view_of(self, user: str) -> View:
        """The user's current view: the chosen one, else *team* for who leads a team and *mine* for others (P1)."""
        return self.views.get(user) or (View.TEAM if self.leads(user) else View.MINE)

    def teams_working_on(self, work_item: str | None) -> tuple[str, ...]:
        """The teams of the work item's assignee, or without one its `team` (P2)."""
        desk = self.work_items.get(work_item) if work_item is not None else None
        if desk is None:
            return ()
        if desk.assignee is not None:
            return self.teams_of(desk.assignee)
        return (desk.team,) if desk.team is not None else ()

    def works_on(self, user: str, work_item: str) -> bool:
        """Whether the user is among the people and leaders who work on the work item (P3)."""
        desk = self.work_items.get(work_item)
        return desk is not None and (desk.assignee == user or not set(self.teams_of(user)).isdisjoint(self.teams_working_on(work_item)))

    def assign(self, work_item: str, assignee: str) -> None:
        """Give a work item to somebody; its `team` stays as it is (P2)."""
        self.work_items[work_item] = WorkItemDesk(self.work_items[work_item].team, assignee)

    def shows(self, view: View, user: str, sender: str | None, work_item: str | None, *, system: bool) -> bool:
        """Whether `view` of `user` shows an email of this sender and work item (P2)."""
        if view is View.MINE:
            return self._is_mine(user, sender)
        if view is View.TEAM:
            return self._is_teams(user, sender, work_item)
        if view is View.SYSTEM and not system:
            return False
        return self.sees(user, sender, work_item)

    def sees(self, user: str, sender: str | None, work_item: str | None) -> bool:
        """Whether `user` may see an email at all: what *all* would show (P2, P3)."""
        return self._is_mine(user, sender) or self._is_teams(user, sender, work_item) or self._has_access(user, sender, work_item)

    def _is_mine(self, user: str, sender: str | None) -> bool:
        return sender is not None and sender == user

    def _is_teams(self, user: str, sender: str | None, work_item: str | None) -> bool:
        if sender is not None and sender in self.mates_of(user):
            return True
        return work_item is not None and self.works_on(user, work_item)

    def _has_access(self, user: str, sender: str | None, work_item: str | None) -> bool:
        access = self.access.get(user, frozenset())
        if access == "all":
            return True
        belongs_to = (*(self.teams_of(sender) if sender is not None else ()), *self.teams_working_on(work_item))
        return not access.isdisjoint(belongs_to)
