"""`tune`: it finds what is known to be best, says how sure it is, and a killed study ends as if it had not been killed."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import yaml

from outboxsim.analysis import searching, tuning_plots
from outboxsim.analysis.asking import asked_of
from outboxsim.analysis.bench import Bench
from outboxsim.analysis.compare import compare
from outboxsim.analysis.metrics import MetricError
from outboxsim.analysis.parts import StudyError
from outboxsim.analysis.question import CURRENT
from outboxsim.analysis.space_reading import choice, exponential
from outboxsim.analysis.tune import tune
from outboxsim.engine import Simulation
from outboxsim.errors import QuantityError
from outboxsim.retry import PatternInvalid, RetryPattern
from outboxsim.scenario import loads
from tests.analysis.studies import scenario_of

pytest.importorskip("optuna")

SCENARIO = scenario_of(horizon="3 h")
#: More first delay, fewer wasted attempts and longer waits.
SPACE = exponential(("30 s", "40 min"), 2, "1 h", 8) | choice("own", "default")


def tuned(objectives="minimise attempts_per_sent", constraints=("give_up_rate <= 5 %",), space=SPACE, **how):
    return tune(SCENARIO, space, objectives, constraints, **({"budget": 100, "stages": (3, 6), "progress": False} | how))


FOUND = tuned()


def test_it_finds_a_better_pattern_than_the_one_there_is():
    """In a 20 min outage every attempt of a pattern that waits longer is one less."""
    line = FOUND.finalists.loc[(FOUND.chosen, "attempts_per_sent")]
    assert FOUND.chosen != CURRENT
    assert line["difference"] < 0
    assert line["verdict"] == "less"
    assert FOUND.question.is_feasible(FOUND.final.rows[FOUND.chosen])


def test_the_same_budget_and_seed_give_the_same_study():
    again = tuned()
    pd.testing.assert_frame_equal(again.table, FOUND.table)
    pd.testing.assert_frame_equal(again.finalists, FOUND.finalists)
    assert (again.chosen, again.probability) == (FOUND.chosen, FOUND.probability)
    assert not tuned(seed=9).table["pattern"].equals(FOUND.table["pattern"])


def test_candidates_meet_the_same_random_numbers():
    for one in FOUND.candidates[:3]:
        rows = compare(SCENARIO, {"it": one.pattern}, n=one.replications, metrics=FOUND.question.metrics).rows["it"]
        assert FOUND.rows[one.name] == rows


def test_the_budget_is_kept_about_and_the_hopeless_cost_less():
    spent = sum(FOUND.table["replications"])
    final = sum(len(rows) for rows in FOUND.final.rows.values())
    assert 70 - 4 * 6 <= spent <= 70 + 4 * 6
    assert spent + final <= 100 + 4 * 6 + 20
    assert set(FOUND.table["replications"]) <= {3, 6}
    stopped = FOUND.table[FOUND.table["stopped"] != ""]
    assert (stopped["replications"] < 6).all()


def test_the_hopeless_are_stopped_early_and_say_why():
    found = tuned(space=["fixed: 1 s .. 2 s"], constraints=["attempts_per_sent <= 3"], stages=(6, 12), budget=60)
    assert set(found.table["stopped"]) == {"", "breaks attempts_per_sent <= 3"}
    assert found.chosen in {CURRENT, None}


def test_the_final_is_on_replications_that_the_search_has_not_seen():
    rows = compare(SCENARIO, {"it": FOUND.pattern()}, n=6 + len(FOUND.final.rows[FOUND.chosen]), metrics=FOUND.question.metrics).rows["it"]
    assert FOUND.final.rows[FOUND.chosen] == rows[6:]


def test_the_probability_is_stated_or_nobody_is_told_apart():
    assert 0 <= FOUND.probability <= 1
    assert "OCBA" in FOUND.final.how
    assert ("It is the best of the finalists with" if FOUND.probability >= 0.5 else "not distinguishable") in str(FOUND)


def test_it_is_told_how_surely_constraints_are_kept():
    assert "give_up_rate <= 5 %: kept (95 %)" in str(FOUND)
    mean = FOUND.finalists.loc[(FOUND.chosen, "attempts_per_sent"), "mean"]
    tight = tuned("minimise wasted_attempts", [f"attempts_per_sent <= {mean + 0.05:.3f}"])
    assert "kept by the mean, but not for sure (95 %)" in str(tight)


def test_kn_chooses_with_its_guarantee():
    found = tuned(choice="kn", difference=0.2, space=["fixed: 2 min .. 30 min"])
    assert "KN over" in found.final.how
    assert "guarantees" in found.final.how
    assert found.chosen is not None
    with pytest.raises(QuantityError, match="difference"):
        tuned(choice="kn")


def test_if_nothing_keeps_the_constraints_nothing_is_chosen():
    found = tuned(constraints=["attempts_per_sent <= 0.5"], budget=60)
    assert found.chosen is None
    assert found.yaml() == "retry_patterns: {}\n"
    assert "No choice: no candidate keeps the constraints" in str(found)
    assert found.front.empty
    with pytest.raises(KeyError, match="keeps the constraints"):
        found.pattern()


# Several objectives


@pytest.fixture(scope="module")
def both():
    return tuned(["minimise attempts_per_sent", "maximise delivered_within(15 min)"], (), space=["fixed: 1 min .. 40 min"], budget=160)


def test_the_front_has_nobody_that_another_beats(both):
    front = both.front
    assert len(front) >= 2
    assert front["attempts_per_sent"].is_monotonic_increasing
    assert front["delivered_within(15 min)"].is_monotonic_increasing  # more attempts, sooner there
    assert front["probability"].between(0, 1).all()
    assert both.chosen in front.index
    assert "on the front" in str(both)


def test_the_front_is_drawn(both):
    ax = both.pareto_front()
    assert ax.get_xlabel() == "attempts_per_sent"
    line = next(line for line in ax.get_lines() if line.get_label() == "front")
    assert sorted(line.get_xdata()) == sorted(both.front["attempts_per_sent"])
    assert both.pareto_front(ax) is ax
    with pytest.raises(MetricError, match="two objectives"):
        FOUND.pareto_front()


def test_durations_that_span_much_are_drawn_at_round_ones(monkeypatch):
    monkeypatch.setattr(tuning_plots, "_WIDE", 1.2)
    found = tuned(["minimise latency_p99", "minimise attempts_per_sent"], (), space=["fixed: 5 s .. 2 h"])
    ax = found.pareto_front()
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "latency_p99"
    assert len(ax.get_xticks()) <= 6
    assert ax.xaxis.get_major_formatter()(3600, None) == "1 h"


# Ready to use


def test_patterns_are_written_as_a_scenario_file_has_them():
    names = [one.name for one in FOUND.candidates]
    written = yaml.safe_load(FOUND.yaml(*names))["retry_patterns"]
    assert [RetryPattern.from_mapping(written[name]) for name in names] == [one.pattern for one in FOUND.candidates]
    head = "outboxsim: 1\nstart: 2026-03-02T09:00:00\nhorizon: 4 h\nconnectors: {main: {}}\n"
    loaded = loads(head + FOUND.yaml())
    assert loaded.retry == FOUND.pattern()
    assert loaded.retry.name == FOUND.chosen
    assert loads(head + FOUND.yaml(*names)).retry_patterns == {one.name: one.pattern for one in FOUND.candidates}


def test_it_is_saved_shown_and_plain(tmp_path):
    files = FOUND.save(tmp_path / "new")
    assert [file.name for file in files] == ["candidates.csv", "finalists.csv", "front.csv", "patterns.yaml"]
    assert pd.read_csv(files[0])["name"].tolist() == [one.name for one in FOUND.candidates]
    plain = json.loads(json.dumps(FOUND.as_plain()))
    assert RetryPattern.from_mapping(plain["pattern"]) == FOUND.pattern()
    html = FOUND._repr_html_()
    assert html.count("<table>") == 2
    assert "Chosen: " in html
    hostile = tune(scenario_of(name="<i>x</i>", horizon="1 h"), choice("own"), budget=40, stages=(2, 4), progress=False)
    assert "<i>" not in hostile._repr_html_()


# Killed and asked again


def test_a_study_goes_on_where_it_stopped_and_ends_as_it_would_have(tmp_path, monkeypatch):
    """Killed between any two replications, here after the 25th: nothing that is on disk is run again, and the end is the same."""
    ran = []
    initialise = Simulation.__init__

    def counted(self, *arguments, **named):
        ran.append(named.get("replication"))
        if len(ran) == 26:
            raise KeyboardInterrupt
        initialise(self, *arguments, **named)

    monkeypatch.setattr(Simulation, "__init__", counted)
    with pytest.raises(KeyboardInterrupt):
        tuned(folder=tmp_path)
    there = len(list(Bench(SCENARIO, asked_of(SCENARIO, FOUND.question.metrics, None), folder=tmp_path / "replications")._rows))
    assert there >= 2
    ran += [None] * 1000  # count on, and interrupt nothing
    before = len(ran)
    again = tuned(folder=tmp_path)
    resumed = len(ran) - before
    pd.testing.assert_frame_equal(again.table, FOUND.table)
    pd.testing.assert_frame_equal(again.finalists, FOUND.finalists)
    assert again.chosen == FOUND.chosen
    before = len(ran)
    tuned(folder=tmp_path)
    assert len(ran) == before
    monkeypatch.setattr(Simulation, "__init__", initialise)
    assert resumed > 0


def test_a_batch_that_was_half_told_is_proposed_again_as_a_whole(tmp_path, monkeypatch):
    tell = searching.Search._tell
    calls = []

    def interrupted(self, *arguments, **named):
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        tell(self, *arguments, **named)

    monkeypatch.setattr(searching.Search, "_tell", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tuned(folder=tmp_path)
    monkeypatch.setattr(searching.Search, "_tell", tell)
    pd.testing.assert_frame_equal(tuned(folder=tmp_path).table, FOUND.table)


def test_a_folder_of_another_tuning_is_refused(tmp_path):
    tuned(folder=tmp_path, budget=60)
    with pytest.raises(StudyError, match="another"):
        tuned(folder=tmp_path, budget=60, objectives="minimise latency_p50")
    with pytest.raises(StudyError, match="another tuning: its question"):
        tuned(folder=tmp_path, budget=60, stages=(3, 4, 6))


# What cannot be asked


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"objectives": []}, QuantityError, "no objective"),
        ({"objectives": ["minimise sent", "maximise sent"]}, QuantityError, "same metric"),
        ({"constraints": ["sent > 3"]}, QuantityError, "no constraint"),
        ({"space": "postfx | exim"}, PatternInvalid, "did you mean"),
        ({"budget": 20}, QuantityError, "too small"),
        ({"stages": (8, 4)}, QuantityError, "ascending"),
        ({"stages": ()}, QuantityError, "no stages"),
    ],
)
def test_what_cannot_be_tuned_is_told(how, error, message):
    with pytest.raises(error, match=message):
        tuned(**how)


def test_a_progress_bar_is_shown_if_wanted(capsys):
    tune(scenario_of(horizon="1 h"), choice("own"), budget=40, stages=(2, 4), progress=True)
    assert "tuning" in capsys.readouterr().err
