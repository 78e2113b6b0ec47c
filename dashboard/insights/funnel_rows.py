"""Plain ordered funnels from the rows that match their steps; all other rows are never looked at.

``entries`` are the rows of the first step (``starts``: see event_rows.Listed), ``later`` those of all other steps with
their ``bits`` (bit k = step k), both ascending. The first step is often the most frequent event of all, the others are
rare; of the entries only those right before a later step can matter, besides the one an attempt is counted from.
"""

from __future__ import annotations

import numpy as np

from dashboard.insights.funnel_match import NEVER, Bits, Int32, Int64
from dashboard.insights.funnel_search import Flags
from dashboard.insights.funnel_sweep import earliest_best
from dashboard.jit import kernel

BLOCK = 256  # persons whose times are read ahead


@kernel
def persons_with_rows(offsets: Int64, day: Int32, mask: Flags, people: Flags, until: int) -> int:
    """How many of the people have a row up to the day ``until`` whose mask is set (an empty mask: any row)."""
    total, masked = 0, mask.shape[0] > 0
    for u in range(offsets.shape[0] - 1):
        if people[u]:
            i, end = offsets[u], offsets[u + 1]
            while masked and i < end and not mask[i]:
                i += 1
            total += i < end and day[i] <= until  # days ascend: where the first one is too late, all are
    return total


@kernel
def merged(rows: Int32, starts: Int64, out: Int32, bits: Bits) -> int:
    """The lists rows[starts[k]:starts[k + 1]] of the steps k + 1 as one: out = every row once, ascending, bits = the
    steps it matches. Returns how many."""
    n = starts.shape[0] - 1
    at = starts[:n].copy()
    m = 0
    while True:
        row = np.int64(2**31)
        for k in range(n):
            if at[k] < starts[k + 1]:
                row = min(row, np.int64(rows[at[k]]))
        if row == 2**31:
            return m
        b = np.uint32(0)
        for k in range(n):
            if at[k] < starts[k + 1] and rows[at[k]] == row:
                b |= np.uint32(2 << k)
                at[k] += 1
        out[m] = row
        bits[m] = b
        m += 1


@kernel
def from_row(rows: Int32, begin: int, wanted: int) -> int:
    """The first position from ``begin`` on with rows[position] >= wanted; quick when it is near."""
    n = rows.shape[0]
    low, step = begin, 1
    while low < n and rows[low] < wanted:
        begin = low + 1
        low += step
        step += step
    end = min(low, n)
    while begin < end:
        middle = (begin + end) >> 1
        if rows[middle] < wanted:
            begin = middle + 1
        else:
            end = middle
    return begin


@kernel
def from_time(time: Int64, begin: int, end: int, wanted: int) -> int:
    """The first row of [begin, end), whose times ascend, with a time >= wanted."""
    while begin < end:
        middle = (begin + end) >> 1
        if time[middle] < wanted:
            begin = middle + 1
        else:
            end = middle
    return begin


@kernel
def all_relevant(
    time: Int64,
    entries: Int32,
    later: Int32,
    bits: Bits,
    e: int,
    q: int,
    end: int,
    row: Int32,
    found: Bits,
    when: Int64,
) -> int:
    """The rows before ``end`` of both lists from positions e and q on as one, with bits and times. Returns how many."""
    m = 0
    while True:
        a = np.int64(entries[e]) if e < entries.shape[0] else end
        b = np.int64(later[q]) if q < later.shape[0] else end
        i = min(a, b)
        if i >= end:
            return m
        row[m] = i
        when[m] = time[i]
        found[m] = 0
        if a == i:
            found[m] |= np.uint32(1)
            e += 1
        if b == i:
            found[m] |= bits[q]
            q += 1
        m += 1


@kernel
def times_ahead(
    offsets: Int64, time: Int64, entries: Int32, starts: Int32, later: Int32, people: Flags, u: int, known: int,
    entry_time: Int64, later_time: Int64,
) -> int:  # fmt: skip
    """Read the times that the next of the people will need: of their first entries, and of their later rows from
    position ``known`` on; returns where those of the persons after them begin. A loop that does nothing but read waits
    for many cache lines at once; the search waits for one after the other."""
    stop = min(u + BLOCK, offsets.shape[0] - 1)
    for v in range(u, stop):
        if people[v] and starts[v] < starts[v + 1]:
            entry_time[v - u] = time[entries[starts[v]]]
    for v in range(u, stop):
        end, wanted = offsets[v + 1], people[v] and starts[v] < starts[v + 1]
        while known < later.shape[0] and later[known] < end:
            if wanted:
                later_time[known] = time[later[known]]
            known += 1
    return known


@kernel
def may_enter_after(time: Int64, entries: Int32, starts: Int32, people: Flags, after: int, out: Flags) -> None:
    """out[u] = whether person u is one of the people and has an entry after that instant (µs)."""
    for u in range(starts.shape[0] - 1):
        out[u] = people[u] and starts[u] < starts[u + 1] and time[entries[starts[u + 1] - 1]] > after


