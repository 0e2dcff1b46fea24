"""The outbox as a table: what is shown of each email, what can be done to it, and to several at once (G1 to G3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outboxsim.outbox import Reason, SendStatus, View
from outboxsim.widgets.nodes import Element, element, gesture
from outboxsim.widgets.screens.bars import page_text, result_of_bulk, toolbar
from outboxsim.widgets.screens.cells import cell
from outboxsim.widgets.screens.controls import button
from outboxsim.widgets.screens.foreign import shown

if TYPE_CHECKING:
    from outboxsim.engine.listing import ListedEmail
    from outboxsim.widgets.session import Session
    from outboxsim.widgets.words import Words


@dataclass(frozen=True, slots=True)
class GridRow:
    """An email on the page; `retry` and `cancel` say why that is refused now, None if it is not."""

    email: ListedEmail
    retry: Reason | None
    cancel: Reason | None
    selected: bool


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What came of a bulk action, email by email (G3)."""

    verb: str
    answers: tuple[tuple[str, Reason | None], ...]


@dataclass(frozen=True, slots=True)
class GridState:
    """What the grid shows.

    Attributes
    ----------
    sort
        Column and whether it descends; None for the order of submission.
    rows
        The emails on this page.
    first, matching, total
        Number of the first row on this page (from 0), emails that the filter lets through, emails in the view.
    counts
        Emails of each status that the text lets through.
    selected
        How many emails are selected, on all pages.
    """

    view: View
    columns: tuple[str, ...]
    sort: tuple[str, bool] | None
    rows: Sequence[GridRow]
    first: int
    matching: int
    total: int
    page: int
    pages: int
    page_size: int
    text: str
    statuses: frozenset[SendStatus]
    counts: Mapping[SendStatus, int]
    selected: int
    result: BulkResult | None = None


class RowsDrawn:
    """Rows as they were drawn last: on most redraws most of them are the same."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._rows: dict[str, tuple[GridRow, Element]] = {}

    def draw(self, words: Words, session: Session, state: GridState) -> list[Element]:
        """The rows of the table."""
        drawn_for = (words.language, session.scenario.clock, state.columns)
        if drawn_for != self._of:
            self._of = drawn_for
            self._rows = {}
        kept = {}
        for row in state.rows:
            known = self._rows.get(row.email.id)
            kept[row.email.id] = known if known is not None and known[0] == row else (row, _row(words, session, state.columns, row))
        self._rows = kept
        return [drawn for _, drawn in kept.values()]


def grid(words: Words, session: Session, state: GridState, drawn: RowsDrawn | None = None) -> Element:
    """The table with its bars."""
    rows = (drawn or RowsDrawn()).draw(words, session, state)
    return element(
        "div",
        toolbar(words, state),
        result_of_bulk(words, state.result) if state.result is not None else None,
        _table(words, state, rows) if rows else _nothing(words, state),
        key="grid",
    )


def _nothing(words: Words, state: GridState) -> Element:
    if state.total == 0:
        return element("p", words("No emails in this view."), key="empty", class_="ob-empty")
    return element(
        "div",
        element("p", words("No email matches the filter.")),
        button(words("Reset filter"), gesture("page.reset_filter"), key="reset"),
        key="empty",
        class_="ob-empty",
    )


def _table(words: Words, state: GridState, rows: list[Element]) -> Element:
    caption = element("caption", words.view(state.view), ": ", page_text(words, state), key="caption", class_="ob-hidden")
    body = element("tbody", rows, key="body", arrows="vertical")
    table = element("table", caption, _head(words, state), body, key="table", class_="ob-table")
    return element("div", table, key="scroll", class_="ob-scroll")


def _head(words: Words, state: GridState) -> Element:
    all_selected = bool(state.rows) and all(row.selected for row in state.rows)
    box = element(
        "input",
        key="all",
        type="checkbox",
        checked=all_selected,
        aria_label=words("Select all emails on this page"),
        title=words("Select all emails on this page"),
        on={"change": gesture("page.select_page")},
    )
    columns = [_heading(words, name, state.sort) for name in state.columns]
    actions = element("th", element("span", words("Actions"), class_="ob-hidden"), key="actions", scope="col")
    return element("thead", element("tr", element("th", box, key="select", scope="col"), actions, columns), key="head")


def _heading(words: Words, name: str, sort: tuple[str, bool] | None) -> Element:
    is_sorted = sort is not None and sort[0] == name
    descends = sort is not None and sort[1]
    return element(
        "th",
        button(words.column(name), gesture("page.sort", name), title=words("Sort by {column}", column=words.column(name))),
        key=name,
        scope="col",
        class_="ob-sorted" if is_sorted else None,
        aria_sort=("descending" if descends else "ascending") if is_sorted else None,
    )


def _row(words: Words, session: Session, columns: tuple[str, ...], row: GridRow) -> Element:
    email = row.email
    subject = shown(email.subject) or words("no subject")
    box = element(
        "input",
        key="box",
        type="checkbox",
        checked=row.selected,
        aria_label=words("Select {subject}", subject=subject),
        on={"change": gesture("page.select", email.id), "shift-click": gesture("page.select_to", email.id)},
    )
    return element(
        "tr",
        element("td", box, key="select"),
        element("td", element("span", row_buttons(words, row, subject), class_="ob-group"), key="actions"),
        [cell(words, session, name, email) for name in columns],
        key=email.id,
        tabindex=0,
        class_="ob-selected" if row.selected else None,
        on={
            "dblclick": gesture("email.details", email.id),
            "key:Enter": gesture("email.details", email.id),
            "key:Delete": gesture("email.cancel", email.id),
            "key:r": gesture("email.retry", email.id),
            "key:Space": gesture("page.toggle", email.id),
            "key:Shift+Space": gesture("page.select_to", email.id),
            "key:Ctrl+a": gesture("page.select_all"),
        },
    )


def row_buttons(words: Words, row: GridRow, subject: str) -> list[Element]:
    """Retry and cancel; where one is not possible, its title says why."""
    return [
        button(
            words("Retry {subject}", subject=subject),
            gesture("email.retry", row.email.id),
            sign="↻",
            key="retry",
            title=words("Retry"),
            refused=None if row.retry is None else words.reason(row.retry),
        ),
        button(
            words("Cancel {subject}", subject=subject),
            gesture("email.cancel", row.email.id),
            sign="✕",
            key="cancel",
            title=words("Cancel"),
            refused=None if row.cancel is None else words.reason(row.cancel),
        ),
    ]
