"""Retry patterns and presets: pure, frozen values; no clock, no global random generator."""

from __future__ import annotations

from outboxsim.retry.connector_parts import Breaker, Scan
from outboxsim.retry.delays import (
    Age,
    DelayRule,
    Doublings,
    Exponential,
    Fibonacci,
    Fixed,
    Grid,
    Linear,
    Piece,
    Pieces,
    Polynomial,
    Table,
)
from outboxsim.retry.faults import PatternInvalid
from outboxsim.retry.history import History
from outboxsim.retry.jitter import Decorrelated, Equal, Full, Jitter, NoJitter, Percent, Plus, PlusPerRetry
from outboxsim.retry.parse import parse_breaker, parse_pattern, parse_scan
from outboxsim.retry.pattern import RetryPattern
from outboxsim.retry.presets import PRESETS, Preset, presets
from outboxsim.retry.schedule import Row, Schedule

__all__ = [
    "PRESETS",
    "Age",
    "Breaker",
    "Decorrelated",
    "DelayRule",
    "Doublings",
    "Equal",
    "Exponential",
    "Fibonacci",
    "Fixed",
    "Full",
    "Grid",
    "History",
    "Jitter",
    "Linear",
    "NoJitter",
    "PatternInvalid",
    "Percent",
    "Piece",
    "Pieces",
    "Plus",
    "PlusPerRetry",
    "Polynomial",
    "Preset",
    "RetryPattern",
    "Row",
    "Scan",
    "Schedule",
    "Table",
    "parse_breaker",
    "parse_pattern",
    "parse_scan",
    "presets",
]
