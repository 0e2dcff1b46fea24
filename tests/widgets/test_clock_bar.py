"""The clock of the page: every move, the way back, branches, and what the bar says."""

from __future__ import annotations

import math

import pytest

from outboxsim.widgets.clock_bar import MOST_PLACES, ClockBar
from outboxsim.widgets.desktop import Malformed
from outboxsim.widgets.nodes import find, plain, texts
from outboxsim.widgets.screens.clock import SLIDER_STEPS
from tests.widgets.stage import Stage

MINUTE = 60_000_000


@pytest.fixture
def stage():
    stage = Stage("lena")
    stage.bar = ClockBar(stage)
    stage.seat(stage.bar)
    return stage


def at(stage):
    return stage.session.elapsed / MINUTE


def jump(stage, moment):
    stage.do("clock.jump", form={"moment": moment})


# Moves


@pytest.mark.parametrize(
    ("moment", "minutes"),
    [("10:30", 90), ("90 min", 90), ("2026-03-02T09:05:00", 5), ("start", 0), ("end", 480), ("day 1 12:00", 180), (" 2 h ", 120)],
)
def test_a_jump_goes_to_any_moment_that_a_scenario_file_knows(stage, moment, minutes):
    jump(stage, moment)
    assert at(stage) == minutes
    assert stage.announced == []


@pytest.mark.parametrize("moment", ["", "half past ten", "18:00", "day 2 09:00", "-5 min", "08:00", "9 h", "<b>", "1" * 500])
def test_a_jump_elsewhere_says_why_and_moves_nothing(stage, moment):
    jump(stage, moment)
    assert at(stage) == 1
    [field] = find(stage.bar.screen(), "input", name="moment")
    assert field.attributes["aria-invalid"] == "true"
    [problem] = find(stage.bar.screen(), key="problem")
    assert texts(problem) == stage.announced[-1][1] != ""
    assert stage.announced[-1][0] == "error"


def test_a_jump_that_works_takes_the_problem_away(stage):
    jump(stage, "half past ten")
    jump(stage, "10:30")
    assert texts(find(stage.bar.screen(), key="problem")[0]) == ""


@pytest.mark.parametrize("moment", ["half past ten", "18:00"])
def test_problems_are_said_in_german(moment):
    stage = Stage("lena", language="de")
    bar = ClockBar(stage)
    stage.seat(bar)
    jump(stage, moment)
    assert "moment" not in stage.announced[-1][1]  # the exact reason is in English alone


