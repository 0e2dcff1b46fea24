"""What a value may refer to: the names that a file defines, its clock and its horizon.

It is gathered from the raw file before anything is validated, and never complains: so a wrong name is a fault at its own place, whatever
else is wrong, and each fault is told once, by whoever reads the value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from outboxsim.errors import QuantityError
from outboxsim.quantities import Clock, parse_duration
from outboxsim.quantities.clock import looks_like_moment
from outboxsim.retry import PRESETS, PatternInvalid, RetryPattern, parse_pattern
from outboxsim.scenario.words import Suggestions, shown

#: Verbs of the timeline that send an email of their own, with the id ITEM-VERB-N.
SENDING_VERBS: Final = ("split", "merge", "share")

#: Clocks, durations and moments repeat all the time; beyond this many different ones they are read anew.
_MOST_REMEMBERED: Final = 100_000


#: Names in the order of the file (a set's order differs from process to process, and messages list names).
Names: TypeAlias = dict[str, None]


class _Anything(Names):
    """Every name: what a section that cannot be read may define."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)


ANYTHING: Final = _Anything()


@dataclass(slots=True)
class Scope:
    """What values may refer to; `clock` and `horizon` are None where the file's own are faulty.

    `read_emails` are the emails of the file and of its emails_file, which are read first, and `in_need_of_default` the ids of those that
    no connector takes; `knows_all_emails` is false if an emails_file could not be read: then any id may be one of it. `submitted` are
    the ids of emails that the timeline submits, each with the place of its entry; they are among `emails` too.
    """

    clock: Clock | None = None
    horizon: int | None = None
    users: Names = field(default_factory=dict)
    teams: Names = field(default_factory=dict)
    work_items: Names = field(default_factory=dict)
    connectors: Names = field(default_factory=dict)
    patterns: dict[str, RetryPattern] = field(default_factory=dict)
    emails: Names = field(default_factory=dict)
    traffic: dict[str, int | None] = field(default_factory=dict)
    sent_by_timeline: dict[str, int] = field(default_factory=dict)
    submitted: dict[str, int] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    user_addresses: dict[str, str] = field(default_factory=dict)
    default_connector: str | None = None
    read_emails: tuple[Any, ...] = ()
    in_need_of_default: list[str] = field(default_factory=list)
    knows_all_emails: bool = True
    is_of_a_file: bool = False
    max_emails: int = 1_000_000
    suggestions: Suggestions = field(default_factory=Suggestions, compare=False)
    _moments: dict[str, int] = field(default_factory=dict, compare=False)
    _durations: dict[str, int] = field(default_factory=dict, compare=False)

    def moment(self, text: str) -> int:
        """The instant that a text means; raises QuantityError. Without a clock only the form is looked at."""
        found = self._moments.get(text)
        if found is None:
            found = self._read_moment(text)
            if len(self._moments) < _MOST_REMEMBERED:
                self._moments[text] = found
        return found

    def _read_moment(self, text: str) -> int:
        if self.clock is not None:
            return self.clock.moment(text, horizon=0 if self.horizon is None else self.horizon)
        return 0 if looks_like_moment(text) else Clock("2000-01-01T00:00:00").moment(text, horizon=0)

    def duration(self, text: str) -> int:
        """A duration in microseconds; raises QuantityError."""
        found = self._durations.get(text)
        if found is None:
            found = parse_duration(text)
            if len(self._durations) < _MOST_REMEMBERED:
                self._durations[text] = found
        return found

    def try_moment(self, value: object) -> int | None:
        """The instant that a value means; None if it means none or the clock is not known."""
        return self._tried(self.moment, value) if self.clock is not None and self.horizon is not None else None

    def try_duration(self, value: object) -> int | None:
        """The duration that a value means; None if it means none."""
        return self._tried(self.duration, value)

    def _tried(self, read: Callable[[str], int], value: object) -> int | None:
        try:
            return read(value) if isinstance(value, str) else None
        except QuantityError:
            return None

    def is_past_horizon(self, value: object) -> bool:
        """Whether a value is a moment past the horizon (false if either is faulty)."""
        moment = self.try_moment(value)
        return moment is not None and self.horizon is not None and moment > self.horizon

    def defines_email(self, email: str) -> bool:
        """Whether the file defines this id: an email's own, one of a traffic, or one that the timeline sends."""
        return email in self.emails or self.generates(email) or not self.knows_all_emails

    def generates(self, email: str) -> bool:
        """Whether a traffic or the timeline makes an email of this id."""
        return email in self.submitted or self.maker_of(email) is not None

    def maker_of(self, email: str) -> str | None:
        """The traffic that makes an email of this id, or the timeline if one of its work items sends it; None if neither does."""
        name, _, digits = email.rpartition("-")
        # As many digits as Python likes to read; no leading zeros, for no generated id has them.
        if not (0 < len(digits) < 16 and digits.isascii() and digits.isdigit() and digits[0] != "0"):
            return None
        number = int(digits)
        if name in self.traffic:
            limit = self.traffic[name]
            return f"the traffic {shown(name)}" if limit is None or number <= limit else None
        return "the timeline" if number <= self.sent_by_timeline.get(name, 0) else None

    def taken(self, email: str) -> str | None:
        """What is wrong if an email's id is one that a traffic or the timeline makes; None if nothing is."""
        maker = f"timeline[{self.submitted[email]}]" if email in self.submitted else self.maker_of(email)
        return None if maker is None else f"{shown(email)} is the id of an email that {maker} makes; write another one"

    def route(self, via: str | None, from_address: str | None) -> str | None:
        """The connector of an email (C2); None if it would need a default and there is none."""
        if via is not None:
            return via
        connector = self.addresses.get(from_address) if from_address is not None else None
        return connector if connector is not None else self.default_connector


