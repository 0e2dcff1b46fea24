"""What a check says: one verdict per comparison, one report per file, one exit code. Plain values: they travel between processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from outboxsim.errors import Fault

#: What JSON can say.
Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"


class Outcome(StrEnum):
    """How a file or one of its expectations came out; an expectation is never invalid or an error."""

    PASSED = "passed"
    FAILED = "failed"
    INVALID = "invalid"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One comparison, judged.

    Attributes
    ----------
    path
        What was compared: ``emails.m2.status``, ``timeline[3].retry.m1``.
    line, column
        The place of the expected value in the file, counted from 1; 0 for a scenario built in Python.
    at
        The instant of the state that was compared (ISO 8601).
    moment
        The same for people: time since the start and local time, ``16 min (09:16:00)``.
    expected, got
        As JSON writes them.
    message
        Both in words: ``expected pending_retry, got failed``.
    name
        The expectation's name, or "".
    history
        What happened to the email that it is about, a line per event.
    """

    path: str
    line: int
    column: int
    outcome: Outcome
    at: str
    moment: str
    expected: Plain
    got: Plain
    message: str
    name: str = ""
    history: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the comparison holds."""
        return self.outcome is Outcome.PASSED


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one scenario file.

    Attributes
    ----------
    path
        The file as the user named it.
    name
        The scenario's name, or "" if it has none or is invalid.
    outcome
        The worst of its verdicts, `INVALID` for a file with faults, `ERROR` for a fault of outboxsim.
    faults
        Why it is invalid, stopped or an error; otherwise empty.
    verdicts
        The timeline's actions, then the expectations, in the file's order.
    """

    path: str
    name: str
    outcome: Outcome
    faults: tuple[Fault, ...] = ()
    verdicts: tuple[Verdict, ...] = field(default=())

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The verdicts that did not pass."""
        return tuple(verdict for verdict in self.verdicts if not verdict.passed)


#: spec/scenario.md section 4.
USAGE: Final = 2
NOTHING_FOUND: Final = 5
EXIT_CODES: Final[Mapping[Outcome, int]] = {
    Outcome.PASSED: 0,
    Outcome.FAILED: 1,
    Outcome.INVALID: 3,
    Outcome.INCONCLUSIVE: 4,
    Outcome.ERROR: 70,
}

#: Which exit code decides, the worst first.
SEVERITY: Final = (USAGE, 70, 3, 1, 4, NOTHING_FOUND, 0)


def worst(codes: Iterable[int]) -> int:
    """The exit code that decides; 0 if there is none."""
    return min(codes, key=SEVERITY.index, default=0)


def worst_outcome(verdicts: Iterable[Verdict]) -> Outcome:
    """The outcome of a file with these verdicts; a file without any passes."""
    code = worst(EXIT_CODES[verdict.outcome] for verdict in verdicts)
    return next(outcome for outcome, of_outcome in EXIT_CODES.items() if of_outcome == code)
