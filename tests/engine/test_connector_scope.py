"""Patterns of scope `connector` together with scans and with changes while emails wait (retry.md, L6, B3)."""

from __future__ import annotations

import pytest

from outboxsim.outbox import SendStatus
from tests.engine.conftest import email, minutes, seconds

#: Three steps for the connector; a fourth connection failure makes it give up.
HOST = {"delays": ["10 min", "10 min", "10 min"], "scope": "connector"}


def starts(simulation, name):
    return [instant / 60e6 for instant in simulation.result.attempt_starts(name)]


def test_scope_connector_new_emails_wait_and_the_first_submitted_probes(simulate):
    simulation = simulate(
        retry=HOST,
        emails=[email("m1"), email("m2", "1 min"), email("m3", "2 min")],
        connectors={"main": {"outages": [{"from": "0 s", "until": "15 min"}]}},
    )
    simulation.run_until("5 min")
    assert simulation.email("m2").status is SendStatus.QUEUED
    assert simulation.email("m2").next_attempt == simulation.scenario.clock.datetime(minutes(10))
    simulation.run()
    assert [starts(simulation, name) for name in ("m1", "m2", "m3")] == [[0, 10, 20], [20], [20]]


def test_scope_connector_with_scans_probes_at_a_scan_and_the_rest_of_its_burst_follows(simulate):
    """The probe's answer lets what the same scan found due start at once; what came due after the scan waits for the next."""
    simulation = simulate(
        retry={"fixed": "3 min", "scope": "connector"},
        scan={"interval": "5 min"},
        emails=[email("m1"), email("m2", "1 min"), email("m3", "5 min 10 s")],
        connectors={"main": {"latency": "30 s", "outages": [{"from": "0 s", "until": "4 min"}]}},
    )
    simulation.run()
    assert [starts(simulation, name) for name in ("m1", "m2", "m3")] == [[0, 5], [5.5], [10]]


def test_scope_connector_scans_for_retries_let_queued_emails_probe_at_once(simulate):
    simulation = simulate(
        retry={"fixed": "3 min", "scope": "connector"},
        scan={"interval": "5 min", "applies_to": "retries"},
        emails=[email("m1", "1 min"), email("m2", "2 min")],
        connectors={"main": {"outages": [{"from": "0 s", "until": "3 min 30 s"}]}},
    )
    simulation.run()
    # m1 fails at 1 min; the connector's next try is at 4 min: m1 is a retry and needs the scan at 5 min, m2 is queued and does not.
    assert starts(simulation, "m2") == [4]
    assert starts(simulation, "m1") == [1, 5]


def test_scope_connector_the_emails_own_limits_end_the_email_alone(simulate):
    simulation = simulate(
        retry={**HOST, "max_attempts": 2},
        emails=[email("m1"), email("m2", "1 min")],
        connectors={"main": {"outages": [{"from": "0 s", "until": "25 min"}]}},
    )
    simulation.run()
    assert simulation.email("m1").status is SendStatus.FAILED
    assert starts(simulation, "m1") == [0, 10]
    assert starts(simulation, "m2") == [20, 30]


def test_scope_connector_giving_up_fails_all_that_wait_and_forgets(simulate):
    simulation = simulate(
        retry=HOST,
        emails=[email("m1"), email("m2", "1 min"), email("later", "2 min", send_at="2 h"), email("m3", "35 min")],
        connectors={"main": {"outages": [{"from": "0 s", "until": "34 min"}]}},
    )
    simulation.run()
    states = {name: simulation.email(name) for name in ("m1", "m2", "m3", "later")}
    assert [states[name].status.word for name in ("m1", "m2", "m3", "later")] == ["failed", "failed", "sent", "sent"]
    assert (states["m2"].attempts, states["m2"].logged, states["m2"].last_error) == (0, None, None)
    assert starts(simulation, "m1") == [0, 10, 20, 30]


def test_b3_changing_the_pattern_keeps_the_instant_of_what_waits_for_its_connector(simulate):
    simulation = simulate(
        retry=HOST, emails=[email("m1"), email("m2", "1 min")], connectors={"main": {"outages": [{"from": "0 s", "until": "5 min"}]}}
    )
    simulation.run_until("2 min")
    simulation.change({"retry": ["1 min"]}, by="cy")
    assert simulation.email("m2").next_attempt == simulation.scenario.clock.datetime(minutes(10))
    simulation.run()
    assert [starts(simulation, name) for name in ("m1", "m2")] == [[0, 10], [10]]


@pytest.mark.parametrize(("rate", "expected"), [("6 per min", [0, 0, 10, 20]), ("60 per h", [0, 0, 60, 120])])
def test_b3_a_changed_rate_keeps_the_tokens_that_are_there(simulate, rate, expected):
    """C5: two tokens at first, both taken at 0 s; from then on the new rate refills."""
    simulation = simulate(emails=[email(f"m{n}") for n in range(4)], connectors={"main": {"rate_limit": "2 per h"}})
    simulation.run_until("0 s")
    simulation.change({"connectors": {"main": {"rate_limit": rate}}}, by="cy")
    simulation.run()
    assert [simulation.result.attempt_starts(f"m{n}")[0] for n in range(4)] == [seconds(n) for n in expected]


def test_b3_a_new_rate_limit_starts_with_a_full_bucket(simulate):
    simulation = simulate(emails=[email(f"m{n}", "1 min") for n in range(3)])
    simulation.change({"connectors": {"main": {"rate_limit": "2 per min"}}}, by="cy")
    simulation.run()
    assert [simulation.result.attempt_starts(f"m{n}")[0] for n in range(3)] == [seconds(60), seconds(60), seconds(90)]


def test_b3_a_scan_that_comes_with_a_changed_pattern_takes_what_waits(simulate):
    """The preset postfix brings a scan of 300 s for retries: from then on retries start at scans, their instants stay."""
    simulation = simulate(emails=[email("m1", "1 min")], connectors={"main": {"outages": [{"from": "0 s", "until": "2 min 30 s"}]}})
    simulation.run_until("90 s")
    simulation.change({"retry": "postfix"}, by="cy")
    assert simulation.email("m1").next_attempt == simulation.scenario.clock.datetime(minutes(2))
    simulation.run()
    assert starts(simulation, "m1") == [1, 5]


def test_b3_a_pattern_that_asks_for_the_first_failure_finds_it_in_the_record(simulate):
    """Tables keep no times; when the pattern becomes Exim's pieces, the time since the first failure is still known."""
    pieces = {"pieces": [{"until": "12 min", "every": "4 min"}, {"until": "2 h", "every": "30 min"}]}
    simulation = simulate(
        retry=["10 min", "10 min"], emails=[email("m1")], connectors={"main": {"outages": [{"from": "0 s", "until": "1 h"}]}}
    )
    simulation.run_until("11 min")
    simulation.change({"retry": pieces}, by="cy")
    simulation.run()
    # Failures at 0 and 10 min, a retry at 20 min by the table; then 20 min since the first failure: the second piece.
    assert starts(simulation, "m1") == [0, 10, 20, 50, 80]
