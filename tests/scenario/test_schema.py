"""The JSON Schema of the format: valid files keep it, unknown keys and wrong forms break it, and every key is described."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from outboxsim.scenario import json_schema, schema
from outboxsim.scenario.yaml_events import read_yaml
from tests.scenario.cases import ALL
from tests.scenario.stage import MARK, text_of

SCHEMA = schema()
VALIDATOR = Draft202012Validator(SCHEMA)
LIBRARY = sorted((Path(__file__).parents[2] / "scenarios").rglob("*.outbox.yaml"))


def test_it_is_a_schema_of_2020_12_and_plain_json():
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA == json_schema()


@pytest.mark.parametrize("path", [Path(__file__).parent / "example.outbox.yaml", *LIBRARY], ids=lambda path: path.stem)
def test_valid_files_keep_it(path):
    assert [error.message for error in VALIDATOR.iter_errors(read_yaml(path.read_text(encoding="utf-8")).value)] == []


def test_the_base_of_these_tests_keeps_it():
    VALIDATOR.validate(read_yaml(text_of("")).value)


UNKNOWN = [snippet for snippet, _, part in ALL if "is no key" in part or ("did you mean" in part and f"{{{MARK}" in snippet)]

#: What only the whole file can say: which names there are, and how values go together.
NAMES = ("m9", "leader", "users", "mian", "leena", "expect: [{at: 1 h, connectors: {§")


@pytest.mark.parametrize("snippet", [one for one in UNKNOWN if not any(name in one for name in NAMES)])
def test_unknown_keys_break_it(snippet):
    assert not VALIDATOR.is_valid(read_yaml(text_of(snippet).replace(MARK, "")).value)


@pytest.mark.parametrize(
    "snippet",
    [
        "horizon: 8",
        "horizon: 8 hours",
        "start: yesterday",
        "seed: -1",
        "users: {lena: {undo_window: 30}}",
        "users: {lena: {language: fr}}",
        "connectors: {main: {latency: {dist: normal, mean: 1 s}}}",
        "connectors: {main: {transient_failure: {probability: 1, errors: {550 no: 1}}}}",
        "connectors: {main: {rate_limit: 30}}",
        "emails: [{id: m1, at: 5 min, to: a@b.c}]",
        "emails: [{id: m1, at: 5 min, from: lena, to: nobody}]",
        "emails: [{id: m1, at: 5 min, from: lena, to: a@b.c, connector: main}]",
        "traffic: [{name: in, from: lena, arrivals: {}}]",
        "timeline: [{at: 1 h, by: lena}]",
        "timeline: [{at: 1 h, retry: m1, cancel: m1, by: lena}]",
        "expect: [{at: 1 h, emails: {m1: snet}}]",
        "expect: [{metrics: {sent: {contains: x}}}]",
        "retry: {fixed: 5}",
    ],
)
def test_other_forms_break_it(snippet):
    assert not VALIDATOR.is_valid(read_yaml(text_of(snippet)).value)


def test_every_key_is_described():
    undescribed = []
    for name, form in {"": SCHEMA, **SCHEMA["$defs"]}.items():
        if "title" in form and name in {
            "",
            *(key for key in SCHEMA["$defs"] if key not in {"RetryPattern", "RandomDuration", "Scan", "Breaker"}),
        }:
            undescribed += [f"{name}.{key}" for key, part in form.get("properties", {}).items() if "description" not in part]
    assert undescribed == []


def test_examples_keep_their_own_schema():
    wrong = []
    for name, form in {"": SCHEMA, **SCHEMA["$defs"]}.items():
        for key, part in form.get("properties", {}).items():
            validator = Draft202012Validator({**part, "$defs": SCHEMA["$defs"]})
            wrong += [f"{name}.{key}: {example}" for example in part.get("examples", []) if not validator.is_valid(example)]
        validator = Draft202012Validator({**form, "$defs": SCHEMA["$defs"]})
        wrong += [f"{name}: {example}" for example in form.get("examples", []) if not validator.is_valid(example)]
    assert wrong == []


def test_defaults_are_such_as_a_file_could_write():
    def defaults(node):
        if isinstance(node, dict):
            if "default" in node and not isinstance(node["default"], dict):
                yield node
            for part in node.values():
                yield from defaults(part)

    found = list(defaults(SCHEMA))
    assert found
    assert all(Draft202012Validator(node).is_valid(node["default"]) for node in found)


def test_making_it_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schema()
