"""From text to plain values: what YAML means here, what is refused, and where everything stands."""

from __future__ import annotations

import pytest
import yaml

from outboxsim.scenario import yaml_events
from outboxsim.scenario.core_schema import NumberRefused, resolve
from outboxsim.scenario.places import Source
from outboxsim.scenario.yaml_events import BROKEN, read_yaml
from tests.scenario.stage import marks_in


@pytest.fixture(params=["libyaml", "PyYAML"])
def _parser(request, monkeypatch):
    """Both parsers have to tell the same."""
    if request.param == "PyYAML":
        monkeypatch.setattr(yaml_events.yaml, "__with_libyaml__", False)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("~", None),
        ("null", None),
        ("", None),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("NO", "NO"),
        ("on", "on"),
        ("10:30", "10:30"),
        ("1:30:00", "1:30:00"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-5", -5),
        ("+5", 5),
        ("1_000", "1_000"),
        ("0.05", 0.05),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        ("2026-03-02", "2026-03-02"),
        ("2026-03-02T09:00:00", "2026-03-02T09:00:00"),
        ("5 min", "5 min"),
        ("-5 min", "-5 min"),
        ("5 %", "5 %"),
        ("=", "="),
        ("<<", "<<"),
        ("+", "+"),
        (".", "."),
        ("0x" + "F" * 50, "0x" + "F" * 50),
    ],
)
def test_plain_scalars_mean_what_the_core_schema_of_yaml_1_2_says(written, value):
    found = resolve(written)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("written", [".inf", "-.INF", ".nan", "1e999", "9" * 60])
def test_numbers_that_no_scenario_can_use_are_refused(written):
    with pytest.raises(NumberRefused):
        resolve(written)


@pytest.mark.usefixtures("_parser")
def test_quoted_and_block_scalars_are_texts():
    document = read_yaml("a: '5'\nb: \"true\"\nc: |\n  5\nd: >-\n  null\ne: 'it''s'\n")
    assert document.value == {"a": "5", "b": "true", "c": "5\n", "d": "null", "e": "it's"}
    assert document.faults == []


@pytest.mark.usefixtures("_parser")
def test_keys_are_texts_as_they_are_written():
    assert read_yaml("{007: a, true: b, 1.10: c, ~: d}").value == {"007": "a", "true": "b", "1.10": "c", "~": "d"}


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\n§a: 2", "a: the key 'a' is there already, on line 1"),
        ("x: {b: 1, c: 2, §b: {d: 3}}", "x.b: the key 'b' is there already, on line 1"),
        ("a: §&x 5", "a: the anchor '&x' is refused"),
        ("a: §&x [5]", "a: the anchor '&x' is refused"),
        ("a: §!!str 5", "a: the tag 'tag:yaml.org,2002:str' is refused"),
        ("a: §!own {b: 5}", "a: the tag '!own' is refused"),
        ("a: §! 5", "a: the tag '!' is refused"),
        ("§!!str a: 5", "the tag 'tag:yaml.org,2002:str' is refused"),
        ("a: [1, §*x]", "a[1]: the alias '*x' is refused"),
        ("{§*x : 1}", "the alias '*x' is refused"),
        ("{§[1, 2]: 3}", "a mapping or list cannot be a key"),
        ("? §{a: 1}\n: 3", "a mapping or list cannot be a key"),
        ("a: [1, §.inf]", "a[1]: '.inf' is no finite number"),
        ("a: 1\n§---\nb: 2", "a second document starts here"),
        ("a: [1, 2\nb: 3§", "this is no YAML: "),
        ('a: "x§', "this is no YAML: "),
        ("a: §@x", "this is no YAML: "),
        ("§\tb: 1", "this is no YAML: "),
        ("a: b§: c", "this is no YAML: "),
    ],
)
def test_what_a_scenario_may_not_use_is_a_fault(text, told):
    text, [place] = marks_in(text)
    [fault] = read_yaml(text).faults
    assert (
        told in f"{''.join(f'[{step}]' if isinstance(step, int) else f'.{step}' for step in fault.loc).removeprefix('.')}: {fault.message}"
    )
    if "no YAML" not in fault.message:  # the two parsers differ in where they notice
        assert (fault.line, fault.column) == place


