"""What a scenario expects of its run (spec/scenario.md section 3). One model for each form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import Discriminator, Field, PlainValidator, Tag, ValidationInfo, WithJsonSchema
from pydantic.fields import FieldInfo

from outboxsim.scenario.concept import Concept
from outboxsim.scenario.flaws import Flaw, raised
from outboxsim.scenario.readers import (
    MOMENT_SCHEMA,
    SHARE_SCHEMA,
    ConnectorName,
    EmailId,
    Moment,
    MomentWithin,
    PriorityWord,
    TeamName,
    Text,
    TrafficName,
    Truth,
    UserName,
    ViewWord,
    moment_of,
    read_email_id,
    read_share,
    scope_of_info,
    words,
)
from outboxsim.scenario.scope import Scope
from outboxsim.scenario.states import CountComparison, Metrics, State, StateComparisons
from outboxsim.scenario.words import shown


class _Expectation(Concept):
    """What all expectations share; `index` is the position in the file, `form` the key that makes it this one."""

    of: ClassVar[str] = "an expectation"
    form: ClassVar[str] = ""

    name: Text = Field("", description="A name for reports.", examples=["delivered before lunch"])
    _index: int = -1

    @property
    def index(self) -> int:
        """The position in the file's list of expectations, from 0."""
        return self._index

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:  # noqa: ARG003
        """Exactly one form."""
        for form, keys in _FORMS.items():
            if cls.form and form != cls.form:
                for key in keys:
                    if key in raw:
                        yield Flaw(
                            (key,),
                            f"an expectation has exactly one form, and this one has `{cls.form}`; write two expectations",
                            of_key=True,
                        )


# At an instant --------------------------------------------------------------------------------------------------------------------------


def _read_ids(value: Any, info: ValidationInfo) -> tuple[str, ...]:
    """Ids of emails, each once, in any order."""
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} is no list of email ids; write for example [m1, m3]")
    scope = scope_of_info(info)
    flaws = []
    seen: set[str] = set()
    for number, one in enumerate(value):
        try:
            email = read_email_id(one, scope)
        except ValueError as error:
            flaws.append(Flaw((number,), str(error)))
            continue
        if email in seen:
            flaws.append(Flaw((number,), f"{shown(email)} is there already; name each email once"))
        seen.add(email)
    if flaws:
        raise raised(flaws)
    return tuple(value)


class OutboxCheck(Concept):
    """What a user sees in a view of the outbox."""

    of: ClassVar[str] = "a look at an outbox"

    as_: UserName = Field(..., alias="as", description="The user who looks.", examples=["greta"])
    view: ViewWord | None = Field(None, description="The view; left out: the user's own.", examples=["team"])
    count: CountComparison | None = Field(None, description="How many emails are there.", examples=[3, {"at_least": 1}])
    emails: Annotated[
        tuple[str, ...] | None,
        PlainValidator(lambda value, info: None if value is None else _read_ids(value, info)),
        WithJsonSchema({"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
    ] = Field(None, description="Which emails are there: exactly these, in any order.", examples=[["m1", "m3"]])

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:  # noqa: ARG003
        """Something has to be expected."""
        if "count" not in raw and "emails" not in raw:
            yield Flaw((), "nothing is expected; write `count`, `emails` or both")


_STATE, _STATE_SCHEMA = words("state of a connector", "enabled", "disabled")
ConnectorState: TypeAlias = Annotated[Literal["enabled", "disabled"], _STATE, _STATE_SCHEMA]


class AtExpectation(_Expectation):
    """What holds at an instant, after everything that happens at it (L7)."""

    form: ClassVar[str] = "at"

    at: MomentWithin = Field(..., description="When it has to hold.", examples=["12:10"])
    emails: dict[EmailId, StateComparisons] = Field({}, description="The states of emails.", examples=[{"m1": "sent"}])
    outbox: OutboxCheck | None = Field(None, description="What a user sees.")
    connectors: dict[ConnectorName, ConnectorState] = Field(
        {}, description="Whether connectors are enabled.", examples=[{"office365": "disabled"}]
    )

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:
        """Something has to be expected."""
        yield from super().flaws_between(raw, scope)
        if not any(key in raw for key in ("emails", "outbox", "connectors")):
            yield Flaw((), "nothing is expected; write `emails`, `outbox` or `connectors`")


# Over the run ---------------------------------------------------------------------------------------------------------------------------


def _read_instants(value: Any, info: ValidationInfo) -> tuple[int, ...]:
    """Instants, in the order of the file."""
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} is no list of moments; write for example [5 min, 6 min]")
    scope = scope_of_info(info)
    flaws, instants = [], []
    for number, one in enumerate(value):
        try:
            instants.append(moment_of(one, scope))
        except ValueError as error:
            flaws.append(Flaw((number,), str(error)))
    if flaws:
        raise raised(flaws)
    return tuple(instants)


Instants: TypeAlias = Annotated[tuple[int, ...], PlainValidator(_read_instants), WithJsonSchema({"type": "array", "items": MOMENT_SCHEMA})]


class AttemptsExpectation(_Expectation):
    """When all attempts of emails start, until the end."""

    form: ClassVar[str] = "attempts"

    attempts: dict[EmailId, Instants] = Field(..., description="The starts of all attempts.", examples=[{"m1": ["5 min", "6 min"]}])


def _read_during(value: Any, info: ValidationInfo) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f'{shown(value)} is no pair of moments; write for example ["12:00", "13:30"]')
    begin, end = _read_instants(value, info)
    scope = scope_of_info(info)
    if end < begin and scope.clock is not None and scope.horizon is not None:
        raise raised([Flaw((1,), f"{shown(value[1])} is before {shown(value[0])}; write a later moment")])
    return begin, end


