"""What persons did, as numbers of days or periods: the input of retention and lifecycle.

Where only days matter this is the list of active days that the counts of active users use too, kept in memory; several
events in a period, hours, and conditions on properties read the rows once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.insights import activity_kernels, where
from dashboard.insights import retention_kernels as kernels
from dashboard.insights.active_days import TABLE, ActiveDays, active_days, default_clause, keep, scan
from dashboard.insights.retention_calendar import Calendar
from dashboard.insights.selector import Selector
from dashboard.insights.view import View
from dashboard.insights.where import EVERYTHING, Mask
from dashboard.store.partition import Partition

FOREVER = 2**31 - 1


def until(view: View) -> int:
    """The last day that is read."""
    return view.as_of if view.cut else FOREVER


def rows_mask(view: View, partition: Partition, selector: Selector) -> Mask:
    """uint8[rows of events]: the rows that match and pass the view's filters; EVERYTHING when all do."""
    clauses = where.row_clauses(view, TABLE)
    if selector.event is None:
        clauses = (*clauses, *default_clause(view))
    mask = where.only(view, partition, TABLE, clauses)
    if selector.event is None and not selector.where:
        return mask
    chosen = selector.mask(partition, view.dataset).view(np.uint8)
    return chosen if mask is EVERYTHING else chosen & mask


def marks(view: View, partition: Partition, selector: Selector, calendar: Calendar, needed: int = 1) -> ActiveDays:
    """The days (hours: indexes of the calendar's periods) in which each person has a matching event; with ``needed`` >
    1 the indexes of the periods with so many. What the calendar's ``origin`` and ``table`` are for."""
    if calendar.unit != "hour" and needed == 1:
        return days(view, partition, selector)
    query = ("marks", selector, calendar.key, needed, where.row_clauses(view, TABLE))
    return keep(view, partition, query, lambda: _read(view, partition, selector, calendar, needed))


def days(view: View, partition: Partition, selector: Selector) -> ActiveDays:
    """The distinct days with a matching event."""
    if not selector.where:
        return active_days(view, partition, (selector.event,) if selector.event is not None else ())

    def read() -> ActiveDays:
        events = partition.table(TABLE)
        if events is None:
            return nothing(partition)
        return scan(events.offsets, events.day, rows_mask(view, partition, selector), until(view))

    return keep(view, partition, ("days", selector, where.row_clauses(view, TABLE)), read)


def any_of(view: View, partition: Partition, selectors: tuple[Selector, ...], calendar: Calendar) -> ActiveDays:
    """:func:`marks` of the persons' events that any of the selectors means."""
    if len(selectors) == 1:
        return marks(view, partition, selectors[0], calendar)
    if calendar.unit != "hour" and not any(item.where or item.event is None for item in selectors):
        return active_days(view, partition, tuple(sorted(str(item.event) for item in selectors)))

    def read() -> ActiveDays:
        events = partition.table(TABLE)
        if events is None:
            return nothing(partition)
        mask = np.zeros(events.n_rows, np.uint8)
        for item in selectors:
            chosen = rows_mask(view, partition, item)
            mask |= np.ones_like(mask) if chosen is EVERYTHING else chosen
        return _read_rows(view, partition, mask, calendar, 1)

    return keep(view, partition, ("any", selectors, calendar.key, where.row_clauses(view, TABLE)), read)


def nothing(partition: Partition) -> ActiveDays:
    return frozen(np.zeros(partition.n_users + 1, np.int64), np.zeros(0, np.int32))


def frozen(offsets: npt.NDArray[np.int64], at: npt.NDArray[np.int32]) -> ActiveDays:
    """Marks, read-only as stored arrays are: kernels are compiled for those."""
    offsets.flags.writeable = False
    at.flags.writeable = False
    return ActiveDays(offsets, at)


def _read(view: View, partition: Partition, selector: Selector, calendar: Calendar, needed: int) -> ActiveDays:
    events = partition.table(TABLE)
    if events is None:
        return nothing(partition)
    return _read_rows(view, partition, rows_mask(view, partition, selector), calendar, needed)


def _read_rows(view: View, partition: Partition, mask: Mask, calendar: Calendar, needed: int) -> ActiveDays:
    events = partition.table(TABLE)
    assert events is not None  # callers have looked
    offsets, at = np.empty(len(events.offsets), np.int64), np.empty(events.n_known, np.int32)
    if calendar.unit == "hour":
        n = kernels.marks_of_times(
            events.offsets, events.time, events.day, mask, until(view), calendar.edges, needed, offsets, at
        )
    elif needed == 1:
        return scan(events.offsets, events.day, mask, until(view))
    else:
        n = kernels.marks_of_days(
            events.offsets, events.day, mask, until(view), calendar.origin, calendar.table, needed, offsets, at
        )
    return frozen(offsets, at[:n].copy())


def positions(calendar: Calendar, needed: int = 1) -> tuple[int, npt.NDArray[np.int32]]:
    """(origin, table) that turn :func:`marks` of this calendar into indexes of periods."""
    if calendar.unit != "hour" and needed > 1:
        return 0, np.arange(len(calendar), dtype=np.int32)
    return calendar.origin, calendar.table


def first_rows(view: View, partition: Partition, selector: Selector) -> npt.NDArray[np.int64]:
    """int64[n_users]: the row of each person's first event of the selector's name in all data where that one meets the
    conditions too, else -1."""
    events = partition.table(TABLE)
    out = np.full(partition.n_users, -1, np.int64)
    if events is None:
        return out
    named = rows_mask(view, partition, Selector(selector.event))
    activity_kernels.first_rows(events.offsets, events.day, named, out)
    chosen = rows_mask(view, partition, selector)
    known = np.flatnonzero(out >= 0)
    wrong = events.day[out[known]] > until(view)
    if chosen is not EVERYTHING:
        wrong |= chosen[out[known]] == 0
    out[known[wrong]] = -1
    return out


def first_marks(view: View, partition: Partition, selector: Selector, calendar: Calendar) -> ActiveDays:
    """:func:`marks` with at most one mark per person: the start of who is "first ever"."""
    events = partition.table(TABLE)
    row = first_rows(view, partition, selector)
    known = row >= 0
    if events is None or not known.any():
        return nothing(partition)
    offsets = np.concatenate([[0], np.cumsum(known)]).astype(np.int64)
    if calendar.unit != "hour":
        return frozen(offsets, events.day[row[known]].astype(np.int32))
    index = np.searchsorted(calendar.edges, events.time[row[known]], side="right") - 1
    return frozen(offsets, np.minimum(index, len(calendar)).astype(np.int32))
