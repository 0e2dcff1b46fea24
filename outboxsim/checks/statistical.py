"""Judges bounds on means over replications (spec/scenario.md section 3, ``over: replications``).

The replication is the unit: each run gives one value of a metric, and a bound is about the mean of these values. A bound passes when the
whole confidence interval of the mean keeps it, fails when all of the interval breaks it; else more replications run, up to
`replications.max`, and then it is inconclusive. All bounds are judged on the same replications, and one that is decided stays decided.

Looking again is another chance to be wrong, and so is every further bound. Both are paid for in advance (Bonferroni): with m bounds in the
file and the l looks that `looks` plans, each interval is made at the confidence 1 - (1 - confidence) / (m · l). So the probability that any
verdict of the file is wrong is at most 1 - confidence, however the metrics depend on each other (bounds with different confidences: the
mean of their 1 - confidence). Every comparison counts as one bound. Intervals are Student's t: exact for normal values, and by the
central limit theorem near to that for the means of others.

Two things follow from the rules. A metric that is equal in all replications so far has an interval of width zero and is decided at the
first look, so events that are rarer than one in `replications.min` may go unseen. And a bare value or `one_of` is only ever kept by such an
interval: where runs differ, it fails or is inconclusive; write `between`.

A metric that is null in some replication (no email was sent, a latency was never reached) has no mean: no bound on it can be kept, and it
fails, because nothing is known of the runs that gave null; its verdict says how many there were. Only a comparison with null itself
passes, when all replications give null.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from outboxsim.analysis.intervals import Interval, mean_interval
from outboxsim.checks.comparing import TOLERANCE, holds
from outboxsim.checks.judge import Stage
from outboxsim.checks.verdict import Outcome, Plain, Verdict
from outboxsim.checks.writing import Kind, comparison_as_plain, comparison_in_words, plain
from outboxsim.scenario import MetricsExpectation

if TYPE_CHECKING:
    from outboxsim.analysis.metrics import Value
    from outboxsim.analysis.result import Result
    from outboxsim.scenario import Comparison, Scenario


@dataclass(frozen=True, slots=True)
class Bound:
    """What the mean of a metric should keep, and how sure a verdict on it should be."""

    comparison: Comparison
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Decision:
    """How a bound came out, after how many replications, and why: the mean's interval, or so many nulls."""

    outcome: Outcome
    replications: int
    interval: Interval | None
    nulls: int = 0


def judge_replications(scenario: Scenario, result: Result, max_events: int) -> dict[int, list[Verdict]]:
    """The verdicts on a scenario's statistical expectations, by the expectation's index.

    Parameters
    ----------
    scenario, result
        What ran, and its run: replication 0.
    max_events
        Stops a replication that passes so many events.

    Raises
    ------
    RunStopped
        A replication was stopped.
    """
    expectations = [e for e in scenario.expect if isinstance(e, MetricsExpectation) and e.over == "replications"]
    if not expectations:
        return {}
    from outboxsim.analysis.asking import Asked, one_after_another  # pandas is only loaded if metrics are asked  # noqa: PLC0415

    each = [(expectation, name, comparison) for expectation in expectations for name, comparison in expectation.metrics.items()]
    rows = one_after_another(scenario, [Asked(name, e.select) for e, name, _ in each], first=result, max_events=max_events)
    bounds = [Bound(comparison, expectation.confidence) for expectation, _, comparison in each]
    decisions = decide(bounds, rows, looks(scenario.replications.min, scenario.replications.max))
    stage = Stage(scenario, result)
    verdicts: dict[int, list[Verdict]] = {expectation.index: [] for expectation in expectations}
    for (expectation, name, _), bound, decision in zip(each, bounds, decisions, strict=True):
        verdicts[expectation.index].append(_verdict(stage, expectation, name, bound, decision))
    return verdicts


# Deciding ---------------------------------------------------------------------------------------------------------------------------


def looks(least: int, most: int) -> list[int]:
    """After how many replications the bounds are looked at: the least, then twice as many each time, at last the most.

    One replication has no interval, so the first look comes after two, if so many are allowed.

    >>> looks(20, 200)
    [20, 40, 80, 160, 200]
    """
    planned = [min(max(least, 2), most)]
    while planned[-1] < most:
        planned.append(min(2 * planned[-1], most))
    return planned


