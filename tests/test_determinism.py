"""Same file, seed and version: byte-identical tables, whatever runs them.

Other interpreters are those on this machine (`python3.12`, … on the path or in pyenv's folder) that can make an environment.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCENARIO = """\
outboxsim: 1
name: determinism
start: 2026-03-27T09:00:00
time_zone: Europe/Berlin
horizon: 4 d
seed: 11
teams: {payroll: {leaders: [greta], members: [lena, tom]}}
users: {lena: {undo_window: 30 s}}
connectors:
  main:
    default: true
    latency: {dist: lognormal, median: 2 s, p95: 6 s}
    capacity: 3
    rate_limit: 30 per min
    transient_failure: {probability: 10 %, errors: {"451 4.3.0 later": 3, "421 4.7.0 busy": 1}}
    permanent_failure: 1 %
    breakdowns: {up: {dist: weibull, scale: 5 h, shape: 1.5}, down: {dist: gamma, mean: 30 min, shape: 2}}
  other: {addresses: [o@x.example], greylisting: 5 min}
retry: {exponential: {first: 1 min, factor: 2, cap: 2 h}, jitter: full, max_attempts: 12}
traffic:
  - {name: mail, from: [lena, tom], arrivals: {poisson: 20 per h}, priority: {high: 10 %}, scheduled: {share: 10 %, ahead: {dist: uniform, low: 1 h, high: 4 h}}}
  - {name: day, from: [greta], via: other, arrivals: {hourly: [0,0,0,0,0,0,1,2,5,8,9,9,6,8,9,9,8,6,3,1,0,0,0,0], weekend: 20 %}, domains: {a.example: 3, b.example: 1}}
timeline:
  - {at: 5 h, retry: {view: all, status: failed}, by: greta, may_be_empty: true}
"""
FILES = ("emails.csv", "attempts.csv", "events.csv")


def digest(python: str, folder: Path, **environment: str) -> dict[str, str]:
    """Run the scenario with an interpreter; the digests of its tables."""
    folder.mkdir(parents=True)
    scenario = folder / "determinism.outbox.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    environment = {**os.environ, **environment}
    subprocess.run(
        [python, "-m", "outboxsim", "run", str(scenario), "--out", str(folder)], check=True, capture_output=True, env=environment
    )
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return digest(sys.executable, tmp_path_factory.mktemp("reference") / "run", PYTHONHASHSEED="0")


@pytest.mark.parametrize("hash_seed", ["1", "4242"])
def test_tables_are_byte_identical_across_processes_and_hash_seeds(reference, tmp_path, hash_seed):
    assert digest(sys.executable, tmp_path / "run", PYTHONHASHSEED=hash_seed) == reference


def test_tables_are_byte_identical_whatever_the_machine_s_time_zone_and_locale(reference, tmp_path):
    assert digest(sys.executable, tmp_path / "run", TZ="Pacific/Auckland", LC_ALL="C") == reference


def test_verdicts_are_byte_identical_for_every_number_of_workers():
    outputs = {
        subprocess.run(
            [sys.executable, "-m", "outboxsim", "check", "scenarios", "--format", "json", "-j", workers],
            capture_output=True,
            cwd=ROOT,
            check=True,
        ).stdout
        for workers in ("1", "2", "3")
    }
    assert len(outputs) == 1


def other_interpreters() -> list[str]:
    """Interpreters of other versions that run and can make an environment."""
    found = {}
    for minor in (11, 12, 13, 14):
        if sys.version_info[:2] == (3, minor):
            continue
        names = [f"python3.{minor}", *map(str, sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python3.{minor}")))]
        for name in names:
            path = shutil.which(name)
            if path and subprocess.run([path, "-c", "import venv, ensurepip, ssl"], capture_output=True, check=False).returncode == 0:
                found[minor] = path
                break
    return list(found.values())


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("interpreter", other_interpreters() or ["none"], ids=lambda path: Path(path).name)
def test_tables_are_byte_identical_across_python_versions(reference, tmp_path, interpreter):
    """The same versions of numpy and pandas under another Python; on a machine with one Python there is nothing to compare."""
    if interpreter == "none":
        return
    environment = tmp_path / "venv"
    subprocess.run([interpreter, "-m", "venv", str(environment)], check=True)
    python = str(environment / "bin" / "python")
    pinned = [f"{name}=={version(name)}" for name in ("numpy", "pandas", "pyarrow", "pydantic", "simpy", "whenever")]
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(ROOT), *pinned], check=True, capture_output=True
    )
    assert digest(python, tmp_path / "run") == reference


def version(name: str) -> str:
    import importlib.metadata  # noqa: PLC0415

    return importlib.metadata.version(name)
