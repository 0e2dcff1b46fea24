"""Which outage decides at which instant, known ahead: what a batch of attempts asks (L1, C3)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from outboxsim.engine.channel import NEVER, RunningOutage


@dataclass(slots=True)
class Lookahead:
    """A connector's outages up to some instant, windows and drawn ones and those that people began.

    Attributes
    ----------
    windows
        (from, until, outage); `NEVER` for an outage without an end.
    drawn
        More windows, in order of time; taken as far as they are asked for.
    bounds, deciding
        From `bounds[k]` on, until the next bound, `deciding[k]` decides; None where no outage is on.
    """

    windows: list[tuple[int, int, RunningOutage]]
    drawn: Iterator[tuple[int, int, RunningOutage]] = field(default_factory=lambda: iter(()))
    bounds: list[int] = field(default_factory=lambda: [-1])
    deciding: list[RunningOutage | None] = field(default_factory=lambda: [None])
    _known_until: int = -1

    def __post_init__(self) -> None:
        self._sweep()

    def add(self, start: int, until: int, outage: RunningOutage) -> None:
        """An outage that nobody knew of: somebody began it."""
        self.windows.append((start, until, outage))
        self._sweep()

    def know(self, until: int) -> None:
        """Take as many drawn windows as begin before an instant."""
        if self._known_until >= until:
            return
        before = len(self.windows)
        while self._known_until < until:
            window = next(self.drawn, None)
            if window is None:
                self._known_until = NEVER
                break
            self.windows.append(window)
            self._known_until = window[0]
        if len(self.windows) > before:
            self._sweep()

    def at(self, instant: int) -> RunningOutage | None:
        """The outage that decides at an instant."""
        return self.deciding[bisect_right(self.bounds, instant) - 1]

    def places(self, instants: np.ndarray) -> np.ndarray:
        """For each instant the place in `deciding`."""
        return np.searchsorted(np.array(self.bounds), instants, side="right") - 1

    def _sweep(self) -> None:
        """From edge to edge: the latest begun decides, at one instant the later in the file."""
        starts = sorted(self.windows, key=lambda window: window[0])
        edges = sorted({-1, *(start for start, _, _ in starts), *(until for _, until, _ in starts)})
        running: list[tuple[int, int, RunningOutage]] = []
        self.bounds, self.deciding, taken = edges, [], 0
        for edge in edges:
            while taken < len(starts) and starts[taken][0] <= edge:
                running.append(starts[taken])
                taken += 1
            running = [window for window in running if window[1] > edge]
            latest = max(running, key=lambda window: (window[2].began, window[2].order), default=None)
            self.deciding.append(None if latest is None else latest[2])
