"""The report for programs (spec/scenario.md section 4)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from outboxsim.checks.verdict import FileReport, Plain, Verdict
from outboxsim.errors import Fault


def as_json(reports: Sequence[FileReport], version: str) -> str:
    """All reports as one JSON object, in ASCII: no console can garble it."""
    return json.dumps(as_plain(reports, version), indent=2, allow_nan=False)


def as_plain(reports: Sequence[FileReport], version: str) -> Plain:
    """All reports as JSON's values."""
    return {"version": version, "files": [_file(report) for report in reports]}


def _file(report: FileReport) -> Plain:
    return {
        "path": report.path,
        "name": report.name,
        "outcome": str(report.outcome),
        "errors": [_error(report, fault) for fault in report.faults],
        "expectations": [_expectation(verdict) for verdict in report.verdicts],
    }


def _error(report: FileReport, fault: Fault) -> Plain:
    """A fault of another file (the emails_file) names it in its message: the format has no place for it."""
    message = fault.message if fault.file == report.path else f"{fault.file}:{fault.line}:{fault.column}: {fault.message}"
    return {"line": fault.line, "column": fault.column, "path": fault.path, "message": message}


def _expectation(verdict: Verdict) -> Plain:
    return {
        "name": verdict.name,
        "line": verdict.line,
        "column": verdict.column,
        "outcome": str(verdict.outcome),
        "at": verdict.at,
        "path": verdict.path,
        "expected": verdict.expected,
        "got": verdict.got,
    }
