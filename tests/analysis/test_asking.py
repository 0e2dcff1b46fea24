"""Replications: the same runs for everybody, replication 0 the run of `run`, and only numbers kept."""

from __future__ import annotations

import weakref
from itertools import islice

import pytest

from outboxsim.analysis import asking as asking_module
from outboxsim.analysis.asking import Asked, one_after_another
from outboxsim.analysis.metrics import MetricError, metric
from outboxsim.engine import Simulation
from outboxsim.errors import RunStopped
from outboxsim.scenario import Scenario, Select


def scenario_of(**keys):
    base = {
        "outboxsim": 1,
        "start": "2026-03-02T09:00:00",
        "horizon": "4 h",
        "seed": 5,
        "users": {"lena": {}, "tom": {}},
        "connectors": {"main": {"latency": {"dist": "exponential", "mean": "2 s"}, "transient_failure": "20 %"}},
        "retry": ["1 min", "5 min"],
        "traffic": [
            {"name": "invoices", "from": ["lena"], "arrivals": {"poisson": "10 per h"}},
            {"name": "notices", "from": ["tom"], "arrivals": {"every": "30 min"}, "limit": 3},
        ],
    }
    return Scenario.from_mapping(base | keys)


ASKED = [
    Asked("submitted"),
    Asked("delivered_within(1 min)"),
    Asked("submitted", Select.model_construct(traffic="notices")),
    Asked("latency_p95"),
]


def test_each_replication_is_the_simulation_of_its_number():
    scenario = scenario_of()
    runs = [Simulation(scenario, replication=k).run() for k in range(3)]
    wanted = [tuple(metric(run, one.metric, one.select) for one in ASKED) for run in runs]
    assert list(one_after_another(scenario, ASKED, 3)) == wanted
    assert len(set(wanted)) == 3
    assert {row[2] for row in wanted} == {3}


def test_the_first_replications_do_not_depend_on_how_many_follow():
    scenario = scenario_of()
    endless = one_after_another(scenario, ASKED)
    assert list(islice(endless, 4)) == [*one_after_another(scenario, ASKED, 2), *islice(one_after_another(scenario, ASKED, 4), 2, None)]


def test_another_seed_is_other_runs():
    scenario = scenario_of()
    rows = list(one_after_another(scenario, ASKED, 2, seed=6))
    assert rows == list(one_after_another(scenario_of(seed=6), ASKED, 2))
    assert rows != list(one_after_another(scenario, ASKED, 2))


def test_a_result_that_is_there_is_not_run_again(monkeypatch):
    scenario = scenario_of()
    first = Simulation(scenario).run()
    wanted = list(one_after_another(scenario, ASKED, 2))
    ran = []

    def recorded(*arguments, **named):
        ran.append(named["replication"])
        return Simulation(*arguments, **named)

    monkeypatch.setattr(asking_module, "Simulation", recorded)
    assert list(one_after_another(scenario, ASKED, 2, first=first)) == wanted
    assert ran == [1]


def test_only_numbers_are_kept(monkeypatch):
    results = []

    def run(simulation):
        simulation._run_to(simulation.scenario.horizon)
        results.append(weakref.ref(result := simulation.result))
        return result

    monkeypatch.setattr(Simulation, "run", run)
    rows = list(one_after_another(scenario_of(), ASKED, 3))
    assert len(rows) == 3
    assert [result() for result in results] == [None] * 3


def test_a_replication_past_its_limit_says_which():
    scenario = scenario_of()
    assert list(one_after_another(scenario, ASKED, 1, first=Simulation(scenario).run(), max_events=5))
    with pytest.raises(RunStopped, match=r"^replication 1: "):
        list(one_after_another(scenario, ASKED, 2, first=Simulation(scenario).run(), max_events=5))


def test_a_metric_that_is_unknown_is_told():
    with pytest.raises(MetricError, match="no metric"):
        next(one_after_another(scenario_of(), [Asked("latency_p42")]))
