"""What plain scalars mean: the core schema of YAML 1.2 (section 10.3), so that `NO` and `10:30` are texts."""

from __future__ import annotations

import math
import re
from typing import Any, Final

#: No number of a scenario needs more digits, and Python takes quadratic time over very many.
_MOST_DIGITS: Final = 40

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS: Final = frozenset("0123456789+-.")
_INT: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEX: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


class NumberRefused(ValueError):
    """A number that no scenario can use; the message says why."""


def resolve(text: str) -> Any:
    """The value of a plain scalar: None, a bool, an int, a float, or the text itself.

    Raises
    ------
    NumberRefused
        For infinity, not-a-number, and numbers of very many digits.
    """
    if text in _WORDS:
        return _WORDS[text]
    return _number(text) if text[0] in _NUMBER_STARTS else text


def _number(text: str) -> Any:
    if len(text) > _MOST_DIGITS and _FLOAT.fullmatch(text):
        raise NumberRefused(f"the number '{text[:_MOST_DIGITS]}…' has too many digits; write at most {_MOST_DIGITS}")
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise NumberRefused(f"the number '{text}' is too large")
        return number
    if _NO_NUMBER.fullmatch(text):
        raise NumberRefused(f"'{text}' is no finite number; write a number, or put a text in quotes")
    if len(text) <= _MOST_DIGITS:
        if _OCTAL.fullmatch(text):
            return int(text[2:], 8)
        if _HEX.fullmatch(text):
            return int(text[2:], 16)
    return text
