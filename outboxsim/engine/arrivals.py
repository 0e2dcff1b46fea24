"""Where emails come from: the file, its emails_file, traffic, and what the system sends while it runs.

Sources give their emails in blocks of columns, in order of time; `Arrivals` merges them in the order of L7
(time, then source, then number) and hands them out chunk by chunk, so that a run never holds all of a long traffic's
emails in a heap.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from outboxsim.engine.arrival_times import arrival_times
from outboxsim.engine.draws import Draws, Purpose
from outboxsim.engine.store import MIGRATED, NONE, SYSTEM
from outboxsim.outbox import Priority
from outboxsim.scenario import Email, Scenario, Traffic

Columns = dict[str, np.ndarray]

#: What a source says of an email; the rest of the store's columns follows from people's settings at its submission.
RAW_COLUMNS: Final = (
    "submitted",
    "scheduled_for",
    "sender",
    "scheduled_by",
    "work_item",
    "source",
    "number",
    "rank",
    "connector",
    "priority",
    "flags",
)


@dataclass(slots=True)
class Codes:
    """Names to codes, in file order."""

    users: dict[str, int]
    work_items: dict[str, int]
    connectors: dict[str, int]

    @classmethod
    def of(cls, scenario: Scenario) -> Codes:
        """The codes of a scenario's names."""
        return cls(
            *({name: code for code, name in enumerate(names)} for names in (scenario.users, scenario.work_items, scenario.connectors))
        )

    def user(self, name: str | None) -> int:
        """The code of a user, `NONE` for nobody."""
        return NONE if name is None else self.users[name]

    def work_item(self, name: str | None) -> int:
        """The code of a work item, `NONE` for none."""
        return NONE if name is None else self.work_items[name]


@dataclass(frozen=True, slots=True)
class EmailText:
    """What an email says; the engine never looks at it but for the recipients (greylisting)."""

    id: str
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str = ""
    body: str = ""
    from_address: str | None = None
    attachments: tuple[tuple[str, int], ...] = ()


class Source(Protocol):
    """A stream of emails in order of time."""

    @property
    def name(self) -> str:
        """The traffic's name, empty for others."""
        ...

    def block(self) -> Columns | None:
        """The next block of emails, None when there are no more."""
        ...

    def text(self, number: int) -> EmailText:
        """What email `number` of this source says."""
        ...

    def number_of(self, email_id: str) -> int | None:
        """The number of an email by its id, None if this source has none of that id."""
        ...


class FileSource:
    """The emails of the file and its emails_file."""

    name = ""

    def __init__(self, scenario: Scenario, codes: Codes) -> None:
        self._emails = scenario.emails
        self._codes = codes
        self._numbers = {email.id: number for number, email in enumerate(scenario.emails)}
        self._given = False

    def block(self) -> Columns | None:
        """All emails at once, sorted by time and then by their order in the file."""
        if self._given or not self._emails:
            return None
        self._given = True
        rows = [self._row(email) for email in self._emails]
        columns = dict(
            zip(
                ("submitted", "scheduled_for", "sender", "scheduled_by", "work_item", "connector", "priority", "flags"),
                np.array(rows, dtype=np.int64).T,
                strict=True,
            )
        )
        columns["number"] = np.arange(len(rows))
        order = np.argsort(columns["submitted"], kind="stable")
        return {name: column[order] for name, column in columns.items()}

    def _row(self, email: Email) -> tuple[int, ...]:
        scheduled = NONE if email.send_at is None else email.send_at
        scheduled_by = NONE if email.send_at is None else self._codes.user(email.scheduled_by or email.from_)
        flags = SYSTEM * email.system + MIGRATED * email.migrated
        return (
            email.at,
            scheduled,
            self._codes.user(email.from_),
            scheduled_by,
            self._codes.work_item(email.work_item),
            self._codes.connectors[email.connector],
            int(email.priority),
            flags,
        )

    def text(self, number: int) -> EmailText:
        """What the email says."""
        email = self._emails[number]
        attachments = tuple((attachment.name, attachment.size) for attachment in email.attachments)
        return EmailText(email.id, email.to, email.cc, email.bcc, email.subject, email.body, email.from_address, attachments)

    def number_of(self, email_id: str) -> int | None:
        """Its place in the file."""
        return self._numbers.get(email_id)


