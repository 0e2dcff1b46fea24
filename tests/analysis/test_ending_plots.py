"""Plots of endings, storms and differences: their artists against the numbers they show."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from outboxsim.analysis import plots
from outboxsim.analysis.incidence import standard_errors
from outboxsim.analysis.outage_costs import StormMark, storms_of
from outboxsim.analysis.plot_style import STATUS_COLOURS, date, new_axes
from outboxsim.analysis.selection import Selected
from outboxsim.analysis.sizes import attempt_counts
from outboxsim.analysis.svg import inline_svg
from outboxsim.engine import Simulation
from outboxsim.outbox import SendStatus
from tests.analysis.test_report import busy
from tests.engine.conftest import minutes, scenario_of
from tests.test_markup import EVIL, NAME, assert_harmless


@pytest.fixture(scope="module")
def result():
    return Simulation(busy()).run()


@pytest.fixture(scope="module")
def stormy():
    """Two connectors with outages; after each, emails that waited come all at once."""
    return Simulation(
        scenario_of(
            connectors={
                "main": {"default": True, "outages": [{"from": "2 h", "for": "1 h"}]},
                "spare": {"outages": [{"from": "5 h", "for": "10 min"}]},
            },
            retry=["10 min", "20 min", "30 min", "1 h"],
            traffic=[
                {"name": "a", "from": ["lena"], "arrivals": {"every": "20 s"}},
                {"name": "b", "from": ["tom"], "via": "spare", "arrivals": {"every": "30 min"}},
            ],
        )
    ).run()


@pytest.fixture(scope="module")
def empty():
    return Simulation(scenario_of()).run()


# Cumulative incidence


def test_each_ending_is_a_step_function_of_its_share(result):
    axes = plots.cumulative_incidence(result)
    selected = Selected(result)
    lines = {line.get_label(): line for line in axes.lines}
    assert set(lines) == {"Sent", "Failed", "Cancelled"}
    for status in (SendStatus.SENT, SendStatus.FAILED, SendStatus.CANCELLED):
        line, found = lines[status.word.capitalize()], selected.incidence_of(status)
        assert line.get_drawstyle() == "steps-post"
        assert line.get_ydata()[1:-1].tolist() == found.levels.tolist()
        assert line.get_xdata()[1:-1].tolist() == np.maximum(found.times / 1e6, 0.05).tolist()
        assert mpl.colors.to_hex(line.get_color()).upper() == STATUS_COLOURS[status]
    assert len({line.get_linestyle() for line in lines.values()}) == 3  # never by colour alone
    assert sum(line.get_ydata()[-1] for line in lines.values()) <= 1
    assert lines["Sent"].get_ydata()[-1] == pytest.approx(result.metric("delivered_within(2 d)"))
    assert (axes.get_xscale(), axes.get_ylabel(), axes.get_xlabel()) == ("log", "Share of emails", "Time since release")


def test_intervals_are_drawn_only_if_asked_for(result):
    assert not plots.cumulative_incidence(result).collections
    bands = plots.cumulative_incidence(result, confidence=0.95).collections
    assert len(bands) == 3
    selected = Selected(result)
    durations, statuses = selected.waits
    found = selected.incidence_of(SendStatus.SENT)
    half = 1.959964 * standard_errors(durations, statuses == SendStatus.SENT, statuses >= 0, found.times)
    heights = bands[0].get_paths()[0].vertices[:, 1]
    assert heights.max() == pytest.approx(min(1, (found.levels + half).max()), abs=1e-6)


# Histogram


def test_bars_count_emails_by_attempts_and_fate(result):
    axes = plots.attempts_histogram(result)
    emails = result.emails
    for container in axes.containers:
        name = container.get_label()
        fates = ["queued", "pending_retry", "connector_disabled"] if name == "In the outbox" else [name.lower()]
        own = emails[emails["status"].isin(fates)]
        assert [bar.get_height() for bar in container] == np.bincount(own["attempts"], minlength=int(emails["attempts"].max()) + 1).tolist()
    assert sum(bar.get_height() for bar in axes.patches) == len(emails)


def test_many_numbers_of_attempts_share_bars():
    scenario = scenario_of(
        connectors={"main": {"outages": [{"from": "0 s"}]}},
        retry={"fixed": "1 min"},
        emails=[{"id": "m1", "at": "0 s", "from": "lena", "to": "x@y.example"}],
    )
    result = Simulation(scenario).run()
    axes = plots.attempts_histogram(result)
    (attempts,) = result.emails["attempts"]
    assert attempts > 400
    (bar,) = [bar for bar in axes.patches if bar.get_height()]
    assert abs(bar.get_x() + bar.get_width() / 2 - attempts) <= bar.get_width() / 0.8 / 2
    assert len(axes.containers[0]) <= 41


# Heat map


@pytest.mark.parametrize("hours", ["across", "down"])
def test_cells_show_failures_by_connector_and_hour(result, hours):
    axes = plots.failure_heat_map(result, hours=hours)
    table = result.report().failures_by_hour.to_numpy()
    shown = table if hours == "across" else table.T
    (mesh,) = axes.collections
    assert mesh.get_array().reshape(shown.shape).tolist() == shown.tolist()
    numbers = {tuple(map(int, text.get_position()))[::-1]: int(text.get_text()) for text in axes.texts}
    assert numbers == {place: number for place, number in np.ndenumerate(shown) if number}
    ticks = axes.get_yticklabels() if hours == "across" else axes.get_xticklabels()
    assert [tick.get_text() for tick in ticks] == ["main", "spare", "closed"]


def test_g8_names_in_a_heat_map_are_text():
    scenario = scenario_of(connectors={r"$\evil{$ a": {"default": True}})
    axes = plots.failure_heat_map(Simulation(scenario).run())
    assert [tick.get_text() for tick in axes.get_yticklabels()] == [r"$\evil{$ a"]
    axes.figure.canvas.draw()


# Storms


def test_storms_are_marked_above_their_minutes(stormy):
    (storm,) = [one for one in storms_of(stormy) if one.connector == "main"]
    assert storm.storm.ratio == stormy.report().outages.set_index("connector").loc["main", "retry_storm"]
    axes = plots.attempts_per_minute(stormy)
    (marks,) = [line for line in axes.lines if line.get_marker() == "v"]
    assert marks.get_xdata()[0] == pytest.approx(date(stormy.clock, storm.storm.begin + minutes(0.5)))
    counts = attempt_counts(stormy)
    assert marks.get_ydata()[0] > counts.counts.sum(axis=1)[storm.storm.begin // counts.width]
    assert f"{storm.storm.ratio:.2g}×" in [text.get_text() for text in axes.texts] or f"{storm.storm.ratio:.0f}×" in [
        text.get_text() for text in axes.texts
    ]
    assert "Retry storm (times the usual rate)" in [text.get_text() for text in axes.get_legend().get_texts()]


def test_a_lone_attempt_after_a_quiet_hour_is_no_storm(stormy):
    assert [one.connector for one in storms_of(stormy)] == ["main"]  # one email of b in half an hour


def test_counts_alone_know_no_storms_but_take_those_given(stormy):
    counts = attempt_counts(stormy)
    assert not plots.attempts_per_minute(counts).lines
    given = [StormMark("main", one.storm) for one in storms_of(stormy)]
    assert len(plots.attempts_per_minute(counts, storms=given).lines) == 1
    assert not plots.attempts_per_minute(stormy, storms=[]).lines


# Forest


@pytest.fixture
def differences():
    rows = [
        ("postfix", "latency_p95", "s", -620.0, -700.0, -540.0),
        ("exim", "latency_p95", "s", 130.0, 90.0, 170.0),
        (r"$\evil{$", "latency_p95", "s", 33.0, -20.0, 86.0),
        ("flat", "latency_p95", "s", np.nan, np.nan, np.nan),
        ("postfix", "give_up_rate", "share", -0.01, -0.02, 0.0),
    ]
    columns = ["pattern", "metric", "unit", "difference", "low", "high"]
    return pd.DataFrame(rows, columns=columns).set_index(["pattern", "metric"])


def test_a_forest_shows_each_difference_with_its_interval(differences):
    axes = plots.difference_forest(differences, "latency_p95")
    means = {
        line.get_ydata()[0]: (line.get_xdata()[0], line.get_marker(), line.get_markerfacecolor())
        for line in axes.lines
        if line.get_label() == "_mean"
    }
    assert means == {0: (-620.0, "o", "#0072B2"), 1: (130.0, "s", "#D55E00"), 2: (33.0, "o", "white")}  # hollow: 0 is inside
    intervals = [list(line.get_xdata()) for line in axes.lines if line.get_label() == "_interval"]
    assert intervals == [[-700.0, -540.0], [90.0, 170.0], [-20.0, 86.0]]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["postfix", "exim", r"$\evil{$", "flat"]
    assert [text.get_text() for text in axes.texts][-1] == "no interval"
    assert axes.texts[0].get_text() == "-10 min 20 s  [-11 min 40 s, -9 min]"
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    axes.figure.canvas.draw()


def test_a_forest_needs_one_metric_and_its_columns(differences):
    with pytest.raises(ValueError, match="name one of latency_p95, give_up_rate"):
        plots.difference_forest(differences)
    with pytest.raises(ValueError, match="no difference of 'sent'"):
        plots.difference_forest(differences, "sent")
    with pytest.raises(ValueError, match="lacks low"):
        plots.difference_forest(differences.drop(columns="low"), "latency_p95")
    plain = differences.xs("give_up_rate", level="metric").drop(columns="unit").reset_index()
    assert plots.difference_forest(plain).get_xlabel() == "Difference"


# All of them


def test_runs_without_emails_are_drawn_too(empty):
    for plot in (plots.cumulative_incidence, plots.attempts_histogram, plots.failure_heat_map, plots.attempts_per_minute):
        plot(empty).figure.canvas.draw()


def test_plots_leave_the_global_state_alone_and_take_given_axes(result, differences):
    before = dict(mpl.rcParams)
    for plot in (plots.cumulative_incidence, plots.attempts_histogram, plots.failure_heat_map):
        given = new_axes()
        assert plot(result, given) is given
    given = new_axes()
    assert plots.difference_forest(differences, "latency_p95", given) is given
    inline_svg(given.figure, "a-", "title", "text")
    assert dict(mpl.rcParams) == before


# SVG


def test_a_figure_becomes_an_element_of_a_page():
    axes = new_axes()
    axes.set_title(EVIL.replace("\x1b", ""), parse_math=False)
    axes.bar([1], [2], hatch="//", label=NAME)
    page = inline_svg(axes.figure, "p-", EVIL, NAME)
    read = assert_harmless(page)
    assert "".join(read.words).count("<script>alert(1)</script>") == 2
    assert 'aria-labelledby="p-title p-text"' in page
    assert all(value.startswith("p-") for _, name, value in read.attributes if name == "id")
    assert "DOCTYPE" not in page
    assert "var(--ink)" in page or "var(--paper)" in page


def test_what_does_not_draw_is_left_out():
    figure = Figure(figsize=(2, 2))
    axes = figure.add_subplot()
    axes.imshow([[1, 2], [3, 4]])
    axes.text(0, 0, "click", url="javascript:alert(1)")
    page = inline_svg(figure, "q-", "t", "d")
    assert_harmless(page)
    assert "javascript" not in page
    assert "<image" not in page
