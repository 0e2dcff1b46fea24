"""Loading: files, texts, Python values; every fault of a file at once."""

from __future__ import annotations

import gc
import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest

from outboxsim.errors import ScenarioInvalid
from outboxsim.scenario import Scenario, load, loads
from outboxsim.scenario.load import MOST_BYTES
from tests.scenario.stage import BASE, faults_at_marks, faults_of, marks_in, scenario_of, text_of

EXAMPLE = (Path(__file__).parent / "example.outbox.yaml").read_text(encoding="utf-8")  # spec/scenario.md sections 2 and 3


def write(folder: Path, content: str | bytes, name: str = "a.outbox.yaml") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_the_example_of_the_specification_loads(tmp_path):
    write(tmp_path, "id,at,from,to,subject\nx1,5 min,lena,a@b.c,More\n", "outbox-export.csv")
    scenario = load(write(tmp_path, EXAMPLE))
    assert scenario.name == "Mail connector down over lunch"
    assert [email.id for email in scenario.emails] == ["m1", "m2", "m3", "m4", "x1"]
    assert len(scenario.timeline) == 14
    assert len(scenario.expect) == 8
    assert scenario.source is not None
    assert scenario.source.file == str(tmp_path / "a.outbox.yaml")
    line, column = scenario.source.locate(("expect", 0, "emails", "m2", "status"))
    assert EXAMPLE.splitlines()[line - 1][column - 1 :].startswith("queued")
    assert pickle.loads(pickle.dumps(scenario)) == scenario


@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n"), lambda text: text.rstrip("\n")])
def test_a_byte_order_mark_and_crlf_are_fine(tmp_path, change):
    text = change(text_of("name: Größe"))
    assert load(write(tmp_path, text)).name == loads(text).name == "Größe"


def test_faults_have_the_same_place_with_a_byte_order_mark_and_crlf(tmp_path):
    text, [place] = marks_in("§outboxsimm: 1\n")
    for change in (lambda one: "\ufeff" + one, lambda one: one.replace("\n", "\r\n")):
        with pytest.raises(ScenarioInvalid) as caught:
            load(write(tmp_path, change(text)))
        assert place in [(fault.line, fault.column) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("content", "place", "part"),
    [
        (b"name: a\nb: \xff\n", (2, 4), "the byte 0xFF is not UTF-8; save the file as UTF-8"),
        ("name: ä\r\nb: é".encode() + b"\xe9", (2, 5), "the byte 0xE9"),
        (b"\xff\xfea\x00", (1, 1), "the byte 0xFF"),
        (b"name: a\n  \x00b", (2, 3), "the control character U+0000"),
        (b"name: a\rb: \x1b[0m", (2, 4), "the control character U+001B"),
    ],
)
def test_what_is_no_text_is_a_fault_with_its_place(tmp_path, content, place, part):
    with pytest.raises(ScenarioInvalid) as caught:
        load(write(tmp_path, content))
    [fault] = caught.value.faults
    assert (fault.line, fault.column) == place
    assert part in fault.message


def test_control_characters_in_a_text_are_refused_and_not_all_of_many_are_told():
    assert len(faults_of("\x01" * 500)) == 20
    [(line, column, _, message)] = faults_of("a: \ud800")
    assert (line, column) == (1, 4)
    assert "U+D800" in message


def test_a_file_above_16_mib_is_refused(tmp_path):
    text = "# " + "x" * MOST_BYTES
    for refused in (lambda: load(write(tmp_path, text)), lambda: loads(text)):
        with pytest.raises(ScenarioInvalid, match="larger than 16 MiB"):
            refused()


