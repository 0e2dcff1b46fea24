"""The plots: their numbers against the outbox at any instant, and their artists against their numbers."""

from __future__ import annotations

import sys
from collections import Counter

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.patches import StepPatch

from outboxsim.analysis import Result
from outboxsim.analysis.lives import email_life
from outboxsim.analysis.plot_style import STATUS_COLOURS, Labels, date, legend_rows, new_axes, plain_text
from outboxsim.analysis.plots import attempts_per_minute, email_strip, outbox_sizes, retry_schedule
from outboxsim.analysis.run_plots import MOST_STEPS
from outboxsim.analysis.sizes import BIN_WIDTHS, IN_OUTBOX, MOST_BINS, Attempted, attempt_counts, bin_width, size_by_status
from outboxsim.engine import Simulation
from outboxsim.outbox import SendStatus
from outboxsim.retry import PRESETS, RetryPattern
from tests.engine.conftest import email, minutes, scenario_of

EVIL = r"50 $\frac{1}{2}$ \n" + "\u202e<b>\x1b[31m"


def busy(seed=1, **keys):
    """A morning with failures, an outage, a closed connector, and people."""
    return scenario_of(
        **{
            "time_zone": "Europe/Berlin",
            "horizon": "3 h",
            "connectors": {
                "main": {"default": True, "latency": "20 s", "transient_failure": 0.3, "permanent_failure": 0.1, "capacity": 3},
                "spare": {"breaker": {"failures": 2, "open_for": "5 min"}, "outages": [{"from": "30 min", "for": "20 min"}]},
            },
            "users": {"cy": {"admin": True, "access": "all"}, "lena": {"undo_window": "2 min"}},
            "emails": [email("m1", "0 s", send_at="90 min"), email("m2", "10 min", migrated=True), email("m3", "1 min", subject=EVIL)],
            "traffic": [
                {"name": "a", "from": ["lena", "udo"], "arrivals": {"poisson": "30 per h"}},
                {"name": "b", "from": ["tom"], "via": "spare", "arrivals": {"poisson": "20 per h"}},
            ],
            "timeline": [
                {"at": "60 min", "disable": "main", "by": "cy"},
                {"at": "80 min", "enable": "main", "by": "cy"},
                {"at": "80 min", "retry": {"view": "all", "status": "connector_disabled"}, "by": "cy", "may_be_empty": True},
                {"at": "100 min", "cancel": {"view": "all", "status": "failed"}, "by": "cy", "may_be_empty": True},
            ],
            "seed": seed,
            **keys,
        }
    )


@pytest.fixture(scope="module")
def result():
    return Simulation(busy()).run()


@pytest.fixture(scope="module")
def empty():
    return Simulation(scenario_of()).run()


def counted(result, at):
    found = Counter(state.status for state in result.outbox(at))
    return {status: found.get(status, 0) for status in IN_OUTBOX}


def layers(axes):
    """Heights of the stacked layers by label, each without what it stands on."""
    return {
        patch.get_label(): np.nan_to_num(patch.get_data().values - patch.get_data().baseline)
        for patch in axes.patches
        if isinstance(patch, StepPatch)
    }


