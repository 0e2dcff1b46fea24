"""Stress on a scenario, and what a pattern's metrics depend on under it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from outboxsim.analysis.metrics import MetricError
from outboxsim.analysis.sensitivity import sensitivity
from outboxsim.analysis.stress import Stress
from outboxsim.engine import Simulation
from outboxsim.errors import QuantityError
from outboxsim.quantities import Empirical, Exponential, Gamma, Lognormal
from outboxsim.scenario import Scenario
from tests.analysis.studies import scenario_of

MINUTE = 60_000_000

SCENARIO = scenario_of(horizon="3 h")


def rich():
    return Scenario.from_mapping(
        {
            "outboxsim": 1,
            "start": "2026-03-02T09:00:00",
            "horizon": "8 h",
            "users": {"lena": {}},
            "connectors": {
                "a": {
                    "default": True,
                    "transient_failure": "60 %",
                    "permanent_failure": "20 %",
                    "outages": [{"from": "10:00", "for": "20 min"}, {"from": "16:00"}],
                },
                "b": {"breakdowns": {"up": {"dist": "exponential", "mean": "1 h"}, "down": {"dist": "gamma", "mean": "4 min", "shape": 2}}},
            },
            "emails": [{"id": f"m{number}", "at": f"{number} min", "from": "lena", "to": "x@y.example"} for number in range(1, 11)],
            "traffic": [
                {"name": "p", "from": ["lena"], "arrivals": {"poisson": "10 per h"}, "limit": 7},
                {"name": "e", "from": ["lena"], "arrivals": {"every": "10 min"}},
                {"name": "h", "from": ["lena"], "arrivals": {"hourly": [1] * 24}},
                {"name": "b", "from": ["lena"], "arrivals": {"batch": 5, "at": "11:00"}},
            ],
            "timeline": [{"at": "1 h", "outage": "b", "for": "10 min"}, {"at": "2 h", "retry": "m5", "by": "lena", "may_be_empty": True}],
        }
    )


def test_no_stress_is_the_same_run():
    run, same = (Simulation(one).run() for one in (rich(), Stress().applied(rich())))
    assert run.emails.equals(same.emails)
    assert run.attempts.equals(same.attempts)


def test_outages_last_longer_and_one_without_an_end_stays_so():
    stressed = Stress(outage_length=3).applied(rich())
    first, last = stressed.connectors["a"].outages
    assert (first.until - first.from_, last.until) == (60 * MINUTE, None)
    assert stressed.connectors["b"].breakdowns.down == Gamma(mean=12 * MINUTE, shape=2.0)
    assert stressed.connectors["b"].breakdowns.up == Exponential(mean=60 * MINUTE)
    assert stressed.timeline[0].until == 90 * MINUTE


def test_failures_leave_room_for_permanent_ones():
    assert Stress(failures=0.5).applied(rich()).connectors["a"].transient_failure.probability == pytest.approx(0.3)
    assert Stress(failures=9).applied(rich()).connectors["a"].transient_failure.probability == pytest.approx(0.8)


@pytest.mark.parametrize(("load", "listed", "limit", "every", "batch"), [(2, 20, 14, 5, 10), (0.5, 6, 4, 20, 2), (1.5, 15, 10, 20 / 3, 8)])
def test_load_is_more_or_fewer_emails(load, listed, limit, every, batch):
    """Of ten listed emails half stay, and m5, which the timeline names."""
    stressed = Stress(load=load).applied(rich())
    assert len(stressed.emails) == listed
    assert len({email.id for email in stressed.emails}) == listed
    assert "m5" in {email.id for email in stressed.emails}
    poisson, interval, hourly, of_batch = (traffic.arrivals for traffic in stressed.traffic)
    assert poisson.rate.count == 10 * load
    assert stressed.traffic[0].limit == limit
    assert interval.interval == pytest.approx(every * MINUTE)
    assert hourly.rates == (load,) * 24
    assert of_batch.count == batch
    Simulation(stressed).run()


@pytest.mark.parametrize("down", [Lognormal(2, 6), Empirical((1, 5)), Exponential(4)])
def test_random_durations_grow_as_a_whole(down):
    breakdowns = rich().connectors["b"].breakdowns.model_copy(update={"down": down})
    connector = rich().connectors["b"].model_copy(update={"breakdowns": breakdowns})
    scenario = rich().model_copy(update={"connectors": {"b": connector}})
    assert Stress(outage_length=10).applied(scenario).connectors["b"].breakdowns.down.mean == pytest.approx(10 * down.mean)


# Indices


def test_what_decides_is_found():
    """Without an outage its length decides nothing; the share of failures decides about attempts per email."""
    bare = scenario_of(horizon="2 h", connectors={"main": {"transient_failure": "20 %"}})
    found = sensitivity(bare, None, ["attempts_per_sent", "wasted_attempts"], points=8, replications=2)
    table = found.table
    assert table.loc[("attempts_per_sent", "failures"), "total"] > 0.5
    assert table.loc[("attempts_per_sent", "outage_length"), "total"] == pytest.approx(0, abs=1e-9)
    assert table.loc["wasted_attempts"].eq(0).all(axis=None)
    assert len(found.design) == 8 * 5
    assert found.design["load"].between(0.5, 2).all()
    assert "attempts_per_sent" in str(found)
    assert "<table>" in found._repr_html_()


def test_it_is_the_same_for_the_same_seed_and_is_kept_on_disk(tmp_path):
    how = {"ranges": {"failures": (0.5, 1.5)}, "points": 4, "replications": 1}
    found = sensitivity(SCENARIO, None, ["attempts_per_sent"], folder=tmp_path, **how)
    again = sensitivity(SCENARIO, None, ["attempts_per_sent"], folder=tmp_path, **how)
    assert found.table.equals(again.table)
    assert found.design.equals(again.design)
    assert np.isfinite(found.table.to_numpy()).all()


def test_a_metric_without_a_value_somewhere_has_no_indices():
    found = sensitivity(scenario_of(retry=[]), None, ["latency_p99"], points=2, replications=1)
    assert all(math.isnan(value) for value in found.table["first"])


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"points": 12}, QuantityError),
        ({"ranges": {"load": (2, 1)}}, QuantityError),
        ({"ranges": {"loud": (1, 2)}}, QuantityError),
        ({"ranges": {}}, QuantityError),
        ({"metrics": ["nothing"]}, MetricError),
    ],
)
def test_what_cannot_be_asked_is_told(how, error):
    with pytest.raises(error):
        sensitivity(SCENARIO, **how)
