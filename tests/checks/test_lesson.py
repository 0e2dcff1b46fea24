"""Lessons: tasks judged by expectations and questions on a run that goes on; their texts; the lessons that come with outboxsim."""

from __future__ import annotations

import gc
import tempfile
import textwrap
from types import SimpleNamespace

import jsonschema
import pytest

from outboxsim.checks.lesson import Lesson
from outboxsim.checks.lesson_file import LANGUAGES, without_expectations
from outboxsim.checks.questions import QUESTIONS
from outboxsim.checks.runner import check_file
from outboxsim.checks.tasks import Done, Task
from outboxsim.engine import Simulation
from outboxsim.errors import ScenarioInvalid
from outboxsim.scenario import loads, schema
from outboxsim.scenario.yaml_events import read_yaml
from outboxsim.widgets import training
from outboxsim.widgets.session import Session

SCENARIO = """\
outboxsim: 1
name: Small
start: 2026-03-02T09:00:00
time_zone: Europe/Berlin
horizon: 1 h
teams: {payroll: {leaders: [greta], members: [lena]}}
users:
  cy: {admin: true, access: all}
  lena: {undo_window: 1 min}
connectors:
  main: {outages: [{from: "09:10", until: "09:20"}]}
retry: [1 min]
emails:
  - {id: m1, at: "09:10", from: greta, to: a@kunde.example, subject: Fails at 09:11}
  - {id: m2, at: "09:12", from: lena, to: a@kunde.example, subject: Fails at 09:14}
  - {id: later, at: "09:01", from: lena, to: a@kunde.example, subject: Planned, send_at: "09:40"}
"""


@pytest.fixture
def simulation():
    return Simulation(loads(SCENARIO))


@pytest.fixture
def judged(simulation):
    """How a task stands at the simulation's instant."""
    return lambda **task: Lesson(simulation.scenario, title="L", tasks=[Task("T", **task)]).judge(simulation)[0].done


def asked(name, **arguments):
    """A question of a lesson file, as a task's predicate."""
    return lambda result: QUESTIONS[name](result, **arguments)


# Expectations on the run so far -------------------------------------------------------------------------------------------------------


def test_now_is_the_instant_of_judging(simulation, judged):
    failed = {"expect": [{"at": "now", "emails": {"m1": "failed"}}]}
    simulation.run_until("09:10")
    assert judged(**failed) is Done.NOT_YET
    simulation.run_until("09:15")
    assert judged(**failed) is Done.YES
    simulation.run_until("09:25")
    simulation.retry("m1", by="greta")
    assert judged(**failed) is Done.NOT_YET


def test_at_the_end_of_the_run_not_yet_becomes_no(simulation, judged):
    simulation.run()
    assert judged(expect=[{"at": "now", "emails": {"m1": "sent"}}]) is Done.NO
    assert judged(expect=[{"metrics": {"operator_actions": {"at_least": 1}}}]) is Done.NO
    assert judged(holds=lambda result: False) is Done.NO


@pytest.mark.parametrize(("until", "done"), [("09:05", Done.NOT_YET), ("09:15", Done.YES)])
def test_an_instant_that_has_not_come_is_still_to_come(simulation, judged, until, done):
    simulation.run_until(until)
    assert judged(expect=[{"at": "09:15", "emails": {"m1": "failed"}}]) is done


def test_an_instant_that_has_passed_is_judged_for_good(simulation, judged):
    simulation.run_until("09:20")
    assert judged(expect=[{"at": "09:15", "emails": {"m1": "sent"}}]) is Done.NO


@pytest.mark.parametrize(("until", "done"), [("09:20", Done.NOT_YET), ("09:30", Done.NO)])
def test_eventually_is_open_until_its_instant(simulation, judged, until, done):
    simulation.run_until(until)
    assert judged(expect=[{"by": "09:30", "eventually": {"email": "m1", "status": "sent"}}]) is done


def test_eventually_is_done_once_it_was_so(simulation, judged):
    simulation.run_until("09:05")
    simulation.send_now("later", by="lena")
    assert judged(expect=[{"by": "09:30", "eventually": {"email": "later", "status": "sent"}}]) is Done.YES


