"""HTML of values: every text is escaped and shown, every public value has some, and nothing comes from elsewhere."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

import outboxsim
from outboxsim import markup
from outboxsim.engine import Simulation
from outboxsim.retry import RetryPattern
from tests.engine.conftest import email, scenario_of

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`&amp; \u202eesrever\u2066 $x^2$ \x1b[31m"
#: Such texts as file and simulation accept as names.
NAME = "a'\"><b onclick=alert(3)>"


class Reader(HTMLParser):
    """Tags, attributes and text of HTML."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in {"meta", "br", "hr", "circle", "line"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def assert_harmless(page):
    """Nothing acts, nothing is loaded, nothing turns the reading direction; tags are closed in their order."""
    read = Reader(page)
    assert read.open == []
    allowed = {
        *("div", "strong", "p", "table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "svg", "line", "circle"),
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "main",
            "header",
            "nav",
            "ul",
            "li",
            "a",
            "section",
            "h1",
            "h2",
            "dl",
            "dt",
            "dd",
            "b",
        ),
        *("figure", "figcaption", "footer", "desc", "g", "path", "use", "text", "defs", "clippath", "pattern", "rect"),
    }
    assert set(read.tags) <= allowed
    for tag, name, value in read.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name not in {"src", "srcset", "action", "xlink:href"}
        if name == "href":
            assert value.startswith("#"), value
        if name == "style":
            assert "url(" not in value.replace("url(#", ""), value
    assert not {"\u202e", "\u2066", "\x1b"} & set(page)
    return read


@pytest.fixture(scope="module")
def scenario():
    """A run in which everything that may be said has an evil name."""
    return scenario_of(
        name=EVIL,
        description=EVIL,
        horizon="3 h",
        teams={NAME: {"leaders": ["greta"], "members": ["lena"]}},
        connectors={
            NAME: {
                "default": True,
                "transient_failure": {"probability": "50 %", "errors": {"451 " + EVIL.replace("\x1b", ""): 1}},
                "outages": [{"from": "1 h", "for": "30 min", "error": EVIL.replace("\x1b", "")}],
            }
        },
        emails=[
            email("m1", subject=EVIL),
            email(NAME, "1 h", subject=EVIL, to="x@kunde.example"),
            email("m3", "2 h", send_at="2 h 50 min"),
        ],
        traffic=[{"name": "steady", "from": ["lena"], "arrivals": {"poisson": "30 per h"}}],
        timeline=[{"at": "2 h 40 min", "outage": NAME}],
    )


@pytest.fixture(scope="module")
def simulation(scenario):
    simulation = Simulation(scenario)
    simulation.run()
    return simulation


def values(scenario, simulation):
    return {
        "scenario": scenario,
        "simulation": simulation,
        "result": simulation.result,
        "report": simulation.result.report(),
        "pattern": RetryPattern(["1 min"], max_attempts=3, max_age="1 h", name=EVIL),
        "schedule": RetryPattern(["1 min"], name=EVIL).schedule(),
    }


@pytest.mark.parametrize("name", ["scenario", "simulation", "result", "report", "pattern", "schedule"])
def test_g8_every_public_value_shows_its_texts_as_text(name, scenario, simulation):
    page = values(scenario, simulation)[name]._repr_html_()
    words = "".join(assert_harmless(page).words)
    assert "<script>alert(1)</script>" in words
    assert r"\u202eesrever" in words


def test_what_is_public_and_no_function_shows_itself():
    shown = {"Result", "RetryPattern", "Scenario", "Simulation"}
    for name in shown:
        assert hasattr(getattr(outboxsim, name), "_repr_html_"), name
    assert_harmless(outboxsim.presets._repr_html_())
    for preset in outboxsim.presets.values():
        assert preset.name in assert_harmless(preset._repr_html_()).words[0]


def test_a_repr_is_one_short_line(scenario, simulation):
    assert repr(scenario) == f"Scenario({EVIL!r}, 3 h from 2026-03-02T09:00:00+00:00, connectors=1, emails=3, traffic=1)"
    assert repr(simulation) == f"Simulation({EVIL!r}, seed=0, now=2026-03-02T12:00:00+00:00)"


def test_a_simulation_shows_its_instant():
    simulation = Simulation(
        scenario_of(emails=[email("m1"), email("m2", "2 h")], connectors={"main": {"outages": [{"from": "0 s", "for": "1 h"}]}})
    )
    simulation.run_until("30 s")
    words = Reader(simulation._repr_html_()).words
    assert "in outage (refuse: connection refused) until 2026-03-02T10:00:00+00:00" in words
    assert words[words.index("pending retry") + 1] == "1"
    assert "something at 2026-03-02T09:01:00+00:00" in words


def test_a_scenario_shows_what_was_written():
    words = Reader(
        scenario_of(
            connectors={"main": {"latency": {"dist": "gamma", "mean": "3 s", "shape": 2}, "outages": [{"from": "1 h"}]}}
        )._repr_html_()
    ).words
    assert "dist: gamma, mean: 3 s, shape: 2" in words
    assert "from: 1 h" in words


@given(st.text())
def test_text_stays_text(text):
    page = markup.table(["a", "b"], [[text, 1]], caption=text, notes=[text]) + markup.facts([("x", text)]) + markup.folded(text, "")
    read = Reader(page)
    shown = markup.visible(text)
    assert [one for one in read.words if one == shown] or not shown
    assert read.open == []


def test_columns_of_words_begin_together_and_numbers_end_together():
    page = markup.table(["a", "b", "c"], [["x", "1", "y"]], left=(0, 2))
    assert [value.partition(";")[0] for _, name, value in Reader(page).attributes if name == "style"] == [
        *("text-align:left", "text-align:right", "text-align:left") * 2
    ]
    assert [(tag, value) for tag, name, value in Reader(page).attributes if name == "scope"] == [("th", "col")] * 3 + [("th", "row")]


def test_dots_stay_on_their_line():
    page = markup.dots([-1, 0, 0.5, 2], "x")
    assert [float(value) for tag, name, value in Reader(page).attributes if (tag, name) == ("circle", "cx")] == [8, 8, 250, 492]
