"""Active users: rolling distinct persons per day, distinct persons per period, and who they are.

Formula source: definitions section 2. A person counts once per window, windows are calendar days in the dataset's zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine.run import run
from dashboard.errors import UserError
from dashboard.filters import Period
from dashboard.insights import activity_kernels as kernels
from dashboard.insights import periods, where
from dashboard.insights.active_days import TABLE, active_days, activity_names, clause
from dashboard.insights.registry import TIMED, Spans, insight
from dashboard.insights.totals import aligned, json_number, mean, ratio, summed
from dashboard.insights.view import View
from dashboard.result import Result
from dashboard.store.partition import Partition

WINDOWS = {"dau": 1, "wau": 7, "mau": 30}
Counts = npt.NDArray[np.int64]


def rolling_counts(view: View, first: int, last: int, names: tuple[str, ...] = ()) -> Counts:
    """int64[3, last - first + 1]: distinct persons in the trailing 1, 7 and 30 days of each day."""
    if view.previous is not None and view.previous.first <= first and last <= view.period.last:
        begin, end = view.previous.first, view.period.last  # both periods of a comparison in one pass
    else:
        begin, end = first, last
    windows = np.array(list(WINDOWS.values()), np.int64)

    def kernel(partition: Partition) -> Counts:
        days = active_days(view, partition, names)
        out = np.zeros((len(windows), end - begin + 2), np.int64)
        kernels.rolling(days.offsets, days.day, where.persons(view, partition, TABLE), windows, begin, end, out)
        return out

    counts: Counts = np.cumsum(summed(view, kernel, "rolling", begin, end, names), axis=1)
    wanted: Counts = counts[:, first - begin : last - begin + 1]
    return wanted


def distinct_counts(view: View, spans: Spans, names: tuple[str, ...] = ()) -> Counts:
    """int64[len(spans)]: distinct persons active in each span."""
    if len(spans) > 1 and len(spans) == spans[-1][1] - spans[0][0] + 1:  # single days: known from the rolling counts
        daily_: Counts = rolling_counts(view, spans[0][0], spans[-1][1], names)[0]
        return daily_
    first, table = periods.bucket_of_day(list(spans))

    def kernel(partition: Partition) -> Counts:
        days = active_days(view, partition, names)
        out = np.zeros(len(spans), np.int64)
        kernels.distinct_per_span(days.offsets, days.day, where.persons(view, partition, TABLE), first, table, out)
        return out

    return summed(view, kernel, "distinct", tuple(spans), names)


def event_counts(view: View, spans: Spans, names: tuple[str, ...] = ()) -> Counts:
    """int64[len(spans)]: events of known persons in each span, up to the as-of day."""
    first, table = periods.bucket_of_day(list(spans))
    table = np.where(np.arange(first, first + len(table)) <= view.as_of, table, -1).astype(np.int32)

    def kernel(partition: Partition) -> Counts:
        out = np.zeros(len(spans), np.int64)
        events = partition.table(TABLE)
        if events is not None:
            mask = where.rows(view, partition, TABLE, clause(view, names))
            people = where.persons(view, partition, TABLE)
            kernels.rows_per_span(events.offsets, events.day, mask, people, first, table, out)
        return out

    return summed(view, kernel, "events", tuple(spans), names)


def people_active(view: View, first: int, last: int, names: tuple[str, ...] = ()) -> list[str]:
    """Sorted ids of the persons active in [first, last]: the very persons that the counts count."""

    def kernel(partition: Partition) -> list[str]:
        days = active_days(view, partition, names)
        out = np.zeros(partition.n_users, np.uint8)
        kernels.active_flags(days.offsets, days.day, where.persons(view, partition, TABLE), first, last, out)
        return [str(item) for item in partition.user_ids.take(np.flatnonzero(out)).to_pylist()]

    return run(view.dataset, kernel, lambda partials: sorted(item for partial in partials for item in partial))


def rows_read(view: View) -> dict[str, Any]:
    """rows_read and users_read of an activity number."""
    return {"rows_read": view.dataset.manifest.rows.get(TABLE, 0), "users_read": view.dataset.manifest.users}


def daily(view: View, period: Period, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Columns of one row per day: day (ISO), dau, wau, mau, stickiness, wau_mau (NaN when nobody), window_full,
    complete."""
    counts = rolling_counts(view, period.first, period.last, names)
    days = np.arange(period.first, period.last + 1)
    return {
        "day": periods.labels(days),
        **dict(zip(WINDOWS, counts, strict=True)),
        "stickiness": ratio(counts[0], counts[2]),
        "wau_mau": ratio(counts[1], counts[2]),
        "window_full": days - WINDOWS["mau"] + 1 >= view.first_day,
        "complete": days <= view.last_complete,
    }


