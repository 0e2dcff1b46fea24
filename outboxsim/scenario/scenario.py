"""The scenario itself: all that a file says, resolved and frozen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, PlainValidator, PrivateAttr, ValidationInfo, WithJsonSchema

from outboxsim.quantities import Clock, format_duration
from outboxsim.quantities.clock import ISO_INSTANT, check_time_zone, looks_like_moment
from outboxsim.retry import PRESETS, RetryPattern, parse_pattern
from outboxsim.scenario.concept import Concept
from outboxsim.scenario.connectors import Connector
from outboxsim.scenario.emails import Email
from outboxsim.scenario.expectations import AnyExpectation, Expectation
from outboxsim.scenario.flaws import Flaw, flaws_in, raised
from outboxsim.scenario.people import Team, User, WorkItem, users_of
from outboxsim.scenario.places import Loc, Source
from outboxsim.scenario.readers import MOMENT_SCHEMA, ManualRetry, Name, OnEnable, PositiveCount, Seed, Text, read_name, scope_of_info
from outboxsim.scenario.retrying import PATTERN_SCHEMA, Pattern, ScanValue
from outboxsim.scenario.scope import Scope
from outboxsim.scenario.timeline import AnyEntry, Settings
from outboxsim.scenario.traffic import Traffic
from outboxsim.scenario.whole_file import flaws_of_whole
from outboxsim.scenario.words import shown

#: Some minutes to hours of small scenarios; more is a slip of the keyboard.
_MOST_REPLICATIONS = 100_000

_EXAMPLE = "write for example '2026-03-02T09:00:00'"


def _read_version(value: Any) -> int:
    if isinstance(value, bool) or value != 1:
        raise ValueError(f"{shown(value)} is no version that is known here; write `outboxsim: 1`")
    return 1


def _read_time_zone(value: Any) -> str:
    check_time_zone(value)
    return str(value)


def _read_start(value: Any, info: ValidationInfo) -> datetime:
    """The start; without a sound time zone only its form is looked at."""
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no ISO instant; {_EXAMPLE}")
    if "time_zone" in info.data:
        return Clock(value, info.data["time_zone"]).datetime(0)
    return Clock(value, "UTC").datetime(0)


def _read_horizon(value: Any, info: ValidationInfo) -> int:
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no duration and no moment; write for example '8 h' or '17:00'")
    clock = scope_of_info(info).clock
    if clock is None and looks_like_moment(value):
        return 1
    horizon = (clock or Clock("2000-01-01T00:00:00")).moment(value)
    if horizon == 0:
        raise ValueError(f"{shown(value)} is the start itself; the horizon has to be after it, for example '8 h'")
    return horizon


def _read_patterns(value: Any) -> dict[str, RetryPattern]:
    """The file's patterns in order: each may use those above it, and the presets."""
    if not isinstance(value, dict):
        raise ValueError(f"{shown(value)} is no mapping of names to retry patterns; write for example {{standard: [1 min, 5 min]}}")
    flaws: list[Flaw] = []
    patterns: dict[str, RetryPattern] = {}
    for name, raw in value.items():
        try:
            read_name(name)
        except ValueError as error:
            flaws.append(Flaw((name,), str(error), of_key=True))
        try:
            patterns[name] = parse_pattern(raw, patterns).replace(name=name)
        except ValueError as error:
            flaws += [flaw.below(name) for flaw in flaws_in(error)]
            patterns[name] = PRESETS["default"]
    if flaws:
        raise raised(flaws)
    return patterns


class Replications(Concept):
    """The least and the most runs of statistical expectations."""

    of: ClassVar[str] = "replications"

    min: PositiveCount = Field(20, description="The least. Default 20.")
    max: PositiveCount = Field(200, description="The most. Default 200.")

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:  # noqa: ARG003
        """The least is at most the most."""
        least, most = raw.get("min", 20), raw.get("max", 200)
        for key in ("min", "max"):
            if type(raw.get(key)) is int and raw[key] > _MOST_REPLICATIONS:
                yield Flaw((key,), f"{raw[key]:,} replications would take very long; write at most {_MOST_REPLICATIONS:,}")
        if type(least) is int and type(most) is int and least > most > 0:
            yield Flaw(("min" if "min" in raw else "max",), f"min ({least}) is above max ({most}); write the least first")


