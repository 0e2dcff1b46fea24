"""The names of the metrics and what kind of value each has (spec/scenario.md section 3); `outboxsim.analysis` computes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from outboxsim.quantities import parse_duration

#: What a metric's value is: a count, any number from 0 on, a share from 0 to 1, or a duration.
MetricKind: TypeAlias = Literal["count", "number", "share", "duration"]

METRIC_KINDS: Final[Mapping[str, MetricKind]] = {
    "submitted": "count",
    "sent": "count",
    "failed": "count",
    "cancelled": "count",
    "in_outbox": "count",
    "attempts": "count",
    "attempts_per_sent": "number",
    "wasted_attempts": "count",
    "delivered_within": "share",
    "latency_p50": "duration",
    "latency_p95": "duration",
    "latency_p99": "duration",
    "give_up_rate": "share",
    "peak_attempt_rate": "count",
    "retry_storm": "number",
    "backlog_drain": "duration",
    "connector_load": "share",
    "operator_actions": "count",
}

_DELIVERED_WITHIN: Final = re.compile(r"delivered_within\((.*)\)", re.DOTALL)

#: The names as files write them; the first of them takes a duration.
METRIC_NAMES: Final = tuple("delivered_within(15 min)" if name == "delivered_within" else name for name in METRIC_KINDS)


def kind_of_metric(name: str) -> MetricKind | None:
    """The kind of a metric's value; None if there is no such metric.

    Raises
    ------
    QuantityError
        If the duration of ``delivered_within(D)`` is none.
    """
    match = _DELIVERED_WITHIN.fullmatch(name)
    if match is not None:
        parse_duration(match[1])
        return "share"
    return METRIC_KINDS.get(name) if name != "delivered_within" else None
