"""Whatever a file holds, loading it gives a scenario or tells its faults; nothing else ever happens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outboxsim.errors import Fault, ScenarioInvalid
from outboxsim.scenario import Scenario, load, loads
from outboxsim.scenario.yaml_events import read_yaml

EXAMPLE = (Path(__file__).parent / "example.outbox.yaml").read_text(encoding="utf-8").replace("emails_file: outbox-export.csv", "seed: 8")
TOKENS = sorted(
    {
        *EXAMPLE.split(),
        "[",
        "]",
        "{",
        "}",
        ":",
        "-",
        "&a",
        "*a",
        "!t",
        "---",
        "...",
        "null",
        ".inf",
        "1e999",
        "\t",
        "'",
        '"',
        "|",
        ">",
        "%",
        "@",
        "\x00",
        "é",
        "\u2028",
        "\ufeff",
        "end",
        "10:30",
        "-1",
        "0",
    }
)
LOOSE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def faults_of(make: Callable[[], Scenario]) -> tuple[Fault, ...]:
    """The faults that keep a scenario from being made; nothing else may."""
    try:
        assert make().horizon > 0
    except ScenarioInvalid as invalid:
        faults = invalid.faults
    else:
        return ()
    assert faults
    assert all(fault.message for fault in faults)
    return faults


def check(text: str) -> None:
    """Load a text; its faults have to be inside it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for fault in faults_of(lambda: loads(text)):
        assert 1 <= fault.line <= len(lines) + 1
        assert 1 <= fault.column <= max(map(len, lines)) + 2


@LOOSE
@given(st.data())
def test_a_text_with_pieces_replaced(data):
    text = EXAMPLE
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(text)))
        end = min(len(text), begin + data.draw(st.integers(0, 30)))
        text = text[:begin] + data.draw(st.sampled_from(TOKENS) | st.text(max_size=8)) + text[end:]
    check(text)


@LOOSE
@given(st.data())
def test_a_text_with_words_swapped(data):
    words = EXAMPLE.split(" ")
    for _ in range(data.draw(st.integers(1, 6))):
        words[data.draw(st.integers(0, len(words) - 1))] = data.draw(st.sampled_from(TOKENS))
    check(" ".join(words))


@LOOSE
@given(st.binary(max_size=200), st.integers(0, len(EXAMPLE)))
def test_bytes_in_the_middle(tmp_path_factory, content, at):
    path = tmp_path_factory.getbasetemp() / "bytes.outbox.yaml"
    encoded = EXAMPLE.encode()
    path.write_bytes(encoded[:at] + content + encoded[at:])
    faults_of(lambda: load(path))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.sampled_from(TOKENS) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(TOKENS) | st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


def places_in(value, loc=()):
    """The paths of all values of a document."""
    yield loc
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places_in(part, (*loc, key))


WHOLE = read_yaml(EXAMPLE).value
PLACES = [loc for loc in places_in(WHOLE) if loc]


@LOOSE
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=4))
def test_any_value_in_any_place(changes):
    mapping = read_yaml(EXAMPLE).value
    for loc, value in changes:
        parent = mapping
        for step in loc[:-1]:
            parent = (
                parent[step] if (isinstance(parent, dict) and step in parent) or (isinstance(parent, list) and step < len(parent)) else None
            )
            if not isinstance(parent, dict | list):
                break
        else:
            if isinstance(parent, dict) or (isinstance(loc[-1], int) and loc[-1] < len(parent)):
                parent[loc[-1]] = value
    faults_of(lambda: Scenario.from_mapping(mapping))


@pytest.mark.parametrize("loc", PLACES, ids=str)
def test_nothing_in_any_place(loc):
    mapping = read_yaml(EXAMPLE).value
    parent = mapping
    for step in loc[:-1]:
        parent = parent[step]
    del parent[loc[-1]]
    assert all(fault.path for fault in faults_of(lambda: Scenario.from_mapping(mapping)))
