"""The picture of a tuning: its candidates by two objectives, and the Pareto front among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from outboxsim.analysis.metrics import MetricError, kind_of
from outboxsim.analysis.plot_style import GRID, INK, MUTED, dressed, legend, new_axes, plain_text, plainly
from outboxsim.analysis.question import CURRENT
from outboxsim.analysis.showing import unit_of
from outboxsim.quantities import format_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from outboxsim.analysis.tuning import Tuning

#: Okabe and Ito (2008): blue and vermilion, told apart whatever colours one sees; marks differ too.
_FRONT: Final = "#0072B2"
_CURRENT: Final = "#D55E00"
#: Durations that span more than this are drawn by their logarithm, with marks at these, s.
_WIDE: Final = 20
_ROUND: Final = (0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 7200, 14_400, 28_800, 86_400, 172_800, 432_000, 864_000, 2_592_000)
_MOST_MARKS: Final = 6
#: How far apart names are, in dots.
_ROOM_ACROSS: Final = 70
_ROOM_UP: Final = 12


def pareto_front(tuning: Tuning, ax: Axes | None = None) -> Axes:
    """Candidates of the search in grey, the front's means over new replications as a stepped line, the scenario's own pattern.

    Parameters
    ----------
    tuning
        With at least two objectives; the first two are drawn. Durations in s.
    ax
        Where to draw; None: a new figure, which nobody else knows.

    Raises
    ------
    MetricError
        The tuning has one objective only.
    """
    if len(tuning.question.objectives) < 2:
        raise MetricError("a Pareto front needs two objectives, and this tuning has one; look at its table instead")
    across, up = (one.metric for one in tuning.question.objectives[:2])
    axes = dressed(new_axes(6.4, 4.0) if ax is None else ax, ylabel=_label(up))
    axes.set_xlabel(_label(across), **plainly())
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    shown = tuning.table[tuning.table["feasible"]]
    marks = [axes.scatter(shown[across], shown[up], s=14, color=MUTED, alpha=0.5, label="tried")]
    front = tuning.front.sort_values(across)
    rising = tuning.question.objectives[0].goal == "minimise"
    (line,) = axes.plot(
        front[across],
        front[up],
        color=_FRONT,
        marker="o",
        markersize=5,
        linewidth=1.2,
        label="front",
        drawstyle="steps-post" if rising else "steps-pre",
    )
    own = tuning.finalists.loc[CURRENT]["mean"]
    marks.append(axes.scatter([own[across]], [own[up]], s=50, marker="D", color=_CURRENT, zorder=3, label="current"))
    for metric, axis, scale in ((across, axes.xaxis, axes.set_xscale), (up, axes.yaxis, axes.set_yscale)):
        values = [*shown[metric], *front[metric], own[metric]]
        if kind_of(metric) == "duration" and min(values) > 0 and max(values) > _WIDE * min(values):
            scale("log")
            _round_durations(axis, min(values) / 2, max(values) * 2)
            axis.set_label_text(plain_text(metric))
    _named(axes, [(str(name), float(row[across]), float(row[up])) for name, row in front.iterrows() if name != CURRENT])
    legend(axes, [marks[0], line, marks[1]])
    return axes


def _round_durations(axis: Axis, low: float, high: float) -> None:
    """Marks of an axis at round durations, in words."""
    marks = [second for second in _ROUND if low <= second <= high]
    axis.set_major_locator(FixedLocator(marks[:: -(-len(marks) // _MOST_MARKS) or 1]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda second, _: format_duration(round(second * 1_000_000))))


def _named(axes: Axes, points: Sequence[tuple[str, float, float]]) -> None:
    """Names beside points, but not on top of each other."""
    drawn: list[tuple[float, float]] = []
    for name, across, up in points:
        x, y = axes.transData.transform((across, up))
        if all(abs(x - other) > _ROOM_ACROSS or abs(y - another) > _ROOM_UP for other, another in drawn):
            axes.annotate(plain_text(name), (across, up), xytext=(5, 5), textcoords="offset points", **plainly(7.0, INK))
            drawn.append((x, y))


def _label(metric: str) -> str:
    """A metric with its unit."""
    unit = unit_of(metric)
    return plain_text(f"{metric} ({unit})" if unit else metric)
