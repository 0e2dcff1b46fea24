"""Comparisons (spec/scenario.md section 1)."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from outboxsim.checks.comparing import holds


@pytest.mark.parametrize(
    ("op", "value", "kept", "broken"),
    [
        ("equal", "sent", ["sent"], ["failed", None]),
        ("equal", None, [None], [0, "", "sent"]),
        ("equal", 3, [3], [2, 4, None]),
        ("equal", False, [False], [True, None]),
        ("equal", 0.9, [0.9, 0.9 + 9e-10], [0.9 + 2e-9, None]),
        ("equal", 2, [2.0, 2 - 9e-10], [2 - 2e-9]),
        ("at_least", 3, [3, 4], [2, None]),
        ("at_least", 0.3, [0.1 + 0.2, 0.3 - 9e-10], [0.3 - 2e-9, None]),
        ("at_most", 3, [3, 0], [4, None]),
        ("at_most", 0.3, [0.1 + 0.2], [0.3 + 2e-9, None]),
        ("between", (1, 3), [1, 2, 3], [0, 4, None]),
        ("between", (0.1, 0.3), [0.1 - 9e-10, 0.1 + 0.2], [0.1 - 2e-9, None]),
        ("one_of", ("sent", "failed"), ["sent", "failed"], ["queued", None]),
        ("one_of", ("sent", None), ["sent", None], ["queued"]),
        ("contains", "451", ["451 4.3.0 later", "x451"], ["45", "", None]),
        ("contains", "Later", ["Later"], ["later"]),
    ],
)
def test_a_comparison_keeps_what_it_says(op, value, kept, broken):
    comparison = SimpleNamespace(op=op, value=value)
    assert [got for got in kept if not holds(comparison, got)] == []
    assert [got for got in broken if holds(comparison, got)] == []


def test_instants_compare_to_the_microsecond():
    assert not holds(SimpleNamespace(op="equal", value=10**12), 10**12 + 1)
    assert not holds(SimpleNamespace(op="at_most", value=10**12), 10**12 + 1)
