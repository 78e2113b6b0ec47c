"""Questions about single rows of a stored table: one page of a grid, sorted and filtered, through DuckDB.

DuckDB finds which rows, in which order; it sees only the memory-mapped columns that are tested or sorted by, as c0..cn:
names and values of the data never become SQL. Texts are compared as codes (dictionaries are sorted by bytes, so codes
sort like texts), people by the rank of their ids. The cells of the page are read from the columns themselves, so the
first page of a table takes no time whatever its size.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
    parts = _parts(dataset, table)
    used = list(dict.fromkeys([*(c.column for c in where), *(name for name, _ in sort)]))
    for name in {*columns, *used} - {"user_id"}:
        if not all(part.columns.has(name) for part in parts):
            raise NotFound("column")
    first, most = max(0, int(offset)), max(0, min(int(limit), MAX_LIMIT))
    if used:
        positions, total = _find(dataset, parts, used, where, sort, first, most)
    else:
        total = sum(part.rows for part in parts)
        positions = np.arange(min(first, total), min(first + most, total), dtype=np.int64)
    cells = [_cells(dataset, parts, name, positions) for name in columns]
    return Page(tuple(columns), list(zip(*cells, strict=True)) if cells else [], total)


@dataclass(frozen=True)
class _Part:
    """A table's rows in one partition. offsets: None for the users."""

    columns: Columns
    rows: int
    ids: pa.LargeStringArray
    offsets: np.ndarray | None

    def people(self) -> np.ndarray:
        """Number of every row's person in its partition, -1 for guests."""
        if self.offsets is None:
            return np.arange(self.rows, dtype=np.int64)
        people = np.full(self.rows, -1, np.int64)
        people[: int(self.offsets[-1])] = np.repeat(np.arange(len(self.ids)), np.diff(self.offsets))
        return people

    def person(self, rows: np.ndarray) -> np.ndarray:
        """The same for some rows only."""
        if self.offsets is None:
            return rows
        people = np.searchsorted(self.offsets, rows, side="right") - 1
        return np.where(rows < self.offsets[-1], people, -1)


def _parts(dataset: Dataset, table: str) -> list[_Part]:
    parts = []
    for partition in dataset.partitions:
        if table == "users":
            parts.append(_Part(partition.users, partition.n_users, partition.user_ids, None))
        elif (rows := partition.table(table)) is not None:
            parts.append(_Part(rows, rows.n_rows, partition.user_ids, rows.offsets))
    return parts


def _find(
    dataset: Dataset,
    parts: Sequence[_Part],
    used: Sequence[str],
    where: Sequence[Condition],
    sort: Sequence[tuple[str, bool]],
    offset: int,
    limit: int,
) -> tuple[np.ndarray, int]:
    """Stored positions of the rows of a page, in its order, and how many rows meet the conditions."""
    ranks = _ranks(parts) if "user_id" in used else []
    view, numbers = _view(parts, used, ranks)
    tests: list[str] = []
    values: list[Any] = []
    for condition in where:
        text, bound = _test(dataset, parts, ranks, condition, numbers[condition.column])
        tests.append(text)
        values += bound
    chosen = " AND ".join(tests) if tests else "true"
    order = "".join(f"{numbers[name]} {'DESC' if down else 'ASC'} NULLS LAST, " for name, down in sort) + "position"
    cursor = _cursor()
    cursor.register("stored", view)
    try:
        counted = cursor.execute("SELECT count(*) FROM stored WHERE " + chosen, values).fetchone()
        query = "SELECT position FROM stored WHERE " + chosen + " ORDER BY " + order + " LIMIT ? OFFSET ?"
        found = cursor.execute(query, [*values, limit, offset]).fetchnumpy()["position"]
    finally:
        cursor.unregister("stored")
    return np.asarray(found, dtype=np.int64), int(counted[0]) if counted else 0