def headline(view: View, columns: dict[str, Any]) -> dict[str, float | None]:
    """Headlines over the complete days of :func:`daily`: dau (mean), wau and mau (last complete day), mau_mean,
    stickiness (mean of the daily ratios) and stickiness_30 (mean DAU of 30 days / MAU, on the last complete day).

    Days whose 30 days begin before the data do stay out of the means of ratios and of MAU, unless the range was typed
    in.
    """
    whole = columns["complete"]
    full = whole if view.fixed else whole & columns["window_full"]
    values = {
        "dau": mean(columns["dau"][whole].astype(np.float64)),
        "wau": float(columns["wau"][whole][-1]) if whole.any() else np.nan,
        "mau": float(columns["mau"][whole][-1]) if whole.any() else np.nan,
        "mau_mean": mean(columns["mau"][full].astype(np.float64)),
        "stickiness": mean(columns["stickiness"][full]),
    }
    return {name: json_number(value) for name, value in values.items()}


def thirty_day_stickiness(view: View, last: int, names: tuple[str, ...] = ()) -> float | None:
    """Mean DAU of the 30 days up to ``last`` / MAU of that day; None before the window is full or when nobody came."""
    if last - WINDOWS["mau"] + 1 < view.first_day:
        return None
    counts = rolling_counts(view, last - WINDOWS["mau"] + 1, last, names)
    return json_number(float(ratio(counts[0].mean(), float(counts[2][-1]))))


@insight(
    "active_users",
    "Active users",
    definition="Distinct users in the trailing 1, 7 and 30 calendar days of each day, and DAU/MAU.",
    needs=(TIMED,),
)
def active_users(view: View, *, activity: str | Sequence[str] = ()) -> Result:
    """Columns as in :func:`daily`; with a comparison also previous_day, previous_dau, previous_wau, previous_mau and
    previous_stickiness, aligned day by day. Option activity: event names that count (default: the dataset's).
    summary: :func:`headline` plus stickiness_30, and the same with the prefix previous_."""
    names = activity_names(view, activity)
    columns = daily(view, view.period, names)
    summary = headline(view, columns)
    summary["stickiness_30"] = thirty_day_stickiness(view, min(view.period.last, view.last_complete), names)
    notes = list(where.ignored(view, TABLE))
    if view.previous is not None:
        before = daily(view, view.previous, names)
        for name in ("day", "dau", "wau", "mau", "stickiness"):
            columns[f"previous_{name}"] = aligned(before[name], view.period.days)
        comparable = view.comparable()
        summary |= {f"previous_{key}": value if comparable else None for key, value in headline(view, before).items()}
        if not comparable:
            notes.append(no_comparison(view))
    if not columns["window_full"].all():
        notes.append("On the marked days the 30 days before begin earlier than the data, so MAU is still growing.")
    if not columns["complete"].all():
        notes.append("The last day is not over in this data; it is left out of means.")
    units: dict[str, str] = dict.fromkeys(WINDOWS, "count") | {"stickiness": "rate", "wau_mau": "rate"}
    units |= {f"previous_{name}": unit for name, unit in units.items() if f"previous_{name}" in columns}
    frame = pd.DataFrame(columns)
    return Result("active_users", frame, units=units, summary=summary, notes=tuple(notes), **rows_read(view))


def no_comparison(view: View) -> str:
    """Why there is no previous value."""
    return f"The data begin on {periods.iso(view.first_day)}, so there is no whole previous period to compare with."


@insight(
    "unique_users",
    "Users per period",
    definition="Distinct users and their events per calendar day, week or month.",
    needs=(TIMED,),
)
def unique_users(view: View, *, by: str = "month", activity: str | Sequence[str] = ()) -> Result:
    """Columns: period (first ISO day of the whole period), users, events, complete. Only days inside the range count; a
    period that the range cuts is not complete. Option by: day, week, month; activity: event names that count."""
    names = activity_names(view, activity)
    parts = buckets_of(view, by)
    frame = pd.DataFrame(
        {
            "period": parts.labels,
            "users": distinct_counts(view, parts.spans, names),
            "events": event_counts(view, parts.spans, names),
            "complete": parts.complete,
        }
    )
    units = {"users": "count", "events": "count"}
    return Result("unique_users", frame, units=units, notes=where.ignored(view, TABLE), **rows_read(view))


def buckets_of(view: View, by: str, period: Period | None = None) -> periods.Buckets:
    """The view's periods. Raises UserError for a unit that is none."""
    if by not in periods.UNITS:
        raise UserError("unknown_period", f"There is no period “{by}”.", "Choose day, week or month.")
    return view.buckets(by, period)


@insight(
    "active_people",
    "Who was active",
    definition="The users active in the calendar days that end on a day: exactly those that the counts count.",
    needs=(TIMED,),
)
def active_people(view: View, *, day: str = "", window: int = 1, activity: str | Sequence[str] = ()) -> Result:
    """Column: user_id, sorted. Options day: ISO day (default: last day of the range), window: days (1 DAU, 7 WAU, 30
    MAU), activity: event names that count. summary: users."""
    last = periods.from_iso(day) if day else view.period.last
    if last is None:
        raise UserError("bad_day", "This is not a day.", "Write it as 2026-01-31.")
    if not 1 <= int(window) <= 3_660:
        raise UserError("bad_window", "A window has 1 to 3,660 days.", "Use 1, 7 or 30.")
    ids = people_active(view, last - int(window) + 1, last, activity_names(view, activity))
    frame = pd.DataFrame({"user_id": pd.Series(ids, dtype=object)})
    return Result(
        "active_people", frame, summary={"users": len(ids)}, notes=where.ignored(view, TABLE), **rows_read(view)
    )
