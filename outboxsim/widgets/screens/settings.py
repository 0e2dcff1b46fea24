"""A user's settings: the undo window (G7), the language, the rows on a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from outboxsim.widgets.nodes import Element, element, gesture
from outboxsim.widgets.screens.bars import page_sizes
from outboxsim.widgets.screens.controls import button, choice, dialog
from outboxsim.widgets.screens.frame import LANGUAGE_NAMES

if TYPE_CHECKING:
    from outboxsim.widgets.words import Words

#: Units of the undo window, in microseconds.
UNITS: Final = {"s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000}


@dataclass(frozen=True, slots=True)
class SettingsState:
    """What the dialog shows; `undo_window` is in microseconds, `problem` what was wrong with what was typed."""

    undo_window: int
    language: str
    page_size: int
    problem: str = ""


def in_unit(window: int) -> tuple[str, str]:
    """The undo window as a number and the largest unit in which it is a whole number."""
    unit = next((name for name in ("h", "min") if window and window % UNITS[name] == 0), "s")
    return f"{window / UNITS[unit]:.6f}".rstrip("0").rstrip("."), unit


def settings_dialog(words: Words, state: SettingsState) -> Element:
    """The dialog of the settings cog."""
    form = element(
        "form",
        _undo_window(words, state),
        element(
            "div",
            choice(words("Language"), "settings-language", LANGUAGE_NAMES.items(), state.language, name="language"),
            choice(words("Emails per page"), "settings-size", page_sizes(words, state.page_size), str(state.page_size), name="page_size"),
            key="looks",
            class_="ob-group",
        ),
        element(
            "footer",
            element("button", words("Save"), key="save", type="submit", class_="ob-button ob-primary"),
            button(words("Close"), gesture("dialog.close"), key="close"),
            key="buttons",
            role="presentation",
        ),
        key="form",
        on={"submit": gesture("settings.save")},
    )
    return dialog(words, "settings", words("Settings"), form)


def _undo_window(words: Words, state: SettingsState) -> Element:
    number, unit = in_unit(state.undo_window)
    units = {"s": words("seconds"), "min": words("minutes"), "h": words("hours")}
    described = "undo-hint undo-problem" if state.problem else "undo-hint"
    return element(
        "fieldset",
        element("legend", words("Undo send")),
        element(
            "div",
            element("label", words("Time to undo sending"), for_="undo-number"),
            element(
                "input",
                key="number",
                id="undo-number",
                name="undo_number",
                type="number",
                min=0,
                step="any",
                value=number,
                required=True,
                aria_describedby=described,
                aria_invalid="true" if state.problem else None,
            ),
            element(
                "select",
                [element("option", text, key=name, value=name, selected=name == unit) for name, text in units.items()],
                key="unit",
                name="undo_unit",
                value=unit,
                aria_label=words("Unit"),
            ),
            class_="ob-field",
            key="window",
        ),
        element(
            "p",
            words("For so long an email waits after you have sent it, and you can take it back. 0 turns this off."),
            key="hint",
            id="undo-hint",
            class_="ob-muted",
        ),
        element("p", state.problem, key="problem", id="undo-problem", class_="ob-error", role="alert") if state.problem else None,
        key="undo",
    )
