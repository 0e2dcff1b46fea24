"""Judges the timeline: every action is an expectation of its own (spec/scenario.md section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from outboxsim.checks.judge import Place, Stage
from outboxsim.checks.verdict import Verdict

if TYPE_CHECKING:
    from outboxsim.analysis.result import Result
    from outboxsim.engine import TimelineOutcome
    from outboxsim.scenario import Scenario
    from outboxsim.scenario.timeline import Entry

#: What became of an action on one target: this, or the reason of the refusal.
DONE: Final = "done"
#: A selection matched nothing, or not this email.
NOT_SELECTED: Final = "nothing selected"

#: Verbs whose targets are emails; a failed one then tells the email's history.
_ON_EMAILS: Final = frozenset({"retry", "cancel", "send_now", "undo"})


def judge_actions(scenario: Scenario, result: Result, outcomes: Iterable[TimelineOutcome]) -> list[Verdict]:
    """The verdicts on the timeline's actions, in the file's order.

    Parameters
    ----------
    scenario, result
        What ran, and its run.
    outcomes
        What became of each entry on each of its targets, in any order.
    """
    stage = Stage(scenario, result)
    entries = {entry.index: entry for entry in scenario.timeline}
    in_file_order = sorted(outcomes, key=lambda outcome: outcome.index)
    return [verdict for outcome in in_file_order for verdict in _entry(stage, entries[outcome.index], outcome)]


def _entry(stage: Stage, entry: Entry, outcome: TimelineOutcome) -> Iterator[Verdict]:
    got: dict[str, str | None] = {target: DONE if reason is None else str(reason) for target, reason in outcome.targets}
    if not got and entry.may_be_empty:
        got_nothing = _wanted_by_name(entry)
    elif not got:
        got_nothing = _wanted_by_name(entry) or {"": _wanted_of_nothing(entry)}
    else:
        got_nothing = {target: reason for target, reason in _wanted_by_name(entry).items() if target not in got}
    for target, found in got.items():
        yield _action(stage, entry, outcome.at, target, wanted=_wanted(entry, target, got), found=found)
    for target, wanted in got_nothing.items():
        yield _action(stage, entry, outcome.at, target, wanted=wanted, found=None)


def _wanted(entry: Entry, target: str, got: Mapping[str, str | None]) -> str:
    """What should have become of this target, given what became of all."""
    refused = entry.refused
    if refused is None:
        return DONE
    if isinstance(refused, str):  # each refusal is for this reason, and there is at least one
        one_is_refused = any(found != DONE for found in got.values())
        return DONE if one_is_refused and got[target] == DONE else str(refused)
    return str(refused.get(target, DONE))


def _wanted_by_name(entry: Entry) -> dict[str, str]:
    """The targets that must be refused by name."""
    refused = entry.refused
    return {} if refused is None or isinstance(refused, str) else {target: str(reason) for target, reason in refused.items()}


def _wanted_of_nothing(entry: Entry) -> str:
    """What a selection that must match something should have given."""
    return DONE if entry.refused is None else str(entry.refused)


def _action(stage: Stage, entry: Entry, at: int, target: str, *, wanted: str, found: str | None) -> Verdict:
    place: Place = ("timeline", entry.index, entry.verb)
    path = f"timeline[{entry.index}].{entry.verb}{f'.{target}' if target else ''}"
    got = NOT_SELECTED if found is None else _in_words(found)
    return stage.verdict(
        passed=wanted == found,
        at=at,
        path=path,
        place=place,
        expected=wanted,
        got=found,
        message=f"expected {_in_words(wanted)}, got {got}",
        about=target if entry.verb in _ON_EMAILS and target else None,
    )


def _in_words(result: str) -> str:
    return result if result == DONE else f"refused: {result}"
