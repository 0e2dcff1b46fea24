"""What commands draw on a terminal: tables, a histogram, a strip of time. All text from files is data: no markup, nothing that steers."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Final

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from outboxsim.markup import visible
from outboxsim.quantities import format_duration

if TYPE_CHECKING:
    from outboxsim.analysis.result import Result
    from outboxsim.analysis.selection import Selected
    from outboxsim.retry import Preset
    from outboxsim.retry.schedule import Schedule

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

#: Where the classes of a latency histogram may end, in µs: round durations, each 2 to 3 times the one before.
ROUND_DURATIONS: Final = (
    *(100_000, 200_000, 500_000, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND),
    *(MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR),
    *(DAY, 2 * DAY, 5 * DAY, 10 * DAY, 30 * DAY, 100 * DAY, 365 * DAY),
)

#: How wide output is that no terminal shows.
PLAIN_WIDTH: Final = 100

_BLOCKS: Final = "▏▎▍▌▋▊▉█"
_LEVELS: Final = "▁▂▃▄▅▆▇█"
_MOST_ERRORS: Final = 5
_MOST_OUTAGES: Final = 3


def console(stream: IO[str] | None = None) -> Console:
    """A console that takes text as it is: no markup, no emoji codes, no highlighting."""
    stream = stream if stream is not None else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH
    return Console(file=stream, markup=False, emoji=False, highlight=False, width=width)


def draws_blocks(target: Console) -> bool:
    """Whether the console's encoding has block characters; others get ASCII."""
    return target.encoding.lower().startswith("utf")


# Drawings ---------------------------------------------------------------------------------------------------------------------------


