"""Digests say what a value is: the same everywhere, and another for anything that matters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from outboxsim.analysis.digests import digest
from outboxsim.analysis.stress import Stress
from outboxsim.analysis.variants import Variant
from outboxsim.retry import PRESETS, RetryPattern
from outboxsim.scenario import load
from tests.analysis.studies import scenario_of

ROOT = Path(__file__).parents[2]
FILE = min((ROOT / "scenarios" / "retry").glob("*.outbox.yaml"))


def test_a_digest_is_the_same_in_every_process():
    code = f"from outboxsim.scenario import load\nfrom outboxsim.analysis.digests import digest\nprint(digest(load({str(FILE)!r})))"
    found = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert found[0] == found[1] == digest(load(str(FILE))) + "\n"


@pytest.mark.parametrize(
    "keys",
    [
        {"retry": ["1 min"]},
        {"horizon": "5 h"},
        {"connectors": {"main": {"latency": "2 s"}}},
        {"users": {"lena": {"undo_window": "1 s"}}},
        {"timeline": [{"at": "1 h", "outage": "main", "for": "1 min"}]},
        {"emails": [{"id": "m", "at": "1 h", "from": "lena", "to": "a@b.example"}]},
    ],
)
def test_another_scenario_has_another_digest(keys):
    assert digest(scenario_of()) == digest(scenario_of())
    assert digest(scenario_of(**keys)) != digest(scenario_of())


def test_variants_differ_by_all_but_the_patterns_name():
    variants = [Variant(), Variant(stress=Stress(load=2)), *(Variant(pattern) for pattern in PRESETS.values())]
    assert len({variant.key for variant in variants}) == len({pattern.replace() for pattern in PRESETS.values()}) + 2
    assert Variant(RetryPattern(["1 min"], name="a")).key == Variant(RetryPattern(["1 min"], name="b")).key
    assert len(Variant().key) == 12
