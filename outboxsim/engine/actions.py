"""What people can do to a running simulation, from Python: looked at as a whole first, then done and noted."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from outboxsim.engine import journal
from outboxsim.engine.composed import Composed, composed
from outboxsim.engine.desk import Desk
from outboxsim.engine.world import World
from outboxsim.outbox import Action, Reason, Refused, refusal_text
from outboxsim.quantities import parse_duration
from outboxsim.scenario import Scenario, Settings
from outboxsim.scenario.outages import DEFAULT_ERRORS
from outboxsim.scenario.readers import is_smtp_reply

Instant = str | timedelta | datetime | int


def as_duration(duration: str | timedelta | int) -> int:
    """A duration in microseconds."""
    if isinstance(duration, str):
        return parse_duration(duration)
    return duration // timedelta(microseconds=1) if isinstance(duration, timedelta) else duration


class Actions:
    """The part of `Simulation` that people act with.

    An action that is invalid raises `ValueError` (settings: `ScenarioInvalid`) before anything has happened. One that the rules
    refuse raises `Refused`; it is on record then.
    """

    scenario: Scenario
    _world: World
    _desk: Desk

    def __init__(self) -> None:
        self._actions: list[journal.Action] = []
        self._rehearses = False

    # What the simulation gives

    @property
    def elapsed(self) -> int:
        """Microseconds since the scenario's start."""
        raise NotImplementedError

    def moment(self, instant: Instant) -> int:
        """An instant as `run_until` takes it, in microseconds since the start; raises `ValueError` if it is none."""
        raise NotImplementedError

    def _acting(self) -> AbstractContextManager[bool]:
        """Where an action has its place within this instant; gives whether everything at it had happened before."""
        raise NotImplementedError

    # The record

    @property
    def actions(self) -> Sequence[journal.Action]:
        """Everything that was asked for from Python so far, done or refused, in order; see `repeat`."""
        return tuple(self._actions)

    def rehearse(self, verb: str, *targets: Any, by: str | None = None, **arguments: Any) -> None:
        """Look at an action without doing it: raise what it would raise for being invalid; what is refused is not told."""
        if verb not in journal.VERBS:
            raise ValueError(f"{verb!r} is nothing that can be done (possible: {', '.join(journal.VERBS)})")
        self._rehearses = True
        try:
            getattr(self, verb)(*targets, by=by, **arguments)
        finally:
            self._rehearses = False

    def _do(
        self, verb: str, targets: tuple[Any, ...], by: str | None, do: Callable[[], journal.Answers], **arguments: Any
    ) -> journal.Answers:
        """Do an action that was found valid, and note it."""
        if self._rehearses:
            return ()
        with self._acting() as settled:
            answers = do()
            self._actions.append(journal.Action(self.elapsed, verb, targets, arguments, by, answers, settled))
        return answers

    def _require_user(self, name: str | None) -> None:
        if name is not None and name not in self.scenario.users:
            raise ValueError(f"{name!r} is no user of the scenario (known: {', '.join(self.scenario.users) or 'none'})")

    def _act(self, action: Action, email: str, by: str | None) -> None:
        for _, reason in self.bulk(action, (email,), by=by):
            if reason is not None:
                standing = self._desk.standing(self._world.find(email), by)
                raise Refused(reason, refusal_text(action, email, reason, standing))

    def retry(self, email: str, *, by: str | None = None) -> None:
        """Retry an email by hand; raises `Refused`."""
        self._act(Action.RETRY, email, by)

    def cancel(self, email: str, *, by: str | None = None) -> None:
        """Cancel an email; raises `Refused`."""
        self._act(Action.CANCEL, email, by)

    def send_now(self, email: str, *, by: str | None = None) -> None:
        """Send a queued email now, whatever its undo window and schedule; raises `Refused`."""
        self._act(Action.SEND_NOW, email, by)

    def undo(self, email: str, *, by: str | None = None) -> None:
        """Undo sending within the undo window, as its sender; raises `Refused`."""
        self._act(Action.UNDO, email, by)

    def bulk(self, verb: str, emails: Iterable[str], *, by: str | None = None) -> list[tuple[str, Reason | None]]:
        """Do the same to several emails at once, as one entry of a timeline does.

        Parameters
        ----------
        verb
            ``retry``, ``cancel``, ``send_now`` or ``undo``.
        emails
            Ids; one that is named twice counts once.
        by
            Who does it.

        Returns
        -------
        list of tuple
            For each email None, or the reason for which it was refused; one refusal stops no other (G3).
        """
        self._require_user(by)
        action, ids = Action(verb), tuple(dict.fromkeys(emails))
        if not ids:
            return []
        return list(self._do(str(action), ids, by, lambda: tuple(self._desk.bulk(action, ids, by))))

    def submit(
        self,
        email: str,
        *,
        from_: str | None = None,
        to: str | Sequence[str] = "someone@example.invalid",
        cc: str | Sequence[str] = (),
        bcc: str | Sequence[str] = (),
        subject: str = "",
        body: str = "",
        from_address: str | None = None,
        attachments: Sequence[tuple[str, int]] = (),
        work_item: str | None = None,
        priority: str = "normal",
        send_at: Instant | None = None,
        via: str | None = None,
        system: bool | None = None,
        by: str | None = None,
    ) -> None:
        """Submit an email now; without a sender it is system-generated (E2).

        Parameters
        ----------
        email
            Its id.
        from_, by
            Who composes and sends it: the same user, so that one of the two is enough.
        to, cc, bcc
            Addresses: a text (several separated by comma) or a list.
        attachments
            Names and sizes in bytes.
        send_at
            For when it is scheduled; it may lie past the horizon.
        via
            The connector it takes; left out: by its from address (C2), which is the sender's unless `from_address` says otherwise.
        system
            Whether the system generates it; left out: if nobody sends it.

        Raises
        ------
        ValueError
            If the id is taken, a name is not in the scenario, or a scenario file would not take it; nothing has happened then.
        """
        sender = by if from_ is None else from_
        if by not in (None, sender):
            raise ValueError(f"{by!r} cannot submit an email from {sender!r}; who acts is its sender")
        if system is not None and system is not (sender is None):
            raise ValueError("a system-generated email has no sender, and any other one has (E2)")
        texts: dict[str, Any] = {"to": to, "cc": cc, "bcc": bcc, "subject": subject, "body": body, "from_address": from_address}
        texts |= {"attachments": attachments, "work_item": work_item, "priority": priority, "via": via}
        texts["send_at"] = None if send_at is None else self.moment(send_at)
        letter = composed(self.scenario, self._world.arrivals.sources, email, sender=sender, **texts)
        texts |= {"to": letter.text.to, "cc": letter.text.cc, "bcc": letter.text.bcc, "attachments": letter.text.attachments}
        self._do("submit", (email,), sender, lambda: self._submitted(letter), **texts)

    def _submitted(self, letter: Composed) -> journal.Answers:
        self._desk.submit(letter)
        return ((letter.text.id, None),)

    def enable(self, connector: str, *, by: str | None = None) -> None:
        """Enable a connector; raises `Refused`."""
        self._known(connector)
        self._builder("enable", connector, (connector,), lambda: self._desk.enable(connector, by), by)

    def disable(self, connector: str, *, by: str | None = None) -> None:
        """Disable a connector; raises `Refused`."""
        self._known(connector)
        self._builder("disable", connector, (connector,), lambda: self._desk.disable(connector, by), by)

    def outage(
        self,
        connector: str,
        *,
        duration: str | timedelta | int | None = None,
        kind: str = "refuse",
        error: str | None = None,
        by: str | None = None,
    ) -> None:
        """Begin an outage now, for a duration (text, timedelta or microseconds) or for good.

        Raises
        ------
        ValueError
            If the connector is unknown, the duration is 0, or a rejecting outage's error is no SMTP reply (4xx or 5xx).
        """
        self._known(connector)
        self._require_user(by)
        if kind not in ("refuse", "timeout", "reject"):
            raise ValueError(f"{kind!r} is no kind of outage; write refuse, timeout or reject")
        said = DEFAULT_ERRORS.get(kind, "") if error is None else error
        if kind == "reject" and not is_smtp_reply(said):
            raise ValueError(f"{said!r} is no SMTP reply; a rejecting outage needs one, such as '451 4.3.0 try later'")
        if not said.strip():
            raise ValueError("the error is empty; say what the attempts' error is, such as 'connection refused'")
        lasts = None if duration is None else as_duration(duration)
        if lasts is not None and lasts <= 0:
            raise ValueError(f"an outage lasts longer than {duration}; leave the duration out if it does not end")

        def begin() -> journal.Answers:
            self._desk.outage(connector, None if lasts is None else self.elapsed + lasts, kind, said, by)
            return ((connector, None),)

        self._do("outage", (connector,), by, begin, duration=lasts, kind=kind, error=said)

    def change(self, settings: Settings | Mapping[str, Any], *, by: str | None = None) -> None:
        """Change settings as ``set`` in a timeline does, such as ``{"retry": "postfix"}``.

        Raises
        ------
        Refused
            If `by` may not change them.
        ScenarioInvalid
            If they are no settings; it holds every fault.
        ValueError
            If a connector would fail more often than always.
        """
        read = settings if isinstance(settings, Settings) else self.scenario.settings(settings)
        self._require_user(by)
        if self._desk.why_not_change(read, by) is None:
            self._desk.check_shares(read)
        self._builder("change", "", (copy.deepcopy(settings),), lambda: self._desk.change(read, by), by)

    def split(self, work_item: str, *, by: str | None = None) -> None:
        """Split a work item; raises `Refused`."""
        self._work_items("split", (work_item,), by)

    def share(self, work_item: str, *, by: str | None = None) -> None:
        """Share a work item; raises `Refused`."""
        self._work_items("share", (work_item,), by)

    def merge(self, *work_items: str, by: str | None = None) -> None:
        """Merge work items into the first; raises `Refused`."""
        if len(set(work_items)) < max(2, len(work_items)):
            raise ValueError("two work items or more are merged, each named once")
        self._work_items("merge", work_items, by)

    def _work_items(self, verb: str, work_items: tuple[str, ...], by: str | None) -> None:
        for work_item in work_items:
            self._known(work_item, "work item", self.scenario.work_items)
        self.scenario.route(None, None)
        self._builder(verb, " ".join(work_items), work_items, lambda: self._desk.work_item(verb, work_items, by), by)

    def assign(self, work_item: str, assignee: str, *, by: str | None = None) -> None:
        """Give a work item to somebody; raises `Refused`."""
        self._known(work_item, "work item", self.scenario.work_items)
        self._require_user(assignee)
        self._builder("assign", work_item, (work_item, assignee), lambda: self._desk.assign(work_item, assignee, by), by)

    def _builder(self, verb: str, target: str, arguments: tuple[Any, ...], do: Callable[[], Reason | None], by: str | None) -> None:
        self._require_user(by)
        for _, reason in self._do(verb, arguments, by, lambda: ((target, do()),)):
            if reason is not None:
                raise Refused(reason, f"{verb} {target} refused: {reason}")

    def _known(self, name: str, what: str = "connector", known: Collection[str] | None = None) -> None:
        names = self.scenario.connectors if known is None else known
        if name not in names:
            raise ValueError(f"{name!r} is no {what} of the scenario (known: {', '.join(names) or 'none'})")
