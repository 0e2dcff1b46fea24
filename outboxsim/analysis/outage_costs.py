"""What each outage and each time in which a connector was disabled cost: attempts without a chance, the storm after it, the backlog.

The metrics of a run, `wasted_attempts`, `retry_storm` and `backlog_drain`, are sums and extremes of what stands here per outage.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from outboxsim.analysis.columns import HOUR, MINUTE, NEVER, Instants, Mask, Period, covered, equals
from outboxsim.analysis.selection import Run, Selected, selection_of

if TYPE_CHECKING:
    from outboxsim.scenario import Select

#: How long after an outage's end its storm is looked for (spec/scenario.md section 3).
STORM_WITHIN: Final = 15 * MINUTE


def wasted(selected: Selected) -> Mask:
    """Which of the selected emails' attempts had no chance: see the metric `wasted_attempts`."""
    table = selected.attempts
    without_chance = equals(table["outcome"], "connector_disabled")
    for connector in selected.connectors:
        without_chance |= equals(table["connector"], connector) & covered(selected.outages(connector), selected.starts)
    return without_chance & ~equals(table["outcome"], "suspended")


@dataclass(frozen=True, slots=True)
class Storm:
    """The worst minute after an outage.

    Attributes
    ----------
    begin
        When the minute begins.
    attempts
        How many start in it.
    ratio
        Times the usual rate before the outage.
    """

    begin: int
    attempts: int
    ratio: float


def storm_after(selected: Selected, connector: str, outage: Period) -> Storm | None:
    """The worst minute after an outage of a connector; None if the outage never ended, or without attempts in the hour before it.

    See the metric `retry_storm`. Without attempts after it the minute is the first and the ratio 0.
    """
    if outage.end is None:
        return None
    starts = selected.starts_of(connector)
    hour_before = max(outage.begin - HOUR, 0)
    before = between(starts, hour_before, outage.begin)
    if not before.size:
        return None
    usual = before.size / ((outage.begin - hour_before) / MINUTE)
    most, first = most_in_a_minute(between(starts, outage.end, outage.end + STORM_WITHIN))
    return Storm(outage.end if first is None else first, most, most / usual)


def between(times: Instants, begin: int, end: int) -> Instants:
    """Those of the ascending times that lie in [begin, end)."""
    first, last = np.searchsorted(times, [begin, end], side="left")
    return times[first:last]


def most_in_a_minute(starts: Instants) -> tuple[int, int | None]:
    """The largest number of the ascending starts within 60 s, and where the first such window begins (None without starts).

    It is reached by a window that begins with one of the starts. (Near the end of a stretch that window may reach past it, where no
    starts are: shifted back it holds at least as many.)
    """
    if not starts.size:
        return 0, None
    numbers = np.searchsorted(starts, starts + MINUTE, side="left") - np.arange(starts.size)
    place = int(numbers.argmax())
    return int(numbers[place]), int(starts[place])


def drain_after(selected: Selected, outage: Period) -> int | None:
    """How long after an outage's end the outbox was as small as just before it (µs); None if it never was, or the outage never ended.

    See the metric `backlog_drain`.
    """
    if outage.end is None:
        return None
    times, sizes = selected.outbox_changes
    before, at_end = np.searchsorted(times, outage.begin, side="left"), np.searchsorted(times, outage.end, side="right")
    size_before = sizes[before - 1] if before else 0
    if (sizes[at_end - 1] if at_end else 0) <= size_before:
        return 0
    first, step = int(at_end), 1024
    while first < times.size:  # in growing pieces: most backlogs drain soon, and there may be many outages
        small = sizes[first : first + step] <= size_before
        if small.any():
            return int(times[first + int(small.argmax())]) - outage.end
        first, step = first + step, 2 * step
    return None


@dataclass(frozen=True, slots=True)
class StormMark:
    """A storm that is worth a mark, and whose it was."""

    connector: str
    storm: Storm


#: A storm is marked from so many times the usual rate on, and if its minute has so many attempts: a lone one after a quiet hour is none.
MARKED_FROM: Final = 2.0
_LEAST_ATTEMPTS: Final = 5


def storms_of(run: Run, select: Select | None = None) -> list[StormMark]:
    """The storms after outages that are worth a mark, in order of time."""
    selected = selection_of(run, select)
    found = [
        StormMark(connector, storm)
        for connector in selected.connectors
        for outage in selected.outages(connector)
        if (storm := storm_after(selected, connector, outage)) is not None
    ]
    worth = [one for one in found if one.storm.ratio >= MARKED_FROM and one.storm.attempts >= _LEAST_ATTEMPTS]
    return sorted(worth, key=lambda one: one.storm.begin)


# Tables -----------------------------------------------------------------------------------------------------------------------------


