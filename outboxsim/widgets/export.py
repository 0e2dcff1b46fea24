"""What was done in a session as a scenario file that replays it, tried out before it is handed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from outboxsim.engine import Simulation
from outboxsim.engine.journal import Action
from outboxsim.errors import OutboxsimError, QuantityError, ScenarioInvalid
from outboxsim.quantities import Clock, format_duration
from outboxsim.retry import PRESETS, RetryPattern
from outboxsim.scenario import Email, Scenario, Settings, loads
from outboxsim.scenario.load import MOST_EMAILS
from outboxsim.scenario.outages import DEFAULT_ERRORS
from outboxsim.scenario.words import printable
from outboxsim.scenario.yaml_events import read_yaml
from outboxsim.scenario.yaml_writer import NotWritable, write_yaml
from outboxsim.widgets.file_text import FileText, NotChangeable

if TYPE_CHECKING:
    import pandas as pd

_TABLES: Final = ("emails", "attempts", "events")

#: The first line of every exported file; a file exported from one that was exported says it once.
_HEAD: Final = "# A session of outboxsim, written down so that a run of this file replays it."


class NotExportable(OutboxsimError, ValueError):
    """No scenario file replays what was done; the message says why."""


@dataclass(frozen=True, slots=True)
class Course:
    """What is exported.

    Attributes
    ----------
    present
        The simulation as it stands.
    actions
        All actions, in order.
    until
        How far the file has to give the same tables, in microseconds since the start.
    simulate
        Makes the run anew up to `until`.
    """

    present: Simulation
    actions: Sequence[Action]
    until: int
    simulate: Callable[[], Simulation]


def exported(
    course: Course,
    *,
    name: str | None = None,
    description: str | None = None,
    expect: Sequence[Mapping[str, Any]] | None = None,
) -> str:
    """The text of a scenario file that replays a course of events; see `Session.export`."""
    simulation = course.present
    if simulation.replication:
        raise NotExportable(f"the session plays replication {simulation.replication} of its scenario, and a run of a file is replication 0")
    changes = {"name": name, "description": description, "seed": simulation.seed if simulation.seed != simulation.scenario.seed else None}
    replaced: dict[str, Any] = {key: value for key, value in changes.items() if value is not None}
    scenario = simulation.scenario
    added = {"expect": list(expect or ())}
    if course.actions and scenario.written.get("expect"):
        replaced |= added  # those of the scenario are about a run in which nobody acts
    try:
        added["timeline"] = [entry_of(action, scenario.clock) for action in course.actions]
        text, loaded = _text(scenario, replaced, {key: values for key, values in added.items() if key not in replaced})
    except NotWritable as problem:
        raise NotExportable(f"{problem}: it was given as a Python value; give it as a file writes it") from None
    _try_out(loaded, course)
    return f"{_header(course, loaded)}{text}"


# Entries ----------------------------------------------------------------------------------------------------------------------------


def entry_of(action: Action, clock: Clock) -> dict[str, Any]:
    """An action as an entry of a timeline."""
    entry: dict[str, Any] = {"at": _instant(action.at, clock)}
    match action.verb:
        case "submit":
            entry["submit"] = _submission(action, clock)
        case "outage":
            entry |= _outage(action)
        case "change":
            (settings,) = action.targets
            if isinstance(settings, Settings):
                raise NotWritable(f"the settings of {clock.iso(action.at)}")
            entry["set"] = settings
        case "assign":
            entry["assign"] = dict([action.targets])
        case "merge":
            entry["merge"] = list(action.targets)
        case verb:
            entry[verb] = action.targets[0] if len(action.targets) == 1 else list(action.targets)
    if action.by is not None or action.verb not in ("submit", "outage"):
        entry["by"] = action.by
    if action.refused is not None:
        entry["refused"] = str(action.refused) if len(action.answers) == 1 else {key: str(value) for key, value in action.refusals.items()}
    return entry


def _instant(t: int, clock: Clock) -> str:
    """An instant as ISO has it; as a duration since the start where a time zone is so old that its offset has seconds."""
    iso = clock.iso(t)
    try:
        return iso if clock.moment(iso) == t else format_duration(t)
    except QuantityError:
        return format_duration(t)


def _submission(action: Action, clock: Clock) -> dict[str, Any]:
    said = dict(action.arguments)
    said["attachments"] = [{"name": name, "size": size} for name, size in said["attachments"]]
    said["send_at"] = None if said["send_at"] is None else _instant(said["send_at"], clock)
    usual = {"priority": "normal"}
    email = {"id": action.targets[0], **{key: _listed(value) for key, value in said.items() if value and value != usual.get(key)}}
    return email if action.by is not None else {**email, "system": True}


def _listed(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def _outage(action: Action) -> dict[str, Any]:
    said = action.arguments
    entry = {"outage": action.targets[0]}
    if said["duration"] is not None:
        entry["for"] = format_duration(said["duration"])
    if said["kind"] != "refuse":
        entry["kind"] = said["kind"]
    if said["error"] != DEFAULT_ERRORS.get(said["kind"]):
        entry["error"] = said["error"]
    return entry


# The text ---------------------------------------------------------------------------------------------------------------------------


def _header(course: Course, loaded: Scenario) -> str:
    count = len(course.actions)
    done = {0: "Nothing was done in it", 1: "What was done is the last entry of its timeline"}
    lines = [
        _HEAD,
        f"# {done.get(count, f'What was done are the last {count} entries of its timeline')}; it came to {loaded.clock.iso(course.until)}.",
    ]
    if count and course.present.scenario.written.get("expect"):
        lines.append("# The expectations of the scenario itself are left out: they are about a run in which nobody acts.")
    if "emails_file" in loaded.written:
        lines.append(f"# It belongs into the folder of its emails_file, {printable(str(loaded.written['emails_file']))}.")
    return "".join(f"{line}\n" for line in (*lines, ""))


def _text(scenario: Scenario, replaced: Mapping[str, Any], added: Mapping[str, list[Any]]) -> tuple[str, Scenario]:
    """The text, and what is loaded from it: the scenario's own file with the changes, or the same content written anew."""
    written = _content(scenario, replaced, added)
    try:
        text = _kept(scenario, replaced, added, written)
        loaded = _loaded(text, scenario)
        if loaded.emails == scenario.emails:
            return text, loaded
    except (NotChangeable, OSError, UnicodeDecodeError, NotExportable):
        pass  # the file has gone, has changed since, or is written in another way
    text = _anew(scenario, written)
    return text, _loaded(text, scenario)


