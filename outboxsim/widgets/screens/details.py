"""An email in full, to read: what it says, its attempts, what happened to it; with retry and cancel (G4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from outboxsim.outbox import Outcome, SendStatus, Trigger
from outboxsim.widgets.nodes import Child, Element, element, gesture
from outboxsim.widgets.screens.cells import error_text, is_about_a_disabled_connector, status_pill
from outboxsim.widgets.screens.controls import button, dialog
from outboxsim.widgets.screens.foreign import foreign, shown

if TYPE_CHECKING:
    from outboxsim.widgets.screens.grid import GridRow
    from outboxsim.widgets.words import Words

#: A longer body, and an email with more recipients, attachments or attempts, is cut here, and that is said.
LONGEST_BODY: Final = 100_000
_MOST: Final = 200

#: Events that the table of attempts shows already.
_IN_ATTEMPTS: Final = frozenset({"attempt_started", "attempt_ended"})


@dataclass(frozen=True, slots=True)
class AttemptMade:
    """An attempt to send the email; `outcome` and `ended` are None while it is under way."""

    number: int
    started: int
    ended: int | None
    connector: str
    trigger: str
    outcome: str | None
    error: str


@dataclass(frozen=True, slots=True)
class DetailsState:
    """What the dialog shows.

    Attributes
    ----------
    history
        Instant, event and its detail, in order.
    is_admin, admins
        Whether the user may enable connectors, and who may (C7).
    has_builder
        Whether Builder is on the page.
    instant
        An instant in words.
    relative
        How far off an instant is, in words.
    """

    row: GridRow
    attempts: Sequence[AttemptMade]
    history: Sequence[tuple[int, str, Mapping[str, Any]]]
    is_admin: bool
    admins: Sequence[str]
    has_builder: bool
    instant: Callable[[int], str]
    relative: Callable[[int], str]


def attempts_in(history: Sequence[tuple[int, str, Mapping[str, Any]]]) -> list[AttemptMade]:
    """The attempts that a history tells of."""
    attempts: list[AttemptMade] = []
    for at, event, detail in history:
        if event == "attempt_started":
            number, connector = len(attempts) + 1, detail.get("connector", "")
            attempts.append(AttemptMade(number, at, None, connector, detail.get("trigger", "automatic"), None, ""))
        elif event == "attempt_ended" and attempts:
            last = attempts[-1]
            ended = (at, last.connector, last.trigger, detail.get("outcome"), detail.get("error") or "")
            attempts[-1] = AttemptMade(last.number, last.started, *ended)
    return attempts


def details_dialog(words: Words, state: DetailsState) -> Element:
    """The dialog."""
    email = state.row.email
    return dialog(
        words,
        "details",
        foreign(email.subject) if email.subject else words("no subject"),
        _what_to_do(words, state),
        _fields(words, state),
        _body(words, email.body),
        _attempts(words, state),
        _history(words, state),
        footer=_buttons(words, state.row),
    )


def _buttons(words: Words, row: GridRow) -> list[Element]:
    email = row.email
    return [
        button(
            words("Retry"),
            gesture("email.retry", email.id),
            key="retry",
            style="ob-primary",
            refused=None if row.retry is None else words.reason(row.retry),
        ),
        button(
            words("Cancel email"),
            gesture("email.cancel", email.id),
            key="cancel",
            style="ob-danger",
            refused=None if row.cancel is None else words.reason(row.cancel),
        ),
        button(words("Close"), gesture("dialog.close"), key="close"),
    ]


def _what_to_do(words: Words, state: DetailsState) -> Element | None:
    """C7: what to do about a disabled connector, and the way there."""
    email = state.row.email
    if email.status is not SendStatus.CONNECTOR_DISABLED or not is_about_a_disabled_connector(email):
        return None
    way: Child
    if state.is_admin:
        way = button(words("Go to Builder"), gesture("page.builder", email.connector), key="builder") if state.has_builder else None
    elif state.admins:
        names = ", ".join(shown(name) for name in state.admins)
        way = element("p", words("Who can enable it: {names}", names=names), key="whom", dir="auto")
    else:
        way = element("p", words("Nobody here can enable it: no user is an administrator."), key="nobody")
    return element("div", element("p", error_text(words, email), key="what", dir="auto"), way, key="what-to-do", class_="ob-error")


def _fields(words: Words, state: DetailsState) -> Element:
    email = state.row.email
    rows: list[tuple[str, str, Child]] = [
        ("from", words("From"), _sender(words, state)),
        ("to", words("To"), _list(words, email.to)),
        ("cc", words("Cc"), _list(words, email.cc)),
        ("bcc", words("Bcc"), _list(words, email.bcc)),
        ("attachments", words("Attached files"), _attachments(words, email.attachments)),
        ("status", words("Send status"), status_pill(words, email.status, in_flight=email.in_flight)),
        ("error", words("Last error message"), foreign(error_text(words, email)) if email.last_error else None),
        ("next", words("Next send attempt"), _ahead(state, email.next_attempt)),
        ("scheduled", words("Scheduled for"), _scheduled(words, state)),
        ("logged", words("Logged"), None if email.logged is None else state.instant(email.logged)),
        ("submitted", words("Submitted"), state.instant(email.submitted)),
        ("connector", words("Email connector"), foreign(email.connector)),
        ("priority", words("Priority"), words.priority(email.priority)),
        ("system", words("System generated"), words.yes_or_no(email.system)),
        ("work-item", words("Work item"), _work_item(words, state)),
        ("id", words("Id"), foreign(email.id)),
    ]
    pairs = [one for key, label, what in rows if what for one in (element("dt", label, key=f"{key}-name"), element("dd", what, key=key))]
    note = words("This email comes from an older version and is never retried automatically.")
    migrated = element("p", note, key="migrated", class_="ob-note") if email.migrated else None
    return element("section", migrated, element("dl", pairs, key="fields"), key="about")


def _sender(words: Words, state: DetailsState) -> Child:
    email = state.row.email
    name: Element | str = words("the system") if email.sender is None else foreign(email.sender)
    address: list[Element | str] = [" <", foreign(email.from_address), ">"] if email.from_address else []
    return [name, *address]


def _list(words: Words, addresses: Sequence[str]) -> Child:
    if not addresses:
        return None
    more = len(addresses) - _MOST
    text = ", ".join(addresses[:_MOST])
    return [foreign(text), " ", words.many("and {count} more", "and {count} more", more) if more > 0 else None]


def _attachments(words: Words, attachments: Sequence[tuple[str, int]]) -> Child:
    if not attachments:
        return None
    files = [element("li", foreign(name), f" ({words.size(size)})", key=number) for number, (name, size) in enumerate(attachments[:_MOST])]
    more = len(attachments) - _MOST
    return element("ul", files, element("li", words.many("and {count} more", "and {count} more", more), key="more") if more > 0 else None)


def _ahead(state: DetailsState, t: int | None) -> Child:
    return None if t is None else [state.instant(t), element("small", " ", state.relative(t), class_="ob-muted")]


def _scheduled(words: Words, state: DetailsState) -> Child:
    email = state.row.email
    if email.scheduled_for is None:
        return None
    by: list[Element | str] = [] if email.scheduled_by is None else [" ", words("by"), " ", foreign(email.scheduled_by)]
    return [state.instant(email.scheduled_for), *by]


def _work_item(words: Words, state: DetailsState) -> Child:
    email = state.row.email
    if email.work_item is None:
        return None
    kind = f" ({words.work_item_type(email.work_item_type)})" if email.work_item_type else ""
    return [button(shown(email.work_item), gesture("work_item.open", email.work_item), style="ob-link", dir="auto"), kind]


def _body(words: Words, body: str) -> Element:
    return element(
        "section",
        element("h3", words("Text")),
        foreign(body[:LONGEST_BODY], "div", class_="ob-text") if body else element("p", words("no text"), class_="ob-muted"),
        element("p", words("The text is longer; this is its beginning."), class_="ob-muted") if len(body) > LONGEST_BODY else None,
        key="text",
    )


def _attempts(words: Words, state: DetailsState) -> Element:
    made, title = state.attempts[-_MOST:], element("h3", words("Attempts so far"))
    if not made:
        return element("section", title, element("p", words("none yet"), class_="ob-muted"), key="attempts")
    heads = [words("No."), words("Started"), words("Started by"), words("Email connector"), words("Outcome"), words("Error")]
    rows = [
        element(
            "tr",
            element("td", words.number(one.number), class_="ob-number"),
            element("td", state.instant(one.started)),
            element("td", words.trigger(Trigger.of(one.trigger))),
            foreign(one.connector, "td"),
            element("td", words("is being sent") if one.outcome is None else words.outcome(Outcome.of(one.outcome))),
            foreign(one.error, "td", title=shown(one.error)[:1000] or None),
            key=one.number,
        )
        for one in made
    ]
    table = element(
        "table",
        element("caption", words("Attempts so far"), class_="ob-hidden"),
        element("thead", element("tr", [element("th", head, scope="col") for head in heads])),
        element("tbody", rows),
        key="table",
        class_="ob-table",
    )
    scroll = element("div", table, key="scroll", class_="ob-scroll", tabindex=0, role="region", aria_label=words("Attempts so far"))
    return element("section", title, scroll, key="attempts")


def _history(words: Words, state: DetailsState) -> Element:
    told = [entry for entry in state.history if entry[1] not in _IN_ATTEMPTS][-_MOST:]
    entries = [_happened(words, state, number, *entry) for number, entry in enumerate(told)]
    return element(
        "details",
        element("summary", words("History")),
        element("ol", entries, key="entries", class_="ob-timeline"),
        key="history",
    )


def _happened(words: Words, state: DetailsState, number: int, at: int, event: str, detail: Mapping[str, Any]) -> Element:
    change, told = None, words.event(event)
    if event == "submitted" and state.row.email.migrated:
        told = words("Taken over from an older version")
    elif detail.get("to") in _STATUSES:
        change = element("span", ": ", words.status(_STATUSES[detail["to"]]))
    actor = detail.get("actor")
    return element(
        "li",
        element("time", state.instant(at), class_="ob-muted"),
        " ",
        element("strong", told),
        change,
        [" ", words("by"), " ", foreign(str(actor))] if actor else None,
        key=number,
    )


_STATUSES: Final[Mapping[str, SendStatus]] = {status.word: status for status in SendStatus}
