"""`compare`: retry patterns side by side in the same world, with the same random numbers."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import TYPE_CHECKING, Any

from outboxsim.analysis.asking import Row, asked_of, numbers
from outboxsim.analysis.bench import Bench
from outboxsim.analysis.comparison import Comparison
from outboxsim.analysis.naming import named_patterns, own_patterns
from outboxsim.analysis.pairs import METHODS, Method
from outboxsim.analysis.precision import LEAST, Column, run_until_precise
from outboxsim.analysis.replicate import DEFAULT_METRICS, MOST, how_many
from outboxsim.analysis.variants import Variant
from outboxsim.engine import MAX_EVENTS
from outboxsim.errors import QuantityError

if TYPE_CHECKING:
    from outboxsim.scenario import Scenario, Select


def compare(
    scenario: Scenario,
    patterns: Iterable[Any] | Mapping[str, Any],
    *,
    n: int | None = None,
    precision: str | float | None = None,
    metrics: Sequence[str] = DEFAULT_METRICS,
    select: Select | Mapping[str, Any] | None = None,
    confidence: float = 0.95,
    method: Method = "bonferroni",
    seed: int | None = None,
    executor: Executor | None = None,
    folder: str | os.PathLike[str] | None = None,
    least: int = LEAST,
    most: int = MOST,
    max_events: int = MAX_EVENTS,
    progress: Callable[[int], object] | None = None,
) -> Comparison:
    """Compare retry patterns under common random numbers.

    Replication k of every pattern meets the same arrivals, latencies, failures and breakdowns: streams derive from (seed, k), purpose,
    email and attempt, never from the order of events. So what differs is the patterns' doing, and differences are taken pair by pair.

    Parameters
    ----------
    scenario
        What runs; the patterns take the place of its `retry`. Connectors with a pattern of their own keep it, which is told.
    patterns
        Names (the scenario's own, then presets), `RetryPattern` values, lists of delays or mappings as files write them; or a mapping of
        names to these. The first is the baseline.
    n
        How many replications; 20 if neither this nor a precision is given.
    precision
        In place of `n`: as many as it takes until the half-width of each paired difference to the baseline (by itself) is at most this
        part of the baseline's mean, and stays so (see `outboxsim.analysis.precision`).
    metrics, select, seed, executor, folder, least, most, max_events, progress
        As for `replicate`.
    confidence
        Of all intervals of differences together.
    method
        How they are made to hold together: ``bonferroni`` or ``max-t`` (see `outboxsim.analysis.pairs.differences`).

    Returns
    -------
    Comparison

    Raises
    ------
    PatternInvalid
        A pattern that is none, or two of one name.
    RunStopped, MetricError, ScenarioInvalid, StudyError, QuantityError
        As for `replicate`.

    Examples
    --------
    >>> compare(load("lunch.outbox.yaml"), ["default", "postfix", ["1 min", "1 h"]], n=50).differences  # doctest: +SKIP
    """
    known = named_patterns(scenario, patterns)
    asked = asked_of(scenario, metrics, select)
    count, wanted = how_many(n, precision)
    if method not in METHODS:
        raise QuantityError(f"{method!r} is no method; write one of {', '.join(METHODS)}")
    names = tuple(one.metric for one in asked)
    variants = {name: Variant(pattern) for name, pattern in known.items()}
    with Bench(scenario, asked, seed=seed, executor=executor, folder=folder, max_events=max_events, progress=progress) as bench:
        needed: Mapping[str, int | None] = {}
        if wanted is not None:
            columns = _columns(tuple(known), names)
            reached = run_until_precise(partial(_joined, bench, variants), columns, wanted, 1 - confidence, least=least, most=most)
            count, needed = reached.replications, reached.needed
        rows = dict(zip(known, map(tuple, _all_rows(bench, variants, count)), strict=True))
    return Comparison(
        scenario=scenario.name,
        seed=bench.seed,
        patterns=known,
        metrics=names,
        rows=rows,
        confidence=confidence,
        method=method,
        precision=wanted,
        needed=needed,
        notes=tuple(own_patterns(scenario)),
    )


def _all_rows(bench: Bench, variants: Mapping[str, Variant], count: int) -> list[list[Row]]:
    """Each pattern's replications, in the order of the patterns; patterns that are equal under two names run once."""
    bench.run(dict.fromkeys(variants.values(), count))
    return [bench.rows(count, variant) for variant in variants.values()]


def _joined(bench: Bench, variants: Mapping[str, Variant], count: int) -> list[Row]:
    """Replication by replication the values of all patterns, one after the other."""
    return [sum(rows, ()) for rows in zip(*_all_rows(bench, variants, count), strict=True)]


def _columns(patterns: Sequence[str], metrics: Sequence[str]) -> dict[str, Column]:
    """The paired differences to the baseline; the baseline itself has none."""
    width = len(metrics)
    return {
        f"{metric} of {pattern}": partial(_differences, place, other * width + place)
        for other, pattern in enumerate(patterns)
        if other
        for place, metric in enumerate(metrics)
    }


def _differences(base: int, place: int, rows: Sequence[Row]) -> tuple[Sequence[float], float | None] | None:
    values, baseline = numbers(rows, place), numbers(rows, base)
    if values is None or baseline is None:
        return None
    mean = math.fsum(baseline) / len(baseline)
    return [value - other for value, other in zip(values, baseline, strict=True)], mean
