"""Small, quick scenarios for tests of studies."""

from __future__ import annotations

from outboxsim.scenario import Scenario


def scenario_of(**keys):
    """A morning with a failing server: about 40 emails, some milliseconds a run."""
    base = {
        "outboxsim": 1,
        "name": "Morning",
        "start": "2026-03-02T09:00:00",
        "horizon": "4 h",
        "seed": 5,
        "users": {"lena": {}},
        "connectors": {
            "main": {
                "latency": {"dist": "exponential", "mean": "2 s"},
                "transient_failure": "20 %",
                "outages": [{"from": "10:00", "for": "20 min"}],
            }
        },
        "retry_patterns": {"own": ["2 min", "10 min"]},
        "retry": ["1 min", "5 min", "30 min"],
        "traffic": [{"name": "invoices", "from": ["lena"], "arrivals": {"poisson": "10 per h"}}],
    }
    return Scenario.from_mapping(base | keys)
