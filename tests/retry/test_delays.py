"""Each delay rule by its formula (spec/retry.md, Parts)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outboxsim.errors import OutboxsimError
from outboxsim.retry import (
    Age,
    DelayRule,
    Doublings,
    Exponential,
    Fibonacci,
    Fixed,
    Grid,
    Linear,
    PatternInvalid,
    Piece,
    Pieces,
    Polynomial,
    RetryPattern,
    Table,
)

from .conftest import DAY, HOUR, MINUTE, SECOND

EXIM = Pieces(Piece("2 h", every="15 min"), Piece("16 h", first="1 h", factor=1.5), Piece("4 d", every="6 h"))


def delays(rule, history, count):
    return [rule.delay(history(retries=n)) for n in range(count)]


def test_table_gives_each_entry_once_and_then_none(history):
    assert delays(Table("1 min", "5 min"), history, 3) == [MINUTE, 5 * MINUTE, None]


def test_table_repeats_the_last(history):
    assert delays(Table("1 min", "5 min", repeat_last=True), history, 4) == [MINUTE, 5 * MINUTE, 5 * MINUTE, 5 * MINUTE]


def test_empty_table_never_retries(history):
    assert Table().delay(history()) is None
    assert Table().first_delay is None


def test_table_takes_a_list_too():
    assert Table(["1 min", timedelta(minutes=5), 7]) == Table("1 min", 5 * MINUTE, timedelta(microseconds=7))


def test_fixed(history):
    assert delays(Fixed("30 min"), history, 3) == [30 * MINUTE] * 3


def test_exponential(history):
    assert delays(Exponential("1 s", 3), history, 4) == [SECOND, 3 * SECOND, 9 * SECOND, 27 * SECOND]


def test_exponential_is_capped(history):
    assert delays(Exponential("1 s", 2, "5 s"), history, 5) == [SECOND, 2 * SECOND, 4 * SECOND, 5 * SECOND, 5 * SECOND]


def test_linear(history):
    assert delays(Linear("10 s", "5 s", "18 s"), history, 4) == [10 * SECOND, 15 * SECOND, 18 * SECOND, 18 * SECOND]
    assert Linear("10 s", "5 s").delay(history(retries=100)) == 510 * SECOND


def test_polynomial(history):
    assert delays(Polynomial(4, "15 s"), history, 4) == [15 * SECOND, 16 * SECOND, 31 * SECOND, 96 * SECOND]


def test_fibonacci(history):
    assert delays(Fibonacci("1 s"), history, 7) == [n * SECOND for n in (1, 1, 2, 3, 5, 8, 13)]
    assert delays(Fibonacci("1 s", "4 s"), history, 6) == [n * SECOND for n in (1, 1, 2, 3, 4, 4)]


@pytest.mark.parametrize(("age", "delay"), [(0, 300), (299, 300), (300, 300), (301, 301), (4000, 4000), (9000, 4000)])
def test_age_is_clamped(history, age, delay):
    assert Age("300 s", "4000 s").delay(history((7 + age) * SECOND, submitted=7 * SECOND)) == delay * SECOND


def test_age_ignores_the_steps(history):
    assert Age("300 s", "4000 s").delay(history(HOUR, retries=40)) == HOUR


@pytest.mark.parametrize(
    ("since_first", "delay"),
    [(0, 15 * MINUTE), (2 * HOUR, 15 * MINUTE), (2 * HOUR + 1, HOUR), (16 * HOUR, HOUR), (16 * HOUR + 1, 6 * HOUR), (4 * DAY, 6 * HOUR)],
)
def test_pieces_first_whose_until_is_not_below(history, since_first, delay):
    assert EXIM.delay(history(since_first, first_failure=0)) == delay


def test_pieces_give_up_past_the_last(history):
    assert EXIM.delay(history(4 * DAY + 1, first_failure=0)) is None


@pytest.mark.parametrize(
    ("planned", "actual", "delay"),
    [
        (HOUR, HOUR, 1.5 * HOUR),
        (2 * HOUR, HOUR, 1.5 * HOUR),  # tried early: the smaller gap is the actual one
        (HOUR, 2 * HOUR, 1.5 * HOUR),  # tried late: the smaller gap is the planned one
        (HOUR - 1, 2 * HOUR, HOUR),
        (0, 2 * HOUR, HOUR),
    ],
)
def test_pieces_factor_multiplies_the_smaller_gap(history, planned, actual, delay):
    now = 10 * HOUR
    assert EXIM.delay(history(now, first_failure=0, planned=planned, last_ended=now - actual)) == delay


def test_pieces_factor_truncates_to_the_clock(history):
    rule = Pieces(Piece("1 h", first="10 s", factor=1.5))
    past = history(100 * SECOND, first_failure=0, planned=15 * SECOND, last_ended=50 * SECOND)
    assert rule.delay(past) == 22_500_000
    assert rule.delay(past.floored(SECOND)) == 22 * SECOND


def test_pieces_factor_does_not_lose_a_second_to_binary_fractions(history):
    rule = Pieces(Piece("1 h", first="10 s", factor=1.1))
    past = history(100 * SECOND, first_failure=0, planned=10 * SECOND, last_ended=50 * SECOND)
    assert rule.delay(past.floored(SECOND)) == 11 * SECOND


def test_pieces_with_a_shrinking_factor_stay_above_zero(history, no_draw):
    pattern = RetryPattern(Pieces(Piece("1 h", first=1, factor=0.1)))
    assert pattern.due(history(100, first_failure=0, planned=3, last_ended=50), no_draw) == 101


def test_pieces_factor_without_a_clock_rounds_half_up(history, no_draw):
    pattern = RetryPattern(Pieces(Piece("1 h", first=1, factor=1.5)))
    assert pattern.due(history(100, first_failure=0, planned=3, last_ended=50), no_draw) == 105  # 4.5


@pytest.mark.parametrize(
    ("age", "point"),
    [(0, 400), (399.999_999, 400), (400, 1600), (401, 1600), (1600, 3600), (3599, 3600), (99 * 99 * 400 + 1, 100 * 100 * 400)],
)
def test_grid_first_point_strictly_after(history, age, point):
    submitted = 11 * SECOND
    ended = submitted + round(age * SECOND)
    assert ended + Grid("400 s", 2).delay(history(ended, submitted=submitted)) == submitted + point * SECOND


def test_grid_with_a_broken_power_rounds_half_up(history):
    assert Grid(3, 1.5).delay(history(3)) == 8 - 3  # 3 · 2^1.5 = 8.49
    assert Grid(1, 1.5).delay(history(1)) == 3 - 1  # 2.83


def test_doublings_as_the_documentation_of_cloud_tasks_counts(history):
    rule = Doublings("10 s", "300 s", 3)
    assert delays(rule, history, 9) == [n * SECOND for n in (10, 20, 40, 80, 160, 240, 300, 300, 300)]


@pytest.mark.parametrize(
    "rule",
    [
        Exponential("1 s", 10),
        Exponential("1 s", 2, "1 h"),
        Polynomial(200, "1 s"),
        Fibonacci("1 s"),
        Linear("1 s", "1 h"),
        Doublings("1 s", "1 h", 10**9),
        Doublings("1 s", "1 h", 3),
    ],
)
@pytest.mark.parametrize("retries", [91, 92, 93, 1100, 10**7])
def test_large_counts_overflow_nothing(rule, retries, history, no_draw):
    due = RetryPattern(rule).due(history(5, retries=retries), no_draw)
    assert 5 < due <= 5 + 100 * 365 * DAY


def test_a_grid_beyond_floats_waits_the_longest_time(history, no_draw):
    assert RetryPattern(Grid("1 s", 1e300)).due(history(2 * SECOND), no_draw) == 2 * SECOND + 100 * 365 * DAY


def test_shrinking_delays_end_at_a_microsecond(history, no_draw):
    assert RetryPattern(Exponential("1 s", 0.01)).due(history(retries=10**4), no_draw) == 1


def test_a_custom_rule_is_any_frozen_value_with_a_method(history, no_draw):
    class OnlyOnce:
        """10 s after the first failure, then no more."""

        def delay(self, past):
            return 10 * SECOND if past.retries == 0 else None

    pattern = RetryPattern(OnlyOnce(), max_attempts=5)
    assert isinstance(OnlyOnce(), DelayRule)
    assert pattern.next_attempt(history(SECOND), no_draw) == 11 * SECOND
    assert pattern.next_attempt(history(SECOND, retries=1), no_draw) is None


def test_a_custom_rule_that_gives_nan_is_named(history, no_draw):
    class Broken:
        def delay(self, past):
            return float("nan")

    with pytest.raises(ValueError, match="the delay is nan"):
        RetryPattern(Broken()).due(history(), no_draw)


@pytest.mark.parametrize(
    ("make", "faults"),
    [
        (lambda: Table("1 min", "0 s", -5), [(("delays", 1), "'0 s' is too short"), (("delays", 2), "-5 is a negative duration")]),
        (lambda: Table("1 min", repeat_last="yes"), [(("repeat_last",), "'yes' is neither true nor false")]),
        (lambda: Table(repeat_last=True), [(("repeat_last",), "there is no last delay")]),
        (lambda: Fixed(0), [((), "0 is too short")]),
        (lambda: Fixed(True), [((), "true is no duration")]),
        (lambda: Fixed(100 * 365 * DAY + 1), [((), "more than 100 years")]),
        (lambda: Fixed(timedelta(seconds=-1)), [((), "negative")]),
        (lambda: Exponential("1 parsec", 0, 0), [(("first",), "'1 parsec'"), (("factor",), "0 is out of range"), (("cap",), "too short")]),
        (lambda: Exponential("1 s", float("inf")), [(("factor",), "inf is out of range")]),
        (lambda: Exponential("1 s", "2"), [(("factor",), "'2' is no number")]),
        (lambda: Linear(0, -1), [(("first",), "too short"), (("step",), "negative")]),
        (lambda: Polynomial(0, 0), [(("power",), "out of range"), (("plus",), "too short")]),
        (lambda: Fibonacci(None), [(("first",), "null is no duration")]),
        (lambda: Age("5 s", "1 s"), [(("max",), "'1 s' is below min, '5 s'")]),
        (lambda: Doublings("5 s", "1 s", 1), [(("max",), "below min")]),
        (lambda: Doublings("1 s", "5 s", -1), [(("max_doublings",), "-1 is too small; write 0 or more")]),
        (lambda: Doublings("1 s", "5 s", 1.5), [(("max_doublings",), "1.5 is no whole number")]),
        (lambda: Grid("1 s", 0.5), [(("power",), "0.5 is too small")]),
        (lambda: Piece("1 h"), [((), "either 'every', or 'first' and 'factor'")]),
        (lambda: Piece("1 h", every="1 s", first="1 s", factor=2), [((), "either 'every'")]),
        (lambda: Piece("1 h", first="1 s"), [((), "either 'every'")]),
        (Pieces, [((), "there is no piece")]),
        (lambda: Pieces(Piece("2 h", every="1 h"), Piece("2 h", every="1 h")), [((1, "until"), "'2 h' is not after '2 h'")]),
    ],
)
def test_constructors_name_every_fault(make, faults):
    with pytest.raises(PatternInvalid) as caught:
        make()
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, OutboxsimError)
    assert [loc for loc, _ in caught.value.faults] == [loc for loc, _ in faults]
    for (_, message), (_, part) in zip(caught.value.faults, faults, strict=True):
        assert part in message
