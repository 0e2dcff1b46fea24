"""HTML for notebooks and reports. Text is data: escaped here, once, and what steers terminals or turns the reading direction is shown.

What stands here sets no colours: a notebook's own theme, light or dark, decides, and so does the style of a report. There is no script and
nothing from elsewhere.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Final

#: Control, format (bidirectional controls among them), line and paragraph separators, lone surrogates.
_STEERING: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})
#: Format characters that scripts and emoji need, and that move nothing.
_JOINERS: Final = frozenset("\u200c\u200d")

#: A cell of words is no wider than a line that one likes to read, and a longer word is folded.
_FOLDED: Final = "text-align:left;max-width:32em;overflow-wrap:break-word"


def visible(text: str) -> str:
    r"""The text on one line, with every character that could steer a terminal or turn the reading direction escaped: ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _STEERING or character in _JOINERS:
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def text(value: object) -> str:
    """Anything as text between tags or in a quoted attribute."""
    return html.escape(visible(str(value)), quote=True)


def paragraph(words: str) -> str:
    """A paragraph of text; nothing for no words."""
    return f"<p>{text(words)}</p>" if words else ""


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    caption: str = "",
    notes: Sequence[str] = (),
    left: int | Collection[int] = 1,
) -> str:
    """A table of texts.

    Parameters
    ----------
    header
        The columns' names.
    rows
        A cell per column.
    caption
        Above it; none if empty.
    notes
        Sentences below it.
    left
        So many columns (or these) hold words and begin together; the others hold numbers and end together. The first one names its row.
    """
    words = range(left) if isinstance(left, int) else left
    sides = ["left" if column in words else "right" for column in range(len(header))]
    head = "".join(f'<th scope="col" style="text-align:{side}">{text(name)}</th>' for name, side in zip(header, sides, strict=True))
    body = "".join(f"<tr>{_cells(row, sides)}</tr>" for row in rows)
    title = f'<caption style="text-align:left">{text(caption)}</caption>' if caption else ""
    below = "".join(f"<p>{text(note)}</p>" for note in notes)
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}"


def _cells(row: Sequence[object], sides: Sequence[str]) -> str:
    cells = []
    for column, (cell, side) in enumerate(zip(row, sides, strict=True)):
        style = _FOLDED if side == "left" else "text-align:right"
        tag, more = ('th scope="row"', ";font-weight:normal") if column == 0 else ("td", "")
        cells.append(f'<{tag} style="{style}{more}">{text(cell)}</{tag[:2]}>')
    return "".join(cells)


def facts(pairs: Iterable[tuple[str, object]], *, caption: str = "") -> str:
    """A table of names and what they are."""
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{text(name)}</th><td style="{_FOLDED}">{text(value)}</td></tr>'
        for name, value in pairs
    )
    title = f'<caption style="text-align:left">{text(caption)}</caption>' if caption else ""
    return f"<table>{title}<tbody>{body}</tbody></table>"


def folded(title: str, content: str, *, is_open: bool = False) -> str:
    """Content (HTML) that a click on its title shows and hides."""
    return f"<details{' open' if is_open else ''}><summary>{text(title)}</summary>{content}</details>"


def block(name: str, title: str, *parts: str) -> str:
    """A public value as a notebook shows it: what it is, its title, and its parts (HTML)."""
    return f'<div class="outboxsim-{text(name)}"><strong>{text(title)}</strong>{"".join(parts)}</div>'


def dots(shares: Iterable[float], description: str) -> str:
    """A line with a mark at each share of its length, in the colour of the text around it."""
    marks = "".join(f'<circle cx="{8 + 484 * min(max(share, 0.0), 1.0):.1f}" cy="10" r="4"/>' for share in shares)
    return (
        f'<svg viewBox="0 0 500 20" width="500" height="20" style="max-width:100%" role="img" aria-label="{text(description)}" '
        f'fill="currentColor" stroke="currentColor"><line x1="8" y1="10" x2="492" y2="10" stroke-width="1"/>{marks}</svg>'
    )
