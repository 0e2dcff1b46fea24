"""One workload for everybody, the tables that everybody has to deliver, and what theory says must be in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

MINUTE: Final = 60.0
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

START: Final = np.datetime64("2026-01-05T00:00:00", "us")
CONNECTORS: Final = ("north", "south")
STATUSES: Final = ("sent", "failed")
OUTCOMES: Final = ("accepted", "transient")
SENT, FAILED = range(2)
ACCEPTED, TRANSIENT = range(2)


@dataclass(frozen=True)
class Workload:
    """So many emails over a week on two connectors that break down by turns. All times in seconds.

    More emails in the same week, not more weeks: the number of emails that wait at one instant grows with `emails`.
    """

    emails: int = 100_000
    span: float = 7 * DAY
    #: Nobody arrives after about `span`; the last retry ends 5 h 21 min after its email, so two more days are more than enough.
    horizon: float = 9 * DAY
    undo_window: float = 10.0
    mean_up: float = 8 * HOUR
    mean_down: float = 1 * HOUR
    transient: float = 0.05
    #: Of attempts that reach the server; a refused one is over at once.
    latency: float = 0.0
    delays: tuple[float, ...] = (1 * MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE, 240 * MINUTE)

    @property
    def mean_gap(self) -> float:
        """Between two arrivals."""
        return self.span / self.emails


def uniforms(generator: np.random.Generator) -> Iterator[float]:
    """Uniform numbers, drawn in blocks: one call of numpy per number would cost more than the rest of an attempt."""
    while True:
        yield from generator.random(4096).tolist()


class World:
    """Everything random in a run of a peer, drawn in the same order for each of them: one seed, one result, whoever computes it."""

    def __init__(self, workload: Workload, seed: int) -> None:
        generator = np.random.default_rng(seed)
        #: Seconds from one arrival to the next, and the code of the connector of each email.
        self.gaps = generator.exponential(workload.mean_gap, workload.emails)
        self.routes = generator.integers(len(CONNECTORS), size=workload.emails)
        #: Per connector: lengths of up, down, up, down, … until long past the horizon.
        pairs = 16 + 4 * math.ceil(workload.horizon / (workload.mean_up + workload.mean_down))
        self.phases = [generator.exponential((workload.mean_up, workload.mean_down), size=(pairs, 2)).ravel() for _ in CONNECTORS]
        self.uniform: Callable[[], float] = uniforms(generator).__next__

    @property
    def submitted(self) -> np.ndarray[Any, Any]:
        return np.cumsum(self.gaps)

    @property
    def switches(self) -> list[list[float]]:
        """Per connector: the instants at which it goes down, up, down, …; after the last comes no other."""
        return [[*np.cumsum(phases).tolist(), math.inf] for phases in self.phases]


@dataclass(frozen=True)
class Tables:
    """What somebody who simulates an outbox wants to have at the end."""

    emails: pd.DataFrame  # id, submitted, connector, status, attempts, finished
    attempts: pd.DataFrame  # email, attempt, connector, started, outcome

    @property
    def attempts_per_email(self) -> float:
        return len(self.attempts) / len(self.emails)

    @property
    def delivered(self) -> float:
        return float((self.emails["status"] == "sent").mean())


def instants(seconds: Sequence[float] | np.ndarray[Any, Any]) -> pd.DatetimeIndex:
    """Seconds since the start as tz-aware instants; the quickest way that pandas has."""
    microseconds = np.rint(np.asarray(seconds, dtype="float64") * 1e6).astype("timedelta64[us]")
    return pd.DatetimeIndex(START + microseconds).tz_localize("UTC")


def tables(
    *,
    submitted: Any,
    email_connector: Any,
    status: Any,
    email_attempts: Any,
    finished: Any,
    email: Any,
    attempt: Any,
    attempt_connector: Any,
    started: Any,
    outcome: Any,
) -> Tables:
    """The two tables from columns of numbers, each enumerable one as codes: shared, so that the peers differ in their simulation only."""
    emails = pd.DataFrame(
        {
            "id": np.arange(len(submitted), dtype="int64"),
            "submitted": instants(submitted),
            "connector": pd.Categorical.from_codes(np.asarray(email_connector, dtype="int8"), list(CONNECTORS)),
            "status": pd.Categorical.from_codes(np.asarray(status, dtype="int8"), list(STATUSES)),
            "attempts": np.asarray(email_attempts, dtype="int64"),
            "finished": instants(finished),
        }
    )
    attempts = pd.DataFrame(
        {
            "email": np.asarray(email, dtype="int64"),
            "attempt": np.asarray(attempt, dtype="int64"),
            "connector": pd.Categorical.from_codes(np.asarray(attempt_connector, dtype="int8"), list(CONNECTORS)),
            "started": instants(started),
            "outcome": pd.Categorical.from_codes(np.asarray(outcome, dtype="int8"), list(OUTCOMES)),
        }
    )
    return Tables(emails, attempts)


def expected(workload: Workload) -> tuple[float, float]:
    """Attempts per email and delivered share in the long run, from theory.

    A connector is a Markov chain of two states; an email sees it at its attempts. Of the emails not yet delivered, `up` and `down` are the
    shares that meet the connector up and down. At the first attempt these are the averages over the week, which begins with all connectors
    up. The latency is left out: seconds against phases of hours.
    """
    fails, recovers = 1 / workload.mean_up, 1 / workload.mean_down
    pace = fails + recovers
    long_run_down = fails / pace
    down = long_run_down * (1 - (1 - math.exp(-pace * workload.span)) / (pace * workload.span))
    up = 1 - down
    attempts = 0.0
    for delay in (*workload.delays, None):
        attempts += up + down
        up *= workload.transient
        if delay is None:
            break
        forgotten = -math.expm1(-pace * delay)  # how far the chain has gone to its long run meanwhile
        down, up = (
            down * (1 - forgotten) + (up + down) * long_run_down * forgotten,
            up * (1 - forgotten) + (up + down) * (1 - long_run_down) * forgotten,
        )
    return attempts, 1 - (up + down)