def scope_of(raw: Mapping[str, Any]) -> Scope:
    """The scope of a raw scenario file."""
    scope = Scope(is_of_a_file=True)
    _take_clock(raw, scope)
    _take_people(raw, scope)
    _take_connectors(raw, scope)
    _take_patterns(raw, scope)
    scope.emails = dict.fromkeys(email["id"] for email in _entries(raw, "emails") if isinstance(email.get("id"), str))
    scope.submitted = _submitted(raw)
    scope.emails.update(dict.fromkeys(scope.submitted))
    scope.knows_all_emails = all(isinstance(raw.get(key, []), list) for key in ("emails", "traffic", "timeline"))
    for traffic in _entries(raw, "traffic"):
        if isinstance(traffic.get("name"), str):
            limit = traffic.get("limit")
            scope.traffic[traffic["name"]] = limit if type(limit) is int and limit > 0 else None
    for item, verb in _sending(raw):
        prefix = f"{item}-{verb}"
        scope.sent_by_timeline[prefix] = scope.sent_by_timeline.get(prefix, 0) + 1
    return scope


def _take_clock(raw: Mapping[str, Any], scope: Scope) -> None:
    try:
        scope.clock = Clock(raw.get("start"), raw.get("time_zone", "UTC"))  # type: ignore[arg-type]  # whatever else is refused
        scope.horizon = scope.clock.moment(raw["horizon"]) if isinstance(raw.get("horizon"), str) else None
        if scope.horizon == 0:
            scope.horizon = None
    except QuantityError:
        pass


def _take_people(raw: Mapping[str, Any], scope: Scope) -> None:
    users: Names = dict.fromkeys(_mapping(raw, "users"))
    for team in _mapping(raw, "teams").values():
        for role in ("leaders", "members"):
            users.update(dict.fromkeys(name for name in _list(team, role) if isinstance(name, str)))
    scope.teams = _names(raw, "teams")
    scope.users = ANYTHING if ANYTHING is scope.teams or ANYTHING is _names(raw, "users") else users
    scope.work_items = _names(raw, "work_items")
    for name, user in _mapping(raw, "users").items():
        if isinstance(user, Mapping) and isinstance(user.get("address"), str):
            scope.user_addresses[name] = user["address"]


def _take_connectors(raw: Mapping[str, Any], scope: Scope) -> None:
    connectors = _mapping(raw, "connectors")
    scope.connectors = _names(raw, "connectors")
    for name, connector in connectors.items():
        for address in _list(connector, "addresses"):
            if isinstance(address, str):
                scope.addresses.setdefault(address, name)
    defaults = [name for name, connector in connectors.items() if isinstance(connector, Mapping) and connector.get("default") is True]
    scope.default_connector = next(iter(defaults or (connectors if len(connectors) == 1 else ())), None)


def _take_patterns(raw: Mapping[str, Any], scope: Scope) -> None:
    """The file's patterns in order; one that is faulty stands for itself as any other, so that its users are not faulty too."""
    for name, value in _mapping(raw, "retry_patterns").items():
        try:
            scope.patterns[name] = parse_pattern(value, scope.patterns).replace(name=name)
        except PatternInvalid:
            scope.patterns[name] = PRESETS["default"]


def _sending(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Work item and verb of each entry of the timeline that sends an email."""
    for entry in _entries(raw, "timeline"):
        for verb in SENDING_VERBS:
            target = entry.get(verb)
            target = target[0] if isinstance(target, list) and target else target
            if isinstance(target, str):
                yield target, verb


def _submitted(raw: Mapping[str, Any]) -> dict[str, int]:
    """The ids of emails that the timeline submits, and the places of their entries."""
    found: dict[str, int] = {}
    for number, entry in enumerate(_list(raw, "timeline")):
        email = entry.get("submit") if isinstance(entry, Mapping) else None
        if isinstance(email, Mapping) and isinstance(email.get("id"), str):
            found.setdefault(email["id"], number)
    return found


def _names(raw: Mapping[str, Any], key: str) -> Names:
    """The names that a section defines; any, if it is no mapping: that is a fault already, and not that of who uses them."""
    return ANYTHING if key in raw and not isinstance(raw[key], Mapping) else dict.fromkeys(_mapping(raw, key))


def _mapping(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, Mapping) else {}


def _list(raw: object, key: str) -> list[Any]:
    value = raw.get(key) if isinstance(raw, Mapping) else None
    return value if isinstance(value, list) else []


def _entries(raw: Mapping[str, Any], key: str) -> Iterable[Mapping[str, Any]]:
    return (entry for entry in _list(raw, key) if isinstance(entry, Mapping))
