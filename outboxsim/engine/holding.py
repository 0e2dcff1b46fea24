"""Emails that wait for their connector after a connection failure (scope: connector, spec/retry.md)."""

from __future__ import annotations

from typing import Final

from outboxsim.engine.channel import Channel, Hold
from outboxsim.engine.store import NONE
from outboxsim.engine.trace import BY_SYSTEM, Event, EventKind, Phase
from outboxsim.engine.waiting import Waiting
from outboxsim.engine.world import World
from outboxsim.outbox import Happening, SendStatus, next_status
from outboxsim.retry import History

#: Statuses by code: quicker than calling the enumeration.
_STATUSES: Final = tuple(SendStatus)


class Holding:
    """Holds the emails of a connector back, lets one of them probe, and lets all go when it is answered."""

    def __init__(self, world: World, waiting: Waiting) -> None:
        self.world = world
        self.waiting = waiting

    def next_probe(self, channel: Channel) -> int:
        """The first submitted of those that wait for the connector, if its next try has come."""
        hold = channel.hold
        if hold is None or hold.probing != NONE or not (channel.held or channel.held_for_scan):
            return NONE
        now, due = self.world.now, self.world.store.due
        candidates = [email for email in channel.held if due[email] != NONE] if now >= hold.next_try else []
        if channel.held_for_scan and channel.scan is not None:
            scan, reach = self._open_scan(channel, hold)
            if scan != NONE:
                candidates += [email for email in channel.held_for_scan if NONE != due[email] <= reach]
        return min(candidates, default=NONE)

    def _open_scan(self, channel: Channel, hold: Hold) -> tuple[int, int]:
        """The latest scan and up to which due instant it reaches, if it may probe: the next try has come, no probe yet."""
        assert channel.scan is not None
        scan = channel.last_scan(self.world.now)
        reach = scan + channel.scan.early
        if scan < 0 or reach < hold.next_try or scan <= hold.scan:
            return NONE, NONE
        return scan, reach

    def take_probe(self, channel: Channel, email: int) -> None:
        """Take a waiting email out of its heap; it probes."""
        for heap in (channel.held, channel.held_for_scan):
            if email in heap:
                heap[:] = sorted(other for other in heap if other != email)

    def probe_scan(self, channel: Channel, email: int, burst: int) -> int:
        """The scan that opened the probe which ends now, if one did."""
        assert channel.hold is not None
        return burst if channel.hold.probing == email and self.waiting.needs_scan(channel, email) else NONE

    def hold(self, channel: Channel, email: int, number: int, ended: int) -> bool:
        """A connection failure under scope `connector`: set the connector's next try; False if its pattern gives up."""
        world = self.world
        hold = channel.hold if channel.hold is not None else Hold(first_failure=ended, last_ended=ended)
        history = History(
            submitted=world.store.submitted[email],
            ended=ended,
            attempts=number,
            retries=hold.retries,
            first_failure=hold.first_failure,
            planned=hold.planned,
            last_ended=hold.last_ended,
        )
        due = channel.pattern.due(history, lambda: self.world.jitter(number, email))
        if due is None:
            return False
        hold.retries += 1
        hold.planned = channel.pattern.planned(history, due)
        hold.last_ended = ended
        hold.next_try = due
        hold.scan = channel.last_scan(ended)
        channel.hold = hold
        channel.is_plain = False
        self._move_ready_to_held(channel)
        world.wake(channel, due)
        if channel.scan is not None and channel.scan.interval > 0:
            world.wake(channel, channel.scan_at_or_after(max(due - channel.scan.early, ended + 1)))
        return True

    def _move_ready_to_held(self, channel: Channel) -> None:
        ready, channel.ready = channel.ready, []
        for entry in ready:
            if self.world.store.due[entry[2]] == entry[1]:
                self.waiting.make_ready(channel, entry[2])

    def release(self, channel: Channel, opened_by: int = NONE) -> None:
        """The connector has answered: all that wait are due at once, in order of submission.

        `opened_by` is the scan whose probe was answered: what that scan made ready starts now, the rest at the next.
        """
        world, store = self.world, self.world.store
        channel.hold = None
        for email in channel.take_held():
            was_due = store.due[email]
            if was_due == NONE:
                continue
            store.due[email] = world.now
            in_scan = opened_by != NONE and channel.scan is not None and was_due <= opened_by + channel.scan.early
            if in_scan or not self.waiting.needs_scan(channel, email):
                self.waiting.make_ready(channel, email)
            else:
                self.waiting.enqueue(email)

    def fail_all(self, channel: Channel) -> None:
        """The connector's pattern gives up: all that wait fail without an attempt, their last error kept."""
        world, store = self.world, self.world.store
        channel.hold = None
        self._move_to_held_for_giving_up(channel)
        for email in channel.take_held():
            if store.due[email] == NONE:
                continue
            before = _STATUSES[store.status[email]]
            after = next_status(before, Happening.CONNECTOR_GAVE_UP)
            world.set_status(email, after)
            detail = {"cause": "the connector's retry pattern gave up"}
            world.trace.fact(
                Phase.ATTEMPTS, Event(world.now, EventKind.STATUS_CHANGED, email, channel.index, BY_SYSTEM, before, after, detail)
            )

    def _move_to_held_for_giving_up(self, channel: Channel) -> None:
        """Emails that became ready while the last probe was under way wait for the connector too."""
        for _, due, email in channel.ready:
            if self.world.store.due[email] == due and email not in self.world.probes:
                channel.wait_for_connector(email, for_scan=False)
        channel.ready = [entry for entry in channel.ready if entry[2] in self.world.probes]
