"""What was done, as a scenario file: load it, run it, and the tables are the session's, byte by byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outboxsim.checks.runner import check_file
from outboxsim.engine import Simulation
from outboxsim.outbox import Refused
from outboxsim.retry import parse_pattern
from outboxsim.scenario import Scenario, load, loads
from outboxsim.scenario.yaml_events import read_yaml
from outboxsim.scenario.yaml_writer import NotWritable, write_yaml
from outboxsim.widgets.export import NotExportable
from outboxsim.widgets.session import Session
from tests.engine.conftest import email, minutes, scenario_of, seconds
from tests.engine.stages import ACTIONS, WAITS, attempt, csv_of, scenarios

THOROUGH = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
LIBRARY = sorted((Path(__file__).parents[2] / "scenarios").rglob("*.outbox.yaml"))

FILE = """\
# What this is about.
outboxsim: 1
name: Lunch   # short
start: 2026-03-02T09:00:00
time_zone: Europe/Berlin
horizon: 8 h
teams: {payroll: {leaders: [greta], members: [lena]}}
users: {cy: {admin: true}}
connectors: {main: {enabled: false}}
emails:
  - {id: m1, at: 5 min, from: lena, to: a@b.example}   # the first

timeline:
    # at noon
    - {at: "12:00", enable: main, by: cy}
    # the end of it

# What we expect.
expect:
  - {at: 10 min, emails: {m1: connector_disabled}}
"""


def replayed(text: str, *, folder: Path | None = None) -> Simulation:
    simulation = Simulation(loads(text, folder=folder))
    simulation.run()
    return simulation


def session_of(tmp_path: Path, text: str = FILE) -> Session:
    path = tmp_path / "lunch.outbox.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    return Session(load(path))


# The same run


@THOROUGH
@given(scenarios(), st.lists(st.tuples(WAITS, ACTIONS), max_size=14), st.booleans())
def test_a_file_replays_the_session(scenario: Scenario, plan, with_settings):
    session = Session(scenario, initial={"lena": {"undo_window": "20 s", "columns": ["to", "subject"]}} if with_settings else {})
    for wait, (verb, targets, arguments, by) in plan:
        session.run_until(min(session.elapsed + seconds(wait), session.horizon))
        if verb == "retry":
            session.bulk(verb, [*targets, "m1", "m4", "nobody"], by)
        else:
            attempt(session.act, verb, targets, arguments, by)
    text = session.export()
    session.jump("end")
    assert csv_of(replayed(text)) == csv_of(session.simulation)


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem.removesuffix(".outbox"))
def test_every_file_of_the_library_can_be_acted_in(path):
    session = Session(load(path))
    user = next(iter(session.scenario.users), None)
    session.jump(session.horizon // 3)
    with_id = session.scenario.emails[0].id if session.scenario.emails else "nobody"
    if user is not None:
        attempt(session.act, "cancel", (with_id,), {}, user)
        attempt(session.act, "submit", ("a new one",), {"to": "a@b.example"}, user)
    session.run_until(min(session.elapsed + minutes(1), session.horizon))
    text = session.export()
    assert read_yaml(text).value["name"] == session.scenario.name
    assert "#" in text
    before = path.read_text(encoding="utf-8").partition("\nexpect:")[0].split("\n")
    assert [line for line in before if line.strip() and line not in text.split("\n")] == [], "comments and all are kept"


def test_what_lies_ahead_is_exported_too(tmp_path):
    session = session_of(tmp_path)
    session.run_until("12:30")
    session.act("disable", "main", by="cy")
    session.jump(0)
    text = session.export()
    session.jump("end")
    assert csv_of(replayed(text)) == csv_of(session.simulation)
    session.jump(0)
    session.act("enable", "main", by="cy")
    assert "disable: main" not in session.export()


# The text


def test_the_file_keeps_its_looks_and_what_was_done_is_added(tmp_path):
    session = session_of(tmp_path)
    session.run_until("10 min")
    with pytest.raises(Refused):
        session.act("enable", "main", by="lena")
    assert session.bulk("cancel", ["m1", "m2"], by="lena")
    session.act("submit", "new", by="lena", to=["c@d.example", "e@f.example"], send_at="12:15", attachments=[("ä.pdf", 3)], body="One\nTwo")
    session.act("outage", "main", by=None, duration="90 s")
    text = session.export()
    kept = FILE.replace(
        "    # the end of it\n",
        """\
    # the end of it
    - at: "2026-03-02T09:10:00.000001+01:00"
      enable: main
      by: lena
      refused: not_admin
    - at: "2026-03-02T09:10:00.000002+01:00"
      cancel: [m1, m2]
      by: lena
      refused: {m2: unknown_email}
    - at: "2026-03-02T09:10:00.000003+01:00"
      submit:
        id: new
        to: [c@d.example, e@f.example]
        body: "One\\nTwo"
        attachments: [{name: ä.pdf, size: 3}]
        send_at: "2026-03-02T12:15:00+01:00"
      by: lena
    - at: "2026-03-02T09:10:00.000004+01:00"
      outage: main
      for: 1 min 30 s
