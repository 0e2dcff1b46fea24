"""Where the values of a file stand: line and column of any path, found on demand."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

#: A path as keys and indices, from the file's root.
Loc: TypeAlias = tuple[str | int, ...]

#: Line and column in one number, both counted from 0: the line stands above so many bits of column.
LINE: Final = 32
_COLUMN: Final = (1 << LINE) - 1


def packed(line: int, column: int) -> int:
    """Line and column, both counted from 0, in one number."""
    return line << LINE | column


def unpacked(position: int) -> tuple[int, int]:
    """Line and column, both counted from 1, of a packed position."""
    return (position >> LINE) + 1, (position & _COLUMN) + 1


class Places:
    """The positions of what one mapping or list holds.

    Twice as many as it has entries for a mapping (key, value, key, value, …, in the order of its keys), one per entry for a list.
    """

    __slots__ = ("children", "container", "marks")

    def __init__(self, container: dict[str, Any] | list[Any]) -> None:
        self.container = container
        self.marks: Sequence[int] = array("Q")
        self.children: dict[str | int, Places] | None = None

    def of_value(self, key: str | int) -> int | None:
        """The position of the value of a key or index; None if it is not there."""
        number = self._number(key)
        return None if number is None else self.marks[2 * number + 1 if isinstance(self.container, dict) else number]

    def of_key(self, key: str | int) -> int | None:
        """The position of a key; of the value in a list; None if it is not there."""
        number = self._number(key)
        return None if number is None else self.marks[2 * number if isinstance(self.container, dict) else number]

    def child(self, key: str | int) -> Places | None:
        """What stands inside the value of a key or index; None if that is no mapping or list."""
        return None if self.children is None else self.children.get(key)

    def _number(self, key: str | int) -> int | None:
        if isinstance(self.container, list):
            return key if isinstance(key, int) and 0 <= key < len(self.marks) else None
        if key not in self.container:
            return None
        return next((number for number, name in enumerate(self.container) if name == key), None)


@dataclass(frozen=True, slots=True)
class Source:
    """A scenario's file.

    Attributes
    ----------
    file
        The file as the user named it.
    """

    file: str
    root: Places | None = field(default=None, repr=False, compare=False)
    root_position: int = field(default=0, repr=False, compare=False)

    def locate(self, loc: Loc) -> tuple[int, int]:
        """Line and column (from 1) of the value at a path; of the nearest parent if there is none."""
        return self._find(loc, of_key=False)

    def locate_key(self, loc: Loc) -> tuple[int, int]:
        """Line and column (from 1) of the key at a path; of the nearest parent if there is none."""
        return self._find(loc, of_key=True)

    def _find(self, loc: Loc, *, of_key: bool) -> tuple[int, int]:
        places, position = self.root, self.root_position
        for depth, step in enumerate(loc):
            if places is None:
                break
            is_last = depth == len(loc) - 1
            found = places.of_key(step) if of_key and is_last else places.of_value(step)
            if found is None:
                break
            position, places = found, places.child(step)
        return unpacked(position)
