"""Kernels of lifecycle: new, returning, resurrecting and dormant persons per period; states per day.

Marks as in :mod:`dashboard.insights.retention_kernels`. Every function also answers "who" from the same pass: flags[u]
is set for the persons it counts in the asked cell.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

# rows of the counts
NEW, RETURNING, RESURRECTING, DORMANT = range(4)
# states of a person on a day; the last five are those without activity on it, UNSEEN: not yet known
DAY_NEW, CURRENT, REACTIVATED, RESURRECTED, AT_RISK_WEEK, AT_RISK_MONTH, INACTIVE, UNSEEN = range(8)
WEEK, MONTH = 7, 30


@kernel
def lifecycle(
    offsets: Int64,
    at: Int32,
    people: Bytes,
    origin: int,
    table: Int32,
    who_state: int,
    who_period: int,
    flags: Bytes,
    out: Int64,
) -> None:
    """out[state, p] += persons of that state in period p, for the periods 1 .. n - 1 of the table (0 is only there to
    know who was active before). out: int64[4, n]."""
    size, n = table.shape[0], out.shape[1]
    for u in range(people.shape[0]):
        if not people[u]:
            continue
        before = -2  # the last period of activity: -2 none, -1 earlier than the table
        for i in range(offsets[u], offsets[u + 1]):
            d = at[i] - origin
            period = -1 if d < 0 else n if d >= size else table[d]
            if period == before:
                continue
            if 0 <= before < n - 1 and period != before + 1:
                out[3, before + 1] += 1
                if who_state == 3 and who_period == before + 1:
                    flags[u] = 1
            if 0 <= period < n:
                state = 0 if before == -2 else 1 if before == period - 1 and before >= 0 else 2
                out[state, period] += 1
                if who_state == state and who_period == period:
                    flags[u] = 1
            before = period
            if period == n:
                break
        if 0 <= before < n - 1:
            out[3, before + 1] += 1
            if who_state == 3 and who_period == before + 1:
                flags[u] = 1


@kernel
def state_on(offsets: Int64, day: Int32, people: Bytes, when: int, out: Int32) -> None:
    """out[u] = state of person u on the day, -1 for persons that do not count."""
    for u in range(people.shape[0]):
        if not people[u]:
            out[u] = -1
            continue
        last, before = -1, -1
        for i in range(offsets[u], offsets[u + 1]):
            if day[i] > when:
                break
            before, last = last, i
        if last < 0:
            out[u] = 7
        elif day[last] == when:
            if before < 0:
                out[u] = 0
            else:
                gap = when - day[before]
                out[u] = 1 if gap <= WEEK else 2 if gap <= MONTH else 3
        else:
            gap = when - day[last]
            out[u] = 4 if gap <= WEEK else 5 if gap <= MONTH else 6


@kernel
def daily_states(offsets: Int64, day: Int32, people: Bytes, first: int, last: int, out: Int64) -> None:
    """Changes of the number of persons in each state: running sums of out[state] along days are the counts of the days
    first .. last. out: int64[7, last - first + 2]."""
    for u in range(people.shape[0]):
        if not people[u]:
            continue
        for i in range(offsets[u], offsets[u + 1]):
            d = day[i]
            if d > last:
                break
            if i == offsets[u]:
                state = 0
            else:
                gap = d - day[i - 1]
                state = 1 if gap <= WEEK else 2 if gap <= MONTH else 3
            following, begin = last + 1, int(d)
            if i + 1 < offsets[u + 1]:
                following = min(following, int(day[i + 1]))
            # today, up to a week later, up to a month later, after that
            for stretch in range(4):
                if stretch == 0:
                    stop = d + 1
                elif stretch == 1:
                    stop = d + WEEK + 1
                elif stretch == 2:
                    stop = d + MONTH + 1
                else:
                    stop = following
                stop = min(stop, following)
                if stretch > 0:
                    state = 3 + stretch
                low = max(begin, first)
                if low < stop:
                    out[state, low - first] += 1
                    out[state, stop - first] -= 1
                begin = max(begin, stop)


@kernel
def periods_active(
    offsets: Int64,
    at: Int32,
    people: Bytes,
    origin: int,
    table: Int32,
    who_low: int,
    who_high: int,
    flags: Bytes,
    out: Int64,
) -> None:
    """out[j] += persons active in exactly j periods of the table (-1 in it: outside); flags those with who_low <= j <=
    who_high. out: int64[periods + 1]."""
    size = table.shape[0]
    for u in range(people.shape[0]):
        if not people[u]:
            continue
        j, before = 0, -1
        for i in range(offsets[u], offsets[u + 1]):
            d = at[i] - origin
            if d < 0:
                continue
            if d >= size:
                break
            if table[d] >= 0 and table[d] != before:
                before = table[d]
                j += 1
        out[j] += 1
        if who_low <= j <= who_high:
            flags[u] = 1
