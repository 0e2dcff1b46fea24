"""`compare`: the same random numbers, paired differences that hold together, and no winner where there is none."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from outboxsim.analysis.compare import compare
from outboxsim.analysis.comparison import goal_of
from outboxsim.analysis.intervals import mean_interval
from outboxsim.analysis.metrics import MetricError
from outboxsim.analysis.pairs import differences, runs_saved
from outboxsim.analysis.replicate import replicate
from outboxsim.errors import QuantityError
from outboxsim.retry import Fixed, PatternInvalid, RetryPattern
from tests.analysis.studies import scenario_of

SCENARIO = scenario_of()
METRICS = ["submitted", "latency_p50", "attempts_per_sent", "wasted_attempts"]
PATTERNS = {"base": ["1 min", "5 min", "30 min"], "slow": ["10 min", "30 min", "1 h"], "same": ["1 min", "5 min", "30 min"]}
FOUND = compare(SCENARIO, PATTERNS, n=15, metrics=METRICS)


def test_each_pattern_meets_the_world_that_replicate_shows_it():
    for name, pattern in PATTERNS.items():
        assert FOUND.rows[name] == replicate(SCENARIO.replace(retry=pattern), 15, metrics=METRICS).rows
    arrivals = {name: [row[0] for row in rows] for name, rows in FOUND.rows.items()}
    assert arrivals["base"] == arrivals["slow"]


def test_differences_are_taken_pair_by_pair_to_the_first():
    line = FOUND.differences.loc[("slow", "wasted_attempts")]
    gaps = [slow[3] - base[3] for slow, base in zip(FOUND.rows["slow"], FOUND.rows["base"], strict=True)]
    interval = mean_interval(gaps, 0.05 / 8)  # two patterns, four metrics
    assert (line["difference"], line["low"], line["high"]) == (interval.mean, interval.low, interval.high)
    assert line["verdict"] == "less"
    assert FOUND.baseline == "base"


def test_a_pattern_that_does_the_same_is_equal_and_arrivals_differ_in_nothing():
    same = FOUND.differences.loc["same"]
    assert set(same["verdict"]) == {"equal"}
    assert set(same["differing"]) == {0}
    assert FOUND.differences.loc[("slow", "submitted"), "verdict"] == "equal"


def test_pairing_saves_runs():
    """The variance of the paired difference is smaller than that of independent ones, and the table tells how much."""
    for metric in ("attempts_per_sent", "wasted_attempts"):
        place = METRICS.index(metric)
        slow, base = (np.array([row[place] for row in FOUND.rows[name]], dtype=float) for name in ("slow", "base"))
        saved = (slow.var(ddof=1) + base.var(ddof=1)) / (slow - base).var(ddof=1)
        assert FOUND.differences.loc[("slow", metric), "runs_saved"] == pytest.approx(saved)
    assert FOUND.differences.loc[("slow", "attempts_per_sent"), "runs_saved"] > 1.5
    assert runs_saved([1.0, 2.0], [0.0, 1.0]) is None
    assert runs_saved([1.0], [0.0]) is None


def test_tables_are_in_seconds_and_have_everybody():
    assert FOUND.means.loc[("slow", "latency_p50"), "unit"] == "s"
    assert FOUND.table.loc[("slow", 3), "latency_p50"] == pytest.approx(FOUND.rows["slow"][3][1] / 1e6)
    assert len(FOUND.means) == 12
    assert len(FOUND.table) == 45
    assert FOUND.means.loc[("base", "submitted"), "mean"] == pytest.approx(np.mean([row[0] for row in FOUND.rows["base"]]))


# The best, or nobody


def test_the_best_is_named_only_if_it_can_be_told():
    assert FOUND.best("wasted_attempts").names == ("slow",)
    assert FOUND.best("wasted_attempts").is_distinguishable
    attempts = FOUND.best("submitted", "minimise")
    assert attempts.names == ("base", "slow", "same")
    assert not attempts.is_distinguishable
    assert "not distinguishable: base, slow, same" in str(attempts)
    assert "Best by wasted_attempts (minimise, 95 %): slow" in str(FOUND)


def test_the_best_by_chance_is_not_the_best():
    """Two patterns of equal worth: which one has the better mean is chance, and in 95 of 100 studies nobody is named."""
    named = 0
    generator = np.random.default_rng(11)
    for _ in range(200):
        rows = {name: [(float(value),) for value in generator.normal(0, 1, 10)] for name in "ab"}
        (one,) = differences(rows, [("a", "b")], ["sent"], 0.05)
        named += one.verdict != "not distinguishable"
    assert named <= 20  # binomial(200, 0.05): more in 0.1 %


@pytest.mark.parametrize(("metric", "goal"), [("latency_p95", "minimise"), ("delivered_within(1 h)", "maximise"), ("sent", "maximise")])
def test_each_metric_has_a_usual_goal(metric, goal):
    assert goal_of(metric) == goal


def test_the_best_of_what_is_a_matter_of_taste_has_to_be_said():
    with pytest.raises(MetricError, match="goal="):
        FOUND.best("submitted")
    with pytest.raises(MetricError, match="was not compared"):
        FOUND.best("sent")


def test_a_pattern_without_a_mean_is_left_out_and_named():
    found = compare(SCENARIO, {"base": ["1 min"] * 20, "never": []}, n=4, metrics=["latency_p95"])
    assert found.differences.loc[("never", "latency_p95"), "verdict"] == "no mean"
    assert math.isnan(found.differences.loc[("never", "latency_p95"), "difference"])
    best = found.best("latency_p95")
    assert (best.names, best.without_mean) == (("base",), ("never",))
    assert "null in 4" in str(found)
    assert "(without a mean: never)" in str(found)
    nobody = compare(SCENARIO, {"a": [], "b": []}, n=2, metrics=["latency_p95"]).best("latency_p95")
    assert nobody.names == ()
    assert "no pattern has a mean" in str(nobody)


# All intervals together


@pytest.mark.parametrize("method", ["bonferroni", "max-t"])
def test_all_intervals_together_hold_as_often_as_stated(method):
    """Ten differences that depend on each other, 25 replications: at most 20 % of the studies miss any of them, and a binomial margin."""
    generator = np.random.default_rng(12)
    trials, missed = 150, 0
    for trial in range(trials):
        common, base = generator.normal(0, 1, (25, 1)), generator.normal(0, 1, (25, 5))
        rows = {"base": [tuple(row) for row in base]}
        for name in "ab":
            rows[name] = [tuple(row) for row in common + base + generator.normal(0, 1, (25, 5))]
        metrics = ["sent", "failed", "cancelled", "in_outbox", "attempts"]
        found = differences(rows, [("a", "base"), ("b", "base")], metrics, 0.2, method, trial)
        missed += any(not one.interval.low <= 0 <= one.interval.high for one in found)
    assert missed / trials <= 0.2 + 3 * math.sqrt(0.16 / trials)


def test_max_t_is_no_wider_than_it_needs_to_be():
    kept = compare(SCENARIO, PATTERNS, n=15, metrics=METRICS, method="max-t").differences
    for pattern, metric in (("slow", "attempts_per_sent"), ("slow", "wasted_attempts")):
        half, other = ((frame.loc[(pattern, metric), "high"] - frame.loc[(pattern, metric), "low"]) for frame in (kept, FOUND.differences))
        assert 0.3 * other < half < 2 * other


# Patterns, replications, executors


def test_patterns_are_names_lists_mappings_and_values():
    found = compare(SCENARIO, ["own", "postfix", ["3 min"], {"fixed": "7 min"}, RetryPattern(Fixed("9 min"))], n=1, metrics=["sent"])
    assert list(found.patterns) == ["own", "postfix", "Table('3 min')", "Fixed('7 min')", "Fixed('9 min')"]


@pytest.mark.parametrize(
    ("patterns", "how", "error", "message"),
    [
        (["posfix"], {}, PatternInvalid, "did you mean 'postfix'"),
        (["ow"], {}, PatternInvalid, "did you mean 'own'"),
        (["postfix", "postfix"], {}, PatternInvalid, "there twice"),
        ([], {}, PatternInvalid, "no retry pattern"),
        (["postfix"], {"method": "tukey"}, QuantityError, "bonferroni, max-t"),
    ],
)
def test_what_cannot_be_compared_is_told(patterns, how, error, message):
    with pytest.raises(error, match=message):
        compare(SCENARIO, patterns, **how)


def test_the_numbers_are_the_same_on_an_executor_and_from_disk(tmp_path):
    with ThreadPoolExecutor(2) as pool:
        found = compare(SCENARIO, PATTERNS, n=15, metrics=METRICS, executor=pool, folder=tmp_path)
    assert found.rows == FOUND.rows
    pd.testing.assert_frame_equal(compare(SCENARIO, PATTERNS, n=15, metrics=METRICS, folder=tmp_path).differences, FOUND.differences)


def test_with_a_precision_it_stops_when_all_differences_are_known():
    found = compare(SCENARIO, {"a": ["1 min"] * 3, "b": ["2 min"] * 3}, precision="10 %", metrics=["attempts_per_sent"], most=100)
    assert found.needed["attempts_per_sent of b"] is not None
    line = found.differences.loc[("b", "attempts_per_sent")]
    assert (line["high"] - line["low"]) / 2 <= 0.1 * found.means.loc[("a", "attempts_per_sent"), "mean"] * 1.05
    assert "reached by all" in str(found)
    short = compare(SCENARIO, {"a": ["1 min"] * 3, "b": ["2 min"] * 3}, precision=0.0001, metrics=["attempts_per_sent"], most=8)
    assert "not reached by attempts_per_sent of b" in str(short)


def test_connectors_and_timelines_that_keep_their_pattern_are_told():
    connectors = {"main": {"retry": ["1 min"]}}
    timeline = [{"at": "1 h", "set": {"retry": "postfix"}}]
    notes = str(compare(scenario_of(connectors=connectors), ["default", "exim"], n=1, metrics=["sent"]))
    assert "connector main has a retry pattern of its own" in notes
    users = {"lena": {"admin": True}}
    timed = scenario_of(users=users, timeline=[timeline[0] | {"by": "lena"}])
    assert "the timeline sets another retry pattern" in str(compare(timed, ["default", "exim"], n=1, metrics=["sent"]))


def test_differences_that_hang_on_few_replications_are_told():
    rows = {"base": ((1,),) * 20, "rare": (*(((1,),) * 18), (2,), (2,))}
    (one,) = differences(rows, [("rare", "base")], ["failed"], 0.05)
    assert one.differing == 2
    found = compare(
        SCENARIO,
        {"a": ["1 min"] * 9, "b": ["1 min"] * 8},
        n=12,
        metrics=["failed"],
    )
    differing = found.differences.loc[("b", "failed"), "differing"]
    assert ("Fewer than 5 replications differ" in str(found)) == (0 < differing < 5)


def test_it_is_shown_saved_and_plain(tmp_path):
    named = compare(scenario_of(name="<i>x</i>"), {"<b>": ["1 min"], "other": ["2 min"]}, n=3, metrics=["latency_p50"])
    html = named._repr_html_()
    assert "<i>" not in html
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
    files = FOUND.save(tmp_path / "new")
    assert [file.name for file in files] == ["means.csv", "differences.csv", "replications.csv"]
    again = pd.read_csv(files[1], index_col=["pattern", "metric"])
    assert again.loc[("slow", "wasted_attempts"), "difference"] == pytest.approx(
        FOUND.differences.loc[("slow", "wasted_attempts"), "difference"]
    )
    plain = json.loads(json.dumps(FOUND.as_plain()))
    assert plain["best"]["wasted_attempts"] == ["slow"]
    assert len(plain["differences"]) == 8
