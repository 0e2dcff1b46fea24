"""What people do: to emails, connectors, settings and work items (spec/outbox.md sections 3, 5 and 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from outboxsim.engine.arrivals import EmailText
from outboxsim.engine.channel import Bucket, Channel, RunningOutage
from outboxsim.engine.composed import Composed, composed_in_file
from outboxsim.engine.dispatch import Dispatch
from outboxsim.engine.store import MIGRATED, NONE, SYSTEM
from outboxsim.engine.trace import Event, EventKind, Phase
from outboxsim.engine.world import TIMELINE_ORDER, World
from outboxsim.outbox import Action, Happening, Priority, Reason, SendStatus, Standing, View, next_status, refusal
from outboxsim.quantities import Constant, Rate, format_duration
from outboxsim.scenario import (
    AssignEntry,
    CancelEntry,
    ConnectorSettings,
    DisableEntry,
    EnableEntry,
    FailureShare,
    Greylisting,
    MergeEntry,
    OutageEntry,
    RetryEntry,
    Selection,
    SendNowEntry,
    SetEntry,
    Settings,
    ShareEntry,
    SplitEntry,
    SubmitEntry,
    TimelineEntry,
    UndoEntry,
    UserSettings,
)

#: What a user changes for himself; access and admin are Builder rights (P3).
_BUILDER_RIGHTS = frozenset({"access", "admin"})

_PAST_TENSE = {"split": "split", "merge": "merged", "share": "shared"}
_WORK_ITEM_EVENTS = {
    "split": EventKind.WORK_ITEM_SPLIT,
    "merge": EventKind.WORK_ITEM_MERGED,
    "share": EventKind.WORK_ITEM_SHARED,
}


@dataclass(frozen=True, slots=True)
class TimelineOutcome:
    """What came of one timeline entry: for each target whether it was refused and why.

    Targets are email ids; connector names for enable, disable and outage; work items for split, share and assign, joined
    by a blank for merge; one empty text for set.
    """

    index: int
    at: int
    targets: tuple[tuple[str, Reason | None], ...]


class Desk:
    """Takes what people ask for, refuses it or does it, and records both."""

    def __init__(self, world: World, dispatch: Dispatch) -> None:
        self.world = world
        self.dispatch = dispatch
        self._outages_by_hand = 0
        self._sent_of: dict[tuple[str, str], int] = {}
        self.rearranged = 0  # how often who sees what has changed

    # The timeline

    def run(self, entry: TimelineEntry) -> TimelineOutcome:
        """Do what a timeline entry says."""
        return TimelineOutcome(entry.index, entry.at, tuple(self._targets(entry)))

    def _targets(self, entry: TimelineEntry) -> Iterable[tuple[str, Reason | None]]:
        by = entry.by
        match entry:
            case RetryEntry() | CancelEntry() | SendNowEntry() | UndoEntry():
                return self.bulk(Action(entry.verb), getattr(entry, entry.verb), by)
            case SubmitEntry():
                self.submit(composed_in_file(self.world.scenario, entry))
                return [(entry.submit.id, None)]
            case EnableEntry():
                return [(entry.enable, self.enable(entry.enable, by))]
            case DisableEntry():
                return [(entry.disable, self.disable(entry.disable, by))]
            case OutageEntry():
                self.outage(entry.outage, entry.until, entry.kind, entry.error, by)
                return [(entry.outage, None)]
            case SetEntry():
                return [("", self.change(entry.set, by))]
            case SplitEntry():
                return [(entry.split, self.work_item("split", (entry.split,), by))]
            case ShareEntry():
                return [(entry.share, self.work_item("share", (entry.share,), by))]
            case MergeEntry():
                return [(" ".join(entry.merge), self.work_item("merge", entry.merge, by))]
            case AssignEntry():
                return [(item, self.assign(item, assignee, by)) for item, assignee in entry.assign.items()]

    def bulk(self, action: Action, target: Selection | tuple[str, ...], by: str | None) -> list[tuple[str, Reason | None]]:
        """One action on several emails: an answer for each, and one refusal stops no other (G3)."""
        ids = self.select(by, target.view, target.status) if isinstance(target, Selection) else target
        return [(email_id, self.act(action, email_id, by)) for email_id in ids]

    # Emails

    def shown(self, user: str | None, view: View | None) -> list[int]:
        """The emails in the outbox that a view of a user shows, in order of submission; nobody sees all."""
        world = self.world
        if user is not None:
            view = view or world.people.view_of(user)
        return [email for email in range(world.submitted_count) if world.store.in_outbox(email) and self._is_shown(email, user, view)]

    def _is_shown(self, email: int, user: str | None, view: View | None) -> bool:
        if user is None or view is None:
            return True
        world = self.world
        system = bool(world.store.flags[email] & SYSTEM)
        return world.people.shows(view, user, world.sender_name(email), world.work_item_name(email), system=system)

    def select(self, user: str | None, view: View | None, status: tuple[SendStatus, ...] | None) -> tuple[str, ...]:
        """The ids of what a user sees in a view, of these statuses."""
        world = self.world
        return tuple(world.text(email).id for email in self.shown(user, view) if status is None or world.store.status[email] in status)

    def standing(self, email: int | None, by: str | None) -> Standing | None:
        """What decides whether an action of `by` on an email is refused."""
        if email is None:
            return None
        world, store = self.world, self.world.store
        sender = world.sender_name(email)
        undo_until = store.undo_until[email]
        return Standing(
            status=SendStatus(store.status[email]),
            in_flight=email in world.flights,
            visible=by is None or world.people.sees(by, sender, world.work_item_name(email)),
            is_sender=by is None or by == sender,
            undo_open=undo_until != NONE and world.now < undo_until and email not in world.trace.released_by_hand,
        )

    def act(self, action: Action, email_id: str, by: str | None) -> Reason | None:
        """Retry, cancel, send now or undo an email; the reason if that is refused."""
        world = self.world
        email = world.find(email_id)
        reason = refusal(action, self.standing(email, by))
        if reason is not None or email is None:
            return self._refuse(str(action), email_id, reason or Reason.UNKNOWN_EMAIL, by, email)
        before = SendStatus(world.store.status[email])
        after = next_status(before, action.happening)
        kind = EventKind.RELEASED if action is Action.SEND_NOW else EventKind.STATUS_CHANGED
        detail: dict[str, Any] = {"action": str(action)}
        if action in (Action.RETRY, Action.SEND_NOW):
            detail["next_attempt"] = world.now
        event = Event(world.now, kind, email, world.store.connector[email], world.codes.user(by), before, after, detail)
        world.trace.fact(Phase.PEOPLE, event)
        if after is SendStatus.CANCELLED:
            world.set_status(email, after)
        else:
            self._try_now(email, after, sent_now=action is Action.SEND_NOW)
        return None

    def _try_now(self, email: int, status: SendStatus, *, sent_now: bool) -> None:
        world, store = self.world, self.world.store
        world.set_status(email, status)
        store.due[email] = world.now
        if sent_now:
            store.release[email] = world.now
            world.trace.released_by_hand[email] = world.now
        world.manual.add(email)
        world.probes.add(email)
        if not sent_now:
            world.retried.add(email)
        self.dispatch.waiting.enqueue(email)

    def _refuse(self, action: str, target: str, reason: Reason, by: str | None, email: int | None = None) -> Reason:
        world = self.world
        detail = {"action": action, "target": target, "reason": str(reason)}
        row = NONE if email is None else email
        world.trace.fact(Phase.PEOPLE, Event(world.now, EventKind.ACTION_REFUSED, row, actor=world.codes.user(by), detail=detail))
        return reason

    def submit(self, email: Composed) -> int:
        """Take an email that comes while the run goes, from the system if nobody sends it; its row."""
        world = self.world
        row = world.submit_own(
            email.text,
            sender=world.codes.user(email.sender),
            work_item=world.codes.work_item(email.work_item),
            connector=world.codes.connectors[email.connector],
            scheduled_for=NONE if email.send_at is None else email.send_at,
            priority=email.priority,
            flags=SYSTEM * (email.sender is None),
        )
        self.dispatch.waiting.enqueue(row)
        return row

    # Connectors

    def channel(self, name: str) -> Channel:
        """A connector by name."""
        return self.world.channels[self.world.codes.connectors[name]]

    def _is_admin(self, by: str | None) -> bool:
        return by is None or by in self.world.people.admins

    def enable(self, name: str, by: str | None) -> Reason | None:
        """Enable a connector; under `on_enable: resume` its emails are tried again."""
        if not self._is_admin(by):
            return self._refuse("enable", name, Reason.NOT_ADMIN, by)
        world, channel = self.world, self.channel(name)
        channel.enabled = True
        channel.reset_counts()
        world.trace.fact(Phase.PEOPLE, Event(world.now, EventKind.CONNECTOR_ENABLED, connector=channel.index, actor=world.codes.user(by)))
        if world.settings.on_enable == "resume":
            self._resume(channel)
        return None

    def _resume(self, channel: Channel) -> None:
        world, store = self.world, self.world.store
        for email in range(world.submitted_count):
            if store.connector[email] != channel.index or store.status[email] != SendStatus.CONNECTOR_DISABLED:
                continue
            limit = channel.attempt_limit
            if store.flags[email] & MIGRATED or (limit is not None and store.attempts[email] >= limit):
                continue  # never tried automatically (E3, B1)
            before = SendStatus.CONNECTOR_DISABLED
            after = next_status(before, Happening.RESUMED)
            world.set_status(email, after)
            store.due[email] = world.now
            detail = {"cause": "the connector was enabled", "next_attempt": world.now}
            world.trace.fact(Phase.PEOPLE, Event(world.now, EventKind.STATUS_CHANGED, email, channel.index, NONE, before, after, detail))
            self.dispatch.waiting.enqueue(email)

    def disable(self, name: str, by: str | None) -> Reason | None:
        """Disable a connector."""
        if not self._is_admin(by):
            return self._refuse("disable", name, Reason.NOT_ADMIN, by)
        self.dispatch.attempting.close(self.channel(name), self.world.codes.user(by), phase=Phase.PEOPLE)
        return None

    def outage(self, name: str, until: int | None, kind: str, error: str, by: str | None = None) -> None:
        """An outage begins now, until an instant or for good."""
        world = self.world
        running = RunningOutage(world.now, TIMELINE_ORDER + self._outages_by_hand, kind, error)
        self._outages_by_hand += 1
        world.begin_outage(self.channel(name), running, until, Phase.PEOPLE, actor=world.codes.user(by))

    # Settings (B1 to B3)

    def change(self, settings: Settings, by: str | None) -> Reason | None:
        """Change Builder settings or a user's own; all of it or, if any of it is refused, nothing."""
        reason = self.why_not_change(settings, by)
        if reason is not None:
            return self._refuse("set", "", reason, by)
        world = self.world
        given = settings.model_fields_set
        if "retry" in given and settings.retry is not None:
            world.retry = settings.retry
        for name in given & {"attempt_limit", "manual_retry", "on_enable"}:
            setattr(world.settings, name, getattr(settings, name))
        for name, changes in (settings.connectors or {}).items():
            self._change_connector(self.channel(name), changes)
        if given - {"users"}:
            self._settle()
        for name, user in (settings.users or {}).items():
            self._change_user(name, user)
        detail = _described(settings)
        world.trace.fact(Phase.PEOPLE, Event(world.now, EventKind.SETTING_CHANGED, actor=world.codes.user(by), detail=detail))
        return None

    def check_shares(self, settings: Settings) -> None:
        """Raise `ValueError` if a connector would fail more often than always."""
        for name, changes in (settings.connectors or {}).items():
            channel = self.channel(name)
            transient = (changes.transient_failure or channel.transient).probability
            permanent = (changes.permanent_failure or channel.permanent).probability
            if transient + permanent > 1:
                raise ValueError(
                    f"transient_failure ({transient:g}) and permanent_failure ({permanent:g}) of {name} are above 1 together; lower one"
                )

    def why_not_change(self, settings: Settings, by: str | None) -> Reason | None:
        """The reason for which settings may not be changed."""
        users = (settings.users or {}).items()
        needs_admin = bool(settings.model_fields_set - {"users"}) or any(user.model_fields_set & _BUILDER_RIGHTS for _, user in users)
        if needs_admin and not self._is_admin(by):
            return Reason.NOT_ADMIN
        if any(user.model_fields_set - _BUILDER_RIGHTS and by not in (None, name) for name, user in users):
            return Reason.NOT_ALLOWED
        return None

    def _change_connector(self, channel: Channel, changes: ConnectorSettings) -> None:
        setters: Mapping[str, Callable[[Any], None]] = {
            "rate_limit": lambda rate: setattr(channel, "bucket", None if rate is None else _new_bucket(channel, rate, self.world.now)),
            "transient_failure": lambda share: setattr(channel, "transient", share),
            "permanent_failure": lambda share: setattr(channel, "permanent", share),
            "retry": lambda pattern: setattr(channel, "own_retry", pattern),
            "attempt_limit": lambda limit: setattr(channel, "own_attempt_limit", limit),
        }
        for name in sorted(changes.model_fields_set):
            value = getattr(changes, name)
            setters.get(name, lambda value, name=name: setattr(channel, name, value))(value)

    def _settle(self) -> None:
        """Let changed settings take effect from now on; who waits for a connector keeps its instant (B3)."""
        world = self.world
        for channel in world.channels:
            scan = channel.scan
            channel.settle(world.retry, world.settings.attempt_limit, world.scenario.scan)
            if channel.hold is not None and channel.pattern.scope == "email":
                self._keep_instants(channel)
            if channel.scan != scan:
                self.dispatch.waiting.enqueue_all(channel)
            self.dispatch.waiting.look_at(channel)

    def _keep_instants(self, channel: Channel) -> None:
        world, store = self.world, self.world.store
        next_try = world.now if channel.hold is None else channel.hold.next_try
        channel.hold = None
        for email in channel.take_held():
            if store.due[email] != NONE:
                store.due[email] = max(next_try, world.now)
                self.dispatch.waiting.enqueue(email)

    def _change_user(self, name: str, changes: UserSettings) -> None:
        world = self.world
        given = changes.model_fields_set
        self.rearranged += 1
        if "view" in given and changes.view is not None:
            world.people.views[name] = changes.view
        if "access" in given:
            access = changes.access or ()
            world.people.access[name] = "all" if access == "all" else frozenset(access)
        if "admin" in given:
            (world.people.admins.add if changes.admin else world.people.admins.discard)(name)
        if "undo_window" in given and changes.undo_window is not None:
            world.give_back_future()
            world.undo_windows[world.codes.user(name)] = changes.undo_window

    # Work items (E2, P3)

    def work_item(self, verb: str, items: tuple[str, ...], by: str | None) -> Reason | None:
        """Split, merge (the others into the first) or share; each sends one system email to the contact."""
        world = self.world
        if by is not None and not all(world.people.works_on(by, item) for item in items):
            return self._refuse(verb, " ".join(items), Reason.NOT_ALLOWED, by)
        first, others = items[0], items[1:]
        detail: dict[str, Any] = {"work_item": first}
        if others:
            detail["merged"] = list(others)
            self._move_emails(first, others)
        world.trace.fact(Phase.PEOPLE, Event(world.now, _WORK_ITEM_EVENTS[verb], actor=world.codes.user(by), detail=detail))
        number = self._sent_of[first, verb] = self._sent_of.get((first, verb), 0) + 1
        item = world.scenario.work_items[first]
        subject = f"{item.type.capitalize()} {first} was {_PAST_TENSE[verb]}"
        text = EmailText(f"{first}-{verb}-{number}", (item.contact,), subject=subject)
        connector = world.scenario.route(None, None)
        self.submit(Composed(text, None, first, connector, None, Priority.NORMAL))
        return None

    def _move_emails(self, first: str, others: tuple[str, ...]) -> None:
        world, store = self.world, self.world.store
        codes = {world.codes.work_items[item] for item in others}
        self.rearranged += 1
        for email in range(world.submitted_count):
            if store.work_item[email] in codes:
                world.trace.first_work_item.setdefault(email, store.work_item[email])
                store.work_item[email] = world.codes.work_items[first]

    def assign(self, item: str, assignee: str, by: str | None) -> Reason | None:
        """Give a work item to somebody."""
        world = self.world
        if by is not None and not world.people.works_on(by, item):
            return self._refuse("assign", item, Reason.NOT_ALLOWED, by)
        world.people.assign(item, assignee)
        self.rearranged += 1
        detail = {"work_item": item, "assignee": assignee}
        world.trace.fact(Phase.PEOPLE, Event(world.now, EventKind.WORK_ITEM_ASSIGNED, actor=world.codes.user(by), detail=detail))
        return None


