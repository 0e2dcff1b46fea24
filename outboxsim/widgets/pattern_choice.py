"""Choosing a retry pattern in Builder: from a name or a text to a setting, and the schedule that comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from outboxsim.errors import QuantityError, ScenarioInvalid
from outboxsim.quantities import format_duration, parse_duration
from outboxsim.retry import PRESETS, RetryPattern, Table
from outboxsim.scenario.yaml_events import read_yaml
from outboxsim.widgets.chart_words import labels_of
from outboxsim.widgets.drawing import SCHEDULE, draw_schedule
from outboxsim.widgets.screens.builder_forms import SchedulePreview
from outboxsim.widgets.studio import STUDIO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from outboxsim.retry import Row, Schedule
    from outboxsim.scenario import Scenario
    from outboxsim.widgets.words import Words

#: Rows of a schedule that the table shows.
MOST_ROWS: Final = 20
#: More attempts than this are no schedule that anybody reads.
_MOST_ATTEMPTS: Final = 400


class Misread(ValueError):
    """A text in a form that means nothing; the message says why."""


def raw_value(text: str) -> Any:
    """What a text of a form would be in a scenario file; raises `Misread` if it is no YAML."""
    document = read_yaml(text)
    if document.faults or not document.is_whole:
        raise Misread(document.faults[0].message if document.faults else text)
    return document.value


def raw_pattern(text: str) -> Any:
    """The value of a ``retry:`` key that a text means: a name, ``1 min, 5 min``, or any YAML; raises `Misread`."""
    value = raw_value(text)
    if value is None:
        raise Misread("")
    if isinstance(value, str):
        delays = [part.strip() for part in value.split(",")]
        if all(map(_is_duration, delays)):
            return delays
    return value


def text_of_pattern(pattern: RetryPattern) -> str | None:
    """A pattern that is nothing but a table of delays as it can be typed; None for any other."""
    rule = pattern.rule
    if isinstance(rule, Table) and not rule.repeat_last and pattern == RetryPattern(rule):
        return ", ".join(map(format_duration, rule.delays))
    return None


def _is_duration(text: str) -> bool:
    try:
        parse_duration(text)
    except QuantityError:
        return False
    return True


def names_of_patterns(scenario: Scenario) -> dict[str, RetryPattern]:
    """All patterns that have a name; the file's go before presets of the same name."""
    return {**scenario.retry_patterns, **{name: pattern for name, pattern in PRESETS.items() if name not in scenario.retry_patterns}}


def faults_of(error: ScenarioInvalid) -> str:
    """What is wrong, without places: there is no file."""
    return "; ".join(dict.fromkeys(fault.message for fault in error.faults))


@dataclass(slots=True)
class _Sketch:
    """A schedule that was asked for, and its picture once it is drawn."""

    schedule: Schedule
    limit: int | None
    title: str
    source: str = ""


class Sketches:
    """The schedule last asked for of each form, drawn beside the kernel's loop if there is one.

    Parameters
    ----------
    refresh
        Called when a picture is done.
    """

    def __init__(self, refresh: Callable[[], None]) -> None:
        self._refresh = refresh
        self._sketches: dict[str, _Sketch] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def forget(self) -> None:
        """Show no schedules."""
        self._sketches.clear()

    def ask(self, form: str, pattern: RetryPattern, limit: int | None, title: str, words: Words) -> None:
        """Show the schedule of a pattern in a form; `limit` attempts at most."""
        schedule = pattern.schedule(max_rows=_MOST_ATTEMPTS if limit is None else min(limit, _MOST_ATTEMPTS))
        sketch = self._sketches[form] = _Sketch(schedule, limit, title)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            sketch.source = draw_schedule(schedule, labels_of(words)).source
            return
        task = loop.create_task(self._draw(sketch, words))
        self._tasks.add(task)  # a loop keeps no task alive
        task.add_done_callback(self._tasks.discard)

    async def _draw(self, sketch: _Sketch, words: Words) -> None:
        drawn = await STUDIO.draw(draw_schedule, sketch.schedule, labels_of(words))
        sketch.source = drawn.source
        self._refresh()

    def preview(self, form: str, words: Words) -> SchedulePreview | None:
        """What a form shows; None if no schedule was asked for."""
        sketch = self._sketches.get(form)
        if sketch is None:
            return None
        schedule = sketch.schedule
        header, rows = _table(words, schedule[:MOST_ROWS], has_jitter=schedule.has_jitter)
        width, height = SCHEDULE.pixels
        more = len(schedule) - len(rows)
        return SchedulePreview(sketch.title, header, rows, more, _ending(words, sketch), sketch.source, width, height)


def _table(words: Words, rows: Sequence[Row], *, has_jitter: bool) -> tuple[list[str], list[list[str]]]:
    header = [words("Attempt"), words("Earliest"), words("Median"), words("Latest")] if has_jitter else [words("Attempt"), words("After")]
    cells = [(row.minimum, row.median, row.maximum) if has_jitter else (row.median,) for row in rows]
    return header, [[words.number(row.attempt), *map(words.duration, instants)] for row, instants in zip(rows, cells, strict=True)]


def _ending(words: Words, sketch: _Sketch) -> str:
    """What comes after the last attempt."""
    schedule = sketch.schedule
    if schedule.gives_up:
        return words("then it gives up")
    if sketch.limit is not None and len(schedule) >= sketch.limit:
        return words("then the maximal attempts are reached")
    return words("and so on")
