"""From the bytes of a file to its text: UTF-8, without control characters, and where in it something is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Final

from outboxsim.scenario.places import Loc

#: More faults of one kind than this are not worth reading; reading stops there.
MOST_FAULTS: Final = 10_000
#: Each is searched for from the beginning, and a file that holds one is often no text at all.
MOST_FAULTS_OF_TEXT: Final = 20

#: What YAML and RFC 4180 allow nowhere: control characters but tab, line feed, carriage return and NEL, and non-characters.
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_BREAK: Final = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class TextFault:
    """Something wrong with the text itself: line and column from 1, the path if it is known, and what is wrong."""

    line: int
    column: int
    loc: Loc
    message: str


def position(text: str, index: int) -> tuple[int, int]:
    """Line and column, both counted from 1, of the character at `index`."""
    line, start = 1, 0
    for line_break in _LINE_BREAK.finditer(text, 0, index):
        line, start = line + 1, line_break.end()
    return line, index - start + 1


def decoded(content: bytes) -> tuple[str, list[TextFault]]:
    """The text of a file without its byte-order mark, and what is wrong with it (the text is then of no use)."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", errors="replace")
        line, column = position(before, len(before))
        byte = content[error.start]
        return "", [TextFault(line, column, (), f"the byte 0x{byte:02X} is not UTF-8; save the file as UTF-8")]
    return text, control_characters(text)


def control_characters(text: str) -> list[TextFault]:
    """A fault for each control character in a text."""
    faults: list[TextFault] = []
    for match in islice(_CONTROL.finditer(text), MOST_FAULTS_OF_TEXT):
        line, column = position(text, match.start())
        faults.append(TextFault(line, column, (), f"the control character U+{ord(match[0]):04X} is not allowed here; take it out"))
    return faults
