"""What happened, in columns (spec/scenario.md section 5).

Attempts are rows of a log (attempt_log.py). What else happens, and the ends of attempts that took time, is noted in a
journal with the number of attempts begun so far, so that the order of everything can be rebuilt. Submissions and
releases follow from the emails and are not recorded at all, unless a person caused them.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import islice
from typing import Any, Final, NamedTuple

import numpy as np

from outboxsim.engine.attempt_log import FROM_SHIFT, MANUAL, OUTCOME_SHIFT, TO_SHIFT, TOOK_TIME, AttemptLog, AttemptRow
from outboxsim.engine.store import MIGRATED, NONE, EmailStore
from outboxsim.outbox import Outcome, SendStatus, Trigger

#: The actor of what the system does by itself (C6).
BY_SYSTEM: Final = -2

#: Words by code: quicker than asking the enumerations.
_TRIGGERS: Final = tuple(Trigger.words())
_OUTCOMES: Final = tuple(Outcome.words())


class EventKind(IntEnum):
    """The events of the table `events`, in the specification's order."""

    SUBMITTED = 0
    SCHEDULED = 1
    RELEASED = 2
    ATTEMPT_STARTED = 3
    ATTEMPT_ENDED = 4
    STATUS_CHANGED = 5
    ACTION_REFUSED = 6
    OUTAGE_BEGAN = 7
    OUTAGE_ENDED = 8
    CONNECTOR_ENABLED = 9
    CONNECTOR_DISABLED = 10
    BREAKER_OPENED = 11
    BREAKER_CLOSED = 12
    SETTING_CHANGED = 13
    WORK_ITEM_SPLIT = 14
    WORK_ITEM_MERGED = 15
    WORK_ITEM_SHARED = 16
    WORK_ITEM_ASSIGNED = 17

    @property
    def word(self) -> str:
        """The word in the table."""
        return self.name.lower()


class Phase(IntEnum):
    """The order within one instant (L7)."""

    EDGES = 0
    SUBMISSIONS = 1
    PEOPLE = 2
    RELEASES = 3
    ATTEMPTS = 4


class Event(NamedTuple):
    """One row of `events`, in codes; `detail` holds instants as microseconds."""

    time: int
    kind: EventKind
    email: int = NONE
    connector: int = NONE
    actor: int = NONE
    from_status: int = NONE
    to_status: int = NONE
    detail: dict[str, Any] | None = None


