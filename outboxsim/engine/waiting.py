"""Where emails wait for their next attempt: on the agenda until it is due, then ready at their connector (spec/outbox.md L6)."""

from __future__ import annotations

from bisect import insort
from heapq import heappop, heappush

from outboxsim.engine.channel import Channel
from outboxsim.engine.store import NONE
from outboxsim.engine.world import World
from outboxsim.outbox import SendStatus


class Waiting:
    """Puts waiting emails into their place.

    Attributes
    ----------
    backlog
        The connectors with emails that are ready or held, in file order.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.backlog: list[int] = []

    # The agenda

    def enqueue(self, email: int) -> None:
        """Put a waiting email on the agenda, at its due instant or at the scan that will take it (L6)."""
        world = self.world
        channel = world.channels[world.store.connector[email]]
        instant = max(world.store.due[email], world.now)
        if channel.scan is not None and channel.scan.interval > 0 and self.needs_scan(channel, email):
            instant = self._scan_for(channel, email)
        if instant <= world.horizon:
            heappush(world.agenda, (instant, channel.index, email))

    def enqueue_all(self, channel: Channel) -> None:
        """Put every waiting email of a connector on the agenda anew: its scan has changed."""
        store = self.world.store
        for email in range(self.world.submitted_count):
            if store.connector[email] == channel.index and store.due[email] != NONE:
                self.enqueue(email)

    def _scan_for(self, channel: Channel, email: int) -> int:
        """The first scan that finds the email due; a scan takes each email once."""
        assert channel.scan is not None
        store = self.world.store
        earliest = max(store.due[email] - channel.scan.early, store.submitted[email], self.world.now)
        scan = channel.scan_at_or_after(earliest)
        return channel.scan_at_or_after(scan + 1) if scan == store.last_attempt[email] else scan

    def needs_scan(self, channel: Channel, email: int) -> bool:
        """Whether only a scan of its connector will take the email."""
        scan = channel.scan
        return scan is not None and (scan.applies_to == "all" or self.world.store.status[email] != SendStatus.QUEUED)

    def burst(self, channel: Channel, email: int) -> int:
        """The scan to whose burst an attempt starting now belongs; the instant itself where no scan takes it."""
        return channel.last_scan(self.world.now) if self.needs_scan(channel, email) else self.world.now

    # What is due now

    def collect(self) -> None:
        """Move what the agenda has for now to its connector's ready emails."""
        world = self.world
        now = world.now
        if world.pool.earliest <= now:
            self.spill(now + 1)
        while world.soon and world.soon[-1][0] <= now:
            self._collect_one(*world.soon.pop())
        while world.agenda and world.agenda[0][0] <= now:
            self._collect_one(*heappop(world.agenda))
        while world.wakes and world.wakes[0][0] <= now:
            self.look_at(world.channels[heappop(world.wakes)[1]])

    def _collect_one(self, instant: int, connector: int, email: int) -> None:
        world = self.world
        channel, due = world.channels[connector], world.store.due[email]
        if due == NONE:
            return
        scan = channel.scan
        if scan is not None and scan.interval > 0 and self.needs_scan(channel, email):
            if due > instant + scan.early:
                return  # a later entry stands for it
            if channel.last_scan(instant) != instant or world.store.last_attempt[email] == instant:
                self.enqueue(email)
                return
        elif due > instant:
            return
        self.make_ready(channel, email)

    def spill(self, stop: int) -> None:
        """Make the pool's attempts before `stop` ready to be taken one at a time.

        Where batches cannot help, all before the next chunk of emails at once: `stop` may come very often.
        """
        world = self.world
        if not all(channel.can_batch for channel in world.channels):
            stop = max(stop, world.arrivals.known_until)
        columns = world.pool.take_before(stop)
        world.soon.extend(zip(*(column.tolist() for column in columns), strict=True))
        world.soon.sort(reverse=True)

    # What may start

    def make_ready(self, channel: Channel, email: int) -> None:
        """Let an email start as soon as connector, slot and token allow."""
        if channel.hold is not None and email not in self.world.probes:
            channel.wait_for_connector(email, for_scan=self.needs_scan(channel, email))
        else:
            priority = self.world.store.priority[email] if channel.spec.queue == "priority" else 0
            heappush(channel.ready, (priority, self.world.store.due[email], email))
        self.look_at(channel)

    def look_at(self, channel: Channel) -> None:
        """Look at a connector's waiting emails at this instant: something about it has changed."""
        if channel.index not in self.backlog:
            insort(self.backlog, channel.index)
