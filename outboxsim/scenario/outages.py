"""When connectors are down: windows and breakdowns at random (spec/outbox.md C3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, Self

from pydantic import Field

from outboxsim.scenario.concept import Concept
from outboxsim.scenario.flaws import Flaw
from outboxsim.scenario.random_durations import RandomSpan
from outboxsim.scenario.readers import Duration, ErrorText, Moment, OutageKind, is_smtp_reply
from outboxsim.scenario.scope import Scope
from outboxsim.scenario.words import shown

#: What an attempt's error says unless the file says otherwise.
DEFAULT_ERRORS: Final = {"refuse": "connection refused", "timeout": "connection timed out"}

_KIND = "refuse (at once) or timeout (after the connector's timeout): connection failures; reject: the server answers. Default refuse."
_ERROR = "The error of the attempts; of kind reject: an SMTP reply, 4xx transient, 5xx permanent. Default connection refused."


def flaws_of_kind(raw: Mapping[str, Any]) -> Iterator[Flaw]:
    """What is wrong between kind and error: a server that answers needs something to say."""
    if raw.get("kind") != "reject":
        return
    if "error" not in raw:
        yield Flaw(("error",), "is missing; an outage of kind reject needs an SMTP reply, for example '451 4.3.0 try later'")
    elif isinstance(raw["error"], str) and not is_smtp_reply(raw["error"]):
        example = "write for example '451 4.3.0 try later' (transient) or '550 5.7.1 blocked' (permanent)"
        yield Flaw(("error",), f"{shown(raw['error'])} is no SMTP reply that refuses; {example}")


def is_end(value: object) -> bool:
    """Whether a moment is written as the end of the run: a window up to it covers the horizon too (L7)."""
    return isinstance(value, str) and value.strip() == "end"


def flaws_of_end(raw: Mapping[str, Any], begin: str, scope: Scope) -> Iterator[Flaw]:
    """What is wrong between a window's begin and its end."""
    if "for" in raw and "until" in raw:
        yield Flaw(("until",), "both `for` and `until` are there; leave one of them out", of_key=True)
    if scope.try_duration(raw.get("for")) == 0:
        yield Flaw(("for",), f"{shown(raw['for'])} is too short: it has to be above 0; write for example '90 min'")
    begins, ends = scope.try_moment(raw.get(begin)), scope.try_moment(raw.get("until"))
    if begins is not None and ends is not None and ends <= begins and not is_end(raw["until"]):
        yield Flaw(("until",), f"{shown(raw['until'])} is not after {begin} ({shown(raw[begin])}); write a later moment")


class Window(Concept):
    """What an outage of a connector and one in the timeline share."""

    #: The key of the instant at which it begins.
    begin: ClassVar[str] = "from"

    until: Moment | None = Field(None, description="When it ends; left out or `end`: never.", examples=["13:30"])
    for_: Duration | None = Field(None, alias="for", description="How long it lasts, in place of until.", examples=["90 min"])
    kind: OutageKind = Field("refuse", description=_KIND)
    error: ErrorText = Field(DEFAULT_ERRORS["refuse"], description=_ERROR, examples=["connection refused", "451 4.3.0 try later"])

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:
        """What is wrong between begin and end, and between kind and error."""
        yield from flaws_of_end(raw, cls.begin, scope)
        yield from flaws_of_kind(raw)

    def ending(self, raw: Mapping[str, Any], begin: int) -> Self:
        """The same with `until` as an instant (None: never ends), and the usual error of its kind."""
        update: dict[str, Any] = {}
        if self.for_ is not None:
            update["until"] = begin + self.for_
        elif is_end(raw.get("until")):
            update["until"] = None
        if self.kind == "timeout" and "error" not in raw:
            update["error"] = DEFAULT_ERRORS["timeout"]
        return self.model_copy(update=update) if update else self


class Outage(Window):
    """A window in which a connector is down; at its end it is up again, without one it is down at the horizon too."""

    of: ClassVar[str] = "an outage"

    from_: Moment = Field(..., alias="from", description="When it begins.", examples=["12:00"])

    def completed(self, raw: Mapping[str, Any], scope: Scope) -> Self:  # noqa: ARG002
        """The outage with its end as an instant."""
        return self.ending(raw, self.from_)


class Breakdowns(Concept):
    """Outages at random: drawn times up and down, one after the other."""

    of: ClassVar[str] = "breakdowns"

    up: RandomSpan = Field(..., description="How long it works.", examples=[{"dist": "exponential", "mean": "8 h"}])
    down: RandomSpan = Field(..., description="How long it is down.", examples=[{"dist": "exponential", "mean": "30 min"}])
    kind: OutageKind = Field("refuse", description=_KIND)
    error: ErrorText = Field(DEFAULT_ERRORS["refuse"], description=_ERROR, examples=["connection refused"])

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:  # noqa: ARG003
        """What is wrong between kind and error."""
        yield from flaws_of_kind(raw)

    def completed(self, raw: Mapping[str, Any], scope: Scope) -> Self:  # noqa: ARG002
        """The breakdowns with the usual error of their kind."""
        return self.model_copy(update={"error": DEFAULT_ERRORS["timeout"]}) if self.kind == "timeout" and "error" not in raw else self