def test_never_is_open_until_its_window_is_over_and_lost_once_broken(simulation, judged):
    kept = {"expect": [{"during": ["09:00", "09:30"], "never": {"email": "m1", "status": "sent"}}]}
    broken = {"expect": [{"during": ["09:00", "09:30"], "never": {"email": "m1", "status": "failed"}}]}
    simulation.run_until("09:15")
    assert (judged(**kept), judged(**broken)) == (Done.NOT_YET, Done.NO)
    simulation.run_until("09:30")
    assert (judged(**kept), judged(**broken)) == (Done.YES, Done.NO)


def test_attempts_are_judged_at_the_end(simulation, judged):
    attempts = {"expect": [{"attempts": {"m1": ["09:10", "09:11"]}}]}
    simulation.run_until("09:30")
    assert judged(**attempts) is Done.NOT_YET
    simulation.run()
    assert judged(**attempts) is Done.YES


def test_a_metric_is_of_the_run_so_far(simulation, judged):
    acted = {"expect": [{"metrics": {"operator_actions": 1}}]}
    simulation.run_until("09:25")
    assert judged(**acted) is Done.NOT_YET
    simulation.retry("m1", by="greta")
    assert judged(**acted) is Done.YES


def test_before_its_moment_a_task_cannot_be_done(simulation, judged):
    empty = {"after": "09:30", "expect": [{"at": "now", "outbox": {"as": "greta", "view": "mine", "count": 0}}]}
    assert judged(**empty) is Done.NOT_YET
    simulation.run_until("09:31")
    assert judged(**empty) is Done.NOT_YET
    simulation.cancel("m1", by="greta")
    assert judged(**empty) is Done.YES


def test_the_worst_answer_decides(simulation, judged):
    simulation.run_until("09:15")
    yes = {"at": "now", "emails": {"m1": "failed"}}
    assert judged(expect=[yes], holds=lambda result: Done.NO) is Done.NO
    assert judged(expect=[yes], holds=lambda result: False) is Done.NOT_YET
    assert judged(expect=[yes, {"at": "09:40", "emails": {"later": "sent"}}]) is Done.NOT_YET
    assert judged(expect=[yes], holds=lambda result: True) is Done.YES


def test_pages_sessions_simulations_and_results_are_judged(simulation):
    lesson = Lesson(simulation.scenario, title="L", tasks=[Task("T", expect=[{"at": "now", "emails": {"m1": "failed"}}])])
    simulation.run_until("09:15")
    session = SimpleNamespace(simulation=simulation)
    for run in (simulation.result, simulation, session, SimpleNamespace(session=session)):
        assert lesson.judge(run).all_done


def test_judging_changes_nothing(simulation):
    lesson = Lesson(simulation.scenario, title="L", tasks=[Task("T", expect=[{"at": "now", "emails": {"m1": "failed"}}])])
    for minute in range(60):
        simulation.run_until(f"{minute} min")
        lesson.judge(simulation)
    judged_often, alone = simulation.run(), Simulation(simulation.scenario).run()
    assert judged_often.events.equals(alone.events)


def test_what_cannot_be_expected_is_told_with_its_place():
    with pytest.raises(ScenarioInvalid, match=r"tasks\[0\]\.expect\[0\]\.emails\.m9: .*m9"):
        Lesson(loads(SCENARIO), title="L", tasks=[Task("T", expect=[{"at": "now", "emails": {"m9": "sent"}}])])


# Questions ----------------------------------------------------------------------------------------------------------------------------


def test_all_stuck_emails_are_retried_by_whom_it_is_asked(simulation, judged):
    all_of_them = {"holds": asked("retried_all", by="greta", view="team")}
    simulation.run_until("09:25")
    assert judged(**all_of_them) is Done.NOT_YET
    simulation.retry("m1", by="greta")
    assert judged(**all_of_them) is Done.NOT_YET
    simulation.retry("m2", by="greta")
    assert judged(**all_of_them) is Done.YES


