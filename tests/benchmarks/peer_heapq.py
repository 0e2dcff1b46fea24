"""The least that can do the job: a loop over a bare heap, written for this one workload and able to do nothing else."""

from __future__ import annotations

import math
from heapq import heappop, heappush

from tests.benchmarks.workload import ACCEPTED, CONNECTORS, FAILED, SENT, TRANSIENT, Tables, Workload, World, tables


def run(workload: Workload, seed: int) -> Tables:
    world = World(workload, seed)
    count = workload.emails
    submitted = world.submitted
    route = world.routes.tolist()
    switches = world.switches
    position = [0] * len(CONNECTORS)
    uniform = world.uniform
    delays = (*workload.delays, None)
    transient, latency = workload.transient, workload.latency

    status, attempts, finished = [FAILED] * count, [0] * count, [0.0] * count
    email_column: list[int] = []
    attempt_column: list[int] = []
    started_column: list[float] = []
    outcome_column: list[int] = []

    # First attempts come sorted, so only retries need the heap: it stays small.
    firsts = [*(submitted + workload.undo_window).tolist(), math.inf]
    arriving = 0
    retries: list[tuple[float, int, int]] = []
    while True:
        if retries and retries[0][0] < firsts[arriving]:
            now, email, attempt = heappop(retries)
        elif arriving < count:
            now, email, attempt = firsts[arriving], arriving, 1
            arriving += 1
        else:
            break
        connector = route[email]
        switch, place = switches[connector], position[connector]
        while switch[place] <= now:
            place += 1
        position[connector] = place
        reached = place % 2 == 0
        accepted = reached and uniform() >= transient
        email_column.append(email)
        attempt_column.append(attempt)
        started_column.append(now)
        outcome_column.append(ACCEPTED if accepted else TRANSIENT)
        ended = now + latency if reached else now
        delay = delays[attempt - 1]
        if accepted or delay is None:
            status[email] = SENT if accepted else FAILED
            attempts[email] = attempt
            finished[email] = ended
        else:
            heappush(retries, (ended + delay, email, attempt + 1))

    return tables(
        submitted=submitted,
        email_connector=route,
        status=status,
        email_attempts=attempts,
        finished=finished,
        email=email_column,
        attempt=attempt_column,
        attempt_connector=world.routes[email_column],
        started=started_column,
        outcome=outcome_column,
    )
