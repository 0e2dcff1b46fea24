"""`replicate`: averages with honest intervals, the same whoever runs it, resumed where it stopped."""

from __future__ import annotations

import importlib
import math
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from outboxsim.analysis import executors
from outboxsim.analysis.asking import asked_of
from outboxsim.analysis.bench import Bench
from outboxsim.analysis.executors import cores, task_size
from outboxsim.analysis.intervals import mean_interval
from outboxsim.analysis.metrics import MetricError
from outboxsim.analysis.parts import StudyError
from outboxsim.analysis.replicate import Replications, replicate
from outboxsim.engine import Simulation
from outboxsim.errors import QuantityError, RunStopped, ScenarioInvalid
from outboxsim.retry import RetryPattern
from outboxsim.scenario import Scenario


def scenario_of(**keys):
    base = {
        "outboxsim": 1,
        "name": "Random",
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


METRICS = ["submitted", "delivered_within(1 min)", "latency_p95", "attempts_per_sent"]
SCENARIO = scenario_of()
SERIAL = replicate(SCENARIO, 12, metrics=METRICS)


# What comes of it


def test_each_row_is_the_simulation_of_its_number():
    for number in (0, 1, 11):
        run = Simulation(SCENARIO, replication=number).run()
        assert SERIAL.table.loc[number, "submitted"] == run.metric("submitted")
        assert SERIAL.table.loc[number, "latency_p95"] == run.metric("latency_p95")
        assert SERIAL.table.loc[number, "delivered_within(1 min)"] == run.metric("delivered_within(1 min)")


def test_the_table_has_a_row_per_replication_and_durations_at_its_face():
    assert list(SERIAL.table.columns) == METRICS
    assert len(SERIAL) == len(SERIAL.table) == 12
    assert SERIAL.table["latency_p95"].dtype == "timedelta64[us]"
    assert SERIAL.table["submitted"].dtype == np.int64
    assert SERIAL.table.attrs == {"scenario": "Random", "seed": 5}


def test_intervals_are_students_and_the_bootstraps_in_the_tables_units():
    line = SERIAL.intervals.loc["latency_p95"]
    interval = mean_interval((SERIAL.table["latency_p95"] / pd.Timedelta("1us")).tolist(), 0.05)
    assert (line["unit"], line["replications"], line["nulls"]) == ("s", 12, 0)
    assert line["mean"] == pytest.approx(interval.mean / 1e6)
    assert (line["low"], line["high"]) == (pytest.approx(interval.low / 1e6), pytest.approx(interval.high / 1e6))
    assert line["low"] < line["bootstrap_low"] < line["mean"] < line["bootstrap_high"]
    assert line["relative"] == pytest.approx(interval.half_width / interval.mean)
    assert SERIAL.interval("latency_p95").mean == pytest.approx(interval.mean)


def test_a_metric_without_a_value_somewhere_has_no_mean_and_says_how_often():
    few = scenario_of(traffic=[{"name": "rare", "from": ["lena"], "arrivals": {"poisson": "1 per h"}}], horizon="1 h")
    found = replicate(few, 20, metrics=["latency_p50", "submitted"])
    nulls = int(found.table["latency_p50"].isna().sum())
    assert 0 < nulls < 20
    assert found.intervals.loc["latency_p50", "nulls"] == nulls
    assert math.isnan(found.intervals.loc["latency_p50", "mean"])
    assert found.interval("latency_p50") is None
    assert f"null in {nulls} of 20" in str(found)


def test_one_replication_has_no_interval():
    one = replicate(SCENARIO, 1, metrics=["submitted"])
    assert one.intervals.loc["submitted", ["low", "high"]].tolist() == [-math.inf, math.inf]
    assert "± ∞" in str(one)


def test_a_selection_is_read_as_files_write_it():
    assert replicate(SCENARIO, 3, metrics=["submitted"], select={"traffic": "notices"}).table["submitted"].tolist() == [3, 3, 3]
    with pytest.raises(ScenarioInvalid, match="did you mean 'notices'"):
        replicate(SCENARIO, 3, select={"traffic": "notes"})


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"metrics": ["atempts"]}, MetricError, "did you mean 'attempts'"),
        ({"metrics": []}, MetricError, "no metric is asked"),
        ({"metrics": ["sent", "sent"]}, MetricError, "asked twice"),
        ({"n": 0}, QuantityError, "1 or more"),
        ({"n": 5, "precision": 0.1}, QuantityError, "leave one of them out"),
        ({"precision": "150 %"}, QuantityError, "no share"),
        ({"precision": 0}, QuantityError, "no precision"),
    ],
)
def test_what_cannot_be_asked_is_told(how, error, message):
    with pytest.raises(error, match=message):
        replicate(SCENARIO, **how)


