"""What the page shows of one email."""

from __future__ import annotations

from datetime import datetime

from outboxsim.engine.store import NONE
from outboxsim.engine.world import World
from outboxsim.outbox import SendStatus


class EmailView:
    """What the page shows of one email at the simulation's present instant; see `Simulation.email`."""

    __slots__ = (
        "attempts",
        "connector",
        "id",
        "in_flight",
        "last_attempt",
        "last_error",
        "logged",
        "next_attempt",
        "sender",
        "status",
        "subject",
        "to",
        "work_item",
    )

    def __init__(self, world: World, email: int) -> None:
        store, clock = world.store, world.scenario.clock
        text = world.text(email)

        def instant(t: int) -> datetime | None:
            return None if t == NONE else clock.datetime(t)

        self.id = text.id
        self.to = text.to
        self.subject = text.subject
        self.sender = world.sender_name(email)
        self.work_item = world.work_item_name(email)
        self.status = SendStatus(store.status[email])
        self.attempts = store.attempts[email]
        self.next_attempt = instant(world.shown_next_attempt(email))
        self.last_attempt = instant(store.last_attempt[email])
        self.logged = instant(store.logged[email])
        self.last_error = None if store.last_error[email] == NONE else world.trace.errors[store.last_error[email]]
        self.connector = world.channels[store.connector[email]].name
        self.in_flight = email in world.flights

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={getattr(self, name)!r}" for name in ("status", "attempts", "next_attempt", "in_flight"))
        return f"EmailView({self.id!r}, {parts})"
