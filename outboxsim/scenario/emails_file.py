"""The emails_file: more emails from a CSV or Parquet file beside the scenario, with the same keys as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from outboxsim.errors import Fault
from outboxsim.retry.faults import path_text
from outboxsim.scenario.concept import unknown_key
from outboxsim.scenario.csv_rows import CsvTable
from outboxsim.scenario.emails import EMAIL_KEYS, Email, email_adapter, note_need
from outboxsim.scenario.flaws import Flaw, flaws_of
from outboxsim.scenario.parquet_rows import ParquetTable
from outboxsim.scenario.scope import Scope
from outboxsim.scenario.tables import TableFault
from outboxsim.scenario.texts import MOST_FAULTS
from outboxsim.scenario.words import printable, shown

Table: TypeAlias = CsvTable | ParquetTable

_FORMATS: Final[dict[str, Callable[[Path], Table]]] = {".csv": CsvTable, ".parquet": ParquetTable}


@dataclass(slots=True)
class FileEmails:
    """What an emails_file holds: its emails, its own faults, and flaws of the key that names it."""

    emails: list[Email] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)


def read_emails_file(name: object, folder: Path | None, scenario_file: str, scope: Scope, limit: int) -> FileEmails:
    """Read the emails_file that a scenario names, if it names one.

    Parameters
    ----------
    name
        The raw value of the key; None (and whatever is no text, which is another's fault) reads nothing.
    folder
        The scenario's folder.
    scenario_file
        The scenario as the user named it: the emails_file is called as seen from there.
    scope
        The names that emails may use; the ids of the file are added.
    limit
        The most emails.
    """
    found = FileEmails()
    if not isinstance(name, str):
        return found
    try:
        path = _checked_path(name, folder)
        table = _FORMATS[path.suffix.lower()](path)
    except TableFault as fault:
        called = _called(name, scenario_file)
        found.faults.append(Fault(called, fault.line, fault.column, "", fault.message))
        scope.knows_all_emails = False
    except (OSError, ValueError) as error:
        found.flaws.append(Flaw(("emails_file",), _readable(error, name)))
        scope.knows_all_emails = False
    else:
        _Rows(table, _called(name, scenario_file), scope, found).read(limit)
    return found


def _called(name: str, scenario_file: str) -> str:
    parent = PurePosixPath(scenario_file).parent
    return name if str(parent) == "." or scenario_file.startswith("<") else str(parent / name)


def _readable(error: Exception, name: str) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{shown(name)} does not exist; the path is relative to the scenario's folder"
    return f"{shown(name)} cannot be read: {error.strerror or error}" if isinstance(error, OSError) else str(error)


def _checked_path(name: str, folder: Path | None) -> Path:
    """The path of an emails_file, which has to lie in the scenario's folder or below, wherever links lead."""
    if folder is None:
        raise ValueError(f"{shown(name)} needs a folder, and the scenario has none; load the scenario from a file")
    parts = {*PurePosixPath(name).parts, *PureWindowsPath(name).parts}
    if "\0" in name or PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor or ".." in parts:
        raise ValueError(f"{shown(name)} leads out of the scenario's folder; write a path in this folder or below")
    if PurePosixPath(name).suffix.lower() not in _FORMATS:
        raise ValueError(f"{shown(name)} is neither CSV nor Parquet; write a file that ends in {' or '.join(_FORMATS)}")
    try:
        path = (folder / name).resolve()
    except RuntimeError as error:  # Python 3.11 and 3.12; later ones tell it when the file is opened
        raise ValueError(f"{shown(name)} is a link that leads nowhere; write the file itself") from error
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"{shown(name)} is a link that leads out of the scenario's folder; copy the file into this folder or below")
    if path.exists() and not path.is_file():
        raise ValueError(f"{shown(name)} is no file")
    return path


class _Rows:
    """Validates the rows of a table one by one, and keeps what is sound."""

    def __init__(self, table: Table, called: str, scope: Scope, found: FileEmails) -> None:
        self._table = table
        self._called = called
        self._scope = scope
        self._found = found
        self._has_unknown_columns = not set(table.columns) <= set(EMAIL_KEYS)

    def read(self, limit: int) -> None:
        """Read all rows, or as many as there may be."""
        self._check_columns()
        try:
            for index, row in enumerate(self._table.rows()):
                if index >= limit:
                    raise self._end(
                        f"more emails than allowed ({max(limit, 0):,} of them here); --max-emails (max_emails) raises the limit"
                    )
                self._read_row(index, row)
                if len(self._found.faults) > MOST_FAULTS:
                    raise self._end(f"more than {MOST_FAULTS:,} faults; the rows from here on are not looked at")
        except TableFault as fault:
            self._fault((fault.line, fault.column), "", fault.message)
            self._scope.knows_all_emails = False

    def _end(self, message: str) -> TableFault:
        return TableFault(*self._table.place(None), message)

    def _read_row(self, index: int, row: dict[str, Any]) -> None:
        raw = {key: value for key, value in row.items() if key in EMAIL_KEYS} if self._has_unknown_columns else row
        flaws = [*self._table.flaws, *self._flaws_of_id(raw)]
        note_need(raw, self._scope)
        try:
            email = email_adapter().validate_python(raw, context=self._scope)
        except ValidationError as error:
            flaws += flaws_of(error)
        else:
            self._found.emails.append(email)
        for flaw in dict.fromkeys(flaws):
            column = str(flaw.loc[0]) if flaw.loc else None
            self._fault(self._table.place(column), path_text(("emails", index, *flaw.loc)), flaw.message)

    def _check_columns(self) -> None:
        for number, column in enumerate(self._table.columns):
            if column not in EMAIL_KEYS:
                self._fault(self._table.place_of_header(number), column, unknown_key(column, EMAIL_KEYS, self._scope))
            elif column in self._table.columns[:number]:
                self._fault(self._table.place_of_header(number), column, f"the column {shown(column)} is there already")

    def _flaws_of_id(self, row: dict[str, Any]) -> Iterator[Flaw]:
        email = row.get("id")
        if isinstance(email, str):
            if email in self._scope.emails:
                yield Flaw(("id",), f"{shown(email)} is the id of another email already; ids are unique")
            elif taken := self._scope.taken(email):
                yield Flaw(("id",), taken)
            self._scope.emails[email] = None

    def _fault(self, place: tuple[int, int], path: str, message: str) -> None:
        self._found.faults.append(Fault(self._called, *place, printable(path), printable(message)))
