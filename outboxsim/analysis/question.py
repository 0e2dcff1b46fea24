"""What a tuning asks, and the candidates that it tries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from outboxsim.analysis.asking import Row, numbers
from outboxsim.analysis.objectives import Constraint, Objective, metrics_of
from outboxsim.analysis.variants import Variant

if TYPE_CHECKING:
    from outboxsim.analysis.spaces import Space
    from outboxsim.retry import RetryPattern

#: What the pattern that the scenario has is called among the candidates.
CURRENT: Final = "current"
#: In place of a mean that does not exist: worse than everything, and finite, for the samplers compute with it.
_HOPELESS: Final = 1e18


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pattern that was tried.

    Attributes
    ----------
    name
        ``current`` for the scenario's own, else ``candidate-N``.
    pattern
        The pattern.
    family
        Of the space; empty for the scenario's own.
    replications
        How many it had in the search.
    stopped
        Why it was stopped before it had all of them; empty if it was not.
    """

    name: str
    pattern: RetryPattern
    family: str
    replications: int
    stopped: str = ""

    @property
    def variant(self) -> Variant:
        """How the bench knows it."""
        return Variant(self.pattern)


@dataclass(frozen=True)
class Question:
    """What a tuning asks.

    Attributes
    ----------
    space
        Where it looks.
    objectives, constraints
        What it is after.
    stages
        After how many replications a candidate is looked at, ascending; the last is how many a good one gets.
    """

    space: Space
    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...]
    stages: tuple[int, ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of the bench's rows, in their order."""
        return metrics_of(self.objectives, self.constraints)

    def column(self, rows: Sequence[Row], metric: str) -> list[float] | None:
        """A metric's values; None if it has none in some replication."""
        return numbers(rows, self.metrics.index(metric))

    def mean(self, rows: Sequence[Row], metric: str) -> float | None:
        """A metric's mean; None if it has none."""
        values = self.column(rows, metric)
        return None if values is None else math.fsum(values) / len(values)

    def values(self, rows: Sequence[Row]) -> list[float]:
        """The objectives, each as its direction has it."""
        means = [self.mean(rows, one.metric) for one in self.objectives]
        return [one.sign * _HOPELESS if mean is None else mean for one, mean in zip(self.objectives, means, strict=True)]

    def violations(self, rows: Sequence[Row]) -> list[float]:
        """How far each constraint is from being kept; 0 or less if it is."""
        means = [self.mean(rows, one.metric) for one in self.constraints]
        return [_HOPELESS if mean is None else one.violation(mean) for one, mean in zip(self.constraints, means, strict=True)]

    def is_feasible(self, rows: Sequence[Row]) -> bool:
        """Whether the means keep all constraints, and all objectives have one."""
        return all(value <= 0 for value in self.violations(rows)) and all(abs(value) < _HOPELESS for value in self.values(rows))

    def dominates(self, rows: Sequence[Row], others: Sequence[Row]) -> bool:
        """Whether the means are at least as good in all objectives, and better in one."""
        pairs = [(one.sign * a, one.sign * b) for one, a, b in zip(self.objectives, self.values(rows), self.values(others), strict=True)]
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)
