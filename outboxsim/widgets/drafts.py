"""An email as it is typed, and how it is read field by field (spec/outbox.md E1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final, TypeVar

from whenever import RepeatedTime, SkippedTime

from outboxsim.errors import QuantityError
from outboxsim.outbox import Priority
from outboxsim.quantities.durations import half_up
from outboxsim.scenario.addresses import read_address
from outboxsim.scenario.readers import read_name
from outboxsim.widgets.desktop import Desktop, Message
from outboxsim.widgets.screens.compose import UNITS
from outboxsim.widgets.work_items import is_visible

if TYPE_CHECKING:
    from outboxsim.engine.listing import ListedEmail

_T = TypeVar("_T")
#: What scenario files take, in bytes.
LARGEST_ATTACHMENT: Final = 10**15

_TEXTS: Final = ("to", "cc", "bcc", "subject", "body", "priority", "work_item", "when", "send_at")
_SEPARATOR: Final = re.compile(r"[,;]")
_SIZE: Final = re.compile(r"([0-9]{1,15})(?:[.,]([0-9]{1,6}))?")
_LINE_BREAKS: Final = re.compile(r"[\r\n]+")


@dataclass(frozen=True, slots=True)
class AttachmentDraft:
    """An attachment as it was typed."""

    name: str = ""
    size: str = ""
    unit: str = "kB"


@dataclass(frozen=True, slots=True)
class Draft:
    """An email as it was typed, whatever is wrong with it."""

    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    body: str = ""
    priority: str = Priority.NORMAL.word
    work_item: str = ""
    attachments: tuple[AttachmentDraft, ...] = ()
    when: str = "now"
    send_at: str = ""

    def typed(self, message: Message) -> Draft:
        """The draft with what a form holds; raises `Malformed`."""
        texts = {name: _whole(message.entry(name, getattr(self, name))) for name in _TEXTS}
        attachments = tuple(
            AttachmentDraft(
                *(_whole(message.entry(f"attachment-{number}-{part}", getattr(one, part))) for part in ("name", "size", "unit"))
            )
            for number, one in enumerate(self.attachments)
        )
        return replace(self, **texts, attachments=attachments)

    @classmethod
    def of(cls, email: ListedEmail, local_send_at: str) -> Draft:
        """What had been typed for an email."""
        return cls(
            to=", ".join(email.to),
            cc=", ".join(email.cc),
            bcc=", ".join(email.bcc),
            subject=email.subject,
            body=email.body,
            priority=Priority(email.priority).word,
            work_item=email.work_item or "",
            attachments=tuple(AttachmentDraft(name, str(size), "B") for name, size in email.attachments),
            when="later" if local_send_at else "now",
            send_at=local_send_at,
        )


def _whole(text: str) -> str:
    """The text without halves of characters, which no file could hold."""
    return text.encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class Letter:
    """An email as it can be submitted."""

    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    subject: str
    body: str
    priority: str
    work_item: str | None
    attachments: tuple[tuple[str, int], ...]
    send_at: int | None


class _Unfit(ValueError):
    """A field that cannot be used; the message is for its writer."""


class DraftReader:
    """Reads a draft, and says in the writer's language what is wrong with it.

    Attributes
    ----------
    problems
        By the name of the field; empty if the email can be submitted.
    letter
        The email; only without problems.
    """

    def __init__(self, draft: Draft, desktop: Desktop) -> None:
        self._session, self._user, self.words = desktop.session, desktop.user, desktop.words
        self.problems: dict[str, str] = {}
        self.letter = Letter(
            to=self._tried("to", (), lambda: self._recipients(draft.to)),
            cc=self._tried("cc", (), lambda: self._addresses(draft.cc)),
            bcc=self._tried("bcc", (), lambda: self._addresses(draft.bcc)),
            subject=_LINE_BREAKS.sub(" ", draft.subject),
            body=draft.body,
            priority=self._tried("priority", "", lambda: self._priority(draft.priority)),
            work_item=self._tried("work_item", None, lambda: self._work_item(draft.work_item)),
            attachments=tuple(self._attachments(draft.attachments)),
            send_at=self._tried("send_at", None, lambda: self._send_at(draft)),
        )

    def _tried(self, name: str, otherwise: _T, read: Callable[[], _T]) -> _T:
        try:
            return read()
        except _Unfit as unfit:
            self.problems[name] = str(unfit)
            return otherwise

    def _addresses(self, text: str) -> tuple[str, ...]:
        parts = [part.strip() for part in _SEPARATOR.split(text) if part.strip()]
        bad = [part for part in parts if not _is_address(part)]
        if bad:
            raise _Unfit(
                self.words.many(
                    "This is no email address: {addresses}. Write for example anna@kunde.example.",
                    "These are no email addresses: {addresses}. Write for example anna@kunde.example.",
                    len(bad),
                    addresses=", ".join(bad),
                )
            )
        return tuple(parts)

    def _recipients(self, text: str) -> tuple[str, ...]:
        recipients = self._addresses(text)
        if not recipients:
            raise _Unfit(self.words("An email needs a recipient."))
        return recipients

    def _priority(self, word: str) -> str:
        if word not in Priority.words():
            raise _Unfit(self.words("Choose a priority."))
        return word

    def _work_item(self, reference: str) -> str | None:
        """One that the writer may see; another one is as good as none (P3)."""
        if reference and not is_visible(self._session, self._user, reference):
            raise _Unfit(self.words("There is no such work item."))
        return reference or None

    def _attachments(self, attachments: Iterable[AttachmentDraft]) -> Iterable[tuple[str, int]]:
        """Rows in which something was typed."""
        for number, one in enumerate(attachments):
            if one.name.strip() or one.size.strip():
                yield self._attachment(f"attachment-{number}", one)

    def _attachment(self, field: str, one: AttachmentDraft) -> tuple[str, int]:
        name = self._tried(f"{field}-name", "", lambda: self._file_name(one.name.strip()))
        return name, self._tried(f"{field}-size", 0, lambda: self._size(one))

    def _file_name(self, name: str) -> str:
        try:
            return read_name(name)
        except ValueError:
            raise _Unfit(self.words("Write the name of a file, without control characters.")) from None

    def _size(self, one: AttachmentDraft) -> int:
        match = _SIZE.fullmatch(one.size.strip())
        size = half_up(Fraction(f"{match[1]}.{match[2] or 0}") * UNITS[one.unit]) if match is not None and one.unit in UNITS else -1
        if not 0 <= size <= LARGEST_ATTACHMENT:
            raise _Unfit(self.words("Write a size as a number, for example 20."))
        return size

    def _send_at(self, draft: Draft) -> int | None:
        """The scheduled time, read as scenario files are."""
        if draft.when != "later":
            return None
        words, clock, now = self.words, self._session.scenario.clock, self._session.elapsed
        try:
            instant = clock.moment(draft.send_at)
        except QuantityError as error:
            zone = clock.time_zone
            if isinstance(error.__cause__, SkippedTime):
                raise _Unfit(words("This time does not exist on that day: daylight saving skips it in {zone}.", zone=zone)) from None
            if isinstance(error.__cause__, RepeatedTime):
                raise _Unfit(words("This time happens twice on that day: daylight saving repeats it in {zone}.", zone=zone)) from None
            instant = -1
        if instant <= now:
            raise _Unfit(words("Choose a date and a time after {now}, within a hundred years.", now=words.at(clock, now)))
        return instant


def _is_address(text: str) -> bool:
    try:
        read_address(text)
    except ValueError:
        return False
    return True
