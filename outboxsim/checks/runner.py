"""Runs scenario files and judges them, here or in several processes: the same reports in the same order."""

from __future__ import annotations

import multiprocessing
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from outboxsim.checks.verdict import FileReport, Outcome, Verdict, worst_outcome
from outboxsim.errors import Fault, RunStopped, ScenarioInvalid

if TYPE_CHECKING:
    from outboxsim.scenario import Scenario

#: spec/scenario.md section 4.
MAX_EMAILS: Final = 1_000_000
MAX_EVENTS: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may ask for at most: emails in the file, events in its run and in each of its replications."""

    max_emails: int = MAX_EMAILS
    max_events: int = MAX_EVENTS


def check_file(path: str, limits: Limits = Limits()) -> FileReport:
    """Load, run and judge one scenario file.

    Never raises: a file with faults gives an `INVALID` report, a run past its limit a `FAILED` one, a fault of outboxsim an `ERROR`.
    """
    try:
        return _checked(path, limits)
    except ScenarioInvalid as invalid:
        return FileReport(path, "", Outcome.INVALID, invalid.faults)
    except Exception as fault:  # whatever it is, the other files go on
        if os.environ.get("OUTBOXSIM_DEBUG") == "1":
            traceback.print_exc(file=sys.stderr)
        return error_report(path, fault)


def error_report(path: str, fault: BaseException) -> FileReport:
    """The report of a file that met a fault of outboxsim."""
    return FileReport(path, "", Outcome.ERROR, (Fault(path, 1, 1, "", f"internal error: {one_line(fault)}"),))


def one_line(fault: BaseException) -> str:
    """An exception on one line: its type, and the first line of its message."""
    message = str(fault).strip()
    return f"{type(fault).__name__}: {message.splitlines()[0]}" if message else type(fault).__name__


def load_scenario(path: str, limits: Limits) -> Scenario:
    """Load a scenario file; one that cannot be read is invalid too, not a fault of outboxsim."""
    from outboxsim.scenario import load  # noqa: PLC0415 - `--help` needs no models

    try:
        return load(path, max_emails=limits.max_emails)
    except OSError as unreadable:
        raise ScenarioInvalid([Fault(path, 1, 1, "", f"cannot be read: {unreadable.strerror or unreadable}")]) from unreadable


def _checked(path: str, limits: Limits) -> FileReport:
    from outboxsim.checks.actions import judge_actions  # noqa: PLC0415
    from outboxsim.checks.judge import judge  # noqa: PLC0415
    from outboxsim.checks.statistical import judge_replications  # noqa: PLC0415
    from outboxsim.engine import Simulation  # noqa: PLC0415

    scenario = load_scenario(path, limits)
    name = scenario.name or ""
    simulation = Simulation(scenario, max_events=limits.max_events)
    try:
        result = simulation.run()
    except RunStopped as stopped:
        return FileReport(path, name, Outcome.FAILED, (Fault(path, 1, 1, "", str(stopped)),))
    faults: tuple[Fault, ...] = ()
    of_replications: dict[int, list[Verdict]] = {}
    try:
        of_replications = judge_replications(scenario, result, limits.max_events)
    except RunStopped as stopped:  # the one run went well, and its verdicts hold
        faults = (Fault(path, 1, 1, "", str(stopped)),)
    verdicts = (*judge_actions(scenario, result, simulation.timeline_outcomes), *judge(scenario, result, of_replications))
    return FileReport(path, name, Outcome.FAILED if faults else worst_outcome(verdicts), faults, verdicts)


# Many files -------------------------------------------------------------------------------------------------------------------------


def check_files(files: Sequence[str], *, limits: Limits = Limits(), processes: int = 1) -> Iterator[FileReport]:
    """The reports of these files, in this order; `processes` of them are worked on at once."""
    if processes <= 1 or len(files) <= 1:
        yield from (check_file(file, limits) for file in files)
        return
    with _pool(min(processes, len(files))) as pool:
        futures = [_submitted(pool, file, limits) for file in files]
        for file, future in zip(files, futures, strict=True):
            yield _report(file, future, limits)


def _pool(processes: int) -> ProcessPoolExecutor:
    """New processes, not copies of this one: copies of a process with threads may hang."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["outboxsim.checks.actions", "outboxsim.engine"])  # imported once, not in each process
    return ProcessPoolExecutor(processes, context)


def _submitted(pool: ProcessPoolExecutor, file: str, limits: Limits) -> Future[FileReport] | None:
    """The file's future; None if a process has died meanwhile."""
    try:
        return pool.submit(check_file, file, limits)
    except BrokenProcessPool:
        return None


def _report(file: str, future: Future[FileReport] | None, limits: Limits) -> FileReport:
    """The file's report. A process that dies takes all files that wait with it: each of them then gets a process of its own."""
    if future is not None:
        try:
            return future.result()
        except BrokenProcessPool:
            pass
        except Exception as fault:  # its report could not travel, say
            return error_report(file, fault)
    return _alone(file, limits)


def _alone(file: str, limits: Limits) -> FileReport:
    with _pool(1) as pool:
        try:
            return pool.submit(check_file, file, limits).result()
        except BrokenProcessPool:
            return error_report(file, RuntimeError("the process that checked it died"))
