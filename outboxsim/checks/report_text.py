"""Reports for people, as plain lines: the same on a terminal, in a pipe and in a build log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from outboxsim.checks.verdict import FileReport, Outcome, Verdict
from outboxsim.markup import visible

_INDENT: Final = "    "


def lines_of(report: FileReport) -> Iterator[str]:
    """One file: how it came out, its faults, and each expectation that did not pass, with its email's history."""
    yield visible(f"{report.path}: {report.outcome}{_extent(report)}")
    for fault in report.faults:
        yield visible(str(fault))
    for verdict in report.failed:
        yield visible(sentence(report, verdict))
        if verdict.name:
            yield visible(f"{_INDENT}({verdict.name})")
        yield from (f"{_INDENT}{visible(line)}" for line in verdict.history)


def sentence(report: FileReport, verdict: Verdict) -> str:
    """``FILE:LINE:COLUMN: at 16 min (09:16:00): emails.m2.status: expected pending_retry, got failed``."""
    return f"{report.path}:{verdict.line}:{verdict.column}: at {verdict.moment}: {verdict.path}: {verdict.message}"


def _extent(report: FileReport) -> str:
    if report.faults:
        return ""
    judged = f"{len(report.verdicts)} {'expectation' if len(report.verdicts) == 1 else 'expectations'}"
    return f" ({len(report.failed)} of {judged})" if report.failed else f" ({judged})"


def summary(reports: Sequence[FileReport]) -> str:
    """All files on one line: ``3 files: 2 passed, 1 failed; 14 expectations: 13 passed, 1 failed``."""
    files = Counter(report.outcome for report in reports)
    verdicts = Counter(verdict.outcome for report in reports for verdict in report.verdicts)
    return "; ".join(_counted(what, counter) for what, counter in (("file", files), ("expectation", verdicts)) if counter)


def _counted(what: str, counter: Counter[Outcome]) -> str:
    number = counter.total()
    parts = ", ".join(f"{counter[outcome]} {outcome}" for outcome in Outcome if counter[outcome])
    return f"{number} {what}{'' if number == 1 else 's'}: {parts}"
