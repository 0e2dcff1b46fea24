"""The smallest stage for a part of the page: a real session with a desktop around it that only remembers."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from outboxsim.scenario import Scenario
from outboxsim.widgets.desktop import Handler, Kind, Message, Part
from outboxsim.widgets.nodes import Element
from outboxsim.widgets.preferences import Preferences
from outboxsim.widgets.session import Session
from outboxsim.widgets.words import Words

if TYPE_CHECKING:
    from outboxsim.widgets.app import OutboxApp

#: greta leads payroll with lena and tom; udo is alone in billing; cy is admin and sees all; kim is in no team.
BASE: dict[str, Any] = {
    "outboxsim": 1,
    "name": "stage",
    "start": "2026-03-02T09:00:00",
    "time_zone": "Europe/Berlin",
    "horizon": "8 h",
    "teams": {"payroll": {"leaders": ["greta"], "members": ["lena", "tom"]}, "billing": {"members": ["udo"]}},
    "users": {"cy": {"admin": True, "access": "all"}, "lena": {"address": "lena@acme.example"}, "kim": {}},
    "work_items": {
        "T-1": {"type": "ticket", "team": "payroll", "assignee": "lena", "contact": "anna@kunde.example"},
        "C-2": {"type": "case", "team": "billing"},
    },
    "connectors": {"main": {"default": True, "latency": "2 s"}, "closed": {"enabled": False}, "strict": {"permanent_failure": "100 %"}},
    "retry": ["1 min", "5 min"],
}

#: One email of each status of the outbox, from lena; one that only udo (and cy) may see; one from the system.
EMAILS: list[dict[str, Any]] = [
    {"id": "waits", "at": "0 s", "from": "lena", "to": "a@kunde.example", "subject": "Waits", "send_at": "4 h", "work_item": "T-1"},
    {"id": "closed-door", "at": "0 s", "from": "lena", "to": "b@kunde.example", "subject": "Closed door", "via": "closed"},
    {"id": "given-up", "at": "0 s", "from": "lena", "to": "c@kunde.example", "subject": "Given up", "via": "strict", "work_item": "T-1"},
    {"id": "old", "at": "0 s", "from": "tom", "to": "d@kunde.example", "subject": "Old one", "migrated": True},
    {"id": "secret", "at": "0 s", "from": "udo", "to": "e@kunde.example", "subject": "Secret", "via": "strict", "work_item": "C-2"},
    {"id": "notice", "at": "0 s", "system": True, "to": "f@kunde.example", "subject": "Ticket split", "via": "closed", "work_item": "T-1"},
]


def scenario_of(**keys: Any) -> Scenario:
    """The base with other keys, and with `EMAILS` unless emails are given."""
    return Scenario.from_mapping({**BASE, "emails": EMAILS, **keys})


class StillPlayer:
    """A clock that only remembers what it was told."""

    def __init__(self) -> None:
        self.playing = False
        self.speed = 1.0

    def play(self, speed: float | None = None) -> None:
        self.playing = True
        self.speed = self.speed if speed is None else speed

    def pause(self) -> None:
        self.playing = False

    @property
    def is_as_fast_as_possible(self) -> bool:
        return self.speed == math.inf


class Stage:
    """A `Desktop` over a real session.

    ``stage = Stage(user="lena"); part = WorkItems(stage); stage.seat(part); stage.do("work_item.open", "T-1")``
    """

    def __init__(
        self, user: str = "lena", *, language: str = "en", until: str | None = "1 min", folder: Path | None = None, **keys: Any
    ) -> None:
        self.session = Session(scenario_of(**keys))
        if until is not None:
            self.session.run_until(self.session.scenario.clock.moment(until))
        self.player: Any = StillPlayer()
        self.user = user
        self.words = Words(language)
        self.preferences = Preferences((folder or Path(os.devnull)) / "preferences.json")
        self.opened: tuple[str, ...] | None = None
        self.announced: list[tuple[str, str]] = []
        self.refreshed = 0
        self.handlers: dict[str, Handler] = {}

    def announce(self, text: str, *, kind: Kind = "done") -> None:
        self.announced.append((kind, text))

    def open(self, dialog: str, *arguments: str) -> None:
        self.opened = (dialog, *arguments)

    def close(self) -> None:
        self.opened = None

    def refresh(self) -> None:
        self.refreshed += 1

    def seat(self, *parts: Part) -> None:
        """Let parts hear gestures."""
        for part in parts:
            self.handlers.update(part.handlers())

    def do(self, gesture: str, *arguments: Any, value: str | bool | None = None, form: Mapping[str, Any] | None = None) -> None:
        """A gesture, as the browser would report it; what a handler raises is raised here."""
        self.handlers[gesture](Message(gesture, arguments, value, form or {}))


def page_app(
    folder: Path, user: str | None = None, *, until: str = "1 min", app: Mapping[str, Any] | None = None, **keys: Any
) -> OutboxApp:
    """The whole page over a scenario, without charts, its preferences in a folder; `app`: what else `OutboxApp` is told."""
    from outboxsim.widgets.app import OutboxApp  # noqa: PLC0415 - parts of the page are tested without the whole

    told: dict[str, Any] = {"preferences": folder / "preferences.json", "charts": False, **(app or {})}
    page = OutboxApp(scenario_of(**keys), user, **told)
    page.session.run_until(page.session.scenario.clock.moment(until))
    return page


def tell(app: OutboxApp, gesture: str, *arguments: Any, value: str | bool | None = None, form: Mapping[str, Any] | None = None) -> None:
    """A message from the browser."""
    app.receive({"gesture": gesture, "arguments": list(arguments), "value": value, "form": form})


def screen_of(app: OutboxApp, name: str = "page") -> Element:
    """What a view of the page shows."""
    return app.drawn(name)
