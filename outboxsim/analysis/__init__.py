"""Tables in, numbers and pictures out."""

from outboxsim.analysis.replay import EmailState, Replay
from outboxsim.analysis.result import Result

__all__ = ["EmailState", "Replay", "Result"]
