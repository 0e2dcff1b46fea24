"""The JSON Schema of scenario files, for editors and `outboxsim schema`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Final

from pydantic.json_schema import PydanticJsonSchemaWarning

from outboxsim.scenario.expectations import NoForm
from outboxsim.scenario.random_durations import RANDOM_DURATION_SCHEMA
from outboxsim.scenario.readers import DURATION_SCHEMA, MOMENT_SCHEMA, RATE_SCHEMA, SHARE_SCHEMA
from outboxsim.scenario.retrying import BREAKER_SCHEMA, PATTERN_SCHEMA, SCAN_SCHEMA
from outboxsim.scenario.scenario import Scenario
from outboxsim.scenario.timeline import NoVerb

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

#: Models of entries and expectations that say nothing: they exist to tell faults, not to be written.
_FAULTY: Final = (NoVerb, NoForm)

#: Forms that many keys share, and how they are described.
_SHARED: Final[Mapping[str, tuple[Mapping[str, Any], str]]] = {
    "RetryPattern": (PATTERN_SCHEMA, "A retry pattern: a name, a list of delays, or a mapping."),
    "RandomDuration": (RANDOM_DURATION_SCHEMA, "A duration, or a mapping with a distribution."),
    "Scan": (SCAN_SCHEMA, "When a queue is looked at."),
    "Breaker": (BREAKER_SCHEMA, "After so many connection failures in a row a connector counts as dead for a time."),
    "Share": (SHARE_SCHEMA, "A share between 0 and 1: 5 % or 0.05."),
    "Moment": (MOMENT_SCHEMA, "A duration since the start, a local time, day N and a local time, an ISO instant, start or end."),
    "Duration": (DURATION_SCHEMA, "A duration with units w, d, h, min, s, ms, or ISO 8601 without months and years."),
    "Rate": (RATE_SCHEMA, "So many per s, min, h or d."),
}

#: E2: somebody sends it, or the system generates it.
_FROM_OR_SYSTEM: Final = [{"required": ["from"]}, {"required": ["system"], "properties": {"system": {"const": True}}}]


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of scenario files, version 1.

    It knows every key with its description, and the written form of every value; what only the whole file can say (names, order of
    instants, sums of shares) is told by `load`.

    Returns
    -------
    dict
        Ready for `json.dumps`.
    """
    with warnings.catch_warnings():
        # Defaults are resolved values; those that a file could not write are left out below.
        warnings.simplefilter("ignore", PydanticJsonSchemaWarning)
        described = Scenario.model_json_schema(by_alias=True, mode="validation")
    for faulty in _FAULTY:
        del described["$defs"][faulty.__name__]
    for key in ("timeline", "expect"):
        forms = described["properties"][key]["items"]["oneOf"]
        forms[:] = [form for form in forms if form["$ref"].rpartition("/")[2] in described["$defs"]]
    del described["$defs"]["Email"]["properties"]["connector"]  # which `load` chooses
    for key in ("refused", "may_be_empty"):
        del described["$defs"]["SubmitEntry"]["properties"][key]  # nobody is refused to submit
    for name in ("Email", "Traffic"):
        described["$defs"][name]["anyOf"] = _FROM_OR_SYSTEM
    shared = {name: {**_inside(form), "title": name, "description": text} for name, (form, text) in _SHARED.items()}
    whole: dict[str, Any] = _with_references(described)
    whole["$defs"] = dict(sorted({**whole["$defs"], **shared}.items()))
    return {"$schema": _DIALECT, **whole, "title": "outboxsim scenario, version 1"}


#: The same under the name that says what it is.
json_schema = schema


def _with_references(node: Any) -> Any:
    """The same schema with references for shared forms, and only such defaults as a file could write."""
    if isinstance(node, list):
        return [_with_references(one) for one in node]
    if not isinstance(node, dict):
        return node
    for name, (form, _) in _SHARED.items():
        said = {key: part for key, part in form.items() if key != "examples"}
        if all(node.get(key) == part for key, part in said.items()):
            rest = {key: part for key, part in node.items() if key not in said and not (key == "examples" and part == form.get("examples"))}
            return {"$ref": f"#/$defs/{name}", **{key: part for key, part in rest.items() if key != "default"}}
    return _inside(node)


def _inside(node: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for key, part in node.items():
        if key == "properties":  # its keys are the file's, and one of them is `default`
            found[key] = {name: _with_references(one) for name, one in part.items()}
        elif key != "default" or _is_plain(node):
            found[key] = _with_references(part)
    return found


def _is_plain(node: Mapping[str, Any]) -> bool:
    """Whether the default of a value is written as it is resolved: words, truth values and plain numbers are."""
    kinds: dict[str, type] = {"string": str, "boolean": bool, "integer": int}
    kind = node.get("type")
    return isinstance(node["default"], kinds.get(kind if isinstance(kind, str) else "string", ()))
