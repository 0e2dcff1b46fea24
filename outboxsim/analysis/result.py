"""`Result`: the three tables of a run, and the outbox at any instant from them alone."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from outboxsim.analysis.replay import EmailState, Replay
from outboxsim.engine.store import SYSTEM
from outboxsim.engine.trace import Event, EventKind
from outboxsim.outbox import Priority, SendStatus, View

if TYPE_CHECKING:
    import pandas as pd

    from outboxsim.analysis.report import Report
    from outboxsim.engine.recording import Recording
    from outboxsim.quantities import Clock
    from outboxsim.scenario import Scenario, Select


class Result:
    """What happened in a run.

    Tables are made when they are first asked for; if the simulation is gone by then, they take over what it recorded instead of copying
    it. A result taken while a run goes on keeps the state of its instant.

    Attributes
    ----------
    emails, attempts, events
        DataFrames with the columns of spec/scenario.md section 5; instants are tz-aware, in microseconds; enumerable texts
        are categoricals; `code` is a nullable integer. Their `attrs` name scenario, seed and version.
    scenario
        The scenario; None for tables read from files.
    seed, version
        Of the run.
    clock
        Turns instants of the tables into microseconds since the start and back.
    horizon
        The end of the tables, in microseconds since the start: the run's horizon, or how far it came.
    """

    def __init__(self, *, clock: Clock, seed: int, version: str, name: str, horizon: int) -> None:
        self.clock = clock
        self.seed = seed
        self.version = version
        self.name = name
        self.horizon = horizon
        self.scenario: Scenario | None = None
        self._recording: Recording | None = None
        self._lent: dict[str, pd.DataFrame] = {}  # tables that have taken columns of the record over
        self._record_was_read = False

    @classmethod
    def of(cls, recording: Recording) -> Self:
        """The result of a run as it stands."""
        scenario = recording.scenario
        version = importlib.metadata.version("outboxsim")
        result = cls(clock=scenario.clock, seed=recording.seed, version=version, name=scenario.name or "", horizon=recording.now)
        result.scenario = scenario
        result._recording = recording
        return result

    @classmethod
    def from_tables(cls, emails: pd.DataFrame, attempts: pd.DataFrame, events: pd.DataFrame, *, clock: Clock, horizon: int) -> Self:
        """A result from its three tables."""
        attrs = {str(key): value for key, value in emails.attrs.items()}
        result = cls(
            clock=clock, seed=attrs.get("seed", 0), version=attrs.get("version", ""), name=attrs.get("scenario", ""), horizon=horizon
        )
        result.__dict__.update(emails=emails, attempts=attempts, events=events)
        return result

    def freeze(self) -> None:
        """Make the tables now: the run goes on."""
        if self._recording is not None:
            _ = self.emails, self.attempts, self.events
            self._recording = None
            self._lent = {}
            self.__dict__.pop("_facts", None)

    @property
    def attrs(self) -> dict[str, Any]:
        """What each table's `attrs` hold."""
        return {"scenario": self.name, "seed": self.seed, "version": self.version}

    @cached_property
    def emails(self) -> pd.DataFrame:
        """One row per submitted email, in order of submission."""
        from outboxsim.analysis.frames import emails_frame  # noqa: PLC0415 - `check` needs no pandas until it asks for a table

        hand_over = self._may_hand_over
        return self._labelled("emails", emails_frame(self._require_recording(), hand_over=hand_over), lent=hand_over)

    @cached_property
    def attempts(self) -> pd.DataFrame:
        """One row per attempt, in order of start; `ended`, `outcome` and `code` are missing for one in flight at the end."""
        from outboxsim.analysis.frames import attempts_frame  # noqa: PLC0415

        ids, hand_over = self.emails["id"], self._may_hand_over
        return self._labelled("attempts", attempts_frame(self._require_recording(), ids, hand_over=hand_over), lent=hand_over)

    @cached_property
    def events(self) -> pd.DataFrame:
        """Everything that happened, in order; `detail` is a JSON object or empty."""
        from outboxsim.analysis.frames import events_frame  # noqa: PLC0415

        recording = self._whole_recording()
        return self._labelled("events", events_frame(recording, recording.trace.events(recording.now), self.emails["id"]))

    def _labelled(self, name: str, frame: pd.DataFrame, *, lent: bool = False) -> pd.DataFrame:
        frame.attrs.update(self.attrs)
        if lent:  # a copy on write: shares the memory for as long as nobody changes the table
            self._lent[name] = frame.copy(deep=False)
        return frame

    # The record

    def _require_recording(self) -> Recording:
        assert self._recording is not None, "a frozen result has its tables"
        return self._recording

    @property
    def _may_hand_over(self) -> bool:
        """Whether a table may take the record's columns over: the run is gone, and nobody has begun to read the record."""
        return self._require_recording().is_all_that_is_left and not self._record_was_read

    def _whole_recording(self) -> Recording:
        """The record, with what tables have taken over copied back; from now on it stays whole."""
        recording = self._require_recording()
        self._record_was_read = True
        if self._lent:
            from outboxsim.analysis.taking_back import take_back  # noqa: PLC0415 - needs no pandas if no table was made

            take_back(recording, self._lent)
            self._lent = {}
        return recording

    # The outbox at any instant

    @cached_property
    def _facts(self) -> RecordedEmails | TabledEmails:
        if self._recording is not None:
            return RecordedEmails(self._whole_recording())
        return TabledEmails(self.emails)

    def _codes(self, only: int | None = None) -> Iterator[Event]:
        """The events in codes: from the record while there is one, else from the table; `only`: of one email and of none."""
        if self._recording is not None:
            recording = self._whole_recording()
            return recording.trace.events(recording.now, only)
        from outboxsim.analysis.files import coded_events  # noqa: PLC0415

        events = self.events
        if only is not None:
            email_id = self._facts.id_of(only)
            events = events[(events["email"] == email_id) | events["email"].isna()]
        return coded_events(events, self.emails, self.clock)

    def replay(self) -> Replay:
        """A replay of the run from its start."""
        return Replay(self._codes(), self._facts)

    def outbox(self, at: str | int | datetime, user: str | None = None, view: View | str | None = None) -> list[EmailState]:
        """What a user's view of the outbox showed once everything at an instant had happened.

        Parameters
        ----------
        at
            A moment as in scenario files, an aware datetime, or microseconds since the start.
        user
            Whose page; None shows every email in the outbox.
        view
            Left out: the user's own view at that instant.

        Returns
        -------
        list of EmailState
            In order of submission.

        Raises
        ------
        ValueError
            If the instant lies before the start or after the end of the tables, or is no moment.
        """
        if isinstance(at, datetime):
            instant = (at - self.clock.datetime(0)) // timedelta(microseconds=1)
        else:
            instant = self.clock.moment(at, horizon=self.horizon) if isinstance(at, str) else at
        if not 0 <= instant <= self.horizon:
            raise ValueError(f"{at!r} lies outside the tables, which go from {self.clock.iso(0)} to {self.clock.iso(self.horizon)}")
        replay = self.replay()
        replay.advance_to(instant)
        return replay.outbox(user, view)

    def changes(self, email_id: str) -> list[tuple[int, EmailState]]:
        """The settled state of an email after each instant at which something about it changed, from its submission on."""
        row = self._facts.row_of(email_id)
        if row is None:
            return []
        waits_for_connectors = self._recording is None or bool(self._recording.trace.connector_next_try)
        replay = Replay(self._codes(None if waits_for_connectors else row), self._facts)
        states: list[tuple[int, EmailState]] = []
        for instant, touched in replay.instants():
            state = replay.state(row) if row in touched else None
            if state is not None and (not states or states[-1][1] != state):
                states.append((instant, state))
        return states

    def attempt_starts(self, email_id: str) -> list[int]:
        """The starts of all attempts of an email, in microseconds since the start."""
        row = self._facts.row_of(email_id)
        if row is None:
            return []
        if self._recording is not None:
            log = self._whole_recording().trace.attempts
            starts: list[int] = log.view("started")[log.view("email") == row].tolist()
            return starts
        return [event.time for event in self._codes(row) if event.email == row and event.kind is EventKind.ATTEMPT_STARTED]

    def email_history(self, email_id: str) -> list[tuple[int, str, dict[str, Any]]]:
        """What happened to an email: instant, event, and its detail with statuses, connector and actor by name."""
        row = self._facts.row_of(email_id)
        if row is None:
            return []
        return [(event.time, event.kind.word, self._told(event)) for event in self._codes(row) if event.email == row]

    def _told(self, event: Event) -> dict[str, Any]:
        facts = self._facts
        told: dict[str, Any] = dict(event.detail or {})
        if isinstance(told.get("work_item"), int):
            told["work_item"] = facts.work_item_name(told["work_item"])
        if event.connector >= 0:
            told["connector"] = facts.connectors[event.connector]
        if event.actor != -1:
            told["actor"] = facts.actor_name(event.actor)
        if event.from_status >= 0:
            told["from"] = SendStatus(event.from_status).word
        if event.to_status >= 0:
            told["to"] = SendStatus(event.to_status).word
        return told

    # Numbers

    def metric(self, name: str, select: Select | None = None) -> float | timedelta | None:
        """A metric by its name as scenario files write it.

        Parameters
        ----------
        name
            Such as ``sent``, ``latency_p95`` or ``delivered_within(15 min)``.
        select
            Which emails count, as ``select`` in scenario files; None for all.

        Returns
        -------
        int, float, timedelta or None
            Counts, numbers and shares as they are, durations as timedelta; None where the metric has no value.

        Raises
        ------
        MetricError
            If there is no such metric, or it cannot be asked like this; the message says what would be right.
        """
        from outboxsim.analysis.metrics import kind_of, metric  # noqa: PLC0415 - which itself needs this class

        value = metric(self, name, select)
        return timedelta(microseconds=value) if value is not None and kind_of(name) == "duration" else value

    def report(self, select: Select | Mapping[str, Any] | None = None) -> Report:
        """What happened, as tables: by connector, error, attempt number, hour and team; the outbox and why; outages and what they cost.

        Parameters
        ----------
        select
            Which emails count, as ``select`` in scenario files: ``{"team": "billing"}``; None for all.

        Returns
        -------
        Report
            A mapping of names to DataFrames, which shows itself in a notebook; `Report.save` writes it as HTML with plots.
        """
        from outboxsim.analysis.report import Report  # noqa: PLC0415 - which itself needs this class

        return Report(self, select)

    # Files

    def save(self, folder: str | Path, format: Literal["csv", "parquet"] = "csv") -> list[Path]:
        """Write the three tables (and ``run.json``) into a folder, which is made if it is missing; the files written."""
        from outboxsim.analysis.files import save  # noqa: PLC0415

        return save(self, Path(folder), format)

    @classmethod
    def load(cls, folder: str | Path) -> Result:
        """Read what `save` wrote, without loss.

        Raises
        ------
        FileNotFoundError
            If a table or ``run.json`` is missing.
        """
        from outboxsim.analysis.files import load  # noqa: PLC0415

        return load(Path(folder))

    def _repr_html_(self) -> str:
        return self.report().short_html()

    def __repr__(self) -> str:
        return f"Result({self.name!r}, seed={self.seed}, until={self.clock.iso(self.horizon)})"


