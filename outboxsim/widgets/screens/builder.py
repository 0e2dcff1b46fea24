"""Builder: its parts, connectors and their activity history, and what holds for all connectors (spec/outbox.md C1, B1 to B3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from outboxsim.widgets.nodes import Child, Element, element, gesture
from outboxsim.widgets.screens.builder_access import AccessCard, ExportCard, UserRow, access_form, export_card, users_table
from outboxsim.widgets.screens.builder_forms import (
    OutageForm,
    PatternForm,
    SettingsForm,
    outage_form,
    pattern_form,
    settings_form,
)
from outboxsim.widgets.screens.foreign import foreign, shown

if TYPE_CHECKING:
    from outboxsim.widgets.words import Words

#: The parts of Builder, by the names of their gestures.
TABS: Final = ("connectors", "retry", "access", "export")


@dataclass(frozen=True, slots=True)
class ConnectorRow:
    """A connector as the table shows it; the texts are in the user's language, empty for nothing to say."""

    name: str
    enabled: bool
    outage: str
    breaker: str
    latency: str
    failures: str
    capacity: str
    retry: str
    limit: str
    waiting: str
    in_flight: str


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of an activity history (C1)."""

    when: str
    what: str
    who: str
    details: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ConnectorCard:
    """The chosen connector."""

    name: str
    outage: OutageForm
    settings: SettingsForm
    pattern: PatternForm
    history: Sequence[HistoryLine]
    older: int


@dataclass(frozen=True, slots=True)
class CommonForm:
    """What holds for all connectors besides the pattern: a word and its text for each choice."""

    manual_retry: str
    on_enable: str
    manual_retries: Mapping[str, str] = field(default_factory=dict)
    on_enables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BuilderState:
    """What Builder shows; only the parts of the open tab are there."""

    tab: str
    connectors: Sequence[ConnectorRow] = ()
    connector: ConnectorCard | None = None
    pattern: PatternForm | None = None
    common: CommonForm | None = None
    users: Sequence[UserRow] = ()
    access: AccessCard | None = None
    export: ExportCard | None = None


def builder_screen(words: Words, state: BuilderState) -> Element:
    """Builder with its open tab."""
    names = {"connectors": words("Connectors"), "retry": words("Retry pattern"), "access": words("Access"), "export": words("Export")}
    tabs = [
        element(
            "button",
            names[tab],
            key=tab,
            type="button",
            aria_current="true" if tab == state.tab else None,
            on={"click": gesture("builder.tab", tab)},
        )
        for tab in TABS
    ]
    content: dict[str, Child] = {
        "connectors": [_connectors(words, state.connectors, state.connector), _connector(words, state.connector)],
        "retry": [None if state.pattern is None else pattern_form(words, state.pattern), _common(words, state.common)],
        "access": [users_table(words, state.users), access_form(words, state.access)],
        "export": export_card(words, state.export),
    }
    return element(
        "section",
        element("h2", words("Builder"), key="title"),
        element("div", tabs, key="tabs", class_="ob-tabs", role="group", aria_label=words("Parts of Builder")),
        element("div", content[state.tab], key=f"tab-{state.tab}"),
        class_="ob-builder",
        aria_label=words("Builder"),
    )


# Connectors --------------------------------------------------------------------------------------------------------------------


def _connectors(words: Words, rows: Sequence[ConnectorRow], chosen: ConnectorCard | None) -> Element:
    headings = (
        words("Connector"),
        words("State"),
        words("Actions"),
        words("Latency"),
        words("Failures"),
        words("Capacity"),
        words("Retry pattern"),
        words("Maximal attempts"),
        words("Waiting"),
        words("In flight"),
    )
    return element(
        "div",
        element(
            "table",
            element("caption", words("Connectors. Waiting and in flight count the emails that you may see."), key="caption"),
            element("thead", element("tr", [element("th", text, key=text, scope="col") for text in headings])),
            element("tbody", [_connector_row(words, row, is_chosen=chosen is not None and chosen.name == row.name) for row in rows]),
            class_="ob-table",
        ),
        key="connectors",
        class_="ob-scroll",
    )


def _connector_row(words: Words, row: ConnectorRow, *, is_chosen: bool) -> Element:
    state = words("Enabled") if row.enabled else words("Disabled")
    pill = element("span", state, key="state", class_=f"ob-status ob-status-{'sent' if row.enabled else 'connector_disabled'}")
    troubles = [
        element("small", text, key=key, class_="ob-error") for key, text in (("outage", row.outage), ("breaker", row.breaker)) if text
    ]
    return element(
        "tr",
        foreign(row.name, "th", scope="row"),
        element("td", pill, troubles),
        element("td", _connector_buttons(words, row, is_chosen=is_chosen)),
        element("td", row.latency),
        element("td", row.failures),
        element("td", row.capacity),
        element("td", shown(row.retry)),
        element("td", row.limit),
        element("td", row.waiting, class_="ob-number"),
        element("td", row.in_flight, class_="ob-number"),
        key=row.name,
    )


def _connector_buttons(words: Words, row: ConnectorRow, *, is_chosen: bool) -> Element:
    verb, text, label = (
        ("disable", words("Disable"), words("Disable {connector}", connector=shown(row.name)))
        if row.enabled
        else ("enable", words("Enable"), words("Enable {connector}", connector=shown(row.name)))
    )
    return element(
        "div",
        element(
            "button",
            text,
            key="switch",
            type="button",
            class_="ob-button",
            aria_label=label,
            on={"click": gesture(f"builder.{verb}", row.name)},
        ),
        element(
            "button",
            words("Settings"),
            key="choose",
            type="button",
            class_="ob-button",
            aria_label=words("Settings of {connector}", connector=shown(row.name)),
            aria_expanded="true" if is_chosen else "false",
            on={"click": gesture("builder.choose", row.name)},
        ),
        class_="ob-group",
    )


def _connector(words: Words, card: ConnectorCard | None) -> Element | None:
    if card is None:
        return None
    return element(
        "article",
        element("h3", words("Connector {connector}", connector=shown(card.name)), key="title"),
        element(
            "div",
            outage_form(words, card.outage),
            settings_form(words, card.settings),
            key="forms",
            class_="ob-columns",
        ),
        pattern_form(words, card.pattern),
        element("h4", words("Activity history"), key="history-title"),
        _history(words, card.history, card.older),
        key=f"connector-{card.name}",
        class_="ob-card",
    )


def _history(words: Words, lines: Sequence[HistoryLine], older: int) -> Child:
    """Latest first."""
    if not lines:
        return element("p", words("Nothing has been changed yet."), key="no-history", class_="ob-muted")
    items = [
        element(
            "li",
            element("time", line.when),
            " ",
            element("strong", line.what),
            element("span", " · ", foreign(line.who)) if line.who else None,
            [element("p", foreign(text), class_="ob-muted") for text in line.details],
            key=number,
        )
        for number, line in enumerate(lines)
    ]
    more = words.many("{count} older line is not shown.", "{count} older lines are not shown.", older) if older else ""
    return [element("ol", items, key="history", class_="ob-timeline"), element("p", more, key="older", class_="ob-muted") if more else None]


def _common(words: Words, form: CommonForm | None) -> Element | None:
    if form is None:
        return None
    return element(
        "form",
        element("h3", words("For all connectors"), key="title"),
        element(
            "div",
            _choice(words("A manual retry"), "manual_retry", form.manual_retries, form.manual_retry),
            _choice(words("Enabling a connector"), "on_enable", form.on_enables, form.on_enable),
            key="fields",
            class_="ob-columns",
        ),
        element("p", element("button", words("Save"), key="save", type="submit", class_="ob-button ob-primary"), key="buttons"),
        key="common",
        class_="ob-card",
        on={"submit": gesture("builder.common")},
    )


def _choice(label: str, name: str, choices: Mapping[str, str], chosen: str) -> Element:
    options = [element("option", text, key=word, value=word, selected=word == chosen) for word, text in choices.items()]
    return element(
        "div",
        element("label", label, for_=f"ob-builder-{name}"),
        element("select", options, key=name, id=f"ob-builder-{name}", name=name),
        key=f"{name}-field",
        class_="ob-field",
    )
