"""A run's tables under a selection of emails: what metrics, tables of reports and plots have in common, computed once.

Instants and durations are whole microseconds since the run's start, as everywhere inside; stretches of time cover [from, until).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from outboxsim.analysis.columns import NEVER, Codes, Instants, Mask, Period, equals, instants_of, lists, periods
from outboxsim.analysis.incidence import CENSORED, COMPETED, REACHED, Incidence, cumulative_incidence
from outboxsim.analysis.whole_run import WholeRun
from outboxsim.outbox import SendStatus

if TYPE_CHECKING:
    from outboxsim.analysis.result import Result
    from outboxsim.scenario import Select


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

    Attributes
    ----------
    whole
        What is the same whatever the selection.
    """

    def __init__(self, result: Result, select: Select | None = None, only: Mask | None = None) -> None:
        self.result = result
        self.whole = WholeRun(result)
        self._only = only
        self.select = select
        self.horizon: int = result.horizon

    def narrowed(self, only: Mask, *connectors: str) -> Selected:
        """The same with fewer emails (rows of the table of all emails), and with these connectors, if any, in place of its own."""
        narrower = Selected(self.result, only=self.chosen & only)
        narrower.whole = self.whole
        narrower.__dict__["connectors"] = connectors or self.connectors
        return narrower

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
        return instants_of(column, self.result.clock.epoch_us)

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
        return attempts if self.chosen.all() else attempts[self.chosen[self.whole.rows_of_attempts]]

    def holds(self, emails: pd.Series[Any]) -> Mask:
        """Which cells of a column of email ids are selected emails."""
        return self.chosen[self.whole.rows_of(emails)]

    @cached_property
    def rows_of_attempts(self) -> npt.NDArray[np.intp]:
        """For each of the selected emails' attempts the row of its email in the table of all emails."""
        rows = self.whole.rows_of_attempts
        return rows if self.chosen.all() else rows[self.chosen[rows]]

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
        if failed.any():  # the table of events costs more than all others together
            ended[failed] = self.whole.last_failures[self.chosen][failed]
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


Run: TypeAlias = "Result | Selected"


def selection_of(run: Run, select: Select | None) -> Selected:
    """The run under the selection; of one that is already selected, its own."""
    return run if isinstance(run, Selected) else Selected(run, select)
