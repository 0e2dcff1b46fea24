"""What a tuning is after, in words: ``minimise latency_p95``, ``give_up_rate <= 1 %``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from outboxsim.analysis.asking import checked_metric
from outboxsim.analysis.comparison import Goal
from outboxsim.analysis.metrics import kind_of
from outboxsim.analysis.showing import value_in_words
from outboxsim.errors import QuantityError
from outboxsim.quantities import parse_duration, parse_share
from outboxsim.retry.values import did_you_mean

_GOALS: Final = {"minimise": "minimise", "minimize": "minimise", "maximise": "maximise", "maximize": "maximise"}
_CONSTRAINT: Final = re.compile(r"(?P<metric>.+?)\s*(?P<sign><=|>=|≤|≥)\s*(?P<bound>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric of which the mean over replications should be small, or large."""

    goal: Goal
    metric: str

    @classmethod
    def parse(cls, text: str | Objective) -> Objective:
        """``minimise latency_p95`` or ``maximise delivered_within(15 min)``.

        Raises
        ------
        QuantityError
            The text is none.
        MetricError
            There is no such metric.
        """
        if isinstance(text, Objective):
            return text
        word, _, metric = str(text).strip().partition(" ")
        if word.lower() not in _GOALS or not metric.strip():
            near = did_you_mean(word, _GOALS)
            raise QuantityError(f"{text!r} is no objective{near}; write for example 'minimise latency_p95' or 'maximise sent'")
        return cls(cast("Goal", _GOALS[word.lower()]), checked_metric(metric.strip()))

    @property
    def sign(self) -> int:
        """What a value is multiplied by so that less is better."""
        return 1 if self.goal == "minimise" else -1

    def __str__(self) -> str:
        return f"{self.goal} {self.metric}"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A bound that the mean over replications has to keep; of durations in µs."""

    metric: str
    op: Literal["at_most", "at_least"]
    bound: float

    @classmethod
    def parse(cls, text: str | Constraint) -> Constraint:
        """``give_up_rate <= 1 %``, ``latency_p95 <= 20 min`` or ``delivered_within(1 h) >= 99 %``.

        Raises
        ------
        QuantityError
            The text is none, or its bound is no value of the metric.
        MetricError
            There is no such metric.
        """
        if isinstance(text, Constraint):
            return text
        found = _CONSTRAINT.fullmatch(str(text).strip())
        if found is None:
            raise QuantityError(f"{text!r} is no constraint; write for example 'give_up_rate <= 1 %' or 'latency_p95 <= 20 min'")
        metric = checked_metric(found["metric"].strip())
        return cls(metric, "at_most" if found["sign"] in {"<=", "≤"} else "at_least", _bound(metric, found["bound"].strip()))

    @property
    def sign(self) -> int:
        """What a value is multiplied by so that less is better."""
        return 1 if self.op == "at_most" else -1

    def violation(self, mean: float) -> float:
        """How far a mean is from keeping the bound, as a part of it; 0 or less if it keeps it."""
        return self.sign * (mean - self.bound) / (abs(self.bound) or 1.0)

    def __str__(self) -> str:
        return f"{self.metric} {'<=' if self.op == 'at_most' else '>='} {value_in_words(self.bound, kind_of(self.metric))}"


def _bound(metric: str, text: str) -> float:
    match kind_of(metric):
        case "duration":
            return parse_duration(text)
        case "share":
            return parse_share(text)
        case _:
            try:
                return float(text)
            except ValueError:
                raise QuantityError(f"'{text}' is no bound of {metric}; write a number, for example '{metric} <= 2'") from None


def metrics_of(objectives: Sequence[Objective], constraints: Sequence[Constraint]) -> tuple[str, ...]:
    """The metrics that these are about, each once, those of objectives first."""
    return tuple(dict.fromkeys([*(one.metric for one in objectives), *(one.metric for one in constraints)]))
