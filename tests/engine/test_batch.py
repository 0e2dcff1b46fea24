"""The shortcut for many attempts at once gives the tables of the long way, bit by bit, on random scenarios that it takes."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outboxsim.engine import Simulation, batch
from tests.engine.conftest import scenario_of

OUTAGES = st.lists(
    st.fixed_dictionaries(
        {"from": st.integers(0, 200).map("{} min".format), "for": st.integers(1, 90).map("{} min".format)},
        optional={"kind": st.sampled_from(["reject", "timeout"]), "error": st.sampled_from(["451 later", "550 never", "421 busy"])},
    ).map(lambda outage: outage if ("kind" in outage) == ("error" in outage) else {"from": outage["from"], "for": outage["for"]}),
    max_size=4,
)
FAILURES = st.sampled_from([0, 0.1, {"probability": 0.4, "errors": {"451 a": 3, "421 b": 1, "450 c": 0.5}}])
CONNECTORS = st.fixed_dictionaries(
    {},
    optional={
        "outages": OUTAGES,
        "transient_failure": FAILURES,
        "permanent_failure": st.sampled_from([0.02, {"probability": 0.1, "errors": {"550 x": 1, "554 y": 1}}]),
        "breakdowns": st.just({"up": {"dist": "exponential", "mean": "40 min"}, "down": {"dist": "exponential", "mean": "15 min"}}),
        "enabled": st.booleans(),
        "latency": st.sampled_from(
            ["2 s", "1 min", {"dist": "exponential", "mean": "40 s"}, {"dist": "uniform", "low": "0 s", "high": "2 min"}]
        ),
        "timeout": st.sampled_from(["1 s", "45 s"]),
        "attempt_limit": st.integers(1, 4),
        "retry": st.lists(st.sampled_from(["1 s", "30 s", "1 min", "10 min", "1 h"]), max_size=5),
    },
)
ENTRIES = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"at": st.integers(0, 240).map("{} min".format), "outage": st.sampled_from(["main", "other"]), "for": st.just("20 min")}
        ),
        st.fixed_dictionaries(
            {"at": st.integers(0, 240).map("{} min".format), "enable": st.sampled_from(["main", "other"]), "by": st.just("cy")}
        ),
        st.fixed_dictionaries(
            {"at": st.integers(0, 240).map("{} min".format), "disable": st.sampled_from(["main", "other"]), "by": st.just("cy")}
        ),
        st.fixed_dictionaries(
            {
                "at": st.integers(0, 240).map("{} min".format),
                "retry": st.just({"view": "all"}),
                "by": st.just("cy"),
                "may_be_empty": st.just(True),
            }
        ),
        st.fixed_dictionaries(
            {
                "at": st.integers(0, 240).map("{} min".format),
                "set": st.just({"users": {"lena": {"undo_window": "3 min"}}}),
                "by": st.just("lena"),
            }
        ),
        st.fixed_dictionaries({"at": st.integers(0, 240).map("{} min".format), "set": st.just({"retry": "postfix"}), "by": st.just("cy")}),
    ),
    max_size=4,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(main=CONNECTORS, other=CONNECTORS, timeline=ENTRIES, on_enable=st.sampled_from(["manual", "resume"]), seed=st.integers(0, 3))
def test_batches_give_the_tables_of_the_long_way(main, other, timeline, on_enable, seed):
    scenario = scenario_of(
        horizon="4 h",
        seed=seed,
        on_enable=on_enable,
        users={"cy": {"admin": True, "access": "all"}, "lena": {"undo_window": "10 s"}, "tom": {"address": "tom@x.example"}},
        connectors={"main": {"default": True, **main}, "other": {"addresses": ["tom@x.example"], **other}},
        traffic=[
            {"name": "mail", "from": ["lena", "tom"], "arrivals": {"poisson": "120 per h"}, "scheduled": {"share": 0.1, "ahead": "50 min"}}
        ],
        timeline=timeline,
    )
    short = Simulation(scenario).run()
    singly = Simulation(scenario)
    singly._dispatch.run_plain = lambda *_: None
    long = singly.run()
    for table in ("emails", "attempts", "events"):
        pd.testing.assert_frame_equal(getattr(short, table), getattr(long, table))


@pytest.fixture
def batches(monkeypatch):
    """How many attempts were made in batches."""
    sizes = []
    original = batch._Batch._attempt
    monkeypatch.setattr(
        batch._Batch, "_attempt", lambda self, due, connector, email: (sizes.append(len(due)), original(self, due, connector, email))[1]
    )
    return sizes


def test_batches_are_taken_where_they_apply(batches):
    keys = {
        "traffic": [{"name": "mail", "from": ["lena"], "arrivals": {"poisson": "200 per h"}}],
        "connectors": {"main": {"transient_failure": 0.2}},
    }
    result = Simulation(scenario_of(**keys)).run()
    assert sum(batches) > 0.9 * len(result.attempts)


@pytest.mark.parametrize("key", [{"capacity": 1}, {"greylisting": "1 min"}, {"disable_after": 1000}, {"rate_limit": "1000 per s"}])
def test_batches_are_not_taken_where_attempts_touch_each_other(batches, key):
    keys = {"traffic": [{"name": "mail", "from": ["lena"], "arrivals": {"poisson": "200 per h"}}], "connectors": {"main": key}}
    Simulation(scenario_of(**keys)).run()
    assert batches == []
