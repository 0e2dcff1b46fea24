"""The four reports say the same, each in its format; whatever a file holds stays text in them."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outboxsim.checks import junit, report_github, report_json, report_text
from outboxsim.checks.verdict import FileReport, Outcome, Verdict
from outboxsim.errors import Fault

AT = {"at": "2026-03-02T09:16:00+01:00", "moment": "16 min (09:16:00)"}
FAILED = Verdict(
    path="emails.m2.status",
    line=41,
    column=5,
    outcome=Outcome.FAILED,
    **AT,
    expected="pending_retry",
    got="failed",
    message="expected pending_retry, got failed",
    name="after lunch",
    history=("5 min (09:05:00): submitted", "6 min (09:06:00): attempt started"),
)
PASSED = Verdict("outbox.count", 42, 7, Outcome.PASSED, **AT, expected={"at_least": 1}, got=3, message="expected at least 1, got 3")
REPORTS = [
    FileReport("a.outbox.yaml", "Lunch", Outcome.FAILED, (), (PASSED, FAILED)),
    FileReport(
        "b.outbox.yaml", "", Outcome.INVALID, (Fault("b.outbox.yaml", 8, 14, "connectors.eu.latency", "'2 parsec' is no duration"),)
    ),
    FileReport("c.outbox.yaml", "", Outcome.INVALID, (Fault("emails.csv", 3, 1, "at", "'x' is no moment"),)),
    FileReport("d.outbox.yaml", "Nothing to judge", Outcome.PASSED),
]


AS_JSON = {"name": "", "outcome": "passed", "at": "2026-03-02T09:16:00+01:00"}
OF_LINE_42 = {**AS_JSON, "line": 42, "column": 7, "path": "outbox.count", "expected": {"at_least": 1}, "got": 3}
OF_LINE_41 = {**AS_JSON, "line": 41, "column": 5, "path": "emails.m2.status", "expected": "pending_retry", "got": "failed"}
OF_LINE_41 |= {"name": "after lunch", "outcome": "failed"}


# Text


def test_a_failed_expectation_reads_as_the_specification_says_and_its_email_tells_its_history():
    assert list(report_text.lines_of(REPORTS[0])) == [
        "a.outbox.yaml: failed (1 of 2 expectations)",
        "a.outbox.yaml:41:5: at 16 min (09:16:00): emails.m2.status: expected pending_retry, got failed",
        "    (after lunch)",
        "    5 min (09:05:00): submitted",
        "    6 min (09:06:00): attempt started",
    ]


def test_every_fault_of_an_invalid_file_has_its_place():
    assert list(report_text.lines_of(REPORTS[1])) == [
        "b.outbox.yaml: invalid",
        "b.outbox.yaml:8:14: connectors.eu.latency: '2 parsec' is no duration",
    ]


def test_the_last_line_counts_files_and_expectations():
    assert report_text.summary(REPORTS) == "4 files: 1 passed, 1 failed, 2 invalid; 2 expectations: 1 passed, 1 failed"
    assert report_text.summary(REPORTS[3:]) == "1 file: 1 passed"


# JSON


def test_the_json_object_is_exactly_the_specifications():
    assert json.loads(report_json.as_json(REPORTS[:2], "1.2.3")) == {
        "version": "1.2.3",
        "files": [
            {
                "path": "a.outbox.yaml",
                "name": "Lunch",
                "outcome": "failed",
                "errors": [],
                "expectations": [
                    OF_LINE_42,
                    OF_LINE_41,
                ],
            },
            {
                "path": "b.outbox.yaml",
                "name": "",
                "outcome": "invalid",
                "errors": [{"line": 8, "column": 14, "path": "connectors.eu.latency", "message": "'2 parsec' is no duration"}],
                "expectations": [],
            },
        ],
    }


def test_a_fault_of_the_emails_file_names_that_file_in_its_message():
    (error,) = report_json.as_plain(REPORTS[2:3], "")["files"][0]["errors"]
    assert error == {"line": 3, "column": 1, "path": "at", "message": "emails.csv:3:1: 'x' is no moment"}


# GitHub


def test_github_gets_a_command_per_problem_at_its_line():
    assert list(report_github.lines_of(REPORTS[0])) == [
        "::error file=a.outbox.yaml,line=41,col=5,title=after lunch::"
        "at 16 min (09:16:00): emails.m2.status: expected pending_retry, got failed"
        "%0A5 min (09:05:00): submitted%0A6 min (09:06:00): attempt started"
    ]
    assert list(report_github.lines_of(REPORTS[2])) == ["::error file=emails.csv,line=3,col=1,title=invalid scenario::at: 'x' is no moment"]
    assert list(report_github.lines_of(REPORTS[3])) == []


@given(st.text())
def test_no_text_can_end_a_command_or_begin_another(text):
    failed = Verdict(text, 1, 1, Outcome.FAILED, **AT, expected=text, got=text, message=text, name=text, history=(text,))
    (line,) = report_github.lines_of(FileReport(text, text, Outcome.FAILED, (), (failed,)))
    assert len(line.splitlines()) == 1
    assert line.startswith("::error file=")
    properties = line[len("::error ") :].split("::", 1)[0]
    assert [part.split("=", 1)[0] for part in properties.split(",")] == ["file", "line", "col", "title"]


# JUnit


def cases(reports):
    return ET.fromstring(junit.as_junit(reports)).findall("testsuite/testcase")


def test_a_test_case_has_the_file_and_line_of_its_expectation():
    passed, failed, *_ = cases(REPORTS)
    assert (passed.get("file"), passed.get("line"), len(passed)) == ("a.outbox.yaml", "42", 0)
    assert (failed.get("file"), failed.get("line")) == ("a.outbox.yaml", "41")
    assert failed.get("name") == "after lunch: emails.m2.status at 16 min (09:16:00)"
    assert failed.find("failure").get("message") == "expected pending_retry, got failed"
    assert failed.find("failure").text.splitlines()[1] == "5 min (09:05:00): submitted"


def test_a_fault_is_an_error_in_its_own_file_and_a_file_without_expectations_a_test_that_passes():
    *_, invalid, of_emails_file, runs = cases(REPORTS)
    assert invalid.find("error").get("message") == "'2 parsec' is no duration"
    assert of_emails_file.get("file") == "emails.csv"
    assert (runs.get("name"), len(runs)) == ("Nothing to judge", 0)


def test_the_suites_are_counted():
    root = ET.fromstring(junit.as_junit(REPORTS))
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("5", "1", "2", "0")
    assert [suite.get("tests") for suite in root] == ["2", "1", "1", "1"]


def test_a_run_that_was_stopped_is_a_failure():
    (case,) = cases([FileReport("a", "", Outcome.FAILED, (Fault("a", 1, 1, "", "stopped"),))])
    assert case.find("failure") is not None


@given(st.text())
def test_whatever_text_there_is_the_document_is_well_formed(text):
    failed = Verdict(text, 1, 1, Outcome.FAILED, **AT, expected=text, got=text, message=text, name=text, history=(text,))
    report = FileReport(text, text, Outcome.FAILED, (Fault(text, 1, 1, text, text),), (failed,))
    assert len(cases([report])) == 2


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\ufffe", "\x9b", "\ud800"])
def test_characters_that_steer_or_that_xml_lacks_are_left_out(character):
    (case,) = cases([FileReport("a", f"x{character}y", Outcome.PASSED)])
    assert case.get("name") == "xy"


def test_markup_stays_text():
    (case,) = cases([FileReport("a", "<b>&\"'", Outcome.PASSED)])
    assert case.get("name") == "<b>&\"'"
