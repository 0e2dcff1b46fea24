"""Scan and breaker: what a connector adds to a pattern. Values only; the engine gives them their behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from outboxsim.retry.faults import Faults
from outboxsim.retry.values import DURATION, Duration, Readable, duration, freeze, one_of, optional, positive_duration, whole_from


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Scan(Readable):
    """When a queue is looked at (spec/outbox.md L6): at offset, offset + interval, … since the start.

    A scan takes every email due at most `early` after it; `serial` lies between two starts; `applies_to` retries lets first attempts start
    at once. An interval of 0 is no scan: attempts start when they are due.
    """

    interval: int = field(default=0, metadata=DURATION)
    offset: int = field(default=0, metadata=DURATION)
    early: int = field(default=0, metadata=DURATION)
    serial: int = field(default=0, metadata=DURATION)
    applies_to: Literal["all", "retries"] = "all"

    def __init__(
        self,
        interval: Duration = 0,
        offset: Duration = 0,
        early: Duration = 0,
        serial: Duration = 0,
        applies_to: Literal["all", "retries"] = "all",
    ) -> None:
        faults = Faults()
        for name, value in (("interval", interval), ("offset", offset), ("early", early), ("serial", serial)):
            freeze(self, **{name: faults.read(name, duration, value)})
        freeze(self, applies_to=faults.read("applies_to", one_of("all", "retries"), applies_to))
        faults.done()


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Breaker(Readable):
    """After `failures` connection failures in a row a connector counts as dead for `open_for` (spec/retry.md).

    `within` scan counts only failures of one scan; `window` tries of a burst may start before the breaker can stop the rest.
    """

    failures: int
    open_for: int = field(metadata=DURATION)
    within: Literal["scan"] | None = None
    window: int = 1

    def __init__(self, failures: int, open_for: Duration, within: Literal["scan"] | None = None, window: int = 1) -> None:
        faults = Faults()
        freeze(self, failures=faults.read("failures", whole_from(1), failures))
        freeze(self, open_for=faults.read("open_for", positive_duration, open_for))
        freeze(self, within=faults.read("within", optional(one_of("scan")), within))
        freeze(self, window=faults.read("window", whole_from(1), window))
        faults.done()
