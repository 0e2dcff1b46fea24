"""The outbox page as a trainer handles it: with mouse and keyboard, in whatever front end, without a look into the kernel."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.widgets.browser.desk import Desk

PATIENCE = 15_000  # ms; a machine may be busy


def cells(name: str, scenario: str = "demo-day", user: str = "greta", language: str | None = "en") -> tuple[str, ...]:
    """A notebook with the page on a training scenario; settings are kept in a file of its own."""
    return (
        "from outboxsim.widgets import training\nfrom outboxsim.widgets.app import OutboxApp\n"
        f"app = OutboxApp(training.scenario_path({scenario!r}), user={user!r}, language={language!r}, preferences='{name}.json')\napp",
    )


class Trainer:
    """Who sits before the page."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
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
        return self.page.get_by_role("button", name=name, exact=True).first

    def jump(self, moment: str, time: str) -> None:
        """Jump to a moment, at which the clock shows this time."""
        self.page.get_by_label("Jump to", exact=True).fill(moment)
        self.button("Jump").click()
        expect(self.page.locator(".ob-digits time")).to_have_text(time, timeout=PATIENCE)

    def play(self, speed: str) -> None:
        self.page.get_by_label("Speed", exact=True).select_option(label=speed)
        self.page.get_by_role("button", name="Play").click()
        expect(self.page.get_by_role("button", name="Pause")).to_be_visible(timeout=PATIENCE)

    def pause(self) -> None:
        self.page.get_by_role("button", name="Pause").click()
        expect(self.page.get_by_role("button", name="Play")).to_be_visible(timeout=PATIENCE)

    def log_in(self, user: str) -> None:
        self.button("Log in as …").click()
        self.dialog.get_by_role("button", name=user).click()
        expect(self.page.locator(".ob-user strong")).to_have_text(user, timeout=PATIENCE)
        expect(self.dialog).to_have_count(0)

    def view(self, name: str) -> None:
        self.page.get_by_label("View", exact=True).select_option(label=name)
        expect(self.page.locator(f"nav button[title*='“{name}”']")).to_be_visible(timeout=PATIENCE)

    def write(self, to: str, subject: str) -> None:
        """Write an email and send it."""
        self.button("New email").click()
        self.dialog.get_by_label("To", exact=True).fill(to)
        self.dialog.get_by_label("Subject", exact=True).fill(subject)
        self.dialog.get_by_label("Text", exact=True).fill("Good morning,\n\nthis is for the class.")
        self.dialog.get_by_role("button", name="Send", exact=True).click()
        expect(self.dialog).to_have_count(0, timeout=PATIENCE)
