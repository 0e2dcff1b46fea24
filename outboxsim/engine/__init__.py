"""The engine: the only place that knows time."""

from outboxsim.engine.desk import TimelineOutcome
from outboxsim.engine.email_view import EmailView
from outboxsim.engine.invariants import InvariantBroken
from outboxsim.engine.simulation import MAX_EVENTS, Simulation, run

__all__ = ["MAX_EVENTS", "EmailView", "InvariantBroken", "Simulation", "TimelineOutcome", "run"]
