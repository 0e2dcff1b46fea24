"""The figures of a report's page: each drawn twice, for a wide screen and for a narrow one, with what it shows in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from outboxsim.analysis.metrics import latency
from outboxsim.analysis.outage_costs import storms_of
from outboxsim.analysis.report_tables import failures_by_hour
from outboxsim.analysis.report_words import percent, span
from outboxsim.analysis.sizes import BIN_WIDTHS, AttemptCounts, OutboxSizes, attempt_counts, size_by_status
from outboxsim.markup import text
from outboxsim.outbox import SendStatus

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from outboxsim.analysis.selection import Selected

#: Inches: at their widths on a screen, texts of 8 points have about 12 and 11 pixels.
_WIDE: Final = 8.4
_NARROW: Final = 3.7
#: Bars on a narrow screen.
_FEW_BINS: Final = 60


class Figure(NamedTuple):
    """A figure: its title, what it shows in words, its height (in the wide and in the narrow form), and how it is drawn."""

    title: str
    words: str
    heights: tuple[float, float]
    draw: Callable[[Axes, bool], object]


def figures_of(selected: Selected) -> dict[str, str]:
    """The figures of a run as HTML, by name.

    Raises
    ------
    ImportError
        If matplotlib is missing; the message says how to install it.
    """
    from outboxsim.analysis import plots  # noqa: PLC0415 - tables need no matplotlib
    from outboxsim.analysis.plot_style import new_axes  # noqa: PLC0415
    from outboxsim.analysis.svg import inline_svg  # noqa: PLC0415

    drawn = {}
    for name, figure in _figures(selected, plots).items():
        forms = []
        for form, width, height in zip(("wide", "narrow"), (_WIDE, _NARROW), figure.heights, strict=True):
            axes = new_axes(width, height)
            figure.draw(axes, form == "narrow")
            svg = inline_svg(axes.figure, f"{name}-{form}-", figure.title, figure.words)  # type: ignore[arg-type]  # it is no subfigure
            forms.append(svg.replace("<svg ", f'<svg class="{form}" ', 1))
        drawn[name] = f"<figure>{''.join(forms)}<figcaption>{text(figure.title)}. {text(figure.words)}</figcaption></figure>"
    return drawn


def _figures(selected: Selected, plots: Any) -> dict[str, Figure]:
    connectors = len(selected.connectors)
    sizes = size_by_status(selected.result, only=selected.chosen)
    counts = attempt_counts(selected.result, only=selected.chosen)
    few_bins = next((one for one in BIN_WIDTHS if counts.end <= one * _FEW_BINS), BIN_WIDTHS[-1])
    rough = attempt_counts(selected.result, only=selected.chosen, width=few_bins)
    storms = storms_of(selected)
    return {
        "sizes": Figure("Emails in the outbox by status", _sizes(sizes), (2.9, 2.9), lambda axes, _: plots.outbox_sizes(sizes, axes)),
        "attempts": Figure(
            "Attempts by what came of them",
            _attempts(counts),
            (2.9, 2.9),
            lambda axes, is_narrow: plots.attempts_per_minute(rough if is_narrow else counts, axes, storms=storms),
        ),
        "incidence": Figure(
            "Emails sent, failed and cancelled by the time since their release",
            _waits(selected),
            (3.0, 2.8),
            lambda axes, _: plots.cumulative_incidence(selected, axes),
        ),
        "histogram": Figure(
            "Emails by how many attempts they took",
            _numbers(selected),
            (2.6, 2.6),
            lambda axes, _: plots.attempts_histogram(selected, axes),
        ),
        "heat_map": Figure(
            "Failures by connector and hour of the day",
            _hours(selected),
            (1.1 + 0.34 * connectors, 5.4),
            lambda axes, is_narrow: plots.failure_heat_map(selected, axes, hours="down" if is_narrow else "across"),
        ),
    }


# In words ---------------------------------------------------------------------------------------------------------------------------


def _sizes(sizes: OutboxSizes) -> str:
    largest = int(sizes.total.argmax())
    most, at = int(sizes.total[largest]), sizes.clock.datetime(int(sizes.times[largest]))
    if not most:
        return "The outbox was empty all the time."
    return f"The most were {most:,}, at {at:%Y-%m-%d %H:%M}; at the end there were {sum(sizes.at(sizes.end).values()):,}."


def _attempts(counts: AttemptCounts) -> str:
    accepted, failed, not_tried, under_way = counts.counts.sum(axis=0).tolist()
    if not counts.counts.sum():
        return "There was no attempt."
    busiest = counts.counts.sum(axis=1)
    at = counts.clock.datetime(int(counts.begins[busiest.argmax()]))
    others = [f"{number:,} {what}" for number, what in ((not_tried, "not tried"), (under_way, "under way at the end")) if number]
    told = ", ".join([f"{accepted:,} accepted", f"{failed:,} failed", *others])
    return f"{told}. The most within {span(counts.width)} were {int(busiest.max()):,}, from {at:%Y-%m-%d %H:%M} on."


def _waits(selected: Selected) -> str:
    if selected.sending is None:
        return "No email was released."
    quantiles = ((0.5, latency(selected, 0.5)), (0.95, latency(selected, 0.95)))
    told = [f"{100 * share:.0f} % are sent " + ("by no time" if time is None else f"within {span(time)}") for share, time in quantiles]
    found = {status.word: selected.incidence_of(status) for status in (SendStatus.SENT, SendStatus.FAILED, SendStatus.CANCELLED)}
    ends = [f"{percent(one.levels[-1])} {word}" for word, one in found.items() if one is not None and one.levels.size]
    return f"{'; '.join(told)}. In the end: {', '.join(ends) or 'all still wait'}."


def _numbers(selected: Selected) -> str:
    attempts = selected.emails["attempts"]
    if attempts.empty:
        return "There was no email."
    once = int((attempts == 1).sum())
    return f"{once:,} of {len(attempts):,} took one attempt, {int((attempts > 1).sum()):,} took more, the most {int(attempts.max()):,}."


def _hours(selected: Selected) -> str:
    table = failures_by_hour(selected)
    if not table.to_numpy().any():
        return "No attempt failed."
    row, hour = divmod(int(table.to_numpy().argmax()), table.shape[1])
    return f"The most failed on {table.index[row]} between {hour}:00 and {hour + 1}:00: {int(table.to_numpy().max()):,}."
