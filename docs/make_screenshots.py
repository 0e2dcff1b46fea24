"""Takes the pictures of the page in README.md and docs/page.md: `.venv/bin/python docs/make_screenshots.py`.

It starts `outboxsim demo` and goes to the places with Chromium, as the browser tests do. Another folder for the pictures may be named.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.widgets.browser.conftest import CHROMIUM_ARGUMENTS, chromium  # noqa: E402 - what the tests have needs no second version
from tests.widgets.browser.servers import free_port  # noqa: E402
from tests.widgets.browser.trainer import PATIENCE, Trainer  # noqa: E402

WIDTH: Final = 1280
FIRST_LOAD: Final = 60_000  # ms


def outbox(trainer: Trainer) -> None:
    """Billing's outbox eight minutes into the outage of its connector."""
    trainer.log_in("udo")
    trainer.jump("08:12", "08:12:00")


def undo(trainer: Trainer) -> None:
    """The countdown after sending."""
    trainer.log_in("lena")
    trainer.jump("08:12", "08:12:00")
    trainer.write("anna.schmidt@kunde.example", "Your payslip for March")
    trainer.play("1×")
    expect(trainer.popup.locator("progress")).not_to_have_attribute("value", "30", timeout=PATIENCE)


def builder(trainer: Trainer) -> None:
    """Builder while a connector is down, for the administrator."""
    trainer.jump("08:12", "08:12:00")
    trainer.log_in("cy")
    trainer.page.get_by_role("button", name="Settings of smtp-billing").click()
    trainer.page.locator(".ob-builder").get_by_role("heading", name="Outage now").wait_for()
    trainer.page.locator(".ob-builder").evaluate("part => part.scrollIntoView()")


def german(trainer: Trainer) -> None:
    """All emails that greta may see during the maintenance, in German."""
    trainer.jump("10:45", "10:45:00")
    trainer.view("All")
    trainer.field("Language").select_option("de")
    expect(trainer.page.get_by_label("Ansicht", exact=True)).to_be_visible(timeout=PATIENCE)


#: Each with what to open before, and how high it is.
PICTURES: Final[dict[str, tuple[Callable[[Trainer], None], str, int]]] = {
    "page-outbox": (outbox, "", 700),
    "page-undo": (undo, "", 560),
    "page-builder-dark": (builder, "?theme=dark", 700),
    "page-german": (german, "", 600),
}


@contextmanager
def demo() -> Iterator[str]:
    """The demo with settings of its own; gives its address."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "outboxsim", "demo", "--no-browser", "--port", str(port), "--language", "en"]
        environment = {**os.environ, "XDG_CONFIG_HOME": folder, "OUTBOXSIM_CONFIG": folder}
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            process.stdout.readline()  # once it says where it is, it listens
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()
            process.wait(20)


def take(browser: Browser, address: str, name: str) -> bytes:
    """One picture."""
    go, query, height = PICTURES[name]
    page: Page = browser.new_page(viewport={"width": WIDTH, "height": height}, reduced_motion="reduce", locale="en-GB")
    page.goto(address + query, timeout=FIRST_LOAD)
    page.locator(".outboxsim").first.wait_for(timeout=FIRST_LOAD)
    go(Trainer(SimpleNamespace(page=page)))  # type: ignore[arg-type] - a desk of which only the page is needed
    page.evaluate("document.activeElement.blur()")
    page.add_style_tag(content=".ob-announcements { visibility: hidden }")  # what was said on the way here is not the point
    page.wait_for_timeout(1500 if name != "page-undo" else 0)  # charts are drawn after the page
    written = io.BytesIO()
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(written, "png", optimize=True)
    page.close()
    return written.getvalue()


def main(folder: Path) -> None:
    """Take them all."""
    with demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        for name in PICTURES:
            (folder / f"{name}.png").write_bytes(take(browser, address, name))
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs")
