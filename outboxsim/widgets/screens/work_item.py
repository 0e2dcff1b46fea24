"""The screen of a work item: who works on it, its timeline and its communications (G5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from outboxsim.outbox import Action, SendStatus
from outboxsim.widgets.nodes import Element, element, gesture
from outboxsim.widgets.screens.cells import error_text, status_pill
from outboxsim.widgets.screens.controls import button
from outboxsim.widgets.screens.foreign import foreign, shown
from outboxsim.widgets.screens.happened import Happened, told

if TYPE_CHECKING:
    from outboxsim.engine.listing import ListedEmail
    from outboxsim.widgets.words import Words

TABS: Final = ("timeline", "communications")


@dataclass(frozen=True, slots=True)
class ShownEmail:
    """An email of the work item, and what the user may do to it now."""

    email: ListedEmail
    actions: tuple[Action, ...]
    is_undo_open: bool


@dataclass(frozen=True, slots=True)
class WorkItemState:
    """What the screen shows.

    Attributes
    ----------
    assignees, mergeable
        Who may get the work item, and which others may be merged into it; both empty for who does not work on it.
    happened
        Newest first.
    emails
        Newest first; `older` more are not shown.
    instant
        An instant in words.
    """

    reference: str
    type: str
    assignee: str | None
    team: str | None
    works_on_it: bool
    assignees: Sequence[str]
    mergeable: Sequence[str]
    tab: str
    happened: Sequence[Happened]
    emails: Sequence[ShownEmail]
    older: int
    instant: Callable[[int], str]


def no_work_item(words: Words) -> Element:
    """What is shown of a work item that there is not, or that the user may not see (P3)."""
    return element("section", element("p", words("There is no such work item."), class_="ob-empty"), _back(words), key="work-item")


def work_item_screen(words: Words, state: WorkItemState) -> Element:
    """The screen."""
    return element(
        "section",
        element("div", _back(words), key="way"),
        _header(words, state),
        _handling(words, state) if state.works_on_it else None,
        _tabs(words, state),
        _panel(words, state),
        key="work-item",
        aria_labelledby="ob-work-item-title",
    )


def _back(words: Words) -> Element:
    return button(words("Back to the outbox"), gesture("page.home"), key="back")


def _header(words: Words, state: WorkItemState) -> Element:
    fields = [(words("Assigned to"), state.assignee), (words("Team"), state.team)]
    return element(
        "header",
        element("h2", words.work_item_type(state.type), " ", foreign(state.reference), id="ob-work-item-title"),
        element("dl", [_named(label, value or words("nobody")) for label, value in fields], class_="ob-columns"),
        key="header",
    )


def _named(label: str, value: str) -> Element:
    return element("div", element("dt", label, class_="ob-muted"), foreign(value, "dd"))


# Split, share, merge, assign (P3) -------------------------------------------------------------------------------------------------------


def _handling(words: Words, state: WorkItemState) -> Element:
    buttons = element(
        "div",
        button(words("Split"), gesture("work_item.split", state.reference), key="split"),
        button(words("Share"), gesture("work_item.share", state.reference), key="share"),
        button(words("New email"), gesture("compose.open", state.reference), key="compose"),
        _assigning(words, state),
        _merging(words, state),
        class_="ob-group",
        role="group",
        aria_label=words("Work item"),
    )
    return element("div", buttons, key="handling", class_="ob-bar")


def _assigning(words: Words, state: WorkItemState) -> Element:
    options = [element("option", shown(user), key=user, value=user) for user in state.assignees]
    return element(
        "form",
        element("label", words("Assign to"), for_="ob-assignee"),
        element("select", options, key="assignee", id="ob-assignee", name="assignee", value=state.assignee or state.assignees[0]),
        element("button", words("Assign"), type="submit", class_="ob-button"),
        key=f"assign {state.assignee}",
        class_="ob-group",
        on={"submit": gesture("work_item.assign", state.reference)},
    )


def _merging(words: Words, state: WorkItemState) -> Element | None:
    if not state.mergeable:
        return None
    return element(
        "details",
        element("summary", words("Merge others into this one")),
        element(
            "form",
            [_other(reference) for reference in state.mergeable],
            element("button", words("Merge"), type="submit", class_="ob-button"),
            on={"submit": gesture("work_item.merge", state.reference)},
        ),
        key=f"merge {sum(one.what == 'merged' for one in state.happened)}",  # after merging nothing is ticked
    )


def _other(reference: str) -> Element:
    box = element("input", type="checkbox", name=f"item {reference}")
    return element("label", box, " ", foreign(reference), key=reference, class_="ob-field")


# Tabs -----------------------------------------------------------------------------------------------------------------------------------


def _tabs(words: Words, state: WorkItemState) -> Element:
    labels = {"timeline": words("Timeline"), "communications": words("Communications")}
    return element(
        "div", [_tab(labels[tab], tab, state) for tab in TABS], key="tabs", class_="ob-tabs", role="tablist", arrows="horizontal"
    )


def _tab(label: str, tab: str, state: WorkItemState) -> Element:
    chosen = tab == state.tab
    return element(
        "button",
        label,
        key=tab,
        id=f"ob-tab-{tab}",
        type="button",
        role="tab",
        aria_selected="true" if chosen else "false",
        aria_controls="ob-tab-panel",
        on={"click": gesture("work_item.tab", tab)},
    )


def _panel(words: Words, state: WorkItemState) -> Element:
    timeline = state.tab == "timeline"
    shown_ones = _timeline(words, state) if timeline else _communications(words, state)
    older = words.many("Show {count} older email", "Show {count} older emails", state.older)
    return element(
        "div",
        shown_ones or element("p", words("Nothing yet."), key="empty", class_="ob-empty"),
        button(older, gesture("work_item.older"), key="older") if state.older else None,
        key=f"panel-{state.tab}",
        id="ob-tab-panel",
        role="tabpanel",
        tabindex=0,
        aria_labelledby=f"ob-tab-{state.tab}",
    )


# Timeline -------------------------------------------------------------------------------------------------------------------------------


def _timeline(words: Words, state: WorkItemState) -> Element | None:
    waiting = {one.email.id: one for one in state.emails}
    entries = []
    for number, happened in enumerate(state.happened):
        # The newest entry of an email is where something can be done about it.
        latest = waiting.pop(happened.email.id, None) if happened.email is not None else None
        entries.append(_entry(words, state, happened, latest, key=len(state.happened) - number))
    return element("ol", entries, key="timeline", class_="ob-timeline") if entries else None


def _entry(words: Words, state: WorkItemState, happened: Happened, latest: ShownEmail | None, *, key: int) -> Element:
    error, follows = _error(words, happened), happened.details.get("next")
    return element(
        "li",
        element("time", state.instant(happened.at), class_="ob-muted"),
        " ",
        element("strong", told(words, happened, state.instant)),
        [" ", words("by"), " ", foreign(happened.who)] if happened.who is not None else None,
        element("div", foreign(happened.email.subject or words("no subject"))) if happened.email is not None else None,
        element("div", foreign(error), class_="ob-error") if error else None,
        element("div", words("Next send attempt: {instant}", instant=state.instant(follows)), class_="ob-muted")
        if follows is not None
        else None,
        _doing(words, latest) if latest is not None else None,
        key=key,
    )


def _error(words: Words, happened: Happened) -> str:
    """An attempt's error as it would stand in the grid."""
    if happened.email is None or not happened.details.get("error"):
        return ""
    return error_text(words, replace(happened.email, last_error=happened.details["error"]))


