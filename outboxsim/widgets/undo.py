"""Undoing: for a while after sending, its sender can take an email back (spec/outbox.md G6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from outboxsim.outbox import Reason, Refused, SendStatus, View
from outboxsim.widgets.desktop import Desktop, Handler, Message
from outboxsim.widgets.nodes import Element
from outboxsim.widgets.screens.undo_popup import UndoCard, UndoState, undo_popup

if TYPE_CHECKING:
    from outboxsim.engine.listing import ListedEmail
    from outboxsim.widgets.session import Session

#: The popup is small: the latest emails, and a count of the others.
MOST_CARDS: Final = 3

_SECOND: Final = 1_000_000

#: What a request to undo meets when the window is over, whatever has become of the email since.
_TOO_LATE: Final = frozenset({Reason.NOT_IN_OUTBOX, Reason.IN_FLIGHT, Reason.WRONG_STATUS, Reason.UNDO_WINDOW_OVER})


def is_undo_open(email: ListedEmail, elapsed: int) -> bool:
    """Whether an email waits in its undo window: one that was sent now has been released before the window's end."""
    return (
        email.status is SendStatus.QUEUED
        and email.undo_until is not None
        and elapsed < email.undo_until
        and email.release is not None
        and elapsed < email.release
    )


def own_email(desktop: Desktop, email_id: str) -> ListedEmail | None:
    """An email that the user sent, None if there is none of that id."""
    try:
        email = desktop.session.email(email_id, by=desktop.user)
    except KeyError:
        return None
    return email if email.sender == desktop.user else None


def _open_of(session: Session, user: str) -> list[ListedEmail]:
    """The user's emails in their undo window, the latest first."""
    listing, elapsed = session.listing(user, View.MINE), session.elapsed
    is_open = (
        (listing.column("status") == SendStatus.QUEUED) & (listing.column("undo_until") > elapsed) & (listing.column("release") > elapsed)
    )
    return [listing.email(row) for row in listing.rows[is_open][::-1].tolist()]


class UndoPopup:
    """The part of the page that offers to undo sending, to the sender alone.

    Parameters
    ----------
    desktop
        The page.
    """

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop
        self._hidden: set[tuple[str, str]] = set()
        self._undone: list[tuple[str, str]] = []
        self._said: list[tuple[str, str]] = []

    def handlers(self) -> Mapping[str, Handler]:
        """What is done about which gesture."""
        return {
            "undo.undo": self._undo,
            "undo.hide": self._hide,
        }

    # Gestures

    def _undo(self, message: Message) -> None:
        desktop, email_id = self._desktop, message.text()
        try:
            desktop.session.act("undo", email_id, by=desktop.user)
        except Refused as refused:
            if not self._is_too_late(email_id, refused):
                raise
            reason = desktop.words.reason(refused.reason)
            desktop.announce(desktop.words("Too late to undo sending: {reason}.", reason=reason), kind="refused")
        else:
            self._undone.insert(0, (desktop.user, email_id))
            desktop.announce(desktop.words("Sending was undone."))
        desktop.refresh()

    def _is_too_late(self, email_id: str, refused: Refused) -> bool:
        email = own_email(self._desktop, email_id)
        is_over = email is not None and email.undo_until is not None and email.undo_until <= self._desktop.session.elapsed
        return is_over and refused.reason in _TOO_LATE

    def _hide(self, message: Message) -> None:
        key = (self._desktop.user, message.text())
        self._hidden.add(key)
        self._undone = [one for one in self._undone if one != key]
        self._desktop.refresh()

    # The screen

    def screen(self) -> Element:
        """The popup; empty while nothing can be undone."""
        desktop = self._desktop
        is_hidden = {email_id for user, email_id in self._hidden if user == desktop.user}
        opened = [self._card(email) for email in _open_of(desktop.session, desktop.user) if email.id not in is_hidden]
        cards = [*self._undone_cards(), *opened]
        shown = cards[:MOST_CARDS]
        state = UndoState(shown, len(cards) - len(shown), self._to_say(opened), is_paused=not desktop.player.playing)
        return undo_popup(desktop.words, state)

    def _card(self, email: ListedEmail) -> UndoCard:
        session = self._desktop.session
        until = email.undo_until or 0
        return UndoCard(
            id=email.id,
            subject=email.subject,
            to=", ".join(email.to),
            until=self._desktop.words.instant(session, until),
            seconds=-((session.elapsed - until) // _SECOND),
            window=max(1, (until - email.submitted) // _SECOND),
            is_scheduled=email.scheduled_for is not None and email.scheduled_for > until,
        )

    def _undone_cards(self) -> list[UndoCard]:
        """Those undone here, as long as they are (after going back in time they are not) and until they are edited again."""
        user, opened = self._desktop.user, self._desktop.opened or ("",)
        edited = opened[1:] if opened[0] == "compose" else ()
        self._undone = [(owner, email_id) for owner, email_id in self._undone if owner != user or email_id not in edited]
        emails = [own_email(self._desktop, email_id) for owner, email_id in self._undone if owner == user]
        return [
            UndoCard(email.id, email.subject, ", ".join(email.to))
            for email in emails
            if email is not None and email.status == SendStatus.CANCELLED
        ]

    def _to_say(self, opened: list[UndoCard]) -> UndoCard | None:
        """The latest email, from its first appearance until another one is the latest: so each is said once."""
        if not opened:
            self._said.clear()
            return None
        key = (self._desktop.user, opened[0].id)
        if key not in self._said:
            self._said.append(key)
        return opened[0] if self._said[-1] == key else None
