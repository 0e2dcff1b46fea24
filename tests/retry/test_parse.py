"""From the value in a file to a pattern, and every fault at once."""

from __future__ import annotations

import pytest

from outboxsim.retry import (
    PRESETS,
    Age,
    Breaker,
    Decorrelated,
    Doublings,
    Equal,
    Exponential,
    Fibonacci,
    Fixed,
    Full,
    Grid,
    Linear,
    NoJitter,
    PatternInvalid,
    Percent,
    Piece,
    Pieces,
    Plus,
    PlusPerRetry,
    Polynomial,
    RetryPattern,
    Scan,
    Table,
    parse_breaker,
    parse_pattern,
    parse_scan,
)

KNOWN = {"standard": RetryPattern(["1 min"], name="standard"), "fast": RetryPattern(["1 s"], name="fast")}


def faults_of(value, known=None):
    with pytest.raises(PatternInvalid) as caught:
        parse_pattern(value, known)
    return caught.value


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (["1 min", "5 min"], Table("1 min", "5 min")),
        ({"delays": ["1 min", "5 min"]}, Table("1 min", "5 min")),
        ({"delays": ["1 min"], "repeat_last": True}, Table("1 min", repeat_last=True)),
        ({"delays": ["1 min"], "repeat_last": False}, Table("1 min")),
        ([], Table()),
        ({"fixed": "30 min"}, Fixed("30 min")),
        ({"exponential": {"first": "1 s"}}, Exponential("1 s")),
        ({"exponential": {"first": "1 s", "factor": 3, "cap": "1 h"}}, Exponential("1 s", 3, "1 h")),
        ({"linear": {"first": "1 s", "step": "0 s", "cap": "1 h"}}, Linear("1 s", "0 s", "1 h")),
        ({"polynomial": {"power": 4, "plus": "15 s"}}, Polynomial(4, "15 s")),
        ({"fibonacci": {"first": "1 s", "cap": "1 h"}}, Fibonacci("1 s", "1 h")),
        ({"age": {"min": "300 s", "max": "4000 s"}}, Age("300 s", "4000 s")),
        (
            {"pieces": [{"until": "2 h", "every": "15 min"}, {"until": "16 h", "first": "1 h", "factor": 1.5}]},
            Pieces(Piece("2 h", every="15 min"), Piece("16 h", first="1 h", factor=1.5)),
        ),
        ({"grid": {"unit": "400 s", "power": 2}}, Grid("400 s", 2)),
        ({"doublings": {"min": "10 s", "max": "300 s", "max_doublings": 3}}, Doublings("10 s", "300 s", 3)),
    ],
)
def test_rules(value, rule):
    assert parse_pattern(value) == RetryPattern(rule)


@pytest.mark.parametrize(
    ("value", "jitter"),
    [
        ("none", NoJitter()),
        ("full", Full()),
        ("equal", Equal()),
        ("decorrelated", Decorrelated()),
        ({"plus": "30 s"}, Plus("30 s")),
        ({"plus": "1 s", "at_most": "5 s"}, Plus("1 s", at_most="5 s")),
        ({"plus_per_retry": "30 s"}, PlusPerRetry("30 s")),
        ({"percent": "10 %"}, Percent(0.1)),
        ({"percent": 0.1}, Percent(0.1)),
    ],
)
def test_jitters(value, jitter):
    assert parse_pattern({"fixed": "1 s", "jitter": value}) == RetryPattern(Fixed("1 s"), jitter=jitter)


def test_other_parts():
    value = {
        "fixed": "1 s",
        "max_attempts": 6,
        "max_age": "5 d",
        "stop": "all",
        "scope": "connector",
        "clock": "1 s",
        "scan": {"interval": "5 min", "offset": "1 s", "early": "1 s", "serial": "20 ms", "applies_to": "retries"},
        "breaker": {"failures": 3, "open_for": "5 min", "within": "scan", "window": 5},
    }
    assert parse_pattern(value) == RetryPattern(
        Fixed("1 s"),
        max_attempts=6,
        max_age="5 d",
        stop="all",
        scope="connector",
        clock="1 s",
        scan=Scan("5 min", "1 s", "1 s", "20 ms", "retries"),
        breaker=Breaker(3, "5 min", within="scan", window=5),
    )


def test_scan_and_breaker_of_connectors():
    assert parse_scan({}) == Scan()
    assert parse_breaker({"failures": 3, "open_for": "5 min"}) == Breaker(3, "5 min")


# --- names and presets --------------------------------------------------------------------------------------------------------------


