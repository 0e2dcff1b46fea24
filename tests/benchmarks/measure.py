"""Stopwatches: rounds that take turns, memory and imports in processes of their own."""

from __future__ import annotations

import gc
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from tests.benchmarks.workload import Tables, Workload

#: Name in the report -> module with `run(workload, seed) -> Tables`.
TOOLS: Final[Mapping[str, str]] = {
    "outboxsim": "tests.benchmarks.contender",
    "SimPy, a process per email": "tests.benchmarks.peer_simpy",
    "bare heap": "tests.benchmarks.peer_heapq",
    "Ciw": "tests.benchmarks.peer_ciw",
}
ROOT: Final = Path(__file__).parents[2]

P = ParamSpec("P")
T = TypeVar("T")


def runner(tool: str) -> Callable[[Workload, int], Tables]:
    run: Callable[[Workload, int], Tables] = import_module(TOOLS[tool]).run
    return run


def stopwatch(call: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> tuple[float, T]:
    """Seconds that `call` takes with the garbage collector on and empty, as at a program's start; its setting is restored."""
    was_on = gc.isenabled()
    gc.collect()
    gc.enable()
    try:
        started = time.perf_counter()
        value = call(*arguments, **keywords)
        return time.perf_counter() - started, value
    finally:
        (gc.enable if was_on else gc.disable)()


@dataclass
class Laps:
    """What one tool did in each round."""

    seconds: list[float] = field(default_factory=list)
    attempts_per_email: list[float] = field(default_factory=list)
    delivered: list[float] = field(default_factory=list)


def race(tools: Mapping[str, Workload], rounds: int) -> dict[str, Laps]:
    """Every tool once per round, ABCABC…: what disturbs the machine for a while disturbs all of them. Round k has seed k for all."""
    for tool, workload in tools.items():  # imports, caches and the first pages of memory
        runner(tool)(Workload(emails=min(1000, workload.emails)), 0)
    laps = {tool: Laps() for tool in tools}
    for seed in range(1, rounds + 1):
        for tool, workload in tools.items():
            seconds, tables = stopwatch(runner(tool), workload, seed)
            laps[tool].seconds.append(seconds)
            laps[tool].attempts_per_email.append(tables.attempts_per_email)
            laps[tool].delivered.append(tables.delivered)
            del tables
    return laps


def ratio(slower: Sequence[float], faster: Sequence[float]) -> float:
    """The median of the ratios per round."""
    return statistics.median(a / b for a, b in zip(slower, faster, strict=True))


def in_new_process(code: str, *arguments: str) -> float:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", code, *arguments]
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


PEAK: Final = """
import sys
from tests.benchmarks.measure import peak, runner
from tests.benchmarks.workload import Workload
run = runner(sys.argv[1])
run(Workload(emails=1000), 0)
before = peak()
tables = run(Workload(emails=int(sys.argv[2])), 1)
print(peak() - before)
"""

IMPORT: Final = """
import sys, time
statement = compile(sys.argv[1], "statement", "exec")
started = time.perf_counter()
exec(statement)
print(time.perf_counter() - started)
"""


def peak() -> int:
    """Bytes of memory that this process held at most so far.

    Linux hands `ru_maxrss` on to child processes: a child of a large parent would begin with its parent's peak. `VmHWM` is its own.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def peak_memory(tool: str, emails: int) -> float:
    """Bytes at the peak of a run with its tables, beyond those of the imports and of a small run."""
    return in_new_process(PEAK, tool, str(emails))


def import_seconds(statements: Sequence[str], starts: int) -> dict[str, list[float]]:
    """Seconds of each statement in a fresh interpreter, the statements taking turns."""
    seconds: dict[str, list[float]] = {statement: [] for statement in statements}
    for statement in statements:  # compiled files and the disk's cache
        in_new_process(IMPORT, statement)
    for _ in range(starts):
        for statement in statements:
            seconds[statement].append(in_new_process(IMPORT, statement))
    return seconds
