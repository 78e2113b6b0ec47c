"""When people are active: events and users by weekday and local hour.

The hour is the clock on the wall in the dataset's zone; the weekday is that of the local day.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine.run import run
from dashboard.insights import options, where
from dashboard.insights.active_days import TABLE, activity_names, clause
from dashboard.insights.activity import rows_read
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.retention_calendar import HOUR, midnights
from dashboard.insights.totals import add, ratio
from dashboard.insights.view import View
from dashboard.jit import kernel
from dashboard.result import Result
from dashboard.schema import MICROSECONDS_PER_DAY
from dashboard.store.partition import Partition

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS, CELLS = 24, 7 * 24
_THURSDAY = 3  # 1970-01-01, day 0
Int64 = npt.NDArray[np.int64]


@kernel
def by_hour(
    offsets: Int64,
    time: Int64,
    day: npt.NDArray[np.int32],
    mask: npt.NDArray[np.uint8],
    people: npt.NDArray[np.uint8],
    first: int,
    last: int,
    begins: Int64,
    shift: Int64,
    who_cell: int,
    flags: npt.NDArray[np.uint8],
    out: Int64,
) -> None:
    """out[0, cell] += rows, out[1, cell] += persons, cell = weekday (Monday 0) · 24 + hour, for rows with mask[i]
    (empty: all) and first <= day[i] <= last. shift[k]: µs that clocks are ahead of UTC from begins[k] on. Flags persons
    with a row in ``who_cell``."""
    never = np.iinfo(np.int64).max
    seen = np.zeros(7, np.uint32)  # bit h of weekday w: the person was active at that hour
    midnight, weekdays = np.empty(max(last - first + 1, 0), np.int64), np.empty(max(last - first + 1, 0), np.uint8)
    for d in range(first, last + 1):
        midnight[d - first] = d * MICROSECONDS_PER_DAY
        weekdays[d - first] = (d + _THURSDAY) % 7
    masked = mask.shape[0] > 0
    rows = np.zeros((2, CELLS), np.int64)  # in turns: neighbours are of one hour, and an addition waits for the last
    for u in range(people.shape[0]):
        if not people[u]:
            continue
        begin, end = offsets[u], offsets[u + 1]
        while begin < end and day[begin] < first:
            begin += 1
        while end > begin and day[end - 1] > last:
            end -= 1
        k, changes = 0, begins[1] if begins.shape[0] > 1 else never
        for i in range(begin, end):
            row = np.uint64(i)
            kept = np.uint32(mask[row] != 0) if masked else np.uint32(1)
            now = time[row]
            while now >= changes:
                k += 1
                changes = begins[k + 1] if k + 1 < begins.shape[0] else never
            at = np.uint32(day[row] - first)
            hour = np.uint32(np.uint64(now + shift[k] - midnight[at]) // np.uint64(HOUR))
            weekday = np.uint32(weekdays[at])
            rows[row & np.uint64(1), weekday * np.uint32(HOURS) + hour] += kept
            seen[weekday] |= kept << hour
        for w in range(7):
            hours, seen[w] = seen[w], np.uint32(0)
            for h in range(HOURS):
                out[1, np.uint32(w * HOURS + h)] += (hours >> np.uint32(h)) & np.uint32(1)
            if who_cell // HOURS == w and (hours >> np.uint32(who_cell % HOURS)) & np.uint32(1):
                flags[u] = 1
    for cell in range(CELLS):
        out[0, cell] += rows[0, cell] + rows[1, cell]


@lru_cache(maxsize=64)  # every partition asks; read-only
def clock(zone: str, first: int, last: int) -> tuple[Int64, Int64]:
    """(begins, shift): from which instant on clocks are how many µs ahead of UTC, for the local days first .. last."""
    days = np.arange(first - 1, last + 3, dtype=np.int64)
    ahead = days * MICROSECONDS_PER_DAY - midnights(days, zone)
    begins, shift = [np.iinfo(np.int64).min], [int(ahead[0])]
    for index in np.flatnonzero(np.diff(ahead)):
        begin, end = midnights(days[index : index + 2], zone).tolist()
        grid = np.arange(begin, end + 1, HOUR // 4, dtype=np.int64)
        local = pd.DatetimeIndex(grid.view("datetime64[us]"), tz="UTC").tz_convert(zone).tz_localize(None)
        offsets = local.to_numpy().astype("datetime64[us]").view(np.int64) - grid
        for change in np.flatnonzero(np.diff(offsets)) + 1:
            begins.append(int(grid[change]))
            shift.append(int(offsets[change]))
    found = np.array(begins, np.int64), np.array(shift, np.int64)
    for array in found:
        array.flags.writeable = False
    return found


def _count(view: View, partition: Partition, names: tuple[str, ...], cell: int, flags: npt.NDArray[np.uint8]) -> Int64:
    out = np.zeros((2, CELLS), np.int64)
    events = partition.table(TABLE)
    if events is not None:
        begins, shift = clock(view.dataset.manifest.time_zone, view.period.first, view.period.last)
        mask = where.rows(view, partition, TABLE, clause(view, names))
        last = min(view.period.last, view.as_of)
        people = where.persons(view, partition, TABLE)
        by_hour(
            events.offsets, events.time, events.day, mask, people, view.period.first, last, begins, shift, cell, flags,
            out,
        )  # fmt: skip
    return out


@insight(
    "rhythm",
    "When people are active",
    definition="Events and users by weekday and hour of the day.",
    needs=(TIMED,),
)
def rhythm(view: View, *, activity: str | Sequence[str] = ()) -> Result:
    """Columns: weekday (0 = Monday), name, hour (0 to 23, local), events, users (distinct), days (of that weekday in
    the range), events_per_day, share (of all events). 168 rows, weeks begin with the dataset's first weekday. Option
    activity: event names that count. summary: events, users_busiest, weekday, hour (of the busiest cell)."""
    names = activity_names(view, activity)
    counts = run(view.dataset, lambda p: _count(view, p, names, -1, np.zeros(0, np.uint8)), add)
    begin = 6 if view.week_start == "sunday" else 0
    cells = (np.arange(CELLS) + begin * HOURS) % CELLS
    days = np.arange(view.period.first, min(view.period.last, view.as_of) + 1)
    of_weekday = np.bincount((days + _THURSDAY) % 7, minlength=7)[cells // HOURS]
    events, users = counts[0][cells], counts[1][cells]
    frame = pd.DataFrame(
        {
            "weekday": cells // HOURS,
            "name": np.array(WEEKDAYS, object)[cells // HOURS],
            "hour": cells % HOURS,
            "events": events,
            "users": users,
            "days": of_weekday,
            "events_per_day": ratio(events, of_weekday),
            "share": ratio(events, events.sum()),
        }
    )
    busiest = frame.iloc[int(events.argmax())]
    some = bool(events.sum())
    summary = {
        "events": int(events.sum()),
        "users_busiest": int(busiest["users"]) if some else None,
        "weekday": str(busiest["name"]) if some else None,
        "hour": int(busiest["hour"]) if some else None,
    }
    units = {"events": "count", "users": "count", "days": "count", "events_per_day": "number", "share": "rate"}
    return Result("rhythm", frame, units=units, summary=summary, notes=where.ignored(view, TABLE), **rows_read(view))


@insight(
    "rhythm_people",
    "Who is active at an hour",
    definition="The users with activity on a weekday at an hour: exactly those that it counts.",
    needs=(TIMED,),
)
def rhythm_people(view: View, *, weekday: int = 0, hour: int = 0, activity: str | Sequence[str] = ()) -> Result:
    """Column: user_id, sorted. Options weekday: 0 (Monday) to 6; hour: 0 to 23; activity: event names that count.
    summary: users."""
    cell = options.whole(weekday, "weekday", 0, 6) * HOURS + options.whole(hour, "hour", 0, 23)
    names = activity_names(view, activity)

    def ids(partition: Partition) -> list[str]:
        flags = np.zeros(partition.n_users, np.uint8)
        _count(view, partition, names, cell, flags)
        return [str(item) for item in partition.user_ids.take(np.flatnonzero(flags)).to_pylist()]

    found = run(view.dataset, ids, lambda parts: sorted(item for part in parts for item in part))
    frame = pd.DataFrame({"user_id": pd.Series(found, dtype=object)})
    notes = where.ignored(view, TABLE)
    return Result("rhythm_people", frame, summary={"users": len(found)}, notes=notes, **rows_read(view))
