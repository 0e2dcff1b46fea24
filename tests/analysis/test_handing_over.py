"""Tables take the columns of a record that nobody else needs: everything asked of the result stays what it was."""

from __future__ import annotations

import gc
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from outboxsim.analysis import texts
from outboxsim.analysis.metrics import METRICS, MetricError
from outboxsim.engine import Simulation
from outboxsim.engine.attempt_log import AttemptLog
from outboxsim.engine.store import EmailStore
from outboxsim.scenario import load
from tests.benchmarks import contender
from tests.benchmarks.workload import Workload
from tests.engine.conftest import email, scenario_of

ROOT = Path(__file__).parents[2]
LIBRARY = sorted((ROOT / "scenarios").rglob("*.outbox.yaml"))
#: The first files of each folder: each folder is about something else.
SOME = [path for _, paths in groupby(LIBRARY, key=lambda path: path.parent) for path in list(paths)[:2]]

TABLES = ("emails", "attempts", "events")
ORDERS = (("emails", "attempts", "events"), ("events", "attempts", "emails"), ("attempts", "events", "emails"), ())


def kept(scenario):
    """A result and its simulation, which still needs the record."""
    simulation = Simulation(scenario)
    return simulation.run(), simulation


def alone(scenario, *tables):
    """A result whose simulation is gone, with these tables made in this order."""
    result = Simulation(scenario).run()
    for name in tables:
        getattr(result, name)
    return result


