"""A run's tables under a selection of emails: what metrics, tables of reports and plots have in common, computed once.

Instants and durations are whole microseconds since the run's start, as everywhere inside; stretches of time cover [from, until).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from outboxsim.analysis.incidence import CENSORED, COMPETED, REACHED, Incidence, cumulative_incidence
from outboxsim.outbox import SendStatus

if TYPE_CHECKING:
    from outboxsim.analysis.result import Result
    from outboxsim.scenario import Select

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

#: An instant that never comes (pandas' own code for a missing one).
NEVER: Final = np.iinfo(np.int64).min

Instants: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Codes: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of simulated time, [begin, end); `end` is None if the run ended before it did."""

    begin: int
    end: int | None


class Selected:
    """A run's tables under a selection of emails, with what the metrics share computed once.

    Parameters
    ----------
    result
        The run.
    select
        Which emails count: by traffic, team (one of its teams), connector, priority, system. None, or a part left out: all.
    only
        Which rows of `result.emails` count beside that, of shape (emails,); None for all.
    """

    def __init__(self, result: Result, select: Select | None = None, only: Mask | None = None) -> None:
        self.result = result
        self._only = only
        self.select = select
        self.horizon: int = result.horizon

    # Emails ----------------------------------------------------------------------------------------------------------------------

    @cached_property
    def chosen(self) -> Mask:
        """Which rows of the table of all emails are selected."""
        emails, select = self.result.emails, self.select
        chosen = np.ones(len(emails), dtype=np.bool_) if self._only is None else self._only.copy()
        if select is None:
            return chosen
        if select.traffic is not None:
            chosen &= equals(emails["traffic"], select.traffic)
        if select.team is not None:
            chosen &= lists(emails["team"], select.team)
        if select.connector is not None:
            chosen &= equals(emails["connector"], select.connector)
        if select.priority is not None:
            chosen &= equals(emails["priority"], getattr(select.priority, "word", select.priority))
        if select.system is not None:
            chosen &= equals(emails["system_generated"], select.system)
        return chosen

    @cached_property
    def emails(self) -> pd.DataFrame:
        """The selected emails."""
        return self.result.emails if self.chosen.all() else self.result.emails[self.chosen]

    def with_status(self, *words: str) -> Mask:
        """Which of the selected emails ended the run in one of these statuses."""
        return equals(self.emails["status"], *words)

    def instants(self, column: pd.Series[Any]) -> Instants:
        """A column of instants as microseconds since the run's start; `NEVER` where it is empty."""
        since_epoch = pd.DatetimeIndex(column).as_unit("us").asi8
        return np.where(since_epoch == NEVER, NEVER, since_epoch - self.result.clock.epoch_us)

    @cached_property
    def sent_at(self) -> Instants:
        """When each email of the table was sent, selected or not; `NEVER` if it is not by the end."""
        emails = self.result.emails
        return np.where(equals(emails["status"], "sent"), self.instants(emails["finished"]), NEVER)

    def timestamps(self, instants: Instants) -> pd.DatetimeIndex:
        """Microseconds since the run's start as instants in the tables' time zone; NaT where one is `NEVER`."""
        absolute = np.where(instants == NEVER, NEVER, instants + self.result.clock.epoch_us)
        index = pd.DatetimeIndex(absolute.astype(np.int64).view("datetime64[us]"))
        return index.tz_localize("UTC").tz_convert(self.result.emails["submitted"].dt.tz)

    @cached_property
    def outbox_changes(self) -> tuple[Instants, npt.NDArray[np.int64]]:
        """When the number of selected emails in the outbox changes, and the number from then on (after everything at that instant)."""
        entered = self.instants(self.emails["submitted"])
        left = self.instants(self.emails["finished"])[self.with_status("sent", "cancelled")]
        times, place = np.unique(np.concatenate([entered, left]), return_inverse=True)
        change = np.concatenate([np.ones(entered.size, dtype=np.int64), np.full(left.size, -1, dtype=np.int64)])
        return times, np.cumsum(np.bincount(place, weights=change, minlength=times.size).astype(np.int64))

    # Attempts --------------------------------------------------------------------------------------------------------------------

    @cached_property
    def attempts(self) -> pd.DataFrame:
        """The attempts of the selected emails."""
        attempts = self.result.attempts
        return attempts if self.chosen.all() else attempts[self.holds(attempts["email"])]

    def holds(self, emails: pd.Series[Any]) -> Mask:
        """Which cells of a column of email ids are selected emails."""
        return self.chosen[self._rows_of(emails)]

    def _rows_of(self, emails: pd.Series[Any]) -> npt.NDArray[np.intp]:
        """For each cell of a column of email ids the row of the emails table (all emails, selected or not)."""
        ids, codes = (emails.cat.categories, emails.cat.codes) if isinstance(emails.dtype, pd.CategoricalDtype) else (emails, None)
        rows: npt.NDArray[np.intp] = self._index.get_indexer(pd.Index(ids))
        return rows if codes is None else rows[codes.to_numpy()]

    @cached_property
    def rows_of_attempts(self) -> npt.NDArray[np.intp]:
        """For each of the selected emails' attempts the row of its email in the table of all emails."""
        return self._rows_of(self.attempts["email"])

    @cached_property
    def _index(self) -> pd.Index[Any]:
        index: pd.Index[Any] = pd.Index(self.result.emails["id"])
        return index

    @cached_property
    def starts(self) -> Instants:
        """When the selected emails' attempts started, in the table's order."""
        return self.instants(self.attempts["started"])

    @cached_property
    def _sorted_starts(self) -> dict[str, Instants]:
        return {}

    def starts_of(self, connector: str) -> Instants:
        """When the selected emails' attempts on a connector started, ascending."""
        if connector not in self._sorted_starts:
            self._sorted_starts[connector] = np.sort(self.starts[equals(self.attempts["connector"], connector)])
        return self._sorted_starts[connector]

    # Connectors ------------------------------------------------------------------------------------------------------------------

    @cached_property
    def connectors(self) -> Sequence[str]:
        """The connectors looked at: the selected one, or all."""
        if self.select is not None and self.select.connector is not None:
            return (self.select.connector,)
        at_start = self.settings[0][1].get("connectors", {}) if self.settings else {}
        return tuple(at_start or pd.unique(self.result.emails["connector"].dropna()))  # the tables of a mail log know no settings

    @cached_property
    def settings(self) -> Sequence[tuple[int, Mapping[str, Any]]]:
        """When settings changed, and to what; the first says how a simulated run began."""
        events = self.result.events
        changes = events[equals(events["event"], "setting_changed")]
        times = self.instants(changes["time"]).tolist()
        return [(time, json.loads(detail)) for time, detail in zip(times, changes["detail"], strict=True) if detail]

    def settings_of(self, connector: str, setting: str) -> list[tuple[int, Any]]:
        """A setting of a connector from each instant on at which it was set."""
        changes = ((time, changed.get("connectors", {}).get(connector, {})) for time, changed in self.settings)
        return [(time, changed[setting]) for time, changed in changes if setting in changed]

    def events(self, connector: str, *words: str) -> pd.DataFrame:
        """A connector's events of these kinds, in the order in which they happened."""
        events = self.result.events
        return events[equals(events["event"], *words) & equals(events["connector"], connector)]

    def outages(self, connector: str) -> list[Period]:
        """When the connector was in outage: overlapping and adjoining outages are one period."""
        events = self.events(connector, "outage_began", "outage_ended")
        under_way = np.cumsum(np.where(equals(events["event"], "outage_began"), 1, -1))
        return periods(self.instants(events["time"]), under_way > 0, at_start=False)

    def closed(self, connector: str) -> list[Period]:
        """When the connector was disabled. Enabling one that is enabled is an event too, and changes nothing."""
        events = self.events(connector, "connector_disabled", "connector_enabled")
        disabled = equals(events["event"], "connector_disabled")
        at_start = [not enabled for _, enabled in self.settings_of(connector, "enabled")[:1]]
        return periods(self.instants(events["time"]), disabled, at_start=any(at_start))

    # Latency ---------------------------------------------------------------------------------------------------------------------

    @cached_property
    def waits(self) -> tuple[Instants, Codes]:
        """How long each released email waited, from its release (µs), and how that ended: a code of `SendStatus`, or -1.

        Those that left before their release, or were released after the end or never, are not among them. `failed` counts from the last
        failure on; -1 is an email that still waits at the end, and is censored there.
        """
        released = self.instants(self.emails["released"])
        sent, cancelled, failed = self.with_status("sent"), self.with_status("cancelled"), self.with_status("failed")
        ended = np.full(released.size, self.horizon, dtype=np.int64)
        left = sent | cancelled
        ended[left] = self.instants(self.emails["finished"])[left]
        ended[failed] = self._last_failures[failed]
        inside = (released != NEVER) & (released <= self.horizon) & (ended >= released)
        statuses = np.full(released.size, -1, dtype=np.int64)
        for status, those in ((SendStatus.SENT, sent), (SendStatus.FAILED, failed), (SendStatus.CANCELLED, cancelled)):
            statuses[those] = status
        return (ended - released)[inside], statuses[inside]

    def incidence_of(self, status: SendStatus) -> Incidence | None:
        """The cumulative incidence of an ending (sent, failed or cancelled), from release; None if no selected email was released."""
        durations, statuses = self.waits
        if not durations.size:
            return None
        endings = np.where(statuses == status, REACHED, np.where(statuses >= 0, COMPETED, CENSORED))
        return cumulative_incidence(durations, endings)

    @cached_property
    def sending(self) -> Incidence | None:
        """The cumulative incidence of being sent, from release; None if no selected email was released."""
        return self.incidence_of(SendStatus.SENT)

    @cached_property
    def _last_failures(self) -> Instants:
        """When each selected email last became failed; `NEVER` if it never did.

        The events say it, not the attempts: a connector that gives up fails emails that wait, without an attempt.
        """
        events = self.result.events
        failures = events[equals(events["event"], "status_changed") & equals(events["to_status"], "failed")]
        last = np.full(len(self.result.emails), NEVER, dtype=np.int64)
        np.maximum.at(last, self._rows_of(failures["email"]), self.instants(failures["time"]))
        return last[self.chosen]


