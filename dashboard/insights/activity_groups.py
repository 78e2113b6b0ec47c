"""Active users by group: the same windows for every group of a breakdown.

Formula source: definitions section 2. Every person is in exactly one group, so the groups add up to everybody.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.engine.run import run
from dashboard.insights import activity_kernels as kernels
from dashboard.insights import options, periods, where
from dashboard.insights.active_days import TABLE, active_days, activity_names
from dashboard.insights.activity import WINDOWS, Counts, rows_read
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.retention_groups import groups_of
from dashboard.insights.totals import add, ratio
from dashboard.insights.view import View
from dashboard.result import Result
from dashboard.store.partition import Partition

MAX_GROUPS = 12


@insight(
    "active_users_by_group",
    "Active users by group",
    definition="Distinct users in the trailing 1, 7 and 30 calendar days of each day, for each group of people.",
    needs=(TIMED,),
)
def active_users_by_group(view: View, *, breakdown: str, activity: str | Sequence[str] = (), top: int = 5) -> Result:
    """One row per group and day. Columns: group ("" = people without a value), day (ISO), dau, wau, mau, stickiness,
    wau_mau (NaN when nobody), window_full, complete. Options breakdown: a column of the users, ``segment:<id>``,
    ``class``, ``engagement``, ``recency``; activity: event names that count; top: groups of a column shown beside
    "Other" (1 to 12). summary: groups = their names, largest first.

    Raises NotFound for an unknown segment, CannotAnswer where the data have no such column.
    """
    names = activity_names(view, activity)
    found = groups_of(view, options.text(breakdown, "breakdown"), options.whole(top, "top", 1, MAX_GROUPS))
    first, last = view.period.first, view.period.last
    windows = np.array(list(WINDOWS.values()), np.int64)

    def kernel(partition: Partition) -> Counts:
        days = active_days(view, partition, names)
        codes = found.of(view, partition)
        out = np.zeros((len(found.names), len(windows), last - first + 2), np.int64)
        for group in range(len(found.names)):
            people = (codes == group).astype(np.uint8)
            kernels.rolling(days.offsets, days.day, people, windows, first, last, out[group])
        return out

    counts = np.cumsum(run(view.dataset, kernel, add), axis=2)[:, :, : last - first + 1]
    days = np.arange(first, last + 1)
    frames = []
    for group, name in enumerate(found.names):
        dau, wau, mau = counts[group]
        frames.append(
            pd.DataFrame(
                {
                    "group": name,
                    "day": [periods.iso(int(day)) for day in days],
                    "dau": dau,
                    "wau": wau,
                    "mau": mau,
                    "stickiness": ratio(dau, mau),
                    "wau_mau": ratio(wau, mau),
                    "window_full": days - WINDOWS["mau"] + 1 >= view.first_day,
                    "complete": days <= view.last_complete,
                }
            )
        )
    return Result(
        "active_users_by_group",
        pd.concat(frames, ignore_index=True),
        units={**dict.fromkeys(WINDOWS, "count"), "stickiness": "rate", "wau_mau": "rate"},
        summary={"groups": list(found.names)},
        notes=where.ignored(view, TABLE),
        **rows_read(view),
    )
