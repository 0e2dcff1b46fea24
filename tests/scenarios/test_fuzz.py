"""Bad input: mutated files of the library never give a traceback, never take more than 5 s or 512 MB.

5,000 mutations in CI, spread over its workers; each is loaded, and if it is still valid, run and judged.
"""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import numpy as np
import pytest

from outboxsim.checks.runner import Limits, check_file

ROOT = Path(__file__).parents[2]
FILES = [path for path in sorted((ROOT / "scenarios").rglob("*.outbox.yaml")) if path.stat().st_size < 20_000]
PARTS = 20
MUTATIONS = 5_000
SECONDS = 5
MEGABYTES = 512

#: Values that are often wrong somewhere.
VALUES = [
    "-1", "0", "1e400", "99999999999999999999", ".nan", "null", "true", "[]", "{}", "''", "0 s", "1 ms", "100000 d", "-5 min", "PT0S", "P1M", "end", "start",
    "24:00", "day 0 09:00", "day 99999 09:00", "2026-03-29T02:30:00", "9999-12-31T23:59:59", "100 %", "101 %", "40 per h", "1000000 per s", "0 per h",
    "{dist: exponential, mean: 1 ms}", "{preset: exim}", "[1 ms]", "{fixed: 1 ms}", "&a", "*a", "!!python/object:os.system", "\u202e", "\x00", "\x1b[31m", "x" * 5000,
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "? :", "- - - -", "\"", "'", "|", ">", "%YAML 1.1", "---", "...", "\ufeff", "\t", "<script>", "{batch: 2000000000, at: start}",
]  # fmt: skip


def mutated(content: bytes, generator: np.random.Generator) -> bytes:
    """One to four changes of bytes, lines or values."""
    for _ in range(generator.integers(1, 5)):
        lines = content.split(b"\n")
        kind = generator.integers(0, 7)
        at = int(generator.integers(0, len(lines)))
        if kind == 0 and content:
            place = int(generator.integers(0, len(content)))
            content = content[:place] + bytes([generator.integers(0, 256)]) + content[place + 1 :]
        elif kind == 1:
            content = b"\n".join(lines[:at] + lines[at + 1 :])
        elif kind == 2:
            content = b"\n".join(lines[:at] + [lines[at]] * 2 + lines[at + 1 :])
        elif kind == 3:
            other = int(generator.integers(0, len(lines)))
            lines[at], lines[other] = lines[other], lines[at]
            content = b"\n".join(lines)
        elif kind == 4 and b": " in lines[at]:
            key = lines[at].split(b": ")[0]
            lines[at] = key + b": " + str(generator.choice(VALUES)).encode("utf-8", "surrogatepass")
            content = b"\n".join(lines)
        elif kind == 5 and b": " in lines[at]:
            parts = lines[at].split(b": ")
            part = int(generator.integers(1, len(parts)))
            rest = parts[part].partition(b",")
            parts[part] = str(generator.choice(VALUES)).encode("utf-8", "surrogatepass") + b"".join(rest[1:])
            lines[at] = b": ".join(parts)
            content = b"\n".join(lines)
        else:
            place = int(generator.integers(0, len(content) + 1))
            content = content[:place]
    return content


@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(PARTS))
def test_mutated_files_are_reported_and_nothing_worse(part, tmp_path):
    generator = np.random.default_rng(20260302 + part)
    contents = [path.read_bytes() for path in FILES]
    path = tmp_path / "mutated.outbox.yaml"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def too_long(*_: object) -> None:
        raise TimeoutError(f"more than {SECONDS} s")

    signal.signal(signal.SIGALRM, too_long)
    for number in range(MUTATIONS // PARTS):
        content = mutated(contents[int(generator.integers(0, len(contents)))], generator)
        path.write_bytes(content)
        signal.alarm(SECONDS)
        try:
            report = check_file(str(path), Limits(max_events=20_000))
        finally:
            signal.alarm(0)
        assert report.outcome != "error", (part, number, report.faults, content.decode("utf-8", "replace"))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < MEGABYTES
