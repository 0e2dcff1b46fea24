"""What a sound file becomes: resolved values, defaults, names, routes."""

from __future__ import annotations

import pytest

from outboxsim.outbox import Priority, SendStatus, View
from outboxsim.quantities import Constant, Empirical, Exponential, Gamma, Lognormal, Rate, Triangular, Uniform, Weibull
from outboxsim.retry import PRESETS, Breaker, RetryPattern, Scan
from outboxsim.scenario import (
    AtExpectation,
    Batch,
    Comparison,
    Email,
    Every,
    Greylisting,
    Hourly,
    MetricsExpectation,
    NeverExpectation,
    Poisson,
    RetryEntry,
    Selection,
    SetEntry,
)
from tests.scenario.stage import faults_at_marks, faults_of, scenario_of, text_of

S = 1_000_000
MIN, H = 60 * S, 3600 * S


def test_defaults_are_those_of_the_specification():
    scenario = scenario_of("connectors: {main: {outages: [{from: 1 h}, {from: 2 h, kind: timeout}], breakdowns: {up: 1 h, down: 1 h}}}")
    main = scenario.connectors["main"]
    assert scenario.time_zone == "UTC"
    assert (scenario.name, scenario.description, scenario.seed, scenario.scan) == ("", "", 0, None)
    assert scenario.retry == PRESETS["default"]
    assert (scenario.attempt_limit, scenario.manual_retry, scenario.on_enable) == (None, "continue", "manual")
    assert (scenario.replications.min, scenario.replications.max) == (20, 200)
    assert (main.latency, main.timeout, main.queue, main.enabled) == (Constant(0), 30 * S, "fifo", True)
    assert (main.capacity, main.rate_limit, main.greylisting, main.breaker, main.disable_after) == (None, None, None, None, None)
    assert main.transient_failure.probability == main.permanent_failure.probability == 0
    assert [(outage.kind, outage.error, outage.until) for outage in main.outages] == [
        ("refuse", "connection refused", None),
        ("timeout", "connection timed out", None),
    ]
    assert main.breakdowns is not None
    assert (main.breakdowns.kind, main.breakdowns.error) == ("refuse", "connection refused")
    user = scenario.users["tom"]
    assert (user.undo_window, user.language, user.address, user.page_size) == (0, "en", None, 20)
    assert (user.view, user.columns, user.access, user.admin) == (None, None, (), False)
    assert scenario.work_items["T-1"].contact == "contact@example.invalid"
    email = scenario.emails[1]
    assert (email.priority, email.subject, email.body, email.from_address, email.send_at) == (Priority.NORMAL, "", "", None, None)
    assert scenario_of("expect: [{metrics: {sent: 1}}]").expect[0].confidence == 0.95  # type: ignore[union-attr]


def test_people_that_only_a_team_mentions_are_users():
    assert list(scenario_of("").users) == ["cy", "lena", "greta", "tom", "udo"]


def test_entries_of_which_nothing_is_said_may_be_left_empty():
    scenario = scenario_of(
        "users:\n  lena:\n  tom:\nteams:\n  payroll:\nconnectors:\n  main:\nwork_items: {T-1: {type: case}, T-2: {type: action}}"
    )
    assert list(scenario.users) == ["lena", "tom"]
    assert scenario.teams["payroll"].members == ()
    assert scenario.default_connector == "main"


def test_users_in_full():
    user = scenario_of(
        "users: {lena: {undo_window: 30 s, language: de, view: team, page_size: 50, admin: true, access: all,"
        " columns: [send_status, to, subject]}}"
    ).users["lena"]
    assert (user.undo_window, user.language, user.view, user.page_size, user.admin) == (30 * S, "de", View.TEAM, 50, True)
    assert (user.access, user.columns) == ("all", ("send_status", "to", "subject"))
    assert scenario_of("users: {lena: {access: [billing]}}").users["lena"].access == ("billing",)