def test_a_retry_by_another_does_not_count(simulation, judged):
    simulation.run_until("09:25")
    simulation.retry("m1", by="lena")
    simulation.retry("m2", by="greta")
    assert judged(holds=asked("retried_all", by="greta", view="team")) is Done.NOT_YET


def test_what_fails_again_has_to_be_retried_again(simulation, judged):
    all_of_them = {"holds": asked("retried_all", by="greta", view="mine")}
    simulation.run_until("09:12")
    simulation.retry("m1", by="greta")
    assert simulation.email("m1").attempts == 3
    assert judged(**all_of_them) is Done.NOT_YET
    simulation.run_until("09:20")
    simulation.retry("m1", by="greta")
    assert judged(**all_of_them) is Done.YES


def test_cancelled_emails_are_dealt_with(simulation, judged):
    simulation.run_until("09:25")
    simulation.cancel("m2", by="lena")
    simulation.retry("m1", by="greta")
    assert judged(holds=asked("retried_all", by="greta", view="team")) is Done.YES


def test_with_nothing_stuck_nothing_was_retried(simulation, judged):
    assert judged(holds=asked("retried_all", by="greta")) is Done.NOT_YET
    assert judged(holds=asked("retried_all", by="greta", at_least=0)) is Done.YES


def test_emails_stuck_in_a_span_of_time(simulation, judged):
    simulation.run_until("09:25")
    simulation.retry("m1", by="greta")
    assert judged(holds=asked("retried_all", by="greta", stuck_until="09:12")) is Done.YES
    assert judged(holds=asked("retried_all", by="greta", stuck_since="09:12")) is Done.NOT_YET


def test_who_did_what_to_which_email(simulation, judged):
    simulation.run_until("09:12:30")
    simulation.undo("m2", by="lena")
    assert judged(holds=asked("has_done", action="undo", by="lena", email="m2")) is Done.YES
    assert judged(holds=asked("has_done", action="undo", email="m2", since="09:12", until="09:13")) is Done.YES
    assert judged(holds=asked("has_done", action="undo", by="greta")) is Done.NOT_YET
    assert judged(holds=asked("has_done", action="undo", email="m1")) is Done.NOT_YET
    assert judged(holds=asked("has_done", action="undo", at_least=2)) is Done.NOT_YET
    assert judged(holds=asked("has_done", action="undo", until="09:12:30")) is Done.NOT_YET


def test_a_refusal_is_no_deed_but_can_be_asked_for(simulation, judged):
    simulation.run_until("09:05")
    with pytest.raises(Exception, match="undo"):
        simulation.undo("later", by="lena")
    assert judged(holds=asked("has_done", action="undo")) is Done.NOT_YET
    assert judged(holds=asked("was_refused", action="undo", reason="undo_window_over", by="lena", email="later")) is Done.YES
    assert judged(holds=asked("was_refused", action="undo", reason="not_sender")) is Done.NOT_YET


def test_who_switched_a_connector(simulation, judged):
    simulation.disable("main", by="cy")
    assert judged(holds=asked("switched", connector="main", to="disabled", by="cy")) is Done.YES
    assert judged(holds=asked("switched", connector="main", to="enabled")) is Done.NOT_YET


def test_who_scheduled_an_email_of_his_own(simulation, judged):
    simulation.run_until("09:05")
    assert judged(holds=asked("has_scheduled", by="lena")) is Done.NOT_YET  # `later` is the scenario's
    simulation.submit("own", from_="lena", send_at="09:50")
    assert judged(holds=asked("has_scheduled", by="lena", since="09:50")) is Done.YES
    assert judged(holds=asked("has_scheduled", by="lena", until="09:50")) is Done.NOT_YET


def test_what_was_kept_from_another_time_is_no_change(simulation, judged):
    simulation.change({"users": {"lena": {"undo_window": "5 s"}}}, by="lena")
    assert judged(holds=asked("has_set", by="lena", of="lena", setting="undo_window")) is Done.NOT_YET


