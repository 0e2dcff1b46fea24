"""RetryPattern: a delay rule with its jitter, its stop rules and the parts that only experts meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Literal

from outboxsim.quantities import LONGEST
from outboxsim.retry.connector_parts import Breaker, Scan
from outboxsim.retry.delays import DelayRule, Table
from outboxsim.retry.faults import Faults, PatternInvalid
from outboxsim.retry.history import History
from outboxsim.retry.jitter import Decorrelated, Jitter, NoJitter
from outboxsim.retry.values import DURATION, Duration, Readable, freeze, one_of, optional, positive_duration, shown, whole_from

if TYPE_CHECKING:
    from outboxsim.retry.schedule import Schedule

#: One value for all patterns without jitter: it has no fields.
NO_JITTER: Final = NoJitter()


@dataclass(frozen=True, slots=True, init=False, repr=False)
class RetryPattern(Readable):
    """When is the next attempt after one that failed transiently, if any? A pure, frozen value (spec/retry.md).

    Parameters
    ----------
    rule
        The delay rule: `Table`, `Fixed`, `Exponential`, `Linear`, `Polynomial`, `Fibonacci`, `Age`, `Pieces`, `Grid`, `Doublings`, or any
        frozen value with a method ``delay(history)`` (see `DelayRule`). A list of durations alone is a table.
    jitter
        `NoJitter`, `Full`, `Equal`, `Decorrelated`, `Plus`, `PlusPerRetry`, `Percent`, or any value with the method of `Jitter`.
    max_attempts
        Give up after so many attempts, the first included.
    max_age
        Give up when the email is so old at the end of a failed attempt. A duration: microseconds, text or timedelta.
    stop
        Whether ``"any"`` of the two ends it, or only ``"all"`` of those that are given. With neither only the rule ends it.
    scope
        ``"email"``, or ``"connector"``: connection failures then count for the connector (Exim's host retry).
    clock
        Ages and due times are computed on instants floored to it, from the start; None is exact.
    scan, breaker
        For the connectors that use the pattern and have none of their own.
    name
        For messages and reports; two patterns are equal whatever their names.

    Raises
    ------
    PatternInvalid
        With every fault; it is a ValueError.

    Examples
    --------
    >>> RetryPattern(["1 min", "5 min"], max_attempts=6)
    RetryPattern(Table('1 min', '5 min'), max_attempts=6)
    """

    rule: DelayRule
    jitter: Jitter = NO_JITTER
    max_attempts: int | None = None
    max_age: int | None = field(default=None, metadata=DURATION)
    stop: Literal["any", "all"] = "any"
    scope: Literal["email", "connector"] = "email"
    clock: int | None = field(default=None, metadata=DURATION)
    scan: Scan | None = None
    breaker: Breaker | None = None
    name: str = field(default="", compare=False)

    def __init__(
        self,
        rule: DelayRule | Iterable[Duration],
        *,
        jitter: Jitter = NO_JITTER,
        max_attempts: int | None = None,
        max_age: Duration | None = None,
        stop: Literal["any", "all"] = "any",
        scope: Literal["email", "connector"] = "email",
        clock: Duration | None = None,
        scan: Scan | None = None,
        breaker: Breaker | None = None,
        name: str = "",
    ) -> None:
        faults = Faults()
        freeze(self, rule=faults.read((), _rule, rule), jitter=jitter, scan=scan, breaker=breaker, name=name)
        freeze(self, max_attempts=faults.read("max_attempts", optional(whole_from(1)), max_attempts))
        freeze(self, max_age=faults.read("max_age", optional(positive_duration), max_age))
        freeze(self, stop=faults.read("stop", one_of("any", "all"), stop))
        freeze(self, scope=faults.read("scope", one_of("email", "connector"), scope))
        freeze(self, clock=faults.read("clock", optional(positive_duration), clock))
        check_first_delay(self.rule, jitter, faults)
        for part, value, kind in (("scan", scan, Scan), ("breaker", breaker, Breaker)):
            if not isinstance(value, kind | None):
                faults.add((part,), f"{shown(value)} is no {kind.__name__}")
        if not callable(getattr(jitter, "apply", None)):
            faults.add(("jitter",), f"{shown(jitter)} is no jitter; write for example Full() or Percent('10 %')")
        faults.done()

    def stops(self, history: History) -> bool:
        """Whether the pattern ends here by `max_attempts` and `max_age`; the rule itself may still be exhausted (`due` is then None)."""
        if self.max_age is None:
            return self.max_attempts is not None and history.attempts >= self.max_attempts
        clock = self.clock or 1
        old = history.ended // clock * clock - history.submitted // clock * clock >= self.max_age
        if self.max_attempts is None:
            return old
        worn = history.attempts >= self.max_attempts
        return (old and worn) if self.stop == "all" else (old or worn)

    def due(self, history: History, uniform: Callable[[], float]) -> int | None:
        """The instant of the next attempt, or None if the rule is exhausted. The stop rules are not asked: see `next_attempt`.

        Parameters
        ----------
        history
            The email's past; `history.ended` is now.
        uniform
            The email's stream of uniform numbers from [0, 1): called once if there is a jitter and a delay, else not at all.

        Returns
        -------
        int or None
            Microseconds since the start, always after `history.ended`, rounded half up. With a `clock`, the delay counts from the
            floored end of the attempt.
        """
        ended = history.ended
        if self.clock is not None:
            history = history.floored(self.clock)
        delay = self.rule.delay(history)
        if delay is None:
            return None
        if self.jitter.__class__ is not NoJitter:
            delay = self.jitter.apply(min(delay, LONGEST), uniform(), history, self.rule)  # 0 times infinity would be nan
        step = int(delay + 0.5) if delay < LONGEST else _longest(delay)
        due = history.ended + (step if step > 0 else 1)
        return due if due > ended else ended + 1

    def next_attempt(self, history: History, uniform: Callable[[], float]) -> int | None:
        """The instant of the next attempt, or None to give up: `stops`, then `due`."""
        return None if self.stops(history) else self.due(history, uniform)

    def planned(self, history: History, due: int) -> int:
        """The delay to remember as `History.planned`, for a `due` that this pattern gave: it counts from the floored end."""
        clock = self.clock or 1
        return due - history.ended // clock * clock

    def replace(self, **parts: Any) -> RetryPattern:
        """The same pattern with some parts changed; it loses its name unless one is given."""
        unchanged = {part.name: getattr(self, part.name) for part in fields(self) if part.name != "name"}
        return RetryPattern(**{**unchanged, **parts})

    def schedule(self, until: Duration = "5 d", *, max_rows: int = 1000) -> Schedule:
        """When the attempts of an email are that fails at every one, each attempt taking no time.

        Parameters
        ----------
        until
            Rows end where the median passes this time since submission.
        max_rows
            Rows end after so many in any case; `Schedule.cut` tells.

        Returns
        -------
        Schedule
            Rows of (attempt, minimum, median, maximum), in microseconds since submission.
        """
        from outboxsim.retry.schedule import schedule_of  # noqa: PLC0415 - patterns are there without tables

        return schedule_of(self, until, max_rows)

    def _repr_html_(self) -> str:
        from outboxsim.retry.notebook import pattern_html  # noqa: PLC0415 - nobody else draws

        return pattern_html(self)

    def to_mapping(self) -> list[str] | dict[str, Any]:
        """The pattern as scenario files write it, a list or a mapping; `from_mapping` makes an equal one of it. See `as_written`."""
        from outboxsim.retry.written import as_written  # noqa: PLC0415 - it builds on this module

        return as_written(self)

    @classmethod
    def from_mapping(cls, value: object, patterns: Mapping[str, RetryPattern] | None = None) -> RetryPattern:
        """A pattern as scenario files write it: a list, a mapping, or the name of one in `patterns` or of a preset. See `parse_pattern`."""
        from outboxsim.retry.parse import parse_pattern  # noqa: PLC0415 - parse builds on this module

        return parse_pattern(value, patterns)


def check_first_delay(rule: DelayRule | None, jitter: Jitter | None, faults: Faults) -> None:
    """Note a fault if decorrelated jitter meets a rule that has no first delay to spread from."""
    if isinstance(jitter, Decorrelated) and rule is not None and getattr(rule, "first_delay", None) is None:
        faults.add(
            ("jitter",),
            f"'decorrelated' needs a delay rule with a first delay, and {type(rule).__name__.lower()} has none; take another jitter, "
            "or one of delays, fixed, exponential, linear, fibonacci, doublings",
        )


def _rule(value: object) -> DelayRule:
    if callable(getattr(value, "delay", None)):
        return value  # type: ignore[return-value]  # just checked; a custom rule need not inherit anything
    if isinstance(value, Iterable) and not isinstance(value, str):
        return Table(value)
    raise PatternInvalid([((), f"{shown(value)} is no delay rule; write for example Table('1 min', '5 min') or Fixed('30 min')")])


def _longest(delay: float) -> int:
    """A delay of more than 100 years, cut to that: an instant always fits into 64 bits and into a calendar.

    A delay that is no number is a fault of a rule or jitter that somebody wrote.
    """
    if delay != delay:  # noqa: PLR0124 - only nan does
        raise ValueError("the delay is nan; a delay rule and a jitter give a number of microseconds, or None to give up")
    return LONGEST
