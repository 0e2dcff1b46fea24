"""When attempts happen, and what follows from how they end (spec/outbox.md L1 to L7, retry.md)."""

from __future__ import annotations

from bisect import insort
from heapq import heappop, heappush
from typing import Final

import numpy as np

from outboxsim.engine.batch import run_batch
from outboxsim.engine.channel import Answer, Channel, Hold, disabled_text
from outboxsim.engine.draws import Purpose
from outboxsim.engine.store import MIGRATED, NONE
from outboxsim.engine.trace import (
    BY_SYSTEM,
    CONNECTOR_SHIFT,
    CONTACTED,
    ENDED,
    ERROR,
    FROM_SHIFT,
    IN_FLIGHT,
    MANUAL,
    NEXT,
    NUMBER_SHIFT,
    OUTCOME_SHIFT,
    PACKED,
    TO_SHIFT,
    TOOK_TIME,
    WIDTH,
    Event,
    EventKind,
    Phase,
)
from outboxsim.engine.world import FailureTimes, Flight, World
from outboxsim.outbox import Happening, Outcome, SendStatus, next_status
from outboxsim.retry import History

QUEUED, PENDING_RETRY, CONNECTOR_DISABLED, FAILED, SENT, CANCELLED = SendStatus

#: Statuses by code: quicker than calling the enumeration.
_STATUSES: Final = tuple(SendStatus)


