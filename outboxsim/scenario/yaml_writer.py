"""Values as the text of a scenario file: block style, short things on one line, and read back exactly as they were."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from outboxsim.scenario.core_schema import resolve

#: Texts that need no quotes, in braces and brackets neither: words, and quantities such as `5 min`; other numbers get some.
_PLAIN: Final = re.compile(r"[^\W\d][\w./@%+ -]*|[0-9]+(?:\.[0-9]+)? [a-z%][a-z0-9. ]*")
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}

#: What is longer than this is broken up.
_WIDTH: Final = 100


class NotWritable(ValueError):
    """A Python value that is none of a scenario file's; the message shows it."""


def write_yaml(content: Mapping[str, Any]) -> str:
    """The text of a file that holds some keys.

    Parameters
    ----------
    content
        Mappings, lists or tuples, texts, numbers, truth values and None.

    Raises
    ------
    NotWritable
        For any other value.
    """
    return "".join(f"{line}\n" for key, value in content.items() for line in key_lines(key, value))


def key_lines(key: str, value: Any) -> list[str]:
    """The lines of a key of the file and its value."""
    name = _scalar(key)
    if isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value):
        return [f"{name}:", *item_lines(value, 2)]
    if isinstance(value, Mapping) and value:
        return [f"{name}:", *_entries(value, 2)]
    return list(_entry(name, value, 0))


def item_lines(values: list[Any] | tuple[Any, ...], indent: int) -> list[str]:
    """The lines of a list's items; mappings with each key on a line of its own."""
    lines: list[str] = []
    for value in values:
        inside = list(_entries(value, indent + 2)) if isinstance(value, Mapping) and value else [" " * (indent + 2) + _flow(value)]
        lines += [f"{' ' * indent}- {inside[0].lstrip()}", *inside[1:]]
    return lines


def _entries(mapping: Mapping[str, Any], indent: int) -> Iterator[str]:
    for key, value in mapping.items():
        yield from _entry(_scalar(key), value, indent)


def _entry(name: str, value: Any, indent: int) -> Iterator[str]:
    """A key and its value, on one line if they fit or cannot be broken up."""
    line = f"{' ' * indent}{name}: {_flow(value)}"
    if len(line) <= _WIDTH or not (isinstance(value, Mapping | list | tuple) and value):
        yield line
        return
    yield f"{' ' * indent}{name}:"
    if isinstance(value, Mapping):
        yield from _entries(value, indent + 2)
    else:
        yield from item_lines(value, indent + 2)


def _flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_scalar(key)}: {_flow(one)}' for key, one in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, str):
        return _text(str(value))
    if isinstance(value, int | float):
        return repr(value)
    raise NotWritable(f"{value!r} is nothing that a scenario file could hold")


def _text(text: str) -> str:
    """A text, in quotes where it could be taken for something else."""
    if _PLAIN.fullmatch(text) and text == text.rstrip() and text.isprintable() and resolve(text) == text:
        return text
    return f'"{"".join(_ESCAPES.get(one) or (one if one.isprintable() else _escaped(one)) for one in text)}"'


def _escaped(one: str) -> str:
    code = ord(one)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
