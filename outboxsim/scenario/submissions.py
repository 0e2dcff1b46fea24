"""Emails that are submitted in the course of a timeline: who acts composes them (spec/outbox.md section 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from outboxsim.outbox import Priority
from outboxsim.scenario.addresses import Address, Addresses, Recipients
from outboxsim.scenario.concept import Concept
from outboxsim.scenario.emails import Attachment
from outboxsim.scenario.flaws import Flaw
from outboxsim.scenario.readers import ConnectorName, Moment, Name, PriorityWord, Text, Truth, WorkItemName
from outboxsim.scenario.scope import Scope
from outboxsim.scenario.words import shown


class Submission(Concept):
    """An email as it is composed: an email of the file without an instant and a sender, which the entry says."""

    of: ClassVar[str] = "an email to submit"

    id: Name = Field(..., description="Its id, the only one in the file.", examples=["m9"])
    to: Recipients = Field(..., description="Recipients: a text (several separated by comma) or a list.", examples=["anna@kunde.example"])
    cc: Addresses = Field((), description="Copies to.")
    bcc: Addresses = Field((), description="Blind copies to.")
    from_address: Address | None = Field(
        None, description="The address it is from; left out: that of who submits it.", examples=["payroll@acme.example"]
    )
    subject: Text = Field("", description="Its subject.", examples=["Payslip"])
    body: Text = Field("", description="Its text.")
    work_item: WorkItemName | None = Field(None, description="The work item it belongs to.", examples=["T-1001"])
    priority: PriorityWord = Field(Priority.NORMAL, description="high, normal or low. Default normal.")
    attachments: tuple[Attachment, ...] = Field((), description="Names and sizes.", examples=[[{"name": "a.pdf", "size": 20000}]])
    system: Truth = Field(False, description="Whether the system generates it (E2): then nobody submits it. Default false.")
    send_at: Moment | None = Field(None, description="For when it is scheduled.", examples=["12:30"])
    via: ConnectorName | None = Field(
        None, description="The connector it takes; left out: by its from address (C2).", examples=["office365"]
    )

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:  # noqa: ARG003
        """What the system generates is not scheduled."""
        if raw.get("system") is True and raw.get("send_at") is not None:
            yield Flaw(("send_at",), "a system-generated email has no `send_at` (E2); leave it out, or leave `system` out", of_key=True)


def flaws_of_sender(raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:
    """What is wrong between an entry's email and who submits it."""
    email, name = raw.get("submit"), raw.get("by")
    if isinstance(email, Mapping) and email.get("system") is True:
        if name is not None:
            yield Flaw(("by",), "nobody submits a system-generated email (E2); leave `by` out, or `system`", of_key=True)
    elif name is None:
        yield Flaw(("by",), f"is missing; write who submits the email, for example `by: {next(iter(scope.users), 'lena')}`")


def flaws_of_submitted(raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:
    """Ids that are given twice, or to an email of a traffic too; one that `emails` gives as well is a fault there."""
    first: dict[str, int] = {}
    timeline = raw.get("timeline")
    for number, entry in enumerate(timeline if isinstance(timeline, list) else ()):
        email = entry.get("submit") if isinstance(entry, Mapping) else None
        name = email.get("id") if isinstance(email, Mapping) else None
        if not isinstance(name, str):
            continue
        earlier = first.setdefault(name, number)
        if earlier != number:
            yield Flaw(("timeline", number, "submit", "id"), f"{shown(name)} is the id of timeline[{earlier}] already; ids are unique")
        elif maker := scope.maker_of(name):
            yield Flaw(("timeline", number, "submit", "id"), f"{shown(name)} is the id of an email that {maker} makes; write another one")
