"""Plots of a run: functions that take axes, or make new ones, and return them.

They know no pyplot and leave matplotlib's global state alone. Text from emails and files is drawn as text (G8). Each takes a
`Result`, or the numbers that `sizes.py` and `lives.py` made of one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle, StepPatch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from outboxsim.analysis.lives import AttemptMark, EmailLife, email_life
from outboxsim.analysis.plot_style import (
    ATTEMPT_COLOURS,
    CLOSED_HATCH,
    ENGLISH,
    GRID,
    INK,
    MUTED,
    OUTAGE,
    OUTCOME_MARKS,
    SMALL,
    STATUS_COLOURS,
    TEXT,
    TITLE,
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
from outboxsim.analysis.selection import HOUR, MINUTE, SECOND
from outboxsim.analysis.sizes import (
    IN_OUTBOX,
    AttemptCounts,
    Attempted,
    ConnectorStretch,
    OutboxSizes,
    attempt_counts,
    size_by_status,
)
from outboxsim.quantities import format_duration

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from outboxsim.analysis.result import Result
    from outboxsim.outbox import Outcome
    from outboxsim.quantities import Clock
    from outboxsim.retry import Schedule

#: More steps are narrower than the line of a screen.
MOST_STEPS: Final = 2_000
#: With more, the names of connectors would lie on each other.
_MOST_NAMED_STRETCHES: Final = 6
#: From the bottom up: what stays longest lies lowest.
_STACK: Final = tuple(reversed(IN_OUTBOX))
_DAY: Final = 24 * HOUR
#: A status shorter than this share of the strip is told by the legend alone.
_ROOM_FOR_A_NAME: Final = 0.011
#: Beyond this ratio of the last to the first delay, early attempts would be one dot: the axis is logarithmic then.
_LINEAR_UP_TO: Final = 40
#: More are drawn small.
_MANY_ATTEMPTS: Final = 30


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


def attempts_per_minute(run: Result | AttemptCounts, ax: Axes | None = None, *, labels: Labels = ENGLISH) -> Axes:
    """Attempts per minute by what came of them, as stacked bars; of a long run per as many minutes as the label says.

    Parameters
    ----------
    run
        A result, or what `attempt_counts` made of one.
    ax, labels
        As in `outbox_sizes`.

    Returns
    -------
    matplotlib.axes.Axes
        x: local time of the scenario, each bar at the start of its bin. y: attempts started in the bin.
    """
    counts = run if isinstance(run, AttemptCounts) else attempt_counts(run)
    axes = dressed(new_axes() if ax is None else ax, ylabel=labels.attempts_per.format(width=_width_text(counts.width, labels)))
    edges = np.arange(len(counts.counts) + 1, dtype=np.int64) * counts.width
    handles = _stretches(axes, counts.stretches, counts.end, counts.clock, labels)
    kinds = [kind for kind in Attempted if kind is not Attempted.UNDER_WAY or counts.counts[:, kind].any()]
    layers = [(counts.counts[:, kind], ATTEMPT_COLOURS[kind], labels.attempted[kind]) for kind in kinds]
    stacked = _stacked(axes, dates(counts.clock, edges), layers)
    local_time_axis(axes, counts.clock, 0, max(counts.end, int(edges[-1])), labels)
    legend(axes, [*stacked, *handles])
    return axes


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


# One email ---------------------------------------------------------------------------------------------------------------------


def email_strip(run: Result | EmailLife, email: str | None = None, ax: Axes | None = None, *, labels: Labels = ENGLISH) -> Axes:
    """One email's life as a strip: its statuses, its attempts by what came of them, undo window, schedule, and when it was logged.

    Parameters
    ----------
    run
        A result, or what `email_life` made of one.
    email
        The email's id; not needed for an `EmailLife`.
    ax, labels
        As in `outbox_sizes`.

    Returns
    -------
    matplotlib.axes.Axes
        x: local time of the scenario.

    Raises
    ------
    KeyError
        If there is no such email.
    """
    life = run if isinstance(run, EmailLife) else email_life(run, "" if email is None else email)
    axes = dressed(new_axes(8.0, 2.1) if ax is None else ax)
    axes.grid(visible=False)
    last = max(life.shown_until, life.scheduled_for or 0, life.undo_until or 0)
    handles: list[Artist] = [*_status_spans(axes, life, last, labels), *_attempt_marks(axes, life, labels)]
    if life.undo_until is not None:
        begin, until = date(life.clock, life.submitted), date(life.clock, life.undo_until)
        undo = Rectangle((begin, -0.34), until - begin, 0.22, facecolor="white", edgecolor=MUTED, hatch="....", linewidth=0.6)
        undo.set_label(labels.undo_window)
        axes.add_patch(undo)
        handles.append(Patch(facecolor="white", edgecolor=MUTED, hatch="....", label=labels.undo_window))
    styles: tuple[tuple[int | None, str, Literal["--", ":"]], ...]
    styles = ((life.scheduled_for, labels.scheduled, "--"), (life.logged, labels.logged, ":"))
    for instant, name, style in styles:
        if instant is not None:
            line = axes.axvline(date(life.clock, instant), color=INK, linestyle=style, linewidth=1.2, label=name)
            handles.append(Line2D([], [], color=line.get_color(), linestyle=style, linewidth=1.2, label=name))
    axes.set_ylim(-0.45, 1.75)
    axes.yaxis.set_major_locator(NullLocator())
    axes.spines["left"].set_visible(False)
    local_time_axis(axes, life.clock, life.submitted, last, labels)
    rows = legend(axes, handles)
    axes.set_title(plain_text(f"{life.id}: {life.subject}" if life.subject else life.id), loc="left", pad=8 + 14 * rows, **plainly(TITLE))
    return axes


def _status_spans(axes: Axes, life: EmailLife, last: int, labels: Labels) -> list[Patch]:
    """The statuses as coloured spans with their names inside where there is room; for the legend."""
    length = max(last - life.submitted, MINUTE)
    for span in life.spans:
        ends = min(span.end, last)
        begin, until = date(life.clock, span.begin), date(life.clock, ends)
        colour, name = STATUS_COLOURS[span.status], labels.statuses[span.status]
        patch = Rectangle((begin, 0), until - begin, 1, facecolor=colour, edgecolor="white", linewidth=0.8, label=name)
        axes.add_patch(patch)
        if (ends - span.begin) / length > _ROOM_FOR_A_NAME * (len(name) + 1):
            axes.text((begin + until) / 2, 0.5, name, ha="center", va="center", clip_on=True, **plainly(SMALL, "#000000"))
    met = dict.fromkeys(span.status for span in life.spans)
    return [Patch(color=STATUS_COLOURS[status], label=labels.statuses[status]) for status in met]


def _attempt_marks(axes: Axes, life: EmailLife, labels: Labels) -> list[Line2D]:
    """The attempts as marks above the strip, and how long they took; for the legend."""
    by_outcome: dict[Outcome | None, list[AttemptMark]] = {}
    for mark in life.attempts:
        by_outcome.setdefault(mark.outcome, []).append(mark)
        ended = life.end if mark.ended is None else mark.ended
        if ended > mark.started:
            axes.hlines(1.3, date(life.clock, mark.started), date(life.clock, ended), color=MUTED, linewidth=1.5, zorder=2)
    handles = []
    for outcome in sorted(by_outcome, key=lambda one: 99 if one is None else int(one)):
        shape, colour = OUTCOME_MARKS[outcome]
        look: dict[str, Any] = {"marker": shape, "color": colour, "markeredgecolor": INK, "linestyle": "none", "markersize": 7}
        starts = dates(life.clock, [mark.started for mark in by_outcome[outcome]])
        axes.plot(starts, np.full(len(starts), 1.3), label=labels.outcomes[outcome], zorder=3, clip_on=False, **look)
        handles.append(Line2D([], [], label=labels.attempts_of.format(outcome=labels.outcomes[outcome]), **look))
    return handles


# Retry patterns ----------------------------------------------------------------------------------------------------------------


def retry_schedule(schedule: Schedule, ax: Axes | None = None, *, labels: Labels = ENGLISH) -> Axes:
    """When the attempts of an email are that fails at every one: the median, and with jitter from the earliest to the latest.

    Parameters
    ----------
    schedule
        What `RetryPattern.schedule` gave.
    ax, labels
        As in `outbox_sizes`.

    Returns
    -------
    matplotlib.axes.Axes
        x: time since submission, logarithmic where early attempts would lie on each other (the first, at 0, is left out then).
        y: number of the attempt, from the top.
    """
    axes = dressed(new_axes(6.0, 2.6) if ax is None else ax)
    retries = [row for row in schedule if row.attempt > 1]
    is_logarithmic = bool(retries) and retries[-1].median > _LINEAR_UP_TO * retries[0].median and retries[0].minimum > 0
    rows = retries if is_logarithmic else list(schedule)
    numbers = [row.attempt for row in rows]
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    look: dict[str, Any] = {"marker": "o", "linestyle": "none", "color": STATUS_COLOURS[_STACK[-1]], "markeredgecolor": INK, "zorder": 3}
    look["markersize"] = 6 if len(rows) <= _MANY_ATTEMPTS else 3
    handles: list[Artist] = [Line2D([], [], label=labels.median, **look)]
    if schedule.has_jitter:
        spread = axes.hlines(numbers, [row.minimum / SECOND for row in rows], [row.maximum / SECOND for row in rows], color=MUTED)
        spread.set(linewidth=2, label=labels.spread)
        handles.append(Line2D([], [], color=MUTED, linewidth=2, label=labels.spread))
    axes.plot([row.median / SECOND for row in rows], numbers, label=labels.median, **look)
    _since_submission(axes, rows[0].minimum / SECOND, max(row.maximum for row in rows) / SECOND, is_logarithmic=is_logarithmic)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    room = 0.6 + 0.03 * len(numbers)
    axes.set_ylim(numbers[-1] + room, numbers[0] - room)
    axes.set_xlabel(labels.since_submission, **plainly(SMALL, MUTED))
    axes.set_ylabel(labels.attempt, **plainly(TEXT))
    legend(axes, handles)
    return axes


#: Where ticks of a time since submission may stand, in seconds.
_ROUND: Final = (
    *(unit * number for unit in (1, 60) for number in (1, 5, 15, 30)),
    *(3_600 * number for number in (1, 3, 6, 12)),
    *(86_400 * number for number in (1, 2, 4, 7, 14, 28, 60, 120, 365, 1_000, 3_650, 36_500)),
)
_MOST_TICKS: Final = 8


def _since_submission(axes: Axes, first: float, last: float, *, is_logarithmic: bool) -> None:
    """Ticks at round durations, written as durations."""
    ticks: list[float]
    if is_logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
        ticks = _apart([tick for tick in _ROUND if first * 0.8 <= tick <= last * 1.2], (last / first) ** (1 / _MOST_TICKS))
    else:
        step = next((tick for tick in _ROUND if last <= tick * (_MOST_TICKS - 2)), _ROUND[-1])
        ticks = (np.arange(0, last + step, step) if last > 0 else np.zeros(1)).tolist()
        axes.set_xlim(-0.02 * max(last, 1), max(last, 1) * 1.04)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: format_duration(round(seconds * SECOND))))


def _apart(ticks: Iterable[float], ratio: float) -> list[float]:
    """Those ticks of which each is at least so many times the one before it."""
    kept: list[float] = []
    for tick in ticks:
        if not kept or tick >= kept[-1] * ratio:
            kept.append(tick)
    return kept