def _view(parts: Sequence[_Part], names: Sequence[str], ranks: Sequence[np.ndarray]) -> tuple[pa.Table, dict[str, str]]:
    """The named columns as c0..cn over all partitions, missing cells as null, and ``position``: the stored order."""
    numbers = {name: f"c{i}" for i, name in enumerate(names)}
    arrays: dict[str, pa.ChunkedArray] = {}
    for name in names:
        if name == "user_id":
            pieces = []
            for part, rank in zip(parts, ranks, strict=True):
                people = part.people()
                pieces.append(pa.array(rank[people] if len(rank) else people, mask=people < 0))
            arrays[numbers[name]] = pa.chunked_array(pieces)
        else:
            arrays[numbers[name]] = pa.chunked_array([_nullable(part.columns.column(name)) for part in parts])
    total = sum(part.rows for part in parts)
    return pa.table({**arrays, "position": pa.array(np.arange(total, dtype=np.int64))}), numbers


def _ranks(parts: Sequence[_Part]) -> list[np.ndarray]:
    """For the people of each partition their place among all people in byte order of the ids."""
    order = pc.sort_indices(pa.chunked_array([part.ids for part in parts], pa.large_string())).to_numpy()
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return np.split(ranks, np.cumsum([len(part.ids) for part in parts])[:-1])


def _cells(dataset: Dataset, parts: Sequence[_Part], name: str, positions: np.ndarray) -> list[Any]:
    """The cells of one column at some positions, as Python values, None = missing."""
    ends = np.cumsum([part.rows for part in parts])
    texts = _texts(dataset, name)
    cells: list[Any] = [None] * len(positions)
    homes = np.searchsorted(ends, positions, side="right")
    for home in np.unique(homes):
        part, places = parts[home], np.flatnonzero(homes == home)
        rows = positions[places] - (ends[home] - part.rows)
        if name == "user_id":
            people = part.person(rows)
            values = part.ids.take(pa.array(people, mask=people < 0)).to_pylist()
        else:
            values = _nullable(part.columns.column(name)[rows]).to_pylist()
            if texts is not None:
                values = [None if code is None else texts[code] for code in values]
        for place, value in zip(places.tolist(), values, strict=True):
            cells[place] = value
    return cells


def _nullable(values: np.ndarray) -> pa.Array:
    if values.dtype == np.float64:
        return pa.array(values, mask=np.isnan(values))
    if values.dtype == np.int8:
        return pa.array(values == 1, mask=values < 0)
    missing = values == NULL_TIME if values.dtype == np.int64 else values < 0
    return pa.array(values, mask=missing) if missing.any() else pa.array(values)


def _texts(dataset: Dataset, name: str) -> np.ndarray | None:
    return dataset.dictionary(name) if name != "user_id" and name in dataset.manifest.dictionaries else None


def _test(
    dataset: Dataset, parts: Sequence[_Part], ranks: Sequence[np.ndarray], condition: Condition, column: str
) -> tuple[str, list[Any]]:
    """SQL over our own column number, and the values to bind."""
    if condition.test in ("at_least", "below"):
        sign = " >= ?" if condition.test == "at_least" else " < ?"
        return column + sign, [float(condition.values[0])]
    texts = _texts(dataset, condition.column)
    if condition.test == "contains":
        needle = str(condition.values[0]).casefold()
        if condition.column == "user_id":
            hits = [pc.match_substring(pc.utf8_lower(part.ids), needle) for part in parts]
            return column + " IN (SELECT unnest(?))", [_ranked(ranks, hits)]
        if texts is None:
            raise ValueError("only texts can contain something")
        return column + " IN (SELECT unnest(?))", [[i for i, text in enumerate(texts) if needle in text.casefold()]]
    given: list[Any] = [value for value in condition.values if value != ""]
    if texts is not None:
        given = [code for value in given if (code := dataset.code(condition.column, str(value))) >= 0]
    elif condition.column == "user_id":
        wanted = pa.array([str(value) for value in given], pa.large_string())
        given = _ranked(ranks, [pc.is_in(part.ids, value_set=wanted) for part in parts])
    listed = column + " IN (SELECT unnest(?))" if given else "false"
    if "" in condition.values:
        listed = "(" + listed + " OR " + column + " IS NULL)"
    return listed, [given] if given else []


def _ranked(ranks: Sequence[np.ndarray], hits: Sequence[pa.Array]) -> list[int]:
    """Ranks of the people that were hit."""
    kept = [rank[hit.to_numpy(zero_copy_only=False)] for rank, hit in zip(ranks, hits, strict=True)]
    return [int(rank) for rank in np.concatenate(kept)]


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
