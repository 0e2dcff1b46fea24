"""outboxsim simulates and analyses an email outbox: scheduled, held back by an undo window, failed and being retried.

Everything public is here and is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import ModuleType

    from outboxsim.analysis.compare import compare as compare
    from outboxsim.analysis.replicate import replicate as replicate
    from outboxsim.analysis.result import Result as Result
    from outboxsim.analysis.tune import tune as tune
    from outboxsim.checks import check as check
    from outboxsim.engine import Simulation as Simulation
    from outboxsim.engine import run as run
    from outboxsim.outbox import Refused as Refused
    from outboxsim.retry import RetryPattern as RetryPattern
    from outboxsim.retry import presets as presets
    from outboxsim.scenario import Scenario as Scenario
    from outboxsim.scenario import load as load
    from outboxsim.widgets.app import OutboxApp as OutboxApp

_HOMES: Final = {
    "OutboxApp": "outboxsim.widgets.app",
    "Refused": "outboxsim.outbox",
    "Result": "outboxsim.analysis.result",
    "RetryPattern": "outboxsim.retry",
    "Scenario": "outboxsim.scenario",
    "Simulation": "outboxsim.engine",
    "check": "outboxsim.checks",
    "compare": "outboxsim.analysis.compare",
    "load": "outboxsim.scenario",
    "presets": "outboxsim.retry",
    "replicate": "outboxsim.analysis.replicate",
    "run": "outboxsim.engine",
    "tune": "outboxsim.analysis.tune",
}

#: What needs an extra of pyproject.toml.
_EXTRAS: Final = {"OutboxApp": "notebook"}

__all__ = [
    "OutboxApp",
    "Refused",
    "Result",
    "RetryPattern",
    "Scenario",
    "Simulation",
    "check",
    "compare",
    "load",
    "presets",
    "replicate",
    "run",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(_home_of(name), name)
        globals()[name] = value
        return value
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("outboxsim")
    raise AttributeError(f"module 'outboxsim' has no attribute {name!r}; it has {', '.join(__all__)}")


def _home_of(name: str) -> ModuleType:
    try:
        return importlib.import_module(_HOMES[name])
    except ModuleNotFoundError as error:
        if name not in _EXTRAS or (error.name or "").startswith("outboxsim"):
            raise
        extra = _EXTRAS[name]
        raise ImportError(f"{name} needs {error.name}, which comes with: pip install 'outboxsim[{extra}]'", name=error.name) from error


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