def test_who_changed_which_setting(simulation, judged):
    simulation.run_until("09:01")
    simulation.change({"users": {"lena": {"undo_window": "5 s"}}}, by="lena")
    simulation.change({"connectors": {"main": {"retry": "postfix"}}}, by="cy")
    simulation.change({"on_enable": "resume"}, by="cy")
    assert judged(holds=asked("has_set", by="lena", of="lena", setting="undo_window")) is Done.YES
    assert judged(holds=asked("has_set", by="cy", of="main", setting="retry")) is Done.YES
    assert judged(holds=asked("has_set", by="cy", of="scenario", setting="on_enable")) is Done.YES
    assert judged(holds=asked("has_set", by="cy", of="lena", setting="undo_window")) is Done.NOT_YET


# What people read ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def lesson():
    title = {"en": "<b>Title</b>", "de": "<b>Titel</b>"}
    task = Task(
        {"en": "Retry <m1>", "de": "<m1> wiederholen"}, "Text & more", hint="<script>", expect=[{"at": "now", "emails": {"m1": "sent"}}]
    )
    return Lesson(loads(SCENARIO), title=title, introduction="One\nTwo", notes="<i>Notes</i>", tasks=[task], language="de")


def test_texts_are_shown_as_text_in_the_lessons_language(lesson, simulation):
    report = lesson.judge(simulation)
    shown = [lesson._repr_html_(), report._repr_html_(), lesson.notes._repr_html_()]
    assert all("<b>" not in html and "<m1>" not in html and "<script>" not in html and "<i>" not in html for html in shown)
    assert "&lt;b&gt;Titel&lt;/b&gt;" in shown[0]
    assert "<p>One</p><p>Two</p>" in shown[0]
    assert "&lt;m1&gt; wiederholen" in shown[1]
    assert "&lt;script&gt;" in shown[1]
    assert "<m1> wiederholen" in repr(report)
    assert "<b>Titel</b>" in repr(lesson)


def test_a_text_without_german_is_shown_in_english(simulation):
    assert Lesson(simulation.scenario, title={"en": "Only English"}, tasks=[], language="de").title == "Only English"


def test_what_tells_that_a_task_is_done_is_hidden(lesson, simulation):
    shown = (repr(lesson), lesson._repr_html_(), repr(lesson.judge(simulation)), repr(lesson._tasks[0]))
    assert all("expect" not in text and "sent" not in text for text in shown)


def test_a_hint_is_for_what_is_not_done(lesson, simulation):
    assert lesson.judge(simulation)[0].hint == "<script>"
    simulation.run_until("09:25")
    simulation.retry("m1", by="greta")
    assert lesson.judge(simulation)[0].hint == ""


def test_a_report_counts_what_is_done(lesson, simulation):
    report = lesson.judge(simulation)
    assert (len(report), report.all_done, [one.done for one in report[:1]]) == (1, False, [Done.NOT_YET])


# Lesson files -------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def faults(tmp_path):
    """The faults of a lesson file, without the folder's name."""

    def faults(text):
        (tmp_path / "small.outbox.yaml").write_text(SCENARIO, encoding="utf-8")
        file = tmp_path / "small.lesson.yaml"
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        with pytest.raises(ScenarioInvalid) as invalid:
            Lesson.load(file)
        return [str(fault).removeprefix(f"{file}:") for fault in invalid.value.faults]

    return faults


HEAD = "lesson: 1\nscenario: small.outbox.yaml\ntitle: T\n"