def test_a_path_that_does_not_exist_is_no_fault_of_a_scenario(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.outbox.yaml")


@pytest.mark.parametrize(
    ("text", "part"), [("", "the file is empty"), ("# only this\n", "the file is empty"), ("- a\n", "a list is no mapping")]
)
def test_a_file_without_a_mapping_is_no_scenario(text, part):
    [(line, column, path, message)] = faults_of(text)
    assert (line, column, path) == (1, 1, "")
    assert part in message
    assert "outboxsim: 1" in message


def test_everything_required_is_asked_for_at_once():
    told = [(line, column, path) for line, column, path, _ in faults_of("name: x")]
    assert told == [(1, 1, "horizon"), (1, 1, "outboxsim"), (1, 1, "start")]


def test_every_fault_of_a_file_at_once():
    faults = faults_at_marks(
        "\n".join(
            [
                "start: §2026-03-29T02:30:00",
                "time_zone: Europe/Berlin",
                "users: {lena: {undo_window: §5}, tom: {acess: x}}".replace("acess", "§acess"),
                "connectors:",
                "  main: {latency: §2 parsec, outages: [{from: §noon}, §{until: 1 h}]}",
                "  eu: {default: true, addresses: [a@b.c]}",
                "  us: {default: §true, addresses: [§a@b.c]}",
                "retry: §postfx",
                "emails:",
                "  - {id: m1, at: 5 min, from: §leena, to: §nobody}",
                "  - {id: §m1, at: 5 min, from: lena, to: a@b.c, §subjct: x}",
                "timeline:",
                "  - {at: 5 min, retry: §m7, by: lena}",
                "  - §{at: 5 min, cancel: m1}",
                "expect:",
                "  - {at: §noon, emails: {m1: §snet, §m7: sent}}",
                "  - {metrics: {§snet: 1}}",
            ]
        )
    )
    assert len(faults) == 19


def test_faults_of_the_syntax_and_of_values_come_together():
    faults = faults_at_marks("seed: §&x 5\nattempt_limit: §*x\nname: §{}\n§name: b\nretry: §[1 mn]".replace("§[1 mn]", "[§1 mn]"))
    assert [path for path, _ in faults] == ["seed", "attempt_limit", "name", "name", "retry[0]"]


def test_what_cannot_be_read_is_told_once():
    [(path, message)] = faults_at_marks("users: §*people")
    assert path == "users"
    assert "alias" in message
    [(path, _)] = faults_at_marks("connectors: §!x a")
    assert path == "connectors"


@pytest.mark.parametrize("section", ["users", "teams", "connectors", "work_items", "emails", "timeline", "traffic"])
def test_a_section_that_is_none_makes_no_fault_of_who_uses_its_names(section):
    more = "\ntimeline: [{at: 1 h, retry: m1, by: lena}]\nexpect: [{at: 1 h, emails: {m1: sent, x-1: sent}}]"
    more += "\ntraffic: [{name: x, from: lena, arrivals: {every: 1 h}}]"
    snippet = "\n".join(line for line in more.split("\n") if not line.startswith(section))
    [(path, message)] = faults_at_marks(f"{section}: §5{snippet}")
    assert path == section
    assert "5 is no " in message


def test_a_missing_clock_hides_no_other_fault():
    faults = faults_at_marks(
        "start: §x\nemails: [{id: m1, at: '10:30', from: lena, to: a@b.c}, {id: m2, at: §noon, from: lena, to: a@b.c}]"
    )
    assert [path for path, _ in faults] == ["start", "emails[1].at"]


def test_two_local_times_of_a_faulty_clock_are_no_faults():
    faults = faults_at_marks(
        "start: §x\ntraffic: [{name: in, from: lena, arrivals: {batch: 5, at: '10:00'}, between: ['09:00', '11:00']},"
        " {name: out, from: lena, arrivals: {batch: 5, at: 1 h}, between: [§noon, 5 h]}]"
    )
    assert [path for path, _ in faults] == ["start", "traffic[1].between[0]"]


def test_names_are_told_in_the_order_of_the_file():
    [(_, message)] = faults_at_marks("timeline: [{at: 0 s, retry: m1, by: §nobody}]")
    assert message.endswith("(known: cy, lena, greta, tom, udo)")


def test_long_values_and_many_names_are_cut():
    users = ", ".join(f"u{number}: {{}}" for number in range(40))
    [(_, message)] = faults_at_marks(
        f"users: {{{users}, lena: {{}}}}\nteams: {{a: {{members: [tom]}}}}\nwork_items: {{T-1: {{type: case, assignee: §{'x' * 500}}}}}"
    )
    assert len(message) < 800
    assert "and 30 more" in message


def test_python_values_are_those_of_a_file():
    scenario = Scenario.from_mapping(
        {
            "outboxsim": 1,
            "start": datetime(2026, 3, 2, 9, tzinfo=UTC),
            "horizon": "8 h",
            "users": {"lena": {}},
            "connectors": {"main": {}},
            "emails": ({"id": "m1", "at": "5 min", "from": "lena", "to": ("a@b.c",)},),
        }
    )
    assert scenario.emails[0].to == ("a@b.c",)
    assert scenario.source is None
    assert scenario.clock.iso(0) == "2026-03-02T09:00:00+00:00"


def test_python_values_are_refused_with_every_fault():
    with pytest.raises(ScenarioInvalid) as caught:
        Scenario.from_mapping({"outboxsim": 2, "horizon": 5, 7: "x", "emails_file": "a.csv"})
    assert [fault.path for fault in caught.value.faults] == ["7", "emails_file", "horizon", "outboxsim", "start"]
    assert {(fault.file, fault.line, fault.column) for fault in caught.value.faults} == {("<mapping>", 1, 1)}


def test_a_scenario_is_not_made_by_its_constructor():
    with pytest.raises(ValueError, match=r"made by load, loads or Scenario\.from_mapping"):
        Scenario(outboxsim=1, start="2026-03-02T09:00:00", horizon="8 h")


def test_a_scenario_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        scenario_of("").seed = 5  # type: ignore[misc]


def test_more_emails_than_allowed_are_refused():
    [(_, _, path, message)] = faults_of(text_of(""), max_emails=1)
    assert path == "emails"
    assert message == "2 emails are more than the 1 allowed; --max-emails (max_emails) raises the limit"
    assert faults_of(text_of(""), max_emails=2) == []


def test_so_many_faults_that_the_rest_is_not_looked_at():
    emails = "\n".join("  - {}" for _ in range(5000))
    faults = faults_of("\n".join([*(BASE[key] for key in BASE if key != "emails"), "emails:", emails]))
    assert any("more than 10,000 faults" in message for _, _, _, message in faults)


def test_the_garbage_collector_goes_on_after_loading():
    gc.enable()
    scenario_of("")
    assert gc.isenabled()
    gc.disable()
    try:
        scenario_of("")
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_settings_are_read_as_those_of_the_timeline():
    scenario = scenario_of("")
    assert scenario.settings({"users": {"lena": {"undo_window": "10 s"}}}).users["lena"].undo_window == 10_000_000
    with pytest.raises(ScenarioInvalid, match="did you mean 'lena'"):
        scenario.settings({"users": {"leena": {}}})


def test_what_would_move_a_cursor_is_escaped():
    faults = faults_of(text_of('"\\e[31m\\nred": 1\nname: ["\\a"]\nusers: {"a\\eb": 5}'))
    assert [path for _, _, path, _ in faults] == ["\\x1b[31m\\nred", "name", "users.a\\x1bb", "users.a\\x1bb"]
    assert all(message.isprintable() for _, _, _, message in faults)


def test_what_is_missing_comes_with_an_example():
    [(_, message)] = faults_at_marks("connectors: {main: {breakdowns: §{up: 8 h}}}")
    assert message == 'is missing; write for example `down: {"dist": "exponential", "mean": "30 min"}`'
    [(_, message)] = faults_at_marks("emails: [§{id: m1, at: 0 s, from: lena}]")
    assert message == "is missing; write for example `to: anna@kunde.example`"
