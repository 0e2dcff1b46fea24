"""The schedule of a pattern as a table."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from outboxsim.retry import PRESETS, Exponential, Fixed, Full, Grid, PatternInvalid, Plus, RetryPattern, Row, Table

from .conftest import DAY, HOUR, MINUTE, SECOND


def test_without_jitter_the_three_instants_are_one():
    schedule = RetryPattern(["1 min", "5 min"]).schedule()
    assert list(schedule) == [Row(1, 0, 0, 0), Row(2, MINUTE, MINUTE, MINUTE), Row(3, 6 * MINUTE, 6 * MINUTE, 6 * MINUTE)]
    assert schedule.gives_up
    assert not schedule.cut
    assert not schedule.has_jitter


def test_is_a_sequence():
    schedule = RetryPattern(["1 min", "5 min"]).schedule()
    assert len(schedule) == 3
    assert schedule[1].median == MINUTE
    assert [row.attempt for row in schedule[1:]] == [2, 3]


def test_ends_where_the_median_passes_until():
    schedule = RetryPattern(Fixed("1 h")).schedule(until="3 h")
    assert [row.median for row in schedule] == [0, HOUR, 2 * HOUR, 3 * HOUR]
    assert not schedule.gives_up
    assert not schedule.cut
    assert schedule.ending == "goes on after 3 h"


def test_is_cut_at_its_limit_and_says_so():
    schedule = RetryPattern(Fixed("1 s")).schedule(max_rows=5)
    assert len(schedule) == 5
    assert schedule.cut
    assert not schedule.gives_up
    assert schedule.ending == "cut after 5 attempts"


def test_a_limit_that_just_suffices_cuts_nothing():
    schedule = RetryPattern(["1 min"]).schedule(max_rows=2)
    assert (len(schedule), schedule.cut, schedule.gives_up) == (2, False, True)


def test_minimum_and_maximum_are_exact():
    rows = RetryPattern(["10 s"] * 3, jitter=Plus("6 s")).schedule()
    assert [(row.minimum, row.maximum) for row in rows] == [(n * 10 * SECOND, n * 16 * SECOND) for n in range(4)]


def test_the_median_of_a_sum():
    last = RetryPattern(["10 s"] * 9, jitter=Full()).schedule()[-1]
    assert last.minimum == 9
    assert last.median == pytest.approx(45 * SECOND, rel=0.03)
    assert last.maximum == 90 * SECOND


def test_the_median_of_one_draw():
    row = RetryPattern(["10 s"], jitter=Full()).schedule()[1]
    assert row.median == pytest.approx(5 * SECOND, rel=0.1)


def test_extremes_hold_where_the_order_turns_round():
    """With a grid a late draw falls just before a point, and the next retry comes at once: the latest path is no path of ones."""
    for row in RetryPattern(Grid("10 s", 1), jitter=Full(), max_attempts=6).schedule():
        assert row.minimum <= row.median <= row.maximum


def test_emails_that_gave_up_count_no_more():
    schedule = RetryPattern(Fixed("10 s"), jitter=Full(), max_age="30 s").schedule(until="1 h", max_rows=2000)
    assert schedule[3].minimum == 3
    assert schedule[3].maximum == pytest.approx(30 * SECOND)
    assert schedule[-1].maximum < 40 * SECOND


def test_rows_that_only_the_earliest_email_reaches_have_a_median_too():
    schedule = RetryPattern(Fixed("10 s"), jitter=Full(), max_age="5 s").schedule(max_rows=200)
    assert schedule.cut
    assert schedule[-1] == Row(200, 199, 199, 199)


def test_the_same_pattern_gives_the_same_table():
    assert PRESETS["celery"].schedule() == PRESETS["celery"].schedule()


def test_clock_and_scan_presets_have_one():
    assert [row.median // SECOND for row in PRESETS["postfix"].schedule(until="1 h")] == [0, 300, 600, 1200, 2400]


def test_text():
    assert str(RetryPattern(["90 s", "5 min"], name="two").schedule()).splitlines() == [
        "two",
        "attempt          at       delay",
        "      1         0 s",
        "      2  1 min 30 s  1 min 30 s",
        "      3  6 min 30 s       5 min",
        "then gives up",
    ]


def test_text_with_jitter_has_three_columns_and_no_microseconds():
    lines = str(RetryPattern(Exponential("1 h"), jitter=Full(), max_attempts=3).schedule()).splitlines()
    assert lines[0] == "RetryPattern(Exponential('1 h'), jitter=Full(), max_attempts=3)"
    assert lines[1].split() == ["attempt", "minimum", "median", "maximum"]
    assert re.fullmatch(r" +2 +0\.001 ms +\d+ min( \d+ s)? +1 h", lines[3])
    assert lines[-1] == "then gives up"


def test_html_is_escaped():
    page = RetryPattern(["1 min"], name="<script>alert(1)</script>").schedule()._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert page.count("<tr>") == 3


def test_frame():
    frame = RetryPattern(["1 min", "5 min"]).schedule().to_frame()
    assert list(frame.columns) == ["attempt", "minimum", "median", "maximum"]
    assert [str(kind) for kind in frame.dtypes] == ["int64", "timedelta64[us]", "timedelta64[us]", "timedelta64[us]"]
    assert frame["median"].tolist()[1].total_seconds() == 60


def test_long_delays_fit():
    assert RetryPattern(Exponential("1 d", 100)).schedule(until="36500 d")[-1].median == (1 + 100 + 10_000) * DAY


@pytest.mark.parametrize(("until", "max_rows", "locs"), [("0 s", 0, [("until",), ("max_rows",)]), ("soon", 5, [("until",)])])
def test_faults(until, max_rows, locs):
    with pytest.raises(PatternInvalid) as caught:
        RetryPattern(Table("1 s")).schedule(until, max_rows=max_rows)
    assert [loc for loc, _ in caught.value.faults] == locs


def test_patterns_are_there_without_numpy_and_pandas():
    script = "import sys, outboxsim.retry as r; r.PRESETS['postfix'].schedule(); assert not {'numpy', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
