"""The outbox in columns, for a page that is drawn many times a second.

A listing holds copies: it shows the instant at which it was made, whatever the run does then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from outboxsim.engine.store import MIGRATED, NONE, SYSTEM
from outboxsim.outbox import Priority, SendStatus, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import simpy

    from outboxsim.engine.desk import Desk
    from outboxsim.engine.world import World

#: Columns of a listing that are columns of the store, and what they are called there.
_OF_STORE: Final = {
    "status": "status",
    "priority": "priority",
    "connector": "connector",
    "attempts": "attempts",
    "last_attempt": "last_attempt",
    "logged": "logged",
    "submitted": "submitted",
    "release": "release",
    "undo_until": "undo_until",
    "scheduled_for": "scheduled_for",
    "work_item": "work_item",
    "sender": "sender",
    "error": "last_error",
}

#: What never changes about an email and is told in texts (or, of attachments, in their number).
_TEXTS: Final = ("id", "to", "subject", "from_address", "attachments")


@dataclass(frozen=True, slots=True)
class ListedEmail:
    """An email with everything that a row of the page or its details show.

    Instants are microseconds since the start, None where there is none. `attachments` are names and sizes in bytes.
    """

    row: int
    id: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    subject: str
    body: str
    sender: str | None
    from_address: str | None
    attachments: tuple[tuple[str, int], ...]
    connector: str
    priority: Priority
    system: bool
    migrated: bool
    status: SendStatus
    in_flight: bool
    attempts: int
    last_attempt: int | None
    next_attempt: int | None
    logged: int | None
    last_error: str | None
    work_item: str | None
    work_item_type: str | None
    submitted: int
    release: int | None
    undo_until: int | None
    scheduled_for: int | None
    scheduled_by: str | None
    finished: int | None


class Listing:
    """What a view of a user shows at an instant.

    Attributes
    ----------
    rows
        The emails' rows in the engine, in order of submission.
    """

    def __init__(self, lister: Lister, user: str | None, view: View | None, rows: np.ndarray) -> None:
        self.rows = rows
        self._lister = lister
        self._user, self._view = user, view
        self._seen, self._rearranged = lister.submitted, lister.rearranged
        self._columns = lister.columns_of(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> np.ndarray:
        """A column as numbers, one per row: instants in microseconds since the start and codes, -1 for none.

        Parameters
        ----------
        name
            `status`, `priority`, `connector`, `attempts`, `last_attempt`, `next_attempt`, `logged`, `submitted`, `release`,
            `undo_until`, `scheduled_for`, `system` and `in_flight` (truth values), `work_item`, `sender`, `error`.
        """
        return self._columns[name]

    def texts(self, name: str) -> list[Any]:
        """A column as texts, one per row.

        Parameters
        ----------
        name
            `id`, `to`, `subject`, `from_address` (None for none), `attachments` (their number); also, by name and None for none,
            `connector`, `sender`, `work_item`, `work_item_type`, `error`.
        """
        if name in _TEXTS:
            return self._lister.texts(name, self.rows)
        codes = self._columns["work_item" if name == "work_item_type" else name]
        texts: list[Any] = np.array([*self._lister.names(name), None], dtype=object)[codes].tolist()
        return texts

    def names(self, name: str) -> list[str]:
        """The names behind the codes of `connector`, `sender`, `work_item`, `work_item_type` or `error`."""
        return self._lister.names(name)

    def email(self, row: int) -> ListedEmail:
        """Everything about the email of an engine's row, as it stands now."""
        return self._lister.email(row)

    def signature(self) -> bytes:
        """Equal for two listings of one view exactly if they show the same emails, statuses, attempts and next attempts."""
        return b"".join(column.tobytes() for column in (self.rows, *(self._columns[name] for name in _CHANGING)))

    def has_changed(self) -> bool:
        """Whether a listing of the same view made now would have another signature; quick while nothing has."""
        lister = self._lister
        if lister.rearranged != self._rearranged:
            now_shown = lister.listing(self._user, self._view)
            self._rearranged = lister.rearranged if now_shown.signature() == self.signature() else self._rearranged
            return self._rearranged != lister.rearranged
        now = lister.columns_of(self.rows, _CHANGING)
        if any(not np.array_equal(now[name], self._columns[name]) for name in _CHANGING):
            return True
        submitted = lister.submitted
        if submitted > self._seen and len(lister.shown(self._user, self._view, self._seen)):
            return True
        self._seen = submitted
        return False


