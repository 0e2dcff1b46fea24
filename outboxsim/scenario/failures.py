"""How attempts fail without an outage: shares of failures and greylisting (spec/outbox.md C4)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, TypeAlias

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from outboxsim.scenario.concept import Concept
from outboxsim.scenario.flaws import Flaw, raised
from outboxsim.scenario.readers import (
    DURATION_SCHEMA,
    SHARE_SCHEMA,
    Duration,
    GreylistingKey,
    Share,
    is_smtp_reply,
    read_duration,
    read_number,
    read_share,
)
from outboxsim.scenario.words import shown

#: What the server says unless the file says otherwise (RFC 5321 section 4.2.3, RFC 3463).
TRY_AGAIN_LATER: Final = "451 4.3.0 try again later"
NO_SUCH_USER: Final = "550 5.1.1 no such user"


def _errors(first_digit: str, kind: str, example: str) -> PlainValidator:
    """The reader of a weighted list of SMTP replies of one class."""

    def read(value: Any) -> tuple[tuple[str, float], ...]:
        if not isinstance(value, dict) or not value:
            raise ValueError(f"{shown(value)} is no mapping of SMTP replies to weights; write for example {{'{example}': 1}}")
        flaws, errors = [], []
        for reply, weight in value.items():
            if not (is_smtp_reply(reply) and reply[0] == first_digit):
                message = f"{shown(reply)} is no reply of a {kind} failure; write a {first_digit}xx reply, for example '{example}'"
                flaws.append(Flaw((reply,), message, of_key=True))
            try:
                errors.append((reply, read_number(weight, above=0)))
            except ValueError as error:
                flaws.append(Flaw((reply,), f"{error}; write a weight above 0, for example 3"))
        if flaws:
            raise raised(flaws)
        return tuple(errors)

    return PlainValidator(read)


class FailureShare(Concept):
    """The share of attempts that fail in one way, and what the server replies then, by weight."""

    of: ClassVar[str] = "a share of failures"

    probability: Share = Field(..., description="The share of attempts.", examples=["2 %"])
    errors: tuple[tuple[str, float], ...] = Field(..., description="SMTP replies with their weights.")

    @classmethod
    def none(cls) -> FailureShare:
        """No failures at all."""
        return cls.model_construct(probability=0.0, errors=((TRY_AGAIN_LATER, 1.0),))

    @classmethod
    def alone(cls, probability: float) -> FailureShare:
        """A share without replies: with the usual one."""
        return cls.model_construct(probability=probability, errors=cls.model_fields["errors"].default)


class _TransientShare(FailureShare):
    errors: Annotated[tuple[tuple[str, float], ...], _errors("4", "transient", TRY_AGAIN_LATER)] = ((TRY_AGAIN_LATER, 1.0),)


class _PermanentShare(FailureShare):
    errors: Annotated[tuple[tuple[str, float], ...], _errors("5", "permanent", NO_SUCH_USER)] = ((NO_SUCH_USER, 1.0),)


def _share_or(model: type[FailureShare]) -> PlainValidator:
    def read(value: Any, info: ValidationInfo) -> FailureShare:
        return model.model_validate(value, context=info.context) if isinstance(value, dict) else model.alone(read_share(value))

    return PlainValidator(read)


def _share_schema(reply: str, example: str) -> WithJsonSchema:
    errors = {
        "type": "object",
        "patternProperties": {f"^{reply}[0-9][0-9](?:[ -].*)?$": {"type": "number", "exclusiveMinimum": 0}},
        "additionalProperties": False,
        "minProperties": 1,
        "description": "SMTP replies with their weights.",
        "examples": [{example: 3}],
    }
    mapping = {
        "type": "object",
        "properties": {"probability": SHARE_SCHEMA, "errors": errors},
        "required": ["probability"],
        "additionalProperties": False,
    }
    return WithJsonSchema({"anyOf": [*SHARE_SCHEMA["anyOf"], mapping], "examples": ["2 %", {"probability": "2 %", "errors": {example: 3}}]})


TransientFailures: TypeAlias = Annotated[FailureShare, _share_or(_TransientShare), _share_schema("4", TRY_AGAIN_LATER)]
PermanentFailures: TypeAlias = Annotated[FailureShare, _share_or(_PermanentShare), _share_schema("5", NO_SUCH_USER)]


def share_of(value: object) -> float | None:
    """The share that a raw value of failures means, alone or in a mapping; None if it means none."""
    raw = value.get("probability") if isinstance(value, dict) else value
    try:
        return read_share(raw)
    except ValueError:
        return None


class Greylisting(Concept):
    """Tries fail with 451 until `min_delay` after the first one that the server saw."""

    of: ClassVar[str] = "greylisting"

    min_delay: Duration = Field(..., description="How long after the first try one passes.", examples=["5 min"])
    per: GreylistingKey = Field("domain", description="Whether the server knows recipient domains or recipients. Default domain.")


def _read_greylisting(value: Any, info: ValidationInfo) -> Greylisting:
    if isinstance(value, dict | Greylisting):
        return Greylisting.model_validate(value, context=info.context)
    return Greylisting.model_construct(min_delay=read_duration(value, info), per="domain")


GreylistingValue: TypeAlias = Annotated[
    Greylisting,
    PlainValidator(_read_greylisting),
    WithJsonSchema(
        {
            "anyOf": [
                DURATION_SCHEMA,
                {
                    "type": "object",
                    "properties": {"min_delay": DURATION_SCHEMA, "per": {"enum": ["domain", "recipient"]}},
                    "required": ["min_delay"],
                    "additionalProperties": False,
                },
            ],
            "examples": ["5 min", {"min_delay": "5 min", "per": "recipient"}],
        }
    ),
]
