"""What the tables of a run are made from."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outboxsim.engine.arrivals import EmailText, Source
from outboxsim.engine.store import EmailStore
from outboxsim.engine.trace import Trace
from outboxsim.outbox import People
from outboxsim.scenario import Scenario

if TYPE_CHECKING:
    from outboxsim.engine.world import World


@dataclass(frozen=True, slots=True)
class Recording:
    """A run as it stands at an instant: everything that its tables are made from.

    Attributes
    ----------
    rows
        How many emails have been submitted.
    next_tries
        Connectors whose emails wait for them, and until when (scope: connector).
    world
        Where the run goes on, for as long as anybody can let it go on or ask it.
    """

    scenario: Scenario
    seed: int
    now: int
    rows: int
    store: EmailStore
    trace: Trace
    sources: tuple[Source, ...]
    users: list[str]
    people: People
    next_tries: dict[int, int]
    probes: set[int]
    world: weakref.ref[World]

    @property
    def is_all_that_is_left(self) -> bool:
        """Whether nothing of the run but this record is still in use, so that its columns may be handed over."""
        return self.world() is None

    def text(self, email: int) -> EmailText:
        """What an email says."""
        return self.sources[self.store.source[email]].text(self.store.number[email])


def initial_settings(scenario: Scenario) -> dict[str, object]:
    """What the tables must know of people, work items and connectors to rebuild any view: the first event of a run."""
    return {
        "teams": {name: {"leaders": list(team.leaders), "members": list(team.members)} for name, team in scenario.teams.items()},
        "users": {
            name: {
                "view": None if user.view is None else str(user.view),
                "access": "all" if user.access == "all" else list(user.access),
                "admin": user.admin,
            }
            for name, user in scenario.users.items()
        },
        "work_items": {
            name: {"type": item.type, "team": item.team, "assignee": item.assignee} for name, item in scenario.work_items.items()
        },
        "connectors": {
            name: {"enabled": connector.enabled, "capacity": connector.capacity} for name, connector in scenario.connectors.items()
        },
    }
