"""The outbox page without a browser: it takes what a user does and says what is on the page (spec/outbox.md section 6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from outboxsim.outbox import Action, Reason, SendStatus, Standing, View, refusal
from outboxsim.scenario.people import KEPT_COLUMNS
from outboxsim.widgets.preferences import FIRST_COLUMNS, Kept, complete_columns
from outboxsim.widgets.rows import Rows
from outboxsim.widgets.screens.grid import BulkResult, GridRow, GridState

if TYPE_CHECKING:
    from outboxsim.engine.listing import ListedEmail, Listing
    from outboxsim.widgets.session import Session

IN_OUTBOX: Final = tuple(status for status in SendStatus if status.in_outbox)

#: A longer text finds nothing that a shorter one would not.
_LONGEST_TEXT: Final = 200

#: Rows on a page if nobody says otherwise.
_MOST_ROWS: Final = 1_000


def grid_row(email: ListedEmail, *, selected: bool = False) -> GridRow:
    """An email that the user sees, with what may be done to it."""
    standing = Standing(SendStatus(email.status), email.in_flight, visible=True, is_sender=False, undo_open=False)
    return GridRow(email, refusal(Action.RETRY, standing), refusal(Action.CANCEL, standing), selected)


class Page:
    """A user's outbox page: view, columns, order, filter, pages and selection.

    Parameters
    ----------
    session
        The running simulation.
    user
        Whose page it is.
    kept
        What the user chose earlier (P1).

    Attributes
    ----------
    sort
        Column and whether it descends; None for the order of submission.
    text, statuses
        The filter; no statuses means all.
    number
        The page, from 0.
    result
        What came of the last bulk action, until it is dismissed.
    """

    def __init__(self, session: Session, user: str, kept: Kept) -> None:
        settings = session.scenario.users[user]
        self.session = session
        self.user = user
        self.view = kept.view or session.view_of(user)
        self.columns = kept.columns or complete_columns(tuple(settings.columns or FIRST_COLUMNS))
        self.page_size = kept.page_size or min(settings.page_size, _MOST_ROWS)
        self.sort: tuple[str, bool] | None = None
        self.text = ""
        self.statuses: frozenset[SendStatus] = frozenset()
        self.number = 0
        self.result: BulkResult | None = None
        self._rows = Rows()
        self._selected: dict[int, str] = {}  # ids by the engine's row
        self._anchor: int | None = None  # where a range of selected rows begins
        self.look()

    # What is on the page

    def look(self) -> None:
        """Take note of what has happened: everything below speaks of this moment."""
        session = self.session
        self._listing: Listing = session.listing(self.user, self.view)
        if self._rows.look_at(session.simulation):
            self._recognise_selected()
        found = self._rows.found(self._listing, self.text)
        status = self._listing.column("status")
        self._counts = np.bincount(status[found], minlength=len(SendStatus))
        if self.statuses:
            found &= np.isin(status, [int(one) for one in self.statuses])
        places = np.flatnonzero(found)
        if self.sort is not None:
            order = self._rows.order(self._listing, self.sort[0], descends=self.sort[1])
            places = order[found[order]]
        self._places: npt.NDArray[np.int64] = places
        self._keep_what_is_there()

    def _keep_what_is_there(self) -> None:
        """A page that is no more gives way to the last one; what has left the outbox or the filter is not selected any more."""
        self.number = max(0, min(self.number, self.pages - 1))
        if self._selected:
            there = set(self._listing.rows[self._places].tolist())
            self._selected = {row: email for row, email in self._selected.items() if row in there}

    def _recognise_selected(self) -> None:
        """After going back in time a row may be another email."""
        ids = dict(zip(self._listing.rows.tolist(), self._listing.texts("id"), strict=True)) if self._selected else {}
        self._selected = {row: email for row, email in self._selected.items() if ids.get(row) == email}
        self._anchor = None

    def _ids_by_row(self) -> dict[int, str]:
        ids = np.array(self._listing.texts("id"), dtype=object)
        return dict(zip(self._listing.rows[self._places].tolist(), ids[self._places].tolist(), strict=True))

    @property
    def count(self) -> int:
        """Emails in the view, whatever the filter (P4)."""
        return len(self._listing.rows)

    @property
    def matching(self) -> int:
        """Emails that the filter lets through."""
        return len(self._places)

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.matching // self.page_size))

    def _rows_on_page(self) -> list[int]:
        first = self.number * self.page_size
        rows: list[int] = self._listing.rows[self._places[first : first + self.page_size]].tolist()
        return rows

    def emails(self) -> list[ListedEmail]:
        """The emails on this page, in order."""
        return [self._listing.email(row) for row in self._rows_on_page()]

    def state(self) -> GridState:
        """What the grid shows."""
        return GridState(
            view=self.view,
            columns=self.columns,
            sort=self.sort,
            rows=[grid_row(email, selected=email.row in self._selected) for email in self.emails()],
            first=self.number * self.page_size,
            matching=self.matching,
            total=self.count,
            page=self.number,
            pages=self.pages,
            page_size=self.page_size,
            text=self.text,
            statuses=self.statuses,
            counts={status: int(self._counts[status]) for status in IN_OUTBOX},
            selected=len(self._selected),
            result=self.result,
        )

    # View, columns, order

    def choose_view(self, view: View) -> None:
        """Show another view, from its first page."""
        if view is not self.view:
            self.view = view
            self._begin_anew()

    def _begin_anew(self) -> None:
        self.number = 0
        self._anchor = None
        self.look()

    def choose_columns(self, columns: Iterable[str]) -> None:
        """Show these columns in this order; mandatory ones cannot be taken away (G1)."""
        self.columns = complete_columns(tuple(columns))
        if self.sort is not None and self.sort[0] not in self.columns:
            self.sort = None  # an order by what nobody sees would be a riddle
            self.look()

    def show_column(self, name: str, shown: bool) -> None:
        """Show or hide a column; a mandatory one stays (G1). A new one comes last."""
        others = [column for column in self.columns if column != name]
        if shown and name not in self.columns:
            self.choose_columns([*others, name])
        elif not shown and name not in KEPT_COLUMNS:
            self.choose_columns(others)

    def move_column(self, name: str, to: int) -> None:
        """Put a column that is shown to a place among them, counted from 0; beyond an end means at that end."""
        if name in self.columns:
            others = [column for column in self.columns if column != name]
            place = max(0, min(to, len(others)))
            self.choose_columns([*others[:place], name, *others[place:]])

    def sort_by(self, column: str) -> None:
        """Sort by a column: ascending, then descending, then in order of submission again."""
        if self.sort is None or self.sort[0] != column:
            self.sort = (column, False)
        else:
            self.sort = None if self.sort[1] else (column, True)
        self._begin_anew()

    # Filter and pages

    def seek(self, text: str) -> None:
        """Show only what has every word of a text."""
        text = text[:_LONGEST_TEXT]
        if text != self.text:
            self.text = text
            self._begin_anew()

    def choose_status(self, status: SendStatus, chosen: bool) -> None:
        """Show emails of a status, besides those of other chosen ones; none chosen shows all."""
        statuses = self.statuses - {status} | ({status} if chosen and status.in_outbox else set())
        if statuses != self.statuses:
            self.statuses = frozenset(statuses)
            self._begin_anew()

    def reset_filter(self) -> None:
        """Show everything in the view."""
        self.text, self.statuses = "", frozenset()
        self._begin_anew()

    def turn(self, number: int) -> None:
        """Go to a page, counted from 0; beyond an end means the page there."""
        self.number = max(0, min(number, self.pages - 1))

    def resize(self, size: int) -> None:
        """Show so many rows on a page; the first row stays on it (G2)."""
        first = self.number * self.page_size
        self.page_size = max(1, min(size, _MOST_ROWS))
        self.turn(first // self.page_size)

    # Selection

    @property
    def selected(self) -> list[str]:
        """The ids of the selected emails, in the order of the page."""
        return [email for row, email in self._ids_by_row().items() if row in self._selected] if self._selected else []

    @property
    def only_selected(self) -> str | None:
        """The selected email if it is the only one."""
        return next(iter(self._selected.values())) if len(self._selected) == 1 else None

    def _place_of(self, email_id: str) -> int | None:
        """Where an email is in the present order; None if the page does not have it."""
        try:
            row = self.session.email(email_id, by=self.user).row
        except KeyError:
            return None
        found = np.flatnonzero(self._listing.rows[self._places] == row)
        return int(found[0]) if len(found) else None

    def _select(self, places: npt.NDArray[np.int64], chosen: bool) -> None:
        ids = np.array(self._listing.texts("id"), dtype=object)
        for place in places.tolist():
            row = int(self._listing.rows[place])
            if chosen:
                self._selected[row] = ids[place]
            else:
                self._selected.pop(row, None)

    def is_selected(self, email_id: str) -> bool:
        """Whether an email is selected."""
        return email_id in self._selected.values()

    def select(self, email_id: str, chosen: bool) -> bool:
        """Select an email or not; says whether the page has it."""
        place = self._place_of(email_id)
        if place is None:
            return False
        self._anchor = int(self._listing.rows[self._places[place]])
        self._select(self._places[place : place + 1], chosen)
        return True

    def select_to(self, email_id: str, chosen: bool = True) -> bool:
        """Select all rows from the one selected last to this one; says whether the page has it."""
        place = self._place_of(email_id)
        if place is None:
            return False
        rows = self._listing.rows[self._places]
        anchors = np.flatnonzero(rows == self._anchor) if self._anchor is not None else np.empty(0, dtype=np.int64)
        anchor = int(anchors[0]) if len(anchors) else place
        self._anchor = int(rows[place])
        self._select(self._places[min(anchor, place) : max(anchor, place) + 1], chosen)
        return True

    def select_page(self, chosen: bool) -> None:
        """Select all rows on this page, or none of them."""
        first = self.number * self.page_size
        self._select(self._places[first : first + self.page_size], chosen)

    def select_all(self) -> None:
        """Select everything that the filter lets through, on all pages."""
        self._select(self._places, True)

    def clear_selection(self) -> None:
        """Select nothing."""
        self._selected.clear()
        self._anchor = None

    # In bulk

    def bulk(self, verb: str) -> BulkResult:
        """Retry or cancel all that is selected; for each email the answer (G3)."""
        answers: list[tuple[str, Reason | None]] = self.session.bulk(verb, self.selected, by=self.user)
        self.result = BulkResult(verb, tuple(answers))
        self.look()
        return self.result
