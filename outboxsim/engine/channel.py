"""A connector at run time: is it up, what would it answer, has it a slot and a token (C1 to C6, retry.md)."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from heapq import heappush
from itertools import accumulate
from typing import Final, NamedTuple

from outboxsim.engine.draws import Draws, Purpose
from outboxsim.outbox import Outcome
from outboxsim.quantities import Constant, RandomDuration, Rate
from outboxsim.retry import Breaker, RetryPattern, Scan, Table
from outboxsim.scenario import Connector, FailureShare, Greylisting

REFUSE, TIMEOUT, REJECT = "refuse", "timeout", "reject"
#: Kinds of outages in which the server is not reached (C3).
CONNECTION_FAILURES: Final = frozenset({REFUSE, TIMEOUT})

GREYLISTED: Final = "451 4.7.1 Greylisted, please try again later"
#: A value that no instant reaches.
NEVER: Final = 1 << 62


class Answer(NamedTuple):
    """What an attempt will come to, decided at its start (L1)."""

    outcome: Outcome
    error: str
    duration: int
    connection_failure: bool = False


#: The answer of most attempts, made once.
_ACCEPTED_AT_ONCE: Final = Answer(Outcome.ACCEPTED, "", 0)


@dataclass(slots=True, eq=False)
class RunningOutage:
    """An outage that has begun; `order` breaks ties among those that began at one instant (L1)."""

    began: int
    order: int
    kind: str
    error: str
    refusal: Answer = field(init=False)

    @property
    def outcome(self) -> Outcome:
        """What an attempt comes to: a rejecting server's 5xx is permanent, all else transient (C3)."""
        return Outcome.PERMANENT if self.kind == REJECT and not self.error.startswith("4") else Outcome.TRANSIENT

    def __post_init__(self) -> None:
        self.refusal = Answer(Outcome.TRANSIENT, self.error, 0, connection_failure=True)


@dataclass(slots=True)
class Bucket:
    """A rate limit: a bucket of the rate's count, full at the start, refilled evenly (C5).

    The level is kept in 1/per tokens, so that refilling is exact in whole numbers.
    """

    rate: Rate
    level: float
    filled: int

    @classmethod
    def full(cls, rate: Rate, now: int) -> Bucket:
        """A full bucket."""
        return cls(rate, rate.count * rate.per, now)

    def _refill(self, now: int) -> None:
        self.level = min(self.rate.count * self.rate.per, self.level + (now - self.filled) * self.rate.count)
        self.filled = now

    def has_token(self, now: int) -> bool:
        """Whether a token is there; an instant that was rounded to the microsecond counts as reached."""
        self._refill(now)
        return 2 * self.level + self.rate.count >= 2 * self.rate.per

    def take(self, now: int) -> None:
        """Take a token."""
        self._refill(now)
        self.level -= self.rate.per

    def next_token(self, now: int) -> int:
        """The instant at which a token will be there, rounded half up."""
        self._refill(now)
        missing = self.rate.per - self.level
        return max(now + 1, now + int(missing / self.rate.count + 0.5))


@dataclass(slots=True)
class Hold:
    """The failure history of a connector whose pattern has scope `connector` (retry.md, Exim's host retry)."""

    retries: int = 0
    first_failure: int = -1
    planned: int = 0
    last_ended: int = -1
    next_try: int = -1
    probing: int = -1  # the email that probes at the moment
    scan: int = -1  # the scan that opened the present probe


@dataclass(slots=True)
class BreakerState:
    """Connection failures in a row, and until when the connector counts as dead."""

    failures: int = 0
    burst: int = -1  # the scan (or instant) whose failures are counted, under `within: scan`
    open_until: int = -1
    opened_in: int = -1  # the burst in which it opened


