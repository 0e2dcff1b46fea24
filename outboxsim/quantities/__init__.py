"""Durations, moments, rates, shares and random durations (spec/scenario.md section 1).

Inside, durations and instants are whole microseconds; instants count from the scenario's start.
"""

from __future__ import annotations

from outboxsim.quantities.clock import Clock
from outboxsim.quantities.durations import LONGEST, format_duration, parse_duration
from outboxsim.quantities.random_durations import (
    Constant,
    Empirical,
    Exponential,
    Gamma,
    Lognormal,
    RandomDuration,
    Triangular,
    Uniform,
    Weibull,
)
from outboxsim.quantities.rates import Rate, parse_rate, parse_share

__all__ = [
    "LONGEST",
    "Clock",
    "Constant",
    "Empirical",
    "Exponential",
    "Gamma",
    "Lognormal",
    "RandomDuration",
    "Rate",
    "Triangular",
    "Uniform",
    "Weibull",
    "format_duration",
    "parse_duration",
    "parse_rate",
    "parse_share",
]
