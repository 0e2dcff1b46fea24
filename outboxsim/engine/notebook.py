"""How a simulation looks in a notebook: how far it is, what is in the outbox, and how its connectors are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from outboxsim.engine.glance import ConnectorNow, connectors_now, status_moves
from outboxsim.markup import block, facts, table
from outboxsim.outbox import SendStatus
from outboxsim.quantities import format_duration

if TYPE_CHECKING:
    from outboxsim.engine.simulation import Simulation
    from outboxsim.quantities import Clock


def simulation_html(simulation: Simulation) -> str:
    """A simulation at its present instant."""
    scenario, elapsed = simulation.scenario, simulation.elapsed
    clock, horizon = scenario.clock, max(scenario.horizon, 1)
    following = simulation.next_instant
    told = [
        ("Now", f"{clock.iso(elapsed)}, {format_duration(elapsed)} of {format_duration(scenario.horizon)} ({elapsed / horizon:.0%})"),
        ("Next", "nothing" if following is None else f"something at {clock.iso(following)}"),
        ("Seed", f"{simulation.seed}, replication {simulation.replication}"),
        ("Retry", scenario.retry.name or repr(scenario.retry)),
    ]
    rows = [(_words(status), f"{number:,}") for status, number in _emails_by_status(simulation).items()]
    connectors = [_connector(one, clock) for one in connectors_now(simulation)]
    return block(
        "simulation",
        f"Simulation of {scenario.name or '(no name)'}",
        facts(told),
        table(["status", "emails"], rows, caption="Emails submitted so far"),
        table(["connector", "is", "retry"], connectors, caption="Connectors", left=3),
    )


def _emails_by_status(simulation: Simulation) -> dict[SendStatus, int]:
    moves = status_moves(simulation)
    numbers = np.zeros(len(SendStatus), dtype=np.int64)
    for codes, step in ((moves.after, 1), (moves.before, -1)):
        np.add.at(numbers, codes[codes >= 0], step)
    return {status: int(numbers[status]) for status in SendStatus}


def _words(status: SendStatus) -> str:
    return status.word.replace("_", " ")


def _connector(one: ConnectorNow, clock: Clock) -> tuple[str, str, str]:
    states = [] if one.enabled else ["disabled"]
    if one.outage is not None:
        until = "" if one.outage.until is None else f" until {clock.iso(one.outage.until)}"
        states.append(f"in outage ({one.outage.kind}: {one.outage.error}){until}")
    if one.breaker_open_until is not None:
        states.append(f"left alone by its breaker until {clock.iso(one.breaker_open_until)}")
    return one.name, ", ".join(states) or "enabled", one.retry.name or repr(one.retry)
