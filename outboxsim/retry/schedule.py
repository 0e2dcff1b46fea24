"""The schedule of a pattern: when the attempts of an email are that fails at every one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, repeat
from typing import TYPE_CHECKING, Final, NamedTuple, overload

from outboxsim.quantities import format_duration
from outboxsim.retry.faults import Faults
from outboxsim.retry.history import History
from outboxsim.retry.jitter import NoJitter
from outboxsim.retry.values import Duration, positive_duration, whole_from

if TYPE_CHECKING:
    import pandas as pd

    from outboxsim.retry.pattern import RetryPattern

#: Emails that are followed for the medians of a pattern with jitter (fewer if the schedule is long). Odd: a median is one of the values.
PATHS: Final = 2001
FEWEST_PATHS: Final = 101
#: Draws that one schedule may take in all.
DRAWS: Final = 200_000
#: The seed of the schedule's own generator: the same pattern always gives the same table. It touches no other stream.
SEED: Final = 20_260_302
#: The largest number below 1: where U(0, 1) ends.
NEARLY_ONE: Final = 1 - 2**-53


class Row(NamedTuple):
    """One attempt. Instants are microseconds since submission, which is also the first attempt."""

    attempt: int
    minimum: int
    median: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Schedule(Sequence[Row]):
    """The attempts of an email that fails at every one, each attempt taking no time; a sequence of `Row`.

    Without jitter minimum, median and maximum are one instant. With jitter, the median is that of simulated emails (a generator with a
    fixed seed of its own); minimum and maximum are the paths on which every uniform number is 0 and nearly 1, or a simulated email's where
    that lies outside (a rule that depends on age can turn the order round). Emails that gave up earlier, because `max_age` was over for
    them, count no more.

    Attributes
    ----------
    rows
        The rows.
    until
        Rows end where the median would pass this instant.
    cut
        True if the rows ended because they were too many.
    gives_up
        True if the pattern ends with the last row.
    """

    rows: tuple[Row, ...]
    until: int
    cut: bool
    gives_up: bool
    title: str = field(default="", compare=False)

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Row, ...]: ...

    def __getitem__(self, index: int | slice) -> Row | tuple[Row, ...]:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    @property
    def has_jitter(self) -> bool:
        """Whether some row is more than one instant."""
        return any(row.minimum != row.maximum for row in self.rows)

    @property
    def ending(self) -> str:
        """What comes after the last row, in words."""
        if self.gives_up:
            return "then gives up"
        return f"cut after {len(self.rows)} attempts" if self.cut else f"goes on after {format_duration(self.until)}"

    def to_frame(self) -> pd.DataFrame:
        """The rows as a DataFrame: `attempt`, and `minimum`, `median`, `maximum` as Timedelta (needs pandas)."""
        import pandas as pd  # noqa: PLC0415 - patterns are there without tables

        frame = pd.DataFrame(list(self.rows), columns=list(Row._fields))
        instants = [name for name in Row._fields if name != "attempt"]
        return frame.assign(**{name: frame[name].astype("timedelta64[us]") for name in instants})

    @property
    def cells(self) -> tuple[list[str], list[list[str]]]:
        """Header and cells: one column of instants and the delays without jitter, three columns of instants with."""
        if self.has_jitter:
            return list(Row._fields), [[str(row.attempt), *map(_rounded, row[1:])] for row in self.rows]
        delays = ["", *(format_duration(row.median - last.median) for last, row in pairwise(self.rows))]
        cells = [[str(row.attempt), format_duration(row.median), delay] for row, delay in zip(self.rows, delays, strict=True)]
        return ["attempt", "at", "delay"], cells

    def __str__(self) -> str:
        header, cells = self.cells
        widths = [max(len(line[column]) for line in [header, *cells]) for column in range(len(header))]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in [header, *cells]]
        return "\n".join([*([self.title] if self.title else []), *lines, self.ending])

    def _repr_html_(self) -> str:
        from outboxsim.retry.notebook import schedule_html  # noqa: PLC0415 - nobody else draws

        return schedule_html(self)


def _rounded(instant: int) -> str:
    """A drawn instant as a person wants it: no microseconds behind seconds."""
    unit = 1_000_000 if instant >= 60_000_000 else 1_000 if instant >= 1_000 else 1
    return format_duration((instant + unit // 2) // unit * unit)


def schedule_of(pattern: RetryPattern, until: Duration, max_rows: int) -> Schedule:
    """The schedule of a pattern; see `RetryPattern.schedule`."""
    faults = Faults()
    end = faults.read("until", positive_duration, until)
    most = faults.read("max_rows", whole_from(1), max_rows)
    faults.done()
    rows: list[Row] = []
    title = pattern.name or repr(pattern)
    for row in _rows(pattern, _draws(pattern, end, most)):
        if row.median > end or len(rows) == most:
            return Schedule(tuple(rows), end, cut=row.median <= end, gives_up=False, title=title)
        rows.append(row)
    return Schedule(tuple(rows), end, cut=False, gives_up=True, title=title)


def _rows(pattern: RetryPattern, draws: Iterator[Sequence[float]]) -> Iterator[Row]:
    """Row by row, all followed emails in step; with jitter the first two are the extremes, which do not count for the median."""
    yield Row(1, 0, 0, 0)
    paths: list[History | None] = []
    for attempt, uniforms in enumerate(draws, start=2):
        paths = paths or [_submitted()] * len(uniforms)
        paths = [None if path is None else _failed_again(pattern, path, uniform) for path, uniform in zip(paths, uniforms, strict=True)]
        reached = sorted(path.ended for path in paths if path is not None)
        if not reached:
            return
        drawn = sorted(path.ended for path in paths[2:] if path is not None) or reached
        yield Row(attempt, reached[0], drawn[(len(drawn) - 1) // 2], reached[-1])


def _submitted() -> History:
    return History(submitted=0, ended=0, attempts=1, retries=0, first_failure=0, planned=0, last_ended=0)


def _failed_again(pattern: RetryPattern, past: History, uniform: float) -> History | None:
    """The history after the next attempt has failed too; None if there is none."""
    due = pattern.next_attempt(past, lambda: uniform)
    if due is None:
        return None
    return History(
        submitted=0,
        ended=due,
        attempts=past.attempts + 1,
        retries=past.retries + 1,
        first_failure=0,
        planned=pattern.planned(past, due),
        last_ended=past.ended,
    )


def _draws(pattern: RetryPattern, until: int, max_rows: int) -> Iterator[Sequence[float]]:
    """For each retry a uniform number per followed email: the two extremes, then the drawn ones. One email is enough without jitter."""
    if isinstance(pattern.jitter, NoJitter):
        yield from repeat((0.0,))
    import numpy as np  # noqa: PLC0415 - import outboxsim stays light

    paths = min(PATHS, max(FEWEST_PATHS, DRAWS // _expected_rows(pattern, until, max_rows) | 1))
    generator = np.random.Generator(np.random.PCG64(SEED))
    while True:
        yield (0.0, NEARLY_ONE, *generator.random(paths).tolist())


def _expected_rows(pattern: RetryPattern, until: int, max_rows: int) -> int:
    """How long the schedule will be, about: the rows of an email whose numbers are all 0.5."""
    rows, path = 1, _failed_again(pattern, _submitted(), 0.5)
    while path is not None and path.ended <= until and rows < max_rows:
        rows, path = rows + 1, _failed_again(pattern, path, 0.5)
    return rows