def test_it_is_shown_in_words_and_as_html_with_every_text_escaped():
    shown = replicate(scenario_of(name="<b>bold</b>"), 3, metrics=METRICS)
    html = shown._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;bold&lt;/b&gt;: 3 replications, seed 5" in html
    assert repr(shown) == str(shown)
    assert "delivered_within(1 min)" in repr(shown)
    assert " % ± " in repr(shown)


# Whoever runs it


class Backwards(Executor):
    """Finishes the last task first."""

    def __init__(self):
        self.waiting = []

    def submit(self, function, /, *arguments, **named):
        future = Future()
        future.result = lambda timeout=None: self._finish(future)
        self.waiting.append((future, function, arguments))
        return future

    def _finish(self, wanted):
        while self.waiting:
            future, function, arguments = self.waiting.pop()
            future.set_result(function(*arguments))
        return Future.result(wanted)


@pytest.mark.parametrize(
    "executor", [lambda: ThreadPoolExecutor(2), Backwards, lambda: executors.new_pool(2)], ids=["threads", "backwards", "processes"]
)
def test_the_numbers_are_the_same_whoever_runs_it(executor):
    with executor() as pool:
        assert replicate(SCENARIO, 12, metrics=METRICS, executor=pool).rows == SERIAL.rows


def test_much_work_goes_to_processes_and_little_stays_here(monkeypatch):
    monkeypatch.setattr(executors, "cores", lambda: 2)
    made = []
    new_pool = executors.new_pool
    monkeypatch.setattr(executors, "new_pool", lambda processes: made.append(processes) or new_pool(processes))
    assert replicate(SCENARIO, 12, metrics=METRICS).rows == SERIAL.rows
    assert made == []
    monkeypatch.setattr(executors, "WORTH_PROCESSES", 0.01)
    assert replicate(SCENARIO, 12, metrics=METRICS).rows == SERIAL.rows
    assert made == [2]


class Dying(ProcessPoolExecutor):
    """Its processes die at once."""

    def submit(self, function, /, *arguments, **named):
        return super().submit(os._exit, 3)


def test_if_processes_of_its_own_die_the_rest_is_done_here(monkeypatch):
    monkeypatch.setattr(executors, "WORTH_PROCESSES", 0.0)
    monkeypatch.setattr(executors, "cores", lambda: 2)
    monkeypatch.setattr(executors, "new_pool", Dying)
    assert replicate(SCENARIO, 12, metrics=METRICS).rows == SERIAL.rows


@pytest.mark.filterwarnings("ignore")  # what a cluster says when it ends
def test_a_cluster_gives_the_same_numbers():
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, protocol="inproc://")
    with cluster, distributed.Client(cluster) as client:
        assert replicate(SCENARIO, 12, metrics=METRICS, executor=client.get_executor()).rows == SERIAL.rows


@pytest.mark.parametrize("pool", [None, ThreadPoolExecutor], ids=["here", "threads"])
def test_a_run_that_is_stopped_says_which_replication(pool):
    busiest = SERIAL.table["submitted"].idxmax()
    limit = max(int(submitted) for number, submitted in SERIAL.table["submitted"].items() if number < busiest) + 30
    executor = pool(2) if pool else None
    with pytest.raises(RunStopped, match=r"^replication \d+: "):
        replicate(SCENARIO, 12, metrics=METRICS, executor=executor, max_events=min(limit, 40))


def test_of_several_stopped_ones_the_first_is_told():
    with ThreadPoolExecutor(4) as pool, pytest.raises(RunStopped, match=r"^replication 0: "):
        replicate(SCENARIO, 12, metrics=METRICS, executor=pool, max_events=3)


