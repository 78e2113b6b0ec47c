"""Rows between reading and sorting: cut by partition, in memory while they fit and on the disk beyond that."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dashboard.store import files

_SLAB_BYTES = 32 << 20


@dataclass(frozen=True)
class _OnDisk:
    """An array that was written to the spill file."""

    at: int
    dtype: np.dtype
    length: int


@dataclass
class Chunk:
    """The rows of one batch, ordered by partition.

    source: index of the source. bounds: rows of partition p are ``bounds[p]:bounds[p + 1]``. columns: equally long.
    """

    source: int
    bounds: np.ndarray
    columns: dict[str, np.ndarray | _OnDisk]


class Spill:
    """Chunks of all tables. Up to ``budget`` bytes stay in memory; chunks that do not fit go to the disk."""

    def __init__(self, path: Path, budget: int) -> None:
        self._path = path
        self._budget = budget
        self._held = 0
        self._at = 0
        self._descriptor: int | None = None
        self._slab = np.empty(0, np.uint8)
        self.chunks: dict[str, list[Chunk]] = {}

    def take(self, columns: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
        """These rows of columns, ready for ``add``."""
        size = sum(array.itemsize for array in columns.values()) * len(rows)
        if self._held + size > self._budget:
            return {name: array.take(rows) for name, array in columns.items()}
        return {
            name: np.take(array, rows, out=self._empty(len(rows), array.dtype), mode="clip")
            for name, array in columns.items()
        }

    def _empty(self, length: int, dtype: np.dtype) -> np.ndarray:
        """An array in a large piece of memory: the system gives such pieces in huge pages, which cost a hundredth of
        the page faults."""
        size = -(-length * dtype.itemsize // 64) * 64
        if size > len(self._slab):
            self._slab = np.empty(max(size, _SLAB_BYTES), np.uint8)
        taken, self._slab = self._slab[:size], self._slab[size:]
        return taken[: length * dtype.itemsize].view(dtype)

    def add(self, table: str, source: int, bounds: np.ndarray, columns: dict[str, np.ndarray]) -> None:
        size = sum(array.nbytes for array in columns.values())
        kept: dict[str, np.ndarray | _OnDisk] = dict(columns)
        if self._held + size <= self._budget:
            self._held += size
        else:
            kept = {name: self._write(array) for name, array in columns.items()}
        self.chunks.setdefault(table, []).append(Chunk(source, bounds, kept))

    def rows(self, table: str) -> int:
        """Rows of a table over all partitions."""
        return sum(int(chunk.bounds[-1]) for chunk in self.chunks.get(table, ()))

    def read(self, table: str, partition: int, name: str, dtype: np.dtype, missing: object) -> np.ndarray:
        """One column of one partition over all chunks, in the order they came; ``missing`` where a chunk lacks it."""
        pieces = []
        for chunk in self.chunks.get(table, ()):
            start, end = int(chunk.bounds[partition]), int(chunk.bounds[partition + 1])
            array = chunk.columns.get(name)
            if array is None:
                pieces.append(np.full(end - start, missing, dtype))
            elif isinstance(array, _OnDisk):
                pieces.append(self._read(array, start, end))
            else:
                pieces.append(array[start:end])
        return np.concatenate(pieces) if pieces else np.empty(0, dtype)

    def sources(self, table: str, partition: int) -> np.ndarray:
        """Index of the source of every row of a partition (int32)."""
        chunks = self.chunks.get(table, [])
        lengths = [int(chunk.bounds[partition + 1] - chunk.bounds[partition]) for chunk in chunks]
        return np.repeat(np.array([chunk.source for chunk in chunks], np.int32), lengths)

    def close(self) -> None:
        """Forget everything; the file goes away."""
        self.chunks.clear()
        self._slab = np.empty(0, np.uint8)
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self._path.unlink(missing_ok=True)

    def _write(self, array: np.ndarray) -> _OnDisk:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        place = _OnDisk(self._at, array.dtype, len(array))
        files.write_all(self._descriptor, np.ascontiguousarray(array).data.cast("B"))
        self._at += array.nbytes
        return place

    def _read(self, place: _OnDisk, start: int, end: int) -> np.ndarray:
        if self._descriptor is None:
            raise ValueError("the spill is closed")
        size = place.dtype.itemsize
        array = np.empty(end - start, place.dtype)
        view, at = array.data.cast("B"), place.at + start * size
        while len(view):
            read = os.preadv(self._descriptor, [view], at)
            if read == 0:
                raise OSError("the spill file is shorter than what was written to it")
            view, at = view[read:], at + read
        return array
