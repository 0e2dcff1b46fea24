"""What each outage cost, on small tables made by hand, and against the metrics of the whole run."""

from __future__ import annotations

import pandas as pd
import pytest

from outboxsim.analysis import metrics
from outboxsim.analysis.outage_costs import closed_costs, outage_costs
from outboxsim.analysis.selection import Selected
from outboxsim.engine import Simulation
from tests.analysis.test_metrics import HOUR, MINUTE, SECOND, START, FakeRun
from tests.engine.conftest import email, scenario_of


def us(count):
    return pd.Timedelta(count, unit="us")


@pytest.fixture
def run():
    """An outage from 1 h to 2 h: m1 usual, m2 and m3 wait for its end (m3 for ever), m4 comes in it and is not tried before its end."""
    run = FakeRun(horizon=4 * HOUR)
    m1 = run.sent(0, at=30 * MINUTE)
    m2 = run.sent(80 * MINUTE, at=HOUR)
    m3 = run.failed(90 * MINUTE, at=90 * MINUTE)
    m4 = run.sent(40 * MINUTE, at=100 * MINUTE)
    run.attempt(m1, 30 * MINUTE)
    run.attempt(m2, HOUR, outcome="transient")
    run.attempt(m2, 90 * MINUTE, outcome="transient")
    run.attempt(m3, 90 * MINUTE, outcome="transient")
    run.attempt(m2, 140 * MINUTE)
    run.attempt(m4, 140 * MINUTE)
    run.attempt(m3, 140 * MINUTE + 30 * SECOND, outcome="permanent")
    run.event(HOUR, "outage_began", connector="main", detail='{"kind": "refuse", "error": "connection refused"}')
    run.event(2 * HOUR, "outage_ended", connector="main")
    return run


def test_an_outage_says_what_it_was_and_what_it_cost(run):
    (row,) = outage_costs(run).to_dict("records")
    assert (row["connector"], row["kind"], row["error"]) == ("main", "refuse", "connection refused")
    assert (row["began"], row["ended"], row["lasted"]) == (START + us(HOUR), START + us(2 * HOUR), us(HOUR))
    assert (row["wasted_attempts"], row["emails_delayed"], row["not_sent"]) == (3, 2, 1)
    assert row["sent_after"] == us(20 * MINUTE)
    assert row["backlog_drain"] is pd.NaT  # m3 stays in the outbox, which was empty before
    assert row["retry_storm"] == 0  # the attempts come 20 min after the end, the storm is looked for in 15
    assert row["storm_at"] is pd.NaT


def test_a_storm_says_when_its_minute_began(run):
    for row in run.attempt_rows:
        row["started"] -= (row["started"] > 2 * HOUR) * 15 * MINUTE
    (row,) = outage_costs(run).to_dict("records")
    assert row["retry_storm"] == 3 / (1 / 60)
    assert row["storm_at"] == START + us(125 * MINUTE)


def test_an_outage_that_goes_on_has_no_end_no_storm_and_no_drain(run):
    run.event_rows.pop()
    (row,) = outage_costs(run).to_dict("records")
    assert row["ended"] is pd.NaT
    assert row["lasted"] == us(3 * HOUR)
    assert row["retry_storm"] != row["retry_storm"]
    assert row["backlog_drain"] is pd.NaT
    assert row["wasted_attempts"] == 6


def test_overlapping_outages_are_one_with_both_kinds(run):
    run.event(90 * MINUTE, "outage_began", connector="main", detail='{"kind": "timeout", "error": "connection timed out"}')
    run.event(100 * MINUTE, "outage_ended", connector="main")
    (row,) = outage_costs(run).to_dict("records")
    assert (row["kind"], row["error"]) == ("refuse, timeout", "connection refused, connection timed out")


def test_a_time_disabled_says_by_whom_and_whom_it_met(run):
    m5, m6 = run.email("connector_disabled", at=3 * HOUR), run.sent(HOUR, at=3 * HOUR)
    for one in (m5, m6, m6):
        run.attempt(one, 3 * HOUR + 5 * MINUTE, outcome="connector_disabled", contacted=False)
    run.event(3 * HOUR, "connector_disabled", connector="main", actor="cy")
    run.event(200 * MINUTE, "connector_enabled", connector="main", actor="cy")
    (row,) = closed_costs(run).to_dict("records")
    assert (row["began"], row["ended"], row["by"]) == (START + us(3 * HOUR), START + us(200 * MINUTE), "cy")
    assert (row["wasted_attempts"], row["emails_met"], row["not_sent"]) == (3, 2, 1)
    assert outage_costs(run)["wasted_attempts"].sum() + 3 == metrics.wasted_attempts(run)


def test_who_disabled_it_is_unknown_if_it_was_so_from_the_start():
    run = FakeRun()
    run.connectors["main"].enabled = False
    run.email()
    (row,) = closed_costs(run).to_dict("records")
    assert pd.isna(row["by"])
    assert row["ended"] is pd.NaT
    assert row["lasted"] == us(run.horizon)


def test_without_outages_the_tables_have_their_columns_and_types(run):
    run.event_rows.clear()
    costs = outage_costs(run)
    assert costs.empty
    assert closed_costs(run).empty
    assert costs["began"].dtype == "datetime64[us, Europe/Berlin]"
    assert costs["lasted"].dtype == "timedelta64[us]"
    assert costs["wasted_attempts"].dtype == "int64"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_metrics_are_sums_and_extremes_of_the_tables(seed):
    result = Simulation(
        scenario_of(
            horizon="12 h",
            connectors={
                "main": {
                    "default": True,
                    "breakdowns": {"up": {"dist": "exponential", "mean": "2 h"}, "down": "20 min"},
                    "disable_after": 40,
                },
                "spare": {"outages": [{"from": "1 h", "for": "30 min"}, {"from": "80 min", "for": "30 min", "kind": "timeout"}]},
            },
            emails=[email("m1", "0 s")],
            traffic=[
                {"name": "a", "from": ["lena"], "arrivals": {"poisson": "40 per h"}},
                {"name": "b", "from": ["tom"], "via": "spare", "arrivals": {"poisson": "40 per h"}},
            ],
            seed=seed,
        )
    ).run()
    selected = Selected(result)
    outages, closed = outage_costs(selected), closed_costs(selected)
    assert len(outages) > 2
    assert outages["wasted_attempts"].sum() + closed["wasted_attempts"].sum() == metrics.wasted_attempts(selected)
    assert outages["retry_storm"].max() == metrics.retry_storm(selected)
    drain = metrics.backlog_drain(selected)
    ended = outages[outages["ended"].notna()]
    assert ended["backlog_drain"].isna().any() if drain is None else ended["backlog_drain"].max() == us(drain)
