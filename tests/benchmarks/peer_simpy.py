"""A plain SimPy model, as the SimPy manual teaches: one process per email, one per connector."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field

import simpy

from tests.benchmarks.workload import ACCEPTED, CONNECTORS, FAILED, SENT, TRANSIENT, Tables, Workload, World, tables


@dataclass(slots=True)
class Connector:
    code: int
    up: bool = True


@dataclass(slots=True)
class Columns:
    """A list per column; appending to a list is the cheapest way to record in Python."""

    submitted: list[float] = field(default_factory=list)
    email_connector: list[int] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    email_attempts: list[int] = field(default_factory=list)
    finished: list[float] = field(default_factory=list)
    email: list[int] = field(default_factory=list)
    attempt: list[int] = field(default_factory=list)
    attempt_connector: list[int] = field(default_factory=list)
    started: list[float] = field(default_factory=list)
    outcome: list[int] = field(default_factory=list)


class Model:
    def __init__(self, workload: Workload, seed: int) -> None:
        self.workload = workload
        self.env = simpy.Environment()
        self.world = World(workload, seed)
        self.connectors = [Connector(code) for code in range(len(CONNECTORS))]
        self.columns = Columns()

    def run(self) -> Tables:
        for connector, phases in zip(self.connectors, self.world.phases, strict=True):
            self.env.process(self.breakdowns(connector, phases.tolist()))
        self.env.process(self.arrivals())
        self.env.run(until=self.workload.horizon)
        columns = self.columns
        return tables(**{name: getattr(columns, name) for name in Columns.__slots__})

    def breakdowns(self, connector: Connector, phases: Iterable[float]) -> Generator[simpy.Event, None, None]:
        for phase in phases:
            yield self.env.timeout(phase)
            connector.up = not connector.up

    def arrivals(self) -> Generator[simpy.Event, None, None]:
        for number, (gap, route) in enumerate(zip(self.world.gaps.tolist(), self.world.routes.tolist(), strict=True)):
            yield self.env.timeout(gap)
            self.env.process(self.email(number, self.connectors[route]))

    def email(self, number: int, connector: Connector) -> Generator[simpy.Event, None, None]:
        env, workload, columns, uniform = self.env, self.workload, self.columns, self.world.uniform
        columns.submitted.append(env.now)
        columns.email_connector.append(connector.code)
        columns.status.append(FAILED)
        columns.email_attempts.append(0)
        columns.finished.append(0.0)

        yield env.timeout(workload.undo_window)
        for attempt, delay in enumerate((*workload.delays, None), start=1):
            reached = connector.up
            accepted = reached and uniform() >= workload.transient
            columns.email.append(number)
            columns.attempt.append(attempt)
            columns.attempt_connector.append(connector.code)
            columns.started.append(env.now)
            columns.outcome.append(ACCEPTED if accepted else TRANSIENT)
            if reached and workload.latency:
                yield env.timeout(workload.latency)
            if accepted or delay is None:
                columns.status[number] = SENT if accepted else FAILED
                columns.email_attempts[number] = attempt
                columns.finished[number] = env.now
                return
            yield env.timeout(delay)


def run(workload: Workload, seed: int) -> Tables:
    return Model(workload, seed).run()
