"""The timeline: what people and the world do. One model for each verb (spec/outbox.md section 3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias

from pydantic import Discriminator, Field, Tag
from pydantic.fields import FieldInfo

from outboxsim.scenario.concept import Concept
from outboxsim.scenario.connectors import ConnectorSettings
from outboxsim.scenario.flaws import Flaw
from outboxsim.scenario.outages import Window
from outboxsim.scenario.people import UserSettings
from outboxsim.scenario.readers import ConnectorName, ManualRetry, MomentWithin, OnEnable, PositiveCount, Truth, UserName, WorkItemName
from outboxsim.scenario.retrying import Pattern
from outboxsim.scenario.scope import Scope
from outboxsim.scenario.submissions import Submission, flaws_of_sender
from outboxsim.scenario.targets import Assignments, EmailTargets, MergeTargets, Refused, flaws_of_refused, unknown_emails

_BY = "Who does it."

#: Verbs that say themselves whether somebody has to do it.
_NEEDS_NOBODY: Final = frozenset({"outage", "submit"})


class Entry(Concept):
    """What all entries share; `index` is the position in the file, `verb` the key that says what is done."""

    of: ClassVar[str] = "an entry of the timeline"
    verb: ClassVar[str] = ""

    at: MomentWithin = Field(..., description="When it is done.", examples=["11:00"])
    by: UserName | None = Field(None, description=_BY, examples=["lena"])
    refused: Refused = Field(None, description="The reason for which it must be refused; or by target: exactly these.")
    may_be_empty: Truth = Field(False, description="Whether a selection may match nothing. Default false.")
    _index: int = -1

    @property
    def index(self) -> int:
        """The position in the file's timeline, from 0."""
        return self._index

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:
        """Exactly one verb; who does it; targets that are refused."""
        others = [verb for verb in VERBS if verb in raw and verb != cls.verb]
        if cls.verb:
            for verb in others:
                message = f"an entry has exactly one verb, and '{cls.verb}' is one already; write two entries"
                yield Flaw((verb,), message, of_key=True)
            if cls.verb not in _NEEDS_NOBODY and "by" not in raw:
                yield Flaw(("by",), f"is missing; write who does it, for example `by: {next(iter(scope.users), 'lena')}`")
            yield from flaws_of_refused(raw, cls.verb, scope)


class NoVerb(Entry):
    """An entry without a verb: there is none, but its other keys are read all the same."""

    @classmethod
    def fields_in_file(cls) -> Mapping[str, FieldInfo | None]:
        """The keys that it could have."""
        return {**dict.fromkeys(VERBS), **super().fields_in_file()}

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:  # noqa: ARG003
        """The verb is missing, unless an unknown key is told already."""
        if all(key in cls.keys_in_file() for key in raw):
            yield Flaw((), f"the entry has no verb; write one of {', '.join(VERBS)}")


# Connectors and settings ----------------------------------------------------------------------------------------------------------------


class OutageEntry(Entry, Window):
    """A connector goes down; nobody need do it."""

    verb: ClassVar[str] = "outage"
    begin: ClassVar[str] = "at"

    outage: ConnectorName = Field(..., description="The connector that goes down.", examples=["office365"])

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:
        """As an entry, and as an outage."""
        yield from Entry.flaws_between.__func__(cls, raw, scope)  # type: ignore[attr-defined]  # the classmethod of one base
        yield from Window.flaws_between.__func__(cls, raw, scope)  # type: ignore[attr-defined]  # and of the other

    def completed(self, raw: Mapping[str, Any], scope: Scope) -> Self:  # noqa: ARG002
        """The outage with its end as an instant."""
        return self.ending(raw, self.at)


class EnableEntry(Entry):
    """A connector is enabled."""

    verb: ClassVar[str] = "enable"
    enable: ConnectorName = Field(..., description="The connector to enable.", examples=["office365"])


class DisableEntry(Entry):
    """A connector is disabled."""

    verb: ClassVar[str] = "disable"
    disable: ConnectorName = Field(..., description="The connector to disable.", examples=["office365"])


class Settings(Concept):
    """What `set` changes; `model_fields_set` says what was given."""

    of: ClassVar[str] = "settings"

    retry: Pattern | None = Field(None, description="The scenario's retry pattern from now on.", examples=["postfix"])
    attempt_limit: PositiveCount | None = Field(None, description="The scenario's limit of attempts from now on; null: none.")
    manual_retry: ManualRetry | None = Field(None, description="What a manual retry does from now on (L5).")
    on_enable: OnEnable | None = Field(None, description="What enabling a connector does from now on.")
    connectors: dict[ConnectorName, ConnectorSettings] = Field({}, description="Settings of connectors.")
    users: dict[UserName, UserSettings] = Field({}, description="Settings of users; access and admin only by an admin.")

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:  # noqa: ARG003
        """Something has to be set, and nothing to nothing that is never unset."""
        yield from cls.no_nulls(raw, "retry", "manual_retry", "on_enable")
        if not raw:
            yield Flaw((), f"nothing is set; write one of {', '.join(cls.keys_in_file())}")


