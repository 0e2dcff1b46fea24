"""Student's t and the intervals from it, against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from outboxsim.analysis.intervals import mean_interval, student_t

TAILS = [1e-20, 1e-12, 1e-6, 1e-4, 0.0005, 0.005, 0.025, 0.05, 0.1, 0.25, 0.4, 0.49]


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 9, 19, 39, 79, 199, 1_000, 99_999, 1_000_000])
def test_the_quantile_is_scipys(freedom):
    assert [student_t(tail, freedom) for tail in TAILS] == pytest.approx(stats.t.isf(TAILS, freedom).tolist(), rel=1e-8)


def test_the_quantile_of_the_middle_is_0():
    assert student_t(0.5, 7) == 0
    assert student_t(0.4999999999, 7) == pytest.approx(stats.t.isf(0.4999999999, 7), rel=1e-4)


def test_quantiles_of_textbooks():
    """Abramowitz and Stegun, table 26.10."""
    assert student_t(0.025, 1) == pytest.approx(12.706, abs=5e-4)
    assert student_t(0.005, 10) == pytest.approx(3.169, abs=5e-4)
    assert student_t(0.025, 120) == pytest.approx(1.980, abs=5e-4)


def test_the_interval_is_scipys():
    values = np.random.default_rng(7).normal(18, 4, 40).tolist()
    interval = mean_interval(values, 0.01)
    low, high = stats.t.interval(0.99, 39, np.mean(values), stats.sem(values))
    assert (interval.low, interval.high, interval.count) == (pytest.approx(low), pytest.approx(high), 40)


@pytest.mark.parametrize("value", [0, 0.1, 1 / 3, 1e15 + 1])
def test_equal_values_have_their_value_and_no_width(value):
    interval = mean_interval([value] * 7, 0.05)
    assert (interval.low, interval.high) == (value, value)


def test_one_value_alone_has_no_bounds():
    assert mean_interval([3], 0.05).half_width == math.inf
