"""Random durations in a file: a duration alone (constant), or a mapping with `dist` and its parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Final, TypeAlias

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from outboxsim.errors import QuantityError
from outboxsim.quantities import Constant, Empirical, Exponential, Gamma, Lognormal, RandomDuration, Triangular, Uniform, Weibull
from outboxsim.quantities.durations import HINT
from outboxsim.scenario.concept import unknown_key
from outboxsim.scenario.flaws import Flaw, flaws_in, raised
from outboxsim.scenario.readers import DURATION_SCHEMA, one_of, read_duration, read_number, scope_of_info
from outboxsim.scenario.scope import Scope
from outboxsim.scenario.words import shown

_Reader: TypeAlias = Callable[[Any, ValidationInfo], Any]


def _shape(value: Any, _: ValidationInfo) -> float:
    return read_number(value, above=0)


def _values(value: Any, info: ValidationInfo) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} is no list; write for example [1 s, 2 s, 5 s]")
    flaws, read = [], []
    for number, one in enumerate(value):
        try:
            read.append(read_duration(one, info))
        except ValueError as error:
            flaws.append(Flaw((number,), str(error)))
    if flaws:
        raise raised(flaws)
    return tuple(read)


#: Each distribution with its parameters and how they are read; all are required.
DISTRIBUTIONS: Final[Mapping[str, tuple[Callable[..., RandomDuration], Mapping[str, _Reader]]]] = {
    "exponential": (Exponential, {"mean": read_duration}),
    "lognormal": (Lognormal, {"median": read_duration, "p95": read_duration}),
    "uniform": (Uniform, {"low": read_duration, "high": read_duration}),
    "triangular": (Triangular, {"low": read_duration, "mode": read_duration, "high": read_duration}),
    "weibull": (Weibull, {"scale": read_duration, "shape": _shape}),
    "gamma": (Gamma, {"mean": read_duration, "shape": _shape}),
    "empirical": (Empirical, {"values": _values}),
}


def read_random_duration(value: Any, info: ValidationInfo) -> RandomDuration:
    """A random duration; every flaw of a mapping at once."""
    if not isinstance(value, dict):
        if isinstance(value, list):
            raise ValueError(f"{shown(value)} is no random duration; {HINT}, or {{dist: empirical, values: [1 s, 2 s]}}")
        return Constant(read_duration(value, info))
    scope = scope_of_info(info)
    if "dist" not in value:
        raise raised([Flaw(("dist",), f"is missing; write one of {', '.join(DISTRIBUTIONS)}")])
    try:
        name = one_of(value["dist"], DISTRIBUTIONS, "distribution", scope.suggestions)
    except ValueError as error:
        raise raised([Flaw(("dist",), str(error))]) from error
    make, readers = DISTRIBUTIONS[name]
    return _made(make, readers, value, info, scope)


def _made(
    make: Callable[..., RandomDuration], readers: Mapping[str, _Reader], value: dict[str, Any], info: ValidationInfo, scope: Scope
) -> RandomDuration:
    parameters: dict[str, Any] = {}
    flaws = list(_keys(value, readers, scope))
    for name, reader in readers.items():
        if name in value:
            try:
                parameters[name] = reader(value[name], info)
            except ValueError as error:
                flaws += [flaw.below(name) for flaw in flaws_in(error)]
    if not flaws:
        try:
            return make(**parameters)
        except QuantityError as error:
            flaws = [Flaw((), str(error))]
    raise raised(flaws)


def _keys(value: Mapping[str, Any], readers: Mapping[str, _Reader], scope: Scope) -> Iterator[Flaw]:
    known = ("dist", *readers)
    for key in value:
        if key not in known:
            yield Flaw((key,), unknown_key(key, known, scope), of_key=True)
    for name in readers:
        if name not in value:
            yield Flaw((name,), f"is missing; dist {value['dist']} needs {' and '.join(readers)}")


def _schema() -> dict[str, Any]:
    number = {"type": "number", "exclusiveMinimum": 0}
    forms: list[dict[str, Any]] = [DURATION_SCHEMA]
    for name, (_, readers) in DISTRIBUTIONS.items():
        properties: dict[str, Any] = {"dist": {"const": name}}
        for key in readers:
            properties[key] = number if key == "shape" else DURATION_SCHEMA
        if name == "empirical":
            properties["values"] = {"type": "array", "items": DURATION_SCHEMA, "minItems": 1}
        forms.append({"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False})
    return {"anyOf": forms, "examples": ["2 s", {"dist": "lognormal", "median": "2 s", "p95": "6 s"}]}


RANDOM_DURATION_SCHEMA: Final = _schema()


def _read_span(value: Any, info: ValidationInfo) -> RandomDuration:
    duration = read_random_duration(value, info)
    if duration.mean <= 0:
        raise ValueError("it has to be above 0 on average, or time would stand still; write for example '30 min'")
    return duration


RandomDurationValue: TypeAlias = Annotated[RandomDuration, PlainValidator(read_random_duration), WithJsonSchema(RANDOM_DURATION_SCHEMA)]
#: One that is not always 0.
RandomSpan: TypeAlias = Annotated[RandomDuration, PlainValidator(_read_span), WithJsonSchema(RANDOM_DURATION_SCHEMA)]
