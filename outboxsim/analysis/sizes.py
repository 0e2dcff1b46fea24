"""The numbers behind the plots: how many emails are in the outbox, and how many attempts start.

They are made from a run's tables and hold none of them: they can be drawn while the run goes on, in another thread too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from outboxsim.analysis.columns import HOUR, MINUTE, Instants, Mask, Period
from outboxsim.analysis.selection import Selected
from outboxsim.outbox import Outcome, SendStatus

if TYPE_CHECKING:
    from outboxsim.analysis.result import Result
    from outboxsim.quantities import Clock

Counts: TypeAlias = npt.NDArray[np.int64]
Codes: TypeAlias = npt.NDArray[np.int64]

#: The statuses of emails in the outbox (E4).
IN_OUTBOX: Final = tuple(status for status in SendStatus if status.in_outbox)

#: Widths that a person reads at a glance; a day is one of 24 hours, whatever the clocks do.
_DAY: Final = 24 * HOUR
BIN_WIDTHS: Final = (
    *(minutes * MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * _DAY for days in (1, 2, 7, 14, 28)),
)
#: More bars than this are no bars any more.
MOST_BINS: Final = 120


class Attempted(IntEnum):
    """What came of an attempt, as the plots tell it."""

    ACCEPTED = 0
    FAILED = 1
    NOT_TRIED = 2  # suspended by a breaker, or its connector was disabled: no server was asked
    UNDER_WAY = 3


_ATTEMPTED_BY_OUTCOME: Final = {
    Outcome.ACCEPTED: Attempted.ACCEPTED,
    Outcome.TRANSIENT: Attempted.FAILED,
    Outcome.PERMANENT: Attempted.FAILED,
    Outcome.CONNECTOR_DISABLED: Attempted.NOT_TRIED,
    Outcome.SUSPENDED: Attempted.NOT_TRIED,
}


@dataclass(frozen=True, slots=True)
class ConnectorStretch:
    """A time in which a connector was in outage or disabled, [begin, end); `end` is None where the tables end before it did."""

    connector: str
    state: Literal["outage", "disabled"]
    begin: int
    end: int | None


@dataclass(frozen=True, slots=True)
class OutboxSizes:
    """How many emails were in the outbox, by status.

    Attributes
    ----------
    times
        Instants of shape (n,), the start first, ascending; microseconds since the start.
    counts
        Emails of shape (n, 4), in the order of `IN_OUTBOX`: from each of `times` on, once everything at that instant had happened.
    end
        Where the tables end.
    stretches
        When connectors were in outage or disabled.
    clock
        Of the scenario.
    """

    times: Instants
    counts: Counts
    end: int
    stretches: tuple[ConnectorStretch, ...]
    clock: Clock

    def at(self, instant: int) -> dict[SendStatus, int]:
        """How many there were of each status once everything at an instant had happened; none before the start."""
        place = int(np.searchsorted(self.times, instant, side="right")) - 1
        counts = [0] * len(IN_OUTBOX) if place < 0 else self.counts[place].tolist()
        return dict(zip(IN_OUTBOX, counts, strict=True))

    @property
    def total(self) -> Counts:
        """All of them, of shape (n,)."""
        return np.asarray(self.counts.sum(axis=1))

    def thinned(self, most: int) -> OutboxSizes:
        """At most about so many steps: of all within one `most`-th of the time, the fullest and the last are kept.

        What is left out is narrower than a line on the screen, and no peak is lost.
        """
        if len(self.times) <= most:
            return self
        cells = np.minimum(self.times * (most // 2) // max(self.end, 1), most // 2 - 1)
        last = np.flatnonzero(np.append(np.diff(cells) != 0, True))
        fullest = np.lexsort((np.arange(len(cells)), self.total, cells))[last]  # sorted by cell, each cell's last place is its fullest
        kept = np.unique(np.concatenate(([0], last, fullest)))
        return OutboxSizes(self.times[kept], self.counts[kept], self.end, self.stretches, self.clock)


@dataclass(frozen=True, slots=True)
class AttemptCounts:
    """How many attempts started, by what came of them.

    Attributes
    ----------
    width
        Of each bin, in microseconds; the first begins at the start, the last may reach beyond `end`.
    counts
        Attempts of shape (bins, 4), in the order of `Attempted`.
    end, stretches, clock
        As in `OutboxSizes`.
    """

    width: int
    counts: Counts
    end: int
    stretches: tuple[ConnectorStretch, ...]
    clock: Clock

    @property
    def begins(self) -> Instants:
        """Where the bins begin."""
        return np.arange(len(self.counts), dtype=np.int64) * self.width


# The outbox --------------------------------------------------------------------------------------------------------------------


def size_by_status(result: Result, *, only: Mask | None = None, connectors: Collection[str] | None = None) -> OutboxSizes:
    """How many emails were in the outbox by status, over the whole run.

    Parameters
    ----------
    result
        The run.
    only
        Which rows of `result.emails` count, of shape (emails,); None for all.
    connectors
        Whose outages and closed times are told; None for all.

    Returns
    -------
    OutboxSizes
    """
    events = result.events
    moves = events[(events["to_status"].notna() | events["from_status"].notna()).to_numpy(dtype=np.bool_)]
    if only is not None:
        moves = moves[_rows_of(result, moves["email"], only)]
    before, after = (_codes(moves[column], SendStatus.words()) for column in ("from_status", "to_status"))
    times = Selected(result).instants(moves["time"])
    return sizes_of_moves(times, before, after, result.horizon, stretches_of(result, connectors), result.clock)


def sizes_of_moves(
    times: Instants, before: Codes, after: Codes, end: int, stretches: tuple[ConnectorStretch, ...], clock: Clock
) -> OutboxSizes:
    """The sizes that changes of status make, in whatever order they are given; a code of -1 is no status (before a submission)."""
    instants, place = np.unique(np.concatenate(([0], times)), return_inverse=True)
    change = np.zeros((len(instants), len(SendStatus)), dtype=np.int64)
    for status, step in ((after, 1), (before, -1)):
        known = status >= 0
        np.add.at(change, (place[1:][known], status[known]), step)
    counts = np.cumsum(change, axis=0)[:, : len(IN_OUTBOX)]
    return OutboxSizes(instants, counts, end, stretches, clock)


def stretches_of(result: Result, connectors: Collection[str] | None = None) -> tuple[ConnectorStretch, ...]:
    """When connectors were in outage or disabled, connector by connector."""
    run = Selected(result)
    chosen = [name for name in run.connectors if connectors is None or name in connectors]
    return tuple(
        ConnectorStretch(name, state, period.begin, period.end)
        for name in chosen
        for state, periods in _states(run, name)
        for period in periods
    )


def _states(run: Selected, connector: str) -> Sequence[tuple[Literal["outage", "disabled"], list[Period]]]:
    return (("outage", run.outages(connector)), ("disabled", run.closed(connector)))


def _rows_of(result: Result, ids: pd.Series[Any], only: Mask) -> Mask:
    """Which cells of a column of email ids are emails that count; an empty cell is none."""
    rows = pd.Index(result.emails["id"]).get_indexer(pd.Index(ids.astype(object)))
    return np.asarray(np.append(only, False)[rows])  # what is no email has the row -1


def _codes(column: pd.Series[Any], words: Sequence[str]) -> npt.NDArray[np.int64]:
    """A column of words as codes of the specification's order, -1 for an empty cell; tables from files have an order of their own."""
    return np.asarray(pd.Categorical(column, categories=list(words)).codes, dtype=np.int64)


