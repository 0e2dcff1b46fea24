"""The three tables of a run as DataFrames, built from its columnar record (spec/scenario.md section 5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from outboxsim.analysis.texts import attachments, email_texts, from_addresses, repeated
from outboxsim.engine.attempt_log import CONTACTED, IN_FLIGHT, MANUAL, OUTCOME_SHIFT
from outboxsim.engine.store import MIGRATED, NONE, SYSTEM
from outboxsim.engine.trace import BY_SYSTEM, Event, EventKind
from outboxsim.outbox import Outcome, Priority, SendStatus, Trigger

if TYPE_CHECKING:
    from outboxsim.engine.columns import ColumnStore
    from outboxsim.engine.recording import Recording
    from outboxsim.quantities import Clock

EMAIL_COLUMNS: Final = (
    "id", "submitted", "undo_until", "scheduled_by", "scheduled_for", "released", "from", "from_address", "to", "subject", "priority",
    "system_generated", "migrated", "work_item", "work_item_type", "team", "traffic", "connector", "status", "attempts", "logged",
    "last_attempt", "last_error", "next_attempt", "finished", "attachments",
)  # fmt: skip
ATTEMPT_COLUMNS: Final = ("email", "attempt", "connector", "started", "ended", "trigger", "contacted", "outcome", "code", "error")
EVENT_COLUMNS: Final = ("time", "event", "email", "connector", "actor", "from_status", "to_status", "detail")

#: Keys of an event's detail that hold an instant.
DETAIL_INSTANTS: Final = frozenset({"next_attempt", "scheduled_for", "connector_next_try", "until"})

#: Keys of details that are the same for many events, and hold neither instants nor codes.
_REPEATING: Final = frozenset({"attempt", "trigger", "outcome", "error"})

#: An email that was accepted: RFC 5321 section 4.2.3, "250 Requested mail action okay, completed".
_ACCEPTED_CODE: Final = 250


#: pandas' code of a missing instant.
NOT_A_TIME: Final = np.iinfo(np.int64).min


def instants(microseconds: np.ndarray, clock: Clock) -> Any:
    """Microseconds since the start as tz-aware instants, `NONE` as NaT; in the memory of the array, which is lost by it."""
    missing = microseconds == NONE
    microseconds += clock.epoch_us
    microseconds[missing] = NOT_A_TIME
    return pd.array(microseconds, dtype=pd.DatetimeTZDtype("us", clock.time_zone), copy=False)


def coded(codes: Sequence[int] | np.ndarray, words: Sequence[str]) -> pd.Categorical:
    """Codes as a categorical of words; `NONE` is missing."""
    narrow = np.asarray(codes).astype(np.min_scalar_type(-len(words) - 1), copy=False)  # as narrow as pandas will make them
    return pd.Categorical.from_codes(narrow, categories=pd.Index(list(words), dtype="str"))


class ColumnTaker:
    """Takes columns of a record for a table: the columns themselves if nobody else needs the record, else copies.

    Parameters
    ----------
    store
        The emails' or the attempts'.
    rows
        How many of its rows the table has.
    hand_over
        Whether the store may lose its columns.
    """

    def __init__(self, store: ColumnStore, rows: int, *, hand_over: bool) -> None:
        self._store = store
        self._rows = rows
        self._hand_over = hand_over

    def look_at(self, name: str) -> np.ndarray:
        """A column that stays what it is."""
        return self._store.view(name)[: self._rows]

    def take(self, name: str) -> np.ndarray:
        """A column to change and to keep."""
        return self._store.hand_over(name)[: self._rows] if self._hand_over else self.look_at(name).copy()

    def drop(self, *names: str) -> None:
        """Free columns of which the tables say everything."""
        if self._hand_over:
            for name in names:
                self._store.hand_over(name)


def emails_frame(recording: Recording, *, hand_over: bool) -> pd.DataFrame:
    """The table `emails`, in order of submission.

    With `hand_over` the record loses the columns that the table needs, and those that nobody will ask for any more; what events are
    made from can be taken back (taking_back.py). The order below is one of need: a column goes when nothing else is derived from it.
    """
    scenario = recording.scenario
    clock = scenario.clock
    columns = ColumnTaker(recording.store, recording.rows, hand_over=hand_over)
    columns.drop("rank", "retries")
    table: dict[str, Any] = {"released": instants(recording.trace.released(recording.rows, recording.now), clock)}
    columns.drop("release")
    table["next_attempt"] = instants(_next_attempts(recording, columns.take("due"), columns.look_at("connector")), clock)
    for name in ("submitted", "undo_until", "scheduled_for", "logged", "last_attempt", "finished"):
        table[name] = instants(columns.take(name), clock)
    table |= _of_work_items(recording, columns)
    table["attempts"] = columns.take("attempts").view(np.int32)
    table["last_error"] = texts_of(columns.take("last_error"), recording.trace.errors)
    for name, column, words in (
        ("from", "sender", recording.users),
        ("scheduled_by", "scheduled_by", recording.users),
        ("work_item", "work_item", list(scenario.work_items)),
        ("connector", "connector", list(scenario.connectors)),
        ("priority", "priority", Priority.words()),
        ("status", "status", SendStatus.words()),
    ):
        table[name] = coded(columns.take(column), words)
    flags = columns.take("flags")
    table["system_generated"], table["migrated"] = (flags & SYSTEM) != 0, (flags & MIGRATED) != 0
    table |= _of_sources(recording, columns.look_at("source"), columns.look_at("number"))
    return pd.DataFrame({name: table.pop(name) for name in EMAIL_COLUMNS}, copy=False)


def _of_work_items(recording: Recording, columns: ColumnTaker) -> dict[str, Any]:
    """The types of the emails' work items, and the teams."""
    work_item = columns.look_at("work_item")
    types = ["ticket", "case", "action"]
    type_of = np.array([*(types.index(item.type) for item in recording.scenario.work_items.values()), NONE], dtype=np.int8)
    return {
        "work_item_type": coded(type_of[work_item], types),
        "team": _teams(recording, columns.look_at("sender"), work_item, columns.look_at("flags")),
    }


