"""Digests of values: which scenario, which variant. The same in every process, whatever the values' `repr` shows people."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel


def digest(value: Any, digits: int = 64) -> str:
    """So many hexadecimal digits of SHA-256 over all that a value says; `compare=False` fields of dataclasses, such as names, left out."""
    found = hashlib.sha256()
    for piece in _pieces(value):
        found.update(piece.encode())
    return found.hexdigest()[:digits]


def _pieces(value: Any) -> Iterator[str]:
    """A value as text, piece by piece: models, dataclasses, mappings and sequences part by part, all else by its `repr`."""
    if isinstance(value, BaseModel):
        parts: Any = {name: getattr(value, name) for name in type(value).model_fields}
    elif dataclasses.is_dataclass(value):
        parts = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.compare}
    elif isinstance(value, Mapping | list | tuple):
        parts = value
    elif isinstance(value, set | frozenset):
        parts = sorted(value, key=repr)
    else:
        yield f"{value!r};"
        return
    yield f"{type(value).__name__}("
    for key, part in parts.items() if isinstance(parts, Mapping) else enumerate(parts):
        yield f"{key!r}="
        yield from _pieces(part)
    yield ")"
