"""Running whole, until an instant and by steps; actions between steps; a user's own SimPy processes."""

from __future__ import annotations

import gc
from datetime import timedelta

import pandas as pd
import pytest

from outboxsim.engine import Simulation
from outboxsim.errors import RunStopped
from outboxsim.outbox import Reason, Refused, SendStatus
from tests.engine.conftest import email, minutes, scenario_of, seconds

DOWN = {"main": {"outages": [{"from": "0 s", "until": "20 min"}]}}


def test_l5_attempt_on_a_disabled_connector_takes_no_step_of_the_pattern(simulate):
    """L4: the first step is still unused after an attempt on a disabled connector."""
    simulation = simulate(connectors={"main": {"enabled": False}})
    simulation.submit("m1", from_="lena")
    assert simulation.email("m1").status is SendStatus.CONNECTOR_DISABLED
    simulation.enable("main")
    simulation.outage("main")
    simulation.retry("m1")
    assert simulation.email("m1").next_attempt == simulation.now + timedelta(minutes=1)


def test_run_until_stops_after_everything_at_the_instant(simulate):
    simulation = simulate(emails=[email("m1", "5 min")], connectors=DOWN)
    simulation.run_until("5 min")
    assert simulation.email("m1").attempts == 1
    assert simulation.elapsed == minutes(5)


@pytest.mark.parametrize("instant", ["6 min", "09:06", timedelta(minutes=6), minutes(6)])
def test_instants_are_given_as_texts_timedeltas_or_microseconds(simulate, instant):
    simulation = simulate(emails=[email("m1", "5 min")], connectors=DOWN)
    simulation.run_until(instant)
    assert simulation.email("m1").attempts == 2


def test_an_aware_datetime_is_an_instant(simulate):
    simulation = simulate()
    simulation.run_until(simulation.now + timedelta(minutes=7))
    assert simulation.elapsed == minutes(7)


@pytest.mark.parametrize(("instant", "where"), [("1 min", "before now"), ("9 h", "after the horizon")])
def test_instants_outside_the_run_are_refused_with_the_value(simulate, instant, where):
    simulation = simulate()
    simulation.run_until("2 min")
    with pytest.raises(ValueError, match=rf"{where}|horizon"):
        simulation.run_until(instant)


def test_step_visits_every_instant_at_which_something_happens_and_ends(simulate):
    simulation = simulate(emails=[email("m1", "5 min"), email("m2", "5 min", send_at="7 min")], connectors=DOWN)
    instants = []
    while simulation.step() is not None:
        instants.append(simulation.elapsed)
    assert instants[:4] == [0, minutes(5), minutes(6), minutes(7)]
    assert simulation.step() is None


def test_stepping_running_until_and_running_whole_give_the_same_tables():
    keys = {"connectors": {"main": {"transient_failure": 0.4, "latency": {"dist": "exponential", "mean": "20 s"}, "capacity": 2}}}
    keys["traffic"] = [{"name": "mail", "from": ["lena", "tom"], "arrivals": {"poisson": "60 per h"}}]
    whole = Simulation(scenario_of(**keys)).run()
    stepped = Simulation(scenario_of(**keys))
    while stepped.step() is not None:
        pass
    stepped.run()
    halves = Simulation(scenario_of(**keys))
    halves.run_until("3 h")
    halves.run()
    for other in (stepped.result, halves.result):
        for table in ("emails", "attempts", "events"):
            pd.testing.assert_frame_equal(getattr(whole, table), getattr(other, table))


@pytest.mark.parametrize("failing", [0.0, 0.5])
def test_the_shortcut_for_free_connectors_changes_nothing(failing):
    """`run_plain` is for speed alone: with invariants on, every instant goes the long way, and the tables are the same."""
    keys = {
        "connectors": {
            "main": {
                "default": True,
                "transient_failure": failing,
                "breakdowns": {"up": {"dist": "exponential", "mean": "1 h"}, "down": {"dist": "exponential", "mean": "20 min"}},
            },
            "other": {"addresses": ["tom@x.example"], "latency": "3 s", "permanent_failure": failing / 2},
        },
        "users": {"cy": {"admin": True}, "tom": {"address": "tom@x.example"}, "lena": {"undo_window": "10 s"}},
        "traffic": [
            {"name": "mail", "from": ["lena", "tom"], "arrivals": {"poisson": "200 per h"}, "scheduled": {"share": 0.1, "ahead": "90 min"}}
        ],
        "timeline": [{"at": "2 h", "set": {"users": {"lena": {"undo_window": "1 min"}}}, "by": "lena"}],
    }
    short = Simulation(scenario_of(**keys)).run()
    long = Simulation(scenario_of(**keys), check_invariants=True).run()
    for table in ("emails", "attempts", "events"):
        pd.testing.assert_frame_equal(getattr(short, table), getattr(long, table))


