"""Controls that screens share: buttons, choices, fields, dialogs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from outboxsim.widgets.nodes import Child, Element, Gesture, element, gesture

if TYPE_CHECKING:
    from outboxsim.widgets.words import Words


def button(
    label: str,
    done: Gesture,
    *,
    sign: str | None = None,
    style: str = "",
    key: str | None = None,
    title: str | None = None,
    refused: str | None = None,
    **attributes: str | int | bool | None,
) -> Element:
    """A button.

    Parameters
    ----------
    label
        What it says; with a `sign`, what it is called.
    done
        The gesture of a click.
    sign
        A sign that is shown instead of the label.
    style
        More classes, such as ``ob-primary``.
    refused
        Why it can do nothing now: it stays reachable, so that the reason can be read.
    """
    classes = " ".join(filter(None, ("ob-button", "ob-icon" if sign else "", style)))
    if sign:
        title = f"{label}: {refused}" if refused else title or label
        attributes["aria_label"] = title if refused else label
    elif refused:
        title = refused
    return element(
        "button",
        label if sign is None else sign,
        key=key,
        type="button",
        class_=classes,
        title=title,
        aria_disabled=bool(refused) or None,
        on={} if refused else {"click": done},
        **attributes,
    )


def choice(
    label: str,
    identity: str,
    options: Iterable[tuple[str, str]],
    chosen: str,
    done: Gesture | None = None,
    *,
    name: str | None = None,
    hint: str | None = None,
) -> Element:
    """A list to choose one of, with its label; `options` are values and texts."""
    return element(
        "div",
        element("label", label, for_=identity),
        element(
            "select",
            [element("option", text, key=value, value=value, selected=value == chosen) for value, text in options],
            id=identity,
            key=identity,
            name=name,
            value=chosen,
            aria_describedby=f"{identity}-hint" if hint else None,
            on={"change": done} if done else None,
        ),
        element("small", hint, id=f"{identity}-hint", class_="ob-muted") if hint else None,
        key=f"field-{identity}",
        class_="ob-field",
    )


def dialog(words: Words, name: str, title: Child, *children: Child, footer: Child = None) -> Element:
    """A dialog above the page; Escape and the cross close it. Its head and foot are no landmarks: those are the whole page's."""
    return element(
        "dialog",
        element(
            "header",
            element("h2", title, id=f"{name}-title"),
            button(words("Close"), gesture("dialog.close"), sign="✕", key="cross"),
            key="header",
            role="presentation",
        ),
        *children,
        element("footer", footer, key="footer", role="presentation") if footer else None,
        key=f"dialog-{name}",
        class_="ob-dialog",
        modal=True,
        aria_labelledby=f"{name}-title",
        on={"close": gesture("dialog.close")},
    )
