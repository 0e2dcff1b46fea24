"""The end of a tuning: the choice among the best candidates, on replications that the search has not seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from outboxsim.analysis.asking import Row, spread
from outboxsim.analysis.bootstrap import RESAMPLES, resampled_means
from outboxsim.analysis.question import CURRENT, Candidate, Question
from outboxsim.analysis.searching import Search
from outboxsim.analysis.selecting import allocation, kim_nelson, probability_of_correct_selection

#: At most so many candidates meet in the final of one objective: the best by their means.
_FINALISTS: Final = 8
#: New replications of each finalist, at least, and how many are given out at once after that.
_FIRST: Final = 10
_STEP: Final = 20


@dataclass(frozen=True)
class Outcome:
    """What the final came to.

    Attributes
    ----------
    names
        The finalists; the scenario's own pattern is always among them.
    rows
        Their new replications.
    chosen
        The best of them; of several objectives the one nearest to the best of each. None if no finalist keeps the constraints.
    how
        How it was chosen, in words.
    probability
        Of one objective: at least how probable it is that the chosen one is the best of the finalists. None if nothing can be said.
    on_front
        Of several: the finalists that no other beats in everything, each with the probability of that.
    """

    names: tuple[str, ...]
    rows: Mapping[str, tuple[Row, ...]]
    chosen: str | None
    how: str
    probability: float | None = None
    on_front: Mapping[str, float] = field(default_factory=dict)


class _Fresh:
    """New replications of finalists: those behind the search's."""

    def __init__(self, search: Search, finalists: Sequence[Candidate]) -> None:
        self._bench = search.bench
        self._begin = search.question.stages[-1]
        self.finalists = list(finalists)
        self.counts = [0] * len(finalists)

    def grow(self, counts: Sequence[int]) -> None:
        """Run until each finalist has so many."""
        self.counts = [max(pair) for pair in zip(self.counts, counts, strict=True)]
        self._bench.run({one.variant: self._begin + count for one, count in zip(self.finalists, self.counts, strict=True) if count})

    def rows(self, place: int) -> list[Row]:
        """A finalist's."""
        return self._bench.rows(self._begin + self.counts[place], self.finalists[place].variant)[self._begin :]

    def all(self) -> dict[str, tuple[Row, ...]]:
        """Everybody's."""
        return {one.name: tuple(self.rows(place)) for place, one in enumerate(self.finalists)}


def _eligible(search: Search) -> list[Candidate]:
    """Candidates that had all replications and keep the constraints, one of each pattern, the earliest."""
    found: dict[str, Candidate] = {}
    for one in search.candidates:
        if not one.stopped and search.question.is_feasible(search.rows(one)):
            found.setdefault(one.variant.key, one)
    return list(found.values())


# One objective ----------------------------------------------------------------------------------------------------------------------


