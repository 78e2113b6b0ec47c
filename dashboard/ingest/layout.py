"""Which columns a version stores: the union of what the sources hold, with one type per column."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dashboard.ingest.plan import ColumnPlan, SourcePlan
from dashboard.schema import FIELDS, NULL_CODE, NULL_TIME, TABLES, TIME_FIELD, TableName, Type
from dashboard.store.manifest import ColumnInfo

TEXT_TYPES: tuple[Type, ...] = ("id", "category", "text")
_DTYPE: dict[Type, np.dtype] = {
    "id": np.dtype(np.int32),
    "category": np.dtype(np.int32),
    "text": np.dtype(np.int32),
    "number": np.dtype(np.float64),
    "time": np.dtype(np.int64),
    "boolean": np.dtype(np.int8),
}
_MISSING: dict[Type, float | int] = {
    "id": NULL_CODE,
    "category": NULL_CODE,
    "text": NULL_CODE,
    "number": np.nan,
    "time": NULL_TIME,
    "boolean": -1,
}
_RESERVED = {"user_id", "time", "day", "first_time", "last_time"}  # physical names of our own


@dataclass(frozen=True)
class Source:
    """A file and the plan to read it by. id: 32 hex digits, the file's name inside the dataset; file_name: as typed,
    data; sha256: of the file when known."""

    id: str
    path: Path
    file_name: str
    plan: SourcePlan
    sha256: str = ""


@dataclass(frozen=True)
class Column:
    """A stored column: physical ``name``, its type, the header it came from, whether it is canonical, and whether it is
    computed from other tables only."""

    name: str
    type: Type
    header: str = ""
    field: bool = False
    derived: bool = False

    @property
    def is_text(self) -> bool:
        return self.type in TEXT_TYPES

    @property
    def dtype(self) -> np.dtype:
        return _DTYPE[self.type]

    @property
    def missing(self) -> float | int:
        return _MISSING[self.type]

    @property
    def info(self) -> ColumnInfo:
        return ColumnInfo(self.type, self.header, self.field)


@dataclass(frozen=True)
class TableLayout:
    """The columns of one table, without person, time and day: canonical fields in schema order, then properties by
    name."""

    table: TableName
    columns: tuple[Column, ...]

    def has(self, name: str) -> bool:
        return any(column.name == name for column in self.columns)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


def physical_name(column: ColumnPlan) -> str:
    """The stored name of a plan's column: a property may not hide a column of our own."""
    return column.name + "_" if column.use == "property" and column.name in _RESERVED else column.name


def settle(sources: list[Source]) -> list[Source]:
    """The sources with one type per column of a table: where two files read a property differently, both read it as
    text, and nothing is lost."""
    types: dict[tuple[str, str], set[Type]] = {}
    for source in sources:
        for column in source.plan.columns:
            if column.use == "property":
                kind: Type = "category" if column.type in TEXT_TYPES else column.type
                types.setdefault((source.plan.kind, column.name), set()).add(kind)
    mixed = {key for key, found in types.items() if len(found) > 1}

    def settled(source: Source) -> Source:
        columns = tuple(
            replace(c, type="category", time=None)
            if c.use == "property" and (source.plan.kind, c.name) in mixed and c.type not in TEXT_TYPES
            else c
            for c in source.plan.columns
        )
        return replace(source, plan=replace(source.plan, columns=columns))

    return [settled(source) for source in sources]


def layouts(sources: list[Source]) -> dict[TableName, TableLayout]:
    """The stored tables of these (settled) sources, derived ones included; always with ``users``."""
    found: dict[TableName, dict[str, Column]] = {}
    for source in sources:
        columns = found.setdefault(source.plan.kind, {})
        for plan in source.plan.columns:
            if plan.use == "ignored" or plan.name in ("user_id", TIME_FIELD.get(source.plan.kind)):
                continue
            name = physical_name(plan)
            columns.setdefault(name, Column(name, plan.type, plan.header, plan.use == "field"))
    if "transactions" in found:
        found["transactions"].setdefault("amount", Column("amount", "number", field=True))
        found["transactions"].setdefault("order_id", Column("order_id", "id", field=True))
    if "sessions" in found and "end_time" in found["sessions"]:
        found["sessions"].setdefault("duration_seconds", Column("duration_seconds", "number", field=True))
    if any(table in found for table in TIME_FIELD):
        events = found.setdefault("events", {})
        events.setdefault("event_name", Column("event_name", "category", field=True))
        for table in ("transactions", "sessions"):
            for name in DERIVED_COLUMNS[table]:
                if table in found and name in found[table]:
                    events.setdefault(name, replace(found[table][name], header=""))
    users = found.setdefault("users", {})
    for name in ("country", "plan", "platform"):
        carrier = next((found[t][name] for t in TIME_FIELD if t in found and name in found[t]), None)
        if name not in users and carrier is not None and carrier.is_text:
            users[name] = replace(carrier, header="", derived=True)
    return {table: TableLayout(table, _ordered(table, found[table])) for table in TABLES if table in found}


DERIVED_COLUMNS: dict[str, tuple[str, ...]] = {
    "transactions": ("amount", "country"),
    "sessions": ("duration_seconds", "platform", "session_id"),
}


def _ordered(table: TableName, columns: dict[str, Column]) -> tuple[Column, ...]:
    place = {item.name: i for i, item in enumerate(FIELDS[table])}
    return tuple(sorted(columns.values(), key=lambda c: (not c.field, place.get(c.name, len(place)), c.name)))
