"""A stored table as CSV: the rows as they were understood, in the names of the product."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from dashboard.errors import NotFound
from dashboard.escape import safe_cell
from dashboard.schema import NULL_TIME, TIME_FIELD, TableName
from dashboard.store.dataset import Dataset, open_dataset
from dashboard.store.manifest import ColumnInfo
from dashboard.store.partition import Columns

ROWS_PER_CHUNK = 100_000
_OPTIONS = csv.WriteOptions(include_header=False, quoting_style="all_valid")


def table_chunks(dataset_id: str, table: TableName) -> Iterator[bytes]:
    """CSV bytes of a stored table, header first, about 100,000 rows at a time.

    Texts are safe for spreadsheets, times are ISO 8601 in UTC, missing cells are empty. Raises NotFound when the
    dataset has no such table.
    """
    dataset = open_dataset(dataset_id)
    if table not in dataset.manifest.tables:
        raise NotFound("table")
    return _chunks(dataset, table)


def _chunks(dataset: Dataset, table: TableName) -> Iterator[bytes]:
    infos = {name: info for name, info in dataset.manifest.columns[table].items() if name != "user_id"}
    yield _encode(pa.table({"h": [safe_cell("user_id")], **{f"h{i}": [safe_cell(n)] for i, n in enumerate(infos)}}))
    texts = {
        name: pa.array([safe_cell(text) for text in dataset.dictionary(name)], pa.large_string())
        for name in infos
        if name in dataset.manifest.dictionaries
    }
    for partition in dataset.partitions:
        ids = pa.array([safe_cell(text) for text in partition.user_ids.to_pylist()], pa.large_string())
        if table == "users":
            columns: Columns = partition.users
            persons = np.arange(partition.n_users, dtype=np.int64)
        else:
            rows = partition.table(table)
            if rows is None:
                continue
            columns = rows
            persons = np.full(rows.n_rows, -1, dtype=np.int64)
            persons[: rows.n_known] = np.repeat(np.arange(partition.n_users), np.diff(rows.offsets))
        for first in range(0, columns.n_rows if table != "users" else partition.n_users, ROWS_PER_CHUNK):
            part = slice(first, first + ROWS_PER_CHUNK)
            arrays = {"u": _take(ids, persons[part])}
            for position, (name, info) in enumerate(infos.items()):
                stored = "time" if name == TIME_FIELD.get(table) and columns.has("time") else name
                values = columns.column(stored)[part] if columns.has(stored) else None
                arrays[f"c{position}"] = _cells(values, info, texts.get(name), len(persons[part]))
            yield _encode(pa.table(arrays))


def _take(texts: pa.Array, codes: np.ndarray) -> pa.Array:
    return texts.take(pa.array(codes, pa.int64(), mask=codes < 0))


def _cells(values: np.ndarray | None, info: ColumnInfo, texts: pa.Array | None, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, pa.string())
    if texts is not None:
        return _take(texts, values.astype(np.int64))
    if info.type == "time":
        stamps = pa.array(values, pa.timestamp("us"), mask=values == NULL_TIME)
        return pc.strftime(stamps, format="%Y-%m-%dT%H:%M:%SZ")
    if info.type == "boolean":
        return pa.array(values == 1, pa.bool_(), mask=values < 0)
    return pa.array(values, mask=np.isnan(values)) if values.dtype.kind == "f" else pa.array(values)


def _encode(rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    csv.write_csv(rows, sink, _OPTIONS)
    return sink.getvalue()