class NeverExpectation(_Expectation):
    """A state that an email is never in, from one instant to another, both included."""

    form: ClassVar[str] = "never"

    during: Annotated[
        tuple[int, int],
        PlainValidator(_read_during),
        WithJsonSchema({"type": "array", "items": MOMENT_SCHEMA, "minItems": 2, "maxItems": 2}),
    ] = Field(..., description="From when to when, both included.", examples=[["12:00", "13:30"]])
    never: State = Field(..., description="The email and the state.")


class EventuallyExpectation(_Expectation):
    """A state that an email is in at least once until an instant, which is included."""

    form: ClassVar[str] = "eventually"

    by: Moment = Field(..., description="Until when, this instant included.", examples=["45 min"])
    eventually: State = Field(..., description="The email and the state.")


# Metrics --------------------------------------------------------------------------------------------------------------------------------


class Select(Concept):
    """The emails that metrics are about."""

    of: ClassVar[str] = "a selection of emails"

    traffic: TrafficName | None = Field(None, description="Those of a traffic.", examples=["invoices"])
    team: TeamName | None = Field(None, description="Those of a team.", examples=["payroll"])
    connector: ConnectorName | None = Field(None, description="Those of a connector.", examples=["office365"])
    priority: PriorityWord | None = Field(None, description="Those of a priority.")
    system: Truth | None = Field(None, description="Those that the system generated, or those that it did not.")


def _read_confidence(value: Any) -> float:
    confidence = read_share(value)
    if not 0 < confidence < 1:
        raise ValueError(f"{shown(value)} is no confidence; write a share between 0 and 1, for example 95 %")
    return confidence


class MetricsExpectation(_Expectation):
    """Bounds on metrics, of the one run or of many."""

    form: ClassVar[str] = "metrics"

    over: Annotated[Literal["replications"] | None, *words("way to run", "replications")] = Field(
        None, description="replications: of many runs; left out: of the one run."
    )
    confidence: Annotated[float, PlainValidator(_read_confidence), WithJsonSchema(SHARE_SCHEMA)] = Field(
        0.95, description="The confidence of statistical bounds. Default 95 %.", examples=["99 %"]
    )
    select: Select | None = Field(None, description="The emails that the metrics are about; left out: all.")
    metrics: Metrics = Field(..., description="Metrics and their bounds.")

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:
        """The load of a connector needs to know of which."""
        metrics, select = raw.get("metrics"), raw.get("select")
        of_one = isinstance(select, dict) and "connector" in select
        if isinstance(metrics, dict) and "connector_load" in metrics and not of_one and len(scope.connectors) > 1:
            known = ", ".join(scope.connectors)
            yield Flaw(("metrics", "connector_load"), f"is the load of one connector; write `select: {{connector: NAME}}` (here: {known})")


class NoForm(_Expectation):
    """An expectation without a form: there is none, but its other keys are read all the same."""

    @classmethod
    def fields_in_file(cls) -> Mapping[str, FieldInfo | None]:
        """The keys that it could have."""
        return dict.fromkeys([*(key for keys in _FORMS.values() for key in keys), "name"])

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:  # noqa: ARG003
        """The form is missing, unless an unknown key is told already."""
        if all(key in cls.keys_in_file() for key in raw):
            yield Flaw((), f"nothing is expected; write {', '.join(f'`{form}`' for form in _FORMS)}")


#: The keys that only one form has, the most telling first.
_FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "at": ("at", "emails", "outbox", "connectors"),
    "attempts": ("attempts",),
    "never": ("never", "during"),
    "eventually": ("eventually", "by"),
    "metrics": ("metrics", "over", "confidence", "select"),
}


def _tag(value: Any) -> str:
    """The tag of an expectation's form: that of the first telling key, else of any."""
    if not isinstance(value, dict):
        return "<tag none>"
    telling = next((key for key in value if key in _FORMS), None)
    return f"<tag {telling or next((form for form, keys in _FORMS.items() if any(key in value for key in keys)), 'none')}>"


Expectation: TypeAlias = AtExpectation | AttemptsExpectation | NeverExpectation | EventuallyExpectation | MetricsExpectation
AnyExpectation: TypeAlias = Annotated[
    Annotated[AtExpectation, Tag("<tag at>")]
    | Annotated[AttemptsExpectation, Tag("<tag attempts>")]
    | Annotated[NeverExpectation, Tag("<tag never>")]
    | Annotated[EventuallyExpectation, Tag("<tag eventually>")]
    | Annotated[MetricsExpectation, Tag("<tag metrics>")]
    | Annotated[NoForm, Tag("<tag none>")],
    Discriminator(_tag),
]
