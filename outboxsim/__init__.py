"""outboxsim simulates and analyses an email outbox: scheduled, held back by an undo window, failed and being retried.

Everything public is here and is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from outboxsim.analysis.result import Result as Result
    from outboxsim.checks import check as check
    from outboxsim.engine import Simulation as Simulation
    from outboxsim.engine import run as run
    from outboxsim.outbox import Refused as Refused
    from outboxsim.retry import RetryPattern as RetryPattern
    from outboxsim.retry import presets as presets
    from outboxsim.scenario import Scenario as Scenario
    from outboxsim.scenario import load as load

_HOMES: Final = {
    "Refused": "outboxsim.outbox",
    "Result": "outboxsim.analysis.result",
    "RetryPattern": "outboxsim.retry",
    "Scenario": "outboxsim.scenario",
    "Simulation": "outboxsim.engine",
    "check": "outboxsim.checks",
    "load": "outboxsim.scenario",
    "presets": "outboxsim.retry",
    "run": "outboxsim.engine",
}

__all__ = ["Refused", "Result", "RetryPattern", "Scenario", "Simulation", "check", "load", "presets", "run"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("outboxsim")
    raise AttributeError(f"module 'outboxsim' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
