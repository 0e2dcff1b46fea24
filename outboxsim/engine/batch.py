"""Many attempts at once, where nothing but outages and failure shares decides them.

Between two edges of outages, actions of people and other interruptions, attempts on a connector without capacity, rate
limit, scan, breaker and the like do not touch each other. They are computed here as columns: the same outcomes, the same
record in the same order as `Dispatch.drain` gives one by one (a test compares them), in a fraction of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from outboxsim.engine.channel import Channel, disabled_text, error_bounds
from outboxsim.engine.draws import Purpose
from outboxsim.engine.store import NONE
from outboxsim.engine.trace import CONNECTOR_SHIFT, CONTACTED, FROM_SHIFT, NUMBER_SHIFT, OUTCOME_SHIFT, TO_SHIFT, WIDTH
from outboxsim.outbox import Outcome, SendStatus

if TYPE_CHECKING:
    from outboxsim.engine.dispatch import Dispatch
    from outboxsim.engine.world import World
    from outboxsim.scenario import FailureShare

#: Fewer attempts than this are quicker made one by one.
_WORTH_A_BATCH: Final = 48


def run_batch(dispatch: Dispatch, stop: int) -> None:
    """Make the pool's attempts due before `stop`, retries that fall before it included, if a batch is worth it."""
    world = dispatch.world
    if np.count_nonzero(world.pool.due < stop) < _WORTH_A_BATCH:
        return
    for lookahead in world.lookaheads:
        lookahead.know(stop)
    batched = np.array([channel.can_batch and not world.lookaheads[channel.index].has_timeouts for channel in world.channels])
    stop = _first_single(world, batched, stop)
    if not np.count_nonzero(world.pool.due < stop) >= _WORTH_A_BATCH:
        return
    before = len(world.trace.attempts)
    due, connector, email = world.pool.take_before(stop)
    valid = world.store.view("due")[email] == due
    due, connector, email = due[valid], connector[valid], email[valid]
    later: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    while len(email) >= _WORTH_A_BATCH and world.trace.size + 3 * len(email) <= world.max_events:
        due, connector, email = _attempt(world, due, connector, email)
        soon = due < stop
        later.append((due[~soon], connector[~soon], email[~soon]))
        due, connector, email = due[soon], connector[soon], email[soon]
    world.pool.add(*(np.concatenate(parts) for parts in zip(*later, (due, connector, email), strict=True)))
    dispatch.run_plain_singly(stop, ahead_of_edges=True)
    for channel in world.channels:
        channel.settle_outage()
    _sort_record(world, before)


def _first_single(world: World, batched: np.ndarray, stop: int) -> int:
    """Up to where only connectors that can batch are concerned."""
    if not batched.all():
        single = world.pool.due[~batched[world.pool.connector]]
        stop = min(stop, int(single.min(initial=stop)))
    for entry in (*world.agenda[:1], *world.soon[-1:]):
        if not batched.all():
            stop = min(stop, entry[0])
    return stop