def test_an_action_comes_before_what_is_due_at_its_instant(simulate):
    """L7: what people do comes before attempts; a process of one's own acts before the outbox at its instant."""
    simulation = simulate(emails=[email("m1", "5 min")])

    def colleague(env):
        yield env.timeout(simulation.microseconds("5 min"))
        simulation.cancel("m1", by="greta")

    simulation.env.process(colleague(simulation.env))
    assert simulation.run().emails["status"].tolist() == ["cancelled"]


def test_a_process_of_ones_own_sees_the_outbox_as_it_is(simulate):
    simulation = simulate(emails=[email(f"m{n}", f"{n} min") for n in range(10)], connectors=DOWN)
    seen = []

    def watcher(env):
        while True:
            yield env.timeout(simulation.microseconds("90 s"))
            seen.append((env.now, len(simulation.outbox())))

    simulation.env.process(watcher(simulation.env))
    simulation.run_until("5 min")
    assert seen == [(seconds(90), 2), (seconds(180), 4), (seconds(270), 5)]


def test_an_exception_in_a_process_leaves_the_tables_readable_up_to_then(simulate):
    simulation = simulate(emails=[email(f"m{n}", f"{n} min") for n in range(10)], connectors=DOWN)

    def saboteur(env):
        yield env.timeout(simulation.microseconds("4 min 30 s"))
        raise RuntimeError("boom")

    simulation.env.process(saboteur(simulation.env))
    with pytest.raises(RuntimeError, match="boom"):
        simulation.run()
    assert len(simulation.result.emails) == 5
    assert simulation.elapsed == minutes(4.5)
    assert gc.isenabled()


def test_a_run_over_its_limit_stops_with_the_likely_cause_and_keeps_its_tables():
    scenario = scenario_of(retry={"fixed": "1 ms"}, connectors=DOWN, emails=[email("m1")])
    simulation = Simulation(scenario, max_events=3000)
    with pytest.raises(RunStopped, match=r"passed 3,000 events at .*retry pattern of connector main"):
        simulation.run()
    attempts = simulation.result.attempts
    assert 990 <= len(attempts) <= 1001
    assert attempts["ended"].notna().all()
    assert len(simulation.result.events) > 2000


def test_breakdowns_of_microseconds_are_stopped_too():
    scenario = scenario_of(connectors={"main": {"breakdowns": {"up": "1 ms", "down": "1 ms"}}})
    with pytest.raises(RunStopped, match="breakdowns"):
        Simulation(scenario, max_events=2000).run()


def test_a_result_taken_in_between_keeps_its_instant(simulate):
    simulation = simulate(emails=[email("m1", "5 min"), email("m2", "30 min")], connectors=DOWN)
    simulation.run_until("5 min")
    early = simulation.result
    simulation.run()
    assert early.emails["status"].tolist() == ["pending_retry"]
    assert early.emails["attempts"].tolist() == [1]
    assert [state.id for state in early.outbox("5 min")] == ["m1"]
    assert simulation.result.emails["status"].tolist() == ["failed", "sent"]


def test_refusals_raise_with_reason_and_change_nothing(simulate):
    simulation = simulate(emails=[email("m1", "5 min", send_at="1 h")])
    simulation.run_until("6 min")
    before = simulation.result.emails
    for action, by, reason in [
        ("retry", "lena", Reason.WRONG_STATUS),
        ("undo", "tom", Reason.NOT_SENDER),
        ("undo", "lena", Reason.UNDO_WINDOW_OVER),
        ("cancel", "udo", Reason.NOT_VISIBLE),
    ]:
        with pytest.raises(Refused) as refused:
            getattr(simulation, action)("m1", by=by)
        assert refused.value.reason is reason
    pd.testing.assert_frame_equal(before, simulation.result.emails)
    refusals = simulation.result.events.query("event == 'action_refused'")
    assert refusals["actor"].tolist() == ["lena", "tom", "lena", "udo"]


