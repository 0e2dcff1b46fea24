"""The clock of a scenario: from moments as people write them to microseconds since the start, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from whenever import Date, OffsetDateTime, PlainDateTime, RepeatedTime, SkippedTime, Time, TimeZoneNotFoundError, ZonedDateTime

from outboxsim.errors import QuantityError
from outboxsim.quantities.durations import LONGEST, LONGEST_TEXT, parse_duration, quoted

MOMENT_HINT: Final = "write for example '5 min' (since the start), '10:30', 'day 2 09:00', '2026-03-02T10:30:00', 'start' or 'end'"

#: The written forms; also patterns of the JSON Schema (ECMA 262).
LOCAL_TIME: Final = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"
DAY_TIME: Final = rf"day +[0-9]+ +{LOCAL_TIME}"
ISO_INSTANT: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"

_LOCAL_TIME: Final = re.compile(LOCAL_TIME)
_DAY_TIME: Final = re.compile(rf"day +([0-9]+) +({LOCAL_TIME})")
_ISO_INSTANT: Final = re.compile(ISO_INSTANT)
_OFFSET: Final = re.compile(r"T.*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LIKE_DURATION: Final = re.compile(r"-|P[T0-9]|[0-9.]+ *(?:[a-z]|$)")
_ZONE_NAME: Final = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")

#: Names that a machine may know, but that mean something else on another one.
_NO_ZONES: Final = frozenset({"localtime", "posixrules", "Factory"})

#: Years that calendars, time zones and tables all know.
_YEARS: Final = (1900, 2200)
_DAY: Final = 86_400_000_000
_HOUR: Final = 3_600_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, init=False)
class Clock:
    """When a scenario starts, and in which time zone its local times are.

    Parameters
    ----------
    start
        An ISO 8601 instant, with offset or local to `time_zone`.
    time_zone
        A name of the IANA database, such as ``Europe/Berlin``.

    Raises
    ------
    QuantityError
        If there is no such zone, or the start is a local time that daylight saving skips or repeats there.
    """

    start: ZonedDateTime
    time_zone: str
    epoch_us: int = field(repr=False, compare=False)

    def __init__(self, start: str, time_zone: str = "UTC") -> None:
        check_time_zone(time_zone)
        instant = _iso_instant(start.strip() if isinstance(start, str) else start, time_zone, "write for example '2026-03-02T09:00:00'")
        if not _YEARS[0] <= instant.year <= _YEARS[1]:
            raise QuantityError(
                f"{quoted(start)} is not between the years {_YEARS[0]} and {_YEARS[1]}; write for example '2026-03-02T09:00:00'"
            )
        object.__setattr__(self, "start", instant)
        object.__setattr__(self, "time_zone", time_zone)
        object.__setattr__(self, "epoch_us", _epoch_us(instant))

    def moment(self, text: str, *, horizon: int | None = None) -> int:
        """The instant that a text means, in microseconds since the start.

        Parameters
        ----------
        text
            A duration since the start; ``10:30`` or ``10:30:15``, the first such local time at or after the start; ``day 2 09:00``;
            an ISO instant, with offset or local; ``start``; ``end``.
        horizon
            What ``end`` means; without it, ``end`` is refused.

        Raises
        ------
        QuantityError
            If it is none of these, lies before the start or more than 100 years after it, or is a local time that daylight saving skips
            or repeats on the day meant.
        """
        text = text.strip()
        if text == "start":
            return 0
        if text == "end":
            if horizon is None:
                raise QuantityError("'end' is not known here; write a duration or an instant")
            return horizon
        if _LOCAL_TIME.fullmatch(text):
            return self._since_start(text, self._first(text))
        if (match := _DAY_TIME.fullmatch(text)) and len(text) <= LONGEST_TEXT:
            return self._since_start(text, self._on_day(text, int(match[1]), match[2]))
        if _ISO_INSTANT.fullmatch(text):
            return self._since_start(text, _iso_instant(text, self.time_zone, MOMENT_HINT))
        return _duration_since_start(text)

    def _since_start(self, text: str, instant: ZonedDateTime) -> int:
        micros = _epoch_us(instant) - self.epoch_us
        if micros < 0:
            raise QuantityError(f"{quoted(text)} is before the start ({self.iso(0)}); write a moment at or after it")
        if micros > LONGEST:
            raise QuantityError(f"{quoted(text)} is more than 100 years after the start ({self.iso(0)})")
        return micros

    def _first(self, text: str) -> ZonedDateTime:
        """The first such local time at or after the start; the day that this is, is the day meant, whatever daylight saving does on it."""
        time, today = _time(text), self.start.date()
        wall = today.at(time)
        latest = wall.assume_tz(self.time_zone, disambiguation="later")
        is_skipped = latest.to_plain() != wall
        has_passed = wall < self.start.to_plain() if is_skipped else latest < self.start
        return _local(text, today.add(days=1) if has_passed else today, time, self.time_zone)

    def _on_day(self, text: str, number: int, time: str) -> ZonedDateTime:
        if number < 1:
            raise QuantityError(f"{quoted(text)}: days count from 1, the day of the start; write for example 'day 1 {time}'")
        if number > LONGEST // _DAY:
            raise QuantityError(f"{quoted(text)} is more than 100 years after the start ({self.iso(0)})")
        return _local(text, self.start.date().add(days=number - 1), _time(time), self.time_zone)

    def datetime(self, t: int) -> datetime:
        """The instant `t` as a tz-aware datetime."""
        return (_EPOCH + timedelta(microseconds=self.epoch_us + t)).astimezone(ZoneInfo(self.time_zone))

    def iso(self, t: int) -> str:
        """The instant `t` as ``2026-03-02T09:16:00+01:00``; microseconds only if there are any."""
        return self.datetime(t).isoformat()

    def clock_time(self, t: int) -> str:
        """The local time of `t` as ``09:16:00``, with the date in front if it is another than the start's."""
        local = self.datetime(t)
        time = local.time().isoformat()
        return time if local.date() == self.datetime(0).date() else f"{local.date().isoformat()} {time}"

    def local_windows(self, first: str, second: str, until: int) -> list[tuple[int, int]]:
        """Each day's half-open window between two local times, cut to [0, until]; one whose second time is not after its first wraps.

        Raises
        ------
        QuantityError
            If daylight saving skips or repeats one of the times on a day that counts.
        """
        opens, closes = _time(first), _time(second)
        if opens == closes:
            raise QuantityError(f"{quoted(first)} and {quoted(second)} are the same time; write two different ones")
        wraps = closes < opens
        windows = []
        for date in self._dates(until):
            # A rough look first: a day whose window cannot count may skip or repeat what it likes.
            last_date = date.add(days=1) if wraps else date
            if self._roughly(last_date, closes) <= -_HOUR or self._roughly(date, opens) > until + _HOUR:
                continue
            start = self._micros(_local(first, date, opens, self.time_zone))
            end = self._micros(_local(second, last_date, closes, self.time_zone))
            if end > 0 and start <= until:
                windows.append((max(start, 0), min(end, until + 1)))
        return windows

    def _dates(self, until: int) -> Iterator[Date]:
        """The local dates from the day before the start (whose window may wrap into it) to that of `until`."""
        date, last = self.start.date().subtract(days=1), Date(self.datetime(until).date())
        while date <= last:
            yield date
            date = date.add(days=1)

    def _roughly(self, date: Date, time: Time) -> int:
        return self._micros(date.at(time).assume_tz(self.time_zone, disambiguation="compatible"))

    def _micros(self, instant: ZonedDateTime) -> int:
        return _epoch_us(instant) - self.epoch_us

    def hours_until(self, until: int) -> list[tuple[int, int, int, bool]]:
        """The stretches of one local clock hour each, from the start to `until`.

        Returns
        -------
        list of tuple
            from, until (microseconds since the start), hour (0 to 23), whether it is a Saturday or Sunday.
        """
        stretches = []
        t = 0
        while t < until:
            local = self.datetime(t)
            into = (local.minute * 60 + local.second) * 1_000_000 + local.microsecond
            end = min(t + _HOUR - into, until)
            if self.datetime(end).utcoffset() != local.utcoffset():
                end = min(end, self._next_transition(t))
            stretches.append((t, end, local.hour, local.weekday() >= 5))
            t = end
        return stretches

    def _next_transition(self, t: int) -> int:
        """When the offset from UTC changes next after `t`; it does within the hour."""
        low, high = t, t + _HOUR
        offset = self.datetime(low).utcoffset()
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.datetime(middle).utcoffset() == offset else (low, middle)
        return high


