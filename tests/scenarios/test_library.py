"""The scenario library: every file is judged, valid by the published schema, and names the rules that it shows."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest

from outboxsim.checks.runner import check_file
from outboxsim.scenario import load, schema
from outboxsim.scenario.yaml_events import read_yaml

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "scenarios").rglob("*.outbox.yaml"))
RULE = re.compile(r"\b([ELCPB]\d)\b")


@pytest.fixture(scope="module")
def validator():
    described = schema()
    jsonschema.Draft202012Validator.check_schema(described)
    return jsonschema.Draft202012Validator(described)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT / "scenarios")).removesuffix(".outbox.yaml")


def test_there_is_a_library():
    assert len(FILES) >= 26


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_file_passes(path):
    report = check_file(str(path))
    assert report.outcome == "passed", "\n".join([*map(str, report.faults), *(verdict.path for verdict in report.failed)])


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_file_is_valid_by_the_schema_and_an_independent_validator(path, validator):
    value = read_yaml(path.read_text(encoding="utf-8")).value
    assert [error.message for error in validator.iter_errors(value)] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_file_tells_what_it_shows(path):
    scenario = load(path)
    assert scenario.name
    assert len(scenario.description) > 40


def test_every_numbered_rule_of_the_specification_is_named_by_a_file():
    named = {rule for path in FILES for rule in RULE.findall(load(path).description)}
    wanted = {f"{letter}{n}" for letter, count in {"E": 4, "L": 7, "C": 7, "P": 3, "B": 3}.items() for n in range(1, count + 1)}
    assert wanted - named == set()
