"""Expectations of small scenarios: what passes, what fails, and what the verdicts say (spec/scenario.md section 3)."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

import outboxsim
from outboxsim.analysis import EmailState
from outboxsim.checks.judge import FIELDS, judge
from outboxsim.scenario.states import FIELDS as KNOWN_FIELDS

OUTAGE = """
emails:
  - {id: m1, at: 5 min, from: lena, to: a@kunde.example}
  - {id: m2, at: 20 min, from: tom, to: b@kunde.example, send_at: "12:30"}
timeline:
  - {at: 4 min, outage: main, for: 3 min}
expect:
"""


def expectations(report):
    """The verdicts on expectations: those on the timeline come first."""
    return [verdict for verdict in report.verdicts if not verdict.path.startswith("timeline")]


def only(report):
    (verdict,) = expectations(report)
    return verdict


# At an instant


@pytest.mark.parametrize(
    ("fields", "values"),
    [
        ("{status: pending_retry, attempts: 2, next_attempt: 11 min, last_attempt: 6 min, logged: 5 min}", 5),
        ("{last_error: connection refused, connector: main, in_flight: false}", 3),
        ("{last_error: {contains: refused}, attempts: {between: [1, 3]}, status: {one_of: [queued, pending_retry]}}", 3),
        ("{next_attempt: {at_most: 11 min}, logged: {at_least: 1 min}}", 2),
    ],
)
def test_every_field_of_an_email_can_be_compared(judged, fields, values):
    report = judged(OUTAGE + f"  - {{at: 6 min, emails: {{m1: {fields}}}}}")
    assert [verdict.message for verdict in report.failed] == []
    assert len(expectations(report)) == values


def test_a_bare_status_is_short_for_the_field(judged):
    verdict = only(judged(OUTAGE + "  - {at: 6 min, emails: {m1: sent}}"))
    assert verdict.path == "emails.m1.status"
    assert (verdict.expected, verdict.got) == ("sent", "pending_retry")


def test_a_failed_comparison_has_place_time_name_and_history(judged):
    report = judged(OUTAGE + "  - {name: early, at: 6 min, emails: {m1: {status: sent}}}")
    verdict = only(report)
    assert (verdict.line, verdict.column) == (21, 52)
    assert verdict.at == "2026-03-02T09:06:00+01:00"
    assert verdict.moment == "6 min (09:06:00)"
    assert verdict.message == "expected sent, got pending_retry"
    assert verdict.name == "early"
    assert verdict.history[0].startswith("5 min (09:05:00): submitted by lena, queued")
    assert "-- checked at 6 min (09:06:00) --" in verdict.history
    assert any("attempt ends: transient (connection refused)" in line for line in verdict.history)


def test_a_passed_comparison_tells_no_history(judged):
    assert only(judged(OUTAGE + "  - {at: 1 h, emails: {m1: sent}}")).history == ()


def test_checks_see_the_state_after_everything_at_their_instant(judged):
    assert only(judged(OUTAGE + "  - {at: 11 min, emails: {m1: sent}}")).passed


def test_null_is_has_none(judged):
    report = judged(OUTAGE + "  - {at: 1 h, emails: {m1: {next_attempt: null}, m2: {last_error: null, logged: null}}}")
    assert [(verdict.expected, verdict.got, verdict.passed) for verdict in expectations(report)] == [(None, None, True)] * 3


def test_an_email_that_is_not_submitted_has_nothing(judged):
    verdict = only(judged(OUTAGE + "  - {at: 1 min, emails: {m1: queued}}"))
    assert not verdict.passed
    assert verdict.got is None
    assert verdict.message == "expected queued, got not submitted"
    assert verdict.history[0] == "-- checked at 1 min (09:01:00) --"
    assert verdict.history[1].startswith("5 min (09:05:00): submitted")


def test_checks_may_come_in_any_order_and_keep_that_of_the_file(judged):
    report = judged(
        OUTAGE + "  - {at: 2 h, emails: {m1: sent}}\n  - {at: 5 min, emails: {m1: pending_retry}}\n  - {at: 1 h, emails: {m2: queued}}"
    )
    assert [verdict.moment.split(" (")[0] for verdict in report.verdicts] == ["4 min", "2 h", "5 min", "1 h"]
    assert report.outcome == "passed"


def test_every_field_that_files_may_compare_is_one_of_an_email_s_state():
    assert FIELDS.keys() == KNOWN_FIELDS.keys()
    assert FIELDS.keys() <= {field.name for field in dataclasses.fields(EmailState)}


# The outbox


def test_an_outbox_is_compared_by_count_and_by_emails_in_any_order(judged):
    report = judged(
        OUTAGE
        + "  - {at: 1 h, outbox: {as: greta, view: team, count: 1, emails: [m2]}}\n  - {at: 1 h, outbox: {as: lena, count: 0, emails: []}}"
    )
    assert [verdict.path for verdict in expectations(report)] == ["outbox.count", "outbox.emails"] * 2
    assert report.outcome == "passed"


def test_a_wrong_outbox_says_which_emails_are_missing_and_which_unexpected(judged):
    verdict = only(judged(OUTAGE + "  - {at: 6 min, outbox: {as: lena, emails: [m2]}}"))
    assert verdict.message == "expected [m2], got [m1]: missing [m2]; unexpected [m1]"
    assert (verdict.expected, verdict.got) == (["m2"], ["m1"])


def test_a_count_may_be_a_comparison(judged):
    verdict = only(judged(OUTAGE + "  - {at: 6 min, outbox: {as: greta, count: {at_least: 2}}}"))
    assert (verdict.expected, verdict.got, verdict.message) == ({"at_least": 2}, 1, "expected at least 2, got 1")


# Connectors


def test_a_connector_is_enabled_or_disabled(judged):
    disable = OUTAGE.replace("expect:", "  - {at: 1 h, disable: main, by: cy}\nexpect:")
    report = judged(disable + "  - {at: 59 min, connectors: {main: enabled}}\n  - {at: 1 h, connectors: {main: enabled}}")
    before, after = expectations(report)
    assert (before.path, before.passed) == ("connectors.main", True)
    assert (after.expected, after.got, after.passed) == ("enabled", "disabled", False)


# Attempts


def test_attempts_are_the_starts_of_all_attempts(judged):
    report = judged(OUTAGE + "  - {attempts: {m1: [5 min, 6 min, 11 min], m2: []}}")
    hit, missed = expectations(report)
    assert (hit.path, hit.passed) == ("attempts.m1", True)
    assert missed.got == ["2026-03-02T12:30:00+01:00"]
    assert missed.message == "expected [], got [3 h 30 min (12:30:00)]"
    assert missed.history


# Never and eventually


@pytest.mark.parametrize(
    ("during", "status", "passed"),
    [
        ("[start, 10 min]", "sent", True),
        ("[start, 11 min]", "sent", False),  # sent at 11 min: both ends are included
        ("[11 min, 12 min]", "pending_retry", True),  # the state before the window's begin does not count
        ("[10 min, 12 min]", "pending_retry", False),
        ("[start, 4 min]", "queued", True),  # not submitted yet
        ("[start, end]", "failed", True),
    ],
)
def test_never_is_judged_on_settled_states_both_ends_included(judged, during, status, passed):
    verdict = only(judged(OUTAGE + f"  - {{during: {during}, never: {{email: m1, status: {status}}}}}"))
    assert verdict.path == "never.status"
    assert verdict.passed is passed


def test_a_broken_never_says_when_it_was_broken_first(judged):
    verdict = only(judged(OUTAGE + "  - {during: [8 min, end], never: {email: m1, status: sent}}"))
    assert verdict.moment == "11 min (09:11:00)"
    assert verdict.message == "expected m1 never sent, got sent"
    assert verdict.history


def test_a_state_that_lasts_no_time_is_not_settled(judged):
    report = judged(
        OUTAGE + "  - {during: [start, end], never: {email: m1, status: queued}}\n  - {by: end, eventually: {email: m1, status: queued}}"
    )
    assert [verdict.passed for verdict in expectations(report)] == [True, False]  # it failed at the instant of its submission


def test_several_fields_must_hold_at_once(judged):
    report = judged(OUTAGE + "  - {during: [start, end], never: {email: m1, status: sent, attempts: 2}}")
    assert [(verdict.path, verdict.passed) for verdict in expectations(report)] == [("never.status", True), ("never.attempts", True)]


@pytest.mark.parametrize(("by", "passed"), [("10 min", False), ("11 min", True), ("end", True)])
def test_eventually_is_met_by_a_state_up_to_the_instant(judged, by, passed):
    verdict = only(judged(OUTAGE + f"  - {{by: {by}, eventually: {{email: m1, status: sent}}}}"))
    assert verdict.path == "eventually.status"
    assert verdict.passed is passed


def test_a_state_that_passed_by_counts_for_eventually(judged):
    report = judged(OUTAGE + "  - {by: end, eventually: {email: m1, status: pending_retry, attempts: 2}}")
    assert [verdict.passed for verdict in expectations(report)] == [True, True]


def test_eventually_not_met_says_how_the_email_stood_in_the_end(judged):
    verdict = only(judged(OUTAGE + "  - {by: 10 min, eventually: {email: m1, status: sent}}"))
    assert verdict.message == "expected m1 eventually sent, got pending_retry"
    assert verdict.moment == "10 min (09:10:00)"


# Metrics


def test_metrics_are_compared_in_their_units(judged):
    report = judged(
        OUTAGE
        + """\
  - metrics: {sent: 2, attempts_per_sent: {at_most: 2.0}, delivered_within(6 min): {at_least: 100 %}, latency_p50: 0 s, retry_storm: null}
  - select: {connector: main}
    metrics: {submitted: 3, latency_p95: {at_most: 5 min}, give_up_rate: {at_least: 5 %}}
