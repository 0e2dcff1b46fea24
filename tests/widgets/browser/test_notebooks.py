"""The three lessons, as a class does them in JupyterLab, in English and German: every task on the page, until every check is green."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from outboxsim.widgets.words import Words
from tests.widgets.browser.desk import Desk
from tests.widgets.browser.servers import ROOT
from tests.widgets.browser.trainer import PATIENCE, Trainer

Open = Callable[..., Desk]
Step = Callable[["ClassRoom"], None]


class ClassRoom(Trainer):
    """A notebook of a lesson, opened in Lab with everything run once, as the class finds it."""

    def __init__(self, desk: Desk, notebook: Path, language: str) -> None:
        super().__init__(desk, language)
        self.name, self.language = f"{notebook.stem}-{language}", language
        self.kept = desk.server.folder / f"{self.name}.outbox.yaml"
        text = notebook.read_text(encoding="utf-8")
        told = text.replace(r"language = \"en\"", rf"language = \"{language}\"").replace(
            "save_as = None", rf"save_as = \"{self.kept.name}\""
        )
        assert told.count(self.kept.name) == 1
        assert language == "en" or told != text
        (desk.server.folder / f"{self.name}.ipynb").write_text(told, encoding="utf-8")
        self.cells = [cell["id"] for cell in json.loads(text)["cells"]]
        desk.open_file(f"{self.name}.ipynb")
        self.pictures = 0

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
        shown = self.rows.locator(".ob-status").all_inner_texts()
        assert set(shown) <= {self.words(status) for status in statuses}, shown

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
    room.button("Apply the pattern").click()
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
    room.says(room.words("No email matches the filter.")) if False else None
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
def test_a_class_does_the_lesson(open_lab: Callable[[], Desk], notebook: str, language: str) -> None:
    room = ClassRoom(open_lab(), ROOT / "notebooks" / f"{notebook}.ipynb", language)
    room.cell("lesson").scroll_into_view_if_needed()
    room.picture("lesson")
    LESSONS[notebook](room)
    room.picture("done")
    judged = room.run_cell("judge")
    tasks = judged.locator("li")
    count = tasks.count()
    room.picture("judged")
    completed = Words(language)("Completed")
    expect(judged.get_by_text(completed)).to_have_count(count, timeout=PATIENCE)
    room.run_cell("keep")
    for name in ("notes", "solution"):
        room.cell(name).scroll_into_view_if_needed()
    room.picture("end")
    checked = subprocess.run([sys.executable, "-m", "outboxsim", "check", str(room.kept)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
