"""Retry patterns as somebody asks for them, each under a name of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from outboxsim.retry import PatternInvalid, RetryPattern

if TYPE_CHECKING:
    from outboxsim.scenario import Scenario

#: Patterns as somebody asks for them: a name, a list of delays, a mapping as files write it, or a `RetryPattern`.
Asked: TypeAlias = "str | RetryPattern | Iterable[str] | Mapping[str, Any]"


def named_patterns(scenario: Scenario, patterns: Iterable[Any] | Mapping[str, Any]) -> dict[str, RetryPattern]:
    """Each pattern under its name, in order.

    Parameters
    ----------
    scenario
        Whose patterns come before presets of the same name.
    patterns
        Names, patterns, lists of delays or mappings as files write them; or a mapping of names to these. One without a name is called
        after its parts.

    Raises
    ------
    PatternInvalid
        A name that is none (with a near miss), two patterns of one name, or none at all.
    """
    given = list(patterns.items()) if isinstance(patterns, Mapping) else [(None, one) for one in patterns]
    found: dict[str, RetryPattern] = {}
    for name, value in given:
        pattern = RetryPattern.from_mapping(value, scenario.retry_patterns)
        called = name or (value if isinstance(value, str) else pattern.name) or short_name(pattern)
        if called in found:
            raise PatternInvalid([((), f"'{called}' is there twice; leave one out, or give them names: {{'a': …, 'b': …}}")])
        found[called] = pattern
    if not found:
        raise PatternInvalid([((), "there is no retry pattern; write for example ['default', 'postfix']")])
    return found


def short_name(pattern: RetryPattern) -> str:
    """A name for a pattern without one: what it is, without the word around it."""
    text = repr(pattern.replace())
    return text.removeprefix("RetryPattern(").removesuffix(")")


def own_patterns(scenario: Scenario) -> list[str]:
    """What keeps retry patterns from mattering: connectors with one of their own, and a timeline that sets one; in words."""
    own = [f"connector {name} has a retry pattern of its own and keeps it" for name, one in scenario.connectors.items() if one.retry]
    if any(getattr(getattr(entry, "set", None), "retry", None) is not None for entry in scenario.timeline):
        own.append("the timeline sets another retry pattern on the way")
    return own
