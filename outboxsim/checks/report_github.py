"""The report as workflow commands: GitHub shows them at the lines of the files.

Source: docs.github.com, "Workflow commands for GitHub Actions", and actions/toolkit, packages/core/src/command.ts, for the escapes.
"""

from __future__ import annotations

from collections.abc import Iterator

from outboxsim.checks.verdict import FileReport, Outcome
from outboxsim.markup import visible


def lines_of(report: FileReport) -> Iterator[str]:
    """A command for each fault and for each expectation that did not pass; nothing for a file that passed."""
    for fault in report.faults:
        message = f"{fault.path}: {fault.message}" if fault.path else fault.message
        yield _command("error", fault.file, fault.line, fault.column, _TITLES[report.outcome], message)
    for verdict in report.failed:
        level = "warning" if verdict.outcome is Outcome.INCONCLUSIVE else "error"
        title = verdict.name or f"expectation {verdict.outcome}"
        lines = [f"at {verdict.moment}: {verdict.path}: {verdict.message}", *verdict.history]
        yield _command(level, report.path, verdict.line, verdict.column, title, *lines)


_TITLES = {
    Outcome.INVALID: "invalid scenario",
    Outcome.FAILED: "run stopped",
    Outcome.ERROR: "fault of outboxsim",
}


def _command(level: str, file: str, line: int, column: int, title: str, *lines: str) -> str:
    """One command on one line; its message may have several."""
    message = "%0A".join(_escaped(visible(part)) for part in lines)
    return f"::{level} file={_property(file)},line={line},col={column},title={_property(title)}::{message}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(visible(text)).replace(":", "%3A").replace(",", "%2C")
