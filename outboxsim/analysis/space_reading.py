"""Reading spaces: from YAML, from a command line, from Python (see `outboxsim.analysis.spaces`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from outboxsim.analysis.spaces import Choice, Increasing, Range, Space
from outboxsim.errors import QuantityError
from outboxsim.quantities import parse_duration, parse_share
from outboxsim.retry.values import shown


def parse_space(value: Any) -> Space:
    """A space from what a file, a command line or Python holds; see the module.

    Raises
    ------
    QuantityError
        A range or a value that is none; the message says what would be right.
    """
    if isinstance(value, Space):
        return value
    if isinstance(value, str):
        value = _of_yaml(value)
    families = value if isinstance(value, list) else [value]
    return Space(tuple(part for family in families for part in (family.families if isinstance(family, Space) else [_family(family)])))


def _of_yaml(text: str) -> Any:
    from outboxsim.scenario.yaml_events import read_yaml  # noqa: PLC0415 - Python needs no YAML

    document = read_yaml(text)
    if document.faults:
        raise QuantityError(f"the space is no YAML: {document.faults[0].message}")
    return document.value


def _family(value: Any) -> Any:
    read = _read(_of_yaml(value) if isinstance(value, str) else value)
    if isinstance(read, Choice) or (isinstance(read, Mapping) and read):
        return read
    if isinstance(read, str):
        return Choice((read,))
    if isinstance(read, list) and read:
        return {"delays": read}
    raise QuantityError(f"{shown(value)} is no space; write for example exponential: {{first: 10 s .. 10 min}}, or default | postfix")


def _read(value: Any, key: str = "") -> Any:
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, tuple) and len(value) == 2:
        return _range(*value)
    if key == "delays" and isinstance(value, Mapping):
        return _increasing(value)
    if isinstance(value, Mapping):
        return {str(name): _read(part, str(name)) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_read(part) for part in value]
    return value


def _of_text(text: str) -> Any:
    if " .. " in text:
        low, _, high = text.partition(" .. ")
        return _range(low.strip(), high.strip())
    if " | " in text:
        return Choice(tuple(part.strip() for part in text.split(" | ")))
    return text


def _increasing(value: Mapping[str, Any]) -> Increasing:
    if set(value) != {"count", "from", "to"} or type(value["count"]) is not int or not 1 <= value["count"] <= 50:
        raise QuantityError("an increasing table is written as delays: {count: 5, from: 10 s, to: 8 h}, with 1 to 50 delays")
    return Increasing(value["count"], _range(value["from"], value["to"], only=_duration))


def _range(low: Any, high: Any, *, only: Callable[[Any], Any] | None = None) -> Range:
    readers = [only] if only is not None else [_duration, _whole, _number, _share]
    for reader in readers:
        least, most = reader(low), reader(high)
        if least is not None and most is not None:
            if least > most or (reader is _duration and least <= 0):
                break
            return Range(least, most, reader.__name__.lstrip("_"))  # type: ignore[arg-type]  # the readers are named after the kinds
    raise QuantityError(f"'{low} .. {high}' is no range; write two durations, numbers or shares, the smaller first: '10 s .. 10 min'")


def _duration(value: Any) -> int | None:
    try:
        return parse_duration(value) if isinstance(value, str) else None
    except QuantityError:
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number.is_integer() and "." not in str(value) else None


def _share(value: Any) -> float | None:
    try:
        return parse_share(value) if isinstance(value, str) else None
    except QuantityError:
        return None


# The usual ones ---------------------------------------------------------------------------------------------------------------------


def exponential(first: Any, factor: Any = 2, cap: Any = None, attempts: Any = None, jitter: str | Iterable[str] = "none") -> Space:
    """Exponential backoff: each of the numbers one value or a pair of bounds, such as ``first=("10 s", "10 min")``."""
    rule = {"first": first, "factor": factor} | ({} if cap is None else {"cap": cap})
    parts = {} if attempts is None else {"max_attempts": attempts}
    words = (jitter,) if isinstance(jitter, str) else tuple(jitter)
    return Space(({**_read({"exponential": rule, **parts}), "jitter": Choice(words)},))


def delays(count: int, shortest: Any = "10 s", longest: Any = "8 h") -> Space:
    """Tables of so many delays, each at least as long as the one before."""
    return parse_space({"delays": {"count": count, "from": shortest, "to": longest}})


def choice(*names: str) -> Space:
    """Presets, or patterns of the scenario, by name."""
    return Space((Choice(names),))