def looks_like_moment(text: str) -> bool:
    """Whether a text has the form of a moment other than a duration, whatever the clock makes of it."""
    text = text.strip()
    forms = (_LOCAL_TIME, _DAY_TIME, _ISO_INSTANT)
    return text in {"start", "end"} or any(form.fullmatch(text) for form in forms)


def is_local_time(text: str) -> bool:
    """Whether a text is a local time alone, such as ``10:30``."""
    return _LOCAL_TIME.fullmatch(text.strip()) is not None


def check_time_zone(name: str) -> None:
    """Raise QuantityError if the IANA database has no such zone."""
    try:
        # A path such as ../etc/passwd is no name; right/… counts leap seconds, which no other clock here does.
        is_name = isinstance(name, str) and len(name) <= LONGEST_TEXT and _ZONE_NAME.fullmatch(name)
        if is_name and not name.startswith(("right/", "posix/")) and name not in _NO_ZONES:
            PlainDateTime(2000, 1, 1).assume_tz(name, disambiguation="compatible")
            ZoneInfo(name)
            return
    except (TimeZoneNotFoundError, ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise QuantityError(f"{quoted(name)} is no time zone of the IANA database; write for example 'Europe/Berlin' or 'UTC'")


def _duration_since_start(text: str) -> int:
    try:
        return parse_duration(text)
    except QuantityError as error:
        if _DATE.fullmatch(text):
            raise QuantityError(f"{quoted(text)} has no time of day; write for example '{text}T10:30:00'") from error
        if _LIKE_DURATION.match(text):
            raise
        raise QuantityError(f"{quoted(text)} is no moment; {MOMENT_HINT}") from error


def _iso_instant(text: str, time_zone: str, hint: str) -> ZonedDateTime:
    """An ISO instant; without an offset it is local to `time_zone`."""
    if not (isinstance(text, str) and _ISO_INSTANT.fullmatch(text)):
        raise QuantityError(f"{quoted(text)} is no ISO instant; {hint}")
    try:
        if _OFFSET.search(text.replace(" ", "T")):
            return OffsetDateTime.parse_iso(text).to_tz(time_zone)
        plain = PlainDateTime.parse_iso(text)
    except ValueError as error:
        raise QuantityError(f"{quoted(text)} is no instant of the calendar; {hint}") from error
    return _at(text, plain, time_zone)


def _time(text: str) -> Time:
    return Time.parse_iso(text if text.index(":") == 2 else f"0{text}")


def _local(text: str, date: Date, time: Time, time_zone: str) -> ZonedDateTime:
    return _at(text, date.at(time), time_zone)


def _at(text: str, plain: PlainDateTime, time_zone: str) -> ZonedDateTime:
    """A local time made an instant; one that is skipped or repeated is refused, not moved."""
    try:
        return plain.assume_tz(time_zone, disambiguation="raise")
    except SkippedTime as error:
        raise QuantityError(
            f"{quoted(text)} does not exist on {plain.date()}: daylight saving skips it in {time_zone}; write another time"
        ) from error
    except RepeatedTime as error:
        earlier = plain.assume_tz(time_zone, disambiguation="earlier").to_fixed_offset().format_iso()
        later = plain.assume_tz(time_zone, disambiguation="later").to_fixed_offset().format_iso()
        raise QuantityError(
            f"{quoted(text)} happens twice on {plain.date()}: daylight saving repeats it in {time_zone}; write '{earlier}' or '{later}'"
        ) from error
    except ValueError as error:
        raise QuantityError(f"{quoted(text)} is no instant of the calendar") from error


def _epoch_us(instant: ZonedDateTime) -> int:
    """Microseconds since 1970, halves up."""
    return (instant.timestamp(unit="nanosecond") + 500) // 1000