class Dispatch:
    """Starts what is due and ends what has started."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._backlog: list[int] = []  # connectors with emails that are ready or held, in file order

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
                    self.enqueue(email)
        world.pool.add(due[waits], connector[waits], np.flatnonzero(waits) + first)

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
            self.spill(stop)
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
                self._start(channels[connector], email)
                if ends and ends[0][0] < stop:
                    stop = ends[0][0]

    def drain(self) -> None:
        """Everything at this instant from ends of attempts on, again and again until nothing is left (L7)."""
        world = self.world
        while True:
            if world.ends and world.ends[0][0] == world.now:
                self._land(heappop(world.ends)[2])
                continue
            self._collect()
            if not self._start_one():
                return

    def enqueue(self, email: int) -> None:
        """Put a waiting email on the agenda, at its due instant or at the scan that will take it (L6)."""
        world = self.world
        channel = world.channels[world.store.connector[email]]
        instant = max(world.store.due[email], world.now)
        if channel.scan is not None and channel.scan.interval > 0 and self._needs_scan(channel, email):
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

    def _needs_scan(self, channel: Channel, email: int) -> bool:
        scan = channel.scan
        return scan is not None and (scan.applies_to == "all" or self.world.store.status[email] != QUEUED)

    # What is due now

    def _collect(self) -> None:
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
        if scan is not None and scan.interval > 0 and self._needs_scan(channel, email):
            if due > instant + scan.early:
                return  # a later entry stands for it
            if channel.last_scan(instant) != instant or world.store.last_attempt[email] == instant:
                self.enqueue(email)
                return
        elif due > instant:
            return
        self.make_ready(channel, email)

    def make_ready(self, channel: Channel, email: int) -> None:
        """Let an email start as soon as connector, slot and token allow."""
        if channel.hold is not None and email not in self.world.probes:
            channel.wait_for_connector(email, for_scan=self._needs_scan(channel, email))
        else:
            priority = self.world.store.priority[email] if channel.spec.queue == "priority" else 0
            heappush(channel.ready, (priority, self.world.store.due[email], email))
        self.look_at(channel)

    def look_at(self, channel: Channel) -> None:
        """Look at a connector's waiting emails at this instant: something about it has changed."""
        if channel.index not in self._backlog:
            insort(self._backlog, channel.index)

    def _start_one(self) -> bool:
        """Start the one attempt that comes first by L7, if one can start."""
        for index in tuple(self._backlog):
            channel = self.world.channels[index]
            if self._start_from(channel):
                return True
            if not channel.ready and not channel.held and not channel.held_for_scan:
                self._backlog.remove(index)
        return False

    def _start_from(self, channel: Channel) -> bool:
        store = self.world.store
        probe = self._next_probe(channel)
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
            self._take_probe(channel, probe)
        self._start(channel, email)
        return True

    def _start_beside_the_scan(self, channel: Channel) -> bool:
        """Under `applies_to: retries` new emails do not queue behind retries that wait for `serial` (L6)."""
        if channel.scan is None or channel.scan.serial == 0 or channel.scan.applies_to == "all":
            return False
        due = self.world.store.due
        beside = [entry for entry in channel.ready if due[entry[2]] == entry[1] and not self._needs_scan(channel, entry[2])]
        if not beside or not self._may_start(channel, min(beside)[2]):
            return False
        first = min(beside)
        channel.ready = sorted(entry for entry in channel.ready if entry != first)
        self._start(channel, first[2])
        return True

    def _may_start(self, channel: Channel, email: int) -> bool:
        """Whether slot, token and `serial` allow an attempt now; on a closed or dead connector it needs none of them."""
        now = self.world.now
        if not channel.enabled or channel.is_suspended(now, self._burst(channel, email)):
            return True
        if channel.capacity is not None and channel.busy >= channel.capacity:
            return False
        if channel.bucket is not None and not channel.bucket.has_token(now):
            self.world.wake(channel, channel.bucket.next_token(now))
            return False
        if channel.scan is not None and self._needs_scan(channel, email) and now < channel.last_start + channel.scan.serial:
            self.world.wake(channel, channel.last_start + channel.scan.serial)
            return False
        return True

    def _burst(self, channel: Channel, email: int) -> int:
        """The scan to whose burst an attempt starting now belongs; the instant itself where no scan takes it."""
        return channel.last_scan(self.world.now) if self._needs_scan(channel, email) else self.world.now

    # Waiting for the connector (scope: connector)

    def _next_probe(self, channel: Channel) -> int:
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

    def _take_probe(self, channel: Channel, email: int) -> None:
        """Take a waiting email out of its heap; it probes."""
        for heap in (channel.held, channel.held_for_scan):
            if email in heap:
                heap[:] = sorted(other for other in heap if other != email)

    def _hold(self, channel: Channel, email: int, number: int, ended: int) -> bool:
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
        due = channel.pattern.due(history, lambda: self._jitter(number, email))
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
                self.make_ready(channel, entry[2])

    def release_held(self, channel: Channel, opened_by: int = NONE) -> None:
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
            if in_scan or not self._needs_scan(channel, email):
                self.make_ready(channel, email)
            else:
                self.enqueue(email)

    def _fail_held(self, channel: Channel) -> None:
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

    # Attempts

    def _start(self, channel: Channel, email: int) -> None:
        """An attempt starts now; its outcome is decided (L1)."""
        world, store = self.world, self.world.store
        world.guard()
        now = world.now
        number = store.attempts[email] + 1
        store.attempts[email] = number
        is_manual, is_retry = email in world.manual, email in world.retried
        burst = now if channel.is_plain else self._burst(channel, email)
        if is_manual:
            world.manual.discard(email)
            world.retried.discard(email)
            world.probes.discard(email)
        if not channel.enabled:
            answer = Answer(Outcome.CONNECTOR_DISABLED, disabled_text(channel.name), 0)
        elif channel.breaker is not None and channel.is_suspended(now, burst):
            error = f"delivery suspended: connector {channel.name} is considered dead after {channel.breaker.failures} connection failures"
            answer = Answer(Outcome.SUSPENDED, error, 0)
        else:
            answer = self._contact(channel, email, number, burst)
        store.last_attempt[email] = now
        store.due[email] = NONE
        row = len(world.trace.attempts) // WIDTH
        packed = number << NUMBER_SHIFT | channel.index << CONNECTOR_SHIFT | store.status[email] << FROM_SHIFT
        if is_manual:
            packed |= MANUAL
        if answer.outcome < Outcome.CONNECTOR_DISABLED:
            packed |= CONTACTED
        if answer.duration == 0:
            world.trace.attempts.extend((email, now, now, NONE, packed, NONE))
            self._end(channel, email, row, answer, burst, is_retry=is_retry)
            return
        packed |= TOOK_TIME | IN_FLIGHT << OUTCOME_SHIFT | store.status[email] << TO_SHIFT
        world.trace.attempts.extend((email, now, NONE, NONE, packed, NONE))
        world.flights[email] = Flight(row, answer, burst, is_retry)
        channel.busy += 1
        heappush(world.ends, (now + answer.duration, row, email))

    def _contact(self, channel: Channel, email: int, number: int, burst: int) -> Answer:
        """Take slot and token and let the server answer."""
        world = self.world
        recipients: tuple[str, ...] = ()
        if channel.greylisting is not None:
            text = world.text(email)
            recipients = (*text.to, *text.cc, *text.bcc)
        if not channel.is_plain:
            if channel.bucket is not None:
                channel.bucket.take(world.now)
            channel.count_start(burst)
            if self._needs_scan(channel, email):
                channel.last_start = world.now
            if channel.hold is not None and channel.hold.probing == NONE:
                channel.hold.probing = email
        return channel.answer(world.draws, number, world.store.rank[email], recipients, world.now)

    def _land(self, email: int) -> None:
        """An attempt that took time ends now."""
        flight = self.world.flights.pop(email)
        channel = self.world.channels[self.world.store.connector[email]]
        channel.busy -= 1
        self.world.trace.attempts[flight.attempt * WIDTH + ENDED] = self.world.now
        self.world.trace.end(flight.attempt)
        self._end(channel, email, flight.attempt, flight.answer, flight.burst, is_retry=flight.is_retry)

    def _end(self, channel: Channel, email: int, row: int, answer: Answer, burst: int, *, is_retry: bool) -> None:
        """An attempt has ended: the email moves on, then the connector takes note."""
        world, store = self.world, self.world.store
        outcome = answer.outcome
        before = _STATUSES[store.status[email]]
        base = row * WIDTH
        log = world.trace.attempts
        gives_up = False
        probe_scan = self._probe_scan(channel, email, burst) if channel.hold is not None else NONE
        if answer.connection_failure and channel.pattern.scope == "connector":
            gives_up = not self._hold(channel, email, log[base + PACKED] >> NUMBER_SHIFT, world.now)
        if outcome is Outcome.ACCEPTED:
            after = SENT
            store.status[email] = SENT
            store.finished[email] = world.now
            world.failures.pop(email, None)
        else:
            after = self._fail(channel, email, log[base + PACKED] >> NUMBER_SHIFT, answer, gives_up=gives_up, is_retry=is_retry)
            log[base + ERROR] = store.last_error[email]
            log[base + NEXT] = world.shown_next_attempt(email)
        log[base + PACKED] = (
            log[base + PACKED] & ~(7 << OUTCOME_SHIFT | 7 << TO_SHIFT) | outcome << OUTCOME_SHIFT | after << TO_SHIFT | before << FROM_SHIFT
        )
        if not channel.is_plain or channel.spec.disable_after is not None:
            self._take_note(channel, email, row, answer, burst, probe_scan, gives_up=gives_up)

    def _probe_scan(self, channel: Channel, email: int, burst: int) -> int:
        """The scan that opened the probe which ends now, if one did."""
        assert channel.hold is not None
        return burst if channel.hold.probing == email and self._needs_scan(channel, email) else NONE

    def _fail(self, channel: Channel, email: int, number: int, answer: Answer, *, gives_up: bool, is_retry: bool) -> SendStatus:
        """Move an email whose attempt was not accepted; the status after."""
        world, store = self.world, self.world.store
        now = world.now
        if store.logged[email] == NONE:
            store.logged[email] = now
        store.last_error[email] = world.trace.error(answer.error)
        before = _STATUSES[store.status[email]]
        if answer.outcome is Outcome.CONNECTOR_DISABLED:
            after = next_status(before, Happening.MET_DISABLED_CONNECTOR)
            store.status[email] = after
            return after
        if answer.outcome is Outcome.PERMANENT:
            due = None
        else:
            due = self._next_due(channel, email, number, answer, gives_up=gives_up, is_retry=is_retry)
        if due is None:
            after = next_status(before, Happening.FAILED_FOR_GOOD if answer.outcome is Outcome.PERMANENT else Happening.GAVE_UP)
            store.status[email] = after
            return after
        after = next_status(before, Happening.FAILED_FOR_NOW)
        store.status[email] = after
        store.due[email] = due
        if answer.connection_failure and channel.hold is not None:
            self.make_ready(channel, email)
        elif channel.scan is None:
            if due <= world.horizon:
                heappush(world.agenda, (due, channel.index, email))
        else:
            self.enqueue(email)
        return after

    def _next_due(self, channel: Channel, email: int, number: int, answer: Answer, *, gives_up: bool, is_retry: bool) -> int | None:
        """When the next automatic attempt is due after a transient failure, None if there is none (L5, B1)."""
        world, store = self.world, self.world.store
        if gives_up or store.flags[email] & MIGRATED or (is_retry and world.settings.manual_retry == "once"):
            return None
        if channel.attempt_limit is not None and number >= channel.attempt_limit:
            return None
        now = world.now
        restarts = is_retry and world.settings.manual_retry == "restart"
        if restarts:
            store.retries[email] = 0
            world.restarted[email] = now
        table, step = channel.table, store.retries[email]
        if table is not None:
            if step >= len(table):
                return None
            store.retries[email] = step + 1
            return now + table[step]
        times = None if restarts else world.failure_times(email)
        if times is None:
            times = world.failures[email] = FailureTimes(now, 0, now)
        history = History(store.submitted[email], now, number, step, times.first_failure, times.planned, times.last_ended)
        pattern = channel.pattern
        if answer.connection_failure and channel.hold is not None:
            return None if pattern.stops(history) else now
        due = pattern.next_attempt(history, lambda: self._jitter(number, email))
        if due is not None:
            store.retries[email] = step + 1
            times.planned, times.last_ended = pattern.planned(history, due), now
        return due

    def _jitter(self, number: int, email: int) -> float:
        return self.world.draws.uniform(Purpose.JITTER, number, self.world.store.rank[email])

    # What the connector learns from an attempt

    def _take_note(self, channel: Channel, email: int, row: int, answer: Answer, burst: int, probe_scan: int, *, gives_up: bool) -> None:
        if channel.hold is not None and channel.hold.probing == email:
            channel.hold.probing = NONE
        if answer.outcome >= Outcome.CONNECTOR_DISABLED:
            return
        world = self.world
        if answer.connection_failure:
            if gives_up:
                world.trace.connector_next_try[row] = NONE
                self._fail_held(channel)
            elif channel.hold is not None:
                world.trace.connector_next_try[row] = channel.hold.next_try
            self._count_connection_failure(channel, burst)
        else:
            channel.dead.failures = 0
            if channel.hold is not None:
                world.trace.connector_next_try[row] = NONE
                self.release_held(channel, probe_scan)
        self._count_failure(channel, answer)

    def _count_connection_failure(self, channel: Channel, burst: int) -> None:
        world = self.world
        if channel.count_connection_failure(world.now, burst):
            until = channel.dead.open_until
            world.trace.fact(
                Phase.ATTEMPTS,
                Event(world.now, EventKind.BREAKER_OPENED, connector=channel.index, actor=BY_SYSTEM, detail={"until": until}),
            )
            world.plan_breaker_close(channel, until)

    def _count_failure(self, channel: Channel, answer: Answer) -> None:
        """After `disable_after` transient failures in a row the connector disables itself (C6)."""
        if answer.outcome is not Outcome.TRANSIENT:
            channel.failures_in_a_row = 0
            return
        channel.failures_in_a_row += 1
        limit = channel.spec.disable_after
        if limit is not None and channel.failures_in_a_row >= limit and channel.enabled:
            self.close(channel, BY_SYSTEM, {"cause": f"{limit} failures in a row"})

    def close(self, channel: Channel, actor: int, detail: dict[str, object] | None = None, phase: Phase = Phase.ATTEMPTS) -> None:
        """Disable a connector."""
        channel.enabled = False
        channel.reset_counts()
        self.world.trace.fact(
            phase, Event(self.world.now, EventKind.CONNECTOR_DISABLED, connector=channel.index, actor=actor, detail=detail)
        )
