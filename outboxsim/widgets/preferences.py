"""What the page keeps for each user: view, columns, page size, undo window and language (P1).

They outlive logging out and the kernel: a JSON file in the user's configuration folder, or the one given.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import platformdirs

from outboxsim.errors import QuantityError
from outboxsim.outbox import View
from outboxsim.quantities import format_duration, parse_duration
from outboxsim.scenario.people import COLUMNS, KEPT_COLUMNS
from outboxsim.widgets.words import LANGUAGES

PAGE_SIZES: Final = (10, 20, 50, 100, 200)

#: The columns of who has chosen none: all of them (G1), first what tells where an email stands, so that it needs no scrolling.
FIRST_COLUMNS: Final = (
    "to",
    "subject",
    "send_status",
    "send_attempts",
    "next_send_attempt",
    "last_error_message",
    "email_connector",
    "work_item",
    "priority",
    "last_send_attempt",
    "logged",
    "system_generated",
    "work_item_type",
    "attachments",
)

#: A year; a longer undo window is a slip of the keyboard.
LONGEST_UNDO_WINDOW: Final = 365 * 86_400_000_000

#: A larger file is not ours.
_LARGEST_FILE: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """What a user has chosen so far; None for what he has not."""

    view: View | None = None
    columns: tuple[str, ...] | None = None
    page_size: int | None = None
    undo_window: int | None = None
    language: str | None = None


def complete_columns(columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns in their order, each once; mandatory ones that were left out lead (G1)."""
    missing = tuple(name for name in KEPT_COLUMNS if name not in columns)
    return tuple(dict.fromkeys((*missing, *columns)))


def _columns(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) and name in COLUMNS for name in value):
        raise ValueError(f"columns are a list of {', '.join(COLUMNS)}")
    return complete_columns(tuple(value))


def _page_size(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value not in PAGE_SIZES:
        raise ValueError(f"page_size is one of {', '.join(map(str, PAGE_SIZES))}")
    return value


def _undo_window(value: Any) -> int:
    window = parse_duration(value) if isinstance(value, str) else value
    if isinstance(window, bool) or not isinstance(window, int) or not 0 <= window <= LONGEST_UNDO_WINDOW:
        raise ValueError("undo_window is a duration of at most a year")
    return window


def _language(value: Any) -> str:
    if value not in LANGUAGES:
        raise ValueError(f"language is one of {', '.join(LANGUAGES)}")
    return str(value)


#: How each setting is read: from the file and from who changes it.
_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "view": View,
    "columns": _columns,
    "page_size": _page_size,
    "undo_window": _undo_window,
    "language": _language,
}

#: How the file writes what is no plain JSON value.
_WRITERS: Final[Mapping[str, Callable[[Any], Any]]] = {"view": str, "columns": list, "undo_window": format_duration}


class Preferences:
    """The kept settings of all users of the page.

    Parameters
    ----------
    path
        The file; None keeps them in the user's configuration folder.

    Attributes
    ----------
    problem
        Why the file could not be read or written, for the page to say; empty if all is well. The page goes on without it.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = platformdirs.user_config_path("outboxsim", appauthor=False) / "preferences.json" if path is None else Path(path)
        self.problem = ""
        self._is_damaged = False
        self._unsaved: dict[str, dict[str, Any]] = {}
        self._content = self._read()

    def __repr__(self) -> str:
        return f"Preferences({str(self.path)!r})"

    def of(self, user: str) -> Kept:
        """What a user has chosen; values that are none of their setting do not count."""
        settings = _mapping(_mapping(self._content.get("users")).get(user))
        read: dict[str, Any] = {}
        for name, reader in _READERS.items():
            if name in settings:
                try:
                    read[name] = reader(settings[name])
                except (ValueError, QuantityError) as error:
                    self.problem = f"{self.path}: users.{user}.{name}: {error}"
        return Kept(**read)

    def change(self, user: str, **settings: Any) -> None:
        """Keep a user's choices: `view`, `columns`, `page_size`, `undo_window` (microseconds), `language`.

        Raises
        ------
        ValueError
            If a value is none of its setting; nothing is kept then.
        """
        read = {name: _READERS[name](value) for name, value in settings.items()}
        plain = {name: _WRITERS.get(name, lambda value: value)(value) for name, value in read.items()}
        self._unsaved.setdefault(user, {}).update(plain)
        self._content = self._with_unsaved(self._read())  # another notebook may have kept something meanwhile
        self._write()

    def _with_unsaved(self, content: dict[str, Any]) -> dict[str, Any]:
        merged = deepcopy(content)
        users = merged["users"] = dict(_mapping(merged.get("users")))
        for user, settings in self._unsaved.items():
            users[user] = {**_mapping(users.get(user)), **settings}
        return merged

    def _read(self) -> dict[str, Any]:
        self.problem = ""
        self._is_damaged = False
        try:
            with self.path.open("rb") as file:
                raw = file.read(_LARGEST_FILE + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            self.problem = f"{self.path}: {error.strerror or error}"
            return {}
        try:
            content = json.loads(raw.decode("utf-8")) if len(raw) <= _LARGEST_FILE else None
        except (ValueError, RecursionError):
            content = None
        if isinstance(content, dict):
            return content
        self._is_damaged = True
        self.problem = f"{self.path}: no preferences of the outbox page"
        return {}

    def _write(self) -> None:
        """Put a whole new file in the place of the old one: nobody ever reads half of one. A damaged one is set aside."""
        target = Path(os.path.realpath(self.path))  # a link stays a link
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if self._is_damaged:
                target.replace(target.with_name(f"{target.name}.damaged"))
            handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(self._content, file, indent=2, ensure_ascii=False)
                    file.write("\n")
                Path(name).replace(target)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except (OSError, UnicodeError) as error:
            self.problem = f"{self.path}: {error}"
        else:
            self._unsaved.clear()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
