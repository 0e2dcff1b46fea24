"""Readers of the single values in a pattern, and how a value prints. Each reader returns a checked value or raises QuantityError."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import timedelta
from typing import Any, Final, TypeAlias, TypeVar

from outboxsim.errors import QuantityError
from outboxsim.quantities import LONGEST, format_duration, parse_duration, parse_share

#: What constructors take as a duration: whole microseconds, a text such as ``"5 min"``, or a timedelta.
Duration: TypeAlias = int | str | timedelta

#: Metadata of a dataclass field that holds a duration: it prints as text.
DURATION: Final = {"duration": True}

T = TypeVar("T")
DURATION_HINT: Final = "write for example '2 s', '90 s' or '1 h 30 min'"


def shown(value: object) -> str:
    """A value as a message shows it: short, and as YAML would have it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:56] + "…" + text[-1]


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """``"; did you mean 'standard'?"`` if a known name is near, else nothing."""
    near = difflib.get_close_matches(name.lower(), list(known), n=1) if isinstance(name, str) else []
    return f"; did you mean '{near[0]}'?" if near else ""


def duration(value: object) -> int:
    """A duration of 0 or more in microseconds."""
    if isinstance(value, str):
        micros = parse_duration(value)
    elif isinstance(value, timedelta):
        micros = value // timedelta(microseconds=1)
    elif isinstance(value, int) and not isinstance(value, bool):
        micros = value
    else:
        raise QuantityError(f"{shown(value)} is no duration; {DURATION_HINT}")
    if micros < 0:
        raise QuantityError(f"{shown(value)} is a negative duration; {DURATION_HINT}")
    if micros > LONGEST:
        raise QuantityError(f"{shown(value)} is more than 100 years; write a shorter duration")
    return micros


def positive_duration(value: object) -> int:
    """A duration above 0 in microseconds: every delay of a retry is above 0 (spec/outbox.md L7)."""
    micros = duration(value)
    if micros == 0:
        raise QuantityError(f"{shown(value)} is too short: it has to be above 0; {DURATION_HINT}")
    return micros


def written(reader: Callable[[object], int]) -> Callable[[object], int]:
    """The same reader for values from a file, where a bare number is no duration."""

    def read(value: object) -> int:
        if not isinstance(value, str):
            raise QuantityError(f"{shown(value)} is no duration; {DURATION_HINT}")
        return reader(value)

    return read


def number(value: object) -> float:
    """A finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise QuantityError(f"{shown(value)} is no number; write a number above 0, for example 1.5")
    if not (0 < value < math.inf):
        raise QuantityError(f"{shown(value)} is out of range; write a number above 0, for example 1.5")
    return float(value)


def number_from_one(value: object) -> float:
    """A finite number of at least 1."""
    if number(value) < 1:
        raise QuantityError(f"{shown(value)} is too small; write a number of at least 1, for example 2")
    return number(value)


def whole_from(least: int) -> Callable[[object], int]:
    """A reader of whole numbers of at least `least`."""

    def whole(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise QuantityError(f"{shown(value)} is no whole number; write {least} or more")
        if value < least:
            raise QuantityError(f"{shown(value)} is too small; write {least} or more")
        return value

    return whole


def share(value: object) -> float:
    """A share between 0 and 1, written ``10 %`` or ``0.1``."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise QuantityError(f"{shown(value)} is no share; write for example '5 %' or 0.05")
    return parse_share(value)


def truth(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise QuantityError(f"{shown(value)} is neither true nor false")
    return value


def one_of(*choices: str) -> Callable[[object], Any]:
    """A reader of one of some words."""

    def choice(value: object) -> str:
        if isinstance(value, str) and value in choices:
            return value
        raise QuantityError(f"{shown(value)} is not possible here{did_you_mean(value, choices)} (possible: {', '.join(choices)})")

    return choice


def optional(reader: Callable[[object], T]) -> Callable[[object], T | None]:
    """The same reader, which lets None through."""
    return lambda value: None if value is None else reader(value)


def freeze(target: object, **parts: object) -> None:
    """Set the fields of a frozen value; for constructors only."""
    for name, value in parts.items():
        object.__setattr__(target, name, value)


def constructor_call(value: Any) -> str:
    """The call that makes an equal value: the first field bare, the others by name, those at their default left out."""
    shown_fields = []
    for position, field in enumerate(fields(value)):
        part = getattr(value, field.name)
        if field.default is not MISSING and part == field.default:
            continue
        if field.metadata.get("duration"):
            part = format_duration(part)
        elif isinstance(part, float) and part.is_integer():
            part = int(part)
        shown_fields.append(repr(part) if position == 0 else f"{field.name}={part!r}")
    return f"{type(value).__name__}({', '.join(shown_fields)})"


class Readable:
    """Gives a frozen dataclass a repr that reads like the call that made it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return constructor_call(self)
