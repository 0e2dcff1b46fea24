"""The one style of all plots: colours, patterns, words, plain text and axes of local time.

Nothing here touches matplotlib's global state: what is set, is set on the artists. So plots may be made in any thread.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from outboxsim.analysis.columns import SECOND
from outboxsim.analysis.sizes import Attempted
from outboxsim.outbox import Outcome, SendStatus
from outboxsim.quantities import format_duration
from outboxsim.scenario.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from outboxsim.quantities import Clock

#: Okabe and Ito, "Color Universal Design" (2008): told apart whatever colours one sees. One colour per send status, everywhere.
STATUS_COLOURS: Final[Mapping[SendStatus, str]] = {
    SendStatus.QUEUED: "#56B4E9",
    SendStatus.PENDING_RETRY: "#E69F00",
    SendStatus.CONNECTOR_DISABLED: "#CC79A7",
    SendStatus.FAILED: "#D55E00",
    SendStatus.SENT: "#009E73",
    SendStatus.CANCELLED: "#999999",
}
#: What an attempt came to has the colour of the status that it leads to.
ATTEMPT_COLOURS: Final[Mapping[Attempted, str]] = {
    Attempted.ACCEPTED: STATUS_COLOURS[SendStatus.SENT],
    Attempted.FAILED: STATUS_COLOURS[SendStatus.FAILED],
    Attempted.NOT_TRIED: STATUS_COLOURS[SendStatus.CONNECTOR_DISABLED],
    Attempted.UNDER_WAY: "#DDDDDD",
}
#: Never by colour alone: each outcome has a mark of its own.
OUTCOME_MARKS: Final[Mapping[Outcome | None, tuple[str, str]]] = {
    Outcome.ACCEPTED: ("o", STATUS_COLOURS[SendStatus.SENT]),
    Outcome.TRANSIENT: ("X", STATUS_COLOURS[SendStatus.PENDING_RETRY]),
    Outcome.PERMANENT: ("s", STATUS_COLOURS[SendStatus.FAILED]),
    Outcome.CONNECTOR_DISABLED: ("D", STATUS_COLOURS[SendStatus.CONNECTOR_DISABLED]),
    Outcome.SUSPENDED: ("v", "#56B4E9"),
    None: (">", "#FFFFFF"),
}

INK: Final = "#222222"
MUTED: Final = "#595959"
GRID: Final = "#DDDDDD"
OUTAGE: Final = "#DADADA"
CLOSED_HATCH: Final = "////"
SMALL: Final = 8.0
TEXT: Final = 9.0
TITLE: Final = 10.0

_LONGEST_TEXT: Final = 70
_FONT: Final = "DejaVu Sans"  # comes with matplotlib: the same picture on every machine


@dataclass(frozen=True)
class Labels:
    """The words of the plots; in English unless others are given."""

    statuses: Mapping[SendStatus, str] = field(default_factory=lambda: {status: _sentence(status.word) for status in SendStatus})
    attempted: Mapping[Attempted, str] = field(
        default_factory=lambda: {
            Attempted.ACCEPTED: "Accepted",
            Attempted.FAILED: "Failed",
            Attempted.NOT_TRIED: "Suspended or connector disabled",
            Attempted.UNDER_WAY: "Under way",
        }
    )
    outcomes: Mapping[Outcome | None, str] = field(
        default_factory=lambda: {outcome: "Under way" if outcome is None else _sentence(outcome.word) for outcome in (*Outcome, None)}
    )
    outbox: str = "Emails in the outbox"
    attempts_per: str = "Attempts per {width}"
    local_time: str = "Local time ({zone})"
    outage: str = "Outage"
    disabled: str = "Disabled"
    nothing: str = "Nothing yet"
    attempts_of: str = "Attempts: {outcome}"
    undo_window: str = "Undo window"
    scheduled: str = "Scheduled for"
    logged: str = "Logged"
    since_submission: str = "Time since submission"
    attempt: str = "Attempt"
    median: str = "Median"
    spread: str = "Earliest to latest"
    storm: str = "Retry storm (times the usual rate)"
    since_release: str = "Time since release"
    share_of_emails: str = "Share of emails"
    in_outbox: str = "In the outbox"
    attempts_of_an_email: str = "Attempts of an email"
    emails: str = "Emails"
    hour: str = "Hour of the day ({zone})"
    failures: str = "Failures"
    lower: str = "Lower than the baseline"
    higher: str = "Higher"
    undecided: str = "May be no difference"
    no_interval: str = "no interval"
    widths: Mapping[str, str] = field(default_factory=lambda: {"min": "min", "h": "h", "d": "d"})


def _sentence(word: str) -> str:
    return word.replace("_", " ").capitalize()


ENGLISH: Final = Labels()


def new_axes(width: float = 8.0, height: float = 3.0) -> Axes:
    """The axes of a new figure, without pyplot: nobody else knows it. Inches."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes: Axes = figure.add_subplot()
    return axes


