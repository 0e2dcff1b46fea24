"""Questions about a run that expectations cannot ask: who did what, and whether all of it was done.

Each takes a result (of a run that may still go on) and says whether it is so by now. A lesson's tasks ask them by name
(`QUESTIONS`), in ``holds``; their arguments are texts and numbers, and moments are written as in scenario files.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from outboxsim.outbox import SendStatus, View

if TYPE_CHECKING:
    from outboxsim.analysis import Result

Question = Callable[..., bool]

#: What a person has to deal with: no automatic try will come.
STUCK: Final = (SendStatus.FAILED.word, SendStatus.CONNECTOR_DISABLED.word)


class Happened(NamedTuple):
    """One row of the table of events, with instants in microseconds since the start and empty texts where there is nothing."""

    at: int
    event: str
    email: str
    connector: str
    actor: str
    to_status: str
    detail: Mapping[str, Any]


_COLUMNS: Final = ("event", "email", "connector", "actor", "to_status", "detail")


def happened(result: Result, *, by: str | None = None, since: str | None = None, until: str | None = None) -> Iterator[Happened]:
    """What has happened: done by somebody, from an instant on, before another."""
    begin = 0 if since is None else result.clock.moment(since, horizon=result.horizon)
    end = result.horizon + 1 if until is None else result.clock.moment(until, horizon=result.horizon)
    table = result.events
    table = table if by is None else table[table["actor"] == by]
    start = result.clock.datetime(0)
    instants = ((table["time"] - start).dt.total_seconds() * 1_000_000).round().astype("int64")
    columns = [table[name].astype(object).where(table[name].notna(), "") for name in _COLUMNS]
    for at, event, email, connector, actor, to_status, detail in zip(instants, *columns, strict=True):
        if begin <= at < end:
            yield Happened(at, event, email, connector, actor, to_status, json.loads(detail) if detail else {})


# The questions ----------------------------------------------------------------------------------------------------------------------


def has_done(
    result: Result,
    *,
    action: str,
    by: str | None = None,
    email: str | None = None,
    at_least: int = 1,
    since: str | None = None,
    until: str | None = None,
) -> bool:
    """Whether somebody (or `by`) has retried, cancelled, sent now or undone emails (or this one), so many times."""
    done = [
        row
        for row in happened(result, by=by, since=since, until=until)
        if row.event != "action_refused" and row.detail.get("action") == action and email in (None, row.email)
    ]
    return len(done) >= at_least


def was_refused(result: Result, *, action: str, reason: str, by: str | None = None, email: str | None = None) -> bool:
    """Whether an action was refused to somebody (or to `by`) for this reason."""
    return any(
        row.detail.get("action") == action and row.detail.get("reason") == reason and email in (None, row.email)
        for row in happened(result, by=by)
        if row.event == "action_refused"
    )


def switched(result: Result, *, connector: str, to: str, by: str | None = None, since: str | None = None, until: str | None = None) -> bool:
    """Whether somebody (or `by`) has enabled or disabled a connector."""
    rows = happened(result, by=by, since=since, until=until)
    return any(row.event == f"connector_{to}" and row.connector == connector and row.actor != "system" for row in rows)


def retried_all(
    result: Result,
    *,
    by: str,
    view: str = View.TEAM,
    status: Collection[str] = STUCK,
    at_least: int = 1,
    stuck_since: str = "start",
    stuck_until: str | None = None,
) -> bool:
    """Whether somebody has retried every email that got stuck in a view of his (in a span of time), after it did so last.

    Emails that somebody cancelled are dealt with too, those that another retried are not: it is asked who did it. With fewer than
    `at_least` of them retried it is not so.
    """
    seen = _seen_stuck(result, by, View(view), frozenset(status))
    stuck: dict[str, int] = {}
    retried: dict[str, int] = {}
    # By place in the record: a try that is refused at once ends at the very instant of the retry.
    in_span = {row.at for row in happened(result, since=stuck_since, until=stuck_until)}
    for place, row in enumerate(happened(result)):
        if row.to_status in status and row.email in seen and row.at in in_span:
            stuck[row.email] = place
        elif row.to_status == SendStatus.CANCELLED.word:
            stuck.pop(row.email, None)
        elif row.event == "status_changed" and row.actor == by and row.detail.get("action") == "retry":
            retried[row.email] = place
    return sum(email in retried for email in stuck) >= at_least and all(retried.get(email, -1) > place for email, place in stuck.items())


def _seen_stuck(result: Result, user: str, view: View, status: frozenset[str]) -> set[str]:
    """The emails that a user has had stuck in a view."""
    replay = result.replay()
    return {
        state.id
        for _, touched in replay.instants()
        for state in filter(None, map(replay.state, touched))
        if state.status.word in status and replay.people.shows(view, user, state.sender, state.work_item, system=state.system)
    }


def has_scheduled(result: Result, *, by: str, since: str = "start", until: str = "end", at_least: int = 1) -> bool:
    """Whether somebody has himself scheduled emails, that are not in the scenario, for an instant from `since` to before `until`."""
    begin = result.clock.moment(since, horizon=result.horizon)
    given = {email.id for email in result.scenario.emails} if result.scenario is not None else set()
    end = None if until == "end" else result.clock.moment(until, horizon=result.horizon)
    count = 0
    for row in happened(result, by=by):
        if row.event == "scheduled" and row.email not in given:
            at = result.clock.moment(row.detail["scheduled_for"], horizon=result.horizon)
            count += begin <= at and (end is None or at < end)
    return count >= at_least


def has_set(result: Result, *, by: str, of: str, setting: str) -> bool:
    """Whether somebody has changed a setting of a user or connector, or (`of` scenario) one of all.

    Not at the very start: there the page sets what its users have kept from another time.
    """
    for row in happened(result, by=by):
        if row.event == "setting_changed" and row.at > 0:
            parts = {**row.detail.get("connectors", {}), **row.detail.get("users", {}), "scenario": row.detail}
            if setting in parts.get(of, {}):
                return True
    return False


#: The questions by name.
QUESTIONS: Final[Mapping[str, Question]] = {
    question.__name__: question for question in (has_done, was_refused, switched, retried_all, has_scheduled, has_set)
}


def misfit(question: Question, arguments: Mapping[str, Any]) -> str | None:
    """Why a question cannot be asked with these arguments; None if it can."""
    try:
        inspect.signature(question).bind(None, **arguments)
    except TypeError as error:
        known = ", ".join(list(inspect.signature(question).parameters)[1:])
        return f"{error}; {question.__name__} takes {known}"
    return None
