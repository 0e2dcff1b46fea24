"""The metrics of spec/scenario.md section 3: each one function from a run's tables to a number, defined in words in its docstring.

Every metric takes a `Result` (or a `Selected` one, where many metrics of one run are asked: it computes what they share only once) and
a selection of emails. Attempts, latencies and the size of the outbox are then those of the selected emails; a selected connector also
limits whose outages are looked at. Instants and durations are whole microseconds, as everywhere inside; windows cover [from, until).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from outboxsim.analysis.incidence import CENSORED, COMPETED, REACHED, Incidence, cumulative_incidence
from outboxsim.errors import OutboxsimError
from outboxsim.quantities import parse_duration

if TYPE_CHECKING:
    from outboxsim.analysis.result import Result
    from outboxsim.scenario import Select

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

#: An instant that never comes (pandas' own code for a missing one).
NEVER: Final = np.iinfo(np.int64).min

Kind: TypeAlias = Literal["count", "number", "share", "duration"]
Value: TypeAlias = int | float | None
Instants: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]


class MetricError(OutboxsimError, ValueError):
    """A metric that is unknown or cannot be asked like this; the message says what would be right."""


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
    """

    def __init__(self, result: Result, select: Select | None = None) -> None:
        self.result = result
        self.select = select
        self.horizon: int = result.horizon

    # Emails ----------------------------------------------------------------------------------------------------------------------

    @cached_property
    def _chosen(self) -> Mask:
        """Which rows of the emails table are selected."""
        emails, select = self.result.emails, self.select
        chosen = np.ones(len(emails), dtype=np.bool_)
        if select is None:
            return chosen
        if select.traffic is not None:
            chosen &= _equals(emails["traffic"], select.traffic)
        if select.team is not None:
            chosen &= _lists(emails["team"], select.team)
        if select.connector is not None:
            chosen &= _equals(emails["connector"], select.connector)
        if select.priority is not None:
            chosen &= _equals(emails["priority"], getattr(select.priority, "word", select.priority))
        if select.system is not None:
            chosen &= _equals(emails["system_generated"], select.system)
        return chosen

    @cached_property
    def emails(self) -> pd.DataFrame:
        """The selected emails."""
        return self.result.emails if self._chosen.all() else self.result.emails[self._chosen]

    def with_status(self, *words: str) -> Mask:
        """Which of the selected emails ended the run in one of these statuses."""
        return _equals(self.emails["status"], *words)

    def instants(self, column: pd.Series[Any]) -> Instants:
        """A column of instants as microseconds since the run's start; `NEVER` where it is empty."""
        since_epoch = pd.DatetimeIndex(column).as_unit("us").asi8
        return np.where(since_epoch == NEVER, NEVER, since_epoch - self.result.clock.epoch_us)

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
        return attempts if self._chosen.all() else attempts[self.holds(attempts["email"])]

    def holds(self, emails: pd.Series[Any]) -> Mask:
        """Which cells of a column of email ids are selected emails."""
        return self._chosen[self._rows_of(emails)]

    def _rows_of(self, emails: pd.Series[Any]) -> npt.NDArray[np.intp]:
        """For each cell of a column of email ids the row of the emails table (all emails, selected or not)."""
        ids, codes = (emails.cat.categories, emails.cat.codes) if isinstance(emails.dtype, pd.CategoricalDtype) else (emails, None)
        rows: npt.NDArray[np.intp] = self._index.get_indexer(pd.Index(ids))
        return rows if codes is None else rows[codes.to_numpy()]

    @cached_property
    def _index(self) -> pd.Index[Any]:
        index: pd.Index[Any] = pd.Index(self.result.emails["id"])
        return index

    @cached_property
    def starts(self) -> Instants:
        """When the selected emails' attempts started, in the table's order."""
        return self.instants(self.attempts["started"])

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
        changes = events[_equals(events["event"], "setting_changed")]
        times = self.instants(changes["time"]).tolist()
        return [(time, json.loads(detail)) for time, detail in zip(times, changes["detail"], strict=True) if detail]

    def settings_of(self, connector: str, setting: str) -> list[tuple[int, Any]]:
        """A setting of a connector from each instant on at which it was set."""
        changes = ((time, changed.get("connectors", {}).get(connector, {})) for time, changed in self.settings)
        return [(time, changed[setting]) for time, changed in changes if setting in changed]

    def events(self, connector: str, *words: str) -> pd.DataFrame:
        """A connector's events of these kinds, in the order in which they happened."""
        events = self.result.events
        return events[_equals(events["event"], *words) & _equals(events["connector"], connector)]

    def outages(self, connector: str) -> list[Period]:
        """When the connector was in outage: overlapping and adjoining outages are one period."""
        events = self.events(connector, "outage_began", "outage_ended")
        under_way = np.cumsum(np.where(_equals(events["event"], "outage_began"), 1, -1))
        return _periods(self.instants(events["time"]), under_way > 0, at_start=False)

    def closed(self, connector: str) -> list[Period]:
        """When the connector was disabled. Enabling one that is enabled is an event too, and changes nothing."""
        events = self.events(connector, "connector_disabled", "connector_enabled")
        disabled = _equals(events["event"], "connector_disabled")
        at_start = [not enabled for _, enabled in self.settings_of(connector, "enabled")[:1]]
        return _periods(self.instants(events["time"]), disabled, at_start=any(at_start))

    # Latency ---------------------------------------------------------------------------------------------------------------------

    @cached_property
    def sending(self) -> Incidence | None:
        """The cumulative incidence of being sent, from release; None if no selected email was released."""
        released = self.instants(self.emails["released"])
        sent, cancelled, failed = self.with_status("sent"), self.with_status("cancelled"), self.with_status("failed")
        ended = np.full(released.size, self.horizon, dtype=np.int64)
        left = sent | cancelled
        ended[left] = self.instants(self.emails["finished"])[left]
        ended[failed] = self._last_failures[failed]
        inside = (released != NEVER) & (released <= self.horizon) & (ended >= released)
        if not inside.any():
            return None
        endings = np.where(sent, REACHED, np.where(failed | cancelled, COMPETED, CENSORED))
        return cumulative_incidence((ended - released)[inside], endings[inside])

    @cached_property
    def _last_failures(self) -> Instants:
        """When each selected email last became failed; `NEVER` if it never did.

        The events say it, not the attempts: a connector that gives up fails emails that wait, without an attempt.
        """
        events = self.result.events
        failures = events[_equals(events["event"], "status_changed") & _equals(events["to_status"], "failed")]
        last = np.full(len(self.result.emails), NEVER, dtype=np.int64)
        np.maximum.at(last, self._rows_of(failures["email"]), self.instants(failures["time"]))
        return last[self._chosen]