class Scenario(Concept):
    """All that a scenario file says, resolved: instants and durations in microseconds, names checked, routes chosen."""

    of: ClassVar[str] = "a scenario"

    outboxsim: Annotated[Literal[1], PlainValidator(_read_version), WithJsonSchema({"const": 1})] = Field(
        ..., description="The format's version: 1."
    )
    name: Text = Field("", description="What reports call it.", examples=["Mail connector down over lunch"])
    description: Text = Field("", description="What this scenario shows, and to whom.")
    time_zone: Annotated[str, PlainValidator(_read_time_zone), WithJsonSchema({"type": "string"})] = Field(
        "UTC", description="The IANA time zone of local times. Default UTC.", examples=["Europe/Berlin"]
    )
    start: Annotated[datetime, PlainValidator(_read_start), WithJsonSchema({"type": "string", "pattern": rf"^\s*{ISO_INSTANT}\s*$"})] = (
        Field(..., description="When it starts: an ISO instant, with offset or local.", examples=["2026-03-02T09:00:00"])
    )
    horizon: Annotated[int, PlainValidator(_read_horizon), WithJsonSchema(MOMENT_SCHEMA)] = Field(
        ..., description="When it ends: a duration or a moment. Events at the horizon itself still happen.", examples=["8 h"]
    )
    seed: Seed = Field(0, description="The seed of all random numbers. Default 0.", examples=[7])
    scan: ScanValue | None = Field(None, description="When queues are looked at (L6); left out: at every due instant.")
    teams: dict[Name, Team] = Field(
        {}, description="Teams with leaders and members.", examples=[{"payroll": {"leaders": ["greta"], "members": ["lena"]}}]
    )
    users: dict[Name, User] = Field({}, description="Details of users; a name that only a team mentions needs no entry.")
    work_items: dict[Name, WorkItem] = Field({}, description="Tickets, cases and actions.")
    connectors: dict[Name, Connector] = Field({}, description="Connectors; a single one is the default.")
    retry_patterns: Annotated[
        dict[str, RetryPattern],
        PlainValidator(_read_patterns),
        WithJsonSchema({"type": "object", "additionalProperties": PATTERN_SCHEMA}),
    ] = Field({}, description="Retry patterns by name; the presets need no entry.", examples=[{"standard": ["1 min", "5 min", "15 min"]}])
    retry: Pattern = Field(PRESETS["default"], description="The retry pattern. Default: the preset default.", examples=["standard"])
    attempt_limit: PositiveCount | None = Field(None, description="The most attempts of an email (B1). Default none.", examples=[8])
    manual_retry: ManualRetry = Field("continue", description="What a manual retry does to the pattern's steps (L5). Default continue.")
    on_enable: OnEnable = Field("manual", description="What enabling a connector does to emails that met it disabled. Default manual.")
    emails: tuple[Email, ...] = Field((), description="Emails one by one.")
    emails_file: Text | None = Field(
        None, description="More emails, from a CSV or Parquet file in this folder or below.", examples=["outbox-export.csv"]
    )
    traffic: tuple[Traffic, ...] = Field((), description="Emails that arrive over time.")
    timeline: tuple[AnyEntry, ...] = Field((), description="What people and the world do; the order in the file decides at one instant.")
    replications: Replications = Field(
        Replications.model_construct(min=20, max=200), description="How many runs statistical expectations may take."
    )
    expect: tuple[AnyExpectation, ...] = Field((), description="What is expected of the run.")

    _clock: Clock
    _default_connector: str | None = None
    _addresses: dict[str, str] = PrivateAttr(default_factory=dict)
    _source: Source | None = None
    _scope: Scope | None = None
    _written: Mapping[str, Any] = PrivateAttr(default_factory=dict)

    def settings(self, changes: Mapping[str, Any]) -> Settings:
        """Settings as the timeline's ``set`` writes them, for `Simulation.change`.

        Parameters
        ----------
        changes
            For example ``{"retry": "postfix"}`` or ``{"users": {"lena": {"undo_window": "10 s"}}}``.

        Raises
        ------
        ScenarioInvalid
            With every fault; lines and columns are 1, for there is no file.
        """
        from outboxsim.scenario.load import settings_of_mapping  # noqa: PLC0415 - which itself needs this class

        assert self._scope is not None, "scenarios are made by load, loads or Scenario.from_mapping"
        return settings_of_mapping(changes, self._scope)

    def expectations(
        self, values: Sequence[Mapping[str, Any]], *, source: Source | None = None, place: Loc = ("expect",)
    ) -> tuple[Expectation, ...]:
        """Expectations of this scenario beside those of its file, such as a lesson's.

        Parameters
        ----------
        values
            As files write them, for example ``[{"at": "12:10", "emails": {"m1": "sent"}}]``.
        source, place
            The file in which they stand, and where, for the places of faults.

        Raises
        ------
        ScenarioInvalid
            With every fault.
        """
        from outboxsim.scenario.load import expectations_of_values  # noqa: PLC0415 - which itself needs this class

        assert self._scope is not None, "scenarios are made by load, loads or Scenario.from_mapping"
        return expectations_of_values(values, self._scope, source or Source("<mapping>"), place)

    def replace(self, **settings: Any) -> Self:
        """The same scenario with other Builder settings, to compare them on one seed.

        Parameters
        ----------
        **settings
            `retry`, `attempt_limit`, `manual_retry`, `on_enable`: as files write them; `retry` also as a `RetryPattern`.

        Raises
        ------
        ScenarioInvalid
            With every fault; lines and columns are 1, for there is no file.
        """
        pattern = settings.get("retry")
        given = {key: value for key, value in settings.items() if not isinstance(value, RetryPattern)}
        read = self.settings(given) if given else None
        changes = {} if read is None else {key: getattr(read, key) for key in read.model_fields_set}
        if isinstance(pattern, RetryPattern):
            changes["retry"] = pattern
        changed = self.model_copy(update=changes)
        changed._written = {**self._written, **settings}
        return changed

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], *, folder: str | None = None) -> Scenario:
        """A scenario from Python values, which are those that a file would hold.

        Parameters
        ----------
        mapping
            The keys of a scenario file; durations and moments are texts as there.
        folder
            Where an emails_file is looked for.

        Raises
        ------
        ScenarioInvalid
            With every fault; lines and columns are 1, for there is no file.
        """
        from outboxsim.scenario.load import scenario_of_mapping  # noqa: PLC0415 - which itself needs this class

        return scenario_of_mapping(mapping, folder=folder)

    def __repr__(self) -> str:
        size = f"connectors={len(self.connectors)}, emails={len(self.emails)}, traffic={len(self.traffic)}"
        return f"Scenario({self.name!r}, {format_duration(self.horizon)} from {self.clock.iso(0)}, {size})"

    def _repr_html_(self) -> str:
        from outboxsim.scenario.notebook import scenario_html  # noqa: PLC0415 - nobody else draws

        return scenario_html(self)

    @property
    def clock(self) -> Clock:
        """From moments to microseconds since the start, and back."""
        return self._clock

    @property
    def default_connector(self) -> str | None:
        """The connector of emails whose address no connector lists (C2)."""
        return self._default_connector

    @property
    def written(self) -> Mapping[str, Any]:
        """The keys of its file (or mapping) with their plain values, but for `emails`; what `replace` replaced included."""
        return self._written

    @property
    def source(self) -> Source | None:
        """The file and where its values stand; None if the scenario comes from Python."""
        return self._source

    def route(self, via: str | None, from_address: str | None) -> str:
        """The connector of an email (C2): `via`, else the one that lists the address, else the default.

        Raises
        ------
        ValueError
            If it would need a default and there is none.
        """
        if via is not None:
            return via
        connector = self._addresses.get(from_address, self._default_connector) if from_address is not None else self._default_connector
        if connector is None:
            raise ValueError(f"no connector lists {from_address!r} and none is the default; write `default: true` for one (C2)")
        return connector

    @classmethod
    def flaws_between(cls, raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:
        """What only the whole file can say."""
        if scope.is_of_a_file:
            yield from flaws_of_whole(raw, scope)
        else:
            yield Flaw((), "a scenario is made by load, loads or Scenario.from_mapping, which know what its names mean")

    def completed(self, raw: Mapping[str, Any], scope: Scope) -> Self:
        """The scenario with all users and all emails, and what the engine asks it for."""
        whole = self.model_copy(update={"users": users_of(self.users, self.teams), "emails": self.emails + scope.read_emails})
        for index, entry in enumerate(whole.timeline):
            entry._index = index
        for index, expectation in enumerate(whole.expect):
            expectation._index = index
        whole._clock = Clock(str(raw["start"]), self.time_zone)
        whole._default_connector = scope.default_connector
        whole._addresses = dict(scope.addresses)
        whole._scope = scope
        whole._written = {key: value for key, value in raw.items() if key != "emails"}
        return whole
