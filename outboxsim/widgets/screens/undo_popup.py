"""The popup with which sending can be undone while its window is open (G6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outboxsim.widgets.nodes import Child, Element, element, gesture
from outboxsim.widgets.screens.controls import button
from outboxsim.widgets.screens.foreign import foreign, shown

if TYPE_CHECKING:
    from outboxsim.widgets.words import Words


@dataclass(frozen=True, slots=True)
class UndoCard:
    """An email whose sending can be undone, or was.

    Attributes
    ----------
    until
        The end of its undo window, in words; empty if sending was undone.
    seconds
        What is left of the window, in whole seconds.
    window
        The length of the window in seconds.
    is_scheduled
        Whether it will be sent some time after the window.
    """

    id: str
    subject: str
    to: str
    until: str = ""
    seconds: int = 0
    window: int = 0
    is_scheduled: bool = False


@dataclass(frozen=True, slots=True)
class UndoState:
    """What the popup shows.

    Attributes
    ----------
    cards
        The latest first.
    more
        How many emails can be undone besides.
    said
        The email that screen readers are told of; None while they have heard of all.
    is_paused
        Whether simulated time stands still.
    """

    cards: Sequence[UndoCard]
    more: int
    said: UndoCard | None
    is_paused: bool


def undo_popup(words: Words, state: UndoState) -> Element:
    """The popup, and what screen readers hear once: the countdown itself is not for them."""
    return element("div", _said(words, state.said), _popup(words, state) if state.cards else None, key="undo")


def _said(words: Words, card: UndoCard | None) -> Element:
    text = (
        ""
        if card is None
        else words(
            "Sending “{subject}” to {to} can be undone until {until}.", subject=shown(card.subject), to=shown(card.to), until=card.until
        )
    )
    return element("p", text, key="said", class_="ob-hidden", role="status")


def _popup(words: Words, state: UndoState) -> Element:
    return element(
        "aside",
        [_card(words, card, is_paused=state.is_paused) for card in state.cards],
        element("p", words.many("{count} more email", "{count} more emails", state.more), key="more", class_="ob-muted")
        if state.more
        else None,
        key="popup",
        class_="ob-popup",
        aria_label=words("Undo send"),
    )


def _card(words: Words, card: UndoCard, *, is_paused: bool) -> Element:
    return element(
        "article",
        element("div", foreign(card.subject, "strong"), " ", foreign(card.to, class_="ob-muted"), key="what"),
        *(_open(words, card, is_paused=is_paused) if card.until else _undone(words, card)),
        key=card.id,
        class_="ob-card",
        aria_label=shown(card.subject) or words("no subject"),
    )


def _open(words: Words, card: UndoCard, *, is_paused: bool) -> list[Element]:
    duration = words.duration(card.seconds * 1_000_000)
    left = (
        words("Can be undone for {duration}", duration=duration)
        if card.is_scheduled
        else words("Will be sent in {duration}", duration=duration)
    )
    paused = element("span", "(", words("the clock stands still"), ")", class_="ob-muted") if is_paused else None
    countdown = element(
        "div",
        element("span", left),
        " ",
        paused,
        element("progress", value=card.seconds, max=card.window),
        key="left",
        aria_hidden="true",
    )
    buttons = _buttons(
        _button(words("Undo send"), "undo.undo", card, style="ob-primary"),
        _button(words("Send now"), "email.send_now", card),
        _button(words("Review"), "email.details", card),
        _close(words, card),
    )
    return [countdown, buttons]


def _undone(words: Words, card: UndoCard) -> list[Element]:
    return [
        element("p", words("Sending was undone."), key="undone"),
        _buttons(_button(words("Edit again"), "compose.again", card), _close(words, card)),
    ]


def _buttons(*buttons: Child) -> Element:
    return element("div", *buttons, key="buttons", class_="ob-group")


def _button(label: str, name: str, card: UndoCard, *, style: str = "") -> Element:
    return button(label, gesture(name, card.id), key=name, style=style)


def _close(words: Words, card: UndoCard) -> Element:
    return button(words("Hide this message"), gesture("undo.hide", card.id), sign="✕", key="hide")
