"""Builds small stored datasets for tests, through the real build and publish code.

    dataset = build_dataset(
        data_dir,                                   # the fixture of tests/conftest.py
        events=[{"user_id": "a", "event_time": "2024-01-01 10:00", "event_name": "visit", "amount": 1.5}],
        users=pandas_frame,
        time_zone="Europe/Berlin", partitions=4,
    )

Every table is a list of dicts or a pandas frame with canonical column names; other names become properties. Values:
text, numbers, booleans, and for times ``datetime``, ``date``, ``pd.Timestamp`` or ISO text; a value without an offset
is local time of ``time_zone``; a column without any time of day is one of days only (``has_time=False``). ``None`` and
NaN are missing. A list of such tables stands for several files of one kind.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dashboard.ingest import publish
from dashboard.ingest.layout import Source
from dashboard.ingest.plan import ColumnPlan, ImportOptions, SourcePlan, TimeFormat
from dashboard.ingest.report import SourceReport
from dashboard.schema import NULL_TIME, Type, field
from dashboard.store.dataset import Dataset, open_dataset

Table = pd.DataFrame | Sequence[dict[str, Any]]
_numbers = itertools.count(1)


def build_dataset(
    data_dir: Path,
    *,
    users: Table | list[Table] | None = None,
    events: Table | list[Table] | None = None,
    sessions: Table | list[Table] | None = None,
    transactions: Table | list[Table] | None = None,
    time_zone: str = "UTC",
    partitions: int | None = 3,
    name: str = "Test",
    owner: str = "local",
    batch_rows: int = 1_000,
    **options: Any,
) -> Dataset:
    """Store, publish and open a dataset. partitions: None = by size, as in an import. options: of ImportOptions.

    The last stamp decides ``as_of``, exactly as in an import: add a row (or set ``Filters.as_of``) to move it.
    """
    tables = {"users": users, "events": events, "sessions": sessions, "transactions": transactions}
    reader = FrameReader(time_zone, batch_rows)
    sources = [reader.source(data_dir, kind, table) for kind, given in tables.items() for table in _files(given)]
    result = publish.import_sources(
        sources,
        ImportOptions(time_zone=time_zone, **options),
        name=name,
        owner=owner,
        mode="new",
        partitions=partitions,
        reader=reader,
    )
    return open_dataset(result["dataset"])


def _files(given: Any) -> list[Table]:
    if given is None:
        return []
    if isinstance(given, list) and given and (isinstance(given[0], pd.DataFrame) or not isinstance(given[0], dict)):
        return given
    return [given]


class FrameReader:
    """Stands in for ``read_source``: serves frames as record batches, keyed by the path of a placeholder file."""

    def __init__(self, time_zone: str = "UTC", batch_rows: int = 1_000) -> None:
        self.time_zone = time_zone
        self.batch_rows = batch_rows
        self.frames: dict[str, pd.DataFrame] = {}

    def source(self, folder: Path, kind: Any, table: Table, file_id: str | None = None) -> Source:
        """Register a table and return the source that stands for it."""
        frame = table if isinstance(table, pd.DataFrame) else pd.DataFrame(list(table))
        file_id = file_id or f"{next(_numbers):032x}"
        path = folder / f"{kind}-{file_id}.csv"
        path.write_text(file_id, encoding="ascii")
        plans = tuple(self._plan(kind, i, name, frame[name]) for i, name in enumerate(frame.columns))
        self.frames[file_id] = frame
        return Source(file_id, path, f"{kind}.csv", SourcePlan(kind=kind, columns=plans))

    def __call__(self, path: Path, plan: SourcePlan, options: ImportOptions, **_: Any) -> _Reader:
        return _Reader(self, plan, self.frames[path.read_text(encoding="ascii")])

    @staticmethod
    def _plan(kind: Any, index: int, name: str, values: pd.Series) -> ColumnPlan:
        canonical = field(kind, name)
        kind_: Type = canonical.type if canonical else _guess(values)
        time = None
        if kind_ == "time":
            time = TimeFormat(has_time=not all(_is_day(v) for v in values if not _missing(v)))
        return ColumnPlan(index, name, name, "field" if canonical else "property", kind_, time)


class _Reader:
    def __init__(self, owner: FrameReader, plan: SourcePlan, frame: pd.DataFrame) -> None:
        self._owner, self._plan, self._frame = owner, plan, frame
        self.report = SourceReport(f"{plan.kind}.csv", plan.kind, len(frame), len(frame), 0)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        n, step = len(self._frame), self._owner.batch_rows
        arrays = {c.name: self._array(c, self._frame[c.header]) for c in self._plan.columns}
        hashes = _hashes(arrays, n)
        arrays["_record"] = pa.array(range(1, n + 1), pa.int64())
        arrays["_hash"] = pa.array(hashes, pa.uint64())
        whole = pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))
        for start in range(0, n, step):
            yield whole.slice(start, step)

    def _array(self, column: ColumnPlan, values: pd.Series) -> pa.Array:
        items = [None if _missing(v) else v for v in values]
        if column.type == "time":
            return pa.array([NULL_TIME if v is None else self._microseconds(v) for v in items], pa.int64())
        if column.type == "number":
            return pa.array([None if v is None else float(v) for v in items], pa.float64())
        if column.type == "boolean":
            return pa.array([None if v is None else bool(v) for v in items], pa.bool_())
        texts = [None if v is None else str(v) for v in items]
        return pa.array(texts, pa.large_string()).dictionary_encode()

    def _microseconds(self, value: Any) -> int:
        stamp = pd.Timestamp(value)
        if stamp.tzinfo is None:
            stamp = stamp.tz_localize(self._owner.time_zone, ambiguous=True, nonexistent="shift_forward")
        return (stamp.tz_convert("UTC") - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(microseconds=1)


def _hashes(arrays: dict[str, pa.Array], n: int) -> np.ndarray:
    columns = [arrays[name].to_pylist() for name in sorted(arrays) if not name.startswith("_")]
    rows = zip(*columns, strict=True) if columns else [()] * n
    return np.array(
        [int.from_bytes(hashlib.blake2b(repr(r).encode(), digest_size=8).digest()) for r in rows], np.uint64
    )


def _guess(values: pd.Series) -> Type:
    items = [v for v in values if not _missing(v)]
    if items and all(isinstance(v, bool | np.bool_) for v in items):
        return "boolean"
    if items and all(isinstance(v, int | float | np.number) for v in items):
        return "number"
    if items and all(isinstance(v, dt.date) for v in items):
        return "time"
    return "category"


def _missing(value: Any) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and value != value)


def _is_day(value: Any) -> bool:
    if isinstance(value, str):
        return len(value.strip()) <= 10
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)
