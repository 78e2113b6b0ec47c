"""Puts people into segment classes and counts them.

Works on plain arrays, so the same code answers for a file of ten people in a test and for a whole dataset.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.rules import CLASSES, LEVELS, RuleSet
from dashboard.errors import CannotAnswer
from dashboard.statistics.intervals import wilson
from dashboard.statistics.quantiles import quantiles

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Classified:
    """One entry per person, in the order of the input.

    level: index into LEVELS. band: 0 recent, 1 cooling, 2 gone. cell: level * 3 + band. segment: index into CLASSES.
    target: gets a discount. low, high: the engagement cut-offs used. no_engagement, no_date: how many people lack the
    value; they count as Low and as gone, so that everybody is in exactly one class.
    """

    level: Codes
    band: Codes
    cell: Codes
    segment: Codes
    target: Mask
    low: float
    high: float
    no_engagement: int
    no_date: int


def cut_offs(engagement: Floats, rules: RuleSet) -> tuple[float, float]:
    """The two engagement limits: fixed ones, or quantiles (linear interpolation) over everybody with a value.

    Raises CannotAnswer when nobody has a value.
    """
    known = engagement[~np.isnan(engagement)]
    if known.size == 0:
        raise CannotAnswer(
            "Engagement levels need a usage figure, orders or activity; nobody in this dataset has any.",
            missing=("usage",),
            hint="Map a column such as watch time, sessions or spend to Usage, or add an event log.",
        )
    if rules.cut_low is not None and rules.cut_high is not None:
        return float(rules.cut_low), float(rules.cut_high)
    low, high = quantiles(known, [rules.q_low, rules.q_high]).tolist()
    return low, high


def classify(engagement: Floats, recency_days: Floats, rules: RuleSet) -> Classified:
    """Level, band, class and target of every person. NaN = not known: Low engagement, or gone.

    Raises CannotAnswer when nobody has an engagement value or nobody has a last activity.
    """
    low, high = cut_offs(engagement, rules)
    no_engagement, no_date = np.isnan(engagement), np.isnan(recency_days)
    if no_date.size and no_date.all():
        raise no_dates()
    # Comparisons with NaN are false: without a value a person stays Low, without a date a person stays gone.
    level = (engagement >= low).astype(np.int8) + (engagement >= high).astype(np.int8)
    recent = (recency_days <= rules.recent_days).astype(np.int8)
    band = np.int8(2) - recent - (recency_days <= rules.dormant_days).astype(np.int8)
    cell = level * 3 + band
    return Classified(
        level=level,
        band=band,
        cell=cell,
        segment=class_of_cell(rules)[cell],
        target=target_cells(rules)[cell],
        low=low,
        high=high,
        no_engagement=int(no_engagement.sum()),
        no_date=int(no_date.sum()),
    )


def no_dates() -> CannotAnswer:
    """The refusal for a dataset that does not know when anybody was active."""
    return CannotAnswer(
        "Segments need to know when people were last active; this dataset has no such date.",
        missing=("last_active_time",),
        hint="Map the column with the last login or last order, or add an event log.",
    )


def class_of_cell(rules: RuleSet) -> Codes:
    """Class index of the nine cells (level * 3 + band)."""
    return np.array([CLASSES.index(name) for name in rules.classes], dtype=np.int8)


def target_cells(rules: RuleSet) -> Mask:
    """Which of the nine cells get a discount."""
    return np.array([rules.is_target(level, band) for level in LEVELS for band in range(3)])


def people_per_cell(found: Classified, chosen: Mask) -> npt.NDArray[np.int64]:
    """int64[9]: how many of the chosen people are in each cell. Class and target are the same for a whole cell."""
    return np.bincount(found.cell[chosen], minlength=9)


def distribution(cells: npt.NDArray[np.int64], rules: RuleSet) -> pd.DataFrame:
    """People per class, one row per class in the order of CLASSES. cells: of :func:`people_per_cell`.

    Columns: segment, people, share, low, high (Wilson 95 %), targets.
    """
    total, segment, target = int(cells.sum()), class_of_cell(rules), target_cells(rules)
    members = segment == np.arange(len(CLASSES))[:, None]
    people, targets = members @ cells, members @ (cells * target)
    low, high = wilson(people, total)
    return pd.DataFrame(
        {
            "segment": list(CLASSES),
            "people": people,
            "share": people / total if total else np.full(len(CLASSES), np.nan),
            "low": low,
            "high": high,
            "targets": targets,
        }
    )


def grid(cells: npt.NDArray[np.int64], rules: RuleSet) -> pd.DataFrame:
    """The nine cells, engagement by recency. cells: of :func:`people_per_cell`.

    Columns: level, band (0..2), days (the band in words), segment, target (bool), people, share (of all chosen people).
    """
    total = int(cells.sum())
    return pd.DataFrame(
        {
            "level": np.repeat(LEVELS, 3),
            "band": np.tile(np.arange(3), 3),
            "days": list(rules.bands()) * 3,
            "segment": list(rules.classes),
            "target": target_cells(rules),
            "people": cells,
            "share": cells / total if total else np.full(9, np.nan),
        }
    )


def comparison(found: Classified, chosen: Mask, values: Floats) -> pd.DataFrame:
    """How a value (engagement, days since last activity) spreads inside each class.

    Columns: segment, people (with a value), p05, p25, median, p75, p95, mean; NaN where nobody has a value.
    """
    rows = []
    for index, name in enumerate(CLASSES):
        inside = values[chosen & (found.segment == index)]
        inside = inside[~np.isnan(inside)]
        marks = quantiles(inside, [0.05, 0.25, 0.5, 0.75, 0.95]) if inside.size else np.full(5, np.nan)
        rows.append((name, inside.size, *marks, inside.mean() if inside.size else np.nan))
    return pd.DataFrame(rows, columns=["segment", "people", "p05", "p25", "median", "p75", "p95", "mean"])


def change(before: Classified, after: Classified, chosen: Mask) -> pd.DataFrame:
    """What other rules would do to the chosen people.

    Columns: segment (the classes, then "Discount targets"), before, after, change.
    """
    rows: list[tuple[str, int, int]] = [
        (name, int((before.segment[chosen] == index).sum()), int((after.segment[chosen] == index).sum()))
        for index, name in enumerate(CLASSES)
    ]
    rows.append(("Discount targets", int(before.target[chosen].sum()), int(after.target[chosen].sum())))
    frame = pd.DataFrame(rows, columns=["segment", "before", "after"])
    frame["change"] = frame["after"] - frame["before"]
    return frame
