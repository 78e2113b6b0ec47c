"""The memory-mapped rows of the persons of one partition."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa


def _read(path: Path) -> pa.RecordBatch:
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).get_batch(0)


class Columns:
    """Named, equally long columns of one file, mapped into memory."""

    def __init__(self, path: Path) -> None:
        self._batch = _read(path)
        self._arrays: dict[str, np.ndarray] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._batch.schema.names)

    @property
    def n_rows(self) -> int:
        return int(self._batch.num_rows)

    def has(self, name: str) -> bool:
        return name in self._batch.schema.names

    def column(self, name: str) -> np.ndarray:
        """The stored array, read-only and not copied. Text: int32 codes, -1 = missing. number: float64, NaN. time:
        int64 µs UTC, NULL_TIME. boolean: int8, -1. Raises KeyError for an unknown name."""
        array = self._arrays.get(name)
        if array is None:
            if not self.has(name):
                raise KeyError(name)
            array = self._batch.column(name).to_numpy(zero_copy_only=True)
            self._arrays[name] = array
        return array


class Rows(Columns):
    """A table sorted by (person, time): rows of person u are ``offsets[u]:offsets[u + 1]``.

    Rows without a time come first among a person's rows (``time`` NULL_TIME, ``day`` NULL_DAY). Rows from
    ``offsets[-1]`` on belong to nobody (guests).
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.offsets: np.ndarray = (
            _read(path.with_suffix(".offsets.arrow")).column("offsets").to_numpy(zero_copy_only=True)
        )

    @property
    def n_known(self) -> int:
        """Rows that belong to a person."""
        return int(self.offsets[-1])

    @property
    def time(self) -> np.ndarray:
        """int64 µs UTC, ascending within a person."""
        return self.column("time")

    @property
    def day(self) -> np.ndarray:
        """int32 day number in the dataset's zone."""
        return self.column("day")


class Partition:
    """All rows of the persons whose id hashes to ``index``; persons are 0 .. n_users - 1 in byte order of their ids."""

    def __init__(self, directory: Path, index: int, tables: tuple[str, ...]) -> None:
        self.index = index
        self._directory = directory
        self._names = (*tables, "days") if "events" in tables else tables
        self._tables: dict[str, Rows] = {}

    @cached_property
    def users(self) -> Columns:
        """One row per person; ``user_id`` itself is in :attr:`user_ids`."""
        return Columns(self._directory / "users" / f"p{self.index:04d}.arrow")

    @cached_property
    def user_ids(self) -> pa.LargeStringArray:
        """The ids as typed, length n_users."""
        return _read(self._directory / "users" / f"p{self.index:04d}.ids.arrow").column("user_id")

    @cached_property
    def n_users(self) -> int:
        return len(self.user_ids)

    def table(self, name: str) -> Rows | None:
        """``events``, ``sessions``, ``transactions`` or ``days`` (distinct active days: only ``offsets`` and ``day``);
        None when the dataset has no such table."""
        if name not in self._names or name == "users":
            return None
        rows = self._tables.get(name)
        if rows is None:
            # two threads that come first get one object: callers may ask whether two tables are the same
            rows = self._tables.setdefault(name, Rows(self._directory / name / f"p{self.index:04d}.arrow"))
        return rows
