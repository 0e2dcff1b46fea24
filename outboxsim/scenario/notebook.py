"""How a scenario looks in a notebook: what its file says, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from outboxsim.markup import block, facts, folded, paragraph, table
from outboxsim.quantities import format_duration
from outboxsim.scenario.words import in_yaml, listed

if TYPE_CHECKING:
    from outboxsim.scenario.scenario import Scenario

#: Keys of connectors and traffic that are told beside the table, or that name its rows.
_ELSEWHERE: Final = frozenset({"name", "description"})
_MOST_LINES: Final = 20


def scenario_html(scenario: Scenario) -> str:
    """A scenario: when and who, its connectors and traffic as they were written, its retry pattern, what happens and what is expected."""
    written = scenario.written
    return block(
        "scenario",
        scenario.name or "(no name)",
        paragraph(scenario.description),
        facts(_facts(scenario)),
        _table("Connectors", written.get("connectors"), scenario.connectors),
        _table("Traffic", {one.get("name"): one for one in written.get("traffic") or ()}, [one.name for one in scenario.traffic]),
        folded(f"Retry pattern {scenario.retry.name}".rstrip(), scenario.retry._repr_html_()),
        _lines("Timeline", written.get("timeline") or ()),
        _lines("Expectations", written.get("expect") or ()),
    )


def _facts(scenario: Scenario) -> list[tuple[str, object]]:
    clock, users = scenario.clock, scenario.users
    admins = [name for name, user in users.items() if user.admin]
    people = [_counted(len(scenario.teams), "team"), _counted(len(users), "user"), *([f"admins: {listed(admins)}"] if admins else [])]
    emails = [
        f"{len(scenario.emails):,} listed",
        *([f"traffic: {listed([one.name for one in scenario.traffic])}"] if scenario.traffic else []),
    ]
    limit = "" if scenario.attempt_limit is None else f", at most {scenario.attempt_limit} attempts"
    return [
        ("When", f"{format_duration(scenario.horizon)} from {clock.iso(0)} ({scenario.time_zone}), seed {scenario.seed}"),
        ("People", "; ".join(people)),
        ("Emails", "; ".join(emails)),
        ("Retry", f"{scenario.retry.name or repr(scenario.retry)}{limit}"),
    ]


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else one + 's'}"


def _table(caption: str, written: Any, names: Iterable[str]) -> str:
    """Things by name, with a column for each key that one of them writes."""
    things = {name: _mapping(written, name) for name in names}
    if not things:
        return ""
    keys = [key for key in dict.fromkeys(key for thing in things.values() for key in thing) if key not in _ELSEWHERE]
    rows = [[name, *(_value(thing[key]) if key in thing else "" for key in keys)] for name, thing in things.items()]
    return table(["name", *keys], rows, caption=caption, left=len(keys) + 1)


def _mapping(written: Any, name: str) -> Mapping[str, Any]:
    thing = written.get(name) if isinstance(written, Mapping) else None
    return thing if isinstance(thing, Mapping) else {}


def _value(value: Any) -> str:
    """A value as its file has it, without brackets; of a long list how many there are."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_value(part)}" for key, part in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        is_long = len(value) > 3 or any(isinstance(part, Mapping) for part in value)
        return f"{len(value)} of them" if is_long and len(value) > 1 else ", ".join(map(_value, value))
    return in_yaml(value)


def _lines(title: str, entries: Sequence[Any]) -> str:
    """Entries of a list as they were written, the first of many; nothing if there are none."""
    if not entries:
        return ""
    rows = [(str(number), _value(entry)) for number, entry in enumerate(entries[:_MOST_LINES])]
    notes = [f"The first {_MOST_LINES} of {len(entries):,}."] if len(entries) > _MOST_LINES else []
    return folded(f"{title} ({len(entries):,})", table(["", "entry"], rows, notes=notes, left=2))
