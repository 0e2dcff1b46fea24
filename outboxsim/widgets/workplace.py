"""The whole page without its widgets: who is logged in, what is open, who hears which gesture, and what each screen shows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from outboxsim.errors import OutboxsimError
from outboxsim.outbox import Refused
from outboxsim.widgets.building import Building
from outboxsim.widgets.charts import Charts
from outboxsim.widgets.clock_bar import ClockBar
from outboxsim.widgets.composing import Composing
from outboxsim.widgets.desktop import Handler, Kind, Malformed, Message
from outboxsim.widgets.nodes import Element, element
from outboxsim.widgets.outbox_part import Outbox
from outboxsim.widgets.page import Page
from outboxsim.widgets.people import People
from outboxsim.widgets.saying import Saying
from outboxsim.widgets.screens.frame import announcements, whole_page
from outboxsim.widgets.session import SessionOver
from outboxsim.widgets.settings import Settings
from outboxsim.widgets.undo import UndoPopup
from outboxsim.widgets.words import Words
from outboxsim.widgets.work_items import WorkItems

if TYPE_CHECKING:
    from outboxsim.widgets.player import Player
    from outboxsim.widgets.preferences import Preferences
    from outboxsim.widgets.session import Session

_LOG: Final = logging.getLogger("outboxsim.widgets")

#: Screens that take the place of the grid; everything else that opens is a dialog above it.
_SCREENS: Final = frozenset({"work_item"})

#: What who has logged out can do.
_FOR_EVERYBODY: Final = frozenset({"login.as", "clock.play", "clock.pause", "clock.speed"})


class Workplace:
    """The page; a `Desktop` for its parts.

    Parameters
    ----------
    session, player, preferences
        The run, what lets its clock go, and what is kept for users.
    user, users
        Who is logged in, and who may log in.
    language
        Takes precedence over what users chose earlier; None does not.
    builder, charts
        Whether they are on the page.
    redraw
        Draws what changed.
    """

    def __init__(
        self,
        session: Session,
        player: Player,
        preferences: Preferences,
        *,
        user: str,
        users: Sequence[str],
        language: str | None = None,
        builder: bool = True,
        charts: bool = True,
        redraw: Callable[[], None] = lambda: None,
    ) -> None:
        self.session = session
        self.player = player
        self.preferences = preferences
        self.user = user
        self._language = language
        self._languages: dict[str, str] = {}  # chosen here, by user
        self.words = Words(self._language_of(user))
        self._redraw = redraw
        self._opened: list[tuple[str, ...]] = []
        self._saying = Saying()
        self._turns_to_builder = False
        self._seat_parts(users, builder=builder, charts=charts)
        self._settings.bring()

    def _seat_parts(self, users: Sequence[str], *, builder: bool, charts: bool) -> None:
        self._settings = Settings(self, self)
        self._outbox = Outbox(self, self._settings, has_builder=builder)
        self._people = People(self, users, self._log_in, self._saying.be_silent)
        self._work_items = WorkItems(self)
        self._composing = Composing(self)
        self._undo_popup = UndoPopup(self)
        self._clock_bar = ClockBar(self)
        self._building = Building(self) if builder else None
        self._charts = Charts(self, lambda: self._outbox.selected) if charts else None
        self._handlers: dict[str, Handler] = {"dialog.close": lambda _: self.close(), "page.builder": self._turn_to_builder}
        parts = (
            self._settings,
            self._outbox,
            self._people,
            self._work_items,
            self._composing,
            self._undo_popup,
            self._clock_bar,
            self._building,
            self._charts,
        )
        for part in parts:
            if part is not None:
                self._handlers.update(part.handlers())

    @property
    def page(self) -> Page:
        """The outbox page of who is logged in."""
        return self._outbox.page

    @property
    def gestures(self) -> frozenset[str]:
        """The names of all gestures that somebody hears."""
        return frozenset(self._handlers)

    # Who is logged in, and in which language

    def _language_of(self, user: str) -> str:
        settings = self.session.scenario.users[user]
        return self._languages.get(user) or self._language or self.preferences.of(user).language or settings.language

    def speak(self, language: str) -> None:
        """Go on in another language, as the user wants it."""
        self._languages[self.user] = language
        if language != self.words.language:
            self.words = Words(language)
            self._saying.be_silent()  # it was said in the other one

    def _log_in(self, user: str) -> None:
        self.user = user
        self.words = Words(self._language_of(user))
        self._opened.clear()
        self._saying.be_silent()
        self._outbox.log_in()
        self._settings.bring()

    # What parts may ask for

    @property
    def opened(self) -> tuple[str, ...] | None:
        """The open dialog, else the open screen, and its arguments."""
        return self._opened[-1] if self._opened else None

    def open(self, dialog: str, *arguments: str) -> None:
        """Open a dialog or screen; a dialog takes the place of another, a screen that of everything."""
        screens = [] if dialog in _SCREENS else [one for one in self._opened if one[0] in _SCREENS]
        self._opened = [*screens, (dialog, *arguments)]

    def close(self) -> None:
        """Close the open dialog, else the open screen."""
        if self._opened:
            self._opened.pop()

    def announce(self, text: str, *, kind: Kind = "done") -> None:
        """Say something, to screen readers too; it stays for a while."""
        self._saying.say(text, kind)

    def refresh(self) -> None:
        """Draw what changed."""
        self._redraw()

    def _turn_to_builder(self, _message: Message) -> None:
        """C7: the way from an email whose connector is disabled to Builder."""
        if self._building is not None:
            self._handlers["builder.tab"](Message("builder.tab", ("connectors",)))
            self._opened.clear()
            self._turns_to_builder = True

    # Gestures

    def receive(self, report: Mapping[str, Any]) -> None:
        """Do what a gesture asks for, as far as the user may; what goes wrong is said, and the page goes on.

        Parameters
        ----------
        report
            ``gesture``, ``arguments``, ``value`` and ``form``, as `gesture_report` gives them.
        """
        handler = self._handlers.get(report["gesture"])
        if handler is None or (self._people.is_logged_out and report["gesture"] not in _FOR_EVERYBODY):
            self.not_understood()
            return
        message = Message(report["gesture"], tuple(report["arguments"]), report["value"], report["form"] or {})
        try:
            handler(message)
        except Refused as refused:
            self.announce(self.words("Refused: {reason}.", reason=self.words.reason(refused.reason)), kind="refused")
        except Malformed:
            self.not_understood()
        except SessionOver:
            self.announce(self.words("The simulation is over: nothing more can be done. Go back first."), kind="refused")
        except (OutboxsimError, ValueError) as error:
            self.announce(str(error), kind="error")
        except Exception:
            _LOG.exception("The gesture %s failed", message.gesture)
            self.announce(self.words("Something went wrong on the page; it goes on, and the log tells what it was."), kind="error")

    def not_understood(self) -> None:
        """Say that something arrived that is no gesture of this page."""
        self.announce(self.words("The page did not understand this."), kind="error")

    # Screens

    def look(self) -> None:
        """Take note of what has happened since."""
        self.page.look()

    def screens(self) -> dict[str, Callable[[], Element | None]]:
        """What makes each screen; each may fail by itself."""
        makers: dict[str, Callable[[], Element | None]] = {"clock": self._clock_bar.screen, "page": self._page_screen}
        if self._building is not None:
            makers["builder"] = self._builder_screen
        if self._charts is not None:
            makers["charts"] = self._charts_screen
        return makers

    def drawn(self, name: str) -> Element:
        """A screen; if it cannot be made that is said in its place, and the others go on."""
        try:
            return self.screens()[name]() or element("div", hidden=True)
        except Exception:
            _LOG.exception("The screen %s cannot be drawn", name)
            return element("div", element("p", self.words("This part of the page cannot be shown; the log tells why."), class_="ob-error"))

    def _page_screen(self) -> Element:
        """The page; while a dialog is open it says things in there: the rest is out of reach then, for screen readers too."""
        said = self._saying.now()
        if self._people.is_logged_out:
            return whole_page(self.words, announcements(said), self._people.screen())
        dialog = self._dialog()
        at_home = not self._opened or self._opened[0][0] not in _SCREENS
        return whole_page(
            self.words,
            self._outbox.frame(at_home=at_home),
            announcements([] if dialog else said),
            element("section", self._outbox.screen() if at_home else self._work_item_screen(), key="main", aria_label=self.words("Outbox")),
            self._undo_popup.screen(),
            None if dialog is None else replace(dialog, children=(*dialog.children, announcements(said))),
        )

    def _work_item_screen(self) -> Element:
        """The work item, which knows nothing of a dialog above it."""
        above = self._opened[1:]
        self._opened = self._opened[:1]
        try:
            return self._work_items.screen()
        finally:
            self._opened += above

    def _dialog(self) -> Element | None:
        dialogs = (self._outbox.dialog, self._settings.dialog, self._people.dialog, self._composing.dialog)
        return next((dialog for dialog in (make() for make in dialogs) if dialog is not None), None)

    def _builder_screen(self) -> Element | None:
        """Builder for admins; `focus` brings it into sight when somebody is led there."""
        screen = None if self._building is None or self._people.is_logged_out else self._building.screen()
        if screen is None:
            return None
        turns, self._turns_to_builder = self._turns_to_builder, False
        return element("div", screen, key="builder", lang=self.words.language, tabindex=-1, focus=turns)

    def _charts_screen(self) -> Element | None:
        if self._charts is None or self._people.is_logged_out:
            return None
        return element("div", self._charts.screen(), key="charts", lang=self.words.language)