def test_a_name_is_one_of_the_file_or_a_preset():
    assert parse_pattern("standard", KNOWN) is KNOWN["standard"]
    assert parse_pattern("postfix", KNOWN) is PRESETS["postfix"]
    assert parse_pattern("postfix", {"postfix": KNOWN["fast"]}) is KNOWN["fast"]
    assert parse_pattern(KNOWN["fast"]) is KNOWN["fast"]


def test_an_unknown_name_says_what_is_near_and_known():
    message = str(faults_of("standart", KNOWN))
    assert message.startswith(
        "'standart' is no retry pattern; did you mean 'standard'? (known here: standard, fast; presets: default, postfix, exim, "
    )
    assert str(faults_of("Postfx")).startswith("'Postfx' is no retry pattern; did you mean 'postfix'? (presets: default, ")
    assert str(faults_of("zzz")).startswith("'zzz' is no retry pattern (presets: default, ")


def test_a_preset_as_it_is():
    assert parse_pattern({"preset": "postfix"}) is PRESETS["postfix"]


def test_a_preset_with_parts_overridden():
    assert parse_pattern({"preset": "postfix", "max_age": "1 d"}) == PRESETS["postfix"].replace(max_age="1 d")
    assert parse_pattern({"preset": "aws-full", "jitter": "none", "fixed": "5 s"}) == RetryPattern(Fixed("5 s"))


def test_a_preset_with_parts_taken_away():
    assert parse_pattern({"preset": "postfix", "breaker": None, "scan": None, "max_age": None, "clock": None}) == RetryPattern(
        Age("300 s", "4000 s")
    )


def test_a_preset_with_its_last_delay_repeated():
    assert parse_pattern({"preset": "mailgun", "repeat_last": True}).rule == Table(
        "10 min", "15 min", "30 min", "1 h", "2 h", "4 h", repeat_last=True
    )


# --- faults -------------------------------------------------------------------------------------------------------------------------


def test_all_faults_at_once():
    error = faults_of(
        {
            "exponentil": {},
            "fixed": "0 s",
            "delays": ["1 min", 5, "x"],
            "jitter": {"plus": 3},
            "stop": "al",
            "max_attempts": 0,
            "scan": {"intervall": "5 min", "early": "-1 s"},
            "breaker": {"failures": 1},
        }
    )
    assert {loc for loc, _ in error.faults} == {
        ("exponentil",),
        ("fixed",),
        ("delays",),
        ("delays", 1),
        ("delays", 2),
        ("jitter", "plus"),
        ("stop",),
        ("max_attempts",),
        ("scan", "intervall"),
        ("scan", "early"),
        ("breaker",),
    }
    assert error.key_faults == {("exponentil",), ("delays",), ("scan", "intervall")}