@kernel
def best_of_rows(
    offsets: Int64, time: Int64, entries: Int32, starts: Int32, later: Int32, bits: Bits, people: Flags, window: int,
    until: int, enter_from: int, enter_until: int, person: Int32, rows: Int32, at: Int64,
) -> int:  # fmt: skip
    """Ordered steps, best attempt, nothing optional, excluded or held: person[i], rows[i, k] = row that serves step k
    in the counted attempt, -1 = none, and at[i, k] = its time or NEVER; persons without one are left out. Returns how
    many there are.

    window, until (nothing after it exists), enter_from, enter_until (both included): µs. The search is that of
    :func:`dashboard.insights.funnel_sweep.earliest_best`, which also answers where rows that matter are simultaneous.
    It is one long loop because a call costs as much as all the rest of a person.
    """
    n = rows.shape[1]
    chain, first, got, plan = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64), np.arange(n)
    before, reached = np.empty(n, np.int64), np.empty(n, np.int64)
    row, when, found = np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.uint32)
    scratch, owner = np.empty(0, np.uint32), np.empty(0, np.int64)
    names, table, value = np.empty(0, np.int32), np.empty(0, np.uint32), np.empty(0, np.int32)
    enter_until = min(enter_until, until)
    later_time, entry_time = np.empty(later.shape[0], np.int64), np.empty(BLOCK, np.int64)
    q, known, total = 0, 0, 0
    for u in range(offsets.shape[0] - 1):
        if u % BLOCK == 0:
            known = times_ahead(offsets, time, entries, starts, later, people, u, known, entry_time, later_time)
        e, end = int(starts[u]), int(starts[u + 1])
        if e == end or not people[u]:
            continue
        low, high = int(offsets[u]), int(offsets[u + 1])
        entry = entry_time[u % BLOCK]
        if entry < enter_from:
            e = from_row(entries, e, from_time(time, entries[e], high, enter_from))
            if e == end:
                continue
            entry = time[entries[e]]
        if entry > enter_until:
            continue
        while q < later.shape[0] and later[q] < low:
            q += 1
        top = 0
        tied = False
        x, latest = q, e  # the next later row; the entries before position ``latest`` come before it
        while x < later.shape[0] and later[x] < high:
            i, b, t = later[x], bits[x], later_time[x]
            x += 1
            if t < entry:
                continue
            if t > until:
                break
            tied = bool(x < later.shape[0] and later[x] < high and later_time[x] == t)
            if not tied and b & np.uint32(2):  # it may come right after an entry: after which one?
                size = end - latest
                while size > 0:
                    half = (size + 1) >> 1
                    latest += half * (entries[latest + half - 1] < i)
                    size -= half
                while latest > e and time[entries[latest - 1]] > enter_until:
                    latest -= 1
                    end = latest
                following = latest + (latest < end and entries[latest] == i)
                tied = following < end and time[entries[following]] == t
                if latest > e:
                    chain[0] = time[entries[latest - 1]]
                    tied = tied or chain[0] == t
            if tied:
                break
            if latest == e:
                continue  # no entry before it
            for k in range(min(top + 1, n - 1), 0, -1):
                if (b >> np.uint32(k)) & np.uint32(1) and t - chain[k - 1] <= window:
                    chain[k] = chain[k - 1]
                    if k > top:
                        top = k
                        first[k] = t
            if top == n - 1:
                break
        person[total] = u
        for k in range(n):
            rows[total, k] = -1
            at[total, k] = NEVER
        if tied:
            if high - low > row.shape[0]:
                size = 2 * (high - low)
                row, when, found = np.empty(size, np.int32), np.empty(size, np.int64), np.empty(size, np.uint32)
                scratch, owner = np.empty(size, np.uint32), np.empty(size, np.int64)
            m = all_relevant(time, entries, later, bits, e, q, high, row, found, when)
            served = earliest_best(
                when[:m], names, table, found[:m], 0, m, window, until, enter_from, enter_until, plan, got, chain,
                before, reached, scratch, owner, value,
            )  # fmt: skip
            for k in range(served):
                rows[total, k] = row[got[k]]
                at[total, k] = when[got[k]]
            total += served > 0
            continue
        if top > 0:
            while entry < first[top] - window:
                e += 1
                entry = time[entries[e]]
            while later[q] <= entries[e]:
                q += 1
        rows[total, 0] = entries[e]
        at[total, 0] = entry
        x = q
        for k in range(1, top + 1):
            while not (bits[x] >> np.uint32(k)) & np.uint32(1):
                x += 1
            rows[total, k] = later[x]
            at[total, k] = later_time[x]
            x += 1
        total += 1
    return total
