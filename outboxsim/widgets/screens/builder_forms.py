"""The forms of Builder: an outage now, settings of a connector, retry patterns with their schedule drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from outboxsim.widgets.nodes import Child, Element, element, gesture
from outboxsim.widgets.screens.foreign import foreign, shown

if TYPE_CHECKING:
    from outboxsim.widgets.words import Words

#: How long an outage may last, by choice: written as scenario files do; until the run ends; or typed.
DURATIONS = ("10 min", "30 min", "1 h", "end", "other")
KINDS = ("refuse", "timeout", "reject")

#: The choice of a text of one's own among the patterns.
OWN = "own text"
#: The choice of what holds for all connectors.
AS_FOR_ALL = ""


@dataclass(frozen=True, slots=True)
class OutageForm:
    """An outage to begin now; `errors` by field."""

    connector: str
    running: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """Latency and shares of failures, as texts that can be typed."""

    connector: str
    latency: str
    transient: str
    permanent: str
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SchedulePreview:
    """When the attempts of a pattern are: a table, and a picture of it."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    more: int
    ending: str
    source: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PatternForm:
    """A retry pattern and the maximal attempts, of one connector or (`connector` empty) of all.

    Attributes
    ----------
    names
        Patterns that have a name: the file's, then the presets.
    chosen
        A name, `OWN` or `AS_FOR_ALL`.
    own
        The text of one's own.
    present
        What is in force, in words.
    """

    connector: str
    names: Sequence[str]
    chosen: str
    own: str
    limit: str
    present: str
    errors: Mapping[str, str] = field(default_factory=dict)
    preview: SchedulePreview | None = None


def text_field(name: str, label: str, value: str, *, prefix: str, error: str = "", hint: str = "", rows: int = 0) -> Element:
    """A labelled text control with its hint and what is wrong with it beside it."""
    control_id = f"ob-{prefix}-{name}"
    described = " ".join(f"{control_id}-{part}" for part, text in (("hint", hint), ("error", error)) if text)
    common: dict[str, Any] = {
        "key": name,
        "id": control_id,
        "name": name,
        "value": value,
        "autocomplete": "off",
        "spellcheck": "false",
        "dir": "auto",
        "aria_invalid": "true" if error else None,
        "aria_describedby": described or None,
    }
    control = element("textarea", rows=rows, **common) if rows else element("input", type="text", **common)
    return element(
        "div",
        element("label", label, for_=control_id),
        control,
        element("small", hint, key="hint", id=f"{control_id}-hint", class_="ob-muted") if hint else None,
        element("span", shown(error), key="error", id=f"{control_id}-error", class_="ob-error", role="alert") if error else None,
        key=f"{name}-field",
        class_="ob-field",
    )


def _select(name: str, label: str, options: Child, *, prefix: str) -> Element:
    control_id = f"ob-{prefix}-{name}"
    return element(
        "div",
        element("label", label, for_=control_id),
        element("select", options, key=name, id=control_id, name=name),
        key=f"{name}-field",
        class_="ob-field",
    )


def _option(value: str, text: str, *, chosen: bool = False) -> Element:
    return element("option", text, key=value, value=value, selected=chosen)


# Outage ------------------------------------------------------------------------------------------------------------------------


def outage_form(words: Words, form: OutageForm) -> Element:
    """An outage now, of a kind, for a duration."""
    kinds = {
        "refuse": words("refuses at once"),
        "timeout": words("does not answer (timeout)"),
        "reject": words("answers with an SMTP reply"),
    }
    durations = {"end": words("until the run ends"), "other": words("another duration:")}
    prefix = "builder-outage"
    return element(
        "form",
        element("h4", words("Outage now"), key="title"),
        element("p", form.running, key="running", class_="ob-error") if form.running else None,
        element(
            "div",
            _select("kind", words("The server"), [_option(kind, kinds[kind]) for kind in KINDS], prefix=prefix),
            _select("duration", words("For"), [_option(one, durations.get(one, one)) for one in DURATIONS], prefix=prefix),
            text_field(
                "other", words("Another duration"), "", prefix=prefix, error=form.errors.get("other", ""), hint=words("such as 45 min")
            ),
            text_field(
                "error",
                words("Error message"),
                "",
                prefix=prefix,
                error=form.errors.get("error", ""),
                hint=words("empty: the usual one; an SMTP reply such as 451 4.3.0 try later if the server answers"),
            ),
            key="fields",
            class_="ob-columns",
        ),
        element("p", element("button", words("Begin the outage"), key="begin", type="submit", class_="ob-button ob-danger"), key="buttons"),
        element(
            "p",
            words("An outage that was begun by hand cannot be ended early. Choose its duration, or go back in time."),
            key="note",
            class_="ob-muted",
        ),
        key="outage",
        on={"submit": gesture("builder.outage", form.connector)},
    )


