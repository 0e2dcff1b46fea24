"""From a RetryPattern back to what a scenario file would hold; the parser makes an equal pattern of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, Final

from outboxsim.quantities import format_duration
from outboxsim.retry.delays import Age, Doublings, Exponential, Fibonacci, Fixed, Grid, Linear, Pieces, Polynomial, Table
from outboxsim.retry.faults import PatternInvalid
from outboxsim.retry.jitter import Decorrelated, Equal, Full, NoJitter, Percent, Plus, PlusPerRetry
from outboxsim.retry.values import shown

if TYPE_CHECKING:
    from outboxsim.retry.pattern import RetryPattern

_RULES: Final[Mapping[type, str]] = {
    Exponential: "exponential",
    Linear: "linear",
    Polynomial: "polynomial",
    Fibonacci: "fibonacci",
    Age: "age",
    Grid: "grid",
    Doublings: "doublings",
}
_WORDS: Final[Mapping[type, str]] = {NoJitter: "none", Full: "full", Equal: "equal", Decorrelated: "decorrelated"}


def as_written(pattern: RetryPattern) -> list[str] | dict[str, Any]:
    """The value of a retry key that means an equal pattern: a list of delays if it is nothing else, else a mapping.

    Raises
    ------
    PatternInvalid
        A delay rule or a jitter that somebody wrote in Python: no file can say it.
    """
    written = _rule(pattern.rule)
    if not isinstance(pattern.jitter, NoJitter):
        written["jitter"] = _jitter(pattern.jitter)
    written |= _parts(pattern, without=("rule", "jitter", "name"))
    return written["delays"] if list(written) == ["delays"] else written


def _rule(rule: object) -> dict[str, Any]:
    match rule:
        case Table():
            return {"delays": [format_duration(delay) for delay in rule.delays]} | ({"repeat_last": True} if rule.repeat_last else {})
        case Fixed():
            return {"fixed": format_duration(rule.every)}
        case Pieces():
            return {"pieces": [_parts(piece) for piece in rule.pieces]}
    if type(rule) in _RULES:
        return {_RULES[type(rule)]: _parts(rule)}
    known = ", ".join([*_RULES.values(), "delays", "fixed", "pieces"])
    raise PatternInvalid([((), f"{shown(rule)} is a delay rule of its own; a file knows {known}")])


def _jitter(jitter: object) -> str | dict[str, Any]:
    if type(jitter) in _WORDS:
        return _WORDS[type(jitter)]
    match jitter:
        case Plus():
            return {"plus": format_duration(jitter.most)} | ({} if jitter.at_most is None else {"at_most": format_duration(jitter.at_most)})
        case PlusPerRetry():
            return {"plus_per_retry": format_duration(jitter.most)}
        case Percent():
            return {"percent": jitter.share}
    raise PatternInvalid([(("jitter",), f"{shown(jitter)} is a jitter of its own, which a file cannot say")])


def _parts(value: Any, without: Sequence[str] = ()) -> dict[str, Any]:
    """The fields of a value as a mapping of a file; those at their default are left out."""
    written: dict[str, Any] = {}
    for field in fields(value):
        part = getattr(value, field.name)
        if field.name in without or (field.default is not MISSING and part == field.default):
            continue
        if field.metadata.get("duration"):
            written[field.name] = format_duration(part)
        elif hasattr(part, "__dataclass_fields__"):
            written[field.name] = _parts(part)
        else:
            written[field.name] = part
    return written
