"""Plots of a whole run over time: the outbox by status, and attempts per minute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, StepPatch

from outboxsim.analysis.columns import HOUR, MINUTE
from outboxsim.analysis.outage_costs import StormMark, storms_of
from outboxsim.analysis.plot_style import (
    ATTEMPT_COLOURS,
    CLOSED_HATCH,
    ENGLISH,
    INK,
    MUTED,
    OUTAGE,
    SMALL,
    STATUS_COLOURS,
    Labels,
    counted,
    date,
    dates,
    dressed,
    legend,
    local_time_axis,
    new_axes,
    plain_text,
    plainly,
)
from outboxsim.analysis.sizes import IN_OUTBOX, AttemptCounts, Attempted, ConnectorStretch, OutboxSizes, attempt_counts, size_by_status
from outboxsim.quantities import format_duration

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from outboxsim.analysis.result import Result
    from outboxsim.quantities import Clock

#: More steps are narrower than the line of a screen.
MOST_STEPS: Final = 2_000
#: With more, the names of connectors would lie on each other.
_MOST_NAMED_STRETCHES: Final = 6
#: From the bottom up: what stays longest lies lowest.
_STACK: Final = tuple(reversed(IN_OUTBOX))
_DAY: Final = 24 * HOUR


def outbox_sizes(run: Result | OutboxSizes, ax: Axes | None = None, *, labels: Labels = ENGLISH) -> Axes:
    """The outbox by status over time, as stacked steps; outages shaded, disabled connectors hatched.

    Parameters
    ----------
    run
        A result, or what `size_by_status` made of one.
    ax
        Where to draw; None makes a new figure.
    labels
        The words of the plot.

    Returns
    -------
    matplotlib.axes.Axes
        x: local time of the scenario. y: emails.
    """
    sizes = (run if isinstance(run, OutboxSizes) else size_by_status(run)).thinned(MOST_STEPS)
    axes = dressed(new_axes() if ax is None else ax, ylabel=labels.outbox)
    edges = dates(sizes.clock, np.append(sizes.times, max(sizes.end, int(sizes.times[-1]))))
    handles = _stretches(axes, sizes.stretches, sizes.end, sizes.clock, labels)
    layers = [(sizes.counts[:, IN_OUTBOX.index(one)], STATUS_COLOURS[one], labels.statuses[one]) for one in _STACK]
    stacked = _stacked(axes, edges, layers)
    local_time_axis(axes, sizes.clock, 0, sizes.end, labels)
    legend(axes, [*reversed(stacked), *handles])
    return axes


def _stacked(axes: Axes, edges: npt.NDArray[np.float64], layers: Iterable[tuple[npt.NDArray[np.int64], str, str]]) -> list[Patch]:
    """Layers of (heights, colour, name), each upon the one before it; for the legend."""
    below = np.zeros(len(edges) - 1, dtype=np.int64)
    handles = []
    for heights, colour, name in layers:
        # The edge keeps a peak of seconds visible in a run of weeks, and a layer of nothing must not have one. `axes.stairs` would look
        # for the limits, a second for long runs.
        tops = np.where(heights > 0, below + heights, np.nan)
        layer = StepPatch(tops, edges, baseline=below, fill=True, color=colour, linewidth=0.5, label=name)  # type: ignore[arg-type]  # it takes arrays
        axes.add_artist(layer)
        handles.append(Patch(color=colour, label=name))
        below = below + heights
    counted(axes, int(below.max()))
    return handles


def attempts_per_minute(
    run: Result | AttemptCounts, ax: Axes | None = None, *, labels: Labels = ENGLISH, storms: Sequence[StormMark] | None = None
) -> Axes:
    """Attempts per minute by what came of them, as stacked bars; of a long run per as many minutes as the label says.

    Retry storms after outages are marked above their bars with how many times the usual rate they were (see `storms_of`).

    Parameters
    ----------
    run
        A result, or what `attempt_counts` made of one.
    ax, labels
        As in `outbox_sizes`.
    storms
        What is marked; None: those of the result (`AttemptCounts` know none).

    Returns
    -------
    matplotlib.axes.Axes
        x: local time of the scenario, each bar at the start of its bin. y: attempts started in the bin.
    """
    if isinstance(run, AttemptCounts):
        counts, marked = run, storms or ()
    else:
        counts, marked = attempt_counts(run), storms_of(run) if storms is None else storms
    axes = dressed(new_axes() if ax is None else ax, ylabel=labels.attempts_per.format(width=_width_text(counts.width, labels)))
    edges = np.arange(len(counts.counts) + 1, dtype=np.int64) * counts.width
    handles = _stretches(axes, counts.stretches, counts.end, counts.clock, labels)
    kinds = [kind for kind in Attempted if kind is not Attempted.UNDER_WAY or counts.counts[:, kind].any()]
    layers = [(counts.counts[:, kind], ATTEMPT_COLOURS[kind], labels.attempted[kind]) for kind in kinds]
    stacked = _stacked(axes, dates(counts.clock, edges), layers)
    storm_handles = _storm_marks(axes, counts, marked, labels)
    local_time_axis(axes, counts.clock, 0, max(counts.end, int(edges[-1])), labels)
    legend(axes, [*stacked, *handles, *storm_handles])
    return axes


def _storm_marks(axes: Axes, counts: AttemptCounts, storms: Sequence[StormMark], labels: Labels) -> list[Line2D]:
    """A mark above each storm's bar, and how many times the usual rate it was; for the legend."""
    if not storms:
        return []
    look: dict[str, Any] = {"marker": "v", "color": INK, "linestyle": "none", "markersize": 6}
    totals = counts.counts.sum(axis=1)
    heights = [int(totals[min(one.storm.begin // counts.width, len(totals) - 1)]) for one in storms]
    room = 0.06 * max(int(totals.max()), 1)
    times = dates(counts.clock, [one.storm.begin + MINUTE // 2 for one in storms])
    axes.plot(times, [height + room for height in heights], label=labels.storm, zorder=4, clip_on=False, **look)
    for time, height, one in zip(times, heights, storms, strict=True):
        ratio = f"{one.storm.ratio:.2g}" if one.storm.ratio < 10 else f"{one.storm.ratio:.0f}"
        axes.text(time, height + 1.9 * room, f"{ratio}×", ha="center", va="bottom", **plainly(SMALL))
    axes.set_ylim(0, max(axes.get_ylim()[1], max(heights) + 5 * room))
    return [Line2D([], [], label=labels.storm, **look)]


def _width_text(width: int, labels: Labels) -> str:
    """A bin's width as the label says it: ``min``, ``5 min``, ``2 h``."""
    unit, size = ("d", _DAY) if width % _DAY == 0 else ("h", HOUR) if width % HOUR == 0 else ("min", MINUTE)
    if width % size:
        return format_duration(width)
    number = width // size
    return labels.widths[unit] if number == 1 else f"{number} {labels.widths[unit]}"


def _stretches(axes: Axes, stretches: Iterable[ConnectorStretch], end: int, clock: Clock, labels: Labels) -> list[Patch]:
    """Shade outages, hatch disabled connectors, and name the connectors if that leaves them readable; for the legend."""
    drawn = [one for one in stretches if one.begin <= end]
    looks: dict[str, dict[str, Any]] = {
        "outage": {"facecolor": OUTAGE, "edgecolor": "none"},
        "disabled": {"facecolor": "none", "edgecolor": "#BBBBBB", "hatch": CLOSED_HATCH},
    }
    for one in drawn:
        begin, until = date(clock, one.begin), date(clock, end if one.end is None else one.end)
        axes.axvspan(begin, until, zorder=0, linewidth=0, label=f"_{one.state}", **looks[one.state])
        if len(drawn) <= _MOST_NAMED_STRETCHES:
            name = axes.text(begin, 0.99, plain_text(one.connector, 24), transform=axes.get_xaxis_transform(), **plainly(SMALL, MUTED))
            name.set(rotation=90, va="top", ha="left", clip_on=True, zorder=3)
    names = {"outage": labels.outage, "disabled": labels.disabled}
    return [
        Patch(label=names[state], **{**look, "edgecolor": "#BBBBBB"})
        for state, look in looks.items()
        if any(one.state == state for one in drawn)
    ]
