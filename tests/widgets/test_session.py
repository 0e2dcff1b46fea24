"""The session: everything in a microsecond of its own, a past to go back to, branches, and nothing lost by an error."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outboxsim.engine import Simulation
from outboxsim.errors import RunStopped, ScenarioInvalid
from outboxsim.outbox import Reason, Refused, SendStatus, View
from outboxsim.widgets.session import Session, SessionOver
from tests.engine.conftest import email, minutes, scenario_of, seconds
from tests.engine.stages import ACTIONS, PEOPLE, WAITS, attempt, csv_of, scenarios

THOROUGH = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def session() -> Session:
    return Session(
        scenario_of(
            emails=[
                email("m1", send_at="1 h"),
                email("m2", at="1 min", via="closed"),
                {"id": "u1", "at": "0 s", "from": "udo", "to": "x@y.z", "send_at": "2 h"},
            ],
            work_items={"T-1": {"type": "ticket", "team": "payroll"}},
            connectors={"main": {"default": True, "latency": "2 s"}, "closed": {"enabled": False}},
        )
    )


def state_of(session: Session):
    return session.elapsed, session.actions, session.branches, csv_of(session.simulation)


# The clock


def test_it_begins_after_everything_at_the_start(session):
    assert (session.elapsed, session.last_instant, session.in_past) == (0, 0, False)
    assert session.now == session.scenario.clock.datetime(0)
    assert session.simulation.has_begun
    assert session.horizon == minutes(480)
    assert session.seed == 0


def test_a_simulation_goes_on_where_it_is():
    simulation = Simulation(scenario_of(emails=[email("m1", send_at="1 h")]), seed=9, replication=2)
    simulation.run_until("5 min")
    simulation.cancel("m1", by="lena")
    session = Session(simulation)
    assert session.elapsed == minutes(5)
    assert [action.verb for action in session.actions] == ["cancel"]
    session.jump(0)
    assert (session.simulation.seed, session.simulation.replication) == (9, 2)
    assert session.email("m1", "lena").status is SendStatus.QUEUED
    session.run_until("6 min")
    assert session.email("m1", "lena").status is SendStatus.CANCELLED


def test_running_and_jumping_take_any_instant(session):
    session.run_until("10 min")
    session.run_until(timedelta(minutes=11))
    session.jump(session.scenario.clock.datetime(minutes(12)))
    session.jump("09:05")
    assert session.elapsed == minutes(5)
    with pytest.raises(ValueError, match="lies before now; jump goes back"):
        session.run_until("4 min")
    for instant in (-1, minutes(481), "9 h"):
        with pytest.raises(ValueError, match="lies outside the simulation"):
            session.jump(instant)
        with pytest.raises(ValueError, match="lies outside the simulation"):
            session.run_until(instant)
    with pytest.raises(ValueError, match="no moment"):
        session.jump("soon")
    assert session.elapsed == minutes(5)
    assert session.last_instant == minutes(12)


def test_steps_go_from_one_thing_to_the_next_and_then_to_the_horizon(session):
    instants = []
    while session.step():
        instants.append(session.elapsed)
    assert instants == [minutes(1), minutes(60), minutes(60) + seconds(2), minutes(120), minutes(120) + seconds(2)]
    assert session.elapsed == session.horizon
    assert not session.step()
    assert session.elapsed == session.horizon


def test_stepping_to_the_next_change_in_my_outbox(session):
    assert session.step_to_change("udo")
    assert session.elapsed == minutes(120)  # in flight: the next attempt is gone
    assert session.step_to_change("udo")
    assert session.elapsed == minutes(120) + seconds(2)
    assert not session.step_to_change("udo")
    assert session.elapsed == session.horizon


def test_stepping_does_again_what_lies_ahead(session):
    session.act("cancel", "u1", by="udo")
    session.run_until("5 min")
    session.jump(0)
    assert session.step_to_change("udo")
    assert session.elapsed == 1
    assert session.listing("udo").texts("id") == []


@THOROUGH
@given(scenarios(), st.sampled_from(PEOPLE), st.data())
def test_no_change_is_missed(scenario, user, data):
    """Against looking at the user's view after every single instant."""
    session, other = Session(scenario), Session(scenario)
    for wait, (verb, targets, arguments, by) in data.draw(st.lists(st.tuples(WAITS, ACTIONS), max_size=4)):
        for one in (session, other):
            one.run_until(min(one.elapsed + seconds(wait), one.horizon))
            attempt(one.act, verb, targets, arguments, by)
    session.jump(0)
    other.jump(0)

    def look():
        return [(e.id, e.status, e.attempts, e.next_attempt) for e in other.simulation.outbox(user)]

    expected, before = [], look()
    while other.step():
        if look() != before:
            expected.append(other.elapsed)
            before = look()
    found = []
    while session.step_to_change(user):
        found.append(session.elapsed)
    assert found == expected
    assert session.elapsed == session.horizon


