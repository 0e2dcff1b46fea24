"""Drawing the charts: from numbers that belong to nobody else to pictures, wherever `Studio` lets them be drawn.

What is drawn is copied beforehand: nothing here touches the simulation.
"""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from outboxsim.analysis.lives import EmailLife
    from outboxsim.analysis.plot_style import Labels
    from outboxsim.analysis.sizes import AttemptCounts, OutboxSizes
    from outboxsim.retry import Schedule

#: Pixels of the picture per pixel of the screen: sharp on fine screens, and at 200 % zoom still readable.
SHARPNESS: Final = 1.5
#: Pixels of the screen per inch of the figure.
_PIXELS: Final = 100
_WIDTH: Final = 8.0
#: The height of a row of a legend, in inches.
_ROW: Final = 0.18


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of a chart and what is around its axes, in inches: a layout that is known costs no search for it.

    `top` is for a legend of one row.
    """

    height: float
    top: float
    left: float = 0.62
    bottom: float = 0.5
    width: float = _WIDTH

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height on the screen."""
        return round(self.width * _PIXELS), round(self.height * _PIXELS)


TIMES: Final = Frame(height=2.6, top=0.32)
STRIP: Final = Frame(height=2.3, top=0.6, left=0.25)
SCHEDULE: Final = Frame(height=2.4, top=0.32, width=6.0)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture as a data URL, and the seconds that it took of a processor."""

    source: str
    cost: float


def prepare() -> None:
    """Load pandas, which gathering needs: the first time, that takes half a second that the kernel should not wait.

    None of our own modules: a cell that is run meanwhile may import them in another order, and of two threads that wait for each
    other's imports one gets an error.
    """
    import pandas  # noqa: PLC0415, F401 - a page without charts does not load it


def draw_sizes(sizes: OutboxSizes, labels: Labels) -> Drawn:
    """The outbox by status over time."""
    from outboxsim.analysis.plots import outbox_sizes  # noqa: PLC0415

    return _drawn(TIMES, lambda axes: outbox_sizes(sizes, axes, labels=labels))


def draw_attempts(counts: AttemptCounts, labels: Labels) -> Drawn:
    """Attempts per minute."""
    from outboxsim.analysis.plots import attempts_per_minute  # noqa: PLC0415

    return _drawn(TIMES, lambda axes: attempts_per_minute(counts, axes, labels=labels))


def draw_life(life: EmailLife, labels: Labels) -> Drawn:
    """One email's life."""
    from outboxsim.analysis.plots import email_strip  # noqa: PLC0415

    return _drawn(STRIP, lambda axes: email_strip(life, ax=axes, labels=labels))


def draw_schedule(schedule: Schedule, labels: Labels) -> Drawn:
    """When the attempts of a retry pattern are."""
    from outboxsim.analysis.plots import retry_schedule  # noqa: PLC0415

    return _drawn(SCHEDULE, lambda axes: retry_schedule(schedule, axes, labels=labels))


def _drawn(frame: Frame, plot: Callable[[Axes], object]) -> Drawn:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415 - comes with matplotlib

    from outboxsim.analysis.plot_style import legend_rows  # noqa: PLC0415

    begin = time.thread_time()
    figure = Figure(figsize=(frame.width, frame.height), dpi=_PIXELS * SHARPNESS, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    plot(axes)
    top = frame.top + _ROW * max(0, legend_rows(axes) - 1)
    figure.subplots_adjust(
        left=frame.left / frame.width, right=1 - 0.25 / frame.width, top=1 - top / frame.height, bottom=frame.bottom / frame.height
    )
    canvas.draw()  # type: ignore[no-untyped-call]
    picture = io.BytesIO()
    pixels = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    Image.frombuffer("RGBA", canvas.get_width_height(), pixels, "raw", "RGBA", 0, 1).convert("RGB").save(picture, "png")
    source = "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode("ascii")
    return Drawn(source, time.thread_time() - begin)
