"""The screens: what they show, for eyes, keyboards and screen readers, and that text stays text (G1 to G4, G7, G8, C7)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from outboxsim.outbox import View
from outboxsim.scenario.people import COLUMNS
from outboxsim.scenario.readers import read_name
from outboxsim.widgets.app import OutboxApp
from outboxsim.widgets.nodes import ATTRIBUTES, Element, find, plain, texts
from outboxsim.widgets.preferences import FIRST_COLUMNS
from outboxsim.widgets.screens.columns import columns_dialog
from outboxsim.widgets.screens.foreign import foreign, shown
from outboxsim.widgets.screens.settings import in_unit
from outboxsim.widgets.words import Words
from tests.widgets.stage import page_app, screen_of, tell

XSS = (Path(__file__).parent / "xss.txt").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def app(tmp_path: Path) -> OutboxApp:
    return page_app(tmp_path, "greta")


def page(app: OutboxApp) -> Element:
    return screen_of(app, "page")


def row(app: OutboxApp, email: str) -> Element:
    return find(page(app), "tr", key=email)[0]


def named(element: Element, name: str) -> list[Element]:
    """The buttons with this name."""
    return [one for one in find(element, "button") if name in (one.attributes.get("aria-label"), texts(one))]


# The grid: G1 to G3


def test_g1_the_table_has_headings_that_sort(app: OutboxApp) -> None:
    heads = find(find(page(app), "thead")[0], "th")
    assert all(head.attributes["scope"] == "col" for head in heads)
    assert [texts(head) for head in heads[2:]] == [Words("en").column(name) for name in FIRST_COLUMNS]
    assert not [head for head in heads if "aria-sort" in head.attributes]
    tell(app, "page.sort", "subject")
    assert [head.key for head in find(page(app), "th", aria_sort="ascending")] == ["subject"]
    tell(app, "page.sort", "subject")
    assert [head.key for head in find(page(app), "th", aria_sort="descending")] == ["subject"]


def test_g1_every_row_has_a_cell_for_every_heading(app: OutboxApp) -> None:
    table = find(page(app), "table")[0]
    columns = len(find(table, "th"))
    assert {len(find(one, "td")) for one in find(find(table, "tbody")[0], "tr")} == {columns}
    assert find(table, "caption")


def test_g1_a_row_shows_what_section_1_says(app: OutboxApp) -> None:
    told = [texts(cell) for cell in find(row(app, "given-up"), "td")][2:]
    at = "2 Mar 2026, 09:00:00"
    assert told == [
        "c@kunde.example",
        "Given up",
        "Failed",
        "1",
        "",
        "550 5.1.1 no such user",
        "strict",
        "T-1",
        "normal",
        at,
        at,
        "no",
        "Ticket",
        "0",
    ]


def test_g1_a_row_in_german(tmp_path: Path) -> None:
    german = page_app(tmp_path, "greta", app={"language": "de"})
    told = [texts(cell) for cell in find(row(german, "notice"), "td")][2:]
    assert told[2:6:3] == [
        "Verbindung deaktiviert",
        "Der E-Mail-Connector closed ist deaktiviert. Bitte im Builder aktivieren und erneut versuchen.",
    ]
    assert told[9] == "02.03.2026, 09:00:00"
    assert told[11] == "ja"
    assert find(page(german), lang="de")


def test_g2_the_page_size_is_at_the_right_of_its_bar(app: OutboxApp) -> None:
    bar = next(one for one in find(page(app), "div", class_="ob-bar") if find(one, "select", id="page-size"))
    assert find(bar.children[-1], "select", id="page-size")  # type: ignore[arg-type]
    options = find(find(page(app), "select", id="page-size")[0], "option")
    assert [texts(one) for one in options] == ["10", "20", "50", "100", "200"]


def test_g2_a_page_size_of_the_scenarios_own_can_be_kept(tmp_path: Path) -> None:
    own = page_app(tmp_path, "lena", users={"lena": {"page_size": 7}})
    assert "7" in [texts(one) for one in find(find(page(own), "select", id="page-size")[0], "option")]
    tell(own, "page.size", value="7")
    assert own.page.page_size == 7


def test_g3_every_row_can_be_worked_by_keyboard(app: OutboxApp) -> None:
    events = row(app, "given-up").on
    assert {name: (done.name, done.arguments) for name, done in events.items()} == {
        "dblclick": ("email.details", ("given-up",)),
        "key:Enter": ("email.details", ("given-up",)),
        "key:Delete": ("email.cancel", ("given-up",)),
        "key:r": ("email.retry", ("given-up",)),
        "key:Space": ("page.toggle", ("given-up",)),
        "key:Shift+Space": ("page.select_to", ("given-up",)),
        "key:Ctrl+a": ("page.select_all", ()),
    }
    box = find(row(app, "given-up"), "input", type="checkbox")[0]
    assert {name: done.name for name, done in box.on.items()} == {"change": "page.select", "shift-click": "page.select_to"}
    assert row(app, "given-up").attributes["tabindex"] == 0
    assert find(page(app), "tbody")[0].attributes["arrows"] == "vertical"


def test_g3_a_button_that_can_do_nothing_says_why(app: OutboxApp) -> None:
    retry = find(row(app, "waits"), "button", key="retry")[0]
    assert retry.attributes["aria-disabled"] is True
    assert retry.attributes["title"] == "Retry Waits: not possible in this send status"
    assert not retry.on
    assert find(row(app, "waits"), "button", key="cancel")[0].on["click"].name == "email.cancel"
    assert [texts(one) for one in find(page(app), "button", title="no email is selected")] == ["Retry selected", "Cancel selected"]


def test_g3_the_bulk_result_lists_refusals_first(app: OutboxApp) -> None:
    tell(app, "page.select_page", value=True)
    tell(app, "bulk.retry")
    result = find(page(app), "div", key="result")[0]
    assert texts(find(result, "summary")[0]) == "4 emails are being retried, 1 refused"
    rows = [[texts(cell) for cell in find(one, "td")] for one in find(find(result, "tbody")[0], "tr")]
    assert rows[0] == ["waits", "refused: not possible in this send status"]
    assert [answer for _, answer in rows[1:]] == ["done"] * 4
    tell(app, "bulk.dismiss")
    assert not find(page(app), "div", key="result")


def test_g3_all_pages_can_be_selected_once_the_page_is(tmp_path: Path) -> None:
    emails = [{"id": f"m{number}", "at": "0 s", "from": "lena", "to": "a@kunde.example", "send_at": "4 h"} for number in range(25)]
    app = page_app(tmp_path, "lena", emails=emails)
    assert not named(page(app), "Select all 25")
    tell(app, "page.select_page", value=True)
    assert named(page(app), "Select all 25")
    tell(app, "page.select_all")
    assert "25 selected" in texts(page(app))
    assert not named(page(app), "Select all 25")


def test_every_control_has_a_name(app: OutboxApp) -> None:
    for dialog in ("settings.open", "columns.open", "login.open", "compose.open"):
        tell(app, dialog)
        tree = page(app)
        labelled = {one.attributes.get("for") for one in find(tree, "label")}
        inside = {id(child) for one in find(tree, "label") for kind in ("input", "select") for child in find(one, kind)}
        for kind in ("input", "select", "textarea"):
            for control in find(tree, kind):
                assert "aria-label" in control.attributes or control.attributes.get("id") in labelled or id(control) in inside, control
        assert [one for one in find(tree, "button") if not (texts(one) or one.attributes.get("aria-label"))] == []


def test_ids_are_there_once_and_references_lead_somewhere(app: OutboxApp) -> None:
    for gesture, *arguments in (("settings.open",), ("columns.open",), ("login.open",), ("compose.open",), ("email.details", "given-up")):
        tell(app, gesture, *arguments)
        elements = everything(page(app))
        present = [one.attributes["id"] for one in elements if "id" in one.attributes]
        assert len(present) == len(set(present)), gesture
        for name in ("for", "aria-labelledby", "aria-describedby"):
            for one in elements:
                assert set(str(one.attributes.get(name, "")).split()) <= set(map(str, present)), (gesture, name)


def test_keys_are_there_once_among_siblings(app: OutboxApp) -> None:
    for gesture, *arguments in (("settings.open",), ("columns.open",), ("login.open",), ("email.details", "given-up")):
        tell(app, gesture, *arguments)
        for one in everything(page(app)):
            keys = [(child.tag, child.key) for child in one.children if isinstance(child, Element) and child.key is not None]
            assert len(keys) == len(set(keys)), (one.tag, keys)


def everything(element: Element) -> list[Element]:
    return find(element)


def test_an_empty_view_says_so(tmp_path: Path) -> None:
    app = page_app(tmp_path, "kim")
    assert "No emails in this view." in texts(page(app))
    app = page_app(tmp_path, "greta")
    tell(app, "page.filter", value="nothing like it")
    assert "No email matches the filter." in texts(page(app))
    tell(app, "page.reset_filter")
    assert len(find(find(page(app), "tbody")[0], "tr")) == 5


# The frame: P1, P4


def test_p4_the_navigation_shows_the_number(app: OutboxApp) -> None:
    entry = find(page(app), "button", key="outbox")[0]
    assert entry.attributes["aria-label"] == "Outbox (5)"
    assert entry.attributes["aria-current"] == "page"
    tell(app, "page.view", value="mine")
    assert find(page(app), "button", key="outbox")[0].attributes["aria-label"] == "Outbox (0)"


def test_p1_every_view_can_be_chosen(app: OutboxApp) -> None:
    options = find(find(page(app), "select", id="view")[0], "option")
    assert [(one.attributes["value"], texts(one)) for one in options] == [(view, Words("en").view(view)) for view in View]


def test_what_is_said_is_heard(app: OutboxApp) -> None:
    tell(app, "email.retry", "given-up")
    assert texts(find(page(app), "div", role="status", key="done")[0]) == "“Given up” is being retried."
    tell(app, "email.retry", "waits")
    alert = find(page(app), "div", role="alert")[0]
    assert (texts(alert), alert.attributes["aria-live"]) == ("Refused: not possible in this send status.", "assertive")


# Details: G4, C7


def details(app: OutboxApp, email: str) -> Element:
    tell(app, "email.details", email)
    return find(page(app), "dialog")[0]


def test_g4_details_are_read_only(tmp_path: Path) -> None:
    email = {
        "id": "full",
        "at": "0 s",
        "from": "lena",
        "to": ["a@kunde.example", "b@kunde.example"],
        "cc": "c@kunde.example",
        "bcc": "d@kunde.example",
        "subject": "All of it",
        "body": "Line one\n  Line two",
        "attachments": [{"name": "a.pdf", "size": 20000}],
        "via": "strict",
        "work_item": "T-1",
    }
    dialog = details(page_app(tmp_path, "lena", emails=[email]), "full")
    fields = {one.key: texts(one) for one in find(dialog, "dd")}
    assert fields["from"] == "lena  < lena@acme.example >"
    assert fields["to"].strip() == "a@kunde.example, b@kunde.example"
    assert (fields["cc"].strip(), fields["bcc"].strip()) == ("c@kunde.example", "d@kunde.example")
    assert fields["attachments"] == "a.pdf  (20\u00a0kB)"
    assert texts(find(dialog, class_="ob-text")[0]) == "Line one\n  Line two"
    assert not [kind for kind in ("input", "textarea", "select") if find(dialog, kind)]
    assert (dialog.attributes["modal"], dialog.on["close"].name) == (True, "dialog.close")


def test_g4_details_show_every_attempt(app: OutboxApp) -> None:
    tell(app, "email.retry", "given-up")
    dialog = details(app, "given-up")
    rows = [[texts(cell) for cell in find(one, "td")] for one in find(find(dialog, "tbody")[0], "tr")]
    assert [(one[0], one[2], one[4], one[5]) for one in rows] == [
        ("1", "automatic", "failed for good", "550 5.1.1 no such user"),
        ("2", "manual", "failed for good", "550 5.1.1 no such user"),
    ]
    assert "Pending retry" in texts(find(dialog, "details", key="history")[0])


def test_g4_retry_and_cancel_from_the_details(app: OutboxApp) -> None:
    footer = find(details(app, "given-up"), "footer")[0]
    assert [(one.key, one.on["click"].name) for one in find(footer, "button")] == [
        ("retry", "email.retry"),
        ("cancel", "email.cancel"),
        ("close", "dialog.close"),
    ]
    tell(app, "email.cancel", "given-up")
    footer = find(find(page(app), "dialog")[0], "footer")[0]
    assert find(footer, "button", key="retry")[0].attributes["title"] == "the email has left the outbox"


def test_c7_a_disabled_connector_says_what_to_do_and_whom_to_ask(app: OutboxApp) -> None:
    what = texts(find(details(app, "closed-door"), "div", key="what-to-do")[0])
    assert what == "The email connector closed is disabled. Please enable it in Builder and retry. Who can enable it: cy"


def test_c7_an_admin_is_led_to_builder(tmp_path: Path) -> None:
    app = page_app(tmp_path, "cy")
    tell(app, "page.view", value="all")
    button = named(details(app, "closed-door"), "Go to Builder")[0]
    tell(app, button.on["click"].name, *button.on["click"].arguments)
    assert not find(page(app), "dialog")
    assert "closed" in texts(screen_of(app, "builder"))


def test_c7_without_an_admin_that_is_said(tmp_path: Path) -> None:
    app = page_app(tmp_path, "lena", users={"kim": {}})
    assert "no user is an administrator" in texts(details(app, "closed-door"))


def test_l1_an_email_in_flight_is_seen_to_be_on_its_way(tmp_path: Path) -> None:
    emails = [{"id": "m", "at": "0 s", "from": "lena", "to": "a@kunde.example"}]
    app = page_app(tmp_path, "lena", until="1 s", emails=emails)
    assert re.search("Queued +is being sent", texts(row(app, "m")))
    assert "is being sent" in texts(details(app, "m"))


# Columns and settings


def test_g1_mandatory_columns_are_fixed() -> None:
    dialog = columns_dialog(Words("en"), ("subject", "logged", "to"))
    boxes = {one.key: find(one, "input")[0] for one in find(dialog, "li")}
    assert list(boxes) == ["subject", "logged", "to", *(name for name in COLUMNS if name not in ("subject", "logged", "to"))]
    assert [name for name, box in boxes.items() if box.attributes.get("disabled")] == ["subject", "to"]
    assert [name for name, box in boxes.items() if box.attributes.get("checked")] == ["subject", "logged", "to"]


def test_g2_columns_move_by_dragging_buttons_and_keys() -> None:
    entry = find(columns_dialog(Words("en"), ("to", "subject", "logged")), "li", key="subject")[0]
    assert entry.attributes["drag"] == "subject"
    assert {event: (done.name, *done.arguments) for event, done in entry.on.items()} == {
        "drop": ("columns.drop", "subject"),
        "key:Alt+ArrowUp": ("columns.move", "subject", -1),
        "key:Alt+ArrowDown": ("columns.move", "subject", 1),
    }
    assert [one.attributes["aria-label"] for one in find(entry, "button")] == ["Move Subject up", "Move Subject down"]


@pytest.mark.parametrize(
    ("window", "told"),
    [(0, ("0", "s")), (90_000_000, ("90", "s")), (120_000_000, ("2", "min")), (3_600_000_000, ("1", "h")), (1_500_000, ("1.5", "s"))],
)
def test_g7_the_undo_window_is_shown_in_its_largest_unit(window: int, told: tuple[str, str]) -> None:
    assert in_unit(window) == told


# Text stays text: G8

INVISIBLE = [
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    0x200E,
    0x200F,
    0x061C,
    0x200B,
    0x2060,
    0xFEFF,
    0xAD,
    0,
    7,
    0x1B,
    0x85,
    0xE0041,
    0xD800,
]


@pytest.mark.parametrize("code", INVISIBLE, ids=[f"U+{code:04X}" for code in INVISIBLE])
def test_g8_what_is_invisible_is_shown(code: int) -> None:
    assert shown(f"a{chr(code)}b") == f"a⟨U+{code:04X}⟩b"


def test_g8_what_writing_needs_stays() -> None:
    for text in ("שלום", "سلام", "می‌خواهم", "👨‍👩‍👧", "❤️", "a\tb\nc", "e\u0301", "\U0001f1e9\U0001f1ea"):
        assert shown(text) == text


def test_g8_foreign_text_has_its_own_direction() -> None:
    assert foreign("x\u202ey").attributes["dir"] == "auto"
    assert texts(foreign("x\u202ey")) == "x⟨U+202E⟩y"


def strings_in(tree: Any) -> list[str]:
    match tree:
        case str():
            return [tree]
        case dict():
            return [text for part in tree.values() for text in strings_in(part)]
        case list():
            return [text for part in tree for text in strings_in(part)]
    return []


def hostile_app(tmp_path: Path, hostile: list[str], view: str = "all") -> OutboxApp:
    """Each hostile string as subject, body, file name and id; users, connectors and work items of such names."""
    names = [text for text in hostile if is_a_name(text)][:12]
    evil = names[0]
    emails = [
        {
            "id": text if is_a_name(text) else f"m{number}",
            "at": "0 s",
            "from": evil,
            "to": "a@kunde.example",
            "subject": text,
            "body": text,
            "attachments": [{"name": text if is_a_name(text) else "a.pdf", "size": 1}],
            "via": names[1],
            "work_item": names[2],
        }
        for number, text in enumerate(hostile)
    ]
    app = page_app(
        tmp_path,
        evil,
        teams={names[3]: {"leaders": [evil]}},
        users={evil: {"admin": True, "page_size": 200}},
        work_items={names[2]: {"type": "ticket", "assignee": evil}},
        connectors={names[1]: {"permanent_failure": {"probability": "100 %", "errors": {"550 <script>alert(1)</script>\u202e": 1}}}},
        emails=emails,
    )
    tell(app, "page.view", value=view)
    return app


def is_a_name(text: str) -> bool:
    try:
        return read_name(text) == text and len(text) < 100
    except ValueError:
        return False


def test_there_are_200_hostile_strings() -> None:
    assert len(set(XSS)) >= 200


def test_g8_hostile_strings_are_text_on_every_screen(tmp_path: Path) -> None:
    app = hostile_app(tmp_path, XSS)
    seen = texts(page(app))
    assert [text for text in XSS[:200] if shown(text) not in seen] == []
    work_item = next(iter(app.session.scenario.work_items))
    steps: list[tuple[Any, ...]] = [("email.details", email) for email in app.page.selected or [one.id for one in app.page.emails()][:40]]
    steps += [("work_item.open", work_item), ("columns.open",), ("login.open",), ("settings.open",), ("compose.open",), ("login.out",)]
    for gesture, *arguments in steps:
        tell(app, gesture, *arguments)
        for name in app.views:
            check_is_only_text(plain(screen_of(app, name)))


def check_is_only_text(tree: Any) -> None:
    """Hostile strings are texts or values of attributes that hold text, never names."""
    if isinstance(tree, str):
        assert not re.search(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f\x00-\x08]", tree), ascii(tree)
        return
    assert re.fullmatch(r"[a-z][a-z0-9]*", tree["t"])
    for name, value in tree.get("a", {}).items():
        assert name in ATTRIBUTES | {"focus", "modal", "arrows", "drag"} or name.startswith(("aria-", "data-"))
        assert name != "src" or str(value).startswith("data:image/")
        if name in ("title", "aria-label", "placeholder", "alt"):
            check_is_only_text(str(value))
    for child in tree.get("c", []):
        check_is_only_text(child)


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u200f", "\u061c"])
def test_g8_signs_of_direction_do_not_get_into_what_is_said(tmp_path: Path, mark: str) -> None:
    emails = [{"id": "m", "at": "0 s", "from": "lena", "to": "a@kunde.example", "subject": f"a{mark}b", "via": "strict"}]
    app = page_app(tmp_path, "lena", emails=emails)
    for gesture in ("email.retry", "email.details", "email.cancel"):
        tell(app, gesture, "m")
        assert mark not in "".join(strings_in(plain(page(app))))
