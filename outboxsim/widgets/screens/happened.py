"""What happened to work items and emails, in the words of their timeline (G5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from outboxsim.widgets.screens.foreign import shown

if TYPE_CHECKING:
    from outboxsim.engine.listing import ListedEmail
    from outboxsim.widgets.words import Words

#: Gives an instant in words.
Instant: TypeAlias = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened to a work item or to one of its emails.

    Attributes
    ----------
    what
        Its name in the table of `told`.
    who
        Who did it; None if nobody did.
    details
        What the text needs besides: instants in microseconds, texts, numbers.
    """

    at: int
    what: str
    who: str | None = None
    email: ListedEmail | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


#: What happened, in words.
_TOLD: Final[Mapping[str, Callable[[Words, Instant, Mapping[str, Any]], str]]] = {
    "submitted": lambda words, _, __: words("Submitted"),
    "generated": lambda words, _, __: words("System generated"),
    "migrated": lambda words, _, __: words("Taken over from an older version"),
    "scheduled": lambda words, instant, details: words("Scheduled for {instant}", instant=instant(details["for"])),
    "sent_now": lambda words, _, __: words("Sent now by hand"),
    "failed": lambda words, _, details: words("Send attempt {number} failed", number=words.number(details["number"])),
    "sent": lambda words, _, __: words("Sent"),
    "cancelled": lambda words, _, __: words("Cancelled"),
    "undone": lambda words, _, __: words("Sending undone"),
    "retried": lambda words, _, __: words("Retry asked for"),
    "resumed": lambda words, _, __: words("Tried again, as the connector was enabled"),
    "gave_up": lambda words, _, __: words("No automatic attempt will follow"),
    "split": lambda words, _, __: words("Work item split"),
    "shared": lambda words, _, __: words("Work item shared"),
    "merged": lambda words, _, details: _merged(words, details),
    "assigned": lambda words, _, details: words("Assigned to {user}", user=shown(details["assignee"])),
}


def _merged(words: Words, details: Mapping[str, Any]) -> str:
    """Those merged into it, by name as far as the user may see them."""
    unnamed = details["unnamed"]
    names = [*details["named"], *([words.many("{count} other", "{count} others", unnamed)] if unnamed else [])]
    return words("Merged into this one: {items}", items=", ".join(shown(name) for name in names))


def told(words: Words, happened: Happened, instant: Instant) -> str:
    """What happened, in words; instants as `instant` writes them."""
    return _TOLD[happened.what](words, instant, happened.details)
