"""The emails_file: CSV and Parquet beside the scenario, validated as emails are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from outboxsim.errors import ScenarioInvalid
from outboxsim.outbox import Priority
from outboxsim.scenario import Scenario, load, loads
from tests.scenario.stage import marks_in, text_of

HEADER = "id,at,from,to,subject\n"


def with_file(folder, content: str | bytes, *, name: str = "more.csv", snippet: str = "", **more) -> Scenario:
    """The scenario of the base, a snippet, and an emails_file."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    path = folder / "a.outbox.yaml"
    path.write_text(text_of(f"emails_file: {name}\n{snippet}"), encoding="utf-8")
    return load(path, **more)


def faults_in(folder, content: str | bytes, **more) -> list[str]:
    """The faults as they are printed, without the folder."""
    with pytest.raises(ScenarioInvalid) as caught:
        with_file(folder, content, **more)
    return [str(fault).replace(f"{folder}/", "") for fault in caught.value.faults]


def test_every_column_is_read(tmp_path):
    scenario = with_file(
        tmp_path,
        "id,at,from,to,cc,bcc,subject,body,work_item,priority,attachments,migrated,system,scheduled_by,send_at,via,from_address\n"
        'x1,10:00,tom,"a@b.c, d@e.f",g@h.i,,"Say ""hi"", all","two\nlines",T-1,high,"[{name: a.pdf, size: 5}]",false,FALSE,'
        "greta,2 h,main,x@y.z\n"
        "x2,5 min,,a@b.c,,,,,T-1,,,,true,,,,\n",
    )
    first, second = scenario.emails[2:]
    assert (first.id, first.to, first.cc, first.bcc) == ("x1", ("a@b.c", "d@e.f"), ("g@h.i",), ())
    assert (first.subject, first.body, first.priority) == ('Say "hi", all', "two\nlines", Priority.HIGH)
    assert [(attachment.name, attachment.size) for attachment in first.attachments] == [("a.pdf", 5)]
    assert (first.scheduled_by, first.via, first.from_address) == ("greta", "main", "x@y.z")
    assert (second.system, second.from_, second.subject) == (True, None, "")


@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n"), lambda text: text + "\n\n"])
def test_a_byte_order_mark_crlf_and_empty_lines_are_fine(tmp_path, change):
    assert [email.id for email in with_file(tmp_path, change(HEADER + "x1,5 min,tom,a@b.c,Größe\n")).emails] == ["m1", "m2", "x1"]


def test_a_file_with_a_header_alone_holds_no_emails(tmp_path):
    assert len(with_file(tmp_path, HEADER).emails) == 2


def test_its_ids_are_ids_of_the_scenario(tmp_path):
    with_file(
        tmp_path,
        HEADER + "x1,5 min,tom,a@b.c,\n",
        snippet="timeline: [{at: 1 h, retry: x1, by: tom}]\nexpect: [{at: 1 h, emails: {x1: sent}}]",
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (HEADER + "x1,§noon,tom,a@b.c,\n", "emails[0].at: 'noon' is no moment"),
        (HEADER + "x1,5 min,tom,a@b.c,\nx2,5 min,§toom,a@b.c,\n", "emails[1].from: 'toom' is no user of this file; did you mean 'tom'?"),
        (HEADER + "§,5 min,tom,a@b.c,\n", "emails[0].id: is missing"),
        ("id,at,from,to\nx1,5 min,tom,§\n", "emails[0].to: is missing"),
        ('id,subject,at,from,to\nx1,"a\nb",5 min,tom,§\n', "emails[0].to: is missing"),
        (HEADER + "§m1,5 min,tom,a@b.c,\n", "emails[0].id: 'm1' is the id of another email already"),
        (HEADER + "x1,5 min,tom,a@b.c,\n§x1,5 min,tom,a@b.c,\n", "emails[1].id: 'x1' is the id of another email already"),
        (HEADER + "x1,9 h,tom,a@b.c,\n".replace("9 h", "§9 h"), "emails[0].at: '9 h' (2026-03-02T18:00:00+00:00) is past the horizon"),
        (HEADER + 'x1,5 min,tom,§"a@b.c, x",\n', "emails[0].to: ' x' is no email address"),
        (HEADER + 'x1,5 min,tom,a@b.c,"a\nb, ""c"""\n"x2","5 min",§"x y",a@b.c,\n', "emails[1].from: 'x y' is no user"),
        (HEADER + "§x1,5 min,tom,a@b.c\n", "emails[0]: the row has 4 cells, and the header 5"),
        (HEADER + "§x1,5 min,tom,a@b.c,Hello, all\n", "emails[0]: the row has 6 cells, and the header 5"),
        ("id,at,from,to,§sbuject\n", "sbuject: 'sbuject' is no key here; did you mean 'subject'?"),
        ("\nid,at,from,to,§at\n", "at: the column 'at' is there already"),
        ("id,at,from,to,migrated\nx1,5 min,tom,a@b.c,§yes\n", "emails[0].migrated: 'yes' is neither true nor false"),
        ("id,at,from,to,attachments\nx1,5 min,tom,a@b.c,§[\n", "emails[0].attachments: this is no YAML"),
        ("id,at,from,to,attachments\nx1,5 min,tom,a@b.c,§[*x]\n", "emails[0].attachments: the alias '*x' is refused"),
        (
            'id,at,from,to,attachments\nx1,5 min,tom,a@b.c,§"[{name: a, size: x}]"\n',
            "emails[0].attachments[0].size: 'x' is no whole number",
        ),
        ("§id,at,from,to\n".replace("id,at,from,to\n", ""), "the file is empty; its first line names the columns"),
        (HEADER + '§x1,5 min,tom,a@b.c,"open\n', "this row is no CSV"),
        (HEADER + '§x1,5 min,tom,a@b.c,"a"b\n', "this row is no CSV"),
        (HEADER + "x1,5 min,tom,a@b.c,§\x07\n", "the control character U+0007"),
    ],
)
def test_faults_have_the_line_and_column_of_the_cell(tmp_path, content, told):
    content, [(line, column)] = marks_in(content)
    [fault] = faults_in(tmp_path, content)
    assert fault.startswith(f"more.csv:{line}:{column}: {told}")