def test_p3_a_hidden_email_and_one_that_does_not_exist_read_the_same(simulate):
    simulation = simulate(emails=[email("m1")], connectors=DOWN)
    simulation.run_until("1 min")
    texts = []
    for name in ("m1", "m9"):
        with pytest.raises(Refused) as refused:
            simulation.cancel(name, by="udo")
        texts.append(str(refused.value).replace(name, "X"))
        with pytest.raises(KeyError):
            simulation.email(name, by="udo")
    assert texts[0] == texts[1]


def test_submitting_checks_names_and_ids_before_anything_happens(simulate):
    simulation = simulate(emails=[email("m1")])
    with pytest.raises(ValueError, match=r"'nobody' is no user .*'m1' is taken"):
        simulation.submit("m1", from_="nobody")
    assert len(simulation.run().emails) == 1


def test_submitting_between_loaded_traffic_keeps_the_order_of_submission(simulate):
    simulation = simulate(traffic=[{"name": "mail", "from": ["lena"], "arrivals": {"every": "1 min"}}])
    simulation.run_until("5 min 30 s")
    simulation.submit("own", from_="tom")
    emails = simulation.run().emails
    assert emails["id"].tolist()[5:8] == ["mail-6", "own", "mail-7"]
    assert emails["submitted"].is_monotonic_increasing


def test_an_email_from_python_moves_no_random_number_of_the_others():
    """Common random numbers: draws belong to an email's rank in the scenario, not to its row."""
    keys = {
        "connectors": {"main": {"transient_failure": 0.5}},
        "traffic": [{"name": "mail", "from": ["lena"], "arrivals": {"poisson": "60 per h"}}],
    }
    plain = Simulation(scenario_of(**keys)).run().emails.set_index("id")
    simulation = Simulation(scenario_of(**keys))
    simulation.run_until("2 h")
    simulation.submit("own", from_="tom")
    disturbed = simulation.run().emails.set_index("id").drop("own")
    pd.testing.assert_series_equal(plain["attempts"], disturbed["attempts"])


def test_two_patterns_on_one_seed_see_the_same_world():
    keys = {
        "connectors": {"main": {"transient_failure": 0.5}},
        "traffic": [{"name": "mail", "from": ["lena"], "arrivals": {"poisson": "60 per h"}}],
    }
    quick = Simulation(scenario_of(**keys, retry=["1 min"])).run()
    slow = Simulation(scenario_of(**keys, retry=["20 min"])).run()
    pd.testing.assert_series_equal(quick.emails["submitted"], slow.emails["submitted"])
    first = [result.attempts.query("attempt == 1").set_index("email")["outcome"] for result in (quick, slow)]
    pd.testing.assert_series_equal(*first)


def test_replications_differ_and_replication_0_is_the_run():
    keys = {"traffic": [{"name": "mail", "from": ["lena"], "arrivals": {"poisson": "60 per h"}}]}
    runs = [Simulation(scenario_of(**keys), replication=k).run().emails["submitted"].tolist() for k in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]


def test_b3_changing_settings_takes_effect_from_then_on(simulate):
    simulation = simulate(emails=[email("m1"), email("m2", "10 min")], connectors=DOWN)
    simulation.run_until("30 s")
    simulation.change({"connectors": {"main": {"attempt_limit": 1}}}, by="cy")
    assert simulation.email("m1").next_attempt == simulation.scenario.clock.datetime(minutes(1))
    simulation.run_until("15 min")
    assert simulation.email("m1").status is SendStatus.FAILED
    assert (simulation.email("m2").status, simulation.email("m2").attempts) == (SendStatus.FAILED, 1)


