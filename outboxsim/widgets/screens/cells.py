"""What the grid shows of an email in each column (spec/outbox.md section 1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from outboxsim.outbox import SendStatus
from outboxsim.widgets.nodes import Child, Element, element, gesture
from outboxsim.widgets.screens.foreign import shown

if TYPE_CHECKING:
    from outboxsim.engine.listing import ListedEmail
    from outboxsim.widgets.session import Session
    from outboxsim.widgets.words import Words

#: Recipients beyond these are counted.
_MOST_RECIPIENTS: Final = 3

#: An error's text is as long as a server likes.
_LONGEST_TITLE: Final = 1_000

_NUMBERS: Final = frozenset({"send_attempts", "attachments"})


def cell(words: Words, session: Session, column: str, email: ListedEmail) -> Element:
    """One cell of the grid."""
    content = _CONTENTS[column](words, session, email)
    if isinstance(content, str):
        return _text_cell(column, content)
    return element("td", content, key=column)


@lru_cache(maxsize=4096)  # most columns say the same of most emails
def _text_cell(column: str, text: str) -> Element:
    if column in _FOREIGN:
        whole = shown(text)
        return element("td", whole, key=column, dir="auto", title=whole[:_LONGEST_TITLE] if len(whole) > 24 else None)
    return element("td", text, key=column, class_="ob-number" if column in _NUMBERS else None)


def status_pill(words: Words, status: SendStatus | int, *, in_flight: bool = False) -> list[Element]:
    """The send status; an email in flight keeps its status (L1), and is seen to be on its way."""
    pill = element("span", words.status(status), class_=f"ob-status ob-status-{SendStatus(status).word}")
    return [pill, element("small", " ", words("is being sent"), class_="ob-muted")] if in_flight else [pill]


def error_text(words: Words, email: ListedEmail) -> str:
    """The last error; that of a disabled connector says what to do (C7), in the user's language."""
    if email.last_error is None:
        return ""
    if is_about_a_disabled_connector(email):
        return words("The email connector {connector} is disabled. Please enable it in Builder and retry.", connector=email.connector)
    return email.last_error


def is_about_a_disabled_connector(email: ListedEmail) -> bool:
    """Whether the last attempt met a disabled connector (C7)."""
    return email.last_error == f"connector {email.connector} is disabled; enable it in Builder and retry"


def recipients(words: Words, to: tuple[str, ...]) -> str:
    """The first recipients, and how many more."""
    first = ", ".join(to[:_MOST_RECIPIENTS])
    more = len(to) - _MOST_RECIPIENTS
    return first if more <= 0 else words.many("{first} and {count} more", "{first} and {count} more", more, first=first)


def _work_item(email: ListedEmail) -> Child:
    if email.work_item is None:
        return None
    return element(
        "button",
        shown(email.work_item),
        type="button",
        class_="ob-button ob-link",
        dir="auto",
        on={"click": gesture("work_item.open", email.work_item)},
    )


def _instant(words: Words, session: Session, t: int | None) -> str:
    return "" if t is None else words.instant(session, t)


_Content = Callable[["Words", "Session", "ListedEmail"], Child]

_CONTENTS: Final[Mapping[str, _Content]] = {
    "to": lambda words, _, email: recipients(words, email.to),
    "subject": lambda _words, _, email: email.subject,
    "email_connector": lambda _words, _, email: email.connector,
    "priority": lambda words, _, email: words.priority(email.priority),
    "system_generated": lambda words, _, email: words.yes_or_no(email.system),
    "last_send_attempt": lambda words, session, email: _instant(words, session, email.last_attempt),
    "last_error_message": lambda words, _, email: error_text(words, email),
    "logged": lambda words, session, email: _instant(words, session, email.logged),
    "next_send_attempt": lambda words, session, email: _instant(words, session, email.next_attempt),
    "work_item": lambda _words, _, email: _work_item(email),
    "work_item_type": lambda words, _, email: None if email.work_item_type is None else words.work_item_type(email.work_item_type),
    "send_attempts": lambda words, _, email: words.number(email.attempts),
    "send_status": lambda words, _, email: status_pill(words, email.status, in_flight=email.in_flight),
    "attachments": lambda words, _, email: words.number(len(email.attachments)),
}

#: Columns whose text comes from elsewhere (G8).
_FOREIGN: Final = frozenset({"to", "subject", "email_connector", "last_error_message"})
