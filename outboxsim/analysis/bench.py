"""The bench: replications of variants of one scenario, each run once and then remembered, on any executor and on disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from outboxsim.analysis.asking import Asked, Row, run_one, values_of
from outboxsim.analysis.executors import Task, Workers, task_size
from outboxsim.analysis.parts import Parts
from outboxsim.analysis.variants import AS_IT_IS, Variant
from outboxsim.engine import MAX_EVENTS

if TYPE_CHECKING:
    from outboxsim.analysis.result import Result
    from outboxsim.scenario import Scenario

#: What a replication with its tables takes, s: a fixed part, and parts per row of `emails` and of `attempts`. Measured on one core of
#: x86-64 with scenarios of 300 to 5,000 emails. It only decides where work is done, never what comes of it.
_FIXED: Final = 0.012
_PER_EMAIL: Final = 6e-5
_PER_ATTEMPT: Final = 1.5e-5


class Bench:
    """Runs replications of variants of a scenario, and remembers their values.

    Replication k of every variant draws the same random numbers (common random numbers), and the values of (variant, k) are the same
    whoever runs it, in whatever order.

    Parameters
    ----------
    scenario, asked
        What runs, and what is asked of it.
    seed
        Replaces the scenario's seed.
    executor
        Any `concurrent.futures.Executor`; None: this process for little work, else processes of its own.
    folder
        Where values are kept, and found again by the next study of the same; None: nowhere.
    max_events
        Stops a replication that passes so many events.
    expected
        About how many replications there will be in all, if they are asked for bit by bit: much work is worth processes from its start.
    progress
        Called with the number of replications that have ended, each time some have.

    Attributes
    ----------
    seed
        The seed in use.
    asked
        The metrics.

    Raises
    ------
    StudyError
        The folder holds another study.
    """

    def __init__(
        self,
        scenario: Scenario,
        asked: Sequence[Asked],
        *,
        seed: int | None = None,
        executor: Executor | None = None,
        folder: str | os.PathLike[str] | None = None,
        max_events: int = MAX_EVENTS,
        expected: int = 0,
        progress: Callable[[int], object] | None = None,
    ) -> None:
        self.scenario = scenario
        self.asked = tuple(asked)
        self.seed = scenario.seed if seed is None else seed
        self._max_events = max_events
        self._expected = expected
        self._progress = progress
        self._rows: dict[str, dict[int, Row]] = {}
        self._workers = Workers(executor)
        self._given_executor = executor is not None
        self._seconds: float | None = None  # about what one replication takes
        self._parts = None if folder is None else Parts(folder, scenario, self.asked, self.seed)
        for variant, replication, row in self._parts.read() if self._parts else ():
            self._rows.setdefault(variant, {})[replication] = row

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._workers.__exit__(kind, error, trace)

    def rows(self, count: int, variant: Variant = AS_IT_IS) -> list[Row]:
        """The values of replications 0 to `count` - 1 of a variant."""
        return self.run({variant: count})[0]

    def run(self, wanted: Mapping[Variant, int]) -> list[list[Row]]:
        """The values of the first so many replications of each variant, in the order of the variants.

        Raises
        ------
        RunStopped
            A replication passed `max_events`; the message says which.
        MetricError
            A metric cannot be asked like this.
        """
        known = [(self._rows.setdefault(variant.key, {}), variant, count) for variant, count in wanted.items()]
        missing = [(variant, [one for one in range(count) if one not in rows]) for rows, variant, count in known]
        self._perform([(variant, replications) for variant, replications in missing if replications])
        return [[rows[one] for one in range(count)] for rows, _, count in known]

    def _perform(self, missing: list[tuple[Variant, list[int]]]) -> None:
        if missing and self._seconds is None and not self._given_executor:
            self._measure(missing)
        count = sum(len(replications) for _, replications in missing)
        seconds = self._seconds or 0.05
        size = task_size(count, seconds)
        tasks = [
            Task(variant, tuple(replications[begin : begin + size]), self.asked, self.seed, self._max_events)
            for variant, replications in missing
            for begin in range(0, len(replications), size)
        ]
        for task, rows in self._workers.run(self.scenario, tasks, seconds=seconds * max(count, self._expected)):
            self._note(task.variant, task.replications, rows)

    def _measure(self, missing: list[tuple[Variant, list[int]]]) -> None:
        """Run the first replication that is missing here, and estimate from its tables how much work the others are."""
        variant, replications = missing[0]
        result = run_one(variant.applied(self.scenario), replications[0], self.seed, self._max_events)
        self._note(variant, (replications.pop(0),), [values_of(result, self.asked)])
        self._seconds = _work(result)
        if not replications:
            del missing[0]

    def _note(self, variant: Variant, replications: Sequence[int], rows: Sequence[Row]) -> None:
        key = variant.key
        if self._parts is not None:
            self._parts.write(key, replications, rows)
        self._rows.setdefault(key, {}).update(zip(replications, rows, strict=True))
        if self._progress is not None:
            self._progress(len(rows))


def _work(result: Result) -> float:
    """About how long one replication takes, s, from the rows of its tables: a clock would make it depend on the machine's mood."""
    return _FIXED + _PER_EMAIL * len(result.emails) + _PER_ATTEMPT * len(result.attempts)