""",
    )
    assert text == (
        "# A session of outboxsim, written down so that a run of this file replays it.\n"
        "# What was done are the last 4 entries of its timeline; it came to 2026-03-02T09:10:00.000004+01:00.\n"
        "# The expectations of the scenario itself are left out: they are about a run in which nobody acts.\n"
        "\n" + kept.replace("expect:\n  - {at: 10 min, emails: {m1: connector_disabled}}\n", "expect: []\n")
    )


def test_a_lesson_becomes_a_test(tmp_path):
    session = session_of(tmp_path)
    session.run_until("12:30")
    session.act("retry", "m1", by="greta")
    expect = [{"at": "12:31", "emails": {"m1": {"status": "sent", "attempts": {"at_most": 2}}}}]
    path = tmp_path / "lesson.outbox.yaml"
    path.write_text(session.export("The lesson: done", "What\nthe class did.", expect), encoding="utf-8")
    scenario = load(path)
    assert (scenario.name, scenario.description) == ("The lesson: done", "What\nthe class did.")
    report = check_file(str(path))
    assert report.outcome == "passed"
    assert [verdict.path for verdict in report.verdicts if verdict.path.startswith("emails")] == [
        "emails.m1.status",
        "emails.m1.attempts",
    ], "only ours"


def test_an_exported_file_can_be_exported_again(tmp_path):
    session = session_of(tmp_path)
    session.run_until("10 min")
    session.act("cancel", "m1", by="lena")
    again = session_of(tmp_path, session.export())
    again.run_until("1 h")
    again.act("enable", "main", by="cy")
    text = again.export()
    assert text.count("A session of outboxsim") == 1
    assert "What was done is the last entry of its timeline" in text
    assert "Nothing was done in it" in session_of(tmp_path).export()


NOT_LINE_BY_LINE = {
    "braces": "{outboxsim: 1, start: '2026-03-02T09:00:00', horizon: 8 h, users: {lena: {}}, connectors: {main: {}}}",
    "timeline in brackets": FILE.split("timeline:", maxsplit=1)[0] + 'timeline: [{at: "12:00", enable: main, by: cy}]\n',
    "a document's marks": f"---\n{FILE}...\n",
    "a key twice to look at": FILE.replace("name: Lunch", "name: Lunch\ndescription: |\n  a\n# b").replace("timeline:", '"timeline":'),
}


@pytest.mark.parametrize("text", NOT_LINE_BY_LINE.values(), ids=NOT_LINE_BY_LINE)
def test_a_file_written_in_another_way_is_written_anew(tmp_path, text):
    session = session_of(tmp_path, text)
    session.run_until("10 min")
    session.act("submit", "new", by="lena", to="a@b.example")
    exported = session.export(name="Another name")
    loaded = loads(exported)
    assert loaded.emails == session.scenario.emails
    assert loaded.name == "Another name"
    session.jump("end")
    assert csv_of(replayed(exported)) == csv_of(session.simulation)


@pytest.mark.parametrize("ending", ["\r\n", "\n\n\n", "\n# The end.\n"])
def test_line_ends_do_not_matter(tmp_path, ending):
    text = FILE.replace("\n", "\r\n") if ending == "\r\n" else FILE.rstrip("\n") + ending
    session = session_of(tmp_path, "\ufeff" + text)
    session.act("submit", "new", by="lena", to="a@b.example")
    assert "# the first" in session.export()


def test_a_file_that_has_gone_or_changed_is_written_anew(tmp_path):
    session = session_of(tmp_path)
    session.run_until("10 min")
    session.act("cancel", "m1", by="lena")
    path = tmp_path / "lunch.outbox.yaml"
    for other in (FILE.replace("8 h", "9 h"), FILE.replace("a@b.example", "z@b.example"), "outboxsim: [", None):
        path.unlink() if other is None else path.write_text(other, encoding="utf-8")
        exported = session.export()
        assert "# the first" not in exported
        assert loads(exported).emails == session.scenario.emails


def test_an_emails_file_stays_beside_it_or_comes_in(tmp_path):
    (tmp_path / "more.csv").write_text(
        "id,at,from,to,cc,body,priority,send_at,system,work_item\n"
        "c1,1 h,lena,a@b.example,c@d.example; e@f.example,Hi,high,2 h,,\n"
        "c2,1 h,,a@b.example,,,,,true,\n",
        encoding="utf-8",
    )
    session = session_of(tmp_path, FILE + "emails_file: more.csv\n")
    session.bulk("cancel", ["nobody"], by="lena")
    kept = session.export()
    assert "# It belongs into the folder of its emails_file, more.csv." in kept
    assert len(loads(kept, folder=tmp_path).emails) == 3
    mapping = {**session.scenario.written, "emails_file": "more.csv", "expect": []}
    inlined = Session(Scenario.from_mapping(mapping, folder=str(tmp_path))).export()
    assert "emails_file" not in inlined
    assert [one.id for one in loads(inlined).emails] == ["c1", "c2"]


def test_all_of_an_email_is_written():
    scenario = scenario_of(
        work_items={"T-1": {"type": "ticket"}},
        connectors={"main": {"default": True}, "other": {"addresses": ["o@p.example"]}},
        emails=[
            email(
                "m1",
                from_address="o@p.example",
                cc=["a@b.c"],
                bcc=["d@e.f", "g@h.i"],
                body='"x": y',
                work_item="T-1",
                priority="low",
                via="main",
            ),
            email("m2", send_at="10 h", scheduled_by="greta", attachments=[{"name": "a, b", "size": 7}]),
            {"id": "null", "at": "1 min 0.001 ms", "to": "x@y.z", "system": True},
            {"id": "- 1", "at": "8 h", "to": "x@y.z", "from": "tom", "migrated": True},
        ],
    )
    assert loads(Session(scenario).export()).emails == scenario.emails


def test_another_seed_is_written_and_another_replication_cannot_be():
    session = Session(Simulation(scenario_of(seed=3), seed=8))
    assert loads(session.export()).seed == 8
    with pytest.raises(NotExportable, match="plays replication 2"):
        Session(Simulation(scenario_of(), replication=2)).export()


def test_a_replaced_pattern_is_written_as_it_was_given_or_by_its_name():
    scenario = scenario_of(retry_patterns={"mine": ["1 min"]})
    text = Session(scenario.replace(retry=["3 min"], attempt_limit=4)).export()
    assert (read_yaml(text).value["retry"], read_yaml(text).value["attempt_limit"]) == (["3 min"], 4)
    for pattern, written in ((scenario.retry_patterns["mine"], "mine"), (parse_pattern("postfix"), "postfix")):
        assert read_yaml(Session(scenario.replace(retry=pattern)).export()).value["retry"] == written
    with pytest.raises(NotExportable, match="give it as a file writes it"):
        Session(scenario.replace(retry=parse_pattern(["7 min"]))).export()


# What cannot be exported


def test_settings_given_as_an_object_cannot_be_written():
    session = Session(scenario_of())
    session.act("change", session.scenario.settings({"retry": "postfix"}), by="cy")
    with pytest.raises(NotExportable, match=r"the settings of 2026-03-02T09:00:00\.000001"):
        session.export()
    session = Session(scenario_of())
    session.act("change", {"users": {"lena": {"columns": ("to", "subject")}}}, by="lena")
    assert "columns: [to, subject]" in session.export()


def test_a_file_that_would_not_give_the_same_run_is_not_handed_over():
    """Acting with the simulation itself at an instant at which more happens: in a file the action would come first."""
    session = Session(scenario_of(emails=[email("m1", at="1 min", to="x@y.z")], connectors={"main": {"latency": "2 s"}}))
    session.simulation.run_until("1 min")
    with pytest.raises(Refused):
        session.simulation.send_now("m1", by="lena")
    with pytest.raises(NotExportable, match=r"the file would not give the same run: (emails|attempts|events) has"):
        session.export()


def test_what_differs_is_told():
    """A session whose scenario is not what it was made from any more."""
    session = Session(scenario_of(emails=[email("m1")]))
    written = {**session.scenario.written, "connectors": {"main": {"enabled": False}}}
    session.scenario._written = written
    with pytest.raises(NotExportable, match="emails has 'connector_disabled' in place of 'sent' in row 0, column status"):
        session.export()


def test_an_expectation_that_no_file_could_hold_is_told(tmp_path):
    session = session_of(tmp_path)
    with pytest.raises(NotExportable, match=r"a scenario file cannot say it: .*'m7' is no email of this file"):
        session.export(expect=[{"at": "1 h", "emails": {"m7": "sent"}}])
    with pytest.raises(NotExportable, match="nothing that a scenario file could hold"):
        session.export(expect=[{"at": "1 h", "emails": {"m1": object()}}])


def test_instants_of_zones_whose_offset_has_seconds_are_written_as_durations():
    session = Session(scenario_of(start="1900-01-01T00:00:00", time_zone="Africa/Monrovia"))
    session.act("disable", "main", by="cy")
    assert "at: 0.001 ms\n" in session.export()


# Writing YAML

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "null",
        "~",
        "true",
        "NO",
        "1:30",
        "010",
        "0o17",
        "1e5",
        "5 min",
        "5 %",
        "- a",
        "a: b",
        "a #b",
        "{a}",
        "[a]",
        "@a",
        "a,b",
        " a",
        "a ",
        "",
        "é",
        ".inf",
        "\u2028",
        "\ufeff",
        "\x85",
        "'",
        '"',
        "\\",
        "3 x: y",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=5))
def test_whatever_is_written_is_read_back(content):
    text = write_yaml(content)
    document = read_yaml(text)
    assert document.faults == []
    assert document.value == content
    assert [type(value) for value in document.value.values()] == [type(value) for value in content.values()]


def test_what_no_file_holds_is_told():
    with pytest.raises(NotWritable, match="nothing that a scenario file could hold"):
        write_yaml({"a": [{"b": {1, 2}}]})


def test_long_things_are_broken_up():
    content = {"a": {"b": {f"key {n}": "x" * 20 for n in range(5)}, "c": ["y" * 30] * 5}, "d": ["z" * 200], "e": [{"f": {}}, {}, []]}
    text = write_yaml(content)
    assert read_yaml(text).value == content
    assert "\n  b:\n    key 0: xxx" in text
    assert "\n  c:\n    - yyy" in text