@pytest.mark.parametrize(
    ("written", "duration"),
    [
        ("2 s", Constant(2 * S)),
        ("{dist: exponential, mean: 8 h}", Exponential(8 * H)),
        ("{dist: lognormal, median: 2 s, p95: 6 s}", Lognormal(2 * S, 6 * S)),
        ("{dist: uniform, low: 1 s, high: 3 s}", Uniform(S, 3 * S)),
        ("{dist: triangular, low: 1 s, mode: 2 s, high: 3 s}", Triangular(S, 2 * S, 3 * S)),
        ("{dist: weibull, scale: 1 h, shape: 1.5}", Weibull(H, 1.5)),
        ("{dist: gamma, mean: 1 h, shape: 2}", Gamma(H, 2.0)),
        ("{dist: empirical, values: [1 s, 2 s]}", Empirical((S, 2 * S))),
    ],
)
def test_random_durations(written, duration):
    assert scenario_of(f"connectors: {{main: {{latency: {written}}}}}").connectors["main"].latency == duration


def test_connectors_in_full():
    main = scenario_of(
        """
connectors:
  main:
    capacity: 4
    queue: priority
    rate_limit: 30 per min
    timeout: 1 min
    transient_failure: {probability: 2 %, errors: {451 later: 3, 421 busy: 1}}
    permanent_failure: 0.1 %
    greylisting: {min_delay: 5 min, per: recipient}
    disable_after: 10
    breaker: {failures: 3, open_for: 5 min, within: scan, window: 5}
    retry: [1 min]
    attempt_limit: 6
    scan: {interval: 5 min}
    outages:
      - {from: "12:00", until: "13:30", error: cable cut}
      - {from: "15:00", for: 10 min, kind: reject, error: "451 4.3.0 try later"}
      - {from: "16:00", until: end}
    breakdowns: {up: 8 h, down: {dist: exponential, mean: 30 min}, kind: timeout}
"""
    ).connectors["main"]
    assert (main.capacity, main.queue, main.rate_limit, main.timeout) == (4, "priority", Rate(30, MIN), MIN)
    assert (main.transient_failure.probability, main.transient_failure.errors) == (0.02, (("451 later", 3.0), ("421 busy", 1.0)))
    assert (main.permanent_failure.probability, main.permanent_failure.errors[0][0][0]) == (0.001, "5")
    assert main.greylisting == Greylisting.model_construct(min_delay=5 * MIN, per="recipient")
    assert (main.disable_after, main.attempt_limit) == (10, 6)
    assert main.breaker == Breaker(3, "5 min", within="scan", window=5)
    assert main.retry == RetryPattern(["1 min"])
    assert main.scan == Scan("5 min")
    assert [(outage.from_, outage.until, outage.kind, outage.error) for outage in main.outages] == [
        (3 * H, 270 * MIN, "refuse", "cable cut"),
        (6 * H, 370 * MIN, "reject", "451 4.3.0 try later"),
        (7 * H, None, "refuse", "connection refused"),
    ]
    assert main.breakdowns is not None
    assert (main.breakdowns.up, main.breakdowns.error) == (Constant(8 * H), "connection timed out")


def test_patterns_may_use_those_above_them_and_hide_presets():
    scenario = scenario_of("retry_patterns: {own: [1 min], postfix: own, other: {preset: exim, max_age: 1 d}}\nretry: postfix")
    assert scenario.retry == RetryPattern(["1 min"])
    assert scenario.retry.name == "postfix"
    assert scenario.retry_patterns["other"].name == "other"


def test_routing():
    scenario = scenario_of(
        """
connectors: {main: {default: true}, eu: {addresses: [lena@acme.example, eu@acme.example]}, us: {}}
emails:
  - {id: a, at: 0 s, from: lena, to: a@b.c}
  - {id: b, at: 0 s, from: tom, to: a@b.c}
  - {id: c, at: 0 s, from: tom, to: a@b.c, from_address: eu@acme.example}
  - {id: d, at: 0 s, from: lena, to: a@b.c, via: us}
  - {id: e, at: 0 s, system: true, to: a@b.c}
"""
    )
    assert [(email.connector, email.from_address) for email in scenario.emails] == [
        ("eu", "lena@acme.example"),
        ("main", None),
        ("eu", "eu@acme.example"),
        ("us", "lena@acme.example"),
        ("main", None),
    ]
    assert scenario.default_connector == "main"
    assert scenario.route("us", None) == "us"
    assert scenario.route(None, "eu@acme.example") == "eu"
    assert scenario.route(None, "nobody@acme.example") == scenario.route(None, None) == "main"


