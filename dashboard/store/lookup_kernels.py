"""Loops over the texts by which people are looked for: marking which pairs and triples of bytes a block of records
holds, finding a text in the blocks that may hold it, and bounding the records that begin with it.

A record is the texts of one person, each followed by :data:`END`, a byte that no UTF-8 text has. Records lie one after
the other; record r is ``text[offsets[r]:offsets[r + 1]]``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]

END = 0xFF
BLOCK = 16  # records that share one row of marks
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_1 = np.uint64(1)
_6 = np.uint64(6)
_8 = np.uint64(8)
_63 = np.uint64(63)
_64 = np.uint64(64)


@kernel
def place(gram: np.uint64, size: np.uint64, bits: np.uint64) -> np.uint64:
    """Number of the mark that stands for ``size`` bytes, 0 .. 2**bits - 1."""
    return ((gram << _8 | size) * _SPREAD) >> (_64 - bits)


@kernel
def mark(text: Bytes, offsets: Int64, bits: int, out: Words) -> None:
    """Set in out[block] the marks of every one, two and three bytes that stand together in a text of the block.

    out: uint64[blocks, 2**bits / 64], zero at first.
    """
    many = np.uint64(bits)
    for record in range(offsets.shape[0] - 1):
        block = record // BLOCK
        for i in range(offsets[record], offsets[record + 1]):
            gram = np.uint64(0)
            for size in range(1, 4):
                if i + size > offsets[record + 1] or text[i + size - 1] == END:
                    break
                gram = gram << _8 | np.uint64(text[i + size - 1])
                at = place(gram, np.uint64(size), many)
                out[block, at >> _6] |= _1 << (at & _63)


@kernel
def find(text: Bytes, offsets: Int64, marks: Words, bits: int, needle: Bytes, out: Int32) -> int:
    """The first records in which the needle stands, ascending, as many as fit into ``out``; returns how many."""
    n, many, records = needle.shape[0], np.uint64(bits), offsets.shape[0] - 1
    places = np.zeros(3 * n, np.uint64)
    asked = 0
    for size in range(min(n, 3), 0, -1):  # the rarest first
        for i in range(n - size + 1):
            gram = np.uint64(0)
            for j in range(i, i + size):
                gram = gram << _8 | np.uint64(needle[j])
            places[asked] = place(gram, np.uint64(size), many)
            asked += 1
    found = 0
    for block in range(marks.shape[0]):
        possible = True
        for i in range(asked):
            if not (marks[block, places[i] >> _6] >> (places[i] & _63)) & _1:
                possible = False
                break
        if not possible:
            continue
        for record in range(block * BLOCK, min((block + 1) * BLOCK, records)):
            for i in range(offsets[record], offsets[record + 1] - n):
                j = 0
                while j < n and text[i + j] == needle[j]:
                    j += 1
                if j == n:
                    if found == out.shape[0]:
                        return found
                    out[found] = record
                    found += 1
                    break
    return found


@kernel
def compare(text: Bytes, offsets: Int64, record: int, field: int, needle: Bytes) -> int:
    """How a field of a record sorts against the needle by bytes: -1 before it, 0 equal, 1 begins with it, 2 behind."""
    at = offsets[record]
    for _ in range(field):
        while text[at] != END:
            at += 1
        at += 1
    for j in range(needle.shape[0]):
        if text[at + j] == END:
            return -1
        if text[at + j] != needle[j]:
            return -1 if text[at + j] < needle[j] else 2
    return 0 if text[at + needle.shape[0]] == END else 1


@kernel
def beginning(text: Bytes, offsets: Int64, order: Int32, field: int, needle: Bytes) -> tuple[int, int, int]:
    """(first, end of the equal ones, end) of the positions in ``order`` whose field begins with the needle.

    order: records sorted by that field.
    """
    first = 0
    bounds = np.zeros(3, np.int64)
    for step in range(3):
        low, high = first, order.shape[0]
        while low < high:
            middle = (low + high) // 2
            if compare(text, offsets, order[middle], field, needle) < step:
                low = middle + 1
            else:
                high = middle
        bounds[step] = first = low
    return bounds[0], bounds[1], bounds[2]
