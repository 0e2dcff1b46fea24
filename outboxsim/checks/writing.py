"""How values are written: for people, and for JSON. Text from files is data: whatever could steer a terminal is made visible."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from outboxsim.markup import visible
from outboxsim.quantities import format_duration

if TYPE_CHECKING:
    from outboxsim.checks.verdict import Plain
    from outboxsim.quantities import Clock
    from outboxsim.scenario import Comparison

#: A `word` is one of ours or a name from the file; a `text` is anything, and quoted.
Kind: TypeAlias = Literal["word", "text", "count", "number", "share", "instant", "duration"]

#: More items of a list than this are not written out for people.
MOST_LISTED: Final = 20


def moment(time: int, clock: Clock) -> str:
    """An instant for people: how long after the start, and the local time: ``16 min (09:16:00)``."""
    return f"{format_duration(time)} ({clock.clock_time(time)})"


def in_words(value: object, kind: Kind, clock: Clock) -> str:
    """A value for people."""
    if value is None:
        return "null"
    if isinstance(value, (tuple, list)):
        return _listed([in_words(item, kind, clock) for item in value])
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return _number_in_words(value, kind, clock)
    return visible(json.dumps(value, ensure_ascii=False) if kind == "text" else str(value))


def _number_in_words(value: float, kind: Kind, clock: Clock) -> str:
    match kind:
        case "instant":
            return moment(int(value), clock)
        case "duration":
            return format_duration(int(value))
        case "share":
            return f"{100 * value:.10g} %"
        case _:
            return f"{value:.10g}" if isinstance(value, float) else str(value)


def _listed(items: list[str]) -> str:
    more = len(items) - MOST_LISTED
    return f"[{', '.join(items[:MOST_LISTED])}{f', … {more} more' if more > 0 else ''}]"


def plain(value: object, kind: Kind, clock: Clock) -> Plain:
    """A value for JSON: words, numbers, ISO instants, durations in our words, lists; null stays null."""
    if isinstance(value, (tuple, list)):
        return [plain(item, kind, clock) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        if kind == "instant":
            return clock.iso(value)
        if kind == "duration":
            return format_duration(value)
    return cast("Plain", value)


def comparison_in_words(comparison: Comparison, kind: Kind, clock: Clock) -> str:
    """What a comparison asks, for people: ``at least 90 %``."""
    value = comparison.value
    match comparison.op:
        case "at_least":
            return f"at least {in_words(value, kind, clock)}"
        case "at_most":
            return f"at most {in_words(value, kind, clock)}"
        case "between":
            low, high = cast("tuple[object, object]", value)
            return f"between {in_words(low, kind, clock)} and {in_words(high, kind, clock)}"
        case "one_of":
            return f"one of {', '.join(in_words(item, kind, clock) for item in cast('Iterable[object]', value))}"
        case "contains":
            return f"a text with {in_words(value, 'text', clock)}"
        case _:
            return in_words(value, kind, clock)


def comparison_as_plain(comparison: Comparison, kind: Kind, clock: Clock) -> Plain:
    """What a comparison asks, for JSON: a bare value, or a mapping as the file writes it."""
    value = plain(comparison.value, kind, clock)
    return value if comparison.op == "equal" else {comparison.op: value}
