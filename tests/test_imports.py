"""`import outboxsim` is cheap: names load what they need when somebody asks for them."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import pytest

import outboxsim

#: What takes long to load, or is not there at all without an extra.
NUMBERS = {"matplotlib", "numpy", "pandas", "pyarrow", "scipy"}
FRONT_ENDS = {"IPython", "anywidget", "ipywidgets", "rich", "typer"}
HEAVY = NUMBERS | FRONT_ENDS | {"dask", "optuna", "pydantic", "simpy", "whenever", "yaml"}


def loaded_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after `code`."""
    report = f"{code}\nimport json, sys\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    finished = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return set(json.loads(finished.stdout))


def test_import_loads_nothing_heavy() -> None:
    assert loaded_after("import outboxsim") & HEAVY == set()


def test_rules_and_patterns_need_no_tables_and_no_simulation() -> None:
    """A retry pattern is of use in somebody's own program, which should not have to pay for pandas; `whenever` comes with the moments."""
    assert loaded_after("import outboxsim.outbox, outboxsim.retry") & HEAVY <= {"whenever"}


def test_scenarios_need_neither_tables_nor_a_simulation() -> None:
    assert loaded_after("import outboxsim.scenario") & {"pandas", "simpy", "matplotlib", "pyarrow"} == set()


def test_every_public_name_is_there() -> None:
    assert len(set(outboxsim.__all__)) == len(outboxsim.__all__)
    for name in outboxsim.__all__:
        assert getattr(outboxsim, name) is not None, name


def test_public_names_load_lazily() -> None:
    """Whatever is in `__all__` and is no plain text is absent from the module until somebody asks."""
    code = "import outboxsim\nlazy = [name for name in outboxsim.__all__ if name not in vars(outboxsim)]\nassert 'Simulation' in lazy, lazy"
    assert loaded_after(code) & HEAVY == set()


def test_dir_shows_the_public_names() -> None:
    assert set(outboxsim.__all__) <= set(dir(outboxsim))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        outboxsim.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", [name for name in outboxsim.__all__ if not name.startswith("_")])
def test_public_names_are_documented(name: str) -> None:
    value = getattr(outboxsim, name)
    if callable(value):
        assert (value.__doc__ or "").strip(), f"outboxsim.{name} has no docstring"


def test_simulation_is_the_engines() -> None:
    assert outboxsim.Simulation is importlib.import_module("outboxsim.engine").Simulation