class RecordedEmails:
    """What never changes about emails, from a run's record."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.connectors = list(recording.scenario.connectors)
        self._work_items = list(recording.scenario.work_items)
        self._rows: dict[str, int] | None = None

    def id_of(self, email: int) -> str:
        """The id."""
        return self._recording.text(email).id

    def row_of(self, email_id: str) -> int | None:
        """The row of an id."""
        if self._rows is None:
            self._rows = {self.id_of(row): row for row in range(self._recording.rows)}
        return self._rows.get(email_id)

    def sender_of(self, email: int) -> str | None:
        """The sending user."""
        code = self._recording.store.sender[email]
        return None if code < 0 else self._recording.users[code]

    def is_system(self, email: int) -> bool:
        """Whether the system generated it."""
        return bool(self._recording.store.flags[email] & SYSTEM)

    def subject_of(self, email: int) -> str:
        """The subject."""
        return self._recording.text(email).subject

    def to_of(self, email: int) -> str:
        """The recipients."""
        return ", ".join(self._recording.text(email).to)

    def priority_of(self, email: int) -> Priority:
        """The priority."""
        return Priority(self._recording.store.priority[email])

    def work_item_name(self, code: int) -> str:
        """The work item of a code."""
        return self._work_items[code]

    def actor_name(self, code: int) -> str:
        """Who did something."""
        return "system" if code < 0 else self._recording.users[code]


class TabledEmails:
    """What never changes about emails, from the table `emails`."""

    def __init__(self, emails: pd.DataFrame) -> None:
        self.connectors: list[str] = emails["connector"].cat.categories.tolist()
        self._senders: list[str | None] = emails["from"].astype(object).where(emails["from"].notna(), None).tolist()
        self._ids: list[str] = emails["id"].tolist()
        self._rows = {email_id: row for row, email_id in enumerate(self._ids)}
        self._system: list[bool] = emails["system_generated"].tolist()
        self._subjects: list[str] = emails["subject"].tolist()
        self._to: list[str] = emails["to"].tolist()
        self._priorities = [Priority.of(word) for word in emails["priority"].tolist()]
        self._work_items: list[str] = emails["work_item"].cat.categories.tolist()
        self._users: list[str] = emails["from"].cat.categories.tolist()

    def id_of(self, email: int) -> str:
        """The id."""
        return self._ids[email]

    def row_of(self, email_id: str) -> int | None:
        """The row of an id."""
        return self._rows.get(email_id)

    def sender_of(self, email: int) -> str | None:
        """The sending user."""
        return self._senders[email]

    def is_system(self, email: int) -> bool:
        """Whether the system generated it."""
        return self._system[email]

    def subject_of(self, email: int) -> str:
        """The subject."""
        return self._subjects[email]

    def to_of(self, email: int) -> str:
        """The recipients."""
        return self._to[email]

    def priority_of(self, email: int) -> Priority:
        """The priority."""
        return self._priorities[email]

    def work_item_name(self, code: int) -> str:
        """The work item of a code."""
        return self._work_items[code]

    def actor_name(self, code: int) -> str:
        """Who did something."""
        return "system" if code < 0 else self._users[code]
