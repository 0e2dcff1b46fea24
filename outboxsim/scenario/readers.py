"""How single values of a file are read: one annotated type for each kind, with its JSON Schema.

A reader gets the raw value and pydantic's info, whose context is the `Scope`; it returns the resolved value or raises ValueError with
what is wrong and what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Annotated, Any, Final, Literal, TypeAlias, cast

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from outboxsim.outbox import Priority, SendStatus, View
from outboxsim.quantities import Rate, parse_rate, parse_share
from outboxsim.quantities.clock import DAY_TIME, ISO_INSTANT, LOCAL_TIME
from outboxsim.quantities.durations import HINT, ISO, WRITTEN
from outboxsim.quantities.rates import RATE, SHARE
from outboxsim.scenario.scope import Scope
from outboxsim.scenario.words import Suggestions, listed, shown

_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SMTP_REPLY: Final = re.compile(r"[45][0-9]{2}(?:[ -].*)?", re.DOTALL)


def scope_of_info(info: ValidationInfo) -> Scope:
    """The scope that a value is read in; an empty one when a model is used without a file."""
    return cast("Scope", info.context) if info.context is not None else Scope()


# Texts and names -----------------------------------------------------------------------------------------------------------------------


def read_text(value: Any) -> str:
    """Any text."""
    if isinstance(value, str):
        return value
    hint = f"; put it in quotes: '{shown(value)}'" if isinstance(value, int | float) and not isinstance(value, bool) else ""
    raise ValueError(f"{shown(value)} is no text{hint}")


def read_free_text(value: Any) -> str:
    """A text for people; a whole number is one too (`subject: 2026`; leading zeros need quotes)."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else read_text(value)


def read_name(value: Any) -> str:
    """A name or an id: not empty, on one line, no blanks around it."""
    text = read_text(value)
    if not text.strip():
        raise ValueError(f"{shown(text)} is empty; write a name")
    if text != text.strip() or _UNPRINTABLE.search(text):
        raise ValueError(f"{shown(text)} has line breaks, control characters or blanks around it; write a name without them")
    return text


def is_smtp_reply(value: object) -> bool:
    """Whether a value is an SMTP reply that refuses: 4xx or 5xx, and what the server says."""
    return isinstance(value, str) and _SMTP_REPLY.fullmatch(value) is not None


def _read_error(value: Any) -> str:
    text = read_text(value)
    if not text.strip():
        raise ValueError(f"{shown(text)} is empty; write what the attempt's error says, for example 'connection refused'")
    return text


Text: TypeAlias = Annotated[str, PlainValidator(read_free_text), WithJsonSchema({"type": ["string", "integer"]})]
ErrorText: TypeAlias = Annotated[str, PlainValidator(_read_error), WithJsonSchema({"type": "string", "minLength": 1})]
Name: TypeAlias = Annotated[str, PlainValidator(read_name), WithJsonSchema({"type": "string", "minLength": 1})]


# Numbers and booleans -------------------------------------------------------------------------------------------------------------------


def read_whole(value: Any, least: int = 0, most: int = 10**15) -> int:
    """A whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{shown(value)} is no whole number; write {least} or more")
    if not least <= value <= most:
        raise ValueError(f"{shown(value)} is out of range; write {least} or more{f', at most {most:,}' if value > most else ''}")
    return value


def read_number(value: Any, *, above: float | None = None) -> float:
    """A number; above a bound if one is given."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{shown(value)} is no number")
    if above is not None and value <= above:
        raise ValueError(f"{shown(value)} is out of range; write a number above {above:g}")
    return float(value)


def read_truth(value: Any) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise ValueError(f"{shown(value)} is neither true nor false")


def _whole(least: int, most: int = 10**15) -> Callable[[Any], int]:
    return lambda value: read_whole(value, least, most)


Count: TypeAlias = Annotated[int, PlainValidator(_whole(0)), WithJsonSchema({"type": "integer", "minimum": 0})]
PositiveCount: TypeAlias = Annotated[int, PlainValidator(_whole(1)), WithJsonSchema({"type": "integer", "minimum": 1})]
#: Any number that NumPy's SeedSequence takes, and that every table format can hold.
Seed: TypeAlias = Annotated[
    int, PlainValidator(_whole(0, 2**63 - 1)), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 2**63 - 1})
]
Truth: TypeAlias = Annotated[bool, PlainValidator(read_truth), WithJsonSchema({"type": "boolean"})]


# Quantities -----------------------------------------------------------------------------------------------------------------------------


