"""Many attempts at once, where nothing but outages, failure shares and latency decides them.

Between two actions of people and other interruptions, attempts on a connector without capacity, rate limit, scan, breaker
and the like do not touch each other, and its outages are known ahead. They are computed here as columns, retries and their
retries included: the same outcomes and the same record in the same order as `Dispatch.drain` gives one by one (a test
compares them bit by bit), in a fraction of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Final

import numpy as np

from outboxsim.engine.attempt_log import CONTACTED, FROM_SHIFT, IN_FLIGHT, OUTCOME_SHIFT, TO_SHIFT, TOOK_TIME
from outboxsim.engine.channel import CONNECTION_FAILURES, NEVER, TIMEOUT, Answer, Channel, disabled_text, error_bounds
from outboxsim.engine.draws import Purpose
from outboxsim.engine.store import NONE
from outboxsim.engine.world import Flight, World
from outboxsim.outbox import Outcome, SendStatus

if TYPE_CHECKING:
    from outboxsim.scenario import FailureShare

#: Fewer attempts than this are quicker made one by one.
_WORTH_A_BATCH: Final = 48
#: A batch reaches at most so many of the shortest delays ahead, so that its rounds are not many more than an email's retries.
_MOST_ROUNDS: Final = 2000

_STATUS_BITS: Final = 7 << OUTCOME_SHIFT | 7 << TO_SHIFT

Waiting = tuple[np.ndarray, np.ndarray, np.ndarray]  # due instants, connectors, emails


@dataclass(slots=True)
class Attempts:
    """Attempts of one round, in columns: of whom, by which connector, when, and what they come to."""

    email: np.ndarray
    connector: np.ndarray
    number: np.ndarray
    started: np.ndarray
    ended: np.ndarray
    outcome: np.ndarray
    error: np.ndarray

    def chosen(self, which: np.ndarray) -> Attempts:
        """Some of them."""
        return Attempts(*(getattr(self, name)[which] for name in self.__slots__))


def run_batch(world: World, stop: int) -> None:
    """Make the attempts due before `stop`, retries that fall before it included, if a batch is worth it."""
    if np.count_nonzero(world.pool.due < stop) < _WORTH_A_BATCH:
        return
    for lookahead in world.lookaheads:
        lookahead.know(stop)
    stop = _reach(world, stop)
    if np.count_nonzero(world.pool.due < stop) >= _WORTH_A_BATCH:
        _Batch(world, stop).run()


def _reach(world: World, stop: int) -> int:
    """Up to where a batch can go: only connectors that can batch are concerned, and nobody's own try."""
    batched = [channel.can_batch for channel in world.channels]
    by_hand = world.manual | world.probes
    if not all(batched):
        single = world.pool.due[~np.array(batched)[world.pool.connector]]
        stop = min(stop, int(single.min(initial=stop)))
    for instant, connector, email in (*world.agenda, *world.soon):
        if instant < stop and (not batched[connector] or email in by_hand):
            stop = instant
    for instant, _, email in world.ends:
        if instant < stop and (not batched[world.store.connector[email]] or world.flights[email].is_retry):
            stop = instant
    shortest = min((min(channel.table, default=NEVER) for channel in world.channels if channel.table is not None), default=NEVER)
    return min(stop, world.now + _MOST_ROUNDS * shortest)


