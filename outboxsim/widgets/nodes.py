"""What a screen is made of: a tree of elements, built in Python, drawn by `static/view.js`.

A tree holds text and a short list of elements and attributes, never markup: whatever an email says can only become text
(G8). The same lists are checked again in the browser.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeAlias

#: The elements that a screen may use.
TAGS: Final = frozenset(
    "article aside button caption col colgroup dd details dialog div dl dt fieldset footer form h1 h2 h3 h4 header hr img input kbd label"  # noqa: SIM905
    " legend li main meter nav ol option output p progress section select small span strong summary table tbody td textarea th thead time"
    " tr ul".split()
)

#: The attributes that a screen may set, besides `aria-*` and `data-*`. `style`, `href` and `on…` are not among them.
ATTRIBUTES: Final = frozenset(
    "alt autocomplete checked class cols colspan dir disabled draggable for height hidden high id lang list low max maxlength min multiple"  # noqa: SIM905
    " name open optimum pattern placeholder readonly required role rows scope selected size spellcheck src step tabindex title type value"
    " width".split()
)

#: Attributes that tell the drawing side what to do: `focus` an element when it appears, show a dialog `modal`, let the arrow
#: keys move the focus among the children that can have it (`arrows`: "vertical", "horizontal"), what is dragged (`drag`).
BEHAVIOURS: Final = frozenset({"focus", "modal", "arrows", "drag"})

#: Events that a screen may ask for: those of the browser, clicks with the shift key held, keys as ``key:Enter``
#: (``key:Shift+ArrowUp``), and `drop`, whose gesture gets what was dragged.
EVENTS: Final = frozenset({"click", "shift-click", "dblclick", "change", "input", "submit", "close", "drop"})

#: Pictures come along as data, from plots made here.
IMAGE_SOURCES: Final = ("data:image/png;base64,", "data:image/svg+xml;base64,")


@dataclass(frozen=True, slots=True)
class Gesture:
    """What the browser reports when something is done to an element: a name and plain arguments."""

    name: str
    arguments: tuple[str | int | bool | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a screen.

    Attributes
    ----------
    key
        Tells it from its siblings when the tree is drawn again, so that focus, scroll and what is being typed survive.
    on
        Gestures by event.
    """

    tag: str
    key: str | None = None
    attributes: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    on: Mapping[str, Gesture] = field(default_factory=dict)
    children: tuple[Node, ...] = ()


Node: TypeAlias = "Element | str"
Child: TypeAlias = "Element | str | Iterable[Element | str | None] | None"


def gesture(name: str, *arguments: str | int | bool | None) -> Gesture:
    """A gesture with its arguments."""
    return Gesture(name, arguments)


def element(
    tag: str,
    *children: Child,
    key: str | int | None = None,
    on: Mapping[str, Gesture] | None = None,
    **attributes: str | int | float | bool | None,
) -> Element:
    """An element with its children.

    Parameters
    ----------
    tag
        One of `TAGS`.
    children
        Elements, texts, iterables of both; None is left out.
    key
        See `Element`.
    on
        Gestures by event, one of `EVENTS` or ``key:NAME``.
    attributes
        In Python's spelling: ``class_``, ``for_``, ``aria_label``, ``data_id``. None and False are left out.

    Raises
    ------
    ValueError
        If a tag, an attribute, an event or the source of an image is not allowed.
    """
    if tag not in TAGS:
        raise ValueError(f"<{tag}> is no element of a screen; allowed are {', '.join(sorted(TAGS))}")
    named = {_attribute(name): value for name, value in attributes.items() if value is not None and value is not False}
    source = named.get("src")
    if source is not None and not (tag == "img" and str(source).startswith(IMAGE_SOURCES)):
        raise ValueError(f"src of <{tag}> is {str(source)[:40]!r}; only <img> has one, and it begins with {' or '.join(IMAGE_SOURCES)}")
    for event in on or ():
        if event not in EVENTS and not event.startswith("key:"):
            raise ValueError(f"{event!r} is no event of a screen; allowed are {', '.join(sorted(EVENTS))} and key:NAME")
    return Element(tag, None if key is None else str(key), named, dict(on) if on else {}, tuple(_flattened(children)))


@lru_cache(maxsize=1024)  # a page asks for the same few names thousands of times a second
def _attribute(name: str) -> str:
    plain = name.removesuffix("_").replace("_", "-")
    if plain not in ATTRIBUTES and plain not in BEHAVIOURS and not plain.startswith(("aria-", "data-")):
        raise ValueError(f"{plain!r} is no attribute of a screen; allowed are {', '.join(sorted(ATTRIBUTES))}, aria-… and data-…")
    return plain


def _flattened(children: Iterable[Child]) -> list[Node]:
    flat: list[Node] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, (str, Element)):  # a union would be made anew for each of thousands of children
            flat.append(child)
        else:
            flat.extend(_flattened(child))
    return flat


def plain(node: Node) -> dict[str, Any] | str:
    """The tree as JSON says it: texts as they are, elements as ``{t: tag, k: key, a: attributes, e: events, c: children}``."""
    if isinstance(node, str):
        return node
    described: dict[str, Any] = {"t": node.tag}
    if node.key is not None:
        described["k"] = node.key
    if node.attributes:
        described["a"] = dict(node.attributes)
    if node.on:
        described["e"] = {event: [done.name, *done.arguments] for event, done in node.on.items()}
    if node.children:
        described["c"] = [plain(child) for child in node.children]
    return described


def texts(node: Node) -> str:
    """All text of a tree, for tests and for looking at a screen without a browser."""
    return node if isinstance(node, str) else " ".join(filter(None, (texts(child) for child in node.children)))


def find(node: Node, tag: str | None = None, *, key: str | None = None, **attributes: str | int | bool) -> list[Element]:
    """The elements of a tree that have this tag, key and these attributes, in order."""
    if isinstance(node, str):
        return []
    named = {_attribute(name): value for name, value in attributes.items()}
    is_it = (
        (tag is None or node.tag == tag)
        and (key is None or node.key == key)
        and all(node.attributes.get(name) == value for name, value in named.items())
    )
    return ([node] if is_it else []) + [one for child in node.children for one in find(child, tag, key=key, **attributes)]
