"""The smallest stages for the engine's rules."""

from __future__ import annotations

from typing import Any

import pytest

from outboxsim.engine import Simulation
from outboxsim.scenario import Scenario


def scenario_of(**keys: Any) -> Scenario:
    """A scenario of one connector, an office and a day, changed and completed by `keys`."""
    base: dict[str, Any] = {
        "outboxsim": 1,
        "name": "stage",
        "start": "2026-03-02T09:00:00",
        "horizon": "8 h",
        "teams": {"payroll": {"leaders": ["greta"], "members": ["lena", "tom"]}, "billing": {"members": ["udo"]}},
        "users": {"cy": {"admin": True, "access": "all"}},
        "connectors": {"main": {}},
        "retry": ["1 min", "5 min"],
    }
    base.update(keys)
    return Scenario.from_mapping(base)


@pytest.fixture
def simulate():
    """A checked simulation of a small scenario: ``simulate(retry=[...], emails=[...])``."""

    def build(*, seed: int | None = None, **keys: Any) -> Simulation:
        return Simulation(scenario_of(**keys), seed, check_invariants=True)

    return build


def minutes(n: float) -> int:
    return round(n * 60_000_000)


def seconds(n: float) -> int:
    return round(n * 1_000_000)


def email(name: str, at: str = "0 s", **keys: Any) -> dict[str, Any]:
    """An email of lena's."""
    return {"id": name, "at": at, "from": "lena", "to": f"{name}@kunde.example", "subject": name, **keys}
