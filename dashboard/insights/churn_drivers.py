"""What churn goes with, over all people at risk: contributions of groups of features, signed and in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.churn import reasons, words
from dashboard.customers.churn.learned import Learned
from dashboard.insights.churn import NEED, banded, made, result
from dashboard.insights.registry import insight
from dashboard.insights.view import View
from dashboard.result import Result

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
DRIVER_PEOPLE = 2_000  # contributions are averaged over so many


@insight(
    "churn_drivers",
    "What churn goes with",
    definition="How much each group of features moves the probability of leaving, and in which direction.",
    needs=(NEED,),
)
def churn_drivers(view: View, **settings: Any) -> Result:
    """One row per group of features, strongest first. Columns: group (str), importance (float64: mean size of its
    contribution in log-odds over the people at risk, as filtered), share (of all groups), effect (float64, signed:
    contribution to people in the upper half of the group's leading feature less the lower half; above 0 = more of it
    goes with leaving), direction (str: "more leaving" or "less leaving"), feature (str: the leading one), text (str: a
    sentence), raised (int64: people whose risk it raises), lowered (int64). Options and head of the summary as for
    churn; people: those averaged over. Associations, not causes."""
    found, _, reading = made(view, settings)
    _, mask = banded(view, found, reading)
    index = np.flatnonzero(mask)
    step = max(1, len(index) // DRIVER_PEOPLE)
    index = index[::step]
    groups, parts = reasons.contributions(found, index)
    rows = [_driver(found, index, group, parts[:, g]) for g, group in enumerate(groups)] if len(index) else []
    frame = pd.DataFrame(
        rows, columns=["group", "importance", "effect", "direction", "feature", "text", "raised", "lowered"]
    )
    total = float(frame["importance"].sum()) if len(frame) else 0.0
    frame.insert(2, "share", frame["importance"] / total if total > 0 else np.nan)
    frame = frame.sort_values(["importance", "group"], ascending=[False, True], ignore_index=True)
    units = {"importance": "number", "share": "rate", "effect": "number", "raised": "count", "lowered": "count"}
    return result("churn_drivers", view, found, reading, frame, units, {"people": len(index)})


def _driver(found: Learned, index: Ints, group: str, part: Floats) -> tuple[Any, ...]:
    place, effect = _leading(found, index, group, part)
    column = found.now.columns[place]
    more = effect > 0
    text = words.of_everybody(column, more)
    direction = "more leaving" if more else "less leaving"
    raised, lowered = int((part > reasons.SMALL).sum()), int((part < -reasons.SMALL).sum())
    return group, float(np.abs(part).mean()), effect, direction, column.label, text, raised, lowered


def _leading(found: Learned, index: Ints, group: str, part: Floats) -> tuple[int, float]:
    """(the feature that its group's contribution follows most closely, contribution above less below its middle)."""
    best, closest, effect = -1, -1.0, 0.0
    for j, column in enumerate(found.now.columns):
        if column.group != group:
            continue
        value = found.now.X[index, j]
        value = np.where(np.isnan(value), np.nanmedian(value) if not np.isnan(value).all() else 0.0, value)
        spread = value.std() * part.std()
        r = abs(float(((value - value.mean()) * (part - part.mean())).mean() / spread)) if spread > 0 else 0.0
        if r > closest:
            upper = value > np.median(value) if column.kind not in ("level", "flag") else value > 0.5
            gap = float(part[upper].mean() - part[~upper].mean()) if upper.any() and not upper.all() else 0.0
            best, closest, effect = j, r, gap
    return best, effect