Run: TypeAlias = "Result | Selected"


def _selected(run: Run, select: Select | None) -> Selected:
    return run if isinstance(run, Selected) else Selected(run, select)


def _equals(column: pd.Series[Any], *values: object) -> Mask:
    """Which cells hold one of the values; an empty cell does not."""
    holds = np.zeros(len(column), dtype=np.bool_)
    for value in values:
        holds |= (column == value).to_numpy(dtype=np.bool_, na_value=False)
    return holds


def _lists(column: pd.Series[Any], name: str) -> Mask:
    """Which cells, lists joined by commas, hold the name."""
    codes, lists = pd.factorize(column)
    holds = np.array([name in str(names).split(",") for names in lists], dtype=np.bool_)
    return np.append(holds, False)[codes]  # an empty cell has the code -1


def _periods(times: Instants, on: Mask, *, at_start: bool) -> list[Period]:
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


def _covered(periods: Iterable[Period], times: Instants) -> Mask:
    """Which of the times lie inside one of the periods (in order, apart from each other)."""
    ends = [NEVER + 1]
    begins = []
    for period in periods:
        begins.append(period.begin)
        ends.append(np.iinfo(np.int64).max if period.end is None else period.end)
    before = np.searchsorted(np.array(begins, dtype=np.int64), times, side="right")
    return times < np.array(ends, dtype=np.int64)[before]


def _ratio(count: float, by: float) -> float | None:
    return count / by if by else None


# Counts -----------------------------------------------------------------------------------------------------------------------------


def submitted(run: Run, select: Select | None = None) -> int:
    """Emails submitted by the end of the run, migrated ones too. Unit: emails."""
    return len(_selected(run, select).emails)


def sent(run: Run, select: Select | None = None) -> int:
    """Emails of status `sent` at the end. Unit: emails."""
    return int(_selected(run, select).with_status("sent").sum())


