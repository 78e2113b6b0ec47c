"""The first row that each person has of each event name, made once and kept: most questions about first times are about
a few rows of a person, not about all of them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dashboard.insights.funnel_match import NEVER, Int32, Int64
from dashboard.insights.memo import Memo
from dashboard.insights.selector import TABLE
from dashboard.jit import kernel
from dashboard.store.partition import Partition

Flags = npt.NDArray[np.uint8]


class Firsts(NamedTuple):
    """Person u has its first rows at ``[starts[u], starts[u + 1])``: rows int32, ascending; names uint8, the positions
    of their names; starts int32[n_users + 1]."""

    rows: Int32
    names: Flags
    starts: Int32


_memo: Memo[Firsts] = Memo(192 << 20, lambda item: item.rows.nbytes + item.names.nbytes + item.starts.nbytes)


@kernel
def first_rows_of(
    offsets: Int64, time: Int64, codes: Int32, slot: Int32, rows: Int32, names: Flags, starts: Int32
) -> int:
    """See :class:`Firsts`; rows without a time are none. rows and names need one place more than there are rows."""
    total = 0
    for u in range(offsets.shape[0] - 1):
        starts[u] = total
        seen = np.uint64(0)
        for i in range(offsets[u], offsets[u + 1]):
            s = slot[np.uint32(codes[i] + 1)]
            bit = np.uint64(1) << np.uint64(max(s, 0))
            fresh = (s >= 0) & (seen & bit == 0) & (time[i] != NEVER)
            rows[total] = i  # the next one overwrites what is not kept: which rows are first cannot be guessed
            names[total] = max(s, 0)
            total += fresh
            seen |= bit if fresh else np.uint64(0)
    starts[offsets.shape[0] - 1] = total
    return total


def first_rows(scope: Hashable, partition: Partition, slot: Int32) -> Firsts:
    """Of the events of a partition, kept in memory. scope: what the data are (version, cleaning). slot int32: position
    (below 64) of each code of ``event_name`` plus one, -1 = not looked at."""
    key = (scope, partition.index, slot.tobytes())
    return _memo.get(key, lambda: _first_rows(partition, slot))


def _first_rows(partition: Partition, slot: Int32) -> Firsts:
    events = partition.table(TABLE)
    starts = np.zeros(partition.n_users + 1, np.int32)
    if events is None:
        return Firsts(np.zeros(0, np.int32), np.zeros(0, np.uint8), starts)
    rows, names = np.empty(events.n_known + 1, np.int32), np.empty(events.n_known + 1, np.uint8)
    total = first_rows_of(events.offsets, events.time, events.column("event_name"), slot, rows, names, starts)
    return Firsts(rows[:total].copy(), names[:total].copy(), starts)


@kernel
def order_pairs(
    offsets: Int64,
    time: Int64,
    codes: Int32,
    slot: Int32,
    rows: Int32,
    names: Flags,
    starts: Int32,
    kept: Flags,
    people: Flags,
    until: int,
    pairs: Int64,
) -> None:
    """pairs[a, b] += persons whose first a lies before their first b; pairs[a, a] += persons with a.

    rows, names, starts: see :class:`Firsts`. kept: a row filter, length 0 = none; where the first row of a name is
    filtered out, the next one counts (rows without a time come before all others, so it has one). until: µs, nothing
    after it exists. Two first times at one instant are in no order.
    """
    n = pairs.shape[0]
    first, found = np.empty(n, np.int64), np.empty(n, np.uint32)
    masked = kept.shape[0] > 0
    for u in range(offsets.shape[0] - 1):
        if not people[u]:
            continue
        m = 0
        for j in range(starts[u], starts[u + 1]):
            i, s = np.int64(rows[j]), names[j]
            if masked and not kept[i]:
                end = offsets[u + 1]
                i += 1
                while i < end and not (kept[i] and slot[np.uint32(codes[i] + 1)] == s):
                    i += 1
                if i == end:
                    continue
            t = time[i]
            if t > until:
                continue
            at = m  # what was filtered may come in another order
            while masked and at > 0 and first[at - 1] > t:
                first[at], found[at] = first[at - 1], found[at - 1]
                at -= 1
            first[at], found[at] = t, s
            m += 1
        for x in range(m):
            pairs[found[x], found[x]] += 1
            for y in range(x + 1, m):
                pairs[found[x], found[y]] += first[y] > first[x]
