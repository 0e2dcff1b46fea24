"""What the class did as a scenario file: to read, to copy, and to save beside the notebook."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from outboxsim.widgets.export import NotExportable
from outboxsim.widgets.screens.builder_access import ExportCard
from outboxsim.widgets.screens.foreign import shown

if TYPE_CHECKING:
    from outboxsim.widgets.desktop import Desktop, Handler, Message

_ENDING: Final = ".outbox.yaml"
#: One name, no path: nothing is written elsewhere than in the folder.
_FILE_NAME: Final = re.compile(r"[^\x00-\x1f/\\:*?\"<>|]{1,100}")


class Saving:
    """The part of Builder that exports; the page has made sure that an admin asks.

    Parameters
    ----------
    desktop
        The page.
    folder
        Where files are saved; None is the folder in which the notebook runs.
    """

    def __init__(self, desktop: Desktop, folder: Path | None = None) -> None:
        self._desktop = desktop
        self._folder = folder
        self._text = ""
        self._file = ""
        self._error = ""
        self._may_replace = False

    def handlers(self) -> Mapping[str, Handler]:
        """What is done about which gesture."""
        return {
            "builder.export": lambda _: self._export(),
            "builder.save": lambda message: self._save(message, replace=False),
            "builder.replace": lambda message: self._save(message, replace=True),
        }

    def card(self) -> ExportCard:
        """What is shown of it."""
        return ExportCard(self._text, self._file, self._error, self._may_replace, str(self._place))

    @property
    def _place(self) -> Path:
        return Path.cwd() if self._folder is None else self._folder

    def _export(self) -> None:
        desktop = self._desktop
        self._error, self._may_replace = "", False
        try:
            self._text = desktop.session.export()
        except NotExportable as problem:
            self._text = ""
            desktop.announce(str(problem), kind="error")
            return
        desktop.announce(desktop.words("The scenario file is made; it was tried out and replays the same run."))

    def _save(self, message: Message, *, replace: bool) -> None:
        """Write the file; one that is there only when that was asked for, after it was said."""
        desktop, words = self._desktop, self._desktop.words
        if not self._text:
            return
        name = message.entry("file").strip()
        name = name if not name or name.endswith(_ENDING) else name.removesuffix(".yaml") + _ENDING
        replace = replace and self._may_replace and name == self._file
        self._file, self._error, self._may_replace = name, "", False
        if not _FILE_NAME.fullmatch(name) or name.startswith("."):
            self._error = words("This is no file name; write for example lesson.outbox.yaml")
            return
        path = self._place / name
        try:
            self._write(path, replace=replace)
        except FileExistsError:
            self._error = words("There is a file of this name. Save under another name, or replace it.")
            self._may_replace = path.is_file() and not path.is_symlink()
        except OSError as problem:
            self._error = words("The file cannot be written: {reason}", reason=problem.strerror or str(problem))
        else:
            desktop.announce(words("Saved as {file}.", file=shown(str(path))))

    def _write(self, path: Path, *, replace: bool) -> None:
        if replace and path.is_file() and not path.is_symlink():
            path.write_text(self._text, encoding="utf-8", newline="\n")
            return
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(self._text)