def decide(bounds: Sequence[Bound], rows: Iterable[Sequence[Value]], planned: Sequence[int]) -> list[Decision]:
    """The decision on each bound.

    Parameters
    ----------
    bounds
        All of the file.
    rows
        The replications: one value per bound. No more are taken than decisions need.
    planned
        After how many replications to look, ascending.
    """
    source = iter(rows)
    columns: list[list[Value]] = [[] for _ in bounds]
    decisions: dict[int, Decision] = {}
    so_far = 0
    for look in planned:
        for row in islice(source, look - so_far):
            for column, value in zip(columns, row, strict=True):
                column.append(value)
        so_far = look
        for number, bound in enumerate(bounds):
            if number not in decisions or decisions[number].outcome is Outcome.INCONCLUSIVE:
                error = (1 - bound.confidence) / (len(bounds) * len(planned))
                decisions[number] = _decision(bound.comparison, columns[number], error)
        if all(decision.outcome is not Outcome.INCONCLUSIVE for decision in decisions.values()):
            break
    return [decisions[number] for number in range(len(bounds))]


def _decision(comparison: Comparison, values: Sequence[Value], error: float) -> Decision:
    """The decision on one bound, from all values so far; inconclusive for as long as more replications could decide it."""
    numbers = [value for value in values if value is not None]
    nulls = len(values) - len(numbers)
    if nulls:
        kept = not numbers and holds(comparison, None)
        return Decision(Outcome.PASSED if kept else Outcome.FAILED, len(values), None, nulls)
    interval = mean_interval(numbers, error)
    return Decision(_outcome(comparison, interval), len(values), interval)


def _outcome(comparison: Comparison, interval: Interval) -> Outcome:
    ranges = [(low - TOLERANCE, high + TOLERANCE) for low, high in _kept_by(comparison)]
    if any(low <= interval.low and interval.high <= high for low, high in ranges):
        return Outcome.PASSED
    if all(interval.high < low or high < interval.low for low, high in ranges):
        return Outcome.FAILED
    return Outcome.INCONCLUSIVE


def _kept_by(comparison: Comparison) -> list[tuple[float, float]]:
    """The ranges of means, both ends included, that keep a comparison."""
    value = comparison.value
    match comparison.op:
        case "at_least":
            return [(value, math.inf)]
        case "at_most":
            return [(-math.inf, value)]
        case "between":
            return [value]
        case "one_of":
            return [(one, one) for one in value if one is not None]
        case _:
            return [] if value is None else [(value, value)]


# Telling ----------------------------------------------------------------------------------------------------------------------------


def _verdict(stage: Stage, expectation: MetricsExpectation, name: str, bound: Bound, decision: Decision) -> Verdict:
    from outboxsim.analysis.metrics import kind_of  # noqa: PLC0415

    kind, clock = kind_of(name), stage.result.clock
    undecided = ": inconclusive" if decision.outcome is Outcome.INCONCLUSIVE else ""
    verdict = stage.verdict(
        passed=decision.outcome is Outcome.PASSED,
        at=stage.result.horizon,
        path=f"metrics.{name}",
        place=("expect", expectation.index, "metrics", name),
        expected=comparison_as_plain(bound.comparison, kind, clock),
        got=None if decision.interval is None else _plain_mean(stage, decision.interval.mean, kind),
        message=f"expected {comparison_in_words(bound.comparison, kind, clock)}, got {_found(bound, decision, kind)}{undecided}",
        name=expectation.name,
    )
    return dataclasses.replace(verdict, outcome=decision.outcome)


def _plain_mean(stage: Stage, mean: float, kind: Kind) -> Plain:
    """The mean for JSON; a duration to the microsecond, and a whole mean of counts as a whole number."""
    whole = kind == "duration" or (kind == "count" and mean.is_integer())
    return plain(math.floor(mean + 0.5) if whole else mean, kind, stage.result.clock)


def _found(bound: Bound, decision: Decision, kind: Kind) -> str:
    """``18 min 3 s ± 40 s (99 %, 40 replications)``, or how many replications gave null."""
    runs = f"{decision.replications} {'replication' if decision.replications == 1 else 'replications'}"
    if decision.interval is None:
        return f"null in {decision.nulls} of {runs}"
    from outboxsim.analysis.showing import interval_in_words  # noqa: PLC0415

    return f"{interval_in_words(decision.interval, kind)} ({100 * bound.confidence:.10g} %, {runs})"
