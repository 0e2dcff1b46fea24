"""`Report`: what happened in a run, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pandas as pd

from outboxsim.analysis import report_tables
from outboxsim.analysis.asking import read_select
from outboxsim.analysis.outage_costs import closed_costs, outage_costs
from outboxsim.analysis.outbox_reasons import outbox_reasons, outbox_table
from outboxsim.analysis.report_words import in_words
from outboxsim.analysis.selection import Selected
from outboxsim.analysis.showing import text_table
from outboxsim.markup import block, facts, folded, paragraph, visible
from outboxsim.markup import table as html_table
from outboxsim.quantities import format_duration
from outboxsim.retry.values import did_you_mean

if TYPE_CHECKING:
    from outboxsim.analysis.result import Result
    from outboxsim.scenario import Select


class Told(NamedTuple):
    """How a table is introduced: its title, what is said if it is empty, and the columns of the short form and of HTML (all if empty)."""

    title: str
    empty: str = ""
    brief: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()


#: The tables of a report in their order.
TABLES: Final[Mapping[str, Told]] = {
    "metrics": Told("Metrics"),
    "by_status": Told("Emails by status at the end"),
    "by_connector": Told(
        "Attempts and failures by connector",
        "There is no connector.",
        ("connector", "attempts", "failure_share", "emails", "sent", "latency_p50", "latency_p95"),
    ),
    "by_error": Told("Failures by error", "No attempt failed.", ("error", "outcome", "attempts", "share", "emails")),
    "by_attempt_number": Told(
        "Attempts by number", "There was no attempt.", ("attempt", "attempts", "accepted", "failure_share", "sent_so_far")
    ),
    "by_hour": Told("Emails and attempts by hour of the day"),
    "failures_by_hour": Told("Failures by connector and hour of the day", "There is no connector."),
    "by_team": Told("Emails, attempts and failures by team", "There was no email.", ("team", "emails", "sent", "failures", "latency_p95")),
    "outbox_reasons": Told("What is in the outbox at the end, and why", "The outbox is empty at the end."),
    "outbox": Told(
        "Emails in the outbox at the end",
        "The outbox is empty at the end.",
        ("id", "status", "reason", "age"),
        ("id", "status", "reason", "age", "attempts", "last_error", "next_attempt", "from"),
    ),
    "outages": Told(
        "Outages and what they cost",
        "There was no outage.",
        ("connector", "began", "lasted", "wasted_attempts", "emails_delayed", "sent_after", "retry_storm", "backlog_drain"),
        (
            *("connector", "kind", "began", "lasted", "wasted_attempts", "emails_delayed", "not_sent", "sent_after"),
            *("retry_storm", "backlog_drain"),
        ),
    ),
    "disabled": Told("Times in which a connector was disabled, and what they cost", "No connector was disabled."),
}
#: What the short form shows.
_BRIEFLY: Final = ("by_status", "by_connector", "by_error", "by_attempt_number", "by_team", "outbox_reasons", "outages", "disabled")
_BRIEF_ROWS: Final = 8
#: The metrics that a result shows of itself.
_SHORTLY: Final = {
    "submitted": "Submitted",
    "attempts": "Attempts",
    "latency_p50": "Half are sent within",
    "latency_p95": "95 % are sent within",
    "wasted_attempts": "Attempts without a chance",
}
#: More rows are for the DataFrame.
MOST_ROWS: Final = 100
#: Columns that HTML leaves out where they say nothing: zeros, or no value at all.
_LEFT_OUT: Final = ("connector_disabled", "suspended", "in_flight", "cancelled", "failed", "not_sent", "load")


def _read(result: Result, select: Select | Mapping[str, Any] | None) -> Select | None:
    if not isinstance(select, Mapping):
        return select
    if result.scenario is None:
        raise ValueError("tables from files know no scenario whose names a selection could mean; filter the DataFrames instead")
    return read_select(result.scenario, select)


class Report(Mapping[str, pd.DataFrame]):
    """What happened in a run, as tables: a mapping of names to DataFrames, each of which is an attribute, too.

    They are made when they are first asked for. In a notebook a report shows itself; `save` writes it as one HTML file with plots.

    Parameters
    ----------
    result
        The run.
    select
        Which emails count, as ``select`` in scenario files: ``{"team": "billing"}``; None for all.

    Raises
    ------
    ScenarioInvalid
        A selection that names what the scenario does not have.

    Attributes
    ----------
    metrics
        Every metric: see `report_tables.metrics_table`.
    by_status, by_connector, by_error, by_attempt_number, by_hour, failures_by_hour, by_team
        Emails, attempts and failures: see the functions of `report_tables` with these names.
    outbox, outbox_reasons
        What is in the outbox at the end, and why: see `outbox_reasons`.
    outages, disabled
        What outages, and times in which a connector was disabled, cost: see `outage_costs`.

    Examples
    --------
    >>> report = outboxsim.run("lunch.outbox.yaml").report()  # doctest: +SKIP
    >>> report.by_error  # doctest: +SKIP
    >>> report.save("lunch.html")  # doctest: +SKIP
    """

    def __init__(self, result: Result, select: Select | Mapping[str, Any] | None = None) -> None:
        self.result = result
        self.selected = Selected(result, _read(result, select))

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """Every metric: `metric`, `value` (durations in s), `unit`."""
        return report_tables.metrics_table(self.selected)

    @cached_property
    def by_status(self) -> pd.DataFrame:
        """Emails by their status at the end."""
        return report_tables.by_status(self.selected)

    @cached_property
    def by_connector(self) -> pd.DataFrame:
        """One row per connector."""
        return report_tables.by_connector(self.selected)

    @cached_property
    def by_error(self) -> pd.DataFrame:
        """One row per error, the most frequent first."""
        return report_tables.by_error(self.selected)

    @cached_property
    def by_attempt_number(self) -> pd.DataFrame:
        """One row per attempt number."""
        return report_tables.by_attempt_number(self.selected)

    @cached_property
    def by_hour(self) -> pd.DataFrame:
        """One row per hour of the day, local time."""
        return report_tables.by_hour(self.selected)

    @cached_property
    def failures_by_hour(self) -> pd.DataFrame:
        """Failures by connector (rows) and hour of the day (columns)."""
        return report_tables.failures_by_hour(self.selected)

    @cached_property
    def by_team(self) -> pd.DataFrame:
        """One row per team."""
        return report_tables.by_team(self.selected)

    @cached_property
    def outbox(self) -> pd.DataFrame:
        """One row per email in the outbox at the end, the oldest first, with the reason why it has not left."""
        return outbox_table(self.selected)

    @cached_property
    def outbox_reasons(self) -> pd.DataFrame:
        """How many emails are in the outbox at the end for each reason."""
        return outbox_reasons(self.outbox)

    @cached_property
    def outages(self) -> pd.DataFrame:
        """One row per outage, with what it cost."""
        return outage_costs(self.selected)

    @cached_property
    def disabled(self) -> pd.DataFrame:
        """One row per time in which a connector was disabled, with what it cost."""
        return closed_costs(self.selected)

    # A mapping

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in TABLES:
            raise KeyError(f"there is no table {name!r}{did_you_mean(name, TABLES)} (there are: {', '.join(TABLES)})")
        table: pd.DataFrame = getattr(self, name)
        return table

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    # Shown

    @property
    def title(self) -> str:
        """The scenario's name."""
        return self.result.name or "(no name)"

    @property
    def span(self) -> str:
        """From when to when the run went, and its seed."""
        clock, end = self.result.clock, self.result.horizon
        return f"{format_duration(end)} from {clock.iso(0)} to {clock.iso(end)}, seed {self.result.seed}"

    def __repr__(self) -> str:
        parts = [f"{visible(self.title)}\n{self.span}"]
        for name in _BRIEFLY:
            told, table = TABLES[name], self[name]
            if name == "by_status":
                table = table[table["emails"] > 0]
            if name == "outages":
                table = table.sort_values("wasted_attempts", ascending=False, kind="stable")
            if table.empty:
                parts.append(told.empty or f"{told.title}: none")
                continue
            brief = in_words(table[list(told.brief)] if told.brief else table, _BRIEF_ROWS)
            more = [f"and {len(table) - _BRIEF_ROWS:,} more"] if len(table) > _BRIEF_ROWS else []
            parts.append("\n".join([told.title, text_table(brief.header, brief.rows), *more]))
        others = ", ".join(TABLES)
        return "\n\n".join([*parts, f"Tables: {others}"])

    def _repr_html_(self) -> str:
        sections = [folded(TABLES[name].title, self.table_html(name), is_open=name in _BRIEFLY) for name in TABLES]
        return block("report", self.title, paragraph(self.span), *sections)

    def short_html(self) -> str:
        """What became of the emails, and where the rest is to be had: a result in a notebook."""
        metrics = dict(zip(self.metrics["metric"], in_words(self.metrics).rows, strict=True))
        figures = [(words, metrics[name][1]) for name, words in _SHORTLY.items()]
        parts = [self.table_html(name, caption=TABLES[name].title) for name in ("by_status", "outbox_reasons")]
        more = "More: .report() tells it all; .emails, .attempts and .events are DataFrames; .outbox('12:15', 'lena') is what somebody saw."
        return block("result", self.title, paragraph(self.span), facts(figures), *parts, paragraph(more))

    def table_html(self, name: str, *, caption: str = "") -> str:
        """A table as HTML; a sentence if it is empty."""
        told, table = TABLES[name], self[name]
        if table.empty:
            return paragraph(told.empty)
        table = table[list(told.shown)] if told.shown else table
        table = table.drop(columns=[name for name in _LEFT_OUT if name in table and not table[name].fillna(0).any()])
        sheet = in_words(table, MOST_ROWS)
        notes = [f"The first {MOST_ROWS:,} of {len(table):,}."] if len(table) > MOST_ROWS else []
        return html_table(sheet.header, sheet.rows, caption=caption, notes=notes, left=sheet.words)

    def to_html(self) -> str:
        """The report as one HTML page with plots, without scripts and without anything from elsewhere.

        Raises
        ------
        ImportError
            If matplotlib is missing; the message says how to install it.
        """
        from outboxsim.analysis.report_page import page  # noqa: PLC0415 - tables need no plots

        return page(self)

    def save(self, file: str | Path) -> Path:
        """Write `to_html` to a file; its path."""
        path = Path(file)
        path.write_text(self.to_html(), encoding="utf-8", newline="\n")
        return path