@dataclass(slots=True)
class Trace:
    """The record of one run.

    Attributes
    ----------
    attempts
        Every attempt, in order of start.
    errors
        The texts of errors; an email's or attempt's error is its place here.
    """

    store: EmailStore
    own_source: int
    attempts: AttemptLog = field(default_factory=AttemptLog)
    errors: list[str] = field(default_factory=list)
    released_by_hand: dict[int, int] = field(default_factory=dict)
    first_work_item: dict[int, int] = field(default_factory=dict)  # of emails that merging has moved
    connector_next_try: dict[int, int] = field(default_factory=dict)  # attempt -> next-try time it set, NONE: cleared
    _error_codes: dict[str, int] = field(default_factory=dict)
    _facts: list[tuple[Phase, Event]] = field(default_factory=list)
    _journal_attempts: array[int] = field(default_factory=lambda: array("i"))
    _journal: array[int] = field(default_factory=lambda: array("i"))  # an attempt that ended, or ~fact

    def error(self, text: str) -> int:
        """The code of an error's text."""
        code = self._error_codes.get(text)
        if code is None:
            code = self._error_codes[text] = len(self.errors)
            self.errors.append(text)
        return code

    def fact(self, phase: Phase, event: Event) -> None:
        """Record what is no attempt."""
        self._journal_attempts.append(len(self.attempts))
        self._journal.append(~len(self._facts))
        self._facts.append((phase, event))

    def end(self, attempt: int) -> None:
        """Record that an attempt that took time has ended (its row holds the rest)."""
        self._journal_attempts.append(len(self.attempts))
        self._journal.append(attempt)

    def end_many(self, attempts: np.ndarray) -> None:
        """The same of many attempts, in order of their ends."""
        begun = np.full(len(attempts), len(self.attempts), dtype=np.int32)
        self._journal_attempts.frombytes(begun.tobytes())
        self._journal.frombytes(attempts.astype(np.int32).tobytes())

    @property
    def size(self) -> int:
        """About how many events there are so far."""
        return 3 * len(self.attempts) + 2 * len(self.store) + len(self._facts)

    def events(self, now: int, only: int | None = None) -> Iterator[Event]:
        """Every event up to `now`, in the order in which they happened; with `only`, those of one email and those of none."""
        submissions = self._submissions(now, only)
        releases = self._releases(now, only)
        submission, release = next(submissions, None), next(releases, None)
        instant, phase = -1, Phase.EDGES
        for own_phase, batch in self._recorded(only):
            phase = own_phase if batch[0].time != instant else max(phase, own_phase)
            instant = batch[0].time
            while submission is not None and (submission[0].time, Phase.SUBMISSIONS) < (instant, phase):
                while release is not None and release.time < submission[0].time:
                    yield release
                    release = next(releases, None)
                yield from submission
                submission = next(submissions, None)
            while release is not None and (release.time, Phase.RELEASES) < (instant, phase):
                yield release
                release = next(releases, None)
            yield from batch
        while submission is not None or release is not None:
            if submission is not None and (release is None or submission[0].time <= release.time):
                yield from submission
                submission = next(submissions, None)
            elif release is not None:
                yield release
                release = next(releases, None)

    def _recorded(self, only: int | None) -> Iterator[tuple[Phase, list[Event]]]:
        """Attempts and journal, merged; what belongs together in one list."""
        places, entries = self._ordered_journal()
        numbers = np.arange(len(self.attempts))
        if only is not None:
            numbers = np.flatnonzero(self.attempts.view("email") == only)
            chosen = self._concerns(only, entries)
            places, entries = np.searchsorted(numbers, places[chosen], side="left"), entries[chosen]
        rows = dict(zip(numbers.tolist(), self.attempts.rows(numbers), strict=True))
        waiting = iter(rows.items())
        reached = 0
        for place, entry in zip(places.tolist(), entries.tolist(), strict=True):
            for number, row in islice(waiting, max(0, place - reached)):
                yield Phase.ATTEMPTS, self._started(number, row)
            reached = max(reached, place)
            if entry >= 0:
                yield Phase.ATTEMPTS, self._ended(entry, rows[entry])
            else:
                phase, event = self._facts[~entry]
                yield phase, [event]
        for number, row in waiting:
            yield Phase.ATTEMPTS, self._started(number, row)

    def _concerns(self, email: int, entries: np.ndarray) -> np.ndarray:
        """Which entries of the journal are of this email or of none."""
        of_facts = np.array([event.email for _, event in self._facts], dtype=np.int64)
        is_fact = entries < 0
        of_entry = np.empty(len(entries), dtype=np.int64)
        of_entry[is_fact] = of_facts[~entries[is_fact]]
        of_entry[~is_fact] = self.attempts.view("email")[entries[~is_fact]]
        return np.asarray((of_entry == email) | (of_entry == NONE))

    def _ordered_journal(self) -> tuple[np.ndarray, np.ndarray]:
        """The journal's entries in order of time, and how many attempts had begun before each.

        A batch records attempts and their ends ahead of edges. At one instant edges come first, then ends of attempts, then
        starts (L7); what people did and what the connectors noted keeps its place in the record.
        """
        entries, places = np.array(self._journal, dtype=np.int64), np.array(self._journal_attempts, dtype=np.int64)
        is_fact = entries < 0
        times, is_edge = np.empty(len(entries), dtype=np.int64), np.zeros(len(entries), dtype=bool)
        times[~is_fact] = self.attempts.view("ended")[entries[~is_fact]]
        times[is_fact] = np.array([event.time for _, event in self._facts], dtype=np.int64)[~entries[is_fact]]
        is_edge[is_fact] = np.array([phase is Phase.EDGES for phase, _ in self._facts], dtype=bool)[~entries[is_fact]]
        timed = is_edge | ~is_fact
        places[timed] = np.searchsorted(self.attempts.view("started"), times[timed], side="left")
        order = np.lexsort((~is_edge, times))
        return places[order], entries[order]

    def _started(self, attempt: int, row: AttemptRow) -> list[Event]:
        detail = {"attempt": row.number, "trigger": _TRIGGERS[row.codes & MANUAL != 0]}
        started = Event(row.started, EventKind.ATTEMPT_STARTED, row.email, row.connector, detail=detail)
        return [started] if row.codes & TOOK_TIME else [started, *self._ended(attempt, row)]

    def _ended(self, attempt: int, row: AttemptRow) -> list[Event]:
        before, after = row.codes >> FROM_SHIFT & 7, row.codes >> TO_SHIFT & 7
        detail: dict[str, Any] = {"outcome": _OUTCOMES[row.codes >> OUTCOME_SHIFT & 7]}
        if row.error != NONE:
            detail["error"] = self.errors[row.error]
        if row.following != NONE:
            detail["next_attempt"] = row.following
        if attempt in self.connector_next_try:
            next_try = self.connector_next_try[attempt]
            detail["connector_next_try"] = None if next_try == NONE else next_try
        events = [Event(row.ended, EventKind.ATTEMPT_ENDED, row.email, row.connector, detail=detail)]
        if before != after:
            events.append(Event(row.ended, EventKind.STATUS_CHANGED, row.email, row.connector, NONE, before, after))
        return events

    def submission(self, email: int) -> list[Event]:
        """The events of an email's submission."""
        store = self.store
        submitted, scheduled_for = store.submitted[email], store.scheduled_for[email]
        is_migrated = store.flags[email] & MIGRATED
        status = SendStatus.FAILED if is_migrated else SendStatus.QUEUED
        detail: dict[str, Any] = {} if is_migrated else {"next_attempt": max(submitted, store.undo_until[email], scheduled_for)}
        work_item = self.first_work_item.get(email, store.work_item[email])
        if work_item != NONE:
            detail["work_item"] = work_item
        events = [Event(submitted, EventKind.SUBMITTED, email, store.connector[email], store.sender[email], NONE, status, detail)]
        if scheduled_for != NONE:
            events.append(
                Event(
                    submitted,
                    EventKind.SCHEDULED,
                    email,
                    store.connector[email],
                    store.scheduled_by[email],
                    detail={"scheduled_for": scheduled_for},
                )
            )
        return events

    def _submissions(self, now: int, only: int | None) -> Iterator[list[Event]]:
        store = self.store
        for email in range(len(store)) if only is None else (only,):
            if store.submitted[email] > now:
                return
            if store.source[email] != self.own_source:
                yield self.submission(email)

    def released(self, rows: int, now: int) -> np.ndarray:
        """The release of each email, `NONE` where it has not come or the email had left before."""
        store = self.store
        release, finished = store.view("release")[:rows], store.view("finished")[:rows]
        had_left = (finished != NONE) & (finished <= release) & (store.view("attempts")[:rows] == 0)
        had_left[[email for email in self.released_by_hand if email < rows]] = False
        return np.where((release > now) | had_left, NONE, release)

    def _releases(self, now: int, only: int | None) -> Iterator[Event]:
        """Releases that nobody caused, in order of time and submission."""
        store = self.store
        release = self.released(len(store), now)
        release[list(self.released_by_hand)] = NONE
        emails = np.flatnonzero(release != NONE)
        if only is not None:
            emails = emails[emails == only]
        for email in emails[np.argsort(release[emails], kind="stable")].tolist():
            yield Event(store.release[email], EventKind.RELEASED, email, store.connector[email])
