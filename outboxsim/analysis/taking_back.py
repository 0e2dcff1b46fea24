"""A run's record made whole again from the tables that took its columns over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from outboxsim.analysis.frames import NOT_A_TIME
from outboxsim.engine.store import MIGRATED, NONE, SYSTEM

if TYPE_CHECKING:
    import pandas as pd

    from outboxsim.engine.recording import Recording
    from outboxsim.quantities import Clock


def take_back(recording: Recording, tables: Mapping[str, pd.DataFrame]) -> None:
    """Copy what the record lost to the tables `emails` and `attempts`, as far as they are there, back."""
    if "emails" in tables:
        _take_back_emails(recording, tables["emails"])
    if "attempts" in tables:
        _take_back_attempts(recording, tables["attempts"])


def _take_back_emails(recording: Recording, emails: pd.DataFrame) -> None:
    """Copy what the record of emails lost to the table back; columns that no event is made from stay away."""
    store, clock = recording.store, recording.scenario.clock
    for name, column in (
        ("submitted", "submitted"),
        ("undo_until", "undo_until"),
        ("scheduled_for", "scheduled_for"),
        ("release", "released"),
        ("finished", "finished"),
    ):
        store.put_back(name, _microseconds(emails[column], clock))
    for name, column in (
        ("sender", "from"),
        ("scheduled_by", "scheduled_by"),
        ("work_item", "work_item"),
        ("connector", "connector"),
        ("priority", "priority"),
    ):
        store.put_back(name, _codes(emails[column]))
    store.put_back("attempts", emails["attempts"].to_numpy())
    store.put_back("flags", SYSTEM * emails["system_generated"].to_numpy() + MIGRATED * emails["migrated"].to_numpy())


def _take_back_attempts(recording: Recording, attempts: pd.DataFrame) -> None:
    """Copy what the record of attempts lost to the table back."""
    log, clock = recording.trace.attempts, recording.scenario.clock
    log.put_back("started", _microseconds(attempts["started"], clock))
    log.put_back("ended", _microseconds(attempts["ended"], clock))
    log.put_back("number", attempts["attempt"].to_numpy())
    log.put_back("connector", _codes(attempts["connector"]))
    number_of = {text: number for number, text in enumerate(recording.trace.errors)}
    numbers = np.array([*(number_of[text] for text in attempts["error"].array.categories), NONE], dtype=np.int32)
    log.put_back("error", numbers[_codes(attempts["error"])])


# `Series.isna` and `Series.cat` would cost more than everything else here where tables are small, and there may be a thousand replications.


def _microseconds(column: pd.Series[Any], clock: Clock) -> np.ndarray:
    """Instants as microseconds since the start, `NONE` where one is missing."""
    since_epoch: np.ndarray = column.array.asi8
    return np.where(since_epoch == NOT_A_TIME, NONE, since_epoch - clock.epoch_us)


def _codes(column: pd.Series[Any]) -> np.ndarray:
    codes: np.ndarray = column.array.codes
    return codes
