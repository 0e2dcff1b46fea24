"""Measure and print Markdown: `python -m tests.benchmarks`, about ten minutes; `--quick` in seconds, with figures that mean little."""

from __future__ import annotations

import argparse
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.metadata import version

from tests.benchmarks import contender
from tests.benchmarks.measure import TOOLS, import_seconds, peak_memory, race, ratio, runner, stopwatch
from tests.benchmarks.workload import Workload, expected

US, SIMPY, HEAP, CIW = TOOLS
TABLES = ("emails", "attempts", "events")


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def speed(workload: Workload, ciw_emails: int | None, rounds: int) -> str:
    """All tools on one workload, or all but Ciw; it gets fewer emails, because it takes long, and longer per email the more there are."""
    workloads = {tool: workload for tool in TOOLS if tool != CIW}
    if ciw_emails:
        workloads[CIW] = replace(workload, emails=ciw_emails)
    laps = race(workloads, rounds)
    per_email = {tool: [seconds / workloads[tool].emails for seconds in lap.seconds] for tool, lap in laps.items()}
    rows = [
        (
            tool,
            f"{workloads[tool].emails:,}",
            f"{statistics.median(lap.seconds):.2f} s",
            f"{statistics.median(per_email[tool]) * 1e6:.2f} µs",
            f"{ratio(per_email[tool], per_email[US]):.2f}",
            f"{statistics.mean(lap.attempts_per_email):.3f}",
            f"{statistics.mean(lap.delivered):.2%}",
        )
        for tool, lap in laps.items()
    ]
    attempts, delivered = expected(workload)
    rows.append(("theory", "", "", "", "", f"{attempts:.3f}", f"{delivered:.2%}"))
    head = (f"latency {workload.latency:.0f} s", "emails", "time", "per email", "times outboxsim's", "attempts per email", "delivered")
    return f"{markdown(head, rows)}\n{rounds} rounds, the tools taking turns; medians; ratios per email and round.\n"


def stages(emails: int, rounds: int) -> str:
    """Where outboxsim's time goes."""
    seconds: dict[str, list[float]] = {stage: [] for stage in ("read the scenario", "run", *TABLES)}
    for seed in range(1, rounds + 1):
        reading, scenario = stopwatch(contender.load, Workload(emails))
        running, result = stopwatch(contender.simulate, scenario, seed)
        seconds["read the scenario"].append(reading)
        seconds["run"].append(running)
        rows = {}
        for table in TABLES:
            building, frame = stopwatch(getattr, result, table)
            seconds[table].append(building)
            rows[table] = len(frame)
            del frame
        del result
    names = {table: f"table `{table}`, {count:,} rows" for table, count in rows.items()}
    return markdown(
        (f"stage of outboxsim, {emails:,} emails", "time"),
        [(names.get(stage, stage), f"{statistics.median(values) * 1e3:.1f} ms") for stage, values in seconds.items()],
    )


def scaling(small: int, large: int, rounds: int) -> str:
    """Per email, few and many: a small run is repeated, because it is over before the clock is exact."""
    rows = []
    for tool in (US, SIMPY, HEAP):
        run = runner(tool)
        few: list[float] = []
        many: list[float] = []
        for seed in range(1, rounds + 1):
            few.append(statistics.median(stopwatch(run, Workload(small), seed)[0] for _ in range(5)) / small)
            many.append(stopwatch(run, Workload(large), seed)[0] / large)
        rows.append((tool, f"{statistics.median(few) * 1e6:.2f} µs", f"{statistics.median(many) * 1e6:.2f} µs", f"{ratio(many, few):.2f}"))
    return markdown(("time per email", f"{small:,} emails", f"{large:,} emails", "ratio"), rows)


def memory(emails: int) -> str:
    rows = [(tool, f"{peak_memory(tool, emails) / emails * 1e6 / 2**20:,.0f} MiB") for tool in (US, SIMPY, HEAP)]
    return markdown((f"peak memory beyond the imports, measured at {emails:,} emails", "per million emails"), rows)


def imports(starts: int) -> str:
    reference = "import simpy"
    seconds = import_seconds((reference, "import outboxsim", "from outboxsim import Simulation"), starts)
    rows = [
        (f"`{statement}`", f"{statistics.median(values) * 1e3:.1f} ms", f"{ratio(values, seconds[reference]):.2f}")
        for statement, values in seconds.items()
    ]
    return markdown((f"fresh interpreters, {starts} starts each, by turns", "time", "times SimPy's"), rows)


def page(seconds: float) -> str:
    from tests.benchmarks import page_latency  # noqa: PLC0415 (needs Chromium, which the other parts do not)

    return page_latency.report(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: shows that everything runs")
    parser.add_argument(
        "--only", nargs="+", choices=("speed", "latency", "stages", "scaling", "memory", "imports", "page"), help="some of the parts"
    )
    chosen = parser.parse_args()
    quick = chosen.quick
    parts = {
        "speed": lambda: speed(Workload(2_000), 1_000, 2) if quick else speed(Workload(100_000), 10_000, 11),
        "latency": lambda: speed(Workload(2_000, latency=2.0), None, 2) if quick else speed(Workload(100_000, latency=2.0), None, 7),
        "stages": lambda: stages(2_000, 2) if quick else stages(100_000, 5),
        "scaling": lambda: scaling(1_000, 4_000, 1) if quick else scaling(10_000, 1_000_000, 3),
        "memory": lambda: memory(4_000) if quick else memory(1_000_000),
        "imports": lambda: imports(3) if quick else imports(41),
        "page": lambda: page(3.0 if quick else 30.0),
    }
    libraries = ", ".join(f"{name} {version(name)}" for name in ("outboxsim", "simpy", "ciw", "numpy", "pandas"))
    print(f"Python {platform.python_version()}, {platform.machine()}; {libraries}\n")
    for name, part in parts.items():
        if not chosen.only or name in chosen.only:
            print(part(), flush=True)


if __name__ == "__main__":
    main()
