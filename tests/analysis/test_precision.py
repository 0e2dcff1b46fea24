"""Hoad's rule: it stops when the precision is reached and kept, as its authors and sim-tools have it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from outboxsim.analysis.intervals import mean_interval, student_t
from outboxsim.analysis.precision import _student_t, look_ahead, replications_needed, run_until_precise


def column(place):
    return lambda rows: ([row[place] for row in rows], None)


def test_it_is_the_rule_of_sim_tools():
    output_analysis = pytest.importorskip("sim_tools.output_analysis")
    generator = np.random.default_rng(7)
    for deviation in (1, 2, 3, 5):
        values = generator.normal(10, deviation, 400).tolist()

        class Model:
            def single_run(self, replication_number, values=values):
                return {"value": values[replication_number]}

        algorithm = output_analysis.ReplicationsAlgorithm(
            alpha=0.05, half_width_precision=0.1, initial_replications=3, replication_budget=390
        )
        wanted, _ = algorithm.select(Model(), ["value"])
        assert replications_needed(values, 0.1, 0.05) == wanted["value"]


@pytest.mark.parametrize("tail", [0.05, 0.025, 0.0005])
@pytest.mark.parametrize("freedom", [31, 60, 500])
def test_the_quick_quantile_is_students(tail, freedom):
    assert _student_t(tail, freedom) == pytest.approx(student_t(tail, freedom), rel=1e-5)


@pytest.mark.parametrize(("count", "ahead"), [(3, 5), (100, 5), (101, 5), (200, 10), (1000, 50)])
def test_it_looks_ahead_five_or_five_percent(count, ahead):
    assert look_ahead(count) == ahead


def test_an_interval_that_is_small_by_chance_does_not_end_it():
    values = [10, 10.01, 9.99, 2, 18, *([10.0] * 200)]
    assert mean_interval(values[:3], 0.05).half_width < 0.5
    assert replications_needed(values, 0.05, 0.05) > 10


def test_equal_values_are_precise_at_once_and_a_mean_of_zero_never_is():
    assert replications_needed([0.0] * 8, 0.05, 0.05) == 3
    assert replications_needed([0.0] * 7, 0.05, 0.05) is None  # one too few to look ahead
    assert replications_needed([1.0, -1.0] * 100, 0.05, 0.05) is None


def test_the_precision_may_be_a_part_of_something_else_than_the_mean():
    values = [0.1, -0.1] * 20
    assert replications_needed(values, 0.05, 0.05, of=10) == 3


def test_batches_do_not_change_the_answer():
    values = np.random.default_rng(3).normal(10, 3, 2000).tolist()
    taken = []

    def rows(count):
        taken.append(count)
        return [(value,) for value in values[:count]]

    reached = run_until_precise(rows, {"value": column(0)}, 0.03, 0.05, least=3, most=2000)
    needed = replications_needed(values, 0.03, 0.05)
    assert reached.needed == {"value": needed}
    assert reached.replications == needed + look_ahead(needed)
    assert len(taken) < 15
    assert max(taken) < 2 * reached.replications


def test_the_slowest_of_several_decides_and_one_without_a_mean_holds_nobody_up():
    generator = np.random.default_rng(4)
    data = [(float(a), float(b)) for a, b in zip(generator.normal(10, 1, 500), generator.normal(10, 4, 500), strict=True)]
    columns = {"even": column(0), "uneven": column(1), "null": lambda _: None}
    reached = run_until_precise(lambda count: data[:count], columns, 0.1, 0.05, least=3, most=500)
    assert reached.needed["even"] < reached.needed["uneven"]
    assert reached.needed["null"] is None
    assert reached.replications == reached.needed["uneven"] + look_ahead(reached.needed["uneven"])


def test_what_it_stops_at_holds_the_true_mean_nearly_as_often_as_stated():
    """Stopping by looking costs a little coverage; looking ahead keeps it small (Hoad and others, table 3)."""
    generator = np.random.default_rng(5)
    missed = 0
    for _ in range(300):
        values = generator.normal(10, 3, 400).tolist()
        needed = replications_needed(values, 0.1, 0.05)
        interval = mean_interval(values[: needed + look_ahead(needed)], 0.05)
        missed += not interval.low <= 10 <= interval.high
    assert missed / 300 < 0.05 + 4 * math.sqrt(0.05 * 0.95 / 300)
