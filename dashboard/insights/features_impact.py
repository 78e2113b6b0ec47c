"""What changed when people first used a feature, against comparable people who did not use it.

Formula source: definitions section 6 (counterfactual of non-adopters). Measured in active days before and after. To
every non-adopter the first-use day of an adopter is given on which they were active themselves: drawn by hash, so
always the same, and from the same calendar days. That day is in neither side. Only people known for the whole time
before and observed for the whole time after count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine.run import run
from dashboard.insights import options, where
from dashboard.insights.active_days import active_days
from dashboard.insights.aha_exposure import id_numbers
from dashboard.insights.dimensions import value_counts
from dashboard.insights.features import MAX_FEATURES, TABLE, features_of
from dashboard.insights.features_kernels import around, draw_days, first_use
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.totals import json_number
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result
from dashboard.schema import NULL_DAY
from dashboard.statistics.impact import impact, impact_interval
from dashboard.store.partition import Partition

DRAWS = 30  # days tried for a non-adopter before they count as not comparable
MIN_PEOPLE = 30
Int32 = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sides:
    """One (pre, post) row of active days per person. adopters, others: float64[n, 2]. short: adopters of the range who
    were not known or not observed long enough."""

    adopters: Floats
    others: Floats
    short: int


@insight(
    "feature_impact",
    "Before and after a feature",
    definition="Active days before and after the first use of a feature, against comparable people without it.",
    needs=(TIMED,),
)
def feature_impact(view: View, *, feature: str = "", column: str = "", days: Any = 28) -> Result:
    """Two rows, adopters (first use in the range) and others (never used it, active at the same time). Columns: group
    ("adopters", "others"), people, before, after (mean active days in the ``days`` days before and after), change
    (after / before − 1), expected (adopters: after, had they changed like the others; others: NaN).

    Options: feature (default the one with the most users), column (as in ``features``), days (1 to 365). summary:
    feature, relative_delta_pre, counterfactual, delta, relative_delta, low, high (95 % interval of relative_delta),
    enough (both groups have at least 30 people; without, no effect is stated).
    """
    known = features_of(view, column, MAX_FEATURES)
    length = options.whole(days, "days", 1, 365)
    name = options.text(feature, "feature") or _most_used(view, known.column)
    code = view.dataset.code(known.column, name) if name else -1
    if code < 0:
        raise options.bad("feature", "one of the features listed")
    sides = compare(view, known.column, code, length)
    enough = min(len(sides.adopters), len(sides.others)) >= MIN_PEOPLE
    (apre, apost), (opre, opost) = (_means(rows) for rows in (sides.adopters, sides.others))
    found = impact(opre, opost, apre, apost) if enough else impact(0, 0, 0, 0)
    interval = impact_interval(sides.adopters, sides.others) if enough else None
    frame = pd.DataFrame(
        {
            "group": ["adopters", "others"],
            "people": [len(sides.adopters), len(sides.others)],
            "before": [apre, opre],
            "after": [apost, opost],
            "change": [apost / apre - 1 if apre else np.nan, opost / opre - 1 if opre else np.nan],
            "expected": [np.nan if found.counterfactual is None else found.counterfactual, np.nan],
        }
    )
    low, high = interval or (np.nan, np.nan)
    text = f"users of “{name}” who were not known {length} days before or not observed {length} days after it"
    notes = [
        "An association: people who take something up may differ in other ways from those who do not.",
        *([] if enough else [f"Fewer than {MIN_PEOPLE} people on one side: no effect is stated."]),
    ]
    return Result(
        "feature_impact",
        frame,
        units={"people": "count", "before": "days", "after": "days", "change": "rate", "expected": "days"},
        summary={
            "feature": name,
            "days": length,
            "enough": enough,
            "relative_delta_pre": found.relative_delta_pre,
            "counterfactual": found.counterfactual,
            "delta": found.delta,
            "relative_delta": found.relative_delta,
            "low": json_number(low),
            "high": json_number(high),
        },
        left_out=(LeftOut("too_short", sides.short, text),) if sides.short else (),
        notes=(*notes, *where.ignored(view, TABLE)),
        rows_read=view.dataset.manifest.rows.get(TABLE, 0),
        users_read=view.dataset.manifest.users,
    )


def compare(view: View, column: str, code: int, length: int) -> Sides:
    """Active days before and after, of adopters and of comparable others."""
    last = min(view.last_complete, view.as_of)

    def uses(partition: Partition) -> Int32:
        out = np.full(partition.n_users, NULL_DAY, np.int32)
        rows = partition.table(TABLE)
        if rows is not None:
            mask = where.rows(view, partition, TABLE)
            first_use(rows.offsets, rows.day, rows.column(column), code, mask, view.as_of, out)
        return out

    first = run(view.dataset, uses, list)
    people = [where.persons(view, partition, TABLE).astype(bool) for partition in view.dataset.partitions]
    begin, end = view.period.first, min(view.period.last, view.as_of)
    adopted = [(day >= begin) & (day <= end) & chosen for day, chosen in zip(first, people, strict=True)]
    pool = np.sort(np.concatenate([day[mask] for day, mask in zip(first, adopted, strict=True)]))

    def measure(partition: Partition) -> tuple[Floats, Floats, int]:
        at = partition.index
        given = np.where(adopted[at], first[at], NULL_DAY).astype(np.int32)
        adopters = _around(view, partition, given, length, last)
        drawn = np.full(partition.n_users, NULL_DAY, np.int32)
        if len(pool):
            asked = (people[at] & (first[at] == NULL_DAY)).astype(np.uint8)
            active = active_days(view, partition)
            draw_days(active.offsets, active.day, asked, id_numbers(partition), pool, DRAWS, drawn)
        return adopters, _around(view, partition, drawn, length, last), int(adopted[at].sum()) - len(adopters)

    partials = run(view.dataset, measure, list)
    adopters, others = (np.concatenate([partial[side] for partial in partials]) for side in (0, 1))
    return Sides(adopters, others, sum(partial[2] for partial in partials))


def _around(view: View, partition: Partition, anchor: Int32, length: int, last: int) -> Floats:
    active = active_days(view, partition)
    pre, post = np.full(partition.n_users, -1, np.int64), np.full(partition.n_users, -1, np.int64)
    around(active.offsets, active.day, anchor, length, pre, post)
    kept = (pre >= 0) & (anchor.astype(np.int64) + length <= last)
    return np.column_stack([pre[kept], post[kept]]).astype(np.float64)


def _means(rows: Floats) -> tuple[float, float]:
    return (float(rows[:, 0].mean()), float(rows[:, 1].mean())) if len(rows) else (0.0, 0.0)


def _most_used(view: View, column: str) -> str:
    counts = value_counts(view.dataset, column, TABLE)[1:]
    return str(view.dataset.dictionary(column)[int(np.argmax(counts))]) if len(counts) else ""