@pytest.mark.parametrize(("count", "seconds"), [(1, 0.1), (40, 0.02), (10_000, 0.02), (5, 3.0)])
def test_tasks_are_neither_long_nor_fewer_than_processes(count, seconds):
    size = task_size(count, seconds)
    assert size >= 1
    assert size == 1 or (size * seconds <= 0.25 and -(-count // size) >= min(count, cores()))


def test_progress_tells_how_many_have_ended():
    told = []
    replicate(SCENARIO, 12, metrics=METRICS, progress=told.append)
    assert sum(told) == 12


# On disk


def test_what_is_on_disk_is_not_run_again(tmp_path, monkeypatch):
    assert replicate(SCENARIO, 5, metrics=METRICS, folder=tmp_path).rows == SERIAL.rows[:5]
    ran = []
    monkeypatch.setattr(Simulation, "__init__", _recording(Simulation.__init__, ran))
    assert replicate(SCENARIO, 12, metrics=METRICS, folder=tmp_path).rows == SERIAL.rows
    assert sorted(ran) == [5, 6, 7, 8, 9, 10, 11]
    assert replicate(SCENARIO, 12, metrics=METRICS, folder=tmp_path).rows == SERIAL.rows
    assert len(ran) == 7


def _recording(initialise, ran):
    def recorded(self, *arguments, **named):
        ran.append(named.get("replication", 0))
        initialise(self, *arguments, **named)

    return recorded


def test_values_come_back_from_disk_as_they_were(tmp_path):
    replicate(SCENARIO, 12, metrics=METRICS, folder=tmp_path)
    again = replicate(SCENARIO, 12, metrics=METRICS, folder=tmp_path).rows
    assert [[type(value) for value in row] for row in again] == [[type(value) for value in row] for row in SERIAL.rows]


@pytest.mark.parametrize(
    ("scenario", "how", "differs"),
    [
        (SCENARIO, {"metrics": ["sent"]}, "metrics"),
        (SCENARIO, {"metrics": METRICS, "seed": 6}, "seed 5, not 6"),
        (scenario_of(retry=["2 min"]), {"metrics": METRICS}, "digest"),
        (SCENARIO, {"metrics": METRICS, "select": {"traffic": "notices"}}, "select"),
    ],
)
def test_a_folder_of_another_study_is_refused(tmp_path, scenario, how, differs):
    replicate(SCENARIO, 2, metrics=METRICS, folder=tmp_path)
    with pytest.raises(StudyError, match=differs):
        replicate(scenario, 2, folder=tmp_path, **how)


def test_a_file_that_is_no_part_is_told(tmp_path):
    replicate(SCENARIO, 2, metrics=METRICS, folder=tmp_path)
    (tmp_path / "part-x.parquet").write_bytes(b"not parquet")
    with pytest.raises(StudyError, match=r"part-x\.parquet"):
        replicate(SCENARIO, 2, metrics=METRICS, folder=tmp_path)


def test_a_study_that_was_killed_goes_on_where_it_stopped(tmp_path, monkeypatch):
    """SIGKILL once some parts are there: what is there is whole, and is not run again."""
    here = Path(__file__).parents[2]
    module = importlib.util.spec_from_file_location("study", __file__).name
    code = (
        f"import sys, importlib.util\nspec = importlib.util.spec_from_file_location({module!r}, {__file__!r})\n"
        "study = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(study)\n"
        f"study.replicate(study.SCENARIO, 400, metrics=study.METRICS, folder={str(tmp_path)!r})\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=here)
    try:
        for _ in range(600):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
            if len(list(tmp_path.glob("part-*.parquet"))) >= 3 or process.returncode is not None:
                break
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    parts = list(tmp_path.glob("part-*.parquet"))
    assert parts
    bench = Bench(SCENARIO, asked_of(SCENARIO, METRICS, None), folder=tmp_path)
    there = sum(len(rows) for rows in bench._rows.values())
    ran = []
    monkeypatch.setattr(Simulation, "__init__", _recording(Simulation.__init__, ran))
    count = max(12, there + 5)
    found = replicate(SCENARIO, count, metrics=METRICS, folder=tmp_path)
    assert found.rows[:12] == SERIAL.rows
    assert len(ran) <= count - there + 1


WITH_PROCESSES = """
import sys
from outboxsim.analysis import executors
pool = executors.new_pool(2)
print(*{pool.submit(executors.os.getpid).result() for _ in range(8)}, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_processes_end_with_a_study_that_was_killed():
    process = subprocess.Popen([sys.executable, "-c", WITH_PROCESSES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        workers = [Path("/proc", pid) for pid in process.stdout.readline().split()]
        assert workers
        assert all(worker.exists() for worker in workers)
        process.kill()
    for _ in range(200):
        if not any(worker.exists() for worker in workers):
            break
        threading.Event().wait(0.05)
    assert not any(worker.exists() for worker in workers)


SCRIPT = """
from dataclasses import dataclass

import outboxsim
from outboxsim.analysis import executors

executors.WORTH_PROCESSES = 0.0
executors.cores = lambda: 2
made = []
new_pool = executors.new_pool
executors.new_pool = lambda processes: made.append(processes) or new_pool(processes)


@dataclass(frozen=True)
class Mine:
    first_delay: int = 60_000_000

    def delay(self, history):
        return self.first_delay if history.retries < 3 else None


scenario = outboxsim.load("small.outbox.yaml")
print(len(outboxsim.replicate(scenario, 4, metrics=["sent"])), len(made))
print(len(outboxsim.replicate(scenario.replace(retry=outboxsim.RetryPattern(Mine())), 4, metrics=["sent"])), len(made))
"""


def test_scripts_need_no_guard_and_a_delay_rule_of_ones_own_stays_in_its_process(tmp_path):
    """Processes do not begin the script anew, and what only the script knows is done where it is known."""
    text = "outboxsim: 1\nstart: 2026-03-02T09:00:00\nhorizon: 1 h\nusers: {lena: {}}\nconnectors: {main: {transient_failure: 20 %}}\n"
    traffic = "traffic: [{name: t, from: [lena], arrivals: {every: 5 min}}]\n"
    (tmp_path / "small.outbox.yaml").write_text(text + traffic, encoding="utf-8")
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    finished = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout == "4 1\n4 1\n"


def test_a_pattern_that_cannot_travel_runs_in_threads():
    class Mine:
        def delay(self, history):
            return 60_000_000 if history.retries < 3 else None

    scenario = SCENARIO.replace(retry=RetryPattern(Mine()))
    with ThreadPoolExecutor(2) as pool:
        assert replicate(scenario, 4, metrics=METRICS, executor=pool).rows == replicate(scenario, 4, metrics=METRICS).rows


def test_more_tasks_than_are_under_way_at_once_are_all_done(monkeypatch):
    monkeypatch.setattr(executors, "_WINDOW", 3)
    monkeypatch.setattr(executors, "_TASK", 0.0)
    with ThreadPoolExecutor(2) as pool:
        assert replicate(SCENARIO, 12, metrics=METRICS, executor=pool).rows == SERIAL.rows


# How many are enough


def test_with_a_precision_it_stops_when_that_is_reached_and_kept():
    found = replicate(SCENARIO, precision="5 %", metrics=["submitted", "attempts_per_sent"])
    assert set(found.needed) == {"submitted", "attempts_per_sent"}
    assert all(found.needed.values())
    assert 3 <= max(found.needed.values()) <= len(found) < 1000
    assert (found.intervals["relative"] <= 0.05).all()
    assert found.intervals["needed"].tolist() == list(found.needed.values())
    assert "precision 5 %: reached by all" in str(found)
    assert found.rows == replicate(SCENARIO, len(found), metrics=["submitted", "attempts_per_sent"]).rows


def test_a_precision_that_is_not_reached_says_so():
    found = replicate(SCENARIO, precision=0.001, metrics=["submitted"], most=10)
    assert (len(found), found.needed) == (10, {"submitted": None})
    assert "not reached by submitted" in str(found)


def test_the_interval_holds_the_true_mean_as_often_as_stated():
    """Poisson arrivals: 40 emails in 4 h on average. 40 studies of 10 replications each; a binomial bound on how many miss."""
    scenario = scenario_of(traffic=[{"name": "invoices", "from": ["lena"], "arrivals": {"poisson": "10 per h"}}])
    rows = replicate(scenario, 400, metrics=["submitted"]).rows
    studies = [Replications("", 0, ("submitted",), rows[begin : begin + 10], 0.8) for begin in range(0, 400, 10)]
    missed = sum(not study.interval("submitted").low <= 40 <= study.interval("submitted").high for study in studies)
    assert 2 <= missed <= 16  # binomial(40, 0.2): fewer in 0.1 %, more in 0.3 % of the cases


KILLED = """
import importlib.util, os, signal
from distributed import Client, LocalCluster

if __name__ == "__main__":
    spec = importlib.util.spec_from_file_location("study", {file!r})
    study = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(study)
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1") as cluster, Client(cluster) as client:
        victim = next(iter(client.run(os.getpid).values()))
        ended = []

        def progress(count):
            ended.append(count)
            if len(ended) == 3:
                os.kill(victim, signal.SIGKILL)

        rows = study.replicate(study.SCENARIO, 200, metrics=study.METRICS, executor=client.get_executor(), progress=progress).rows
    assert victim and len(ended) > 3
    assert rows == study.replicate(study.SCENARIO, 200, metrics=study.METRICS).rows
"""


@pytest.mark.nightly
def test_a_cluster_that_loses_a_worker_gives_the_same_numbers(tmp_path):
    """A scheduler with two worker processes on loopback, one of which is killed during the run."""
    pytest.importorskip("distributed")
    script = tmp_path / "killed.py"
    script.write_text(KILLED.format(file=__file__), encoding="utf-8")
    here = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(here)}
    finished = subprocess.run([sys.executable, str(script)], cwd=here, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
