"""The part of the page in which users change what is theirs alone (P1, G7): it is kept, and told to the simulation."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, Protocol

from outboxsim.outbox import View
from outboxsim.quantities import format_duration
from outboxsim.widgets.desktop import Desktop, Handler, Malformed, Message
from outboxsim.widgets.nodes import Element
from outboxsim.widgets.preferences import LONGEST_UNDO_WINDOW, PAGE_SIZES
from outboxsim.widgets.screens.settings import UNITS, SettingsState, settings_dialog
from outboxsim.widgets.session import SessionOver
from outboxsim.widgets.words import LANGUAGES

if TYPE_CHECKING:
    from outboxsim.widgets.page import Page

_LONGEST_NUMBER: Final = 20


class Speaker(Protocol):
    """What has a language and a page."""

    @property
    def page(self) -> Page:
        """The page of who is logged in."""

    def speak(self, language: str) -> None:
        """Go on in another language."""


class Settings:
    """The settings of who is logged in.

    Parameters
    ----------
    desktop
        The page.
    speaker
        Whose language and rows on a page change.
    """

    def __init__(self, desktop: Desktop, speaker: Speaker) -> None:
        self._desktop = desktop
        self._speaker = speaker
        self._problem = ""

    def handlers(self) -> Mapping[str, Handler]:
        """What is done about which gesture."""
        return {"settings.open": self._open, "settings.save": self._save, "page.language": self._language}

    # What is kept

    def keep(self, **settings: Any) -> None:
        """Keep settings of the user for the next time; if that fails it is said, and the page goes on."""
        desktop = self._desktop
        desktop.preferences.change(desktop.user, **settings)
        self.say_problem()

    def say_problem(self) -> None:
        """Say what is wrong with the file of preferences, if anything is."""
        desktop = self._desktop
        problem = desktop.preferences.problem
        if problem:
            desktop.preferences.problem = ""
            desktop.announce(desktop.words("Settings could not be kept or read: {problem}", problem=problem), kind="error")

    def keep_view(self, view: View) -> None:
        """Keep the view, and let the simulation know it."""
        self.keep(view=view)
        self._tell_view(view)

    def bring(self) -> None:
        """Tell the simulation what was kept of who has logged in.

        A glance at the past changes nothing there: it would begin a branch.
        """
        desktop = self._desktop
        session, kept = desktop.session, desktop.preferences.of(desktop.user)
        if kept.view is not None:
            self._tell_view(kept.view)
        if kept.undo_window is not None and kept.undo_window != session.undo_window(desktop.user) and not session.in_past:
            self._change({"undo_window": format_duration(kept.undo_window)}, only_if_possible=True)
        self.say_problem()

    def _tell_view(self, view: View) -> None:
        session = self._desktop.session
        if session.view_of(self._desktop.user) is not view and not session.in_past:
            self._change({"view": str(view)}, only_if_possible=True)

    def _change(self, settings: Mapping[str, str], *, only_if_possible: bool = False) -> None:
        desktop = self._desktop
        try:
            desktop.session.act("change", {"users": {desktop.user: dict(settings)}}, by=desktop.user)
        except SessionOver:
            if not only_if_possible:
                raise

    # Gestures

    def _open(self, _message: Message) -> None:
        self._problem = ""
        self._desktop.open("settings")

    def _language(self, message: Message) -> None:
        language = _one_of(message.value, LANGUAGES)
        self._speaker.speak(language)
        self.keep(language=language)

    def _save(self, message: Message) -> None:
        desktop = self._desktop
        language = _one_of(message.entry("language", desktop.words.language), LANGUAGES)
        sizes = {str(size): size for size in (*PAGE_SIZES, self._speaker.page.page_size)}
        size = sizes[_one_of(message.entry("page_size", str(self._speaker.page.page_size)), sizes)]
        window = self._window(message)
        if window is None:
            self._problem = desktop.words("Write a number from 0 on; the time is a year at the most.")
            return
        if window != desktop.session.undo_window(desktop.user):
            self._change({"undo_window": format_duration(window)})
        self._speaker.page.resize(size)
        self._speaker.speak(language)
        desktop.close()
        desktop.announce(desktop.words("Your settings are saved."))
        self.keep(undo_window=window, language=language, **({"page_size": size} if size in PAGE_SIZES else {}))

    def _window(self, message: Message) -> int | None:
        """The undo window that a form holds, in microseconds; None if it is none."""
        number = message.entry("undo_number").strip().replace(",", ".")
        unit = UNITS[_one_of(message.entry("undo_unit", "s"), UNITS)]
        try:
            window = Decimal(number) * unit if len(number) <= _LONGEST_NUMBER else Decimal("NaN")
        except InvalidOperation:
            return None
        return int(window) if window.is_finite() and 0 <= window <= LONGEST_UNDO_WINDOW else None

    # The screen

    def dialog(self) -> Element | None:
        """The dialog, while it is open."""
        desktop = self._desktop
        if desktop.opened != ("settings",):
            return None
        window = desktop.session.undo_window(desktop.user)
        return settings_dialog(desktop.words, SettingsState(window, desktop.words.language, self._speaker.page.page_size, self._problem))


def _one_of(value: object, known: Any) -> str:
    if not isinstance(value, str) or value not in known:
        raise Malformed(f"it is none of {', '.join(known)}")
    return value
