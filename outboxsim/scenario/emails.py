"""Emails of the file, and of its emails_file (spec/outbox.md section 2).

There may be a million of them: they are dataclasses with slots, a fifth of the size of pydantic's models, validated all the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, Final

from pydantic import ConfigDict, Field, ModelWrapValidatorHandler, TypeAdapter, ValidationError, ValidationInfo, model_validator
from pydantic.dataclasses import dataclass
from pydantic.fields import FieldInfo

from outboxsim.outbox import Priority
from outboxsim.scenario.addresses import Address, Addresses, Recipients
from outboxsim.scenario.concept import Concept, named_keys
from outboxsim.scenario.flaws import Flaw, flaws_of, raised
from outboxsim.scenario.readers import (
    ConnectorName,
    Count,
    Moment,
    MomentWithin,
    Name,
    PriorityWord,
    Text,
    Truth,
    UserName,
    WorkItemName,
    scope_of_info,
)
from outboxsim.scenario.scope import Scope
from outboxsim.scenario.texts import MOST_FAULTS
from outboxsim.scenario.words import shown


class Attachment(Concept):
    """An attachment: its name and its size in bytes."""

    of: ClassVar[str] = "an attachment"

    name: Name = Field(..., description="The file's name.", examples=["a.pdf"])
    size: Count = Field(0, description="Its size in bytes. Default 0.", examples=[20_000])


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", arbitrary_types_allowed=True))
class Email:
    """An email that somebody, or the system, submits at an instant."""

    id: Name = Field(description="Its id, the only one in the file.", examples=["m1"])
    at: MomentWithin = Field(description="When it is submitted.", examples=["5 min", "10:00"])
    to: Recipients = Field(description="Recipients: a text (several separated by comma) or a list.", examples=["anna@kunde.example"])
    from_: UserName | None = Field(
        None, alias="from", description="The user who sends it; required unless it is system-generated.", examples=["lena"]
    )
    from_address: Address | None = Field(
        None, description="The address it is from; left out: the user's.", examples=["payroll@acme.example"]
    )
    cc: Addresses = Field((), description="Copies to.")
    bcc: Addresses = Field((), description="Blind copies to.")
    subject: Text = Field("", description="Its subject.", examples=["Payslip"])
    body: Text = Field("", description="Its text.")
    work_item: WorkItemName | None = Field(None, description="The work item it belongs to.", examples=["T-1001"])
    priority: PriorityWord = Field(Priority.NORMAL, description="high, normal or low. Default normal.")
    attachments: tuple[Attachment, ...] = Field((), description="Names and sizes.", examples=[[{"name": "a.pdf", "size": 20000}]])
    migrated: Truth = Field(False, description="Whether it comes from version 2020.1 or older (E3). Default false.")
    system: Truth = Field(False, description="Whether the system generated it (E2). Default false.")
    scheduled_by: UserName | None = Field(None, description="Who scheduled it; left out: its sender.", examples=["greta"])
    send_at: Moment | None = Field(None, description="For when it is scheduled.", examples=["12:30"])
    via: ConnectorName | None = Field(
        None, description="The connector it takes; left out: by its from address (C2).", examples=["office365"]
    )
    connector: str = dataclasses.field(default="", init=False)

    @model_validator(mode="wrap")
    @classmethod
    def _every_flaw_at_once(cls, value: Any, handler: ModelWrapValidatorHandler[Any], info: ValidationInfo) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"{shown(value)} is no mapping; write an email as a mapping of {', '.join(EMAIL_KEYS)}")
        scope = scope_of_info(info)
        try:
            email = handler(value)
        except ValidationError as error:
            flaws = list(_flaws_between(value))
            raise raised([*named_keys(flaws_of(error), _fields_of_email(), scope, told=flaws), *flaws]) from None
        flaws = list(_flaws_between(value))
        if flaws:
            raise raised(flaws)
        _complete(email, scope)
        return email


EMAIL_KEYS: Final = tuple("from" if field.name == "from_" else field.name for field in dataclasses.fields(Email) if field.init)


def _fields_of_email() -> dict[str, FieldInfo]:
    """The fields as pydantic knows them, by their keys."""
    fields: dict[str, FieldInfo] = Email.__pydantic_fields__  # type: ignore[attr-defined]  # which pydantic adds to dataclasses
    return {field.alias or name: field for name, field in fields.items() if name != "connector"}


def _flaws_between(raw: Mapping[str, Any]) -> Iterator[Flaw]:
    """What is wrong between the keys of an email."""
    system = raw.get("system") is True
    if not system and "from" not in raw:
        yield Flaw(("from",), "is missing; write the user who sends it, or `system: true` for a system-generated email")
    if system:
        for key in ("from", "send_at", "scheduled_by"):
            if raw.get(key) is not None:
                yield Flaw((key,), f"a system-generated email has no `{key}` (E2); leave it out, or leave `system` out", of_key=True)
    elif raw.get("scheduled_by") is not None and raw.get("send_at") is None:
        yield Flaw(("scheduled_by",), "nothing is scheduled without `send_at`; write for when, or leave `scheduled_by` out", of_key=True)
    if raw.get("migrated") is True and raw.get("send_at") is not None:
        yield Flaw(
            ("send_at",), "a migrated email enters as failed and is never scheduled (E3); leave `send_at` or `migrated` out", of_key=True
        )


def _complete(email: Any, scope: Scope) -> None:
    """From address and connector, which only the scope knows."""
    address = email.from_address
    if address is None and email.from_ is not None:
        address = scope.user_addresses.get(email.from_)
        if address is not None:
            object.__setattr__(email, "from_address", address)
    connector = scope.route(email.via, address)
    if connector is not None:
        object.__setattr__(email, "connector", connector)


# Many emails ----------------------------------------------------------------------------------------------------------------------------


@cache
def email_adapter() -> TypeAdapter[Email]:
    """Validates one raw email."""
    return TypeAdapter(Email)


def read_emails(raw: list[Any], scope: Scope) -> tuple[list[Email], list[Flaw]]:
    """The emails of a file, and what is wrong with them (their ids are in the scope already)."""
    validate = email_adapter().validate_python
    emails: list[Email] = []
    flaws: list[Flaw] = []
    first: dict[str, int] = {}
    for number, value in enumerate(raw):
        try:
            emails.append(validate(value, context=scope))
        except ValidationError as error:
            flaws += [flaw.below("emails", number) for flaw in flaws_of(error)]
        if isinstance(value, dict):
            flaws += [flaw.below("emails", number) for flaw in _flaws_of_id(value.get("id"), number, first, scope)]
            note_need(value, scope)
        if len(flaws) > MOST_FAULTS:
            flaws.append(Flaw(("emails", number), f"more than {MOST_FAULTS:,} faults; the emails from here on are not looked at"))
            break
    return emails, flaws


def _flaws_of_id(email: object, number: int, first: dict[str, int], scope: Scope) -> Iterator[Flaw]:
    if not isinstance(email, str):
        return
    earlier = first.setdefault(email, number)
    if earlier != number:
        yield Flaw(("id",), f"{shown(email)} is the id of emails[{earlier}] already; ids are unique")
    elif taken := scope.taken(email):
        yield Flaw(("id",), taken)


def note_need(raw: Mapping[str, Any], scope: Scope) -> None:
    """Note the id of a raw email that would need a default connector, if there is none."""
    if scope.default_connector is not None or raw.get("via") is not None:
        return
    address = raw.get("from_address")
    if address is None and isinstance(raw.get("from"), str):
        address = scope.user_addresses.get(raw["from"])
    if not (isinstance(address, str) and address.strip() in scope.addresses):
        scope.in_need_of_default.append(str(raw.get("id")))
