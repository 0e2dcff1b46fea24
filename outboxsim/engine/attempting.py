"""One attempt after the other: how it starts, how it ends, and what follows from that (spec/outbox.md L1 to L5)."""

from __future__ import annotations

from heapq import heappush
from typing import Final

from outboxsim.engine.attempt_log import CONTACTED, FROM_SHIFT, IN_FLIGHT, MANUAL, OUTCOME_SHIFT, TO_SHIFT, TOOK_TIME
from outboxsim.engine.channel import Answer, Channel, disabled_text
from outboxsim.engine.holding import Holding
from outboxsim.engine.store import MIGRATED, NONE
from outboxsim.engine.trace import BY_SYSTEM, Event, EventKind, Phase
from outboxsim.engine.waiting import Waiting
from outboxsim.engine.world import FailureTimes, Flight, World
from outboxsim.outbox import Happening, Outcome, SendStatus, next_status
from outboxsim.retry import History

#: Statuses by code: quicker than calling the enumeration.
_STATUSES: Final = tuple(SendStatus)


class Attempting:
    """Starts and ends single attempts; batch.py does the same to many at once."""

    def __init__(self, world: World, waiting: Waiting, holding: Holding) -> None:
        self.world = world
        self.waiting = waiting
        self.holding = holding

    def start(self, channel: Channel, email: int) -> None:
        """An attempt starts now; its outcome is decided (L1)."""
        world, store = self.world, self.world.store
        world.guard()
        now = world.now
        number = store.attempts[email] + 1
        store.attempts[email] = number
        is_manual, is_retry = email in world.manual, email in world.retried
        burst = now if channel.is_plain else self.waiting.burst(channel, email)
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
        codes = store.status[email] << FROM_SHIFT
        if is_manual:
            codes |= MANUAL
        if answer.outcome < Outcome.CONNECTOR_DISABLED:
            codes |= CONTACTED
        if answer.duration == 0:
            row = world.trace.attempts.begin(email, now, now, number, channel.index, codes)
            self._end(channel, email, row, answer, burst, is_retry=is_retry)
            return
        codes |= TOOK_TIME | IN_FLIGHT << OUTCOME_SHIFT | store.status[email] << TO_SHIFT
        row = world.trace.attempts.begin(email, now, NONE, number, channel.index, codes)
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
            if self.waiting.needs_scan(channel, email):
                channel.last_start = world.now
            if channel.hold is not None and channel.hold.probing == NONE:
                channel.hold.probing = email
        return channel.answer(world.draws, number, world.store.rank[email], recipients, world.now)

    def land(self, email: int) -> None:
        """An attempt that took time ends now."""
        flight = self.world.flights.pop(email)
        channel = self.world.channels[self.world.store.connector[email]]
        channel.busy -= 1
        self.world.trace.attempts.ended[flight.attempt] = self.world.now
        self.world.trace.end(flight.attempt)
        self._end(channel, email, flight.attempt, flight.answer, flight.burst, is_retry=flight.is_retry)

    def _end(self, channel: Channel, email: int, row: int, answer: Answer, burst: int, *, is_retry: bool) -> None:
        """An attempt has ended: the email moves on, then the connector takes note."""
        world, store = self.world, self.world.store
        outcome = answer.outcome
        before = _STATUSES[store.status[email]]
        log = world.trace.attempts
        number = log.number[row]
        gives_up = False
        probe_scan = self.holding.probe_scan(channel, email, burst) if channel.hold is not None else NONE
        if answer.connection_failure and channel.pattern.scope == "connector":
            gives_up = not self.holding.hold(channel, email, number, world.now)
        if outcome is Outcome.ACCEPTED:
            after = SendStatus.SENT
            store.status[email] = SendStatus.SENT
            store.finished[email] = world.now
            world.failures.pop(email, None)
        else:
            after = self._fail(channel, email, number, answer, gives_up=gives_up, is_retry=is_retry)
            log.error[row] = store.last_error[email]
            log.following[row] = world.shown_next_attempt(email)
        log.codes[row] = (
            log.codes[row] & (TOOK_TIME | CONTACTED | MANUAL) | outcome << OUTCOME_SHIFT | after << TO_SHIFT | before << FROM_SHIFT
        )
        if not channel.is_plain or channel.spec.disable_after is not None:
            self._take_note(channel, email, row, answer, burst, probe_scan, gives_up=gives_up)

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
            self.waiting.make_ready(channel, email)
        elif channel.scan is None:
            if due <= world.horizon:
                heappush(world.agenda, (due, channel.index, email))
        else:
            self.waiting.enqueue(email)
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
        due = pattern.next_attempt(history, lambda: self.world.jitter(number, email))
        if due is not None:
            store.retries[email] = step + 1
            times.planned, times.last_ended = pattern.planned(history, due), now
        return due

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
                self.holding.fail_all(channel)
            elif channel.hold is not None:
                world.trace.connector_next_try[row] = channel.hold.next_try
            self._count_connection_failure(channel, burst)
        else:
            channel.dead.failures = 0
            if channel.hold is not None:
                world.trace.connector_next_try[row] = NONE
                self.holding.release(channel, probe_scan)
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
