"""MSER-5 against its definition, on series whose transient is known, and the flags of a run's rows."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outboxsim.analysis.warm_up import in_warm_up, mser, propose_warm_up
from outboxsim.engine import Simulation
from tests.engine.conftest import scenario_of


def by_definition(values, batch):
    """The smallest marginal standard error of batch means, at least 5 of which remain."""
    means = [np.mean(values[place : place + batch]) for place in range(0, len(values) - batch + 1, batch)]
    return {cut: np.var(means[cut:]) / (len(means) - cut) for cut in range(max(len(means) - 4, 1))}


@given(st.lists(st.integers(-1000, 1000), min_size=10, max_size=120), st.integers(1, 5))
def test_is_the_least_marginal_standard_error(values, batch):
    cut = mser(values, batch)
    errors = by_definition(values, batch)
    assert cut.at % batch == 0
    assert cut.statistic == pytest.approx(min(errors.values()), abs=1e-6)
    assert errors[cut.at // batch] == pytest.approx(min(errors.values()), abs=1e-6)


@pytest.mark.parametrize("length", [50, 200, 400])
def test_finds_a_transient_of_known_length(length):
    generator = np.random.default_rng(length)
    values = generator.normal(10, 1, 2_000)
    values[:length] += 15 * (1 - np.arange(length) / length)  # a backlog that drains steadily, and is gone after `length`
    cut = mser(values)
    assert cut.is_reliable
    assert 0.85 * length <= cut.at <= 1.05 * length + 5
    assert abs(values[cut.at :].mean() - 10) < 0.1 < abs(values.mean() - 10)


def test_a_correlated_series_with_an_exponential_transient_loses_its_bias():
    """AR(1) with phi 0.8 from 20 standard deviations above, as in White's experiments: the bias is 1/e after 4.5 values."""
    noise = np.random.default_rng(1).normal(size=3_000)
    values = np.empty(noise.size)
    level = 100.0
    for place, shock in enumerate(noise):
        level = 0.8 * level + shock
        values[place] = level
    cut = mser(values)
    assert 10 <= cut.at <= 60
    assert abs(values[cut.at :].mean()) < 0.2


def test_a_steady_series_loses_next_to_nothing():
    assert mser(np.random.default_rng(3).normal(size=2_000)).at <= 200
    assert mser([7.0] * 50).at == 0


def test_a_series_that_never_settles_is_not_reliable():
    assert not mser(np.arange(500.0) ** 2).is_reliable


def test_too_short_a_series_is_refused():
    with pytest.raises(ValueError, match="9 values make no two batches of 5"):
        mser([1.0] * 9)
    with pytest.raises(ValueError, match="no size of a batch"):
        mser([1.0] * 9, 0)


@pytest.fixture(scope="module")
def result():
    """500 emails at once, which one slot works off in 1 h 23 min, and a steady stream behind them."""
    return Simulation(
        scenario_of(
            horizon="20 h",
            connectors={"main": {"latency": "10 s", "capacity": 1}},
            traffic=[
                {"name": "backlog", "from": ["lena"], "arrivals": {"batch": 500, "at": "0 s"}},
                {"name": "steady", "from": ["tom"], "arrivals": {"poisson": "100 per h"}},
            ],
        )
    ).run()


def test_a_backlog_at_the_start_is_warm_up(result):
    proposed = propose_warm_up(result)
    assert proposed.is_reliable
    assert timedelta(hours=1, minutes=20) < proposed.end < timedelta(hours=2, minutes=15)  # 500 · 10 s, and what came meanwhile
    assert repr(proposed).startswith("WarmUp(1 h ") or repr(proposed).startswith("WarmUp(2 h ")
    assert proposed.series["emails"].max() > 450
    assert proposed.series["in_warm_up"].sum() % 5 == 0


def test_the_series_is_the_mean_size_of_the_outbox(result):
    series = propose_warm_up(result).series
    sizes = [len(result.outbox(int(at))) for at in range(0, 72_000_000, 4_000_000)]  # 18 looks into the first bin, of 72 s
    assert series["emails"][0] == pytest.approx(np.mean(sizes), abs=1)


def test_rows_are_flagged_and_none_is_dropped(result):
    start = result.clock.datetime(0)
    for table, column in ((result.emails, "submitted"), (result.attempts, "started"), (result.events, "time")):
        flags = in_warm_up(table, timedelta(hours=2), start=start)
        assert len(flags) == len(table)
        assert flags.name == "in_warm_up"
        assert flags.tolist() == [instant - start < timedelta(hours=2) for instant in table[column]]
    with pytest.raises(ValueError, match="is none of a run"):
        in_warm_up(result.emails[["id"]], timedelta(hours=2), start=start)
