"""New users: persons by the day they were first seen in all data.

Formula source: definitions sections 1 and 3. A row filter never moves a person's first day: the first row is looked up
in all rows and then tested, so the new users of exclusive values add up to the total.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.engine.run import run
from dashboard.insights import activity_kernels as kernels
from dashboard.insights import periods, where
from dashboard.insights.active_days import TABLE, activity_names, clause
from dashboard.insights.activity import Counts, buckets_of, no_comparison, rows_read
from dashboard.insights.memo import Memo
from dashboard.insights.periods import Int64
from dashboard.insights.registry import TIMED, Spans, insight
from dashboard.insights.totals import aligned, compared, summed
from dashboard.insights.view import View
from dashboard.result import Result
from dashboard.store.partition import Partition

_memo: Memo[Int64] = Memo(64 << 20, lambda item: int(item.nbytes))


def _first_rows(view: View, partition: Partition, names: tuple[str, ...]) -> Int64:
    """int64[n_users]: row in ``events`` of each person's first activity in all data, -1 without any."""
    chosen = clause(view, names)

    def make() -> Int64:
        out = np.empty(partition.n_users, np.int64)
        events = partition.table(TABLE)
        assert events is not None  # callers need the table and have checked
        kernels.first_rows(events.offsets, events.day, where.only(view, partition, TABLE, chosen), out)
        return out

    return _memo.get((view.scope, partition.index, chosen), make)


def _newcomers(view: View, partition: Partition, names: tuple[str, ...]) -> tuple[Int64, Int64]:
    """(person, day of the first activity) of the persons whose first activity passes the filters."""
    row = _first_rows(view, partition, names)
    person = np.flatnonzero((row >= 0) & where.persons(view, partition, TABLE).astype(bool))
    row = row[person]
    events = partition.table(TABLE)
    assert events is not None
    passes = where.rows_at(view, partition, TABLE, row).astype(bool)
    return person[passes], events.day[row[passes]].astype(np.int64)


def _per_span(view: View, days: Int64, spans: Spans) -> Counts:
    """How many of the days lie in each span, up to the as-of day."""
    first, table = periods.bucket_of_day(list(spans))
    at = days[days <= view.as_of] - first
    index = table[at[(at >= 0) & (at < len(table))]]
    return np.bincount(index[index >= 0], minlength=len(spans)).astype(np.int64)


def new_counts(view: View, spans: Spans, names: tuple[str, ...] = ()) -> Counts:
    """int64[len(spans)]: persons first seen in each span, up to the as-of day."""
    first, n = view.first_day, max(view.as_of - view.first_day + 1, 0)

    def kernel(partition: Partition) -> Counts:
        day = _newcomers(view, partition, names)[1] - first
        return np.bincount(day[(day >= 0) & (day < n)], minlength=n).astype(np.int64)

    up_to = np.concatenate([[0], np.cumsum(summed(view, kernel, "new by day", names))])  # before day first + position
    begin, end = (np.clip(np.array([span[i] + i - first for span in spans], np.int64), 0, n) for i in (0, 1))
    counts: Counts = up_to[end] - up_to[begin]
    return counts


def signup_counts(view: View, spans: Spans) -> Counts:
    """int64[len(spans)]: persons of the user table who signed up in each span, up to the as-of day."""
    zone = view.dataset.manifest.time_zone

    def kernel(partition: Partition) -> Counts:
        people = where.persons(view, partition, None).astype(bool)
        days = periods.local_days(partition.users.column("signup_time")[people], zone)
        return _per_span(view, days.astype(np.int64), spans)

    return summed(view, kernel, "signups", tuple(spans))


@insight(
    "new_users",
    "New users",
    definition="Users by the day, week or month in which they were first seen in all data.",
    needs=(TIMED,),
)
def new_users(view: View, *, by: str = "day", activity: str | Sequence[str] = ()) -> Result:
    """Columns: period (first ISO day), new_users, complete; with a comparison previous_period, previous_new_users.
    Options by: day, week, month; activity: event names that count. summary: value, previous, delta, relative, verdict
    of the range."""
    names = activity_names(view, activity)
    parts = buckets_of(view, by)
    now = new_counts(view, parts.spans, names)
    columns = {"period": parts.labels, "new_users": now, "complete": parts.complete}
    notes = list(where.ignored(view, TABLE))
    previous = float("nan")
    if view.previous is not None:
        before = buckets_of(view, by, view.previous)
        columns["previous_period"] = aligned(before.labels, len(now))
        counts = new_counts(view, before.spans, names)
        columns["previous_new_users"] = aligned(counts.astype(np.float64), len(now))
        if view.comparable():
            previous = float(counts.sum())
        else:
            notes.append(no_comparison(view))
    units: dict[str, str] = {name: "count" for name in ("new_users", "previous_new_users") if name in columns}
    summary = compared(float(now.sum()), previous, True)
    frame = pd.DataFrame(columns)
    return Result("new_users", frame, units=units, summary=summary, notes=tuple(notes), **rows_read(view))


@insight(
    "new_people",
    "Who is new",
    definition="The users first seen in the range: exactly those that the count of new users counts.",
    needs=(TIMED,),
)
def new_people(view: View, *, activity: str | Sequence[str] = ()) -> Result:
    """Column: user_id, sorted. Option activity: event names that count. summary: users."""
    names = activity_names(view, activity)
    first, last = view.period.first, min(view.period.last, view.as_of)

    def kernel(partition: Partition) -> list[str]:
        person, day = _newcomers(view, partition, names)
        return [str(item) for item in partition.user_ids.take(person[(day >= first) & (day <= last)]).to_pylist()]

    ids = run(view.dataset, kernel, lambda parts: sorted(item for part in parts for item in part))
    frame = pd.DataFrame({"user_id": pd.Series(ids, dtype=object)})
    return Result("new_people", frame, summary={"users": len(ids)}, notes=where.ignored(view, TABLE), **rows_read(view))