def assert_same(result, other):
    """Tables and everything that is read from the record, bit for bit."""
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(result, name), getattr(other, name), check_exact=True)
    for name in METRICS:
        asked = "delivered_within(15 min)" if name == "delivered_within" else name
        assert metric(result, asked) == metric(other, asked)
    for instant in range(0, result.horizon + 1, max(1, result.horizon // 4)):
        for user in (None, *list(result.scenario.users)[:3]):
            assert result.outbox(instant, user) == other.outbox(instant, user)
    for one in result.emails["id"].tolist()[:6]:
        assert result.changes(one) == other.changes(one)
        assert result.email_history(one) == other.email_history(one)
        assert result.attempt_starts(one) == other.attempt_starts(one)


def metric(result, name):
    try:
        return result.metric(name)
    except MetricError as error:
        return str(error)


@pytest.mark.parametrize("path", SOME, ids=lambda path: path.name.removesuffix(".outbox.yaml"))
def test_results_of_the_library_are_the_same_with_and_without_their_simulation(path):
    scenario = load(path)
    other, _simulation = kept(scenario)
    assert_same(alone(scenario, "emails", "attempts"), other)


@pytest.fixture(scope="module")
def office():
    """A bit of everything: actions, work items, a scheduled email, a migrated one, retries, traffic."""
    return scenario_of(
        time_zone="Europe/Berlin",
        work_items={"T-1": {"type": "ticket", "team": "payroll"}, "T-2": {"type": "case", "team": "billing"}},
        users={"cy": {"admin": True, "access": "all"}, "lena": {"undo_window": "30 s", "address": "lena@x.example"}},
        connectors={"main": {"latency": "2 s", "transient_failure": 0.3, "permanent_failure": 0.1}},
        emails=[
            email("m1", "1 min", work_item="T-1"),
            email("m2", "2 min", send_at="3 h"),
            email("m3", "3 min", migrated=True),
            {"id": "m4", "at": "4 min", "system": True, "work_item": "T-2", "to": "z@x.example"},
        ],
        traffic=[
            {"name": "mail", "from": ["lena", "udo"], "arrivals": {"poisson": "20 per h"}, "domains": {"a.example": 1, "b.example": 1}}
        ],
        timeline=[
            {"at": "30 min", "outage": "main", "for": "20 min"},
            {"at": "40 min", "retry": {"view": "all", "status": "pending_retry"}, "by": "cy", "may_be_empty": True},
            {"at": "41 min", "disable": "main", "by": "cy"},
            {"at": "50 min", "enable": "main", "by": "cy"},
            {"at": "51 min", "merge": ["T-1", "T-2"], "by": "cy"},
        ],
    )


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "-".join(order) or "none")
def test_tables_may_be_made_in_any_order(office, order):
    assert_same(alone(office, *order), kept(office)[0])


def test_a_run_that_was_cut_off_is_the_same_without_its_simulation(office):
    def cut_off():
        simulation = Simulation(office)
        simulation.run_until("45 min")
        return simulation, simulation.result

    simulation, other = cut_off()
    result = cut_off()[1]
    assert_same(result, other)
    assert len(result.emails) < len(simulation.run().emails)


def test_a_simulation_that_is_kept_goes_on_after_the_tables_were_made(office):
    simulation = Simulation(office)
    simulation.run_until("45 min")
    first = simulation.result
    _ = first.emails, first.attempts
    assert_same(simulation.run(), kept(office)[0])


def test_a_replay_under_way_is_not_disturbed(office):
    other, _simulation = kept(office)
    result = alone(office)
    replay, same = result.replay(), other.replay()
    replay.advance_to(40 * 60_000_000)
    _ = result.emails, result.attempts
    for instant in (60 * 60_000_000, result.horizon):
        replay.advance_to(instant)
        same.advance_to(instant)
        assert replay.outbox() == same.outbox()


def test_what_is_done_to_a_table_changes_no_event(office):
    result = alone(office, "emails", "attempts")
    for table in (result.emails, result.attempts):
        for column in table.columns:
            table.loc[:, column] = table[column].iloc[::-1].array
    expected, _simulation = kept(office)
    pd.testing.assert_frame_equal(result.events.drop(columns="email"), expected.events.drop(columns="email"))
    assert result.outbox("45 min") == expected.outbox("45 min")


# Memory -----------------------------------------------------------------------------------------------------------------------------


def bytes_of_record(recording):
    stores = (recording.store, recording.trace.attempts)
    return sum(len(getattr(store, name)) * getattr(store, name).itemsize for store in stores for name in store.WIDTHS)


def test_a_simulation_leaves_with_its_last_name():
    """Without the garbage collector: something that leads round in a circle would keep every column twice."""
    gc.disable()
    try:
        result = contender.simulate(contender.load(Workload(200)), 1)
        assert result._recording.is_all_that_is_left
    finally:
        gc.enable()


def test_columns_are_handed_over_only_if_nobody_else_needs_them():
    scenario = contender.load(Workload(200))
    result, _simulation = kept(scenario)
    whole = bytes_of_record(result._recording)
    _ = result.emails, result.attempts
    assert bytes_of_record(result._recording) == whole
    assert bytes_of_record(alone(scenario, "emails", "attempts")._recording) < whole / 5


def test_instants_of_tables_lie_where_they_were_recorded():
    result = contender.simulate(contender.load(Workload(200)), 1)
    record = {name: result._recording.store.view(name) for name in ("submitted", "finished")}
    for name, recorded in record.items():
        assert np.shares_memory(result.emails[name].array.asi8, recorded)


def test_a_million_emails_and_their_tables_stay_below_300_mb():
    """Counted, not measured: 300 bytes an email, less a tenth for what comes and goes on the way."""
    emails = 20_000
    result = contender.simulate(contender.load(Workload(emails)), 1)
    while_running = emails * EmailStore.bytes_per_row() + len(result._recording.trace.attempts) * AttemptLog.bytes_per_row()
    tables = sum(frame.memory_usage(index=False, deep=True).sum() for frame in (result.emails, result.attempts))
    assert while_running / emails < 200
    assert (tables + bytes_of_record(result._recording)) / emails < 270


# Texts ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [1, 2, 3, 1000])
def test_texts_are_the_same_in_pieces_of_any_size(monkeypatch, piece):
    monkeypatch.setattr(texts, "_PIECE", piece)
    result = alone(
        scenario_of(
            emails=[
                email("m1", subject="a long one comes first: " + "ü" * 5000),
                *(email(f"e{n}", f"{n} min", subject="") for n in range(30)),
            ],
            traffic=[
                {"name": "mail", "from": ["tom"], "arrivals": {"every": "10 min"}, "domains": {"a.example": 1, "much-longer.example": 1}},
                {"name": "bulk", "from": ["udo"], "arrivals": {"every": "25 min"}},
            ],
        )
    )
    told = [result._recording.text(row) for row in range(result._recording.rows)]
    emails = result.emails
    assert emails["id"].tolist() == [text.id for text in told]
    assert emails["to"].tolist() == [", ".join(text.to) for text in told]
    assert emails["subject"].tolist() == [text.subject for text in told]
    assert emails["from_address"].astype(object).where(emails["from_address"].notna(), None).tolist() == [
        text.from_address for text in told
    ]
    assert set(result.attempts["email"]) <= set(emails["id"])


def test_no_emails_are_no_texts():
    result = alone(scenario_of())
    assert (len(result.emails), len(result.attempts)) == (0, 0)
    assert str(result.emails["id"].dtype) == str(result.attempts["email"].dtype) == "str"
