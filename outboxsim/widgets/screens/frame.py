"""What is around every screen of the page: the way to the outbox, who is logged in, the view, settings, what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outboxsim.outbox import View
from outboxsim.widgets.nodes import Child, Element, element, gesture
from outboxsim.widgets.screens.controls import button, choice
from outboxsim.widgets.screens.foreign import foreign, shown

if TYPE_CHECKING:
    from outboxsim.widgets.words import Words

#: Languages in their own words: who does not understand the present one finds his.
LANGUAGE_NAMES = {"en": "English", "de": "Deutsch"}

_LOOKS = {"done": "ob-note", "refused": "ob-note ob-refused", "error": "ob-error"}


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something the page says: what was done, refused or went wrong; `number` tells it from the same text said before."""

    number: int
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class FrameState:
    """What the frame shows.

    Attributes
    ----------
    count
        Emails in the current view (P4).
    at_home
        Whether the outbox itself is shown and not, for example, a work item.
    """

    user: str
    count: int
    view: View
    at_home: bool


def frame(words: Words, state: FrameState) -> Element:
    """The head of the page; a page's own banner is the notebook's around it."""
    return element("div", _navigation(words, state), _person(words, state), key="frame", class_="ob-bar")


def _navigation(words: Words, state: FrameState) -> Element:
    count, outbox = words.number(state.count), words("Outbox")
    return element(
        "nav",
        element(
            "button",
            element("span", outbox),
            " ",
            element("span", count, class_="ob-badge", aria_hidden=True),
            key="outbox",
            type="button",
            class_="ob-button ob-primary" if state.at_home else "ob-button",
            aria_label=f"{outbox} ({count})",
            title=words.many(
                "{count} email in the view “{view}”", "{count} emails in the view “{view}”", state.count, view=words.view(state.view)
            ),
            aria_current="page" if state.at_home else None,
            on={"click": gesture("page.home")},
        ),
        choice(words("View"), "view", [(view, words.view(view)) for view in View], state.view, gesture("page.view")),
        button(words("New email"), gesture("compose.open"), key="compose"),
        key="navigation",
        class_="ob-group",
        aria_label=words("Outbox"),
    )


def _person(words: Words, state: FrameState) -> Element:
    return element(
        "div",
        element("span", words("Logged in as"), " ", foreign(state.user, "strong"), key="who", class_="ob-user"),
        button(words("Log in as …"), gesture("login.open"), key="login"),
        button(words("Log out"), gesture("login.out"), key="logout"),
        _language(words),
        button(words("Settings"), gesture("settings.open"), key="settings"),
        key="person",
        class_="ob-group",
    )


def _language(words: Words) -> Element:
    return choice(words("Language"), "language", LANGUAGE_NAMES.items(), words.language, gesture("page.language"))


def announcements(said: Sequence[Announcement]) -> Element:
    """What the page says, to screen readers too: calmly what was done, at once what was not."""

    def region(kinds: tuple[str, ...], key: str, role: str, aria_live: str) -> Element:
        texts = [element("p", shown(one.text), key=one.number, class_=_LOOKS[one.kind], dir="auto") for one in said if one.kind in kinds]
        return element("div", texts, key=key, role=role, aria_live=aria_live, aria_atomic="false")

    return element(
        "div",
        region(("done",), "done", role="status", aria_live="polite"),
        region(("refused", "error"), "refused", role="alert", aria_live="assertive"),
        key="announcements",
        class_="ob-announcements",
    )


def whole_page(words: Words, *parts: Child) -> Element:
    """All of the page, in its language."""
    return element("div", *parts, key="page", lang=words.language, class_="ob-page")
