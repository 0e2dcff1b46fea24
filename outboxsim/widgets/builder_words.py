"""Builder in words: connectors, their state and their history, in the language of the screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from outboxsim.engine.glance import Activity, activities, settings_now
from outboxsim.outbox import View
from outboxsim.quantities import Constant, format_duration
from outboxsim.widgets.pattern_choice import text_of_pattern
from outboxsim.widgets.screens.builder import CommonForm, ConnectorRow, HistoryLine
from outboxsim.widgets.words import Words, marked

if TYPE_CHECKING:
    from outboxsim.engine.glance import ConnectorNow
    from outboxsim.outbox.people import Access
    from outboxsim.quantities import RandomDuration
    from outboxsim.retry import RetryPattern
    from outboxsim.scenario import FailureShare
    from outboxsim.widgets.session import Session

#: Lines of an activity history that are shown.
MOST_LINES: Final = 30

_SETTINGS: Final[Mapping[str, str]] = {
    "latency": marked("Latency"),
    "timeout": marked("Timeout"),
    "capacity": marked("Capacity"),
    "rate_limit": marked("Rate limit"),
    "transient_failure": marked("Share of transient failures"),
    "permanent_failure": marked("Share of permanent failures"),
    "greylisting": marked("Greylisting"),
    "retry": marked("Retry pattern"),
    "attempt_limit": marked("Maximal attempts"),
    "manual_retry": marked("A manual retry"),
    "on_enable": marked("Enabling a connector"),
}
_MANUAL_RETRIES: Final[Mapping[str, str]] = {
    "continue": marked("takes the next step of the pattern"),
    "restart": marked("begins the pattern anew"),
    "once": marked("is a single try"),
}
_ON_ENABLES: Final[Mapping[str, str]] = {
    "manual": marked("leaves its emails to a manual retry"),
    "resume": marked("retries its emails at once"),
}


def latency_text(latency: RandomDuration) -> str:
    """A random duration as a form shows it; one that is drawn by its distribution and its numbers."""
    if isinstance(latency, Constant):
        return format_duration(latency.value)
    if not hasattr(latency, "__dataclass_fields__"):
        return type(latency).__name__.lower()
    numbers = ((field.name, getattr(latency, field.name)) for field in fields(latency))
    parts = [
        f"{name}: {format_duration(value) if isinstance(value, int) else f'{value:g}'}"
        for name, value in numbers
        if isinstance(value, int | float)
    ]
    return f"{{{', '.join([f'dist: {type(latency).__name__.lower()}', *parts])}}}"


def share_text(share: FailureShare) -> str:
    """A share of failures as it can be typed."""
    return f"{share.probability * 100:.10g} %"


class BuilderWords:
    """What Builder says about a session in a language.

    Parameters
    ----------
    words
        The language.
    session
        The session.
    """

    def __init__(self, words: Words, session: Session) -> None:
        self._words = words
        self._session = session

    # Connectors

    def waiting(self, user: str) -> dict[str, tuple[int, int]]:
        """For each connector how many emails wait and how many are in flight, of those that the user may see (P3)."""
        listing = self._session.listing(user, View.ALL)
        names = listing.names("connector")
        in_flight = listing.column("in_flight")
        waits = Counter(listing.column("connector")[~in_flight].tolist())
        flies = Counter(listing.column("connector")[in_flight].tolist())
        return {name: (waits[code], flies[code]) for code, name in enumerate(names)}

    def connector_row(self, now: ConnectorNow, counts: tuple[int, int]) -> ConnectorRow:
        """A connector as the table shows it."""
        words = self._words
        waiting, in_flight = counts
        limit = "" if now.attempt_limit is None else words.number(now.attempt_limit)
        return ConnectorRow(
            name=now.name,
            enabled=now.enabled,
            outage=self.outage(now),
            breaker=self._breaker(now),
            latency=latency_text(now.latency),
            failures=self._failures(now),
            capacity=self._capacity(now),
            retry=self.pattern(now.own_retry),
            limit=limit or words("no limit"),
            waiting=words.number(waiting),
            in_flight=words.number(in_flight),
        )

    def outage(self, now: ConnectorNow) -> str:
        """The outage that decides at present; empty for none."""
        words, outage = self._words, now.outage
        if outage is None:
            return ""
        if outage.until is None:
            return words("Outage since {begin}: {error}", begin=self._instant(outage.began), error=outage.error)
        return words(
            "Outage from {begin} to {end}: {error}", begin=self._instant(outage.began), end=self._instant(outage.until), error=outage.error
        )

    def _breaker(self, now: ConnectorNow) -> str:
        words, until = self._words, now.breaker_open_until
        return "" if until is None else words("Circuit breaker open until {end}", end=self._instant(until))

    def _failures(self, now: ConnectorNow) -> str:
        words = self._words
        return words(
            "{transient} transient, {permanent} permanent",
            transient=words.share(now.transient.probability),
            permanent=words.share(now.permanent.probability),
        )

    def _capacity(self, now: ConnectorNow) -> str:
        words = self._words
        slots = words("unlimited") if now.capacity is None else words.many("{count} at once", "{count} at once", now.capacity)
        if now.rate_limit is None:
            return slots
        rate = words("{count} in {period}", count=words.number(now.rate_limit.count), period=words.duration(now.rate_limit.per))
        return f"{slots}, {rate}"

    def pattern(self, pattern: RetryPattern | None) -> str:
        """A pattern by its name, or by what it is made of."""
        words = self._words
        if pattern is None:
            return words("as for all connectors")
        return pattern.name or text_of_pattern(pattern) or repr(pattern)

    def _instant(self, t: int) -> str:
        return self._words.instant(self._session, t)

    # What holds for all

    def common(self) -> CommonForm:
        """The settings of all connectors besides pattern and limit."""
        words, now = self._words, settings_now(self._session.simulation)
        return CommonForm(
            now.manual_retry,
            now.on_enable,
            {word: words(text) for word, text in _MANUAL_RETRIES.items()},
            {word: words(text) for word, text in _ON_ENABLES.items()},
        )

    def access(self, access: Access) -> str:
        """Other teams whose emails a user may see."""
        words = self._words
        return words("all teams") if access == "all" else ", ".join(sorted(access)) or words("no other team")

    # History

    def history(self, connector: str) -> tuple[list[HistoryLine], int]:
        """The activity history of a connector and of what holds for all, latest first, and how many older lines there are (C1)."""
        concerning = [one for one in activities(self._session.simulation) if _concerns(one, connector)]
        shown = concerning[: -MOST_LINES - 1 : -1]
        return [self._line(one, connector) for one in shown], len(concerning) - len(shown)

    def _line(self, one: Activity, connector: str) -> HistoryLine:
        words = self._words
        who = words("by the system") if one.actor == "system" else "" if one.actor is None else words("by {user}", user=one.actor)
        return HistoryLine(self._instant(one.time), words.event(one.event), who, list(self._details(one, connector)))

    def _details(self, one: Activity, connector: str) -> Iterator[str]:
        words, detail = self._words, one.detail
        if one.event == "outage_began":
            yield f"{detail['kind']}: {detail['error']}"
            if "until" in detail:
                yield words("until {end}", end=self._instant(detail["until"]))
        if one.event == "setting_changed":
            for name, value in detail.get("connectors", {}).get(connector, {}).items():
                yield self._setting(name, value)
            for name, value in detail.items():
                if name not in ("connectors", "users"):
                    yield words("For all connectors: {setting}", setting=self._setting(name, value))

    def _setting(self, name: str, value: Any) -> str:
        words = self._words
        named = words(_SETTINGS[name]) if name in _SETTINGS else name
        now = words("not set") if value is None else _value_text(value)
        return f"{named}: {now}"


def _value_text(value: Any) -> str:
    if isinstance(value, Mapping) and "probability" in value:
        return f"{value['probability'] * 100:.10g} %"
    return ", ".join(f"{key}: {one}" for key, one in value.items()) if isinstance(value, Mapping) else str(value)


def _concerns(one: Activity, connector: str) -> bool:
    if one.event != "setting_changed":
        return one.connector == connector
    return connector in one.detail.get("connectors", {}) or bool(one.detail.keys() - {"connectors", "users"})
