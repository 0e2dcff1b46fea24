"""The search of a tuning: Optuna proposes patterns, all of them meet the same random numbers, and the hopeless ones are stopped early."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from outboxsim.analysis.asking import Row, spread
from outboxsim.analysis.bootstrap import generator
from outboxsim.analysis.digests import digest
from outboxsim.analysis.intervals import exceeded
from outboxsim.analysis.parts import StudyError
from outboxsim.analysis.question import CURRENT, Candidate, Question
from outboxsim.analysis.variants import Variant
from outboxsim.retry import RetryPattern

if TYPE_CHECKING:
    import optuna

    from outboxsim.analysis.bench import Bench

#: Candidates asked for at once: their replications run side by side.
_BATCH: Final = 4
#: A candidate is stopped when it is worse with this probability of error at each look. Whoever is stopped wrongly is lost, but the
#: search goes on near the good ones; what is said about the final choice does not rest on it.
_STOPPING_ERROR: Final = 0.05
_POPULATION: Final = 16
_STUDY: Final = "tuning"


class Search:
    """The search as it goes: candidates so far, and what was spent on them.

    Parameters
    ----------
    bench
        Runs and remembers replications.
    question
        What is asked.
    current
        The scenario's own pattern: the first candidate, outside the space.
    known
        The scenario's patterns, which choices may name.
    file
        Where the study is kept (SQLite), so that a search that was killed goes on; None: in memory.

    Raises
    ------
    StudyError
        The file holds another study.
    """

    def __init__(
        self, bench: Bench, question: Question, current: RetryPattern, known: Mapping[str, RetryPattern], file: Path | None = None
    ) -> None:
        self.bench = bench
        self.question = question
        self._known = known
        self.candidates = [Candidate(CURRENT, current, "", question.stages[-1])]
        with quiet_optuna():
            self._study, told = _study_of(question, bench.seed, file)
        for one in told:
            pattern = RetryPattern.from_mapping(json.loads(one["pattern"]))
            self.candidates.append(Candidate(one["name"], pattern, one["family"], one["replications"], one["stopped"]))

    @property
    def spent(self) -> int:
        """Replications of all candidates so far."""
        return sum(one.replications for one in self.candidates)

    def rows(self, candidate: Candidate) -> list[Row]:
        """A candidate's replications of the search."""
        return self.bench.rows(candidate.replications, candidate.variant)

    def run(self, budget: int) -> None:
        """Try candidates until about so many replications are spent; the last batch is finished."""
        self.rows(self.candidates[0])
        with quiet_optuna():
            while self.spent + self.question.stages[0] <= budget:
                room = (budget - self.spent) // self.question.stages[0]
                self._try(min(_BATCH, room))

    def _try(self, count: int) -> None:
        """Ask for some candidates, race them, and tell how they did."""
        batch = len(self.candidates)
        trials = [self._asked(batch + place) for place in range(count)]
        raced = self._raced([pattern for _, pattern in trials])
        for place, ((trial, pattern), (replications, stopped)) in enumerate(zip(trials, raced, strict=True)):
            family = trial.params.get("family", self.question.space.names[0])
            candidate = Candidate(f"candidate-{batch + place}", pattern, family, replications, stopped)
            self._tell(trial, candidate, batch=batch, of=count)
            self.candidates.append(candidate)

    def _asked(self, place: int) -> tuple[optuna.Trial, RetryPattern]:
        """A new trial. Each has a sampler of its own seed, so that a search that was killed proposes what it would have proposed."""
        self._study.sampler = _sampler(self.question, int(generator(self.bench.seed, 3, place).integers(2**31)))
        trial = self._study.ask()
        return trial, self.question.space.suggest(trial, self._known)

    def _raced(self, patterns: Sequence[RetryPattern]) -> list[tuple[int, str]]:
        """How many replications each got, and why no more."""
        found: list[tuple[int, str]] = [(0, "")] * len(patterns)
        left = list(range(len(patterns)))
        rivals = [rows for one in self.candidates if not one.stopped and self.question.is_feasible(rows := self.rows(one))]
        for stage in self.question.stages:
            self.bench.run({Variant(patterns[one]): stage for one in left})
            for one in list(left):
                reason = "" if stage == self.question.stages[-1] else self._hopeless(self.bench.rows(stage, Variant(patterns[one])), rivals)
                found[one] = stage, reason
                if reason:
                    left.remove(one)
        return found

    def _hopeless(self, rows: Sequence[Row], rivals: Sequence[Sequence[Row]]) -> str:
        """Why a candidate need not be looked at any longer; empty if it may be good."""
        for constraint in self.question.constraints:
            values = self.question.column(rows, constraint.metric)
            if values is None:
                return f"{constraint.metric} has no value in some replication"
            if _is_above_zero([constraint.sign * (value - constraint.bound) for value in values]):
                return f"breaks {constraint}"
        if any(self.question.column(rows, one.metric) is None for one in self.question.objectives):
            return "an objective has no value in some replication"
        return "worse than another" if any(self._is_worse(rows, rival) for rival in rivals) else ""

    def _is_worse(self, rows: Sequence[Row], rival: Sequence[Row]) -> bool:
        """Whether a candidate is shown to be worse than a rival in every objective, pair by pair."""
        for one in self.question.objectives:
            values, others = self.question.column(rows, one.metric), self.question.column(rival[: len(rows)], one.metric)
            if values is None or others is None or not _is_above_zero([one.sign * (a - b) for a, b in zip(values, others, strict=True)]):
                return False
        return True

    def _tell(self, trial: optuna.Trial, candidate: Candidate, **batch: int) -> None:
        rows = self.rows(candidate)
        told = {
            **batch,
            "name": candidate.name,
            "pattern": json.dumps(candidate.pattern.to_mapping()),
            "family": candidate.family,
            "replications": candidate.replications,
            "stopped": candidate.stopped,
        }
        for key, value in told.items():
            trial.set_user_attr(key, value)
        for place, violation in enumerate(self.question.violations(rows)):
            trial.set_constraint(str(place), violation)
        self._study.tell(trial, self.question.values(rows))


