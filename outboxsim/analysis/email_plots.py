"""Plots of one email: its life as a strip, and when a retry pattern would try it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator, NullLocator

from outboxsim.analysis.columns import MINUTE, SECOND
from outboxsim.analysis.lives import AttemptMark, EmailLife, email_life
from outboxsim.analysis.plot_style import (
    ENGLISH,
    GRID,
    INK,
    MUTED,
    OUTCOME_MARKS,
    SMALL,
    STATUS_COLOURS,
    TEXT,
    TITLE,
    Labels,
    date,
    dates,
    dressed,
    duration_axis,
    legend,
    local_time_axis,
    new_axes,
    plain_text,
    plainly,
)
from outboxsim.outbox import SendStatus

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from outboxsim.analysis.result import Result
    from outboxsim.outbox import Outcome
    from outboxsim.retry import Schedule

#: A status shorter than this share of the strip is told by the legend alone.
_ROOM_FOR_A_NAME: Final = 0.011
#: Beyond this ratio of the last to the first delay, early attempts would be one dot: the axis is logarithmic then.
_LINEAR_UP_TO: Final = 40
#: More are drawn small.
_MANY_ATTEMPTS: Final = 30


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
    look: dict[str, Any] = {
        "marker": "o",
        "linestyle": "none",
        "color": STATUS_COLOURS[SendStatus.QUEUED],
        "markeredgecolor": INK,
        "zorder": 3,
    }
    look["markersize"] = 6 if len(rows) <= _MANY_ATTEMPTS else 3
    handles: list[Artist] = [Line2D([], [], label=labels.median, **look)]
    if schedule.has_jitter:
        spread = axes.hlines(numbers, [row.minimum / SECOND for row in rows], [row.maximum / SECOND for row in rows], color=MUTED)
        spread.set(linewidth=2, label=labels.spread)
        handles.append(Line2D([], [], color=MUTED, linewidth=2, label=labels.spread))
    axes.plot([row.median / SECOND for row in rows], numbers, label=labels.median, **look)
    duration_axis(axes, rows[0].minimum / SECOND, max(row.maximum for row in rows) / SECOND, is_logarithmic=is_logarithmic)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    room = 0.6 + 0.03 * len(numbers)
    axes.set_ylim(numbers[-1] + room, numbers[0] - room)
    axes.set_xlabel(labels.since_submission, **plainly(SMALL, MUTED))
    axes.set_ylabel(labels.attempt, **plainly(TEXT))
    legend(axes, handles)
    return axes
