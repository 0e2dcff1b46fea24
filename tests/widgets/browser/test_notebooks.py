"""The three lessons, as a class does them in JupyterLab, in English and German: every task on the page, until every check is green."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.widgets.browser.desk import Desk
from tests.widgets.browser.servers import ROOT, Server
from tests.widgets.browser.trainer import PATIENCE, Trainer

Step = Callable[["ClassRoom"], None]


class ClassRoom(Trainer):
    """A notebook of a lesson, opened in Lab with everything run once, as the class finds it."""

    def __init__(self, desk: Desk, name: str, language: str) -> None:
        super().__init__(desk, language)
        self.name = name
        self.pictures = 0
        notebook = json.loads((desk.server.folder / f"{name}.ipynb").read_text(encoding="utf-8"))
        self.cells = [cell["id"] for cell in notebook["cells"]]

    def picture(self, what: str) -> None:
        self.pictures += 1
        self.desk.screenshot(f"{self.name}-{self.pictures}-{what}")

    def cell(self, name: str) -> Locator:
        return self.page.locator(f".jp-Notebook-cell[data-windowed-list-index='{self.cells.index(name)}']")

    def run_cell(self, name: str) -> Locator:
        """Run a cell by mouse and keyboard; its output."""
        cell = self.cell(name)
        cell.locator(".jp-InputPrompt").click()
        self.page.keyboard.press("Control+Enter")
        expect(cell.locator(".jp-InputPrompt")).not_to_have_text("[*]:", timeout=PATIENCE)
        return cell.locator(".jp-OutputArea-output")

    def filter(self, *statuses: str) -> None:
        for status in statuses:
            self.page.get_by_role("checkbox", name=self.words(status)).check()
        others = self.rows.filter(has_not_text=re.compile("|".join(map(self.words, statuses))))
        expect(others).to_have_count(0, timeout=PATIENCE)

    def retry_all_shown(self) -> None:
        self.page.get_by_role("checkbox", name=self.words("Select all emails on this page")).check()
        self.button("Retry selected").click()
        expect(self.page.locator(".ob-announcements p").last).to_be_visible(timeout=PATIENCE)

    def row_button(self, label: str, subject: str) -> Locator:
        return self.row(subject).get_by_role("button", name=self.words(f"{label} {{subject}}", subject=subject), exact=True)


def tour(room: ClassRoom) -> None:
    room.picture("begins")
    room.jump("08:02", "08:02:00")
    room.row_button("Retry", "Your question about the 2019 tax form").click()
    room.page.get_by_role("button", name="A-32").first.click()
    about = room.words("{action}: {subject}", action=room.words("Send now"), subject="Termin zur Betriebsvereinbarung")
    room.page.get_by_role("button", name=about).click()
    expect(room.page.locator(".ob-announcements p").first).to_be_visible(timeout=PATIENCE)
    room.picture("work-item")
    room.button("Back to the outbox").click()
    room.jump("08:30", "08:30:00")
    room.log_in("cy")
    room.page.get_by_role("button", name=room.words("Settings of {connector}", connector="smtp-billing")).click()
    room.page.locator(".ob-builder select[name=pattern]").select_option(label="office")
    room.picture("pattern")
    room.button("Apply").click()
    room.log_in("udo")
    room.filter("Failed")
    room.picture("failed")
    room.retry_all_shown()
    room.picture("retried")
    room.button("Reset filter").click()
    room.jump("10:46", "10:46:00")
    room.filter("Connector disabled")
    room.retry_all_shown()


def outage(room: ClassRoom) -> None:
    room.jump("09:20", "09:20:00")
    room.picture("outage")
    room.jump("09:22", "09:22:00")
    room.log_in("cy")
    room.page.get_by_role("button", name=room.words("Disable {connector}", connector="office365")).click()
    room.picture("disabled")
    room.log_in("greta")
    room.field("Filter").fill("554")
    room.row_button("Cancel", "Payslip correction").click()
    room.button("Reset filter").click()
    room.picture("cancelled")
    room.jump("09:41", "09:41:00")
    room.log_in("cy")
    room.page.get_by_role("button", name=room.words("Enable {connector}", connector="office365")).click()
    room.log_in("greta")
    room.filter("Failed", "Connector disabled")
    room.retry_all_shown()
    room.picture("retried")
    room.button("Reset filter").click()
    room.jump("10:31", "10:31:00")


def undo_and_schedule(room: ClassRoom) -> None:
    room.jump("14:05:40", "14:05:40")
    room.picture("popup")
    room.popup.get_by_role("button", name=room.words("Undo send")).click()
    room.says(room.words("Sending was undone."))
    room.picture("undone")
    room.jump("14:20", "14:20:00")
    room.row_button("Cancel", "Gehaltsliste (vertraulich)").click()
    room.page.get_by_role("button", name="T-1001").first.click()
    about = room.words("{action}: {subject}", action=room.words("Send now"), subject="Angebot zur Lohnabrechnung")
    room.picture("work-item")
    room.page.get_by_role("button", name=about).click()
    room.button("Back to the outbox").click()
    room.write("anna.schmidt@kunde.example", "Schöne Grüße", send_at="2026-03-02T16:00")
    room.picture("scheduled")
    room.log_in("tom")
    room.button("Settings").click()
    room.dialog.get_by_label(room.words("Time to undo sending"), exact=True).fill("10")
    room.picture("settings")
    room.dialog.get_by_role("button", name=room.words("Save"), exact=True).click()
    room.log_in("greta")
    room.row_button("Cancel", "Agenda for tomorrow").click()
    room.jump("15:31", "15:31:00")


LESSONS: dict[str, Step] = {
    "10-trainer-tour": tour,
    "11-connector-outage-lesson": outage,
    "12-undo-and-schedule-lesson": undo_and_schedule,
}


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("notebook", LESSONS)
def test_a_class_does_the_lesson(open_page: Callable[..., Desk], server: Callable[[str], Server], notebook: str, language: str) -> None:
    """And what it did, kept as a file, passes `outboxsim check`."""
    name, folder = f"{notebook}-{language}", server("lab").folder
    kept = folder / f"{name}.outbox.yaml"
    text = (ROOT / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8")
    for before, after in ((r"language = \"en\"", rf"language = \"{language}\""), ("save_as = None", rf"save_as = \"{kept.name}\"")):
        assert before in text
        text = text.replace(before, after)
    (folder / f"{name}.ipynb").write_text(text, encoding="utf-8")
    room = ClassRoom(open_page("lab", folder / f"{name}.ipynb", viewport={"width": 1440, "height": 1000}), name, language)
    room.picture("opened")
    LESSONS[notebook](room)
    room.picture("done")
    judged = room.run_cell("judge")
    room.picture("judged")
    tasks = judged.locator("li")
    expect(tasks.filter(has_text=f": {room.words('Completed')}")).to_have_count(tasks.count(), timeout=PATIENCE)
    room.run_cell("keep")
    room.picture("kept")
    expect(room.page.locator(".jp-OutputArea-output[data-mime-type$='stderr']")).to_have_count(0)  # a fault that the page only logs
    checked = subprocess.run([sys.executable, "-m", "outboxsim", "check", str(kept)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