def _new_bucket(channel: Channel, rate: Any, now: int) -> Bucket:
    """A changed rate keeps the tokens that are there; a new limit starts with a full bucket."""
    bucket = Bucket.full(rate, now)
    if channel.bucket is not None:
        old = channel.bucket
        old.has_token(now)  # refills it
        bucket.level = min(bucket.level, old.level / old.rate.per * rate.per)
    return bucket


#: Settings whose numbers are microseconds.
_DURATIONS = frozenset({"undo_window", "timeout"})


def _described(settings: Settings) -> dict[str, Any]:
    """Changed settings as plain values, for the event's detail."""
    detail: dict[str, Any] = {}
    for name in sorted(settings.model_fields_set):
        value = getattr(settings, name)
        if name in ("connectors", "users"):
            detail[name] = {
                key: {part: _plain(part, getattr(one, part)) for part in sorted(one.model_fields_set)} for key, one in (value or {}).items()
            }
        else:
            detail[name] = _plain(name, value)
    return detail


def _plain(name: str, value: Any) -> Any:
    if name in _DURATIONS and isinstance(value, int):
        return format_duration(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | frozenset | list):
        return [_plain("", one) for one in value]
    if isinstance(value, Constant):
        return format_duration(value.value)
    if isinstance(value, Rate):
        return f"{value.count:g} per {format_duration(value.per)}"
    if isinstance(value, FailureShare):
        return {"probability": value.probability, "errors": dict(value.errors)}
    if isinstance(value, Greylisting):
        return {"min_delay": format_duration(value.min_delay), "per": value.per}
    return repr(value)
