"""The settings cog of the grid: which columns, in which order (G1, G2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outboxsim.scenario.people import COLUMNS, KEPT_COLUMNS
from outboxsim.widgets.nodes import Element, element, gesture
from outboxsim.widgets.screens.controls import button, dialog

if TYPE_CHECKING:
    from outboxsim.widgets.words import Words


def columns_dialog(words: Words, columns: tuple[str, ...]) -> Element:
    """Each column with a box to show it; those that are shown can be moved, by dragging and by keyboard."""
    hidden = [name for name in COLUMNS if name not in columns]
    rows = [_shown(words, name, number, len(columns)) for number, name in enumerate(columns)] + [_hidden(words, name) for name in hidden]
    return dialog(
        words,
        "columns",
        words("Columns"),
        element(
            "p", words("Drag columns into the order you want, or move them with Alt and the arrow keys."), key="hint", class_="ob-muted"
        ),
        element("ol", rows, key="columns", class_="ob-list", aria_label=words("Columns")),
        footer=[
            button(words("Reset"), gesture("columns.reset"), key="reset"),
            button(words("Done"), gesture("dialog.close"), key="done", style="ob-primary"),
        ],
    )


def _shown(words: Words, name: str, number: int, count: int) -> Element:
    label = words.column(name)
    at_top, at_bottom = words("it is the first column"), words("it is the last column")
    return element(
        "li",
        _box(words, name, is_shown=True),
        element(
            "span",
            button(
                words("Move {column} up", column=label),
                gesture("columns.move", name, -1),
                sign="↑",
                key="up",
                refused=at_top if number == 0 else None,
            ),
            button(
                words("Move {column} down", column=label),
                gesture("columns.move", name, 1),
                sign="↓",
                key="down",
                refused=at_bottom if number == count - 1 else None,
            ),
            key="buttons",
            class_="ob-group",
        ),
        key=name,
        class_="ob-bar",
        drag=name,
        on={
            "drop": gesture("columns.drop", name),
            "key:Alt+ArrowUp": gesture("columns.move", name, -1),
            "key:Alt+ArrowDown": gesture("columns.move", name, 1),
        },
    )


def _hidden(words: Words, name: str) -> Element:
    return element("li", _box(words, name, is_shown=False), key=name, class_="ob-bar")


def _box(words: Words, name: str, *, is_shown: bool) -> Element:
    is_kept = name in KEPT_COLUMNS
    return element(
        "label",
        element(
            "input",
            key="box",
            type="checkbox",
            checked=is_shown,
            disabled=is_kept,
            on={} if is_kept else {"change": gesture("columns.show", name)},
        ),
        element("span", words.column(name)),
        element("small", words("always shown"), class_="ob-muted") if is_kept else None,
        key="label",
    )
