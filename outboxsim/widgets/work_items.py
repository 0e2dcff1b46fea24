"""Work items: who may see one, what happened to it and its emails, and what is done about it (spec/outbox.md G5, P3)."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from outboxsim.engine.work_glance import WorkItemEvent, work_item_events
from outboxsim.outbox import Action, SendStatus, Standing, possible_actions
from outboxsim.widgets.desktop import Desktop, Handler, Message
from outboxsim.widgets.nodes import Element
from outboxsim.widgets.screens.happened import Happened
from outboxsim.widgets.screens.work_item import TABS, ShownEmail, WorkItemState, no_work_item, work_item_screen
from outboxsim.widgets.undo import is_undo_open

if TYPE_CHECKING:
    from outboxsim.engine.listing import ListedEmail
    from outboxsim.engine.simulation import Simulation
    from outboxsim.widgets.session import Session

#: Emails of a work item that are shown at first, and that are added at a time.
EMAILS_AT_A_TIME: Final = 30


def visible_work_items(session: Session, user: str) -> list[str]:
    """The work items of which the user sees every email: those that he, his teams or teams he has access to work on."""
    people = session.simulation.people
    return [reference for reference in session.scenario.work_items if people.sees(user, None, reference)]


def is_visible(session: Session, user: str, reference: str) -> bool:
    """Whether the user may see a work item: one of the above, or one that an email belongs to which he may see."""
    if reference not in session.scenario.work_items:
        return False
    return session.simulation.people.sees(user, None, reference) or len(session.simulation.lister.of_work_item(reference, user)) > 0


# What happened --------------------------------------------------------------------------------------------------------------------------


def happened_to_email(email: ListedEmail, history: Sequence[tuple[int, str, Mapping[str, Any]]]) -> Iterator[Happened]:
    """What people are told of an email's life, in order."""
    number, failed_at = 0, -1
    for at, event, detail in history:
        who, action = detail.get("actor"), detail.get("action")
        match event:
            case "submitted":
                kind = "migrated" if email.migrated else "submitted" if email.sender is not None else "generated"
                yield Happened(at, kind, email.sender, email)
            case "scheduled":
                yield Happened(at, "scheduled", who, email, {"for": detail["scheduled_for"]})
            case "released" if action == Action.SEND_NOW:
                yield Happened(at, "sent_now", who, email)
            case "attempt_started":
                number = detail["attempt"]
            case "attempt_ended" if detail["outcome"] == "accepted":
                yield Happened(at, "sent", None, email)
            case "attempt_ended":
                failed_at = at
                yield Happened(
                    at, "failed", None, email, {"number": number, "error": detail.get("error"), "next": detail.get("next_attempt")}
                )
            case "status_changed" if action in _BY_HAND:
                yield Happened(at, _BY_HAND[action], who, email)
            case "status_changed" if "cause" in detail:
                yield Happened(at, "resumed", None, email)
            case "status_changed" if detail.get("to") == "failed" and failed_at != at:
                yield Happened(at, "gave_up", None, email)


_BY_HAND: Final = {"retry": "retried", "cancel": "cancelled", "undo": "undone"}


def happened_to_item(session: Session, user: str, reference: str) -> list[Happened]:
    """What was done to a work item, in order; of others merged into it only those are named that the user may see (P3)."""
    return [
        Happened(event.time, event.event.removeprefix("work_item_"), event.actor, details=_named(session, user, event))
        for event in work_item_events(session.simulation, reference)
    ]


def _named(session: Session, user: str, event: WorkItemEvent) -> Mapping[str, Any]:
    if "merged" not in event.detail:
        return event.detail
    named = [other for other in event.detail["merged"] if is_visible(session, user, other)]
    return {"named": named, "unnamed": len(event.detail["merged"]) - len(named)}


class _Histories:
    """What happened to emails, read again only for those about which something has changed."""

    def __init__(self) -> None:
        self._simulation: weakref.ref[Simulation] | None = None
        self._known: dict[str, tuple[ListedEmail, list[Happened]]] = {}

    def of(self, simulation: Simulation, emails: Sequence[ListedEmail]) -> list[Happened]:
        """What happened to emails, which the user has to be allowed to see."""
        if self._simulation is None or self._simulation() is not simulation:
            self._simulation = weakref.ref(simulation)  # another past
            self._known.clear()
        changed = [email for email in emails if email.id not in self._known or self._known[email.id][0] != email]
        if changed:
            self._read(simulation, changed)
        return [one for email in emails for one in self._known[email.id][1]]

    def _read(self, simulation: Simulation, emails: Sequence[ListedEmail]) -> None:
        result = simulation.result  # one for all of them, and none that is kept: that would slow the run
        for email in emails:
            self._known[email.id] = (email, list(happened_to_email(email, result.email_history(email.id))))


# The part of the page -------------------------------------------------------------------------------------------------------------------


