"""The whole page: who is logged in, what is kept, who hears what, when it is drawn (P1, P3, G3 to G7, B3)."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from pathlib import Path
from typing import Any

import pytest

import outboxsim
from outboxsim.engine import Simulation
from outboxsim.outbox import SendStatus, View
from outboxsim.widgets import saying
from outboxsim.widgets.app import OutboxApp
from outboxsim.widgets.nodes import find, texts
from outboxsim.widgets.preferences import FIRST_COLUMNS
from outboxsim.widgets.session import Session
from tests.widgets.stage import EMAILS, page_app, scenario_of, screen_of, tell


@pytest.fixture
def app(tmp_path: Path) -> OutboxApp:
    return page_app(tmp_path, "lena")


def said(app: OutboxApp) -> str:
    return "".join(texts(region) for region in find(screen_of(app), key="announcements")).strip()


def dialogs(app: OutboxApp) -> list[str | None]:
    return [one.key for one in find(screen_of(app), "dialog")]


# What it is made of


def test_it_takes_a_scenario_a_simulation_a_session_and_a_file(tmp_path: Path) -> None:
    scenario = scenario_of()
    file = tmp_path / "one.outbox.yaml"
    file.write_text(
        json.dumps({"outboxsim": 1, "start": "2026-03-02T09:00:00", "horizon": "1 h", "users": {"lena": {}}, "connectors": {"main": {}}})
    )
    kept: dict[str, Any] = {"preferences": tmp_path / "p.json", "charts": False}
    session = Session(scenario)
    assert OutboxApp(session, **kept).session is session
    assert OutboxApp(Simulation(scenario), **kept).session.scenario is scenario
    assert OutboxApp(scenario, **kept).user == "greta"
    assert OutboxApp(file, **kept).user == OutboxApp(str(file), **kept).user == "lena"


def test_without_a_user_it_is_the_first_leader_else_the_first_user(tmp_path: Path) -> None:
    assert page_app(tmp_path).user == "greta"
    assert page_app(tmp_path, teams={"payroll": {"members": ["tom", "lena", "udo", "greta"]}}, work_items={}, emails=[]).user == "cy"


def test_a_scenario_without_users_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no users.*teams: \{office"):
        page_app(tmp_path, users={}, teams={}, work_items={}, emails=[])


@pytest.mark.parametrize(
    ("told", "message"),
    [({"user": "nobody"}, "'nobody'.*known: cy"), ({"users": ["lena", "x"]}, "'x'"), ({"language": "nl"}, "'nl'.*en, de")],
)
def test_what_is_unknown_is_told(tmp_path: Path, told: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OutboxApp(scenario_of(), preferences=tmp_path / "p.json", **told)


def test_it_says_what_it_is(app: OutboxApp) -> None:
    assert repr(app) == "OutboxApp('stage', user='lena', at=2026-03-02T09:01:00+01:00, view mine of 3 emails)"


def test_it_is_public_and_loads_when_asked_for() -> None:
    assert outboxsim.OutboxApp is OutboxApp


def test_without_its_extra_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name="anywidget")

    monkeypatch.setattr("importlib.import_module", fails)
    monkeypatch.delitem(vars(outboxsim), "OutboxApp", raising=False)
    with pytest.raises(ImportError, match=r"OutboxApp needs anywidget.*outboxsim\[notebook\]"):
        outboxsim.OutboxApp  # noqa: B018


def test_builder_and_charts_can_be_left_out(tmp_path: Path) -> None:
    assert list(page_app(tmp_path, app={"builder": False}).views) == ["clock", "page"]
    whole = page_app(tmp_path, app={"charts": True})
    assert list(whole.views) == ["clock", "page", "builder", "charts"]
    assert len(whole.children) == 4


def test_every_gesture_on_a_screen_is_heard(tmp_path: Path) -> None:
    app = page_app(tmp_path, "cy", app={"charts": True})
    tell(app, "page.view", value="all")
    opened = [
        (),
        ("email.details", "closed-door"),
        ("work_item.open", "T-1"),
        ("columns.open",),
        ("settings.open",),
        ("login.open",),
        ("compose.open",),
    ]
    for gesture, *arguments in [one or ("page.home",) for one in opened] + [("login.out",)]:
        tell(app, gesture, *arguments)
        for name in app.views:
            for element in find(screen_of(app, name)):
                for done in element.on.values():
                    assert done.name in app.gestures, done


# Logging in and out: P1, P3


def test_p1_choices_are_kept_after_logging_out_and_in_and_over_restarts(tmp_path: Path) -> None:
    app = page_app(tmp_path, "lena")
    tell(app, "page.view", value="team")
    tell(app, "page.size", value="50")
    tell(app, "columns.show", "logged", value=False)
    tell(app, "columns.move", "send_attempts", -1)
    tell(app, "settings.save", form={"undo_number": "30", "undo_unit": "s", "language": "de", "page_size": "50"})
    columns = app.page.columns
    assert "logged" not in columns
    assert columns[2] == "send_attempts"
    for again in (app, page_app(tmp_path, "lena")):
        tell(again, "login.out")
        tell(again, "login.as", "lena")
        assert (again.page.view, again.page.columns, again.page.page_size) == (View.TEAM, columns, 50)
        assert again.words.language == "de"
        assert again.session.undo_window("lena") == 30_000_000
        assert again.session.view_of("lena") is View.TEAM


def test_p1_choices_are_ones_own(tmp_path: Path) -> None:
    app = page_app(tmp_path, "lena")
    tell(app, "page.view", value="all")
    tell(app, "page.language", value="de")
    tell(app, "login.as", "tom")
    assert (app.user, app.page.view, app.words.language, app.page.columns) == ("tom", View.MINE, "en", FIRST_COLUMNS)


def test_p1_a_session_that_goes_on_learns_what_was_kept(tmp_path: Path) -> None:
    tell(page_app(tmp_path, "lena"), "settings.save", form={"undo_number": "2", "undo_unit": "min"})
    session = Session(scenario_of())
    OutboxApp(session, "lena", preferences=tmp_path / "preferences.json", charts=False)
    assert session.undo_window("lena") == 120_000_000


def test_p3_nothing_of_one_user_is_left_for_the_next(tmp_path: Path) -> None:
    app = page_app(tmp_path, "lena")
    tell(app, "page.filter", value="Given")
    tell(app, "page.select_page", value=True)
    tell(app, "bulk.retry")
    tell(app, "email.details", "given-up")
    tell(app, "login.as", "udo")
    for name in app.views:
        assert "Given" not in texts(screen_of(app, name)), name
        assert "given-up" not in texts(screen_of(app, name)), name
    assert (app.page.selected, app.page.text, dialogs(app)) == ([], "", [])


def test_p3_who_has_logged_out_sees_and_does_nothing(tmp_path: Path) -> None:
    app = page_app(tmp_path, "cy", app={"charts": True})
    tell(app, "page.view", value="all")
    tell(app, "login.out")
    seen = " ".join(texts(screen_of(app, name)) for name in ("page", "builder", "charts"))
    assert "Who are you?" in seen
    assert not [email["id"] for email in EMAILS if email["subject"] in seen]
    before = len(app.session.actions)
    for gesture in sorted(app.gestures - {"login.as", "clock.play", "clock.pause", "clock.speed"}):
        tell(app, gesture, "given-up", value=True, form={})
    assert len(app.session.actions) == before
    assert app.session.elapsed == scenario_of().clock.moment("1 min") + before


def test_only_who_may_log_in_is_offered(tmp_path: Path) -> None:
    app = page_app(tmp_path, "lena", app={"users": ["lena", "tom"]})
    tell(app, "login.open")
    assert [one.key for one in find(find(screen_of(app), "ul", key="people")[0], "li")] == ["lena", "tom"]
    tell(app, "login.as", "cy")
    assert (app.user, said(app)) == ("lena", "There is no such user to log in as.")


def test_the_given_language_goes_first_until_somebody_chooses(tmp_path: Path) -> None:
    app = page_app(tmp_path, "lena", app={"language": "de"}, users={"lena": {"language": "en"}, "cy": {"admin": True}})
    assert app.words.language == "de"
    tell(app, "page.language", value="en")
    assert texts(find(screen_of(app), "label", for_="view")[0]) == "View"
    tell(app, "login.as", "cy")
    assert app.words.language == "de"
    tell(app, "login.as", "lena")
    assert app.words.language == "en"


# Settings: G7, B3


@pytest.mark.parametrize(
    ("number", "unit", "window"),
    [("0", "s", 0), ("90", "s", 90_000_000), ("1,5", "min", 90_000_000), ("2", "h", 7_200_000_000), ("0.25", "s", 250_000)],
)
def test_g7_the_undo_window_is_ones_own_and_0_turns_it_off(app: OutboxApp, number: str, unit: str, window: int) -> None:
    tell(app, "settings.open")
    tell(app, "settings.save", form={"undo_number": number, "undo_unit": unit, "language": "en", "page_size": "20"})
    assert app.session.undo_window("lena") == window
    assert dialogs(app) == []
    assert [action.by for action in app.session.actions] == (["lena"] if window else [])


@pytest.mark.parametrize("number", ["", "-1", "soon", "NaN", "Infinity", "1e400", "99999999999999999999999", "9000000"])
def test_g7_what_is_no_time_is_told_where_it_was_typed(app: OutboxApp, number: str) -> None:
    tell(app, "settings.open")
    tell(app, "settings.save", form={"undo_number": number, "undo_unit": "h", "language": "en", "page_size": "20"})
    dialog = find(screen_of(app), "dialog")[0]
    assert find(dialog, "p", role="alert")
    assert find(dialog, "input", name="undo_number")[0].attributes["aria-invalid"] == "true"
    assert app.session.undo_window("lena") == 0


def test_p4_the_view_is_the_simulations_too(app: OutboxApp) -> None:
    tell(app, "page.view", value="team")
    assert app.session.view_of("lena") is View.TEAM
    assert len(app.session.simulation.outbox("lena")) == app.page.count == 5


def test_looking_at_the_past_in_another_view_begins_no_branch(app: OutboxApp) -> None:
    app.session.run_until("1 h")
    app.session.jump("30 min")
    tell(app, "page.view", value="team")
    tell(app, "login.as", "tom")
    assert len(app.session.branches) == 1
    assert app.session.in_past


def test_at_the_end_views_and_languages_can_still_be_changed(app: OutboxApp) -> None:
    app.session.run_until("8 h")
    tell(app, "page.view", value="all")
    assert app.page.view is View.ALL
    tell(app, "email.retry", "given-up")
    assert "The simulation is over" in said(app)


def test_preferences_that_cannot_be_kept_are_told_and_the_page_goes_on(tmp_path: Path) -> None:
    (tmp_path / "preferences.json").mkdir()
    app = page_app(tmp_path, "lena")
    assert "Settings could not be kept or read" in said(app)
    tell(app, "page.size", value="10")
    assert app.page.page_size == 10


# Columns: G1, G2


def test_g2_a_column_dragged_onto_another_takes_its_place(app: OutboxApp) -> None:
    tell(app, "columns.drop", "to", value="send_status")
    assert app.page.columns[:2] == ("send_status", "to")
    tell(app, "columns.drop", "priority", value="send_status")
    assert app.page.columns.index("send_status") == FIRST_COLUMNS.index("priority")
    assert "Send status is column number 9." in said(app)
    tell(app, "columns.reset")
    assert app.page.columns == FIRST_COLUMNS


def test_g1_a_forged_message_does_not_take_to_and_subject_away(app: OutboxApp) -> None:
    tell(app, "columns.show", "to", value=False)
    assert app.page.columns == FIRST_COLUMNS


# Dialogs and screens: G4, G5


def test_g4_a_dialog_opens_and_closes(app: OutboxApp) -> None:
    tell(app, "email.details", "given-up")
    assert dialogs(app) == ["dialog-details"]
    tell(app, "columns.open")
    assert dialogs(app) == ["dialog-columns"]
    tell(app, "dialog.close")
    tell(app, "dialog.close")
    assert dialogs(app) == []


def test_what_is_said_while_a_dialog_is_open_is_said_in_it(app: OutboxApp) -> None:
    tell(app, "email.details", "given-up")
    tell(app, "email.retry", "given-up")
    outside, inside = find(screen_of(app), key="announcements")
    assert (texts(outside).strip(), texts(inside).strip()) == ("", "“Given up” is being retried.")
    assert inside in find(screen_of(app), "dialog")[0].children


def test_what_was_said_in_one_language_is_not_left_in_another(app: OutboxApp) -> None:
    tell(app, "email.retry", "given-up")
    tell(app, "page.language", value="de")
    assert not said(app)


def test_g5_details_lie_above_the_work_item_which_stays(app: OutboxApp) -> None:
    tell(app, "work_item.open", "T-1")
    tell(app, "email.details", "given-up")
    assert dialogs(app) == ["dialog-details"]
    assert find(screen_of(app), key="work-item")
    tell(app, "dialog.close")
    assert find(screen_of(app), key="work-item")
    tell(app, "page.home")
    assert find(screen_of(app), key="grid")


def test_details_of_an_email_that_is_not_there_yet_are_not_shown(app: OutboxApp) -> None:
    app.session.act("submit", "own", by="lena", from_="lena", to="x@kunde.example")
    tell(app, "email.details", "own")
    assert dialogs(app) == ["dialog-details"]
    app.session.jump("30 s")
    assert dialogs(app) == []


# Gestures on emails: G3


def test_g3_retry_cancel_and_send_now(app: OutboxApp) -> None:
    tell(app, "email.retry", "given-up")
    assert app.session.email("given-up", by="lena").attempts == 2
    tell(app, "email.send_now", "waits")
    assert app.session.email("waits", by="lena").in_flight
    tell(app, "email.cancel", "closed-door")
    assert app.session.email("closed-door", by="lena").status is SendStatus.CANCELLED
    assert [(action.verb, action.by) for action in app.session.actions] == [("retry", "lena"), ("send_now", "lena"), ("cancel", "lena")]


def test_g3_bulk(tmp_path: Path) -> None:
    app = page_app(tmp_path, "greta")
    tell(app, "page.status", "failed", value=True)
    tell(app, "page.select_page", value=True)
    tell(app, "bulk.cancel")
    assert said(app) == "2 emails were cancelled."
    tell(app, "page.status", "failed", value=False)
    tell(app, "page.toggle", "waits")
    tell(app, "bulk.retry")
    assert "0 emails are being retried, 1 refused." in said(app)
    tell(app, "page.clear_selection")
    tell(app, "bulk.retry")
    assert "No email is selected." in said(app)


# Drawing


def test_only_what_changed_is_sent(tmp_path: Path) -> None:
    app = page_app(tmp_path, "lena")
    app.refresh()
    before = {name: view.tree for name, view in app.views.items()}
    tell(app, "page.sort", "subject")
    assert app.views["page"].tree is not before["page"]
    assert app.views["clock"].tree is before["clock"]
    app.refresh()
    page = app.views["page"].tree
    app.refresh()
    assert app.views["page"].tree is page


def test_what_happens_elsewhere_is_drawn_too(app: OutboxApp) -> None:
    app.session.act("cancel", "waits", by=None)
    assert "Waits" not in json.dumps(app.views["page"].tree)


def test_a_screen_that_cannot_be_drawn_takes_no_other_along(
    app: OutboxApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app._workplace._clock_bar, "screen", lambda: 1 / 0)
    with caplog.at_level(logging.CRITICAL):
        tell(app, "page.filter", value="Given")
    assert "cannot be shown" in texts(screen_of(app, "clock"))
    assert app.page.matching == 1


def test_a_handler_that_fails_is_told_and_the_page_goes_on(
    app: OutboxApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app.page, "sort_by", lambda column: 1 / 0)
    tell(app, "page.sort", "subject")
    assert "Something went wrong" in said(app)
    assert "page.sort" in caplog.text
    tell(app, "page.filter", value="Given")
    assert app.page.matching == 1


def test_what_is_said_goes_away(app: OutboxApp, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(app._workplace._saying, "_clock", lambda: now)
    tell(app, "email.retry", "given-up")
    assert said(app)
    now = saying.STAYS + 1
    assert not said(app)


def test_the_clock_plays_and_the_page_follows(tmp_path: Path) -> None:
    async def play() -> None:
        app = page_app(tmp_path, "lena")
        trees: list[object] = []
        app.views["page"].observe(lambda change: trees.append(change["new"]), "tree")
        tell(app, "clock.speed", value="inf")
        app.player.play(math.inf)
        for _ in range(200):
            await asyncio.sleep(0.01)
            if not app.player.playing:
                break
        assert app.session.elapsed == app.session.horizon
        assert "Waits" not in json.dumps(app.views["page"].tree)
        assert trees
        app.close()

    asyncio.run(play())


def test_closing_stops_the_clock(tmp_path: Path) -> None:
    async def close() -> None:
        app = page_app(tmp_path, "lena")
        app.player.play(1.0)
        app.close()
        assert not app.player.playing
        app.session.run_until("2 min")
        tell(app, "email.cancel", "waits")
        assert app.session.email("waits", by=None).status is SendStatus.QUEUED
        assert not app.session.listeners
        app.close()

    asyncio.run(close())
