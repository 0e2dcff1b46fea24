"""RetryPattern: stop rules, clock, rounding, equality and repr."""

from __future__ import annotations

import copy
import doctest
import pickle
import timeit
from dataclasses import FrozenInstanceError

import pytest

import outboxsim.retry.pattern
from outboxsim.retry import (
    Age,
    Breaker,
    Decorrelated,
    Exponential,
    Fixed,
    Full,
    Grid,
    PatternInvalid,
    Piece,
    Pieces,
    RetryPattern,
    Scan,
    Table,
)

from .conftest import HOUR, MINUTE, SECOND


def test_a_list_alone_is_a_table():
    assert RetryPattern(["1 min", "5 min"]) == RetryPattern(Table("1 min", "5 min"))


def test_next_attempt_counts_from_the_end_of_the_failed_one(history, no_draw):
    assert RetryPattern(["1 min"]).next_attempt(history(2 * SECOND), no_draw) == 62 * SECOND


# --- stop ---------------------------------------------------------------------------------------------------------------------------


def test_without_stop_rules_only_the_rule_ends_it(history):
    assert not RetryPattern(Fixed("1 s")).stops(history(10**15, attempts=10**6))


@pytest.mark.parametrize(("attempts", "stops"), [(1, False), (2, False), (3, True), (4, True)])
def test_max_attempts_counts_all(history, attempts, stops):
    assert RetryPattern(Fixed("1 s"), max_attempts=3).stops(history(attempts=attempts)) is stops


@pytest.mark.parametrize(("age", "stops"), [(HOUR - 1, False), (HOUR, True), (HOUR + 1, True)])
def test_max_age_is_reached(history, age, stops):
    assert RetryPattern(Fixed("1 s"), max_age="1 h").stops(history(MINUTE + age, submitted=MINUTE)) is stops


@pytest.mark.parametrize(
    ("old", "worn", "any_stops", "all_stops"),
    [(False, False, False, False), (True, False, True, False), (False, True, True, False), (True, True, True, True)],
)
def test_stop_any_and_all(history, old, worn, any_stops, all_stops):
    past = history(HOUR if old else 0, attempts=3 if worn else 1)
    parts = {"max_attempts": 3, "max_age": "1 h"}
    assert RetryPattern(Fixed("1 s"), **parts).stops(past) is any_stops
    assert RetryPattern(Fixed("1 s"), **parts, stop="all").stops(past) is all_stops


def test_stop_all_looks_only_at_what_is_set(history):
    assert RetryPattern(Fixed("1 s"), max_attempts=3, stop="all").stops(history(attempts=3))
    assert RetryPattern(Fixed("1 s"), max_age="1 h", stop="all").stops(history(HOUR))
    assert not RetryPattern(Fixed("1 s"), stop="all").stops(history(HOUR, attempts=9))


def test_a_stopped_pattern_draws_nothing(history, no_draw):
    assert RetryPattern(Fixed("1 s"), max_attempts=1, jitter=Full()).next_attempt(history(), no_draw) is None


# --- clock --------------------------------------------------------------------------------------------------------------------------


def test_clock_floors_the_end_from_which_the_delay_counts(history, no_draw):
    assert RetryPattern(Fixed("10 s"), clock="1 s").due(history(7_300_000), no_draw) == 17 * SECOND


def test_clock_floors_both_ends_of_an_age(history, no_draw):
    pattern = RetryPattern(Age("1 s", "1 h"), max_age="10 s", clock="1 s")
    just_over = history(19_100_000, submitted=8_900_000)  # 10.2 s old, but 19 - 8 = 11 on the clock
    just_under = history(17_900_000, submitted=8_100_000)  # 9.8 s old, 17 - 8 = 9
    rounded_up = history(18_000_000, submitted=8_900_000)  # 9.1 s old, but 18 - 8 = 10
    assert pattern.stops(just_over)
    assert not pattern.stops(just_under)
    assert pattern.stops(rounded_up)
    assert pattern.due(just_under, no_draw) == (17 + 9) * SECOND


def test_clock_is_counted_from_the_start_in_its_own_steps(history, no_draw):
    assert RetryPattern(Fixed("10 s"), clock="4 s").due(history(7 * SECOND), no_draw) == 14 * SECOND


def test_clock_never_gives_an_instant_that_is_over(history, no_draw):
    assert RetryPattern(Fixed("100 ms"), clock="1 s").due(history(7_300_000), no_draw) == 7_300_001


def test_clock_applies_to_grid_and_pieces(history, no_draw):
    grid = RetryPattern(Grid("10 s", 1), clock="1 s")
    assert grid.due(history(20_500_000, submitted=10_900_000), no_draw) == 30 * SECOND  # 10 + 10 k, not at or before 20
    pieces = RetryPattern(Pieces(Piece("10 s", every="1 s")), clock="1 s")
    assert pieces.due(history(20_500_000, first_failure=10_100_000), no_draw) == 21 * SECOND  # 20 - 10 is not above 10 s
    assert pieces.due(history(21_000_000, first_failure=10_900_000), no_draw) is None


