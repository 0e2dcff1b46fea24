"""The same small page in Notebook and in Voilà."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.widgets.browser.desk import Desk

CELLS = ("from tests.widgets.browser.sample import Sample\nsample = Sample()\nsample.play(5)\nsample.view",)


@pytest.mark.parametrize("kind", ["notebook", "voila"])
def test_page_lives(open_page: Callable[..., Desk], kind: str) -> None:
    desk = open_page(kind, CELLS)
    desk.root.get_by_label("Filter").press_sequentially("typed at five redraws a second", delay=40)
    expect(desk.root.get_by_label("Filter")).to_have_value("typed at five redraws a second")
    desk.root.get_by_role("button", name="Remove").nth(2).click()
    expect(desk.root.locator("tbody tr")).to_have_count(7)
    columns = desk.root.locator("ol").first.locator("li")
    columns.nth(4).drag_to(columns.nth(1))
    expect(columns.nth(1)).to_have_text("Logged")
    desk.screenshot(f"sample-{kind}")
    desk.root.locator("tbody tr").nth(1).get_by_text("Subject").dblclick()
    expect(desk.root.locator("dialog")).to_be_visible()
    assert desk.violations() == ""
    desk.page.keyboard.press("Escape")
    expect(desk.root.locator("dialog")).to_have_count(0)
    assert desk.violations() == ""


def test_no_key_reaches_the_notebook(open_page: Callable[..., Desk]) -> None:
    desk = open_page("notebook", CELLS)
    for place in ("tbody tr", "button", "select"):
        for key in ("a", "b", "d", "d", "x", "m", "y", "1", "Shift+Enter"):
            desk.root.locator(place).first.focus()
            desk.page.keyboard.press(key)
            assert (desk.cells(), desk.mode()) == (1, "command"), (place, key)


def test_voila_in_the_dark(open_page: Callable[..., Desk]) -> None:
    desk = open_page("voila", CELLS, query="?theme=dark")
    desk.screenshot("sample-voila-dark")
    assert desk.root.evaluate("root => getComputedStyle(root).colorScheme") == "dark"
    assert desk.violations() == ""
