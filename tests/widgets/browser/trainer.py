"""The outbox page as a trainer handles it: with mouse and keyboard, in whatever front end, without a look into the kernel."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from outboxsim.widgets.words import Words
from tests.widgets.browser.desk import Desk

PATIENCE = 15_000  # ms; a machine may be busy


def cells(name: str, scenario: str = "demo-day", user: str = "greta", language: str | None = "en") -> tuple[str, ...]:
    """A notebook with the page on a training scenario; settings are kept in a file of its own."""
    return (
        "from outboxsim.widgets import training\nfrom outboxsim.widgets.app import OutboxApp\n"
        f"app = OutboxApp(training.scenario_path({scenario!r}), user={user!r}, language={language!r}, preferences='{name}.json')\napp",
    )


class Trainer:
    """Who sits before the page, which speaks this language; names of buttons and fields are given in English."""

    def __init__(self, desk: Desk, language: str = "en") -> None:
        self.desk = desk
        self.words = Words(language)
        self.page = desk.page

    # ---- looking

    @property
    def rows(self) -> Locator:
        """Of the grid."""
        return self.page.locator(".ob-scroll tbody tr[tabindex]")

    @property
    def dialog(self) -> Locator:
        return self.page.locator("dialog.ob-dialog")

    @property
    def popup(self) -> Locator:
        return self.page.locator(".ob-popup")

    def heads(self) -> list[str]:
        """The columns that are shown, in order."""
        return self.page.locator(".ob-scroll thead th button").all_text_contents()

    def badge(self) -> int:
        return int(self.page.locator(".ob-badge").first.inner_text())

    def says(self, text: str) -> None:
        """Wait until the page says this."""
        expect(self.page.locator(".ob-announcements").get_by_text(text).first).to_be_visible(timeout=PATIENCE)

    def time(self) -> str:
        return self.page.locator(".ob-digits time").inner_text()

    # ---- doing

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=self.words(name), exact=True).first

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(self.words(label), exact=True)

    def jump(self, moment: str, time: str) -> None:
        """Jump to a moment, at which the clock shows this time."""
        self.field("Jump to").fill(moment)
        self.button("Jump").click()
        expect(self.page.locator(".ob-digits time")).to_have_text(time, timeout=PATIENCE)

    def play(self, speed: str) -> None:
        self.field("Speed").select_option(label=speed)
        self.page.get_by_role("button", name=self.words("Play")).click()
        expect(self.page.get_by_role("button", name=self.words("Pause"))).to_be_visible(timeout=PATIENCE)

    def pause(self) -> None:
        self.page.get_by_role("button", name=self.words("Pause")).click()
        expect(self.page.get_by_role("button", name=self.words("Play"))).to_be_visible(timeout=PATIENCE)

    def log_in(self, user: str) -> None:
        self.button("Log in as …").click()
        self.dialog.get_by_role("button", name=user).click()
        expect(self.page.locator(".ob-user strong")).to_have_text(user, timeout=PATIENCE)
        expect(self.dialog).to_have_count(0)

    def view(self, name: str) -> None:
        self.field("View").select_option(label=self.words(name))
        expect(self.page.locator(f"nav button[title*='“{name}”']")).to_be_visible(timeout=PATIENCE)

    def row(self, subject: str) -> Locator:
        return self.rows.filter(has_text=subject)

    def write(self, to: str, subject: str, *, send_at: str = "") -> None:
        """Write an email and send it, or schedule it for a local instant such as 2026-03-02T16:00."""
        self.button("New email").click()
        for label, text in {"To": to, "Subject": subject, "Text": "Good morning,\n\nthis is for the class."}.items():
            self.dialog.get_by_label(self.words(label), exact=True).fill(text)
        send = "Schedule send" if send_at else "Send"
        if send_at:
            self.dialog.get_by_role("radio", name=self.words("Schedule send")).check()
            self.dialog.get_by_label(self.words("Date and time"), exact=True).fill(send_at)
        self.dialog.get_by_role("button", name=self.words(send), exact=True).click()
        expect(self.dialog).to_have_count(0, timeout=PATIENCE)