def failed(run: Run, select: Select | None = None) -> int:
    """Emails of status `failed` at the end (they are still in the outbox). Unit: emails."""
    return int(_selected(run, select).with_status("failed").sum())


def cancelled(run: Run, select: Select | None = None) -> int:
    """Emails of status `cancelled` at the end: undone or cancelled by a person. Unit: emails."""
    return int(_selected(run, select).with_status("cancelled").sum())


def in_outbox(run: Run, select: Select | None = None) -> int:
    """Emails in the outbox at the end: neither sent nor cancelled, in flight included. Unit: emails."""
    return int((~_selected(run, select).with_status("sent", "cancelled")).sum())


def attempts(run: Run, select: Select | None = None) -> int:
    """Attempts started, of every trigger and outcome; suspended ones, those on a disabled connector and in flight too. Unit: attempts."""
    return len(_selected(run, select).attempts)


def wasted_attempts(run: Run, select: Select | None = None) -> int:
    """Attempts that had no chance: started while their connector was in outage or disabled.

    Suspended attempts contacted nobody and are not wasted. An attempt meets a disabled connector exactly if its outcome says so
    (L1 looks at that first); whether an outage was on is read from the outages' events. Unit: attempts.
    """
    selected = _selected(run, select)
    table = selected.attempts
    wasted = _equals(table["outcome"], "connector_disabled")
    for connector in selected.connectors:
        wasted |= _equals(table["connector"], connector) & _covered(selected.outages(connector), selected.starts)
    return int((wasted & ~_equals(table["outcome"], "suspended")).sum())


def peak_attempt_rate(run: Run, select: Select | None = None) -> int:
    """The largest number of attempts that start within any 60 s, [t, t + 60 s). Unit: attempts per minute."""
    return _most_in_a_minute(np.sort(_selected(run, select).starts))


def operator_actions(run: Run, select: Select | None = None) -> int:
    """Emails retried, cancelled, sent now and undone by people, each time an email was; refused actions do not count. Unit: actions."""
    selected = _selected(run, select)
    events = selected.result.events
    described = events[
        _equals(events["event"], "status_changed", "released")
        & (events["detail"].notna() & (events["detail"] != "")).to_numpy(dtype=np.bool_)
    ]
    acted = np.array(["action" in json.loads(detail) for detail in described["detail"]], dtype=np.bool_)
    return int((selected.holds(described["email"]) & acted).sum())


# Ratios -----------------------------------------------------------------------------------------------------------------------------


def attempts_per_sent(run: Run, select: Select | None = None) -> float | None:
    """All attempts ÷ emails sent; None if none was sent. Unit: attempts per email."""
    selected = _selected(run, select)
    return _ratio(attempts(selected), sent(selected))


def give_up_rate(run: Run, select: Select | None = None) -> float | None:
    """Emails that are `failed` at the end ÷ emails submitted; None if none was. Unit: share, 0 to 1."""
    selected = _selected(run, select)
    return _ratio(failed(selected), submitted(selected))


def retry_storm(run: Run, select: Select | None = None) -> float | None:
    """How much heavier the worst minute after an outage is than a usual one before it.

    For each outage that ended within the run (overlapping and adjoining ones of one connector are one), on its connector: the largest
    number of attempts that start in a window of 60 s inside [end, end + 15 min), ÷ the mean number of attempts per minute in the hour
    before the outage's begin, or in the part of that hour that the run has. The largest of these counts. An outage without attempts in
    that hour is skipped; None if none is left. Unit: times the usual rate.
    """
    selected = _selected(run, select)
    ratios: list[float] = []
    for connector in selected.connectors:
        starts = np.sort(selected.starts[_equals(selected.attempts["connector"], connector)])
        ratios += [
            ratio
            for outage in selected.outages(connector)
            if outage.end is not None and (ratio := _storm(starts, outage.begin, outage.end)) is not None
        ]
    return max(ratios, default=None)


def _storm(starts: Instants, begin: int, end: int) -> float | None:
    hour_before = max(begin - HOUR, 0)
    before = _between(starts, hour_before, begin)
    if not before.size:
        return None
    usual = before.size / ((begin - hour_before) / MINUTE)
    return _most_in_a_minute(_between(starts, end, end + 15 * MINUTE)) / usual