# Settings ----------------------------------------------------------------------------------------------------------------------


def settings_form(words: Words, form: SettingsForm) -> Element:
    """Latency and the shares of failures."""
    prefix = "builder-settings"
    fields = (
        ("latency", words("Latency"), form.latency, words("such as 2 s, or {dist: exponential, mean: 2 s}")),
        ("transient_failure", words("Share of transient failures"), form.transient, words("such as 5 %")),
        ("permanent_failure", words("Share of permanent failures"), form.permanent, words("such as 1 %")),
    )
    return element(
        "form",
        element("h4", words("Latency and failures"), key="title"),
        element(
            "div",
            [
                text_field(name, label, value, prefix=prefix, error=form.errors.get(name, ""), hint=hint)
                for name, label, value, hint in fields
            ],
            key="fields",
            class_="ob-columns",
        ),
        element("p", element("button", words("Save"), key="save", type="submit", class_="ob-button ob-primary"), key="buttons"),
        key="settings",
        on={"submit": gesture("builder.settings", form.connector)},
    )


# Retry patterns ----------------------------------------------------------------------------------------------------------------


def pattern_form(words: Words, form: PatternForm) -> Element:
    """A retry pattern by name or as a text, the maximal attempts, and the schedule that comes of them."""
    prefix = "builder-pattern"
    title = words("Retry pattern and maximal attempts of this connector") if form.connector else words("Retry pattern and maximal attempts")
    options = [_option(AS_FOR_ALL, words("as for all connectors"), chosen=form.chosen == AS_FOR_ALL)] if form.connector else []
    options += [_option(name, shown(name), chosen=form.chosen == name) for name in form.names]
    options.append(_option(OWN, words("my own text:"), chosen=form.chosen == OWN))
    return element(
        "form",
        element("h4", title, key="title"),
        element("p", words("Now: {pattern}", pattern=shown(form.present)), key="present", class_="ob-muted"),
        element(
            "div",
            _select("pattern", words("Retry pattern"), options, prefix=prefix),
            text_field(
                "own",
                words("My own pattern"),
                form.own,
                prefix=prefix,
                rows=3,
                error=form.errors.get("retry", ""),
                hint=words("such as 1 min, 5 min, 15 min, or what stands behind retry: in a scenario file"),
            ),
            text_field(
                "limit",
                words("Maximal attempts"),
                form.limit,
                prefix=prefix,
                error=form.errors.get("attempt_limit", ""),
                hint=words("empty: as for all connectors") if form.connector else words("empty: no limit"),
            ),
            key="fields",
            class_="ob-columns",
        ),
        element(
            "div",
            element(
                "button",
                words("Show the schedule"),
                key="preview",
                type="button",
                class_="ob-button",
                on={"click": gesture("builder.preview", form.connector)},
            ),
            element("button", words("Apply"), key="apply", type="submit", class_="ob-button ob-primary"),
            key="buttons",
            class_="ob-group",
        ),
        None if form.preview is None else _preview(words, form.preview),
        key="pattern",
        class_="ob-card",
        on={"submit": gesture("builder.pattern", form.connector)},
    )


def _preview(words: Words, preview: SchedulePreview) -> Element:
    says = words("Schedule of {pattern}: see the table", pattern=shown(preview.title))
    picture = (
        element("img", key="picture", src=preview.source, alt=says, width=preview.width, height=preview.height, draggable="false")
        if preview.source
        else element("p", words("Is being drawn …"), key="missing", class_="ob-muted")
    )
    more = words.many("{count} more attempt", "{count} more attempts", preview.more) if preview.more else ""
    ending = "; ".join(text for text in (more, preview.ending) if text)
    return element(
        "div",
        element("div", picture, class_="ob-chart", key="chart"),
        element(
            "div",
            element(
                "table",
                foreign(words("If every attempt fails: {pattern}", pattern=preview.title), "caption"),
                element(
                    "thead", element("tr", [element("th", text, key=number, scope="col") for number, text in enumerate(preview.header)])
                ),
                element(
                    "tbody",
                    [
                        element("tr", [element("td", cell, key=column, class_="ob-number") for column, cell in enumerate(row)], key=number)
                        for number, row in enumerate(preview.rows)
                    ],
                ),
                class_="ob-table",
            ),
            element("p", ending, key="ending", class_="ob-muted"),
            key="table",
            class_="ob-scroll",
        ),
        key="preview",
        class_="ob-columns",
    )
