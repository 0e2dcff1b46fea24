"""How values and names read in messages."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Final

#: Names compared in search of a near miss, over a whole file: beyond this it is many wrong names among many, and would take minutes.
_MOST_COMPARISONS: Final = 100_000
_LONGEST_NAME: Final = 60
_MOST_NAMES: Final = 12


def shown(value: object) -> str:
    """A value as a message shows it: short, and as YAML has it."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return "a list"
    text = value if isinstance(value, str) else str(value)
    text = text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"
    return repr(text) if isinstance(value, str) else text


def printable(text: str) -> str:
    """A text on one line: what would break it, or move a terminal's cursor, is escaped."""
    return text if text.isprintable() else "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def in_yaml(value: object) -> str:
    """A plain value as a file would write it on one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def listed(names: Collection[object]) -> str:
    """Some names in a row, the first dozen of many; ``none`` if there are none."""
    some = [str(name) for _, name in zip(range(_MOST_NAMES), names, strict=False)]
    more = len(names) - len(some)
    return (", ".join(some) or "none") + (f" and {more} more" if more else "")


class Suggestions:
    """Finds near misses, until it has compared so many names that a file is beyond such help."""

    def __init__(self) -> None:
        self._left = _MOST_COMPARISONS

    def near(self, name: object, known: Collection[str]) -> str | None:
        """The known name nearest to a name, if one is near."""
        if not isinstance(name, str) or len(name) > _LONGEST_NAME or len(known) > self._left:
            return None
        self._left -= len(known)
        lowered = {one.lower(): one for one in known}
        found = difflib.get_close_matches(name.lower(), lowered, n=1)
        return lowered[found[0]] if found else None

    def did_you_mean(self, name: object, known: Collection[str]) -> str:
        """``; did you mean 'standard'?`` if a known name is near, else nothing."""
        found = self.near(name, known)
        return f"; did you mean '{found}'?" if found is not None else ""
