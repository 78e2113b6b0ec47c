"""How unequally a quantity is spread: the Lorenz curve, Gini's coefficient, and the share of the top.

Source: M. O. Lorenz, Publications of the American Statistical Association 9 (1905) 209; C. Gini 1912.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def top_shares(values: npt.ArrayLike, shares: npt.ArrayLike) -> Floats:
    """Part of the total that the largest values hold, for each share of the values (0 to 1), the largest first.

    Between two values the curve is a straight line. Negative values count as 0: a part of a total is no less than
    nothing. NaN everywhere where the total is not above 0.
    """
    ordered = np.sort(np.maximum(np.asarray(values, np.float64), 0.0))[::-1]
    wanted = np.asarray(shares, np.float64)
    total = float(ordered.sum())
    if not total > 0:
        return np.full(wanted.shape, np.nan)
    heights = np.concatenate([[0.0], np.cumsum(ordered) / total])
    found: Floats = np.interp(wanted * len(ordered), np.arange(len(ordered) + 1), heights)
    return np.minimum(found, 1.0)


def gini(values: npt.ArrayLike) -> float:
    """0 = all values are equal, towards 1 = one has everything; negative values count as 0, NaN without a total."""
    ordered = np.sort(np.maximum(np.asarray(values, np.float64), 0.0))
    n, total = len(ordered), float(ordered.sum())
    if not total > 0:
        return math.nan
    return float(2 * (np.arange(1, n + 1) @ ordered) / (n * total) - (n + 1) / n)
