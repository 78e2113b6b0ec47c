"""Scores 1 to 5 from a number per person, 5 = best. Equal values always get equal scores (except ``row_order``, which
exists to reproduce published figures)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Scores = npt.NDArray[np.int8]
SPREAD = {5: (1, 2, 3, 4, 5), 4: (1, 2, 4, 5), 3: (1, 3, 5)}  # fewer classes still use the ends of the grid


def quantile_cuts(values: Floats, bins: int) -> Floats:
    """The bins - 1 inner quantiles (linear interpolation), ascending; NaN for no values."""
    if not len(values):
        return np.full(bins - 1, np.nan)
    cuts: Floats = np.quantile(values, np.arange(1, bins) / bins)
    return cuts


def by_cuts(values: Floats, cuts: Sequence[float] | Floats, *, low_is_best: bool = False) -> Scores:
    """1 + number of cuts that the value exceeds; mirrored where a low value is best."""
    score = np.searchsorted(np.asarray(cuts, np.float64), values, side="left").astype(np.int8)
    return (np.int8(len(cuts)) - score if low_is_best else score) + np.int8(1)


def quantile(values: Floats, bins: int = 5, *, low_is_best: bool = False) -> Scores:
    """The default rule: 1 + #{k : value > Q(k / bins)}."""
    return by_cuts(values, quantile_cuts(values, bins), low_is_best=low_is_best)


def rank(values: Floats, bins: int = 5, *, low_is_best: bool = False) -> Scores:
    """1 + floor(bins × share of persons who are strictly worse)."""
    worth = -values if low_is_best else values
    worse = np.searchsorted(np.sort(worth), worth, side="left")
    return (1 + bins * worse // max(len(values), 1)).astype(np.int8)


def row_order(values: Floats, bins: int = 5, *, low_is_best: bool = False) -> Scores:
    """Equal fifths at any price: ties are cut by the order of the rows, so shuffling them changes scores."""
    worth = -values if low_is_best else values
    n = len(values)
    position = np.empty(n)
    position[np.argsort(worth, kind="stable")] = np.arange(1, n + 1)
    return quantile(position, bins)


def spread(score: Scores, bins: int) -> Scores:
    """Scores of 3 or 4 classes on the scale 1 to 5, so that they fit the grid: thirds become 1, 3, 5."""
    table = np.array((0, *SPREAD[bins]), np.int8)
    return table[score]
