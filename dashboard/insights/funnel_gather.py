"""One person's relevant rows, collected once for all attempts of the person."""

from __future__ import annotations

import numpy as np

from dashboard.insights.funnel_match import NEVER, Bits, Int32, Int64
from dashboard.jit import kernel

REMOVED = 1 << 31  # of a row's bits: the row does not exist for this question


@kernel
def gather(
    begin: int, end: int, time: Int64, codes: Int32, table: Bits, marks: Bits, strict: bool, until: int, bits: Bits,
    row: Int32, when: Int64,
) -> int:  # fmt: skip
    """The rows of one person that can matter, in order: their bits, row numbers and times. Strict funnels need every
    row that exists. Returns how many."""
    while end > begin and time[end - 1] > until:
        end -= 1
    while begin < end and time[begin] == NEVER:
        begin += 1
    m = 0
    if marks.shape[0] > 0:
        for i in range(begin, end):
            b = marks[i]
            bits[m] = b
            row[m] = i
            m += (b < REMOVED) if strict else (b != 0 and b < REMOVED)
    elif strict:
        for i in range(begin, end):
            bits[m] = table[np.uint32(codes[i] + 1)]
            row[m] = i
            m += 1
    else:
        for i in range(begin, end):
            b = table[np.uint32(codes[i] + 1)]
            bits[m] = b
            row[m] = i
            m += b != 0
    for j in range(m):
        when[j] = time[row[j]]
    return m


@kernel
def longest(offsets: Int64) -> int:
    """Rows of the person with most of them."""
    most = 0
    for u in range(offsets.shape[0] - 1):
        most = max(most, offsets[u + 1] - offsets[u])
    return most


@kernel
def blocks(when: Int64, m: int, grace: int, key: Int64) -> None:
    """key[j] = when the block of the clock begins that an event lies in: events of one block are simultaneous."""
    for j in range(m):
        key[j] = when[j] // grace * grace


@kernel
def seen_in(bits: Bits, m: int) -> int:
    """All bits that occur."""
    seen = np.uint32(0)
    for j in range(m):
        seen |= bits[j]
    return int(seen)
