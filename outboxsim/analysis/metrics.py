"""The metrics of spec/scenario.md section 3: each one function from a run's tables to a number, defined in words in its docstring.

Every metric takes a `Result` (or a `Selected` one, where many metrics of one run are asked: it computes what they share only once) and
a selection of emails. Attempts, latencies and the size of the outbox are then those of the selected emails; a selected connector also
limits whose outages are looked at. Instants and durations are whole microseconds, as everywhere inside; windows cover [from, until).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from outboxsim.analysis.columns import NEVER, covered, equals
from outboxsim.analysis.outage_costs import drain_after, most_in_a_minute, storm_after, wasted
from outboxsim.analysis.selection import Run, Selected, selection_of
from outboxsim.errors import OutboxsimError
from outboxsim.quantities import parse_duration

if TYPE_CHECKING:
    from outboxsim.scenario import Select

Kind: TypeAlias = Literal["count", "number", "share", "duration"]
Value: TypeAlias = int | float | None


class MetricError(OutboxsimError, ValueError):
    """A metric that is unknown or cannot be asked like this; the message says what would be right."""


def _ratio(count: float, by: float) -> float | None:
    return count / by if by else None


# Counts -----------------------------------------------------------------------------------------------------------------------------


def submitted(run: Run, select: Select | None = None) -> int:
    """Emails submitted by the end of the run, migrated ones too. Unit: emails."""
    return len(selection_of(run, select).emails)


def sent(run: Run, select: Select | None = None) -> int:
    """Emails of status `sent` at the end. Unit: emails."""
    return int(selection_of(run, select).with_status("sent").sum())


def failed(run: Run, select: Select | None = None) -> int:
    """Emails of status `failed` at the end (they are still in the outbox). Unit: emails."""
    return int(selection_of(run, select).with_status("failed").sum())


def cancelled(run: Run, select: Select | None = None) -> int:
    """Emails of status `cancelled` at the end: undone or cancelled by a person. Unit: emails."""
    return int(selection_of(run, select).with_status("cancelled").sum())


def in_outbox(run: Run, select: Select | None = None) -> int:
    """Emails in the outbox at the end: neither sent nor cancelled, in flight included. Unit: emails."""
    return int((~selection_of(run, select).with_status("sent", "cancelled")).sum())


def attempts(run: Run, select: Select | None = None) -> int:
    """Attempts started, of every trigger and outcome; suspended ones, those on a disabled connector and in flight too. Unit: attempts."""
    return len(selection_of(run, select).attempts)


def wasted_attempts(run: Run, select: Select | None = None) -> int:
    """Attempts that had no chance: started while their connector was in outage or disabled.

    Suspended attempts contacted nobody and are not wasted. An attempt meets a disabled connector exactly if its outcome says so
    (L1 looks at that first); whether an outage was on is read from the outages' events. Unit: attempts.
    """
    return int(wasted(selection_of(run, select)).sum())


def peak_attempt_rate(run: Run, select: Select | None = None) -> int:
    """The largest number of attempts that start within any 60 s, [t, t + 60 s). Unit: attempts per minute."""
    return most_in_a_minute(np.sort(selection_of(run, select).starts))[0]


def operator_actions(run: Run, select: Select | None = None) -> int:
    """Emails retried, cancelled, sent now and undone by people, each time an email was; refused actions do not count. Unit: actions."""
    selected = selection_of(run, select)
    events = selected.result.events
    described = events[
        equals(events["event"], "status_changed", "released")
        & (events["detail"].notna() & (events["detail"] != "")).to_numpy(dtype=np.bool_)
    ]
    acted = np.array(["action" in json.loads(detail) for detail in described["detail"]], dtype=np.bool_)
    return int((selected.holds(described["email"]) & acted).sum())


# Ratios -----------------------------------------------------------------------------------------------------------------------------


def attempts_per_sent(run: Run, select: Select | None = None) -> float | None:
    """All attempts ÷ emails sent; None if none was sent. Unit: attempts per email."""
    selected = selection_of(run, select)
    return _ratio(attempts(selected), sent(selected))


def give_up_rate(run: Run, select: Select | None = None) -> float | None:
    """Emails that are `failed` at the end ÷ emails submitted; None if none was. Unit: share, 0 to 1."""
    selected = selection_of(run, select)
    return _ratio(failed(selected), submitted(selected))


def retry_storm(run: Run, select: Select | None = None) -> float | None:
    """How much heavier the worst minute after an outage is than a usual one before it.

    For each outage that ended within the run (overlapping and adjoining ones of one connector are one), on its connector: the largest
    number of attempts that start in a window of 60 s inside [end, end + 15 min), ÷ the mean number of attempts per minute in the hour
    before the outage's begin, or in the part of that hour that the run has. The largest of these counts. An outage without attempts in
    that hour is skipped; None if none is left. Unit: times the usual rate.
    """
    selected = selection_of(run, select)
    storms = [
        storm
        for connector in selected.connectors
        for outage in selected.outages(connector)
        if (storm := storm_after(selected, connector, outage)) is not None
    ]
    return max((storm.ratio for storm in storms), default=None)


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
    selected = selection_of(run, select)
    if len(selected.connectors) != 1:
        known = ", ".join(selected.connectors)
        raise MetricError(f"connector_load is the load of one connector; write `select: {{connector: NAME}}` (here: {known})")
    (connector,) = selected.connectors
    available = _slot_time(selected, connector)
    if available is None:
        return None
    table = selected.attempts
    busy = equals(table["contacted"], True) & equals(table["connector"], connector)
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
    up = ~(covered(selected.outages(connector), begins) | covered(selected.closed(connector), begins))
    since = np.array([begin for begin, _ in capacities], dtype=np.int64)
    slots = np.array([capacity for _, capacity in capacities], dtype=np.int64)[np.searchsorted(since, begins, side="right") - 1]
    return int((np.diff(times) * slots * up).sum())


# Durations --------------------------------------------------------------------------------------------------------------------------


def delivered_within(run: Run, duration: int, select: Select | None = None) -> float | None:
    """The share of emails that are sent within `duration` (µs) of their release.

    Release is the end of the undo window, the scheduled time, or send now. Emails that left before their release, are released after
    the end of the run, or never (migrated) stay outside. The share is the Aalen-Johansen cumulative incidence of `sent` at `duration`:
    `failed` (at the last failure) and `cancelled` compete, emails of another status are censored at the end of the run. None if no
    email was released. Unit: share, 0 to 1. Source of the estimator: Aalen and Johansen 1978, see `outboxsim.analysis.incidence`.
    """
    sending = selection_of(run, select).sending
    return None if sending is None else sending.at(duration)


def latency(run: Run, share: float, select: Select | None = None) -> int | None:
    """The time from release to acceptance that `share` of the emails keep.

    The smallest t at which the cumulative incidence of `sent` (the estimator of `delivered_within`) is at least `share`; None if it
    never is: so many emails fail, are cancelled, or are still waiting. Unit: µs.
    """
    sending = selection_of(run, select).sending
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
    selected = selection_of(run, select)
    drains: list[int] = []
    for connector in selected.connectors:
        for outage in selected.outages(connector):
            if outage.end is None:
                continue
            drain = drain_after(selected, outage)
            if drain is None:
                return None
            drains.append(drain)
    return max(drains, default=None)


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
    return named.function(selection_of(run, select), *parameters)


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
