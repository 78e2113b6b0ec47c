"""Kernels that find sessions: per person and in order of time.

Each writes one entry per session that begins on a day in [first, last] into out_person (number in the partition),
out_day (of the first event), out_length (µs) and out_events, and returns how many. mask: rows that count (empty: all).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel
from dashboard.schema import NULL_DAY, NULL_TIME

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


@kernel
def by_gap(
    offsets: Int64,
    time: Int64,
    day: Int32,
    mask: Bytes,
    people: Bytes,
    first: int,
    last: int,
    until: int,
    gap: int,
    out_person: Int32,
    out_day: Int32,
    out_length: Int64,
    out_events: Int32,
) -> int:
    """A pause longer than ``gap`` µs starts a new session; nothing after the day ``until`` is read."""
    n, masked = 0, mask.shape[0] > 0
    for u in range(people.shape[0]):
        if not people[u]:
            continue
        previous, begin, inside, any_row = 0, 0, False, False
        for i in range(offsets[u], offsets[u + 1]):
            if day[i] > until:
                break
            if day[i] == NULL_DAY or (masked and not mask[i]):
                continue
            if not any_row or time[i] - previous > gap:
                if day[i] > last:
                    break
                any_row = True
                begin = time[i]
                inside = day[i] >= first
                if inside:
                    out_person[n] = u
                    out_day[n] = day[i]
                    out_length[n] = 0
                    out_events[n] = 1
                    n += 1
            elif inside:
                out_length[n - 1] = time[i] - begin
                out_events[n - 1] += 1
            previous = time[i]
    return n


@kernel
def by_id(
    offsets: Int64,
    time: Int64,
    day: Int32,
    codes: Int32,
    mask: Bytes,
    people: Bytes,
    first: int,
    last: int,
    until: int,
    out_person: Int32,
    out_day: Int32,
    out_length: Int64,
    out_events: Int32,
) -> int:
    """Rows of a person with one id are one session; rows without an id are in none."""
    n, masked = 0, mask.shape[0] > 0
    for u in range(people.shape[0]):
        begin, end = offsets[u], offsets[u + 1]
        if not people[u] or begin == end:
            continue
        order = np.argsort(codes[begin:end], kind="mergesort")  # stable: rows of one id stay in order of time
        current, inside, start = -1, False, 0
        for k in range(end - begin):
            i = begin + order[k]
            if codes[i] < 0 or day[i] > until or day[i] == NULL_DAY or (masked and not mask[i]):
                continue
            if codes[i] != current:
                current, start = codes[i], time[i]
                inside = first <= day[i] <= last
                if inside:
                    out_person[n] = u
                    out_day[n] = day[i]
                    out_length[n] = 0
                    out_events[n] = 1
                    n += 1
            elif inside:
                out_length[n - 1] = time[i] - start
                out_events[n - 1] += 1
    return n


@kernel
def of_rows(
    offsets: Int64,
    day: Int32,
    length: Int64,
    mask: Bytes,
    people: Bytes,
    first: int,
    last: int,
    out_person: Int32,
    out_day: Int32,
    out_length: Int64,
    out_events: Int32,
) -> int:
    """Every row is a session of a known length; its number of events is not known (0)."""
    n, masked = 0, mask.shape[0] > 0
    for u in range(people.shape[0]):
        if not people[u]:
            continue
        for i in range(offsets[u], offsets[u + 1]):
            if day[i] > last:
                break
            if day[i] < first or (masked and not mask[i]):
                continue
            out_person[n] = u
            out_day[n] = day[i]
            out_length[n] = length[i]
            out_events[n] = 0
            n += 1
    return n


@kernel
def tally(
    person: Int32, day: Int32, length: Int64, events: Int32, first: int, table: Int32, edges: Floats, of_period: Int64,
    of_class: Int64, total: Int64, out_seconds: Floats, out_period: Int32,
) -> int:  # fmt: skip
    """Count sessions, those of a person one after the other, per period (table[day - first]) and per class of length
    (class k: edges[k] <= seconds < edges[k + 1]).

    of_period[0..5] += sessions, persons, sessions of known length, their µs, sessions with a known number of events,
    their events. of_class[0, 1] += sessions, persons. total[0, 1] += persons, sessions of one event. out_seconds,
    out_period: of the sessions of known length; returns how many.
    """
    in_period = np.full(of_period.shape[1], -1, np.int64)  # the last person counted there
    in_class = np.full(of_class.shape[1], -1, np.int64)
    n, previous = 0, -1
    for i in range(person.shape[0]):
        u, p = person[i], table[day[i] - first]
        if u != previous:
            previous = u
            total[0] += 1
        of_period[0, p] += 1
        if in_period[p] != u:
            in_period[p] = u
            of_period[1, p] += 1
        if events[i] > 0:
            of_period[4, p] += 1
            of_period[5, p] += events[i]
            total[1] += events[i] == 1
        if length[i] == NULL_TIME:
            continue
        of_period[2, p] += 1
        of_period[3, p] += length[i]
        seconds = length[i] / 1e6
        k = 0
        while k < of_class.shape[1] - 1 and seconds >= edges[k + 1]:
            k += 1
        of_class[0, k] += 1
        if in_class[k] != u:
            in_class[k] = u
            of_class[1, k] += 1
        out_seconds[n] = seconds
        out_period[n] = p
        n += 1
    return n


@kernel
def medians(values: Floats, index: Int32, out: Floats) -> None:
    """out[p] = median of the values with index p, NaN without any."""
    ends = np.zeros(out.shape[0] + 1, np.int64)
    for i in range(index.shape[0]):
        ends[index[i] + 1] += 1
    for p in range(out.shape[0]):
        ends[p + 1] += ends[p]
    grouped, place = np.empty(values.shape[0]), ends.copy()
    for i in range(values.shape[0]):
        grouped[place[index[i]]] = values[i]
        place[index[i]] += 1
    for p in range(out.shape[0]):
        out[p] = np.median(grouped[ends[p] : ends[p + 1]]) if ends[p] < ends[p + 1] else np.nan


@kernel
def median_gaps(offsets: Int64, day: Int32, people: Bytes, first: int, last: int, out: npt.NDArray[np.float64]) -> None:
    """out[u] = median number of days between a person's active days in [first, last], NaN with fewer than two."""
    short = np.zeros(64, np.int64)  # how often each gap below 64 days occurs: most need no sorting
    for u in range(people.shape[0]):
        out[u] = np.nan
        begin, end = offsets[u], offsets[u + 1]
        while begin < end and day[begin] < first:
            begin += 1
        while end > begin and day[end - 1] > last:
            end -= 1
        n = end - begin - 1
        if not people[u] or n < 1:
            continue
        short[:] = 0
        for i in range(begin, end - 1):
            gap = day[i + 1] - day[i]
            if gap < 64:
                short[gap] += 1
        lower, upper = (n - 1) // 2, n // 2  # ranks of the one or two middle gaps
        below, low, high = 0, -1, -1
        for gap in range(64):
            below += short[gap]
            if low < 0 and below > lower:
                low = gap
            if below > upper:
                high = gap
                break
        if high < 0:
            gaps = np.empty(n, np.int64)
            for i in range(n):
                gaps[i] = day[begin + i + 1] - day[begin + i]
            gaps.sort()
            low, high = gaps[lower], gaps[upper]
        out[u] = (low + high) / 2
