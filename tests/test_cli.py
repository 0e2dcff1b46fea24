"""The commands: what they print, where, and with which exit code (spec/scenario.md section 4)."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outboxsim import cli, terminal
from outboxsim.checks import runner

Done = namedtuple("Done", "code out err")

GOOD = """\
outboxsim: 1
name: Lunch
start: 2026-03-02T09:00:00
time_zone: Europe/Berlin
horizon: 8 h
users: {lena: {}}
connectors:
  main: {latency: 2 s, outages: [{from: "12:00", for: 90 min}]}
retry: [5 min, 15 min]
emails:
  - {id: m1, at: 5 min, from: lena, to: a@kunde.example}
  - {id: m2, at: "12:05", from: lena, to: b@kunde.example}
"""
FAILING = GOOD + "expect:\n  - {at: 1 h, emails: {m1: queued}}\n"
INVALID = GOOD.replace("latency: 2 s", "latency: 2 parsec")
STATISTICAL = GOOD + "expect:\n  - over: replications\n    metrics: {sent: 1}\n"
UNDECIDED = STATISTICAL + "replications: {min: 1, max: 1}\n"  # one run has no interval
ENDLESS = GOOD.replace("retry: [5 min, 15 min]", "retry: {fixed: 1 ms}")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OUTBOXSIM_DEBUG", raising=False)


@pytest.fixture
def outboxsim(monkeypatch, capsys):
    """Runs a command in this process."""

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["outboxsim", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return Done(ended.value.code, captured.out, captured.err)

    return command


def write(**files):
    for name, text in files.items():
        Path(f"{name}.outbox.yaml").write_text(text, encoding="utf-8")


# check


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"a": GOOD}, 0),
        ({"a": FAILING}, 1),
        ({"a": INVALID}, 3),
        ({"a": STATISTICAL}, 0),
        ({"a": UNDECIDED}, 4),
        ({"a": UNDECIDED, "b": GOOD}, 4),
        ({"a": UNDECIDED, "b": FAILING}, 1),
        ({"a": ENDLESS}, 1),
        ({"a": GOOD, "b": FAILING, "c": INVALID}, 3),
        ({"a": GOOD, "b": FAILING}, 1),
        ({}, 5),
    ],
)
def test_the_worst_file_decides_the_exit_code(outboxsim, files, code):
    write(**files)
    assert outboxsim("check", ".", "--max-events", "100000").code == code


def test_a_path_that_does_not_exist_is_wrong_usage_and_the_others_are_checked_all_the_same(outboxsim):
    write(a=FAILING)
    done = outboxsim("check", "nowhere", "a.outbox.yaml")
    assert done.code == 2
    assert done.err == "outboxsim: nowhere: no such file or folder\n"
    assert "a.outbox.yaml: failed" in done.out


def test_nothing_found_says_so(outboxsim):
    done = outboxsim("check", ".")
    assert (done.code, done.out) == (5, "")
    assert "no *.outbox.yaml below ." in done.err


def test_check_prints_each_file_and_what_failed_and_counts(outboxsim):
    write(a=FAILING, b=GOOD)
    done = outboxsim("check", ".")
    first, failed, *history, passed, summary = done.out.splitlines()
    assert first == "a.outbox.yaml: failed (1 of 1 expectation)"
    assert failed == "a.outbox.yaml:14:28: at 1 h (10:00:00): emails.m1.status: expected queued, got sent"
    assert history
    assert all(line.startswith("    ") for line in history)
    assert passed == "b.outbox.yaml: passed (0 expectations)"
    assert summary == "2 files: 1 passed, 1 failed; 1 expectation: 1 failed"
    assert done.err == ""


def test_check_as_json_is_one_object(outboxsim):
    write(a=FAILING, b=INVALID)
    done = outboxsim("check", ".", "--format", "json")
    report = json.loads(done.out)
    assert report["version"] == cli.version()
    failed, invalid = report["files"]
    assert (failed["path"], failed["name"], failed["outcome"]) == ("a.outbox.yaml", "Lunch", "failed")
    (error,) = invalid["errors"]
    assert (error["line"], error["column"], error["path"]) == (8, 19, "connectors.main.latency")
    assert "2 parsec" in error["message"]


def test_check_as_json_prints_its_object_even_if_nothing_was_found(outboxsim):
    assert json.loads(outboxsim("check", ".", "--format", "json").out)["files"] == []


def test_check_for_github_prints_commands(outboxsim):
    write(a=FAILING)
    assert outboxsim("check", ".", "--format", "github").out.startswith("::error file=a.outbox.yaml,line=14,col=28,title=")


def test_check_writes_junit_beside_the_report(outboxsim):
    write(a=FAILING)
    assert outboxsim("check", ".", "--junit-xml", "report.xml").code == 1
    (case,) = ET.parse("report.xml").findall("testsuite/testcase")
    assert (case.get("file"), case.get("line")) == ("a.outbox.yaml", "14")


def test_a_junit_file_that_cannot_be_written_is_wrong_usage(outboxsim):
    write(a=GOOD)
    done = outboxsim("check", ".", "--junit-xml", "nowhere/report.xml")
    assert (done.code, "nowhere/report.xml" in done.err) == (2, True)


def test_an_inconclusive_expectation_is_told_at_its_place(outboxsim):
    write(a=UNDECIDED)
    told = "at 8 h (17:00:00): metrics.sent: expected 1, got 1 ± ∞ (95 %, 1 replication): inconclusive"
    assert f"a.outbox.yaml:15:21: {told}" in outboxsim("check", ".").out


def test_load_of_one_connector_of_several_needs_a_selection(outboxsim):
    connectors = GOOD.replace("  main: {", "  other: {}\n  main: {default: true, ")
    write(a=connectors + "expect:\n  - metrics: {connector_load: null}\n")
    done = outboxsim("check", ".")
    assert done.code == 3
    assert "a.outbox.yaml:15:31: expect[0].metrics.connector_load: is the load of one connector" in done.out


def test_a_run_past_its_limit_fails_with_the_likely_cause(outboxsim):
    write(a=ENDLESS)
    done = outboxsim("check", ".", "--max-events", "10000")
    assert done.code == 1
    assert "10,000 events" in done.out or "10000 events" in done.out


def test_a_fault_of_outboxsim_stays_with_its_file(outboxsim, monkeypatch):
    write(a=GOOD, b=GOOD)
    checked = runner._checked

    def broken(path, limits):
        if path == "a.outbox.yaml":
            raise KeyError("boom\nand more")
        return checked(path, limits)

    monkeypatch.setattr(runner, "_checked", broken)
    done = outboxsim("check", "a.outbox.yaml", "b.outbox.yaml")
    assert done.code == 70
    assert "a.outbox.yaml: error" in done.out
    assert "internal error: KeyError" in done.out
    assert "b.outbox.yaml: passed" in done.out
    assert "Traceback" not in done.out + done.err


def test_processes_change_nothing_in_the_output(outboxsim):
    write(**{f"s{number}": text for number, text in enumerate((GOOD, FAILING, INVALID, GOOD, FAILING))})
    for report_format in ("text", "json", "github"):
        one, two = (outboxsim("check", ".", "--format", report_format, "-j", processes) for processes in "12")
        assert one == two


def die(path, limits):
    os._exit(3) if path == "b.outbox.yaml" else None
    return runner.FileReport(path, "", runner.Outcome.PASSED)


def test_a_process_that_dies_takes_no_other_file_with_it(monkeypatch):
    monkeypatch.setattr(runner, "check_file", die)
    reports = list(runner.check_files(["a.outbox.yaml", "b.outbox.yaml", "c.outbox.yaml"], processes=2))
    assert [report.outcome for report in reports] == ["passed", "error", "passed"]
    assert "died" in reports[1].faults[0].message


@pytest.mark.parametrize(
    "arguments", [["check"], ["check", ".", "--format", "xml"], ["check", ".", "-j", "0"], ["fly"], ["run", "--nope"], []]
)
def test_wrong_usage_is_2_and_told_on_stderr(outboxsim, arguments):
    done = outboxsim(*arguments)
    assert done.code == 2
    assert done.err or not arguments  # without any argument the help is what was wanted


# run


def test_run_prints_a_summary(outboxsim):
    write(a=GOOD)
    done = outboxsim("run", "a.outbox.yaml")
    assert (done.code, done.err) == (0, "")
    for told in (
        "Lunch",
        "8 h from 2026-03-02T09:00:00+01:00",
        "seed 0",
        "Emails  2",
        "Attempts   4",
        "main",
        "1 h 30 min",
        "connection refused",
    ):
        assert told in done.out


def test_run_tells_the_costliest_outages_and_what_is_still_in_the_outbox(outboxsim):
    write(a=GOOD)
    lines = outboxsim("run", "a.outbox.yaml").out.splitlines()
    assert any(line.split() == ["main", "2026-03-02", "12:00", "3", "1", "never"] for line in lines)
    assert lines[-1].split("  ")[0] == "failed: its retries are used up"


def test_run_writes_a_report_as_html(outboxsim):
    write(a=GOOD)
    done = outboxsim("run", "a.outbox.yaml", "--html", "report.html", "--json")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["metrics"]["sent"] == 1
    page = Path("report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "<h1>Lunch</h1>" in page


def test_a_report_that_cannot_be_written_is_wrong_usage(outboxsim):
    write(a=GOOD)
    done = outboxsim("run", "a.outbox.yaml", "--html", "nowhere/report.html")
    assert done.code == 2
    assert done.err.startswith("outboxsim: nowhere/report.html: the report cannot be written: ")


def test_without_matplotlib_a_report_is_wrong_usage_before_anything_runs(outboxsim, monkeypatch):
    write(a=GOOD)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = outboxsim("run", "a.outbox.yaml", "--html", "report.html")
    assert (done.code, done.out) == (2, "")
    assert done.err == "outboxsim: the report needs matplotlib, which comes with: pip install 'outboxsim[plots]'\n"
    assert not Path("report.html").exists()


def test_run_as_json_has_every_metric(outboxsim):
    write(a=GOOD + "expect:\n  - metrics: {delivered_within(3 s): 50 %}\n")
    done = json.loads(outboxsim("run", "a.outbox.yaml", "--json", "--seed", "5").out)
    assert {key: done[key] for key in ("scenario", "seed", "version")} == {"scenario": "Lunch", "seed": 5, "version": cli.version()}
    assert done["metrics"] == {
        "submitted": 2,
        "sent": 1,
        "failed": 1,
        "cancelled": 0,
        "in_outbox": 1,
        "attempts": 4,
        "attempts_per_sent": 4.0,
        "wasted_attempts": 3,
        "delivered_within(3 s)": 0.5,
        "delivered_within(1 min)": 0.5,
        "delivered_within(15 min)": 0.5,
        "delivered_within(1 h)": 0.5,
        "latency_p50": "2 s",
        "latency_p95": None,
        "latency_p99": None,
        "give_up_rate": 0.5,
        "peak_attempt_rate": 1,
        "retry_storm": None,
        "backlog_drain": None,
        "connector_load": None,
        "operator_actions": 0,
    }


@pytest.mark.parametrize("table_format", ["csv", "parquet"])
def test_run_writes_the_three_tables(outboxsim, table_format):
    write(a=GOOD)
    assert outboxsim("run", "a.outbox.yaml", "--out", "tables", "--format", table_format).code == 0
    assert {path.name for path in Path("tables").iterdir()} >= {f"{name}.{table_format}" for name in ("emails", "attempts", "events")}


def test_tables_that_cannot_be_written_are_wrong_usage(outboxsim):
    write(a=GOOD)
    Path("tables").touch()
    done = outboxsim("run", "a.outbox.yaml", "--out", "tables")
    assert (done.code, "tables cannot be written" in done.err) == (2, True)


def test_run_of_an_invalid_file_tells_every_fault_on_stderr(outboxsim):
    write(a=INVALID.replace("horizon: 8 h", "horizon: 8"))
    done = outboxsim("run", "a.outbox.yaml")
    assert (done.code, done.out) == (3, "")
    assert [line.split(": ")[0] for line in done.err.splitlines()] == ["a.outbox.yaml:5:10", "a.outbox.yaml:8:19"]


def test_run_of_no_file_is_wrong_usage(outboxsim):
    done = outboxsim("run", "nowhere.outbox.yaml")
    assert (done.code, done.err) == (2, "outboxsim: nowhere.outbox.yaml: no such file\n")


def test_a_stopped_run_keeps_its_tables(outboxsim):
    write(a=ENDLESS)
    done = outboxsim("run", "a.outbox.yaml", "--max-events", "1000", "--out", "tables")
    assert done.code == 1
    assert "a.outbox.yaml: " in done.err
    assert Path("tables/attempts.csv").read_text(encoding="utf-8").count("\n") > 100


def test_the_limit_of_emails_can_be_moved(outboxsim):
    write(a=GOOD)
    assert outboxsim("run", "a.outbox.yaml", "--max-emails", "1").code == 3
    assert outboxsim("check", "a.outbox.yaml", "--max-emails", "1").code == 3
    assert outboxsim("check", "a.outbox.yaml", "--max-emails", "2").code == 0


def test_an_internal_error_is_one_line_and_70(outboxsim, monkeypatch):
    write(a=GOOD)
    monkeypatch.setattr(cli, "_print_summary", lambda result: 1 / 0)
    done = outboxsim("run", "a.outbox.yaml")
    assert (done.code, done.out) == (70, "")
    assert done.err == "outboxsim: internal error: ZeroDivisionError: division by zero (OUTBOXSIM_DEBUG=1 shows where)\n"


def test_debugging_shows_where_an_internal_error_came_from(monkeypatch):
    write(a=GOOD)
    monkeypatch.setenv("OUTBOXSIM_DEBUG", "1")
    monkeypatch.setattr(cli, "_print_summary", lambda result: 1 / 0)
    monkeypatch.setattr(sys, "argv", ["outboxsim", "run", "a.outbox.yaml"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


@pytest.mark.parametrize("command", ["run", "check"])
def test_text_of_a_file_steers_no_terminal_and_is_no_markup(outboxsim, command):
    text = GOOD.replace("name: Lunch", 'name: "[red]L\\e[31m\\u202e[/]"').replace(
        "for: 90 min", 'for: 90 min, error: "\\e]0;owned\\a[bold]"'
    )
    write(a=text + 'expect:\n  - {name: "\\e[2J", at: "12:06", emails: {m2: {last_error: "x"}}}\n')
    done = outboxsim(command, "a.outbox.yaml")
    assert not {"\x1b", "\x07", "\u202e"} & set(done.out + done.err)
    assert "[bold]" in done.out
    if command == "run":
        assert "[red]L\\x1b[31m\\u202e[/]" in done.out


# schema, patterns, version


def test_schema_prints_a_json_schema(outboxsim):
    assert "properties" in json.loads(outboxsim("schema").out)


def test_version(outboxsim):
    assert outboxsim("--version").out == f"outboxsim {cli.version()}\n"


def test_patterns_lists_the_presets(outboxsim):
    done = outboxsim("patterns")
    assert {"default", "postfix", "exim", "aws-decorrelated"} <= {line.split()[0] for line in done.out.splitlines() if line.strip()}


def test_a_pattern_shows_its_schedule_as_a_table_and_on_a_line_of_time(outboxsim):
    done = outboxsim("patterns", "default", "--until", "5d")
    rows = [line.split("  ") for line in done.out.splitlines()]
    assert any([cell.strip() for cell in row if cell.strip()] == ["6", "5 h 50 min", "5 h 50 min", "5 h 50 min"] for row in rows)
    assert "▁" in done.out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["postfx"], "did you mean 'postfix'?"),
        (["postfix", "--until", "soon"], "'soon'"),
        (["postfix", "--until", "0 s"], "--until"),
    ],
)
def test_a_wrong_pattern_or_end_is_wrong_usage(outboxsim, arguments, complaint):
    done = outboxsim("patterns", *arguments)
    assert (done.code, done.out) == (2, "")
    assert complaint in done.err


# The process


def process(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "outboxsim", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        check=False,
    )


def test_the_module_is_the_command_and_processes_work_there_too():
    write(a=GOOD, b=FAILING)
    done = process("check", ".", "-j", "2", "--format", "json")
    assert (done.returncode, done.stderr) == (1, "")
    assert [file["outcome"] for file in json.loads(done.stdout)["files"]] == ["passed", "failed"]


def test_a_console_without_unicode_gets_escapes_and_no_error():
    write(a=GOOD.replace("name: Lunch", "name: Grüße 你好"))
    done = process("run", "a.outbox.yaml", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "Gr\\xfc\\xdfe" in done.stdout
    assert process("patterns", "default", PYTHONIOENCODING="ascii").returncode == 0


LOADED_BY_HELP = """
import sys
from outboxsim import cli
sys.argv = ["outboxsim", "--help"]
try:
    cli.main()
