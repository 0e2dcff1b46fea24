"""A small page with everything that `static/view.js` can do; it runs in the kernel of a notebook, the tests look at it in a browser."""

from __future__ import annotations

import asyncio
from typing import Any

from outboxsim.widgets.nodes import Element, element, gesture
from outboxsim.widgets.view import View

STATUSES = ("queued", "pending_retry", "connector_disabled", "failed", "sent", "cancelled")
COLUMNS = ("To", "Subject", "Send status", "Priority", "Logged")
HEAD = (
    "To",
    "Subject",
    "Status",
    "Priority",
    "Connector",
    "Attempts",
    "Last attempt",
    "Next attempt",
    "Logged",
    "Work item",
    "Type",
    "Error",
    "System",
)


class Sample:
    """State, the screen it gives, and what was heard."""

    def __init__(self, rows: int = 8) -> None:
        self.playing: asyncio.Task[None] | None = None
        self.beginning = 0
        self.view = View(self.receive)
        self.reset(rows)

    def reset(self, rows: int = 8) -> None:
        """Everything as in the beginning, drawn anew: nothing that was typed or ticked is left."""
        self.pause()
        self.beginning += 1
        self.heard: list[dict[str, Any]] = []
        self.rows = list(range(rows))
        self.selected: set[int] = set()
        self.columns = list(COLUMNS)
        self.filter = ""
        self.size = "20"
        self.answers = True  # whether what is typed in the filter comes back in the tree
        self.dialog = False
        self.popup = False
        self.closes = True
        self.tab = "one"
        self.ticks = 0
        self.note = ""
        self.extra: Element | None = None
        self.refresh()

    def receive(self, message: dict[str, Any]) -> None:
        self.heard.append(message)
        arguments, value = message["arguments"], message["value"]
        match message["gesture"]:
            case "sample.filter" if self.answers:
                self.filter = value
            case "sample.select":
                self.selected ^= {arguments[0]}
            case "sample.remove":
                self.rows.remove(arguments[0])
            case "sample.open" | "sample.details":
                self.dialog = True
            case "dialog.close" if self.closes:
                self.dialog = False
            case "sample.popup":
                self.popup = not self.popup
            case "sample.tab":
                self.tab = arguments[0]
            case "columns.drop":
                self.move(value, self.columns.index(arguments[0]))
            case "columns.up":
                self.move(arguments[0], max(0, self.columns.index(arguments[0]) - 1))
            case "columns.down":
                self.move(arguments[0], self.columns.index(arguments[0]) + 1)
        self.refresh()

    def move(self, column: str, place: int) -> None:
        self.columns.remove(column)
        self.columns.insert(place, column)

    def refresh(self) -> None:
        self.view.show(self.screen())

    def play(self, times_per_second: float = 5.0) -> None:
        async def run() -> None:
            while True:
                self.ticks += 1
                self.refresh()
                await asyncio.sleep(1 / times_per_second)

        self.pause()
        self.playing = asyncio.get_running_loop().create_task(run())

    def pause(self) -> None:
        if self.playing is not None:
            self.playing.cancel()
            self.playing = None

    # ---- the screen

    def screen(self) -> Element:
        return element(
            "section",
            element("h2", "Outbox ", element("span", str(len(self.rows)), class_="ob-badge")),
            self.bar(),
            element("div", self.table(), class_="ob-scroll", key="box"),
            element("div", self.column_list(), self.tabs(), self.form(), self.timeline(), class_="ob-columns", key="below"),
            self.shown_dialog() if self.dialog else None,
            self.shown_popup() if self.popup else None,
            self.extra,
            element("p", self.note, role="status", class_="ob-note", key="note"),
            aria_label="Sample",
            key=self.beginning,
        )

    def bar(self) -> Element:
        return element(
            "div",
            element(
                "div",
                element("button", "Details", class_="ob-button ob-primary", on={"click": gesture("sample.open")}, key="details"),
                element("button", "Cancel all", class_="ob-button ob-danger", on={"click": gesture("sample.cancel_all")}),
                element("button", "Undo", class_="ob-button", on={"click": gesture("sample.popup")}, key="popup"),
                element("button", "Not now", class_="ob-button", disabled=True, on={"click": gesture("sample.never")}),
                class_="ob-group",
            ),
            element(
                "div",
                element(
                    "div",
                    element("label", "Filter", for_="filter"),
                    element(
                        "input",
                        type="text",
                        id="filter",
                        name="filter",
                        value=self.filter,
                        placeholder="text",
                        on={"input": gesture("sample.filter")},
                    ),
                    class_="ob-field",
                ),
                element(
                    "div",
                    element("label", "Page size", for_="size"),
                    element(
                        "select",
                        [element("option", size, value=size) for size in ("10", "20", "50")],
                        id="size",
                        value=self.size,
                        on={"change": gesture("sample.size")},
                    ),
                    class_="ob-field",
                ),
                element(
                    "label",
                    element("input", type="checkbox", id="refused", on={"change": gesture("sample.refused")}),
                    "refused",
                    class_="ob-field",
                ),
                element("span", f"tick {self.ticks}", class_="ob-muted", data_tick=self.ticks),
                class_="ob-group",
            ),
            class_="ob-bar",
        )

    def table(self) -> Element:
        head = [element("th", element("span", "Select", class_="ob-hidden"), scope="col")]
        for name in HEAD:
            is_sorted = name == "To"
            head.append(
                element(
                    "th",
                    element("button", name, on={"click": gesture("sample.sort", name)}),
                    scope="col",
                    class_="ob-sorted" if is_sorted else None,
                    aria_sort="ascending" if is_sorted else None,
                )
            )
        return element(
            "table",
            element("caption", "Emails"),
            element("thead", element("tr", head)),
            element("tbody", [self.row(number) for number in self.rows], arrows="vertical"),
            class_="ob-table",
        )

    def row(self, number: int) -> Element:
        status = STATUSES[(number + self.ticks) % len(STATUSES)] if number % 2 else STATUSES[number // 2 % len(STATUSES)]
        return element(
            "tr",
            element(
                "td",
                element(
                    "input",
                    type="checkbox",
                    aria_label=f"select email {number}",
                    checked=number in self.selected,
                    on={"change": gesture("sample.select", number)},
                ),
            ),
            element("td", f"person{number}@example.org"),
            element("td", f"Subject of email {number}"),
            element("td", element("span", status.replace("_", " "), class_=f"ob-status ob-status-{status}")),
            element("td", "normal"),
            element("td", "main"),
            element("td", str(self.ticks), class_="ob-number"),
            element("td", "2026-10-05 09:00:12"),
            element("td", f"09:{self.ticks % 60:02}:{number:02}"),
            element("td", "2026-10-05 08:59:00"),
            element("td", element("button", f"T-{number}", class_="ob-link", on={"click": gesture("sample.work_item", number)})),
            element("td", "Ticket"),
            element("td", "421 4.3.2 Service shutting down", title="421 4.3.2 Service shutting down", class_="ob-error"),
            element("td", element("button", "Remove", class_="ob-button", on={"click": gesture("sample.remove", number)})),
            key=number,
            tabindex=0,
            aria_selected="true" if number in self.selected else "false",
            on={
                "dblclick": gesture("sample.details", number),
                "key:Enter": gesture("sample.details", number),
                "click": gesture("sample.row", number),
            },
        )

    def column_list(self) -> Element:
        items = [
            element(
                "li",
                element(
                    "button",
                    name,
                    on={"key:Shift+ArrowUp": gesture("columns.up", name), "key:Shift+ArrowDown": gesture("columns.down", name)},
                    class_="ob-button",
                ),
                key=name,
                drag=name,
                on={"drop": gesture("columns.drop", name)},
            )
            for name in self.columns
        ]
        return element(
            "div", element("h3", "Columns"), element("ol", items, arrows="vertical", id="columns"), class_="ob-card", key="columns"
        )

    def tabs(self) -> Element:
        names = ("one", "two", "three")
        return element(
            "div",
            element(
                "div",
                [
                    element(
                        "button",
                        name,
                        role="tab",
                        aria_selected="true" if name == self.tab else "false",
                        on={"click": gesture("sample.tab", name)},
                    )
                    for name in names
                ],
                role="tablist",
                aria_label="Tabs",
                class_="ob-tabs",
                arrows="horizontal",
            ),
            element(
                "p",
                f"This is {self.tab}, ",
                element("span", "muted", class_="ob-muted"),
                " and ",
                element("span", "wrong", class_="ob-error"),
                ".",
            ),
            element("p", "A message with an error.", class_="ob-error"),
            class_="ob-card",
            key="tabs",
        )

    def form(self) -> Element:
        return element(
            "form",
            element("h3", "Compose"),
            element(
                "div",
                element("label", "To", for_="to"),
                element("input", id="to", name="to", required=True, type="text"),
                class_="ob-field",
            ),
            element("div", element("label", "Body", for_="body"), element("textarea", id="body", name="body"), class_="ob-field"),
            element("label", element("input", type="checkbox", name="urgent"), "urgent"),
            element(
                "fieldset",
                element("legend", "Copies"),
                [element("label", element("input", type="checkbox", name="copies", value=one), one) for one in ("ann", "ben", "cid")],
            ),
            element(
                "fieldset",
                element("legend", "When"),
                [element("label", element("input", type="radio", name="when", value=one), one) for one in ("now", "later")],
            ),
            element("button", "Send", type="submit", class_="ob-button ob-primary"),
            class_="ob-card",
            key="form",
            on={"submit": gesture("sample.send")},
        )

    def timeline(self) -> Element:
        events = ("submitted", "attempt 1 failed: 421 4.3.2", "greta asked for a retry")
        return element(
            "div",
            element("h3", "Timeline"),
            element(
                "ol",
                [element("li", element("time", f"09:0{index}:00"), " ", text) for index, text in enumerate(events)],
                class_="ob-timeline",
            ),
            element("dl", element("dt", "From"), element("dd", "greta"), element("dt", "To"), element("dd", "customer@example.org")),
            class_="ob-card",
            key="timeline",
        )

    def shown_dialog(self) -> Element:
        return element(
            "dialog",
            element(
                "header",
                element("h2", "Details", id="dialog-title"),
                element("button", "×", aria_label="Close", class_="ob-button ob-icon", on={"click": gesture("dialog.close")}),
            ),
            element("p", f"Tick {self.ticks}"),
            element(
                "div",
                element("label", "Comment", for_="comment"),
                element("input", id="comment", type="text", focus=True),
                class_="ob-field",
            ),
            element("footer", element("button", "Retry", class_="ob-button ob-primary", on={"click": gesture("sample.retry")})),
            class_="ob-dialog",
            key="dialog",
            modal=True,
            aria_labelledby="dialog-title",
            on={"close": gesture("dialog.close")},
        )

    def shown_popup(self) -> Element:
        return element(
            "div",
            element("strong", "Sending in 12 s"),
            element("progress", value=8, max=20, aria_label="time left"),
            element(
                "div", element("button", "Undo", class_="ob-button ob-primary", on={"click": gesture("sample.undo")}), class_="ob-group"
            ),
            class_="ob-popup",
            role="status",
            key="popup",
        )