# Communications -------------------------------------------------------------------------------------------------------------------------


def _communications(words: Words, state: WorkItemState) -> Element | None:
    cards = [_card(words, state, one) for one in state.emails]
    return element("div", cards, key="communications") if cards else None


def _card(words: Words, state: WorkItemState, one: ShownEmail) -> Element:
    email = one.email
    return element(
        "article",
        element(
            "div", foreign(email.subject or words("no subject"), "strong"), " ", status_pill(words, email.status, in_flight=email.in_flight)
        ),
        element("dl", [_named(label, value) for label, value in _facts(words, state, email)], class_="ob-columns"),
        foreign(error_text(words, email), "div", class_="ob-error") if email.last_error and email.status.in_outbox else None,
        _doing(words, one),
        key=email.id,
        class_="ob-card",
        aria_label=shown(email.subject) or words("no subject"),
    )


def _facts(words: Words, state: WorkItemState, email: ListedEmail) -> Sequence[tuple[str, str]]:
    facts = [
        (words("From"), email.sender or words("the system")),
        (words("To"), ", ".join(email.to)),
        (words("Submitted"), state.instant(email.submitted)),
    ]
    if email.scheduled_for is not None and email.status == SendStatus.QUEUED:
        facts += [
            (words("Scheduled for"), state.instant(email.scheduled_for)),
            (words("Scheduled by"), email.scheduled_by or email.sender or ""),
        ]
    if email.next_attempt is not None:
        facts.append((words("Next send attempt"), state.instant(email.next_attempt)))
    return [*facts, (words("Send attempts"), words.number(email.attempts))]


def _doing(words: Words, one: ShownEmail) -> Element:
    """What can be done to an email; undoing is how its sender cancels within the undo window."""
    email = one.email
    names = {
        Action.RETRY: (words("Retry"), "email.retry"),
        Action.SEND_NOW: (words("Now") if one.is_undo_open else words("Send now"), "email.send_now"),
        Action.CANCEL: (words("Cancel"), "undo.undo" if Action.UNDO in one.actions else "email.cancel"),
    }
    buttons = [_about(words, *named, email) for action, named in names.items() if action in one.actions]
    return element("div", buttons, _about(words, words("Details"), "email.details", email), key="doing", class_="ob-group")


def _about(words: Words, label: str, name: str, email: ListedEmail) -> Element:
    about = words("{action}: {subject}", action=label, subject=shown(email.subject or email.id))
    return button(label, gesture(name, email.id), key=name, aria_label=about)