@pytest.mark.parametrize("remembered_from_the_floor", [True, False])
def test_clock_reads_the_planned_gap_however_it_was_kept(history, no_draw, remembered_from_the_floor):
    pattern = RetryPattern(Pieces(Piece("1 h", first="10 s", factor=2)), clock="1 s")
    first = history(700_000)
    due = pattern.due(first, no_draw)
    assert due == 10 * SECOND
    planned = pattern.planned(first, due) if remembered_from_the_floor else due - first.ended
    second = history(10_900_000, retries=1, first_failure=700_000, planned=planned, last_ended=700_000)
    assert pattern.due(second, no_draw) == 30 * SECOND  # the gap is 10 s on the clock, though 9.3 s passed


# --- a value ------------------------------------------------------------------------------------------------------------------------


def test_is_frozen():
    with pytest.raises(FrozenInstanceError):
        RetryPattern(["1 s"]).max_attempts = 3


def test_equality_and_hash_ignore_the_name():
    one, other = RetryPattern(["1 s"], name="a"), RetryPattern(["1 s"], name="b")
    assert one == other
    assert hash(one) == hash(other)
    assert one != RetryPattern(["1 s"], clock="1 s")


def test_repr_reads_like_the_call():
    assert repr(RetryPattern(["1 min", "5 min"], max_attempts=6)) == "RetryPattern(Table('1 min', '5 min'), max_attempts=6)"
    pattern = RetryPattern(Exponential("1 s", 2.5, "1 h"), jitter=Decorrelated(), scan=Scan("5 min"), breaker=Breaker(3, "5 min"))
    assert repr(pattern) == (
        "RetryPattern(Exponential('1 s', factor=2.5, cap='1 h'), jitter=Decorrelated(), "
        "scan=Scan('5 min'), breaker=Breaker(3, open_for='5 min'))"
    )


def test_replace_changes_parts_and_drops_the_name():
    named = RetryPattern(["1 s"], max_attempts=3, name="three")
    assert named.replace(max_attempts=None) == RetryPattern(["1 s"])
    assert named.replace(max_age="1 h").name == ""
    assert named.replace(name="other").name == "other"


def test_copies_and_pickles():
    pattern = RetryPattern(Exponential("1 s"), jitter=Full(), scan=Scan("5 min"))
    assert pickle.loads(pickle.dumps(pattern)) == copy.deepcopy(pattern) == pattern


def test_an_error_pickles_with_its_faults():
    error = PatternInvalid([(("pieces", 1, "until"), "bad"), ((), "worse")], [("pieces",)])
    again = pickle.loads(pickle.dumps(error))
    assert (again.faults, again.key_faults, str(again)) == (error.faults, error.key_faults, "pieces[1].until: bad\nworse")


def test_from_mapping():
    assert RetryPattern.from_mapping({"fixed": "1 s"}) == RetryPattern(Fixed("1 s"))


def test_docstring_examples():
    assert doctest.testmod(outboxsim.retry.pattern).failed == 0


def test_due_of_a_table_is_fast(history, no_draw):
    """A guard against accidents, not a benchmark: about 0.25 µs when written, so 5 µs leaves room for a busy machine."""
    pattern, past = RetryPattern(["1 min", "5 min"]), history(SECOND)
    assert min(timeit.repeat(lambda: pattern.due(past, no_draw), number=1000, repeat=5)) / 1000 < 5e-6


@pytest.mark.parametrize(
    ("make", "locs"),
    [
        (lambda: RetryPattern("standard"), [()]),
        (lambda: RetryPattern(5), [()]),
        (lambda: RetryPattern(["0 s", "1 s"]), [("delays", 0)]),
        (lambda: RetryPattern(["1 s"], max_attempts=0, max_age=0), [("max_attempts",), ("max_age",)]),
        (lambda: RetryPattern(["1 s"], stop="both", scope="host", clock="0 s"), [("stop",), ("scope",), ("clock",)]),
        (lambda: RetryPattern(["1 s"], scan="5 min", breaker=3, jitter="full"), [("scan",), ("breaker",), ("jitter",)]),
        (lambda: RetryPattern(["1 s"], max_attempts=True), [("max_attempts",)]),
        (lambda: Scan(-1, applies_to="some"), [("interval",), ("applies_to",)]),
        (lambda: Breaker(0, "0 s", within="burst", window=0), [("failures",), ("open_for",), ("within",), ("window",)]),
    ],
)
def test_constructors_name_every_fault(make, locs):
    with pytest.raises(PatternInvalid) as caught:
        make()
    assert [loc for loc, _ in caught.value.faults] == locs
