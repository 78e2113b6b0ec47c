"""How often each person did something: sequential loops over a person's events, which are sorted by day.

Rows outside the window are found by halving and never read; inside, counting has no branches.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel

Counts = npt.NDArray[np.int32]


@kernel
def first_at_least(day: npt.NDArray[np.int32], start: int, end: int, wanted: int) -> int:
    """The first of the ascending day[start:end] that is not below ``wanted``; ``end`` when none is."""
    low, high = start, end
    while low < high:
        middle = (low + high) // 2
        if day[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def count_codes(
    offsets: npt.NDArray[np.int64],
    day: npt.NDArray[np.int32],
    codes: npt.NDArray[np.int32],
    allowed: npt.NDArray[np.uint8],
    first: int,
    last: int,
    out: Counts,
) -> None:
    """out[u] = rows of person u with allowed[code + 1] and first <= day <= last."""
    for u in range(offsets.shape[0] - 1):
        begin = first_at_least(day, offsets[u], offsets[u + 1], first)
        end = first_at_least(day, begin, offsets[u + 1], last + 1)
        n = 0
        for i in range(begin, end):
            n += allowed[np.uint32(codes[i] + 1)]
        out[u] = n


@kernel
def count_kept(
    offsets: npt.NDArray[np.int64],
    day: npt.NDArray[np.int32],
    keep: npt.NDArray[np.uint8],
    first: int,
    last: int,
    out: Counts,
) -> None:
    """out[u] = rows of person u with keep and first <= day <= last."""
    for u in range(offsets.shape[0] - 1):
        begin = first_at_least(day, offsets[u], offsets[u + 1], first)
        end = first_at_least(day, begin, offsets[u + 1], last + 1)
        n = 0
        for i in range(begin, end):
            n += keep[i]
        out[u] = n