def test_one_fault_of_the_syntax_does_not_hide_the_others():
    document = read_yaml("a: &x 1\nb: *x\nc: !t 2\na: [*y, {d: *z}]\ne: 5\n")
    assert [(fault.line, fault.loc) for fault in document.faults] == [
        (1, ("a",)),
        (2, ("b",)),
        (3, ("c",)),
        (4, ("a",)),
        (4, ("a", 0)),
        (4, ("a", 1, "d")),
    ]
    assert document.value == {"a": 1, "b": BROKEN, "c": BROKEN, "e": 5}
    assert document.broken == {("b",), ("c",)}
    assert repr(BROKEN) == "a value that could not be read"


def test_a_scalar_alone_and_nothing_at_all_are_documents():
    assert read_yaml("5").value == 5
    assert read_yaml("").value is None
    assert read_yaml("*x").broken == {()}


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_depth_is_limited(opening):
    document = read_yaml(opening * 2000)
    assert not document.is_whole
    assert "levels" in document.faults[-1].message or "no YAML" in document.faults[-1].message


def test_so_many_faults_keys_or_entries_that_it_is_no_scenario():
    assert read_yaml("a: 1\n" * 5000).faults[-1].message == "more than 1,000 faults; nothing is read from here on"
    assert "more than 1000 keys" in read_yaml("".join(f"a{number}: 1\n" for number in range(1100))).faults[-1].message
    assert "more than 80,000 entries" in read_yaml("a: [" + "1," * 80_001 + "]").faults[-1].message
    assert read_yaml("emails: [" + "1," * 100_001 + "]").faults == []
    assert "more than 100 lines begin with '%'" in read_yaml("%TAG !a! b\n" * 200).faults[-1].message


def test_line_breaks_of_yaml_1_1_are_characters():
    document = read_yaml("a: x\u2028b\nc: 'p\u0085q'\nd: z\u2029\n")
    assert document.value == {"a": "x\u2028b", "c": "p\u0085q", "d": "z\u2029"}


def test_half_a_surrogate_pair_is_refused():
    document = read_yaml('a: "\\ud800"')
    assert document.faults
    assert "no YAML" in document.faults[0].message or "surrogate" in document.faults[0].message


def test_half_a_surrogate_pair_is_refused_without_libyaml(monkeypatch):
    monkeypatch.setattr(yaml_events.yaml, "__with_libyaml__", False)
    [fault] = read_yaml('a: "\\ud800"').faults
    assert "half a surrogate pair" in fault.message


def test_an_error_without_a_mark_stands_at_the_beginning(monkeypatch):
    def events(_):
        raise yaml.YAMLError
        yield

    monkeypatch.setattr(yaml_events, "_events", events)
    [fault] = read_yaml("a: 1").faults
    assert (fault.line, fault.column, fault.message) == (1, 1, "this is no YAML: cannot be read")


def test_every_value_and_key_is_found():
    text = "a: 1\nb:\n  - x\n  - {c: 2, d: {e: [3, 4]}}\nf:\n"
    document = read_yaml(text)
    source = Source("x.yaml", document.root, document.root_position)
    assert source.locate(()) == (1, 1)
    assert source.locate(("a",)) == (1, 4)
    assert source.locate_key(("a",)) == (1, 1)
    assert source.locate(("b",)) == (3, 3)
    assert source.locate(("b", 0)) == (3, 5)
    assert source.locate_key(("b", 1)) == (4, 5)
    assert source.locate(("b", 1, "d", "e", 1)) == (4, 23)
    assert source.locate_key(("b", 1, "d", "e")) == (4, 16)
    assert source.locate(("f",)) == (5, 3)
    # What is missing stands where its parent does.
    assert source.locate(("b", 1, "z")) == (4, 5)
    assert source.locate(("b", 7)) == (3, 3)
    assert source.locate(("b", "c")) == (3, 3)
    assert source.locate(("a", "x", "y")) == (1, 4)
    assert Source("x.yaml").locate(("a",)) == (1, 1)


def test_columns_count_characters():
    document = read_yaml('"ä€😀": {b: 5}')
    assert Source("x", document.root, document.root_position).locate(("ä€😀", "b")) == (1, 12)
