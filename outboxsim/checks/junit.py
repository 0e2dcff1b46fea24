"""The report as JUnit XML: a test suite per file, a test case per expectation, each with its file and line.

Source of the shape: github.com/testmoapp/junitxml; `file` and `line` as pytest writes them with ``-o junit_family=xunit1``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as ET

from outboxsim.checks.report_text import sentence
from outboxsim.checks.verdict import FileReport, Outcome, Verdict
from outboxsim.errors import Fault

#: Everything that XML 1.0 cannot hold, escaped or not (W3C, "Extensible Markup Language (XML) 1.0", production 2), and DEL with C1.
_IMPOSSIBLE: Final = re.compile("[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(reports: Sequence[FileReport]) -> bytes:
    """All reports as a JUnit XML document, UTF-8. No times: the same run gives the same bytes."""
    root = ET.Element("testsuites", name="outboxsim")
    for report in reports:
        _suite(root, report)
    for counted in ("tests", "failures", "errors", "skipped"):
        root.set(counted, str(sum(int(suite.get(counted, "0")) for suite in root)))
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _suite(root: ET.Element, report: FileReport) -> None:
    suite = ET.SubElement(root, "testsuite", name=_text(report.path))
    for verdict in report.verdicts:
        _of_verdict(suite, report, verdict)
    for fault in report.faults:
        _of_fault(suite, report, fault)
    if not len(suite):
        _case(suite, report, report.name or "runs", report.path, 1)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))


def _of_verdict(suite: ET.Element, report: FileReport, verdict: Verdict) -> None:
    name = f"{verdict.path} at {verdict.moment}"
    case = _case(suite, report, f"{verdict.name}: {name}" if verdict.name else name, report.path, verdict.line)
    if verdict.passed:
        return
    kind = "skipped" if verdict.outcome is Outcome.INCONCLUSIVE else "failure"
    problem = ET.SubElement(case, kind, message=_text(verdict.message), type=str(verdict.outcome))
    problem.text = _text("\n".join((sentence(report, verdict), *verdict.history)))


def _of_fault(suite: ET.Element, report: FileReport, fault: Fault) -> None:
    case = _case(suite, report, fault.path or "scenario", fault.file, fault.line)
    kind = "failure" if report.outcome is Outcome.FAILED else "error"
    problem = ET.SubElement(case, kind, message=_text(fault.message), type=str(report.outcome))
    problem.text = _text(str(fault))


def _case(suite: ET.Element, report: FileReport, name: str, file: str, line: int) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=_text(report.path), name=_text(name), file=_text(file), line=str(line))


def _text(text: str) -> str:
    """The text without what XML cannot hold; ElementTree escapes the rest."""
    return _IMPOSSIBLE.sub("", text)
