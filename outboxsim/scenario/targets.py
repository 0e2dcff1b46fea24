"""What an action is done to: emails by id or by selection, work items; and the reasons for which it must be refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, TypeAlias

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from outboxsim.outbox import Reason, SendStatus, View
from outboxsim.scenario.concept import Concept
from outboxsim.scenario.flaws import Flaw, flaws_in, raised
from outboxsim.scenario.readers import ViewWord, known_name, one_of, read_email_id, read_name, read_status, scope_of_info
from outboxsim.scenario.scope import Scope
from outboxsim.scenario.words import shown

REASONS: Final = tuple(str(reason) for reason in Reason)
UNKNOWN: Final = str(Reason.UNKNOWN_EMAIL)


# Emails ---------------------------------------------------------------------------------------------------------------------------------


def _read_statuses(value: Any, info: ValidationInfo) -> tuple[SendStatus, ...]:
    suggestions = scope_of_info(info).suggestions
    if not isinstance(value, list):
        return (read_status(value, suggestions),)
    flaws, statuses = [], []
    for number, one in enumerate(value):
        try:
            statuses.append(read_status(one, suggestions))
        except ValueError as error:
            flaws.append(Flaw((number,), str(error)))
    if flaws or not value:
        raise raised(flaws or [Flaw((), "the list is empty; write a send status, for example failed")])
    return tuple(statuses)


_STATUS_SCHEMA: Final = {"type": "string", "enum": SendStatus.words()}
_STATUSES_SCHEMA: Final = {"anyOf": [_STATUS_SCHEMA, {"type": "array", "items": _STATUS_SCHEMA, "minItems": 1}]}


class Selection(Concept):
    """The emails that who acts sees in a view, with one of some statuses."""

    of: ClassVar[str] = "a selection"

    view: ViewWord | None = Field(None, description="The view; left out: the user's own.", examples=["team"])
    status: Annotated[tuple[SendStatus, ...] | None, PlainValidator(_read_statuses), WithJsonSchema(_STATUSES_SCHEMA)] = Field(
        None, description="A send status or several; left out: any.", examples=["failed", ["failed", "pending_retry"]]
    )


def _read_emails(value: Any, info: ValidationInfo) -> tuple[str, ...] | Selection:
    """Ids of emails, which the entry checks (it may say that one is unknown), or a selection."""
    if isinstance(value, dict | Selection):
        return Selection.model_validate(value, context=info.context)
    if isinstance(value, str):
        return (read_name(value),)
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} is no email id; write an id, a list of ids or a selection such as {{view: team, status: failed}}")
    return _names(value, "an email id")


def _names(values: list[Any], what: str) -> tuple[str, ...]:
    """Names, none of them twice, at least one."""
    flaws: list[Flaw] = [] if values else [Flaw((), f"the list is empty; write {what}")]
    seen: set[str] = set()
    for number, value in enumerate(values):
        try:
            name = read_name(value)
        except ValueError as error:
            flaws.append(Flaw((number,), str(error)))
            continue
        if name in seen:
            flaws.append(Flaw((number,), f"{shown(name)} is there already; name each once"))
        seen.add(name)
    if flaws:
        raise raised(flaws)
    return tuple(values)


_NAMES_SCHEMA: Final = {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True}
EmailTargets: TypeAlias = Annotated[
    tuple[str, ...] | Selection,
    PlainValidator(_read_emails),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                _NAMES_SCHEMA,
                {
                    "type": "object",
                    "properties": {"view": {"enum": [str(view) for view in View]}, "status": _STATUSES_SCHEMA},
                    "additionalProperties": False,
                },
            ],
            "examples": ["m1", ["m1", "m2"], {"view": "team", "status": "failed"}],
        }
    ),
]


def unknown_emails(raw: Mapping[str, Any], verb: str, scope: Scope) -> Iterator[Flaw]:
    """A flaw for each id that the file does not define, unless the entry says that it is unknown."""
    value = raw.get(verb)
    targets = value if isinstance(value, list) else [value]
    for number, target in enumerate(targets):
        if not isinstance(target, str) or scope.defines_email(target) or _may_be_unknown(raw.get("refused"), target):
            continue
        try:
            read_email_id(target, scope)
        except ValueError as error:
            loc = (verb, number) if isinstance(value, list) else (verb,)
            yield Flaw(loc, f"{error}; if it is meant to be unknown, add `refused: {UNKNOWN}`")


def _may_be_unknown(refused: object, email: str) -> bool:
    return (refused.get(email) if isinstance(refused, dict) else refused) == UNKNOWN


# Work items -----------------------------------------------------------------------------------------------------------------------------


def _read_merge(value: Any, info: ValidationInfo) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} is no list of work items; write [T-1, T-2] to merge T-2 into T-1")
    scope = scope_of_info(info)
    flaws = [Flaw((), "there have to be two work items or more; write [T-1, T-2] to merge T-2 into T-1")] if len(value) < 2 else []
    for number, item in enumerate(value):
        try:
            known_name(item, scope.work_items, "work item", scope.suggestions)
            if item in value[:number]:
                flaws.append(Flaw((number,), f"{shown(item)} is there already; name each work item once"))
        except ValueError as error:
            flaws.append(Flaw((number,), str(error)))
    if flaws:
        raise raised(flaws)
    return tuple(value)


def _read_assign(value: Any, info: ValidationInfo) -> dict[str, str]:
    if not isinstance(value, dict) or not value:
        raise ValueError(f"{shown(value)} is no mapping of work items to users; write for example {{T-1001: tom}}")
    scope = scope_of_info(info)
    flaws = []
    for item, user in value.items():
        if item not in scope.work_items:
            flaws += [Flaw((item,), str(error), of_key=True) for error in _tried(item, scope.work_items, "work item", scope)]
        flaws += [Flaw((item,), str(error)) for error in _tried(user, scope.users, "user", scope)]
    if flaws:
        raise raised(flaws)
    return dict(value)


def _tried(name: object, known: Any, what: str, scope: Scope) -> Iterator[ValueError]:
    try:
        known_name(name, known, what, scope.suggestions)
    except ValueError as error:
        yield error


MergeTargets: TypeAlias = Annotated[
    tuple[str, ...], PlainValidator(_read_merge), WithJsonSchema({**_NAMES_SCHEMA, "minItems": 2, "examples": [["T-1", "T-2"]]})
]
Assignments: TypeAlias = Annotated[
    dict[str, str],
    PlainValidator(_read_assign),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1, "examples": [{"T-1001": "tom"}]}),
]


# Refusals -------------------------------------------------------------------------------------------------------------------------------


def _read_refused(value: Any, info: ValidationInfo) -> str | dict[str, str]:
    suggestions = scope_of_info(info).suggestions
    if not isinstance(value, dict):
        return one_of(value, REASONS, "reason of a refusal", suggestions)
    flaws: list[Flaw] = [] if value else [Flaw((), f"the mapping is empty; write for example {{m1: {REASONS[0]}}}")]
    for target, reason in value.items():
        try:
            one_of(reason, REASONS, "reason of a refusal", suggestions)
        except ValueError as error:
            flaws += [flaw.below(target) for flaw in flaws_in(error)]
    if flaws:
        raise raised(flaws)
    return dict(value)


_REASON_SCHEMA: Final = {"type": "string", "enum": list(REASONS)}
Refused: TypeAlias = Annotated[
    str | dict[str, str] | None,
    PlainValidator(lambda value, info: None if value is None else _read_refused(value, info)),
    WithJsonSchema(
        {
            "anyOf": [_REASON_SCHEMA, {"type": "object", "additionalProperties": _REASON_SCHEMA, "minProperties": 1}],
            "examples": ["not_in_outbox", {"m1": "wrong_status"}],
        }
    ),
]


def flaws_of_refused(raw: Mapping[str, Any], verb: str, scope: Scope) -> Iterator[Flaw]:
    """Targets that are refused by name have to be targets."""
    refused = raw.get("refused")
    if not isinstance(refused, dict):
        return
    targets = _targets(raw.get(verb), verb)
    for target, reason in refused.items():
        if targets is None:
            if not scope.defines_email(target) and reason != UNKNOWN:
                yield Flaw(
                    ("refused", target),
                    f"{shown(target)} is no email of this file{scope.suggestions.did_you_mean(target, scope.emails)}",
                    of_key=True,
                )
        elif target not in targets:
            near = scope.suggestions.did_you_mean(target, targets)
            yield Flaw(
                ("refused", target),
                f"{shown(target)} is not among what the entry acts on{near} ({', '.join(targets) or 'write one reason alone'})",
                of_key=True,
            )


def _targets(value: object, verb: str) -> tuple[str, ...] | None:
    """The names of an entry's targets as its verdicts use them; None for a selection (and whatever else is no target)."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        names = tuple(str(one) for one in value)
        return (" ".join(names),) if verb == "merge" else names
    if isinstance(value, dict):
        return {"assign": tuple(value), "set": ()}.get(verb)
    return None
