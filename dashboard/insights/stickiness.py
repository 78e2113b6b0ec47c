"""In how many days (weeks, months) of the range people were active.

Formula source: definitions section 2. Only activity whose local day lies in the range counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine.run import run
from dashboard.errors import UserError
from dashboard.insights import lifecycle_kernels as kernels
from dashboard.insights import options, where
from dashboard.insights import retention_calendar as calendars
from dashboard.insights import retention_marks as marks
from dashboard.insights.active_days import TABLE
from dashboard.insights.activity import rows_read
from dashboard.insights.lifecycle import MAX_PERIODS, as_selectors
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.retention_calendar import Calendar
from dashboard.insights.selector import Selector
from dashboard.insights.totals import json_number, ratio, summed
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result
from dashboard.store.partition import Partition

Counts = npt.NDArray[np.int64]


def periods_of(view: View, by: str) -> Calendar:
    """The calendar periods that overlap the range. Raises UserError for an unknown unit or too many."""
    if by not in calendars.UNITS:
        raise UserError("unknown_period", f"There is no period “{by}”.", "Choose hour, day, week or month.")
    calendar = calendars.between(
        by, view.period.first, view.period.last, zone=view.dataset.manifest.time_zone, week_start=view.week_start
    )
    if len(calendar) > MAX_PERIODS:
        raise UserError(
            "too_many_periods", f"This would be {len(calendar):,} periods.", "Choose longer ones or a shorter range."
        )
    return calendar


def histogram(view: View, calendar: Calendar, activity: tuple[Selector, ...]) -> Counts:
    """int64[periods + 1]: persons active in exactly j of the periods, j = 0 included."""

    def kernel(partition: Partition) -> Counts:
        return _count(view, partition, calendar, activity)

    return summed(view, kernel, "periods_active", calendar.key, view.period, activity)


def _count(
    view: View,
    partition: Partition,
    calendar: Calendar,
    activity: tuple[Selector, ...],
    low: int = 1,
    high: int = 0,
    flags: npt.NDArray[np.uint8] | None = None,
) -> Counts:
    active = marks.any_of(view, partition, activity, calendar)
    origin, table = marks.positions(calendar)
    if calendar.unit != "hour":  # a week that the range cuts counts with its days inside only
        inside = np.arange(origin, origin + len(table))
        table = np.where((inside >= view.period.first) & (inside <= view.period.last), table, -1).astype(np.int32)
    out = np.zeros(len(calendar) + 1, np.int64)
    who = np.zeros(partition.n_users, np.uint8) if flags is None else flags
    people = where.persons(view, partition, TABLE)
    kernels.periods_active(active.offsets, active.day, people, origin, table, low, high, who, out)
    return out


@insight(
    "days_active",
    "How many days people were active",
    definition="Users by the number of days (weeks, months) of the range in which they were active.",
    needs=(TIMED,),
)
def days_active(view: View, *, by: str = "day", activity: str | Sequence[str] = ()) -> Result:
    """Columns: periods (1 to the number of days, weeks or months that overlap the range), exact (users active in
    exactly so many), at_least (in at least so many), share (at_least / users active at all). Options by: hour, day,
    week, month; activity: event names that count. summary: intervals, users (active at all), mean, median (of the
    active users)."""
    calendar = periods_of(view, by)
    counted = histogram(view, calendar, as_selectors(view, activity))
    exact = counted[1:]
    at_least = exact[::-1].cumsum()[::-1]
    numbers = np.arange(1, len(exact) + 1)
    users = int(exact.sum())
    frame = pd.DataFrame({"periods": numbers, "exact": exact, "at_least": at_least, "share": ratio(at_least, users)})
    below = exact.cumsum()
    middle = (
        [int(numbers[np.searchsorted(below, rank)]) for rank in ((users + 1) // 2, users // 2 + 1)] if users else []
    )
    summary = {
        "intervals": len(exact),
        "users": users,
        "mean": json_number(float(ratio((exact * numbers).sum(), users))),
        "median": sum(middle) / 2 if middle else None,
    }
    idle = int(counted[0])
    return Result(
        "days_active",
        frame,
        units={"periods": "number", "exact": "count", "at_least": "count", "share": "rate"},
        summary=summary,
        left_out=(LeftOut("not_active", idle, "users without activity in the range"),) if idle else (),
        notes=where.ignored(view, TABLE),
        **rows_read(view),
    )


@insight(
    "days_active_people",
    "Who was active on so many days",
    definition="The users active in exactly, or at least, so many days (weeks, months): exactly those that it counts.",
    needs=(TIMED,),
)
def days_active_people(
    view: View, *, periods: int = 1, mode: str = "exact", by: str = "day", activity: str | Sequence[str] = ()
) -> Result:
    """Column: user_id, sorted. Options periods: how many; mode: exact, at_least; by, activity: as in ``days_active``.
    summary: users."""
    if mode not in ("exact", "at_least"):
        raise UserError("bad_mode", "There is no such way to count.", "Choose exact or at_least.")
    calendar = periods_of(view, by)
    many = options.whole(periods, "periods", 1, len(calendar))
    selectors = as_selectors(view, activity)

    def kernel(partition: Partition) -> list[str]:
        flags = np.zeros(partition.n_users, np.uint8)
        _count(view, partition, calendar, selectors, many, many if mode == "exact" else len(calendar), flags)
        return [str(item) for item in partition.user_ids.take(np.flatnonzero(flags)).to_pylist()]

    ids = run(view.dataset, kernel, lambda parts: sorted(item for part in parts for item in part))
    frame = pd.DataFrame({"user_id": pd.Series(ids, dtype=object)})
    notes = where.ignored(view, TABLE)
    return Result("days_active_people", frame, summary={"users": len(ids)}, notes=notes, **rows_read(view))