# Acting


@THOROUGH
@given(scenarios(), st.lists(st.tuples(WAITS, ACTIONS), max_size=12))
def test_every_action_has_a_microsecond_of_its_own(scenario, plan):
    session = Session(scenario)
    for wait, (verb, targets, arguments, by) in plan:
        session.run_until(min(session.elapsed + seconds(wait), session.horizon))
        attempt(session.act, verb, targets, arguments, by)
    instants = [action.at for action in session.actions]
    assert len(set(instants)) == len(instants)
    quiet = Session(session.simulation)
    for action in session.actions:
        quiet.jump(action.at - 1)
        following = quiet.simulation.next_instant
        assert following is None or following > action.at, "something else would happen at the same instant"
        assert quiet.simulation.scenario.timeline == () or all(entry.at != action.at for entry in scenario.timeline)


def test_it_acts_after_what_happens_in_the_next_microsecond():
    session = Session(scenario_of(emails=[email("m1", at="10 s"), email("m2", at="10 s 0.001 ms", send_at="1 h")]))
    session.run_until(seconds(10))
    session.act("cancel", "m2", by="lena")
    assert session.elapsed == seconds(10) + 2
    assert session.email("m2", "lena").status is SendStatus.CANCELLED


def test_a_refusal_is_told_and_on_record(session):
    with pytest.raises(Refused) as refusal:
        session.act("cancel", "m1", by="udo")
    assert refusal.value.reason is Reason.NOT_VISIBLE
    assert "there is no email 'm1'" in str(refusal.value)
    (action,) = session.actions
    assert (action.at, action.refused) == (1, Reason.NOT_VISIBLE)
    session.act("cancel", "m1", by="lena")
    assert session.email("m1", "lena").status is SendStatus.CANCELLED


def test_what_is_invalid_leaves_everything_as_it_was(session):
    session.act("cancel", "m1", by="lena")
    session.jump(0)
    before = state_of(session)
    for act in (
        lambda: session.act("fly", "m1", by="lena"),
        lambda: session.act("retry", "m1", by="nobody"),
        lambda: session.act("submit", "m1", by="lena"),
        lambda: session.act("submit", "x", by="lena", to="nobody"),
        lambda: session.act("enable", "fax", by="cy"),
        lambda: session.act("outage", "main", by=None, duration="soon"),
        lambda: session.act("change", {"connectors": {"main": {"transient_failure": "200 %"}}}, by="cy"),
        lambda: session.act("retry", by="lena"),
        lambda: session.bulk("fly", ["m1"], by="lena"),
        lambda: session.bulk("retry", ["m1"], by="nobody"),
        lambda: session.bulk("submit", ["m1"], by="lena"),
    ):
        with pytest.raises((ValueError, ScenarioInvalid, TypeError)):
            act()
        assert state_of(session) == before
    session.act("cancel", "u1", by="udo")


def test_what_no_file_could_name_is_an_unknown_email_and_stays_out_of_the_record(session):
    for name in ("", " m1", "m1\n", "\ud800", 7, None):
        with pytest.raises(Refused) as refusal:
            session.act("retry", name, by="lena")
        assert refusal.value.reason is Reason.UNKNOWN_EMAIL
    assert session.bulk("retry", ["\x00", "m1"], by="lena") == [("\x00", Reason.UNKNOWN_EMAIL), ("m1", Reason.WRONG_STATUS)]
    assert session.bulk("retry", ["\x00"], by="lena") == [("\x00", Reason.UNKNOWN_EMAIL)]
    assert [action.targets for action in session.actions] == [("m1",)]
    with pytest.raises(ValueError, match="'nobody' is no user"):
        session.act("retry", "", by="nobody")


def test_several_emails_at_once_are_one_action(session):
    assert session.bulk("cancel", ["m1", "u1", "zz", "m1"], by="lena") == [
        ("m1", None),
        ("u1", Reason.NOT_VISIBLE),
        ("zz", Reason.UNKNOWN_EMAIL),
    ]
    assert [(action.at, action.targets) for action in session.actions] == [(1, ("m1", "u1", "zz"))]
    assert session.bulk("cancel", [], by="lena") == []


