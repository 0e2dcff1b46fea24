"""The charts beside the page: what they count, when they are drawn, and that the kernel goes on meanwhile."""

from __future__ import annotations

import asyncio
import base64
import itertools
import threading

import pytest

from outboxsim.analysis.sizes import Attempted
from outboxsim.widgets import charts as charts_module
from outboxsim.widgets.chart_words import labels_of
from outboxsim.widgets.charts import MOST_LOAD, SHORTEST_PAUSE, Charts, draw
from outboxsim.widgets.drawing import Drawn
from outboxsim.widgets.nodes import find, texts
from outboxsim.widgets.words import Words
from tests.widgets.stage import EMAILS, Stage

EVIL = r"$\frac{1}$ <img src=x onerror=alert(1)>" + "\u202e"


def chart(part, name):
    [card] = [one for one in part.screen().children if one.key == name]
    return card


def alt(part, name):
    return find(chart(part, name), "img")[0].attributes["alt"]


def instead(monkeypatch, stage, *, cost=0.01):
    """Charts that draw nothing, and what they were asked to draw."""
    drawn = []

    def draw_nothing(numbers):
        drawn.append(numbers)
        names = [name for name in ("sizes", "attempts", "life") if getattr(numbers, name) is not None]
        return {name: Drawn(f"data:image/png;base64,{len(drawn)}", cost) for name in names}

    monkeypatch.setattr(charts_module, "draw", draw_nothing)
    return drawn


# Pictures


def test_without_a_loop_the_charts_are_drawn_at_once():
    stage = Stage("cy")
    part = Charts(stage, lambda: "waits")
    pictures = find(part.screen(), "img")
    assert len(pictures) == 3
    for picture in pictures:
        assert base64.b64decode(picture.attributes["src"].split(",")[1]).startswith(b"\x89PNG")
        assert picture.attributes["alt"]
        assert picture.attributes["width"] == 800


def test_one_state_gives_one_picture():
    sources = [find(Charts(Stage("cy"), lambda: "waits").screen(), "img")[0].attributes["src"] for _ in range(2)]
    assert sources[0] == sources[1]


def test_the_pictures_say_their_numbers():
    part = Charts(Stage("cy", until="1 min"), lambda: "given-up")
    assert "Emails in the outbox at" in alt(part, "sizes")
    assert ": 6 (Queued 1, Pending retry 0, Connector disabled 2, Failed 3)" in alt(part, "sizes")
    assert "0 accepted, 2 failed, 2 suspended or on a disabled connector, 0 under way" in alt(part, "attempts")
    assert alt(part, "life").startswith("Failed from 2 Mar 2026, 09:00:00. ")
    assert alt(part, "life").endswith("1 attempt: failed for good")


def test_g8_the_subject_of_the_email_is_drawn_as_text():
    emails = [{**EMAILS[0], "subject": EVIL}]
    part = Charts(Stage("lena", emails=emails), lambda: "waits")
    assert "onerror" not in str(alt(part, "life"))
    assert find(chart(part, "life"), "img")


def test_labels_are_in_the_language_of_the_screen():
    english, german = labels_of(Words("en")), labels_of(Words("de"))
    assert set(german.statuses.values()).isdisjoint(english.statuses.values())
    assert set(english.attempted) == set(Attempted)


# What is counted


def test_p3_everybody_s_charts_count_what_he_may_see(monkeypatch):
    counts = {}
    for user in ("cy", "lena", "udo", "kim"):
        stage = Stage(user)
        drawn = instead(monkeypatch, stage)
        Charts(stage).screen()
        counts[user] = (int(drawn[-1].sizes.total[-1]), int(drawn[-1].attempts.counts.sum()))
    assert counts == {"cy": (6, 4), "lena": (5, 3), "udo": (1, 1), "kim": (0, 0)}


def test_p3_an_admin_without_access_counts_no_others_emails(monkeypatch):
    stage = Stage("boss", users={"boss": {"admin": True}, "lena": {}})
    drawn = instead(monkeypatch, stage)
    Charts(stage).screen()
    assert drawn[-1].sizes.total[-1] == 0


def test_p3_outages_of_connectors_that_one_never_meets_are_not_told(monkeypatch):
    stage = Stage("udo")
    drawn = instead(monkeypatch, stage)
    Charts(stage).screen()
    assert drawn[-1].sizes.stretches == ()
    stage.user = "cy"
    Charts(stage).screen()
    assert {one.connector for one in drawn[-1].sizes.stretches} == {"closed"}


def test_p3_nobody_gets_the_life_of_an_email_that_he_may_not_see(monkeypatch):
    stage = Stage("lena")
    drawn = instead(monkeypatch, stage)
    for chosen in ("secret", "no such email"):
        part = Charts(stage, lambda chosen=chosen: chosen)
        assert find(chart(part, "life"), "img") == []
        assert "Select an email" in texts(chart(part, "life"))
        assert drawn[-1].life is None
        assert drawn[-1].says.keys() == {"sizes", "attempts"}


def test_p3_pictures_of_another_user_are_gone_at_once(monkeypatch):
    stage = Stage("cy")
    instead(monkeypatch, stage)
    part = Charts(stage, lambda: "secret")
    assert len(find(part.screen(), "img")) == 3

    async def log_in():
        stage.user = "lena"
        assert find(part.screen(), "img") == []

    asyncio.run(log_in())


