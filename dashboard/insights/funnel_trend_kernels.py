"""Plain ordered funnels with every entry an attempt, from the rows that match their steps."""

from __future__ import annotations

import numpy as np

from dashboard.insights.funnel_match import Bits, Int32, Int64
from dashboard.insights.funnel_rows import all_relevant, from_row, from_time
from dashboard.insights.funnel_search import Flags
from dashboard.insights.funnel_sweep import every_entry
from dashboard.jit import kernel

ROOM = 1 << 14  # periods noted before they are counted


@kernel
def entered_periods(
    day: Int32, entries: Int32, starts: Int32, people: Flags, first: int, table: Int32, counts: Int64, who: int,
    flags: Flags,
) -> None:  # fmt: skip
    """counts[b] += people with an entry in period b. table[1 + day - first]: period of a day, -1 at both ends for all
    days outside. flags[u] = 1 for who has one in period ``who``.

    Which entry is the first of a period cannot be guessed, so no branch depends on it."""
    noted, n = np.empty(ROOM, np.int32), np.uint32(0)
    before, top = np.int32(first - 1), np.int32(table.shape[0] - 1)
    for u in range(starts.shape[0] - 1):
        begin, end = starts[u], starts[u + 1]
        if not people[u] or begin == end:
            continue
        if n + end - begin >= noted.shape[0]:
            for j in range(n):
                counts[noted[j]] += 1
            n = np.uint32(0)
            if end - begin >= noted.shape[0]:
                noted = np.empty(2 * (end - begin), np.int32)
        last, mine = np.int32(-1), n
        for e in range(begin, end):
            d = np.int32(day[np.uint32(entries[np.uint32(e)])] - before)
            b = table[np.uint32(min(max(d, np.int32(0)), top))]
            noted[n] = b  # the next one overwrites what does not count
            n = np.uint32(n + np.uint32((b >= 0) & (b != last)))
            last = b
        if who >= 0:
            for j in range(mine, n):
                if noted[j] == who:
                    flags[u] = max(flags[u], 1)
    for j in range(n):
        counts[noted[j]] += 1


@kernel
def conversions(
    time: Int64, entries: Int32, later: Int32, bits: Bits, e: int, end: int, q: int, stop: int, window: int, until: int,
    to_step: int, chain: Int64, place: Int64, base: Int64, when: Int64,
) -> int:  # fmt: skip
    """From which entries of a person a step is reached, looking at the later steps' rows only.

    entries[e:end]: those that enter; later[q:stop]: the person's other rows. Writes base and when, both ascending: at
    the instant when[j] (µs) every entry up to position base[j] reaches ``to_step`` whose window has not ended. Returns
    how many, -1 where rows that matter are simultaneous. The idea is that of
    :func:`dashboard.insights.funnel_sweep.earliest_best`; chain and place: time and position of the latest entry from
    which each step was reached.
    """
    top, n, latest = 0, 0, e
    for x in range(q, stop):
        i, b, t = later[x], bits[x], time[later[x]]
        if t > until:
            break
        if x + 1 < stop and time[later[x + 1]] == t:
            return -1
        if b & np.uint32(2):  # it may come right after an entry: after which one?
            latest = min(from_row(entries, latest, i), end)
            following = latest + (latest < end and entries[latest] == i)
            if following < end and time[entries[following]] == t:
                return -1
            if latest > e:
                place[0] = latest - 1
                chain[0] = time[entries[latest - 1]]
                if chain[0] == t:
                    return -1
        if latest == e:
            continue  # no entry before it
        for k in range(min(top + 1, to_step), 0, -1):
            if (b >> np.uint32(k)) & np.uint32(1) and t - chain[k - 1] <= window:
                chain[k], place[k] = chain[k - 1], place[k - 1]
                top = max(top, k)
        if top == to_step and (n == 0 or place[top] > base[n - 1]):
            base[n], when[n] = place[top], t
            n += 1
    return n


