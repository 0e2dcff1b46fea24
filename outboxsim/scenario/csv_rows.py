"""Rows of a CSV file (RFC 4180) as raw emails, and the place of each cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from outboxsim.scenario.flaws import Flaw
from outboxsim.scenario.tables import TableFault
from outboxsim.scenario.texts import decoded
from outboxsim.scenario.yaml_events import read_yaml

_TRUTHS: Final = frozenset({"system", "migrated"})
_TRUTH_OF: Final = {"true": True, "false": False}


class CsvTable:
    """A CSV file, read row by row.

    Attributes
    ----------
    columns
        The header.
    flaws
        What is wrong with the cells of the present row, before anybody validates them.
    """

    def __init__(self, path: Path) -> None:
        text, faults = decoded(path.read_bytes())
        if faults:
            raise TableFault(faults[0].line, faults[0].column, faults[0].message)
        self._text = text
        self._reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        self._line = 0  # of the present row's first line, from 1
        self.flaws: list[Flaw] = []
        self.columns = self._header()

    def _header(self) -> tuple[str, ...]:
        for cells in self._cells():
            return tuple(cell.strip() for cell in cells)
        raise TableFault(1, 1, "the file is empty; its first line names the columns, for example id,at,from,to,subject")

    def _cells(self) -> Iterator[list[str]]:
        """The cells of each row; empty lines are no rows."""
        while True:
            self._line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise TableFault(
                    self._line, 1, f"this row is no CSV: {error}; put cells with commas, quotes or line breaks in quotes"
                ) from error
            if cells:
                yield cells

    def rows(self) -> Iterator[dict[str, Any]]:
        """Raw emails; an empty cell is left out."""
        for cells in self._cells():
            self.flaws = []
            if len(cells) != len(self.columns):
                self.flaws.append(
                    Flaw((), f"the row has {len(cells)} cells, and the header {len(self.columns)}; quote cells that hold commas")
                )
            yield {column: self._value(column, cell) for column, cell in zip(self.columns, cells, strict=False) if cell != ""}

    def _value(self, column: str, cell: str) -> Any:
        if column in _TRUTHS:
            return _TRUTH_OF.get(cell.strip().lower(), cell)
        return self._flow(column, cell) if column == "attachments" else cell

    def _flow(self, column: str, cell: str) -> Any:
        """A cell that holds a list in YAML's flow style."""
        document = read_yaml(cell)
        self.flaws += [Flaw((column,), fault.message) for fault in document.faults]
        return document.value if document.is_whole and not document.faults else []

    # Places

    def place(self, column: str | None) -> tuple[int, int]:
        """Line and column (from 1, in characters) of a cell of the present row; of the row if it has no such cell."""
        if column not in self.columns:
            return self._line, 1
        return self._cell(self._line, self.columns.index(column))

    def place_of_header(self, number: int) -> tuple[int, int]:
        """Line and column of a cell of the header."""
        return self._cell(self._header_line, number)

    @cached_property
    def _lines(self) -> list[str]:
        return list(io.StringIO(self._text, newline=""))

    @cached_property
    def _header_line(self) -> int:
        return next((number for number, line in enumerate(self._lines, start=1) if line.strip("\r\n")), 1)

    def _cell(self, line: int, number: int) -> tuple[int, int]:
        """Walk to the cell: quoted ones may hold commas and line breaks."""
        cell, in_quotes = 0, False
        for row in range(line, len(self._lines) + 1):
            text = self._lines[row - 1].rstrip("\r\n")
            for column, character in enumerate(text, start=1):
                if cell == number:
                    return row, column
                if character == '"':
                    in_quotes = not in_quotes
                elif character == "," and not in_quotes:
                    cell += 1
            if not in_quotes:
                return (row, len(text) + 1) if cell == number else (line, 1)
        return line, 1