def _of_sources(recording: Recording, source: np.ndarray, number: np.ndarray) -> dict[str, Any]:
    """What the sources of the emails say of them."""
    sources = recording.sources
    names = sorted({source.name for source in sources if source.name})
    traffic_of = np.array([names.index(source.name) if source.name else NONE for source in sources], dtype=np.int16)
    return {
        "traffic": coded(traffic_of[source], names),
        "from_address": texts_of(*from_addresses(sources, source, number)),
        "attachments": attachments(sources, source, number),
        **email_texts(sources, source, number),
    }


def _next_attempts(recording: Recording, due: np.ndarray, connector: np.ndarray) -> np.ndarray:
    """Put the connector's next try into due instants where an email has to wait for it."""
    for index, next_try in recording.next_tries.items():
        waits = (connector == index) & (due != NONE)
        waits[list(recording.probes)] = False
        due[waits] = np.maximum(due[waits], next_try)
    return due


def _teams(recording: Recording, sender: np.ndarray, work_item: np.ndarray, flags: np.ndarray) -> pd.Categorical:
    """The sender's teams in file order, joined by a comma; a system email's: its work item's."""
    people = recording.people
    of_senders = [*(",".join(people.teams_of(name)) for name in recording.users), ""]  # the last for NONE
    of_items = [*(",".join(people.teams_working_on(name)) for name in recording.scenario.work_items), ""]
    known = sorted({name for name in (*of_senders, *of_items) if name})
    codes = {name: code for code, name in enumerate(known)} | {"": NONE}
    by_sender, by_item = (np.array([codes[name] for name in names]) for names in (of_senders, of_items))
    return coded(np.where((flags & SYSTEM) != 0, by_item[work_item], by_sender[sender]), known)


def texts_of(codes: np.ndarray, texts: Sequence[str]) -> pd.Categorical:
    """Codes of texts as a categorical of those that occur, in alphabetical order: it does not depend on which came first."""
    used = np.flatnonzero(np.bincount(codes + 1, minlength=len(texts) + 1)[1:]).tolist()
    known = sorted({texts[code] for code in used})
    place = {text: code for code, text in enumerate(known)}
    place_of = np.array([*(place.get(text, NONE) for text in texts), NONE], dtype=np.min_scalar_type(-len(known) - 1))
    return coded(place_of[codes], known)