class SetEntry(Entry):
    """Somebody changes settings."""

    verb: ClassVar[str] = "set"
    set: Settings = Field(..., description="What is changed.", examples=[{"retry": "postfix"}])


# Emails ---------------------------------------------------------------------------------------------------------------------------------


class _OnEmails(Entry):
    """An entry that acts on emails."""

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:
        """Ids that the file does not define."""
        yield from super().flaws_between(raw, scope)
        yield from unknown_emails(raw, cls.verb, scope)


class RetryEntry(_OnEmails):
    """Somebody asks for a retry."""

    verb: ClassVar[str] = "retry"
    retry: EmailTargets = Field(..., description="An email, several, or a selection.")


class CancelEntry(_OnEmails):
    """Somebody cancels."""

    verb: ClassVar[str] = "cancel"
    cancel: EmailTargets = Field(..., description="An email, several, or a selection.")


class SendNowEntry(_OnEmails):
    """Somebody sends now what is scheduled or in its undo window."""

    verb: ClassVar[str] = "send_now"
    send_now: EmailTargets = Field(..., description="An email, several, or a selection.")


class UndoEntry(_OnEmails):
    """The sender undoes sending."""

    verb: ClassVar[str] = "undo"
    undo: EmailTargets = Field(..., description="An email, several, or a selection.")


class SubmitEntry(Entry):
    """Somebody composes and sends an email."""

    verb: ClassVar[str] = "submit"
    submit: Submission = Field(..., description="The email.", examples=[{"id": "m9", "to": "anna@kunde.example", "send_at": "12:30"}])

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:
        """Who submits it; nobody is refused to."""
        yield from super().flaws_between({key: value for key, value in raw.items() if key != "refused"}, scope)
        yield from flaws_of_sender(raw, scope)
        for key in ("refused", "may_be_empty"):
            if raw.get(key) not in (None, False):
                yield Flaw((key,), f"an email is submitted, it is not refused and selects nothing; leave `{key}` out", of_key=True)


# Work items -----------------------------------------------------------------------------------------------------------------------------


class SplitEntry(Entry):
    """A work item is split; its contact gets the system email ITEM-split-N."""

    verb: ClassVar[str] = "split"
    split: WorkItemName = Field(..., description="The work item to split.", examples=["T-1001"])


class MergeEntry(Entry):
    """Work items are merged into the first of them, emails and all; its contact gets the system email ITEM-merge-N."""

    verb: ClassVar[str] = "merge"
    merge: MergeTargets = Field(..., description="The work item that stays, and those merged into it.")


class ShareEntry(Entry):
    """A work item is shared; its contact gets the system email ITEM-share-N."""

    verb: ClassVar[str] = "share"
    share: WorkItemName = Field(..., description="The work item to share.", examples=["T-1001"])


class AssignEntry(Entry):
    """Work items are given to somebody."""

    verb: ClassVar[str] = "assign"
    assign: Assignments = Field(..., description="Work items and who works on them from now on.")


_ENTRIES: Final[tuple[type[Entry], ...]] = (
    OutageEntry,
    EnableEntry,
    DisableEntry,
    RetryEntry,
    CancelEntry,
    SendNowEntry,
    UndoEntry,
    SubmitEntry,
    SetEntry,
    SplitEntry,
    MergeEntry,
    ShareEntry,
    AssignEntry,
)
VERBS: Final = tuple(entry.verb for entry in _ENTRIES)


def _tag(value: Any) -> str:
    """The tag of an entry's verb: the first of its keys that is one."""
    return f"<tag {next((key for key in value if key in VERBS), 'none') if isinstance(value, dict) else 'none'}>"


TimelineEntry: TypeAlias = (
    OutageEntry
    | EnableEntry
    | DisableEntry
    | RetryEntry
    | CancelEntry
    | SendNowEntry
    | UndoEntry
    | SubmitEntry
    | SetEntry
    | SplitEntry
    | MergeEntry
    | ShareEntry
    | AssignEntry
)
AnyEntry: TypeAlias = Annotated[
    Annotated[OutageEntry, Tag("<tag outage>")]
    | Annotated[EnableEntry, Tag("<tag enable>")]
    | Annotated[DisableEntry, Tag("<tag disable>")]
    | Annotated[RetryEntry, Tag("<tag retry>")]
    | Annotated[CancelEntry, Tag("<tag cancel>")]
    | Annotated[SendNowEntry, Tag("<tag send_now>")]
    | Annotated[UndoEntry, Tag("<tag undo>")]
    | Annotated[SubmitEntry, Tag("<tag submit>")]
    | Annotated[SetEntry, Tag("<tag set>")]
    | Annotated[SplitEntry, Tag("<tag split>")]
    | Annotated[MergeEntry, Tag("<tag merge>")]
    | Annotated[ShareEntry, Tag("<tag share>")]
    | Annotated[AssignEntry, Tag("<tag assign>")]
    | Annotated[NoVerb, Tag("<tag none>")],
    Discriminator(_tag),
]
