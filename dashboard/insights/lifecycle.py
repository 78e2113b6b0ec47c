"""Lifecycle and growth accounting: who is new, returning, resurrecting or dormant per period.

Formula source: definitions section 3. New means first activity in all data, also before the range.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine.run import run
from dashboard.errors import UserError
from dashboard.insights import lifecycle_kernels as kernels
from dashboard.insights import retention_calendar as calendars
from dashboard.insights import retention_marks as marks
from dashboard.insights import where
from dashboard.insights.active_days import TABLE, activity_names
from dashboard.insights.activity import rows_read
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.retention_calendar import Calendar
from dashboard.insights.selector import Selector
from dashboard.insights.totals import json_number, mean, ratio, summed
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result
from dashboard.store.partition import Partition

STATES = ("new", "returning", "resurrecting", "dormant")
MAX_PERIODS = 1_500
Counts = npt.NDArray[np.int64]


def periods_of(view: View, by: str, first: int | None = None, n: int = 0) -> Calendar:
    """The periods of the range with one before them: whole calendar periods, also where the range begins later.

    first: day number or instant of the first period, and n of them, instead of the range's. Raises UserError.
    """
    if by not in calendars.UNITS:
        raise UserError("unknown_period", f"There is no period “{by}”.", "Choose hour, day, week or month.")
    zone, week_start = view.dataset.manifest.time_zone, view.week_start
    if first is None:
        shown = calendars.between(by, view.period.first, view.period.last, zone=zone, week_start=week_start)
        first, n = int(shown.edges[0]), len(shown)
    if n > MAX_PERIODS:
        raise UserError("too_many_periods", f"This would be {n:,} periods.", "Choose longer ones or a shorter range.")
    begin = calendars.calendar(by, first, 1, zone=zone, week_start=week_start).edges[0]
    return calendars.calendar(by, int(begin) - 1, n + 1, zone=zone, week_start=week_start)


def counts(view: View, calendar: Calendar, activity: tuple[Selector, ...]) -> Counts:
    """int64[4, periods]: persons new, returning, resurrecting and dormant in each period after the calendar's first."""

    def kernel(partition: Partition) -> Counts:
        return _count(view, partition, calendar, activity)

    return summed(view, kernel, "lifecycle", calendar.key, activity)[:, 1:]


def _count(
    view: View,
    partition: Partition,
    calendar: Calendar,
    activity: tuple[Selector, ...],
    state: int = -1,
    period: int = -1,
    flags: npt.NDArray[np.uint8] | None = None,
) -> Counts:
    active = marks.any_of(view, partition, activity, calendar)
    out = np.zeros((len(STATES), len(calendar)), np.int64)
    people = where.persons(view, partition, TABLE)
    who = np.zeros(0, np.uint8) if flags is None else flags
    origin, table = marks.positions(calendar)
    kernels.lifecycle(active.offsets, active.day, people, origin, table, state, period, who, out)
    return out


def people_in(view: View, calendar: Calendar, activity: tuple[Selector, ...], state: str, period: int) -> list[str]:
    """Sorted ids of the persons that a number counts; period: index from 0, the calendar's first left out."""

    def kernel(partition: Partition) -> list[str]:
        flags = np.zeros(partition.n_users, np.uint8)
        _count(view, partition, calendar, activity, STATES.index(state), period + 1, flags)
        return [str(item) for item in partition.user_ids.take(np.flatnonzero(flags)).to_pylist()]

    return run(view.dataset, kernel, lambda parts: sorted(item for part in parts for item in part))


@insight(
    "lifecycle",
    "Lifecycle",
    definition="Users per period who are new, came back, came back after a break, or stayed away.",
    needs=(TIMED,),
)
def lifecycle(view: View, *, by: str = "week", activity: str | Sequence[str] = ()) -> Result:
    """Columns: period (label of the whole calendar period), new (first activity ever), returning (active also in the
    period before), resurrecting (active before, but not in the period before), dormant (active in the period before and
    not in this one; negative), active (the first three), previous_active, net (active − previous_active), retained_rate
    (returning / previous_active), pulse ((new + resurrecting) / dormant persons, missing when nobody went dormant),
    complete. Options by: hour, day, week, month; activity: event names that count (default: the dataset's).

    summary: over the complete periods: new, returning, resurrecting, dormant (sums), pulse (of the sums, None when
    nobody went dormant), mean_pulse; periods.
    """
    calendar = periods_of(view, by)
    frame = accounting(view, calendar, as_selectors(view, activity))
    whole = frame[frame["complete"]]
    sums = {name: int(whole[name].sum()) for name in STATES}
    summary = {
        **sums,
        "pulse": json_number(float(ratio(sums["new"] + sums["resurrecting"], -sums["dormant"]))),
        "mean_pulse": json_number(mean(whole["pulse"].to_numpy(np.float64))),
        "periods": len(whole),
    }
    units = {**dict.fromkeys((*STATES, "active", "previous_active", "net"), "count"), "retained_rate": "rate"}
    unfinished = len(frame) - len(whole)
    text = "periods that are not over: shown, but in no sum"
    return Result(
        "lifecycle",
        frame,
        units={**units, "pulse": "number"},
        summary=summary,
        left_out=(LeftOut("incomplete", unfinished, text),) if unfinished else (),
        notes=where.ignored(view, TABLE),
        **rows_read(view),
    )


def accounting(view: View, calendar: Calendar, activity: tuple[Selector, ...]) -> pd.DataFrame:
    """The frame of :func:`lifecycle`."""
    new, returning, resurrecting, dormant = counts(view, calendar, activity)
    until = calendars.end_of_day(view.last_complete, view.dataset.manifest.time_zone)
    return pd.DataFrame(
        {
            "period": calendar.labels[1:],
            "new": new,
            "returning": returning,
            "resurrecting": resurrecting,
            "dormant": -dormant,
            "active": new + returning + resurrecting,
            "previous_active": returning + dormant,
            "net": new + resurrecting - dormant,
            "retained_rate": ratio(returning, returning + dormant),
            "pulse": ratio(new + resurrecting, dormant),
            "complete": calendar.complete(view.last_complete, until)[1:],
        }
    )


def as_selectors(view: View, activity: str | Sequence[str]) -> tuple[Selector, ...]:
    """The chosen activity as selectors. Raises UserError for a name that never occurs."""
    return tuple(Selector(name) for name in activity_names(view, activity)) or (Selector(),)


@insight(
    "lifecycle_people",
    "Who is in a state",
    definition="The users who are new, returning, resurrecting or dormant in a period: exactly those that it counts.",
    needs=(TIMED,),
)
def lifecycle_people(
    view: View, *, period: str = "", state: str = "new", by: str = "week", activity: str | Sequence[str] = ()
) -> Result:
    """Column: user_id, sorted. Options period: label as in ``lifecycle`` ("" = the last); state: new, returning,
    resurrecting, dormant; by, activity: as there. summary: users."""
    if state not in STATES:
        raise UserError("unknown_state", "There is no such state.", f"Choose {', '.join(STATES)}.")
    calendar = periods_of(view, by)
    labels = calendar.labels[1:]
    if period and period not in labels:
        raise UserError("bad_period", "There is no such period in the range.", "Choose one that is shown.")
    ids = people_in(
        view, calendar, as_selectors(view, activity), state, labels.index(period) if period else len(labels) - 1
    )
    frame = pd.DataFrame({"user_id": pd.Series(ids, dtype=object)})
    notes = where.ignored(view, TABLE)
    return Result("lifecycle_people", frame, summary={"users": len(ids)}, notes=notes, **rows_read(view))
