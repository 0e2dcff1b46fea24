"""What all commands share: exit codes, complaints, and reading a scenario file."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from outboxsim.checks.runner import Limits
    from outboxsim.scenario import Scenario

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INVALID: Final = 3


def complain(message: str) -> None:
    """Say on the error stream what is wrong; text from files is shown as text."""
    from outboxsim.markup import visible  # noqa: PLC0415

    print(visible(f"outboxsim: {message}"), file=sys.stderr)


def load_file(file: str, limits: Limits) -> Scenario:
    """The scenario; ends the command with every fault of an invalid one."""
    from outboxsim.checks.runner import load_scenario  # noqa: PLC0415
    from outboxsim.errors import ScenarioInvalid  # noqa: PLC0415
    from outboxsim.markup import visible  # noqa: PLC0415

    if not os.path.isfile(file):
        complain(f"{file}: no such file")
        raise typer.Exit(USAGE)
    try:
        return load_scenario(file, limits)
    except ScenarioInvalid as invalid:
        for fault in invalid.faults:
            print(visible(str(fault)), file=sys.stderr)
        raise typer.Exit(INVALID) from None
