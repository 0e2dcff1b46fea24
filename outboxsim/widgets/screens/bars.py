"""The bars of the grid: filter, bulk actions and their results, pages and the settings cog (G2, G3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from outboxsim.outbox import SendStatus
from outboxsim.widgets.nodes import Element, element, gesture
from outboxsim.widgets.preferences import PAGE_SIZES
from outboxsim.widgets.screens.controls import button, choice
from outboxsim.widgets.screens.foreign import foreign

if TYPE_CHECKING:
    from outboxsim.widgets.screens.grid import BulkResult, GridState
    from outboxsim.widgets.words import Words

IN_OUTBOX: Final = tuple(status for status in SendStatus if status.in_outbox)

#: Answers of a bulk action that are listed; refusals come first.
_MOST_ANSWERS: Final = 200


def toolbar(words: Words, state: GridState) -> list[Element]:
    """What stands above the table: filter and cog, then bulk actions and pages."""
    return [
        element("div", _filter(words, state), _cog(words), key="filter", class_="ob-bar ob-one-line"),
        element("div", _bulk(words, state), pager(words, state), key="bulk", class_="ob-bar"),
    ]


def _filter(words: Words, state: GridState) -> Element:
    text = element(
        "div",
        element("label", words("Filter"), for_="filter"),
        element(
            "input",
            key="filter",
            id="filter",
            type="search",
            value=state.text,
            placeholder=words("text, address, error …"),
            autocomplete="off",
            spellcheck="false",
            maxlength=200,
            on={"input": gesture("page.filter"), "key:Escape": gesture("page.filter_text_away")},
        ),
        key="text",
        class_="ob-field",
    )
    statuses = [
        element(
            "label",
            element(
                "input",
                key="box",
                type="checkbox",
                checked=status in state.statuses,
                on={"change": gesture("page.status", status.word)},
            ),
            element("span", words.status(status), class_=f"ob-status ob-status-{status.word}"),
            element("span", words.number(state.counts.get(status, 0)), class_="ob-muted"),
            key=status.word,
        )
        for status in IN_OUTBOX
    ]
    group = element("div", statuses, key="statuses", class_="ob-group", role="group", aria_label=words("Send status"))
    is_filtered = state.text or state.statuses
    reset = button(words("Reset filter"), gesture("page.reset_filter"), sign="✕", key="reset") if is_filtered else None
    return element("div", text, group, reset, key="controls", class_="ob-group")


def _cog(words: Words) -> Element:
    return button(words("Choose columns"), gesture("columns.open"), sign="⚙", key="cog")


def _bulk(words: Words, state: GridState) -> Element:
    nothing = None if state.selected else words("no email is selected")
    selected = words.many("{count} selected", "{count} selected", state.selected)
    all_here = bool(state.rows) and all(row.selected for row in state.rows)
    more = None
    if all_here and state.selected < state.matching:
        label = words.many("Select all {count}", "Select all {count}", state.matching)
        more = button(label, gesture("page.select_all"), key="select-all")
    clear = button(words("Clear selection"), gesture("page.clear_selection"), key="clear") if state.selected else None
    return element(
        "div",
        button(words("Retry selected"), gesture("bulk.retry"), key="retry", refused=nothing),
        button(words("Cancel selected"), gesture("bulk.cancel"), key="cancel", style="ob-danger", refused=nothing),
        element("span", selected, key="count", class_="ob-muted"),
        more,
        clear,
        key="actions",
        class_="ob-group",
    )


def pager(words: Words, state: GridState) -> Element:
    """Which page of how many; at the right how many emails are on one (G2)."""
    first, last = words("this is the first page"), words("this is the last page")
    at_start, at_end = state.page == 0, state.page >= state.pages - 1

    def turn(label: str, sign: str, page: int, refused: str | None) -> Element:
        return button(label, gesture("page.turn", page), sign=sign, key=label, refused=refused)

    return element(
        "div",
        turn(words("First page"), "«", 0, first if at_start else None),
        turn(words("Previous page"), "‹", state.page - 1, first if at_start else None),
        element("span", page_text(words, state), key="where", class_="ob-where"),
        turn(words("Next page"), "›", state.page + 1, last if at_end else None),
        turn(words("Last page"), "»", state.pages - 1, last if at_end else None),
        choice(
            words("Emails per page"),
            "page-size",
            page_sizes(words, state.page_size),
            str(state.page_size),
            gesture("page.size"),
        ),
        key="pager",
        class_="ob-group",
        role="group",
        aria_label=words("Pages"),
    )


def page_sizes(words: Words, present: int) -> list[tuple[str, str]]:
    """The page sizes to choose from, with the present one, which a scenario may have set."""
    return [(str(size), words.number(size)) for size in sorted({*PAGE_SIZES, present})]


def page_text(words: Words, state: GridState) -> str:
    """Which emails of how many are on this page."""
    return words(
        "{first} to {last} of {count}",
        first=words.number(state.first + 1 if state.rows else 0),
        last=words.number(state.first + len(state.rows)),
        count=words.number(state.matching),
    )


def result_of_bulk(words: Words, result: BulkResult) -> Element:
    """What came of the last bulk action, email by email, refusals first (G3)."""
    refused = [(email, reason) for email, reason in result.answers if reason is not None]
    done = [(email, reason) for email, reason in result.answers if reason is None]
    listed = [*refused, *done][:_MOST_ANSWERS]
    rows = [
        element(
            "tr",
            foreign(email, "td", key="id"),
            element("td", words("done") if reason is None else words("refused: {reason}", reason=words.reason(reason)), key="answer"),
            key=email,
        )
        for email, reason in listed
    ]
    left_out = len(result.answers) - len(listed)
    return element(
        "div",
        element(
            "details",
            element("summary", bulk_summary(words, result)),
            element(
                "div",
                element(
                    "table",
                    element("caption", words("Result for each email"), class_="ob-hidden"),
                    element(
                        "thead",
                        element("tr", element("th", words("Email"), scope="col"), element("th", words("Result"), scope="col")),
                    ),
                    element("tbody", rows),
                    class_="ob-table",
                ),
                class_="ob-scroll",
                tabindex=0,
                role="region",
                aria_label=words("Result for each email"),
            ),
            element("p", words.many("and {count} more", "and {count} more", left_out), class_="ob-muted") if left_out else None,
            key="answers",
        ),
        button(words("Dismiss"), gesture("bulk.dismiss"), sign="✕", key="dismiss"),
        key="result",
        class_="ob-note ob-bar",
    )


def bulk_summary(words: Words, result: BulkResult) -> str:
    """The result in a sentence."""
    refused = sum(reason is not None for _, reason in result.answers)
    done = len(result.answers) - refused
    if result.verb == "retry":
        said = words.many("{count} email is being retried", "{count} emails are being retried", done)
    else:
        said = words.many("{count} email was cancelled", "{count} emails were cancelled", done)
    not_done = words.many("{count} refused", "{count} refused", refused)
    return f"{said}, {not_done}" if refused else said
