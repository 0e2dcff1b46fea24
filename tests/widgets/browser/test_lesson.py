"""The trainer's whole lesson in each front end, and what everybody must be able to read of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.widgets.browser import hostile
from tests.widgets.browser.desk import Desk
from tests.widgets.browser.trainer import PATIENCE, Trainer, cells

Open = Callable[..., Desk]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lab", "notebook", "voila"])
def test_lesson(open_page: Open, kind: str) -> None:
    desk = open_page(kind, cells("lesson"), viewport={"width": 1440, "height": 1000})
    trainer = Trainer(desk)

    def picture(step: str) -> None:
        desk.screenshot(f"lesson-{kind}-{step}")

    play(trainer)
    picture("1-playing")
    break_a_connector(trainer)
    picture("2-outage")
    emails_fail(trainer)
    picture("3-failed")
    look_at_details_and_retry(trainer, picture)
    cancel_in_bulk(trainer)
    picture("5-cancelled")
    undo_in_time(trainer, picture)
    undo_too_late(trainer)
    picture("7-too-late")
    undo_after_the_end(trainer)
    visit_a_work_item(trainer)
    picture("8-work-item")
    trainer.button("Back to the outbox").click()
    change_columns(trainer, picture)
    everybody_sees_his_own(trainer, picture)
    speak_german(trainer)
    picture("11-german")
    assert desk.our_errors() == []


def play(trainer: Trainer) -> None:
    """Minutes pass in seconds, the page is drawn meanwhile, and it still hears."""
    assert trainer.time() == "08:00:00"
    trainer.play("60×")
    expect(trainer.page.locator(".ob-digits time")).not_to_have_text("08:00:00", timeout=PATIENCE)
    trainer.page.get_by_label("Filter", exact=True).press_sequentially("termin", delay=30)
    expect(trainer.page.get_by_label("Filter", exact=True)).to_have_value("termin")
    trainer.pause()
    trainer.button("Reset filter").click()
    expect(trainer.page.get_by_label("Filter", exact=True)).to_have_value("")


def break_a_connector(trainer: Trainer) -> None:
    """Who is no administrator has no Builder."""
    trainer.jump("08:03", "08:03:00")
    assert trainer.page.get_by_role("heading", name="Builder").count() == 0
    trainer.log_in("cy")
    trainer.button("Settings of office365").click()
    form = trainer.page.locator("form", has_text="Begin the outage")
    form.get_by_label("For", exact=True).select_option("30 min")
    form.get_by_role("button", name="Begin the outage").click()
    expect(trainer.page.locator(".ob-builder")).to_contain_text("connection refused", timeout=PATIENCE)


def emails_fail(trainer: Trainer) -> None:
    trainer.log_in("greta")
    trainer.jump("08:33", "08:33:00")
    expect(trainer.page.get_by_label("View", exact=True)).to_have_value("team")
    expect(trainer.rows.nth(10)).to_be_attached(timeout=PATIENCE)  # the clock is drawn before the page
    expect(trainer.rows.locator(".ob-status-failed").first).to_be_attached()
    assert trainer.badge() == trainer.rows.count()


def look_at_details_and_retry(trainer: Trainer, picture: Callable[[str], None]) -> None:
    failed = trainer.rows.filter(has=trainer.page.locator(".ob-status-failed")).first
    subject = failed.locator("td").nth(3).inner_text()
    failed.locator("td").nth(3).dblclick()
    expect(trainer.dialog.get_by_role("heading", name=subject)).to_be_visible(timeout=PATIENCE)
    picture("4-details")
    trainer.dialog.get_by_role("button", name="Retry", exact=True).click()
    expect(trainer.dialog.locator(".ob-status").first).to_have_text("Pending retry", timeout=PATIENCE)
    trainer.page.keyboard.press("Escape")
    expect(trainer.dialog).to_have_count(0, timeout=PATIENCE)


def cancel_in_bulk(trainer: Trainer) -> None:
    """What is on its way just now cannot be cancelled; the others are, and the page answers for each (G3)."""
    before = trainer.badge()
    possible = trainer.rows.filter(has=trainer.page.locator("button[aria-label^=Cancel]:not([aria-disabled])"))
    for index in (0, 1):
        possible.nth(index).get_by_role("checkbox").check()
    on_its_way = trainer.rows.filter(has=trainer.page.locator("button[aria-label^=Cancel][aria-disabled]"))
    on_its_way.first.get_by_role("checkbox").check()
    trainer.button("Cancel selected").click()
    trainer.says("2 emails were cancelled, 1 refused")
    expect(trainer.page.locator(".ob-badge").first).to_have_text(str(before - 2))


def undo_in_time(trainer: Trainer, picture: Callable[[str], None]) -> None:
    trainer.write("class@client.example", "Undone in time")
    expect(trainer.popup).to_contain_text("Undone in time", timeout=PATIENCE)
    trainer.play("1×")
    expect(trainer.popup.locator("progress")).not_to_have_attribute("value", "10", timeout=PATIENCE)
    picture("6-countdown")
    trainer.popup.get_by_role("button", name="Undo send").click()
    trainer.says("Sending was undone.")
    trainer.pause()
    trainer.popup.get_by_role("button", name="Hide this message").click()
    expect(trainer.popup).to_have_count(0, timeout=PATIENCE)


def undo_too_late(trainer: Trainer) -> None:
    """After the undo window the popup is gone, and the email on its way."""
    trainer.write("class@client.example", "Too late")
    expect(trainer.popup).to_contain_text("Too late", timeout=PATIENCE)
    trainer.play("10×")
    expect(trainer.popup).to_have_count(0, timeout=PATIENCE)
    trainer.pause()


def undo_after_the_end(trainer: Trainer) -> None:
    """Who presses the button just when it is over is told so: here both clicks are on their way before the page is drawn anew."""
    trainer.write("class@client.example", "Just too late")
    expect(trainer.popup).to_contain_text("Just too late", timeout=PATIENCE)
    trainer.field("Jump to").fill("08:40")
    undo = trainer.popup.get_by_role("button", name="Undo send").element_handle()
    trainer.button("Jump").evaluate("(jump, undo) => { jump.click(); undo.click(); }", undo)
    trainer.says("Too late to undo sending: the email has left the outbox.")
    expect(trainer.popup).to_have_count(0)


def visit_a_work_item(trainer: Trainer) -> None:
    trainer.page.locator("td .ob-link").first.click()
    expect(trainer.page.get_by_role("tab", name="Timeline")).to_have_attribute("aria-selected", "true", timeout=PATIENCE)
    trainer.page.get_by_role("tab", name="Timeline").focus()
    trainer.page.keyboard.press("ArrowRight")
    trainer.page.keyboard.press("Enter")
    expect(trainer.page.get_by_role("tab", name="Communications")).to_have_attribute("aria-selected", "true", timeout=PATIENCE)


def change_columns(trainer: Trainer, picture: Callable[[str], None]) -> None:
    """By dragging, by keyboard, and one away; To and Subject cannot be taken away."""
    trainer.button("Choose columns").click()
    entry = trainer.dialog.get_by_role("listitem")
    expect(entry.filter(has_text="always shown").get_by_role("checkbox").first).to_be_disabled()
    entry.filter(has_text="Attachments").drag_to(entry.nth(2))
    expect(entry.nth(2)).to_contain_text("Attachments", timeout=PATIENCE)
    box = entry.filter(has_text="Logged").get_by_role("checkbox")
    box.focus()
    place = [text.startswith("Logged") for text in entry.all_inner_texts()].index(True)
    for above in range(place - 1, 2, -1):
        trainer.page.keyboard.press("Alt+ArrowUp")
        expect(entry.nth(above)).to_contain_text("Logged", timeout=PATIENCE)
    expect(box).to_be_focused()
    entry.filter(has_text="Priority").get_by_role("checkbox").uncheck()
    picture("9-columns")
    trainer.dialog.get_by_role("button", name="Done").click()
    expect(trainer.dialog).to_have_count(0, timeout=PATIENCE)
    assert trainer.heads()[:4] == ["To", "Subject", "Attachments", "Logged"]
    assert "Priority" not in trainer.heads()


def everybody_sees_his_own(trainer: Trainer, picture: Callable[[str], None]) -> None:
    """A member sees less; who comes back finds everything as it was (P1)."""
    trainer.view("All")
    all_of_greta, columns = trainer.badge(), trainer.heads()
    trainer.log_in("lena")
    trainer.view("All")
    assert trainer.badge() < all_of_greta
    picture("10-member")
    trainer.button("Log out").click()
    expect(trainer.page.get_by_role("heading", name="You are logged out")).to_be_visible(timeout=PATIENCE)
    assert trainer.rows.count() == 0
    trainer.page.get_by_role("button", name="greta").click()
    expect(trainer.page.get_by_label("View", exact=True)).to_have_value("all", timeout=PATIENCE)
    assert trainer.heads() == columns
    assert trainer.badge() == all_of_greta


def speak_german(trainer: Trainer) -> None:
    trainer.page.get_by_label("Language", exact=True).select_option("de")
    expect(trainer.page.get_by_label("Ansicht", exact=True)).to_be_visible(timeout=PATIENCE)
    assert trainer.heads()[:4] == ["An", "Betreff", "Anzahl der Anhänge", "Protokolliert"]
    expect(trainer.page.get_by_role("button", name="Wiederholen", exact=False).first).to_be_attached()


def test_a_forged_gesture_learns_nothing(open_page: Open) -> None:
    """Raw messages in the name of the page: what lena may not see is refused to her like what does not exist (P3)."""
    desk = open_page("lab", cells("forged", user="lena"))
    trainer = Trainer(desk)
    trainer.jump("08:20", "08:20:00")
    answers = []
    for email in ("m-8", "no-such-email"):  # the first is another team's
        for gesture in ("email.cancel", "email.retry", "email.send_now", "undo.undo", "email.details"):
            desk.forge("app.views['page']", {"method": "custom", "content": {"gesture": gesture, "arguments": [email]}})
            desk.page.wait_for_timeout(200)
            answers.append(desk.root.locator(".ob-announcements p").last.inner_text())
            expect(trainer.dialog).to_have_count(0)
    assert answers[:5] == answers[5:]
    assert desk.ask("app.session.email('m-8', by='cy').status == app.session.email('m-8', by='cy').status.FAILED")
    desk.forge("app.views['page']", {"method": "custom", "content": {"gesture": "builder.disable", "arguments": ["office365"]}})
    desk.forge("app.views['page']", {"method": "custom", "content": {"gesture": 7}})
    trainer.says("The page did not understand this.")
    trainer.log_in("cy")
    expect(desk.page.get_by_role("button", name="Disable office365")).to_be_visible(timeout=PATIENCE)


HOSTILE = """
import json
from pathlib import Path
from outboxsim.widgets.app import OutboxApp
from tests.widgets.browser import hostile