def _between(times: Instants, begin: int, end: int) -> Instants:
    """Those of the ascending times that lie in [begin, end)."""
    first, last = np.searchsorted(times, [begin, end], side="left")
    return times[first:last]


def _most_in_a_minute(starts: Instants) -> int:
    """The largest number of the ascending starts within 60 s: it is reached by a window that begins with one of them.

    (Near the end of a stretch that window may reach past it, where no starts are: shifted back it holds at least as many.)
    """
    return int((np.searchsorted(starts, starts + MINUTE, side="left") - np.arange(starts.size)).max(initial=0))


def connector_load(run: Run, select: Select | None = None) -> float | None:
    """Busy slot time ÷ (capacity × up time) of one connector: the selected one, or the only one.

    Busy is the time in which attempts that tried to reach the server held a slot, up to the end of the run; up is a connector that is
    enabled and not in outage. A capacity that changes counts for as long as it held. None if the connector is unlimited (at any time)
    or never up. Unit: share; above 1 if slots were held in outages.

    Raises
    ------
    MetricError
        The scenario has several connectors and none is selected.
    """
    selected = _selected(run, select)
    if len(selected.connectors) != 1:
        known = ", ".join(selected.connectors)
        raise MetricError(f"connector_load is the load of one connector; write `select: {{connector: NAME}}` (here: {known})")
    (connector,) = selected.connectors
    available = _slot_time(selected, connector)
    if available is None:
        return None
    table = selected.attempts
    busy = _equals(table["contacted"], True) & _equals(table["connector"], connector)
    ended = selected.instants(table["ended"])[busy]
    until = np.where(ended == NEVER, selected.horizon, np.minimum(ended, selected.horizon))
    return _ratio(int((until - selected.starts[busy]).sum()), available)


def _slot_time(selected: Selected, connector: str) -> int | None:
    """Slots × time in which the connector was up; None if it was unlimited at any time."""
    capacities = selected.settings_of(connector, "capacity")
    if not capacities or any(capacity is None for _, capacity in capacities):
        return None
    down = [*selected.outages(connector), *selected.closed(connector)]
    edges = {0, selected.horizon, *(begin for begin, _ in capacities), *(period.begin for period in down)}
    edges |= {period.end for period in down if period.end is not None}
    times = np.array(sorted(edges), dtype=np.int64)
    begins = times[:-1]
    up = ~(_covered(selected.outages(connector), begins) | _covered(selected.closed(connector), begins))
    since = np.array([begin for begin, _ in capacities], dtype=np.int64)
    slots = np.array([capacity for _, capacity in capacities], dtype=np.int64)[np.searchsorted(since, begins, side="right") - 1]
    return int((np.diff(times) * slots * up).sum())


# Durations --------------------------------------------------------------------------------------------------------------------------


def delivered_within(run: Run, duration: int, select: Select | None = None) -> float | None:
    """The share of emails that are sent within `duration` (µs) of their release.

    Release is the end of the undo window, the scheduled time, or send now. Emails that left before their release, are released after
    the end of the run, or never (migrated) stay outside. The share is the Aalen-Johansen cumulative incidence of `sent` at `duration`:
    `failed` (at the last failure) and `cancelled` compete, emails of another status are censored at the end of the run. None if no
    email was released. Unit: share, 0 to 1.
    """
    sending = _selected(run, select).sending
    return None if sending is None else sending.at(duration)


def latency(run: Run, share: float, select: Select | None = None) -> int | None:
    """The time from release to acceptance that `share` of the emails keep.

    The smallest t at which the cumulative incidence of `sent` (see `delivered_within`) is at least `share`; None if it never is: so
    many emails fail, are cancelled, or are still waiting. Unit: µs.
    """
    sending = _selected(run, select).sending
    return None if sending is None else sending.quantile(share)


def latency_p50(run: Run, select: Select | None = None) -> int | None:
    """The median of `latency`: half of the released emails are sent within it; None if never. Unit: µs."""
    return latency(run, 0.50, select)


def latency_p95(run: Run, select: Select | None = None) -> int | None:
    """The 95 % quantile of `latency`; None if fewer than 95 % of the released emails are ever sent. Unit: µs."""
    return latency(run, 0.95, select)


