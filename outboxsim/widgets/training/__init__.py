"""The training material: scenarios for `outboxsim demo` and the lessons, and the lessons' tasks.

Each ``NAME.outbox.yaml`` is a scenario whose expectations say what comes of it if nobody acts; ``NAME.lesson.yaml`` beside it holds
what a class is asked to do, in English and German (`outboxsim.checks.lesson`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
SCENARIO: Final = ".outbox.yaml"
LESSON: Final = ".lesson.yaml"

#: What `outboxsim demo` shows unless told otherwise.
DEMO: Final = "demo-day"


def names() -> list[str]:
    """The training scenarios, sorted."""
    return sorted(path.name.removesuffix(SCENARIO) for path in FOLDER.glob(f"*{SCENARIO}"))


def scenario_path(name: str) -> Path:
    """The file of a training scenario; raises `KeyError` if there is none of that name."""
    return _path(name, SCENARIO)


def lesson_path(name: str) -> Path:
    """The file of a lesson's tasks; raises `KeyError` if there is none of that name."""
    return _path(name, LESSON)


def _path(name: str, suffix: str) -> Path:
    if name not in names() or not (path := FOLDER / f"{name}{suffix}").is_file():
        raise KeyError(f"{name!r} is no training scenario (there are: {', '.join(names())})")
    return path
