"""Work on any `concurrent.futures.Executor`: the same results in the same order, whoever does it and whatever is finished first."""

from __future__ import annotations

import os
import pickle
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from outboxsim.analysis.asking import Asked, Row, run_one, values_of
from outboxsim.processes import new_pool

if TYPE_CHECKING:
    from outboxsim.analysis.variants import Variant
    from outboxsim.scenario import Scenario

#: Work below this is done here: a pool of processes takes 0.6 s to start (measured), and two of them save half.
WORTH_PROCESSES: Final = 2.0
#: One task takes about so long: short enough that all processes end together, long enough that sending it costs nothing.
_TASK: Final = 0.25
#: Tasks under way at once, at most: a study of 10,000 replications must not fill memory with futures.
_WINDOW: Final = 64


@dataclass(frozen=True, slots=True)
class Task:
    """Some replications of one variant of a scenario, to be run one after the other.

    Attributes
    ----------
    variant
        What is changed in it.
    replications
        Their numbers.
    asked, seed, max_events
        As `one_after_another` takes them.
    """

    variant: Variant
    replications: tuple[int, ...]
    asked: tuple[Asked, ...]
    seed: int
    max_events: int


def perform(world: bytes | Scenario, task: Task) -> list[Row]:
    """The values of a task's replications; runs in a process of the executor, which unpickles the scenario only once."""
    return rows_of(task, _unpickled(world) if isinstance(world, bytes) else world)


def rows_of(task: Task, scenario: Scenario) -> list[Row]:
    """The values of a task's replications, of a scenario that is there already."""
    changed = task.variant.applied(scenario)
    return [values_of(run_one(changed, one, task.seed, task.max_events), task.asked) for one in task.replications]


@lru_cache(maxsize=2)
def _unpickled(world: bytes) -> Scenario:
    scenario: Scenario = pickle.loads(world)  # noqa: S301 - this process's own parent wrote it
    return scenario


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Whoever runs tasks: a given executor, or this process for little work and processes of its own for much.

    A pool of its own is started when it is first worth it, and ended by `close` (or by leaving a ``with`` block).

    Parameters
    ----------
    executor
        Any `concurrent.futures.Executor`; its functions and values have to be picklable if it has other processes. None: see above.
    """

    def __init__(self, executor: Executor | None = None) -> None:
        self._given = executor
        self._pool: ProcessPoolExecutor | None = None
        self._world: tuple[Scenario, bytes | Scenario] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close(kill=error is not None)

    def close(self, *, kill: bool = False) -> None:
        """End the processes of its own; `kill` does not wait for what they are at."""
        if self._pool is not None:
            self._pool.shutdown(wait=not kill, cancel_futures=True)
            self._pool = None

    def run(self, scenario: Scenario, tasks: Sequence[Task], *, seconds: float) -> Iterator[tuple[Task, list[Row]]]:
        """Each task with its values, in the order of the tasks.

        Parameters
        ----------
        scenario
            The scenario of all tasks.
        tasks
            What to do.
        seconds
            About how long all of it takes on one processor.

        Raises
        ------
        Exception
            What the first task that fails raised, in their order; those behind it are cancelled.
        """
        executor = self._executor(scenario, tasks, seconds)
        if executor is None:
            yield from ((task, rows_of(task, scenario)) for task in tasks)
            return
        world = self._pickled(scenario)
        waiting = iter(tasks)
        window: deque[tuple[Task, Future[list[Row]] | None]] = deque()
        try:
            while True:
                free = islice(waiting, _WINDOW - len(window))
                window.extend((task, self._submitted(executor, world, task)) for task in free)
                if not window:
                    return
                task, future = window.popleft()
                yield task, self._result(task, future, scenario)
        finally:
            for _, future in window:
                if future is not None:
                    future.cancel()

    def _pickled(self, scenario: Scenario) -> bytes | Scenario:
        """The scenario for other processes, without what it expects: one object, which all tasks share. Itself, if it cannot travel."""
        if self._world is None or self._world[0] is not scenario:
            self._world = scenario, _pickled(scenario.model_copy(update={"expect": ()})) or scenario
        return self._world[1]

    def _submitted(self, executor: Executor, world: bytes | Scenario, task: Task) -> Future[list[Row]] | None:
        try:
            return executor.submit(perform, world, task)
        except BrokenProcessPool:
            if executor is self._given:
                raise
            return None

    def _result(self, task: Task, future: Future[list[Row]] | None, scenario: Scenario) -> list[Row]:
        """A task's values. If a process of the own pool has died (out of memory, say), the rest is done here: the numbers are the same."""
        if future is not None:
            try:
                return future.result()
            except (BrokenProcessPool, CancelledError):
                if self._pool is None:
                    raise
        return rows_of(task, scenario)

    def _executor(self, scenario: Scenario, tasks: Sequence[Task], seconds: float) -> Executor | None:
        if self._given is not None:
            return self._given
        if seconds < WORTH_PROCESSES or cores() < 2 or not self._travel(scenario, tasks):
            return None
        if self._pool is None:
            self._pool = new_pool(cores())
        return self._pool

    def _travel(self, scenario: Scenario, tasks: Sequence[Task]) -> bool:
        """Whether processes of its own can read all of it: not what a script or a function defines, such as a delay rule of one's own."""
        pieces = self._pickled(scenario), _pickled([task.variant for task in tasks])
        return all(isinstance(piece, bytes) and b"__main__" not in piece for piece in pieces)


def _pickled(value: Any) -> bytes | None:
    """A value for other processes; None if it cannot travel."""
    try:
        return pickle.dumps(value)
    except (pickle.PicklingError, AttributeError, TypeError):
        return None


def task_size(count: int, seconds: float) -> int:
    """How many of `count` replications to put into one task, if one takes so many seconds."""
    return max(1, min(int(_TASK / max(seconds, 1e-6)), -(-count // (2 * cores()))))
