"""Plots of studies, from plain tables: differences between retry patterns with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from outboxsim.analysis.columns import SECOND
from outboxsim.analysis.plot_style import (
    ENGLISH,
    GRID,
    INK,
    MUTED,
    ROUND,
    SMALL,
    TEXT,
    Labels,
    dressed,
    legend,
    new_axes,
    plain_text,
    plainly,
)
from outboxsim.analysis.report_words import span
from outboxsim.analysis.showing import value_in_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: Okabe and Ito (2008): blue and vermilion; the marks differ, too.
_SMALLER: Final = "#0072B2"
_LARGER: Final = "#D55E00"
_MOST_TICKS: Final = 4


def difference_forest(differences: pd.DataFrame, metric: str | None = None, ax: Axes | None = None, *, labels: Labels = ENGLISH) -> Axes:
    """Differences to a baseline as points with their intervals, one below the other, and the line of no difference.

    Parameters
    ----------
    differences
        One row per pattern, with the columns `difference`, `low`, `high` and, where there is one, `unit` (``s``, ``share`` or nothing);
        rows are named by a column or level `pattern`. `Comparison.differences` is such a table.
    metric
        Which one, if there is a column or level `metric` with several: units differ, and so do axes.
    ax, labels
        As in `outbox_sizes`.

    Returns
    -------
    matplotlib.axes.Axes
        x: the difference, in the metric's unit. y: patterns, from the top. An interval without 0 has a full mark, one with 0 a hollow
        one; a row without an interval (nan) says so.

    Raises
    ------
    ValueError
        If a column lacks, there is no row of the metric, or there are several metrics and none is named.
    """
    rows, metric = _rows_of(differences, metric)
    axes = dressed(new_axes(7.6, 1.3 + 0.34 * len(rows)) if ax is None else ax)
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.axvline(0, color=INK, linewidth=1.0, zorder=1, label="_zero")
    unit = str(rows["unit"].iloc[0]) if "unit" in rows else ""
    for place, row in enumerate(rows.itertuples(index=False)):
        _interval(axes, place, row, unit, labels)
    names = [plain_text(str(name), 32) for name in rows["pattern"]]
    axes.set_yticks(range(len(rows)), names, **{key: value for key, value in plainly(TEXT).items() if key != "color"})
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(plain_text(f"{metric}: difference" if metric else "Difference"), **plainly(SMALL, MUTED))
    step = _step(rows) if unit == "s" else None
    axes.xaxis.set_major_locator(MaxNLocator(nbins=_MOST_TICKS) if step is None else MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _signed(value, unit)))
    look: dict[str, Any] = {"marker": "o", "linestyle": "-", "markersize": 6, "linewidth": 1.8}
    legend(
        axes,
        [
            Line2D([], [], color=_SMALLER, label=labels.lower, **look),
            Line2D([], [], color=_LARGER, label=labels.higher, **{**look, "marker": "s"}),
            Line2D([], [], color=MUTED, markerfacecolor="white", label=labels.undecided, **look),
        ],
    )
    return axes


def _rows_of(differences: pd.DataFrame, metric: str | None) -> tuple[pd.DataFrame, str]:
    """The rows of one metric with `pattern` as a column, and the metric's name."""
    named = [name for name in differences.index.names if name is not None]
    rows = differences.reset_index() if named else differences
    lacking = [name for name in ("pattern", "difference", "low", "high") if name not in rows]
    if lacking:
        raise ValueError(f"a table of differences has the columns pattern, difference, low and high; this one lacks {', '.join(lacking)}")
    if "metric" in rows:
        metrics = list(dict.fromkeys(rows["metric"]))
        if metric is None and len(metrics) != 1:
            raise ValueError(f"there are several metrics, each with its own unit; name one of {', '.join(map(str, metrics))}")
        metric = str(metrics[0]) if metric is None else metric
        rows = rows[rows["metric"] == metric]
    if rows.empty:
        raise ValueError(f"there is no difference of {metric!r} to draw")
    return rows.reset_index(drop=True), metric or ""


def _interval(axes: Axes, place: int, row: Any, unit: str, labels: Labels) -> None:
    if np.isnan(row.difference) or not np.isfinite([row.low, row.high]).all():
        axes.text(1.02, place, labels.no_interval, transform=axes.get_yaxis_transform(), va="center", **plainly(SMALL, MUTED))
        return
    holds_zero = row.low <= 0 <= row.high
    colour = MUTED if holds_zero else _SMALLER if row.difference < 0 else _LARGER
    shape = "s" if row.difference > 0 and not holds_zero else "o"
    axes.plot([row.low, row.high], [place, place], color=colour, linewidth=1.8, solid_capstyle="butt", zorder=2, label="_interval")
    axes.plot(
        [row.difference], [place], marker=shape, color=colour, markerfacecolor="white" if holds_zero else colour, zorder=3, label="_mean"
    )
    words = f"{_signed(row.difference, unit)}  [{_signed(row.low, unit)}, {_signed(row.high, unit)}]"
    axes.text(1.02, place, words, transform=axes.get_yaxis_transform(), va="center", **plainly(SMALL))


def _step(rows: pd.DataFrame) -> float | None:
    """How far apart ticks of durations stand, in seconds: a round duration; None below a second."""
    edges = [0.0, *rows["low"].dropna(), *rows["high"].dropna()]
    span = max(edges) - min(edges)
    return next((step for step in ROUND if span <= _MOST_TICKS * step), ROUND[-1]) if span > 1 else None


def _signed(value: float, unit: str) -> str:
    size = abs(value)
    words = span(round(size * SECOND)) if unit == "s" else value_in_words(size, "share" if unit == "share" else "number")
    return words if value == 0 else f"{'+' if value > 0 else '-'}{words}"
