"""Tasks of a lesson, and whether they are done: expectations of scenario files and questions, judged on a run that may still go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from outboxsim.checks.judge import judge
from outboxsim.scenario import AtExpectation, AttemptsExpectation, EventuallyExpectation, MetricsExpectation, NeverExpectation, Source

if TYPE_CHECKING:
    from outboxsim.analysis import Result
    from outboxsim.scenario import Expectation, Scenario

#: A text in one language for all, or by language.
Text: TypeAlias = "str | Mapping[str, str]"

#: The instant of the state that a class has in front of it.
NOW: Final = "now"


class Done(StrEnum):
    """How a task stands: it is done, can no longer be, or is still to come."""

    YES = "yes"
    NO = "no"
    NOT_YET = "not yet"


#: What a task may ask of the run so far; a plain answer of no may still become a yes.
Holds: TypeAlias = "Callable[[Result], bool | Done]"


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do, and what tells that it is done.

    Attributes
    ----------
    title, text, hint
        What the class reads; the hint only while it is not done.
    expect
        As in scenario files; besides, ``at: now`` is the instant at which it is judged. Not shown to the class.
    holds
        A predicate on the result, for what expectations cannot ask; such as one of `outboxsim.checks.questions`.
    after
        A moment before which it cannot be done.
    """

    title: Text
    text: Text = ""
    hint: Text = ""
    expect: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    holds: Holds | None = field(default=None, repr=False)
    after: str = "start"


@dataclass(frozen=True, slots=True)
class _Expected:
    """An expectation, as it was written and as it is judged."""

    written: Mapping[str, Any]
    expectation: Expectation
    is_about_now: bool


@dataclass(frozen=True, slots=True)
class Check:
    """What tells that a task is done."""

    scenario: Scenario
    after: int
    expected: tuple[_Expected, ...]
    holds: Holds | None

    @classmethod
    def of(cls, scenario: Scenario, task: Task, number: int, source: Source | None) -> Self:
        """The check of a lesson's task; raises `ScenarioInvalid`."""
        is_about_now = [one.get("at") == NOW for one in task.expect]
        # `end` stands in for `now`: it is within the horizon, and moves to the instant of judging then.
        values = [{**one, "at": "end"} if now else one for one, now in zip(task.expect, is_about_now, strict=True)]
        expectations = scenario.expectations(values, source=source, place=("tasks", number, "expect"))
        after = scenario.clock.moment(task.after, horizon=scenario.horizon)
        return cls(scenario, after, tuple(map(_Expected, task.expect, expectations, is_about_now)), task.holds)

    def judged(self, result: Result) -> Done:
        """The worst of what is expected and asked: what can no longer be, then what is still to come."""
        at_end = result.horizon >= self.scenario.horizon
        answers = {self._of(expected, result, at_end) for expected in self.expected}
        if result.horizon < self.after:
            answers.add(Done.NOT_YET)
        elif self.holds is not None:
            answers.add(_answer(self.holds(result), at_end))
        return worst(answers)

    def settled(self, result: Result) -> list[dict[str, Any]]:
        """What is so by now and stays so, whatever comes: as a scenario file writes it."""
        now = {"at": result.clock.iso(result.horizon)}
        at_end = result.horizon >= self.scenario.horizon
        return [
            {**expected.written, **(now if expected.is_about_now else {})}
            for expected in self.expected
            if self._of(expected, result, at_end) is Done.YES and not isinstance(expected.expectation, MetricsExpectation)
        ]

    def _of(self, expected: _Expected, result: Result, at_end: bool) -> Done:
        now, expectation = result.horizon, expected.expectation
        if expected.is_about_now:
            return _answer(self._keeps(expectation.model_copy(update={"at": now}), result), at_end)
        match expectation:
            case AtExpectation():
                return Done.NOT_YET if expectation.at > now else _settled(self._keeps(expectation, result))
            case EventuallyExpectation():
                return _answer(self._keeps(expectation, result), now >= expectation.by)
            case NeverExpectation():
                return (Done.YES if now >= expectation.during[1] else Done.NOT_YET) if self._keeps(expectation, result) else Done.NO
            case MetricsExpectation():
                return _answer(self._keeps(expectation, result), at_end)
            case AttemptsExpectation():
                return _settled(self._keeps(expectation, result)) if at_end else Done.NOT_YET

    def _keeps(self, expectation: Expectation, result: Result) -> bool:
        alone = self.scenario.model_copy(update={"expect": (expectation,)})
        return all(verdict.passed for verdict in judge(alone, result))


def _settled(passed: bool) -> Done:
    return Done.YES if passed else Done.NO


def _answer(answer: bool | Done, is_last: bool) -> Done:
    """A yes stays one; what is not so yet may still become so, unless this was the last chance."""
    if answer is True or answer is Done.YES:
        return Done.YES
    return Done.NO if is_last or answer is Done.NO else Done.NOT_YET


def worst(answers: Iterable[Done]) -> Done:
    """The answer that decides: what can no longer be, then what is still to come."""
    given = set(answers)
    return next((done for done in (Done.NO, Done.NOT_YET) if done in given), Done.YES)