def _attempt(world: World, due: np.ndarray, connector: np.ndarray, email: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One attempt of each email at its due instant; what is due next, of whom."""
    store = world.store
    attempts, status = store.view("attempts"), store.view("status")
    number = attempts[email].astype(np.int64) + 1
    attempts[email] = number
    store.view("last_attempt")[email] = due
    outcome, error = _outcomes(world, due, connector, number, email)
    before = status[email].astype(np.int64)
    after = np.full(len(email), int(SendStatus.SENT))
    following = np.full(len(email), NONE)
    failed = np.flatnonzero(outcome != Outcome.ACCEPTED)
    after[failed], following[failed] = _fail(
        world, due[failed], connector[failed], number[failed], email[failed], outcome[failed], error[failed]
    )
    status[email] = after
    sent = after == SendStatus.SENT
    store.view("finished")[email[sent]] = due[sent]
    store.view("due")[email] = following
    contacted = np.where(outcome == Outcome.CONNECTOR_DISABLED, 0, CONTACTED)
    packed = (
        number << NUMBER_SHIFT
        | connector << CONNECTOR_SHIFT
        | before << FROM_SHIFT
        | after << TO_SHIFT
        | outcome << OUTCOME_SHIFT
        | contacted
    )
    world.trace.attempts.frombytes(np.column_stack((email, due, due, following, packed, error)).astype(np.int64, copy=False).tobytes())
    again = following != NONE
    return following[again], connector[again], email[again]


def _outcomes(world: World, due: np.ndarray, connector: np.ndarray, number: np.ndarray, email: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outcome and error of each attempt, by L1."""
    outcome = np.full(len(email), int(Outcome.ACCEPTED))
    error = np.full(len(email), NONE)
    for channel in world.channels:
        mine = np.flatnonzero(connector == channel.index)
        if not len(mine):
            continue
        if not channel.enabled:
            outcome[mine], error[mine] = int(Outcome.CONNECTOR_DISABLED), world.trace.error(disabled_text(channel.name))
            continue
        mine = mine[~_by_outage(world, channel, due[mine], mine, outcome, error)]
        if channel.failing > 0 and len(mine):
            outcome[mine], error[mine] = _by_share(world, channel, number[mine], email[mine])
    return outcome, error


def _by_outage(world: World, channel: Channel, due: np.ndarray, mine: np.ndarray, outcome: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Let outages decide where one is on; which attempts they decided."""
    lookahead = world.lookaheads[channel.index]
    place = lookahead.places(due)
    decided = np.zeros(len(due), dtype=bool)
    for one in np.unique(place).tolist():
        outage = lookahead.deciding[one]
        if outage is None:
            continue
        met = place == one
        is_permanent = outage.kind == "reject" and not outage.error.startswith("4")
        outcome[mine[met]] = int(Outcome.PERMANENT if is_permanent else Outcome.TRANSIENT)
        error[mine[met]] = world.trace.error(outage.error)
        decided |= met
    return decided


def _by_share(world: World, channel: Channel, number: np.ndarray, email: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rank = world.store.view("rank")[email]
    uniform = world.draws.uniforms(Purpose.FAILURE, number, rank)
    permanent = uniform < channel.permanent.probability
    transient = ~permanent & (uniform < channel.failing)
    outcome = np.select([permanent, transient], [int(Outcome.PERMANENT), int(Outcome.TRANSIENT)], int(Outcome.ACCEPTED))
    error = np.full(len(email), NONE)
    for chosen, share in ((permanent, channel.permanent), (transient, channel.transient)):
        if chosen.any():
            error[chosen] = _errors(world, share, number[chosen], rank[chosen])
    return outcome, error


def _errors(world: World, share: FailureShare, number: np.ndarray, rank: np.ndarray) -> np.ndarray:
    codes = np.array([world.trace.error(text) for text, _ in share.errors])
    if len(codes) == 1:
        return np.broadcast_to(codes, rank.shape)
    place = np.searchsorted(error_bounds(share), world.draws.uniforms(Purpose.ERROR, number, rank), side="right")
    return codes[np.minimum(place, len(codes) - 1)]


def _fail(
    world: World, now: np.ndarray, connector: np.ndarray, number: np.ndarray, email: np.ndarray, outcome: np.ndarray, error: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Status after and due instant of emails whose attempt was not accepted."""
    store = world.store
    logged, retries = store.view("logged"), store.view("retries")
    never = logged[email] == NONE
    logged[email[never]] = now[never]
    store.view("last_error")[email] = error
    after = np.full(len(email), int(SendStatus.FAILED))
    after[outcome == Outcome.CONNECTOR_DISABLED] = int(SendStatus.CONNECTOR_DISABLED)
    following = np.full(len(email), NONE)
    for channel in world.channels:
        asked = (connector == channel.index) & (outcome == Outcome.TRANSIENT)
        if channel.attempt_limit is not None:
            asked &= number < channel.attempt_limit
        mine = np.flatnonzero(asked)
        if not len(mine) or channel.table is None:
            continue
        those = email[mine]
        step = retries[those].astype(np.int64)
        has_delay = step < len(channel.table)
        mine, those, step = mine[has_delay], those[has_delay], step[has_delay]
        if not len(mine):
            continue
        delay = np.array(channel.table)[step]
        retries[those] = step + 1
        following[mine] = now[mine] + delay
        after[mine] = int(SendStatus.PENDING_RETRY)
    return after, following


def _sort_record(world: World, before: int) -> None:
    """Put the attempts recorded since `before` into the order of L7: by instant, connector, submission."""
    log = world.trace.attempts
    rows = np.array(log[before:]).reshape(-1, WIDTH)
    order = np.lexsort((rows[:, 0], rows[:, 4] >> CONNECTOR_SHIFT & 0xFFFF, rows[:, 1]))
    del log[before:]
    log.frombytes(rows[order].tobytes())
