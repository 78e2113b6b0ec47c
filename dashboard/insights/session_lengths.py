"""Medians and quantiles of millions of lengths, exact and without sorting them, in two passes over each partition.

The first pass counts the lengths of each period in classes a sixteenth of an octave wide, which tells in which class a
rank lies. The second fetches the lengths in those classes, a few of a hundred, and only these are sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dashboard.engine.run import run
from dashboard.insights.view import View
from dashboard.jit import kernel
from dashboard.store.partition import Partition

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Spread = Int32 | Int64

CLASSES = 704  # class 0: length 0; the last one: from 2^43.9 µs (half a year) on


class Lengths(NamedTuple):
    """Of a partition, one entry per session longer than 0, in no order. length: int64 µs. period: int32."""

    length: Int64
    period: Int32


@kernel
def class_of(length: int) -> int:
    """0 for no length, else exponent and first four digits of the binary number: classes ascend with lengths."""
    bits = int(np.float64(length).view(np.int64))
    return min(max((bits >> 48) - (1023 << 4) + 1, 0), CLASSES - 1)


def shortest() -> Int64:
    """int64[CLASSES] µs: no length of a class is below its."""
    digits = (np.arange(CLASSES, dtype=np.int64) - 1 + (1023 << 4)) << 48
    lengths = np.ceil(digits.view(np.float64)).astype(np.int64)
    lengths[0] = 0
    return lengths


@kernel
def fetch(length: Int64, period: Int32, wanted: npt.NDArray[np.uint8], out_length: Int64, out_period: Int32) -> int:
    """The entries with wanted[period, class of length]; of one row, periods do not matter. Returns how many."""
    n, many = 0, wanted.shape[0] > 1
    for i in range(length.shape[0]):
        p = period[i] if many else 0
        out_length[n] = length[i]  # the place behind the last one takes what is not kept: no branch to guess
        out_period[n] = p
        n += wanted[np.uint32(p), np.uint32(class_of(length[i]))]
    return n


@kernel
def choose(length: Int64, period: Int32, ranks: Int64, out: Int64) -> None:
    """out[p, k] = the length of period p with rank ranks[p, k] (from 0; below 0: left as it is)."""
    ends = np.zeros(out.shape[0] + 1, np.int64)
    for i in range(period.shape[0]):
        ends[period[i] + 1] += 1
    for p in range(out.shape[0]):
        ends[p + 1] += ends[p]
    grouped, place = np.empty(length.shape[0], np.int64), ends.copy()
    for i in range(length.shape[0]):
        grouped[place[period[i]]] = length[i]
        place[period[i]] += 1
    for p in range(out.shape[0]):
        grouped[ends[p] : ends[p + 1]].sort()
        for k in range(out.shape[1]):
            if ranks[p, k] >= 0:
                out[p, k] = grouped[ends[p] + ranks[p, k]]


def ranked(view: View, parts: Sequence[Lengths], spread: Spread, ranks: Int64) -> Int64:
    """int64 µs[periods, k]: the lengths with the given ranks within each period.

    parts: per partition. spread: int[periods, CLASSES], how many lengths lie in each class; of one row, all lengths
    are one group. ranks: int64[periods, k], from 0, below the period's number of lengths (without any: whatever).
    """
    up_to: Int64 = np.cumsum(spread, axis=1, dtype=np.int64)
    position = np.empty(ranks.shape, np.int64)
    for p in range(len(spread)):
        position[p] = np.searchsorted(up_to[p], ranks[p], side="right")
    some = up_to[:, -1] > 0
    wanted = np.zeros(spread.shape, np.uint8)
    inside = some[:, None] & (position > 0)  # all of class 0 are alike
    rows = np.broadcast_to(np.arange(len(spread))[:, None], ranks.shape)
    wanted[rows[inside], position[inside]] = 1
    fetched: Int64 = np.cumsum(spread * wanted, axis=1, dtype=np.int64)
    below = np.take_along_axis(up_to, np.clip(position, 1, CLASSES - 1) - 1, axis=1)
    before = np.take_along_axis(fetched, np.clip(position, 1, CLASSES - 1) - 1, axis=1)

    def kernel(partition: Partition) -> Lengths:
        mine = parts[partition.index]
        length, period = np.empty(len(mine.length) + 1, np.int64), np.empty(len(mine.length) + 1, np.int32)
        n = fetch(mine.length, mine.period, wanted, length, period)
        return Lengths(length[:n].copy(), period[:n].copy())

    found = run(view.dataset, kernel, list)
    out = np.zeros(ranks.shape, np.int64)
    length, period = (np.concatenate([part[i] for part in found]) for i in (0, 1))
    choose(length, period, np.where(inside, ranks - below + before, -1), out)
    return out


def medians(view: View, parts: Sequence[Lengths], spread: Spread) -> npt.NDArray[np.float64]:
    """float64 seconds[periods], NaN without any length."""
    n = spread.sum(axis=1)
    middle = ranked(view, parts, spread, np.column_stack([(n - 1) // 2, n // 2]))
    medians: npt.NDArray[np.float64] = np.where(n > 0, (middle / 1e6).mean(axis=1), np.nan)
    return medians


def quantiles(view: View, parts: Sequence[Lengths], spread: Spread, wanted: Sequence[float]) -> npt.NDArray[np.float64]:
    """float64 seconds[wanted] over all periods, between neighbours by line as ``numpy.quantile``; NaN without any."""
    n = int(spread.sum())
    if not n:
        return np.full(len(wanted), np.nan)
    place = (n - 1) * np.array(wanted)
    low = np.floor(place).astype(np.int64)
    ranks = np.concatenate([low, np.minimum(low + 1, n - 1)])
    left, right = ranked(view, parts, spread.sum(axis=0, keepdims=True), ranks[None, :]).reshape(2, -1) / 1e6
    levels: npt.NDArray[np.float64] = left + (right - left) * (place - low)
    return levels