Run: TypeAlias = "Result | Selected"


def selection_of(run: Run, select: Select | None) -> Selected:
    """The run under the selection; of one that is already selected, its own."""
    return run if isinstance(run, Selected) else Selected(run, select)


def equals(column: pd.Series[Any], *values: object) -> Mask:
    """Which cells hold one of the values; an empty cell does not."""
    holds = np.zeros(len(column), dtype=np.bool_)
    for value in values:
        holds |= (column == value).to_numpy(dtype=np.bool_, na_value=False)
    return holds


def lists(column: pd.Series[Any], name: str) -> Mask:
    """Which cells, lists joined by commas, hold the name."""
    codes, lists = pd.factorize(column)
    holds = np.array([name in str(names).split(",") for names in lists], dtype=np.bool_)
    return np.append(holds, False)[codes]  # an empty cell has the code -1


def periods(times: Instants, on: Mask, *, at_start: bool) -> list[Period]:
    """The stretches in which something is on: `on` says so from each of `times` (ascending) on, `at_start` before them.

    Stretches that adjoin are one, and those without length none.
    """
    periods: list[Period] = []
    begin = 0 if at_start else None
    for time, is_on in zip(times.tolist(), on.tolist(), strict=True):
        if is_on and begin is None:
            adjoins = bool(periods) and periods[-1].end == time
            begin = periods.pop().begin if adjoins else time
        elif not is_on and begin is not None:
            if begin < time:
                periods.append(Period(begin, time))
            begin = None
    if begin is not None:
        periods.append(Period(begin, None))
    return periods


def covered(periods: Iterable[Period], times: Instants) -> Mask:
    """Which of the times lie inside one of the periods (in order, apart from each other)."""
    ends = [NEVER + 1]
    begins = []
    for period in periods:
        begins.append(period.begin)
        ends.append(np.iinfo(np.int64).max if period.end is None else period.end)
    before = np.searchsorted(np.array(begins, dtype=np.int64), times, side="right")
    return times < np.array(ends, dtype=np.int64)[before]
