"""`View`: shows a screen in the browser and tells what is done to it; `static/view.js` does the drawing.

The browser sets nothing here: it gets trees and reports gestures. What it reports is checked for its form only; whether
somebody may do what is asked for is for those to say who do it.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final, TypeAlias, cast

import anywidget
import traitlets

from outboxsim.widgets.desktop import Malformed
from outboxsim.widgets.nodes import Element, plain

#: What a gesture says, ready for `OutboxApp.receive`: ``gesture``, ``arguments``, ``value`` and ``form``.
Report: TypeAlias = dict[str, Any]

#: Nothing that a person does on the page is larger; more is not worth reading.
MAX_NAME: Final = 100
MAX_ARGUMENTS: Final = 20
MAX_FIELDS: Final = 200
MAX_TEXT: Final = 1_000_000
MAX_WHOLE_NUMBER: Final = 2**53  # beyond it JavaScript's numbers are not exact

_STATIC: Final = files("outboxsim.widgets") / "static"


def gesture_report(content: object) -> Report:
    """A message from the browser as plain values.

    Parameters
    ----------
    content
        What arrived: anything.

    Returns
    -------
    Report
        Exactly the keys ``gesture``, ``arguments``, ``value``, ``form``.

    Raises
    ------
    Malformed
        If it is no gesture: another form, an unknown key, a number that is no whole one, text that is no Unicode.
    """
    if not isinstance(content, dict) or not content.keys() <= {"gesture", "arguments", "value", "form", "receipt"}:
        raise Malformed("a gesture is an object of gesture, arguments, value and form")
    arguments = content.get("arguments", [])
    if not isinstance(arguments, list) or len(arguments) > MAX_ARGUMENTS:
        raise Malformed(f"arguments are a list of at most {MAX_ARGUMENTS}")
    value = content.get("value")
    return {
        "gesture": _name(content.get("gesture")),
        "arguments": [_argument(one) for one in arguments],
        "value": value if value is None or isinstance(value, bool) else _text(value),
        "form": _form(content.get("form")),
    }


def _text(value: object, limit: int = MAX_TEXT) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise Malformed(f"expected text of at most {limit} characters")
    if any("\ud800" <= character <= "\udfff" for character in value):  # half a character could be neither written nor sent
        raise Malformed("the text is no Unicode")
    return value


def _name(value: object) -> str:
    if not value:
        raise Malformed("a gesture has a name")
    return _text(value, MAX_NAME)


def _argument(value: object) -> str | int | bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_WHOLE_NUMBER:
            raise Malformed("the number is too large")
        return value
    return _text(value)


def _form(fields: object) -> dict[str, str | bool | list[str]] | None:
    if fields is None:
        return None
    if not isinstance(fields, dict) or len(fields) > MAX_FIELDS:
        raise Malformed(f"a form is an object of at most {MAX_FIELDS} fields")
    return {_name(name): _field(value) for name, value in fields.items()}


def _field(value: object) -> str | bool | list[str]:
    if isinstance(value, list):
        if len(value) > MAX_FIELDS:
            raise Malformed(f"at most {MAX_FIELDS} values can be chosen")
        return [_text(one) for one in value]
    return value if isinstance(value, bool) else _text(value)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """The kernel's event loop; none in a program without one."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _as_text(tree: dict[str, Any], _view: object) -> str:
    """The tree travels as one text: widgets otherwise look into each of its thousands of values, here and in the browser."""
    return json.dumps(tree, separators=(",", ":"), check_circular=False)


class View(anywidget.AnyWidget):
    """A screen in the browser.

    Parameters
    ----------
    on_gesture
        Called with the report of each gesture.
    on_malformed
        Called with the reason when a message is dropped, because it is no gesture.

    Attributes
    ----------
    tree
        The screen as `plain` describes it; assigning another one draws it. Never change it in place: then nobody notices.
    dropped
        How many messages were dropped.
    """

    _esm = (_STATIC / "view.js").read_text(encoding="utf-8")
    _css = (_STATIC / "view.css").read_text(encoding="utf-8")
    tree = traitlets.Dict().tag(sync=True, to_json=_as_text)

    def __init__(self, on_gesture: Callable[[Report], None] | None = None, on_malformed: Callable[[str], None] | None = None) -> None:
        self.on_gesture = on_gesture
        self.on_malformed = on_malformed
        self.dropped = 0
        self._thread = threading.get_ident()
        self._loop = _running_loop()
        super().__init__()
        self.on_msg(self._receive)

    def show(self, screen: Element) -> bool:
        """Draw a screen; says whether it differs from the one shown."""
        described = cast("dict[str, Any]", plain(screen))
        if described == self.tree:
            return False
        self.tree = described
        return True

    def set_state(self, sync_data: object) -> None:
        """Nothing: a browser that claims another state is not believed."""

    def _receive(self, _view: object, content: object, _buffers: object) -> None:
        """Hear a message in the thread that made the page.

        JupyterLab and Notebook send them over subshells, each a thread of the kernel, while the simulation plays in the
        kernel's own; nothing of ours takes place in two threads.
        """
        if self._loop is None or threading.get_ident() == self._thread:
            self._hear(content)
        else:
            self._loop.call_soon_threadsafe(self._hear, content)

    def _hear(self, content: object) -> None:
        try:
            report = gesture_report(content)
        except Malformed as fault:
            self.dropped += 1
            if self.on_malformed is not None:
                self.on_malformed(str(fault))
            return
        try:
            if self.on_gesture is not None:
                self.on_gesture(report)
        finally:
            self._acknowledge(content)

    def _acknowledge(self, content: object) -> None:
        """Say that a gesture was heard and the tree is what came of it: a box that was ticked in vain loses its tick again."""
        receipt = content.get("receipt") if isinstance(content, dict) else None
        if isinstance(receipt, str) and receipt.isascii() and len(receipt) <= MAX_NAME:
            self.send({"settled": receipt})
