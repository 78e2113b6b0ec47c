"""Questions about single rows of a stored table: one page of a grid, sorted and filtered, through DuckDB.

DuckDB sees the memory-mapped columns only, as c0..cn: names and values of the data never become SQL. Texts are compared
as codes (dictionaries are sorted by bytes, so codes sort like texts) and decoded for the rows of the page alone.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import numpy as np
import pyarrow as pa

from dashboard.errors import NotFound
from dashboard.schema import NULL_TIME
from dashboard.store.dataset import Dataset
from dashboard.store.partition import Columns

MAX_LIMIT = 1_000
Test = Literal["in", "contains", "at_least", "below"]
_LOCKED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": "1GB",
    "temp_directory": "",
    "lock_configuration": "true",
}
_lock = threading.Lock()
_local = threading.local()
_connection: duckdb.DuckDBPyConnection | None = None


@dataclass(frozen=True)
class Condition:
    """A test of one column. "in": values are texts ("" = missing) or booleans; "contains": one text, any case;
    "at_least", "below": one number (times: µs UTC)."""

    column: str
    test: Test
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Page:
    """columns: names in the order of the cells. rows: str, float, int (times: µs UTC), bool or None. total: rows that
    meet the conditions."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    total: int


def page(
    dataset: Dataset,
    table: str,
    columns: Sequence[str],
    *,
    where: Sequence[Condition] = (),
    sort: Sequence[tuple[str, bool]] = (),
    offset: int = 0,
    limit: int = 100,
) -> Page:
    """Some rows of a stored table.

    columns: physical names, or ``user_id``. where: all must hold. sort: (column, descending), missing cells last; ties
    in stored order, so that pages never overlap. limit: at most 1,000. Raises NotFound for an unknown table or column,
    ValueError for a test that does not fit the column.
    """
    if table not in dataset.manifest.tables:
        raise NotFound("table")
    used = list(dict.fromkeys([*columns, *(c.column for c in where), *(name for name, _ in sort)]))
    view, numbers = _view(dataset, table, used)
    tests: list[str] = []
    values: list[Any] = []
    for condition in where:
        text, bound = _test(dataset, condition, numbers[condition.column])
        tests.append(text)
        values += bound
    chosen = " AND ".join(tests) if tests else "true"
    order = "".join(f"{numbers[name]} {'DESC' if down else 'ASC'} NULLS LAST, " for name, down in sort) + "position"
    wanted = ", ".join(numbers[name] for name in columns)
    cursor = _cursor()
    cursor.register("stored", view)
    try:
        counted = cursor.execute("SELECT count(*) FROM stored WHERE " + chosen, values).fetchone()
        query = "SELECT " + wanted + " FROM stored WHERE " + chosen + " ORDER BY " + order + " LIMIT ? OFFSET ?"
        window = [max(0, min(int(limit), MAX_LIMIT)), max(0, int(offset))]
        found = cursor.execute(query, values + window).fetchall()
    finally:
        cursor.unregister("stored")
    decoders = [_texts(dataset, name) for name in columns]
    rows = [
        tuple(v if v is None or texts is None else texts[v] for v, texts in zip(row, decoders, strict=True))
        for row in found
    ]
    return Page(tuple(columns), rows, int(counted[0]) if counted else 0)


def _view(dataset: Dataset, table: str, names: Sequence[str]) -> tuple[pa.Table, dict[str, str]]:
    """The named columns as c0..cn over all partitions, missing cells as null, and ``position``: the stored order."""
    parts: list[Columns] = []
    for partition in dataset.partitions:
        part = partition.users if table == "users" else partition.table(table)
        if part is not None:
            parts.append(part)
    numbers = {name: f"c{i}" for i, name in enumerate(names)}
    arrays: dict[str, pa.ChunkedArray] = {}
    for name in names:
        if name == "user_id":
            arrays[numbers[name]] = pa.chunked_array(_people(dataset, table), pa.large_string())
            continue
        if not all(part.has(name) for part in parts):
            raise NotFound("column")
        arrays[numbers[name]] = pa.chunked_array([_nullable(part.column(name)) for part in parts])
    total = sum(part.n_rows for part in parts)
    return pa.table({**arrays, "position": pa.array(np.arange(total, dtype=np.int64))}), numbers


def _people(dataset: Dataset, table: str) -> list[pa.Array]:
    """Ids of the rows' persons, null for guests."""
    pieces = []
    for partition in dataset.partitions:
        ids = partition.user_ids
        if table != "users":
            rows = partition.table(table)
            if rows is None:
                continue
            people = np.full(rows.n_rows, -1, np.int64)
            people[: rows.n_known] = np.repeat(np.arange(partition.n_users), np.diff(rows.offsets))
            ids = ids.take(pa.array(people, mask=people < 0))
        pieces.append(ids)
    return pieces


def _nullable(values: np.ndarray) -> pa.Array:
    if values.dtype == np.float64:
        return pa.array(values, mask=np.isnan(values))
    if values.dtype == np.int8:
        return pa.array(values == 1, mask=values < 0)
    missing = values == NULL_TIME if values.dtype == np.int64 else values < 0
    return pa.array(values, mask=missing) if missing.any() else pa.array(values)


def _texts(dataset: Dataset, name: str) -> np.ndarray | None:
    return dataset.dictionary(name) if name != "user_id" and name in dataset.manifest.dictionaries else None


def _test(dataset: Dataset, condition: Condition, column: str) -> tuple[str, list[Any]]:
    """SQL over our own column number, and the values to bind."""
    if condition.test in ("at_least", "below"):
        sign = " >= ?" if condition.test == "at_least" else " < ?"
        return column + sign, [float(condition.values[0])]
    texts = _texts(dataset, condition.column)
    if condition.test == "contains":
        needle = str(condition.values[0]).casefold()
        if condition.column == "user_id":
            return "contains(lower(" + column + "), ?)", [needle.lower()]
        if texts is None:
            raise ValueError("only texts can contain something")
        return column + " IN (SELECT unnest(?))", [[i for i, text in enumerate(texts) if needle in text.casefold()]]
    given: list[Any] = [value for value in condition.values if value != ""]
    if texts is not None:
        given = [code for value in given if (code := dataset.code(condition.column, str(value))) >= 0]
    listed = column + " IN (SELECT unnest(?))" if given else "false"
    if "" in condition.values:
        listed = "(" + listed + " OR " + column + " IS NULL)"
    return listed, [given] if given else []


def _cursor() -> duckdb.DuckDBPyConnection:
    """A cursor of this thread on the one locked connection of the process: connections must not be shared."""
    global _connection
    cursor: duckdb.DuckDBPyConnection | None = getattr(_local, "cursor", None)
    if cursor is None:
        with _lock:
            if _connection is None:
                _connection = duckdb.connect(":memory:", config=_LOCKED)
            cursor = _connection.cursor()
        _local.cursor = cursor
    return cursor
