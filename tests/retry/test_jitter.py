"""Each jitter by its formula (spec/retry.md, Parts): one uniform number per retry."""

from __future__ import annotations

import pytest

from outboxsim.retry import (
    Decorrelated,
    Doublings,
    Equal,
    Exponential,
    Fibonacci,
    Fixed,
    Full,
    Linear,
    NoJitter,
    PatternInvalid,
    Percent,
    Plus,
    PlusPerRetry,
    Polynomial,
    RetryPattern,
    Table,
)

from .conftest import SECOND

TEN = Fixed("10 s")


@pytest.mark.parametrize(
    ("jitter", "uniform", "delay"),
    [
        (Full(), 0.0, 1e-6),  # 0 becomes a microsecond: every delay is above 0
        (Full(), 0.25, 2.5),
        (Equal(), 0.0, 5),
        (Equal(), 0.5, 7.5),
        (Plus("4 s"), 0.0, 10),
        (Plus("4 s"), 0.75, 13),
        (Plus("4 s", at_most="12 s"), 0.75, 12),
        (PlusPerRetry("3 s"), 0.5, 10 + 0.5 * 3 * 5),  # n is 4
        (Percent("10 %"), 0.0, 9),
        (Percent(0.1), 0.5, 10),
        (Percent(0.1), 0.75, 10.5),
        (Percent(1), 0.0, 1e-6),
    ],
)
def test_formula(history, jitter, uniform, delay):
    due = RetryPattern(TEN, jitter=jitter).due(history(SECOND, retries=4), lambda: uniform)
    assert due == SECOND + round(delay * SECOND)


@pytest.mark.parametrize(
    "jitter", [Full(), Equal(), Decorrelated(), Plus("1 s"), PlusPerRetry("1 s"), Percent("5 %")], ids=lambda jitter: type(jitter).__name__
)
def test_draws_exactly_one_number(history, jitter):
    drawn = []
    RetryPattern(TEN, jitter=jitter).due(history(), lambda: drawn.append(1) or 0.5)
    assert drawn == [1]


def test_no_jitter_draws_nothing(history, no_draw):
    assert RetryPattern(TEN, jitter=NoJitter()).due(history(), no_draw) == 10 * SECOND
    assert NoJitter().apply(3.0, 0.5, history(), TEN) == 3.0


def test_an_exhausted_rule_draws_nothing(history, no_draw):
    assert RetryPattern(Table("1 s"), jitter=Full()).due(history(retries=1), no_draw) is None


def test_rounds_half_up_once(history):
    assert RetryPattern(Fixed(5), jitter=Full()).due(history(), lambda: 0.5) == 3  # 2.5
    assert RetryPattern(Fixed(3), jitter=Full()).due(history(), lambda: 0.5) == 2  # 1.5
    assert RetryPattern(Fixed(1), jitter=Full()).due(history(), lambda: 0.2) == 1


@pytest.mark.parametrize(
    ("planned", "uniform", "delay"),
    [
        (0, 0.0, 1),  # first stands in for the previous delay
        (0, 0.5, 2),
        (5, 0.5, 8),
        (5, 0.0, 1),
        (15, 0.9, 20),  # capped
        (0.1, 0.5, 1),  # planned by another pattern: never below first
    ],
)
def test_decorrelated(history, planned, uniform, delay):
    pattern = RetryPattern(Exponential("1 s", 2, "20 s"), jitter=Decorrelated())
    assert pattern.due(history(planned=round(planned * SECOND), retries=3), lambda: uniform) == delay * SECOND


@pytest.mark.parametrize(
    ("rule", "longest"),
    [
        (Fixed("2 s"), 30),
        (Table("2 s", "9 s"), 30),
        (Linear("2 s", "9 s", "15 s"), 15),
        (Fibonacci("2 s", "16 s"), 16),
        (Doublings("2 s", "17 s", 3), 17),
        (Linear("2 s", "9 s"), 30),
    ],
)
def test_decorrelated_takes_first_and_cap_of_the_rule(history, rule, longest):
    pattern = RetryPattern(rule, jitter=Decorrelated())
    assert pattern.due(history(planned=10 * SECOND), lambda: 0.0) == 2 * SECOND
    assert pattern.due(history(planned=10 * SECOND), lambda: 1 - 2**-53) == longest * SECOND


def test_decorrelated_needs_a_first_delay():
    with pytest.raises(PatternInvalid, match="'decorrelated' needs a delay rule with a first delay, and polynomial has none"):
        RetryPattern(Polynomial(4, "15 s"), jitter=Decorrelated())


@pytest.mark.parametrize(
    ("make", "loc"),
    [
        (lambda: Plus(0, -1), ("plus",)),
        (lambda: PlusPerRetry("0 s"), ("plus_per_retry",)),
        (lambda: Percent("110 %"), ("percent",)),
        (lambda: Percent(None), ("percent",)),
    ],
)
def test_faults(make, loc):
    with pytest.raises(PatternInvalid) as caught:
        make()
    assert caught.value.faults[0][0] == loc
