"""The language of the screens: gettext catalogues for words, Babel for instants, durations, numbers and sizes.

``words("Retry")`` is the marked text in the user's language. Texts that stand in tables of Python are marked by `marked`. `make words`
collects all of them into ``locale/``.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from babel import Locale
from babel.dates import format_timedelta, parse_pattern
from babel.numbers import format_decimal
from babel.units import format_unit

from outboxsim.outbox import Action, Outcome, Priority, Reason, SendStatus, Trigger, View

if TYPE_CHECKING:
    from outboxsim.quantities import Clock
    from outboxsim.widgets.session import Session

LANGUAGES: Final = ("en", "de")

#: Whose customs dates and numbers follow: 24 hours, as scenario files write them.
_CUSTOMS: Final = {"en": "en_GB", "de": "de_DE"}


def marked(text: str) -> str:
    """The text itself, marked for the catalogues; it is translated where it is shown."""
    return text


#: The columns of the page by their names in scenario files (spec/outbox.md section 1).
COLUMN_WORDS: Final[Mapping[str, str]] = {
    "to": marked("To"),
    "subject": marked("Subject"),
    "email_connector": marked("Email connector"),
    "priority": marked("Priority"),
    "system_generated": marked("System generated"),
    "last_send_attempt": marked("Last send attempt"),
    "last_error_message": marked("Last error message"),
    "logged": marked("Logged"),
    "next_send_attempt": marked("Next send attempt"),
    "work_item": marked("Work item"),
    "work_item_type": marked("Work item type"),
    "send_attempts": marked("Send attempts"),
    "send_status": marked("Send status"),
    "attachments": marked("Attachments"),
}
_STATUS_WORDS: Final[Mapping[SendStatus, str]] = {
    SendStatus.QUEUED: marked("Queued"),
    SendStatus.PENDING_RETRY: marked("Pending retry"),
    SendStatus.CONNECTOR_DISABLED: marked("Connector disabled"),
    SendStatus.FAILED: marked("Failed"),
    SendStatus.SENT: marked("Sent"),
    SendStatus.CANCELLED: marked("Cancelled"),
}
_VIEW_WORDS: Final[Mapping[View, str]] = {
    View.MINE: marked("My emails"),
    View.TEAM: marked("My team's emails"),
    View.SYSTEM: marked("System emails"),
    View.ALL: marked("All"),
}
_PRIORITY_WORDS: Final[Mapping[Priority, str]] = {
    Priority.HIGH: marked("high"),
    Priority.NORMAL: marked("normal"),
    Priority.LOW: marked("low"),
}
_ACTION_WORDS: Final[Mapping[Action, str]] = {
    Action.RETRY: marked("Retry"),
    Action.CANCEL: marked("Cancel"),
    Action.SEND_NOW: marked("Send now"),
    Action.UNDO: marked("Undo send"),
}
_OUTCOME_WORDS: Final[Mapping[Outcome, str]] = {
    Outcome.ACCEPTED: marked("accepted"),
    Outcome.TRANSIENT: marked("failed for now"),
    Outcome.PERMANENT: marked("failed for good"),
    Outcome.CONNECTOR_DISABLED: marked("connector disabled"),
    Outcome.SUSPENDED: marked("suspended"),
}
_TRIGGER_WORDS: Final[Mapping[Trigger, str]] = {
    Trigger.AUTOMATIC: marked("automatic"),
    Trigger.MANUAL: marked("manual"),
}
_TYPE_WORDS: Final[Mapping[str, str]] = {
    "ticket": marked("Ticket"),
    "case": marked("Case"),
    "action": marked("Action"),
}
#: Who may not see an email reads the same as for one that does not exist (P3).
_REASON_WORDS: Final[Mapping[Reason, str]] = {
    Reason.UNKNOWN_EMAIL: marked("there is no such email"),
    Reason.NOT_VISIBLE: marked("there is no such email"),
    Reason.NOT_SENDER: marked("only the sender can undo sending"),
    Reason.NOT_ADMIN: marked("only an administrator may do this"),
    Reason.NOT_ALLOWED: marked("you are not allowed to do this"),
    Reason.NOT_IN_OUTBOX: marked("the email has left the outbox"),
    Reason.IN_FLIGHT: marked("the email is just being sent"),
    Reason.WRONG_STATUS: marked("not possible in this send status"),
    Reason.UNDO_WINDOW_OVER: marked("the time to undo sending is over"),
}
_TRUTH_WORDS: Final = {True: marked("yes"), False: marked("no")}
_EVENT_WORDS: Final[Mapping[str, str]] = {
    "submitted": marked("Submitted"),
    "scheduled": marked("Scheduled"),
    "released": marked("Released for sending"),
    "attempt_started": marked("Send attempt started"),
    "attempt_ended": marked("Send attempt ended"),
    "status_changed": marked("Send status changed"),
    "action_refused": marked("Action refused"),
    "outage_began": marked("Outage began"),
    "outage_ended": marked("Outage ended"),
    "connector_enabled": marked("Connector enabled"),
    "connector_disabled": marked("Connector disabled"),
    "breaker_opened": marked("Circuit breaker opened"),
    "breaker_closed": marked("Circuit breaker closed"),
    "setting_changed": marked("Setting changed"),
    "work_item_split": marked("Work item split"),
    "work_item_merged": marked("Work items merged"),
    "work_item_shared": marked("Work item shared"),
    "work_item_assigned": marked("Work item assigned"),
}

_UNITS: Final = (("day", 86_400_000_000), ("hour", 3_600_000_000), ("minute", 60_000_000), ("second", 1_000_000))
_SIZES: Final = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"), (1, "B"))
_MOST_REMEMBERED: Final = 20_000


@lru_cache(maxsize=_MOST_REMEMBERED)  # a page says the same few numbers thousands of times a second
def _number(number: float, locale: Locale) -> str:
    return format_decimal(number, locale=locale)


class Words:
    """Texts, instants and numbers in one language.

    Parameters
    ----------
    language
        One of `LANGUAGES`.

    Raises
    ------
    ValueError
        If there is no such language.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise ValueError(f"{language!r} is no language of the page; there are {', '.join(LANGUAGES)}")
        self.language = language
        self.locale = Locale.parse(_CUSTOMS[language])
        with files("outboxsim.widgets").joinpath("locale", language, "LC_MESSAGES", "outboxsim.mo").open("rb") as catalogue:
            self._texts = gettext.GNUTranslations(catalogue)
        medium = self.locale.datetime_formats["medium"].replace("'", "")
        self._pattern = parse_pattern(medium.format(self.locale.time_formats["medium"].pattern, self.locale.date_formats["medium"].pattern))
        self._instants: dict[tuple[str, int], str] = {}  # by time zone and second

    def __repr__(self) -> str:
        return f"Words({self.language!r})"

    # Texts

    def __call__(self, text: str, **values: object) -> str:
        """A marked text in this language; `values` take the place of ``{name}`` in it."""
        translated = self._texts.gettext(text)
        return translated.format(**values) if values else translated

    def many(self, one: str, more: str, count: int, **values: object) -> str:
        """The form of a text that a count needs; ``{count}`` in it is the count, formatted."""
        return self._texts.ngettext(one, more, count).format(count=self.number(count), **values)

    def column(self, name: str) -> str:
        """The heading of a column."""
        return self(COLUMN_WORDS[name])

    def status(self, status: SendStatus | int) -> str:
        """A send status."""
        return self(_STATUS_WORDS[SendStatus(status)])

    def view(self, view: View) -> str:
        """A view."""
        return self(_VIEW_WORDS[view])

    def priority(self, priority: Priority | int) -> str:
        """A priority."""
        return self(_PRIORITY_WORDS[Priority(priority)])

    def action(self, action: Action) -> str:
        """What a person can do to an email."""
        return self(_ACTION_WORDS[action])

    def outcome(self, outcome: Outcome | int) -> str:
        """How an attempt ended."""
        return self(_OUTCOME_WORDS[Outcome(outcome)])

    def trigger(self, trigger: Trigger | int) -> str:
        """Who started an attempt."""
        return self(_TRIGGER_WORDS[Trigger(trigger)])

    def work_item_type(self, kind: str) -> str:
        """Ticket, case or action."""
        return self(_TYPE_WORDS[kind])

    def reason(self, reason: Reason) -> str:
        """Why an action was refused, as the rest of a sentence."""
        return self(_REASON_WORDS[reason])

    def event(self, name: str) -> str:
        """What happened, by its name in the table of events."""
        return self(_EVENT_WORDS[name]) if name in _EVENT_WORDS else name

    def yes_or_no(self, truth: bool) -> str:
        """Yes or no."""
        return self(_TRUTH_WORDS[truth])

    # Instants and amounts

    def instant(self, session: Session, t: int) -> str:
        """An instant with date and seconds, local to the scenario's time zone."""
        return self.at(session.scenario.clock, t)

    def at(self, clock: Clock, t: int) -> str:
        """An instant with date and seconds, local to a clock's time zone."""
        second = (clock.epoch_us + t) // 1_000_000
        known = self._instants.get((clock.time_zone, second))
        if known is None:
            if len(self._instants) >= _MOST_REMEMBERED:
                self._instants.clear()
            known = self._instants[clock.time_zone, second] = self.datetime(clock.datetime(t))
        return known

    def datetime(self, local: datetime) -> str:
        """A local date and time with seconds."""
        return self._pattern.apply(local, self.locale)

    def duration(self, us: int) -> str:
        """A duration, by its two largest units: ``1 hr 30 mins``."""
        if us < 60_000_000:
            return format_unit(round(us / 1_000_000, 3), "second", length="short", locale=self.locale)
        first = next(number for number, (_, size) in enumerate(_UNITS) if us >= size)
        parts = []
        for unit, size in _UNITS[first : first + 2]:
            count, us = divmod(us, size)
            if count:
                parts.append(format_unit(count, unit, length="short", locale=self.locale))
        return " ".join(parts)

    def relative(self, us: int) -> str:
        """How far an instant lies ahead (or, below 0, back): ``in 5 mins``."""
        return format_timedelta(timedelta(microseconds=us), granularity="second", add_direction=True, format="short", locale=self.locale)

    def number(self, number: float) -> str:
        """A number, with the separators of the language."""
        return _number(number, self.locale)

    def share(self, share: float) -> str:
        """A share as per cent."""
        return format_decimal(share * 100, format="#,##0.##", locale=self.locale) + "\u00a0%"

    def size(self, size: int) -> str:
        """The size of a file."""
        least, unit = next((one for one in _SIZES if size >= one[0]), _SIZES[-1])
        return f"{self.number(round(size / least, 1))}\u00a0{unit}"