def outage_costs(run: Run, select: Select | None = None) -> pd.DataFrame:
    """What each outage cost, connector by connector; overlapping and adjoining ones of one connector are one.

    Parameters
    ----------
    run
        A result, or a `Selected` one (`select` is then its).
    select
        Whose attempts and emails count; None for all.

    Returns
    -------
    pandas.DataFrame
        One row per outage:

        - `connector`, `kind` (several joined by a comma), `error` (the server's or the network's words);
        - `began`, `ended` (NaT if the run ended first), `lasted` (until the end of the run at most);
        - `wasted_attempts`: started in it and without a chance; one on a connector that was disabled as well counts there (`closed_costs`);
        - `emails_delayed`: emails with such an attempt; `not_sent`: those of them that are not sent by the end;
        - `sent_after`: the median time from the outage's end to the acceptance of those that were sent after it: how long the retry
          pattern let them lie when the way was free again;
        - `retry_storm`, `storm_at`: the worst minute in the 15 min after it, times the usual rate before, and when it began;
        - `backlog_drain`: from its end until the outbox is as small as just before it; NaT if it never is.

        Over all rows, the largest `retry_storm` and the longest `backlog_drain` are the metrics of the same name, and `wasted_attempts`
        of both tables add up to theirs.
    """
    selected = selection_of(run, select)
    hopeless = wasted(selected) & ~equals(selected.attempts["outcome"], "connector_disabled")
    rows = []
    for connector in selected.connectors:
        of_connector = hopeless & equals(selected.attempts["connector"], connector)
        rows += [_outage_row(selected, connector, outage, of_connector) for outage in selected.outages(connector)]
    return _frame(selected, rows, _OUTAGE_COLUMNS)


def closed_costs(run: Run, select: Select | None = None) -> pd.DataFrame:
    """What each time cost in which a connector was disabled.

    Parameters
    ----------
    run, select
        As for `outage_costs`.

    Returns
    -------
    pandas.DataFrame
        One row per stretch: `connector`, `began`, `ended` (NaT if the run ended first), `lasted`, `by` (who disabled it; nan if it was
        so from the start), `wasted_attempts` (those that met it disabled), `emails_met` (emails with one), `not_sent` (of these, by the
        end).
    """
    selected = selection_of(run, select)
    met_closed = equals(selected.attempts["outcome"], "connector_disabled")
    rows = []
    for connector in selected.connectors:
        of_connector = met_closed & equals(selected.attempts["connector"], connector)
        rows += [_closed_row(selected, connector, closed, of_connector) for closed in selected.closed(connector)]
    return _frame(selected, rows, _CLOSED_COLUMNS)


#: Columns and how they are made of numbers: an instant and a duration of µs (`NEVER` for none), anything else as it is.
_OUTAGE_COLUMNS: Final = {
    "connector": "str",
    "kind": "str",
    "error": "str",
    "began": "instant",
    "ended": "instant",
    "lasted": "duration",
    "wasted_attempts": "int64",
    "emails_delayed": "int64",
    "not_sent": "int64",
    "sent_after": "duration",
    "retry_storm": "float64",
    "storm_at": "instant",
    "backlog_drain": "duration",
}
_CLOSED_COLUMNS: Final = {
    "connector": "str",
    "began": "instant",
    "ended": "instant",
    "lasted": "duration",
    "by": "str",
    "wasted_attempts": "int64",
    "emails_met": "int64",
    "not_sent": "int64",
}


def _frame(selected: Selected, rows: list[list[Any]], columns: dict[str, str]) -> pd.DataFrame:
    made = {}
    for place, (name, kind) in enumerate(columns.items()):
        values = [row[place] for row in rows]
        if kind in {"instant", "duration"}:
            codes = np.array([NEVER if value is None else value for value in values], dtype=np.int64)
            made[name] = pd.Series(selected.timestamps(codes) if kind == "instant" else codes.view("timedelta64[us]"))
        else:
            made[name] = pd.Series(values, dtype=kind)
    return pd.DataFrame(made)


def _outage_row(selected: Selected, connector: str, outage: Period, hopeless: Mask) -> list[Any]:
    end = selected.horizon if outage.end is None else outage.end
    of_it = hopeless & covered([outage], selected.starts)
    finished = _finished(selected, of_it)
    after = finished[finished >= end] - end
    storm = storm_after(selected, connector, outage)
    return [
        *(connector, *_kind_and_error(selected, connector, outage)),
        *(outage.begin, outage.end, end - outage.begin),
        *(int(of_it.sum()), finished.size, int((finished == NEVER).sum()), int(np.median(after)) if after.size else None),
        *((np.nan, None) if storm is None else (storm.ratio, storm.begin if storm.attempts else None)),
        drain_after(selected, outage),
    ]


def _closed_row(selected: Selected, connector: str, closed: Period, met_closed: Mask) -> list[Any]:
    end = selected.horizon if closed.end is None else closed.end
    met = met_closed & covered([closed], selected.starts)
    finished = _finished(selected, met)
    events = selected.events(connector, "connector_disabled")
    actors = events["actor"][selected.instants(events["time"]) == closed.begin].dropna()
    by = str(actors.iloc[0]) if len(actors) else None
    return [connector, closed.begin, closed.end, end - closed.begin, by, int(met.sum()), finished.size, int((finished == NEVER).sum())]


def _finished(selected: Selected, attempts: Mask) -> Instants:
    """When each email with one of these attempts was sent; `NEVER` if it is not."""
    emails = selected.rows_of_attempts[attempts]
    return np.asarray(selected.whole.sent_at[np.unique(emails)])


def _kind_and_error(selected: Selected, connector: str, outage: Period) -> tuple[str, str]:
    events = selected.events(connector, "outage_began")
    times = selected.instants(events["time"])
    until = np.iinfo(np.int64).max if outage.end is None else outage.end
    details = [json.loads(text) for text in events["detail"][(times >= outage.begin) & (times < until)].dropna() if text]
    kinds, errors = (dict.fromkeys(str(detail[key]) for detail in details if key in detail) for key in ("kind", "error"))
    return ", ".join(kinds), ", ".join(errors)
