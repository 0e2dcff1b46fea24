"""The tables of a report: attempts and failures by connector, by error, by attempt number, by hour and by team.

Each is one function from a run to a DataFrame; durations are Timedelta, instants local, shares between 0 and 1. A *failure* is an attempt
that was made and came to nothing: transient or permanent, on a connector that was disabled, or suspended by a breaker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from outboxsim.analysis.columns import NEVER, Mask, equals, lists
from outboxsim.analysis.metrics import METRICS, MetricError, connector_load, kind_of, latency, metric
from outboxsim.analysis.selection import Selected
from outboxsim.analysis.showing import in_unit
from outboxsim.outbox import Outcome, SendStatus

#: Outcomes of attempts that came to nothing.
FAILURES: Final = (Outcome.TRANSIENT, Outcome.PERMANENT, Outcome.CONNECTOR_DISABLED, Outcome.SUSPENDED)
#: `delivered_within` is told for these.
WITHIN: Final = ("1 min", "15 min", "1 h")
HOURS: Final = 24

_UNITS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("submitted", "sent", "failed", "cancelled", "in_outbox"), "emails"),
    **dict.fromkeys(("attempts", "wasted_attempts"), "attempts"),
    "attempts_per_sent": "attempts per email",
    "peak_attempt_rate": "attempts per min",
    "retry_storm": "times the usual rate",
    "operator_actions": "actions",
}


def metrics_table(selected: Selected) -> pd.DataFrame:
    """Every metric of spec/scenario.md section 3: `metric`, `value` (nan where it has none), `unit` (durations are in s)."""
    names = [asked for name in METRICS for asked in ([f"{name}({one})" for one in WITHIN] if name == "delivered_within" else [name])]
    rows = [(name, _value(selected, name), _unit(name)) for name in names]
    return pd.DataFrame(rows, columns=["metric", "value", "unit"]).astype({"metric": "str", "value": "float64", "unit": "str"})


def _value(selected: Selected, name: str) -> float:
    try:
        value = metric(selected, name)
    except MetricError:  # the load of one connector, where there are several
        return np.nan
    return np.nan if value is None else in_unit(value, name)


def _unit(name: str) -> str:
    kind = kind_of(name)
    return _UNITS.get(name, {"duration": "s", "share": "share"}.get(kind, ""))


def by_status(selected: Selected) -> pd.DataFrame:
    """Emails by their status at the end: `status`, `emails`, `share`."""
    numbers = np.array([int(selected.with_status(status.word).sum()) for status in SendStatus])
    return pd.DataFrame({"status": list(SendStatus.words()), "emails": numbers, "share": numbers / max(numbers.sum(), 1)})


def by_connector(selected: Selected) -> pd.DataFrame:
    """One row per connector.

    `connector`; `attempts` on it by outcome (`accepted`, `transient`, `permanent`, `connector_disabled`, `suspended`, `in_flight`) and
    `failure_share`; `emails` that are its own at the end, and `sent` of them, with `latency_p50` and `latency_p95`; `outages`, `in_outage`,
    `disabled` (the times together); `load` (nan if it is unlimited).
    """
    rows = [_connector_row(selected, connector) for connector in selected.connectors]
    return pd.DataFrame(rows, columns=_CONNECTOR_COLUMNS).astype(_types(_CONNECTOR_COLUMNS))


_CONNECTOR_COLUMNS: Final = (
    *("connector", "attempts", *Outcome.words(), "in_flight", "failure_share", "emails", "sent", "latency_p50", "latency_p95"),
    *("outages", "in_outage", "disabled", "load"),
)


def _connector_row(selected: Selected, connector: str) -> dict[str, Any]:
    own = selected.narrowed(equals(selected.result.emails["connector"], connector))
    outages, closed = selected.outages(connector), selected.closed(connector)
    spans = [sum((selected.horizon if one.end is None else one.end) - one.begin for one in periods) for periods in (outages, closed)]
    return {
        "connector": connector,
        **_attempts_row(selected, equals(selected.attempts["connector"], connector)),
        "emails": len(own.emails),
        "sent": int(own.with_status("sent").sum()),
        "latency_p50": _duration(latency(own, 0.5)),
        "latency_p95": _duration(latency(own, 0.95)),
        "outages": len(outages),
        "in_outage": _duration(spans[0]),
        "disabled": _duration(spans[1]),
        "load": _load(selected, connector),
    }


def _load(selected: Selected, connector: str) -> float:
    load = connector_load(selected.narrowed(selected.chosen, connector))
    return np.nan if load is None else load


def by_error(selected: Selected) -> pd.DataFrame:
    """One row per error, the most frequent first.

    `error` (the server's or the network's words), `outcome`, `code` (of SMTP, if it was a reply), `attempts`, `share` (of all failures),
    `emails` (that met it), `connectors` (joined by a comma), `first`, `last` (when such an attempt started).
    """
    table = selected.attempts
    failures = table[equals(table["outcome"], *(outcome.word for outcome in FAILURES))]
    keyed = failures.assign(error=failures["error"].astype(object).where(failures["error"].notna(), ""))
    groups = keyed.groupby(["error", "outcome"], observed=True, sort=False)
    found = groups.agg(
        code=("code", "first"), attempts=("email", "size"), emails=("email", "nunique"), first=("started", "min"), last=("started", "max")
    ).reset_index()
    names = groups["connector"].agg(lambda column: ", ".join(sorted(map(str, column.unique()))))
    found["connectors"] = list(names)
    found["share"] = found["attempts"] / max(len(failures), 1)
    found = found.sort_values(["attempts", "error"], ascending=[False, True], ignore_index=True)
    types = {"error": "str", "outcome": "str", "connectors": "str"}
    return found[["error", "outcome", "code", "attempts", "share", "emails", "connectors", "first", "last"]].astype(types)


def by_attempt_number(selected: Selected) -> pd.DataFrame:
    """One row per attempt number: what first attempts came to, what second ones, and so on.

    `attempt`, `attempts` by outcome as in `by_connector`, `failure_share`; `sent_so_far`: the share of all emails that were sent by an
    attempt of at most this number.
    """
    numbers = selected.attempts["attempt"].to_numpy()
    emails = max(len(selected.emails), 1)
    rows: list[dict[str, Any]] = []
    sent = 0
    for number in np.unique(numbers).tolist():
        row = _attempts_row(selected, numbers == number)
        sent += row[Outcome.ACCEPTED.word]
        rows.append({"attempt": number, **row, "sent_so_far": sent / emails})
    columns = ("attempt", "attempts", *Outcome.words(), "in_flight", "failure_share", "sent_so_far")
    return pd.DataFrame(rows, columns=columns).astype(_types(columns))


def by_hour(selected: Selected) -> pd.DataFrame:
    """One row per hour of the day, local time: `hour` (0 to 23), `submitted`, `sent` (emails), `attempts`, `failures`, `failure_share`."""
    failures = equals(selected.attempts["outcome"], *(outcome.word for outcome in FAILURES))
    started = selected.attempts["started"]
    sent = selected.emails["finished"][selected.with_status("sent")]
    table = pd.DataFrame(
        {
            "hour": np.arange(HOURS),
            "submitted": _hours(selected.emails["submitted"]),
            "sent": _hours(sent),
            "attempts": _hours(started),
            "failures": _hours(started[failures]),
        }
    )
    return table.assign(failure_share=table["failures"] / table["attempts"].where(table["attempts"] > 0))


def failures_by_hour(selected: Selected) -> pd.DataFrame:
    """Failures by connector (rows) and local hour of the day (columns, 0 to 23)."""
    table = selected.attempts
    failures = equals(table["outcome"], *(outcome.word for outcome in FAILURES))
    rows = [_hours(table["started"][failures & equals(table["connector"], connector)]) for connector in selected.connectors]
    index = pd.Index(list(selected.connectors), name="connector", dtype="str")
    return pd.DataFrame(np.array(rows, dtype=np.int64).reshape(len(index), HOURS), index=index, columns=pd.RangeIndex(HOURS, name="hour"))


def _hours(instants: pd.Series[Any]) -> Any:
    return np.bincount(instants.dropna().dt.hour.to_numpy(dtype=np.int64), minlength=HOURS)


def by_team(selected: Selected) -> pd.DataFrame:
    """One row per team; an email of a sender with several teams counts in each, one without a team in the last row (`team` is empty).

    `team`, `emails`, `sent`, `failed`, `cancelled`, `in_outbox` (all by their status at the end, `failed` ones are in the outbox too),
    `attempts`, `failures`, `attempts_per_sent`, `latency_p50`, `latency_p95`.
    """
    column = selected.result.emails["team"]
    names = dict.fromkeys(name for names in pd.unique(selected.emails["team"].dropna()) for name in str(names).split(",") if name)
    rows = [_team_row(name, selected.narrowed(lists(column, name))) for name in names]
    without = selected.narrowed((column.isna() | equals(column, "")).to_numpy(dtype=np.bool_))
    if len(without.emails):
        rows.append(_team_row("", without))
    return pd.DataFrame(rows, columns=_TEAM_COLUMNS).astype(_types(_TEAM_COLUMNS))


_TEAM_COLUMNS: Final = (
    *("team", "emails", "sent", "failed", "cancelled", "in_outbox", "attempts", "failures", "attempts_per_sent"),
    *("latency_p50", "latency_p95"),
)


def _team_row(name: str, team: Selected) -> dict[str, Any]:
    numbers = {status: int(team.with_status(status).sum()) for status in ("sent", "failed", "cancelled")}
    return {
        "team": name,
        "emails": len(team.emails),
        **numbers,
        "in_outbox": len(team.emails) - numbers["sent"] - numbers["cancelled"],
        "attempts": len(team.attempts),
        "failures": int(equals(team.attempts["outcome"], *(outcome.word for outcome in FAILURES)).sum()),
        "attempts_per_sent": len(team.attempts) / numbers["sent"] if numbers["sent"] else np.nan,
        "latency_p50": _duration(latency(team, 0.5)),
        "latency_p95": _duration(latency(team, 0.95)),
    }


# Parts ------------------------------------------------------------------------------------------------------------------------------


def _attempts_row(selected: Selected, those: Mask) -> dict[str, Any]:
    """Some attempts by what came of them."""
    outcomes = selected.attempts["outcome"][those]
    numbers = {outcome.word: int(equals(outcomes, outcome.word).sum()) for outcome in Outcome}
    in_flight = int(outcomes.isna().sum())
    ended = len(outcomes) - in_flight
    failure_share = 1 - numbers[Outcome.ACCEPTED.word] / ended if ended else np.nan
    return {"attempts": len(outcomes), **numbers, "in_flight": in_flight, "failure_share": failure_share}


def _duration(us: int | None) -> np.timedelta64:
    return np.timedelta64(NEVER if us is None else us, "us")


def _types(columns: Sequence[str]) -> dict[str, str]:
    """The type of each column, by its name; a table without rows has them, too."""
    types = {"connector": "str", "team": "str"}
    spans = {"latency_p50", "latency_p95", "in_outage", "disabled"}
    numbers = {"failure_share", "load", "attempts_per_sent", "sent_so_far"}
    kinds = {**dict.fromkeys(spans, "timedelta64[us]"), **dict.fromkeys(numbers, "float64"), **types}
    return {column: kinds.get(column, "int64") for column in columns}