def latency_p99(run: Run, select: Select | None = None) -> int | None:
    """The 99 % quantile of `latency`; None if fewer than 99 % of the released emails are ever sent. Unit: µs."""
    return latency(run, 0.99, select)


def backlog_drain(run: Run, select: Select | None = None) -> int | None:
    """How long it takes after an outage until the outbox is as small as just before it.

    For each outage that ended within the run (overlapping and adjoining ones of one connector are one): from its end to the first
    instant, its end included, after which no more emails are in the outbox than just before its begin. The longest counts; None if no
    outage ended, or if the outbox does not get back after one of them. Unit: µs.
    """
    selected = _selected(run, select)
    drains: list[int] = []
    for connector in selected.connectors:
        for outage in selected.outages(connector):
            if outage.end is None:
                continue
            drain = _drain(*selected.outbox_changes, outage.begin, outage.end)
            if drain is None:
                return None
            drains.append(drain)
    return max(drains, default=None)


def _drain(times: Instants, sizes: npt.NDArray[np.int64], begin: int, end: int) -> int | None:
    before, at_end = np.searchsorted(times, begin, side="left"), np.searchsorted(times, end, side="right")
    size_before = sizes[before - 1] if before else 0
    if (sizes[at_end - 1] if at_end else 0) <= size_before:
        return 0
    first, step = int(at_end), 1024
    while first < times.size:  # in growing pieces: most backlogs drain soon, and there may be many outages
        small = sizes[first : first + step] <= size_before
        if small.any():
            return int(times[first + int(small.argmax())]) - end
        first, step = first + step, 2 * step
    return None


# By name ----------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as files name it: its function, and what kind of value it gives (`number` has no unit, `duration` is µs)."""

    name: str
    kind: Kind
    function: Callable[..., Value]


_KINDS: Final[Mapping[Kind, Sequence[Callable[..., Value]]]] = {
    "count": (submitted, sent, failed, cancelled, in_outbox, attempts, wasted_attempts, peak_attempt_rate, operator_actions),
    "number": (attempts_per_sent, retry_storm),
    "share": (give_up_rate, connector_load, delivered_within),
    "duration": (latency_p50, latency_p95, latency_p99, backlog_drain),
}

#: In the order of the specification.
METRICS: Final[Mapping[str, Metric]] = {
    name: next(Metric(name, kind, function) for kind, functions in _KINDS.items() for function in functions if function.__name__ == name)
    for name in (
        *("submitted", "sent", "failed", "cancelled", "in_outbox", "attempts", "attempts_per_sent", "wasted_attempts"),
        *("delivered_within", "latency_p50", "latency_p95", "latency_p99", "give_up_rate", "peak_attempt_rate", "retry_storm"),
        *("backlog_drain", "connector_load", "operator_actions"),
    )
}

_WITHIN: Final = re.compile(r"\s*delivered_within\s*\((?P<duration>[^()]*)\)\s*")


def kind_of(name: str) -> Kind:
    """What kind of value a metric gives, by its name as files write it: `sent`, `delivered_within(15 min)`."""
    return _named(name)[0].kind


def metric(run: Run, name: str, select: Select | None = None) -> Value:
    """A metric by its name as files write it.

    Parameters
    ----------
    run
        A run's result, or a `Selected` one (`select` is then its).
    name
        Such as ``sent`` or ``delivered_within(15 min)``.
    select
        Which emails count; None for all.

    Returns
    -------
    int, float or None
        Counts are int, durations int µs, numbers and shares float; None where the metric has no value.

    Raises
    ------
    MetricError
        No such metric, or it cannot be asked like this.
    """
    named, parameters = _named(name)
    return named.function(_selected(run, select), *parameters)


def duration_of(name: str) -> int | None:
    """The duration (µs) that a metric's name asks about, ``delivered_within(15 min)``; None if it is another metric."""
    within = _WITHIN.fullmatch(name)
    return parse_duration(within["duration"].strip()) if within else None


def _named(name: str) -> tuple[Metric, tuple[int, ...]]:
    duration = duration_of(name)
    if duration is not None:
        return METRICS["delivered_within"], (duration,)
    if name not in METRICS:
        raise MetricError(f"'{name}' is no metric; write one of {', '.join(METRICS)}")
    if name == "delivered_within":
        raise MetricError("delivered_within needs a duration; write for example 'delivered_within(15 min)'")
    return METRICS[name], ()
