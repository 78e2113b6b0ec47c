"""Risk without a model: how long people have been silent against their own rhythm, with what was seen of such people.

Used where too few people have left for a model, and said openly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.statistics.intervals import wilson

Floats = npt.NDArray[np.float64]

NAMES = ("On time", "Late", "Overdue")
LIMITS = (1.0, 2.0)  # silence in usual gaps


@dataclass(frozen=True)
class Tier:
    """people: at the test cut-off (0 where nothing could be tested). rate, low, high: share of them that left, with its
    Wilson 95 % interval; NaN where nobody was."""

    name: str
    meaning: str
    people: int
    left: int
    rate: float
    low: float
    high: float


def tier_of(overdue: Floats) -> npt.NDArray[np.int64]:
    """0 on time, 1 late, 2 overdue; a person without a rhythm is late."""
    known = np.where(np.isnan(overdue), LIMITS[0] + 1e-9, overdue)
    return np.searchsorted(LIMITS, known, side="left")


def measured(overdue: Floats, left: npt.NDArray[np.bool_]) -> tuple[Tier, ...]:
    """What became of people of each tier. overdue: at the test cut-off, silence in usual gaps."""
    group = tier_of(overdue)
    people = np.bincount(group, minlength=len(NAMES))
    gone = np.bincount(group, weights=left, minlength=len(NAMES)).astype(np.int64)
    low, high = wilson(gone, people)
    with np.errstate(invalid="ignore"):
        rate = gone / np.where(people > 0, people, np.nan)
    meanings = (
        "silent for no longer than their usual gap",
        "silent for up to twice their usual gap",
        "silent for more than twice their usual gap",
    )
    return tuple(
        Tier(NAMES[k], meanings[k], int(people[k]), int(gone[k]), float(rate[k]), float(low[k]), float(high[k]))
        for k in range(len(NAMES))
    )
