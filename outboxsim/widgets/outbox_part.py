"""The part of the page that shows the outbox: its gestures, the grid, the details of an email, the columns."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from outboxsim.outbox import Reason, SendStatus, View
from outboxsim.scenario.people import COLUMNS
from outboxsim.widgets.desktop import Handler, Malformed, Message
from outboxsim.widgets.nodes import Element
from outboxsim.widgets.page import Page, grid_row
from outboxsim.widgets.preferences import FIRST_COLUMNS, PAGE_SIZES
from outboxsim.widgets.screens.bars import bulk_summary
from outboxsim.widgets.screens.columns import columns_dialog
from outboxsim.widgets.screens.details import DetailsState, attempts_in, details_dialog
from outboxsim.widgets.screens.foreign import shown
from outboxsim.widgets.screens.frame import FrameState, frame
from outboxsim.widgets.screens.grid import RowsDrawn, grid
from outboxsim.widgets.settings import Settings

if TYPE_CHECKING:
    from outboxsim.engine.listing import ListedEmail
    from outboxsim.engine.simulation import Simulation
    from outboxsim.widgets.desktop import Desktop

_History = list[tuple[int, str, dict[str, Any]]]

#: What can be done to one email, and what the page says when it is done.
_BY_HAND: Final = ("retry", "cancel", "send_now")


class Outbox:
    """The outbox page of who is logged in.

    Parameters
    ----------
    desktop
        The page around it.
    settings
        Where choices are kept.
    has_builder
        Whether Builder is on the page (C7).
    """

    def __init__(self, desktop: Desktop, settings: Settings, *, has_builder: bool) -> None:
        self._desktop = desktop
        self._settings = settings
        self._has_builder = has_builder
        self._known_history: tuple[weakref.ref[Simulation], ListedEmail, _History] | None = None
        self.log_in()

    def log_in(self) -> None:
        """Show the outbox of who has logged in now."""
        desktop = self._desktop
        self.page = Page(desktop.session, desktop.user, desktop.preferences.of(desktop.user))
        self._drawn = RowsDrawn()

    @property
    def selected(self) -> str | None:
        """The selected email if it is the only one."""
        return self.page.only_selected

    def handlers(self) -> Mapping[str, Handler]:
        """What is done about which gesture."""
        return {
            "page.home": self._home,
            "page.view": self._view,
            "page.sort": lambda message: self.page.sort_by(_column(message)),
            "page.filter": lambda message: self.page.seek(_text(message)),
            "page.filter_text_away": lambda _: self.page.seek(""),
            "page.status": lambda message: self.page.choose_status(_status(message), _truth(message)),
            "page.reset_filter": lambda _: self.page.reset_filter(),
            "page.turn": lambda message: self.page.turn(_number(message)),
            "page.size": self._size,
            "page.select": lambda message: self._here(self.page.select(message.text(), _truth(message))),
            "page.toggle": lambda message: self._here(self.page.select(message.text(), not self.page.is_selected(message.text()))),
            "page.select_to": lambda message: self._here(self.page.select_to(message.text(), message.value is not False)),
            "page.select_page": lambda message: self.page.select_page(_truth(message)),
            "page.select_all": lambda _: self.page.select_all(),
            "page.clear_selection": lambda _: self.page.clear_selection(),
            "email.details": self._details,
            **{f"email.{verb}": self._act_on_one(verb) for verb in _BY_HAND},
            "bulk.retry": lambda _: self._bulk("retry"),
            "bulk.cancel": lambda _: self._bulk("cancel"),
            "bulk.dismiss": self._dismiss,
            "columns.open": lambda _: self._desktop.open("columns"),
            "columns.show": self._show_column,
            "columns.move": self._move_column,
            "columns.drop": self._drop_column,
            "columns.reset": lambda _: self._keep_columns(lambda page: page.choose_columns(FIRST_COLUMNS)),
        }

    # Gestures of the page

    def _home(self, _message: Message) -> None:
        while self._desktop.opened is not None:
            self._desktop.close()

    def _view(self, message: Message) -> None:
        try:
            view = View(_text(message))
        except ValueError:
            raise Malformed("there is no such view") from None
        self.page.choose_view(view)
        self._settings.keep_view(view)

    def _size(self, message: Message) -> None:
        sizes = {str(size): size for size in (*PAGE_SIZES, self.page.page_size)}
        if _text(message) not in sizes:
            raise Malformed("there is no such page size")
        self.page.resize(sizes[_text(message)])
        if self.page.page_size in PAGE_SIZES:
            self._settings.keep(page_size=self.page.page_size)

    def _here(self, is_here: bool) -> None:
        """An email that is not on the page is refused as one that does not exist (P3)."""
        if not is_here:
            self._refuse(Reason.UNKNOWN_EMAIL)

    def _refuse(self, reason: Reason) -> None:
        words = self._desktop.words
        self._desktop.announce(words("Refused: {reason}.", reason=words.reason(reason)), kind="refused")

    # Gestures on emails

    def _seen(self, email_id: str) -> ListedEmail | None:
        """The email, if there is one that the user may see; if not, it is said (P3)."""
        try:
            return self._desktop.session.email(email_id, by=self._desktop.user)
        except KeyError:
            self._refuse(Reason.UNKNOWN_EMAIL)
            return None

    def _details(self, message: Message) -> None:
        if self._seen(message.text()) is not None:
            self._desktop.open("details", message.text())

    def _act_on_one(self, verb: str) -> Handler:
        def act(message: Message) -> None:
            desktop, email = self._desktop, self._seen(message.text())
            if email is not None:
                desktop.session.act(verb, email.id, by=desktop.user)
                desktop.announce(self._done(verb, shown(email.subject) or email.id))

        return act

    def _done(self, verb: str, subject: str) -> str:
        words = self._desktop.words
        match verb:
            case "retry":
                return words("“{subject}” is being retried.", subject=subject)
            case "cancel":
                return words("“{subject}” was cancelled.", subject=subject)
        return words("“{subject}” is being sent now.", subject=subject)

    def _bulk(self, verb: str) -> None:
        desktop = self._desktop
        if not self.page.selected:
            desktop.announce(desktop.words("No email is selected."), kind="refused")
            return
        result = self.page.bulk(verb)
        was_refused = any(reason is not None for _, reason in result.answers)
        desktop.announce(bulk_summary(desktop.words, result) + ".", kind="refused" if was_refused else "done")

    def _dismiss(self, _message: Message) -> None:
        self.page.result = None

    # Columns

    def _keep_columns(self, change: Callable[[Page], None]) -> None:
        change(self.page)
        self._settings.keep(columns=self.page.columns)

    def _show_column(self, message: Message) -> None:
        name, truth = _column(message), _truth(message)
        self._keep_columns(lambda page: page.show_column(name, truth))

    def _move_column(self, message: Message) -> None:
        name, step = _column(message), _number(message, 1)
        if name in self.page.columns:
            self._move_to(name, self.page.columns.index(name) + max(-1, min(step, 1)))

    def _drop_column(self, message: Message) -> None:
        """A column was dragged onto another: it takes its place."""
        target, dragged = _column(message), _text(message)
        if {target, dragged} <= set(self.page.columns):
            self._move_to(dragged, self.page.columns.index(target))

    def _move_to(self, name: str, place: int) -> None:
        self._keep_columns(lambda page: page.move_column(name, place))
        words = self._desktop.words
        number = words.number(self.page.columns.index(name) + 1)
        self._desktop.announce(words("{column} is column number {number}.", column=words.column(name), number=number))

    # Screens

    def frame(self, *, at_home: bool) -> Element:
        """The head of the page."""
        page = self.page
        return frame(self._desktop.words, FrameState(page.user, page.count, page.view, at_home))

    def screen(self) -> Element:
        """The grid."""
        return grid(self._desktop.words, self._desktop.session, self.page.state(), self._drawn)

    def dialog(self) -> Element | None:
        """The dialog of an email's details or of the columns, while it is open."""
        match self._desktop.opened:
            case ("columns",):
                return columns_dialog(self._desktop.words, self.page.columns)
            case ("details", email_id):
                return self._details_dialog(email_id)
        return None

    def _details_dialog(self, email_id: str) -> Element | None:
        desktop = self._desktop
        session, words, user = desktop.session, desktop.words, desktop.user
        try:
            email = session.email(email_id, by=user)
        except KeyError:
            return None  # after going back in time it is not there yet
        history = self._history(email)
        state = DetailsState(
            row=grid_row(email),
            attempts=attempts_in(history),
            history=history,
            is_admin=session.is_admin(user),
            admins=[name for name in session.scenario.users if session.is_admin(name)] if _is_stopped(email) else [],
            has_builder=self._has_builder,
            instant=lambda t: words.instant(session, t),
            relative=lambda t: words.relative(t - session.elapsed),
        )
        return details_dialog(words, state)

    def _history(self, email: ListedEmail) -> _History:
        """What happened to the email, read again only if something has changed about it."""
        session = self._desktop.session
        if self._known_history is not None:
            run, known, history = self._known_history
            if run() is session.simulation and known == email:
                return history
        history = session.history(email.id, by=self._desktop.user)
        self._known_history = (weakref.ref(session.simulation), email, history)
        return history


def _is_stopped(email: ListedEmail) -> bool:
    return email.status is SendStatus.CONNECTOR_DISABLED


def _text(message: Message) -> str:
    if not isinstance(message.value, str):
        raise Malformed(f"the value of {message.gesture} is no text")
    return message.value


def _truth(message: Message) -> bool:
    if not isinstance(message.value, bool):
        raise Malformed(f"the value of {message.gesture} is neither yes nor no")
    return message.value


def _number(message: Message, number: int = 0) -> int:
    argument = message.arguments[number] if number < len(message.arguments) else None
    if isinstance(argument, bool) or not isinstance(argument, int):
        raise Malformed(f"argument {number} of {message.gesture} is no whole number")
    return argument


def _column(message: Message) -> str:
    if message.text() not in COLUMNS:
        raise Malformed("there is no such column")
    return message.text()


def _status(message: Message) -> SendStatus:
    if message.text() not in SendStatus.words():
        raise Malformed("there is no such send status")
    return SendStatus.of(message.text())
