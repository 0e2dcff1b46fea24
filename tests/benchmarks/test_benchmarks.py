"""The benchmarks run, and they compare what is comparable. Nothing here measures time."""

from __future__ import annotations

import gc
import math
import statistics
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.benchmarks import __main__ as report
from tests.benchmarks import peer_ciw, peer_heapq, peer_simpy
from tests.benchmarks.measure import TOOLS, peak_memory, runner, stopwatch
from tests.benchmarks.workload import Tables, Workload, expected

TINY = Workload(emails=400)


def microseconds(instants: pd.Series) -> np.ndarray:
    return instants.dt.tz_localize(None).to_numpy(dtype="datetime64[us]").astype("int64")


def assert_same(tables: Tables, others: Tables) -> None:
    """Cell by cell; instants to a microsecond, for a sum of floating-point seconds depends on its order."""
    for mine, theirs, instant in ((tables.emails, others.emails, "submitted"), (tables.attempts, others.attempts, "started")):
        assert list(mine.columns) == list(theirs.columns)
        for column in mine.columns:
            if column in {instant, "finished"}:
                assert np.abs(microseconds(mine[column]) - microseconds(theirs[column])).max() <= 1, column
            else:
                pd.testing.assert_series_equal(mine[column], theirs[column], check_index=False)


@pytest.mark.parametrize("peer", [peer_heapq, peer_ciw], ids=["bare heap", "Ciw"])
def test_peers_with_one_seed_give_one_result(peer) -> None:
    assert_same(peer.run(TINY, 7), peer_simpy.run(TINY, 7))


def test_peers_with_latency_give_one_result() -> None:
    slow = replace(TINY, latency=2.0)
    assert_same(peer_heapq.run(slow, 7), peer_simpy.run(slow, 7))


def test_every_email_ends_as_sent_or_after_its_last_attempt() -> None:
    tables = peer_heapq.run(TINY, 7)
    counted = tables.attempts.groupby("email").size()
    assert counted.tolist() == tables.emails["attempts"].tolist()
    failed = tables.emails[tables.emails["status"] == "failed"]
    assert set(failed["attempts"]) <= {len(TINY.delays) + 1}


@pytest.mark.parametrize(("tool", "latency"), [("outboxsim", 0.0), ("outboxsim", 2.0), ("bare heap", 0.0)])
def test_results_agree_with_theory(tool: str, latency: float) -> None:
    """Means over 200 weeks within four standard errors: outboxsim draws in an order of its own, so it can be compared in the mean only."""
    run = runner(tool)
    workload = Workload(emails=200, latency=latency)
    weeks = [run(workload, seed) for seed in range(200)]
    attempts, delivered = expected(workload)
    for observed, theory in (([w.attempts_per_email for w in weeks], attempts), ([w.delivered for w in weeks], delivered)):
        error = statistics.stdev(observed) / math.sqrt(len(observed))
        assert statistics.mean(observed) == pytest.approx(theory, abs=4 * error)


def test_outboxsim_simulates_every_email_of_the_workload() -> None:
    tables = runner("outboxsim")(TINY, 3)
    assert len(tables.emails) == TINY.emails
    assert set(tables.emails["status"]) <= {"sent", "failed"}
    assert set(tables.emails["connector"]) == {"north", "south"}


@pytest.mark.parametrize("enabled", [True, False])
def test_stopwatch_restores_the_garbage_collector(enabled: bool) -> None:
    was_on = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        seconds, during = stopwatch(gc.isenabled)
        assert seconds >= 0
        assert during
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was_on else gc.disable)()


def test_memory_is_measured_in_a_process_of_its_own() -> None:
    assert peak_memory("bare heap", 20_000) > 0


@pytest.mark.nightly
def test_a_million_emails_and_their_tables_stay_below_300_mb() -> None:
    """The other test of this name, beside those of results, counts the columns in a second; this one sees the process."""
    assert peak_memory("outboxsim", 1_000_000) <= 300e6


def test_report_has_a_row_per_tool() -> None:
    table = report.speed(Workload(emails=300), 200, rounds=1)
    assert [line.split(" | ")[0].strip("| ") for line in table.splitlines()[2:6]] == list(TOOLS)