def chosen_of_one(search: Search, rest: int, choice: str, difference: float | None, error: float, *, most: int) -> Outcome:
    """The best of one objective, by OCBA with `rest` replications, or by KN with at most `most`."""
    question = search.question
    objective = question.objectives[0]
    eligible = sorted(_eligible(search), key=lambda one: objective.sign * question.values(search.rows(one))[0])
    finalists = eligible[: max(2, min(_FINALISTS, rest // _FIRST - 1 if choice == "ocba" else _FINALISTS))]
    fresh = _Fresh(search, finalists)
    if not finalists:
        return _reference_only(search, "no candidate keeps the constraints")
    how = _by_ocba(fresh, question, rest) if choice == "ocba" else _by_kn(fresh, question, difference or 0.0, error, most)
    return _decided(search, fresh, how)


def _column(question: Question, rows: Sequence[Row]) -> list[float]:
    """The objective, less is better; replications without a value count as worse than all."""
    objective = question.objectives[0]
    place = question.metrics.index(objective.metric)
    return [math.inf if row[place] is None else objective.sign * float(row[place]) for row in rows]  # type: ignore[arg-type]  # None is told apart


def _paired_means(columns: Sequence[Sequence[float]]) -> list[float]:
    """Each one's mean as if it had had as many replications as the one with the most: that one's, and the paired difference to it.

    Who has fewer may have had the easier ones; the same random numbers make that up.
    """
    longest = max(columns, key=len)
    mean = math.fsum(longest) / len(longest)
    return [mean + math.fsum(a - b for a, b in zip(column, longest, strict=False)) / len(column) for column in columns]


def _by_ocba(fresh: _Fresh, question: Question, rest: int) -> str:
    many = len(fresh.finalists)
    fresh.grow([max(2, min(_FIRST, rest // many))] * many)
    while many > 1 and sum(fresh.counts) < rest:
        columns = [_column(question, fresh.rows(place)) for place in range(many)]
        means = _paired_means(columns)
        if not all(map(math.isfinite, means)):
            break
        best = means.index(min(means))
        gaps = [spread([a - b for a, b in zip(column, columns[best], strict=False)]) for column in columns]
        gaps[best] = max(gaps)
        total = min(rest, sum(fresh.counts) + _STEP)
        wanted = allocation(means, gaps, fresh.counts, total)
        # Pairs are what counts: whoever gets new replications gets them in pairs with the best.
        wanted[best] = max(wanted)
        fresh.grow(wanted)
    return f"OCBA over {sum(fresh.counts)} new replications of {many} finalists"


def _by_kn(fresh: _Fresh, question: Question, difference: float, error: float, most: int) -> str:
    def values(places: Sequence[int], count: int) -> list[list[float]]:
        fresh.grow([count if place in places else 0 for place in range(len(fresh.finalists))])
        return [_column(question, fresh.rows(place))[:count] for place in places]

    many = len(fresh.finalists)
    if many == 1:
        fresh.grow([_FIRST])
        return "the only finalist"
    selected = kim_nelson(values, many, difference, error, first=_FIRST, most=max(_FIRST, most // many))
    sure = "which guarantees it" if selected.is_sure else "which ran out of replications and guarantees nothing"
    fresh.finalists.insert(0, fresh.finalists.pop(selected.best))
    fresh.counts.insert(0, fresh.counts.pop(selected.best))
    return f"KN over {sum(fresh.counts)} new replications of {many} finalists, {sure}"


def _decided(search: Search, fresh: _Fresh, how: str) -> Outcome:
    """The choice: the best mean of those that still keep the constraints; the scenario's own pattern gets as many replications."""
    question, many = search.question, len(fresh.finalists)
    columns = [_column(question, fresh.rows(place)) for place in range(many)]
    kept = [place for place in range(many) if question.is_feasible(fresh.rows(place))]
    if how.startswith("KN"):
        kept = kept[:1]
    means = _paired_means(columns)
    best = min(kept, key=lambda place: means[place], default=None)
    chosen = None if best is None else fresh.finalists[best].name
    probability = None if best is None or many == 1 else probability_of_correct_selection(columns, best)
    if all(one.name != CURRENT for one in fresh.finalists):
        fresh.finalists.append(search.candidates[0])
        fresh.counts.append(0)
        fresh.grow([*fresh.counts[:-1], max(fresh.counts)])
    return Outcome(tuple(one.name for one in fresh.finalists), fresh.all(), chosen, how, probability)


def _reference_only(search: Search, how: str) -> Outcome:
    fresh = _Fresh(search, [search.candidates[0]])
    fresh.grow([_FIRST])
    return Outcome((CURRENT,), fresh.all(), None, how)


# Several objectives -----------------------------------------------------------------------------------------------------------------


def front_of_many(search: Search, rest: int) -> Outcome:
    """The Pareto front of several objectives: its candidates share `rest` new replications evenly, and the front is taken of these."""
    question = search.question
    eligible = _eligible(search)
    front = [one for one in eligible if not any(question.dominates(search.rows(other), search.rows(one)) for other in eligible)]
    if not front:
        return _reference_only(search, "no candidate keeps the constraints")
    front = _spread_out(front, question, search, max(1, rest // _FIRST - 1))
    finalists = front if any(one.name == CURRENT for one in front) else [*front, search.candidates[0]]
    fresh = _Fresh(search, finalists)
    fresh.grow([max(_FIRST, rest // len(finalists))] * len(finalists))
    rows = fresh.all()
    on_front = _front_probabilities(question, rows, search.bench.seed)
    how = f"{fresh.counts[0]} new replications of each of {len(finalists)} finalists"
    return Outcome(tuple(rows), rows, _knee(question, rows, list(on_front)), how, on_front=on_front)


def _spread_out(front: list[Candidate], question: Question, search: Search, most: int) -> list[Candidate]:
    """At most so many of a front, spread evenly along its first objective."""
    ordered = sorted(front, key=lambda one: question.values(search.rows(one))[0])
    if len(ordered) <= most:
        return ordered
    places = {round(step * (len(ordered) - 1) / max(1, most - 1)) for step in range(most)}
    return [one for place, one in enumerate(ordered) if place in places]


def _front_probabilities(question: Question, rows: Mapping[str, Sequence[Row]], seed: int) -> dict[str, float]:
    """Who is on the front by the means, and in which part of bootstrap resamples (of replications, the same for all) that holds too."""
    feasible = {name: found for name, found in rows.items() if question.is_feasible(found)}
    front = [name for name, found in feasible.items() if not any(question.dominates(other, found) for other in feasible.values())]
    signs = np.array([one.sign for one in question.objectives], dtype=np.float64)
    places = [question.metrics.index(one.metric) for one in question.objectives]
    values = np.array([[[row[place] for place in places] for row in found] for found in feasible.values()], dtype=np.float64)
    if not front:
        return {}
    who, runs, what = values.shape  # finalist, replication, objective
    count = dict.fromkeys(front, 0)
    for block in resampled_means(values.transpose(1, 0, 2).reshape(runs, who * what), seed, RESAMPLES):
        means = block.reshape(-1, who, what) * signs
        for place, name in enumerate(feasible):
            if name in count:
                ahead = means - means[:, place : place + 1]
                beaten = np.any(np.all(ahead <= 0, axis=2) & np.any(ahead < 0, axis=2), axis=1)
                count[name] += int((~beaten).sum())
    return {name: number / RESAMPLES for name, number in count.items()}


def _knee(question: Question, rows: Mapping[str, Sequence[Row]], front: Sequence[str]) -> str | None:
    """The one of a front that is nearest to the best of each objective, each scaled to what the front spans.

    Of objectives that are above 0 the logarithm counts: from 1 min to 2 min is as far as from 1 h to 2 h.
    """
    if not front:
        return None
    values = np.array([question.values(rows[name]) for name in front])
    values = np.where(values.min(axis=0) > 0, np.log(np.maximum(values, np.finfo(float).tiny)), values)
    values *= [one.sign for one in question.objectives]
    span = np.ptp(values, axis=0)
    scaled = (values - values.min(axis=0)) / np.where(span > 0, span, 1)
    return front[int(np.sqrt((scaled**2).sum(axis=1)).argmin())]
