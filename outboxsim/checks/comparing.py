"""Whether a value keeps a comparison (spec/scenario.md sections 1 and 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from outboxsim.scenario import Comparison

#: spec/scenario.md section 3: numbers compare within this.
TOLERANCE: Final = 1e-9


def holds(comparison: Comparison, got: Any) -> bool:
    """Whether `got` keeps the comparison; None (has none) keeps only "equal to null" and "one of … null …"."""
    expected = comparison.value
    match comparison.op:
        case "at_least":
            return got is not None and bool(got >= expected - _slack(got, expected))
        case "at_most":
            return got is not None and bool(got <= expected + _slack(got, expected))
        case "between":
            low, high = expected
            return got is not None and bool(low - _slack(got, low) <= got <= high + _slack(got, high))
        case "one_of":
            return any(_same(got, value) for value in expected)
        case "contains":
            return got is not None and expected in got
        case _:
            return _same(got, expected)


def _same(got: Any, expected: Any) -> bool:
    if isinstance(got, (int, float)) and isinstance(expected, (int, float)):
        return abs(got - expected) <= _slack(got, expected)
    if isinstance(got, (tuple, list)) and isinstance(expected, (tuple, list)):
        return list(got) == list(expected)
    return bool(got == expected)


def _slack(got: Any, expected: Any) -> float:
    """Whole numbers (counts, instants and durations in µs) are exact."""
    return TOLERANCE if isinstance(got, float) or isinstance(expected, float) else 0
