"""Runs against closed formulas; every tolerance is stated from the standard error of the estimate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from outboxsim.engine import Simulation
from tests.engine.conftest import scenario_of


def traffic(rate: str, **keys):
    return [{"name": "mail", "from": ["lena"], "arrivals": {"poisson": rate}, **keys}]


def test_attempts_per_email_under_independent_failures_are_geometric():
    """With failure share p and k retries an email takes (1 - p^(k+1)) / (1 - p) attempts on average; 4 standard errors."""
    p, retries = 0.4, 4
    scenario = scenario_of(
        horizon="30 d",
        connectors={"main": {"transient_failure": p}},
        retry=["1 min"] * retries,
        traffic=traffic("30 per h", limit=20_000),
    )
    emails = Simulation(scenario).run().emails
    counts = emails["attempts"].to_numpy()[: 20_000 - 100]
    expected = (1 - p ** (retries + 1)) / (1 - p)
    assert abs(counts.mean() - expected) < 4 * counts.std() / math.sqrt(len(counts))
    failed = (emails["status"] == "failed").to_numpy()[: 20_000 - 100]
    share = p ** (retries + 1)
    assert abs(failed.mean() - share) < 4 * math.sqrt(share * (1 - share) / len(failed))


@pytest.mark.parametrize(("servers", "load"), [(1, 0.6), (3, 0.7)])
def test_capacity_with_poisson_arrivals_and_exponential_latency_is_m_m_c(servers, load):
    """Mean wait and utilisation of M/M/c (Erlang C); 4 standard errors over 40 batches, warm-up of a tenth cut off."""
    service = 10.0  # seconds
    rate = load * servers / service
    scenario = scenario_of(
        horizon="20 d",
        connectors={"main": {"capacity": servers, "latency": {"dist": "exponential", "mean": "10 s"}}},
        traffic=traffic(f"{rate * 3600} per h"),
    )
    result = Simulation(scenario).run()
    attempts, emails = result.attempts, result.emails
    started = attempts.set_index("email")["started"].reindex(emails["id"]).reset_index(drop=True)
    waits = (started - emails["released"]).dt.total_seconds().dropna().to_numpy()
    batches = np.array([batch.mean() for batch in np.array_split(waits[len(waits) // 10 :], 40)])
    offered = load * servers
    last = offered**servers / math.factorial(servers) / (1 - load)
    erlang_c = last / (sum(offered**k / math.factorial(k) for k in range(servers)) + last)
    expected = erlang_c * service / (servers * (1 - load))
    assert abs(batches.mean() - expected) < 4 * batches.std(ddof=1) / math.sqrt(len(batches))
    busy = (attempts["ended"] - attempts["started"]).dt.total_seconds()
    utilisation = busy.sum() / (20 * 86_400 * servers)
    assert abs(utilisation - load) < 4 * load / math.sqrt(len(busy))


def test_little_s_law_on_the_outbox():
    """Time-average size of the outbox = arrival rate x mean time in it, exactly, when all have left by the end."""
    scenario = scenario_of(
        horizon="10 d",
        connectors={"main": {"latency": {"dist": "exponential", "mean": "2 min"}, "transient_failure": 0.3}},
        retry=["10 min", "30 min"],
        traffic=traffic("20 per h", limit=3000),
    )
    result = Simulation(scenario).run()
    emails = result.emails[result.emails["status"] == "sent"]
    stays = (emails["finished"] - emails["submitted"]).dt.total_seconds()
    moves = np.sort(np.concatenate([emails["submitted"].to_numpy(), emails["finished"].to_numpy()]))
    steps = np.concatenate([np.ones(len(emails)), -np.ones(len(emails))])
    order = np.argsort(np.concatenate([emails["submitted"].to_numpy(), emails["finished"].to_numpy()]), kind="stable")
    sizes = np.cumsum(steps[order])[:-1]
    spans = np.diff(moves).astype("timedelta64[us]").astype(float) / 1e6
    total = 10 * 86_400.0
    assert (sizes * spans).sum() / total == pytest.approx(len(emails) / total * stays.mean(), rel=1e-9)


def test_share_of_attempts_that_meet_alternating_outages_follows_renewal_theory():
    """In the long run an arrival meets an outage with probability E[down] / (E[up] + E[down]); 4 standard errors over cycles."""
    up, down = 50.0, 10.0  # minutes
    days = 400
    scenario = scenario_of(
        horizon=f"{days} d",
        connectors={
            "main": {"breakdowns": {"up": {"dist": "exponential", "mean": "50 min"}, "down": {"dist": "exponential", "mean": "10 min"}}}
        },
        retry=["5 min"],
        traffic=traffic("20 per h"),
    )
    attempts = Simulation(scenario).run().attempts
    first = attempts[attempts["attempt"] == 1]
    met = (first["outcome"] == "transient").mean()
    share = down / (up + down)
    cycles = days * 1440 / (up + down)
    # The variance of the time share of an alternating renewal process, plus that of sampling it at Poisson instants.
    of_cycles = 2 * (up * down) ** 2 / (up + down) ** 4 / cycles
    of_sampling = share * (1 - share) / len(first)
    assert abs(met - share) < 4 * math.sqrt(of_cycles + of_sampling)
