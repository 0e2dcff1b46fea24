"""How studies show their values: numbers with their units, tables of text for terminals and of HTML for notebooks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from outboxsim.analysis.intervals import Interval
from outboxsim.analysis.metrics import Kind, Value, kind_of
from outboxsim.markup import table, visible
from outboxsim.quantities import format_duration

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
#: A half-width below this part of its mean is what floating point leaves of equal values.
_ROUNDING: Final = 1e-12

#: The unit of numbers in tables, and what a value as metrics give it is divided by.
UNITS: Final[dict[Kind, tuple[str, float]]] = {"count": ("", 1), "number": ("", 1), "share": ("share", 1), "duration": ("s", SECOND)}


def unit_of(metric: str) -> str:
    """The unit of a metric in tables: ``s``, ``share``, or nothing for counts and ratios."""
    return UNITS[kind_of(metric)][0]


def in_unit(value: float, metric: str) -> float:
    """A value of a metric in the unit of tables: durations in seconds."""
    return value / UNITS[kind_of(metric)][1]


# Numbers in words -------------------------------------------------------------------------------------------------------------------


def value_in_words(value: Value, kind: Kind) -> str:
    """A value as a person wants it: durations without the small parts that nobody wants to read behind large ones."""
    if value is None:
        return "null"
    if math.isnan(value) or math.isinf(value):
        return "∞" if value == math.inf else "-∞" if value == -math.inf else "-"
    match kind:
        case "duration":
            return _duration(value, _step(abs(value) / 100))
        case "share":
            return f"{100 * value:.4g} %"
        case _:
            return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def interval_in_words(interval: Interval, kind: str) -> str:
    """A mean and its half-width, both to the second digit of the half-width; long durations to the second or minute."""
    mean, half = interval.mean, interval.half_width
    if kind == "duration":
        step = _step(half)
        return f"{_duration(mean, step)} ± {'∞' if math.isinf(half) else _duration(half, step)}"
    scale, unit = (100, " %") if kind == "share" else (1, "")
    mean, half = scale * mean, scale * half
    if half <= _ROUNDING * abs(mean):
        half = 0.0
    if half == 0 or math.isinf(half):
        return f"{mean:.10g}{unit} ± {'∞' if half else 0}{unit}"
    digits = min(max(1 - math.floor(math.log10(half)), 0), 10)
    return f"{mean:.{digits}f}{unit} ± {half:.{digits}f}{unit}"


def difference_in_words(interval: Interval, kind: str) -> str:
    """The same for a difference, whose sign is told."""
    words = interval_in_words(interval, kind)
    return words if words.startswith("-") else f"+{words}"


def _step(half: float) -> int:
    """To what a duration is rounded, µs, when its half-width is this."""
    if math.isinf(half) or half < 100:
        return 1
    if half >= 10 * SECOND:
        return MINUTE if half >= 10 * MINUTE else SECOND
    return int(10 ** (math.floor(math.log10(half)) - 1))


def _duration(us: float, step: int) -> str:
    return format_duration(math.floor(us / step + 0.5) * step)


def share_in_words(share: float) -> str:
    """A confidence or a precision: ``95 %``."""
    return f"{100 * share:.10g} %"


def counted(number: int, one: str, more: str | None = None) -> str:
    """``1 replication``, ``2 replications``."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


# Tables -----------------------------------------------------------------------------------------------------------------------------


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Columns under a header; the first `left` of them begin together, the others end together. Text that could steer is escaped."""
    lines = [[visible(cell) for cell in line] for line in [header, *rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "   ".join(
            cell.ljust(width) if column < left else cell.rjust(width) for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


class Sheet(NamedTuple):
    """A table as people see it: a caption, a header, rows, and notes below; the first `left` columns hold words."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    left: int = 1


class Shown:
    """What a study looks like: `_sheets` gives its tables, and text and HTML are made of them."""

    def _sheets(self) -> Sequence[Sheet]:
        raise NotImplementedError

    def __str__(self) -> str:
        parts = []
        for sheet in self._sheets():
            drawn = [text_table(sheet.header, sheet.rows, left=sheet.left)] if sheet.rows else []
            parts.append("\n".join([visible(sheet.caption), *drawn, *map(visible, sheet.notes)]))
        return "\n\n".join(parts)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return "".join(
            table(sheet.header, sheet.rows, caption=sheet.caption, notes=sheet.notes, left=sheet.left) for sheet in self._sheets()
        )


def plain_number(value: Any) -> Any:
    """A number for JSON, which knows no infinity and no nan."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
