"""When the emails of a traffic come: batches, regular ones, and Poisson processes of a rate that may change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from outboxsim.scenario import Batch, Every, Hourly, Poisson, Scenario, Traffic

#: Instants that are made at once.
_BLOCK: Final = 16_384


def arrival_times(traffic: Traffic, scenario: Scenario, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Blocks of arrival instants of a traffic, in order."""
    arrivals = traffic.arrivals
    if isinstance(arrivals, Batch):
        yield np.full(min(arrivals.count, traffic.limit or arrivals.count), arrivals.at)
    elif isinstance(arrivals, Every):
        yield from _every(arrivals.interval, traffic.windows, scenario.horizon)
    else:
        yield from _poisson(_pieces(arrivals, traffic, scenario), scenario.horizon, generator)


def _every(interval: int, windows: tuple[tuple[int, int], ...], horizon: int) -> Iterator[np.ndarray]:
    """The first at the start of each window, then one each interval; windows are half-open."""
    for start, until in windows:
        last = min(until - 1, horizon)
        for first in range(start, last + 1, interval * _BLOCK):
            yield np.arange(first, min(last + 1, first + interval * _BLOCK), interval)


Pieces = list[tuple[int, int, float]]


def _pieces(arrivals: Poisson | Hourly, traffic: Traffic, scenario: Scenario) -> Pieces:
    """Stretches of time of one rate per microsecond."""
    if isinstance(arrivals, Poisson):
        rate = arrivals.rate.count / arrivals.rate.per
        return [(start, until, rate) for start, until in traffic.windows]
    pieces: Pieces = []
    for start, until, hour, is_weekend in scenario.clock.hours_until(scenario.horizon):
        rate = arrivals.rates[hour] / 3.6e9 * (arrivals.weekend if is_weekend else 1.0)
        for opens, closes in traffic.windows:
            if max(start, opens) < min(until, closes):
                pieces.append((max(start, opens), min(until, closes), rate))
    return pieces


def _poisson(pieces: Pieces, horizon: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """A Poisson process of piecewise constant rate, by inverting its cumulative intensity (Çinlar 1975, ch. 4)."""
    pieces = [piece for piece in pieces if piece[2] > 0]
    if not pieces:
        return
    starts = np.array([start for start, _, _ in pieces], dtype=float)
    rates = np.array([rate for _, _, rate in pieces])
    expected = np.concatenate(([0.0], np.cumsum([(until - start) * rate for start, until, rate in pieces])))
    reached = 0.0
    while reached < expected[-1]:
        cumulative = reached + np.cumsum(generator.standard_exponential(_BLOCK))
        reached = float(cumulative[-1])
        cumulative = cumulative[cumulative < expected[-1]]
        piece = np.searchsorted(expected, cumulative, side="right") - 1
        instants = np.floor(starts[piece] + (cumulative - expected[piece]) / rates[piece] + 0.5).astype(np.int64)
        if len(instants):
            yield np.minimum(instants, horizon)
