"""Kernels of retention: who of a cohort came back, per person and one after the other.

Marks are what a person did, as ascending numbers of periods: offsets int64[n_users + 1], at int32. A number is turned
into a period by a table: ``table[at - origin]``; numbers before the table are earlier, numbers after it later.

Every function also answers "who": with ``who_cohort`` >= 0 it sets flags[u] for the persons that it adds to the cell
(who_cohort, who_column), whatever their group.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel
from dashboard.schema import NULL_DAY, NULL_TIME

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

ON, ON_OR_AFTER, ON_OR_BEFORE, BRACKETS, STREAK = range(5)


@kernel
def marks_of_days(
    offsets: Int64,
    day: Int32,
    mask: Bytes,
    until: int,
    origin: int,
    table: Int32,
    needed: int,
    out_offsets: Int64,
    out_at: Int32,
) -> int:
    """Periods in which a person has at least ``needed`` rows with mask[i] (empty: all) and day[i] <= until: indexes of
    the table, -1 earlier, len(table) later. Returns how many were written to out_at (room for every row)."""
    n, size, masked = 0, table.shape[0], mask.shape[0] > 0
    out_offsets[0] = 0
    for u in range(offsets.shape[0] - 1):
        seen, current = 0, -2
        for i in range(offsets[u], offsets[u + 1]):
            d = day[i]
            if d > until:
                break
            if d == NULL_DAY or (masked and not mask[i]):
                continue
            k = d - origin
            period = -1 if k < 0 else size if k >= size else table[k]
            if period != current:
                current, seen = period, 0
            seen += 1
            if seen == needed:
                out_at[n] = period
                n += 1
        out_offsets[u + 1] = n
    return n


@kernel
def marks_of_times(
    offsets: Int64,
    time: Int64,
    day: Int32,
    mask: Bytes,
    until: int,
    edges: Int64,
    needed: int,
    out_offsets: Int64,
    out_at: Int32,
) -> int:
    """:func:`marks_of_days` for periods that begin at the instants ``edges``."""
    n, size, masked = 0, edges.shape[0] - 1, mask.shape[0] > 0
    out_offsets[0] = 0
    for u in range(offsets.shape[0] - 1):
        seen, current = 0, -2
        for i in range(offsets[u], offsets[u + 1]):
            if day[i] > until:
                break
            if day[i] == NULL_DAY or (masked and not mask[i]):
                continue
            period = np.searchsorted(edges, time[i], side="right") - 1
            if period > size:
                period = size
            if period != current:
                current, seen = period, 0
            seen += 1
            if seen == needed:
                out_at[n] = period
                n += 1
        out_offsets[u + 1] = n
    return n


@kernel
def tally(
    come: Int64,
    begin: int,
    n: int,
    group: int,
    cohort: int,
    how: int,
    width: int,
    low: Int64,
    high: Int64,
    out: Int64,
    who_column: int,
) -> bool:
    """Add one member of the cohort to the columns that count: out[group, cohort, k] for k in 0 .. width - 1, k = 0
    always.

    come[begin:n]: distinct periods of return after the cohort's own, ascending. low, high: the bracket of each column.
    Returns whether ``who_column`` was one of them.
    """
    out[group, cohort, 0] += 1
    hit = who_column == 0
    if begin >= n:
        return hit
    if how == 0:  # ON
        for i in range(begin, n):
            k = come[i] - cohort
            if k >= width:
                break
            out[group, cohort, k] += 1
            if k == who_column:
                hit = True
    elif how == 3:  # BRACKETS
        i = begin
        for column in range(1, width):
            while i < n and come[i] - cohort < low[column]:
                i += 1
            if i < n and come[i] - cohort <= high[column]:
                out[group, cohort, column] += 1
                hit |= column == who_column
    else:
        first, last = 1, width - 1
        if how == 1:  # ON_OR_AFTER
            last = min(last, come[n - 1] - cohort)
        elif how == 2:  # ON_OR_BEFORE
            first = come[begin] - cohort
        else:  # STREAK
            length = 0
            while begin + length < n and come[begin + length] == cohort + length + 1:
                length += 1
            last = min(last, length)
        for k in range(first, last + 1):
            out[group, cohort, k] += 1
        hit |= first <= who_column <= last
    return hit


@kernel
def returns(
    start_offsets: Int64,
    start_at: Int32,
    return_offsets: Int64,
    return_at: Int32,
    group: Int32,
    origin: int,
    table: Int32,
    first_only: bool,
    how: int,
    width: Int64,
    low: Int64,
    high: Int64,
    who_cohort: int,
    who_column: int,
    flags: Bytes,
    out: Int64,
) -> None:
    """out[g, c, k] += members of cohort c in group g who count in column k (k = 0: all members).

    group: int32[n_users], -1 leaves a person out. first_only: only the person's first mark makes a cohort, whether it
    lies in the table or not. width[c]: columns of cohort c; ``len(width)`` cohorts.
    """
    cohorts, size = width.shape[0], table.shape[0]
    come = np.empty(size + 1, np.int64)
    for u in range(group.shape[0]):
        g = group[u]
        begin, end = start_offsets[u], start_offsets[u + 1]
        if g < 0 or begin == end:
            continue
        if first_only:
            end = begin + 1
        n, after = -1, 0  # the periods of return are looked up for members only
        before = -1
        for i in range(begin, end):
            d = start_at[i] - origin
            if d < 0:
                continue
            if d >= size or table[d] >= cohorts:
                break
            c = table[d]
            if c == before:
                continue
            before = c
            if n < 0:
                n = 0
                newest = np.int64(c)
                for j in range(return_offsets[u], return_offsets[u + 1]):
                    r = return_at[j] - origin
                    if r < 0:
                        continue
                    if r >= size:
                        come[n] = size
                        n += 1
                        break
                    if table[r] > newest:
                        newest = table[r]
                        come[n] = newest
                        n += 1
            while after < n and come[after] <= c:
                after += 1
            hit = tally(come, after, n, g, c, how, width[c], low, high, out, who_column)
            if hit and c == who_cohort:
                flags[u] = 1


@kernel
def window_returns(
    offsets: Int64,
    time: Int64,
    day: Int32,
    starts: Bytes,
    comes_back: Bytes,
    until: int,
    edges: Int64,
    group: Int32,
    first_only: bool,
    first_ever: Int64,
    rounding: int,
    length: int,
    needed: int,
    how: int,
    width: Int64,
    low: Int64,
    high: Int64,
    who_cohort: int,
    who_column: int,
    flags: Bytes,
    anchors: Int64,
    out: Int64,
) -> None:
    """:func:`returns` in windows of ``length`` µs from each person's first start event in the period.

    starts, comes_back: masks of rows (empty: all rows). edges: instants at which the cohorts begin, and the last ends.
    first_ever: row of the only start event that counts, -1 none; empty: not used. rounding: the anchor is rounded down
    to a multiple (1: not at all). anchors[c] becomes the latest anchor of the cohort.
    """
    cohorts = width.shape[0]
    widest = 1
    for c in range(cohorts):
        widest = max(widest, width[c])
    reach = max(widest, high[high.shape[0] - 1] + 1)  # windows that can matter; everything after them is "later"
    come = np.empty(reach + 1, np.int64)
    any_start, any_return, chosen = starts.shape[0] == 0, comes_back.shape[0] == 0, first_ever.shape[0] > 0
    for u in range(group.shape[0]):
        g = group[u]
        if g < 0 or (chosen and first_ever[u] < 0):
            continue
        stop = offsets[u + 1]
        before = -1
        for i in range(first_ever[u] if chosen else offsets[u], stop):
            if day[i] > until:
                break
            if day[i] == NULL_DAY or not (any_start or starts[i]):
                continue
            c = np.searchsorted(edges, time[i], side="right") - 1
            if c >= cohorts:
                break
            if c >= 0 and c != before:
                before = c
                anchor = time[i] // rounding * rounding
                anchors[c] = max(anchors[c], anchor)
                n, seen, current = 0, 0, 0
                for j in range(i, stop):
                    if day[j] > until:
                        break
                    if not (any_return or comes_back[j]):
                        continue
                    k = min((time[j] - anchor) // length, reach)
                    if k < 1:
                        continue
                    if k != current:
                        current, seen = k, 0
                    seen += 1
                    if seen == needed:
                        come[n] = k + c
                        n += 1
                    if k == reach:
                        break
                hit = tally(come, 0, n, g, c, how, width[c], low, high, out, who_column)
                if hit and c == who_cohort:
                    flags[u] = 1
            if first_only or chosen:
                break


@kernel
def amounts(
    start_offsets: Int64,
    start_at: Int32,
    offsets: Int64,
    day: Int32,
    time: Int64,
    mask: Bytes,
    amount: Floats,
    until: int,
    group: Int32,
    origin: int,
    table: Int32,
    edges: Int64,
    first_only: bool,
    width: Int64,
    out: Floats,
) -> None:
    """out[g, c, k] += the amounts of rows with mask[i] (empty: all) of the members of cohort c in period c + k.

    edges: instants of the periods for hours, else empty and days are looked up in the table.
    """
    cohorts, size, masked, hours = width.shape[0], table.shape[0], mask.shape[0] > 0, edges.shape[0] > 0
    for u in range(group.shape[0]):
        g = group[u]
        begin, end = start_offsets[u], start_offsets[u + 1]
        if g < 0 or begin == end:
            continue
        if first_only:
            end = begin + 1
        before = -1
        for m in range(begin, end):
            d = start_at[m] - origin
            if d < 0:
                continue
            if d >= size or table[d] >= cohorts:
                break
            c = table[d]
            if c == before:
                continue
            before = c
            for i in range(offsets[u], offsets[u + 1]):
                if day[i] > until:
                    break
                if time[i] == NULL_TIME or (masked and not mask[i]) or amount[i] != amount[i]:
                    continue
                r = np.searchsorted(edges, time[i], side="right") - 1 if hours else day[i] - origin
                if r >= size:
                    break
                if r >= 0:
                    k = table[r] - c
                    if 0 <= k < width[c]:
                        out[g, c, k] += amount[i]
