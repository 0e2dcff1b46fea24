"""`outboxsim compare` and `outboxsim tune`: what they print, write, and with which exit code."""

from __future__ import annotations

import json
import sys
from collections import namedtuple
from pathlib import Path

import pandas as pd
import pytest
import yaml

from outboxsim import cli
from outboxsim.retry import RetryPattern

Done = namedtuple("Done", "code out err")

GOOD = """\
outboxsim: 1
name: Lunch
start: 2026-03-02T09:00:00
horizon: 3 h
users: {lena: {}}
connectors:
  main: {latency: 2 s, transient_failure: 10 %, outages: [{from: "10:00", for: 20 min}]}
retry_patterns:
  own: [2 min, 10 min, 1 h]
retry: own
traffic:
  - {name: invoices, from: [lena], arrivals: {poisson: 10 per h}}
"""
INVALID = GOOD.replace("latency: 2 s", "latency: 2 parsec")
ENDLESS = GOOD.replace("own: [2 min, 10 min, 1 h]", "own: {fixed: 1 ms}")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (("good", GOOD), ("invalid", INVALID), ("endless", ENDLESS)):
        Path(f"{name}.outbox.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def outboxsim(monkeypatch, capsys):
    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["outboxsim", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return Done(ended.value.code, captured.out, captured.err)

    return command


COMPARE = ("compare", "good.outbox.yaml", "--retry", "own", "--retry", "[10 min, 1 h]", "--replications", "4")


def test_compare_prints_means_differences_and_the_best(outboxsim):
    done = outboxsim(*COMPARE, "--metric", "attempts_per_sent", "--metric", "latency_p50")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Lunch: 4 replications of each pattern, the same random numbers, seed 0\n")
    assert "Differences to own (all of them together at 95 %)" in done.out
    assert "Best by attempts_per_sent (minimise, 95 %): " in done.out
    assert "[10 min, 1 h]" in done.out


def test_compare_prints_json_and_writes_csv(outboxsim):
    done = outboxsim(*COMPARE, "--json", "--out", "new/tables", "--seed", "3", "--metric", "sent")
    plain = json.loads(done.out)
    assert (done.code, plain["seed"], plain["replications"], plain["baseline"]) == (0, 3, 4, "own")
    assert [line["pattern"] for line in plain["differences"]] == ["[10 min, 1 h]"]
    assert pd.read_csv("new/tables/replications.csv")["pattern"].value_counts().to_dict() == {"own": 4, "[10 min, 1 h]": 4}


def test_compare_takes_a_precision(outboxsim):
    done = outboxsim("compare", "good.outbox.yaml", "--retry", "own", "--retry", "default", "--precision", "20 %", "--metric", "submitted")
    assert done.code == 0
    assert "Precision 20 % of the baseline's mean: reached by all" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("good.outbox.yaml", "--retry", "posfix"), 2, "did you mean 'postfix'"),
        (("good.outbox.yaml", "--retry", "own", "--retry", "own"), 2, "there twice"),
        (("good.outbox.yaml", "--retry", "[1 parsec]"), 2, "is no duration"),
        (("good.outbox.yaml", "--retry", "[1 min"), 2, "--retry: "),
        (("good.outbox.yaml", "--retry", "own", "--metric", "latncy_p95"), 2, "did you mean 'latency_p95'"),
        (("good.outbox.yaml", "--retry", "own", "--replications", "3", "--precision", "5 %"), 2, "leave one of them out"),
        (("good.outbox.yaml", "--retry", "own", "--confidence", "100 %"), 2, "--confidence"),
        (("good.outbox.yaml", "--retry", "own", "--replications", "1", "--out", "good.outbox.yaml"), 2, "cannot be written"),
        (("good.outbox.yaml",), 2, "--retry"),
        (("missing.outbox.yaml", "--retry", "own"), 2, "no such file"),
        (("invalid.outbox.yaml", "--retry", "own"), 3, "invalid.outbox.yaml:7:19: connectors.main.latency: "),
        (("endless.outbox.yaml", "--retry", "own", "--max-events", "1000"), 1, "endless.outbox.yaml: replication 0: "),
    ],
)
def test_what_is_wrong_is_told_with_its_exit_code(outboxsim, arguments, code, words):
    done = outboxsim("compare", *arguments)
    assert done.code == code
    assert words in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


TUNE = ("tune", "good.outbox.yaml", "--space", "fixed: 1 min .. 40 min", "--budget", "80", "--objective", "minimise attempts_per_sent")


def test_tune_prints_the_choice_and_its_yaml_and_writes_all_of_it(outboxsim):
    pytest.importorskip("optuna")
    done = outboxsim(*TUNE, "--constraint", "give_up_rate <= 50 %", "--out", "study")
    assert (done.code, done.err) == (0, "")
    assert "Chosen: " in done.out
    written = yaml.safe_load(done.out[done.out.index("retry_patterns:") :])
    pattern = RetryPattern.from_mapping(written["retry_patterns"][written["retry"]])
    assert pattern.rule is not None
    files = {file.name for file in Path("study").iterdir()}
    assert files == {"candidates.csv", "finalists.csv", "front.csv", "patterns.yaml", "study"}
    again = outboxsim(*TUNE, "--constraint", "give_up_rate <= 50 %", "--out", "study")
    assert again.out == done.out


def test_tune_reads_spaces_from_files_and_prints_json(outboxsim):
    pytest.importorskip("optuna")
    Path("space.yaml").write_text("- default | own\n", encoding="utf-8")
    done = outboxsim("tune", "good.outbox.yaml", "--space", "space.yaml", "--budget", "80", "--objective", "maximise sent", "--json")
    plain = json.loads(done.out)
    assert done.code == 0
    assert plain["chosen"] in {line["name"] for line in plain["finalists"]}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--space", "fixed: 1 .. 2 min"), 2, "is no range"),
        (("--space", "missing.yaml"), 2, "missing.yaml cannot be read"),
        (("--space", "fixed: 1 min", "--objective", "minimize latency"), 2, "no metric"),
        (("--space", "fixed: 1 min", "--constraint", "sent = 3"), 2, "no constraint"),
        (("--space", "fixed: 1 min", "--budget", "10"), 2, "too small"),
        (("--space", "fixed: 1 min", "--budget", "80", "--constraint", "attempts_per_sent <= 0.5"), 1, ""),
        ((), 2, "--space"),
    ],
)
def test_what_is_wrong_with_a_tuning_is_told(outboxsim, arguments, code, words):
    pytest.importorskip("optuna")
    done = outboxsim("tune", "good.outbox.yaml", *arguments)
    assert (done.code, "Traceback" in done.err) == (code, False)
    assert words in done.err
