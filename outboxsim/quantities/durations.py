"""Durations: texts such as ``1 h 30 min`` or ``PT5M``, and whole microseconds inside."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from outboxsim.errors import QuantityError

#: Microseconds per unit, largest first. A day is 24 h whatever the clocks do (spec/scenario.md section 1).
UNITS: Final = {"w": 604_800_000_000, "d": 86_400_000_000, "h": 3_600_000_000, "min": 60_000_000, "s": 1_000_000, "ms": 1_000}

#: 100 years: far beyond any outbox, and every instant stays in the calendar and in 64 bits.
LONGEST: Final = 100 * 365 * UNITS["d"]

#: A text longer than this is no quantity; its digits are not even looked at.
LONGEST_TEXT: Final = 80

HINT: Final = "write for example '2 s', '90 s' or '1 h 30 min'"

NUMBER: Final = r"[0-9]+(?:\.[0-9]+)?"

#: The written form, units largest first and each at most once; also the pattern of the JSON Schema (ECMA 262).
WRITTEN: Final = (
    r"(?=[0-9])" + r" *".join(rf"(?:{NUMBER} *{unit}(?![a-z]))?" for unit in UNITS)  # `m` of ms must not be read as the start of min
)
ISO: Final = rf"P(?=[0-9T])(?:{NUMBER}W)?(?:{NUMBER}D)?(?:T(?=[0-9])(?:{NUMBER}H)?(?:{NUMBER}M)?(?:{NUMBER}S)?)?"

_WRITTEN: Final = re.compile(WRITTEN)
_ISO: Final = re.compile(ISO)
_PART: Final = re.compile(rf"({NUMBER}) *([a-z]+)")
_ISO_PART: Final = re.compile(rf"({NUMBER})([WDHMS])|T")
_ISO_UNITS: Final = {"W": "w", "D": "d", "H": "h", "M": "min", "S": "s"}
_CALENDAR: Final = re.compile(r"P[0-9.]+[YM].*|[0-9.]+ *(?:y|yr|years?|mo|months?)\b.*")


def quoted(text: object) -> str:
    """A value as messages show it: in quotes, and short."""
    if not isinstance(text, str):
        return str(text) if not isinstance(text, int) or abs(text) < 10**LONGEST_TEXT else "a number of many digits"
    return repr(text) if len(text) <= LONGEST_TEXT else repr(text[:LONGEST_TEXT] + "…")


def half_up(value: Fraction) -> int:
    """The nearest whole number, halves up (spec/outbox.md L7)."""
    return (value + Fraction(1, 2)).__floor__()


def parse_duration(text: str) -> int:
    """A duration in whole microseconds.

    Parameters
    ----------
    text
        Units w, d, h, min, s, ms, largest first, each at most once, decimals allowed: ``90 s``, ``1 h 30 min``, ``1.5h``; or ISO 8601
        without months and years: ``PT5M``.

    Returns
    -------
    int
        Microseconds, halves rounded up.

    Raises
    ------
    QuantityError
        For anything else, and for more than 100 years.
    """
    text = text.strip()
    if 0 < len(text) <= LONGEST_TEXT:
        if _WRITTEN.fullmatch(text):
            return _sum(text, [(number, unit) for number, unit in _PART.findall(text)])
        if _ISO.fullmatch(text):
            return _sum(text, [(number, _ISO_UNITS[unit]) for number, unit in _iso_parts(text)])
    raise QuantityError(_what_is_wrong(text))


def _iso_parts(text: str) -> list[tuple[str, str]]:
    """Numbers and units; M before the T never gets here, so that it always means minutes."""
    return [(number, unit) for number, unit in _ISO_PART.findall(text) if number]


def _sum(text: str, parts: list[tuple[str, str]]) -> int:
    if "." in text:
        micros = half_up(sum((Fraction(number) * UNITS[unit] for number, unit in parts), Fraction(0)))
    else:
        micros = sum(int(number) * UNITS[unit] for number, unit in parts)
    if micros > LONGEST:
        raise QuantityError(f"{quoted(text)} is more than 100 years; write a shorter duration")
    return micros


def _what_is_wrong(text: str) -> str:
    if text.startswith(("-", "P-", "PT-", "−")):
        return f"{quoted(text)} is negative, and no duration is; {HINT}"
    if len(text) > LONGEST_TEXT:
        return f"{quoted(text)} is no duration; {HINT}"
    if re.fullmatch(NUMBER, text):
        return f"{quoted(text)} has no unit; write for example '{text} s' or '{text} min' (units: {', '.join(reversed(UNITS))})"
    if _CALENDAR.fullmatch(text):
        return f"{quoted(text)} is no duration: months and years differ in length; write weeks or days, for example '30 d'"
    if _PART.match(text) and all(unit in UNITS for _, unit in _PART.findall(text)) and not re.sub(_PART, "", text).strip():
        return f"{quoted(text)} is no duration: each unit once and the largest first; {HINT}"
    return f"{quoted(text)} is no duration; {HINT}"


def format_duration(us: int) -> str:
    """The shortest exact text of a duration: ``1 h 30 min``, ``16 min``, ``0 s``, ``250 ms``.

    Parameters
    ----------
    us
        Microseconds.

    Returns
    -------
    str
        `parse_duration` gives the same number back (if it is not negative, and at most 100 years).
    """
    if us < 0:
        return f"-{format_duration(-us)}"
    parts = []
    rest = us
    for unit in ("d", "h", "min", "s"):
        count, rest = divmod(rest, UNITS[unit])
        if count:
            parts.append(f"{count} {unit}")
    if rest:
        whole, fraction = divmod(rest, 1000)
        parts.append(f"{whole}.{fraction:03d}".rstrip("0").rstrip(".") + " ms" if fraction else f"{whole} ms")
    return " ".join(parts) or "0 s"
