"""Bootstrap intervals over replications: what Student's t is checked against where values are far from normal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

#: Efron and Tibshirani, section 14.3: about 2,000 for the ends of a 95 % interval.
RESAMPLES: Final = 2000
#: Streams of the analysis' own: no replication has this number, so they are none of a run's.
ANALYSIS: Final = 2**31
#: Numbers drawn at once: 32 MiB of them.
_AT_ONCE: Final = 2**22

_NORMAL: Final = NormalDist()


def generator(seed: int, *key: int) -> np.random.Generator:
    """A stream of the analysis' own: that of a seed and a key, the same in every process."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(ANALYSIS, *key))))


def resampled_means(values: Numbers, seed: int, resamples: int = RESAMPLES) -> Iterator[Numbers]:
    """Means of columns over rows drawn with replacement, in blocks; row by row all columns together, so that what is paired stays so.

    Parameters
    ----------
    values
        Replications × quantities.
    seed
        Of the draws.
    resamples
        How many.
    """
    draws = generator(seed, 1)
    rows, columns = values.shape
    block = max(1, min(resamples, _AT_ONCE // max(1, rows * columns)))
    for begin in range(0, resamples, block):
        chosen = draws.integers(0, rows, (min(block, resamples - begin), rows))
        yield values[chosen].mean(axis=1)


def bca_interval(values: Sequence[float], error: float, seed: int = 0, resamples: int = RESAMPLES) -> tuple[float, float]:
    """The bias-corrected and accelerated interval for the mean, which makes no assumption about the values' shape.

    Parameters
    ----------
    values
        One per replication.
    error
        1 - confidence.
    seed
        Of the resamples: the same values and seed give the same interval.
    resamples
        How many.

    Returns
    -------
    tuple of float
        Its ends; the mean twice if all values are equal, and everything if there is only one.

    Notes
    -----
    Source: B. Efron, "Better bootstrap confidence intervals", Journal of the American Statistical Association 82 (1987); Efron and
    Tibshirani, "An Introduction to the Bootstrap" (1993), section 14.3. With fewer than about 20 values it is somewhat too short, as
    all bootstrap intervals are: Student's t then is the safer one.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.size == 1:
        return -math.inf, math.inf
    mean = float(sample.mean())
    if sample.min() == sample.max():
        return float(sample[0]), float(sample[0])
    means = np.concatenate([block[:, 0] for block in resampled_means(sample[:, None], seed, resamples)])
    below = (np.count_nonzero(means < mean) + np.count_nonzero(means == mean) / 2) / resamples
    bias = _NORMAL.inv_cdf(min(max(below, 1 / (resamples + 1)), resamples / (resamples + 1)))
    deviations = sample - mean  # the jackknife's, up to a factor that cancels
    acceleration = float((deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5))
    low, high = (_level(_NORMAL.inv_cdf(tail), bias, acceleration) for tail in (error / 2, 1 - error / 2))
    ends = np.quantile(means, [low, high])
    return float(ends[0]), float(ends[1])


def _level(normal: float, bias: float, acceleration: float) -> float:
    """Which quantile of the resampled means is an end of the interval."""
    shifted = bias + normal
    return _NORMAL.cdf(bias + shifted / (1 - acceleration * shifted))


def largest_t(values: Numbers, error: float, seed: int = 0, resamples: int = RESAMPLES) -> float:
    """How many standard errors all means together stay from the true ones, but for a share `error` of the time (max-t bootstrap).

    Parameters
    ----------
    values
        Replications × quantities; a quantity that is the same in all replications is left out.
    error
        1 - confidence of all intervals together.
    seed, resamples
        As for `bca_interval`.

    Notes
    -----
    Source: P. Westfall and S. Young, "Resampling-Based Multiple Testing" (1993), section 2.5: it takes the place of Dunnett's table
    where quantities depend on each other in an unknown way.
    """
    varying = values[:, values.min(axis=0) < values.max(axis=0)]
    if not varying.size:
        return 0.0
    rows = varying.shape[0]
    centred = varying - varying.mean(axis=0)
    draws = generator(seed, 2)
    block = max(1, min(resamples, _AT_ONCE // varying.size))
    largest = []
    for begin in range(0, resamples, block):
        drawn = centred[draws.integers(0, rows, (min(block, resamples - begin), rows))]
        deviation = drawn.std(axis=1, ddof=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.abs(drawn.mean(axis=1)) * math.sqrt(rows) / deviation
        largest.append(np.nan_to_num(ratios, nan=0.0, posinf=np.inf).max(axis=1))
    return float(np.quantile(np.concatenate(largest), 1 - error))