def _is_above_zero(values: Sequence[float]) -> bool:
    """Whether the mean is shown to be above 0 (one-sided t). Equal values alone show nothing."""
    deviation = spread(values)
    mean = math.fsum(values) / len(values)
    if len(values) < 2 or not deviation:
        return len(values) >= 2 and mean > 0
    return exceeded(mean / (deviation / math.sqrt(len(values))), len(values) - 1) < _STOPPING_ERROR


def _study_of(question: Question, seed: int, file: Path | None) -> tuple[optuna.Study, list[dict[str, Any]]]:
    """The study, and what it tells of its candidates.

    A batch that was under way when the search was killed is forgotten and proposed again, as a whole: what was proposed beside others
    would be another proposal after them. Its replications are on the bench.
    """
    import optuna  # noqa: PLC0415 - an extra

    storage = None if file is None else f"sqlite:///{file.resolve().as_posix()}"
    study = _new_study(question, seed, storage)
    for key, value in (("seed", seed), ("question", digest(question))):
        if study.user_attrs[key] != value:
            raise StudyError(f"{file} holds another tuning: its {key} is {study.user_attrs[key]}, not {value}; take another folder")
    trials = study.get_trials()
    done = [trial for trial in trials if trial.state == optuna.trial.TrialState.COMPLETE]
    sizes = Counter(trial.user_attrs["batch"] for trial in done)
    whole = [trial for trial in done if sizes[trial.user_attrs["batch"]] == trial.user_attrs["of"]]
    if storage is not None and len(whole) < len(trials):
        optuna.delete_study(study_name=_STUDY, storage=storage)
        study = _new_study(question, seed, storage)
        study.add_trials(whole)
    return study, [trial.user_attrs for trial in whole]


def _new_study(question: Question, seed: int, storage: str | None) -> optuna.Study:
    """The study in a storage, made if it is missing."""
    import optuna  # noqa: PLC0415

    directions = [
        optuna.study.StudyDirection.MINIMIZE if one.sign > 0 else optuna.study.StudyDirection.MAXIMIZE for one in question.objectives
    ]
    study = optuna.create_study(storage=storage, study_name=_STUDY, directions=directions, load_if_exists=True)
    if not study.user_attrs:
        study.set_user_attr("seed", seed)
        study.set_user_attr("question", digest(question))
    return study


def _sampler(question: Question, seed: int) -> optuna.samplers.BaseSampler:
    """TPE for one objective, NSGA-II for several."""
    import optuna  # noqa: PLC0415

    if len(question.objectives) == 1:
        return optuna.samplers.TPESampler(seed=seed)
    return optuna.samplers.NSGAIISampler(population_size=_POPULATION, seed=seed)


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """No line per trial: the progress bar says enough."""
    import optuna  # noqa: PLC0415

    before: Any = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
