"""What all models share: frozen, no unknown keys, and every fault of a mapping at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, ValidationInfo, model_validator
from pydantic.fields import FieldInfo

from outboxsim.scenario.flaws import MISSING, UNKNOWN_KEY, Flaw, flaws_of, raised
from outboxsim.scenario.readers import scope_of_info
from outboxsim.scenario.scope import Scope
from outboxsim.scenario.words import in_yaml, shown


class Concept(BaseModel):
    """A mapping of the file. `of` says in messages what it describes."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, use_enum_values=False)

    of: ClassVar[str] = "a mapping"
    #: Whether the value may be left empty (``lena:``), because no key is required.
    may_be_empty_: ClassVar[bool] = False

    @classmethod
    def fields_in_file(cls) -> Mapping[str, FieldInfo | None]:
        """The keys that a file may write, and what is known of each."""
        return {field.alias or name: field for name, field in cls.model_fields.items()}

    @classmethod
    def keys_in_file(cls) -> tuple[str, ...]:
        """The keys that a file may write."""
        return tuple(cls.fields_in_file())

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:  # noqa: ARG003 - for those who override it
        """What is wrong between the keys of a mapping; must take any values, for it runs beside the reading of each."""
        yield from ()

    def completed(self, raw: Mapping[str, Any], scope: Scope) -> Self:  # noqa: ARG002 - for those who override it
        """The concept with what only its keys together, or the scope, can say."""
        return self

    @classmethod
    def no_nulls(cls, raw: Mapping[str, Any], *keys: str) -> Iterator[Flaw]:
        """A flaw for each of these keys that is null: what is never unset cannot be set to nothing."""
        for key in keys:
            if key in raw and raw[key] is None:
                yield Flaw((key,), "null is no value of it; write one, or leave the key out")

    @model_validator(mode="wrap")
    @classmethod
    def _every_flaw_at_once(cls, value: Any, handler: ModelWrapValidatorHandler[Any], info: ValidationInfo) -> Any:
        if isinstance(value, cls):
            return value
        raw = {} if value is None and cls.may_be_empty_ else value
        if not isinstance(raw, dict):
            raise ValueError(f"{shown(value)} is no mapping; write {cls.of} as a mapping of {', '.join(cls.keys_in_file())}")
        scope = scope_of_info(info)
        flaws = list(cls.flaws_between(raw, scope))
        try:
            concept = handler(raw)
        except ValidationError as error:
            flaws = [*named_keys(flaws_of(error), cls.fields_in_file(), scope, told=flaws), *flaws]
        if flaws:
            raise raised(flaws)
        return concept.completed(raw, scope)


def named_keys(flaws: Iterator[Flaw], fields: Mapping[str, FieldInfo | None], scope: Scope, told: Collection[Flaw] = ()) -> Iterator[Flaw]:
    """The same flaws; those of an unknown or a missing key of this mapping say what would be right, unless they are told already."""
    for flaw in flaws:
        if len(flaw.loc) != 1 or flaw.message not in {UNKNOWN_KEY, MISSING}:
            yield flaw
        elif not any(other.loc == flaw.loc for other in told):
            key = flaw.loc[0]
            message = unknown_key(key, tuple(fields), scope) if flaw.of_key else _missing(str(key), fields.get(str(key)))
            yield Flaw(flaw.loc, message, flaw.of_key)


def _missing(key: str, field: FieldInfo | None) -> str:
    """What is said about a missing key, with the example that the schema gives."""
    examples = field.examples if field is not None else None
    return f"{MISSING}; write for example `{key}: {in_yaml(examples[0])}`" if examples else MISSING


def unknown_key(key: object, keys: tuple[str, ...], scope: Scope) -> str:
    """What is said about an unknown key."""
    return f"{shown(key)} is no key here{scope.suggestions.did_you_mean(key, keys)} (known: {', '.join(keys)})"
