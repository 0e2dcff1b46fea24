"""The charts beside the page, as pictures that say their numbers to who cannot see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outboxsim.widgets.nodes import Element, element

if TYPE_CHECKING:
    from outboxsim.widgets.words import Words


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn chart.

    Attributes
    ----------
    name
        Which chart it is.
    title
        What stands above it.
    source
        The picture as a data URL; empty while it is not drawn yet.
    says
        Its numbers in words.
    width, height
        In pixels of the screen.
    missing
        Why there is no picture; empty if there is or will be one.
    """

    name: str
    title: str
    source: str
    says: str
    width: int
    height: int
    missing: str = ""


def charts_screen(words: Words, pictures: Sequence[Picture]) -> Element:
    """All charts, one below the other."""
    return element("section", [_chart(words, picture) for picture in pictures], class_="ob-charts", aria_label=words("Charts"))


def _chart(words: Words, picture: Picture) -> Element:
    if picture.source:
        shown = element(
            "img", key="picture", src=picture.source, alt=picture.says, width=picture.width, height=picture.height, draggable="false"
        )
    else:
        shown = element("p", picture.missing or words("Is being drawn …"), key="missing", class_="ob-muted")
    return element(
        "div",
        element("h3", picture.title, key="title"),
        element("div", shown, class_="ob-chart", key="chart"),
        key=picture.name,
        class_="ob-card",
    )
