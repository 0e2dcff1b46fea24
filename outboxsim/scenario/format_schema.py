"""The JSON Schema of scenario files, for editors and `outboxsim schema`."""

from __future__ import annotations

from typing import Any, Final

from outboxsim.scenario.scenario import Scenario

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of scenario files, version 1.

    It knows every key with its description, and the written form of every value; what only the whole file can say (names, order of
    instants, sums of shares) is told by `load`.

    Returns
    -------
    dict
        Ready for `json.dumps`.
    """
    described = Scenario.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": _DIALECT, **described, "title": "outboxsim scenario, version 1"}


#: The same under the name that says what it is.
json_schema = schema
