"""Ranking and selection: where to spend replications so that the best of some candidates is found, and how sure that is.

sim-tools has classes of the same names, which are not used: its `KN` looks variances of differences up in the wrong place (the index of
a pair takes no account of the diagonal it left out), its `OCBA` may take the second best for the best (`argpartition` does not sort) and
cannot have two candidates; neither states a probability, nor can either run replications side by side or be resumed. Here are the rules
alone: values in, numbers of replications out. In all of them less is better.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from outboxsim.analysis.asking import spread
from outboxsim.analysis.intervals import exceeded

#: A gap to the best is at least this part of the largest spread: of equal ones none can be told to be the best, at whatever cost.
_LEAST_GAP: Final = 0.01


def allocation(means: Sequence[float], deviations: Sequence[float], counts: Sequence[int], total: int) -> list[int]:
    """Optimal computing budget allocation: how many replications each candidate should have, of `total` in all.

    Parameters
    ----------
    means, deviations
        What is known of the candidates so far: the best (least) mean is the one to be sure of.
    counts
        How many replications each has: none can have fewer.
    total
        How many there are in all; at least the sum of `counts`.

    Returns
    -------
    list of int
        Per candidate; their sum is `total`.

    Notes
    -----
    Source: C.-H. Chen, J. Lin, E. Yücesan and S. Chick, "Simulation budget allocation for further enhancing the efficiency of ordinal
    optimization", Discrete Event Dynamic Systems 10 (2000), theorem 1: Nᵢ ∝ (σᵢ / δᵢ)² with δᵢ the gap to the best, and for the best
    itself σ · √Σ(Nᵢ / σᵢ)².
    """
    best = min(range(len(means)), key=lambda one: means[one])
    floor = max(deviations) * _LEAST_GAP or 1.0
    weights = [
        (max(deviation, floor * _LEAST_GAP) / max(mean - means[best], floor)) ** 2
        for mean, deviation in zip(means, deviations, strict=True)
    ]
    others = [one for one in range(len(means)) if one != best]
    squares = sum((weights[one] / max(deviations[one], floor * _LEAST_GAP)) ** 2 for one in others)
    weights[best] = max(deviations[best], floor * _LEAST_GAP) * math.sqrt(squares) if others else 1.0
    return _filled(weights, counts, total)


def _filled(weights: Sequence[float], counts: Sequence[int], total: int) -> list[int]:
    """Shares of `total` by weight; whoever has more already keeps that, and the others share the rest."""
    free = set(range(len(weights)))
    while True:
        rest = total - sum(counts[one] for one in range(len(weights)) if one not in free)
        scale = rest / sum(weights[one] for one in free) if free else 0.0
        over = {one for one in free if weights[one] * scale < counts[one]}
        if not over:
            break
        free -= over
    wanted = [weights[one] * scale if one in free else float(counts[one]) for one in range(len(weights))]
    rounded = [math.floor(value) for value in wanted]
    for one in sorted(range(len(weights)), key=lambda one: (rounded[one] - wanted[one], one))[: total - sum(rounded)]:
        rounded[one] += 1
    return rounded


def probability_of_correct_selection(columns: Sequence[Sequence[float]], chosen: int) -> float:
    """At least how probable it is that the chosen candidate has the least mean of all.

    Parameters
    ----------
    columns
        Each candidate's values, replication by replication with the same random numbers; they may differ in length.
    chosen
        Which one.

    Returns
    -------
    float
        1 - Σ P(the other is better), by Student's t of the paired differences over the replications that both have; not below 0. One
        that was equal in all of them does not count against the choice.

    Notes
    -----
    Source: C.-H. Chen and L. H. Lee, "Stochastic Simulation Optimization" (2010), section 3.3 (approximate probability of correct
    selection, Bonferroni), with the spread of the paired differences in place of that of independent ones.
    """
    doubt = 0.0
    for place, column in enumerate(columns):
        if place == chosen:
            continue
        gaps = [other - value for other, value in zip(column, columns[chosen], strict=False)]
        if len(gaps) < 2:
            return 0.0
        mean, deviation = math.fsum(gaps) / len(gaps), spread(gaps)
        if deviation:
            doubt += exceeded(mean / (deviation / math.sqrt(len(gaps))), len(gaps) - 1)
        else:
            doubt += float(mean < 0)
    return max(0.0, 1 - doubt)


@dataclass(frozen=True, slots=True)
class Selection:
    """What `kim_nelson` chose.

    Attributes
    ----------
    best
        The chosen candidate.
    counts
        How many replications each had.
    is_sure
        Whether the procedure ran to its own end, so that its guarantee holds; False if it was stopped at `most`.
    """

    best: int
    counts: tuple[int, ...]
    is_sure: bool


def kim_nelson(
    values: Callable[[Sequence[int], int], Sequence[Sequence[float]]],
    candidates: int,
    difference: float,
    error: float,
    *,
    first: int = 10,
    step: int = 5,
    most: int = 1000,
) -> Selection:
    """The fully sequential procedure KN: with probability 1 - `error` the best, if it is better than the others by `difference` or more.

    Parameters
    ----------
    values
        Gives for some candidates the values of their first so many replications. The same random numbers for all of them help: the
        procedure works with differences.
    candidates
        How many there are.
    difference
        The least difference of means that matters.
    error
        1 - the probability of correct selection.
    first
        Replications of each from which spreads are estimated.
    step
        Replications between two looks. The procedure looks after each; to look less often only makes it surer.
    most
        Stop there, with the best mean of those that are left.

    Returns
    -------
    Selection

    Notes
    -----
    Source: S.-H. Kim and B. Nelson, "A fully sequential procedure for indifference-zone selection in simulation", ACM Transactions on
    Modeling and Computer Simulation 11 (2001), with c = 1.
    """
    if candidates == 1:
        return Selection(0, (0,), is_sure=True)
    left = list(range(candidates))
    counts = [first] * candidates
    eta = ((2 * error / (candidates - 1)) ** (-2 / (first - 1)) - 1) / 2
    scale = 2 * eta * (first - 1)
    columns = dict(zip(left, values(left, first), strict=True))
    spreads = {
        (one, other): spread([a - b for a, b in zip(columns[one], columns[other], strict=True)]) ** 2 for one in left for other in left
    }
    count = first
    while True:
        means = {one: math.fsum(columns[one][:count]) / count for one in left}
        room = {pair: max(0.0, difference / (2 * count) * (scale * spreads[pair] / difference**2 - count)) for pair in spreads}
        left = [one for one in left if all(means[one] <= means[other] + room[one, other] for other in left)]
        best = min(left, key=lambda one: means[one])
        if len(left) == 1 or all(room[best, other] == 0 for other in left):
            return Selection(best, tuple(counts), is_sure=True)
        if count >= most:
            return Selection(best, tuple(counts), is_sure=False)
        count = min(most, count + step)
        for one in left:
            counts[one] = count
        columns = dict(zip(left, values(left, count), strict=True))
