"""Composing an email: what is typed is kept for its writer and then submitted, now or on schedule (spec/outbox.md E1, G6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Final

from outboxsim.engine.work_glance import is_taken
from outboxsim.outbox import SendStatus
from outboxsim.widgets.desktop import Desktop, Handler, Message
from outboxsim.widgets.drafts import AttachmentDraft, Draft, DraftReader, Letter
from outboxsim.widgets.nodes import Element
from outboxsim.widgets.screens.compose import ComposeState, compose_dialog
from outboxsim.widgets.screens.foreign import shown
from outboxsim.widgets.session import Session, SessionOver
from outboxsim.widgets.undo import own_email
from outboxsim.widgets.work_items import is_visible, visible_work_items

#: More rows than anybody fills in by hand.
MOST_ATTACHMENTS: Final = 20

#: How far ahead a schedule is that was just chosen: pickers open at the simulated day, not at today's.
_AN_HOUR: Final = 3_600_000_000


def free_id(session: Session, user: str) -> str:
    """The next of the ids ``user-1``, ``user-2``, … that no email of the simulation has or will have."""
    prefix, traffic = user, {one.name for one in session.scenario.traffic}
    while prefix in traffic or is_taken(session.simulation, f"{prefix}-0"):  # all the numbers are somebody else's
        prefix += "-"
    ids = (f"{prefix}-{number}" for number in count(1))
    return next(email_id for email_id in ids if not is_taken(session.simulation, email_id))


class Composing:
    """The part of the page in which emails are written.

    Parameters
    ----------
    desktop
        The page.
    """

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop
        self._drafts: dict[str, Draft] = {}
        self._refusals: dict[str, str] = {}
        self._tried: set[str] = set()

    def handlers(self) -> Mapping[str, Handler]:
        """What is done about which gesture."""
        return {
            "compose.open": self._open,
            "compose.again": self._again,
            "compose.type": self._type,
            "compose.attach": self._attach,
            "compose.detach": self._detach,
            "compose.send": self._send,
            "compose.discard": self._discard,
        }

    @property
    def draft(self) -> Draft:
        """What the user has typed so far."""
        return self._drafts.get(self._desktop.user, Draft())

    def _keep(self, draft: Draft) -> None:
        self._drafts[self._desktop.user] = draft

    def _forget(self) -> None:
        for kept in (self._drafts, self._refusals):
            kept.pop(self._desktop.user, None)
        self._tried.discard(self._desktop.user)

    # Gestures

    def _open(self, message: Message) -> None:
        """Write an email, about a work item if one is given."""
        if message.arguments and not self.draft.work_item:
            self._keep(replace(self.draft, work_item=message.text()))
        self._desktop.open("compose")

    def _again(self, message: Message) -> None:
        """Write an email of one's own again whose sending was undone (G6)."""
        desktop, email_id = self._desktop, message.text()
        email = own_email(desktop, email_id)
        if email is None or email.status != SendStatus.CANCELLED:
            desktop.announce(desktop.words("There is no such email."), kind="refused")
        elif self.draft != Draft():
            desktop.open("compose")
            desktop.announce(desktop.words("You are writing another email; send or discard it first."), kind="refused")
        else:
            self._keep(Draft.of(email, self._local(email.scheduled_for)))
            desktop.open("compose", email_id)

    def _type(self, message: Message) -> None:
        before = self.draft
        self._keep(before.typed(message))
        if self.draft.when == "later" and not self.draft.send_at:
            self._keep(replace(self.draft, send_at=self._local(self._desktop.session.elapsed + _AN_HOUR)))
        if self.draft != before:
            self._desktop.refresh()

    def _attach(self, message: Message) -> None:
        draft = self.draft.typed(message)
        if len(draft.attachments) < MOST_ATTACHMENTS:
            draft = replace(draft, attachments=(*draft.attachments, AttachmentDraft()))
        self._keep(draft)
        self._desktop.refresh()

    def _detach(self, message: Message) -> None:
        draft = self.draft.typed(message)
        gone = message.arguments[0] if message.arguments else None
        self._keep(replace(draft, attachments=tuple(one for number, one in enumerate(draft.attachments) if number != gone)))
        self._desktop.refresh()

    def _discard(self, _message: Message) -> None:
        self._forget()
        self._desktop.close()
        self._desktop.refresh()

    def _send(self, message: Message) -> None:
        desktop = self._desktop
        self._keep(self.draft.typed(message))
        reader = DraftReader(self.draft, desktop)
        self._tried.add(desktop.user)
        self._refusals.pop(desktop.user, None)
        if not reader.problems:
            try:
                self._submit(reader.letter)
            except SessionOver:
                self._refusals[desktop.user] = desktop.words("The simulation is over: nothing more can be done. Go back first.")
            except ValueError as error:  # no connector takes it, for example (C2)
                self._refusals[desktop.user] = str(error)
        desktop.refresh()

    def _submit(self, letter: Letter) -> None:
        desktop = self._desktop
        user, session = desktop.user, desktop.session
        email_id = free_id(session, user)
        session.act(
            "submit",
            email_id,
            by=user,
            from_=user,
            to=letter.to,
            cc=letter.cc,
            bcc=letter.bcc,
            subject=letter.subject,
            body=letter.body,
            priority=letter.priority,
            work_item=letter.work_item,
            attachments=letter.attachments,
            send_at=letter.send_at,
        )
        self._forget()
        desktop.close()
        desktop.announce(self._told(email_id, letter))

    def _told(self, email_id: str, letter: Letter) -> str:
        """What the writer reads after sending."""
        desktop = self._desktop
        words, session = desktop.words, desktop.session
        subject = shown(letter.subject) or email_id
        if letter.send_at is None:
            return words("“{subject}” is in the outbox.", subject=subject)
        instant = words.instant(session, letter.send_at)
        if letter.send_at > session.horizon:
            return words(
                "“{subject}” is scheduled for {instant}: after the end of this simulation, which will not send it.",
                subject=subject,
                instant=instant,
            )
        return words("“{subject}” is scheduled for {instant}.", subject=subject, instant=instant)

    def _local(self, instant: int | None) -> str:
        """An instant that lies ahead, as the control for dates and times writes it; empty for others."""
        session = self._desktop.session
        if instant is None or instant <= session.elapsed:
            return ""
        return session.scenario.clock.datetime(instant).replace(tzinfo=None).isoformat(timespec="minutes")

    # The screen

    def dialog(self) -> Element | None:
        """The dialog, while it is open."""
        desktop = self._desktop
        if (desktop.opened or ("",))[0] != "compose":
            return None
        session, words, user = desktop.session, desktop.words, desktop.user
        problems = DraftReader(self.draft, desktop).problems if user in self._tried else {}
        if user in self._refusals:
            problems = {**problems, "": self._refusals[user]}
        window = session.undo_window(user)
        state = ComposeState(
            sender=user,
            address=session.scenario.users[user].address,
            draft=self.draft,
            problems=problems,
            work_items=self._work_items(),
            undo_window=words.duration(window) if window else "",
            zone=session.scenario.clock.time_zone,
            now=words.instant(session, session.elapsed),
        )
        return compose_dialog(words, state)

    def _work_items(self) -> list[tuple[str, str]]:
        """Those that may be chosen, and the one that was."""
        session, user, chosen = self._desktop.session, self._desktop.user, self.draft.work_item
        references = visible_work_items(session, user)
        if chosen and chosen not in references and is_visible(session, user, chosen):
            references.append(chosen)
        return [(reference, session.scenario.work_items[reference].type) for reference in references]