def test_at_the_horizon_nothing_more_can_be_done(session):
    session.jump("end")
    before = state_of(session)
    with pytest.raises(SessionOver, match="the simulation is over"):
        session.act("cancel", "m2", by="lena")
    with pytest.raises(SessionOver, match="the simulation is over"):
        session.bulk("cancel", ["m2"], by="lena")
    assert state_of(session) == before
    session.jump(session.horizon - 1)
    session.act("cancel", "m2", by="lena")
    assert session.elapsed == session.horizon


def test_where_something_happens_in_every_microsecond_nothing_can_be_done():
    emails = [email(f"m{n}", at=f"{n / 1000} ms", send_at="2 h") for n in range(6)]
    session = Session(scenario_of(emails=emails, horizon="0.005 ms"))
    with pytest.raises(SessionOver, match="in every microsecond up to the horizon"):
        session.act("cancel", "m0", by="lena")
    assert session.actions == ()


def test_settings_to_begin_with_are_in_force_from_the_start():
    emails = [email("m1"), email("m2", at="1 min")]
    session = Session(
        scenario_of(emails=emails), initial={"lena": {"undo_window": "10 s", "view": "team"}, "nobody": {"view": "all"}, "tom": {}}
    )
    assert [(action.at, action.by, action.settled) for action in session.actions] == [(0, "lena", False)]
    assert session.undo_window("lena") == seconds(10)
    assert session.view_of("lena") is View.TEAM
    session.run_until("1 min")
    assert session.email("m2", "lena").undo_until == seconds(70)
    session.jump(0)
    assert session.undo_window("lena") == seconds(10)


def test_settings_to_begin_with_come_now_if_the_simulation_has_begun():
    simulation = Simulation(scenario_of())
    simulation.run_until("5 s")
    session = Session(simulation, initial={"lena": {"undo_window": "10 s"}})
    assert [action.at for action in session.actions] == [seconds(5) + 1]
    simulation.run()
    assert Session(simulation, initial={"lena": {"undo_window": "20 s"}}).undo_window("lena") == seconds(10)  # nothing more can be done


# Past, future, branches


def test_going_back_loses_nothing(session):
    session.run_until("5 min")
    session.act("cancel", "m1", by="lena")
    session.run_until("3 h")
    before = csv_of(session.simulation)
    session.jump("2 min")
    assert session.in_past
    assert session.email("m1", "lena").status is SendStatus.QUEUED
    assert [action.verb for action in session.actions] == ["cancel"]
    assert session.last_instant == minutes(180)
    session.jump("3 h")
    assert not session.in_past
    assert csv_of(session.simulation) == before
    assert len(session.branches) == 1


def test_acting_in_the_past_begins_a_branch_and_keeps_the_old_future(session):
    session.run_until("5 min")
    session.act("cancel", "m1", by="lena")
    session.run_until("3 h")
    session.jump("2 min")
    session.act("send_now", "m1", by="lena")
    assert not session.in_past
    old, new = session.branches
    assert (old.number, old.parent, old.forked_at, old.last_instant) == (0, None, None, minutes(180))
    assert [action.verb for action in old.actions] == ["cancel"]
    assert (new.number, new.parent, new.forked_at, new.last_instant) == (1, 0, minutes(2), minutes(2) + 1)
    assert [action.verb for action in new.actions] == ["send_now"]
    assert session.branch == 1
    session.run_until("10 min")
    session.switch(0)
    assert session.branch == 0
    assert session.elapsed == minutes(10)
    assert session.in_past
    assert session.email("m1", "lena").status is SendStatus.CANCELLED
    session.switch(0)
    session.jump("3 h")
    session.switch(1)
    assert session.elapsed == session.last_instant == minutes(10)
    assert session.email("m1", "lena").status is SendStatus.SENT
    for number in (-1, 2):
        with pytest.raises(ValueError, match=f"there is no branch {number}"):
            session.switch(number)


def test_a_refused_action_in_the_past_begins_a_branch_too(session):
    session.run_until("5 min")
    session.jump(0)
    with pytest.raises(Refused):
        session.act("cancel", "m1", by="udo")
    assert len(session.branches) == 2


