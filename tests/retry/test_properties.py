"""What holds for every pattern."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from outboxsim.retry import *  # noqa: F403 - eval needs all constructors
from outboxsim.retry import (
    PRESETS,
    Age,
    Breaker,
    Decorrelated,
    Doublings,
    Equal,
    Exponential,
    Fibonacci,
    Fixed,
    Full,
    Grid,
    History,
    Linear,
    NoJitter,
    PatternInvalid,
    Percent,
    Piece,
    Pieces,
    Plus,
    PlusPerRetry,
    Polynomial,
    RetryPattern,
    Scan,
    Table,
)

durations = st.integers(1, 10**13)
caps = st.none() | durations
factors = st.floats(0.1, 10)


@st.composite
def pieces(draw):
    untils = sorted(draw(st.sets(durations, min_size=1, max_size=4)))
    return Pieces(
        Piece(until, every=draw(durations)) if draw(st.booleans()) else Piece(until, first=draw(durations), factor=draw(factors))
        for until in untils
    )


def ordered(make, *more):
    return st.tuples(durations, durations, *more).map(lambda parts: make(min(parts[:2]), max(parts[:2]), *parts[2:]))


tables = st.lists(durations, max_size=5).flatmap(
    lambda delays: st.booleans().map(lambda last: Table(delays, repeat_last=last and bool(delays)))
)
with_first = st.one_of(
    tables.filter(lambda table: table.delays),
    st.builds(Fixed, durations),
    st.builds(Exponential, durations, factors, caps),
    st.builds(Linear, durations, durations, caps),
    st.builds(Fibonacci, durations, caps),
    ordered(Doublings, st.integers(0, 100)),
)
rules = st.one_of(
    with_first,
    tables,
    st.builds(Polynomial, st.floats(0.1, 9), durations),
    ordered(Age),
    pieces(),
    st.builds(Grid, durations, st.floats(1, 4)),
)
jitters = st.one_of(
    st.sampled_from([NoJitter(), Full(), Equal()]),
    st.builds(Plus, durations, caps),
    st.builds(PlusPerRetry, durations),
    st.builds(Percent, st.floats(0, 1)),
)
parts = {
    "max_attempts": st.none() | st.integers(1, 100),
    "max_age": caps,
    "stop": st.sampled_from(["any", "all"]),
    "scope": st.sampled_from(["email", "connector"]),
    "clock": st.none() | st.sampled_from([1, 1000, 1_000_000, 7]),
    "scan": st.none() | st.builds(Scan, durations, durations, durations, durations, st.sampled_from(["all", "retries"])),
    "breaker": st.none() | st.builds(Breaker, st.integers(1, 9), durations, st.sampled_from([None, "scan"]), st.integers(1, 9)),
    "name": st.text(max_size=5),
}
patterns = st.one_of(
    st.builds(RetryPattern, rules, jitter=jitters, **parts),
    st.builds(RetryPattern, with_first, jitter=st.just(Decorrelated()), **parts),
)
LONGEST = 100 * 365 * 86_400 * 10**6
uniforms = st.floats(0, 1, exclude_max=True)


@st.composite
def histories(draw):
    submitted, first_failure, last_ended, ended = sorted(draw(st.lists(st.integers(0, 10**13), min_size=4, max_size=4)))
    retries = draw(st.integers(0, 2000))
    return History(submitted, ended, retries + 1, retries, first_failure, draw(st.integers(0, 10**13)), last_ended)


@given(patterns, histories(), uniforms)
def test_every_delay_is_above_zero(pattern, past, uniform):
    due = pattern.due(past, lambda: uniform)
    assert due is None or (isinstance(due, int) and past.ended < due < 2**62)


@given(patterns)
def test_what_a_file_would_hold_means_an_equal_pattern(pattern):
    written = pattern.to_mapping()
    assert RetryPattern.from_mapping(written) == pattern
    assert RetryPattern.from_mapping(yaml.safe_load(yaml.safe_dump(written))) == pattern


def test_every_preset_can_be_written():
    assert [RetryPattern.from_mapping(pattern.to_mapping()) for pattern in PRESETS.values()] == list(PRESETS.values())


def test_a_rule_of_ones_own_cannot_be_written():
    class Mine:
        def delay(self, history):
            return 1

    with pytest.raises(PatternInvalid, match="delay rule of its own"):
        RetryPattern(Mine()).to_mapping()


def test_a_jitter_of_ones_own_cannot_be_written():
    class Mine:
        def apply(self, delay, uniform, history, rule):
            return delay

    with pytest.raises(PatternInvalid, match="jitter of its own"):
        RetryPattern(["1 min"], jitter=Mine()).to_mapping()


@given(patterns)
def test_the_repr_is_the_call(pattern):
    again = eval(repr(pattern))
    assert again == pattern
    assert hash(again) == hash(pattern)
    assert again.name == pattern.name


@given(rules, histories(), uniforms, durations, st.floats(0, 1))
def test_jitter_stays_in_its_bounds(rule, past, uniform, more, share):
    delay = rule.delay(past)
    if delay is None:
        return
    delay, n = min(delay, LONGEST), past.retries  # as the pattern does
    room = 1 + delay * 1e-12  # for rounding in floats
    for jitter, low, high in (
        (Full(), 0, delay),
        (Equal(), delay / 2, delay),
        (Plus(more), delay, delay + more),
        (Plus(more, at_most=more), 0, more),
        (PlusPerRetry(more), delay, delay + more * (n + 1)),
        (Percent(share), delay * (1 - share), delay * (1 + share)),
    ):
        assert low - room <= jitter.apply(delay, uniform, past, rule) <= high + room


@given(with_first, histories(), uniforms)
def test_decorrelated_stays_in_its_bounds(rule, past, uniform):
    first, longest = rule.first_delay, getattr(rule, "longest_delay", None)
    found = Decorrelated().apply(0.0, uniform, past, rule)
    assert min(first, longest or first) <= found <= min(longest or float("inf"), max(first, 3 * (past.planned or first)))


@given(patterns, histories(), uniforms)
def test_the_same_question_has_the_same_answer(pattern, past, uniform):
    assert pattern.next_attempt(past, lambda: uniform) == pattern.next_attempt(past, lambda: uniform)
