"""Loops over a person's days and rows: rhythm, recent days, and what happened in the last weeks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


@kernel
def rhythm(offsets: Int64, day: Int32, as_of: int, window: int, out: Int32) -> None:
    """out[u] = first active day, last one, number of days, and of those in the last ``window`` days and in as many days
    before; all up to ``as_of``. int32[n_users, 5]; without a day the first two stay as they are."""
    for u in range(out.shape[0]):
        for i in range(offsets[u], offsets[u + 1]):
            if day[i] > as_of:
                break
            if out[u, 2] == 0:
                out[u, 0] = day[i]
            out[u, 1] = day[i]
            out[u, 2] += 1
            back = as_of - day[i]
            if back < window:
                out[u, 3] += 1
            elif back < 2 * window:
                out[u, 4] += 1


@kernel
def first_row(day: Int32, start: int, end: int, first: int) -> int:
    """The first of the rows start .. end (by ascending day) that is not before the day ``first``."""
    while start < end:
        middle = (start + end) // 2
        if day[middle] < first:
            start = middle + 1
        else:
            end = middle
    return start


@kernel
def distinct(offsets: Int64, day: Int32, codes: Int32, first: int, last: int, seen: Int32, out: Floats) -> None:
    """out[u] = different codes in the person's rows of the days first .. last. seen: one entry per code, all -1."""
    for u in range(out.shape[0]):
        for i in range(first_row(day, offsets[u], offsets[u + 1], first), offsets[u + 1]):
            if day[i] > last:
                break
            if codes[i] >= 0 and seen[codes[i]] != u:
                seen[codes[i]] = u
                out[u] += 1


@kernel
def total(offsets: Int64, day: Int32, values: Floats, first: int, last: int, out: Floats) -> None:
    """out[u] = sum of the known values in the person's rows of the days first .. last."""
    for u in range(out.shape[0]):
        for i in range(first_row(day, offsets[u], offsets[u + 1], first), offsets[u + 1]):
            if day[i] > last:
                break
            if values[i] == values[i]:
                out[u] += values[i]


@kernel
def marked(offsets: Int64, day: Int32, codes: Int32, mark: Bytes, first: int, last: int, out: Floats) -> None:
    """out[u] = rows of the days first .. last whose code is marked."""
    for u in range(out.shape[0]):
        for i in range(first_row(day, offsets[u], offsets[u + 1], first), offsets[u + 1]):
            if day[i] > last:
                break
            if codes[i] >= 0 and mark[codes[i]]:
                out[u] += 1
