"""Bootstrap intervals: an oracle, coverage, and the same draws for the same seed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from outboxsim.analysis.bootstrap import bca_interval, largest_t


def test_it_is_scipys_interval_up_to_the_draws():
    values = np.random.default_rng(1).exponential(1, 40)
    wanted = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(2)).confidence_interval
    low, high = bca_interval(values.tolist(), 0.05, resamples=20_000)
    assert low == pytest.approx(wanted.low, rel=0.02)
    assert high == pytest.approx(wanted.high, rel=0.02)


def test_the_same_seed_gives_the_same_interval_and_extremes_are_no_errors():
    values = np.random.default_rng(9).normal(0, 1, 12).tolist()
    assert bca_interval(values, 0.05, 3) == bca_interval(values, 0.05, 3) != bca_interval(values, 0.05, 4)
    assert bca_interval([7.0] * 5, 0.05) == (7.0, 7.0)
    assert bca_interval([7.0], 0.05) == (-math.inf, math.inf)
    low, high = bca_interval([0.0] * 19 + [1.0], 0.05)
    assert 0 <= low <= 0.05 < high


def test_it_covers_the_mean_of_skewed_values_nearly_as_often_as_stated():
    generator = np.random.default_rng(6)
    missed = 0
    for trial in range(300):
        low, high = bca_interval(generator.exponential(1, 50).tolist(), 0.1, trial, resamples=600)
        missed += not low <= 1 <= high
    assert 0.05 < missed / 300 < 0.1 + 4 * math.sqrt(0.09 / 300)


def test_the_largest_t_lies_between_one_interval_and_bonferroni():
    generator = np.random.default_rng(8)
    common = generator.normal(0, 1, (60, 1))
    values = common + 0.5 * generator.normal(0, 1, (60, 4))
    critical = largest_t(values, 0.05, resamples=4000)
    assert stats.t.ppf(0.975, 59) * 0.97 < critical < stats.t.ppf(1 - 0.05 / 8, 59) * 1.1
    assert largest_t(np.ones((5, 2)), 0.05) == 0
