"""Scenario files: frozen values, every fault of a file at once with its place, and the schema of the format (spec/scenario.md)."""

from __future__ import annotations

from outboxsim.scenario.comparisons import Comparison
from outboxsim.scenario.connectors import Connector, ConnectorSettings
from outboxsim.scenario.emails import Attachment, Email
from outboxsim.scenario.expectations import (
    AtExpectation,
    AttemptsExpectation,
    EventuallyExpectation,
    Expectation,
    MetricsExpectation,
    NeverExpectation,
    OutboxCheck,
    Select,
)
from outboxsim.scenario.failures import FailureShare, Greylisting
from outboxsim.scenario.format_schema import json_schema, schema
from outboxsim.scenario.load import load, loads
from outboxsim.scenario.outages import Breakdowns, Outage
from outboxsim.scenario.people import Team, User, UserSettings, WorkItem
from outboxsim.scenario.places import Source
from outboxsim.scenario.scenario import Replications, Scenario
from outboxsim.scenario.states import EmailState
from outboxsim.scenario.submissions import Submission
from outboxsim.scenario.targets import Selection
from outboxsim.scenario.timeline import (
    AssignEntry,
    CancelEntry,
    DisableEntry,
    EnableEntry,
    MergeEntry,
    OutageEntry,
    RetryEntry,
    SendNowEntry,
    SetEntry,
    Settings,
    ShareEntry,
    SplitEntry,
    SubmitEntry,
    TimelineEntry,
    UndoEntry,
)
from outboxsim.scenario.traffic import Batch, Every, Hourly, Poisson, Traffic

__all__ = [
    "AssignEntry",
    "AtExpectation",
    "Attachment",
    "AttemptsExpectation",
    "Batch",
    "Breakdowns",
    "CancelEntry",
    "Comparison",
    "Connector",
    "ConnectorSettings",
    "DisableEntry",
    "Email",
    "EmailState",
    "EnableEntry",
    "EventuallyExpectation",
    "Every",
    "Expectation",
    "FailureShare",
    "Greylisting",
    "Hourly",
    "MergeEntry",
    "MetricsExpectation",
    "NeverExpectation",
    "Outage",
    "OutageEntry",
    "OutboxCheck",
    "Poisson",
    "Replications",
    "RetryEntry",
    "Scenario",
    "Select",
    "Selection",
    "SendNowEntry",
    "SetEntry",
    "Settings",
    "ShareEntry",
    "Source",
    "SplitEntry",
    "Submission",
    "SubmitEntry",
    "Team",
    "TimelineEntry",
    "Traffic",
    "UndoEntry",
    "User",
    "UserSettings",
    "WorkItem",
    "json_schema",
    "load",
    "loads",
    "schema",
]