@pytest.mark.parametrize(
    ("tasks", "fault"),
    [
        ("tasks: [{title: A}]", "4:9: tasks[0]: nothing tells that it is done"),
        ("tasks: [{titel: A, expect: [{metrics: {sent: 1}}]}]", "4:10: tasks[0].titel: is no key here"),
        ("tasks: [{title: {fr: A}, expect: [{metrics: {sent: 1}}]}]", "4:18: tasks[0].title.fr: is no key here"),
        ("tasks: [{title: 1, expect: [{metrics: {sent: 1}}]}]", "4:17: tasks[0].title: 1 is no text"),
        ("tasks: [{title: A, expect: [{at: now, emails: {m9: sent}}]}]", "4:48: tasks[0].expect[0].emails.m9: 'm9'"),
        ("tasks: [{title: A, expect: [{over: replications, metrics: {sent: 1}}]}]", "4:30: tasks[0].expect[0].over: a lesson"),
        ("tasks: [{title: A, after: tomorrow, expect: [{metrics: {sent: 1}}]}]", "4:27: tasks[0].after: 'tomorrow'"),
        ("tasks: [{title: A, after: 5, expect: [{metrics: {sent: 1}}]}]", "4:27: tasks[0].after: 5 is no moment"),
        ("tasks: [{title: A, holds: {has_dome: {}}}]", "4:28: tasks[0].holds.has_dome: is no question"),
        ("tasks: [{title: A, holds: {has_done: {who: greta}}}]", "4:38: tasks[0].holds.has_done: missing a required argument"),
        ("tasks: [{title: A, holds: {has_done: {action: undo, by: gerta}}}]", "4:57: tasks[0].holds.has_done.by: 'gerta'"),
        ("tasks: [{title: A, holds: {has_done: {action: undo, until: soon}}}]", "4:60: tasks[0].holds.has_done.until: 'soon'"),
        ("tasks: [{title: A, holds: yes please}]", "4:27: tasks[0].holds: 'yes please' asks nothing"),
        ("tasks: [{title: A, expect: m1}]", "4:28: tasks[0].expect: 'm1' is no list"),
        ("tasks: none", "4:8: tasks: 'none' is no list"),
        ("tasks: []\nuser: gerta", "5:7: user: 'gerta' is no user"),
        ("tasks: []\ncolour: red", "5:1: colour: is no key here"),
        ("tasks: [", "5:1: this is no YAML"),
    ],
)
def test_a_fault_of_a_lesson_file_has_its_place(faults, tasks, fault):
    assert any(one.startswith(fault) for one in faults(HEAD + tasks)), faults(HEAD + tasks)


def test_every_fault_is_told_at_once(faults):
    assert len(faults("lesson: 2\nscenario: small.outbox.yaml\ntasks: [{}]\n")) == 4


def test_a_lesson_reads_no_scenario_elsewhere(faults):
    assert "no file beside" in faults("lesson: 1\nscenario: ../small.outbox.yaml\ntitle: T\ntasks: []\n")[0]


def test_a_lesson_is_utf_8(tmp_path):
    file = tmp_path / "small.lesson.yaml"
    file.write_bytes("title: Öl".encode("latin-1"))
    with pytest.raises(ScenarioInvalid, match="no UTF-8 text"):
        Lesson.load(file)


def test_a_question_with_a_deadline_is_lost_after_it(tmp_path, simulation):
    (tmp_path / "small.outbox.yaml").write_text(SCENARIO, encoding="utf-8")
    file = tmp_path / "small.lesson.yaml"
    file.write_text(HEAD + "tasks: [{title: A, holds: {has_done: {action: cancel, until: '09:30'}}}]", encoding="utf-8")
    lesson = Lesson.load(file)
    simulation.run_until("09:29")
    assert lesson.judge(simulation)[0].done is Done.NOT_YET
    simulation.run_until("09:30")
    assert lesson.judge(simulation)[0].done is Done.NO


# The lessons that come with outboxsim ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=training.names())
def name(request):
    return request.param


def test_there_are_three():
    assert training.names() == ["connector-outage", "demo-day", "undo-and-schedule"]


def test_what_comes_of_a_training_scenario_if_nobody_acts_is_expected(name):
    report = check_file(str(training.scenario_path(name)))
    assert report.outcome == "passed", [str(one) for one in (*report.faults, *report.failed)]
    assert report.verdicts


def test_training_scenarios_are_valid_by_the_schema(name):
    value = read_yaml(training.scenario_path(name).read_text(encoding="utf-8")).value
    assert [error.message for error in jsonschema.Draft202012Validator(schema()).iter_errors(value)] == []