def test_a_file_that_is_not_utf_8(tmp_path):
    [fault] = faults_in(tmp_path, HEADER.encode() + b"x1,5 min,tom,a@b.c,\xe9\n")
    assert fault.startswith("more.csv:2:20: the byte 0xE9 is not UTF-8")


def test_faults_of_file_and_emails_file_come_together(tmp_path):
    faults = faults_in(
        tmp_path,
        "id,at,from,to,sbject\nx1,noon,toom,a@b.c,\nx2,5 min,tom,x,\nx3,5 min,tom,a@b.c,\n",
        snippet="seed: -1\ntimeline: [{at: 1 h, retry: x2, by: tom}, {at: 1 h, retry: x9, by: tom}]",
    )
    assert [fault.split(": ")[0] + " " + fault.split(": ")[1] for fault in faults] == [
        "a.outbox.yaml:12:7 seed",
        "a.outbox.yaml:13:60 timeline[1].retry",
        "more.csv:1:15 sbject",
        "more.csv:2:4 emails[0].at",
        "more.csv:2:9 emails[0].from",
        "more.csv:3:14 emails[1].to",
    ]


def test_more_emails_than_allowed_are_refused(tmp_path):
    content = HEADER + "".join(f"x{number},5 min,tom,a@b.c,\n" for number in range(5))
    assert len(with_file(tmp_path, content, max_emails=7).emails) == 7
    [fault] = faults_in(tmp_path, content, max_emails=6)
    assert fault.startswith("more.csv:6:1: more emails than allowed (4 of them here); --max-emails (max_emails) raises the limit")


def test_an_id_that_traffic_makes_is_taken(tmp_path):
    [fault] = faults_in(tmp_path, HEADER + "in-3,5 min,tom,a@b.c,\n", snippet="traffic: [{name: in, from: tom, arrivals: {every: 1 h}}]")
    assert fault.startswith("more.csv:2:1: emails[0].id: 'in-3' is the id of an email that the traffic 'in' makes")


def test_so_many_faults_that_the_rest_is_not_looked_at(tmp_path):
    faults = faults_in(tmp_path, HEADER + "x,,,,\n" * 5000)
    assert len(faults) < 10_010
    assert any("the rows from here on are not looked at" in fault for fault in faults)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("none.csv", "'none.csv' does not exist; the path is relative to the scenario's folder"),
        ("none.parquet", "'none.parquet' does not exist"),
        ("/etc/passwd.csv", "leads out of the scenario's folder"),
        ("../a.csv", "leads out of the scenario's folder"),
        ("sub/../../a.csv", "leads out of the scenario's folder"),
        ("'C:\\a.csv'", "leads out of the scenario's folder"),
        ("'..\\a.csv'", "leads out of the scenario's folder"),
        ('"a\\0.csv"', "leads out of the scenario's folder"),
        ("a.xlsx", "is neither CSV nor Parquet"),
        ("folder.csv", "'folder.csv' is no file"),
        ("link.csv", "is a link that leads out of the scenario's folder"),
        ("loop.csv", "loop.csv"),
        ("''", "is neither CSV nor Parquet"),
    ],
)
def test_paths_out_of_the_folder_are_refused_at_the_key(tmp_path, name, part):
    folder = tmp_path / "scenario"
    (folder / "folder.csv").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text(HEADER)
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    path = folder / "a.outbox.yaml"
    path.write_text(text_of(f"emails_file: {name}\nexpect: [{{at: 1 h, emails: {{of_the_file: sent}}}}]"))
    with pytest.raises(ScenarioInvalid) as caught:
        load(path)
    [fault] = caught.value.faults
    assert (fault.path, fault.column) == ("emails_file", 14)
    assert part in fault.message


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    [fault] = faults_in(tmp_path, "")
    assert fault.endswith("emails_file: 'more.csv' cannot be read: Permission denied")


