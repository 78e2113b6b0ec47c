"""Loops over the active days and the rows of each person before a cut-off day, each one pass over one partition."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel
from dashboard.schema import NULL_DAY

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# columns of what day_windows writes
LAST, FIRST, ALL, WINDOW, BEFORE, LONG, AFTER = range(7)
WIDTH = 7
IGNORED, OTHER = -2, -1  # slots of a name: its rows do not count; they count but have no column of their own


@kernel
def day_windows(offsets: Int64, day: Int32, cut: int, window: int, long: int, out: Floats) -> None:
    """out[u]: last and first active day before ``cut`` (NaN = none), number of days before it, of the last
    ``window`` and ``long`` days, of the window before the last one (BEFORE), and in [cut, cut + window) (AFTER). day:
    distinct, ascending per person."""
    for u in range(offsets.shape[0] - 1):
        out[u, LAST] = np.nan
        out[u, FIRST] = np.nan
        for k in range(ALL, WIDTH):
            out[u, k] = 0.0
        for i in range(offsets[u], offsets[u + 1]):
            d = day[i]
            if d >= cut:
                if d < cut + window:
                    out[u, AFTER] += 1.0
                continue
            if out[u, ALL] == 0.0:
                out[u, FIRST] = d
            out[u, LAST] = d
            out[u, ALL] += 1.0
            if d >= cut - long:
                out[u, LONG] += 1.0
            if d >= cut - 2 * window:
                if d >= cut - window:
                    out[u, WINDOW] += 1.0
                else:
                    out[u, BEFORE] += 1.0


@kernel
def tally(
    offsets: Int64, day: Int32, codes: Int32, slot: Int32, begin: int, until: int, seen: Int32, out: Floats
) -> None:
    """out[u, 0]: rows with begin <= day < until; out[u, 1]: distinct codes among them; out[u, 2 + k]: rows of the codes
    with slot[code + 1] == k. Rows with slot IGNORED do not count. seen int32[codes + 1], filled with -1."""
    for u in range(offsets.shape[0] - 1):
        for k in range(out.shape[1]):
            out[u, k] = 0.0
        for i in range(offsets[u], offsets[u + 1]):
            d = day[i]
            if d >= until:
                break
            if d < begin or d == NULL_DAY:
                continue
            at = np.uint32(codes[i] + 1)
            k = slot[at]
            if k == IGNORED:
                continue
            out[u, 0] += 1.0
            if seen[at] != u:
                seen[at] = u
                if at > 0:
                    out[u, 1] += 1.0
            if k >= 0:
                out[u, 2 + k] += 1.0


@kernel
def gaps_of(offsets: Int64, day: Int32, until: int, length: Floats, closed: npt.NDArray[np.uint8]) -> int:
    """Every gap between active days of a person up to day ``until`` (closed 1), and the open one from the last active
    day to ``until`` (closed 0). Returns how many; length and closed need room for one per day."""
    n = 0
    for u in range(offsets.shape[0] - 1):
        begin, end = offsets[u], offsets[u + 1]
        while end > begin and day[end - 1] > until:
            end -= 1
        for i in range(begin + 1, end):
            length[n] = day[i] - day[i - 1]
            closed[n] = 1
            n += 1
        if end > begin:
            length[n] = until - day[end - 1]
            closed[n] = 0
            n += 1
    return n
