"""Ranking and selection: what the papers promise, on synthetic means whose best is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from outboxsim.analysis.selecting import allocation, kim_nelson, probability_of_correct_selection

# OCBA


def test_the_allocation_is_that_of_the_paper():
    """Chen and others 2000, theorem 1, by hand: means 1, 2, 3 and spreads 1 give 1/1 : 1/4 and √(1 + 1/16) for the best."""
    weights = np.array([math.sqrt(1 + 1 / 16), 1, 1 / 4])
    wanted = 10_000 * weights / weights.sum()
    assert allocation([1, 2, 3], [1, 1, 1], [0, 0, 0], 10_000) == pytest.approx(wanted, abs=1)


def test_an_allocation_spends_all_and_takes_nothing_back():
    counts = [50, 10, 10, 10]
    given = allocation([1, 1.1, 5, 9], [1, 2, 2, 2], counts, 200)
    assert sum(given) == 200
    assert all(after >= before for after, before in zip(given, counts, strict=True))
    assert given[1] > given[2] >= given[3] == 10


@pytest.mark.parametrize(("means", "deviations"), [([1, 1, 1], [1, 1, 1]), ([1, 2], [0, 0]), ([3], [1]), ([1, 2, 3], [0, 1, 0])])
def test_extremes_of_allocation(means, deviations):
    counts = [2] * len(means)
    given = allocation(means, deviations, counts, 40)
    assert sum(given) == 40
    assert min(given) >= 2


def test_ocba_finds_the_best_more_often_than_equal_shares():
    """Ten systems whose means are 0 to 9 and spreads 6 (Chen and Lee 2010, section 4.4.1), 300 replications in all."""
    generator = np.random.default_rng(21)
    trials = 150
    found = {"ocba": 0, "equal": 0}
    for _ in range(trials):
        values = generator.normal(np.arange(10)[:, None], 6, (10, 300))
        found["equal"] += values[:, :30].mean(axis=1).argmin() == 0
        counts = [10] * 10
        while sum(counts) < 300:
            means = [values[one, :count].mean() for one, count in enumerate(counts)]
            deviations = [values[one, :count].std(ddof=1) for one, count in enumerate(counts)]
            counts = [min(one, 300) for one in allocation(means, deviations, counts, sum(counts) + 20)]
        found["ocba"] += np.argmin([values[one, :count].mean() for one, count in enumerate(counts)]) == 0
    assert found["ocba"] > found["equal"]
    assert found["ocba"] / trials > 0.8


# How sure


def test_the_probability_is_students_of_the_paired_differences():
    generator = np.random.default_rng(22)
    common = generator.normal(0, 5, 30)
    columns = [(common + generator.normal(mean, 1, 30)).tolist() for mean in (0, 0.5, 1)]
    doubt = sum(stats.ttest_rel(columns[other], columns[0], alternative="greater").pvalue for other in (1, 2))
    assert probability_of_correct_selection(columns, 0) == pytest.approx(1 - doubt, abs=1e-9)
    assert probability_of_correct_selection(columns, 0) > 0.5 > probability_of_correct_selection(columns, 2)


def test_who_is_equal_in_all_replications_does_not_count_against_the_choice():
    assert probability_of_correct_selection([[1, 2, 3], [1, 2, 3]], 0) == 1
    assert probability_of_correct_selection([[1, 2, 3], [0, 1, 2]], 0) == 0
    assert probability_of_correct_selection([[1], [2]], 0) == 0


def test_a_stated_probability_is_kept():
    """Wherever at least 90 % is stated, the choice is right in at least 90 % of the cases."""
    generator = np.random.default_rng(23)
    right = []
    for _ in range(600):
        means = generator.normal(0, 0.3, 4)
        columns = [generator.normal(mean, 1, 40).tolist() for mean in means]
        chosen = int(np.argmin([np.mean(column) for column in columns]))
        if probability_of_correct_selection(columns, chosen) >= 0.9:
            right.append(chosen == means.argmin())
    assert len(right) > 50
    assert np.mean(right) >= 0.9 - 2 * math.sqrt(0.09 / len(right))


# KN


def drawn(generator, means, correlation=0.0, deviation=1.0):
    """Replications of systems with these means that depend on each other, as common random numbers make them."""
    common = generator.normal(0, math.sqrt(correlation), 4000)
    own = generator.normal(0, math.sqrt(1 - correlation), (len(means), 4000))
    values = np.array(means)[:, None] + deviation * (common + own)
    return lambda places, count: [values[place, :count].tolist() for place in places]


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_kn_keeps_its_guarantee_in_the_least_favourable_case(correlation):
    """The best is better than all others by exactly the difference that matters: right in at least 90 % of the cases."""
    generator = np.random.default_rng(24)
    trials = 200
    right = sum(kim_nelson(drawn(generator, [0, 0.5, 0.5, 0.5, 0.5], correlation), 5, 0.5, 0.1).best == 0 for _ in range(trials))
    assert right / trials >= 0.9 - 3 * math.sqrt(0.09 / trials)


def test_kn_takes_fewer_replications_under_common_random_numbers_and_where_gaps_are_wide():
    def cost(means, correlation):
        generator = np.random.default_rng(25)
        return sum(sum(kim_nelson(drawn(generator, means, correlation), 5, 0.5, 0.1).counts) for _ in range(30))

    close, wide = [0, 0.5, 0.5, 0.5, 0.5], [0, 3, 3, 3, 3]
    assert cost(close, 0.9) < 0.6 * cost(close, 0.0)
    assert cost(wide, 0.0) < 0.5 * cost(close, 0.0)


def test_kn_says_when_it_was_stopped_and_takes_one_of_equal_ones():
    generator = np.random.default_rng(26)
    stopped = kim_nelson(drawn(generator, [0, 0.01], deviation=5.0), 2, 0.01, 0.05, most=50)
    assert (stopped.is_sure, stopped.counts) == (False, (50, 50))
    equal = kim_nelson(lambda places, count: [[1.0] * count for _ in places], 3, 0.1, 0.05)
    assert (equal.best, equal.is_sure) == (0, True)
    assert kim_nelson(lambda places, count: [], 1, 0.1, 0.05).best == 0
