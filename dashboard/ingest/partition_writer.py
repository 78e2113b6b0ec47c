"""Finish one partition: sort its rows, merge repeated ones, derive what is derived, write it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from dashboard.ingest import derive
from dashboard.ingest.calendar import local_days
from dashboard.ingest.fingerprint import TableHash
from dashboard.ingest.layout import DERIVED_COLUMNS, Column, TableLayout
from dashboard.ingest.merge import count_people, kept_offsets, last_valid, merge_rows
from dashboard.ingest.sorting import equal_runs, group, sort_runs, unsorted_runs
from dashboard.ingest.spill import Spill
from dashboard.jit import kernel
from dashboard.schema import FILTER_DIMENSIONS, NULL_CODE, NULL_TIME, TIME_FIELD, TableName
from dashboard.store import files

_KEY_COLUMNS = 16  # columns that order rows of equal person and time before their hashes do
_INT32, _INT64, _UINT64 = np.dtype(np.int32), np.dtype(np.int64), np.dtype(np.uint64)


@dataclass(frozen=True)
class Plan:
    """What all partitions share. Codes are final unless called provisional.

    local: person number inside the partition, by provisional code of the user id. people: by partition the
    provisional codes of its persons in byte order. people_hashes: by provisional code. ids: their texts, by partition.
    ranks: by column name final code by provisional code. text_hashes: by column name and final code.
    zone: offsets from UTC. drop: tables whose equal rows are dropped. activity: code of the event names that count,
    empty = all. codes: of ``order``, ``refund`` and ``session`` in ``event_name``.
    """

    spill: Spill
    layouts: dict[TableName, TableLayout]
    n_sources: int
    local: np.ndarray
    people: list[np.ndarray]
    people_hashes: np.ndarray
    ids: list[pa.LargeStringArray]
    ranks: dict[str, np.ndarray]
    text_hashes: dict[str, np.ndarray]
    zone: tuple[np.ndarray, np.ndarray]
    drop: frozenset[str]
    activity: tuple[int, ...]
    codes: dict[str, int]
    directory: Path


@dataclass
class Sorted:
    """A table of one partition in its final order. offsets: n_users + 1; the rows beyond the last belong to guests."""

    offsets: np.ndarray
    time: np.ndarray
    columns: dict[str, np.ndarray]

    @property
    def runs(self) -> np.ndarray:
        """Offsets with the guests as one more run."""
        return np.append(self.offsets, len(self.time))


@dataclass
class Outcome:
    """What one partition adds to the manifest; everything here adds up over partitions."""

    rows: dict[str, int] = field(default_factory=dict)
    guests: dict[str, int] = field(default_factory=dict)
    known: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)  # rows, known rows, users, known users
    hashes: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    counters: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), np.int64))
    size: int = 0


@dataclass
class _Extra:
    """Derived rows of ``events``: final codes and values by column name, the rest is missing."""

    person: np.ndarray
    time: np.ndarray
    columns: dict[str, np.ndarray]


@kernel
def _persons(users: np.ndarray, local: np.ndarray, guest: int) -> np.ndarray:
    result = np.empty(len(users), np.int32)
    for i in range(len(users)):
        result[i] = guest if users[i] < 0 else local[users[i]]
    return result


@kernel
def _recode(codes: np.ndarray, ranks: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Final codes in final order."""
    result = np.empty(len(order), np.int32)
    for i in range(len(order)):
        code = codes[order[i]]
        result[i] = -1 if code < 0 else ranks[code]
    return result