def dressed(axes: Axes, *, ylabel: str = "") -> Axes:
    """Axes in the style of all plots, before anything is drawn."""
    axes.set_facecolor("white")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(MUTED)
    axes.tick_params(colors=INK, labelsize=SMALL, labelfontfamily=_FONT)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    if ylabel:
        axes.set_ylabel(ylabel, **plainly(TEXT))
    return axes


def legend(axes: Axes, handles: Sequence[Artist]) -> int:
    """The legend above the axes, where it hides nothing; how many rows it has."""
    figure = axes.get_figure(root=True)
    room = 14 * (8.0 if figure is None else figure.get_figwidth())  # letters of this size
    widths = [len(str(handle.get_label())) + 5 for handle in handles]
    columns = next((number for number in range(len(widths), 1, -1) if sum(map(max, _in_columns(widths, number))) <= room), 1)
    drawn = axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=columns,
        frameon=False,
        handlelength=1.2,
        columnspacing=1.2,
        borderpad=0.2,
        prop={"size": SMALL, "family": _FONT},
        labelcolor=INK,
    )
    for text in drawn.get_texts():
        text.set(parse_math=False, usetex=False)
    return legend_rows(axes)


def _in_columns(widths: Sequence[int], number: int) -> list[Sequence[int]]:
    """The widths column by column, as a legend puts its entries: the first columns take one more."""
    each, more = divmod(len(widths), number)
    ends = [column * each + min(column, more) for column in range(number + 1)]
    return [widths[begin:end] for begin, end in pairwise(ends)]


def legend_rows(axes: Axes) -> int:
    """How many rows the legend of some axes has."""
    drawn = axes.get_legend()
    return 0 if drawn is None else -(-len(drawn.get_texts()) // drawn._ncols)  # type: ignore[attr-defined]  # there is no public way


def counted(axes: Axes, highest: int) -> None:
    """A y axis of whole numbers from 0."""
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:,.0f}"))
    axes.set_ylim(0, max(1.0, highest * 1.08))


def plainly(size: float = TEXT, colour: str = INK) -> dict[str, Any]:
    """How texts are drawn: as they are, no mathematics and no TeX in them (G8)."""
    return {"fontsize": size, "color": colour, "fontfamily": _FONT, "parse_math": False, "usetex": False}


def plain_text(text: str, most: int = _LONGEST_TEXT) -> str:
    """Text from data as it is drawn: on one line, controls visible, what the font lacks as a box, and cut where it is long."""
    text = printable(text)
    shown = text if len(text) <= most else text[: most - 1] + "…"
    if shown.isascii():
        return shown
    font = get_font(findfont(FontProperties(family=_FONT)))
    return "".join(one if font.get_char_index(ord(one)) else "\N{WHITE SQUARE}" for one in shown)


# Local time --------------------------------------------------------------------------------------------------------------------


def dates(clock: Clock, instants: Sequence[int] | npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Microseconds since the start as matplotlib's dates."""
    absolute = np.asarray(instants, dtype=np.int64) + clock.epoch_us
    return np.asarray(date2num(absolute.view("datetime64[us]")), dtype=np.float64)  # type: ignore[no-untyped-call]


def date(clock: Clock, instant: int) -> float:
    """One instant as matplotlib's date."""
    return float(dates(clock, np.array([instant]))[0])


def local_time_axis(axes: Axes, clock: Clock, begin: int, end: int, labels: Labels) -> None:
    """An x axis of the scenario's local times, from one instant to another (at least a minute).

    Numbers only: names of months would be those of the machine's language.
    """
    zone = ZoneInfo(clock.time_zone)
    locator = AutoDateLocator(tz=zone, minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        ConciseDateFormatter(  # type: ignore[no-untyped-call]
            locator,
            tz=zone,
            formats=["%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%S.%f"],
            zero_formats=["", "%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M"],
            offset_formats=["", "%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%d", "%Y-%m-%d %H:%M"],
        )
    )
    axes.xaxis.get_offset_text().set(fontsize=SMALL, color=MUTED, fontfamily=_FONT)
    first, last = dates(clock, np.array([begin, max(end, begin + 60_000_000)]))
    axes.set_xlim(first, last)
    axes.set_xlabel(labels.local_time.format(zone=clock.time_zone), **plainly(SMALL, MUTED))


# Durations ----------------------------------------------------------------------------------------------------------------------

#: Where ticks of durations may stand, in seconds.
ROUND: Final = (
    *(unit * number for unit in (1, 60) for number in (1, 5, 15, 30)),
    *(3_600 * number for number in (1, 3, 6, 12)),
    *(86_400 * number for number in (1, 2, 4, 7, 14, 28, 60, 120, 365, 1_000, 3_650, 36_500)),
)
_MOST_TICKS: Final = 8


def duration_axis(axes: Axes, first: float, last: float, *, is_logarithmic: bool) -> None:
    """An x axis of seconds with ticks at round durations, written as durations."""
    ticks: list[float]
    if is_logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
        ticks = _apart([tick for tick in ROUND if first * 0.8 <= tick <= last * 1.2], (last / first) ** (1 / _MOST_TICKS))
    else:
        step = next((tick for tick in ROUND if last <= tick * (_MOST_TICKS - 2)), ROUND[-1])
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
