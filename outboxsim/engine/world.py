"""The state of a run: emails, connectors, people and settings, and what is to come."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from heapq import heappush
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from outboxsim.engine.arrivals import RAW_COLUMNS, Arrivals, Codes, Columns, EmailText
from outboxsim.engine.attempt_log import OUTCOME_SHIFT
from outboxsim.engine.breakdowns import DRAWN_ORDER, drawn_outages, up_and_down
from outboxsim.engine.channel import NEVER, Answer, Channel, RunningOutage
from outboxsim.engine.draws import Draws, Purpose
from outboxsim.engine.lookahead import Lookahead
from outboxsim.engine.pool import Pool
from outboxsim.engine.recording import Recording, initial_settings
from outboxsim.engine.store import MIGRATED, NONE, SYSTEM, EmailStore
from outboxsim.engine.trace import BY_SYSTEM, Event, EventKind, Phase, Trace
from outboxsim.errors import RunStopped
from outboxsim.outbox import Outcome, People, SendStatus, WorkItemDesk
from outboxsim.scenario import Breakdowns, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Orders of outages that begin at one instant: windows in file order, then drawn ones (breakdowns.py), then the timeline's (L1).
TIMELINE_ORDER = 1 << 21

#: Kinds of edges, in the order in which they are looked at within one instant.
_OUTAGE_ENDS, _OUTAGE_BEGINS, _BREAKER_CLOSES = range(3)


@dataclass(slots=True)
class Settings:
    """The scenario-wide Builder settings in force (B1, L5)."""

    attempt_limit: int | None
    manual_retry: str
    on_enable: str


@dataclass(slots=True)
class FailureTimes:
    """What a retry pattern is told of an email's failures besides their number."""

    first_failure: int
    planned: int
    last_ended: int


@dataclass(slots=True)
class Edge:
    """Something that happens to a connector at a known instant."""

    channel: Channel
    outage: RunningOutage | None = None
    until: int | None = None
    breakdowns: Iterator[int] | None = None


@dataclass(slots=True)
class Flight:
    """An attempt that is under way; `attempt` is its row, `is_retry` tells a manual retry (L5)."""

    attempt: int
    answer: Answer
    burst: int
    is_retry: bool