def test_a_default_is_needed_only_where_one_is_needed():
    scenario = scenario_of(
        "connectors: {a: {addresses: [lena@acme.example]}, b: {}}\nemails: [{id: m1, at: 0 s, from: lena, to: a@b.c}]\n"
        "traffic: [{name: in, from: lena, arrivals: {every: 1 h}}, {name: out, system: true, via: b, arrivals: {every: 1 h}}]"
    )
    assert scenario.default_connector is None
    with pytest.raises(ValueError, match=r"no connector lists 'x@y\.z' and none is the default"):
        scenario.route(None, "x@y.z")


@pytest.mark.parametrize(
    ("needy", "named"),
    [
        ("emails: [{id: m1, at: 0 s, from: tom, to: a@b.c}]", "m1"),
        ("emails: [{id: m1, at: 0 s, system: true, to: a@b.c}]", "m1"),
        ("emails: []\ntraffic: [{name: in, from: [lena, tom], arrivals: {every: 1 h}}]", "traffic in"),
        ("emails: []\ntraffic: [{name: in, system: true, arrivals: {every: 1 h}}]", "traffic in"),
        ("emails: []\ntimeline: [{at: 1 h, split: T-1, by: lena}]", "timeline[0].split"),
        ("emails: []\ntimeline: [{at: 1 h, merge: [T-1, T-2], by: lena}]", "timeline[0].merge"),
        ("emails: []\ntimeline: [{at: 1 h, share: T-1, by: lena}]", "timeline[0].share"),
    ],
)
def test_who_needs_a_default_is_named(needy, named):
    [(path, message)] = faults_at_marks(f"connectors: §{{a: {{addresses: [lena@acme.example]}}, b: {{}}}}\n{needy}")
    assert path == "connectors"
    assert f"needed by {named};" in message


def test_without_connectors_who_needs_one_is_named():
    [(line, column, path, message)] = faults_of(text_of("", without=("connectors",)))
    assert (line, column, path) == (1, 1, "connectors")
    assert message == "is missing; emails need a connector: m1, m2"


@pytest.mark.parametrize(
    ("written", "addresses"),
    [
        ("a@b.c", ("a@b.c",)),
        ("' a@b.c '", ("a@b.c",)),
        ("'a@b.c, d@e.f'", ("a@b.c", "d@e.f")),
        ("a@b.c;d@e.f", ("a@b.c", "d@e.f")),
        ("[a@b.c, d@e.f]", ("a@b.c", "d@e.f")),
    ],
)
def test_recipients(written, addresses):
    assert scenario_of(f"emails: [{{id: m1, at: 0 s, from: lena, to: {written}, cc: {written}}}]").emails[0].to == addresses


def test_emails_in_full():
    [email] = scenario_of(
        """
time_zone: Europe/Berlin
emails:
  - id: m1
    at: "10:00"
    from: tom
    to: a@b.c
    bcc: [c@d.e]
    subject: 2026
    body: |
      Hello
    work_item: T-1
    priority: high
    send_at: day 2 09:00
    scheduled_by: greta
    attachments: [{name: a.pdf, size: 20000}, {name: b.pdf}]
"""
    ).emails
    assert isinstance(email, Email)
    assert (email.at, email.send_at, email.scheduled_by) == (H, 24 * H, "greta")
    assert (email.subject, email.body, email.bcc, email.priority) == ("2026", "Hello\n", ("c@d.e",), Priority.HIGH)
    assert [(attachment.name, attachment.size) for attachment in email.attachments] == [("a.pdf", 20_000), ("b.pdf", 0)]
    assert not hasattr(email, "__dict__")


