"""Every action from Python is noted, refused ones too; done again, they give the same run."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outboxsim.engine import Simulation
from outboxsim.errors import ScenarioInvalid
from outboxsim.outbox import Reason, Refused
from outboxsim.scenario import Scenario
from tests.engine.conftest import email, minutes, scenario_of, seconds
from tests.engine.stages import ACTIONS, WAITS, attempt, csv_of, scenarios

THOROUGH = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def simulation() -> Simulation:
    return Simulation(
        scenario_of(
            emails=[email("m1", send_at="1 h"), email("m2", at="1 min")],
            work_items={"T-1": {"type": "ticket", "team": "payroll"}, "T-2": {"type": "case"}},
            connectors={"main": {"default": True}, "other": {"addresses": ["tom@other.example"], "permanent_failure": "40 %"}},
            traffic=[{"name": "mail", "from": "tom", "arrivals": {"every": "1 h"}, "limit": 1}],
            timeline=[{"at": "2 h", "submit": {"id": "planned", "to": "a@b.example"}, "by": "lena"}],
        )
    )


def again(simulation: Simulation, until: int) -> Simulation:
    """The same run anew, from its actions."""
    copy = Simulation(simulation.scenario, simulation.seed, replication=simulation.replication)
    for action in simulation.actions:
        copy.repeat(action)
    if simulation.has_begun:
        copy.run_until(until)
    return copy


@THOROUGH
@given(scenarios(), st.lists(st.tuples(WAITS, ACTIONS), max_size=12), st.integers(0, 1), st.booleans())
def test_the_same_actions_give_the_same_tables(scenario: Scenario, plan, replication, acts_at_once):
    simulation = Simulation(scenario, 5, replication=replication)
    for wait, action in plan:
        if wait or not acts_at_once:
            simulation.run_until(min(simulation.elapsed + seconds(wait), scenario.horizon))
        attempt(lambda verb, *targets, **said: getattr(simulation, verb)(*targets, **said), *action)
    copy = again(simulation, simulation.elapsed)
    assert copy.actions == simulation.actions
    assert csv_of(copy) == csv_of(simulation)
    simulation.run()
    copy.run()
    assert csv_of(copy) == csv_of(simulation)


def test_actions_of_processes_in_the_environment_are_done_again_at_the_same_place_within_their_instant():
    simulation = Simulation(scenario_of(emails=[email("m1", send_at="1 min"), email("m2", send_at="1 min")]))

    def canceller():
        yield simulation.env.timeout(minutes(1))
        simulation.cancel("m1", by="lena")  # before it is sent at this very instant
        with pytest.raises(Refused):
            simulation.cancel("m2", by="lena")  # which has been sent while the first action settled

    simulation.env.process(canceller())
    assert simulation.has_processes
    simulation.run()
    assert [action.settled for action in simulation.actions] == [False, True]
    assert csv_of(again(simulation, simulation.scenario.horizon)) == csv_of(simulation)
    assert not simulation.has_processes


def test_what_is_noted(simulation):
    assert not simulation.has_begun
    simulation.run_until("5 s")
    assert simulation.has_begun
    with pytest.raises(Refused):
        simulation.cancel("m1", by="udo")
    simulation.submit("m3", by="lena", to="a@b.example, c@d.example", send_at="2 min", attachments=[("a.pdf", 7)])
    simulation.outage("main", duration="2 min", kind="timeout")
    refused, submitted, outage = simulation.actions
    assert (refused.at, refused.verb, refused.targets, refused.by) == (seconds(5), "cancel", ("m1",), "udo")
    assert refused.refused is Reason.NOT_VISIBLE
    assert refused.refusals == {"m1": Reason.NOT_VISIBLE}
    assert submitted.refused is None
    assert submitted.by == "lena"
    assert submitted.arguments["to"] == ("a@b.example", "c@d.example")
    assert submitted.arguments["send_at"] == minutes(2)
    assert outage.arguments == {"duration": minutes(2), "kind": "timeout", "error": "connection timed out"}


def test_several_emails_at_once_each_have_an_answer(simulation):
    simulation.run_until(0)
    answers = simulation.bulk("cancel", ["m1", "m2", "m1", "x"], by="lena")
    assert answers == [("m1", None), ("m2", Reason.UNKNOWN_EMAIL), ("x", Reason.UNKNOWN_EMAIL)]
    (action,) = simulation.actions
    assert action.refusals == {"m2": Reason.UNKNOWN_EMAIL, "x": Reason.UNKNOWN_EMAIL}
    assert simulation.bulk("cancel", [], by="lena") == []
    assert len(simulation.actions) == 1


INVALID = [
    (lambda s: s.bulk("fly", ["m1"]), "fly"),
    (lambda s: s.retry("m1", by="nobody"), "'nobody' is no user"),
    (lambda s: s.submit("m1", by="lena"), "'m1' is taken"),
    (lambda s: s.submit("planned", by="lena"), "'planned' is taken"),
    (lambda s: s.submit("mail-7", by="lena"), "'mail-7' is taken"),
    (lambda s: s.submit("T-1-split-9", by="lena"), "the system sends"),
    (lambda s: s.submit("x", by="lena", from_="tom"), "'lena' cannot submit an email from 'tom'"),
    (lambda s: s.submit("x", by="lena", system=True), "a system-generated email has no sender"),
    (lambda s: s.submit("x", system=False), "a system-generated email has no sender"),
    (lambda s: s.submit("x", send_at="1 h"), "a system-generated email is not scheduled"),
    (lambda s: s.submit(" x", by="lena"), "blanks around it"),
    (lambda s: s.submit("x", by="lena", to=[]), "needs a recipient"),
    (lambda s: s.submit("x", by="lena", to=["a@b.example", "nobody"]), "'nobody' is no email address"),
    (lambda s: s.submit("x", by="lena", subject=7), "7 is no text"),
    (lambda s: s.submit("x", by="lena", body="\ud800"), "surrogates not allowed"),
    (lambda s: s.submit("x", by="lena", attachments=[("a", -1)]), "-1 is out of range"),
    (lambda s: s.submit("x", by="lena", from_address="lena"), "'lena' is no email address"),
    (lambda s: s.submit("x", by="lena", priority="urgent"), "'urgent' is no priority"),
    (lambda s: s.submit("x", by="lena", work_item="T-9", via="fax"), "'T-9' is no work item.*'fax' is no connector"),
    (lambda s: s.submit("x", by="lena", send_at="soon"), "'soon' is no moment"),
    (lambda s: s.enable("fax"), "'fax' is no connector"),
    (lambda s: s.disable("fax"), "'fax' is no connector"),
    (lambda s: s.outage("main", by="nobody"), "'nobody' is no user"),
    (lambda s: s.outage("main", kind="fire"), "'fire' is no kind"),
    (lambda s: s.outage("main", kind="reject", error="no"), "'no' is no SMTP reply"),
    (lambda s: s.outage("main", error=" "), "the error is empty"),
    (lambda s: s.outage("main", duration="0 s"), "an outage lasts longer than 0 s"),
    (lambda s: s.change({"connectors": {"other": {"transient_failure": "70 %"}}}), "of other are above 1 together"),
    (lambda s: s.change({"retry": "postfix"}, by="nobody"), "'nobody' is no user"),
    (lambda s: s.split("T-9"), "'T-9' is no work item"),
    (lambda s: s.merge("T-1"), "two work items or more"),
    (lambda s: s.merge("T-1", "T-2", "T-1"), "two work items or more"),
    (lambda s: s.assign("T-9", "lena"), "'T-9' is no work item"),
    (lambda s: s.assign("T-1", "nobody"), "'nobody' is no user"),
    (lambda s: s.rehearse("run"), "'run' is nothing that can be done"),
    (lambda s: s.rehearse("retry", "m1", by="nobody"), "'nobody' is no user"),
]


@pytest.mark.parametrize(("act", "message"), INVALID, ids=[message for _, message in INVALID])
def test_what_is_invalid_does_not_happen(simulation, act, message):
    simulation.run_until("5 s")
    before = csv_of(simulation)
    with pytest.raises(ValueError, match=message):
        act(simulation)
    assert simulation.actions == ()
    assert csv_of(simulation) == before
    simulation.cancel("m1", by="lena")
    simulation.run()


def test_settings_that_are_none_are_told_with_every_fault(simulation):
    with pytest.raises(ScenarioInvalid, match="did you mean"):
        simulation.change({"retri": "postfix"})
    assert simulation.actions == ()


def test_without_a_default_connector_no_work_item_is_split():
    simulation = Simulation(scenario_of(work_items={"T-1": {"type": "ticket"}}, connectors={"a": {"addresses": ["x@y.z"]}, "b": {}}))
    with pytest.raises(ValueError, match="none is the default"):
        simulation.split("T-1")
    assert simulation.actions == ()


def test_a_rehearsal_does_nothing_not_even_a_refusal(simulation):
    simulation.rehearse("cancel", "m1", by="udo")
    simulation.rehearse("submit", "x", by="lena")
    simulation.rehearse("disable", "main", by="lena")
    assert simulation.actions == ()
    assert not simulation.has_begun


def test_a_process_would_have_come_before_now(simulation):
    simulation.run_until("5 s")
    simulation.cancel("m1", by="lena")
    (action,) = simulation.actions
    simulation.run_until("6 s")
    with pytest.raises(ValueError, match="lies before now"):
        simulation.repeat(action)


def test_an_email_may_be_scheduled_past_the_horizon(simulation):
    simulation.submit("x", by="lena", send_at="9 h")
    simulation.run()
    assert simulation.email("x").status.word == "queued"


def test_the_next_instant_is_never_in_the_past():
    """An email that waits after its submission gives the outbox no turn at its own instant."""
    simulation = Simulation(scenario_of(emails=[email("m1", at="10 s", send_at="1 h")]))
    simulation.run_until("20 s")
    assert simulation.next_instant == minutes(60)
    simulation.step()
    assert simulation.elapsed == minutes(60)


def test_settings_given_as_an_object_are_noted_as_they_are(simulation):
    settings = simulation.scenario.settings({"retry": "postfix"})
    simulation.change(settings)
    assert simulation.actions[0].targets == (settings,)
    assert csv_of(again(simulation, 0)) == csv_of(simulation)