except SystemExit:
    print(sys.modules.keys() & {"pandas", "numpy", "pydantic", "simpy"})
"""


def test_help_needs_neither_tables_nor_models():
    done = subprocess.run([sys.executable, "-c", LOADED_BY_HELP], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


# Drawings

MINUTE = 60_000_000


@given(st.lists(st.integers(0, 10**15), min_size=1))
def test_classes_of_a_histogram_hold_every_duration_once(durations):
    counted = terminal.classes(durations)
    assert sum(number for _, number in counted) == len(durations)
    assert counted[0][1] > 0
    assert counted[-1][1] > 0
    assert [end for end, _ in counted] == sorted({end for end, _ in counted})


def test_no_durations_have_no_classes():
    assert terminal.classes([]) == []


@given(st.floats(0, 1), st.integers(1, 80))
def test_a_bar_keeps_its_width_and_shows_anything_above_0(share, width):
    for blocks in (True, False):
        drawn = terminal.bar(share, width, blocks=blocks)
        assert len(drawn) <= width
        assert bool(drawn) == (share > 0)


def test_a_strip_marks_times_at_their_places():
    assert terminal.strip([0, 50, 51, 100], 100, width=10) == "▁····█···▁"
    assert terminal.strip([0, 50, 51, 100], 100, width=10, blocks=False) == "1----2---1"
    assert terminal.strip([], 100, width=5) == "·····"


@given(st.lists(st.integers(0, 10**12)), st.integers(0, 10**12), st.integers(12, 80))
def test_a_strip_and_its_axis_are_as_wide_as_asked(times, until, width):
    assert len(terminal.strip(times, until, width=width)) == width


def test_the_axis_names_its_middle_and_its_end():
    axis = terminal.axis(120 * MINUTE, width=40)
    assert axis.split("  ")[0] == "0"
    assert axis.endswith("2 h")
    assert "1 h" in axis
    assert len(axis) == 40


def test_a_console_that_is_no_terminal_draws_no_escapes():
    stream = io.StringIO()
    terminal.console(stream).print(terminal.counts("[red]x[/]", [("a\x1b[31m", 3)]))
    assert "\x1b" not in stream.getvalue()
    assert "[red]x[/]" in stream.getvalue()