def bar(share: float, width: int, *, blocks: bool = True) -> str:
    """A bar that fills `share` of `width` characters; anything above 0 shows."""
    if not blocks:
        return "#" * (max(1, round(share * width)) if share > 0 else 0)
    eighths = max(1, round(share * width * 8)) if share > 0 else 0
    return "█" * (eighths // 8) + (_BLOCKS[eighths % 8 - 1] if eighths % 8 else "")


def classes(durations: Sequence[int]) -> list[tuple[int, int]]:
    """How many of the durations lie in each class: (the class's end, included; number), from the first class with any to the last."""
    if not durations:
        return []
    ends = [
        *(end for end in ROUND_DURATIONS if end < max(durations)),
        next((e for e in ROUND_DURATIONS if e >= max(durations)), max(durations)),
    ]
    numbers = Counter(ends[bisect_left(ends, duration)] for duration in durations)
    first = next(place for place, end in enumerate(ends) if numbers[end])
    return [(end, numbers[end]) for end in ends[first:]]


def histogram(counted: Sequence[tuple[int, int]], *, width: int = 40, blocks: bool = True) -> Table:
    """A histogram of durations, a row per class (see `classes`)."""
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right")
    table.add_column(justify="right")
    table.add_column()
    most = max((number for _, number in counted), default=1)
    for end, number in counted:
        table.add_row(f"up to {format_duration(end)}", f"{number:,}", bar(number / most, width, blocks=blocks))
    return table


def strip(times: Iterable[float], until: float, *, width: int = 72, blocks: bool = True) -> str:
    """A line of time from 0 to `until`: the higher a mark, the more of `times` fall on its place."""
    numbers = [0] * width
    for time in times:
        if 0 <= time <= until:
            numbers[min(int(time / until * width), width - 1) if until else 0] += 1
    most = max(numbers)
    if not blocks:
        return "".join("-" if not number else str(number) if number < 10 else "+" for number in numbers)
    return "".join("·" if not number else _LEVELS[0 if most == 1 else (number - 1) * 7 // (most - 1)] for number in numbers)


def axis(until: int, *, width: int = 72) -> str:
    """The scale below a strip: 0, the middle and the end."""
    middle, end = _short(until // 2), _short(until)
    if len(middle) + len(end) + 4 > width:
        return f"0{end:>{width - 1}}"
    left = (width - len(middle)) // 2
    return f"0{middle:>{left + len(middle) - 1}}{end:>{width - left - len(middle)}}"


def _short(duration: int) -> str:
    """A duration without the small parts that nobody wants to read behind large ones."""
    unit = next((unit for least, unit in ((10 * HOUR, MINUTE), (MINUTE, SECOND), (SECOND, SECOND // 1000)) if duration >= least), 1)
    return format_duration((duration + unit // 2) // unit * unit)


# Tables -----------------------------------------------------------------------------------------------------------------------------


def counts(title: str, rows: Iterable[tuple[str, int | str]], total: int | None = None) -> Table:
    """A small table of words and values under a title, and their total beside that."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(plain_text(title), overflow="fold")
    table.add_column("" if total is None else f"{total:,}", justify="right")
    for word, value in rows:
        table.add_row(plain_text(word), value if isinstance(value, str) else f"{value:,}")
    return table


def plain_text(text: str) -> Text:
    """Text from a file for a table's cell."""
    return Text(visible(text), overflow="fold")


def heading(text: str) -> Text:
    """A line that names what follows."""
    return Text(text, style="bold")


def preset_table(presets: Iterable[Preset]) -> Table:
    """The presets: name, schedule in words, source."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("name", no_wrap=True)
    table.add_column("schedule", overflow="fold", ratio=1)
    table.add_column("source", overflow="fold", ratio=1)
    for preset in presets:
        table.add_row(plain_text(preset.name), plain_text(preset.summary), plain_text(preset.source))
    return table


def preset_schedule(preset: Preset, schedule: Schedule, *, blocks: bool = True) -> RenderableType:
    """A preset with its schedule: the attempts as a table and on a line of time, which ends with the last of them."""
    parts: list[RenderableType] = [Text(preset.name, style="bold"), plain_text(preset.summary), Text(""), schedule_table(schedule)]
    if len(schedule) > 1:
        last = schedule[-1].median
        medians = [row.median for row in schedule]
        parts += [Text(""), Text(strip(medians, last, blocks=blocks)), Text(axis(last))]
    return Group(*parts, Text(""), plain_text(f"Source: {preset.source}"))


def schedule_table(schedule: Schedule) -> RenderableType:
    """Attempts and their instants since submission; with the least and the most if the pattern draws."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for column in ("attempt", "min", "median", "max"):
        table.add_column(column, justify="right")
    for row in schedule:
        table.add_row(str(row.attempt), *(_short(instant) for instant in (row.minimum, row.median, row.maximum)))
    return Group(table, Text(schedule.ending))


# The summary of a run ---------------------------------------------------------------------------------------------------------------


def run_summary(result: Result, *, blocks: bool = True) -> RenderableType:
    """What a run came to: emails, attempts, connectors, latency, errors."""
    from outboxsim.analysis.selection import Selected  # noqa: PLC0415 - drawings need no tables

    selected = Selected(result)
    clock = result.clock
    span = f"{format_duration(result.horizon)} from {clock.iso(0)} to {clock.iso(result.horizon)}, seed {result.seed}"
    parts: list[RenderableType] = [Text(visible(result.name or "(no name)"), style="bold"), Text(span), Text("")]
    parts += [Columns([_emails(selected), _attempts(selected), _latencies(selected)], padding=(0, 6)), Text(""), _connectors(selected)]
    latencies = _sent_latencies(selected)
    if latencies:
        drawn = histogram(classes(latencies), blocks=blocks)
        parts += [Text(""), heading("Latency of the emails sent, from release"), Padding(drawn, (0, 0, 0, 2), expand=False)]
    errors = _top_errors(selected)
    if errors:
        parts += [Text(""), counts("Most frequent errors", errors)]
    for part in (_costliest_outages(selected), _still_there(selected)):
        parts += [] if part is None else [Text(""), part]
    return Group(*parts)


def _emails(selected: Selected) -> Table:
    numbers = selected.emails["status"].value_counts()
    rows = [(str(status).replace("_", " "), int(number)) for status, number in numbers.sort_index().items() if number]
    return counts("Emails", rows, len(selected.emails))


def _attempts(selected: Selected) -> Table:
    numbers = selected.attempts["outcome"].value_counts(dropna=False)
    rows = [("in flight" if outcome != outcome else str(outcome).replace("_", " "), int(number)) for outcome, number in numbers.items()]  # noqa: PLR0124 - nan
    return counts("Attempts", [(word, number) for word, number in rows if number], len(selected.attempts))


def _latencies(selected: Selected) -> Table:
    from outboxsim.analysis.metrics import latency  # noqa: PLC0415

    values = {f"p{percent}": latency(selected, percent / 100) for percent in (50, 95, 99)}
    return counts("Latency", [(name, "never" if value is None else _short(value)) for name, value in values.items()])


def _connectors(selected: Selected) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("Connector", overflow="fold", header_style="bold")
    for column in ("attempts", "outages", "in outage", "disabled"):
        table.add_column(column, justify="right")
    for connector in selected.connectors:
        outages, closed = selected.outages(connector), selected.closed(connector)
        started = int((selected.attempts["connector"] == connector).sum())
        durations = [sum((selected.horizon if p.end is None else p.end) - p.begin for p in periods) for periods in (outages, closed)]
        table.add_row(plain_text(connector), f"{started:,}", f"{len(outages)}", *(format_duration(duration) for duration in durations))
    return table


def _sent_latencies(selected: Selected) -> list[int]:
    """From release to acceptance, of the emails sent."""
    released, finished = selected.instants(selected.emails["released"]), selected.instants(selected.emails["finished"])
    inside = selected.with_status("sent") & selected.emails["released"].notna().to_numpy()
    latencies: list[int] = (finished - released)[inside].tolist()
    return latencies


def _top_errors(selected: Selected) -> list[tuple[str, int]]:
    table = selected.attempts
    errors = table["error"][table["error"].notna() & (table["error"] != "")]
    numbers = sorted(errors.value_counts().items(), key=lambda counted: (-counted[1], str(counted[0])))
    return [(str(error), int(number)) for error, number in numbers[:_MOST_ERRORS] if number]


def _costliest_outages(selected: Selected) -> Table | None:
    """The outages that wasted the most attempts, and what else they cost."""
    import pandas as pd  # noqa: PLC0415

    from outboxsim.analysis.outage_costs import outage_costs  # noqa: PLC0415

    costs = outage_costs(selected)
    worst = costs[costs["wasted_attempts"] > 0].sort_values("wasted_attempts", ascending=False, kind="stable").head(_MOST_OUTAGES)
    if worst.empty:
        return None
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("Costliest outages", overflow="fold", header_style="bold")
    for column in ("began", "wasted attempts", "emails delayed", "drained after"):
        table.add_column(column, justify="right")
    for row in worst.to_dict("records"):
        drain = row["backlog_drain"]
        numbers = (f"{row['wasted_attempts']:,}", f"{row['emails_delayed']:,}")
        drained = "never" if drain is pd.NaT else _short(drain // timedelta(microseconds=1))
        table.add_row(plain_text(row["connector"]), f"{row['began']:%Y-%m-%d %H:%M}", *numbers, drained)
    return table


def _still_there(selected: Selected) -> Table | None:
    """What is in the outbox at the end, and why."""
    from outboxsim.analysis.outbox_reasons import outbox_reasons, outbox_table  # noqa: PLC0415

    reasons = outbox_reasons(outbox_table(selected))
    if reasons.empty:
        return None
    rows = [(f"{row['status'].replace('_', ' ')}: {row['reason']}", row["emails"]) for row in reasons.to_dict("records")]
    return counts("In the outbox at the end", rows)
