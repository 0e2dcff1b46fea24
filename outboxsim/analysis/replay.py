"""The outbox at any instant, rebuilt from events alone (spec/scenario.md section 5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from outboxsim.engine.trace import Event, EventKind
from outboxsim.outbox import People, Priority, SendStatus, View, WorkItemDesk

_NOTHING = -1


class Emails(Protocol):
    """What never changes about the emails of a result, by row."""

    def id_of(self, email: int) -> str:
        """The id."""
        ...

    def row_of(self, email_id: str) -> int | None:
        """The row of an id."""
        ...

    def sender_of(self, email: int) -> str | None:
        """The sending user."""
        ...

    def is_system(self, email: int) -> bool:
        """Whether the system generated it."""
        ...

    def subject_of(self, email: int) -> str:
        """The subject."""
        ...

    def to_of(self, email: int) -> str:
        """The recipients, joined by a comma and a blank."""
        ...

    def priority_of(self, email: int) -> Priority:
        """The priority."""
        ...

    def work_item_name(self, code: int) -> str:
        """The work item of a code."""
        ...

    @property
    def connectors(self) -> Sequence[str]:
        """Connectors by code."""
        ...


@dataclass(frozen=True, slots=True)
class EmailState:
    """What the page shows of an email at an instant; instants in microseconds since the start, None where there is none."""

    id: str
    status: SendStatus
    attempts: int
    next_attempt: int | None
    last_attempt: int | None
    logged: int | None
    last_error: str | None
    connector: str
    in_flight: bool
    sender: str | None
    subject: str
    to: str
    work_item: str | None
    system: bool
    priority: Priority


@dataclass(slots=True)
class _Row:
    """An email while events are replayed."""

    status: SendStatus
    connector: int
    due: int
    work_item: str | None
    attempts: int = 0
    last_attempt: int = _NOTHING
    logged: int = _NOTHING
    last_error: str | None = None
    in_flight: bool = False
    probes: bool = False  # a person asked for the next attempt: it does not wait for its connector


class Replay:
    """Replays events up to an instant and answers what was so then.

    Parameters
    ----------
    events
        In the order in which they happened; the first holds the initial settings.
    emails
        What never changes about the emails.
    """

    def __init__(self, events: Iterable[Event], emails: Emails) -> None:
        self._events: Iterator[Event] = iter(events)
        self._waiting = next(self._events, None)
        self._emails = emails
        self._rows: dict[int, _Row] = {}
        self._enabled: dict[str, bool] = {}
        self._next_try: dict[int, int] = {}
        self.people = People({})

    def advance_to(self, instant: int) -> None:
        """Replay everything up to and at an instant; instants only go up."""
        while self._waiting is not None and self._waiting.time <= instant:
            self._apply(self._waiting)
            self._waiting = next(self._events, None)

    def instants(self) -> Iterator[tuple[int, set[int]]]:
        """Replay instant by instant: after each, the instant and the rows about which something may have changed."""
        while self._waiting is not None:
            instant, touched = self._waiting.time, set[int]()
            while self._waiting is not None and self._waiting.time == instant:
                touched |= self._apply(self._waiting)
                self._waiting = next(self._events, None)
            yield instant, touched

    # What was so

    def email(self, email_id: str) -> EmailState | None:
        """An email, None if it is not submitted yet or unknown."""
        row = self._emails.row_of(email_id)
        return None if row is None else self.state(row)

    def state(self, email: int) -> EmailState | None:
        """The state of a row, None if it is not submitted yet."""
        row = self._rows.get(email)
        if row is None:
            return None
        emails = self._emails
        return EmailState(
            id=emails.id_of(email),
            status=row.status,
            attempts=row.attempts,
            next_attempt=_or_none(self._shown_next_attempt(row)),
            last_attempt=_or_none(row.last_attempt),
            logged=_or_none(row.logged),
            last_error=row.last_error,
            connector=emails.connectors[row.connector],
            in_flight=row.in_flight,
            sender=emails.sender_of(email),
            subject=emails.subject_of(email),
            to=emails.to_of(email),
            work_item=row.work_item,
            system=emails.is_system(email),
            priority=emails.priority_of(email),
        )

    def outbox(self, user: str | None = None, view: View | str | None = None) -> list[EmailState]:
        """What a user's view showed, in order of submission; the view left out: the user's own; without a user, everything."""
        chosen = View(view) if view is not None else None
        if user is not None and chosen is None:
            chosen = self.people.view_of(user)
        rows = (email for email, row in sorted(self._rows.items()) if row.status.in_outbox and self._shows(chosen, user, email, row))
        return [state for state in map(self.state, rows) if state is not None]

    def _shows(self, view: View | None, user: str | None, email: int, row: _Row) -> bool:
        if user is None or view is None:
            return True
        return self.people.shows(view, user, self._emails.sender_of(email), row.work_item, system=self._emails.is_system(email))

    def connector_enabled(self, name: str) -> bool:
        """Whether a connector was enabled; raises `KeyError` if there is none of that name."""
        return self._enabled[name]

    def size(self) -> int:
        """How many emails were in the outbox."""
        return sum(row.status.in_outbox for row in self._rows.values())

    def _shown_next_attempt(self, row: _Row) -> int:
        next_try = self._next_try.get(row.connector)
        if next_try is None or row.due == _NOTHING or row.probes:
            return row.due
        return max(row.due, next_try)

    # Replaying

    def _apply(self, event: Event) -> set[int]:
        """Apply one event; the rows about which something may have changed."""
        detail = event.detail or {}
        match event.kind:
            case EventKind.SUBMITTED:
                work_item = self._emails.work_item_name(detail["work_item"]) if "work_item" in detail else None
                row = _Row(SendStatus(event.to_status), event.connector, detail.get("next_attempt", _NOTHING), work_item)
                if row.status is SendStatus.FAILED:
                    row.logged = event.time  # migrated
                self._rows[event.email] = row
            case EventKind.RELEASED | EventKind.STATUS_CHANGED:
                self._move(self._rows[event.email], event, detail)
            case EventKind.ATTEMPT_STARTED:
                row = self._rows[event.email]
                row.attempts, row.last_attempt, row.in_flight, row.due, row.probes = detail["attempt"], event.time, True, _NOTHING, False
            case EventKind.ATTEMPT_ENDED:
                return self._end_attempt(event, detail)
            case EventKind.CONNECTOR_ENABLED | EventKind.CONNECTOR_DISABLED:
                self._enabled[self._emails.connectors[event.connector]] = event.kind is EventKind.CONNECTOR_ENABLED
            case EventKind.SETTING_CHANGED:
                self._set(detail)
            case EventKind.WORK_ITEM_MERGED:
                return self._merge(detail["work_item"], detail["merged"])
            case EventKind.WORK_ITEM_ASSIGNED:
                self.people.assign(detail["work_item"], detail["assignee"])
            case _:
                pass
        return {event.email}

    def _move(self, row: _Row, event: Event, detail: dict[str, Any]) -> None:
        if event.to_status != _NOTHING:
            row.status = SendStatus(event.to_status)
        if row.status not in (SendStatus.QUEUED, SendStatus.PENDING_RETRY):
            row.due = _NOTHING
        if "next_attempt" in detail:
            row.due, row.probes = detail["next_attempt"], "action" in detail

    def _end_attempt(self, event: Event, detail: dict[str, Any]) -> set[int]:
        row = self._rows[event.email]
        row.in_flight = False
        if "error" in detail:
            row.last_error = detail["error"]
        if detail["outcome"] != "accepted" and row.logged == _NOTHING:
            row.logged = event.time
        row.due = detail.get("next_attempt", _NOTHING)
        if "connector_next_try" not in detail:
            return {event.email}
        next_try = detail["connector_next_try"]
        touched = {email for email, other in self._rows.items() if other.connector == event.connector and other.due != _NOTHING}
        if next_try is None:
            self._clear_next_try(event, touched)
        else:
            self._next_try[event.connector] = next_try
            row.due = event.time if row.due != _NOTHING else _NOTHING
        return touched | {event.email}

    def _clear_next_try(self, event: Event, waiting: set[int]) -> None:
        """The connector answered, or its pattern gave up: what waited for it is due now."""
        if self._next_try.pop(event.connector, None) is None:
            return
        for email in waiting - {event.email}:
            row = self._rows[email]
            if not row.probes:
                row.due = event.time if row.due <= event.time else row.due

    def _set(self, detail: dict[str, Any]) -> None:
        if "teams" in detail:
            self.people = People({name: (team["leaders"], team["members"]) for name, team in detail["teams"].items()})
            self.people.work_items.update(
                {name: WorkItemDesk(item["team"], item["assignee"]) for name, item in detail["work_items"].items()}
            )
            self._enabled = {name: connector["enabled"] for name, connector in detail["connectors"].items()}
        for name, user in detail.get("users", {}).items():
            if user.get("view") is not None:
                self.people.views[name] = View(user["view"])
            if "access" in user:
                access = user["access"] or ()
                self.people.access[name] = "all" if access == "all" else frozenset(access)
            if "admin" in user:
                (self.people.admins.add if user["admin"] else self.people.admins.discard)(name)

    def _merge(self, first: str, others: list[str]) -> set[int]:
        moved = {email for email, row in self._rows.items() if row.work_item in others}
        for email in moved:
            self._rows[email].work_item = first
        return moved


def _or_none(instant: int) -> int | None:
    return None if instant == _NOTHING else instant