# Attempts ----------------------------------------------------------------------------------------------------------------------


def bin_width(end: int) -> int:
    """The narrowest of `BIN_WIDTHS` that makes at most `MOST_BINS` bins of a run of this length."""
    return next((width for width in BIN_WIDTHS if end <= width * MOST_BINS), BIN_WIDTHS[-1])


def attempt_counts(
    result: Result, *, width: int | None = None, only: Mask | None = None, connectors: Collection[str] | None = None
) -> AttemptCounts:
    """How many attempts started in each bin of time, by what came of them.

    Parameters
    ----------
    result
        The run.
    width
        Of each bin, in microseconds; None chooses by the length of the run (see `bin_width`).
    only, connectors
        As in `size_by_status`.

    Returns
    -------
    AttemptCounts

    Raises
    ------
    ValueError
        If the width is not above 0.
    """
    attempts = result.attempts
    if only is not None:
        attempts = attempts[_rows_of(result, attempts["email"], only)]
    starts = Selected(result).instants(attempts["started"])
    outcomes = _codes(attempts["outcome"], Outcome.words())
    return counts_of_attempts(starts, outcomes, result.horizon, stretches_of(result, connectors), result.clock, width=width)


def counts_of_attempts(
    starts: Instants,
    outcomes: Codes,
    end: int,
    stretches: tuple[ConnectorStretch, ...],
    clock: Clock,
    *,
    width: int | None = None,
) -> AttemptCounts:
    """The counts that attempts make, in whatever order they are given; an outcome of -1 is under way. Raises as `attempt_counts` does."""
    width = bin_width(end) if width is None else width
    if width <= 0:
        raise ValueError(f"{width} is no width of a bin; it is in microseconds and above 0, for example 60_000_000")
    kinds = np.array([*(_ATTEMPTED_BY_OUTCOME[outcome] for outcome in Outcome), Attempted.UNDER_WAY])
    bins = end // width + 1
    if bins > 1 and end % width == 0 and not (starts == end).any():
        bins -= 1  # the horizon itself opens a bin only for what starts there
    flat = np.bincount(starts // width * len(Attempted) + kinds[outcomes], minlength=bins * len(Attempted))
    return AttemptCounts(width, flat.astype(np.int64).reshape(bins, len(Attempted)), end, stretches, clock)