def test_what_is_done_with_the_simulation_itself_belongs_to_the_session(session):
    session.simulation.run_until("5 min")
    session.simulation.cancel("m1", by="lena")
    assert session.last_instant == minutes(5)
    assert [action.verb for action in session.actions] == ["cancel"]
    session.jump(0)
    session.simulation.send_now("u1", by="udo")
    assert [action.verb for action in session.actions] == ["send_now"]
    assert [action.verb for action in session.branches[0].actions] == ["cancel"]
    session.switch(0)
    session.simulation.run_until("6 min")  # past the action that lay ahead
    assert session.actions == ()
    assert len(session.branches) == 3


@THOROUGH
@given(scenarios(), st.data())
def test_wherever_one_jumps_the_run_is_the_same(scenario, data):
    session, straight = Session(scenario), Session(scenario)
    for wait, (verb, targets, arguments, by) in data.draw(st.lists(st.tuples(WAITS, ACTIONS), max_size=8)):
        for one in (session, straight):
            one.run_until(min(one.elapsed + seconds(wait), one.horizon))
            attempt(one.act, verb, targets, arguments, by)
        here = session.elapsed
        for place in data.draw(st.lists(st.integers(0, minutes(30)), max_size=3)):
            session.jump(place)
        session.jump(here)
        assert session.actions == straight.actions
        assert csv_of(session.simulation) == csv_of(straight.simulation)
    straight.jump("end")
    session.jump("end")
    assert csv_of(session.simulation) == csv_of(straight.simulation)


def test_processes_cannot_be_rewound():
    simulation = Simulation(scenario_of())

    def forever():
        while True:
            yield simulation.env.timeout(seconds(1))

    simulation.env.process(forever())
    with pytest.raises(ValueError, match="cannot rewind processes"):
        Session(simulation)


def test_a_run_that_is_stopped_stays_readable():
    scenario = scenario_of(
        emails=[email("m1", send_at="1 min")], connectors={"main": {"transient_failure": "100 %"}}, retry={"fixed": "1 ms"}
    )
    session = Session(Simulation(scenario, max_events=2000))
    with pytest.raises(RunStopped):
        session.run_until("2 min")
    assert session.email("m1", "lena").attempts > 100
    session.jump("30 s")
    session.act("cancel", "m1", by="lena")
    session.jump("end")


# Listeners and looks


def test_listeners_hear_of_every_change(session):
    heard = []
    session.listeners.append(lambda: heard.append(session.elapsed))
    session.run_until("1 min")
    session.run_until("2 min", tell=False)
    session.tell()
    session.step()
    session.jump(0)
    session.act("cancel", "m1", by="lena")
    with pytest.raises(Refused):
        session.act("cancel", "m1", by="lena")
    session.bulk("cancel", ["m1"], by="lena")
    session.step_to_change("udo")
    session.switch(0)
    assert heard == [minutes(1), minutes(2), minutes(60), 0, 1, 2, 3, minutes(120), minutes(60)]


def test_who_sees_what(session):
    assert session.listing("greta").texts("id") == ["m1"]  # her own view is her team's
    assert session.listing("greta", "mine").texts("id") == []
    assert session.listing(None).texts("id") == ["m1", "u1"]
    assert session.view_of("greta") is View.TEAM
    assert session.is_admin("cy")
    assert not session.is_admin("lena")
    assert session.undo_window("tom") == 0
    for look in (session.listing, session.view_of, session.is_admin, session.undo_window):
        with pytest.raises(ValueError, match="'nobody' is no user"):
            look("nobody")


def test_an_email_that_one_may_not_see_does_not_exist(session):
    for look in (session.email, session.history):
        for name in ("u1", "nobody", "m2"):  # m2 comes in a minute
            with pytest.raises(KeyError, match=f"there is no email '{name}'"):
                look(name, by="lena")
        with pytest.raises(ValueError, match="'nobody' is no user"):
            look("m1", by="nobody")
    session.run_until("2 min")
    assert session.email("m2", by="lena").status is SendStatus.CONNECTOR_DISABLED
    assert [event for _, event, _ in session.history("m2", by="lena")] == [
        "submitted",
        "released",
        "attempt_started",
        "attempt_ended",
        "status_changed",
    ]


def test_emails_of_a_work_item():
    session = Session(scenario_of(work_items={"T-1": {"type": "ticket", "team": "payroll"}}, emails=[email("m1", work_item="T-1")]))
    session.act("split", "T-1", by="lena")
    assert [(one.id, one.status.word) for one in session.emails_of("T-1", "lena")] == [("m1", "sent"), ("T-1-split-1", "sent")]
    assert session.emails_of("T-1", "udo") == []
    assert session.emails_of("T-9", "lena") == []
