"""Plain ordered funnels with every entry an attempt, from the rows that match their steps."""

from __future__ import annotations

import numpy as np

from dashboard.insights.funnel_match import Bits, Int32, Int64
from dashboard.insights.funnel_rows import all_relevant, from_row, from_time
from dashboard.insights.funnel_search import Flags
from dashboard.insights.funnel_sweep import every_entry
from dashboard.jit import kernel


@kernel
def trend_of_rows(
    offsets: Int64, time: Int64, entries: Int32, starts: Int32, later: Int32, bits: Bits, people: Flags, window: int,
    until: int, edges: Int64, n: int, from_step: int, to_step: int, counts: Int64, who: int, flags: Flags,
) -> None:  # fmt: skip
    """:func:`dashboard.insights.funnel_kernels.trend` for ordered steps with nothing optional, excluded or held.

    entries, starts, later, bits: as in :mod:`dashboard.insights.funnel_rows`. Whoever lacks one of the steps has only
    entries to count, and that is nearly everybody.
    """
    row, when, found = np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.uint32)
    owner, plan, got = np.empty(0, np.int64), np.arange(n), np.empty(n, np.int64)
    chain, before = np.empty(n, np.int64), np.empty(n, np.int64)
    lines = np.array([from_step, to_step], np.int64)
    position, bucket = np.empty(2, np.int64), np.empty(2, np.int64)
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
        if e == starts[u + 1] or not people[u]:
            continue
        if seen & needed == needed:
            if high - low > row.shape[0]:
                size = 2 * (high - low)
                row, when, found = np.empty(size, np.int32), np.empty(size, np.int64), np.empty(size, np.uint32)
                owner = np.empty(size, np.int64)
            end = high if time[high - 1] <= until else from_time(time, low, high, until + 1)
            m = all_relevant(time, entries, later, bits, e, q, end, row, found, when)
            every_entry(
                when, found, m, window, edges, n, lines, plan, got, chain, before, position, bucket, owner, counts, who,
                u, flags,
            )  # fmt: skip
        elif from_step == 0:
            b, end = 0, int(starts[u + 1])
            if time[entries[e]] < edges[0]:
                e = from_row(entries, e, from_time(time, entries[e], high, edges[0]))
            done = edges[0] - 1  # up to this instant everything is counted
            while e < end:
                t = time[entries[e]]
                if t >= edges[edges.shape[0] - 1] or t > until:
                    break
                if t > done:
                    while t >= edges[b + 1]:
                        b += 1
                    counts[0, b] += 1
                    done = edges[b + 1] - 1
                    if b == who:
                        flags[u] = max(flags[u], 1)
                e += 1
