"""How often people come by nature, and which period suits retention and lifecycle.

Definitions section 6: the median time between active days proposes day, week or month. Each person counts once, with
the median of their own gaps; the proposal is the shortest period that covers the typical person's gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine.run import run
from dashboard.insights import options, where
from dashboard.insights import session_kernels as kernels
from dashboard.insights.active_days import TABLE, active_days, activity_names
from dashboard.insights.activity import rows_read
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.totals import ratio
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result
from dashboard.statistics.quantiles import quantiles
from dashboard.store.partition import Partition

PERIODS = ((1.0, "day"), (7.0, "week"), (np.inf, "month"))  # longest gap of the typical person for each
LEVELS = {"median": 0.5, "p25": 0.25, "p75": 0.75, "p80": 0.8, "p90": 0.9}
MAX_DAYS = 60  # longer gaps share the last row


def gaps(view: View, names: tuple[str, ...]) -> tuple[npt.NDArray[np.float64], ...]:
    """Per partition and person: median days between active days in the range, NaN with fewer than two and for persons
    whom the filters leave out."""
    last = min(view.period.last, view.as_of)

    def kernel(partition: Partition) -> npt.NDArray[np.float64]:
        active = active_days(view, partition, names)
        people = where.persons(view, partition, TABLE)
        out = np.full(partition.n_users, np.nan)
        kernels.median_gaps(active.offsets, active.day, people, view.period.first, last, out)
        out[people == 0] = np.nan
        return out

    return run(view.dataset, kernel, tuple)


def classes(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The row of each gap: whole days, rounded up, at most 60; 0 where there is none."""
    known = np.nan_to_num(values, nan=0.0)
    found: npt.NDArray[np.int64] = np.minimum(np.ceil(known), MAX_DAYS).astype(np.int64)
    return found


@insight(
    "usage_interval",
    "How often people come",
    definition="Days between the active days of each user, and the period that suits them: day, week or month.",
    needs=(TIMED,),
)
def usage_interval(view: View, *, activity: str | Sequence[str] = ()) -> Result:
    """Columns: days (1 to 60; a person's median gap, rounded up to whole days; 60 holds longer ones too), users, share,
    cumulative (share with at most so many days). Option activity: event names that count.

    summary: proposal (day, week, month; None when nobody came twice), median, p25, p75, p80, p90 (days, over users),
    users (who came on two days or more).
    """
    values = np.concatenate(gaps(view, activity_names(view, activity)))
    known = values[~np.isnan(values)]
    days = np.arange(1, MAX_DAYS + 1)
    counts = np.bincount(classes(known), minlength=MAX_DAYS + 1)[1:]
    frame = pd.DataFrame(
        {
            "days": days,
            "users": counts,
            "share": ratio(counts, len(known)),
            "cumulative": ratio(counts.cumsum(), len(known)),
        }
    )
    levels = quantiles(known, [*LEVELS.values()]).tolist() if len(known) else [None] * len(LEVELS)
    summary: dict[str, Any] = dict(zip(LEVELS, levels, strict=True))
    middle = summary["median"]
    summary["proposal"] = next(name for limit, name in PERIODS if middle <= limit) if len(known) else None
    summary["users"] = len(known)
    everybody = sum(int(where.persons(view, partition, TABLE).sum()) for partition in view.dataset.partitions)
    once = everybody - len(known)
    return Result(
        "usage_interval",
        frame,
        units={"days": "days", "users": "count", "share": "rate", "cumulative": "rate"},
        summary=summary,
        left_out=(LeftOut("came_once", once, "users active on fewer than two days of the range"),) if once else (),
        notes=(
            *where.ignored(view, TABLE),
            "Pauses that still go on are not counted, so people who come rarely look a little more frequent.",
        ),
        **rows_read(view),
    )


@insight(
    "usage_interval_people",
    "Who comes how often",
    definition="The users whose usual gap between active days is so many days: exactly those that it counts.",
    needs=(TIMED,),
)
def usage_interval_people(view: View, *, days: int = 1, activity: str | Sequence[str] = ()) -> Result:
    """Column: user_id, sorted. Options days: 1 to 60, a row of ``usage_interval``; activity: event names that count.
    summary: users."""
    wanted = options.whole(days, "days", 1, MAX_DAYS)
    ids: list[str] = []
    for partition, values in zip(view.dataset.partitions, gaps(view, activity_names(view, activity)), strict=True):
        ids += [str(item) for item in partition.user_ids.take(np.flatnonzero(classes(values) == wanted)).to_pylist()]
    frame = pd.DataFrame({"user_id": pd.Series(sorted(ids), dtype=object)})
    notes = where.ignored(view, TABLE)
    return Result("usage_interval_people", frame, summary={"users": len(ids)}, notes=notes, **rows_read(view))
