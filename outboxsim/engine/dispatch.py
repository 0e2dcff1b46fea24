"""When attempts happen: everything that is due, in its order (spec/outbox.md L6 and L7)."""

from __future__ import annotations

from heapq import heappop

import numpy as np

from outboxsim.engine.attempting import Attempting
from outboxsim.engine.batch import run_batch
from outboxsim.engine.channel import Channel
from outboxsim.engine.holding import Holding
from outboxsim.engine.store import NONE
from outboxsim.engine.waiting import Waiting
from outboxsim.engine.world import World


class Dispatch:
    """Starts what is due and ends what has started.

    Attributes
    ----------
    waiting, holding, attempting
        Where emails wait for their instant; where they wait for their connector; what an attempt does.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.waiting = Waiting(world)
        self.holding = Holding(world, self.waiting)
        self.attempting = Attempting(world, self.waiting, self.holding)

    # Instants

    def next_instant(self) -> int | None:
        """The next instant at which something will happen, None if nothing will up to the horizon."""
        world = self.world
        while True:
            instant = world.pool.earliest
            if world.soon and world.soon[-1][0] < instant:
                instant = world.soon[-1][0]
            for heap in (world.agenda, world.ends, world.edges, world.wakes):
                if heap and heap[0][0] < instant:
                    instant = heap[0][0]
            if instant < world.arrivals.known_until or world.arrivals.known_until > world.horizon:
                return instant if instant <= world.horizon else None
            self._plan_first_attempts(world.load_arrivals())

    def _plan_first_attempts(self, first: int) -> None:
        """Put the first attempts of loaded emails into the pool, or on the agenda where a scan will take them."""
        world, store = self.world, self.world.store
        due, connector = np.array(store.due[first:]), np.array(store.connector[first:], dtype=np.int64)
        waits = due != NONE
        for channel in world.channels:
            if channel.scan is not None and channel.scan.applies_to == "all":
                scanned = waits & (connector == channel.index)
                waits &= ~scanned
                for email in (np.flatnonzero(scanned) + first).tolist():
                    self.waiting.enqueue(email)
        world.pool.add(due[waits], connector[waits], np.flatnonzero(waits) + first)

    def run_plain(self, stop: int, stop_of_batch: int) -> None:
        """Make the attempts due before `stop` for as long as nothing but free-running connectors is concerned.

        A shortcut of `drain`, for speed alone: the order of attempts, their outcomes and the record are the same. A batch
        may go on over edges of outages and ends of attempts, up to `stop_of_batch`.
        """
        if self.world.pool.earliest < stop_of_batch:
            run_batch(self.world, stop_of_batch)
            if self.world.ends:
                stop = min(stop, self.world.ends[0][0])
        self._run_singly(stop)

    def _run_singly(self, stop: int) -> None:
        """The same, one attempt after the other."""
        world, store = self.world, self.world.store
        if world.pool.earliest < stop:
            self.waiting.spill(stop)
        soon, agenda, ends, due, channels = world.soon, world.agenda, world.ends, store.due, world.channels
        while True:
            if soon and (not agenda or soon[-1] < agenda[0]):
                entry = soon[-1]
                from_soon = True
            elif agenda:
                entry = agenda[0]
                from_soon = False
            else:
                return
            instant, connector, email = entry
            if instant >= stop or not channels[connector].is_plain:
                return
            if from_soon:
                soon.pop()
            else:
                heappop(agenda)
            if due[email] == instant:
                world.now = instant
                self.attempting.start(channels[connector], email)
                if ends and ends[0][0] < stop:
                    stop = ends[0][0]

    def drain(self) -> None:
        """Everything at this instant from ends of attempts on, again and again until nothing is left (L7)."""
        world = self.world
        while True:
            if world.ends and world.ends[0][0] == world.now:
                self.attempting.land(heappop(world.ends)[2])
                continue
            self.waiting.collect()
            if not self._start_one():
                return

    # What may start

    def _start_one(self) -> bool:
        """Start the one attempt that comes first by L7, if one can start."""
        for index in tuple(self.waiting.backlog):
            channel = self.world.channels[index]
            if self._start_from(channel):
                return True
            if not channel.ready and not channel.held and not channel.held_for_scan:
                self.waiting.backlog.remove(index)
        return False

    def _start_from(self, channel: Channel) -> bool:
        store = self.world.store
        probe = self.holding.next_probe(channel)
        ready = channel.ready
        while ready and store.due[ready[0][2]] != ready[0][1]:
            heappop(ready)  # cancelled, retried or started meanwhile
        if probe == NONE and not ready:
            return False
        email = probe if probe != NONE else ready[0][2]
        if not self._may_start(channel, email):
            return probe == NONE and self._start_beside_the_scan(channel)
        if probe == NONE:
            heappop(ready)
        else:
            self.holding.take_probe(channel, probe)
        self.attempting.start(channel, email)
        return True

    def _start_beside_the_scan(self, channel: Channel) -> bool:
        """Under `applies_to: retries` new emails do not queue behind retries that wait for `serial` (L6)."""
        if channel.scan is None or channel.scan.serial == 0 or channel.scan.applies_to == "all":
            return False
        due = self.world.store.due
        beside = [entry for entry in channel.ready if due[entry[2]] == entry[1] and not self.waiting.needs_scan(channel, entry[2])]
        if not beside or not self._may_start(channel, min(beside)[2]):
            return False
        first = min(beside)
        channel.ready = sorted(entry for entry in channel.ready if entry != first)
        self.attempting.start(channel, first[2])
        return True

    def _may_start(self, channel: Channel, email: int) -> bool:
        """Whether slot, token and `serial` allow an attempt now; on a closed or dead connector it needs none of them."""
        now = self.world.now
        if not channel.enabled or channel.is_suspended(now, self.waiting.burst(channel, email)):
            return True
        if channel.capacity is not None and channel.busy >= channel.capacity:
            return False
        if channel.bucket is not None and not channel.bucket.has_token(now):
            self.world.wake(channel, channel.bucket.next_token(now))
            return False
        if channel.scan is not None and self.waiting.needs_scan(channel, email) and now < channel.last_start + channel.scan.serial:
            self.world.wake(channel, channel.last_start + channel.scan.serial)
            return False
        return True
