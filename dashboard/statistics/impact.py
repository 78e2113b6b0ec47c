"""What changed after something was taken up, against what would have happened anyway, and what an offer must bring."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.statistics.intervals import z_value

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Impact:
    """Adopters against others, before and after. Values that are not defined are None.

    relative_delta_pre: (adopters_pre − others_pre) / others_pre. counterfactual: others_post · (1 +
    relative_delta_pre), what adopters would have had. delta: adopters_post − counterfactual. relative_delta:
    delta / counterfactual.
    """

    relative_delta_pre: float | None
    counterfactual: float | None
    delta: float | None
    relative_delta: float | None


def impact(others_pre: float, others_post: float, adopters_pre: float, adopters_post: float) -> Impact:
    """Means per person of four groups (mixpanel/docs, reports/apps/impact)."""
    if not others_pre:
        return Impact(None, None, None, None)
    before = (adopters_pre - others_pre) / others_pre
    expected = others_post * (1 + before)
    delta = adopters_post - expected
    return Impact(before, expected, delta, delta / expected if expected else None)


def impact_interval(adopters: Floats, others: Floats, level: float = 0.95) -> tuple[float, float] | None:
    """(low, high) of relative_delta from one (pre, post) row per person.

    adopters, others: float64[n, 2]. The logarithm of (adopters_post / adopters_pre) / (others_post / others_pre) is
    taken as normal, its variance by the delta method with the covariance of pre and post within a person. None when a
    group has fewer than two persons or a mean is not positive.
    """
    total = log_ratio = 0.0
    for sign, rows in ((1.0, adopters), (-1.0, others)):
        if len(rows) < 2:
            return None
        pre, post = rows.mean(axis=0)
        if pre <= 0 or post <= 0:
            return None
        (vpre, both), (_, vpost) = np.cov(rows, rowvar=False) / len(rows)
        total += vpost / post**2 + vpre / pre**2 - 2 * both / (pre * post)
        log_ratio += sign * math.log(post / pre)
    spread = z_value(level) * math.sqrt(max(total, 0.0))
    return math.exp(log_ratio - spread) - 1, math.exp(log_ratio + spread) - 1


def break_even(base_rate: float, margin: float, discount: float) -> float | None:
    """Extra buying rate that pays for a discount every buyer uses: base_rate · discount / (margin − discount), margin
    and discount in one unit. None when it cannot pay off: the discount takes the whole margin, or more than everybody
    would have to buy. Raises ValueError for a rate that is none or a negative amount."""
    if not 0 <= base_rate <= 1 or margin < 0 or discount < 0:
        raise ValueError("a rate between 0 and 1 and amounts that are not negative are needed")
    if discount >= margin:
        return None
    extra = base_rate * discount / (margin - discount)
    return extra if base_rate + extra <= 1 else None