def test_p3_a_picture_that_comes_late_is_not_shown_to_another_user(monkeypatch):
    stage = Stage("cy")
    begun, waiting = threading.Event(), threading.Event()

    def slowly(numbers):
        begun.set()
        waiting.wait(5)
        return {"sizes": Drawn(f"data:image/png;base64,{numbers.user}", 0.0)}

    monkeypatch.setattr(charts_module, "draw", slowly)
    part = Charts(stage)

    async def log_in_meanwhile():
        part.screen()
        while not begun.is_set():
            await asyncio.sleep(0.01)
        stage.user = "kim"
        assert find(part.screen(), "img") == []
        waiting.set()
        while part._busy is not None:
            await asyncio.sleep(0.01)
        assert find(part.screen(), "img") == []

    asyncio.run(log_in_meanwhile())


def test_the_open_details_go_before_the_selected_email(monkeypatch):
    stage = Stage("lena")
    drawn = instead(monkeypatch, stage)
    part = Charts(stage, lambda: "waits", clock=itertools.count(step=10).__next__)
    stage.opened = ("details", "given-up")
    part.screen()
    assert drawn[-1].life.id == "given-up"
    stage.opened = ("settings",)
    part.screen()
    assert drawn[-1].life.id == "waits"
    assert drawn[-1].sizes is None  # only the life had to be drawn anew


# When


def test_what_has_not_changed_is_not_drawn_again(monkeypatch):
    stage = Stage("lena")
    drawn = instead(monkeypatch, stage)
    part = Charts(stage, clock=itertools.count(step=10).__next__)
    for _ in range(3):
        part.screen()
    assert len(drawn) == 1
    stage.session.run_until("2 h")
    part.screen()
    stage.session.jump("1 h")
    part.screen()
    assert [numbers.sizes.end for numbers in drawn[1:]] == [120 * 60_000_000, 60 * 60_000_000]


def test_at_most_two_redraws_a_second_while_the_clock_runs(monkeypatch):
    stage = Stage("lena")
    drawn = instead(monkeypatch, stage, cost=0.0)
    part = Charts(stage)

    async def play():
        end = asyncio.get_running_loop().time() + 1.2
        while asyncio.get_running_loop().time() < end:
            stage.session.run_until(stage.session.elapsed + 1_000_000)
            part.screen()
            await asyncio.sleep(0.02)

    asyncio.run(play())
    assert 2 <= len(drawn) <= 3
    assert part.pause == pytest.approx(SHORTEST_PAUSE, abs=0.2)


def test_expensive_charts_are_drawn_more_rarely(monkeypatch):
    stage = Stage("lena")
    drawn = instead(monkeypatch, stage, cost=1.0)
    part = Charts(stage)

    async def once():
        part.screen()
        while part._busy is not None or not drawn:
            await asyncio.sleep(0.01)

    asyncio.run(once())
    assert part.pause >= 2 * 1.0 / MOST_LOAD


def test_the_last_state_is_drawn_though_nobody_asks_again(monkeypatch):
    stage = Stage("lena")
    drawn = instead(monkeypatch, stage, cost=0.0)
    part = Charts(stage)
    stage.refresh = part.screen

    async def play_and_pause():
        part.screen()
        await asyncio.sleep(0.1)
        stage.session.run_until("1 h")
        part.screen()  # too soon after the first
        await asyncio.sleep(SHORTEST_PAUSE + 0.3)

    asyncio.run(play_and_pause())
    assert drawn[-1].sizes.end == stage.session.elapsed


def test_the_loop_goes_on_while_a_chart_is_drawn(monkeypatch):
    stage = Stage("lena")
    threads = []

    def slowly(numbers):
        threads.append(threading.current_thread())
        threading.Event().wait(0.3)
        return {}

    monkeypatch.setattr(charts_module, "draw", slowly)
    part = Charts(stage)

    async def count():
        part.screen()
        turns = 0
        while part._busy is not None:
            await asyncio.sleep(0.01)
            turns += 1
        return turns

    assert asyncio.run(count()) > 10
    assert threads[0] is not threading.main_thread()


def test_drawing_touches_nothing_of_the_simulation(monkeypatch):
    stage = Stage("lena")
    drawn = instead(monkeypatch, stage)
    Charts(stage, lambda: "waits").screen()
    numbers = drawn[-1]
    monkeypatch.undo()
    stage.session = None  # whoever needs it fails
    assert set(draw(numbers)) == {"sizes", "attempts", "life"}


def test_a_failure_to_draw_leaves_the_page_alive_and_tells_nothing_of_the_machine(monkeypatch, caplog):
    stage = Stage("lena")

    def fail(numbers):
        raise RuntimeError("no ink in /opt/printer/ink.cfg")

    monkeypatch.setattr(charts_module, "draw", fail)
    part = Charts(stage)

    async def try_it():
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        part.screen()
        while part._busy is not None:
            await asyncio.sleep(0.01)
        return part.screen()

    assert asyncio.run(try_it()).tag == "section"
    assert stage.announced == [("error", "The charts could not be drawn: RuntimeError: no ink in …")]
    assert "no ink in /opt/printer/ink.cfg" in caplog.text


def test_without_a_loop_it_is_not_drawn_more_often_but_on_demand(monkeypatch):
    stage = Stage("lena")
    drawn = instead(monkeypatch, stage)
    part = Charts(stage)
    part.screen()
    stage.session.run_until("1 h")
    part.screen()
    assert len(drawn) == 1
    part.draw_now()
    assert drawn[-1].sizes.end == stage.session.elapsed
