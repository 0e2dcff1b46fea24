"""Values, intervals and tables as people read them; text is shown as text."""

from __future__ import annotations

import math

import pytest

from outboxsim.analysis.intervals import Interval
from outboxsim.analysis.showing import Sheet, Shown, difference_in_words, interval_in_words, text_table, value_in_words

SECOND = 1_000_000
MINUTE = 60 * SECOND


@pytest.mark.parametrize(
    ("mean", "half", "kind", "text"),
    [
        (1083.4 * SECOND, 40.2 * SECOND, "duration", "18 min 3 s ± 40 s"),
        (3 * 60 * MINUTE, 12.4 * MINUTE, "duration", "3 h ± 12 min"),
        (1_823_456.7, 381_234.5, "duration", "1 s 820 ms ± 380 ms"),
        (2 * SECOND, 0, "duration", "2 s ± 0 s"),
        (2.5, 0.5, "duration", "0.003 ms ± 0.001 ms"),
        (2 * SECOND, math.inf, "duration", "2 s ± ∞"),
        (0.92346, 0.0082, "share", "92.35 % ± 0.82 %"),
        (1, 0, "share", "100 % ± 0 %"),
        (42.125, 3.5, "count", "42.1 ± 3.5"),
        (1234.5, 250, "count", "1234 ± 250"),
        (3, 0, "count", "3 ± 0"),
        (3, math.inf, "count", "3 ± ∞"),
        (1.2345, 1e-11, "number", "1.2345000000 ± 0.0000000000"),
        (1.2345, 1e-14, "number", "1.2345 ± 0"),  # what floating point leaves of equal differences
    ],
)
def test_means_and_half_widths_are_written_to_the_same_digit(mean, half, kind, text):
    assert interval_in_words(Interval(mean, half, 40), kind) == text


@pytest.mark.parametrize(
    ("mean", "text"), [(2.5 * SECOND, "+2 s 500 ms ± 100 ms"), (-2.5 * SECOND, "-2 s 500 ms ± 100 ms"), (0, "+0 s ± 100 ms")]
)
def test_differences_tell_their_sign(mean, text):
    assert difference_in_words(Interval(mean, 0.1 * SECOND, 20), "duration") == text


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "duration", "null"),
        (math.inf, "number", "∞"),
        (math.nan, "share", "-"),
        (1234, "count", "1,234"),
        (0.123456, "share", "12.35 %"),
        (3_725_123_456, "duration", "1 h 2 min 5 s"),
        (1_500_000, "duration", "1 s 500 ms"),
    ],
)
def test_values_are_rounded_for_people(value, kind, text):
    assert value_in_words(value, kind) == text


HOSTILE = "<script>alert(1)</script>\x1b[31m & \u202e"


class Study(Shown):
    def _sheets(self):
        return [Sheet(HOSTILE, [HOSTILE, "mean"], [[HOSTILE, "1"]], [HOSTILE])]


def test_html_shows_text_as_text():
    drawn = Study()._repr_html_()
    assert "<script" not in drawn
    assert drawn.count("&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m &amp; \\u202e") == 4
    assert "\x1b" not in str(Study()) + repr(Study())


def test_text_tables_do_not_steer_a_terminal():
    drawn = text_table(["name", HOSTILE], [["a", "1"], ["bc", "12"]])
    assert "\x1b" not in drawn
    assert "\u202e" not in drawn
    assert [line.split()[0] for line in drawn.splitlines()] == ["name", "a", "bc"]
