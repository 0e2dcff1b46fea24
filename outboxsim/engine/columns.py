"""Rows in columns, each an array of its own width, that can be handed over one by one."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np


class ColumnStore:
    """What emails and attempts are recorded in: a growing array per column.

    One array for everything would be a little quicker to append to, but could only be kept or freed as a whole.

    Attributes
    ----------
    WIDTHS
        The columns and their type codes (of the module `array`).
    """

    __slots__ = ()

    WIDTHS: ClassVar[Mapping[str, str]]

    def __init__(self) -> None:
        for name, code in self.WIDTHS.items():
            setattr(self, name, array(code))

    def extend(self, columns: Mapping[str, np.ndarray]) -> None:
        """Append rows given as arrays; every column must be there."""
        for name, code in self.WIDTHS.items():
            getattr(self, name).frombytes(np.ascontiguousarray(columns[name], dtype=code).view(np.uint8))

    def view(self, name: str) -> np.ndarray:
        """A column as a writable array, without a copy; drop it before rows are added."""
        column: array[int] = getattr(self, name)
        return np.frombuffer(column, dtype=column.typecode) if column else np.zeros(0, dtype=column.typecode)

    def truncate(self, rows: int) -> None:
        """Drop every row from `rows` on."""
        for name in self.WIDTHS:
            del getattr(self, name)[rows:]

    def hand_over(self, name: str) -> np.ndarray:
        """A column itself, without a copy, for somebody else to change; it is empty here from now on."""
        column = self.view(name)
        setattr(self, name, array(self.WIDTHS[name]))
        return column

    def put_back(self, name: str, values: np.ndarray) -> None:
        """Copy a column that was handed over back into its place."""
        column = array(self.WIDTHS[name])
        column.frombytes(np.ascontiguousarray(values, dtype=column.typecode).view(np.uint8).data)
        setattr(self, name, column)

    @classmethod
    def bytes_per_row(cls: type[Self]) -> int:
        """What a row takes."""
        return sum(array(code).itemsize for code in cls.WIDTHS.values())