# Numbers


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**31), instants=st.lists(st.integers(0, minutes(180)), min_size=5, max_size=25))
def test_e4_sizes_are_those_of_the_outbox_at_any_instant(seed, instants):
    result = Simulation(busy(seed)).run()
    sizes = size_by_status(result)
    for instant in [*instants, *sizes.times[:: len(sizes.times) // 10].tolist(), 0, result.horizon]:
        assert sizes.at(instant) == counted(result, instant)


def test_sizes_of_tables_read_from_files_are_the_same(result, tmp_path):
    result.save(tmp_path)
    read = Result.load(tmp_path)
    for one, other in ((size_by_status(result), size_by_status(read)), (attempt_counts(result), attempt_counts(read))):
        assert np.array_equal(one.counts, other.counts)
        assert one.stretches == other.stretches
    assert email_life(result, "m1") == email_life(read, "m1")


def test_sizes_of_some_emails_and_of_the_others_add_up(result):
    chosen = (result.emails["from"] == "lena").to_numpy()
    some, others, every = (size_by_status(result, only=only) for only in (chosen, ~chosen, None))
    for instant in range(0, result.horizon, minutes(7)):
        for status in IN_OUTBOX:
            assert some.at(instant)[status] + others.at(instant)[status] == every.at(instant)[status]
    parts = [attempt_counts(result, only=only).counts for only in (chosen, ~chosen)]
    assert np.array_equal(sum(parts), attempt_counts(result).counts)


def test_before_the_start_there_is_nothing_and_a_thinned_curve_keeps_its_peak(result):
    sizes = size_by_status(result)
    assert set(sizes.at(-1).values()) == {0}
    thin = sizes.thinned(20)
    assert len(thin.times) <= 21
    assert thin.total.max() == sizes.total.max()
    assert thin.at(result.horizon) == sizes.at(result.horizon)
    assert thin.times[0] == 0


def test_every_attempt_is_counted_once_in_the_bin_of_its_start(result):
    counts = attempt_counts(result, width=minutes(10))
    assert counts.counts.sum() == len(result.attempts)
    outcome = result.attempts["outcome"]
    assert counts.counts[:, Attempted.ACCEPTED].sum() == (outcome == "accepted").sum()
    assert counts.counts[:, Attempted.FAILED].sum() == outcome.isin(["transient", "permanent"]).sum()
    assert counts.counts[:, Attempted.NOT_TRIED].sum() == outcome.isin(["suspended", "connector_disabled"]).sum()
    assert counts.counts[:, Attempted.UNDER_WAY].sum() == outcome.isna().sum()
    since = (result.attempts["started"] - result.clock.datetime(0)).dt.total_seconds() // 600
    assert counts.counts.sum(axis=1).tolist() == np.bincount(since.astype(int), minlength=18).tolist()


def test_bins_are_minutes_unless_they_would_be_too_many():
    assert bin_width(minutes(120)) == minutes(1)
    assert bin_width(minutes(121)) == minutes(2)
    assert bin_width(minutes(60 * 24 * 31)) == minutes(720)
    assert bin_width(1 << 60) == BIN_WIDTHS[-1]
    assert all(end <= bin_width(end) * MOST_BINS for end in range(0, minutes(60 * 24 * 300), minutes(1440)))


def test_a_width_that_is_none_is_refused(result):
    with pytest.raises(ValueError, match="is no width"):
        attempt_counts(result, width=0)


def test_outages_and_closed_times_are_told_and_may_be_limited_to_connectors(result):
    told = {(one.connector, one.state, one.begin, one.end) for one in size_by_status(result).stretches}
    assert told == {("main", "disabled", minutes(60), minutes(80)), ("spare", "outage", minutes(30), minutes(50))}
    assert {one.connector for one in size_by_status(result, connectors={"main"}).stretches} == {"main"}


def test_a_life_tells_statuses_without_gaps_and_every_attempt(result):
    for row in result.emails.itertuples():
        life = email_life(result, row.id)
        assert life.spans[0].begin == life.submitted
        assert all(
            one.end == other.begin and one.status is not other.status for one, other in zip(life.spans, life.spans[1:], strict=False)
        )
        assert life.spans[-1].end == result.horizon
        assert life.status.word == row.status
        assert len(life.attempts) == row.attempts
        assert (life.logged is None) == (row.logged is None or row.logged != row.logged)
        if life.logged is not None:
            assert result.clock.datetime(life.logged) == row.logged


def test_l3_a_migrated_email_was_logged_at_its_submission(result):
    assert email_life(result, "m2").logged == minutes(10)


def test_there_is_no_life_of_an_email_that_does_not_exist(result):
    with pytest.raises(KeyError, match="no email 'm99'"):
        email_life(result, "m99")


# Artists


def test_the_stack_shows_the_sizes(result):
    axes = outbox_sizes(result)
    sizes = size_by_status(result)
    drawn = layers(axes)
    for number, status in enumerate(IN_OUTBOX):
        assert np.array_equal(drawn[status.word.replace("_", " ").capitalize()], sizes.counts[:, number])
    patch = next(patch for patch in axes.patches if isinstance(patch, StepPatch))
    assert patch.get_data().edges[0] == date(result.clock, 0)
    assert patch.get_data().edges[-1] == date(result.clock, result.horizon)
    assert axes.get_ylim()[1] >= sizes.total.max()
    assert axes.get_ylabel() == "Emails in the outbox"
    assert axes.get_xlabel() == "Local time (Europe/Berlin)"


def test_a_status_has_one_colour_everywhere(result):
    stack = {patch.get_label(): patch.get_facecolor() for patch in outbox_sizes(result).patches if isinstance(patch, StepPatch)}
    strip = {patch.get_label(): patch.get_facecolor() for patch in email_strip(result, "m1").patches}
    assert stack["Queued"] == strip["Queued"] == mpl.colors.to_rgba(STATUS_COLOURS[SendStatus.QUEUED])


def test_the_x_axis_shows_local_times(result):
    axes = outbox_sizes(result)
    axes.figure.canvas.draw()
    assert "10:00" in [label.get_text() for label in axes.get_xticklabels()]  # 09:00 to 12:00 in Berlin


def test_outages_are_shaded_and_disabled_connectors_hatched(result):
    spans = [patch for patch in outbox_sizes(result).patches if not isinstance(patch, StepPatch)]
    drawn = {(patch.get_label(), patch.get_x(), bool(patch.get_hatch())) for patch in spans}
    assert drawn == {
        ("_outage", date(result.clock, minutes(30)), False),
        ("_disabled", date(result.clock, minutes(60)), True),
    }


def test_a_long_run_is_drawn_with_a_bounded_number_of_steps():
    scenario = scenario_of(
        connectors={"main": {"latency": "1 s"}}, traffic=[{"name": "a", "from": ["lena"], "arrivals": {"poisson": "400 per h"}}]
    )
    result = Simulation(scenario).run()
    assert len(size_by_status(result).times) > MOST_STEPS
    assert max(len(heights) for heights in layers(outbox_sizes(result)).values()) <= MOST_STEPS + 1


def test_bars_show_the_attempts_and_the_label_says_their_width(result):
    axes = attempts_per_minute(result)
    counts = attempt_counts(result)
    assert axes.get_ylabel() == "Attempts per 2 min"
    assert np.array_equal(layers(axes)["Failed"], counts.counts[:, Attempted.FAILED])
    assert axes.get_xlim()[1] >= date(result.clock, result.horizon)


@pytest.mark.parametrize(
    ("width", "text"), [(1, "min"), (5, "5 min"), (60, "h"), (180, "3 h"), (1440, "d"), (7 * 1440, "7 d"), (1.5, "1 min 30 s")]
)
def test_the_width_of_bars_is_said_as_people_say_it(result, width, text):
    assert attempts_per_minute(attempt_counts(result, width=minutes(width))).get_ylabel() == f"Attempts per {text}"


def test_the_strip_shows_undo_window_schedule_and_log(result):
    axes = email_strip(result, "m1")
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert {"Undo window", "Scheduled for"} <= set(names)
    life = email_life(result, "m1")
    undo = next(patch for patch in axes.patches if patch.get_label() == "Undo window")
    assert (undo.get_x(), undo.get_width()) == pytest.approx(
        (date(result.clock, 0), date(result.clock, life.undo_until) - date(result.clock, 0))
    )
    lines = {line.get_label(): line.get_xdata()[0] for line in axes.lines if line.get_label() in ("Scheduled for", "Logged")}
    assert lines["Scheduled for"] == date(result.clock, minutes(90))
    assert email_strip(result, "m2").get_legend().get_texts()[-1].get_text() == "Logged"


def test_the_strip_marks_each_attempt_by_its_outcome(result):
    busiest = result.emails.sort_values("attempts").iloc[-1]["id"]
    marks = {
        line.get_label(): len(line.get_xdata()) for line in email_strip(result, busiest).lines if line.get_marker() not in ("None", None)
    }
    expected = Counter(
        str(mark.outcome).replace("_", " ").capitalize() if mark.outcome is not None else "Under way"
        for mark in email_life(result, busiest).attempts
    )
    assert marks == dict(expected)


def test_g8_text_of_emails_is_drawn_as_text(result):
    axes = email_strip(result, "m3")
    title = axes.title if axes.title.get_text() else axes._left_title
    assert r"$\frac{1}{2}$ \n" in title.get_text()
    assert not title.get_parse_math()
    assert "\x1b" not in title.get_text()
    assert "\u202e" not in title.get_text()
    axes.figure.canvas.draw()  # invalid mathematics would raise here


def test_g8_names_of_connectors_are_drawn_as_text():
    name = r"$\evil{$ a"
    scenario = scenario_of(connectors={name: {"outages": [{"from": "1 h", "for": "1 h"}]}})
    axes = outbox_sizes(Simulation(scenario).run())
    assert name in [text.get_text() for text in axes.texts]
    assert not any(text.get_parse_math() for text in axes.texts)
    axes.figure.canvas.draw()


def test_g8_what_the_font_lacks_is_a_box_and_long_text_is_cut():
    assert plain_text("Größe 中 \N{SNOWMAN}") == "Größe \N{WHITE SQUARE} \N{SNOWMAN}"
    assert len(plain_text("x" * 500)) == 70


# What may be missing


def test_an_empty_run_is_drawn_too(empty):
    assert set(size_by_status(empty).at(0).values()) == {0}
    assert attempt_counts(empty).counts.sum() == 0
    for axes in (outbox_sizes(empty), attempts_per_minute(empty)):
        axes.figure.canvas.draw()
        assert axes.get_ylim() == (0, 1)


def test_a_run_that_has_not_begun_is_drawn_too():
    result = Simulation(busy()).result
    for axes in (outbox_sizes(result), attempts_per_minute(result), email_strip(result, "m1")):
        axes.figure.canvas.draw()
        assert axes.get_xlim()[0] < axes.get_xlim()[1]


def test_an_attempt_under_way_has_a_bar_and_a_mark_of_its_own():
    simulation = Simulation(scenario_of(connectors={"main": {"latency": "1 h"}}, emails=[email("m1")]))
    simulation.run_until("30 min")
    assert "Under way" in layers(attempts_per_minute(simulation.result))
    assert [line.get_label() for line in email_strip(simulation.result, "m1").lines if line.get_marker() == ">"] == ["Under way"]


# Style


def test_plots_leave_the_global_state_alone_and_take_given_axes(result):
    before = dict(mpl.rcParams)
    given_axes = new_axes()
    assert outbox_sizes(result, given_axes) is given_axes
    assert dict(mpl.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_plots_speak_other_languages(result):
    german = Labels(outbox="E-Mails im Postausgang", statuses={status: status.word.upper() for status in SendStatus})
    axes = outbox_sizes(result, labels=german)
    assert axes.get_ylabel() == "E-Mails im Postausgang"
    assert [text.get_text() for text in axes.get_legend().get_texts()][:4] == ["QUEUED", "PENDING_RETRY", "CONNECTOR_DISABLED", "FAILED"]


# Retry patterns


@pytest.mark.parametrize("name", list(PRESETS))
def test_the_schedule_of_every_preset_is_drawn(name):
    schedule = PRESETS[name].schedule()
    axes = retry_schedule(schedule)
    axes.figure.canvas.draw()
    median = next(line for line in axes.lines if line.get_label() == "Median")
    rows = [row for row in schedule if axes.get_xscale() == "linear" or row.attempt > 1]
    assert list(median.get_xdata()) == [row.median / 1e6 for row in rows]
    assert list(median.get_ydata()) == [row.attempt for row in rows]
    if schedule.has_jitter:
        spread = next(one for one in axes.collections if one.get_label() == "Earliest to latest")
        assert [(segment[0][0], segment[1][0]) for segment in spread.get_segments()] == [
            (row.minimum / 1e6, row.maximum / 1e6) for row in rows
        ]


def test_a_pattern_that_never_retries_is_drawn_too():
    axes = retry_schedule(RetryPattern(["1 min"], max_attempts=1).schedule())
    axes.figure.canvas.draw()
    assert axes.get_xscale() == "linear"


def test_a_legend_that_is_too_wide_has_rows_and_the_title_stays_above_it(result):
    labels = Labels(statuses={status: status.word * 9 for status in SendStatus})
    axes = email_strip(result, "m1", labels=labels)
    assert legend_rows(axes) > 1
    renderer = axes.figure.canvas.get_renderer()
    axes.figure.canvas.draw()
    box = axes.get_legend().get_window_extent(renderer)
    assert box.x1 <= axes.figure.bbox.x1
    assert axes._left_title.get_window_extent(renderer).y0 >= box.y1 - 4
    assert legend_rows(new_axes()) == 0
