"""Plots of how emails ended, after how many attempts, and when attempts failed."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from outboxsim.analysis.columns import SECOND
from outboxsim.analysis.incidence import standard_errors
from outboxsim.analysis.plot_style import (
    ENGLISH,
    GRID,
    MUTED,
    SMALL,
    STATUS_COLOURS,
    TEXT,
    Labels,
    counted,
    dressed,
    duration_axis,
    legend,
    new_axes,
    plain_text,
    plainly,
)
from outboxsim.analysis.report_tables import HOURS, failures_by_hour
from outboxsim.analysis.selection import Run, selection_of
from outboxsim.outbox import SendStatus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh

    from outboxsim.scenario import Select

#: What ends the wait of an email, each with a line style of its own: never by colour alone.
ENDINGS: Final = {SendStatus.SENT: "-", SendStatus.FAILED: "--", SendStatus.CANCELLED: ":"}
#: Where the logarithmic axis begins at the latest, in seconds: nobody cares what is quicker.
_QUICKEST: Final = 0.1
#: More steps are lower than the line of a screen is wide.
_MOST_STEPS: Final = 1_000
#: More numbers of attempts than this share bars.
_MOST_BARS: Final = 40
#: From nothing to the colour of failures; each step is darker, whatever colours one sees.
_HEAT: Final = LinearSegmentedColormap.from_list("outboxsim-failures", ["#FFFFFF", "#F6C29A", STATUS_COLOURS[SendStatus.FAILED], "#6B2F00"])
#: Numbers on cells: no colours of the page, for the cells keep theirs in the dark.
_ON_DARK: Final = "#FEFEFE"
_ON_LIGHT: Final = "#1E1E1E"
#: The status whose emails stand below all others in the bars.
_BARS: Final = (SendStatus.SENT, SendStatus.FAILED, SendStatus.CANCELLED)


def cumulative_incidence(
    run: Run, ax: Axes | None = None, *, select: Select | None = None, confidence: float | None = None, labels: Labels = ENGLISH
) -> Axes:
    """Which share of the released emails was sent, has failed, and was cancelled by each time since its release, as step functions.

    The three compete: see `outboxsim.analysis.incidence`. Their sum is the share that is settled; what is missing to 100 % still waits.

    Parameters
    ----------
    run
        A result, or a `Selected` one (`select` is then its).
    ax, labels
        As in `outbox_sizes`.
    select
        Which emails count; None for all.
    confidence
        Adds pointwise intervals, say at 0.95, as if emails were independent of each other. Within one run they are not (an outage delays
        many at once), so these are too narrow: compare replications to know how sure a number is.

    Returns
    -------
    matplotlib.axes.Axes
        x: time since release, logarithmic. y: share of emails, 0 to 100 %.
    """
    selected = selection_of(run, select)
    axes = dressed(new_axes(6.4, 3.2) if ax is None else ax, ylabel=labels.share_of_emails)
    durations, statuses = selected.waits
    last = max(float(durations.max(initial=0)) / SECOND, 10 * _QUICKEST)
    handles = []
    for status, style in ENDINGS.items():
        found = selected.incidence_of(status)
        if found is None or not found.times.size:
            continue
        steps = _worth_drawing(found.levels)
        times = np.concatenate(([_QUICKEST / 2], np.maximum(found.times[steps] / SECOND, _QUICKEST / 2), [last]))
        levels = np.concatenate(([0.0], found.levels[steps], [found.levels[-1]]))
        look: dict[str, Any] = {"color": STATUS_COLOURS[status], "linestyle": style, "linewidth": 1.8, "label": labels.statuses[status]}
        axes.plot(times, levels, drawstyle="steps-post", zorder=3, **look)
        handles.append(Line2D([], [], **look))
        if confidence is not None:
            half = NormalDist().inv_cdf((1 + confidence) / 2) * standard_errors(
                durations, statuses == status, statuses >= 0, found.times[steps]
            )
            low, high = (np.clip(levels + sign * np.concatenate(([0.0], half, half[-1:])), 0, 1) for sign in (-1, 1))
            axes.fill_between(times, low, high, step="post", color=look["color"], alpha=0.2, linewidth=0, label="_interval")
    duration_axis(axes, _QUICKEST, last, is_logarithmic=True)
    axes.set_xlim(_QUICKEST / 2, last * 1.1)
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f} %"))
    axes.set_xlabel(labels.since_release, **plainly(SMALL, MUTED))
    legend(axes, handles)
    return axes


def _worth_drawing(levels: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Which steps of many: the last ones before the curve has risen by what a line is wide, and the last of all."""
    if levels.size <= _MOST_STEPS:
        return np.arange(levels.size)
    cells = np.floor(levels * _MOST_STEPS).astype(np.int64)
    return np.flatnonzero(np.append(np.diff(cells) != 0, True))


