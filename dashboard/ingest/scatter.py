"""From record batches to rows cut by person: texts become provisional codes, rows go to their partitions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dashboard.ingest import derive
from dashboard.ingest.layout import Column, Source, TableLayout, physical_name
from dashboard.ingest.sorting import group
from dashboard.ingest.spill import Spill
from dashboard.ingest.text_index import TextIndex
from dashboard.jit import kernel
from dashboard.schema import NULL_TIME, TIME_FIELD, TableName
from dashboard.store.hashing import mix


@kernel
def _gather_codes(local: np.ndarray, codes: np.ndarray) -> np.ndarray:
    result = np.empty(len(local), np.int32)
    for i in range(len(local)):
        result[i] = -1 if local[i] < 0 else codes[local[i]]
    return result


@kernel
def _partitions(users: np.ndarray, hashes: np.ndarray, guests: np.ndarray, n: int) -> np.ndarray:
    """Partition of every row: by the person's hash, for guests by a hash of their own."""
    result = np.empty(len(users), np.int32)
    for i in range(len(users)):
        result[i] = (guests[i] if users[i] < 0 else hashes[users[i]]) % np.uint64(n)
    return result


@kernel
def _guest_hashes(users: np.ndarray, orders: np.ndarray, order_hashes: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Guest rows of one order share a hash; without orders the rows of one instant do."""
    result = np.zeros(len(users), np.uint64)
    for i in range(len(users)):
        if users[i] < 0:
            if len(orders) and orders[i] >= 0:
                result[i] = order_hashes[orders[i]]
            else:
                result[i] = mix(np.uint64(times[i]))
    return result


@kernel
def _time_range(times: np.ndarray) -> tuple[int, int]:
    first, last = 2**63 - 1, NULL_TIME
    for i in range(len(times)):
        if times[i] != NULL_TIME:
            first = min(first, times[i])
            last = max(last, times[i])
    return first, last


class Scatter:
    """Takes the batches of all sources, one at a time. ``people`` and ``texts`` hold the provisional codes;
    ``ranges`` the first and last stamp by source and column."""

    def __init__(self, layouts: Mapping[TableName, TableLayout], spill: Spill, partitions: int) -> None:
        self._layouts = layouts
        self._spill = spill
        self._partitions = partitions
        self.people = TextIndex()
        self.texts: dict[str, TextIndex] = {
            column.name: TextIndex() for layout in layouts.values() for column in layout.columns if column.is_text
        }
        self._codes_of: dict[tuple[int, str], np.ndarray] = {}
        self.ranges: dict[tuple[int, str], tuple[int, int]] = {}

    def add(self, index: int, source: Source, batch: pa.RecordBatch) -> None:
        """One batch of source number ``index``: canonical names, text as dictionary, ``_hash`` and ``_record``."""
        if batch.num_rows == 0:
            return
        table = source.plan.kind
        columns = self._columns(index, source, batch)
        users = self._users(index, source, batch)
        if table in TIME_FIELD:
            self._range(index, TIME_FIELD[table], columns["_time"])
        for name, values in columns.items():
            column = self._layouts[table].column(name)
            if column is not None and column.type == "time":
                self._range(index, name, values)
        if table == "events" and "event_name" not in columns:
            columns["event_name"] = np.full(batch.num_rows, self.texts["event_name"].code("event"), np.int32)
        elif table == "transactions":
            _complete_lines(columns)
            self._complete_orders(columns, users, columns["_time"])
        elif table == "sessions" and "end_time" in columns:
            _complete_durations(columns, columns["_time"])
        columns = {"_user": users, "_hash": _numbers(batch.column("_hash"), np.uint64, 0), **columns}
        if table == "users" and (users < 0).any():
            columns = {name: values[users >= 0] for name, values in columns.items()}  # the reader rejects such rows
        self._cut(index, table, columns)

    def _cut(self, index: int, table: str, columns: dict[str, np.ndarray]) -> None:
        users = columns["_user"]
        bounds = np.array([0, len(users)], np.int64)
        if self._partitions > 1:
            orders = (
                columns.get("order_id", np.empty(0, np.int32)) if table == "transactions" else np.empty(0, np.int32)
            )
            order_hashes = self.texts["order_id"].hashes if len(orders) else np.empty(0, np.uint64)
            times = columns.get("_time", np.empty(0, np.int64))
            guests = _guest_hashes(users, orders, order_hashes, times)
            rows, bounds = group(_partitions(users, self.people.hashes, guests, self._partitions), self._partitions)
            columns = self._spill.take(columns, rows)
        self._spill.add(table, index, bounds, columns)

    def _users(self, index: int, source: Source, batch: pa.RecordBatch) -> np.ndarray:
        if "user_id" in batch.schema.names:
            return self._codes((index, "user_id"), batch.column("user_id"), self.people)
        if source.plan.kind != "users":
            return np.full(batch.num_rows, -1, np.int32)
        # a user table without ids: every row is a person of its own, named by file and record
        names = [f"{index + 1}-{record:09d}" for record in batch.column("_record").to_pylist()]
        return self.people.add(pa.array(names, pa.large_string()))

    def _columns(self, index: int, source: Source, batch: pa.RecordBatch) -> dict[str, np.ndarray]:
        table = source.plan.kind
        layout = self._layouts[table]
        result: dict[str, np.ndarray] = {}
        for plan in source.plan.columns:
            if plan.use == "ignored" or plan.name == "user_id":
                continue
            values = batch.column(plan.name)
            if plan.name == TIME_FIELD.get(table) and plan.use == "field":
                result["_time"] = _times(values)
                continue
            column = layout.column(physical_name(plan))
            if column is not None:
                result[column.name] = self._values(index, column, values)
        if table in TIME_FIELD and "_time" not in result:
            result["_time"] = np.full(batch.num_rows, NULL_TIME)
        return result

    def _values(self, index: int, column: Column, values: pa.Array) -> np.ndarray:
        if column.is_text:
            return self._codes((index, column.name), values, self.texts[column.name])
        if column.type == "time":
            return _times(values)
        if column.type == "boolean":
            return _numbers(values.cast(pa.int8()), np.int8, -1)
        return _numbers(values.cast(pa.float64()), np.float64, np.nan)

    def _codes(self, key: tuple[int, str], values: pa.Array, index: TextIndex) -> np.ndarray:
        """Provisional codes of a column. The dictionary of a column only grows from batch to batch (see ``read``): only
        its new texts are looked up."""
        known = self._codes_of.get(key, np.empty(0, np.int32))
        if len(values.dictionary) > len(known):
            known = np.append(known, index.add(values.dictionary.slice(len(known))))
            self._codes_of[key] = known
        return _gather_codes(_numbers(values.indices, np.int32, -1), known)

    def _complete_orders(self, columns: dict[str, np.ndarray], users: np.ndarray, times: np.ndarray) -> None:
        """Lines without an order id form one order per person and time."""
        orders = columns.setdefault("order_id", np.full(len(users), -1, np.int32))
        lacking = np.flatnonzero(orders < 0)
        if len(lacking):
            data, offsets = derive.order_names(*self.people.raw, users[lacking], times[lacking])
            orders = orders.copy()
            orders[lacking] = self.texts["order_id"].add_bytes(data, offsets)
            columns["order_id"] = orders

    def _range(self, index: int, name: str, times: np.ndarray) -> None:
        first, last = _time_range(times)
        known = self.ranges.get((index, name), (2**63 - 1, NULL_TIME))
        self.ranges[index, name] = (min(known[0], int(first)), max(known[1], int(last)))


def _complete_lines(columns: dict[str, np.ndarray]) -> None:
    """``amount`` of a line: as given, else quantity × unit price."""
    quantity, price = columns.get("quantity"), columns.get("unit_price")
    amount = columns.get("amount")
    if quantity is None or price is None:
        if amount is None:
            columns["amount"] = np.full(len(next(iter(columns.values()))), np.nan)
        return
    columns["amount"] = quantity * price if amount is None else np.where(np.isnan(amount), quantity * price, amount)


def _complete_durations(columns: dict[str, np.ndarray], start: np.ndarray) -> None:
    """``duration_seconds`` of a session: as given, else end − start where that makes sense."""
    end = columns["end_time"]
    known = (end != NULL_TIME) & (start != NULL_TIME) & (end >= start)
    seconds = np.where(known, (end - start) / 1e6, np.nan)
    given = columns.get("duration_seconds")
    columns["duration_seconds"] = seconds if given is None else np.where(np.isnan(given), seconds, given)


def _times(values: pa.Array) -> np.ndarray:
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("us", values.type.tz)).cast(pa.int64())
    return _numbers(values, np.int64, NULL_TIME)


def _numbers(values: pa.Array, dtype: type[np.generic], missing: float | int) -> np.ndarray:
    """A numeric Arrow array as NumPy, nulls as ``missing`` (every NaN becomes the same NaN)."""
    if values.null_count:
        values = pc.fill_null(values, pa.scalar(missing, values.type))
    array: np.ndarray = values.to_numpy(zero_copy_only=False)
    return array.astype(dtype, copy=False)