def _whole_pattern(*patterns: str) -> str:
    return rf"^\s*(?:{'|'.join(patterns)})\s*$"


DURATION_SCHEMA: Final = {"type": "string", "pattern": _whole_pattern(WRITTEN, ISO), "examples": ["90 s", "1 h 30 min", "PT5M"]}
MOMENT_SCHEMA: Final = {
    "type": "string",
    "pattern": _whole_pattern("start", "end", LOCAL_TIME, DAY_TIME, ISO_INSTANT, WRITTEN, ISO),
    "examples": ["5 min", "10:30", "day 2 09:00", "2026-03-02T10:30:00", "end"],
}
SHARE_SCHEMA: Final = {
    "anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": _whole_pattern(SHARE, r"[0-9]+(?:\.[0-9]+)?")}],
    "examples": ["5 %", 0.05],
}
RATE_SCHEMA: Final = {"type": "string", "pattern": _whole_pattern(RATE), "examples": ["40 per h", "2 per s"]}


def read_duration(value: Any, info: ValidationInfo) -> int:
    """A duration in microseconds."""
    if isinstance(value, str):
        return scope_of_info(info).duration(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{shown(value)} has no unit; write for example '{shown(value)} s' or '{shown(value)} min'")
    raise ValueError(f"{shown(value)} is no duration; {HINT}")


def read_positive_duration(value: Any, info: ValidationInfo) -> int:
    """A duration above 0 in microseconds."""
    duration = read_duration(value, info)
    if duration == 0:
        raise ValueError(f"{shown(value)} is too short: it has to be above 0; {HINT}")
    return duration


def read_moment(value: Any, info: ValidationInfo) -> int:
    """An instant in microseconds since the start."""
    return moment_of(value, scope_of_info(info))


def moment_of(value: Any, scope: Scope) -> int:
    """An instant in microseconds since the start, by a scope's clock."""
    if isinstance(value, str):
        return scope.moment(value)
    raise ValueError(f"{shown(value)} is no moment; write for example '5 min' (since the start), '10:30' or 'day 2 09:00'")


def read_moment_within(value: Any, info: ValidationInfo) -> int:
    """An instant that must not lie past the horizon."""
    scope, moment = scope_of_info(info), read_moment(value, info)
    if scope.clock is not None and scope.horizon is not None and moment > scope.horizon:
        raise ValueError(f"{shown(value)} ({scope.clock.iso(moment)}) is past the horizon ({scope.clock.iso(scope.horizon)})")
    return moment


def read_share(value: Any) -> float:
    """A share between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{shown(value)} is no share; write for example '5 %' or 0.05")
    return parse_share(value)


def read_rate(value: Any) -> Rate:
    """A rate; none at all is one too."""
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no rate; write for example '40 per h' or '2 per s'")
    return parse_rate(value)


def read_positive_rate(value: Any) -> Rate:
    """A rate above 0."""
    rate = read_rate(value)
    if rate.count <= 0:
        raise ValueError(f"{shown(value)} is too low: it has to be above 0; write for example '40 per h'")
    return rate


Duration: TypeAlias = Annotated[int, PlainValidator(read_duration), WithJsonSchema(DURATION_SCHEMA)]
PositiveDuration: TypeAlias = Annotated[int, PlainValidator(read_positive_duration), WithJsonSchema(DURATION_SCHEMA)]
Moment: TypeAlias = Annotated[int, PlainValidator(read_moment), WithJsonSchema(MOMENT_SCHEMA)]
MomentWithin: TypeAlias = Annotated[int, PlainValidator(read_moment_within), WithJsonSchema(MOMENT_SCHEMA)]
Share: TypeAlias = Annotated[float, PlainValidator(read_share), WithJsonSchema(SHARE_SCHEMA)]
PositiveRate: TypeAlias = Annotated[Rate, PlainValidator(read_positive_rate), WithJsonSchema(RATE_SCHEMA)]


# Words ----------------------------------------------------------------------------------------------------------------------------------


def one_of(value: Any, words: Collection[str], what: str, suggestions: Suggestions) -> str:
    """One of some words."""
    if isinstance(value, str) and value in words:
        return value
    near = suggestions.did_you_mean(value, words)
    raise ValueError(f"{shown(value)} is no {what}{near} (possible: {', '.join(words)})")


def words(what: str, *possible: str) -> Any:
    """The metadata of a type that takes one of some words."""
    return PlainValidator(lambda value, info: one_of(value, possible, what, scope_of_info(info).suggestions)), WithJsonSchema(
        {"type": "string", "enum": list(possible)}
    )


def read_status(value: Any, suggestions: Suggestions) -> SendStatus:
    """A send status."""
    return SendStatus.of(one_of(value, SendStatus.words(), "send status", suggestions))


_VIEWS: Final = tuple(str(view) for view in View)
_VIEW, _VIEW_SCHEMA = words("view", *_VIEWS)
_KIND, _KIND_SCHEMA = words("kind of outage", "refuse", "timeout", "reject")
_QUEUE, _QUEUE_SCHEMA = words("order of the queue", "fifo", "priority")
_LANGUAGE, _LANGUAGE_SCHEMA = words("language", "en", "de")
_MANUAL, _MANUAL_SCHEMA = words("way of a manual retry", "continue", "restart", "once")
_ENABLE, _ENABLE_SCHEMA = words("way to go on", "manual", "resume")
_PER, _PER_SCHEMA = words("greylisting key", "domain", "recipient")
_TYPE, _TYPE_SCHEMA = words("work item type", "ticket", "case", "action")


def _read_priority(value: Any, info: ValidationInfo) -> Priority:
    return Priority.of(one_of(value, _PRIORITIES, "priority", scope_of_info(info).suggestions))


_PRIORITIES: Final = tuple(Priority.words())

PriorityWord: TypeAlias = Annotated[Priority, PlainValidator(_read_priority), WithJsonSchema({"type": "string", "enum": list(_PRIORITIES)})]
ViewWord: TypeAlias = Annotated[
    View, PlainValidator(lambda value, info: View(one_of(value, _VIEWS, "view", scope_of_info(info).suggestions))), _VIEW_SCHEMA
]
OutageKind: TypeAlias = Annotated[Literal["refuse", "timeout", "reject"], _KIND, _KIND_SCHEMA]
QueueOrder: TypeAlias = Annotated[Literal["fifo", "priority"], _QUEUE, _QUEUE_SCHEMA]
Language: TypeAlias = Annotated[Literal["en", "de"], _LANGUAGE, _LANGUAGE_SCHEMA]
ManualRetry: TypeAlias = Annotated[Literal["continue", "restart", "once"], _MANUAL, _MANUAL_SCHEMA]
OnEnable: TypeAlias = Annotated[Literal["manual", "resume"], _ENABLE, _ENABLE_SCHEMA]
GreylistingKey: TypeAlias = Annotated[Literal["domain", "recipient"], _PER, _PER_SCHEMA]
WorkItemType: TypeAlias = Annotated[Literal["ticket", "case", "action"], _TYPE, _TYPE_SCHEMA]


# Names that the file defines ------------------------------------------------------------------------------------------------------------


def known_name(value: Any, known: Collection[str], what: str, suggestions: Suggestions) -> str:
    """A name that the file defines."""
    if isinstance(value, str) and value in known:
        return value
    name = read_name(value)
    raise ValueError(f"'{name}' is no {what} of this file{suggestions.did_you_mean(name, known)} (known: {listed(known)})")


def _known(what: str, names: Callable[[Scope], Collection[str]]) -> PlainValidator:
    def read(value: Any, info: ValidationInfo) -> str:
        scope = scope_of_info(info)
        return known_name(value, names(scope), what, scope.suggestions)

    return PlainValidator(read)


def read_email_id(value: Any, scope: Scope) -> str:
    """The id of an email that the file defines."""
    if isinstance(value, str) and scope.defines_email(value):
        return value
    name = read_name(value)
    near = scope.suggestions.did_you_mean(name, scope.emails)
    raise ValueError(f"'{name}' is no email of this file{near}; write the id of one (known: {listed(scope.emails)})")


_NAME_SCHEMA: Final = WithJsonSchema({"type": "string", "minLength": 1})

UserName: TypeAlias = Annotated[str, _known("user", lambda scope: scope.users), _NAME_SCHEMA]
TeamName: TypeAlias = Annotated[str, _known("team", lambda scope: scope.teams), _NAME_SCHEMA]
WorkItemName: TypeAlias = Annotated[str, _known("work item", lambda scope: scope.work_items), _NAME_SCHEMA]
ConnectorName: TypeAlias = Annotated[str, _known("connector", lambda scope: scope.connectors), _NAME_SCHEMA]
TrafficName: TypeAlias = Annotated[str, _known("traffic", lambda scope: scope.traffic), _NAME_SCHEMA]
EmailId: TypeAlias = Annotated[str, PlainValidator(lambda value, info: read_email_id(value, scope_of_info(info))), _NAME_SCHEMA]
