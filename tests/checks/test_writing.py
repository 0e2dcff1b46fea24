"""How values are written for people and for JSON, and that nothing in them can steer a terminal."""

from __future__ import annotations

import json
import unicodedata
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outboxsim.checks.writing import comparison_as_plain, comparison_in_words, in_words, moment, plain
from outboxsim.markup import visible

MINUTE = 60_000_000
CLOCK = SimpleNamespace(clock_time=lambda t: f"09:{t // MINUTE:02}:00", iso=lambda t: f"2026-03-02T09:{t // MINUTE:02}:00+01:00")


def comparison(op, value):
    return SimpleNamespace(op=op, value=value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße, 你好 – ok", "Grüße, 你好 – ok"),
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("two\nlines\r\ttab", "two\\x0alines\\x0d\\x09tab"),
        ("\u202eevil", "\\u202eevil"),
        ("\x9b2J", "\\x9b2J"),
        ("\u2028", "\\u2028"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("no\u00a0break 👨\u200d👩", "no\u00a0break 👨\u200d👩"),
    ],
)
def test_what_could_steer_a_terminal_is_shown_and_the_rest_kept(text, shown):
    assert visible(text) == shown


@given(st.text())
def test_visible_text_is_one_line_without_control_or_direction_characters(text):
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(character) for character in shown.replace("\u200c", "").replace("\u200d", "")} & {
        "Cc",
        "Cf",
        "Zl",
        "Zp",
        "Cs",
    }
    assert visible(shown) == shown


def test_an_instant_is_the_time_since_the_start_and_the_local_time():
    assert moment(16 * MINUTE, CLOCK) == "16 min (09:16:00)"


@pytest.mark.parametrize(
    ("value", "kind", "words", "json_value"),
    [
        (None, "instant", "null", None),
        ("pending_retry", "word", "pending_retry", "pending_retry"),
        ("451 try\x07 later", "text", '"451 try\\u0007 later"', "451 try\x07 later"),
        (True, "word", "true", True),
        (3, "count", "3", 3),
        (1.6, "number", "1.6", 1.6),
        (0.925, "share", "92.5 %", 0.925),
        (0.1 + 0.2, "share", "30 %", 0.1 + 0.2),
        (16 * MINUTE, "instant", "16 min (09:16:00)", "2026-03-02T09:16:00+01:00"),
        (90 * MINUTE, "duration", "1 h 30 min", "1 h 30 min"),
        (
            (5 * MINUTE, 6 * MINUTE),
            "instant",
            "[5 min (09:05:00), 6 min (09:06:00)]",
            ["2026-03-02T09:05:00+01:00", "2026-03-02T09:06:00+01:00"],
        ),
        ([], "word", "[]", []),
    ],
)
def test_a_value_in_words_and_in_json(value, kind, words, json_value):
    assert in_words(value, kind, CLOCK) == words
    assert plain(value, kind, CLOCK) == json_value
    json.dumps(plain(value, kind, CLOCK))


def test_a_long_list_is_cut_for_people_not_for_programs():
    assert in_words(list(range(25)), "count", CLOCK).endswith("18, 19, … 5 more]")
    assert plain(list(range(25)), "count", CLOCK) == list(range(25))


@pytest.mark.parametrize(
    ("op", "value", "kind", "words", "json_value"),
    [
        ("equal", "sent", "word", "sent", "sent"),
        ("at_least", 0.9, "share", "at least 90 %", {"at_least": 0.9}),
        ("at_most", 20 * MINUTE, "duration", "at most 20 min", {"at_most": "20 min"}),
        ("between", (MINUTE, 2 * MINUTE), "duration", "between 1 min and 2 min", {"between": ["1 min", "2 min"]}),
        ("one_of", ("sent", None), "word", "one of sent, null", {"one_of": ["sent", None]}),
        ("contains", "451", "text", 'a text with "451"', {"contains": "451"}),
    ],
)
def test_a_comparison_in_words_and_in_json(op, value, kind, words, json_value):
    assert comparison_in_words(comparison(op, value), kind, CLOCK) == words
    assert comparison_as_plain(comparison(op, value), kind, CLOCK) == json_value
