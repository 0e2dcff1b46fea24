"""Spaces of patterns, objectives and constraints, as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outboxsim.analysis.metrics import MetricError
from outboxsim.analysis.objectives import Constraint, Objective, metrics_of
from outboxsim.analysis.space_reading import choice, delays, exponential, parse_space
from outboxsim.errors import QuantityError
from outboxsim.quantities import parse_duration
from outboxsim.retry import PRESETS, Exponential, Full, NoJitter, PatternInvalid, RetryPattern, Table

TEXT = """
- exponential: {first: 10 s .. 10 min, factor: 1.2 .. 4, cap: 10 min .. 8 h}
  max_attempts: 3 .. 12
  jitter: none | full
- delays: {count: 5, from: 10 s, to: 8 h}
- default | postfix
"""


class Fixed:
    """A trial that takes the same part of every range, and the so-manieth choice."""

    def __init__(self, part=0.0, place=0, family=None):
        self.part, self.place, self.family, self.asked = part, place, family, []

    def suggest_float(self, name, low, high, *, log=False):
        self.asked.append(name)
        return low * (high / low) ** self.part if log else low + (high - low) * self.part

    def suggest_int(self, name, low, high):
        self.asked.append(name)
        return low + round((high - low) * self.part)

    def suggest_categorical(self, name, choices):
        self.asked.append(name)
        return self.family if name == "family" and self.family else choices[self.place % len(choices)]


def test_a_space_is_a_pattern_with_ranges_and_choices():
    space = parse_space(TEXT)
    assert space.names == ["exponential", "delays", "choice"]
    low = space.suggest(Fixed(0.0, family="exponential"))
    assert low == RetryPattern(Exponential("10 s", 1.2, "10 min"), max_attempts=3)
    high = space.suggest(Fixed(1.0, 1, family="exponential"))
    assert high == RetryPattern(Exponential("10 min", 4, "8 h"), max_attempts=12, jitter=Full())
    assert isinstance(low.jitter, NoJitter)
    assert space.suggest(Fixed(0, 1, family="choice")) == PRESETS["postfix"]


def test_every_trial_is_asked_for_the_same_parameters():
    """What NSGA-II crosses are the parameters that all trials have."""
    first, second = Fixed(0.2, family="exponential"), Fixed(0.9, 1, family="delays")
    space = parse_space(TEXT)
    space.suggest(first)
    space.suggest(second)
    assert first.asked == second.asked
    assert len(set(first.asked)) == len(first.asked)


@given(st.floats(0, 1), st.integers(1, 8))
def test_tables_of_delays_increase_within_their_bounds(part, count):
    pattern = delays(count, "10 s", "8 h").suggest(Fixed(part))
    assert isinstance(pattern.rule, Table)
    found = list(pattern.rule.delays)
    assert len(found) == count
    assert found == sorted(found)
    assert parse_duration("10 s") <= found[0]
    assert found[-1] <= parse_duration("8 h")


@given(st.floats(0, 1))
def test_drawn_durations_are_round_enough_to_be_configured(part):
    pattern = parse_space("fixed: 1 s .. 5 d").suggest(Fixed(part))
    assert len(repr(pattern)) <= len("RetryPattern(Fixed('1 d 23 h 50 min'))")


def test_python_and_the_text_mean_the_same():
    joined = (
        exponential(("10 s", "10 min"), (1.2, 4), ("10 min", "8 h"), (3, 12), ("none", "full")) | delays(5) | choice("default", "postfix")
    )
    for part in (0.0, 0.4, 1.0):
        for family in joined.names:
            assert joined.suggest(Fixed(part, family=family)) == parse_space(TEXT).suggest(Fixed(part, family=family))
    assert parse_space([joined, "fixed: 1 min"]).names == ["exponential", "delays", "choice", "fixed"]


def test_delays_one_by_one_shares_and_two_of_a_kind():
    space = parse_space(["delays: [1 min .. 10 min, 1 h]", "{delays: [5 min .. 9 min], jitter: {percent: 5 % .. 20 %}}", "fixed: 5 min"])
    assert space.names == ["delays-1", "delays-2", "fixed"]
    assert space.suggest(Fixed(1.0, family="delays-1")) == RetryPattern(["10 min", "1 h"])
    assert space.suggest(Fixed(1.0, family="delays-2")).jitter.share == 0.2
    assert space.suggest(Fixed(family="fixed")) == RetryPattern.from_mapping({"fixed": "5 min"})


def test_the_scenarios_own_patterns_can_be_chosen():
    own = RetryPattern(["7 min"])
    choice("own", "exim").check({"own": own})
    assert choice("own", "exim").suggest(Fixed(), {"own": own}) == own


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("exponential: {first: 10 .. 10 min}", QuantityError, "is no range"),
        ("fixed: 10 min .. 10 s", QuantityError, "the smaller first"),
        ("fixed: 0 s .. 10 s", QuantityError, "is no range"),
        ("exponential: {frst: 10 s .. 10 min}", PatternInvalid, "did you mean 'first'"),
        ("postfx | exim", PatternInvalid, "did you mean 'postfix'"),
        ("default | postfx", PatternInvalid, "did you mean 'postfix'"),
        ("delays: {count: 0, from: 10 s, to: 8 h}", QuantityError, "1 to 50"),
        ("delays: {count: 3, from: 1, to: 8}", QuantityError, "is no range"),
        ("[]", QuantityError, "empty"),
        ("{}", QuantityError, "is no space"),
        ("[1", QuantityError, "no YAML"),
        ("fixed: 1 min\nmax_atempts: 3 .. 5", PatternInvalid, "did you mean 'max_attempts'"),
    ],
)
def test_what_is_no_space_is_told(text, error, message):
    with pytest.raises(error, match=message):
        parse_space(text).check()


# Objectives and constraints


@pytest.mark.parametrize(
    ("text", "goal", "metric"),
    [
        ("minimise latency_p95", "minimise", "latency_p95"),
        ("minimize attempts_per_sent", "minimise", "attempts_per_sent"),
        ("Maximise  delivered_within(15 min)", "maximise", "delivered_within(15 min)"),
    ],
)
def test_objectives_are_read(text, goal, metric):
    assert Objective.parse(text) == Objective(goal, metric)
    assert Objective.parse(Objective(goal, metric)) == Objective(goal, metric)


@pytest.mark.parametrize(
    ("text", "bound", "keeps", "breaks"),
    [
        ("give_up_rate <= 1 %", 0.01, 0.01, 0.02),
        ("latency_p95<=20 min", 1_200_000_000, 0, 1.3e9),
        ("delivered_within(1 h) >= 99 %", 0.99, 0.995, 0.9),
        ("attempts_per_sent ≤ 1.5", 1.5, 1.5, 1.6),
        ("failed <= 0", 0, 0, 1),
    ],
)
def test_constraints_are_read(text, bound, keeps, breaks):
    constraint = Constraint.parse(text)
    assert constraint.bound == bound
    assert constraint.violation(keeps) <= 0 < constraint.violation(breaks)
    assert Constraint.parse(str(constraint)) == constraint


@pytest.mark.parametrize(
    ("read", "text", "error", "message"),
    [
        (Objective.parse, "minimse latency_p95", QuantityError, "did you mean 'minimise'"),
        (Objective.parse, "minimise", QuantityError, "is no objective"),
        (Objective.parse, "minimise latncy_p95", MetricError, "did you mean 'latency_p95'"),
        (Constraint.parse, "give_up_rate < 1 %", QuantityError, "is no constraint"),
        (Constraint.parse, "give_up_rate <= 5 min", QuantityError, ""),
        (Constraint.parse, "latency_p95 <= 20", QuantityError, "unit"),
        (Constraint.parse, "attempts_per_sent <= many", QuantityError, "is no bound"),
        (Constraint.parse, "giveup_rate <= 1 %", MetricError, "did you mean 'give_up_rate'"),
    ],
)
def test_what_is_neither_is_told(read, text, error, message):
    with pytest.raises(error, match=message or "5 min"):
        read(text)


def test_metrics_are_asked_once():
    objectives = [Objective("minimise", "latency_p95"), Objective("minimise", "failed")]
    assert metrics_of(objectives, [Constraint("failed", "at_most", 3), Constraint("sent", "at_least", 1)]) == (
        "latency_p95",
        "failed",
        "sent",
    )
