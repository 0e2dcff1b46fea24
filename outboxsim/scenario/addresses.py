"""Email addresses, alone and in lists."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, TypeAlias

from pydantic import PlainValidator, WithJsonSchema

from outboxsim.scenario.flaws import Flaw, raised
from outboxsim.scenario.readers import read_text
from outboxsim.scenario.words import shown

#: Exactly one @ with something on both sides, and no blanks or control characters; whether somebody reads there is not our business.
_ADDRESS: Final = re.compile(r"[^\s@,;\x00-\x1f\x7f-\x9f]+@[^\s@,;\x00-\x1f\x7f-\x9f]+")
_SEPARATOR: Final = re.compile(r"[,;]")
_ADDRESS_PATTERN: Final = r"^\s*[^\s@,;]+@[^\s@,;]+\s*$"
_ADDRESSES_PATTERN: Final = r"^\s*[^\s@,;]+@[^\s@,;]+(?:\s*[,;]\s*[^\s@,;]+@[^\s@,;]+)*\s*$"


def read_address(value: Any) -> str:
    """One address."""
    text = read_text(value).strip()
    if _ADDRESS.fullmatch(text):
        return text
    raise ValueError(f"{shown(value)} is no email address; write for example 'anna@kunde.example'")


def read_addresses(value: Any) -> tuple[str, ...]:
    """Addresses: a text with one, or several separated by comma or semicolon; or a list of addresses."""
    if isinstance(value, str):
        if _ADDRESS.fullmatch(value):
            return (value,)
        return tuple(read_address(part) for part in _SEPARATOR.split(value))
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} is no email address; write for example 'anna@kunde.example', or a list of addresses")
    flaws, addresses = [], []
    for number, one in enumerate(value):
        try:
            addresses.append(read_address(one))
        except ValueError as error:
            flaws.append(Flaw((number,), str(error)))
    if flaws:
        raise raised(flaws)
    return tuple(addresses)


def read_recipients(value: Any) -> tuple[str, ...]:
    """Addresses, at least one."""
    addresses = read_addresses(value)
    if not addresses:
        raise ValueError("the list is empty; an email needs a recipient")
    return addresses


_ADDRESS_SCHEMA: Final = {"type": "string", "pattern": _ADDRESS_PATTERN}


def _addresses_schema(**more: Any) -> WithJsonSchema:
    return WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": _ADDRESSES_PATTERN}, {"type": "array", "items": _ADDRESS_SCHEMA, **more}]}
    )


Address: TypeAlias = Annotated[str, PlainValidator(read_address), WithJsonSchema(_ADDRESS_SCHEMA)]
Addresses: TypeAlias = Annotated[tuple[str, ...], PlainValidator(read_addresses), _addresses_schema()]
Recipients: TypeAlias = Annotated[tuple[str, ...], PlainValidator(read_recipients), _addresses_schema(minItems=1)]
