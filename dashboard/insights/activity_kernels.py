"""Kernels over the distinct active days of persons. Each is one pass over one partition.

Common input: offsets int64[n_users + 1]; day int32, ascending per person (distinct where the text says "active day",
NULL_DAY first where rows without a date can occur); people uint8[n_users], 1 = counts.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel
from dashboard.schema import NULL_DAY

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@kernel
def distinct_days(offsets: Int64, day: Int32, mask: Bytes, until: int, out_offsets: Int64, out_day: Int32) -> int:
    """Distinct days per person of the rows with mask[i] (an empty mask: all rows) and day[i] <= until.

    day: ascending per person, may repeat. Writes out_offsets[n_users + 1] and out_day; returns the number of days.
    """
    n, masked, never = np.uint64(0), mask.shape[0] > 0, np.int32(NULL_DAY)
    out_offsets[0] = 0
    for u in range(offsets.shape[0] - 1):
        begin, end = offsets[u], offsets[u + 1]
        while end > begin and day[end - 1] > until:
            end -= 1
        last = never
        for i in range(begin, end):
            d = day[np.uint64(i)]
            chosen = not masked or mask[np.uint64(i)] != 0
            out_day[n] = d  # the place behind the last one takes what is not kept: no branch to guess
            n = np.uint64(n + np.uint64(chosen & (d != last)))
            last = d if chosen else last
        out_offsets[u + 1] = n
    return int(n)


@kernel
def distinct_days_of(
    offsets: Int64, day: Int32, codes: Int32, allowed: Bytes, until: int, out_offsets: Int64, out_day: Int32
) -> int:
    """:func:`distinct_days` for the rows with allowed[codes[i] + 1], without a mask: one filter is the usual case, and
    writing and reading a byte per row would take as long as everything else."""
    n, never = np.uint64(0), np.int32(NULL_DAY)
    out_offsets[0] = 0
    for u in range(offsets.shape[0] - 1):
        begin, end = offsets[u], offsets[u + 1]
        while end > begin and day[end - 1] > until:
            end -= 1
        last = never
        for i in range(begin, end):
            d = day[np.uint64(i)]
            chosen = allowed[np.uint32(codes[np.uint64(i)] + 1)] != 0
            out_day[n] = d
            n = np.uint64(n + np.uint64(chosen & (d != last)))
            last = d if chosen else last
        out_offsets[u + 1] = n
    return int(n)


@kernel
def rolling(offsets: Int64, day: Int32, people: Bytes, windows: Int64, first: int, last: int, out: Int64) -> None:
    """Distinct persons in the trailing windows of each day first..last.

    An active day d keeps its person in a window of w days until the day before min(next active day, d + w): so add 1
    where that stretch begins and take 1 away where it ends; running sums of ``out`` are the counts.
    windows: int64[k] lengths in days. out: int64[k, last - first + 2], zeros.
    """
    widest = 0
    for k in range(windows.shape[0]):
        widest = max(widest, windows[k])
    begun = np.zeros(out.shape[1], np.int64)  # a day of the range begins a stretch in every window
    for u in range(offsets.shape[0] - 1):
        if not people[u]:
            continue
        end = offsets[u + 1]
        for i in range(offsets[u], end):
            d = np.int64(day[i])
            if d > last:
                break
            if d + widest <= first:
                continue
            following = np.int64(last + 1)
            if i + 1 < end:
                following = min(following, np.int64(day[i + 1]))
            if d >= first:
                begun[d - first] += 1
                for k in range(windows.shape[0]):
                    out[k, np.uint32(min(d + windows[k], following) - first)] -= 1
            else:
                for k in range(windows.shape[0]):
                    stop = min(d + windows[k], following)
                    if stop > first:
                        out[k, 0] += 1
                        out[k, stop - first] -= 1
    for k in range(windows.shape[0]):
        for j in range(begun.shape[0]):
            out[k, j] += begun[j]


@kernel
def distinct_per_span(offsets: Int64, day: Int32, people: Bytes, first: int, span: Int32, out: Int64) -> None:
    """out[s] += persons with an active day in span s; span[d - first] = index of the span of day d or -1."""
    n = span.shape[0]
    for u in range(offsets.shape[0] - 1):
        if not people[u]:
            continue
        before = -1
        for i in range(offsets[u], offsets[u + 1]):
            at = day[i] - first
            if at < 0:
                continue
            if at >= n:
                break
            s = span[at]
            out[np.uint32(max(s, 0))] += (s >= 0) & (s != before)  # no branch: which days begin a span is hard to guess
            before = max(s, before)


@kernel
def distinct_of_two(
    offsets: Int64,
    day: Int32,
    people: Bytes,
    offsets2: Int64,
    day2: Int32,
    people2: Bytes,
    first: int,
    span: Int32,
    out: Int64,
) -> None:
    """out[s] += persons with a day of either list in span s; a list counts only persons of its own ``people``."""
    n = span.shape[0]
    seen = np.full(out.shape[0], -1, np.int64)
    for u in range(offsets.shape[0] - 1):
        if people[u]:
            for i in range(offsets[u], offsets[u + 1]):
                at = day[i] - first
                if at >= n:
                    break
                if at >= 0 and span[at] >= 0:
                    s = np.uint32(span[at])
                    out[s] += seen[s] != u
                    seen[s] = u
        if people2[u]:
            for i in range(offsets2[u], offsets2[u + 1]):
                at = day2[i] - first
                if at >= n:
                    break
                if at >= 0 and span[at] >= 0:
                    s = np.uint32(span[at])
                    out[s] += seen[s] != u
                    seen[s] = u


@kernel
def active_flags(offsets: Int64, day: Int32, people: Bytes, first: int, last: int, out: Bytes) -> None:
    """out[u] = 1 for persons with an active day in [first, last]."""
    for u in range(offsets.shape[0] - 1):
        if not people[u]:
            continue
        for i in range(offsets[u], offsets[u + 1]):
            if day[i] > last:
                break
            if day[i] >= first:
                out[u] = 1
                break


@kernel
def rows_per_span(offsets: Int64, day: Int32, mask: Bytes, people: Bytes, first: int, span: Int32, out: Int64) -> None:
    """out[s] += rows of counted persons with mask[i] (an empty mask: all) whose day lies in span s."""
    n = span.shape[0]
    masked = mask.shape[0] > 0
    for u in range(offsets.shape[0] - 1):
        if not people[u]:
            continue
        for i in range(offsets[u], offsets[u + 1]):
            at = day[i] - first
            if at >= n:
                break
            if at >= 0 and (not masked or mask[i]) and span[at] >= 0:
                out[span[at]] += 1


@kernel
def first_rows(offsets: Int64, day: Int32, active: Bytes, out: Int64) -> None:
    """out[u] = the first row of person u that has a day and is active (an empty ``active``: any row), -1 without
    one."""
    chosen = active.shape[0] > 0
    for u in range(offsets.shape[0] - 1):
        out[u] = -1
        for i in range(offsets[u], offsets[u + 1]):
            if day[i] != NULL_DAY and (not chosen or active[i]):
                out[u] = i
                break
