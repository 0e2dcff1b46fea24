"""A figure as SVG inside an HTML page: text as text, ids that are the page's only ones, and nothing but drawing.

What matplotlib writes is taken apart and only what draws is kept, by name: no scripts, no links, no styles for the whole page, nothing from
elsewhere. Colours of paper, ink and lines become variables of the page, so that a dark page has dark figures.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree

import matplotlib as mpl

from outboxsim.markup import visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SVG: Final = "{http://www.w3.org/2000/svg}"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"

#: What draws, and the attributes that say how.
_TAGS: Final = frozenset(
    {"g", "path", "use", "text", "tspan", "defs", "clipPath", "pattern", "rect", "circle", "line", "polyline", "polygon"}
)
_ATTRIBUTES: Final = frozenset(
    {
        *("id", "d", "style", "transform", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "points", "viewBox"),
        *("clip-path", "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap", "stroke-linejoin"),
        *("stroke-dasharray", "opacity", "text-anchor", "patternUnits"),
    }
)
#: The page's own colours by what they are called there; all others (of statuses, say) stay what they are.
_VARIABLES: Final[Mapping[str, str]] = {
    "#ffffff": "--paper",
    "#222222": "--ink",
    "#000000": "--ink",
    "#595959": "--muted",
    "#dddddd": "--grid",
    "#dadada": "--shade",
    "#bbbbbb": "--edge",
}
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}\b")
_REFERENCE: Final = re.compile(r"url\(\s*#([\w.:-]+)\s*\)")
_DIGITS: Final = re.compile(r"-?\d+\.\d{3,}")
_FONT: Final = re.compile(r"font:\s*([\d.]+)px[^;]*")


def inline_svg(figure: Figure, prefix: str, title: str, description: str) -> str:
    """A figure as an ``<svg>`` element of an HTML page.

    Parameters
    ----------
    figure
        What to draw. Its texts are not read as mathematics (`plot_style.plainly`).
    prefix
        Stands before every id; no other figure of the page may have it.
    title, description
        What it shows, for those who cannot see it.
    """
    written = io.BytesIO()
    # The one look at matplotlib's settings: how text is written is said nowhere else. It is undone at once.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": prefix}):
        figure.savefig(written, format="svg", metadata={"Date": None})
    root = ElementTree.fromstring(written.getvalue())  # noqa: S314 - written by matplotlib just now
    made = ElementTree.Element("svg", {"viewBox": root.get("viewBox", ""), "role": "img", "aria-labelledby": f"{prefix}title {prefix}text"})
    made.set("style", "stroke-linejoin:round;stroke-linecap:butt")  # what matplotlib's own style sheet asks for
    for tag, words in (("title", title), ("desc", description)):
        ElementTree.SubElement(made, tag, {"id": f"{prefix}{'title' if tag == 'title' else 'text'}"}).text = visible(words)
    for child in root:
        _copy(child, made, prefix)
    return ElementTree.tostring(made, encoding="unicode", short_empty_elements=True)


def _copy(element: ElementTree.Element, into: ElementTree.Element, prefix: str) -> None:
    """The part of an element that draws."""
    tag = element.tag.removeprefix(_SVG) if isinstance(element.tag, str) else ""
    if tag not in _TAGS:
        return
    made = ElementTree.SubElement(into, tag)
    for name, value in element.attrib.items():
        if name in {"href", _HREF}:
            if value.startswith("#"):
                made.set("href", f"#{prefix}{value[1:]}")
        elif name in _ATTRIBUTES:
            made.set(name, prefix + value if name == "id" else _drawing(value, prefix, is_path=name in {"d", "points"}))
    if tag in {"text", "tspan"}:
        made.text = visible(element.text or "")
    for child in element:
        _copy(child, made, prefix)


def _drawing(value: str, prefix: str, *, is_path: bool) -> str:
    """The value of an attribute: references lead into the same figure, or nowhere."""
    if is_path:
        return " ".join(_DIGITS.sub(lambda number: f"{float(number[0]):.2f}", value).split())
    value = _REFERENCE.sub(lambda found: f"url(#{prefix}{found[1]})", value)
    if value.count("url(") != value.count(f"url(#{prefix}"):
        return "none"
    value = _FONT.sub(r"font:\1px 'DejaVu Sans',Verdana,sans-serif", value)
    return _COLOUR.sub(lambda found: f"var({_VARIABLES[found[0].lower()]})" if found[0].lower() in _VARIABLES else found[0], value)
