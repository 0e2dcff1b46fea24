"""Durations, moments, rates, shares and random durations (spec/scenario.md section 1)."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outboxsim.errors import QuantityError
from outboxsim.quantities import (
    LONGEST,
    Clock,
    Constant,
    Empirical,
    Exponential,
    Gamma,
    Lognormal,
    Rate,
    Triangular,
    Uniform,
    Weibull,
    format_duration,
    parse_duration,
    parse_rate,
    parse_share,
)

S = 1_000_000
MIN, H, D = 60 * S, 3600 * S, 86_400 * S

# Durations ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("90 s", 90 * S),
        ("5 min", 5 * MIN),
        ("1 h 30 min", 90 * MIN),
        ("2 d", 2 * D),
        ("250 ms", 250_000),
        ("1 w", 7 * D),
        ("0 s", 0),
        ("1h30min", 90 * MIN),
        ("1.5 h", 90 * MIN),
        ("1 w 2 d 3 h 4 min 5 s 6 ms", 9 * D + 3 * H + 4 * MIN + 5 * S + 6_000),
        ("0.001 ms", 1),
        ("0.0005 ms", 1),  # half up
        ("0.0004 ms", 0),
        (" 5 min ", 5 * MIN),
        ("90 min", 90 * MIN),
        ("PT5M", 5 * MIN),
        ("PT0.25S", 250_000),
        ("P1D", D),
        ("P1W", 7 * D),
        ("P1W2DT3H4M5S", 9 * D + 3 * H + 4 * MIN + 5 * S),
        ("36500 d", LONGEST),
    ],
)
def test_durations_are_read(text, micros):
    assert parse_duration(text) == micros


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("5", "'5' has no unit; write for example '5 s' or '5 min'"),
        ("-5 min", "is negative"),
        ("-PT5M", "is negative"),
        ("P1M", "months and years differ in length"),
        ("P1Y2M", "months and years differ in length"),
        ("1 month", "months and years differ in length"),
        ("2 years", "months and years differ in length"),
        ("", "'' is no duration; write for example '2 s', '90 s' or '1 h 30 min'"),
        ("P", "is no duration"),
        ("PT", "is no duration"),
        ("P1DT", "is no duration"),
        ("pt5m", "is no duration"),
        ("2 parsec", "is no duration"),
        ("5 minutes", "is no duration"),
        ("5 Min", "is no duration"),
        ("5 m", "is no duration"),
        ("1,5 h", "is no duration"),
        ("٥ s", "is no duration"),
        ("30 min 1 h", "the largest first"),
        ("1 s 1 s", "each unit once"),
        ("36501 d", "more than 100 years"),
        ("9" * 70 + " s", "more than 100 years"),
        ("9" * 5000, "is no duration"),
        ("1 s " * 5000, "is no duration"),
    ],
)
def test_other_durations_are_refused(text, part):
    with pytest.raises(QuantityError) as caught:
        parse_duration(text)
    assert part in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "0 s"),
        (90 * MIN, "1 h 30 min"),
        (16 * MIN, "16 min"),
        (250_000, "250 ms"),
        (1, "0.001 ms"),
        (1_500, "1.5 ms"),
        (7 * D, "7 d"),
        (S + 1, "1 s 0.001 ms"),
        (-90 * S, "-1 min 30 s"),
    ],
)
def test_durations_are_written(micros, text):
    assert format_duration(micros) == text


@given(st.integers(0, LONGEST))
def test_a_written_duration_reads_as_itself(micros):
    assert parse_duration(format_duration(micros)) == micros


# Shares and rates -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "share"),
    [("5 %", 0.05), ("5%", 0.05), (0.05, 0.05), ("0.05", 0.05), (0, 0.0), (1, 1.0), ("100 %", 1.0), ("0.1 %", 0.001), ("2.5 %", 0.025)],
)
def test_shares_are_read(written, share):
    assert parse_share(written) == share


@pytest.mark.parametrize("written", ["101 %", 1.01, 2, -1, "-5 %", "x", "", "5", math.nan, math.inf, True, None, [1], 10**100, "5 %" * 100])
def test_other_shares_are_refused(written):
    with pytest.raises(QuantityError, match="share"):
        parse_share(written)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("40 per h", Rate(40, H)),
        ("2 per s", Rate(2, S)),
        ("30 per min", Rate(30, MIN)),
        ("5 per d", Rate(5, D)),
        ("0.5 per h", Rate(0.5, H)),
        ("0 per h", Rate(0, H)),
    ],
)
def test_rates_are_read(text, rate):
    assert parse_rate(text) == rate


def test_a_rate_per_hour():
    assert parse_rate("2 per min").per_hour == 120


@pytest.mark.parametrize("text", ["40", "40 per week", "per h", "-1 per h", "40/h", "40 per h x", "", 40, "1" * 200 + " per h"])
def test_other_rates_are_refused(text):
    with pytest.raises(QuantityError, match="is no rate; write for example '40 per h'"):
        parse_rate(text)


# Clocks and moments ---------------------------------------------------------------------------------------------------------------------

BERLIN = Clock("2026-03-28T09:00:00", "Europe/Berlin")  # the day before summer time begins


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("5 min", "2026-03-28T09:05:00+01:00"),
        ("PT5M", "2026-03-28T09:05:00+01:00"),
        ("0 s", "2026-03-28T09:00:00+01:00"),
        ("start", "2026-03-28T09:00:00+01:00"),
        ("end", "2026-03-28T17:00:00+01:00"),
        ("09:00", "2026-03-28T09:00:00+01:00"),
        ("10:30", "2026-03-28T10:30:00+01:00"),
        ("9:30", "2026-03-28T09:30:00+01:00"),
        ("10:30:15", "2026-03-28T10:30:15+01:00"),
        ("08:59:59", "2026-03-29T08:59:59+02:00"),
        ("day 1 10:30", "2026-03-28T10:30:00+01:00"),
        ("day 2 09:00", "2026-03-29T09:00:00+02:00"),
        ("day 2 03:00", "2026-03-29T03:00:00+02:00"),
        ("1 d", "2026-03-29T10:00:00+02:00"),  # 24 h, one of which daylight saving skips
        ("2026-03-28T12:00:00", "2026-03-28T12:00:00+01:00"),
        ("2026-03-28T12:00", "2026-03-28T12:00:00+01:00"),
        ("2026-03-28 12:00", "2026-03-28T12:00:00+01:00"),
        ("2026-03-28T12:00:00.25", "2026-03-28T12:00:00.250000+01:00"),
        ("2026-03-28T12:00:00.0000005", "2026-03-28T12:00:00.000001+01:00"),
        ("2026-03-28T12:00:00Z", "2026-03-28T13:00:00+01:00"),
        ("2026-03-29T02:30:00+01:00", "2026-03-29T03:30:00+02:00"),
        (" 10:30 ", "2026-03-28T10:30:00+01:00"),
    ],
)
def test_moments_are_read(text, local):
    assert BERLIN.iso(BERLIN.moment(text, horizon=8 * H)) == local


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("banana", "'banana' is no moment; write for example '5 min' (since the start), '10:30', 'day 2 09:00'"),
        ("25:00", "is no moment"),
        ("24:00", "is no moment"),
        ("10:60", "is no moment"),
        ("5", "has no unit"),
        ("-5 min", "is negative"),
        ("P1M", "months"),
        ("2026-03-28", "has no time of day; write for example '2026-03-28T10:30:00'"),
        ("day 0 10:00", "days count from 1"),
        ("day 1 08:00", "is before the start (2026-03-28T09:00:00+01:00)"),
        ("day 99999 10:00", "more than 100 years after the start"),
        ("day " + "9" * 90 + " 10:00", "is no moment"),
        ("2026-03-28T08:59:59", "is before the start"),
        ("2126-06-01T00:00:00", "more than 100 years after the start"),
        ("2026-13-01T00:00:00", "no instant of the calendar"),
        ("0001-01-01T00:00:00+05:00", "no instant of the calendar"),
        ("0001-01-01T00:00:00", "no instant of the calendar"),
        ("end", "'end' is not known here"),
    ],
)
def test_other_moments_are_refused(text, part):
    with pytest.raises(QuantityError) as caught:
        BERLIN.moment(text)
    assert part in str(caught.value)


@pytest.mark.parametrize("text", ["02:30", "day 2 02:30", "2026-03-29T02:30:00"])
def test_a_local_time_that_daylight_saving_skips_is_refused(text):
    with pytest.raises(QuantityError, match=r"does not exist on 2026-03-29: daylight saving skips it in Europe/Berlin"):
        BERLIN.moment(text)


@pytest.mark.parametrize("text", ["02:30", "day 2 02:30", "2026-10-25T02:30:00"])
def test_a_local_time_that_daylight_saving_repeats_is_refused(text):
    with pytest.raises(
        QuantityError, match=r"happens twice on 2026-10-25: .* write '2026-10-25T02:30:00\+02:00' or '2026-10-25T02:30:00\+01:00'"
    ):
        Clock("2026-10-24T09:00:00", "Europe/Berlin").moment(text)


@pytest.mark.parametrize(
    ("start", "text", "local"),
    [
        ("2026-10-25T02:30:00+01:00", "02:15", "2026-10-26T02:15:00+01:00"),  # both have passed
        ("2026-10-25T03:30:00", "02:30", "2026-10-26T02:30:00+01:00"),
        ("2026-03-29T03:30:00", "02:30", "2026-03-30T02:30:00+02:00"),  # the skipped one has passed
        ("2026-10-25T02:15:00+02:00", "02:30", None),
        ("2026-10-25T02:30:00+02:00", "02:15", None),  # the second one is still to come
        ("2026-10-25T02:30:00+01:00", "02:45", None),
        ("2026-03-29T01:30:00", "02:30", None),
    ],
)
def test_the_day_meant_is_that_of_the_first_such_time(start, text, local):
    clock = Clock(start, "Europe/Berlin")
    if local is None:
        with pytest.raises(QuantityError, match="daylight saving"):
            clock.moment(text)
    else:
        assert clock.iso(clock.moment(text)) == local


@pytest.mark.parametrize(
    ("start", "zone", "part"),
    [
        ("2026-03-29T02:30:00", "Europe/Berlin", "skips it"),
        ("2026-10-25T02:30:00", "Europe/Berlin", "happens twice"),
        ("yesterday", "UTC", "is no ISO instant"),
        (None, "UTC", "is no ISO instant"),
        ("2300-01-01T00:00", "UTC", "between the years 1900 and 2200"),
        ("2026-01-01T00:00", "europe/berlin", "is no time zone"),
        ("2026-01-01T00:00", "../etc/passwd", "is no time zone"),
        ("2026-01-01T00:00", "right/UTC", "is no time zone"),
        ("2026-01-01T00:00", "localtime", "is no time zone"),
        ("2026-01-01T00:00", "Europe", "is no time zone"),
        ("2026-01-01T00:00", "", "is no time zone"),
        ("2026-01-01T00:00", "+01:00", "is no time zone"),
        ("2026-01-01T00:00", "x" * 500, "is no time zone"),
        ("2026-01-01T00:00", 5, "is no time zone"),
    ],
)
def test_other_starts_are_refused(start, zone, part):
    with pytest.raises(QuantityError) as caught:
        Clock(start, zone)
    assert part in str(caught.value)


def test_a_clock_with_an_offset_shows_local_times():
    clock = Clock("2026-03-02T08:00:00Z", "Europe/Berlin")
    assert clock.iso(0) == "2026-03-02T09:00:00+01:00"
    assert clock.datetime(1).isoformat() == "2026-03-02T09:00:00.000001+01:00"
    assert clock.epoch_us == 1_772_438_400_000_000
    assert clock == Clock("2026-03-02T09:00:00", "Europe/Berlin") == pickle.loads(pickle.dumps(clock)) == copy.deepcopy(clock)
    assert Clock(clock.iso(0), clock.time_zone) == clock


def test_clock_times_name_the_date_on_other_days():
    assert BERLIN.clock_time(16 * MIN) == "09:16:00"
    assert BERLIN.clock_time(D) == "2026-03-29 10:00:00"
    assert BERLIN.clock_time(1) == "09:00:00.000001"


def test_daily_windows_are_cut_to_the_run_and_one_that_holds_the_horizon_includes_it():
    assert BERLIN.local_windows("10:00", "12:00", 47 * H) == [(H, 3 * H), (D, 26 * H)]
    assert BERLIN.local_windows("10:00", "12:00", 2 * D) == [(H, 3 * H), (D, 26 * H), (48 * H, 48 * H + 1)]
    assert BERLIN.local_windows("08:00", "17:00", D) == [(0, 8 * H), (22 * H, 24 * H + 1)]
    assert BERLIN.local_windows("08:00", "17:00", 8 * H) == [(0, 8 * H)]  # half-open: the horizon is not in it


def test_windows_over_midnight_wrap():
    assert BERLIN.local_windows("22:00", "10:00", D) == [(0, H), (13 * H, 24 * H)]
    assert BERLIN.local_windows("22:00", "09:00", H) == []


def test_a_window_whose_time_is_skipped_on_a_day_that_counts_is_refused():
    with pytest.raises(QuantityError, match="'02:30' does not exist on 2026-03-29"):
        BERLIN.local_windows("02:30", "10:00", D)
    assert BERLIN.local_windows("02:30", "10:00", H) == [(0, H)]
    with pytest.raises(QuantityError, match="are the same time"):
        BERLIN.local_windows("10:00", "10:00", H)


def test_hours_follow_the_local_clock():
    hours = BERLIN.hours_until(D)
    assert [hour for _, _, hour, _ in hours] == [*range(9, 24), 0, 1, *range(3, 10)]
    assert all(is_weekend for _, _, _, is_weekend in hours)
    assert hours[0] == (0, H, 9, True)
    assert [(until - start) for start, until, _, _ in hours] == [H] * 24
    monday = Clock("2026-03-02T09:30:00", "Europe/Berlin").hours_until(H)
    assert monday == [(0, 30 * MIN, 9, False), (30 * MIN, H, 10, False)]


def test_hours_with_half_an_hour_of_daylight_saving():
    hours = Clock("2026-04-04T14:00:00", "Australia/Lord_Howe").hours_until(14 * H)
    ones = [(until - start, hour) for start, until, hour, _ in hours if hour == 1]
    assert ones == [(H, 1), (30 * MIN, 1)]
    eight = Clock("2026-10-03T14:00:00", "Australia/Lord_Howe").hours_until(14 * H)
    assert [(until - start, hour) for start, until, hour, _ in eight if hour == 2] == [(30 * MIN, 2)]


# Random durations -----------------------------------------------------------------------------------------------------------------------

ALL = [
    Constant(5 * S),
    Exponential(8 * H),
    Lognormal(2 * S, 6 * S),
    Uniform(S, 3 * S),
    Triangular(S, 2 * S, 3 * S),
    Triangular(S, S, S),
    Weibull(H, 1.5),
    Gamma(H, 2.0),
    Empirical((S, 2 * S, 5 * S)),
]


@pytest.mark.parametrize("duration", ALL, ids=str)
def test_draws_have_the_mean_of_their_distribution(duration):
    draws = duration.draw(np.random.default_rng(7), 40_000)
    assert draws.dtype == np.float64
    assert draws.min() >= 0
    assert abs(draws.mean() - duration.mean) <= 5 * draws.std() / 200
    assert duration.is_constant == isinstance(duration, Constant)


def test_a_lognormal_has_its_quantiles():
    draws = Lognormal(2 * S, 6 * S).draw(np.random.default_rng(7), 100_000)
    assert np.quantile(draws, [0.5, 0.95]) == pytest.approx([2 * S, 6 * S], rel=0.03)


def test_heavy_tails_are_cut_at_100_years():
    tail = Weibull(H, 0.001)
    draws = tail.draw(np.random.default_rng(7), 1000)
    assert np.isfinite(draws).all()
    assert draws.max() == LONGEST
    assert tail.mean == math.inf


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: Constant(-1), "value has to be 0 or more, and is '-0.001 ms'"),
        (lambda: Exponential(0), "mean has to be above 0, and is '0 s'"),
        (lambda: Lognormal(2 * S, S), "median has to be at most p95, and they are '2 s' and '1 s'"),
        (lambda: Uniform(2 * S, S), "low has to be at most high"),
        (lambda: Triangular(S, 3 * S, 2 * S), "mode has to be at most high"),
        (lambda: Weibull(S, 0.0), "shape has to be above 0, and is 0.0"),
        (lambda: Weibull(S, math.inf), "shape has to be above 0, and is inf"),
        (lambda: Gamma(S, -1.0), "shape has to be above 0"),
        (lambda: Empirical(()), "at least one duration"),
        (lambda: Empirical((1, -1)), "durations of 0 or more"),
    ],
)
def test_impossible_random_durations_are_refused(make, part):
    with pytest.raises(QuantityError) as caught:
        make()
    assert part in str(caught.value)