def test_arrivals_and_windows():
    traffic = scenario_of(
        f"""
time_zone: Europe/Berlin
horizon: 2 d
traffic:
  - {{name: a, from: lena, arrivals: {{poisson: 40 per h}}}}
  - {{name: b, from: [lena, tom], arrivals: {{every: 90 s}}, between: ["10:00", "12:00"]}}
  - {{name: c, system: true, arrivals: {{hourly: [{", ".join(["1"] * 23)}, 2 per min], weekend: 10 %}}, between: [1 h, 60 h]}}
  - {{name: d, from: lena, arrivals: {{batch: 500, at: "09:00"}}, between: [start, end], limit: 100, via: main}}
  - {{name: e, from: lena, arrivals: {{every: 1 h}}, between: [50 h, 60 h]}}
""",
    ).traffic
    assert traffic[0].arrivals == Poisson.model_construct(rate=Rate(40, H))
    assert traffic[0].windows == ((0, 48 * H + 1),)
    assert traffic[1].arrivals == Every.model_construct(interval=90 * S)
    assert traffic[1].from_ == ("lena", "tom")
    assert traffic[1].windows == ((H, 3 * H), (25 * H, 27 * H))
    assert traffic[2].arrivals == Hourly.model_construct(rates=(1.0,) * 23 + (120.0,), weekend=0.1)
    assert traffic[2].windows == ((H, 48 * H + 1),)
    assert traffic[3].arrivals == Batch.model_construct(count=500, at=0)
    assert traffic[3].windows == ((0, 48 * H + 1),)
    assert (traffic[3].limit, traffic[3].via) == (100, "main")
    assert traffic[4].windows == ()
    assert (traffic[0].scheduled, traffic[0].priority, traffic[0].domains) == (None, (0.0, 0.0), (("example.invalid", 1.0),))


def test_the_parts_of_traffic():
    [traffic] = scenario_of(
        "traffic: [{name: a, from: lena, arrivals: {every: 1 h}, scheduled: {share: 10 %, ahead: 2 h}, priority: {high: 10 %, low: 5 %},"
        " domains: {kunde.example: 9, andere.example: 1}}]"
    ).traffic
    assert traffic.scheduled == (0.1, Constant(2 * H))
    assert traffic.priority == (0.1, 0.05)
    assert traffic.domains == (("kunde.example", 9.0), ("andere.example", 1.0))
    assert scenario_of("traffic: [{name: a, from: lena, arrivals: {every: 1 h}, scheduled: null}]").traffic[0].scheduled is None


def test_ids_that_traffic_and_timeline_make_are_defined():
    scenario_of(
        """
traffic: [{name: in, from: lena, arrivals: {every: 1 h}, limit: 3}, {name: a-1, from: lena, arrivals: {every: 1 h}}]
timeline:
  - {at: 1 h, split: T-1, by: lena}
  - {at: 1 h, split: T-1, by: lena}
  - {at: 1 h, merge: [T-1, T-2], by: lena}
  - {at: 1 h, share: T-2, by: lena}
  - {at: 2 h, cancel: [in-1, in-3, a-1-100000, T-1-split-1, T-1-split-2, T-1-merge-1, T-2-share-1], by: lena}
"""
    )


@pytest.mark.parametrize("email", ["in-0", "in-4", "in-01", "in-x", "in-", "in", "in-¹", f"in-{'1' * 50}", "T-1-split-1"])
def test_other_ids_are_not(email):
    [(path, _)] = faults_at_marks(
        f"traffic: [{{name: in, from: lena, arrivals: {{every: 1 h}}, limit: 3}}]\ntimeline: [{{at: 1 h, cancel: §{email}, by: lena}}]"
    )
    assert path == "timeline[0].cancel"