strings = [text for text in hostile.STRINGS if not any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 for sign in text)]
name = "<img src=x onerror=window.hacked=1>"
emails = [
    {"id": f"m{number}", "at": f"{number} s", "from": "lena", "to": "a@b.example", "subject": text, "body": text, "work_item": name,
     "attachments": [{"name": text.replace("\\u2028", "").replace("\\u2029", ""), "size": 10}]}
    for number, text in enumerate(strings)
]
scenario = {
    "outboxsim": 1, "name": strings[0], "start": "2026-03-02T08:00:00", "time_zone": "Europe/Berlin", "horizon": "2 h", "retry": ["1 min"],
    "teams": {name: {"leaders": ["greta"], "members": ["lena"]}},
    "users": {"greta": {"admin": True, "access": "all", "page_size": 500}, "lena": {"address": "lena@acme.example"}},
    "work_items": {name: {"type": "ticket", "team": name, "assignee": "lena"}},
    "connectors": {name: {"default": True, "outages": [{"from": "0 s", "until": "end", "kind": "refuse", "error": name}]}},
    "emails": emails,
}
Path("hostile.outbox.yaml").write_text(json.dumps(scenario), encoding="utf-8")
app = OutboxApp("hostile.outbox.yaml", user="greta", language="en", preferences="hostile.json")
app.session.jump(600_000_000)
app
"""


def test_g8_hostile_texts_are_texts_everywhere(open_page: Open) -> None:
    """In subjects, texts, file names, errors, connectors, teams and work items; on the page, in details, timeline and Builder."""
    desk = open_page("lab", (HOSTILE,), viewport={"width": 1440, "height": 1000})
    trainer = Trainer(desk)
    expect(trainer.rows).to_have_count(desk.ask("len(strings)"), timeout=PATIENCE)
    assert hostile.traces(desk) == []
    shown = " ".join(trainer.rows.all_inner_texts())
    assert "<script>window.hacked = 1</script>" in shown
    assert "&lt;script&gt;window.hacked=1&lt;/script&gt;" in shown
    for index in range(0, trainer.rows.count(), 20):
        trainer.rows.nth(index).focus()
        desk.page.keyboard.press("Enter")
        expect(trainer.dialog).to_be_visible(timeout=PATIENCE)
        assert hostile.traces(desk) == []
        desk.page.keyboard.press("Escape")
        expect(trainer.dialog).to_have_count(0, timeout=PATIENCE)
    trainer.button("Settings of <img src=x onerror=window.hacked=1>").click()
    expect(desk.page.get_by_role("button", name="Begin the outage")).to_be_visible(timeout=PATIENCE)
    desk.page.locator("td .ob-link").first.click()
    expect(desk.page.get_by_role("tab", name="Timeline")).to_be_visible(timeout=PATIENCE)
    assert hostile.traces(desk) == []
    desk.page.get_by_role("tab", name="Communications").click()
    expect(desk.page.get_by_role("tab", name="Communications")).to_have_attribute("aria-selected", "true", timeout=PATIENCE)
    assert hostile.traces(desk) == []
    desk.screenshot("hostile")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(open_page: Open, theme: str) -> None:
    """On the page, its dialogs and screens, and Builder."""
    desk = open_page("lab", cells(f"axe-{theme}"), viewport={"width": 1440, "height": 1000})
    trainer = Trainer(desk)
    desk.theme(theme)
    trainer.jump("08:12", "08:12:00")

    def check(name: str) -> None:
        desk.page.wait_for_timeout(150)
        desk.screenshot(f"axe-{theme}-{name}")
        assert desk.violations() == "", name

    check("page")
    for button in ("Choose columns", "New email", "Settings", "Log in as …"):
        trainer.button(button).click()
        expect(trainer.dialog).to_be_visible(timeout=PATIENCE)
        check(button.split()[0].lower())
        desk.page.keyboard.press("Escape")
        expect(trainer.dialog).to_have_count(0, timeout=PATIENCE)
    trainer.rows.first.locator("td").nth(2).dblclick()
    expect(trainer.dialog).to_be_visible(timeout=PATIENCE)
    check("details")
    desk.page.keyboard.press("Escape")
    expect(trainer.dialog).to_have_count(0, timeout=PATIENCE)
    trainer.write("class@client.example", "With a popup")
    expect(trainer.popup).to_be_visible(timeout=PATIENCE)
    check("popup")
    desk.page.locator("td .ob-link").first.click()
    expect(desk.page.get_by_role("tab", name="Timeline")).to_be_visible(timeout=PATIENCE)
    check("timeline")
    desk.page.get_by_role("tab", name="Communications").click()
    check("communications")
    trainer.log_in("cy")
    for tab in ("Connectors", "Retry pattern", "Access", "Export"):
        trainer.button(tab).click()
        expect(trainer.button(tab)).to_have_attribute("aria-current", "true", timeout=PATIENCE)
        if tab == "Connectors":
            trainer.button("Settings of office365").click()
            expect(desk.page.get_by_role("button", name="Begin the outage")).to_be_visible(timeout=PATIENCE)
        check(f"builder-{tab.split()[0].lower()}")
    trainer.button("Log out").click()
    expect(desk.page.get_by_role("heading", name="You are logged out")).to_be_visible(timeout=PATIENCE)
    check("logged-out")
