"""What all cells of a column look like, gathered over the whole file.

A *shape* is a cell with its digits forgotten: ``25/03/2025`` and ``03/04/2025`` have one shape, and so have ``1.234,5``
and ``9.876,1``. A column of dates or numbers has few shapes however long it is; with the largest value of each digit
group and the first record where a group exceeds 12 they decide date order, decimal sign and the rest, and name the
proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.jit import kernel

SLOTS = 1024  # two thirds of them take a shape; further shapes are counted as "other": the column is text
LONGEST_CELL = 48
GROUPS = 6
_ROWS, _EMPTY, _OTHER, _USED = range(4)
_FIRST, _START, _LENGTH, _PROOF = 0, 1, 2, 3  # per shape; proofs: (record, first group, second group) twice
_FACTS = 9


@dataclass(frozen=True)
class Shape:
    """example: the first cell of this shape, found in record ``first``. count: cells. largest: of each digit group.
    proofs: for the first and the second digit group the first record where it exceeds 12, as (record, first group,
    second group); record 0: nowhere."""

    example: str
    count: int
    first: int
    largest: tuple[int, ...]
    proofs: tuple[tuple[int, int, int], tuple[int, int, int]] = ((0, 0, 0), (0, 0, 0))


@dataclass(frozen=True)
class Evidence:
    """All cells of a column. rows: records seen. empty: empty cells. other: cells too long or too various for a
    shape. shapes: the most frequent first."""

    rows: int
    empty: int
    other: int
    shapes: tuple[Shape, ...]

    @property
    def filled(self) -> int:
        return self.rows - self.empty


@kernel
def gather(
    data: Any, spans: Any, numbers: Any, rows: int, totals: Any, hashes: Any, counts: Any, facts: Any, largest: Any
) -> None:
    """Add ``rows`` cells of one column (``spans`` of the tokenizer) to its table of shapes.

    totals: int64 (4,); hashes: uint64 (slots,); counts: int64 (slots,); facts: int64 (slots, 9); largest: int64
    (slots, 6).
    """
    slots = hashes.size
    group_values = np.zeros(GROUPS, dtype=np.int64)
    for row in range(rows):
        span = spans[row]
        start = span >> 32
        length = (span >> 2) & 0x3FFFFFFF
        totals[0] += 1
        if length == 0:
            totals[1] += 1
            continue
        if length > LONGEST_CELL:
            totals[2] += 1
            continue
        code = np.uint64(1469598103934665603)
        groups, digits, value = 0, 0, 0
        for at in range(start, start + length):
            byte = data[at]
            if 48 <= byte <= 57:
                digits += 1
                if digits <= 18:
                    value = value * 10 + (byte - 48)
                continue
            if digits:
                code = (code ^ np.uint64(256 + digits)) * np.uint64(1099511628211)
                if groups < GROUPS:
                    group_values[groups] = value
                groups += 1
                digits, value = 0, 0
            if 65 <= byte <= 90:
                byte += 32
            code = (code ^ np.uint64(byte)) * np.uint64(1099511628211)
        if digits:
            code = (code ^ np.uint64(256 + digits)) * np.uint64(1099511628211)
            if groups < GROUPS:
                group_values[groups] = value
            groups += 1
        code = (code ^ (code >> np.uint64(29))) | np.uint64(1)
        slot = np.int64(code % np.uint64(slots))
        while hashes[slot] != 0 and hashes[slot] != code:
            slot = (slot + 1) % slots
        if hashes[slot] == 0:
            if 3 * totals[3] >= 2 * slots:
                totals[2] += 1
                continue
            totals[3] += 1
            hashes[slot] = code
            facts[slot, 0] = numbers[row]
            facts[slot, 1] = start
            facts[slot, 2] = length
        counts[slot] += 1
        for group in range(min(groups, GROUPS)):
            found = group_values[group]
            if found > largest[slot, group]:
                largest[slot, group] = found
            if group < 2 and found > 12 and facts[slot, 3 + 3 * group] == 0:
                facts[slot, 3 + 3 * group] = numbers[row]
                facts[slot, 4 + 3 * group] = group_values[0]
                facts[slot, 5 + 3 * group] = group_values[1] if groups > 1 else 0


@kernel
def hash_cells(data: Any, spans: Any, rows: int, out: Any) -> int:
    """64-bit hashes of the non-empty cells; returns how many were written to ``out``."""
    written = 0
    for row in range(rows):
        span = spans[row]
        start = span >> 32
        length = (span >> 2) & 0x3FFFFFFF
        if length == 0:
            continue
        code = np.uint64(1469598103934665603)
        for at in range(start, start + length):
            code = (code ^ np.uint64(data[at])) * np.uint64(1099511628211)
        out[written] = code ^ (code >> np.uint64(31))
        written += 1
    return written


class Column:
    """Collects the evidence of one column over many chunks."""

    def __init__(self, slots: int = SLOTS) -> None:
        self._totals = np.zeros(4, dtype=np.int64)
        self._hashes = np.zeros(slots, dtype=np.uint64)
        self._counts = np.zeros(slots, dtype=np.int64)
        self._facts = np.zeros((slots, _FACTS), dtype=np.int64)
        self._largest = np.zeros((slots, GROUPS), dtype=np.int64)
        self._examples: dict[int, str] = {}

    def add(self, data: np.ndarray, spans: np.ndarray, numbers: np.ndarray, rows: int) -> None:
        """spans: (room,) of this column, the first ``rows`` are valid; they point into ``data`` (uint8)."""
        before = self._totals[_USED]
        gather(data, spans, numbers, rows, self._totals, self._hashes, self._counts, self._facts, self._largest)
        if self._totals[_USED] != before:
            for slot in np.flatnonzero(self._counts):
                if slot not in self._examples:
                    start, length = self._facts[slot, _START], self._facts[slot, _LENGTH]
                    cell = data[start : start + length].tobytes()
                    self._examples[int(slot)] = cell.decode("utf-8", errors="replace")

    def result(self) -> Evidence:
        shapes = []
        for slot, example in self._examples.items():
            facts = [int(x) for x in self._facts[slot]]
            proofs = ((facts[3], facts[4], facts[5]), (facts[6], facts[7], facts[8]))
            largest = tuple(int(x) for x in self._largest[slot])
            shapes.append(Shape(example, int(self._counts[slot]), facts[_FIRST], largest, proofs))
        shapes.sort(key=lambda s: (-s.count, s.first))
        rows, empty, other = (int(x) for x in self._totals[:3])
        return Evidence(rows, empty, other, tuple(shapes))
