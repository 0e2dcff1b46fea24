"""Every action of the timeline is an expectation of its own (spec/scenario.md section 2)."""

from __future__ import annotations

import pytest

STAGE = """
emails:
  - {id: m1, at: 5 min, from: lena, to: a@kunde.example}
  - {id: m2, at: 5 min, from: tom, to: b@kunde.example, send_at: 2 h}
  - {id: m3, at: 5 min, from: lena, to: c@kunde.example, send_at: 2 h}
timeline:
"""


def told(report):
    return [(verdict.path, verdict.outcome, verdict.expected, verdict.got) for verdict in report.verdicts]


def test_an_action_that_is_done_passes(judged):
    assert told(judged(STAGE + "  - {at: 10 min, cancel: m2, by: tom}")) == [("timeline[0].cancel.m2", "passed", "done", "done")]


def test_an_action_that_is_refused_fails_at_its_verbs_value_and_tells_the_email_s_history(judged):
    report = judged(STAGE + "  - {at: 10 min, cancel: m1, by: lena}")
    (verdict,) = report.verdicts
    assert told(report) == [("timeline[0].cancel.m1", "failed", "done", "not_in_outbox")]
    assert verdict.message == "expected done, got refused: not_in_outbox"
    assert (verdict.line, verdict.column) == (20, 26)
    assert verdict.moment == "10 min (09:10:00)"
    assert verdict.history
    assert report.outcome == "failed"


def test_a_refusal_that_is_expected_passes_and_its_absence_fails(judged):
    report = judged(
        STAGE
        + "  - {at: 10 min, cancel: m1, by: lena, refused: not_in_outbox}\n  - {at: 11 min, cancel: m2, by: tom, refused: not_visible}"
    )
    assert told(report) == [
        ("timeline[0].cancel.m1", "passed", "not_in_outbox", "not_in_outbox"),
        ("timeline[1].cancel.m2", "failed", "not_visible", "done"),
    ]


def test_one_reason_for_several_emails_means_at_least_one_refusal_and_each_for_it(judged):
    report = judged(STAGE + "  - {at: 10 min, cancel: [m1, m2], by: tom, refused: not_in_outbox}")
    assert [row[1:] for row in told(report)] == [("passed", "not_in_outbox", "not_in_outbox"), ("passed", "done", "done")]
    report = judged(STAGE + "  - {at: 10 min, cancel: [m1, m2], by: tom, refused: in_flight}")
    assert [row[1:] for row in told(report)] == [("failed", "in_flight", "not_in_outbox"), ("passed", "done", "done")]


def test_reasons_by_email_must_be_exactly_these(judged):
    report = judged(STAGE + "  - {at: 10 min, cancel: [m1, m2], by: tom, refused: {m1: not_in_outbox}}")
    assert report.outcome == "passed"
    report = judged(STAGE + "  - {at: 10 min, cancel: [m1, m2], by: tom, refused: {m2: not_in_outbox}}")
    assert [row[1:] for row in told(report)] == [("failed", "done", "not_in_outbox"), ("failed", "not_in_outbox", "done")]


def test_a_selection_that_matches_nothing_fails_unless_it_may_be_empty(judged):
    report = judged(STAGE + "  - {at: 10 min, retry: {view: team, status: failed}, by: greta}")
    assert told(report) == [("timeline[0].retry", "failed", "done", None)]
    assert report.verdicts[0].message == "expected done, got nothing selected"
    report = judged(STAGE + "  - {at: 10 min, retry: {view: team, status: failed}, by: greta, may_be_empty: true}")
    assert (told(report), report.outcome) == ([], "passed")


def test_a_selection_has_a_verdict_for_each_email_that_it_matches(judged):
    report = judged(STAGE + "  - {at: 10 min, cancel: {view: team}, by: greta}")
    assert [row[0] for row in told(report)] == ["timeline[0].cancel.m2", "timeline[0].cancel.m3"]


def test_an_expected_refusal_of_an_email_that_is_not_selected_fails(judged):
    report = judged(STAGE + "  - {at: 10 min, cancel: {view: team}, by: greta, refused: {m1: not_in_outbox}}")
    assert told(report)[-1] == ("timeline[0].cancel.m1", "failed", "not_in_outbox", None)


def test_an_expected_refusal_needs_a_target_too(judged):
    report = judged(STAGE + "  - {at: 10 min, retry: {status: failed}, by: greta, refused: in_flight}")
    assert told(report) == [("timeline[0].retry", "failed", "in_flight", None)]


def test_an_unknown_email_is_refused_as_unknown(judged):
    report = judged(
        STAGE
        + "  - {at: 1 min, cancel: m2, by: tom, refused: unknown_email}\n  - {at: 1 h, retry: nobody, by: tom, refused: unknown_email}"
    )
    assert report.outcome == "passed"


@pytest.mark.parametrize(
    ("entry", "path", "got"),
    [
        ("{at: 1 h, outage: main, for: 5 min}", "timeline[0].outage.main", "done"),
        ("{at: 1 h, disable: main, by: cy}", "timeline[0].disable.main", "done"),
        ("{at: 1 h, disable: main, by: lena, refused: not_admin}", "timeline[0].disable.main", "not_admin"),
        ("{at: 1 h, enable: main, by: cy}", "timeline[0].enable.main", "done"),
        ("{at: 1 h, set: {retry: postfix}, by: cy}", "timeline[0].set", "done"),
        ("{at: 1 h, set: {retry: postfix}, by: tom, refused: not_admin}", "timeline[0].set", "not_admin"),
        ("{at: 1 h, send_now: m2, by: tom}", "timeline[0].send_now.m2", "done"),
    ],
)
def test_every_verb_is_judged(judged, entry, path, got):
    report = judged(STAGE + f"  - {entry}")
    assert [(row[0], row[1], row[3]) for row in told(report)] == [(path, "passed", got)]


def test_entries_come_in_the_files_order_whatever_their_time(judged):
    report = judged(STAGE + "  - {at: 1 h, cancel: m2, by: tom}\n  - {at: 10 min, cancel: m3, by: lena}")
    assert [row[0] for row in told(report)] == ["timeline[0].cancel.m2", "timeline[1].cancel.m3"]
