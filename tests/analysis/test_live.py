"""The numbers of a running simulation are those of its tables, at every instant; what a glance at it shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outboxsim.analysis.live import live_attempts, live_sizes
from outboxsim.analysis.lives import email_life, life_of
from outboxsim.analysis.sizes import attempt_counts, size_by_status
from outboxsim.engine import Simulation
from outboxsim.engine.glance import activities, connectors_now, history_of, rights_now, rows_seen_by, settings_now
from outboxsim.retry import PRESETS
from tests.analysis.test_plots import busy
from tests.engine.conftest import email, minutes, scenario_of


def same_sizes(simulation, **keys):
    live, table = live_sizes(simulation, **keys), size_by_status(simulation.result, **keys)
    assert live.stretches == table.stretches
    assert live.end == table.end
    for instant in np.unique(np.concatenate([live.times, table.times])).tolist():
        assert live.at(instant) == table.at(instant)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**31), instants=st.lists(st.integers(0, minutes(180)), min_size=1, max_size=4, unique=True))
def test_live_numbers_are_those_of_the_tables(seed, instants):
    simulation = Simulation(busy(seed))
    for instant in sorted(instants):
        simulation.run_until(instant)
        simulation.submit(f"own-{instant}", from_="lena")
        simulation.outage("main", duration="3 min")
        only = rows_seen_by(simulation, "lena")
        same_sizes(simulation)
        same_sizes(simulation, only=only, connectors={"spare"})
        for keys in ({}, {"only": only}):
            live, table = live_attempts(simulation, **keys), attempt_counts(simulation.result, **keys)
            assert (live.width, live.end) == (table.width, table.end)
            assert np.array_equal(live.counts, table.counts)


def test_a_life_from_a_row_is_that_of_the_tables():
    simulation = Simulation(busy(3))
    simulation.run_until("100 min")
    result = simulation.result
    undo = [None if one != one else (one - result.clock.datetime(0)) // pd.Timedelta("1us") for one in result.emails["undo_until"]]
    for row, (name, subject) in enumerate(zip(result.emails["id"], result.emails["subject"], strict=True)):
        life = life_of(
            history_of(simulation, row), email=name, subject=subject, undo_until=undo[row], end=simulation.elapsed, clock=result.clock
        )
        assert life == email_life(result, name)


def test_closed_from_the_start_and_enabled_twice():
    connectors = {"main": {"enabled": False}}
    timeline = [{"at": f"{at} min", "enable": "main", "by": "cy"} for at in (10, 11)] + [
        {"at": "20 min", "disable": "main", "by": "cy"}
    ] * 2
    simulation = Simulation(scenario_of(connectors=connectors, timeline=timeline))
    for instant in (0, minutes(5), minutes(15), minutes(30)):
        simulation.run_until(instant)
        same_sizes(simulation)


def test_p3_rows_seen_are_those_that_all_shows_and_have_left_the_outbox_too():
    simulation = Simulation(
        scenario_of(
            work_items={"T-1": {"type": "ticket", "team": "billing"}},
            emails=[
                email("m1"),
                email("m2", work_item="T-1"),
                email("m3", **{"from": "udo"}),
                {"id": "m4", "at": "0 s", "system": True, "to": "x@x.example"},
            ],
        )
    )
    simulation.run_until("1 min")
    assert rows_seen_by(simulation, "lena").tolist() == [True, True, False, False]
    assert rows_seen_by(simulation, "udo").tolist() == [False, True, True, False]
    assert rows_seen_by(simulation, "cy").tolist() == [True] * 4


def test_nobody_sees_emails_that_are_not_submitted_yet():
    simulation = Simulation(scenario_of(emails=[email("m1", "10 min")]))
    assert rows_seen_by(simulation, "cy").tolist() == []


def test_a_glance_shows_connectors_and_settings_in_force():
    simulation = Simulation(
        scenario_of(
            connectors={
                "main": {"default": True, "latency": "2 s"},
                "spare": {"capacity": 2, "rate_limit": "10 per min", "retry": "postfix", "attempt_limit": 3},
            },
            attempt_limit=9,
        )
    )
    simulation.run_until("1 min")
    simulation.outage("main", kind="reject", error="451 4.3.0 later", duration="10 min", by="cy")
    simulation.disable("spare", by="cy")
    main, spare = connectors_now(simulation)
    assert (main.outage.kind, main.outage.error, main.outage.began, main.outage.until) == (
        "reject",
        "451 4.3.0 later",
        minutes(1),
        minutes(11),
    )
    assert (main.enabled, main.own_retry, main.attempt_limit, main.own_attempt_limit) == (True, None, 9, None)
    assert (spare.enabled, spare.retry, spare.own_retry, spare.attempt_limit, spare.capacity) == (
        False,
        PRESETS["postfix"],
        PRESETS["postfix"],
        3,
        2,
    )
    assert (settings_now(simulation).attempt_limit, settings_now(simulation).manual_retry) == (9, "continue")
    assert rights_now(simulation, "cy") == ("all", True)
    assert rights_now(simulation, "lena") == (frozenset(), False)


def test_an_outage_for_good_has_no_end():
    simulation = Simulation(scenario_of())
    simulation.outage("main")
    assert connectors_now(simulation)[0].outage.until is None


def test_a_breaker_that_is_open_says_until_when():
    connectors = {"main": {"breaker": {"failures": 2, "open_for": "5 min"}, "outages": [{"from": "0 s", "for": "1 h"}]}}
    simulation = Simulation(scenario_of(connectors=connectors, emails=[email("m1"), email("m2")]))
    simulation.run_until("1 s")
    assert connectors_now(simulation)[0].breaker_open_until == minutes(5)
    simulation.run_until("10 min")
    assert connectors_now(simulation)[0].breaker_open_until is None or connectors_now(simulation)[0].breaker_open_until > minutes(10)


def test_c1_the_activity_history_tells_who_changed_what_and_when():
    simulation = Simulation(scenario_of(connectors={"main": {"disable_after": 1, "transient_failure": 1.0}}, emails=[email("m1", "5 min")]))
    simulation.run_until("1 min")
    simulation.disable("main", by="cy")
    simulation.enable("main", by="cy")
    simulation.change({"connectors": {"main": {"latency": "3 s"}}}, by="cy")
    simulation.run_until("6 min")
    told = [(one.time, one.event, one.connector, one.actor) for one in activities(simulation)]
    assert told == [
        (minutes(1), "connector_disabled", "main", "cy"),
        (minutes(1), "connector_enabled", "main", "cy"),
        (minutes(1), "setting_changed", None, "cy"),
        (minutes(5.05), "connector_disabled", "main", "system"),  # the attempt took 3 s
    ]
    assert list(activities(simulation))[2].detail == {"connectors": {"main": {"latency": "3 s"}}}
    assert [one.time for one in activities(simulation, since=minutes(2))] == [minutes(5.05)]


@pytest.mark.parametrize("rows", [0, 1])
def test_before_anything_happens(rows):
    simulation = Simulation(scenario_of(emails=[email("m1", "1 h")] * rows))
    assert live_sizes(simulation).counts.tolist() == [[0, 0, 0, 0]]
    assert live_attempts(simulation).counts.sum() == 0
