"""The picture of a tuning: its candidates by two objectives, and the Pareto front among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from outboxsim.analysis.metrics import MetricError
from outboxsim.analysis.plot_style import GRID, INK, MUTED, dressed, legend, new_axes, plain_text, plainly
from outboxsim.analysis.searching import CURRENT
from outboxsim.analysis.showing import unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from outboxsim.analysis.tuning import Tuning

#: Okabe and Ito (2008): blue and vermilion, told apart whatever colours one sees; marks differ too.
_FRONT: Final = "#0072B2"
_CURRENT: Final = "#D55E00"


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
    for name, row in front.iterrows():
        place = (float(row[across]), float(row[up]))
        axes.annotate(plain_text(str(name)), place, xytext=(4, 4), textcoords="offset points", **plainly(7.0, INK))
    legend(axes, [marks[0], line, marks[1]])
    return axes


def _label(metric: str) -> str:
    """A metric with its unit."""
    unit = unit_of(metric)
    return plain_text(f"{metric} ({unit})" if unit else metric)