def test_a_class_can_follow_a_training_scenario(name):
    """A few hundred emails, and something happens within the first five minutes."""
    simulation = Simulation(Lesson.open(name).scenario)
    simulation.run_until("5 min")
    assert simulation.outbox()
    assert len(simulation.run().emails) <= 300


def test_every_text_of_a_lesson_is_there_in_both_languages(name):
    raw = read_yaml(training.lesson_path(name).read_text(encoding="utf-8")).value
    texts = [raw[key] for key in ("title", "introduction", "notes")] + [
        task[key] for task in raw["tasks"] for key in ("title", "text", "hint")
    ]
    assert all(tuple(text) == LANGUAGES and all(text.values()) for text in texts)
    assert all(text["en"] != text["de"] for text in texts)


def test_at_the_start_every_task_is_still_to_come(name):
    lesson = Lesson.open(name)
    assert {report.done for report in lesson.judge(Simulation(lesson.scenario))} == {Done.NOT_YET}


def test_without_anybody_acting_no_task_gets_done(name):
    lesson = Lesson.open(name)
    assert {report.done for report in lesson.judge(Simulation(lesson.scenario).run())} == {Done.NO}


def test_a_class_that_was_too_late_moves_the_clock_back_and_tries_again():
    lesson = Lesson.open("undo-and-schedule")
    session = Session(lesson.scenario)
    session.jump("14:10")
    assert lesson.judge(session)[0].done is Done.NO
    session.jump("14:05:30")
    assert lesson.judge(session)[0].done is Done.NOT_YET
    session.act("undo", "reply-all", by="lena")
    assert lesson.judge(session)[0].done is Done.YES
    session.jump("14:10")
    assert lesson.judge(session)[0].done is Done.YES


def test_each_class_begins_with_the_settings_of_the_scenario(monkeypatch, tmp_path):
    """What is kept in the user's configuration folder stays there, and what the class chooses is gone with its page."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    page = Lesson.open("undo-and-schedule", language="de").page()
    assert (page.user, page.words.language, page.session.undo_window("lena")) == ("lena", "de", 60_000_000)
    page.preferences.change("lena", undo_window="5 s")
    folder = page.preferences.path.parent
    assert folder.parent == tmp_path
    page.close()
    del page
    gc.collect()
    assert not folder.exists()
    assert not (tmp_path / "config" / "outboxsim").exists()


def test_what_a_class_chooses_is_kept_where_the_trainer_says(tmp_path):
    page = Lesson.open("undo-and-schedule").page("tom", preferences=tmp_path / "class.json")
    assert (page.user, page.preferences.path) == ("tom", tmp_path / "class.json")


def test_what_a_class_did_becomes_a_test(tmp_path):
    """With what is expected of the tasks that are done; not with what was expected if nobody acts."""
    lesson = Lesson.open("undo-and-schedule")
    session = Session(lesson.scenario)
    session.jump("14:05:30")
    session.act("undo", "reply-all", by="lena")
    session.act("cancel", "salaries", by="greta")
    session.jump("15:31")
    file = tmp_path / "what-we-did.outbox.yaml"
    file.write_text(lesson.export(session), encoding="utf-8")
    report = check_file(str(file))
    assert report.outcome == "passed", [str(one) for one in (*report.faults, *report.failed)]
    assert (report.name, {verdict.name for verdict in report.verdicts}) == (
        "Sent too early, sent too late",
        {"", "Undo the reply to everybody", "The list of salaries does not go out"},
    )


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("name: A\nexpect:\n  - {at: 0 s}\n# end\n", "name: A\n"),
        ("expect: []\nname: A\n", "name: A\n"),
        ("name: A\nexpect:\n- a\nseed: 1\n", "name: A\nseed: 1\n"),
        ("name: A\n", "name: A\n"),
        ("{name: A, expect: []}", "{name: A, expect: []}"),
        ("- no mapping", "- no mapping"),
        ("expect: [", "expect: ["),
    ],
)
def test_expectations_are_cut_out_of_a_text(text, kept):
    assert without_expectations(text) == kept


def test_there_is_no_other_lesson():
    with pytest.raises(KeyError, match="there are: connector-outage, demo-day"):
        Lesson.open("connector")
