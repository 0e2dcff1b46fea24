"""Chromium and the three front ends, for tests that look at the page as people see it.

Playwright's synchronous interface keeps an event loop running while it lives, which would break tests of other modules that
start one; so it lives as long as a module, not as long as the session.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Playwright, sync_playwright

from tests.widgets.browser.desk import Desk
from tests.widgets.browser.servers import ARGUMENTS, Server, serving

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: No sandbox: containers run it as root. No other host is to be found: a page that asked a CDN would stand without its look.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
WINDOW = {"width": 1280, "height": 900}


def chromium() -> str:
    """Where Chromium is. Without it these tests fail: nobody should believe that they passed."""
    found = os.environ.get("OUTBOXSIM_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        pytest.fail(
            "the outbox page is tested in Chromium, and there is none. Debian and Ubuntu: apt install chromium fonts-dejavu-core;"
            " elsewhere name one: OUTBOXSIM_CHROMIUM=/path/to/chrome. All other tests: pytest -m 'not browser'",
            pytrace=False,
        )
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One module is one worker's, so that each server starts once."""
    for item in items:
        if "tests/widgets/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group(f"browser-{item.path.stem}"))


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser_type(playwright: Playwright) -> BrowserType:
    return playwright.chromium


@pytest.fixture(scope="module")
def browser(browser_type: BrowserType) -> Iterator[Browser]:
    opened = browser_type.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """The server of a kind, started when it is first asked for."""
    running: dict[str, Server] = {}
    with ExitStack() as stack:

        def get(kind: str) -> Server:
            if kind not in running:
                running[kind] = stack.enter_context(serving(kind, tmp_path_factory.mktemp(kind)))
            return running[kind]

        yield get


Open = Callable[..., Desk]


def _opening(browser: Browser, server: Callable[[str], Server]) -> Iterator[Open]:
    contexts: list[BrowserContext] = []
    desks: list[Desk] = []

    def open_(kind: str, cells: Sequence[str] | Path, query: str = "", **options: Any) -> Desk:
        assert kind in ARGUMENTS
        context = browser.new_context(**{"viewport": WINDOW, "reduced_motion": "reduce", "locale": "en-GB", **options})
        contexts.append(context)
        desk = Desk(context.new_page(), server(kind))
        desks.append(desk)
        return desk.open_file(cells.name, query) if isinstance(cells, Path) else desk.open(cells, query)

    yield open_
    problems = [problem for desk in desks for problem in desk.our_errors()]
    for desk in desks:
        desk.close()
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def open_page(browser: Browser, server: Callable[[str], Server]) -> Iterator[Open]:
    """`open_page("lab", cells)`: a notebook (of these cells, or a file in the server's folder) in a fresh window.

    It is closed after the test, which fails if our JavaScript did.
    """
    yield from _opening(browser, server)


@pytest.fixture(scope="module")
def open_shared(browser: Browser, server: Callable[[str], Server]) -> Iterator[Open]:
    """As `open_page`, for a page that the tests of a module share."""
    yield from _opening(browser, server)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """A picture of what a failed test saw last."""
    report = yield
    if report.when == "call" and report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, Desk) and not value.page.is_closed():
                value.screenshot(f"failed-{item.name.split('[')[0]}")
    return report
