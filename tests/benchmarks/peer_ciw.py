"""The workload as a Ciw queueing network, as close as Ciw allows.

Waiting is service with unlimited servers: node 1 is the undo window, nodes 2 to 6 are the delays before each retry, and an attempt is the
moment at which an email leaves one of them. An accepted email leaves the network, another goes on to the next node; those that have failed
for good go through a last node, which takes no time. The two connectors are two classes of customers. Ciw has no servers that break down
at random, so a router looks their windows up; and its arrivals end only through a distribution that says "never".
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import ciw
import numpy as np
import pandas as pd

from tests.benchmarks.workload import ACCEPTED, CONNECTORS, FAILED, SENT, TRANSIENT, Tables, Workload, World, tables

LEFT = -1  # Ciw's number of the exit


class Arrivals(ciw.dists.Distribution):
    """Gaps drawn beforehand, then none: `ciw.dists.Sequential` would begin anew."""

    def __init__(self, instants: np.ndarray[Any, Any]) -> None:
        self.gaps = [*np.diff(instants, prepend=0.0).tolist(), math.inf]
        self.drawn = 0

    def sample(self, t: float | None = None, ind: Any = None) -> float:
        gap: float = self.gaps[self.drawn]
        self.drawn += 1
        return gap


class Attempt(ciw.routing.NodeRouting):
    """At the end of a wait: deliver, or wait once more."""

    def __init__(self, transient: float, switches: list[float], uniform: Callable[[], float], next_wait: int) -> None:
        self.transient = transient
        self.switches = switches
        self.uniform = uniform
        self.next_wait = next_wait

    def next_node(self, ind: Any) -> Any:
        down = bisect_right(self.switches, self.simulation.current_time) % 2
        if down or self.uniform() < self.transient:
            return self.simulation.nodes[self.next_wait]
        return self.simulation.nodes[LEFT]


def network(workload: Workload, world: World) -> Any:
    waits = (workload.undo_window, *workload.delays)
    gave_up = len(waits) + 1
    arrivals, services, routes = {}, {}, {}
    for code, (connector, switches) in enumerate(zip(CONNECTORS, world.switches, strict=True)):
        arrivals[connector] = [Arrivals(world.submitted[world.routes == code]), *[None] * len(waits)]
        services[connector] = [*(ciw.dists.Deterministic(wait) for wait in waits), ciw.dists.Deterministic(0.0)]
        attempts = [Attempt(workload.transient, switches, world.uniform, next_wait=node + 1) for node in range(1, gave_up)]
        routes[connector] = ciw.routing.NetworkRouting([*attempts, ciw.routing.Leave()])
    return ciw.create_network(
        arrival_distributions=arrivals,
        service_distributions=services,
        number_of_servers=[math.inf] * gave_up,
        routing=routes,
    )


def run(workload: Workload, seed: int) -> Tables:
    if workload.latency:
        raise NotImplementedError("one more node per attempt, which would only make Ciw slower")
    ciw.seed(seed)
    simulation = ciw.Simulation(network(workload, World(workload, seed)))
    simulation.simulate_until_max_time(workload.horizon)
    records = pd.DataFrame(simulation.get_all_records())

    gave_up = len(workload.delays) + 2
    waits = records[records["node"] < gave_up].sort_values("exit_date", kind="stable")
    connector = waits["customer_class"].map({name: code for code, name in enumerate(CONNECTORS)})
    first = waits[waits["node"] == 1].sort_values("id_number")
    last = waits.groupby("id_number", sort=True).tail(1).sort_values("id_number")
    accepted = last["destination"] == LEFT
    return tables(
        submitted=first["arrival_date"],
        email_connector=connector[first.index],
        status=np.where(accepted, SENT, FAILED),
        email_attempts=last["node"],
        finished=last["exit_date"],
        email=waits["id_number"] - 1,
        attempt=waits["node"],
        attempt_connector=connector,
        started=waits["exit_date"],
        outcome=np.where(waits["destination"] == LEFT, ACCEPTED, TRANSIENT),
    )