class TrafficSource:
    """The emails that one entry of `traffic` makes."""

    def __init__(self, scenario: Scenario, index: int, draws: Draws, codes: Codes) -> None:
        self._traffic: Traffic = scenario.traffic[index]
        self._index = index
        self._draws = draws
        self._limit = self._traffic.limit
        self._times = arrival_times(self._traffic, scenario, draws.generator(Purpose.ARRIVAL, index, 0))
        self._given = 0
        self._domains = array(_narrowest(self._traffic.domains))
        senders: tuple[str | None, ...] = (None,) if self._traffic.system else self._traffic.from_
        addresses = [None if name is None else scenario.users[name].address for name in senders]
        self._addresses = addresses
        self._senders = np.array([codes.user(name) for name in senders])
        self._connectors = np.array([codes.connectors[scenario.route(self._traffic.via, address)] for address in addresses])
        self._sender_of = array(_narrowest(senders))

    @property
    def name(self) -> str:
        """The traffic's name."""
        return self._traffic.name

    def block(self) -> Columns | None:
        """The next emails, a block of them; a batch comes whole."""
        left = None if self._limit is None else self._limit - self._given
        times = None if left == 0 else next(self._times, None)
        if times is None:
            return None
        times = times[:left]
        columns = self._attributes(times)
        columns["number"] = np.arange(self._given, self._given + len(times))
        self._given += len(times)
        return columns

    def _attributes(self, times: np.ndarray) -> Columns:
        traffic, size = self._traffic, len(times)
        chosen = self._uniforms(1, size)
        sender = np.minimum((chosen * len(self._senders)).astype(np.int64), len(self._senders) - 1)
        _append(self._sender_of, sender)
        _append(self._domains, _weighted(self._uniforms(2, size), [weight for _, weight in traffic.domains]))
        high, low = traffic.priority
        kind = self._uniforms(3, size)
        priority = np.where(kind < high, int(Priority.HIGH), np.where(kind < high + low, int(Priority.LOW), int(Priority.NORMAL)))
        scheduled_for = np.full(size, NONE)
        if traffic.scheduled is not None:
            share, ahead = traffic.scheduled
            is_scheduled = self._uniforms(4, size) < share
            later = times + np.floor(ahead.draw(self._generator(5), size) + 0.5).astype(np.int64)
            scheduled_for = np.where(is_scheduled, later, NONE)
        senders = self._senders[sender]
        return {
            "submitted": times,
            "scheduled_for": scheduled_for,
            "sender": senders,
            "scheduled_by": np.where(scheduled_for == NONE, NONE, senders),
            "work_item": np.full(size, NONE),
            "connector": self._connectors[sender],
            "priority": priority,
            "flags": np.full(size, SYSTEM * traffic.system),
        }

    def _generator(self, attribute: int) -> np.random.Generator:
        return self._draws.generator(Purpose.ARRIVAL, self._index, attribute, self._given)

    def _uniforms(self, attribute: int, size: int) -> np.ndarray:
        return self._generator(attribute).random(size)

    def text(self, number: int) -> EmailText:
        """What the email says: `invoices-1`, to `invoices-1@DOMAIN`, subject "invoices 1"."""
        email_id = f"{self.name}-{number + 1}"
        domain = self._traffic.domains[self._domains[number]][0]
        return EmailText(
            email_id, (f"{email_id}@{domain}",), subject=f"{self.name} {number + 1}", from_address=self._addresses[self._sender_of[number]]
        )

    def domains(self, numbers: np.ndarray) -> tuple[list[str], np.ndarray]:
        """The recipients' domains, and which of them each email has."""
        return [domain for domain, _ in self._traffic.domains], np.frombuffer(self._domains, dtype=self._domains.typecode)[numbers]

    def from_addresses(self, numbers: np.ndarray) -> tuple[list[str | None], np.ndarray]:
        """The senders' from addresses, and which of them each email has."""
        return self._addresses, np.frombuffer(self._sender_of, dtype=self._sender_of.typecode)[numbers]

    def number_of(self, email_id: str) -> int | None:
        """The number in an id such as `invoices-17`, None if it is not one of this traffic's."""
        prefix, _, digits = email_id.rpartition("-")
        if prefix != self.name or not digits.isascii() or not digits.isdigit() or digits.startswith("0"):
            return None
        return int(digits) - 1


