"""Intervals of proportions and of their differences, and the sizes needed to find one.

Sources: E. B. Wilson, JASA 22 (1927) 209; R. G. Newcombe, Statistics in Medicine 17 (1998) 857 (one proportion) and 873
(difference, method 10).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


@lru_cache(maxsize=64)
def z_value(level: float) -> float:
    """Two-sided normal quantile: 1.95996… for level .95."""
    return float(stats.norm.ppf(0.5 + level / 2))


def two_sided(z: float) -> float:
    """p-value of a standard normal statistic."""
    return float(2 * stats.norm.sf(abs(z)))


def wilson(k: npt.ArrayLike, n: npt.ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson score interval without continuity correction (Newcombe 1998a, method 3).

    k of n persons, scalars or arrays of one shape. Returns (low, high), float64, NaN where n is 0.
    """
    hits, total = np.broadcast_arrays(np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64))
    z2 = z_value(level) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = hits / total
        centre = (rate + z2 / (2 * total)) / (1 + z2 / total)
        half = np.sqrt(z2 * (rate * (1 - rate) + z2 / (4 * total)) / total) / (1 + z2 / total)
        # the ends are exact at 0 and n, where rounding would leave 1e-17
        low = np.where(hits == 0, 0.0, np.clip(centre - half, 0.0, 1.0))
        high = np.where(hits == total, 1.0, np.clip(centre + half, 0.0, 1.0))
    return np.where(total > 0, low, np.nan), np.where(total > 0, high, np.nan)


@dataclass(frozen=True)
class Difference:
    """rate 1 − rate 0 with its interval; z and p_value pooled, two-sided (exact where a cell is expected below 5)."""

    difference: float
    low: float
    high: float
    z: float
    p_value: float
    incremental: float  # persons more than the other rate would have given: difference · n1


def difference(k1: int, n1: int, k0: int, n0: int, level: float = 0.95) -> Difference:
    """Newcombe's hybrid score interval (1998b, method 10) of k1/n1 − k0/n0.

    p_value: pooled z test, Fisher's exact test where an expected cell is below 5. Raises ValueError when a group is
    empty.
    """
    if n1 <= 0 or n0 <= 0:
        raise ValueError("both groups need at least one person")
    p1, p0 = k1 / n1, k0 / n0
    (low1, low0), (high1, high0) = wilson([k1, k0], [n1, n0], level)
    gap = p1 - p0
    pooled = (k1 + k0) / (n1 + n0)
    deviation = math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
    z = gap / deviation if deviation > 0 else 0.0
    if min(pooled, 1 - pooled) * min(n1, n0) < 5:
        p_value = float(stats.fisher_exact([[k1, n1 - k1], [k0, n0 - k0]]).pvalue)
    else:
        p_value = two_sided(z)
    return Difference(
        difference=gap,
        low=gap - math.hypot(p1 - low1, high0 - p0),
        high=gap + math.hypot(high1 - p1, p0 - low0),
        z=z,
        p_value=p_value,
        incremental=gap * n1,
    )


def sample_size(p0: float, p1: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Persons per group that find p1 against p0 with that power (two-sided, normal approximation as in R's
    ``power.prop.test`` before its numerical refinement), rounded up. Raises ValueError for equal or impossible rates.
    """
    if not (0 <= p0 <= 1 and 0 <= p1 <= 1) or p0 == p1:
        raise ValueError("two different rates between 0 and 1 are needed")
    mean = (p0 + p1) / 2
    noise = stats.norm.isf(alpha / 2) * math.sqrt(2 * mean * (1 - mean))
    signal = stats.norm.isf(1 - power) * math.sqrt(p0 * (1 - p0) + p1 * (1 - p1))
    return math.ceil(float((noise + signal) ** 2 / (p1 - p0) ** 2))


def bootstrap_mean(values: npt.ArrayLike, *, level: float = 0.95, draws: int = 1_000, seed: int = 0) -> tuple[Any, ...]:
    """(mean, low, high) of skewed values such as money: percentile bootstrap of the mean; NaN without values."""
    sample = np.asarray(values, dtype=np.float64)
    if sample.size == 0:
        return (math.nan, math.nan, math.nan)
    rng = np.random.default_rng(seed)
    means = np.array([rng.choice(sample, sample.size).mean() for _ in range(draws)])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return (float(sample.mean()), float(low), float(high))