def test_the_timeline_in_full():
    entries = scenario_of(
        """
timeline:
  - {at: 10 min, outage: main, for: 20 min, kind: timeout}
  - {at: 10 min, outage: main, until: end}
  - {at: 10 min, outage: main, until: 1 h, by: cy}
  - {at: 10 min, retry: m1, by: lena}
  - {at: 10 min, cancel: [m1, m2], by: lena, refused: {m2: not_sender}}
  - {at: 10 min, retry: {view: team, status: [failed, pending_retry]}, by: greta, may_be_empty: true}
  - {at: 10 min, send_now: ghost, by: tom, refused: unknown_email}
  - {at: 10 min, undo: [m1, ghost], by: tom, refused: {ghost: unknown_email}}
  - {at: 10 min, retry: {status: failed}, by: tom, refused: {ghost: unknown_email, m1: in_flight}}
  - {at: 10 min, assign: {T-1: tom}, by: greta, refused: {T-1: not_allowed}}
  - {at: 10 min, merge: [T-1, T-2], by: greta, refused: {T-1 T-2: not_allowed}}
  - {at: 10 min, disable: main, by: lena, refused: {main: not_admin}}
  - {at: 10 min, set: {retry: postfix, attempt_limit: null}, by: cy, refused: null}
"""
    ).timeline
    assert [entry.index for entry in entries] == list(range(13))
    assert [entry.verb for entry in entries][:5] == ["outage", "outage", "outage", "retry", "cancel"]
    outages = [(entry.until, entry.error) for entry in entries[:3]]  # type: ignore[union-attr]
    assert outages == [(30 * MIN, "connection timed out"), (None, "connection refused"), (H, "connection refused")]
    assert (entries[0].by, entries[2].by) == (None, "cy")
    assert isinstance(entries[3], RetryEntry)
    assert entries[3].retry == ("m1",)
    assert entries[4].refused == {"m2": "not_sender"}
    selection = entries[5].retry  # type: ignore[union-attr]
    assert isinstance(selection, Selection)
    assert (selection.view, selection.status) == (View.TEAM, (SendStatus.FAILED, SendStatus.PENDING_RETRY))
    assert entries[5].may_be_empty
    assert entries[6].refused == "unknown_email"
    assert isinstance(entries[12], SetEntry)
    assert entries[12].set.model_fields_set == {"retry", "attempt_limit"}
    assert (entries[12].set.retry, entries[12].set.attempt_limit, entries[12].refused) == (PRESETS["postfix"], None, None)


def test_settings_say_what_was_given():
    [entry] = scenario_of(
        """
timeline:
  - at: 1 h
    by: cy
    set:
      manual_retry: once
      on_enable: resume
      connectors:
        main: {capacity: null, retry: null, rate_limit: null, greylisting: null, attempt_limit: null, latency: 1 s, timeout: 2 s}
      users: {lena: {undo_window: 10 s, view: mine, columns: [to, subject], page_size: 5, language: de, access: [billing], admin: false}}
"""
    ).timeline
    assert isinstance(entry, SetEntry)
    main, lena = entry.set.connectors["main"], entry.set.users["lena"]
    assert main.model_fields_set == {"capacity", "retry", "rate_limit", "greylisting", "attempt_limit", "latency", "timeout"}
    assert (main.capacity, main.latency) == (None, Constant(S))
    assert lena.access == ("billing",)
    assert len(lena.model_fields_set) == 7


def test_what_a_set_lowers_first_may_be_raised_after():
    scenario_of(
        "connectors: {main: {permanent_failure: 60 %}}\n"
        "timeline:\n"
        "  - {at: 2 h, set: {connectors: {main: {transient_failure: 50 %}}}, by: cy}\n"
        "  - {at: 1 h, set: {connectors: {main: {permanent_failure: 10 %}}}, by: cy}\n"
        "  - {at: 0 s, set: {connectors: {main: {transient_failure: 90 %}}}, by: lena, refused: not_admin}\n"
    )