def attempts_frame(recording: Recording, ids: pd.Series, *, hand_over: bool) -> pd.DataFrame:
    """The table `attempts`, in order of start; `hand_over` as in `emails_frame`."""
    trace, clock = recording.trace, recording.scenario.clock
    columns = ColumnTaker(trace.attempts, len(trace.attempts), hand_over=hand_over)
    table: dict[str, Any] = {name: instants(columns.take(name), clock) for name in ("started", "ended")}
    table["attempt"] = columns.take("number")
    table["connector"] = coded(columns.take("connector"), list(recording.scenario.connectors))
    codes = columns.look_at("codes")
    outcome = (codes >> OUTCOME_SHIFT & 7).astype(np.int8)
    outcome[outcome == IN_FLIGHT] = NONE
    table["trigger"] = coded((codes & MANUAL) != 0, Trigger.words())
    table["contacted"] = (codes & CONTACTED) != 0
    table["outcome"] = coded(outcome, Outcome.words())
    error = columns.take("error")
    code = np.array([*(_reply_code(text) for text in trace.errors), 0], dtype=np.int16)[error]
    code[outcome == Outcome.ACCEPTED] = _ACCEPTED_CODE
    table["code"] = pd.arrays.IntegerArray(code, code == 0)
    table["error"] = texts_of(error, trace.errors)
    del error
    table["email"] = repeated(ids.array, columns.look_at("email"))
    return pd.DataFrame({name: table.pop(name) for name in ATTEMPT_COLUMNS}, copy=False)


def _reply_code(error: str) -> int:
    """The SMTP reply code with which an error begins, 0 for none."""
    head = error[:3]
    return int(head) if head.isascii() and head.isdigit() and (len(error) == 3 or error[3] in " -") else 0


def events_frame(recording: Recording, events: Iterable[Event], ids: pd.Series) -> pd.DataFrame:
    """The table `events`, in the order in which they happened."""
    rows = list(events)
    names = list(recording.scenario.work_items)
    actors = [*recording.users, "system"]
    encode = detail_encoder(recording.scenario.clock, names)
    email = np.array([event.email for event in rows], dtype=np.int64)
    actor = np.array([len(actors) - 1 if event.actor == BY_SYSTEM else event.actor for event in rows], dtype=np.int64)
    id_values = np.array([*ids.tolist(), None], dtype=object)
    return pd.DataFrame(
        {
            "time": instants(np.array([event.time for event in rows], dtype=np.int64), recording.scenario.clock),
            "event": coded([event.kind for event in rows], [kind.word for kind in EventKind]),
            "email": pd.array(id_values[email], dtype="str"),
            "connector": coded([event.connector for event in rows], list(recording.scenario.connectors)),
            "actor": coded(actor, actors),
            "from_status": coded([event.from_status for event in rows], SendStatus.words()),
            "to_status": coded([event.to_status for event in rows], SendStatus.words()),
            "detail": pd.array([encode(event.detail) for event in rows], dtype="str"),
        },
        columns=list(EVENT_COLUMNS),
    )


def detail_encoder(clock: Clock, work_items: Sequence[str]) -> Callable[[dict[str, Any] | None], str]:
    """A function that writes an event's detail as JSON: instants in ISO 8601, work items by name."""
    write = json.JSONEncoder(ensure_ascii=False).encode
    written: dict[tuple[tuple[str, Any], ...], str] = {}  # most details repeat: attempt 1, accepted, …

    def value(key: str, content: Any) -> Any:
        if key in DETAIL_INSTANTS and content is not None:
            return clock.iso(content)
        if key == "work_item" and isinstance(content, int):
            return work_items[content]
        return content

    def encode(detail: dict[str, Any] | None) -> str:
        if not detail:
            return ""
        if not detail.keys() <= _REPEATING:
            return write({key: value(key, content) for key, content in detail.items()})
        known = tuple(detail.items())
        if known not in written:
            written[known] = write(detail)
        return written[known]

    return encode


def decoded_detail(text: str, epoch_us: int) -> dict[str, Any] | None:
    """The detail that `detail_encoder` wrote; instants in microseconds since the start again."""
    if not text:
        return None
    detail: dict[str, Any] = json.loads(text)
    for key in DETAIL_INSTANTS & detail.keys():
        if detail[key] is not None:
            since_epoch = datetime.fromisoformat(detail[key]) - datetime(1970, 1, 1, tzinfo=UTC)
            detail[key] = since_epoch // timedelta(microseconds=1) - epoch_us
    return detail