#: What a change of the outbox is a change of, besides the emails in it.
_CHANGING: Final = ("status", "attempts", "next_attempt")


class Lister:
    """Makes listings of a run, and remembers what never changes.

    Parameters
    ----------
    world, desk
        The run.
    env
        Its clock. (Not the simulation: a cycle would keep the run in memory when nobody needs it any more.)
    """

    def __init__(self, world: World, desk: Desk, env: simpy.Environment) -> None:
        self._world = world
        self._desk = desk
        self._env = env
        self._texts: dict[str, np.ndarray] = {name: np.empty(0, dtype=object) for name in _TEXTS}
        self._is_known = np.zeros(0, dtype=bool)  # rows whose texts are there
        self._visible: dict[tuple[str, View], tuple[np.ndarray, np.ndarray]] = {}
        self._visible_as_of = -1

    @property
    def submitted(self) -> int:
        """How many emails have been submitted."""
        self._world.now = int(self._env.now)
        return self._world.submitted_count

    @property
    def rearranged(self) -> int:
        """How often who sees what has changed."""
        return self._desk.rearranged

    # Which emails

    def listing(self, user: str | None = None, view: View | None = None) -> Listing:
        """What a view of a user shows now (P2); the view left out: the user's own; without a user, everything in the outbox."""
        view = self._world.people.view_of(user) if user is not None and view is None else view
        return Listing(self, user, view, self.shown(user, view))

    def shown(self, user: str | None, view: View | None, first: int = 0) -> np.ndarray:
        """The rows from `first` on that a view shows."""
        rows = np.flatnonzero(self._world.store.view("status")[first : self.submitted] < SendStatus.SENT) + first
        return rows if user is None or view is None else self._limited(rows, user, view)

    def of_work_item(self, work_item: str, user: str | None) -> np.ndarray:
        """The rows of a work item's emails, also of those that have left the outbox, as far as a user may see them."""
        code = self._world.codes.work_items.get(work_item, NONE - 1)
        rows = np.flatnonzero(self._world.store.view("work_item")[: self.submitted] == code)
        return rows if user is None else self._limited(rows, user, View.ALL)

    def _limited(self, rows: np.ndarray, user: str, view: View) -> np.ndarray:
        """Those of some rows that a view shows, whatever their status."""
        store = self._world.store
        by_sender, by_work_item = self._tables(user, view)
        visible = by_sender[store.view("sender")[rows]] | by_work_item[store.view("work_item")[rows]]
        if view is View.SYSTEM:
            visible &= (store.view("flags")[rows] & SYSTEM) != 0
        limited: np.ndarray = rows[visible]
        return limited

    def _tables(self, user: str, view: View) -> tuple[np.ndarray, np.ndarray]:
        """Whether an email is shown for its sender, and whether for its work item: either is enough (P2). The last place is none."""
        if self._visible_as_of != self.rearranged:
            self._visible.clear()
            self._visible_as_of = self.rearranged
        if (user, view) not in self._visible:
            people = self._world.people
            senders: Iterable[str | None] = (*self._world.user_names, None)
            work_items: Iterable[str | None] = (*self._world.scenario.work_items, None)
            self._visible[user, view] = (
                np.array([people.shows(view, user, sender, None, system=True) for sender in senders]),
                np.array([people.shows(view, user, None, work_item, system=True) for work_item in work_items]),
            )
        return self._visible[user, view]

    # What they show

    def columns_of(self, rows: np.ndarray, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Copies of columns for some rows; all of them, or those of these names."""
        columns = {}
        for name in _ALL if names is None else names:
            column = self._column(name, rows)
            column.flags.writeable = False
            columns[name] = column
        return columns

    def _column(self, name: str, rows: np.ndarray) -> np.ndarray:
        store = self._world.store
        if name == "next_attempt":
            return self._next_attempts(rows)
        if name == "system":
            return np.asarray((store.view("flags")[rows] & SYSTEM) != 0)
        if name == "in_flight":
            return np.isin(rows, np.fromiter(self._world.flights, dtype=np.int64))
        column: np.ndarray = store.view(_OF_STORE[name])[rows]
        return column

    def _next_attempts(self, rows: np.ndarray) -> np.ndarray:
        """As `World.shown_next_attempt` has it: who waits for a connector shows the connector's next try."""
        world = self._world
        due: np.ndarray = world.store.view("due")[rows]
        for channel in world.channels:
            if channel.hold is not None:
                waits = (world.store.view("connector")[rows] == channel.index) & (due != NONE)
                waits &= ~np.isin(rows, np.fromiter(world.probes, dtype=np.int64))
                due = np.where(waits, np.maximum(due, channel.hold.next_try), due)
        return due

    def texts(self, name: str, rows: np.ndarray) -> list[Any]:
        """Texts of some rows; each is made once."""
        if len(rows) and len(self._is_known) <= rows[-1]:
            more = max(1024, 2 * int(rows[-1]) + 2) - len(self._is_known)
            self._is_known = np.concatenate((self._is_known, np.zeros(more, dtype=bool)))
            self._texts = {name: np.concatenate((column, np.empty(more, dtype=object))) for name, column in self._texts.items()}
        for row in rows[~self._is_known[rows]].tolist():
            self._remember(row)
        texts: list[Any] = self._texts[name][rows].tolist()
        return texts

    def _remember(self, row: int) -> None:
        text, texts = self._world.text(row), self._texts
        self._is_known[row] = True
        texts["id"][row] = text.id
        texts["to"][row] = ", ".join(text.to)
        texts["subject"][row] = text.subject
        texts["from_address"][row] = text.from_address
        texts["attachments"][row] = len(text.attachments)

    def names(self, name: str) -> list[str]:
        """The names behind the codes of a column."""
        scenario = self._world.scenario
        match name:
            case "connector":
                return list(scenario.connectors)
            case "sender":
                return list(self._world.user_names)
            case "work_item":
                return list(scenario.work_items)
            case "work_item_type":
                return [item.type for item in scenario.work_items.values()]
            case "error":
                return list(self._world.trace.errors)
            case _:
                raise KeyError(name)

    # One email

    def row_of(self, email_id: str, user: str | None) -> int:
        """The row of an email, one that has left the outbox too; raises `KeyError` if there is none that a user may see."""
        self._world.now = int(self._env.now)
        row = self._world.find(email_id)
        standing = self._desk.standing(row, user)
        if row is None or standing is None or not standing.visible:
            raise KeyError(f"there is no email {email_id!r}")
        return row

    def email(self, row: int) -> ListedEmail:
        """Everything about an email as it stands now."""
        world, store = self._world, self._world.store
        text = world.text(row)
        work_item = world.work_item_name(row)
        scheduled_by, error = store.scheduled_by[row], store.last_error[row]
        return ListedEmail(
            row=row,
            id=text.id,
            to=text.to,
            cc=text.cc,
            bcc=text.bcc,
            subject=text.subject,
            body=text.body,
            sender=world.sender_name(row),
            from_address=text.from_address,
            attachments=text.attachments,
            connector=world.channels[store.connector[row]].name,
            priority=Priority(store.priority[row]),
            system=bool(store.flags[row] & SYSTEM),
            migrated=bool(store.flags[row] & MIGRATED),
            status=SendStatus(store.status[row]),
            in_flight=row in world.flights,
            attempts=store.attempts[row],
            last_attempt=_or_none(store.last_attempt[row]),
            next_attempt=_or_none(world.shown_next_attempt(row)),
            logged=_or_none(store.logged[row]),
            last_error=None if error == NONE else world.trace.errors[error],
            work_item=work_item,
            work_item_type=None if work_item is None else world.scenario.work_items[work_item].type,
            submitted=store.submitted[row],
            release=_or_none(store.release[row]),
            undo_until=_or_none(store.undo_until[row]),
            scheduled_for=_or_none(store.scheduled_for[row]),
            scheduled_by=None if scheduled_by == NONE else world.user_names[scheduled_by],
            finished=_or_none(store.finished[row]),
        )


_ALL: Final = (*_OF_STORE, "next_attempt", "system", "in_flight")


def _or_none(instant: int) -> int | None:
    return None if instant == NONE else instant
