"""The Aalen-Johansen cumulative incidence: how probable one ending is by time t when other endings compete with it.

Source: O. Aalen and S. Johansen, "An empirical transition matrix for non-homogeneous Markov chains based on censored observations",
Scandinavian Journal of Statistics 5 (1978). The product form used here weighs each ending by the inverse of the probability of not being
censored before it (G. Satten and S. Datta, "The Kaplan-Meier estimator as an inverse-probability-of-censoring weighted average",
The American Statistician 55, 2001). It is the same estimate, and without censoring it is exactly the count divided by the number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

#: Codes of `endings`.
CENSORED: Final = 0
REACHED: Final = 1
COMPETED: Final = 2

#: A quantile's level counts as reached when the incidence is at most this much below it (sums of floats are not exact).
TOLERANCE: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Incidence:
    """A step function: the probability that the ending of interest has been reached by time t.

    Attributes
    ----------
    times
        The distinct times at which it steps, ascending (int64).
    levels
        The probability from each of `times` on (float64, ascending).
    """

    times: npt.NDArray[np.int64]
    levels: npt.NDArray[np.float64]

    def at(self, time: int) -> float:
        """The probability that the ending of interest has been reached at or before `time`."""
        steps = int(np.searchsorted(self.times, time, side="right"))
        return float(self.levels[steps - 1]) if steps else 0.0

    def quantile(self, share: float) -> int | None:
        """The smallest time at which the probability is at least `share` (within 1e-12); None if it never is."""
        step = int(np.searchsorted(self.levels, share - TOLERANCE, side="left"))
        return int(self.times[step]) if step < self.times.size else None


def cumulative_incidence(times: npt.NDArray[np.int64], endings: npt.NDArray[np.integer]) -> Incidence:
    """The Aalen-Johansen estimate for the ending `REACHED`.

    Parameters
    ----------
    times
        How long each subject was seen, one integer per subject, in any order.
    endings
        How that time ended, as long as `times`: `REACHED`, `COMPETED` (by an ending that rules the first out) or `CENSORED`
        (not seen any longer). At one time, who is censored was still at risk of the other endings.

    Returns
    -------
    Incidence
        Without any subject: never above 0.
    """
    distinct, place = np.unique(times, return_inverse=True)
    reached = np.bincount(place[endings == REACHED], minlength=distinct.size)
    censored = np.bincount(place[endings == CENSORED], minlength=distinct.size)
    left = np.cumsum(np.bincount(place, minlength=distinct.size))
    after = times.size - left
    before_censoring = after + censored
    # Whoever is censored hands the own weight on to those who stay, in equal parts. Nobody stays after the last time: no factor there.
    factor = np.divide(before_censoring, after, out=np.ones(distinct.size), where=after > 0)
    weight = np.ones(distinct.size)
    np.cumprod(factor[:-1], out=weight[1:])
    steps = reached > 0
    levels = np.cumsum(reached * weight)[steps] / max(times.size, 1)
    return Incidence(distinct[steps], np.minimum(levels, 1.0))


def standard_errors(
    times: npt.NDArray[np.int64], reached: npt.NDArray[np.bool_], ended: npt.NDArray[np.bool_], at: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """The standard error of the cumulative incidence at some times, as if subjects were independent of each other.

    The delta method (E. Marubini and M. G. Valsecchi, "Analysing Survival Data from Clinical Trials and Observational Studies", 1995,
    section 10.3). Without censoring it is the binomial one, sqrt(F (1 - F) / n).

    Parameters
    ----------
    times
        How long each subject was seen.
    reached, ended
        Whether the ending of interest ended that, and whether any did (else it is censored); as long as `times`.
    at
        When, ascending.

    Returns
    -------
    numpy.ndarray
        As long as `at`.
    """
    distinct, place = np.unique(times, return_inverse=True)
    of_interest, of_any = (np.bincount(place[those], minlength=distinct.size).astype(np.float64) for those in (reached, ended))
    at_risk = (times.size - np.concatenate(([0], np.cumsum(np.bincount(place, minlength=distinct.size))[:-1]))).astype(np.float64)
    before = np.concatenate(([1.0], np.cumprod(1 - of_any / at_risk)[:-1]))  # the share that had no ending yet
    level = np.cumsum(before * of_interest / at_risk)
    left = at_risk - of_any
    a = np.divide(of_any, at_risk * left, out=np.zeros(distinct.size), where=left > 0)  # nobody is left after the last ending
    b = before**2 * of_interest * (at_risk - of_interest) / at_risk**3
    c = before * of_interest / at_risk**2
    sums = [np.cumsum(part) for part in (a, a * level, a * level**2, b, c, c * level)]
    variance = level**2 * sums[0] - 2 * level * sums[1] + sums[2] + sums[3] - 2 * level * sums[4] + 2 * sums[5]
    steps = np.searchsorted(distinct, at, side="right")
    return np.sqrt(np.maximum(np.concatenate(([0.0], variance)), 0.0))[steps]
