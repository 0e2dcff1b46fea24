"""`View` without a browser: what it believes of a message, and what it sends."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outboxsim.widgets.nodes import element
from outboxsim.widgets.view import MAX_ARGUMENTS, MAX_FIELDS, MAX_NAME, MAX_TEXT, Malformed, View, gesture_report

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def message(view: View, content: Any) -> None:
    """As a front end sends it."""
    view._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


def test_a_gesture_is_reported_plainly() -> None:
    sent = {
        "gesture": "compose.send",
        "arguments": ["m1", 3, True, None],
        "value": "x",
        "form": {"to": "a", "urgent": False, "copies": ["b"]},
        "receipt": "ob1-7",
    }
    assert gesture_report(sent) == {
        "gesture": "compose.send",
        "arguments": ["m1", 3, True, None],
        "value": "x",
        "form": {"to": "a", "urgent": False, "copies": ["b"]},
    }
    assert gesture_report({"gesture": "page.next"}) == {"gesture": "page.next", "arguments": [], "value": None, "form": None}


@pytest.mark.parametrize(
    "content",
    [
        None,
        7,
        "page.next",
        [],
        {},
        {"gesture": ""},
        {"gesture": None},
        {"gesture": 7},
        {"gesture": "x" * (MAX_NAME + 1)},
        {"gesture": "\ud83d"},
        {"gesture": "x", "more": 1},
        {"gesture": "x", "arguments": "m1"},
        {"gesture": "x", "arguments": {"0": "m1"}},
        {"gesture": "x", "arguments": [[]]},
        {"gesture": "x", "arguments": [{}]},
        {"gesture": "x", "arguments": [1.5]},
        {"gesture": "x", "arguments": [2**60]},
        {"gesture": "x", "arguments": ["\udc00"]},
        {"gesture": "x", "arguments": [0] * (MAX_ARGUMENTS + 1)},
        {"gesture": "x", "value": 3},
        {"gesture": "x", "value": ["a"]},
        {"gesture": "x", "value": "x" * (MAX_TEXT + 1)},
        {"gesture": "x", "form": []},
        {"gesture": "x", "form": {"": "a"}},
        {"gesture": "x", "form": {"a": 1}},
        {"gesture": "x", "form": {"a": None}},
        {"gesture": "x", "form": {"a": [1]}},
        {"gesture": "x", "form": {"a": ["b"] * (MAX_FIELDS + 1)}},
        {"gesture": "x", "form": {str(number): "a" for number in range(MAX_FIELDS + 1)}},
    ],
    ids=lambda content: str(content)[:40].encode("ascii", "replace").decode(),
)
def test_what_is_no_gesture_is_dropped_and_counted(content: Any) -> None:
    reports: list[Any] = []
    reasons: list[str] = []
    view = View(reports.append, reasons.append)
    message(view, content)
    assert reports == []
    assert view.dropped == len(reasons) == 1
    assert reasons[0]


@given(JSON)
def test_whatever_arrives_is_a_gesture_or_malformed(content: Any) -> None:
    try:
        report = gesture_report(content)
    except Malformed:
        return
    json.dumps(report, ensure_ascii=False).encode()


def test_a_gesture_is_acknowledged_after_what_came_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[Any] = []
    view = View(lambda report: happened.append(report["gesture"]))
    monkeypatch.setattr(view, "send", happened.append)
    message(view, {"gesture": "page.next", "receipt": "ob1-1"})
    assert happened == ["page.next", {"settled": "ob1-1"}]
    for forged in (7, ["ob1-1"], "\ud83d", "x" * (MAX_NAME + 1), None):
        message(view, {"gesture": "page.next", "receipt": forged})
    assert happened == ["page.next", {"settled": "ob1-1"}, *["page.next"] * 5]


def test_a_gesture_that_fails_is_acknowledged_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_report: Any) -> None:
        raise KeyError("m1")

    sent: list[Any] = []
    view = View(fail)
    monkeypatch.setattr(view, "send", sent.append)
    with pytest.raises(KeyError):
        view._receive(view, {"gesture": "email.retry", "receipt": "ob1-1"}, [])
    assert sent == [{"settled": "ob1-1"}]


def test_a_tree_is_shown_only_if_it_differs() -> None:
    view = View()
    changes: list[Any] = []
    view.observe(lambda change: changes.append(change["new"]), "tree")
    assert view.show(element("p", "one"))
    assert not view.show(element("p", "one"))
    assert view.show(element("p", "two"))
    assert changes == [{"t": "p", "c": ["one"]}, {"t": "p", "c": ["two"]}]


def test_the_tree_travels_as_one_text_that_any_browser_reads() -> None:
    view = View()
    view.show(element("p", "<b> \ud83d \u2028"))
    sent = view.get_state("tree")["tree"]
    assert sent.isascii()
    assert json.loads(sent) == view.tree


def test_a_state_that_the_browser_claims_is_not_believed() -> None:
    view = View()
    view.show(element("p", "true"))
    script = view._esm
    for claimed in ({"tree": {"t": "p", "c": ["forged"]}}, {"tree": "forged"}, {"_esm": "forged"}, {"dropped": 7}, {"no_such": 1}):
        view._handle_msg({"content": {"data": {"method": "update", "state": claimed, "buffer_paths": []}}, "buffers": []})
    assert view.tree == {"t": "p", "c": ["true"]}
    assert view._esm == script
    assert view.dropped == 0


def test_gestures_from_another_thread_are_heard_in_the_one_that_made_the_page() -> None:
    """Front ends use subshells, threads of the kernel; the engine must not be touched by two."""
    threads: list[int] = []

    async def kernel() -> None:
        view = View(lambda _report: threads.append(threading.get_ident()))
        front_end = threading.Thread(target=message, args=(view, {"gesture": "page.next"}))
        front_end.start()
        front_end.join()
        assert threads == []  # it waits for its turn
        message(view, {"gesture": "page.next"})
        await asyncio.sleep(0)

    asyncio.run(kernel())
    assert threads == [threading.get_ident()] * 2


def test_the_script_and_the_look_are_in_the_package() -> None:
    view = View()
    assert "export default { render }" in view._esm
    assert ".outboxsim" in view._css
    assert "@import" not in view._css
    assert "url(" not in view._css