def test_p3_settings_of_others_and_builder_rights_are_refused(simulate):
    simulation = simulate()
    with pytest.raises(Refused) as refused:
        simulation.change({"users": {"lena": {"undo_window": "10 s"}}}, by="tom")
    assert refused.value.reason is Reason.NOT_ALLOWED
    with pytest.raises(Refused) as refused:
        simulation.change({"users": {"lena": {"admin": True}}}, by="lena")
    assert refused.value.reason is Reason.NOT_ADMIN
    with pytest.raises(Refused) as refused:
        simulation.disable("main", by="greta")
    assert refused.value.reason is Reason.NOT_ADMIN


@pytest.mark.parametrize("call", [lambda s: s.enable("mian"), lambda s: s.outage("mian"), lambda s: s.is_enabled("mian")])
def test_unknown_connectors_are_named_with_those_that_exist(simulate, call):
    with pytest.raises(ValueError, match=r"'mian' is no connector of the scenario \(known: main\)"):
        call(simulate())


def test_an_outage_by_hand_needs_a_kind_and_a_reply(simulate):
    with pytest.raises(ValueError, match="no kind of outage"):
        simulate().outage("main", kind="burn")
    with pytest.raises(ValueError, match="no SMTP reply"):
        simulate().outage("main", kind="reject", error="no")


def test_simpy_is_read_as_the_engine_expects():
    """The engine's events offer what `Environment.step` reads, and it moves `_now`: a contract on SimPy 4.1."""
    import simpy  # noqa: PLC0415

    env = simpy.Environment(initial_time=0)
    env.timeout(5)
    assert env._queue[0][0] == 5
    assert env._queue[0][3].callbacks is not None
    env._now = 3
    assert (env.now, env.peek()) == (3, 5)


def test_l5_send_now_is_no_manual_retry(simulate):
    """`once` ends an email whose manual retry fails; one that was sent now and fails goes on with its pattern."""
    simulation = simulate(manual_retry="once", emails=[email("m1", send_at="30 min")], connectors={"main": {"outages": [{"from": "0 s"}]}})
    simulation.run_until("10 min")
    simulation.send_now("m1", by="lena")
    assert simulation.email("m1").status is SendStatus.PENDING_RETRY
    assert simulation.result.attempts["trigger"].tolist() == ["manual"]
    simulation.retry("m1", by="lena")
    assert simulation.email("m1").status is SendStatus.FAILED


def test_l6_new_emails_do_not_queue_behind_retries_that_wait_for_serial(simulate):
    simulation = simulate(
        scan={"interval": "5 min", "serial": "30 s", "applies_to": "retries"},
        emails=[*(email(f"m{n}") for n in range(3)), email("new", "310 s")],
        connectors={"main": {"outages": [{"from": "0 s", "until": "1 min"}]}},
    )
    result = simulation.run()
    assert [result.attempt_starts(f"m{n}")[1] for n in range(3)] == [seconds(300), seconds(330), seconds(360)]
    assert result.attempt_starts("new") == [seconds(310)]


def test_c4_greylisting_minds_the_case_of_names_but_not_of_domains(simulate):
    people = [email("m1", to="a@x.example"), email("m2", "6 min", to="a@X.EXAMPLE"), email("m3", "6 min", to="A@x.example")]
    simulation = simulate(emails=people, connectors={"main": {"greylisting": {"min_delay": "5 min", "per": "recipient"}}})
    simulation.run_until("6 min")
    assert [simulation.email(name).status.word for name in ("m1", "m2", "m3")] == ["sent", "sent", "pending_retry"]


def test_statuses_read_as_the_specification_s_words(simulate):
    simulation = simulate(emails=[email("m1")])
    assert f"{simulation.email('m1').status} {SendStatus.PENDING_RETRY!s}" == "queued pending_retry"


@pytest.mark.parametrize("call", [lambda s: s.retry("m1", by="hans"), lambda s: s.outbox("hans"), lambda s: s.disable("main", by="hans")])
def test_unknown_people_are_named_with_those_that_exist(simulate, call):
    with pytest.raises(ValueError, match=r"'hans' is no user of the scenario \(known: cy, greta, lena, tom, udo\)"):
        call(simulate(emails=[email("m1")]))


def test_a_datetime_without_a_zone_is_a_local_one(simulate):
    simulation = simulate(time_zone="Europe/Berlin")
    simulation.run_until(simulation.now.replace(tzinfo=None) + timedelta(minutes=7))
    assert simulation.elapsed == minutes(7)
