"""Connectors, their outages and failures, and what `set` may change of them (spec/outbox.md section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from outboxsim.quantities import Constant
from outboxsim.scenario.addresses import Address
from outboxsim.scenario.concept import Concept
from outboxsim.scenario.failures import FailureShare, GreylistingValue, PermanentFailures, TransientFailures, share_of
from outboxsim.scenario.flaws import Flaw
from outboxsim.scenario.outages import Breakdowns, Outage
from outboxsim.scenario.random_durations import RandomDurationValue
from outboxsim.scenario.readers import Duration, PositiveCount, PositiveRate, QueueOrder, Truth
from outboxsim.scenario.retrying import BreakerValue, Pattern, ScanValue
from outboxsim.scenario.scope import Scope

_LATENCY = "How long an attempt takes."
_TIMEOUT = "How long an attempt waits in an outage of kind timeout."
_CAPACITY = "How many attempts may run at once; left out or null: unlimited."
_RATE = "How many attempts may start in a time; left out or null: unlimited."
_TRANSIENT = "The share of attempts that fail transiently (4xx)."
_PERMANENT = "The share of attempts that fail permanently (5xx)."
_GREYLISTING = "Tries for a recipient domain fail until so long after the first; left out or null: none."
_RETRY = "The retry pattern of this connector's emails; left out or null: the scenario's."
_LIMIT = "The most attempts of an email; left out or null: the scenario's limit."


class Connector(Concept):
    """The way to a mail server."""

    of: ClassVar[str] = "a connector"
    may_be_empty_: ClassVar[bool] = True

    addresses: tuple[Address, ...] = Field(
        (), description="Emails from these addresses take this connector.", examples=[["payroll@acme.example"]]
    )
    default: Truth = Field(False, description="Whether emails whose address no connector lists take this one. Default false.")
    enabled: Truth = Field(True, description="Whether it is enabled at the start. Default true.")
    latency: RandomDurationValue = Field(Constant(0), description=f"{_LATENCY} Default 0 s.", examples=["2 s"])
    timeout: Duration = Field(30_000_000, description=f"{_TIMEOUT} Default 30 s.", examples=["30 s"])
    capacity: PositiveCount | None = Field(None, description=_CAPACITY, examples=[4])
    queue: QueueOrder = Field("fifo", description="Whether who waits goes in order (fifo) or by priority. Default fifo.")
    rate_limit: PositiveRate | None = Field(None, description=_RATE, examples=["30 per min"])
    transient_failure: TransientFailures = Field(FailureShare.none(), description=f"{_TRANSIENT} Default 0.")
    permanent_failure: PermanentFailures = Field(FailureShare.none(), description=f"{_PERMANENT} Default 0.")
    greylisting: GreylistingValue | None = Field(None, description=_GREYLISTING)
    outages: tuple[Outage, ...] = Field((), description="When it is down.")
    breakdowns: Breakdowns | None = Field(None, description="Outages at random: alternating times up and down.")
    disable_after: PositiveCount | None = Field(
        None, description="It disables itself after so many transient failures in a row.", examples=[10]
    )
    breaker: BreakerValue | None = Field(None, description="After so many connection failures in a row it counts as dead for a time.")
    retry: Pattern | None = Field(None, description=_RETRY)
    attempt_limit: PositiveCount | None = Field(None, description=_LIMIT, examples=[6])
    scan: ScanValue | None = Field(None, description="When this connector's queue is looked at; left out: the scenario's scan.")

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:  # noqa: ARG003
        """The shares of failures together."""
        yield from shares_above_one(raw, share_of(raw.get("transient_failure", 0)), share_of(raw.get("permanent_failure", 0)))


def shares_above_one(raw: Mapping[str, Any], transient: float | None, permanent: float | None) -> Iterator[Flaw]:
    """A flaw if the two shares of failures are more than all attempts."""
    if transient is not None and permanent is not None and transient + permanent > 1:
        key = "permanent_failure" if "permanent_failure" in raw else "transient_failure"
        yield Flaw(
            (key,), f"transient_failure ({transient:g}) and permanent_failure ({permanent:g}) are above 1 together; lower one of them"
        )


class ConnectorSettings(Concept):
    """What `set` may change of a connector; `model_fields_set` says what it does change."""

    of: ClassVar[str] = "a connector's settings"

    latency: RandomDurationValue | None = Field(None, description=_LATENCY)
    timeout: Duration | None = Field(None, description=_TIMEOUT)
    capacity: PositiveCount | None = Field(None, description=_CAPACITY)
    rate_limit: PositiveRate | None = Field(None, description=_RATE)
    transient_failure: TransientFailures | None = Field(None, description=_TRANSIENT)
    permanent_failure: PermanentFailures | None = Field(None, description=_PERMANENT)
    greylisting: GreylistingValue | None = Field(None, description=_GREYLISTING)
    retry: Pattern | None = Field(None, description=_RETRY)
    attempt_limit: PositiveCount | None = Field(None, description=_LIMIT)

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:  # noqa: ARG003
        """Null is no value of what is never unset."""
        yield from cls.no_nulls(raw, "latency", "timeout", "transient_failure", "permanent_failure")