class _Batch:
    """One batch: everything that happens on its connectors before `stop`."""

    def __init__(self, world: World, stop: int) -> None:
        self._world = world
        self._stop = stop
        self._first_row = len(world.trace.attempts)
        self._landed: list[np.ndarray] = []  # rows of flights from before that ended
        self._flying: dict[int, Answer] = {}  # emails whose attempt goes on after `stop`

    def run(self) -> None:
        """Round after round, until nothing is due before `stop`; what is left waits in the pool."""
        waiting = self._merged([self._take_waiting(), self._land_flights()])
        try:
            while len(waiting[2]):
                self._world.guard()
                waiting = self._keep_later(self._attempt(*waiting))
        finally:
            self._world.pool.add(*waiting)
            self._close()

    @staticmethod
    def _merged(parts: list[Waiting]) -> Waiting:
        due, connector, email = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        return due, connector, email

    def _take_waiting(self) -> Waiting:
        """All attempts due before `stop`: from the pool, and those laid out to be taken one by one."""
        world, stop = self._world, self._stop
        singles = []
        while world.soon and world.soon[-1][0] < stop:
            singles.append(world.soon.pop())
        while world.agenda and world.agenda[0][0] < stop:
            singles.append(heappop(world.agenda))
        columns = np.array(singles, dtype=np.int64).reshape(-1, 3)
        due, connector, email = self._merged([world.pool.take_before(stop), (columns[:, 0], columns[:, 1], columns[:, 2])])
        valid = np.flatnonzero(world.store.view("due")[email] == due)  # the others were cancelled or retried meanwhile
        once = valid[np.unique(email[valid], return_index=True)[1]]
        return due[once], connector[once], email[once]

    def _keep_later(self, following: Waiting) -> Waiting:
        """Put what is due from `stop` on into the pool; the rest is the next round."""
        due, connector, email = following
        soon = due < self._stop
        self._world.pool.add(due[~soon], connector[~soon], email[~soon])
        return due[soon], connector[soon], email[soon]

    # Attempts

    def _attempt(self, due: np.ndarray, connector: np.ndarray, email: np.ndarray) -> Waiting:
        """One attempt of each email at its due instant; what is due next, of whom."""
        world, store = self._world, self._world.store
        counts, status = store.view("attempts"), store.view("status")
        number = counts[email].astype(np.int64) + 1
        counts[email] = number
        store.view("last_attempt")[email] = due
        attempts = self._answers(due, connector, number, email)
        before = status[email].astype(np.int64)
        lands = (attempts.ended < self._stop) | (attempts.ended == due)
        following = np.full(len(email), NONE)
        after = before.copy()
        ended = attempts.chosen(lands)
        after[lands], following[lands] = self._settle(ended)
        self._take_off(attempts.chosen(~lands))
        codes = np.where(lands, attempts.outcome, IN_FLIGHT) << OUTCOME_SHIFT
        codes |= np.where(attempts.outcome == Outcome.CONNECTOR_DISABLED, 0, CONTACTED) | np.where(attempts.ended > due, TOOK_TIME, 0)
        world.trace.attempts.extend(
            {
                "email": email,
                "started": due,
                "ended": np.where(lands, attempts.ended, NONE),
                "following": following,
                "number": number,
                "connector": connector,
                "codes": codes | before << FROM_SHIFT | after << TO_SHIFT,
                "error": np.where(lands, attempts.error, NONE),
            }
        )
        again = following != NONE
        return following[again], connector[again], email[again]

    def _take_off(self, attempts: Attempts) -> None:
        """These attempts go on after the batch."""
        world = self._world
        world.store.view("due")[attempts.email] = NONE
        columns = (attempts.email, attempts.connector, attempts.ended - attempts.started, attempts.outcome, attempts.error)
        for email, connector, duration, outcome, error in zip(*(column.tolist() for column in columns), strict=True):
            text = "" if error == NONE else world.trace.errors[error]
            outage = world.lookaheads[connector].at(world.store.last_attempt[email])
            failed_to_connect = outage is not None and outage.kind in CONNECTION_FAILURES
            self._flying[email] = Answer(Outcome(outcome), text, duration, failed_to_connect)
            world.channels[connector].busy += 1

    def _land_flights(self) -> Waiting:
        """Attempts under way that end before `stop`: the emails move on; what is due before `stop` of them."""
        world = self._world
        ending = sorted(entry for entry in world.ends if entry[0] < self._stop)
        if not ending:
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
        world.ends = [entry for entry in world.ends if entry[0] >= self._stop]
        heapify(world.ends)
        ended, row, email = np.array(ending, dtype=np.int64).T
        answers = [world.flights.pop(one).answer for one in email.tolist()]
        log = world.trace.attempts
        codes, connector = log.view("codes"), log.view("connector")[row].astype(np.int64)
        attempts = Attempts(
            email=email,
            connector=connector,
            number=log.view("number")[row].astype(np.int64),
            started=log.view("started")[row],
            ended=ended,
            outcome=np.array([int(answer.outcome) for answer in answers]),
            error=np.array([NONE if answer.outcome is Outcome.ACCEPTED else world.trace.error(answer.error) for answer in answers]),
        )
        after, following = self._settle(attempts)
        log.view("ended")[row], log.view("following")[row], log.view("error")[row] = ended, following, attempts.error
        codes[row] = codes[row] & ~np.uint16(_STATUS_BITS) | attempts.outcome << OUTCOME_SHIFT | after << TO_SHIFT
        for index in connector.tolist():
            world.channels[index].busy -= 1
        self._landed.append(row)
        again = following != NONE
        return self._keep_later((following[again], connector[again], email[again]))

    def _settle(self, attempts: Attempts) -> tuple[np.ndarray, np.ndarray]:
        """Move the emails of attempts that have ended: their status after, and when they are due next."""
        store = self._world.store
        after = np.full(len(attempts.email), int(SendStatus.SENT))
        following = np.full(len(attempts.email), NONE)
        failed = np.flatnonzero(attempts.outcome != Outcome.ACCEPTED)
        after[failed], following[failed] = self._fail(attempts.chosen(failed))
        store.view("status")[attempts.email] = after
        sent = after == SendStatus.SENT
        store.view("finished")[attempts.email[sent]] = attempts.ended[sent]
        store.view("due")[attempts.email] = following
        return after, following

    def _fail(self, attempts: Attempts) -> tuple[np.ndarray, np.ndarray]:
        """Status after and due instant of emails whose attempt was not accepted."""
        store, email = self._world.store, attempts.email
        logged, retries = store.view("logged"), store.view("retries")
        never = logged[email] == NONE
        logged[email[never]] = attempts.ended[never]
        store.view("last_error")[email] = attempts.error
        after = np.full(len(email), int(SendStatus.FAILED))
        after[attempts.outcome == Outcome.CONNECTOR_DISABLED] = int(SendStatus.CONNECTOR_DISABLED)
        following = np.full(len(email), NONE)
        for channel in self._world.channels:
            asked = (attempts.connector == channel.index) & (attempts.outcome == Outcome.TRANSIENT)
            if channel.attempt_limit is not None:
                asked &= attempts.number < channel.attempt_limit
            mine = np.flatnonzero(asked)
            if not len(mine) or not channel.table:
                continue
            step = retries[email[mine]].astype(np.int64)
            has_delay = step < len(channel.table)
            mine, step = mine[has_delay], step[has_delay]
            retries[email[mine]] = step + 1
            following[mine] = attempts.ended[mine] + np.array(channel.table)[step]
            after[mine] = int(SendStatus.PENDING_RETRY)
        return after, following

    # What attempts come to

    def _answers(self, due: np.ndarray, connector: np.ndarray, number: np.ndarray, email: np.ndarray) -> Attempts:
        """Outcome, error and end of each attempt, by L1."""
        world = self._world
        outcome = np.full(len(email), int(Outcome.ACCEPTED))
        error, duration = np.full(len(email), NONE), np.zeros(len(email), dtype=np.int64)
        attempts = Attempts(email, connector, number, due, due, outcome, error)
        for channel in world.channels:
            mine = np.flatnonzero(connector == channel.index)
            if not len(mine):
                continue
            if not channel.enabled:
                outcome[mine], error[mine] = int(Outcome.CONNECTOR_DISABLED), world.trace.error(disabled_text(channel.name))
                continue
            duration[mine] = self._latencies(channel, number[mine], email[mine])
            mine = mine[~self._by_outage(channel, mine, attempts, duration)]
            if channel.failing > 0 and len(mine):
                outcome[mine], error[mine] = self._by_share(channel, number[mine], email[mine])
        attempts.ended = due + duration
        return attempts

    def _latencies(self, channel: Channel, number: np.ndarray, email: np.ndarray) -> np.ndarray | int:
        if channel.fixed_latency is not None:
            return channel.fixed_latency
        rank = self._world.store.view("rank")[email].astype(np.int64)
        return self._world.draws.durations(channel.latency, number, rank, channel.index)

    def _by_outage(self, channel: Channel, mine: np.ndarray, attempts: Attempts, duration: np.ndarray) -> np.ndarray:
        """Let outages decide where one is on; which attempts they decided."""
        lookahead = self._world.lookaheads[channel.index]
        place = lookahead.places(attempts.started[mine])
        decided = np.zeros(len(mine), dtype=bool)
        for one in np.unique(place).tolist():
            outage = lookahead.deciding[one]
            if outage is None:
                continue
            met = place == one
            if outage.kind in CONNECTION_FAILURES:
                duration[mine[met]] = channel.timeout if outage.kind == TIMEOUT else 0
            attempts.outcome[mine[met]] = int(outage.outcome)
            attempts.error[mine[met]] = self._world.trace.error(outage.error)
            decided |= met
        return decided

    def _by_share(self, channel: Channel, number: np.ndarray, email: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rank = self._world.store.view("rank")[email].astype(np.int64)
        uniform = self._world.draws.uniforms(Purpose.FAILURE, number, rank)
        permanent = uniform < channel.permanent.probability
        transient = ~permanent & (uniform < channel.failing)
        outcome = np.select([permanent, transient], [int(Outcome.PERMANENT), int(Outcome.TRANSIENT)], int(Outcome.ACCEPTED))
        error = np.full(len(email), NONE)
        for chosen, share in ((permanent, channel.permanent), (transient, channel.transient)):
            if chosen.any():
                error[chosen] = self._errors(share, number[chosen], rank[chosen])
        return outcome, error

    def _errors(self, share: FailureShare, number: np.ndarray, rank: np.ndarray) -> np.ndarray:
        codes = np.array([self._world.trace.error(text) for text, _ in share.errors])
        if len(codes) == 1:
            return np.broadcast_to(codes, rank.shape)
        place = np.searchsorted(error_bounds(share), self._world.draws.uniforms(Purpose.ERROR, number, rank), side="right")
        return codes[np.minimum(place, len(codes) - 1)]

    # The record

    def _close(self) -> None:
        """Put the batch's attempts into the order of L7 (instant, connector, submission), note their ends, let the rest fly on."""
        world, first = self._world, self._first_row
        log = world.trace.attempts
        email, connector, started = (log.view(name)[first:] for name in ("email", "connector", "started"))
        order = np.lexsort((email, connector, started))
        for name in log.WIDTHS:
            column = log.view(name)[first:]
            column[:] = column[order]
        took_time = log.view("codes")[first:] & TOOK_TIME != 0
        flying = took_time & (log.view("ended")[first:] == NONE)
        landed = np.concatenate([*self._landed, np.flatnonzero(took_time & ~flying) + first])
        if len(landed):
            world.trace.end_many(landed[np.lexsort((landed, log.view("ended")[landed]))])
        for row in (np.flatnonzero(flying) + first).tolist():
            answer, start = self._flying[log.email[row]], log.started[row]
            world.flights[log.email[row]] = Flight(row, answer, start, is_retry=False)
            heappush(world.ends, (start + answer.duration, row, log.email[row]))
