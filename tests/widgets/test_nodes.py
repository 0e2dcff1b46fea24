"""Trees: what a screen may be made of (G8), and how it is said to the browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import outboxsim.widgets
from outboxsim.widgets.nodes import ATTRIBUTES, BEHAVIOURS, IMAGE_SOURCES, TAGS, Element, element, find, gesture, plain, texts

SCRIPT = (Path(outboxsim.widgets.__file__).parent / "static" / "view.js").read_text(encoding="utf-8")


def test_children_are_flattened_and_nothing_is_left_out() -> None:
    made = element("ul", [element("li", str(number)) for number in range(3)], None, "and", [["more"], [None]])
    assert [child if isinstance(child, str) else child.tag for child in made.children] == ["li", "li", "li", "and", "more"]


def test_attributes_are_spelled_as_in_html() -> None:
    made = element("label", class_="ob-field", for_="filter", aria_label="Filter", data_id=7, hidden=True, title=None, disabled=False)
    assert made.attributes == {"class": "ob-field", "for": "filter", "aria-label": "Filter", "data-id": 7, "hidden": True}


def test_an_empty_text_and_a_zero_are_said() -> None:
    assert element("input", value="", step=0).attributes == {"value": "", "step": 0}


@pytest.mark.parametrize("tag", ["script", "a", "svg", "iframe", "style", "link", "object", "DIV", ""])
def test_g8_only_known_elements(tag: str) -> None:
    with pytest.raises(ValueError, match="is no element of a screen; allowed are article"):
        element(tag)


@pytest.mark.parametrize("name", ["href", "style", "onclick", "srcdoc", "action", "formaction", "innerHTML", "srcset", "xlink_href"])
def test_g8_only_known_attributes(name: str) -> None:
    with pytest.raises(ValueError, match="is no attribute of a screen; allowed are alt"):
        element("div", **{name: "x"})


@pytest.mark.parametrize(
    ("tag", "source"),
    [
        ("img", "http://example.org/x.png"),
        ("img", "javascript:alert(1)"),
        ("img", "data:text/html;base64,x"),
        ("img", " data:image/png;base64,"),
        ("input", "data:image/png;base64,x"),
    ],
)
def test_g8_pictures_come_along_as_data(tag: str, source: str) -> None:
    with pytest.raises(ValueError, match="only <img> has one"):
        element(tag, src=source)


@pytest.mark.parametrize("start", IMAGE_SOURCES)
def test_pictures_from_plots(start: str) -> None:
    assert element("img", src=f"{start}AAAA", alt="").attributes["src"] == f"{start}AAAA"


def test_only_known_events() -> None:
    assert set(element("tr", on={"dblclick": gesture("email.details", "m1"), "key:Enter": gesture("email.details", "m1")}).on) == {
        "dblclick",
        "key:Enter",
    }
    with pytest.raises(ValueError, match="'mouseover' is no event of a screen"):
        element("tr", on={"mouseover": gesture("x")})


def test_plain_says_only_what_is_there() -> None:
    made = element("button", "Retry ", element("kbd", "r"), key=7, class_="ob-button", on={"click": gesture("email.retry", "m1", 2, None)})
    assert plain(made) == {
        "t": "button",
        "k": "7",
        "a": {"class": "ob-button"},
        "e": {"click": ["email.retry", "m1", 2, None]},
        "c": ["Retry ", {"t": "kbd", "c": ["r"]}],
    }
    assert plain(element("hr")) == {"t": "hr"}


def test_find_and_texts_look_into_the_tree() -> None:
    made = element("div", element("p", "one", key="a", class_="x"), element("section", element("p", "two", data_id=3)))
    assert [texts(one) for one in find(made, "p")] == ["one", "two"]
    assert find(made, key="a") == find(made, class_="x") == [made.children[0]]
    assert texts(find(made, data_id=3)[0]) == "two"
    assert find(made, "p", class_="y") == []
    assert texts(made) == "one two"


@given(st.text())
def test_g8_any_text_stays_text(text: str) -> None:
    made = element("p", text, title=text, key=text)
    assert json.loads(json.dumps(plain(made))) == {"t": "p", "k": text, "a": {"title": text}, "c": [text]}
    assert isinstance(made, Element)


def words_of(name: str) -> frozenset[str]:
    """A list of view.js by the name of its constant."""
    body = re.search(rf"const {name} = new Set\((.*?)\);\n", SCRIPT, flags=re.DOTALL)
    assert body
    return frozenset(" ".join(re.findall(r'"([^"]*)"', body[1].replace('split(" ")', ""))).split())


def test_the_browser_has_the_same_lists() -> None:
    assert words_of("TAGS") == TAGS
    assert words_of("ATTRIBUTES") == ATTRIBUTES
    assert words_of("BEHAVIOURS") == BEHAVIOURS
    assert re.findall(r'"(data:[^"]*)"', SCRIPT) == list(IMAGE_SOURCES)


@pytest.mark.parametrize(
    "way",
    [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "setHTML",
        "DOMParser",
        "createContextualFragment",
        "import(",
        "fetch(",
        "://",
    ],
)
def test_g8_no_way_from_text_to_markup_or_code(way: str) -> None:
    assert way not in SCRIPT
