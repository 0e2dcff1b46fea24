"""outboxsim on the same workload, from the text of a scenario to the tables."""

from __future__ import annotations

import tempfile
from pathlib import Path

import outboxsim
from tests.benchmarks.workload import CONNECTORS, DAY, Tables, Workload


def scenario_text(workload: Workload) -> str:
    """The workload as a scenario file: a user per connector, whose address is the connector's."""

    def seconds(duration: float) -> str:
        return f"{duration:.0f} s"

    breakdowns = (
        f"{{up: {{dist: exponential, mean: {seconds(workload.mean_up)}}}, "
        f"down: {{dist: exponential, mean: {seconds(workload.mean_down)}}}, kind: refuse}}"
    )
    lines = [
        "outboxsim: 1",
        "name: Benchmark",
        'start: "2026-01-05T00:00:00"',
        f"horizon: {seconds(workload.horizon)}",
        "users:",
        *(f"  user-{name}: {{undo_window: {seconds(workload.undo_window)}, address: {name}@acme.example}}" for name in CONNECTORS),
        "connectors:",
        *(
            f"  {name}: {{addresses: [{name}@acme.example], latency: {seconds(workload.latency)}, "
            f"transient_failure: {workload.transient}, breakdowns: {breakdowns}}}"
            for name in CONNECTORS
        ),
        f"retry: [{', '.join(seconds(delay) for delay in workload.delays)}]",
        "traffic:",
        "  - name: load",
        f"    from: [{', '.join(f'user-{name}' for name in CONNECTORS)}]",
        f"    arrivals: {{poisson: {workload.emails / workload.span * DAY:.6f} per d}}",
        f"    limit: {workload.emails}",
    ]
    return "\n".join(lines) + "\n"


def load(workload: Workload) -> outboxsim.Scenario:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "benchmark.outbox.yaml"
        file.write_text(scenario_text(workload), encoding="utf-8")
        return outboxsim.load(file)


def simulate(scenario: outboxsim.Scenario, seed: int) -> outboxsim.Result:
    return outboxsim.Simulation(scenario, seed=seed).run()


def run(workload: Workload, seed: int) -> Tables:
    result = simulate(load(workload), seed)
    return Tables(result.emails, result.attempts)
