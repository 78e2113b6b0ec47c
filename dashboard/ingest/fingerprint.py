"""A number for the content of a table that does not depend on row order, files or partitions.

Every row is hashed from its values (texts by the hash of their bytes, never by their code); the hashes of all rows are
added up in two lanes of 64 bits. It identifies content for caches and tests; it is not meant to resist forgery.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from dashboard.jit import kernel
from dashboard.store.hashing import mix, text_hash

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_LANE = np.uint64(0xD6E8FEB86659FD93)


@kernel
def _seeded(offsets: np.ndarray, people: np.ndarray, n_rows: int) -> np.ndarray:
    rows = np.zeros(n_rows, np.uint64)
    for u in range(len(offsets) - 1):
        for i in range(offsets[u], offsets[u + 1]):
            rows[i] = people[u]
    return rows


@kernel
def _add_codes(rows: np.ndarray, codes: np.ndarray, hashes: np.ndarray, seed: np.uint64) -> None:
    for i in range(len(rows)):
        if codes[i] >= 0:
            rows[i] = mix(rows[i] ^ (seed + hashes[codes[i]] * _FACTOR))


@kernel
def _add_bits(rows: np.ndarray, bits: np.ndarray, missing: np.uint64, seed: np.uint64) -> None:
    for i in range(len(rows)):
        if bits[i] != missing:
            rows[i] = mix(rows[i] ^ (seed + bits[i] * _FACTOR))


@kernel
def _sums(rows: np.ndarray) -> tuple[np.uint64, np.uint64]:
    first = np.uint64(0)
    second = np.uint64(0)
    for i in range(len(rows)):
        first += mix(rows[i])
        second += mix(rows[i] ^ _LANE)
    return first, second


class TableHash:
    """The sum over the rows of one partition of one table; columns are added one by one, missing values add nothing."""

    def __init__(self, offsets: np.ndarray, people: np.ndarray, n_rows: int) -> None:
        """offsets: runs by person; people: hash of every person's id; rows beyond the runs belong to nobody."""
        self._rows = _seeded(offsets, people, n_rows)

    def add_text(self, name: str, codes: np.ndarray, hashes: np.ndarray) -> None:
        _add_codes(self._rows, codes, hashes, np.uint64(text_hash(name)))

    def add_values(self, name: str, values: np.ndarray, missing: float | int) -> None:
        """Numbers by their bits (-0.0 as 0.0), so that equal means equal."""
        values = values + 0.0 if values.dtype == np.float64 else values.astype(np.int64, copy=False)
        sign = np.array([missing], values.dtype).view(np.uint64)[0]
        _add_bits(self._rows, values.view(np.uint64), sign, np.uint64(text_hash(name)))

    def sums(self) -> tuple[int, int]:
        first, second = _sums(self._rows)
        return int(first), int(second)


def combined(tables: dict[str, tuple[int, int, int]], about: dict[str, Any]) -> str:
    """Hex digest of a version. tables: (rows, sum of first lanes, sum of second lanes) by table; about: whatever else
    changes what the rows mean (time zone, columns)."""
    content = {name: [rows, first % 2**64, second % 2**64] for name, (rows, first, second) in tables.items()}
    text = json.dumps([content, about], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