def _loaded(text: str, scenario: Scenario) -> Scenario:
    folder = None if scenario.source is None else Path(scenario.source.file).parent
    try:
        return loads(text, file="<export>", folder=folder, max_emails=max(MOST_EMAILS, 2 * len(scenario.emails)))
    except ScenarioInvalid as invalid:
        raise NotExportable(f"a scenario file cannot say it: {invalid}") from None


def _content(scenario: Scenario, replaced: Mapping[str, Any], added: Mapping[str, list[Any]]) -> dict[str, Any]:
    """The keys of the file but for its emails, as plain values."""
    content = {key: _pattern(value, scenario) for key, value in scenario.written.items()}
    content |= replaced
    for key, values in added.items():
        if values:
            content[key] = [*content.get(key, ()), *values]
    return content


def _pattern(value: Any, scenario: Scenario) -> Any:
    """A retry pattern given as a Python value by its name, if the file or the presets know it by that."""
    if isinstance(value, RetryPattern) and {**PRESETS, **scenario.retry_patterns}.get(value.name) == value:
        return value.name
    return value


def _kept(scenario: Scenario, replaced: Mapping[str, Any], added: Mapping[str, list[Any]], written: Mapping[str, Any]) -> str:
    """The scenario's own file with what has changed; its emails stay where they are."""
    if scenario.source is None:
        raise NotChangeable("there is no file")
    before = Path(scenario.source.file).read_text(encoding="utf-8")
    text = FileText(_without_header(before))
    for key, value in replaced.items():
        text.put(key, value)
    for key, values in added.items():
        if values:
            text.extend(key, values)
    now = read_yaml(str(text)).value
    if {key: value for key, value in now.items() if key != "emails"} != _plain(written):
        raise NotChangeable("it says something else")
    return str(text)


def _without_header(text: str) -> str:
    return text.partition("\n\n")[2] if text.startswith(_HEAD) else text


def _plain(value: Any) -> Any:
    """Values as a file gives them back: tuples are lists."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _anew(scenario: Scenario, written: Mapping[str, Any]) -> str:
    """The same content in the order of the format, emails of an emails_file among the others."""
    content = {key: value for key, value in written.items() if key != "emails_file"}
    if scenario.emails:
        content["emails"] = [dict(_email(email, scenario.clock)) for email in scenario.emails]
    order = {key: number for number, key in enumerate(Scenario.keys_in_file())}
    return write_yaml(dict(sorted(content.items(), key=lambda entry: order[entry[0]])))


def _email(email: Email, clock: Clock) -> Iterator[tuple[str, Any]]:
    yield "id", email.id
    yield "at", format_duration(email.at)
    if email.from_ is not None:
        yield "from", email.from_
    for key in ("from_address", "to", "cc", "bcc", "subject", "body", "work_item", "migrated", "system", "scheduled_by", "via"):
        value = _listed(getattr(email, key))
        if value:
            yield key, value
    if email.priority.word != "normal":
        yield "priority", email.priority.word
    if email.attachments:
        yield "attachments", [{"name": one.name, "size": one.size} for one in email.attachments]
    if email.send_at is not None:
        yield "send_at", _instant(email.send_at, clock)


# Trying it out ----------------------------------------------------------------------------------------------------------------------


def _try_out(loaded: Scenario, course: Course) -> None:
    """Run what was loaded from the text, and compare its tables with those of the course."""
    run = Simulation(loaded, max_events=course.present.max_events)
    run.run_until(course.until)
    original = course.present if course.present.elapsed == course.until else course.simulate()
    mine, theirs = original.result, run.result
    for name in _TABLES:
        difference = _difference(getattr(mine, name), getattr(theirs, name))
        if difference:
            raise NotExportable(f"the file would not give the same run: {name} {difference}")


def _difference(mine: pd.DataFrame, theirs: pd.DataFrame) -> str:
    """What differs between two tables, empty if nothing does."""
    if mine.equals(theirs):
        return ""
    if len(mine) != len(theirs):
        return f"has {len(theirs)} rows in place of {len(mine)}"
    column = next(name for name in mine.columns if not mine[name].equals(theirs[name]))
    pairs = zip(mine[column].astype(str), theirs[column].astype(str), strict=True)
    row, one, other = next(((row, one, other) for row, (one, other) in enumerate(pairs) if one != other), (0, "", ""))
    return f"has {other!r} in place of {one!r} in row {row}, column {column}"