"""
    )
    assert [(verdict.path, verdict.expected, verdict.got) for verdict in report.failed] == [
        ("metrics.submitted", 3, 2),
        ("metrics.latency_p95", {"at_most": "5 min"}, "6 min"),
        ("metrics.give_up_rate", {"at_least": 0.05}, 0.0),
    ]
    assert [verdict.message for verdict in report.failed][1:] == ["expected at most 5 min, got 6 min", "expected at least 5 %, got 0 %"]


def test_a_check_without_metrics_needs_no_tables(write):
    name = write(OUTAGE + "  - {at: 1 h, emails: {m1: sent}}\n  - {by: end, eventually: {email: m1, status: sent}}")
    code = f"import sys; from outboxsim.checks.runner import check_file; print(check_file({name!r}).outcome, 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == ["passed", "False"]


# Without a file


def test_a_scenario_built_in_python_is_judged_too_and_has_no_places():
    scenario = outboxsim.Scenario.from_mapping(
        {
            "outboxsim": 1,
            "start": "2026-03-02T09:00:00",
            "horizon": "1 h",
            "users": {"lena": {}},
            "connectors": {"main": {}},
            "emails": [{"id": "m1", "at": "0 s", "from": "lena", "to": "a@kunde.example"}],
            "expect": [{"at": "1 min", "emails": {"m1": "failed"}}],
        }
    )
    (verdict,) = judge(scenario, outboxsim.Simulation(scenario).run())
    assert (verdict.passed, verdict.line, verdict.column) == (False, 0, 0)


def test_check_gives_the_reports_of_files_and_folders(write):
    name = write(OUTAGE + "  - {at: 1 h, emails: {m1: sent}}")
    (report,) = outboxsim.check(".")
    assert (report.outcome, report.name) == ("passed", "Small")
    assert outboxsim.check([name]) == outboxsim.check(name)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        outboxsim.check([name, "nowhere"])
