"""The three tables: columns, kinds, files without loss, and the outbox at any instant from them alone."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from outboxsim.analysis import Result
from outboxsim.analysis.frames import ATTEMPT_COLUMNS, EMAIL_COLUMNS, EVENT_COLUMNS
from outboxsim.engine import Simulation
from tests.engine.conftest import email, minutes, scenario_of

TABLES = ("emails", "attempts", "events")


@pytest.fixture(scope="module")
def result():
    """A run with a bit of everything, cut off while an attempt is in flight."""
    scenario = scenario_of(
        time_zone="Europe/Berlin",
        start="2026-10-25T00:30:00",  # the clock goes back at 03:00
        horizon="4 h",
        work_items={"T-1": {"type": "ticket", "team": "payroll"}, "T-2": {"type": "case", "team": "billing", "assignee": "udo"}},
        users={"cy": {"admin": True, "access": "all"}, "lena": {"undo_window": "30 s", "address": "lena@x.example"}},
        connectors={
            "main": {
                "latency": "2 s",
                "transient_failure": {"probability": 0.3, "errors": {'451 a, "quoted"\tone': 1, "421 <b>busy</b>": 2}},
            }
        },
        emails=[
            email("m1", "1 min", work_item="T-1", subject='Grüße, "Anna"\nzweite Zeile'),
            email("m2", "2 min", send_at="3 h", cc="c@x.example", attachments=[{"name": "a.pdf", "size": 2}]),
            email("m3", "3 min", migrated=True),
            {"id": "m4", "at": "4 min", "system": True, "work_item": "T-2", "to": "z@x.example"},
            email("m5", "239 min 59 s"),
        ],
        traffic=[{"name": "mail", "from": ["lena", "udo"], "arrivals": {"poisson": "40 per h"}, "priority": {"high": 0.2, "low": 0.2}}],
        timeline=[
            {"at": "30 min", "merge": ["T-1", "T-2"], "by": "lena", "refused": "not_allowed"},
            {"at": "31 min", "split": "T-1", "by": "lena"},
            {"at": "40 min", "disable": "main", "by": "cy"},
            {"at": "50 min", "enable": "main", "by": "cy"},
            {"at": "51 min", "retry": {"view": "all"}, "by": "cy", "refused": "wrong_status"},
            {"at": "52 min", "assign": {"T-2": "tom"}, "by": "udo"},
            {"at": "53 min", "set": {"users": {"lena": {"view": "team"}}}, "by": "lena"},
            {"at": "54 min", "set": {"users": {"tom": {"access": ["billing"]}}, "retry": "postfix"}, "by": "cy"},
            {"at": "55 min", "outage": "main", "for": "20 min", "kind": "timeout"},
        ],
    )
    return Simulation(scenario).run()


def test_section_5_columns_in_order(result):
    assert tuple(result.emails.columns) == EMAIL_COLUMNS
    assert tuple(result.attempts.columns) == ATTEMPT_COLUMNS
    assert tuple(result.events.columns) == EVENT_COLUMNS


def test_section_5_instants_are_aware_with_microseconds(result):
    for table, names in {
        "emails": ["submitted", "released", "finished", "next_attempt"],
        "attempts": ["started", "ended"],
        "events": ["time"],
    }.items():
        for name in names:
            assert str(getattr(result, table)[name].dtype) == "datetime64[us, Europe/Berlin]", name


def test_section_5_enumerable_texts_are_categories_and_codes_are_nullable(result):
    assert isinstance(result.emails["status"].dtype, pd.CategoricalDtype)
    assert isinstance(result.events["event"].dtype, pd.CategoricalDtype)
    assert str(result.attempts["code"].dtype) == "Int16"


def test_section_5_tables_name_their_run(result):
    for table in TABLES:
        assert getattr(result, table).attrs == {"scenario": "stage", "seed": 0, "version": result.version}


def test_an_attempt_in_flight_at_the_end_has_no_end_yet(result):
    last = (
        result.attempts[result.attempts["email"] == "m5"].iloc[-1] if (result.attempts["email"] == "m5").any() else result.attempts.iloc[-1]
    )
    open_attempts = result.attempts[result.attempts["ended"].isna()]
    assert open_attempts["outcome"].isna().all()
    assert open_attempts["code"].isna().all()
    assert last is not None


def test_events_come_in_the_order_in_which_they_happened(result):
    assert result.events["time"].is_monotonic_increasing
    for _, rows in result.events[result.events["email"].notna()].groupby("email", observed=True):
        assert rows["event"].iloc[0] == "submitted"
        assert rows["event"].tolist().count("submitted") == 1


def test_status_changes_form_a_chain_that_ends_at_the_emails_status(result):
    for row in result.emails.itertuples():
        events = result.events[(result.events["email"] == row.id) & result.events["to_status"].notna()]
        status = events["to_status"].iloc[0]
        for event in events.iloc[1:].itertuples():
            assert event.from_status == status
            status = event.to_status
        assert status == row.status


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_section_5_files_and_back_without_loss(result, tmp_path, format):
    result.save(tmp_path, format)
    loaded = Result.load(tmp_path)
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(result, table), getattr(loaded, table))
        assert getattr(loaded, table).attrs == getattr(result, table).attrs
    for at in ("3 min", "45 min", "55 min", "60 min", "4 h"):
        for user in (None, "greta", "tom", "udo", "cy"):
            assert loaded.outbox(at, user) == result.outbox(at, user)
    assert loaded.changes("m1") == result.changes("m1")
    assert loaded.email_history("m2") == result.email_history("m2")
    assert loaded.attempt_starts("m1") == result.attempt_starts("m1")


def test_section_5_csv_instants_are_iso_8601_with_microseconds_and_offset(result, tmp_path):
    result.save(tmp_path)
    text = (tmp_path / "attempts.csv").read_text(encoding="utf-8")
    assert "2026-10-25T02:" in text
    assert "+02:00" in text
    assert "+01:00" in text
    assert all(len(line.split(",")[3]) == len("2026-10-25T00:31:30.000000+02:00") for line in text.splitlines()[1:5])


def test_same_file_and_seed_give_byte_identical_files(result, tmp_path):
    again = Simulation(result.scenario).run()
    result.save(tmp_path / "one")
    again.save(tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_outbox_at_an_instant_is_what_the_engine_showed_then(result):
    simulation = Simulation(result.scenario)
    for minute in (1, 2, 31, 40, 45, 51, 53, 56, 70, 100, 239):
        simulation.run_until(minutes(minute))
        for user in ("greta", "lena", "tom", "udo", "cy"):
            expected = [(shown.id, shown.status, shown.attempts) for shown in simulation.outbox(user)]
            assert [(state.id, state.status, state.attempts) for state in result.outbox(minutes(minute), user)] == expected


def test_details_are_json_or_empty(result):
    for text in result.events["detail"]:
        assert text == "" or isinstance(json.loads(text), dict)


def test_unknown_emails_have_no_history(result):
    assert (result.changes("m9"), result.email_history("m9"), result.attempt_starts("m9")) == ([], [], [])


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"run\.json"):
        Result.load(tmp_path)


def test_what_happened_to_one_email_is_what_the_whole_record_says_of_it(result):
    """Histories and changes read one email's part of the record; the whole record says the same."""
    for row in range(len(result.emails)):
        whole = [event for event in result._codes() if event.email == row]
        assert [event for event in result._codes(row) if event.email == row] == whole
    states = {}
    replay = result.replay()
    for instant, touched in replay.instants():
        for row in touched:
            state = replay.state(row) if row >= 0 else None
            if state is not None and (row not in states or states[row][-1][1] != state):
                states.setdefault(row, []).append((instant, state))
    for row, changes in states.items():
        assert result.changes(result.emails["id"][row]) == changes


