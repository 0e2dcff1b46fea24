"""How retry patterns look in a notebook: what they do, and when they would try."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from outboxsim.markup import block, dots, facts, paragraph, table
from outboxsim.quantities import format_duration
from outboxsim.retry.delays import Table
from outboxsim.retry.jitter import NoJitter

if TYPE_CHECKING:
    from outboxsim.retry.pattern import RetryPattern
    from outboxsim.retry.presets import Preset
    from outboxsim.retry.schedule import Schedule

#: How far the schedule goes, and how many of its rows are shown.
_UNTIL: Final = "5 d"
_MOST_ROWS: Final = 20


def pattern_html(pattern: RetryPattern, note: str = "") -> str:
    """A pattern: its parts in words, a line of time with its attempts, and its schedule as a table."""
    schedule = pattern.schedule(_UNTIL, max_rows=_MOST_ROWS)
    return block(
        "pattern",
        f"Retry pattern {pattern.name}" if pattern.name else "Retry pattern",
        paragraph(note),
        facts(_facts(pattern)),
        _line(schedule),
        schedule_html(schedule, is_titled=False),
    )


def presets_html(presets: Mapping[str, Preset]) -> str:
    """The presets as a table."""
    rows = [(preset.name, preset.summary, preset.source) for preset in presets.values()]
    return block("presets", "Retry patterns that come with outboxsim", table(["name", "schedule", "source"], rows, left=3))


def schedule_html(schedule: Schedule, *, is_titled: bool = True) -> str:
    """A schedule as a table, with what comes after its last row."""
    header, cells = schedule.cells
    return table(header, cells, caption=schedule.title if is_titled else "", notes=[schedule.ending], left=0)


def _facts(pattern: RetryPattern) -> list[tuple[str, object]]:
    parts: list[tuple[str, object]] = [("Delays", pattern.rule)]
    if not isinstance(pattern.jitter, NoJitter):
        parts.append(("Jitter", pattern.jitter))
    ends = [f"after {pattern.max_attempts} attempts"] if pattern.max_attempts is not None else []
    ends += [f"when the email is {format_duration(pattern.max_age)} old"] if pattern.max_age is not None else []
    told = [(" or " if pattern.stop == "any" else " and ").join(ends)] if ends else []
    if not told or (isinstance(pattern.rule, Table) and not pattern.rule.repeat_last):
        told.append("where the delays end")
    parts.append(("Gives up", ", or ".join(told)))
    if pattern.scope == "connector":
        parts.append(("Counts", "connection failures for the connector"))
    if pattern.clock is not None:
        parts.append(("Clock", f"to {format_duration(pattern.clock)}"))
    return [*parts, *((name, part) for name, part in (("Scan", pattern.scan), ("Breaker", pattern.breaker)) if part is not None)]


def _line(schedule: Schedule) -> str:
    """The attempts on a line of time that ends with the last of them."""
    last = schedule[-1].median
    if not last:
        return ""
    words = f"{len(schedule)} attempts from 0 s to {format_duration(last)}"
    return dots([row.median / last for row in schedule], words)