class WorkItems:
    """The part of the page that shows a work item.

    Parameters
    ----------
    desktop
        The page.
    """

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop
        self._reference = ""
        self._tab = TABS[0]
        self._most = EMAILS_AT_A_TIME
        self._histories = _Histories()

    def handlers(self) -> Mapping[str, Handler]:
        """What is done about which gesture."""
        return {
            "work_item.open": self._open,
            "work_item.tab": self._choose_tab,
            "work_item.older": self._show_older,
            "work_item.split": lambda message: self._act("split", message.text()),
            "work_item.share": lambda message: self._act("share", message.text()),
            "work_item.merge": self._merge,
            "work_item.assign": self._assign,
        }

    # Gestures

    def _open(self, message: Message) -> None:
        if self._sees(reference := message.text()):
            self._most = EMAILS_AT_A_TIME
            self._histories = _Histories()
            self._reference = reference
            self._desktop.open("work_item", reference)
        self._desktop.refresh()

    def _sees(self, *references: str) -> bool:
        """Whether the user may see them all; if not it is said, in the same words as of those that there are not (P3)."""
        desktop = self._desktop
        if all(is_visible(desktop.session, desktop.user, reference) for reference in references):
            return True
        desktop.announce(desktop.words("There is no such work item."), kind="refused")
        return False

    def _choose_tab(self, message: Message) -> None:
        if message.text() in TABS:
            self._tab = message.text()
        self._desktop.refresh()

    def _show_older(self, _message: Message) -> None:
        self._most += EMAILS_AT_A_TIME
        self._desktop.refresh()

    def _merge(self, message: Message) -> None:
        reference = message.text()
        others = [name.removeprefix("item ") for name, ticked in message.form.items() if ticked is True and name.startswith("item ")]
        others = [other for other in others if other != reference]
        if others:
            self._act("merge", reference, *others)
        else:
            self._desktop.announce(self._desktop.words("Choose at least one other work item."), kind="refused")

    def _assign(self, message: Message) -> None:
        words, assignee = self._desktop.words, message.entry("assignee")
        if assignee in self._desktop.session.scenario.users:
            self._act("assign", message.text(), assignee=assignee)
        else:
            self._desktop.announce(words("There is no such user."), kind="refused")

    def _act(self, verb: str, *references: str, assignee: str | None = None) -> None:
        desktop = self._desktop
        if self._sees(*references):
            targets = references if assignee is None else (*references, assignee)
            desktop.session.act(verb, *targets, by=desktop.user)
            desktop.announce(self._done(verb, *references, assignee=assignee))
        desktop.refresh()

    def _done(self, verb: str, reference: str, *others: str, assignee: str | None) -> str:
        words = self._desktop.words
        match verb:
            case "split":
                return words("{item} was split.", item=reference)
            case "share":
                return words("{item} was shared.", item=reference)
            case "merge":
                return words("{items} merged into {item}.", items=", ".join(others), item=reference)
        return words("{item} is assigned to {user}.", item=reference, user=assignee)

    # The screen

    def screen(self) -> Element:
        """The screen of the work item that was opened last."""
        desktop = self._desktop
        session, user, words = desktop.session, desktop.user, desktop.words
        if desktop.opened and desktop.opened[0] == "work_item":  # else it lies below a dialog
            self._reference = desktop.opened[1]
        reference = self._reference
        if not is_visible(session, user, reference):
            return no_work_item(words)
        lister = session.simulation.lister
        rows = lister.of_work_item(reference, user)
        latest = [lister.email(row) for row in rows[::-1][: self._most].tolist()]
        people, item = session.simulation.people, session.scenario.work_items[reference]
        works_on_it, desk = people.works_on(user, reference), people.work_items[reference]
        state = WorkItemState(
            reference=reference,
            type=item.type,
            assignee=desk.assignee,
            team=desk.team,
            works_on_it=works_on_it,
            assignees=list(session.scenario.users) if works_on_it else [],
            mergeable=self._mergeable(reference) if works_on_it else [],
            tab=self._tab,
            happened=self._happened(reference, latest),
            emails=[self._shown(email) for email in latest],
            older=len(rows) - len(latest),
            instant=lambda t: words.instant(session, t),
        )
        return work_item_screen(words, state)

    def _mergeable(self, reference: str) -> list[str]:
        session, people = self._desktop.session, self._desktop.session.simulation.people
        return [other for other in session.scenario.work_items if other != reference and people.works_on(self._desktop.user, other)]

    def _shown(self, email: ListedEmail) -> ShownEmail:
        desktop = self._desktop
        undo_open = is_undo_open(email, desktop.session.elapsed)
        standing = Standing(
            status=SendStatus(email.status),
            in_flight=email.in_flight,
            visible=True,
            is_sender=email.sender == desktop.user,
            undo_open=undo_open,
        )
        return ShownEmail(email, possible_actions(standing), undo_open)

    def _happened(self, reference: str, emails: Sequence[ListedEmail]) -> list[Happened]:
        """Newest first; at one instant what came last comes first."""
        session, user = self._desktop.session, self._desktop.user
        of_item = happened_to_item(session, user, reference)
        of_emails = self._histories.of(session.simulation, emails[::-1])
        return sorted([*of_item, *of_emails], key=lambda one: one.at)[::-1]
