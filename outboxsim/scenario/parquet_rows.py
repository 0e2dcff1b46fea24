"""Rows of a Parquet file as raw emails; the line is the row's number, the column that of the column."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from outboxsim.quantities import format_duration
from outboxsim.scenario.flaws import Flaw
from outboxsim.scenario.tables import TableFault

_ROWS_AT_ONCE: Final = 10_000
_MICROSECOND: Final = timedelta(microseconds=1)


class ParquetTable:
    """A Parquet file, read in batches of rows.

    Attributes
    ----------
    columns
        The names of its columns.
    flaws
        Always empty: cells have types already.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa  # noqa: PLC0415 - only who has such a file waits for the import
        import pyarrow.parquet as pq  # noqa: PLC0415

        path.stat()  # a missing file is the key's fault, not the table's
        self._errors: tuple[type[Exception], ...] = (pa.ArrowException, OSError, ValueError)
        try:
            self._file = pq.ParquetFile(path)
        except self._errors as error:
            raise TableFault(1, 1, f"the file is no Parquet: {error}") from error
        self.columns: tuple[str, ...] = tuple(self._file.schema_arrow.names)
        self.flaws: list[Flaw] = []
        self._row = 0

    def rows(self) -> Iterator[dict[str, Any]]:
        """Raw emails; a null is left out."""
        try:
            for batch in self._file.iter_batches(_ROWS_AT_ONCE):
                for row in batch.to_pylist():
                    self._row += 1
                    yield {column: _as_in_a_file(value) for column, value in row.items() if value is not None}
        except self._errors as error:
            raise TableFault(self._row + 1, 1, f"the file cannot be read from here on: {error}") from error

    def place(self, column: str | None) -> tuple[int, int]:
        """Row and column, both from 1."""
        return self._row, self.columns.index(column) + 1 if column in self.columns else 1

    def place_of_header(self, number: int) -> tuple[int, int]:
        """A header has no line of its own: the column, in the first row."""
        return 1, number + 1


def _as_in_a_file(value: Any) -> Any:
    """A typed value as a scenario file would write it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return format_duration(value // _MICROSECOND)
    if isinstance(value, list):
        return [_as_in_a_file(one) for one in value]
    if isinstance(value, dict):
        return {key: _as_in_a_file(one) for key, one in value.items() if one is not None}
    return value