@dataclass(slots=True)
class OwnSource:
    """Emails that come while the run goes: from splitting, merging and sharing, and from Python."""

    name: str = ""
    texts: list[EmailText] = field(default_factory=list)

    def block(self) -> Columns | None:
        """Nothing is known of them beforehand."""
        return None

    def text(self, number: int) -> EmailText:
        """What the email says."""
        return self.texts[number]

    def number_of(self, email_id: str) -> int | None:
        """Its place among the emails of this source."""
        return next((number for number, text in enumerate(self.texts) if text.id == email_id), None)


class Arrivals:
    """All sources, merged.

    Attributes
    ----------
    known_until
        Every email submitted before this instant has been handed out.
    """

    def __init__(self, scenario: Scenario, draws: Draws, codes: Codes) -> None:
        traffic = [TrafficSource(scenario, index, draws, codes) for index in range(len(scenario.traffic))]
        self.own = OwnSource()
        self.sources: tuple[Source, ...] = (FileSource(scenario, codes), *traffic, self.own)
        self._buffers: list[Columns | None] = [None] * len(self.sources)
        self._open = [True] * len(self.sources)
        self._handed_out = 0
        self._rest: Columns | None = None
        self._end = scenario.horizon + 1
        self._merged_until = 0
        self.known_until = 0

    def chunk(self) -> Columns | None:
        """The next emails in the order of L7, None when there are no more; moves `known_until`."""
        if self._rest is not None:
            rest, self._rest = self._rest, None
            self.known_until = self._merged_until
            return rest
        for index in range(len(self.sources)):
            self._fill(index)
        open_ends = [
            int(buffer["submitted"][-1]) for buffer, more in zip(self._buffers, self._open, strict=True) if more and buffer is not None
        ]
        self._merged_until = self.known_until = min(open_ends, default=self._end)
        return self._merge(self._merged_until)

    def give_back(self, columns: Columns) -> None:
        """Take back emails that were handed out and lie in the future."""
        if not len(columns["submitted"]):
            return
        if self._rest is not None:
            columns = {name: np.concatenate((columns[name], self._rest[name])) for name in RAW_COLUMNS}
        self._rest = columns
        self.known_until = int(columns["submitted"][0])

    def _fill(self, index: int) -> None:
        """See to it that an open source's buffer holds more than one instant, so that merging can go on."""
        while self._open[index]:
            buffer = self._buffers[index]
            if buffer is not None and len(buffer["submitted"]) and buffer["submitted"][-1] > buffer["submitted"][0]:
                return
            block = self.sources[index].block()
            if block is None:
                self._open[index] = False
                return
            block["source"] = np.full(len(block["number"]), index)
            self._buffers[index] = block if buffer is None else {name: np.concatenate((buffer[name], block[name])) for name in block}

    def _merge(self, until: int) -> Columns | None:
        parts = []
        for index, buffer in enumerate(self._buffers):
            if buffer is None:
                continue
            size = int(np.searchsorted(buffer["submitted"], until, side="left"))
            parts.append({name: column[:size] for name, column in buffer.items()})
            self._buffers[index] = {name: column[size:] for name, column in buffer.items()}
        if not parts:
            return None
        merged = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        order = np.argsort(merged["submitted"], kind="stable")  # parts lie in the order of their sources
        merged = {name: column[order] for name, column in merged.items()}
        merged["rank"] = np.arange(self._handed_out, self._handed_out + len(order))
        self._handed_out += len(order)
        return merged


def _narrowest(choices: Sequence[object]) -> str:
    """The type code of an array that can hold the place of each choice."""
    return "B" if len(choices) <= 1 << 8 else "H"


def _append(column: array[int], places: np.ndarray) -> None:
    column.frombytes(places.astype(column.typecode).tobytes())


def _weighted(uniforms: np.ndarray, weights: list[float]) -> np.ndarray:
    """Choices by weight, one for each uniform number."""
    bounds = np.cumsum(weights) / sum(weights)
    return np.minimum(np.searchsorted(bounds, uniforms, side="right"), len(weights) - 1)
