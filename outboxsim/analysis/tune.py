"""`tune`: search retry patterns for what somebody wants of them, and say how sure the answer is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from outboxsim.analysis.asking import asked_of
from outboxsim.analysis.bench import Bench
from outboxsim.analysis.finals import chosen_of_one, front_of_many
from outboxsim.analysis.naming import own_patterns
from outboxsim.analysis.objectives import Constraint, Objective
from outboxsim.analysis.question import Question
from outboxsim.analysis.searching import Search
from outboxsim.analysis.space_reading import parse_space
from outboxsim.analysis.tuning import Tuning
from outboxsim.engine import MAX_EVENTS
from outboxsim.errors import OutboxsimError, QuantityError

if TYPE_CHECKING:
    from outboxsim.scenario import Scenario, Select

#: Replications unless somebody says otherwise: about 40 candidates, and 150 replications for the final choice.
DEFAULT_BUDGET: Final = 600
#: After how many replications a candidate is looked at.
STAGES: Final = (5, 10, 20)
#: The part of the budget that the search may spend; the rest decides among those that it leaves.
_SEARCH: Final = 0.7


class ExtraMissing(OutboxsimError, ImportError):
    """What tuning needs is not installed; the message says how to get it."""


def tune(
    scenario: Scenario,
    space: Any,
    objectives: Sequence[str | Objective] = ("minimise latency_p95",),
    constraints: Sequence[str | Constraint] = (),
    *,
    budget: int = DEFAULT_BUDGET,
    choice: Literal["ocba", "kn"] = "ocba",
    difference: float | str | None = None,
    confidence: float = 0.95,
    select: Select | Mapping[str, Any] | None = None,
    seed: int | None = None,
    stages: Sequence[int] = STAGES,
    executor: Executor | None = None,
    folder: str | os.PathLike[str] | None = None,
    max_events: int = MAX_EVENTS,
    progress: bool = True,
) -> Tuning:
    """Search a space of retry patterns under common random numbers.

    Optuna proposes candidates: TPE for one objective, NSGA-II for several. Each meets the same random numbers, first a few replications,
    then more: whoever breaks a constraint or is shown to be worse than another in every objective is stopped early. The final choice is
    made on new replications, which the search has not seen, so that the winner's luck does not count.

    Parameters
    ----------
    scenario
        What runs; its own pattern is the first candidate, ``current``.
    space
        Where to look: see `outboxsim.analysis.spaces`. YAML text, Python values, or spaces joined by ``|``.
    objectives
        Such as ``minimise latency_p95`` or ``maximise delivered_within(15 min)``: means over replications.
    constraints
        Such as ``give_up_rate <= 1 %``.
    budget
        Replications in all, about: seven in ten for the search, the rest for the final choice.
    choice
        How the final choice among the best of a single objective is made: ``ocba`` (optimal computing budget allocation) spends what is
        left of the budget where it matters and states the probability of correct selection that came of it; ``kn`` (Kim and Nelson) goes
        on until the best is found with probability `confidence`, if it is better by `difference` or more, and may spend up to the whole
        budget once more.
    difference
        For ``kn``: the least difference of the objective that matters, a number in its unit (durations in µs) or a text such as ``30 s``.
    confidence
        Of statements about the choice.
    select, seed, executor, max_events
        As for `replicate`.
    stages
        After how many replications a candidate is looked at; the last is how many a good one gets.
    folder
        Keeps the study there (``study.db`` of Optuna, and every replication), so that one that was killed goes on where it stopped, and
        ends as it would have.
    progress
        Show a progress bar.

    Returns
    -------
    Tuning
        The same for the same scenario, question, budget and seed.

    Raises
    ------
    QuantityError, PatternInvalid, MetricError
        A space, objective or constraint that is none.
    RunStopped, ScenarioInvalid, StudyError
        As for `replicate`.
    ExtraMissing
        Optuna is not installed.
    """
    _require_optuna()
    question = _question(scenario, space, objectives, constraints, stages, budget)
    if choice == "kn" and difference is None:
        raise QuantityError("choice='kn' needs a difference: the least that matters, for example difference='30 s'")
    place = None if folder is None else Path(folder)
    asked = asked_of(scenario, question.metrics, select)
    with (
        _bar(budget, shown=progress) as tick,
        Bench(
            scenario,
            asked,
            seed=seed,
            executor=executor,
            folder=None if place is None else place / "replications",
            max_events=max_events,
            expected=budget,
            progress=tick,
        ) as bench,
    ):
        search = Search(bench, question, scenario.retry, scenario.retry_patterns, None if place is None else place / "study.db")
        search.run(max(int(budget * _SEARCH), 2 * question.stages[-1]))
        rest = max(budget - search.spent, 0)
        if len(question.objectives) > 1:
            final = front_of_many(search, rest)
        else:
            final = chosen_of_one(search, rest, choice, _difference(question, difference), 1 - confidence, most=budget)
        return Tuning(
            scenario=scenario,
            seed=bench.seed,
            question=question,
            candidates=tuple(search.candidates),
            rows={one.name: tuple(search.rows(one)) for one in search.candidates},
            final=final,
            confidence=confidence,
            select=asked[0].select,
            notes=tuple(own_patterns(scenario)),
        )


def _question(
    scenario: Scenario,
    space: Any,
    objectives: Sequence[str | Objective],
    constraints: Sequence[str | Constraint],
    stages: Sequence[int],
    budget: int,
) -> Question:
    wanted = tuple(Objective.parse(one) for one in ([objectives] if isinstance(objectives, str) else objectives))
    bounds = tuple(Constraint.parse(one) for one in ([constraints] if isinstance(constraints, str) else constraints))
    if not wanted:
        raise QuantityError("there is no objective; write for example objectives=['minimise latency_p95']")
    if len({one.metric for one in wanted}) < len(wanted):
        raise QuantityError(f"two objectives are about the same metric: {', '.join(map(str, wanted))}")
    looks = tuple(stages)
    if not looks or looks[0] < 2 or list(looks) != sorted(set(looks)):
        raise QuantityError(f"{stages!r} are no stages; write ascending numbers of replications from 2 on, for example (5, 10, 20)")
    if budget < 4 * looks[-1]:
        raise QuantityError(f"a budget of {budget} replications is too small to choose anything; write at least {4 * looks[-1]}")
    read = parse_space(space)
    read.check(scenario.retry_patterns)
    return Question(read, wanted, bounds, looks)


def _difference(question: Question, difference: float | str | None) -> float | None:
    if isinstance(difference, str):
        return Constraint.parse(f"{question.objectives[0].metric} <= {difference}").bound
    return difference


def _require_optuna() -> None:
    try:
        import optuna  # noqa: F401, PLC0415
    except ImportError:
        raise ExtraMissing("tuning needs Optuna; install it with: pip install 'outboxsim[tune]'") from None


@contextmanager
def _bar(total: int, *, shown: bool) -> Iterator[Callable[[int], object]]:
    """A progress bar over replications, or nothing at all."""
    if not shown:
        yield lambda _: None
        return
    from tqdm.auto import tqdm  # noqa: PLC0415 - an extra; Optuna brings it

    with tqdm(total=total, unit="run", desc="tuning") as bar:
        yield bar.update
