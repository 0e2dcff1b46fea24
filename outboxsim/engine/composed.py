"""An email that is submitted while the run goes: looked at as a whole before anything happens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from outboxsim.engine.arrivals import EmailText, Source
from outboxsim.outbox import Priority
from outboxsim.scenario import Scenario, SubmitEntry
from outboxsim.scenario.addresses import read_address, read_addresses, read_recipients
from outboxsim.scenario.readers import read_name, read_whole
from outboxsim.scenario.scope import SENDING_VERBS
from outboxsim.scenario.words import listed

#: Ids that the system gives to the emails it sends (E2).
_SYSTEMS_OWN: Final = re.compile(rf"(.+)-(?:{'|'.join(SENDING_VERBS)})-[0-9]+")


@dataclass(frozen=True, slots=True)
class Composed:
    """What the desk needs of an email: its texts and where it belongs, names checked and route chosen."""

    text: EmailText
    sender: str | None
    work_item: str | None
    connector: str
    send_at: int | None
    priority: Priority


def composed(
    scenario: Scenario,
    sources: Sequence[Source],
    email: str,
    *,
    sender: str | None,
    to: str | Sequence[str],
    cc: str | Sequence[str],
    bcc: str | Sequence[str],
    subject: str,
    body: str,
    from_address: str | None,
    attachments: Sequence[tuple[str, int]],
    work_item: str | None,
    priority: str,
    send_at: int | None,
    via: str | None,
) -> Composed:
    """An email with all that it says.

    Raises
    ------
    ValueError
        With everything that is wrong: what a scenario file would not take, names that the scenario does not know, an id that
        is taken.
    """
    faults = list(_unknown_names(scenario, sender, work_item, via))
    faults += faults_of_id(scenario, sources, email)
    if sender is None and send_at is not None:
        faults.append("a system-generated email is not scheduled (E2)")

    def read(what: str, reader: Callable[[Any], Any], value: Any) -> Any:
        try:
            return reader(value)
        except ValueError as error:
            faults.append(f"{what}: {error}")
            return None

    if from_address is None and sender in scenario.users:
        from_address = scenario.users[sender].address
    text = EmailText(
        read("id", read_name, email),
        read("to", _each(read_recipients), to),
        read("cc", _each(read_addresses), cc),
        read("bcc", _each(read_addresses), bcc),
        read("subject", _read_text, subject),
        read("body", _read_text, body),
        None if from_address is None else read("from_address", read_address, from_address),
        tuple((read("attachments", read_name, name), read("attachments", read_whole, size)) for name, size in attachments),
    )
    rank = read("priority", _read_priority, priority)
    if faults:
        raise ValueError("; ".join(faults))
    return Composed(text, sender, work_item, scenario.route(via, text.from_address), send_at, rank)


def composed_in_file(scenario: Scenario, entry: SubmitEntry) -> Composed:
    """The email of a timeline's entry, which the file's reader has looked at."""
    said = entry.submit
    address = said.from_address
    if address is None and entry.by is not None and not said.system:
        address = scenario.users[entry.by].address
    attachments = tuple((attachment.name, attachment.size) for attachment in said.attachments)
    text = EmailText(said.id, said.to, said.cc, said.bcc, said.subject, said.body, address, attachments)
    sender = None if said.system else entry.by
    return Composed(text, sender, said.work_item, scenario.route(said.via, address), said.send_at, said.priority)


def _unknown_names(scenario: Scenario, sender: str | None, work_item: str | None, via: str | None) -> Iterator[str]:
    for value, kind, known in (
        (sender, "user", scenario.users),
        (work_item, "work item", scenario.work_items),
        (via, "connector", scenario.connectors),
    ):
        if value is not None and value not in known:
            yield f"{value!r} is no {kind} of the scenario (known: {listed(known)})"


def faults_of_id(scenario: Scenario, sources: Sequence[Source], email: str) -> Iterator[str]:
    """Why no further email may have this id: the system or somebody else has it, or will."""
    systems_own = _SYSTEMS_OWN.fullmatch(email)
    if systems_own is not None and systems_own[1] in scenario.work_items:
        yield f"{email!r} is the id of an email that the system sends; write another one"
    elif any(source.number_of(email) is not None for source in sources) or any(
        isinstance(entry, SubmitEntry) and entry.submit.id == email for entry in scenario.timeline
    ):
        yield f"the email id {email!r} is taken; ids are unique"


def _each(reader: Callable[[Any], tuple[str, ...]]) -> Callable[[str | Sequence[str]], tuple[str, ...]]:
    """A reader of addresses that takes them as any sequence, and looks at one after the other."""

    def read(value: str | Sequence[str]) -> tuple[str, ...]:
        return reader(value if isinstance(value, str) else [read_address(one) for one in value])

    return read


def _read_text(value: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    value.encode()  # half a character, as a browser may send it, could stand in no file
    return value


def _read_priority(value: str) -> Priority:
    if value not in Priority.words():
        raise ValueError(f"{value!r} is no priority (possible: {', '.join(Priority.words())})")
    return Priority.of(value)
