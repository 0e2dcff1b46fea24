"""What many selections of one run share: where emails stand in their table, and when they failed and were sent."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from outboxsim.analysis.columns import NEVER, Instants, equals, instants_of

if TYPE_CHECKING:
    from outboxsim.analysis.result import Result


class WholeRun:
    """A run's tables without a selection; everything is computed once, when it is first asked for."""

    def __init__(self, result: Result) -> None:
        self._result = result

    def rows_of(self, emails: pd.Series[Any]) -> npt.NDArray[np.intp]:
        """For each cell of a column of email ids the row of the emails table."""
        ids, codes = (emails.cat.categories, emails.cat.codes) if isinstance(emails.dtype, pd.CategoricalDtype) else (emails, None)
        rows: npt.NDArray[np.intp] = self._index.get_indexer(pd.Index(ids))
        return rows if codes is None else rows[codes.to_numpy()]

    @cached_property
    def _index(self) -> pd.Index[Any]:
        index: pd.Index[Any] = pd.Index(self._result.emails["id"])
        return index

    @cached_property
    def rows_of_attempts(self) -> npt.NDArray[np.intp]:
        """For each attempt the row of its email."""
        return self.rows_of(self._result.attempts["email"])

    @cached_property
    def sent_at(self) -> Instants:
        """When each email was sent; `NEVER` if it is not by the end."""
        emails = self._result.emails
        return np.where(equals(emails["status"], "sent"), instants_of(emails["finished"], self._result.clock.epoch_us), NEVER)

    @cached_property
    def last_failures(self) -> Instants:
        """When each email last became failed; `NEVER` if it never did.

        The events say it, not the attempts: a connector that gives up fails emails that wait, without an attempt.
        """
        events = self._result.events
        failures = events[equals(events["event"], "status_changed") & equals(events["to_status"], "failed")]
        last = np.full(len(self._result.emails), NEVER, dtype=np.int64)
        np.maximum.at(last, self.rows_of(failures["email"]), instants_of(failures["time"], self._result.clock.epoch_us))
        return last