def test_expectations_in_full():
    expectations = scenario_of(
        """
expect:
  - name: 7
    at: 1 h
    emails:
      m1: sent
      m2:
        {status: {one_of: [sent, failed]}, attempts: {between: [1, 2]}, next_attempt: "12:30", last_attempt: null, logged: {at_most: 5 min}}
    outbox: {as: greta, view: team, count: {at_least: 1}, emails: [m1]}
    connectors: {main: disabled}
  - at: end
    emails:
      m1: {last_error: {contains: "451"}, connector: main, in_flight: false}
      m2: {last_error: {one_of: [x, null]}, connector: {one_of: [main]}}
  - attempts: {m1: [5 min, "10:00"], m2: []}
  - {during: [1 h, 1 h], never: {email: m2, status: sent, attempts: 1}}
  - {by: 45 min, eventually: {email: m2, status: sent}}
  - metrics:
      {sent: 4, submitted: {at_least: 3.5}, attempts_per_sent: {at_most: 1.6}, latency_p95: null, give_up_rate: 5 %, backlog_drain: {one_of: [5 min, null]}}
  - over: replications
    confidence: 99 %
    select: {team: payroll, connector: main, priority: high, system: false}
    metrics: {delivered_within(15 min): {at_least: 90 %}, connector_load: {at_most: 0.8}, retry_storm: 3, peak_attempt_rate: 2}
"""
    ).expect
    assert [expectation.index for expectation in expectations] == list(range(7))
    first, last, attempts, never, eventually, metrics, statistical = expectations
    assert isinstance(first, AtExpectation)
    assert (first.name, first.at) == ("7", H)
    assert first.emails["m1"] == {"status": Comparison("equal", "sent")}
    assert first.emails["m2"] == {
        "status": Comparison("one_of", ("sent", "failed")),
        "attempts": Comparison("between", (1, 2)),
        "next_attempt": Comparison("equal", 210 * MIN),
        "last_attempt": Comparison("equal", None),
        "logged": Comparison("at_most", 5 * MIN),
    }
    assert first.outbox is not None
    assert (first.outbox.as_, first.outbox.view, first.outbox.count, first.outbox.emails) == (
        "greta",
        View.TEAM,
        Comparison("at_least", 1),
        ("m1",),
    )
    assert first.connectors == {"main": "disabled"}
    assert isinstance(last, AtExpectation)
    assert last.at == 8 * H
    assert last.emails["m1"]["last_error"] == Comparison("contains", "451")
    assert last.emails["m1"]["in_flight"] == Comparison("equal", False)
    assert last.emails["m2"]["last_error"] == Comparison("one_of", ("x", None))
    assert attempts.attempts == {"m1": (5 * MIN, H), "m2": ()}  # type: ignore[union-attr]
    assert isinstance(never, NeverExpectation)
    assert never.during == (H, H)
    assert (never.never.email, list(never.never.fields)) == ("m2", ["status", "attempts"])
    assert eventually.by == 45 * MIN  # type: ignore[union-attr]
    assert isinstance(metrics, MetricsExpectation)
    assert metrics.metrics["submitted"] == Comparison("at_least", 3.5)
    assert metrics.metrics["give_up_rate"] == Comparison("equal", 0.05)
    assert metrics.metrics["backlog_drain"] == Comparison("one_of", (5 * MIN, None))
    assert isinstance(statistical, MetricsExpectation)
    assert (statistical.over, statistical.confidence) == ("replications", 0.99)
    assert statistical.select is not None
    assert (statistical.select.team, statistical.select.priority, statistical.select.system) == ("payroll", Priority.HIGH, False)


def test_start_with_an_offset_is_shown_in_the_time_zone():
    scenario = scenario_of("start: 2026-03-02T08:00:00Z\ntime_zone: Europe/Berlin\nhorizon: '17:00'")
    assert scenario.start.isoformat() == scenario.clock.iso(0) == "2026-03-02T09:00:00+01:00"
    assert scenario.horizon == 8 * H


def test_the_horizon_may_be_any_moment():
    assert scenario_of("horizon: day 2 09:00").horizon == 24 * H
    assert scenario_of("horizon: 2026-03-02T10:00:00").horizon == H