@kernel
def count_entries(
    time: Int64, entries: Int32, e: int, end: int, edges: Int64, bucket: int, line: int, counts: Int64, who: int,
    u: int, flags: Flags,
) -> int:  # fmt: skip
    """counts[line, b] += 1 for each bucket b after ``bucket`` that one of entries[e:end] lies in: edges[b] <= time <
    edges[b + 1]. Returns the last one that was counted for the person."""
    while e < end:
        t = time[entries[e]]
        if bucket < 0 or t >= edges[bucket + 1]:
            bucket += 1
            while t >= edges[bucket + 1]:
                bucket += 1
            counts[line, bucket] += 1
            if bucket == who:
                flags[u] = max(flags[u], line + 1)
        e += 1
    return bucket


@kernel
def trend_of_rows(
    offsets: Int64, time: Int64, entries: Int32, starts: Int32, later: Int32, bits: Bits, people: Flags, window: int,
    until: int, edges: Int64, n: int, from_step: int, to_step: int, known: bool, counts: Int64, who: int, flags: Flags,
) -> None:  # fmt: skip
    """:func:`dashboard.insights.funnel_kernels.trend` for ordered steps with nothing optional, excluded or held.

    entries, starts, later, bits: as in :mod:`dashboard.insights.funnel_rows`. Whoever lacks one of the steps has only
    entries to count, and that is nearly everybody. known: they are counted already (:func:`entered_periods`). All rows
    of a person are looked at only where some are simultaneous or the first step that counts is not the entry.
    """
    row, when, found = np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.uint32)
    owner, plan, got = np.empty(0, np.int64), np.arange(n), np.empty(n, np.int64)
    chain, before = np.empty(n, np.int64), np.empty(n, np.int64)
    lines = np.array([from_step, to_step], np.int64)
    position, bucket = np.empty(2, np.int64), np.empty(2, np.int64)
    base, reached = np.empty(0, np.int64), np.empty(0, np.int64)
    everything = np.zeros(counts.shape, np.int64)
    limit = min(edges[edges.shape[0] - 1], until + 1)  # entries lie before it
    needed = np.uint32((2 << (from_step if from_step else to_step)) - 2)  # the steps after the first
    x = 0
    for u in range(offsets.shape[0] - 1):
        low, high, e = int(offsets[u]), int(offsets[u + 1]), int(starts[u])
        while x < later.shape[0] and later[x] < low:
            x += 1
        q, seen = x, np.uint32(0)
        while x < later.shape[0] and later[x] < high:
            seen |= bits[x]
            x += 1
        whole = seen & needed == needed
        if e == starts[u + 1] or not people[u] or not (whole or (from_step == 0 and not known)):
            continue
        several = -1
        if from_step == 0:
            last = int(starts[u + 1])
            if time[entries[e]] < edges[0]:
                e = from_row(entries, e, from_time(time, entries[e], high, edges[0]))
            if e < last and time[entries[last - 1]] >= limit:
                last = from_row(entries, e, from_time(time, entries[e], high, limit))
            if e >= last:
                continue
            several = 0
            if whole:
                if x - q > base.shape[0]:
                    base, reached = np.empty(2 * (x - q), np.int64), np.empty(2 * (x - q), np.int64)
                several = conversions(
                    time, entries, later, bits, e, last, q, x, window, until, to_step, chain, before, base, reached
                )  # fmt: skip
            if several >= 0:
                count_entries(time, entries, e, last, edges, -1, 0, everything, who, u, flags)
            b = -1
            for j in range(several):
                if time[entries[e]] < reached[j] - window:
                    e = from_row(entries, e, from_time(time, entries[e], high, reached[j] - window))
                b = count_entries(time, entries, e, base[j] + 1, edges, b, 1, everything, who, u, flags)
                e = base[j] + 1
        if several < 0:
            if high - low > row.shape[0]:
                size = 2 * (high - low)
                row, when, found = np.empty(size, np.int32), np.empty(size, np.int64), np.empty(size, np.uint32)
                owner = np.empty(size, np.int64)
            end = high if time[high - 1] <= until else from_time(time, low, high, until + 1)
            m = all_relevant(time, entries, later, bits, int(starts[u]), q, end, row, found, when)
            every_entry(
                when, found, m, window, edges, n, lines, plan, got, chain, before, position, bucket, owner, everything,
                who, u, flags,
            )  # fmt: skip
    for b in range(counts.shape[1]):
        counts[0, b] += 0 if known else everything[0, b]
        counts[1, b] += everything[1, b]
