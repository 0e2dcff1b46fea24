"""Everything outboxsim raises on purpose, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class OutboxsimError(Exception):
    """The root of every error that outboxsim raises on purpose."""


class QuantityError(OutboxsimError, ValueError):
    """A text that is no duration, moment, rate, share or random duration; the message says what would be right."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong in a file: where, in which value, and what would be right.

    Attributes
    ----------
    file
        The file as the user named it.
    line, column
        Counted from 1; the column in characters.
    path
        The place inside the file's structure, such as ``emails[1].at``; empty for the file as a whole.
    message
        What is wrong, with the value and what would be right.
    """

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        path = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {path}{self.message}"


class ScenarioInvalid(OutboxsimError):
    """A scenario file (or its emails_file) is invalid; `faults` holds every fault of it, in order of place."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class RunStopped(OutboxsimError):
    """A run passed its limit of events; the tables are readable up to there."""