@dataclass(slots=True)
class Channel:
    """One connector while a run goes; settings change under B3, everything else is its state."""

    index: int
    name: str
    spec: Connector
    latency: RandomDuration
    timeout: int
    capacity: int | None
    transient: FailureShare
    permanent: FailureShare
    greylisting: Greylisting | None
    bucket: Bucket | None
    own_retry: RetryPattern | None
    own_attempt_limit: int | None
    enabled: bool
    pattern: RetryPattern
    attempt_limit: int | None = None
    scan: Scan | None = None
    breaker: Breaker | None = None
    is_plain: bool = True
    table: tuple[int, ...] | None = None  # the delays of a pattern that is nothing but a table
    fixed_latency: int | None = None
    failing: float = 0.0  # the share of attempts that fail, permanently or transiently
    outages: list[RunningOutage] = field(default_factory=list)
    outage: RunningOutage | None = None
    busy: int = 0
    failures_in_a_row: int = 0
    dead: BreakerState = field(default_factory=BreakerState)
    hold: Hold | None = None
    greylist: dict[str, int] = field(default_factory=dict)
    ready: list[tuple[int, ...]] = field(default_factory=list)
    held: list[int] = field(default_factory=list)  # wait for the connector; due at once when it answers
    held_for_scan: list[int] = field(default_factory=list)  # the same, and start only at scans
    burst: int = -1
    started_in_burst: int = 0
    last_start: int = -NEVER

    @classmethod
    def of(cls, index: int, name: str, spec: Connector, pattern: RetryPattern) -> Channel:
        """The channel of a connector at the start of a run; `settle` gives it its effective settings."""
        return cls(
            index=index,
            name=name,
            spec=spec,
            latency=spec.latency,
            timeout=spec.timeout,
            capacity=spec.capacity,
            transient=spec.transient_failure,
            permanent=spec.permanent_failure,
            greylisting=spec.greylisting,
            bucket=None if spec.rate_limit is None else Bucket.full(spec.rate_limit, 0),
            own_retry=spec.retry,
            own_attempt_limit=spec.attempt_limit,
            enabled=spec.enabled,
            pattern=pattern,
        )

    def settle(self, retry: RetryPattern, attempt_limit: int | None, scan: Scan | None) -> None:
        """Take the settings that are in force: the connector's own decide, then the scenario's, then the preset's (B1)."""
        self.pattern = self.own_retry if self.own_retry is not None else retry
        self.attempt_limit = self.own_attempt_limit if self.own_attempt_limit is not None else attempt_limit
        self.scan = next((one for one in (self.spec.scan, scan, self.pattern.scan) if one is not None), None)
        if self.scan is not None and self.scan.interval == 0 and self.scan.serial == 0:
            self.scan = None
        self.breaker = self.spec.breaker if self.spec.breaker is not None else self.pattern.breaker
        self.table = _nothing_but_a_table(self.pattern)
        self.fixed_latency = self.latency.value if isinstance(self.latency, Constant) else None
        self.failing = self.permanent.probability + self.transient.probability
        self.is_plain = (
            self.capacity is None
            and self.bucket is None
            and self.scan is None
            and self.breaker is None
            and self.pattern.scope == "email"
            and self.hold is None
            and not self.ready
        )

    @property
    def can_batch(self) -> bool:
        """Whether many attempts can be computed at once: nothing but outages, shares and latency decides."""
        return self.is_plain and self.table is not None and self.greylisting is None and self.spec.disable_after is None

    # Outages

    def begin_outage(self, outage: RunningOutage) -> None:
        """An outage begins; the latest begun decides (L1)."""
        self.outages.append(outage)
        self.settle_outage()

    def settle_outage(self) -> None:
        """Let the latest begun decide again."""
        self.outage = max(self.outages, key=lambda one: (one.began, one.order), default=None)

    def end_outage(self, outage: RunningOutage) -> None:
        """An outage ends."""
        self.outages.remove(outage)
        self.settle_outage()

    # What an attempt comes to

    def answer(self, draws: Draws, attempt: int, rank: int, recipients: tuple[str, ...], now: int) -> Answer:
        """The outcome of an attempt that contacts the server, by L1's order from the outage on."""
        outage = self.outage
        if outage is not None and outage.kind == REFUSE:
            return outage.refusal
        if outage is not None and outage.kind == TIMEOUT:
            return Answer(Outcome.TRANSIENT, outage.error, self.timeout, connection_failure=True)
        latency = self.fixed_latency
        if latency is None:
            latency = draws.duration(self.latency, attempt, rank, self.index)
        greylisted = self.greylisting is not None and self._is_greylisted(recipients, now)
        if outage is not None:
            return Answer(outage.outcome, outage.error, latency)
        if greylisted:
            return Answer(Outcome.TRANSIENT, GREYLISTED, latency)
        return self._by_share(draws, attempt, rank, latency)

    def _is_greylisted(self, recipients: tuple[str, ...], now: int) -> bool:
        """Whether the server still turns a recipient away; remembers the first try of each that it sees (C4)."""
        assert self.greylisting is not None
        parts = [address.rpartition("@") for address in recipients]  # domains do not mind case (RFC 5321, section 2.4)
        by_domain = self.greylisting.per == "domain"
        keys = {domain.lower() if by_domain else f"{name}@{domain.lower()}" for name, _, domain in parts}
        firsts = [self.greylist.setdefault(key, now) for key in sorted(keys)]
        return any(now < first + self.greylisting.min_delay for first in firsts)

    def _by_share(self, draws: Draws, attempt: int, rank: int, latency: int) -> Answer:
        if self.failing > 0 and (uniform := draws.uniform(Purpose.FAILURE, attempt, rank)) < self.failing:
            if uniform < self.permanent.probability:
                return Answer(Outcome.PERMANENT, _error(self.permanent, draws, attempt, rank), latency)
            return Answer(Outcome.TRANSIENT, _error(self.transient, draws, attempt, rank), latency)
        return _ACCEPTED_AT_ONCE if latency == 0 else Answer(Outcome.ACCEPTED, "", latency)

    # L6: when the queue is looked at

    def scan_at_or_after(self, instant: int) -> int:
        """The first scan at or after an instant; without an interval every instant is one."""
        assert self.scan is not None
        if self.scan.interval == 0:
            return instant
        past = max(0, instant - self.scan.offset)
        return self.scan.offset + -(-past // self.scan.interval) * self.scan.interval

    def last_scan(self, now: int) -> int:
        """The latest scan up to now, or now itself where there is no interval."""
        if self.scan is None or self.scan.interval == 0:
            return now
        return self.scan.offset + (now - self.scan.offset) // self.scan.interval * self.scan.interval

    # The breaker

    def is_suspended(self, now: int, burst: int) -> bool:
        """Whether the breaker stops an attempt of this burst."""
        dead = self.dead
        if self.breaker is None or now >= dead.open_until:
            return False
        return dead.opened_in != burst or self.burst != burst or self.started_in_burst >= self.breaker.window

    def count_start(self, burst: int) -> None:
        """An attempt of a burst contacts the server."""
        if self.burst != burst:
            self.burst, self.started_in_burst = burst, 0
        self.started_in_burst += 1

    def count_connection_failure(self, ended: int, burst: int) -> bool:
        """Count one; whether the breaker opens now."""
        if self.breaker is None or ended < self.dead.open_until:
            return False
        dead = self.dead
        if self.breaker.within == "scan" and dead.burst != burst:
            dead.burst, dead.failures = burst, 0
        dead.failures += 1
        if dead.failures < self.breaker.failures:
            return False
        dead.failures, dead.open_until, dead.opened_in = 0, ended + self.breaker.open_for, burst
        return True

    def reset_counts(self) -> None:
        """Closing and enabling reset what was counted (C6, retry.md)."""
        self.failures_in_a_row = 0
        self.dead.failures = 0

    # Waiting for the connector, under a pattern of that scope

    def wait_for_connector(self, email: int, *, for_scan: bool) -> None:
        """Put an email among those that wait until the connector is tried again."""
        heappush(self.held_for_scan if for_scan else self.held, email)

    def take_held(self) -> list[int]:
        """All that wait for the connector, in order of submission; they wait no more."""
        waiting = sorted({*self.held, *self.held_for_scan})
        self.held.clear()
        self.held_for_scan.clear()
        return waiting


def _nothing_but_a_table(pattern: RetryPattern) -> tuple[int, ...] | None:
    """The delays that can be looked up without asking the pattern, a shortcut for speed alone; None if it is more than a table."""
    rule = pattern.rule
    return rule.delays if isinstance(rule, Table) and not rule.repeat_last and pattern == RetryPattern(rule) else None


def _error(share: FailureShare, draws: Draws, attempt: int, rank: int) -> str:
    """One of the weighted replies; the draw has an address of its own, so the mix never moves other draws."""
    if len(share.errors) == 1:
        return share.errors[0][0]
    place = bisect_right(error_bounds(share), draws.uniform(Purpose.ERROR, attempt, rank))
    return share.errors[min(place, len(share.errors) - 1)][0]


def disabled_text(name: str) -> str:
    """What the error of an attempt on a disabled connector says (C7)."""
    return f"connector {name} is disabled; enable it in Builder and retry"


def error_bounds(share: FailureShare) -> list[float]:
    """Where in [0, 1) each of the weighted replies ends."""
    bounds = list(accumulate(weight for _, weight in share.errors))
    return [bound / bounds[-1] for bound in bounds]
