"""Teams, users and work items (spec/outbox.md P1 to P3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from outboxsim.scenario.addresses import Address
from outboxsim.scenario.concept import Concept
from outboxsim.scenario.flaws import Flaw, raised
from outboxsim.scenario.readers import (
    Duration,
    Language,
    Name,
    PositiveCount,
    TeamName,
    Truth,
    UserName,
    ViewWord,
    WorkItemType,
    known_name,
    one_of,
    scope_of_info,
)
from outboxsim.scenario.scope import Scope
from outboxsim.scenario.words import shown

#: The columns of the outbox page (spec/outbox.md section 1), in its order.
COLUMNS: Final = (
    "to",
    "subject",
    "email_connector",
    "priority",
    "system_generated",
    "last_send_attempt",
    "last_error_message",
    "logged",
    "next_send_attempt",
    "work_item",
    "work_item_type",
    "send_attempts",
    "send_status",
    "attachments",
)

#: G1: these cannot be taken away.
KEPT_COLUMNS: Final = ("to", "subject")


def _read_columns(value: Any, info: ValidationInfo) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} is no list; write for example [to, subject, send_status]")
    suggestions = scope_of_info(info).suggestions
    flaws = []
    for number, column in enumerate(value):
        try:
            one_of(column, COLUMNS, "column", suggestions)
            if column in value[:number]:
                flaws.append(Flaw((number,), f"'{column}' is there already; name each column once"))
        except ValueError as error:
            flaws.append(Flaw((number,), str(error)))
    missing = [column for column in KEPT_COLUMNS if column not in value]
    if missing:
        flaws.append(Flaw((), f"{' and '.join(missing)} cannot be taken away; add {'it' if len(missing) == 1 else 'them'}"))
    if flaws:
        raise raised(flaws)
    return tuple(value)


def _read_access(value: Any, info: ValidationInfo) -> tuple[str, ...] | Literal["all"]:
    if value == "all":
        return "all"
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} is no list of teams; write for example [billing], or all")
    scope = scope_of_info(info)
    flaws = []
    for number, team in enumerate(value):
        try:
            known_name(team, scope.teams, "team", scope.suggestions)
        except ValueError as error:
            flaws.append(Flaw((number,), str(error)))
    if flaws:
        raise raised(flaws)
    return tuple(value)


Columns: TypeAlias = Annotated[
    tuple[str, ...],
    PlainValidator(_read_columns),
    WithJsonSchema({"type": "array", "items": {"enum": list(COLUMNS)}, "uniqueItems": True, "minItems": 2}),
]
Access: TypeAlias = Annotated[
    tuple[str, ...] | Literal["all"],
    PlainValidator(_read_access),
    WithJsonSchema({"anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string"}}]}),
]


class Team(Concept):
    """A team; its leaders are members too."""

    of: ClassVar[str] = "a team"
    may_be_empty_: ClassVar[bool] = True

    leaders: tuple[Name, ...] = Field((), description="Who leads the team (and is a member of it).", examples=[["greta"]])
    members: tuple[Name, ...] = Field((), description="Who else is a member.", examples=[["lena", "tom"]])


class User(Concept):
    """A user's details; a name that only a team mentions needs none."""

    of: ClassVar[str] = "a user"
    may_be_empty_: ClassVar[bool] = True

    undo_window: Duration = Field(0, description="How long sending can be undone; 0 s turns it off. Default 0 s.", examples=["30 s"])
    language: Language = Field("en", description="The screen's language. Default en.")
    address: Address | None = Field(None, description="The address that emails of this user are from.", examples=["payroll@acme.example"])
    view: ViewWord | None = Field(None, description="The view last chosen; left out: team for who leads one, else mine.")
    columns: Columns | None = Field(None, description="The columns of the page, in this order; to and subject are always there.")
    page_size: PositiveCount = Field(20, description="Rows on a page. Default 20.")
    access: Access = Field((), description="Other teams whose emails the user may see under all, or all.", examples=[["billing"], "all"])
    admin: Truth = Field(False, description="Whether the user may change connectors, patterns and access. Default false.")


class UserSettings(Concept):
    """What `set` may change of a user; `model_fields_set` says what it does change."""

    of: ClassVar[str] = "a user's settings"

    undo_window: Duration | None = Field(None, description="The user's new undo window.")
    view: ViewWord | None = Field(None, description="The user's new view.")
    columns: Columns | None = Field(None, description="The user's new columns.")
    page_size: PositiveCount | None = Field(None, description="The user's new page size.")
    language: Language | None = Field(None, description="The user's new language.")
    access: Access | None = Field(None, description="The user's new access; only by an admin.")
    admin: Truth | None = Field(None, description="Whether the user is an admin from now on; only by an admin.")

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:  # noqa: ARG003
        """Null is no value of a setting, but for what may be unset."""
        yield from cls.no_nulls(raw, "undo_window", "page_size", "language", "access", "admin")


class WorkItem(Concept):
    """A ticket, case or action, and who works on it."""

    of: ClassVar[str] = "a work item"

    type: WorkItemType = Field(..., description="ticket, case or action.")
    team: TeamName | None = Field(None, description="The team that works on it while nobody is assigned.", examples=["payroll"])
    assignee: UserName | None = Field(None, description="Who works on it.", examples=["lena"])
    contact: Address = Field(
        "contact@example.invalid",
        description="Who gets its system emails. Default contact@example.invalid.",
        examples=["anna@kunde.example"],
    )


def users_of(users: Mapping[str, User], teams: Mapping[str, Team]) -> dict[str, User]:
    """All users: those with details, and those whom only a team mentions."""
    mentioned = (name for team in teams.values() for name in (*team.leaders, *team.members))
    return {**users, **{name: User.model_construct() for name in mentioned if name not in users}}
