"""Where a tuning looks: retry patterns with ranges and choices in them.

A space is written as a pattern is in a scenario file, but any duration, number or count may be a range, ``10 s .. 10 min``, and any word
a choice, ``none | full | equal``; a choice of names alone is a choice of presets and of the scenario's patterns. Increasing tables of
delays have a form of their own. Several spaces are searched together::

    - exponential: {first: 10 s .. 10 min, factor: 1.2 .. 4, cap: 10 min .. 8 h}
      max_attempts: 3 .. 12
      jitter: none | full
    - delays: {count: 5, from: 10 s, to: 8 h}
    - default | postfix | exchange

In Python a range may be a pair, ``("10 s", "10 min")``; `exponential`, `delays` and `choice` of `outboxsim.analysis.space_reading` make
the usual ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias

from outboxsim.errors import QuantityError
from outboxsim.quantities import format_duration
from outboxsim.retry import RetryPattern

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

#: A drawn duration is rounded to these, by its size: nobody wants to configure 1 h 7 min 41.337 s.
_STEPS: Final = (
    (10 * SECOND, SECOND // 10),
    (2 * MINUTE, SECOND),
    (20 * MINUTE, 10 * SECOND),
    (3 * HOUR, MINUTE),
    (24 * HOUR, 10 * MINUTE),
)
#: Each delay of an increasing table is at most so many times the one before.
_MOST_GROWTH: Final = 10.0
#: A range of numbers that spans more than this is searched by factors, not by steps.
_WIDE: Final = 10


class Trial(Protocol):
    """What a space needs of an Optuna trial."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """A number from a range."""

    def suggest_int(self, name: str, low: int, high: int) -> int:
        """A whole number from a range."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of some choices."""


@dataclass(frozen=True, slots=True)
class Range:
    """A range of durations (µs), whole numbers, numbers or shares."""

    low: float
    high: float
    kind: Literal["duration", "whole", "number", "share"]

    def suggest(self, trial: Trial, name: str) -> Any:
        """A value from it, as a file would hold it."""
        if self.kind == "whole":
            return trial.suggest_int(name, int(self.low), int(self.high))
        if self.kind == "duration":
            return format_duration(self.rounded(trial.suggest_float(name, self.low / SECOND, self.high / SECOND, log=True) * SECOND))
        wide = self.low > 0 and self.high / self.low > _WIDE
        return float(f"{trial.suggest_float(name, self.low, self.high, log=wide):.3g}")

    def rounded(self, duration: float) -> int:
        """A duration of the range, rounded."""
        step = next((step for least, step in _STEPS if duration < least), HOUR)
        return int(min(self.high, max(self.low, math.floor(duration / step + 0.5) * step)))


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some values."""

    values: tuple[Any, ...]

    def suggest(self, trial: Trial, name: str) -> Any:
        """One of them."""
        return trial.suggest_categorical(name, list(self.values)) if len(self.values) > 1 else self.values[0]


@dataclass(frozen=True, slots=True)
class Increasing:
    """A table of so many delays, each at least as long as the one before: the first, and by how many times each is longer."""

    count: int
    range: Range

    def suggest(self, trial: Trial, name: str) -> list[str]:
        """The delays."""
        low, high = self.range.low / SECOND, self.range.high / SECOND
        seconds = trial.suggest_float(f"{name}.1", low, high, log=True)
        delays = [self.range.rounded(seconds * SECOND)]
        for place in range(2, self.count + 1):
            seconds = min(high, seconds * trial.suggest_float(f"{name}.{place}", 1.0, _MOST_GROWTH, log=True))
            delays.append(self.range.rounded(seconds * SECOND))
        return [format_duration(delay) for delay in delays]


Part: TypeAlias = "Range | Choice | Increasing"


@dataclass(frozen=True)
class Space:
    """Families of patterns, each a pattern as a file writes it with ranges and choices in it. Spaces are joined by ``|``."""

    families: tuple[Any, ...]

    def __or__(self, other: Space) -> Space:
        return Space(self.families + other.families)

    def suggest(self, trial: Trial, known: Mapping[str, RetryPattern] | None = None) -> RetryPattern:
        """The pattern of a trial. All parameters of all families are asked for, so that every trial has the same ones.

        Raises
        ------
        PatternInvalid
            What the family makes is no pattern.
        """
        written = [_suggested(trial, family, name) for name, family in zip(self.names, self.families, strict=True)]
        chosen = trial.suggest_categorical("family", self.names) if len(self.families) > 1 else self.names[0]
        return RetryPattern.from_mapping(written[self.names.index(chosen)], known)

    @property
    def names(self) -> list[str]:
        """What the families are called in tables: by their first key, numbered if several have the same."""
        bare = [
            next(iter(family)) if isinstance(family, Mapping) else "choice" if isinstance(family, Choice) else "delays"
            for family in self.families
        ]
        return [name if bare.count(name) == 1 else f"{name}-{bare[: place + 1].count(name)}" for place, name in enumerate(bare)]

    def check(self, known: Mapping[str, RetryPattern] | None = None) -> None:
        """Make the patterns at both ends of everything.

        Raises
        ------
        PatternInvalid, QuantityError
            What is wrong with one of them.
        """
        if not self.families:
            raise QuantityError("the space is empty; write for example exponential: {first: 10 s .. 10 min, factor: 2}")
        for end in (_Lowest(), _Highest()):
            for name, family in zip(self.names, self.families, strict=True):
                RetryPattern.from_mapping(_suggested(end, family, name), known)
        for family in self.families:
            for one in family.values if isinstance(family, Choice) else ():
                RetryPattern.from_mapping(one, known)


class _Lowest:
    """A trial that takes the lower end of everything."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:  # noqa: ARG002 - a trial's interface
        return low

    def suggest_int(self, name: str, low: int, high: int) -> int:  # noqa: ARG002
        return low

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:  # noqa: ARG002
        return choices[0]


class _Highest(_Lowest):
    """A trial that takes the upper end."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:  # noqa: ARG002
        return high

    def suggest_int(self, name: str, low: int, high: int) -> int:  # noqa: ARG002
        return high


def _suggested(trial: Trial, value: Any, name: str) -> Any:
    """A value with each range and choice in it replaced by what the trial says."""
    if isinstance(value, Range | Choice | Increasing):
        return value.suggest(trial, name)
    if isinstance(value, Mapping):
        return {key: _suggested(trial, part, name if key == name else f"{name}.{key}") for key, part in value.items()}
    if isinstance(value, list):
        return [_suggested(trial, part, f"{name}.{place}") for place, part in enumerate(value, start=1)]
    return value