def test_folders_below_are_fine(tmp_path):
    (tmp_path / "below").mkdir()
    assert len(with_file(tmp_path, HEADER + "x1,5 min,tom,a@b.c,\n", name="below/more.CSV").emails) == 3


def test_a_text_needs_a_folder(tmp_path):
    (tmp_path / "more.csv").write_text(HEADER + "x1,5 min,tom,,\n")
    text = text_of("emails_file: more.csv")
    with pytest.raises(ScenarioInvalid, match=r"^<text>:11:14: emails_file: 'more\.csv' needs a folder"):
        loads(text)
    with pytest.raises(ScenarioInvalid, match=r"^more\.csv:2:14: emails\[0\]\.to: is missing"):
        loads(text, folder=tmp_path)


def test_emails_that_no_connector_takes_are_named(tmp_path):
    [fault] = faults_in(
        tmp_path,
        "id,at,from,to,via,from_address\nx1,5 min,tom,a@b.c,,\nx2,5 min,tom,a@b.c,b,\nx3,5 min,tom,a@b.c,,a@acme.example\n",
        snippet="connectors: {a: {addresses: [a@acme.example]}, b: {}}\nemails: []",
    )
    assert "needed by x1;" in fault


# Parquet --------------------------------------------------------------------------------------------------------------------------------


def write_parquet(folder, **columns):
    pq.write_table(pa.table(columns), folder / "more.parquet")
    return (folder / "more.parquet").read_bytes()


def test_parquet_has_types_of_its_own(tmp_path):
    content = write_parquet(
        tmp_path,
        id=["x1", "x2"],
        at=pa.array([timedelta(minutes=5), timedelta(minutes=6)], pa.duration("us")),
        send_at=pa.array(["2026-03-02T12:00:00", None]).cast(pa.timestamp("us")),
        to=[["a@b.c", "d@e.f"], ["g@h.i"]],
        system=[None, True],
        **{"from": ["tom", None]},
        attachments=[[{"name": "a.pdf", "size": 5}, {"name": "b.pdf", "size": None}], None],
    )
    first, second = with_file(tmp_path, content, name="more.parquet").emails[2:]
    assert (first.at, first.send_at, first.to) == (300_000_000, 3 * 3_600_000_000, ("a@b.c", "d@e.f"))
    assert [(attachment.name, attachment.size) for attachment in first.attachments] == [("a.pdf", 5), ("b.pdf", 0)]
    assert (second.system, second.at) == (True, 360_000_000)


def test_parquet_instants_with_a_time_zone(tmp_path):
    content = write_parquet(
        tmp_path,
        id=["x1"],
        at=pa.array([datetime(2026, 3, 2, 10, tzinfo=UTC)], pa.timestamp("us", "UTC")),
        to=["a@b.c"],
        **{"from": ["tom"]},
    )
    assert with_file(tmp_path, content, name="more.parquet", snippet="time_zone: Europe/Berlin").emails[2].at == 2 * 3_600_000_000


def test_parquet_faults_have_row_and_column(tmp_path):
    content = write_parquet(
        tmp_path, id=["x1", "x2"], at=["5 min", "noon"], to=["a@b.c", "a@b.c"], color=["red", None], **{"from": ["tom", None]}
    )
    faults = faults_in(tmp_path, content, name="more.parquet")
    assert [fault.split(" is ")[0] for fault in faults] == [
        "more.parquet:1:4: color: 'color'",
        "more.parquet:2:2: emails[1].at: 'noon'",
        "more.parquet:2:5: emails[1].from:",
    ]


def test_what_is_no_parquet(tmp_path):
    [fault] = faults_in(tmp_path, "PAR1", name="more.parquet")
    assert fault.startswith("more.parquet:1:1: the file is no Parquet")


def test_parquet_that_breaks_off(tmp_path):
    content = bytearray(
        write_parquet(
            tmp_path, id=[f"x{number}" for number in range(5000)], at=["5 min"] * 5000, to=["a@b.c"] * 5000, **{"from": ["tom"] * 5000}
        )
    )
    content[100:2000] = b"\xff" * 1900
    faults = faults_in(tmp_path, bytes(content), name="more.parquet")
    assert any("cannot be read from here on" in fault for fault in faults)
