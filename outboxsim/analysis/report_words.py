"""How the tables of a report read: columns as words, numbers with their units, nothing where there is nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import pandas as pd

from outboxsim.analysis.columns import HOUR, MINUTE, SECOND
from outboxsim.analysis.metrics import kind_of
from outboxsim.analysis.showing import value_in_words
from outboxsim.quantities import format_duration

NOTHING: Final = "–"

#: Columns of numbers that are shares.
_SHARES: Final = frozenset({"share", "failure_share", "load", "sent_so_far"})
#: Columns of words of the specification, in which an underscore is a blank.
_WORDS: Final = frozenset({"status", "outcome"})
#: What it says where a column has no value.
_ABSENT: Final = {"backlog_drain": "not by the end", "ended": "goes on", "by": "from the start"}
_HEADERS: Final = {
    "not_sent": "not sent",
    "sent_after": "sent after (median)",
    "sent_so_far": "sent so far",
    "latency_p50": "latency p50",
    "latency_p95": "latency p95",
    "lasted": "length",
    "by": "disabled by",
    "connector_disabled": "disabled connector",
    "disabled": "time disabled",
    "in_outage": "time in outage",
}


class Cells(NamedTuple):
    """A table in words: a header, rows, and which of the columns hold words (the others numbers)."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: Sequence[int]


def in_words(table: pd.DataFrame, most: int | None = None) -> Cells:
    """A report's table as people read it; of a long one the first `most` rows.

    A column is written by its type and name: durations with their units, instants to the second, shares as percentages. A named index is
    the first column.
    """
    shown = table if table.index.name is None else table.reset_index()
    shown = shown if most is None else shown.head(most)
    columns = [_column(str(name), shown[name]) for name in shown.columns]
    if list(shown.columns) == ["metric", "value", "unit"]:
        columns[1:] = [_metrics(shown)]
    header = [_HEADERS.get(str(name), str(name).replace("_", " ")) for name in shown.columns][: len(columns)]
    words = [place for place, name in enumerate(shown.columns[: len(columns)]) if _holds_words(shown[name])]
    return Cells(header, list(zip(*columns, strict=True)), words)


def _holds_words(column: pd.Series[Any]) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_timedelta64_dtype(column))


def _metrics(table: pd.DataFrame) -> list[str]:
    """Each metric in its own unit."""
    cells = []
    for name, value, unit in table.itertuples(index=False):
        kind = kind_of(name)
        if value != value:  # noqa: PLR0124 - nan
            cells.append(NOTHING)
            continue
        match kind:
            case "duration":
                cells.append(span(round(value * SECOND)))
            case "share":
                cells.append(percent(value))
            case _:
                cells.append(f"{value_in_words(int(value) if kind == 'count' else value, kind)} {unit}")
    return cells


def _column(name: str, column: pd.Series[Any]) -> list[str]:
    nothing = _ABSENT.get(name, NOTHING)
    return [nothing if absent else _writer(name, column)(value) for value, absent in zip(column, column.isna(), strict=True)]


def span(us: int) -> str:
    """A duration without the small parts that nobody wants to read behind large ones."""
    unit = next((unit for least, unit in ((10 * HOUR, MINUTE), (MINUTE, SECOND), (SECOND, 1_000)) if us >= least), 1)
    return format_duration((us + unit // 2) // unit * unit)


def percent(share: float) -> str:
    """A share as a person reads it; nearly all is not all, and hardly any is not none."""
    percent = 100 * share
    return f"{percent:.1f} %" if 0.1 <= percent <= 99.9 else f"{percent:.4g} %" if percent > 1 else f"{percent:.2g} %"


def _writer(name: str, column: pd.Series[Any]) -> Callable[[Any], str]:
    """How the values of a column are written."""
    if pd.api.types.is_timedelta64_dtype(column):
        return lambda value: span(value // pd.Timedelta(1, "us"))
    if pd.api.types.is_datetime64_any_dtype(column):
        return lambda value: str(value.strftime("%Y-%m-%d %H:%M:%S"))
    if name in _SHARES:
        return percent
    if pd.api.types.is_float_dtype(column):
        return lambda value: value_in_words(float(value), "number")
    if name == "code":
        return str
    if pd.api.types.is_integer_dtype(column):
        return lambda value: f"{value:,}"
    return lambda value: (str(value).replace("_", " ") if name in _WORDS else str(value)) or NOTHING
