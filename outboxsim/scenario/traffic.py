"""Traffic: emails that arrive at random, or in a regular way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias

from pydantic import Discriminator, Field, PlainValidator, Tag, ValidationInfo, WithJsonSchema, WrapValidator

from outboxsim.quantities import RandomDuration, Rate
from outboxsim.quantities.clock import is_local_time
from outboxsim.scenario.concept import Concept, unknown_key
from outboxsim.scenario.flaws import Flaw, flaws_in, raised
from outboxsim.scenario.random_durations import RANDOM_DURATION_SCHEMA, RandomDurationValue
from outboxsim.scenario.readers import (
    MOMENT_SCHEMA,
    RATE_SCHEMA,
    SHARE_SCHEMA,
    ConnectorName,
    MomentWithin,
    Name,
    PositiveCount,
    PositiveDuration,
    Share,
    Truth,
    known_name,
    moment_of,
    read_number,
    read_rate,
    read_share,
    scope_of_info,
)
from outboxsim.scenario.scope import Scope
from outboxsim.scenario.words import shown

Window: TypeAlias = tuple[int, int]


# Arrivals -------------------------------------------------------------------------------------------------------------------------------


def _read_poisson(value: Any) -> Rate:
    return read_rate(value)


def _read_hourly(value: Any) -> tuple[float, ...]:
    """24 rates per hour of the clock."""
    if not isinstance(value, list) or len(value) != 24:
        count = f" of {len(value)}" if isinstance(value, list) else ""
        raise ValueError(f"{shown(value)}{count} is no list of 24 rates, one for each hour of the day from 00:00 on")
    flaws, rates = [], []
    for hour, one in enumerate(value):
        try:
            rates.append(_per_hour(one))
        except ValueError as error:
            flaws.append(Flaw((hour,), str(error)))
    if flaws:
        raise raised(flaws)
    return tuple(rates)


def _per_hour(value: Any) -> float:
    if isinstance(value, str):
        return read_rate(value).per_hour
    number = read_number(value)
    if number < 0:
        raise ValueError(f"{shown(value)} is negative; write how many arrive in the hour, or a rate such as '40 per h'")
    return number


_HOURLY_SCHEMA: Final = {
    "type": "array",
    "items": {"anyOf": [{"type": "number", "minimum": 0}, RATE_SCHEMA]},
    "minItems": 24,
    "maxItems": 24,
    "description": "24 rates per h, from 00:00 on.",
}


class Poisson(Concept):
    """Arrivals one by one, independent of each other, at a rate."""

    of: ClassVar[str] = "arrivals"

    rate: Annotated[Rate, PlainValidator(_read_poisson), WithJsonSchema(RATE_SCHEMA)] = Field(
        ..., alias="poisson", description="How many arrive in a time on average.", examples=["40 per h"]
    )


class Every(Concept):
    """Arrivals at even distances, the first at the start of each window."""

    of: ClassVar[str] = "arrivals"

    interval: PositiveDuration = Field(..., alias="every", description="The time between two.", examples=["90 s"])


class Hourly(Concept):
    """Arrivals one by one at a rate that the local hour decides, and the weekend."""

    of: ClassVar[str] = "arrivals"

    rates: Annotated[tuple[float, ...], PlainValidator(_read_hourly), WithJsonSchema(_HOURLY_SCHEMA)] = Field(..., alias="hourly")
    weekend: Share = Field(1.0, description="What remains of the rates on Saturdays and Sundays. Default 100 %.", examples=["10 %"])


class Batch(Concept):
    """So many at one instant."""

    of: ClassVar[str] = "arrivals"

    count: PositiveCount = Field(..., alias="batch", description="How many arrive.", examples=[500])
    at: MomentWithin = Field(..., description="When they arrive.", examples=["09:00"])


ARRIVALS: Final = ("poisson", "every", "hourly", "batch")


def _arrivals_tag(value: Any) -> str:
    """The tag of the one kind of arrivals that `_one_kind` has left."""
    return next(f"<tag {kind}>" for kind in ARRIVALS if kind in value)


def _one_kind(value: Any, handler: Any, info: ValidationInfo) -> Any:
    """Exactly one kind of arrivals, told before the parameters of the one are looked at."""
    example = 'write for example {poisson: 40 per h}, {every: 90 s}, {hourly: [24 rates]} or {batch: 500, at: "09:00"}'
    if not isinstance(value, dict):
        raise ValueError(f"{shown(value)} is no mapping of arrivals; {example}")
    given = [kind for kind in ARRIVALS if kind in value]
    if not given:
        scope = scope_of_info(info)
        wrong = [key for key in value if scope.suggestions.near(key, ARRIVALS)]
        if wrong:
            raise raised([Flaw((key,), unknown_key(key, ARRIVALS, scope), of_key=True) for key in wrong])
        raise ValueError(f"no kind of arrivals is there; {example}")
    flaws = [
        Flaw((kind,), f"arrivals have exactly one kind, and '{given[0]}' is one already; leave one of them out", of_key=True)
        for kind in given[1:]
    ]
    try:
        arrivals = handler({key: part for key, part in value.items() if key not in given[1:]})
    except ValueError as error:
        raise raised([*flaws, *flaws_in(error)]) from error
    if flaws:
        raise raised(flaws)
    return arrivals


Arrivals: TypeAlias = Annotated[
    Annotated[Poisson, Tag("<tag poisson>")]
    | Annotated[Every, Tag("<tag every>")]
    | Annotated[Hourly, Tag("<tag hourly>")]
    | Annotated[Batch, Tag("<tag batch>")],
    Discriminator(_arrivals_tag),
    WrapValidator(_one_kind),
]


# The parts of traffic -------------------------------------------------------------------------------------------------------------------


class Scheduled(Concept):
    """A share of the emails that is scheduled, and how far ahead."""

    of: ClassVar[str] = "scheduled emails"

    share: Share = Field(..., description="The share that is scheduled.", examples=["10 %"])
    ahead: RandomDurationValue = Field(..., description="How long after its submission an email is scheduled for.")


class Priorities(Concept):
    """The shares of high and low priority; the rest is normal."""

    of: ClassVar[str] = "priorities"

    high: Share = Field(0.0, description="The share of high priority. Default 0.", examples=["10 %"])
    low: Share = Field(0.0, description="The share of low priority. Default 0.", examples=["5 %"])

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:  # noqa: ARG003
        """The two shares together."""
        try:
            high, low = read_share(raw.get("high", 0)), read_share(raw.get("low", 0))
        except ValueError:
            return
        if high + low > 1:
            yield Flaw((), f"high ({high:g}) and low ({low:g}) are above 1 together; lower one of them")


def _read_scheduled(value: Any, info: ValidationInfo) -> tuple[float, RandomDuration]:
    scheduled = Scheduled.model_validate(value, context=info.context)
    return scheduled.share, scheduled.ahead


def _read_priorities(value: Any, info: ValidationInfo) -> tuple[float, float]:
    priorities = Priorities.model_validate(value, context=info.context)
    return priorities.high, priorities.low


def _read_domains(value: Any) -> tuple[tuple[str, float], ...]:
    """Recipient domains with their weights."""
    if not isinstance(value, dict) or not value:
        raise ValueError(f"{shown(value)} is no mapping of domains to weights; write for example {{kunde.example: 9, andere.example: 1}}")
    flaws, domains = [], []
    for domain, weight in value.items():
        if not _DOMAIN.fullmatch(domain):
            flaws.append(Flaw((domain,), f"{shown(domain)} is no domain; write for example 'kunde.example'", of_key=True))
        try:
            domains.append((domain, read_number(weight, above=0)))
        except ValueError as error:
            flaws.append(Flaw((domain,), f"{error}; write a weight above 0, for example 9"))
    if flaws:
        raise raised(flaws)
    return tuple(domains)


def _read_senders(value: Any, info: ValidationInfo) -> tuple[str, ...]:
    """One user or several, each as likely as the others."""
    scope = scope_of_info(info)
    if isinstance(value, str):
        return (known_name(value, scope.users, "user", scope.suggestions),)
    if not isinstance(value, list) or not value:
        raise ValueError(f"{shown(value)} is no list of users; write for example [lena, tom]")
    flaws = []
    for number, name in enumerate(value):
        try:
            known_name(name, scope.users, "user", scope.suggestions)
        except ValueError as error:
            flaws.append(Flaw((number,), str(error)))
    if flaws:
        raise raised(flaws)
    return tuple(value)


def _read_between(value: Any, info: ValidationInfo) -> tuple[Window, ...]:
    return windows_between(value, scope_of_info(info))


def windows_between(value: Any, scope: Scope) -> tuple[Window, ...]:
    """Two local times: a window on every day; two other moments: one. Half-open; one that holds the horizon ends a microsecond later."""
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f'{shown(value)} is no pair of moments; write for example ["09:00", "17:00"]')
    both_local = all(isinstance(one, str) and is_local_time(one) for one in value)
    flaws, moments = [], []
    for number, one in enumerate(() if both_local else value):
        try:
            moments.append(moment_of(one, scope))
        except ValueError as error:
            flaws.append(Flaw((number,), str(error)))
    if flaws:
        raise raised(flaws)
    if scope.clock is None or scope.horizon is None:
        return ()
    if both_local:
        return tuple(scope.clock.local_windows(value[0], value[1], scope.horizon))
    if moments[1] <= moments[0]:
        raise raised([Flaw((1,), f"{shown(value[1])} is not after {shown(value[0])}; write a later moment")])
    end = scope.horizon + 1
    until = end if value[1] == "end" else min(moments[1], end)
    return ((moments[0], until),) if moments[0] <= scope.horizon else ()


_DOMAIN: Final = re.compile(r"[^\s@,;\x00-\x1f\x7f-\x9f]+")

_SENDERS_SCHEMA: Final = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
_BETWEEN_SCHEMA: Final = {"type": "array", "items": MOMENT_SCHEMA, "minItems": 2, "maxItems": 2}
_DOMAINS_SCHEMA: Final = {
    "type": "object",
    "propertyNames": {"pattern": r"^[^\s@,;]+$"},
    "additionalProperties": {"type": "number", "exclusiveMinimum": 0},
    "minProperties": 1,
}


def _mapping_schema(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


class Traffic(Concept):
    """Emails NAME-1, NAME-2, … that arrive over time."""

    of: ClassVar[str] = "traffic"

    name: Name = Field(..., description="Its name; its emails are NAME-1, NAME-2, …", examples=["invoices"])
    from_: Annotated[tuple[str, ...], PlainValidator(_read_senders), WithJsonSchema(_SENDERS_SCHEMA)] = Field(
        (), alias="from", description="Who sends them, drawn evenly.", examples=[["lena", "tom"]]
    )
    system: Truth = Field(False, description="Whether the system generates them. Default false.")
    via: ConnectorName | None = Field(
        None, description="The connector they take; left out: by the from address (C2).", examples=["office365"]
    )
    arrivals: Arrivals = Field(..., description="When they arrive.", examples=[{"poisson": "40 per h"}, {"every": "90 s"}])
    windows: Annotated[tuple[Window, ...], PlainValidator(_read_between), WithJsonSchema(_BETWEEN_SCHEMA)] = Field(
        (), alias="between", description="Two local times: on every day; two other moments: once.", examples=[["09:00", "17:00"]]
    )
    limit: PositiveCount | None = Field(None, description="The most emails; left out: no limit.", examples=[1000])
    scheduled: Annotated[
        tuple[float, RandomDuration] | None,
        PlainValidator(lambda value, info: None if value is None else _read_scheduled(value, info)),
        WithJsonSchema({**_mapping_schema(share=SHARE_SCHEMA, ahead=RANDOM_DURATION_SCHEMA), "required": ["share", "ahead"]}),
    ] = Field(None, description="The share that is scheduled, and how far ahead.", examples=[{"share": "10 %", "ahead": "2 h"}])
    priority: Annotated[
        tuple[float, float], PlainValidator(_read_priorities), WithJsonSchema(_mapping_schema(high=SHARE_SCHEMA, low=SHARE_SCHEMA))
    ] = Field(
        (0.0, 0.0), description="The shares of high and of low priority; the rest is normal.", examples=[{"high": "10 %", "low": "5 %"}]
    )
    domains: Annotated[tuple[tuple[str, float], ...], PlainValidator(_read_domains), WithJsonSchema(_DOMAINS_SCHEMA)] = Field(
        (("example.invalid", 1.0),),
        description="Recipient domains with their weights; emails go to NAME-N@DOMAIN.",
        examples=[{"kunde.example": 9, "andere.example": 1}],
    )

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:
        """Who sends, the system or people."""
        system = raw.get("system") is True
        if not system and "from" not in raw:
            yield Flaw(("from",), "is missing; write who sends them, or `system: true` for system-generated emails")
        if system:
            for key in ("from", "scheduled"):
                if raw.get(key) is not None:
                    yield Flaw((key,), f"system-generated emails have no `{key}` (E2); leave it out, or leave `system` out", of_key=True)
        yield from cls._flaws_of_batch(raw, scope)

    @classmethod
    def _flaws_of_batch(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:
        """A batch is at most as many emails as a file may hold, and one outside the windows would never arrive."""
        arrivals = raw.get("arrivals")
        size = arrivals.get("batch") if isinstance(arrivals, dict) else None
        if type(size) is int and size > scope.max_emails:
            message = f"{size:,} emails are more than the {scope.max_emails:,} allowed; --max-emails (max_emails) raises the limit"
            yield Flaw(("arrivals", "batch"), message)
        if not (isinstance(arrivals, dict) and "batch" in arrivals and "between" in raw):
            return
        at = scope.try_moment(arrivals.get("at"))
        if at is None or scope.is_past_horizon(arrivals["at"]):
            return
        try:
            windows = windows_between(raw["between"], scope)
        except ValueError:
            return
        if not any(begin <= at < until for begin, until in windows):
            message = f"the batch arrives at {shown(arrivals['at'])}, outside `between`; write a moment inside, or leave `between` out"
            yield Flaw(("arrivals", "at"), message)

    def completed(self, raw: Mapping[str, Any], scope: Scope) -> Self:
        """The traffic with its windows, which are the whole run unless it says otherwise."""
        whole = self if "between" in raw else self.model_copy(update={"windows": ((0, (scope.horizon or 0) + 1),)})
        expected = min(whole._expected(scope), self.limit or scope.max_emails + 1)
        if expected > scope.max_emails:
            allowed = f"the {scope.max_emails:,} allowed; --max-emails (max_emails) raises the limit"
            raise raised([Flaw(("arrivals",), f"about {expected:,.0f} emails or more are more than {allowed}")])
        return whole

    def _expected(self, scope: Scope) -> float:
        """How many emails it makes, on average where they are drawn."""
        arrivals, horizon = self.arrivals, scope.horizon or 0
        spans = [(start, min(until, horizon + 1)) for start, until in self.windows]
        if isinstance(arrivals, Batch):
            return arrivals.count
        if isinstance(arrivals, Every):
            return sum(-(-(until - start) // arrivals.interval) for start, until in spans)
        if isinstance(arrivals, Poisson):
            return sum(until - start for start, until in spans) * arrivals.rate.count / arrivals.rate.per
        if scope.clock is None:
            return 0
        return sum(
            max(0, min(until, closes) - max(start, opens)) / 3.6e9 * arrivals.rates[hour] * (arrivals.weekend if is_weekend else 1)
            for start, until, hour, is_weekend in scope.clock.hours_until(horizon)
            for opens, closes in spans
        )
