"""Comparisons: a bare value (equal), or one of at_least, at_most, between, one_of, contains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from pydantic import ValidationInfo

from outboxsim.scenario.concept import unknown_key
from outboxsim.scenario.flaws import Flaw, flaws_in, raised
from outboxsim.scenario.readers import (
    DURATION_SCHEMA,
    MOMENT_SCHEMA,
    SHARE_SCHEMA,
    known_name,
    read_duration,
    read_moment,
    read_number,
    read_share,
    read_status,
    read_text,
    read_truth,
    read_whole,
    scope_of_info,
)
from outboxsim.scenario.words import shown

Operator: TypeAlias = Literal["equal", "at_least", "at_most", "between", "one_of", "contains"]
OPERATORS: Final = ("at_least", "at_most", "between", "one_of", "contains")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a value has to keep.

    Attributes
    ----------
    op
        How it is compared.
    value
        With what: for between a pair, for one_of a tuple; instants and durations in microseconds; None is "has none".
    """

    op: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of values that expectations compare: how one is read, and what is possible with it."""

    what: str
    read: Callable[[Any, ValidationInfo], Any]
    operators: tuple[str, ...]
    schema: Mapping[str, Any]


def _not_negative(value: Any, _: ValidationInfo) -> float:
    number = read_number(value)
    if number < 0:
        raise ValueError(f"{shown(value)} is negative; write a number from 0 on")
    return number


def _count(value: Any, info: ValidationInfo) -> int | float:
    """A count; a mean of counts over replications need not be whole."""
    return read_whole(value) if isinstance(value, int) else _not_negative(value, info)


def _connector(value: Any, info: ValidationInfo) -> str:
    scope = scope_of_info(info)
    return known_name(value, scope.connectors, "connector", scope.suggestions)


_ORDERED: Final = ("at_least", "at_most", "between", "one_of")
_WORDS: Final = ("one_of",)
_NUMBER_SCHEMA: Final = {"type": "number", "minimum": 0}
_STATUS_SCHEMA: Final = {"enum": ["queued", "pending_retry", "connector_disabled", "failed", "sent", "cancelled"]}

STATUS: Final = Kind("send status", lambda value, info: read_status(value, scope_of_info(info).suggestions).word, _WORDS, _STATUS_SCHEMA)
WHOLE: Final = Kind("whole number", lambda value, _: read_whole(value), _ORDERED, {"type": "integer", "minimum": 0})
COUNT: Final = Kind("count", _count, _ORDERED, _NUMBER_SCHEMA)
NUMBER: Final = Kind("number", _not_negative, _ORDERED, _NUMBER_SCHEMA)
SHARE: Final = Kind("share", lambda value, _: read_share(value), _ORDERED, SHARE_SCHEMA)
DURATION: Final = Kind("duration", read_duration, _ORDERED, DURATION_SCHEMA)
INSTANT: Final = Kind("moment", read_moment, _ORDERED, MOMENT_SCHEMA)
TEXT: Final = Kind("text", lambda value, _: read_text(value), ("one_of", "contains"), {"type": "string"})
CONNECTOR: Final = Kind("connector", _connector, _WORDS, {"type": "string"})
TRUTH: Final = Kind("truth value", lambda value, _: read_truth(value), (), {"type": "boolean"})


def read_comparison(value: Any, kind: Kind, info: ValidationInfo) -> Comparison:
    """A comparison of values of one kind; every flaw at once."""
    if isinstance(value, dict):
        return _with_operator(value, kind, info)
    if isinstance(value, list):
        example = f"; write for example {{one_of: [...]}} or {{{kind.operators[0]}: ...}}" if kind.operators else ""
        raise ValueError(f"{shown(value)} is no {kind.what}{example}")
    return Comparison("equal", _one(value, kind, info))


def _one(value: Any, kind: Kind, info: ValidationInfo) -> Any:
    return None if value is None else kind.read(value, info)


def _with_operator(value: dict[str, Any], kind: Kind, info: ValidationInfo) -> Comparison:
    possible = kind.operators
    given = [key for key in value if key in possible]
    flaws = [Flaw((key,), _refused(key, kind, info), of_key=True) for key in value if key not in possible]
    flaws += [
        Flaw((key,), f"a comparison has one operator, and '{given[0]}' is one already; leave one of them out", of_key=True)
        for key in given[1:]
    ]
    if not given and not flaws:
        flaws.append(Flaw((), f"the comparison is empty; write {' or '.join(possible) or 'a value'}"))
    operands = {}
    for operator in given:
        try:
            operands[operator] = _operand(operator, value[operator], kind, info)
        except ValueError as error:
            flaws += [flaw.below(operator) for flaw in flaws_in(error)]
    if flaws:
        raise raised(flaws)
    return Comparison(given[0], operands[given[0]])  # type: ignore[arg-type]  # one of the operators


def _refused(key: str, kind: Kind, info: ValidationInfo) -> str:
    if key in OPERATORS:
        return f"a {kind.what} is not compared with `{key}`; write a value{''.join(f' or {{{one}: ...}}' for one in kind.operators)}"
    return unknown_key(key, kind.operators or OPERATORS, scope_of_info(info))


def _operand(operator: str, value: Any, kind: Kind, info: ValidationInfo) -> Any:
    if operator == "between":
        return _pair(value, kind, info)
    if operator == "one_of":
        if not isinstance(value, list) or not value:
            raise ValueError(f"{shown(value)} is no list of values; write for example [a, b]")
        return tuple(_each(value, lambda one: _one(one, kind, info)))
    if operator == "contains":
        return read_text(value)
    return kind.read(value, info)


def _pair(value: Any, kind: Kind, info: ValidationInfo) -> tuple[Any, Any]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"{shown(value)} is no pair; write the least and the most: [a, b]")
    low, high = _each(value, lambda one: kind.read(one, info))
    if low > high:
        raise raised([Flaw((1,), f"{shown(value[1])} is below {shown(value[0])}; write the least first")])
    return low, high


def _each(values: list[Any], read: Callable[[Any], Any]) -> Iterator[Any]:
    flaws, found = [], []
    for number, value in enumerate(values):
        try:
            found.append(read(value))
        except ValueError as error:
            flaws += [flaw.below(number) for flaw in flaws_in(error)]
    if flaws:
        raise raised(flaws)
    return iter(found)


def comparison_schema(kind: Kind) -> dict[str, Any]:
    """The JSON Schema of a comparison."""
    one = dict(kind.schema)
    operands: dict[str, Any] = {
        "at_least": one,
        "at_most": one,
        "between": {"type": "array", "items": one, "minItems": 2, "maxItems": 2},
        "one_of": {"type": "array", "items": {"anyOf": [one, {"type": "null"}]}, "minItems": 1},
        "contains": {"type": "string"},
    }
    forms = [
        {"type": "object", "properties": {operator: operands[operator]}, "required": [operator], "additionalProperties": False}
        for operator in kind.operators
    ]
    return {"anyOf": [one, {"type": "null"}, *forms]}
