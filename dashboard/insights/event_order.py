"""In which order people did things for the first time."""

from __future__ import annotations

import numpy as np

from dashboard.insights.funnel_match import NEVER, Int32, Int64
from dashboard.jit import kernel


@kernel
def order_pairs(offsets: Int64, time: Int64, codes: Int32, slot: Int32, until: int, pairs: Int64) -> None:
    """pairs[a, b] += persons whose first a lies before their first b; pairs[a, a] += persons with a.

    slot int32: position (below 64) of each code of a name plus one, -1 = not looked at. until: µs, nothing after it
    exists. Rows without a time are none; two first times at one instant are in no order.
    """
    n = pairs.shape[0]
    first, found = np.empty(n + 1, np.int64), np.empty(n + 1, np.uint32)
    for u in range(offsets.shape[0] - 1):
        m, seen = 0, np.uint64(0)
        for i in range(offsets[u], offsets[u + 1]):
            s = slot[np.uint32(codes[i] + 1)]
            bit = np.uint64(1) << np.uint64(max(s, 0))
            fresh = (s >= 0) & (seen & bit == 0) & (time[i] != NEVER) & (time[i] <= until)
            first[m], found[m] = time[i], max(s, 0)  # the next one overwrites what does not count: that is no guess
            m += fresh
            seen |= bit if fresh else np.uint64(0)
        for x in range(m):
            pairs[found[x], found[x]] += 1
            for y in range(x + 1, m):
                pairs[found[x], found[y]] += first[y] > first[x]
