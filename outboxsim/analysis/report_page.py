"""The report as one HTML page: figures and tables, no scripts, nothing from elsewhere; for a phone, a desk and paper."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

from outboxsim.analysis.metrics import METRICS
from outboxsim.analysis.report_figures import figures_of
from outboxsim.analysis.report_words import in_words
from outboxsim.markup import paragraph, text

if TYPE_CHECKING:
    from outboxsim.analysis.report import Report

#: What the page may do, said to the browser: show its own style, and nothing else.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

#: The numbers at the top, by metric, and what they are called there.
_FIGURES: Final = {
    "submitted": "Emails submitted",
    "sent": "Sent",
    "failed": "Failed at the end",
    "in_outbox": "In the outbox at the end",
    "latency_p50": "Half are sent within",
    "latency_p95": "95 % are sent within",
    "delivered_within(15 min)": "Sent within 15 min",
    "attempts": "Attempts",
    "attempts_per_sent": "Attempts per email sent",
    "wasted_attempts": "Attempts without a chance",
    "retry_storm": "Worst retry storm, times the usual rate",
    "backlog_drain": "Longest backlog after an outage",
}


class Section(NamedTuple):
    """A part of the page: an anchor, a heading, an introduction, and the names of its figures and tables."""

    anchor: str
    heading: str
    words: str
    figures: Sequence[str] = ()
    tables: Sequence[str] = ()


_SECTIONS: Final = (
    Section("time", "What happened over time", "", ("sizes", "attempts")),
    Section(
        "delivery",
        "How long emails waited",
        "From release (the end of the undo window, the scheduled time, or send now) to the server's acceptance. Emails that failed or were "
        "cancelled count as such; they do not count as if they might still be sent.",
        ("incidence", "histogram"),
        ("by_attempt_number",),
    ),
    Section("failures", "What failed, and when", "", ("heat_map",), ("by_error", "by_hour")),
    Section(
        "outages",
        "Outages",
        "An attempt is wasted if it had no chance; its email is delayed, and 'sent after' is how long the retry pattern let such emails "
        "lie when the outage was over. A retry storm is the worst minute in the 15 minutes after an outage, as a multiple of the usual "
        "rate before it. The backlog is drained when the outbox is as small again as just before the outage.",
        (),
        ("outages", "disabled"),
    ),
    Section("who", "Connectors and teams", "", (), ("by_connector", "by_team")),
    Section("outbox", "The outbox at the end", "", (), ("outbox_reasons", "outbox")),
)


def page(report: Report) -> str:
    """The report as an HTML document; every text from the scenario is escaped.

    Raises
    ------
    ImportError
        If matplotlib is missing.
    """
    drawn = figures_of(report.selected)
    sections = [(section.anchor, section.heading, _section(report, section, drawn)) for section in _SECTIONS]
    sections.append(("metrics", "All metrics", _metrics(report)))
    style = resources.files("outboxsim.analysis").joinpath("report.css").read_text(encoding="utf-8")
    links = "".join(f'<li><a href="#{anchor}">{text(heading)}</a></li>' for anchor, heading, _ in sections)
    body = "".join(
        f'<section aria-labelledby="{anchor}"><h2 id="{anchor}">{text(heading)}</h2>{content}</section>'
        for anchor, heading, content in sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{text(report.title)}: report of a run</title>\n<style>\n{style}</style>\n</head>\n"
        f'<body>\n<main>\n<header>{_head(report)}<nav aria-label="Sections"><ul>{links}</ul></nav></header>\n{body}\n'
        f"<footer>{paragraph(f'Made by outboxsim {report.result.version}.')}</footer>\n</main>\n</body>\n</html>\n"
    )


def _head(report: Report) -> str:
    scenario, zone = report.result.scenario, report.result.clock.time_zone
    description = "" if scenario is None else paragraph(scenario.description)
    span = f'<p class="muted">{text(report.span)}; times are local ({text(zone)}).</p>'
    values = {name: value.removesuffix(unit) for name, value, unit in _metric_words(report)}
    cells = "".join(f"<div><dt>{text(words)}</dt><dd>{text(values[name])}</dd></div>" for name, words in _FIGURES.items())
    return f'<h1>{text(report.title)}</h1>{description}{span}<dl class="figures">{cells}</dl>'


def _metric_words(report: Report) -> list[tuple[str, str, str]]:
    """Each metric's name, its value with the unit, and the unit that may be left out (durations and shares need theirs)."""
    words = [str(row[1]) for row in in_words(report.metrics).rows]
    units = ["" if unit in {"s", "share"} else f" {unit}" for unit in report.metrics["unit"]]
    return list(zip(report.metrics["metric"], words, units, strict=True))


def _section(report: Report, section: Section, drawn: dict[str, str]) -> str:
    tables = dict.fromkeys(_table(report, name) for name in section.tables)  # two of them may say the same: that nothing was there
    return "".join([paragraph(section.words), *(drawn[name] for name in section.figures), *tables])


def _table(report: Report, name: str) -> str:
    from outboxsim.analysis.report import TABLES  # noqa: PLC0415 - which itself needs this module

    title = TABLES[name].title
    return _scrolling(report.table_html(name, caption=title), title) if len(report[name]) else report.table_html(name)


def _scrolling(content: str, title: str) -> str:
    """A table that may be wider than the screen: it scrolls by itself, with the keyboard, too."""
    return f'<div class="scroll" role="region" aria-label="{text(title)}" tabindex="0">{content}</div>'


def _metrics(report: Report) -> str:
    """Every metric with its definition: the first sentence of its function's docstring."""
    lines = [(name, value, _definition(name)) for name, value, _ in _metric_words(report)]
    cells = "".join(f"<div><dt>{text(name)}</dt><dd><b>{text(value)}</b> {text(words)}</dd></div>" for name, value, words in lines)
    return f'<dl class="metrics">{cells}</dl>'


def _definition(name: str) -> str:
    words = " ".join((METRICS[name.partition("(")[0]].function.__doc__ or "").split())
    sentence = words.split(". ")[0].split(" Unit: ")[0].split("; None")[0]
    return sentence.replace("`", "").replace(" (µs)", "").rstrip(".") + "."
