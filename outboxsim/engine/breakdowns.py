"""Outages that are drawn: a connector that is up and down by turns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from outboxsim.engine.channel import RunningOutage
from outboxsim.engine.draws import Draws, Purpose
from outboxsim.scenario import Breakdowns

#: The order of drawn outages among those that begin at one instant: after the windows of the file (L1).
DRAWN_ORDER: Final = 1 << 20


def up_and_down(breakdowns: Breakdowns, draws: Draws, connector: int) -> Iterator[int]:
    """Alternating up and down times, at least a microsecond each, whatever happens in the run."""
    up, down = (draws.generator(Purpose.BREAKDOWN, connector, part) for part in range(2))
    while True:
        ups = np.floor(breakdowns.up.draw(up, 64) + 0.5)
        downs = np.floor(breakdowns.down.draw(down, 64) + 0.5)
        for one, other in zip(ups.tolist(), downs.tolist(), strict=True):
            yield max(1, int(one))
            yield max(1, int(other))


def drawn_outages(breakdowns: Breakdowns, draws: Draws, connector: int) -> Iterator[tuple[int, int, RunningOutage]]:
    """The drawn outages of a connector."""
    durations = up_and_down(breakdowns, draws, connector)
    until = 0
    for up in durations:
        start = until + up
        until = start + next(durations)
        yield start, until, RunningOutage(start, DRAWN_ORDER, breakdowns.kind, breakdowns.error)