@pytest.mark.parametrize(
    ("value", "loc", "message"),
    [
        (7, (), "7 is no retry pattern; write a name, a list such as [1 min, 5 min]"),
        (None, (), "null is no retry pattern"),
        (True, (), "true is no retry pattern"),
        (["1 min", 300], (1,), "300 is no duration; write for example '2 s', '90 s' or '1 h 30 min'"),
        (["0 s"], (0,), "'0 s' is too short: it has to be above 0"),
        ([["1 s"]], (0,), "a list is no duration"),
        ([{"fixed": "1 s"}], (0,), "a mapping is no duration"),
        ({}, (), "a retry pattern needs exactly one delay rule: delays, fixed, exponential"),
        ({"max_attempts": 3}, (), "needs exactly one delay rule"),
        ({"repeat_last": True}, (), "(repeat_last belongs to delays)"),
        ({"delays": "1 min"}, ("delays",), "'1 min' is no list of delays; write for example [1 min, 5 min, 1 h]"),
        ({"delays": ["1 s"], "repeat_last": "yes"}, ("repeat_last",), "'yes' is neither true nor false"),
        ({"delays": [], "repeat_last": True}, ("repeat_last",), "there is no last delay to repeat"),
        ({"fixed": "1 s", "repeat_last": True}, ("repeat_last",), "repeat_last belongs to delays, not to fixed"),
        ({"preset": "postfix", "repeat_last": True}, ("repeat_last",), "the preset 'postfix' has none"),
        ({"fixed": 60}, ("fixed",), "60 is no duration"),
        ({"exponential": "1 s"}, ("exponential",), "'1 s' is no exponential; write a mapping with first (also factor, cap)"),
        ({"exponential": {"factor": 2}}, ("exponential",), "exponential lacks 'first'"),
        ({"exponential": {"first": "1 s", "factr": 2}}, ("exponential", "factr"), "did you mean 'factor'? (known: first, factor, cap)"),
        ({"age": {"min": "5 s", "max": "1 s"}}, ("age", "max"), "'1 s' is below min, '5 s'"),
        ({"age": {"min": "5 s"}}, ("age",), "age lacks 'max'; it needs min and max"),
        ({"pieces": []}, ("pieces",), "there is no piece"),
        ({"pieces": [{"until": "1 h"}]}, ("pieces", 0), "a piece has 'until' and either 'every', or 'first' and 'factor'"),
        (
            {"pieces": [{"until": "2 h", "every": "1 h"}, {"until": "1 h", "every": "1 h"}]},
            ("pieces", 1, "until"),
            "'1 h' is not after '2 h'",
        ),
        ({"pieces": ["1 h"]}, ("pieces", 0), "'1 h' is no piece; write a mapping with until (also every, first, factor)"),
        ({"grid": {"unit": "1 s", "power": 0}}, ("grid", "power"), "0 is out of range"),
        ({"doublings": {"min": "1 s", "max": "9 s", "max_doublings": True}}, ("doublings", "max_doublings"), "true is no whole number"),
        ({"fixed": "1 s", "jitter": "ful"}, ("jitter",), "'ful' is no jitter; did you mean 'full'? (write none, full, equal"),
        ({"fixed": "1 s", "jitter": 3}, ("jitter",), "3 is no jitter (write none"),
        ({"fixed": "1 s", "jitter": {"pluss": "1 s"}}, ("jitter", "pluss"), "did you mean 'plus'?"),
        ({"fixed": "1 s", "jitter": {}}, ("jitter",), "a mapping is no jitter"),
        ({"fixed": "1 s", "jitter": {"plus": "1 s", "percent": "1 %"}}, ("jitter", "percent"), "'percent' is no key of jitter"),
        ({"fixed": "1 s", "jitter": {"percent": "120 %"}}, ("jitter", "percent"), ""),
        ({"fixed": "1 s", "jitter": None}, ("jitter",), "null is no jitter"),
        ({"fixed": "1 s", "max_age": None}, ("max_age",), "null is no duration"),
        ({"fixed": "1 s", "max_attempts": "3"}, ("max_attempts",), "'3' is no whole number; write 1 or more"),
        ({"fixed": "1 s", "stop": True}, ("stop",), "true is not possible here (possible: any, all)"),
        ({"fixed": "1 s", "scope": "conector"}, ("scope",), "did you mean 'connector'?"),
        ({"fixed": "1 s", "scan": "5 min"}, ("scan",), "write a mapping with interval or offset"),
        ({"fixed": "1 s", 5: 6}, (5,), "5 is no part of a retry pattern (parts: delays, "),
        ({"preset": "defalt"}, ("preset",), "'defalt' is no preset; did you mean 'default'? (presets: default, "),
        ({"preset": None}, ("preset",), "null is no preset"),
        ({"preset": "default", "stop": None}, ("stop",), "null is not possible here"),
        ({"age": {"min": "1 s", "max": "2 s"}, "jitter": "decorrelated"}, ("jitter",), "and age has none"),
        ({"preset": "aws-decorrelated", "polynomial": {"power": 2, "plus": "1 s"}}, ("jitter",), "and polynomial has none"),
        ({"preset": "postfix", "jitter": "decorrelated"}, ("jitter",), "and age has none"),
        ({"fixed": "x" * 80}, ("fixed",), ""),
    ],
)
def test_a_fault_has_its_place_and_says_what_is_right(value, loc, message):
    [(found_loc, found)] = faults_of(value).faults
    assert found_loc == loc
    assert message in found
    assert len(found) < 500


def test_incompatible_parts_are_told_beside_other_faults():
    error = faults_of({"polynomial": {"power": 2, "plus": "1 s"}, "jitter": "decorrelated", "stop": "never"})
    assert {loc for loc, _ in error.faults} == {("jitter",), ("stop",)}


def test_the_error_as_text_has_a_line_per_fault_with_its_path():
    text = str(faults_of({"pieces": [{"until": "1 h", "every": "0 s"}], "stop": "x"}))
    assert [line.split(":")[0] for line in text.splitlines()] == ["pieces[0].every", "stop"]


def test_long_values_are_shortened():
    [(_, message)] = faults_of({"fixed": "1 s", "scope": "x" * 500}).faults
    assert "…" in message
    assert len(message) < 150