def test_the_slider_covers_the_whole_run_and_goes_both_ways(stage):
    for step in (SLIDER_STEPS, 0, SLIDER_STEPS // 2, 1):
        stage.do("clock.slide", value=str(step))
        assert at(stage) == pytest.approx(480 * step / SLIDER_STEPS)
        [slider] = find(stage.bar.screen(), "input", type="range")
        assert slider.attributes["value"] == str(step)
        assert slider.attributes["aria-valuetext"] == stage.words.instant(stage.session, stage.session.elapsed)


@pytest.mark.parametrize("value", ["-1", "481", "x", "", None, True, "1e3", "²"])
def test_a_forged_place_of_the_slider_is_malformed(stage, value):
    with pytest.raises(Malformed):
        stage.do("clock.slide", value=value)
    assert at(stage) == 1


def test_one_event_goes_to_the_next_instant_at_which_something_happens(stage):
    stage.do("clock.step")
    assert at(stage) == 240  # the scheduled email is due


def test_a_step_to_my_next_change_skips_what_i_do_not_see():
    emails = [{"id": f"m{number}", "at": f"{number} min", "from": who, "to": "x@x.example"} for number, who in ((5, "udo"), (7, "lena"))]
    stage = Stage("lena", emails=emails)
    bar = ClockBar(stage)
    stage.seat(bar)
    stage.do("clock.step_to_change")
    assert at(stage) == 7


def test_without_any_further_change_it_says_so_at_the_end():
    stage = Stage("lena", emails=[])
    stage.seat(ClockBar(stage))
    stage.do("clock.step_to_change")
    assert at(stage) == 480
    assert stage.announced[-1][1].startswith("Nothing changes")


def test_speeds_are_chosen_and_kept(stage):
    stage.do("clock.speed", value="fastest")
    assert (stage.player.speed, stage.player.playing) == (math.inf, False)
    stage.do("clock.play")
    stage.do("clock.speed", value="60")
    assert (stage.player.speed, stage.player.playing) == (60.0, True)
    with pytest.raises(Malformed):
        stage.do("clock.speed", value="61")


def test_a_speed_that_python_set_is_shown_too(stage):
    stage.player.speed = 5.0
    [chosen] = find(find(stage.bar.screen(), "select", key="speed")[0], "option", selected=True)
    assert texts(chosen) == "5×"


def test_playing_and_pausing_is_one_button(stage):
    stage.do("clock.play")
    [button] = find(stage.bar.screen(), "button", key="play")
    assert "Pause" in texts(button)
    stage.do("clock.pause")
    [button] = find(stage.bar.screen(), "button", key="play")
    assert "Play" in texts(button)
    assert not stage.player.playing


@pytest.mark.parametrize("gesture", ["clock.step", "clock.step_to_change", "clock.back"])
def test_moving_by_hand_stops_the_clock(stage, gesture):
    jump(stage, "10:00")
    stage.do("clock.play")
    stage.session.run_until("70 min")
    stage.do(gesture)
    assert not stage.player.playing


# Back


def test_back_leads_through_all_places_in_turn(stage):
    jump(stage, "10:00")
    jump(stage, "12:00")
    stage.do("clock.slide", value="0")
    places = []
    while not find(stage.bar.screen(), key="clock.back")[0].attributes.get("disabled"):
        stage.do("clock.back")
        places.append(at(stage))
    assert places == [180, 60, 1]


def test_back_after_playing_leads_to_where_it_began(stage):
    stage.do("clock.play")
    stage.session.run_until("3 h")
    stage.do("clock.pause")
    stage.do("clock.back")
    assert at(stage) == 1


def test_back_first_leads_before_what_was_done_last(stage):
    jump(stage, "10:00")
    stage.session.act("retry", "given-up", by="lena")
    assert stage.session.elapsed == 60 * MINUTE + 1
    stage.do("clock.back")
    assert at(stage) == 60
    assert stage.session.email("given-up", by="lena").attempts == 1
    stage.do("clock.back")
    assert at(stage) == 1


def test_back_with_nowhere_to_go_moves_nothing():
    stage = Stage("lena", until=None)
    stage.seat(ClockBar(stage))
    stage.do("clock.back")
    assert at(stage) == 0


def test_the_places_are_bounded(stage):
    for number in range(MOST_PLACES + 20):
        stage.session.run_until(MINUTE + number + 1)
        stage.bar._remember()
    assert len(stage.bar._places) == MOST_PLACES


# The past


def test_in_the_past_the_bar_says_that_acting_begins_a_branch(stage):
    note = "acting now begins a new branch"
    jump(stage, "11:00")
    assert note not in texts(stage.bar.screen())
    stage.do("clock.back")
    assert note in texts(stage.bar.screen())


def test_branches_are_chosen_by_number(stage):
    jump(stage, "11:00")
    stage.do("clock.back")
    assert find(stage.bar.screen(), key="branch") == []
    stage.session.act("retry", "given-up", by="lena")
    [chooser] = find(stage.bar.screen(), key="branch")
    options = find(chooser, "option")
    assert [option.attributes.get("selected") for option in options] == [None, True]
    assert "1 action" in texts(options[1])
    stage.do("clock.branch", value="0")
    assert stage.session.branch == 0
    with pytest.raises(Malformed):
        stage.do("clock.branch", value="2")


# The screen


def test_the_bar_says_instant_zone_and_share():
    stage = Stage("lena", until="2 h")
    said = texts(ClockBar(stage).screen())
    assert "11:00:00" in said
    assert "Europe/Berlin, UTC+01:00" in said
    assert "25" in said


def test_at_the_end_there_is_nothing_to_play(stage):
    jump(stage, "end")
    for key in ("play", "clock.step", "clock.step_to_change"):
        assert find(stage.bar.screen(), "button", key=key)[0].attributes["disabled"]
    stage.do("clock.play")
    assert not stage.player.playing


def test_everything_has_a_label_and_the_tree_is_plain(stage):
    screen = stage.bar.screen()
    labels = {label.attributes["for"] for label in find(screen, "label")}
    for control in [*find(screen, "input"), *find(screen, "select")]:
        assert control.attributes["id"] in labels
    assert all(texts(button).strip() for button in find(screen, "button"))
    assert plain(screen)["t"] == "section"
