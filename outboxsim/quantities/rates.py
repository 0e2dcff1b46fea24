"""Shares (``5 %`` or ``0.05``) and rates (``40 per h``)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from outboxsim.errors import QuantityError
from outboxsim.quantities.durations import LONGEST_TEXT, NUMBER, UNITS, quoted

_RATE_UNITS: Final = ("s", "min", "h", "d")

#: The written forms; also patterns of the JSON Schema (ECMA 262).
SHARE: Final = rf"{NUMBER} *%"
RATE: Final = rf"{NUMBER} +per +(?:{'|'.join(_RATE_UNITS)})"

_SHARE: Final = re.compile(rf"({NUMBER}) *(%?)")
_RATE: Final = re.compile(rf"({NUMBER}) +per +({'|'.join(_RATE_UNITS)})")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many per so long.

    Attributes
    ----------
    count
        How many.
    per
        In how many microseconds.
    """

    count: float
    per: int

    @property
    def per_hour(self) -> float:
        """How many in an hour."""
        return self.count * (UNITS["h"] / self.per)


def parse_share(value: str | float) -> float:
    """A share between 0 and 1.

    Parameters
    ----------
    value
        ``"5 %"``, ``"5%"``, ``0.05`` or ``"0.05"``.

    Raises
    ------
    QuantityError
        For anything else, and outside 0 to 1.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise QuantityError(f"{_yaml(value)} is no share; write for example '5 %' or 0.05")
    share = _share_of_text(value.strip()) if isinstance(value, str) else value
    if not 0 <= share <= 1:
        raise QuantityError(f"{quoted(value)} is no share between 0 and 1 (0 % and 100 %); write for example '5 %' or 0.05")
    return float(share)


def _yaml(value: object) -> str:
    return {True: "true", False: "false", None: "null"}.get(value, "this") if value is None or isinstance(value, bool) else "this"


def _share_of_text(text: str) -> float:
    match = _SHARE.fullmatch(text) if len(text) <= LONGEST_TEXT else None
    if match is None:
        return math.nan
    number = Decimal(match[1])
    return float(number / 100 if match[2] else number)


def parse_rate(text: str) -> Rate:
    """A rate such as ``40 per h``; units s, min, h, d.

    Raises
    ------
    QuantityError
        For anything else.
    """
    match = _RATE.fullmatch(text.strip()) if isinstance(text, str) and len(text) <= LONGEST_TEXT else None
    if match is None:
        raise QuantityError(f"{quoted(text)} is no rate; write for example '40 per h' or '2 per s' (per {', '.join(_RATE_UNITS)})")
    return Rate(float(match[1]), UNITS[match[2]])