class World:
    """Everything that changes while a run goes; `dispatch.py`, what it is made of, and `desk.py` change it."""

    def __init__(self, scenario: Scenario, seed: int, replication: int, max_events: int) -> None:
        self.scenario = scenario
        self.max_events = max_events
        self.horizon = scenario.horizon
        self.now = 0
        self.draws = Draws(seed, replication)
        self.codes = Codes.of(scenario)
        self.user_names = list(scenario.users)
        self._work_items = list(scenario.work_items)
        self.arrivals = Arrivals(scenario, self.draws, self.codes)
        self.own_source = len(self.arrivals.sources) - 1
        self.store = EmailStore()
        self.trace = Trace(self.store, self.own_source)
        self.settings = Settings(scenario.attempt_limit, scenario.manual_retry, scenario.on_enable)
        self.retry = scenario.retry
        self.channels = [Channel.of(index, name, spec, self.retry) for index, (name, spec) in enumerate(scenario.connectors.items())]
        for channel in self.channels:
            channel.settle(self.retry, self.settings.attempt_limit, scenario.scan)
        self.undo_windows = [user.undo_window for user in scenario.users.values()]
        self.people = _people(scenario)
        self.flights: dict[int, Flight] = {}
        self.manual: set[int] = set()  # a person asked for the next attempt
        self.failures: dict[int, FailureTimes] = {}  # what patterns that are more than a table are told besides
        self.restarted: dict[int, int] = {}  # emails whose manual retry began the pattern anew, and when (L5)
        self.retried: set[int] = set()  # whose next attempt is a manual retry (L5)
        self.probes: set[int] = set()  # does not wait for its connector (manual retry, send now)
        self.pool = Pool()  # attempts to come, as columns: what a batch is made from
        self.soon: list[tuple[int, int, int]] = []  # the pool's next ones, latest first, for one at a time
        self.agenda: list[tuple[int, int, int]] = []  # heap of (instant, connector, email)
        self.ends: list[tuple[int, int, int]] = []  # heap of (instant, attempt, email)
        self.wakes: list[tuple[int, int]] = []  # heap of (instant, connector)
        self.edges: list[tuple[int, int, int, Edge]] = []
        self.lookaheads: list[Lookahead] = []
        self._edge_numbers = count()
        self._own_rank = 1 << 31
        self._rows_of: dict[str, int] = {}
        self.trace.fact(Phase.EDGES, Event(0, EventKind.SETTING_CHANGED, actor=BY_SYSTEM, detail=initial_settings(scenario)))
        self._plan_outages()

    # Emails

    @property
    def submitted_count(self) -> int:
        """How many emails have been submitted up to now."""
        columns = self.store.submitted
        low, high = 0, len(columns)
        while low < high:
            middle = (low + high) // 2
            if columns[middle] <= self.now:
                low = middle + 1
            else:
                high = middle
        return low

    def load_arrivals(self) -> int:
        """Take the next chunk of emails into the store; the first new row."""
        chunk = self.arrivals.chunk()
        return len(self.store) if chunk is None else self._append(chunk)

    def _append(self, raw: Columns) -> int:
        """Complete raw columns by people's present settings and append them; the first new row."""
        size = len(raw["submitted"])
        flags, sender, submitted = raw["flags"], raw["sender"], raw["submitted"]
        is_migrated = (flags & MIGRATED) != 0
        windows = np.array([*self.undo_windows, 0])[sender]  # NONE, the last, for emails without a sender
        windows = np.where((flags & (MIGRATED | SYSTEM)) != 0, 0, windows)
        release = np.where(is_migrated, NONE, np.maximum(submitted + windows, raw["scheduled_for"]))
        nothing = np.full(size, NONE)
        first = len(self.store)
        self.store.extend(
            {
                **raw,
                "undo_until": np.where(windows > 0, submitted + windows, NONE),
                "release": release,
                "due": release,
                "logged": np.where(is_migrated, submitted, NONE),
                "last_attempt": nothing,
                "finished": nothing,
                "attempts": np.zeros(size),
                "retries": np.zeros(size),
                "last_error": nothing,
                "status": np.where(is_migrated, int(SendStatus.FAILED), int(SendStatus.QUEUED)),
            }
        )
        return first

    def give_back_future(self) -> None:
        """Forget what was loaded of the future: settings of senders have changed, or an email comes in between."""
        rows = self.submitted_count
        if rows == len(self.store):
            return
        columns = {name: np.array(getattr(self.store, name)[rows:]) for name in RAW_COLUMNS}
        self.store.truncate(rows)
        self.pool.keep(self.pool.email < rows)
        self.soon = [entry for entry in self.soon if entry[2] < rows]
        self.agenda = sorted(entry for entry in self.agenda if entry[2] < rows)
        self._rows_of.clear()
        self.arrivals.give_back(columns)

    def submit_own(
        self, text: EmailText, *, sender: int, work_item: int, connector: int, scheduled_for: int, priority: int, flags: int
    ) -> int:
        """Take an email that comes while the run goes; its row."""
        self.give_back_future()
        texts = self.arrivals.own.texts
        raw = {
            "submitted": self.now,
            "scheduled_for": scheduled_for,
            "sender": sender,
            "scheduled_by": sender if scheduled_for != NONE else NONE,
            "work_item": work_item,
            "source": self.own_source,
            "number": len(texts),
            "rank": self._own_rank + len(texts),
            "connector": connector,
            "priority": priority,
            "flags": flags,
        }
        texts.append(text)
        email = self._append({name: np.array([value]) for name, value in raw.items()})
        for event in self.trace.submission(email):
            self.trace.fact(Phase.PEOPLE, event)
        if self.store.release[email] == self.now:
            self.trace.released_by_hand[email] = self.now
            self.trace.fact(Phase.PEOPLE, Event(self.now, EventKind.RELEASED, email, connector))
        return email

    def text(self, email: int) -> EmailText:
        """What an email says."""
        return self.arrivals.sources[self.store.source[email]].text(self.store.number[email])

    def find(self, email_id: str) -> int | None:
        """The row of an email that has been submitted, None if there is none of that id."""
        row = self._rows_of.get(email_id)
        if row is None:
            row = self._search(email_id)
            if row is None:
                return None
            self._rows_of[email_id] = row
        return row if self.store.submitted[row] <= self.now else None

    def _search(self, email_id: str) -> int | None:
        source_codes, numbers = np.array(self.store.source), np.array(self.store.number)
        for code, source in enumerate(self.arrivals.sources):
            number = source.number_of(email_id)
            if number is not None:
                rows = np.flatnonzero((source_codes == code) & (numbers == number))
                if len(rows):
                    return int(rows[0])
        return None

    def work_item_name(self, email: int) -> str | None:
        """The email's work item."""
        code = self.store.work_item[email]
        return None if code == NONE else self._work_items[code]

    def sender_name(self, email: int) -> str | None:
        """The email's sender."""
        code = self.store.sender[email]
        return None if code == NONE else self.user_names[code]

    def set_status(self, email: int, status: SendStatus) -> None:
        """Move an email; final statuses forget everything that was to come."""
        store = self.store
        store.status[email] = status
        if status >= SendStatus.SENT:
            store.finished[email] = self.now
        if status >= SendStatus.SENT:
            self.failures.pop(email, None)
        if status not in (SendStatus.QUEUED, SendStatus.PENDING_RETRY):
            store.due[email] = NONE
            self.manual.discard(email)
            self.retried.discard(email)
            self.probes.discard(email)

    def shown_next_attempt(self, email: int) -> int:
        """What the column *next attempt* shows: the connector's next try while the email has to wait for it."""
        due = self.store.due[email]
        hold = self.channels[self.store.connector[email]].hold
        if due == NONE or hold is None or email in self.probes:
            return due
        return max(due, hold.next_try)

    def jitter(self, number: int, email: int) -> float:
        """The uniform number for the jitter after an attempt."""
        return self.draws.uniform(Purpose.JITTER, number, self.store.rank[email])

    def recording(self, seed: int) -> Recording:
        """What the tables are made from."""
        if self.now == self.horizon:
            self.draws.forget()
        return Recording(
            scenario=self.scenario,
            seed=seed,
            now=self.now,
            rows=self.submitted_count,
            store=self.store,
            trace=self.trace,
            sources=self.arrivals.sources,
            users=self.user_names,
            people=self.people,
            next_tries={channel.index: channel.hold.next_try for channel in self.channels if channel.hold is not None},
            probes=set(self.probes),
            world=weakref.ref(self),
        )

    def guard(self) -> None:
        """Stop a run that has passed its limit of events."""
        if self.trace.size > self.max_events:
            raise RunStopped(
                f"the run passed {self.max_events:,} events at {self.scenario.clock.iso(self.now)} and was stopped; the likely cause is"
                f" {self._likely_cause()}"
            )

    def _likely_cause(self) -> str:
        counts = [0] * len(self.channels)
        log = self.trace.attempts
        if len(log) < 3 * len(self.store):
            return f"{len(self.store):,} emails: traffic whose rate or limit is too high"
        for connector in log.connector[-1000:]:
            counts[connector] += 1
        if not any(counts):
            return "breakdowns whose up and down times are very short"
        channel = self.channels[counts.index(max(counts))]
        return f"the retry pattern of connector {channel.name}, {channel.pattern!r}: its delays are short for how long failures last"

    def failure_times(self, email: int) -> FailureTimes | None:
        """The failures of an email since its pattern began, None if there were none.

        Patterns that are tables need none of it and none is kept; if a pattern becomes another one it is read from the record.
        """
        times = self.failures.get(email)
        return self._recorded_failures(email) if times is None and self.store.retries[email] else times

    def _recorded_failures(self, email: int) -> FailureTimes | None:
        log = self.trace.attempts
        mine = np.flatnonzero(log.view("email") == email)
        outcome, ended = log.view("codes")[mine] >> OUTCOME_SHIFT & 7, log.view("ended")[mine]
        failed = (outcome == Outcome.TRANSIENT) | (outcome == Outcome.SUSPENDED)
        rows = mine[failed & (ended >= self.restarted.get(email, 0)) & (ended < self.now)]
        if not len(rows):
            return None
        first, last = int(rows[0]), int(rows[-1])
        times = FailureTimes(log.ended[first], max(0, log.following[last] - log.ended[last]), log.ended[last])
        self.failures[email] = times
        return times

    # Edges

    def plan_outage(self, channel: Channel, start: int, until: int | None, outage: RunningOutage) -> None:
        """An outage will begin."""
        if start <= self.horizon:
            self._push_edge(start, _OUTAGE_BEGINS, Edge(channel, outage, until))

    def plan_breaker_close(self, channel: Channel, at: int) -> None:
        """The breaker of a connector will close."""
        if at <= self.horizon:
            self._push_edge(at, _BREAKER_CLOSES, Edge(channel))

    def _push_edge(self, at: int, kind: int, edge: Edge) -> None:
        heappush(self.edges, (at, kind, next(self._edge_numbers), edge))

    def _plan_outages(self) -> None:
        for channel in self.channels:
            for order, window in enumerate(channel.spec.outages):
                self.plan_outage(channel, window.from_, window.until, RunningOutage(window.from_, order, window.kind, window.error))
            if channel.spec.breakdowns is not None:
                self._plan_breakdown(channel, channel.spec.breakdowns, 0, up_and_down(channel.spec.breakdowns, self.draws, channel.index))
            self.lookaheads.append(self._lookahead(channel))

    def _lookahead(self, channel: Channel) -> Lookahead:
        """The same outages as the edges bring, known ahead."""
        windows = [
            (window.from_, NEVER if window.until is None else window.until, RunningOutage(window.from_, order, window.kind, window.error))
            for order, window in enumerate(channel.spec.outages)
        ]
        breakdowns = channel.spec.breakdowns
        return Lookahead(windows) if breakdowns is None else Lookahead(windows, drawn_outages(breakdowns, self.draws, channel.index))

    def _plan_breakdown(self, channel: Channel, breakdowns: Breakdowns, after: int, durations: Iterator[int]) -> None:
        start = after + next(durations)
        if start <= self.horizon:
            outage = RunningOutage(start, DRAWN_ORDER, breakdowns.kind, breakdowns.error)
            self._push_edge(start, _OUTAGE_BEGINS, Edge(channel, outage, start + next(durations), durations))

    def apply_edge(self, kind: int, edge: Edge) -> None:
        """Let an outage begin or end, or a breaker close."""
        channel = edge.channel
        self.guard()
        if kind == _BREAKER_CLOSES:
            self.trace.fact(Phase.EDGES, Event(self.now, EventKind.BREAKER_CLOSED, connector=channel.index, actor=BY_SYSTEM))
            return
        assert edge.outage is not None
        if kind == _OUTAGE_ENDS:
            channel.end_outage(edge.outage)
            self.trace.fact(Phase.EDGES, Event(self.now, EventKind.OUTAGE_ENDED, connector=channel.index))
            if edge.breakdowns is not None and channel.spec.breakdowns is not None:
                self._plan_breakdown(channel, channel.spec.breakdowns, self.now, edge.breakdowns)
            return
        self.begin_outage(channel, edge.outage, edge.until, Phase.EDGES, breakdowns=edge.breakdowns)

    def begin_outage(
        self,
        channel: Channel,
        outage: RunningOutage,
        until: int | None,
        phase: Phase,
        *,
        actor: int = NONE,
        breakdowns: Iterator[int] | None = None,
    ) -> None:
        """An outage begins now."""
        channel.begin_outage(outage)
        if phase is not Phase.EDGES:
            self.lookaheads[channel.index].add(self.now, NEVER if until is None else until, outage)
        detail: dict[str, object] = {"kind": outage.kind, "error": outage.error}
        if until is not None:
            detail["until"] = until
        self.trace.fact(phase, Event(self.now, EventKind.OUTAGE_BEGAN, connector=channel.index, actor=actor, detail=detail))
        if until is not None and until <= self.horizon:
            self._push_edge(until, _OUTAGE_ENDS, Edge(channel, outage, breakdowns=breakdowns))

    def wake(self, channel: Channel, at: int) -> None:
        """Look at a connector again at an instant."""
        if at < NEVER and (at, channel.index) not in self.wakes[:1]:
            heappush(self.wakes, (at, channel.index))


def _people(scenario: Scenario) -> People:
    users = scenario.users.items()
    return People(
        teams={name: (team.leaders, team.members) for name, team in scenario.teams.items()},
        access={name: "all" if user.access == "all" else frozenset(user.access) for name, user in users},
        admins={name for name, user in users if user.admin},
        views={name: user.view for name, user in users if user.view is not None},
        work_items={name: WorkItemDesk(item.team, item.assignee) for name, item in scenario.work_items.items()},
    )
