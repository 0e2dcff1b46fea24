"""Loading: from a file, a text or Python values to a Scenario, or to every fault at once."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from outboxsim.errors import Fault, ScenarioInvalid
from outboxsim.retry.faults import path_text
from outboxsim.scenario.emails import Email, read_emails
from outboxsim.scenario.emails_file import read_emails_file
from outboxsim.scenario.expectations import AnyExpectation, Expectation
from outboxsim.scenario.flaws import Flaw, file_faults, flaws_of
from outboxsim.scenario.places import Loc, Source
from outboxsim.scenario.scenario import Scenario
from outboxsim.scenario.scope import Scope, scope_of
from outboxsim.scenario.texts import TextFault, control_characters, decoded
from outboxsim.scenario.timeline import Settings
from outboxsim.scenario.words import printable, shown
from outboxsim.scenario.yaml_events import Document, read_yaml

#: spec/scenario.md section 4.
MOST_EMAILS: Final = 1_000_000
MOST_BYTES: Final = 16 * 1024 * 1024


def load(path: str | os.PathLike[str], *, max_emails: int = MOST_EMAILS) -> Scenario:
    """Load a scenario file.

    Parameters
    ----------
    path
        A ``*.outbox.yaml`` file.
    max_emails
        The most emails that file and emails_file may hold together.

    Returns
    -------
    Scenario

    Raises
    ------
    ScenarioInvalid
        If the file or its emails_file is invalid; it holds every fault with line and column.
    OSError
        If the file itself cannot be read.
    """
    file = os.fspath(path)
    with open(path, "rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ScenarioInvalid([_too_large(file)])
    text, faults = decoded(content)
    if faults:
        raise ScenarioInvalid(list(_text_faults(faults, file)))
    return _scenario_of_text(text, file, Path(path).parent, max_emails)


def loads(text: str, *, file: str = "<text>", folder: str | os.PathLike[str] | None = None, max_emails: int = MOST_EMAILS) -> Scenario:
    """Load a scenario from a text.

    Parameters
    ----------
    text
        What a scenario file holds.
    file
        How faults call it.
    folder
        Where an emails_file is looked for; without it one is refused.
    max_emails
        The most emails.

    Raises
    ------
    ScenarioInvalid
        If it is invalid; it holds every fault with line and column.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MOST_BYTES:
        raise ScenarioInvalid([_too_large(file)])
    faults = control_characters(text)
    if faults:
        raise ScenarioInvalid(list(_text_faults(faults, file)))
    return _scenario_of_text(text, file, None if folder is None else Path(folder), max_emails)


def scenario_of_mapping(mapping: Mapping[str, Any], *, folder: str | None = None, max_emails: int = MOST_EMAILS) -> Scenario:
    """A scenario from Python values; see `Scenario.from_mapping`."""
    raw = _as_in_a_file(mapping)
    scenario, faults = _validated(raw, Source("<mapping>"), None if folder is None else Path(folder), max_emails, set())
    if scenario is None or faults:
        raise ScenarioInvalid(faults)
    return scenario


def settings_of_mapping(changes: Mapping[str, Any], scope: Scope) -> Settings:
    """Settings from Python values; see `Scenario.settings`."""
    try:
        return Settings.model_validate(_as_in_a_file(changes), context=scope)
    except ValidationError as error:
        raise ScenarioInvalid(list(file_faults(flaws_of(error), Source("<mapping>")))) from None


def expectations_of_values(values: Sequence[Mapping[str, Any]], scope: Scope, source: Source, place: Loc) -> tuple[Expectation, ...]:
    """Expectations from Python values, whose faults stand at a place of a file; see `Scenario.expectations`."""
    try:
        expectations: tuple[Expectation, ...] = _EXPECTATIONS.validate_python(tuple(_as_in_a_file(values)), context=scope)
    except ValidationError as error:
        raise ScenarioInvalid(list(file_faults((flaw.below(*place) for flaw in flaws_of(error)), source))) from None
    for index, expectation in enumerate(expectations):
        expectation._index = index
    return expectations


_EXPECTATIONS: Final[TypeAdapter[tuple[Any, ...]]] = TypeAdapter(tuple[AnyExpectation, ...])


def _scenario_of_text(text: str, file: str, folder: Path | None, max_emails: int) -> Scenario:
    with _collector_paused():
        document = read_yaml(text)
        faults = list(_text_faults(document.faults, file))
        if not document.is_whole:
            raise ScenarioInvalid(faults)
        source = Source(file, document.root, document.root_position)
        if not isinstance(document.value, dict):
            raise ScenarioInvalid([*faults, _no_mapping(document, file)])
        scenario, more = _validated(document.value, source, folder, max_emails, document.broken)
        if scenario is None or faults or more:
            raise ScenarioInvalid([*faults, *more])
        scenario._source = source
        return scenario


def _validated(
    raw: dict[str, Any], source: Source, folder: Path | None, max_emails: int, broken: set[Loc]
) -> tuple[Scenario | None, list[Fault]]:
    """The scenario, or its faults: those of the file and those of its emails_file."""
    scope = scope_of(raw)
    scope.max_emails = max_emails
    own, flaws = _own_emails(raw, scope, max_emails)
    others = read_emails_file(raw.get("emails_file"), folder, source.file, scope, max_emails - len(own) - len(scope.submitted))
    flaws += others.flaws
    scope.read_emails = (*own, *others.emails)
    if isinstance(raw.get("emails"), list):
        raw = {**raw, "emails": []}
    scenario = None
    try:
        scenario = Scenario.model_validate(raw, context=scope)
    except ValidationError as error:
        flaws += flaws_of(error)
    told = file_faults((flaw for flaw in flaws if not _is_told(flaw.loc, broken)), source)
    return scenario, list(dict.fromkeys([*told, *others.faults]))


def _own_emails(raw: Mapping[str, Any], scope: Scope, max_emails: int) -> tuple[list[Email], list[Flaw]]:
    """The emails that the file itself holds, and what is wrong with them."""
    emails = raw.get("emails")
    listed = emails if isinstance(emails, list) else []
    number = len(listed) + len(scope.submitted)
    if number > max_emails:
        message = f"{number:,} emails are more than the {max_emails:,} allowed; --max-emails (max_emails) raises the limit"
        return [], [Flaw(("emails" if listed else "timeline",), message)]
    return read_emails(listed, scope)


def _is_told(loc: Loc, broken: set[Loc]) -> bool:
    """Whether the value at a place, or one above it, could not be read: that is a fault of the syntax already."""
    return bool(broken) and any(loc[:length] in broken for length in range(len(loc) + 1))


def _text_faults(faults: Iterable[TextFault], file: str) -> Iterator[Fault]:
    return (Fault(file, fault.line, fault.column, printable(path_text(fault.loc)), printable(fault.message)) for fault in faults)


def _too_large(file: str) -> Fault:
    return Fault(
        file, 1, 1, "", f"the file is larger than {MOST_BYTES // 1024**2} MiB; move its emails to an emails_file, or let traffic make them"
    )


def _no_mapping(document: Document, file: str) -> Fault:
    line, column = Source(file, None, document.root_position).locate(())
    what = "the file is empty" if document.value is None else f"{shown(document.value)} is no mapping"
    return Fault(file, line, column, "", f"{what}; a scenario begins with `outboxsim: 1`")


def _as_in_a_file(value: Any) -> Any:
    """Python values as a file would hold them: tuples are lists, datetimes texts, keys texts."""
    if isinstance(value, Mapping):
        return {str(key): _as_in_a_file(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_in_a_file(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Without the garbage collector, which would walk again and again through values of which all are kept."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