def attempts_histogram(run: Run, ax: Axes | None = None, *, select: Select | None = None, labels: Labels = ENGLISH) -> Axes:
    """How many attempts emails took, as bars by what became of the emails.

    Parameters
    ----------
    run, ax, select, labels
        As in `cumulative_incidence`.

    Returns
    -------
    matplotlib.axes.Axes
        x: attempts of an email, 0 for one that was never tried. y: emails. Above 40, some numbers of attempts share a bar.
    """
    selected = selection_of(run, select)
    axes = dressed(new_axes(6.4, 2.8) if ax is None else ax, ylabel=labels.emails)
    attempts = selected.emails["attempts"].to_numpy(dtype=np.int64)
    width = int(attempts.max(initial=0)) // _MOST_BARS + 1
    bins = int(attempts.max(initial=0)) // width + 1
    others = ~selected.with_status(*(status.word for status in _BARS))
    parts = [(selected.with_status(status.word), STATUS_COLOURS[status], labels.statuses[status]) for status in _BARS]
    below = np.zeros(bins, dtype=np.int64)
    handles = []
    for those, colour, name in [*parts, (others, STATUS_COLOURS[SendStatus.PENDING_RETRY], labels.in_outbox)]:
        heights = np.bincount(attempts[those] // width, minlength=bins)
        if not heights.any():
            continue
        places = np.arange(bins) * width + (width - 1) / 2
        axes.bar(places, heights, bottom=below, width=0.8 * width, color=colour, label=name)
        handles.append(Patch(color=colour, label=name))
        below = below + heights
    for place, total in zip(np.arange(bins) * width + (width - 1) / 2, below.tolist(), strict=True):
        if total and bins <= 16:
            axes.text(place, total, f"{total:,}", ha="center", va="bottom", **plainly(SMALL))
    counted(axes, int(below.max(initial=0)))
    axes.set_xlim(-0.7 * width, (bins - 0.3) * width)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True))
    axes.set_xlabel(labels.attempts_of_an_email, **plainly(SMALL, MUTED))
    legend(axes, handles)
    return axes


def failure_heat_map(
    run: Run,
    ax: Axes | None = None,
    *,
    select: Select | None = None,
    hours: Literal["across", "down"] = "across",
    labels: Labels = ENGLISH,
) -> Axes:
    """Failures by connector and local hour of the day: a map whose cells say their number.

    Parameters
    ----------
    run, ax, select, labels
        As in `cumulative_incidence`.
    hours
        ``across``, or ``down`` the page where that is narrow.

    Returns
    -------
    matplotlib.axes.Axes
        One cell per hour and connector; the darker, the more failures (see `report_tables.failures_by_hour`).
    """
    selected = selection_of(run, select)
    table = failures_by_hour(selected)
    numbers = table.to_numpy()
    is_across = hours == "across"
    size = (8.0, 1.1 + 0.34 * len(table)) if is_across else (1.4 + 0.8 * len(table), 5.6)
    axes = dressed(new_axes(*size) if ax is None else ax)
    axes.grid(visible=False)
    shown = numbers if is_across else numbers.T
    rows, columns = shown.shape
    most = max(int(numbers.max(initial=0)), 1)
    mesh: QuadMesh = axes.pcolormesh(np.arange(columns + 1) - 0.5, np.arange(rows + 1) - 0.5, shown, cmap=_HEAT, vmin=0, vmax=most)
    mesh.set(edgecolor=GRID, linewidth=0.5, label=labels.failures)
    _cell_numbers(axes, shown, most)
    names = [plain_text(str(name), 24) for name in table.index]
    hour_texts = [str(hour) for hour in range(HOURS)]
    across, down = (hour_texts, names) if is_across else (names, hour_texts)
    plain = {key: value for key, value in plainly(SMALL).items() if key != "color"}
    axes.set_xticks(range(columns), across, **plain)
    axes.set_yticks(range(rows), down, **plain)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.tick_params(length=0)
    zone = labels.hour.format(zone=selected.result.clock.time_zone)
    (axes.set_xlabel if is_across else axes.set_ylabel)(zone, **plainly(SMALL, MUTED))
    axes.set_title(labels.failures, loc="left", **plainly(TEXT))
    return axes


def _cell_numbers(axes: Axes, numbers: npt.NDArray[np.int64], most: int) -> None:
    """The number in each cell with any failures, light on dark cells."""
    for (row, column), number in np.ndenumerate(numbers):
        if number:
            colour = _ON_DARK if number > 0.55 * most else _ON_LIGHT
            axes.text(column, row, f"{number}", ha="center", va="center", clip_on=True, **plainly(SMALL if number < 1_000 else 6.0, colour))
