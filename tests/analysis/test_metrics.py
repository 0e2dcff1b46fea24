"""Each metric by its definition (spec/scenario.md section 3), on small tables made by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outboxsim.analysis import metrics
from outboxsim.analysis.metrics import METRICS, MetricError, Selected, kind_of, metric
from outboxsim.scenario.metric_names import METRIC_KINDS

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
START = pd.Timestamp("2026-03-02T09:00:00+01:00")
ZONE = "Europe/Berlin"

EMAIL = dict.fromkeys(("undo_until", "scheduled_by", "scheduled_for", "traffic", "finished"))
EMAIL |= {"from": "lena", "priority": "normal", "system_generated": False, "migrated": False}
EMAIL |= {"team": "payroll", "connector": "main", "status": "queued"}
ATTEMPT = {"attempt": 1, "connector": "main", "trigger": "automatic", "contacted": True, "outcome": "accepted", "error": None}
EVENT = {"email": None, "connector": None, "actor": None, "from_status": None, "to_status": None, "detail": ""}
EMAIL_INSTANTS = ("submitted", "undo_until", "scheduled_for", "released", "finished")


def table(rows, columns, *, instants=(), words=()):
    frame = pd.DataFrame(rows, columns=columns)
    for name in instants:
        epoch = START.value // 1000
        frame[name] = (
            pd.to_datetime([None if t is None or t != t else epoch + t for t in frame[name]], unit="us", utc=True)
            .as_unit("us")
            .tz_convert(ZONE)
        )
    for name in words:
        frame[name] = frame[name].astype("category")
    return frame


@dataclass
class FakeRun:
    """What metrics read of a Result."""

    email_rows: list = field(default_factory=list)
    attempt_rows: list = field(default_factory=list)
    event_rows: list = field(default_factory=list)
    horizon: int = 8 * HOUR
    connectors: dict = field(default_factory=lambda: {"main": SimpleNamespace(enabled=True, capacity=None)})

    @property
    def clock(self):
        return SimpleNamespace(epoch_us=START.value // 1000)

    @property
    def emails(self):
        words = ("from", "priority", "team", "traffic", "connector", "status")
        return table(self.email_rows, ["id", "submitted", "released", *EMAIL], instants=EMAIL_INSTANTS, words=words)

    @property
    def attempts(self):
        frame = table(
            self.attempt_rows,
            ["email", "started", "ended", *ATTEMPT],
            instants=("started", "ended"),
            words=("connector", "trigger", "outcome"),
        )
        return frame.astype({"email": pd.CategoricalDtype([row["id"] for row in self.email_rows])})

    @property
    def events(self):
        at_start = json.dumps({"connectors": {name: vars(connector) for name, connector in self.connectors.items()}})
        rows = [{**EVENT, "time": 0, "event": "setting_changed", "detail": at_start}, *sorted(self.event_rows, key=lambda row: row["time"])]
        return table(
            rows, ["time", "event", *EVENT], instants=("time",), words=("event", "email", "connector", "actor", "from_status", "to_status")
        )

    def email(self, status="queued", *, at=0, **columns):
        number = len(self.email_rows) + 1
        finished = columns.get("finished")
        self.email_rows.append(
            {**EMAIL, "id": f"m{number}", "submitted": at, "released": at, "status": status, **columns, "finished": finished}
        )
        return f"m{number}"

    def sent(self, after, *, at=0, **columns):
        return self.email("sent", at=at, finished=at + after, **columns)

    def failed(self, after, *, at=0, **columns):
        email = self.email("failed", at=at, **columns)
        self.event(at + after, "status_changed", email=email, to_status="failed")
        return email

    def attempt(self, email, started, ended=None, **columns):
        self.attempt_rows.append(
            {**ATTEMPT, "email": email, "started": started, "ended": ended if ended is not None else started, **columns}
        )

    def event(self, time, event, **columns):
        self.event_rows.append({**EVENT, "time": time, "event": event, **columns})

    def outage(self, begin, end=None, connector="main"):
        self.event(begin, "outage_began", connector=connector)
        if end is not None:
            self.event(end, "outage_ended", connector=connector)

    def act(self, time, action, email):
        event, to = {"retry": ("status_changed", "pending_retry"), "send_now": ("released", "queued")}.get(
            action, ("status_changed", "cancelled")
        )
        self.event(time, event, email=email, actor="lena", to_status=to, detail=json.dumps({"action": action}))


@pytest.fixture
def run():
    return FakeRun()


def select(**parts):
    return SimpleNamespace(**{"traffic": None, "team": None, "connector": None, "priority": None, "system": None, **parts})


# Counts


def test_counts_are_by_status_at_the_end_and_failed_emails_are_in_the_outbox(run):
    for status in ("queued", "pending_retry", "connector_disabled", "failed", "failed"):
        run.email(status)
    for status in ("sent", "sent", "sent", "cancelled"):
        run.email(status, finished=MINUTE)
    counted = {name: metric(run, name) for name in ("submitted", "sent", "failed", "cancelled", "in_outbox")}
    assert counted == {"submitted": 9, "sent": 3, "failed": 2, "cancelled": 1, "in_outbox": 5}
    assert counted["submitted"] == counted["in_outbox"] + counted["sent"] + counted["cancelled"]  # E4


def test_attempts_of_every_outcome_count_and_are_divided_by_the_emails_sent(run):
    email = run.sent(HOUR)
    for number, outcome in enumerate(("transient", "suspended", "connector_disabled", "accepted")):
        run.attempt(email, number * MINUTE, outcome=outcome)
    assert metric(run, "attempts") == 4
    assert metric(run, "attempts_per_sent") == 4.0


def test_ratios_without_a_denominator_are_null(run):
    assert metric(run, "give_up_rate") is None
    assert metric(run, "attempts_per_sent") is None
    assert metric(run, "delivered_within(1 h)") is None
    assert metric(run, "latency_p50") is None


def test_give_up_rate_is_failed_at_the_end_by_submitted(run):
    run.email("failed")
    run.email("failed", migrated=True, released=None)
    run.sent(MINUTE)
    run.email("cancelled", finished=MINUTE)
    assert metric(run, "give_up_rate") == 0.5


# Wasted attempts


def test_attempts_started_in_an_outage_are_wasted_from_its_begin_until_before_its_end(run):
    email = run.email()
    run.outage(10 * MINUTE, 20 * MINUTE)
    for started in (10 * MINUTE - 1, 10 * MINUTE, 20 * MINUTE - 1, 20 * MINUTE):
        run.attempt(email, started, outcome="transient")
    assert metric(run, "wasted_attempts") == 2


def test_an_outage_that_does_not_end_wastes_attempts_until_the_end_and_then_too(run):
    run.outage(HOUR)
    run.attempt(run.email(), run.horizon, outcome="transient")
    assert metric(run, "wasted_attempts") == 1


def test_attempts_on_a_disabled_connector_are_wasted_and_suspended_ones_are_not(run):
    email = run.email()
    run.outage(0, HOUR)
    run.attempt(email, 2 * HOUR, outcome="connector_disabled", contacted=False)
    run.attempt(email, MINUTE, outcome="suspended", contacted=False)
    assert metric(run, "wasted_attempts") == 1


def test_an_attempt_in_flight_at_the_end_is_wasted_if_it_started_in_an_outage(run):
    run.outage(0)
    run.attempt(run.email(), MINUTE, outcome=None)
    assert metric(run, "wasted_attempts") == 1


def test_an_outage_of_one_connector_wastes_no_attempt_of_another(run):
    run.connectors["other"] = SimpleNamespace(enabled=True, capacity=None)
    run.outage(0, HOUR, connector="other")
    run.attempt(run.email(), MINUTE)
    assert metric(run, "wasted_attempts") == 0


def test_overlapping_and_adjoining_outages_are_one_period(run):
    run.outage(10, 30)
    run.outage(20, 40)
    run.outage(40, 50)
    run.outage(60, 70)
    assert [(p.begin, p.end) for p in Selected(run).outages("main")] == [(10, 50), (60, 70)]


def test_a_connector_is_disabled_until_it_is_enabled_however_often_somebody_says_so(run):
    run.connectors["main"].enabled = False
    for time, event in ((10, "connector_enabled"), (20, "connector_enabled"), (30, "connector_disabled"), (40, "connector_disabled")):
        run.event(time, event, connector="main")
    assert [(p.begin, p.end) for p in Selected(run).closed("main")] == [(0, 10), (30, None)]


# Rates


def test_peak_attempt_rate_is_the_most_in_any_60_seconds_not_in_clock_minutes(run):
    email = run.email()
    for started in (30, 70, 89, 90, 200):
        run.attempt(email, started * SECOND)
    assert metric(run, "peak_attempt_rate") == 3


def test_a_window_of_60_seconds_does_not_hold_its_end(run):
    email = run.email()
    run.attempt(email, 0)
    run.attempt(email, MINUTE)
    assert metric(run, "peak_attempt_rate") == 1
    run.attempt(email, MINUTE - 1)
    assert metric(run, "peak_attempt_rate") == 2


def test_peak_attempt_rate_without_attempts_is_0(run):
    assert metric(run, "peak_attempt_rate") == 0


def storm(run, *, before, after, outage=(2 * HOUR, 3 * HOUR), connector="main"):
    email = run.email(connector=connector)
    run.outage(*outage, connector=connector)
    for started in (*before, *after):
        run.attempt(email, started, connector=connector)


def test_retry_storm_is_the_heaviest_minute_after_an_outage_by_the_usual_minute_before(run):
    storm(run, before=[HOUR + n * MINUTE for n in range(30)], after=[3 * HOUR + 5 * MINUTE + n * SECOND for n in range(10)])
    assert metric(run, "retry_storm") == 10 / (30 / 60)


def test_retry_storm_looks_at_the_hour_before_and_the_15_minutes_after(run):
    storm(
        run,
        before=[HOUR - 1, HOUR, 2 * HOUR - 1],
        after=[2 * HOUR, 3 * HOUR - 1, 3 * HOUR, 3 * HOUR + 15 * MINUTE - 1, 3 * HOUR + 15 * MINUTE],
    )
    assert metric(run, "retry_storm") == 1 / (2 / 60)


def test_retry_storm_divides_by_the_part_of_the_hour_that_the_run_has(run):
    storm(run, before=[0, MINUTE], after=[HOUR], outage=(10 * MINUTE, HOUR))
    assert metric(run, "retry_storm") == 1 / (2 / 10)


def test_retry_storm_skips_an_outage_without_attempts_before_it(run):
    storm(run, before=[], after=[3 * HOUR])
    assert metric(run, "retry_storm") is None
    storm(run, before=[4 * HOUR], after=[5 * HOUR], outage=(5 * HOUR - MINUTE, 5 * HOUR))
    assert metric(run, "retry_storm") == 60


def test_retry_storm_is_null_without_an_outage_that_ended(run):
    storm(run, before=[HOUR], after=[3 * HOUR], outage=(2 * HOUR, None))
    assert metric(run, "retry_storm") is None


def test_retry_storm_is_of_the_worst_outage_and_counts_on_its_connector_only(run):
    run.connectors["other"] = SimpleNamespace(enabled=True, capacity=None)
    storm(run, before=[HOUR], after=[3 * HOUR])
    storm(run, before=[HOUR], after=[3 * HOUR, 3 * HOUR + 1], connector="other")
    assert metric(run, "retry_storm") == 120
    assert metric(run, "retry_storm", select(connector="main")) == 60


def test_a_storm_without_attempts_after_the_outage_is_0(run):
    storm(run, before=[HOUR], after=[])
    assert metric(run, "retry_storm") == 0.0


# Backlog


def test_backlog_drains_when_the_outbox_is_back_at_its_size_just_before_the_outage(run):
    run.sent(5 * HOUR, at=0)
    run.sent(70 * MINUTE, at=HOUR)  # comes with the outage's begin: not before it
    run.sent(90 * MINUTE, at=HOUR + 1)
    run.outage(HOUR, 2 * HOUR)
    assert metric(run, "backlog_drain") == 30 * MINUTE + 1


def test_backlog_drains_at_once_if_the_outbox_is_no_larger_at_the_outages_end(run):
    run.sent(90 * MINUTE, at=0)
    run.email(at=2 * HOUR - 1)
    run.outage(HOUR, 2 * HOUR)
    assert metric(run, "backlog_drain") == 0


def test_backlog_drain_looks_at_the_state_after_everything_at_an_instant(run):
    run.sent(2 * HOUR, at=0)
    run.sent(2 * HOUR, at=HOUR)  # leaves at 3 h, when the next one comes
    run.sent(HOUR, at=3 * HOUR)
    run.outage(HOUR, 2 * HOUR)
    assert metric(run, "backlog_drain") == 0
    run.email(at=90 * MINUTE)
    assert metric(run, "backlog_drain") == 2 * HOUR


def test_backlog_drain_is_null_if_one_outage_leaves_more_than_it_found(run):
    run.email(at=HOUR)
    run.outage(0, 30 * MINUTE)
    run.outage(HOUR, 2 * HOUR)
    assert metric(run, "backlog_drain") is None


def test_backlog_drain_is_null_without_an_outage_that_ended(run):
    assert metric(run, "backlog_drain") is None
    run.outage(HOUR)
    assert metric(run, "backlog_drain") is None


def test_failed_emails_stay_in_the_backlog_and_cancelled_ones_leave_it(run):
    run.failed(MINUTE, at=HOUR)
    run.outage(HOUR, 2 * HOUR)
    assert metric(run, "backlog_drain") is None
    run.email_rows[0] |= {"status": "cancelled", "finished": 3 * HOUR}
    assert metric(run, "backlog_drain") == HOUR


def test_a_long_backlog_is_searched_to_its_end(run):
    for n in range(5000):
        run.sent(3 * HOUR, at=HOUR + n * SECOND)
    run.outage(HOUR, HOUR + 4999 * SECOND)
    assert metric(run, "backlog_drain") == 3 * HOUR


# Load


def test_load_is_busy_slot_time_by_slots_times_up_time(run):
    run.connectors["main"].capacity = 2
    email = run.email()
    run.attempt(email, 0, HOUR)
    run.attempt(email, HOUR, 2 * HOUR, contacted=False, outcome="suspended")
    run.attempt(email, 7 * HOUR, 9 * HOUR)  # goes on after the end of the run
    assert metric(run, "connector_load") == (1 + 1) / (2 * 8)


def test_an_attempt_in_flight_is_busy_until_the_end_of_the_run(run):
    run.connectors["main"].capacity = 1
    run.attempt_rows.append({**ATTEMPT, "email": run.email(), "started": 6 * HOUR, "ended": None, "outcome": None})
    assert metric(run, "connector_load") == 2 / 8


def test_time_in_outage_or_disabled_is_not_up(run):
    run.connectors["main"].capacity = 1
    run.attempt(run.email(), 0, HOUR)
    run.outage(2 * HOUR, 4 * HOUR)
    run.event(3 * HOUR, "connector_disabled", connector="main")
    run.event(5 * HOUR, "connector_enabled", connector="main")
    assert metric(run, "connector_load") == 1 / 5


def test_a_changed_capacity_counts_for_as_long_as_it_holds(run):
    run.connectors["main"].capacity = 1
    run.attempt(run.email(), 0, 2 * HOUR)
    run.event(6 * HOUR, "setting_changed", actor="cy", detail=json.dumps({"connectors": {"main": {"capacity": 3}}}))
    run.event(7 * HOUR, "setting_changed", actor="cy", detail=json.dumps({"retry": "postfix"}))
    assert metric(run, "connector_load") == 2 / (6 * 1 + 2 * 3)


def test_load_is_null_for_an_unlimited_connector_and_for_one_that_is_never_up(run):
    assert metric(run, "connector_load") is None
    run.connectors["main"] = SimpleNamespace(enabled=False, capacity=1)
    assert metric(run, "connector_load") is None
    run.event(HOUR, "connector_enabled", connector="main")
    run.event(HOUR, "setting_changed", detail=json.dumps({"connectors": {"main": {"capacity": None}}}))
    assert metric(run, "connector_load") is None


def test_load_of_several_connectors_needs_one_to_be_selected(run):
    run.connectors["other"] = SimpleNamespace(enabled=True, capacity=1)
    run.attempt(run.email(connector="other"), 0, 4 * HOUR, connector="other")
    with pytest.raises(MetricError, match=r"select: \{connector: NAME\}` \(here: main, other\)"):
        metric(run, "connector_load")
    assert metric(run, "connector_load", select(connector="other")) == 0.5


# Operators


def test_operator_actions_are_what_people_did_to_emails_not_what_happened_by_itself(run):
    email = run.email()
    for time, action in enumerate(("retry", "cancel", "undo", "send_now", "retry")):
        run.act(time, action, email)
    run.event(9, "status_changed", email=email, to_status="pending_retry")
    run.event(9, "status_changed", email=email, to_status="pending_retry", detail=json.dumps({"cause": "the connector was enabled"}))
    run.event(9, "released", email=email)
    run.event(9, "action_refused", email=email, actor="lena", detail=json.dumps({"action": "retry", "reason": "in_flight"}))
    run.event(9, "connector_disabled", connector="main", actor="cy")
    assert metric(run, "operator_actions") == 5


def test_operator_actions_are_those_on_selected_emails(run):
    run.act(0, "retry", run.email(traffic="invoices"))
    run.act(0, "retry", run.email())
    assert metric(run, "operator_actions", select(traffic="invoices")) == 1


# Latency


def test_without_censoring_and_competition_quantiles_are_those_of_the_latencies(run):
    for minutes in range(1, 101):
        run.sent(minutes * MINUTE, at=minutes)
    assert metric(run, "latency_p50") == 50 * MINUTE
    assert metric(run, "latency_p95") == 95 * MINUTE
    assert metric(run, "latency_p99") == 99 * MINUTE
    assert metric(run, "delivered_within(25 min)") == 0.25
    assert metric(run, "delivered_within(1500 s)") == 0.25


def test_latency_runs_from_release(run):
    run.sent(3 * HOUR, at=0, released=2 * HOUR)
    assert metric(run, "latency_p50") == HOUR


def test_a_failed_email_competes_so_that_a_quantile_above_the_rest_is_never_reached(run):
    run.sent(MINUTE)
    run.failed(2 * MINUTE)
    assert metric(run, "latency_p50") == MINUTE
    assert metric(run, "latency_p95") is None
    assert metric(run, "delivered_within(8 h)") == 0.5


def test_an_email_fails_at_its_last_failure(run):
    retried = run.failed(MINUTE)
    run.event(2 * HOUR, "status_changed", email=retried, to_status="failed")
    run.email(at=0, released=7 * HOUR)  # censored 1 h after its release: it hands its weight on to those who are still there
    run.sent(3 * HOUR)
    assert metric(run, "delivered_within(8 h)") == pytest.approx(0.5)


def test_emails_that_wait_at_the_end_are_censored_there(run):
    run.email("pending_retry", at=7 * HOUR)
    run.sent(2 * HOUR)
    assert metric(run, "delivered_within(1 h)") == 0.0
    assert metric(run, "delivered_within(2 h)") == 1.0  # the one that waits might have taken longer, and says nothing of that


def test_who_left_before_release_or_is_released_later_or_never_stays_outside(run):
    run.email("cancelled", finished=MINUTE, released=HOUR)
    run.email("cancelled", finished=MINUTE, released=None)
    run.email("queued", released=run.horizon + 1)
    run.failed(0, migrated=True, released=None)
    assert metric(run, "delivered_within(1 h)") is None
    run.sent(MINUTE)
    assert metric(run, "delivered_within(1 h)") == 1.0


def test_a_cancelled_email_competes_from_its_release_on(run):
    run.sent(MINUTE)
    run.email("cancelled", finished=HOUR, released=HOUR)
    assert metric(run, "delivered_within(1 h)") == 0.5


def test_an_email_released_at_the_horizon_belongs_to_the_run(run):
    run.sent(0, at=run.horizon)
    assert metric(run, "delivered_within(0 s)") == 1.0


# Against the definition, step by step

instants = st.integers(0, 40)
stays = st.tuples(instants, st.integers(0, 20) | st.none())


@settings(deadline=None)
@given(st.lists(st.integers(0, 300)))
def test_the_peak_is_that_of_all_windows_of_60_seconds(starts):
    run = FakeRun()
    email = run.email()
    for started in starts:
        run.attempt(email, started * SECOND)
    windows = [sum(begin <= started < begin + 60 for started in starts) for begin in range(-60, 301)]
    assert metric(run, "peak_attempt_rate") == max(windows)


@settings(deadline=None)
@given(st.lists(stays), instants, st.integers(1, 20))
def test_the_backlog_drains_as_counting_at_every_instant_says(emails, begin, length):
    run = FakeRun(horizon=80)
    for submitted, stay in emails:
        run.email(at=submitted) if stay is None else run.sent(stay, at=submitted)
    end = begin + length
    run.outage(begin, end)

    def size_after(instant):
        return sum(submitted <= instant and (stay is None or submitted + stay > instant) for submitted, stay in emails)

    drained = [instant - end for instant in range(end, 81) if size_after(instant) <= size_after(begin - 1)]
    assert metric(run, "backlog_drain") == (drained[0] if drained else None)


@settings(deadline=None)
@given(st.lists(st.tuples(instants, st.integers(1, 20) | st.none())), st.lists(instants))
def test_attempts_are_wasted_as_looking_at_every_outage_says(outages, starts):
    run = FakeRun(horizon=80)
    for begin, length in outages:
        run.outage(begin, None if length is None else begin + length)
    email = run.email()
    for started in starts:
        run.attempt(email, started, outcome="transient")
    down = [started for started in starts if any(b <= started and (n is None or started < b + n) for b, n in outages)]
    assert metric(run, "wasted_attempts") == len(down)


# Selection


@pytest.mark.parametrize(
    ("selection", "ids"),
    [
        (select(), {"m1", "m2", "m3", "m4"}),
        (select(traffic="invoices"), {"m2"}),
        (select(team="billing"), {"m2", "m3"}),
        (select(team="bill"), set()),
        (select(connector="other"), {"m3"}),
        (select(priority="high"), {"m3"}),
        (select(priority=SimpleNamespace(word="high")), {"m3"}),
        (select(system=True), {"m4"}),
        (select(system=False, team="billing"), {"m2", "m3"}),
        (select(traffic="invoices", priority="high"), set()),
    ],
)
def test_a_selection_keeps_the_emails_that_fit_all_its_parts(run, selection, ids):
    run.email()
    run.email(traffic="invoices", team="payroll,billing")
    run.email(connector="other", priority="high", team="billing")
    run.email(system_generated=True, team=None)
    for email in ("m1", "m2", "m3", "m4"):
        run.attempt(email, 0)
    selected = Selected(run, selection)
    assert set(selected.emails["id"]) == ids
    assert set(selected.attempts["email"]) == ids
    assert metric(run, "submitted", selection) == metric(run, "attempts", selection) == len(ids)


def test_a_selection_that_fits_nothing_has_zeros_and_nulls_and_no_error(run):
    run.sent(MINUTE)
    run.outage(HOUR, 2 * HOUR)
    values = {name: metric(run, name, select(traffic="none")) for name in METRICS if name != "delivered_within"}
    assert {name for name, value in values.items() if value is None} == {
        *("attempts_per_sent", "latency_p50", "latency_p95", "latency_p99", "give_up_rate", "retry_storm", "connector_load")
    }
    assert values["backlog_drain"] == 0


def test_the_backlog_is_that_of_the_selected_emails(run):
    run.email(at=HOUR, traffic="invoices")
    run.sent(2 * HOUR, at=HOUR)
    run.outage(HOUR, 2 * HOUR)
    assert metric(run, "backlog_drain") is None
    run.email_rows[0]["traffic"] = "other"
    run.email_rows[1]["traffic"] = "invoices"
    assert metric(run, "backlog_drain", select(traffic="invoices")) == HOUR


# By name


def test_the_registry_has_every_metric_of_the_specification_with_its_kind():
    kinds = {name: named.kind for name, named in METRICS.items()}
    assert kinds == {
        **dict.fromkeys(("submitted", "sent", "failed", "cancelled", "in_outbox", "attempts", "wasted_attempts"), "count"),
        **dict.fromkeys(("peak_attempt_rate", "operator_actions"), "count"),
        **dict.fromkeys(("attempts_per_sent", "retry_storm"), "number"),
        **dict.fromkeys(("delivered_within", "give_up_rate", "connector_load"), "share"),
        **dict.fromkeys(("latency_p50", "latency_p95", "latency_p99", "backlog_drain"), "duration"),
    }


def test_the_registry_is_what_scenario_files_know():
    assert {name: named.kind for name, named in METRICS.items()} == METRIC_KINDS


def test_every_metric_says_in_words_what_it_is_and_in_which_unit():
    assert all("Unit: " in (named.function.__doc__ or "") for named in METRICS.values())


@pytest.mark.parametrize("name", ["delivered_within(15 min)", "delivered_within( PT15M )", "delivered_within (900 s)"])
def test_delivered_within_is_named_with_its_duration(run, name):
    run.sent(15 * MINUTE)
    assert kind_of(name) == "share"
    assert metric(run, name) == 1.0


@pytest.mark.parametrize(
    ("name", "complaint"), [("snet", "'snet' is no metric"), ("delivered_within", "needs a duration"), ("delivered_within(5)", "5")]
)
def test_a_wrong_name_says_what_would_be_right(run, name, complaint):
    with pytest.raises(ValueError, match=complaint):
        metric(run, name)


def test_the_tables_of_a_mail_log_know_no_settings_and_their_connectors_are_those_of_the_emails(run):
    run.connectors.clear()
    storm(run, before=[HOUR], after=[3 * HOUR])
    assert Selected(run).connectors == ("main",)
    assert metric(run, "retry_storm") == 60
    assert metric(run, "connector_load") is None


def test_an_empty_run_has_every_metric(run):
    for name in METRICS:
        metric(run, "delivered_within(1 min)" if name == "delivered_within" else name)


def test_functions_take_a_run_or_one_that_was_selected_before(run):
    run.sent(MINUTE, traffic="invoices")
    run.sent(HOUR)
    selection = select(traffic="invoices")
    assert metrics.latency_p50(Selected(run, selection)) == metrics.latency_p50(run, selection) == MINUTE


def test_every_metric_says_what_it_is_and_its_unit():
    for name, one in METRICS.items():
        words = " ".join(one.function.__doc__.split())
        assert "Unit: " in words, name
        assert len(words.partition(" Unit: ")[0]) > 20, name
