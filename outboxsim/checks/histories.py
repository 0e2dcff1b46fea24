"""What happened to one email, a readable line per event; it follows every failed expectation about that email."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from outboxsim.checks.writing import moment
from outboxsim.markup import visible

if TYPE_CHECKING:
    from outboxsim.quantities import Clock

#: Instant (µs since the start), event, and its detail.
History: TypeAlias = Sequence[tuple[int, str, Mapping[str, Any]]]

#: Of a long history, so many lines are kept: from its beginning, up to the instant of the check, after it.
FIRST: Final = 4
BEFORE: Final = 24
AFTER: Final = 6

#: Details that are instants.
_INSTANTS: Final = frozenset({"next_attempt", "scheduled_for", "connector_next_try", "until"})


def history_lines(history: History, at: int, clock: Clock) -> tuple[str, ...]:
    """An email's history in words, with a mark at the instant of the check; nothing for an email that has none.

    Parameters
    ----------
    history
        As `Result.email_history` gives it.
    at
        The instant of the check, µs since the start.
    """
    if not history:
        return ()
    lines = [(time, visible(f"{moment(time, clock)}: {_sentence(event, detail, clock)}")) for time, event, detail in history]
    before = [line for time, line in lines if time <= at]
    after = [line for time, line in lines if time > at]
    return (*_shortened(before), f"-- checked at {moment(at, clock)} --", *_begun(after))


def _shortened(lines: list[str]) -> list[str]:
    left_out = len(lines) - FIRST - BEFORE
    return lines if left_out <= 1 else [*lines[:FIRST], f"… {left_out} more …", *lines[-BEFORE:]]


def _begun(lines: list[str]) -> list[str]:
    left_out = len(lines) - AFTER
    return lines if left_out <= 1 else [*lines[:AFTER], f"… {left_out} more …"]


def _sentence(event: str, detail: Mapping[str, Any], clock: Clock) -> str:
    """An event in words, then what of its detail the words do not say."""
    told = {key: moment(value, clock) if key in _INSTANTS and isinstance(value, int) else value for key, value in detail.items()}
    words, said = _SENTENCES.get(event, _by_name(event))(told)
    rest = [f"{key.replace('_', ' ')} {value}" for key, value in told.items() if key not in said and value not in (None, "")]
    return ", ".join([words, *rest])


_Told: TypeAlias = Mapping[str, Any]
_Sentence: TypeAlias = tuple[str, frozenset[str]]


def _by(told: _Told) -> str:
    return f" by {told['actor']}" if "actor" in told else ""


def _by_name(event: str) -> Callable[[_Told], _Sentence]:
    return lambda told: (f"{event.replace('_', ' ')}{_by(told)}", frozenset({"actor"}))


def _submitted(told: _Told) -> _Sentence:
    return f"submitted{_by(told)}, {told.get('to', 'queued')}", frozenset({"actor", "to"})


def _released(told: _Told) -> _Sentence:
    words = f"sent now{_by(told)}" if told.get("action") == "send_now" else "released"
    return words, frozenset({"actor", "action", "from", "to", "connector"})


def _attempt_started(told: _Told) -> _Sentence:
    words = f"attempt {told.get('attempt', '')} starts on {told.get('connector', '')}, {told.get('trigger', '')}"
    return words, frozenset({"attempt", "connector", "trigger"})


def _attempt_ended(told: _Told) -> _Sentence:
    error = f" ({told['error']})" if told.get("error") else ""
    return f"attempt ends: {told.get('outcome', '')}{error}", frozenset({"outcome", "error", "connector"})


def _status_changed(told: _Told) -> _Sentence:
    why = f"{told['action']}{_by(told)}: " if "action" in told else ""
    return f"{why}{told.get('from', '')} becomes {told.get('to', '')}", frozenset({"action", "actor", "from", "to", "connector"})


def _action_refused(told: _Told) -> _Sentence:
    words = f"{told.get('action', 'action')}{_by(told)} is refused: {told.get('reason', '')}"
    return words, frozenset({"action", "actor", "reason", "target"})


_SENTENCES: Final[Mapping[str, Callable[[_Told], _Sentence]]] = {
    "submitted": _submitted,
    "released": _released,
    "attempt_started": _attempt_started,
    "attempt_ended": _attempt_ended,
    "status_changed": _status_changed,
    "action_refused": _action_refused,
}
