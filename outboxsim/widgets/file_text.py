"""A scenario file's text, changed where it has to be: its comments and its looks stay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from outboxsim.scenario.yaml_events import read_yaml
from outboxsim.scenario.yaml_writer import item_lines, key_lines


class NotChangeable(ValueError):
    """The file is written in a way in which nothing can be added line by line."""


class FileText:
    """The lines of a file whose keys stand one below the other.

    Whoever changes it reads the outcome again and compares: what looks like a place to add something need not be one.

    Raises
    ------
    NotChangeable
        If it is one mapping in braces, or several documents.
    """

    def __init__(self, text: str) -> None:
        self.lines = text.removeprefix("\ufeff").replace("\r\n", "\n").rstrip("\n").split("\n")
        self._find_sections()

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)

    def _find_sections(self) -> None:
        """Where each key of the file stands."""
        value = read_yaml(str(self)).value
        names = list(value) if isinstance(value, dict) else []
        self._starts = {}
        for name in names:
            begins = re.compile(rf"(?P<quote>[\"']?){re.escape(name)}(?P=quote)\s*:(?:\s|$)")
            places = [number for number, line in enumerate(self.lines) if begins.match(line)]
            if len(places) != 1:
                raise NotChangeable(name)
            self._starts[name] = places[0]
        if not names or any(line.startswith(("---", "...")) for line in self.lines):
            raise NotChangeable("no block of keys")

    def _end(self, name: str) -> int:
        """The line after a key's value; comments and blank lines before the next key belong to that one."""
        end = min((start for start in self._starts.values() if start > self._starts[name]), default=len(self.lines))
        while end - 1 > self._starts[name] and (not self.lines[end - 1].strip() or self.lines[end - 1].startswith("#")):
            end -= 1
        return end

    def put(self, name: str, value: Any) -> None:
        """Let a key have another value; a new one stands after the first key."""
        if name in self._starts:
            self.lines[self._starts[name] : self._end(name)] = key_lines(name, value)
        else:
            first = min(self._starts, key=self._starts.__getitem__)
            end = self._end(first)
            self.lines[end:end] = key_lines(name, value)
        self._find_sections()

    def extend(self, name: str, values: Sequence[Any]) -> None:
        """Add to a key's list; a new key stands at the end.

        Raises
        ------
        NotChangeable
            If its list is written in brackets.
        """
        if name not in self._starts:
            self.lines += ["", f"{name}:", *item_lines(tuple(values), 2)]
            self._find_sections()
            return
        start, end = self._starts[name], self._end(name)
        items = [line for line in self.lines[start + 1 : end] if line.strip() and not line.lstrip().startswith("#")]
        if not items or not items[0].lstrip().startswith("- "):
            raise NotChangeable(name)
        self.lines[end:end] = item_lines(tuple(values), len(items[0]) - len(items[0].lstrip()))
        self._find_sections()
