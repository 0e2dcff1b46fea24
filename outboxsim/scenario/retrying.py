"""Retry patterns, scans and breakers in a file; what they are is known to `outboxsim.retry`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeAlias

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from outboxsim.retry import PRESETS, Breaker, PatternInvalid, RetryPattern, Scan, parse_breaker, parse_pattern, parse_scan
from outboxsim.scenario.flaws import flaws_in, raised
from outboxsim.scenario.readers import DURATION_SCHEMA, SHARE_SCHEMA, scope_of_info


def _read_pattern(value: Any, info: ValidationInfo) -> RetryPattern:
    known = scope_of_info(info).patterns
    pattern: RetryPattern = _told(lambda raw: parse_pattern(raw, known))(value)
    return pattern


def _told(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same parser; its faults keep their places below the value."""

    def read(value: Any) -> Any:
        try:
            return parse(value)
        except PatternInvalid as error:
            raise raised(list(flaws_in(error))) from error

    return read


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


_D: Final = DURATION_SCHEMA
_NUMBER: Final = {"type": "number", "exclusiveMinimum": 0}
_COUNT: Final = {"type": "integer", "minimum": 1}

SCAN_SCHEMA: Final = {
    **_object({}, {"interval": _D, "offset": _D, "early": _D, "serial": _D, "applies_to": {"enum": ["all", "retries"]}}),
    "examples": [{"interval": "5 min", "early": "1 s", "applies_to": "retries"}],
}
BREAKER_SCHEMA: Final = {
    **_object({"failures": _COUNT, "open_for": _D}, {"within": {"const": "scan"}, "window": _COUNT}),
    "examples": [{"failures": 3, "open_for": "5 min"}],
}

_RULES: Final[dict[str, Any]] = {
    "delays": {"type": "array", "items": _D},
    "fixed": _D,
    "exponential": _object({"first": _D}, {"factor": _NUMBER, "cap": _D}),
    "linear": _object({"first": _D, "step": _D}, {"cap": _D}),
    "polynomial": _object({"power": _NUMBER, "plus": _D}),
    "fibonacci": _object({"first": _D}, {"cap": _D}),
    "age": _object({"min": _D, "max": _D}),
    "pieces": {"type": "array", "items": _object({"until": _D}, {"every": _D, "first": _D, "factor": _NUMBER}), "minItems": 1},
    "grid": _object({"unit": _D}, {"power": _NUMBER}),
    "doublings": _object({"min": _D, "max": _D}, {"max_doublings": {"type": "integer", "minimum": 0}}),
}
_JITTERS: Final = {
    "anyOf": [
        {"enum": ["none", "full", "equal", "decorrelated"]},
        _object({"plus": _D}, {"at_most": _D}),
        _object({"plus_per_retry": _D}),
        _object({"percent": SHARE_SCHEMA}),
    ]
}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The same, or null, which takes the part of a preset away."""
    return {"anyOf": [schema, {"type": "null"}]}


_PARTS: Final[dict[str, Any]] = {
    "preset": {"enum": list(PRESETS)},
    **_RULES,
    "repeat_last": {"type": "boolean"},
    "jitter": _JITTERS,
    "max_attempts": _or_null(_COUNT),
    "max_age": _or_null(_D),
    "stop": {"enum": ["any", "all"]},
    "scope": {"enum": ["email", "connector"]},
    "clock": _or_null(_D),
    "scan": _or_null(SCAN_SCHEMA),
    "breaker": _or_null(BREAKER_SCHEMA),
}
PATTERN_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", "description": "The name of a pattern of this file or of a preset."},
        {"type": "array", "items": _D, "description": "The delays, one after the other."},
        {**_object({}, _PARTS), "minProperties": 1, "description": "Exactly one delay rule, or a preset, with other parts."},
    ],
    "examples": ["default", ["1 min", "5 min", "1 h"], {"exponential": {"first": "1 min", "factor": 2}, "max_age": "5 d"}],
}

Pattern: TypeAlias = Annotated[RetryPattern, PlainValidator(_read_pattern), WithJsonSchema(PATTERN_SCHEMA)]
ScanValue: TypeAlias = Annotated[Scan, PlainValidator(_told(parse_scan)), WithJsonSchema(SCAN_SCHEMA)]
BreakerValue: TypeAlias = Annotated[Breaker, PlainValidator(_told(parse_breaker)), WithJsonSchema(BREAKER_SCHEMA)]
