"""Kernels of retention on sets of persons: one bit per person and period, so that who came back is an intersection.

Marks and tables as in :mod:`dashboard.insights.retention_kernels`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@kernel
def period_bits(
    offsets: Int64,
    at: Int32,
    people: Bytes,
    origin: int,
    table: Int32,
    first_only: bool,
    out: npt.NDArray[np.uint64],
) -> None:
    """Sets bit u of out[period] for the persons (people[u]) with a mark in the period. out: uint64[periods, words],
    zeros. first_only: only a person's first mark counts, whether it lies in the table or not."""
    size = table.shape[0]
    for u in range(people.shape[0]):
        if not people[u]:
            continue
        word, bit = u >> 6, np.uint64(1) << np.uint64(u & 63)
        begin, end = offsets[u], offsets[u + 1]
        if first_only:
            end = min(end, begin + 1)
        for i in range(begin, end):
            d = at[i] - origin
            if d >= size:
                break
            if d >= 0:
                out[table[d], word] |= bit


@kernel
def ones(x: np.uint64) -> np.uint64:
    """Bits that are set in a uint64."""
    x -= (x >> np.uint64(1)) & np.uint64(0x5555555555555555)
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (x * np.uint64(0x0101010101010101)) >> np.uint64(56)


@kernel
def returns_of_bits(
    starts: npt.NDArray[np.uint64],
    back: npt.NDArray[np.uint64],
    groups: npt.NDArray[np.uint64],
    width: Int64,
    out: Int64,
) -> None:
    """Members who count in column k when they return in period c + k: out[g, c, k] += persons in groups[g], starts[c]
    and (k > 0) back[c + k], all as bits."""
    for c in range(width.shape[0]):
        for g in range(groups.shape[0]):
            for k in range(width[c]):
                n = np.uint64(0)
                for w in range(groups.shape[1]):
                    both = groups[g, w] & starts[c, w]
                    if k > 0:
                        both &= back[c + k, w]
                    n += ones(both)
                out[g, c, k] += np.int64(n)
