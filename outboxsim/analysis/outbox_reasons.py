"""What is in the outbox at the end of a run, and why it has not left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from outboxsim.analysis.columns import NEVER, Instants, Mask, covered, equals
from outboxsim.analysis.selection import Selected

#: The columns of what is in the outbox that the emails table has, too.
_FROM_EMAILS: Final = ("submitted", "attempts", "last_error", "next_attempt", "connector", "from", "to", "subject")


def outbox_table(selected: Selected) -> pd.DataFrame:
    """One row per email in the outbox at the end, the oldest first.

    `id`, `status`, `reason` (why it has not left, in words), `age` (since its submission), and `submitted`, `attempts`, `last_error`,
    `next_attempt`, `connector`, `from`, `to`, `subject` as in the table of emails.
    """
    here = selected.narrowed(~equals(selected.result.emails["status"], "sent", "cancelled"))
    emails = here.emails
    age = (here.horizon - here.instants(emails["submitted"])).view("timedelta64[us]")
    first = {"id": emails["id"], "status": emails["status"].astype("str"), "reason": pd.Series(_reasons(here), emails.index, dtype="str")}
    table = pd.DataFrame({**first, "age": pd.Series(age, emails.index), **{name: emails[name] for name in _FROM_EMAILS if name in emails}})
    return table.sort_values("submitted", kind="stable", ignore_index=True)


def outbox_reasons(outbox: pd.DataFrame) -> pd.DataFrame:
    """How many there are for each reason, the most first: `status`, `reason`, `emails`, `oldest` (age), `next_attempt` (the earliest)."""
    groups = outbox.groupby(["status", "reason"], sort=False)
    next_attempt = ("next_attempt", "min") if "next_attempt" in outbox else ("submitted", "min")
    found = groups.agg(emails=("id", "size"), oldest=("age", "max"), next_attempt=next_attempt).reset_index()
    return found.sort_values(["emails", "status", "reason"], ascending=[False, True, True], ignore_index=True)


def _reasons(selected: Selected) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """For each of the emails why it is still in the outbox: the first rule that fits."""
    reasons = np.full(len(selected.emails), "", dtype=object)
    for fits, reason in _rules(selected):
        reasons[fits & (reasons == "")] = reason
    return reasons


def _rules(selected: Selected) -> Iterator[tuple[Mask, str]]:
    """Who stays for which reason, the most telling first; each email meets one."""
    emails, end = selected.emails, selected.horizon
    last, in_flight = _last_outcomes(selected)

    def after_the_end(column: str) -> Mask:
        instants: Instants = selected.instants(emails[column]) if column in emails else np.full(len(emails), NEVER)
        return instants > end

    yield in_flight, "an attempt is under way"
    queued = selected.with_status("queued")
    yield queued & after_the_end("undo_until"), "its undo window is open"
    yield queued & after_the_end("scheduled_for"), "it is scheduled for later"
    for connector in selected.connectors:
        own = equals(emails["connector"], connector)
        now = np.array([end])
        if covered(selected.closed(connector), now)[0]:
            yield selected.with_status("connector_disabled") & own, f"connector {connector} is disabled"
        if covered(selected.outages(connector), now)[0]:
            yield selected.with_status("pending_retry") & own, f"connector {connector} is in outage; its next attempt is to come"
    yield selected.with_status("connector_disabled"), "it met its connector disabled; that is enabled again, and somebody has to retry it"
    yield queued, "it waits for its turn on the connector"
    pending = selected.with_status("pending_retry")
    yield pending & after_the_end("next_attempt"), "its last attempt failed, and its next one is to come"
    yield pending, "its next attempt is due and waits for its turn on the connector"
    failed = selected.with_status("failed")
    yield failed & (last == "permanent"), "it failed permanently"
    yield failed & (last == ""), "it came as failed from an older version"
    yield failed, "its retries are used up"
    yield np.ones(len(emails), dtype=np.bool_), "it waits"


def _last_outcomes(selected: Selected) -> tuple[np.ndarray[tuple[int], np.dtype[np.object_]], Mask]:
    """For each selected email the outcome of its last attempt that ended (empty if there is none), and whether one is under way."""
    attempts = selected.attempts
    ended = attempts[attempts["outcome"].notna()]
    by_email = ended.groupby("email", sort=False)["outcome"].last()
    ids = selected.emails["id"]
    last = ids.map(by_email.astype("str")).to_numpy(dtype=object, na_value="")
    return last, ids.isin(attempts["email"][attempts["outcome"].isna()]).to_numpy(dtype=np.bool_)
