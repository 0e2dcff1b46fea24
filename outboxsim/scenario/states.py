"""States of emails as expectations write them, and comparisons as fields of models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from outboxsim.errors import QuantityError
from outboxsim.scenario.comparisons import (
    CONNECTOR,
    COUNT,
    DURATION,
    INSTANT,
    NUMBER,
    SHARE,
    STATUS,
    TEXT,
    TRUTH,
    WHOLE,
    Comparison,
    Kind,
    comparison_schema,
    read_comparison,
)
from outboxsim.scenario.concept import unknown_key
from outboxsim.scenario.flaws import Flaw, flaws_in, raised
from outboxsim.scenario.metric_names import METRIC_KINDS, METRIC_NAMES, kind_of_metric
from outboxsim.scenario.readers import read_email_id, scope_of_info
from outboxsim.scenario.words import shown

Comparisons: TypeAlias = dict[str, Comparison]

#: The fields of an email's state and what kind of value each holds.
FIELDS: Final[Mapping[str, Kind]] = {
    "status": STATUS,
    "attempts": WHOLE,
    "next_attempt": INSTANT,
    "last_attempt": INSTANT,
    "logged": INSTANT,
    "last_error": TEXT,
    "connector": CONNECTOR,
    "in_flight": TRUTH,
}

_METRIC_KINDS: Final[Mapping[str, Kind]] = {"count": COUNT, "number": NUMBER, "share": SHARE, "duration": DURATION}


@dataclass(frozen=True, slots=True)
class EmailState:
    """A state that one email is in, or never in.

    Attributes
    ----------
    email
        Its id.
    fields
        Comparisons that hold all at once.
    """

    email: str
    fields: Comparisons


def _read_fields(value: dict[str, Any], info: ValidationInfo, known: tuple[str, ...]) -> tuple[Comparisons, list[Flaw]]:
    """The comparisons of a mapping, and what is wrong in it."""
    flaws: list[Flaw] = []
    read: Comparisons = {}
    for key, raw in value.items():
        if key not in FIELDS:
            flaws.append(Flaw((key,), unknown_key(key, known, scope_of_info(info)), of_key=True))
            continue
        try:
            read[key] = read_comparison(raw, FIELDS[key], info)
        except ValueError as error:
            flaws += [flaw.below(key) for flaw in flaws_in(error)]
    return read, flaws


def _read_comparisons(value: Any, info: ValidationInfo) -> Comparisons:
    """A send status alone, or fields of an email's state."""
    if not isinstance(value, dict):
        return {"status": read_comparison(value, STATUS, info)}
    read, flaws = _read_fields(value, info, tuple(FIELDS))
    if not value:
        flaws.append(Flaw((), f"nothing is expected; write one of {', '.join(FIELDS)}"))
    if flaws:
        raise raised(flaws)
    return read


def _read_state(value: Any, info: ValidationInfo) -> EmailState:
    """An email and fields of its state."""
    known = ("email", *FIELDS)
    if not isinstance(value, dict):
        raise ValueError(f"{shown(value)} is no mapping; write for example {{email: m2, status: sent}}")
    read, flaws = _read_fields({key: raw for key, raw in value.items() if key != "email"}, info, known)
    email = ""
    if "email" not in value:
        flaws.append(Flaw(("email",), "is missing; write the id of an email"))
    else:
        try:
            email = read_email_id(value["email"], scope_of_info(info))
        except ValueError as error:
            flaws.append(Flaw(("email",), str(error)))
    if set(value) <= {"email"}:
        flaws.append(Flaw((), f"nothing is said about the email; write one of {', '.join(FIELDS)}"))
    if flaws:
        raise raised(flaws)
    return EmailState(email, read)


def _read_metrics(value: Any, info: ValidationInfo) -> Comparisons:
    """Metrics with comparisons of their kinds of values."""
    if not isinstance(value, dict) or not value:
        raise ValueError(f"{shown(value)} is no mapping of metrics; write for example {{sent: 4, attempts_per_sent: {{at_most: 1.6}}}}")
    flaws: list[Flaw] = []
    read: Comparisons = {}
    for name, raw in value.items():
        try:
            kind = kind_of_metric(name)
        except QuantityError as error:
            flaws.append(Flaw((name,), f"{error}; write for example delivered_within(15 min)", of_key=True))
            continue
        if kind is None:
            flaws.append(Flaw((name,), _no_metric(name, info), of_key=True))
            continue
        try:
            read[name] = read_comparison(raw, _METRIC_KINDS[kind], info)
        except ValueError as error:
            flaws += [flaw.below(name) for flaw in flaws_in(error)]
    if flaws:
        raise raised(flaws)
    return read


def _no_metric(name: str, info: ValidationInfo) -> str:
    near = scope_of_info(info).suggestions.near(name.partition("(")[0].strip(), tuple(METRIC_KINDS))
    written = "delivered_within(15 min)" if near == "delivered_within" else near
    return f"{shown(name)} is no metric{f'; did you mean {written!r}?' if written else ''} (known: {', '.join(METRIC_NAMES)})"


def _of_kind(kind: Kind) -> tuple[PlainValidator, WithJsonSchema]:
    return PlainValidator(lambda value, info: read_comparison(value, kind, info)), WithJsonSchema(comparison_schema(kind))


_FIELD_SCHEMAS: Final = {field: comparison_schema(kind) for field, kind in FIELDS.items()}
_STATE_SCHEMA: Final = {
    "anyOf": [
        *comparison_schema(STATUS)["anyOf"][:2],
        {"type": "object", "properties": _FIELD_SCHEMAS, "additionalProperties": False, "minProperties": 1},
    ],
    "examples": ["sent", {"status": "queued", "next_attempt": "12:30", "attempts": 0}],
}
_EMAIL_STATE_SCHEMA: Final = {
    "type": "object",
    "properties": {"email": {"type": "string"}, **_FIELD_SCHEMAS},
    "required": ["email"],
    "minProperties": 2,
    "additionalProperties": False,
    "examples": [{"email": "m2", "status": "sent"}],
}
_METRICS_SCHEMA: Final = {
    "type": "object",
    "properties": {name: comparison_schema(_METRIC_KINDS[kind]) for name, kind in METRIC_KINDS.items() if name != "delivered_within"},
    "patternProperties": {r"^delivered_within\(.+\)$": comparison_schema(SHARE)},
    "additionalProperties": False,
    "minProperties": 1,
    "examples": [{"sent": 4, "attempts_per_sent": {"at_most": 1.6}, "delivered_within(15 min)": {"at_least": "90 %"}}],
}

StateComparisons: TypeAlias = Annotated[Comparisons, PlainValidator(_read_comparisons), WithJsonSchema(_STATE_SCHEMA)]
State: TypeAlias = Annotated[EmailState, PlainValidator(_read_state), WithJsonSchema(_EMAIL_STATE_SCHEMA)]
Metrics: TypeAlias = Annotated[Comparisons, PlainValidator(_read_metrics), WithJsonSchema(_METRICS_SCHEMA)]

_COUNT, _COUNT_SCHEMA = _of_kind(WHOLE)
CountComparison: TypeAlias = Annotated[Comparison, _COUNT, _COUNT_SCHEMA]
