"""The timeline's verb `submit`: every fault at its place, ids that count as defined, and the schema."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from outboxsim.engine import Simulation
from outboxsim.outbox import Priority
from outboxsim.scenario import SubmitEntry, schema
from outboxsim.scenario.yaml_events import read_yaml
from tests.scenario.stage import MARK, faults_at_marks, faults_of, scenario_of, text_of

NO_DEFAULT = "connectors: {main: {addresses: [lena@acme.example]}, b: {}}"


def entry(email: str, rest: str = ", by: lena", at: str = "1 h") -> str:
    return f"{{at: {at}, submit: {email}{rest}}}"


def timeline(*entries: str) -> str:
    return f"timeline: [{', '.join(entries)}]"


FAULTS = [
    (timeline(entry("{id: m9, §too: a@b.c, to: a@b.c}")), "timeline[0].submit.too", "did you mean 'to'?"),
    (timeline(entry("§m9")), "timeline[0].submit", "'m9' is no mapping; write an email to submit as a mapping of id, to"),
    (timeline(entry("§{id: m9}")), "timeline[0].submit.to", "is missing; write for example `to: anna@kunde.example`"),
    (timeline(entry("{id: §' m9', to: a@b.c}")), "timeline[0].submit.id", "blanks around it"),
    (timeline(entry("{id: m9, to: §nobody}")), "timeline[0].submit.to", "'nobody' is no email address"),
    (timeline(entry("{id: m9, to: a@b.c, cc: [§x]}")), "timeline[0].submit.cc[0]", "'x' is no email address"),
    (timeline(entry("{id: m9, to: a@b.c, work_item: §T-11}")), "timeline[0].submit.work_item", "did you mean 'T-1'?"),
    (timeline(entry("{id: m9, to: a@b.c, via: §mian}")), "timeline[0].submit.via", "did you mean 'main'?"),
    (timeline(entry("{id: m9, to: a@b.c, priority: §hgih}")), "timeline[0].submit.priority", "did you mean 'high'?"),
    (timeline(entry("{id: m9, to: a@b.c, send_at: §soon}")), "timeline[0].submit.send_at", "'soon' is no moment"),
    (timeline(entry("{id: m9, to: a@b.c, attachments: [{name: a, size: §-1}]}")), "timeline[0].submit.attachments[0].size", "-1 is out of"),
    (timeline(entry("{id: m9, to: a@b.c}", ", by: §leena")), "timeline[0].by", "did you mean 'lena'?"),
    (timeline(f"§{entry('{id: m9, to: a@b.c}', '')}"), "timeline[0].by", "write who submits the email, for example `by: cy`"),
    (timeline(entry("{id: m9, to: a@b.c}", ", by: §null")), "timeline[0].by", "write who submits the email"),
    (timeline(entry("{id: m9, to: a@b.c, system: true}", ", §by: lena")), "timeline[0].by", "nobody submits a system-generated email"),
    (
        timeline(entry("{id: m9, to: a@b.c, system: true, §send_at: 2 h}", "")),
        "timeline[0].submit.send_at",
        "a system-generated email has no",
    ),
    (timeline(entry("{id: m9, to: a@b.c}", ", by: lena, §refused: not_sender")), "timeline[0].refused", "it is not refused"),
    (timeline(entry("{id: m9, to: a@b.c}", ", by: lena, §refused: {m9: not_sender}")), "timeline[0].refused", "it is not refused"),
    (timeline(entry("{id: m9, to: a@b.c}", ", by: lena, §may_be_empty: true")), "timeline[0].may_be_empty", "selects nothing"),
    (timeline(entry("{id: m9, to: a@b.c}", ", by: lena, §retry: m9")), "timeline[0].retry", "an entry has exactly one verb"),
    (timeline(entry("{id: m9, to: a@b.c}"), entry("{id: §m9, to: a@b.c}")), "timeline[1].submit.id", "is the id of timeline[0] already"),
    (
        timeline(entry("{id: §T-1-split-1, to: a@b.c}"), "{at: 2 h, split: T-1, by: lena}"),
        "timeline[0].submit.id",
        "that the timeline makes",
    ),
    (
        "traffic: [{name: in, from: lena, arrivals: {every: 1 h}}]\n" + timeline(entry("{id: §in-3, to: a@b.c}")),
        "timeline[0].submit.id",
        "that the traffic 'in' makes",
    ),
    (
        "emails: [{id: §m9, at: 5 min, from: lena, to: a@b.c}]\n" + timeline(entry("{id: m9, to: a@b.c}")),
        "emails[0].id",
        "'m9' is the id of an email that timeline[0] makes",
    ),
    (timeline(entry("{id: payslip, to: a@b.c}"), "{at: 2 h, cancel: §paylsip, by: lena}"), "timeline[1].cancel", "did you mean 'payslip'?"),
    (
        f"emails: []\n{NO_DEFAULT.replace('{main', f'{MARK}{{main')}\n" + timeline(entry("{id: m9, to: a@b.c}", ", by: tom")),
        "connectors",
        "timeline[0].submit",
    ),
]


@pytest.mark.parametrize(("snippet", "path", "part"), FAULTS, ids=[path + " " + part[:20] for _, path, part in FAULTS])
def test_each_fault_is_told_at_its_place(snippet, path, part):
    ((told_path, message),) = faults_at_marks(snippet)
    assert told_path == path
    assert part in message


def test_what_an_entry_says():
    email = (
        "{id: m9, to: 'a@b.c; d@e.f', priority: high, send_at: day 2 09:00, from_address: x@y.z, body: Hi, attachments: [{name: a.pdf}]}"
    )
    (said,) = scenario_of(timeline(entry(email))).timeline
    assert isinstance(said, SubmitEntry)
    assert said.by == "lena"
    assert said.submit.to == ("a@b.c", "d@e.f")
    assert said.submit.priority is Priority.HIGH
    assert said.submit.send_at == 24 * 3600 * 10**6
    assert (said.submit.attachments[0].name, said.submit.attachments[0].size) == ("a.pdf", 0)


def test_its_id_is_defined_everywhere_in_the_file():
    scenario_of(
        timeline(entry("{id: m9, to: a@b.c, send_at: 2 h}"), "{at: 70 min, cancel: [m9], by: lena}")
        + "\nexpect: [{at: 80 min, emails: {m9: cancelled}}, {attempts: {m9: []}}]"
    )


def test_a_from_address_or_via_needs_no_default():
    for email, by in (
        ("{id: m9, to: a@b.c, via: b}", "tom"),
        ("{id: m9, to: a@b.c}", "lena"),
        ("{id: m9, to: a@b.c, from_address: lena@acme.example}", "tom"),
    ):
        scenario_of(f"emails: []\n{NO_DEFAULT}\n" + timeline(entry(email, f", by: {by}")))


def test_submitted_emails_count_among_the_most_emails():
    text = text_of(timeline(entry("{id: m9, to: a@b.c}"), entry("{id: m10, to: a@b.c}")))
    assert faults_of(text, max_emails=4) == []
    ((line, _, path, message),) = faults_of(text, max_emails=3)
    assert (path, line > 0) == ("emails", True)
    assert "4 emails are more than the 3 allowed" in message
    ((_, _, path, _),) = faults_of(
        text_of("emails: []\n" + timeline(entry("{id: m9, to: a@b.c}"), entry("{id: m8, to: a@b.c}"))), max_emails=1
    )
    assert path == "timeline"


@pytest.mark.parametrize(
    "value", ["timeline: [{at: 1 h, submit: 5, by: lena}]", "timeline: [7]", "timeline: {a: 1}", "timeline: [{submit: {id: 7}}]"]
)
def test_other_values_are_told_and_no_more(value):
    assert faults_of(text_of(value))


def test_the_schema_knows_it():
    validator = Draft202012Validator(schema())

    def is_valid(*entries: str) -> bool:
        return validator.is_valid(read_yaml(text_of(timeline(*entries))).value)

    assert is_valid(entry("{id: m9, to: a@b.c, send_at: '12:00'}"))
    assert not is_valid(entry("{id: m9, to: a@b.c}", ", by: lena, refused: not_sender"))
    assert not is_valid(entry("{id: m9}"))
    assert not is_valid(entry("{id: m9, to: a@b.c, from: lena}"))
    assert not is_valid(entry("{id: m9, to: a@b.c}", ", by: lena, split: T-1"))


def test_it_draws_what_submitting_from_python_draws():
    """The engine's own source: the same rank, the same random numbers."""
    keys = "connectors: {main: {transient_failure: 50 %, latency: {dist: uniform, low: 1 s, high: 9 s}}}\nretry: {fixed: 1 min, jitter: full}\n"
    emails = [("x", "1 h"), ("y", "2 h"), ("z", "2 h 1 ms")]
    in_file = Simulation(scenario_of(keys + timeline(*(entry(f"{{id: {name}, to: a@b.c}}", at=at) for name, at in emails)))).run()
    simulation = Simulation(scenario_of(keys))
    for name, at in emails:
        simulation.run_until(at)
        simulation.submit(name, by="lena", to="a@b.c")
    from_python = simulation.run()
    for table in ("emails", "attempts", "events"):
        assert getattr(in_file, table).to_csv() == getattr(from_python, table).to_csv()
