"""What tables of emails have in common."""

from __future__ import annotations


class TableFault(Exception):
    """A table that cannot be read from some place on."""

    def __init__(self, line: int, column: int, message: str) -> None:
        self.line = line
        self.column = column
        self.message = message
        super().__init__(message)