@kernel
def _positions(order: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Row numbers of all runs, one after the other."""
    total = 0
    for r in range(len(starts)):
        total += ends[r] - starts[r]
    result = np.empty(total, order.dtype)
    at = 0
    for r in range(len(starts)):
        for i in range(starts[r], ends[r]):
            result[at] = order[i]
            at += 1
    return result


def finish(plan: Plan, index: int) -> Outcome:
    """Sort and write every table of partition ``index``; the files are flushed to the disk when this returns."""
    outcome = Outcome(counters=np.zeros((plan.n_sources, 3), np.int64))
    n_users = len(plan.people[index])
    known = _known(plan, index, n_users)
    extras: list[_Extra] = []
    timed: dict[str, Sorted] = {}
    for table in ("transactions", "sessions", "events"):
        if table not in plan.layouts:
            continue
        rows = _sort(plan, index, table, n_users, extras if table == "events" else [], outcome)
        if table == "transactions":
            extras += _order_events(plan, rows)
        elif table == "sessions":
            extras.append(_session_events(plan, rows, n_users))
        timed[table] = rows
        _write_rows(plan, index, table, rows, outcome)
        if table in plan.spill.chunks:
            _join(table, rows, known, outcome)
    _write_users(plan, index, n_users, timed, outcome)
    return outcome


def _known(plan: Plan, index: int, n_users: int) -> np.ndarray:
    """Which persons the user tables name."""
    known = np.zeros(n_users, np.bool_)
    users = plan.spill.read("users", index, "_user", _INT32, NULL_CODE)
    known[plan.local[users]] = True
    return known


def _sort(plan: Plan, index: int, table: TableName, n_users: int, extras: list[_Extra], outcome: Outcome) -> Sorted:
    read = plan.spill.read
    person = _persons(read(table, index, "_user", _INT32, NULL_CODE), plan.local, n_users)
    time = read(table, index, "_time", _INT64, NULL_TIME)
    n_read = len(person)
    for extra in extras:
        person = np.concatenate((person, extra.person))
        time = np.concatenate((time, extra.time))
    order, offsets = group(person, n_users + 1)
    ordered = time.take(order)
    starts, ends = unsorted_runs(ordered, offsets)
    if len(starts):
        sort_runs(order, starts, ends, time[_positions(order, starts, ends)][:, None])
        ordered = time.take(order)
    raw = _RawColumns(plan, index, table, n_read, extras)
    starts, ends = equal_runs(ordered, offsets)
    if len(starts):
        more = len(person) - n_read
        hashes = np.append(read(table, index, "_hash", _UINT64, 0), np.zeros(more, np.uint64))
        sources = np.append(plan.spill.sources(table, index), np.full(more, -1, np.int32))
        sort_runs(order, starts, ends, _keys(raw, _positions(order, starts, ends), hashes, sources))
        drop = table in plan.drop
        keep, counters = merge_rows(order, starts, ends, time, hashes, sources, plan.n_sources, drop)
        outcome.counters += counters
        if not keep.all():
            offsets = kept_offsets(keep, offsets)
            order, ordered = order[keep], ordered[keep]
    columns = {column.name: raw.take(column, order) for column in plan.layouts[table].columns}
    return Sorted(offsets[: n_users + 1], ordered, columns)


class _RawColumns:
    """The columns of a table of one partition before sorting, read when they are needed."""

    def __init__(self, plan: Plan, index: int, table: TableName, n_read: int, extras: list[_Extra]) -> None:
        self._plan, self._index, self._table = plan, index, table
        self._n_read, self._extras = n_read, extras
        self.columns = plan.layouts[table].columns

    def take(self, column: Column, rows: np.ndarray) -> np.ndarray:
        """Final values of these rows."""
        raw = self._plan.spill.read(self._table, self._index, column.name, column.dtype, column.missing)
        if not column.is_text:
            for extra in self._extras:
                raw = np.append(raw, self._of(extra, column))
            return raw.take(rows)
        ranks = self._plan.ranks[column.name]
        if self._extras:
            final = _recode(raw, ranks, np.arange(len(raw), dtype=np.int32))
            codes: np.ndarray = np.concatenate((final, *(self._of(extra, column) for extra in self._extras)))
            return codes.take(rows)
        return _recode(raw, ranks, rows)

    @staticmethod
    def _of(extra: _Extra, column: Column) -> np.ndarray:
        values = extra.columns.get(column.name)
        return values if values is not None else np.full(len(extra.time), column.missing, column.dtype)


def _keys(raw: _RawColumns, rows: np.ndarray, hashes: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """What orders rows of equal person and time: their values, canonical fields first, then the row hash. Values and
    not the hash alone, so that renaming people or columns does not reorder simultaneous events."""
    columns = raw.columns[:_KEY_COLUMNS]
    keys = np.empty((len(rows), len(columns) + 2), np.int64)
    for k, column in enumerate(columns):
        values = raw.take(column, rows)
        keys[:, k] = values.view(np.int64) if values.dtype == np.float64 else values
    keys[:, -2] = hashes[rows].view(np.int64)
    keys[:, -1] = sources[rows]
    return keys


def _order_events(plan: Plan, lines: Sorted) -> list[_Extra]:
    """One ``order`` per order with a gross line, one ``refund`` per order id that has only returns."""
    columns = lines.columns
    amount = columns["amount"]
    gross = amount > 0
    if "quantity" in columns and "unit_price" in columns:
        quantity, price = columns["quantity"], columns["unit_price"]
        priced = ~(np.isnan(quantity) | np.isnan(price))
        gross = np.where(priced, (quantity > 0) & (price > 0), gross)
    label = columns.get("country", np.full(len(amount), NULL_CODE, np.int32))
    person, time, value, label, is_order = derive.orders(
        lines.runs, columns["order_id"], lines.time, amount, gross, label
    )
    name = np.where(is_order, plan.codes["order"], plan.codes["refund"]).astype(np.int32)
    extra: dict[str, np.ndarray] = {"event_name": name, "amount": value}
    if "country" in columns:
        extra["country"] = label
    return [_Extra(person, time, extra)]


def _session_events(plan: Plan, sessions: Sorted, n_users: int) -> _Extra:
    person = np.repeat(np.arange(n_users + 1, dtype=np.int32), np.diff(sessions.runs))
    extra = {name: sessions.columns[name] for name in DERIVED_COLUMNS["sessions"] if name in sessions.columns}
    extra["event_name"] = np.full(len(person), plan.codes["session"], np.int32)
    return _Extra(person, sessions.time, extra)


def _write_rows(plan: Plan, index: int, table: str, rows: Sorted, outcome: Outcome) -> None:
    day = local_days(rows.time, *plan.zone)
    folder, n_rows = plan.directory / table, len(rows.time)
    outcome.size += _write(folder, index, {"time": rows.time, "day": day, **rows.columns}, rows.offsets)
    outcome.rows[table] = n_rows
    outcome.guests[table] = n_rows - int(rows.offsets[-1])
    summed = TableHash(rows.offsets, plan.people_hashes[plan.people[index]], n_rows)
    summed.add_values("time", rows.time, NULL_TIME)
    _hash_columns(plan, plan.layouts[table].columns, rows.columns, summed)  # type: ignore[index]
    outcome.hashes[table] = (n_rows, *summed.sums())
    if table == "events":
        offsets, days = derive.active_days(rows.offsets, day, _active(plan, rows))
        outcome.size += _write(plan.directory / "days", index, {"day": days}, offsets)


def _hash_columns(plan: Plan, columns: tuple[Column, ...], values: dict[str, np.ndarray], summed: TableHash) -> None:
    for column in columns:
        if column.is_text:
            summed.add_text(column.name, values[column.name], plan.text_hashes[column.name])
        else:
            summed.add_values(column.name, values[column.name], column.missing)


def _active(plan: Plan, rows: Sorted) -> np.ndarray:
    if not plan.activity:
        return np.empty(0, np.bool_)
    return np.isin(rows.columns["event_name"], plan.activity)


def _join(table: str, rows: Sorted, known: np.ndarray, outcome: Outcome) -> None:
    counts = np.diff(rows.offsets)
    active = counts > 0
    outcome.known[table] = (int(counts.sum()), int(counts[known].sum()), int(active.sum()), int(active[known].sum()))


def _write_users(plan: Plan, index: int, n_users: int, timed: dict[str, Sorted], outcome: Outcome) -> None:
    columns = _merged_users(plan, index, n_users, outcome)
    for name in FILTER_DIMENSIONS:
        column = plan.layouts["users"].column(name)
        if column is None or not column.derived:
            continue
        best, best_time = np.full(n_users, NULL_CODE, np.int32), np.full(n_users, NULL_TIME)
        for table in TIME_FIELD:
            if table in timed and name in timed[table].columns:
                rows = timed[table]
                derive.latest(rows.offsets, rows.time, rows.columns[name], best, best_time)
        columns[name] = best
    first = last = np.full(n_users, NULL_TIME)
    if "events" in timed:
        events = timed["events"]
        first, last = derive.first_and_last(events.offsets, events.time, _active(plan, events))
    summed = TableHash(np.arange(n_users + 1), plan.people_hashes[plan.people[index]], n_users)
    _hash_columns(plan, plan.layouts["users"].columns, columns, summed)
    outcome.hashes["users"] = (n_users, *summed.sums())
    outcome.rows["users"] = n_users
    outcome.guests["users"] = 0
    outcome.size += _write(plan.directory / "users", index, {**columns, "first_time": first, "last_time": last}, None)
    outcome.size += files.write_columns(
        plan.directory / "users" / f"p{index:04d}.ids.arrow", {"user_id": plan.ids[index]}
    )


def _merged_users(plan: Plan, index: int, n_users: int, outcome: Outcome) -> dict[str, np.ndarray]:
    """One row per person: per column the last value that is there, where a later file comes after an earlier one and,
    inside a file, a later ``last_active_time`` after an earlier one, then rows by their values (so the order of lines
    in the file does not matter)."""
    person = _persons(plan.spill.read("users", index, "_user", _INT32, NULL_CODE), plan.local, n_users)
    order, offsets = group(person, n_users)
    raw = _RawColumns(plan, index, "users", len(person), [])
    starts, ends = equal_runs(np.zeros(len(person), np.int64), offsets)
    if len(starts):
        rows = _positions(order, starts, ends)
        hashes = plan.spill.read("users", index, "_hash", _UINT64, 0)
        sources = plan.spill.sources("users", index)
        keys = _keys(raw, rows, hashes, sources)
        active = plan.layouts["users"].column("last_active_time")
        seen = raw.take(active, rows) if active is not None else np.zeros(len(rows), np.int64)
        sort_runs(order, starts, ends, np.column_stack((sources[rows].astype(np.int64), seen, keys)))
        outcome.counters += count_people(order, offsets, sources, plan.n_sources)
    result: dict[str, np.ndarray] = {}
    everything = np.arange(len(person), dtype=np.int32)
    for column in raw.columns:
        values = raw.take(column, everything)
        valid = ~np.isnan(values) if column.type == "number" else values != column.missing
        result[column.name] = last_valid(values, valid, order, offsets, column.missing)
    return result


def _write(folder: Path, index: int, columns: dict[str, np.ndarray], offsets: np.ndarray | None) -> int:
    size = files.write_columns(folder / f"p{index:04d}.arrow", columns)
    if offsets is not None:
        size += files.write_columns(folder / f"p{index:04d}.offsets.arrow", {"offsets": offsets})
    return size