def test_saving_in_another_format_beside_an_older_run_reads_the_newer(result, tmp_path):
    Simulation(result.scenario, 5).run().save(tmp_path, "parquet")
    result.save(tmp_path, "csv")
    pd.testing.assert_frame_equal(Result.load(tmp_path).attempts, result.attempts)


def test_other_formats_are_refused(result, tmp_path):
    with pytest.raises(ValueError, match="'xml' is no format of tables; write csv or parquet"):
        result.save(tmp_path, "xml")


@pytest.mark.parametrize("at", [-1, "2 d", 10**15])
def test_an_instant_outside_the_tables_is_refused(result, at):
    with pytest.raises(ValueError, match="outside the tables"):
        result.outbox(at)


def test_the_outbox_takes_datetimes_too(result):
    at = result.clock.datetime(minutes(45))
    assert result.outbox(at, "cy") == result.outbox("45 min", "cy")


def test_metrics_come_by_name_with_durations_as_timedeltas(result):
    assert result.metric("submitted") == len(result.emails)
    assert result.metric("latency_p50") == pd.Timedelta(result.metric("latency_p50"))
    with pytest.raises(ValueError, match="latency_p50"):
        result.metric("latency_p5O")


def test_a_scenario_with_another_pattern_is_the_same_world(result):
    other = Simulation(result.scenario.replace(retry="postfix", attempt_limit=3)).run()
    pd.testing.assert_series_equal(other.emails["submitted"], result.emails["submitted"])
    assert other.emails["attempts"].max() <= 4  # one retry by hand beyond the limit
    same = Simulation(result.scenario.replace(retry=result.scenario.retry)).run()
    pd.testing.assert_frame_equal(same.attempts, result.attempts)
