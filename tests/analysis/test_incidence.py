"""The own Aalen-Johansen estimate against statsmodels, and against what is known without an estimate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.duration.survfunc import CumIncidenceRight

from outboxsim.analysis.incidence import CENSORED, COMPETED, REACHED, cumulative_incidence, standard_errors

subjects = st.integers(1, 60).flatmap(
    lambda n: st.tuples(arrays(np.int64, n, elements=st.integers(0, 12)), arrays(np.int8, n, elements=st.sampled_from([0, 1, 2])))
)


def by_statsmodels(times, endings):
    """(distinct times, incidence of REACHED at them) as statsmodels estimates it."""
    codes = endings.astype(int)
    with np.errstate(divide="ignore", invalid="ignore"):  # in its standard errors, which nobody asked for
        estimate = CumIncidenceRight(times.astype(float), codes)
    return estimate.times, estimate.cinc[0] if codes.max() else np.zeros(estimate.times.size)


@given(subjects)
def test_is_what_statsmodels_estimates_ties_and_censoring_included(drawn):
    times, endings = drawn
    if not (endings == REACHED).any():
        return  # statsmodels cannot be asked for an ending that never happens
    incidence = cumulative_incidence(times, endings)
    for time, level in zip(*by_statsmodels(times, endings), strict=True):
        assert incidence.at(int(time)) == pytest.approx(level, abs=1e-12)


@given(subjects)
def test_without_censoring_it_is_the_count_divided_by_the_number_exactly(drawn):
    times, endings = drawn
    endings = np.where(endings == CENSORED, COMPETED, endings)
    incidence = cumulative_incidence(times, endings)
    for time in range(13):
        assert incidence.at(time) == np.count_nonzero((times <= time) & (endings == REACHED)) / times.size


@given(subjects)
def test_without_competition_it_is_one_minus_kaplan_meier(drawn):
    times, endings = drawn
    endings = np.where(endings == COMPETED, CENSORED, endings)
    incidence = cumulative_incidence(times, endings)
    surviving = 1.0
    for time in range(13):
        at_risk, reached = np.count_nonzero(times >= time), np.count_nonzero((times == time) & (endings == REACHED))
        surviving *= 1 - reached / at_risk if at_risk else 1
        assert incidence.at(time) == pytest.approx(1 - surviving, abs=1e-12)


@given(subjects, st.permutations(range(60)))
def test_the_order_of_the_subjects_does_not_matter(drawn, order):
    times, endings = drawn
    order = [place for place in order if place < times.size]
    assert cumulative_incidence(times, endings).levels.tolist() == cumulative_incidence(times[order], endings[order]).levels.tolist()


@given(subjects, st.floats(0.01, 1.0))
def test_a_quantile_is_the_smallest_time_whose_incidence_reaches_it(drawn, share):
    incidence = cumulative_incidence(*drawn)
    quantile = incidence.quantile(share)
    if quantile is None:
        assert incidence.at(12) < share
    else:
        assert incidence.at(quantile) >= share - 1e-12
        assert incidence.at(quantile - 1) < share


def test_a_quantile_counts_as_reached_within_the_error_of_a_sum():
    times = np.arange(1, 11)
    incidence = cumulative_incidence(times, np.full(10, REACHED))
    assert [incidence.quantile(share / 10) for share in range(1, 11)] == times.tolist()


def test_nobody_seen_reaches_nothing():
    incidence = cumulative_incidence(np.array([], dtype=np.int64), np.array([], dtype=np.int8))
    assert incidence.at(10**15) == 0.0
    assert incidence.quantile(0.5) is None


def test_who_is_censored_at_the_time_of_an_ending_was_still_at_risk():
    incidence = cumulative_incidence(np.array([5, 5]), np.array([CENSORED, REACHED]))
    assert incidence.at(5) == 0.5


def test_a_competing_ending_keeps_the_incidence_down_where_censoring_would_not():
    times = np.array([1, 2])
    assert cumulative_incidence(times, np.array([COMPETED, REACHED])).at(2) == 0.5
    assert cumulative_incidence(times, np.array([CENSORED, REACHED])).at(2) == 1.0


def test_a_million_subjects_take_no_noticeable_time_and_lose_no_precision():
    times = np.arange(1_000_000)
    incidence = cumulative_incidence(times, np.full(times.size, REACHED))
    assert incidence.at(499_999) == 0.5
    assert incidence.quantile(0.95) == 949_999


def test_competing_endings_taken_for_censoring_make_78_percent_of_62():
    """The textbook mistake (Putter, Fiocco and Geskus, "Tutorial in biostatistics: competing risks", 2007), with the truth known.

    Emails are sent at rate a and fail for good at rate b, both constant, and are looked at until time 1: of all, a share of
    a / (a + b) · (1 - exp(-(a + b))) = 62 % is sent by then. Kaplan and Meier, for whom a failed email might still be sent, say 1 - exp(-a) = 78 %.
    """
    a, b = 1.514, 0.645
    generator = np.random.default_rng(4)
    ends = np.rint(1e6 * generator.exponential(1 / (a + b), 40_000)).astype(np.int64)
    endings = np.where(generator.random(ends.size) < a / (a + b), REACHED, COMPETED)
    looked_at = generator.integers(900_000, 1_200_000, ends.size)  # some were looked at for less: the horizon comes earlier for late emails
    seen, endings = np.minimum(ends, looked_at), np.where(ends > looked_at, CENSORED, endings)

    right = cumulative_incidence(seen, endings).at(1_000_000)
    wrong = cumulative_incidence(seen, np.where(endings == COMPETED, CENSORED, endings)).at(1_000_000)
    assert right == pytest.approx(a / (a + b) * (1 - np.exp(-a - b)), abs=0.01) == pytest.approx(0.62, abs=0.01)
    assert wrong == pytest.approx(1 - np.exp(-a), abs=0.01) == pytest.approx(0.78, abs=0.01)

    times, levels = by_statsmodels(seen, endings)
    assert right == pytest.approx(levels[np.searchsorted(times, 1_000_000, side="right") - 1], abs=1e-9)


@given(subjects)
def test_standard_errors_are_those_of_statsmodels(drawn):
    times, endings = drawn
    if not (endings == REACHED).any() or (endings == COMPETED).all():
        return
    at = np.unique(times[endings != CENSORED])
    with np.errstate(divide="ignore", invalid="ignore"):
        theirs = CumIncidenceRight(times.astype(float), endings.astype(int))
    errors = standard_errors(times, endings == REACHED, endings != CENSORED, at)
    for time, error in zip(at.tolist(), errors.tolist(), strict=True):
        other = theirs.cinc_se[0][np.searchsorted(theirs.times, time)]
        if np.isfinite(other):
            assert error == pytest.approx(other, abs=1e-7)


@given(subjects)
def test_without_censoring_the_error_is_the_binomial_one(drawn):
    times, endings = drawn
    endings = np.where(endings == CENSORED, COMPETED, endings)
    levels = np.array([cumulative_incidence(times, endings).at(time) for time in range(13)])
    errors = standard_errors(times, endings == REACHED, np.ones(times.size, dtype=bool), np.arange(13))
    assert errors == pytest.approx(np.sqrt(levels * (1 - levels) / times.size), abs=1e-7)  # sums of squares cancel: half of the digits
