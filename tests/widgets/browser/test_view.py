"""`static/view.js` with a small page of its own, in JupyterLab: what survives a redraw, what is reported, what is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.widgets.browser import hostile
from tests.widgets.browser.desk import Desk

CELLS = ("from tests.widgets.browser.sample import Sample\nsample = Sample()\nsample.view",)
FIVE_TIMES_A_SECOND = "sample.play(5)"


@pytest.fixture(scope="module")
def shared(open_shared: Callable[..., Desk]) -> Desk:
    return open_shared("lab", CELLS)


@pytest.fixture
def desk(shared: Desk) -> Desk:
    """The sample as it is in the beginning."""
    shared.page.wait_for_timeout(50)  # what the last test did has been heard
    shared.run("sample.reset()")
    shared.page.mouse.move(0, 0)
    return shared


def row(desk: Desk, number: int) -> Locator:
    return desk.root.locator("tbody tr", has_text=f"person{number}@example.org")


def field(desk: Desk, name: str) -> Locator:
    return desk.root.locator(f"input[name={name}]")


def heard(desk: Desk, name: str) -> list[dict]:
    return [message for message in desk.ask("sample.heard") if message["gesture"] == name]


def eventually(look: Callable[[], object], expected: object, patience: float = 5.0) -> None:
    """For what the kernel knows; the browser has `expect`. Gestures go by another way than code, so one may overtake the other."""
    end = time.monotonic() + patience
    while look() != expected and time.monotonic() < end:
        time.sleep(0.02)
    assert look() == expected


def ticks_go_on(desk: Desk) -> None:
    """Wait until the page was drawn five more times."""
    now = int(desk.root.locator("[data-tick]").first.get_attribute("data-tick") or 0)
    desk.page.wait_for_function("([tick]) => Number(document.querySelector('.outboxsim [data-tick]').dataset.tick) >= tick", arg=[now + 5])


def focused(desk: Desk) -> str:
    """The focused element: its row, if in one, and its text or name."""
    return str(
        desk.page.evaluate(
            "(node => [node.closest('tr')?.cells[1]?.textContent, node.name || node.textContent].filter(Boolean).join(': '))(document.activeElement)"
        )
    )


# ---- what survives a redraw


def test_typing_goes_on_while_the_page_is_drawn_five_times_a_second(desk: Desk) -> None:
    desk.run(FIVE_TIMES_A_SECOND)
    text = "what is being typed"
    field(desk, "filter").press_sequentially(text, delay=70)  # slower than the pause after which it is reported now and then
    ticks_go_on(desk)
    expect(field(desk, "filter")).to_have_value(text)
    expect(field(desk, "filter")).to_be_focused()
    assert desk.ask("sample.filter") == text
    eventually(lambda: heard(desk, "sample.filter")[-1]["value"], text)


def test_caret_stays_where_it_is(desk: Desk) -> None:
    desk.run(FIVE_TIMES_A_SECOND)
    field(desk, "filter").fill("abcdef")
    for key in ("End", "ArrowLeft", "ArrowLeft"):
        desk.page.keyboard.press(key)
    ticks_go_on(desk)
    desk.page.keyboard.type("XY", delay=250)  # each is reported and answered
    ticks_go_on(desk)
    expect(field(desk, "filter")).to_have_value("abcdXYef")
    assert field(desk, "filter").evaluate("node => [node.selectionStart, node.selectionEnd]") == [6, 6]


def test_typing_is_reported_when_it_pauses(desk: Desk) -> None:
    field(desk, "filter").press_sequentially("quick", delay=20)
    expect(field(desk, "filter")).to_have_value("quick")
    desk.page.wait_for_timeout(400)  # longer than the pause after which it is reported
    eventually(lambda: [message["value"] for message in heard(desk, "sample.filter")], ["quick"])


def test_what_was_typed_is_reported_before_what_is_done_next(desk: Desk) -> None:
    field(desk, "filter").press_sequentially("x", delay=0)
    row(desk, 1).get_by_role("button", name="Remove").click()
    expect(row(desk, 1)).to_have_count(0)
    eventually(lambda: [message["gesture"] for message in desk.ask("sample.heard")], ["sample.filter", "sample.remove"])


def test_a_field_without_an_answer_keeps_what_was_typed(desk: Desk) -> None:
    desk.run(f"sample.answers = False\n{FIVE_TIMES_A_SECOND}")
    field(desk, "filter").press_sequentially("kept", delay=10)
    ticks_go_on(desk)
    expect(field(desk, "filter")).to_have_value("kept")


def test_a_value_from_python_is_shown(desk: Desk) -> None:
    field(desk, "filter").fill("mine")
    desk.page.wait_for_timeout(300)
    desk.run("sample.filter = 'from Python'\nsample.refresh()")
    expect(field(desk, "filter")).to_have_value("from Python")
    desk.run("sample.filter = ''\nsample.refresh()")
    expect(field(desk, "filter")).to_have_value("")


def test_focus_and_scroll_stay(desk: Desk) -> None:
    button = row(desk, 3).get_by_role("button", name="Remove")
    button.focus()
    box = desk.root.locator(".ob-scroll")
    left = box.evaluate("node => node.scrollLeft")
    assert left > 0
    desk.run(FIVE_TIMES_A_SECOND)
    ticks_go_on(desk)
    expect(button).to_be_focused()
    assert box.evaluate("node => node.scrollLeft") == left


def test_rows_are_moved_not_made_anew(desk: Desk) -> None:
    desk.root.locator("tbody").evaluate("body => [...body.rows].forEach((row, index) => { row.mark = index })")
    row(desk, 6).get_by_role("button", name="Remove").focus()
    desk.run("sample.rows = [7, 6, 20, 5, 0, 1, 3]\nsample.refresh()")
    expect(desk.root.locator("tbody tr")).to_have_count(7)
    assert desk.root.locator("tbody").evaluate("body => [...body.rows].map(row => row.mark ?? null)") == [7, 6, None, 5, 0, 1, 3]
    expect(row(desk, 6).get_by_role("button", name="Remove")).to_be_focused()


def test_focus_goes_to_the_next_row_when_its_own_is_gone(desk: Desk) -> None:
    row(desk, 3).get_by_role("button", name="Remove").focus()
    desk.page.keyboard.press("Enter")
    expect(row(desk, 3)).to_have_count(0)
    assert focused(desk) == "person4@example.org: Remove"
    desk.run("sample.rows = []\nsample.refresh()")
    assert desk.page.evaluate("document.activeElement.closest('.outboxsim') !== null")


def test_a_selection_of_text_stays(desk: Desk) -> None:
    desk.page.evaluate("getSelection().selectAllChildren(document.querySelector('.outboxsim tbody td:nth-child(3)'))")
    desk.run(FIVE_TIMES_A_SECOND)
    ticks_go_on(desk)
    assert desk.page.evaluate("getSelection().toString()") == "Subject of email 0"


# ---- what is reported


def test_a_click_is_not_lost_when_rows_move_under_the_pointer(desk: Desk) -> None:
    button = row(desk, 2).get_by_role("button", name="T-2")
    button.hover()
    desk.page.mouse.down()
    desk.run("sample.rows.reverse()\nsample.ticks += 1\nsample.refresh()")
    desk.page.mouse.up()
    expect(desk.root.locator("tbody tr").first).to_contain_text("person7")
    eventually(lambda: [message["arguments"] for message in heard(desk, "sample.work_item")], [[2]])


def test_a_click_on_a_button_is_no_click_on_its_row(desk: Desk) -> None:
    row(desk, 2).get_by_role("button", name="T-2").dblclick()
    row(desk, 2).get_by_role("checkbox").click()
    row(desk, 2).get_by_text("Subject of email 2").click()
    eventually(
        lambda: [(message["gesture"], message["arguments"], message["value"]) for message in desk.ask("sample.heard")],
        [
            ("sample.work_item", [2], None),
            ("sample.work_item", [2], None),
            ("sample.select", [2], True),
            ("sample.row", [2], None),
        ],
    )


def test_double_click_and_enter_open_the_details(desk: Desk) -> None:
    row(desk, 5).get_by_text("Subject of email 5").dblclick()
    expect(desk.root.locator("dialog")).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(desk.root.locator("dialog")).to_have_count(0)
    row(desk, 4).focus()
    desk.page.keyboard.press("Enter")
    expect(desk.root.locator("dialog")).to_be_visible()
    eventually(lambda: [message["arguments"] for message in heard(desk, "sample.details")], [[5], [4]])


def test_double_click_means_the_row_of_its_first_click(desk: Desk) -> None:
    place = row(desk, 1).get_by_text("Subject of email 1").bounding_box()
    assert place
    x, y = place["x"] + 20, place["y"] + 8
    desk.page.mouse.click(x, y)
    desk.run("sample.rows.reverse()\nsample.refresh()")
    desk.page.mouse.move(x, y)
    desk.page.mouse.down(click_count=2)
    desk.page.mouse.up(click_count=2)
    eventually(lambda: [message["arguments"] for message in heard(desk, "sample.details")], [[1]])


def test_enter_on_a_button_in_a_row_is_the_buttons(desk: Desk) -> None:
    row(desk, 4).get_by_role("button", name="T-4").focus()
    desk.page.keyboard.press("Enter")
    eventually(lambda: [message["gesture"] for message in desk.ask("sample.heard")], ["sample.work_item"])


def test_a_disabled_button_does_nothing(desk: Desk) -> None:
    desk.root.get_by_role("button", name="Not now").click(force=True)
    desk.page.wait_for_timeout(200)
    assert desk.ask("sample.heard") == []


def test_what_was_ticked_or_chosen_in_vain_goes_back(desk: Desk) -> None:
    box = desk.root.get_by_role("checkbox", name="refused")
    box.click()
    eventually(lambda: [message["value"] for message in heard(desk, "sample.refused")], [True])
    expect(box).not_to_be_checked()
    desk.root.get_by_label("Page size").select_option("50")
    eventually(lambda: [message["value"] for message in heard(desk, "sample.size")], ["50"])
    expect(desk.root.get_by_label("Page size")).to_have_value("20")
    row(desk, 2).get_by_role("checkbox").click()
    expect(row(desk, 2)).to_have_attribute("aria-selected", "true")
    expect(row(desk, 2).get_by_role("checkbox")).to_be_checked()


def test_a_form_is_reported_field_by_field(desk: Desk) -> None:
    address = desk.page.url
    desk.root.get_by_role("button", name="Send", exact=True).click()
    desk.page.wait_for_timeout(200)
    assert heard(desk, "sample.send") == []  # To is required
    field(desk, "to").fill("ann@example.org")
    desk.root.locator("textarea").fill("Hello,\n\n<b>Ann</b>")
    desk.root.get_by_role("checkbox", name="ben").check()
    desk.root.get_by_role("checkbox", name="cid").check()
    desk.root.get_by_role("radio", name="later").check()
    desk.run(FIVE_TIMES_A_SECOND)
    ticks_go_on(desk)
    field(desk, "to").press("Enter")
    eventually(
        lambda: [message["form"] for message in heard(desk, "sample.send")],
        [{"to": "ann@example.org", "body": "Hello,\n\n<b>Ann</b>", "urgent": False, "copies": ["ben", "cid"], "when": "later"}],
    )
    assert desk.page.url == address


# ---- dialogs, popups


def test_a_dialog_takes_the_focus_and_gives_it_back(desk: Desk) -> None:
    opener = desk.root.get_by_role("button", name="Details", exact=True)
    opener.focus()
    desk.run(FIVE_TIMES_A_SECOND)
    desk.page.keyboard.press("Enter")
    dialog = desk.root.locator("dialog")
    expect(dialog).to_be_visible()
    assert dialog.evaluate("node => node.matches(':modal')")
    expect(dialog.get_by_label("Comment")).to_be_focused()
    for _ in range(6):
        desk.page.keyboard.press("Tab")
        assert desk.page.evaluate("document.activeElement === document.body || document.activeElement.closest('dialog') !== null")
    dialog.get_by_label("Comment").fill("kept while it ticks")
    ticks_go_on(desk)
    expect(dialog.get_by_label("Comment")).to_have_value("kept while it ticks")
    desk.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    eventually(lambda: len(heard(desk, "dialog.close")), 1)


def test_a_dialog_that_python_keeps_stays_open(desk: Desk) -> None:
    desk.run("sample.closes = False")
    desk.root.get_by_role("button", name="Details", exact=True).click()
    dialog = desk.root.locator("dialog")
    expect(dialog).to_be_visible()
    for asked in (1, 2, 3):  # the last one in a row a browser obeys without asking
        desk.page.keyboard.press("Escape")
        eventually(lambda: len(heard(desk, "dialog.close")), asked)
        desk.page.wait_for_function("document.querySelector('.outboxsim dialog').matches(':modal')")
    desk.run("sample.dialog = False\nsample.refresh()")
    expect(dialog).to_have_count(0)


def test_a_popup_lies_at_the_lower_right_of_the_window(desk: Desk) -> None:
    desk.root.get_by_role("button", name="Undo").click()
    popup = desk.root.locator(".ob-popup")
    expect(popup).to_be_in_viewport(ratio=1)
    place, window = popup.bounding_box(), desk.page.viewport_size
    assert place
    assert window
    assert window["width"] - place["x"] - place["width"] < 40
    assert window["height"] - place["y"] - place["height"] < 40
    desk.screenshot("sample-popup")
    popup.get_by_role("button", name="Undo").click()
    eventually(lambda: len(heard(desk, "sample.undo")), 1)


# ---- keys


def test_arrow_keys_lead_through_rows_and_tabs(desk: Desk) -> None:
    rows = desk.root.locator("tbody tr")
    assert rows.evaluate_all("rows => rows.map(row => row.tabIndex)") == [0] + [-1] * 7
    rows.first.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "End", "ArrowDown", "Home", "ArrowDown"):
        desk.page.keyboard.press(key)
    expect(rows.nth(1)).to_be_focused()
    assert rows.evaluate_all("rows => rows.map(row => row.tabIndex)") == [-1, 0] + [-1] * 6
    tabs = desk.root.get_by_role("tab")
    tabs.nth(0).focus()
    desk.page.keyboard.press("ArrowRight")
    expect(tabs.nth(1)).to_be_focused()
    desk.page.keyboard.press("Space")
    expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    desk.page.keyboard.press("ArrowDown")
    expect(tabs.nth(1)).to_be_focused()


KEYS = [
    "a",
    "b",
    "c",
    "d",
    "v",
    "x",
    "y",
    "z",
    "m",
    "r",
    "l",
    "o",
    "f",
    "h",
    "j",
    "k",
    "0",
    "1",
    "2",
    "Enter",
    "Space",
    "Delete",
    "ArrowUp",
    "ArrowDown",
    "Shift+Enter",
    "Control+Enter",
    "Alt+Enter",
    "Shift+m",
    "Shift+a",
    "Escape",
]
PLACES: dict[str, Callable[[Desk], Locator]] = {
    "button": lambda desk: desk.root.get_by_role("button", name="Cancel all"),
    "row": lambda desk: row(desk, 1),
    "checkbox": lambda desk: row(desk, 1).get_by_role("checkbox"),
    "select": lambda desk: desk.root.get_by_label("Page size"),
    "text": lambda desk: field(desk, "filter"),
    "textarea": lambda desk: desk.root.locator("textarea"),
    "root": lambda desk: desk.root,
}


@pytest.mark.parametrize("place", PLACES)
def test_no_key_reaches_the_notebook(desk: Desk, place: str) -> None:
    before = desk.page.evaluate(STATE_OF_NOTEBOOK)
    for key in KEYS:
        PLACES[place](desk).focus()
        for _ in range(2):  # `d d` deletes a cell
            desk.page.keyboard.press(key)
        assert desk.page.evaluate(STATE_OF_NOTEBOOK) == before, key
        desk.run("sample.dialog = False\nsample.popup = False\nsample.refresh()")
    expect(desk.page.locator(".jp-Dialog")).to_have_count(0)


STATE_OF_NOTEBOOK = """
(notebook => [notebook.mode, notebook.activeCellIndex, notebook.widgets.map(cell => [cell.model.type, cell.model.executionCount])])
(window.jupyterapp.shell.currentWidget.content)
"""


def test_no_key_in_a_dialog_reaches_the_notebook(desk: Desk) -> None:
    desk.run("sample.dialog = True\nsample.refresh()")
    before = desk.page.evaluate(STATE_OF_NOTEBOOK)
    desk.root.get_by_role("button", name="Retry").focus()
    for key in ("a", "b", "d", "d", "x", "m", "1", "j", "k", "0", "0"):
        desk.page.keyboard.press(key)
        assert desk.page.evaluate(STATE_OF_NOTEBOOK) == before, key


# ---- drag and drop


def order(desk: Desk) -> list[str]:
    return desk.root.locator("ol").first.locator("li").all_text_contents()


def test_columns_are_reordered_by_dragging(desk: Desk) -> None:
    columns = desk.root.locator("ol").first.locator("li")
    desk.run(FIVE_TIMES_A_SECOND)
    columns.nth(4).drag_to(columns.nth(1))
    expect(columns.nth(1)).to_have_text("Logged")
    assert order(desk) == ["To", "Logged", "Subject", "Send status", "Priority"]
    eventually(lambda: [(message["arguments"], message["value"]) for message in heard(desk, "columns.drop")], [(["Subject"], "Logged")])
    assert desk.root.locator("[data-ob-dragged], [data-ob-over]").count() == 0


def test_columns_are_reordered_by_keyboard(desk: Desk) -> None:
    desk.root.locator("ol").first.get_by_role("button", name="Priority").focus()
    desk.page.keyboard.press("Shift+ArrowUp")
    expect(desk.root.locator("ol").first.locator("li").nth(2)).to_have_text("Priority")
    desk.page.keyboard.press("Shift+ArrowUp")
    expect(desk.root.locator("ol").first.locator("li").nth(1)).to_have_text("Priority")
    desk.page.keyboard.press("Shift+ArrowDown")
    expect(desk.root.locator("ol").first.locator("li").nth(2)).to_have_text("Priority")
    expect(desk.root.locator("ol").first.get_by_role("button", name="Priority")).to_be_focused()
    desk.page.keyboard.press("ArrowDown")
    expect(desk.root.locator("ol").first.get_by_role("button", name="Send status")).to_be_focused()


def test_what_is_dragged_elsewhere_is_no_gesture(desk: Desk) -> None:
    row(desk, 0).get_by_text("Subject of email 0").drag_to(desk.root.locator("ol").first.locator("li").nth(1))
    desk.page.wait_for_timeout(200)
    assert heard(desk, "columns.drop") == []


# ---- hostile texts and trees


def test_hostile_texts_are_shown_as_text(desk: Desk) -> None:
    strings = [text for text in hostile.STRINGS if "\ud83d" not in text and "\x00" not in text]
    desk.run(
        "from outboxsim.widgets.nodes import element, gesture\n"
        "from tests.widgets.browser import hostile\n"
        "sample.extra = element('ul', [element('li', element('span', text, title=text, aria_label=text, data_text=text, class_=text, key=text),"
        " element('input', type='text', value=text, placeholder=text, aria_label=text, id=text, name=text), element('textarea', value=text),"
        " key=text, on={'click': gesture('sample.hostile', text)}) for text in hostile.STRINGS], id='hostile', key='hostile')\n"
        "sample.refresh()"
    )
    items = desk.root.locator("ul[id$=hostile] > li")
    expect(items).to_have_count(len(hostile.STRINGS))
    shown = items.locator("span").evaluate_all("spans => spans.map(one => [one.textContent, one.title, one.ariaLabel, one.dataset.text])")
    assert [texts for texts in shown if texts[0] in strings] == [[text] * 4 for text in strings]
    values = items.locator("textarea").evaluate_all("fields => fields.map(one => one.value)")
    assert [value for value in values if value in strings] == strings
    assert len(items.locator("*").all()) == len(hostile.STRINGS) * 3
    for text in strings:
        items.nth(hostile.STRINGS.index(text)).locator("span").dispatch_event("click")
    # In any order: while JupyterLab is still making the subshell of widgets, its first messages take two ways.
    eventually(lambda: sorted(message["arguments"] for message in heard(desk, "sample.hostile")), sorted([text] for text in strings))
    assert hostile.traces(desk) == []


def test_forged_trees_are_refused_by_the_browser_too(desk: Desk) -> None:
    for index, tree in enumerate(hostile.FORGED):
        forged = {"t": "section", "k": "forged", "c": [tree, {"t": "p", "k": "end", "c": [f"forged {index}"]}]}
        desk.run(f"import json\nsample.view.tree = json.loads({json.dumps(json.dumps(forged))})")
        expect(desk.root.get_by_text(f"forged {index}", exact=True)).to_be_visible()
        desk.root.locator("div, button, input, p").evaluate_all("nodes => nodes.forEach(node => node.click())")
        assert hostile.traces(desk) == []
    assert desk.root.evaluate("root => root.querySelectorAll('b').length") == 0
    desk.run(f"sample.view.tree = {{'t': 'img', 'a': {{'src': {hostile.PICTURE!r}, 'alt': 'a dot'}}}}")
    expect(desk.root.get_by_alt_text("a dot")).to_have_js_property("naturalWidth", 1)
    desk.run("sample.view.tree = {'t': 'img', 'a': {'src': 'http://evil.example/x.png', 'alt': 'a dot'}}")
    expect(desk.root.get_by_alt_text("a dot")).not_to_have_attribute("src", hostile.PICTURE)
    assert hostile.traces(desk) == []


def test_what_a_forged_message_claims_is_not_believed(desk: Desk) -> None:
    dropped = desk.ask("sample.view.dropped")
    desk.forge("sample.view", {"method": "update", "state": {"tree": {"t": "p", "c": ["forged"]}, "_esm": "x"}, "buffer_paths": []})
    for content in ("text", 7, None, [], {"gesture": ""}, {"gesture": "a", "arguments": [{}]}, {"gesture": "a", "more": 1}):
        desk.forge("sample.view", {"method": "custom", "content": content})
    eventually(lambda: desk.ask("sample.view.dropped") - dropped, 7)
    assert desk.ask("sample.heard") == []
    assert desk.ask("sample.view.tree['t']") == "section"
    desk.forge("sample.view", {"method": "custom", "content": {"gesture": "sample.never"}})
    eventually(lambda: desk.ask("sample.heard"), [{"gesture": "sample.never", "arguments": [], "value": None, "form": None}])


def test_gestures_are_heard_in_the_thread_that_plays(desk: Desk) -> None:
    desk.run(
        "import threading\nthreads = []\nfirst = sample.view.on_gesture\nsample.view.on_gesture = lambda one: threads.append(threading.current_thread().name)"
    )
    for _ in range(5):
        desk.root.get_by_role("button", name="Cancel all").click()
    eventually(lambda: desk.ask("threads"), ["MainThread"] * 5)
    desk.run("sample.view.on_gesture = first")


# ---- for everybody


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(desk: Desk, theme: str) -> None:
    desk.theme(theme)
    try:
        desk.run("sample.selected = {1, 2}\nsample.popup = True\nsample.note = 'Retried 2 emails.'\nsample.refresh()")
        expect(desk.root.locator(".ob-popup")).to_be_visible()
        assert desk.violations() == ""
        desk.run("sample.popup = False\nsample.refresh()")
        desk.screenshot(f"sample-{theme}")
        desk.run("sample.dialog = True\nsample.refresh()")
        expect(desk.root.locator("dialog")).to_be_visible()
        assert desk.violations() == ""
        desk.screenshot(f"sample-dialog-{theme}")
    finally:
        desk.theme("light")


@pytest.mark.parametrize("width", [800, 640, 400])
def test_nothing_but_the_table_scrolls_sideways(desk: Desk, width: int) -> None:
    """640: a window of 1280 at 200 %; 400: one of 800 at 200 %."""
    desk.page.set_viewport_size({"width": width, "height": 600})
    try:
        desk.run("sample.ticks += 1\nsample.refresh()")
        desk.screenshot(f"sample-{width}")
        assert desk.root.evaluate("root => root.scrollWidth <= root.clientWidth + 1")
        assert desk.root.locator(".ob-scroll").evaluate("box => box.scrollWidth > box.clientWidth")
    finally:
        desk.page.set_viewport_size({"width": 1280, "height": 900})


def test_one_model_is_shown_twice(open_page: Callable[..., Desk]) -> None:
    desk = open_page("lab", (*CELLS, "sample.view"))
    expect(desk.root).to_have_count(2)
    first, second = desk.root.nth(0), desk.root.nth(1)
    first.locator("textarea").fill("only here")
    desk.run(FIVE_TIMES_A_SECOND)
    ticks_go_on(desk)
    expect(first.locator("textarea")).to_have_value("only here")
    expect(second.locator("textarea")).to_have_value("")
    assert (
        desk.page.evaluate(
            "(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('.outboxsim [id]')].map(node => node.id))"
        )
        == 0
    )
    second.get_by_label("Filter").fill("both")
    expect(first.get_by_label("Filter")).to_have_value("both")
    assert first.locator("tbody tr").count() == second.locator("tbody tr").count() == 8
