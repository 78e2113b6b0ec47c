"""The rows of a stored table as a page shows them: labels, local times, and the grid's sorting and filters.

Keys of columns are c0, c1 …: a column's name is data of a file and may be anything.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from dashboard.customers.lists import Column
from dashboard.errors import NotFound, UserError
from dashboard.ingest import plan
from dashboard.ingest.plan import SourcePlan
from dashboard.schema import FIELDS, TABLES, TIME_FIELD, Type
from dashboard.service import core
from dashboard.service.customer_results import PeoplePage
from dashboard.store import rows
from dashboard.store.dataset import Dataset
from dashboard.store.rows import Condition

MAX_SORTS = 5
# Filters of the grid that a stored column can answer, by the kind of column.
TEXT = ("contains", "equals", "blank")
NUMBER = ("equals", "lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual", "inRange", "blank")
DATE = ("equals", "lessThan", "greaterThan", "inRange", "blank")
BOOLEAN = ("equals", "blank")
YES, NO = "yes", "no"
DERIVED = {"first_time": "First activity", "last_time": "Last activity"}  # what the import adds to people


def tables(dataset_id: str) -> dict[str, int]:
    """The tables that came from files with their rows, guests' rows included."""
    manifest = core.open_for("read", dataset_id).manifest
    return {table: manifest.rows[table] for table in TABLES if table in manifest.given}


def row_columns(dataset_id: str, table: str) -> tuple[tuple[Column, tuple[str, ...]], ...]:
    """The columns of a table, each with the grid's filters that it can answer. Raises NotFound."""
    dataset = core.open_for("read", dataset_id)
    kinds: dict[str, tuple[str, tuple[str, ...]]] = {
        "number": ("number", NUMBER),
        "time": ("date", DATE),
        "boolean": ("text", BOOLEAN),
    }
    found = []
    for key, (_, label, type_) in _columns(dataset, table).items():
        kind, tests = kinds.get(type_, ("text", TEXT))
        found.append((Column(key, label, kind, "exact" if kind == "number" else ""), tests))
    return tuple(found)


def row_page(
    dataset_id: str,
    table: str,
    *,
    start: int = 0,
    end: int = 100,
    sort_model: Sequence[Mapping[str, Any]] | None = None,
    filter_model: Mapping[str, Any] | None = None,
) -> PeoplePage:
    """Rows ``start`` (inclusive) to ``end`` (exclusive, at most 1,000) of a table, times in the dataset's zone.

    sort_model, filter_model: as AG Grid's infinite row model sends them, one condition a column. Raises NotFound,
    UserError ``bad_filter``.
    """
    dataset = core.open_for("read", dataset_id)
    known = _columns(dataset, table)
    zone = ZoneInfo(dataset.manifest.time_zone)
    where: list[Condition] = []
    for key, model in (filter_model or {}).items():
        name, _, type_ = known.get(key) or _refuse()
        where += _conditions(name, type_, model, zone)
    sorts = [_sort(known, item) for item in sort_model or ()]
    if len(sorts) > MAX_SORTS:
        _refuse()
    start = max(0, int(start))
    names = [name for name, _, _ in known.values()]
    found = rows.page(
        dataset,
        table,
        names,
        where=where,
        sort=sorts,
        offset=start,
        limit=max(0, min(int(end) - start, rows.MAX_LIMIT)),
    )
    whole_days = _whole_days(dataset, table)
    shown = [
        {
            key: _shown(cell, type_, zone, name in whole_days)
            for (key, (name, _, type_)), cell in zip(known.items(), row, strict=True)
        }
        for row in found.rows
    ]
    return PeoplePage(shown, found.total)


def one_row(dataset_id: str, table: str, position: int) -> tuple[tuple[str, Any, str], ...]:
    """(label, value as shown, type) of every column of the row at a stored position; nothing for a table that came from
    no file. Raises NotFound for the dataset."""
    dataset = core.open_for("read", dataset_id)
    if table not in dataset.manifest.given:
        return ()
    known = _columns(dataset, table)
    found = rows.page(dataset, table, [name for name, _, _ in known.values()], offset=position, limit=1).rows
    whole_days, zone = _whole_days(dataset, table), ZoneInfo(dataset.manifest.time_zone)
    return tuple(
        (label, _shown(cell, type_, zone, name in whole_days), type_)
        for (name, label, type_), cell in zip(known.values(), found[0] if found else (), strict=bool(found))
    )


def _columns(dataset: Dataset, table: str) -> dict[str, tuple[str, str, Type]]:
    """Key -> (name, label, type): the fields in the order of the schema, then the properties. Raises NotFound."""
    given = dataset.manifest.given
    kind = next((name for name in TABLES if name == table and name in given), None)
    if kind is None:
        raise NotFound("table")
    infos = dataset.manifest.columns[kind]
    stored = [("user_id", FIELDS[kind][0].label, FIELDS[kind][0].type)]
    for field in FIELDS[kind][1:]:
        name = "time" if field.name == TIME_FIELD.get(kind) else field.name
        if name in infos:
            stored.append((name, field.label, infos[name].type))
    known = {name for name, _, _ in stored}
    stored += [
        (name, DERIVED.get(name) or info.header or name, info.type)
        for name, info in infos.items()
        if name not in known and (info.header or name in DERIVED)
    ]
    parts = [p.users if table == "users" else p.table(table) for p in dataset.partitions]
    there = [s for s in stored if s[0] == "user_id" or all(part is not None and part.has(s[0]) for part in parts)]
    return {f"c{number}": item for number, item in enumerate(there)}


def _whole_days(dataset: Dataset, table: str) -> frozenset[str]:
    """Columns of days without a time of day in every file."""
    days: dict[str, bool] = {}
    for source in dataset.manifest.sources:
        described = plan.from_json(SourcePlan, source["plan"])
        for column in described.columns if described.kind == table else ():
            if column.use != "ignored" and column.type == "time" and column.time is not None:
                name = "time" if column.use == "field" and column.name in TIME_FIELD.values() else column.name
                days[name] = days.get(name, True) and not column.time.has_time
    return frozenset(name for name, whole in days.items() if whole)


def _shown(cell: Any, type_: Type, zone: ZoneInfo, whole_day: bool) -> Any:
    if cell is None:
        return None
    if type_ == "time":
        try:
            local = (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=cell)).astimezone(zone)
        except OverflowError:
            return None
        return local.date().isoformat() if whole_day else local.strftime("%Y-%m-%d %H:%M:%S")
    if type_ == "boolean":
        return YES if cell else NO
    return int(cell) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53 else cell


def _sort(known: Mapping[str, tuple[str, str, Type]], item: Any) -> tuple[str, bool]:
    if not isinstance(item, Mapping) or item.get("sort") not in ("asc", "desc"):
        _refuse()
    name, _, _ = known.get(str(item.get("colId"))) or _refuse()
    return name, item["sort"] == "desc"


def _conditions(name: str, type_: Type, model: Any, zone: ZoneInfo) -> list[Condition]:
    """The tests of a stored column that one filter of the grid means."""
    if not isinstance(model, Mapping):
        _refuse()
    asked = model.get("type")
    if asked == "blank":
        return [Condition(name, "in", ("",))]
    if type_ == "time":
        return _span(name, asked, *_days(asked, model, zone))
    if type_ == "number":
        first = _number(model.get("filter"))
        last = _number(model.get("filterTo")) if asked == "inRange" else first
        return _span(name, asked, first, math.nextafter(last, math.inf))
    text = model.get("filter")
    if not isinstance(text, str) or not text:
        _refuse()
    if type_ == "boolean":
        if asked != "equals" or text.casefold() not in (YES, NO):
            _refuse("Type yes or no.")
        return [Condition(name, "in", (text.casefold() == YES,))]
    if asked == "contains":
        return [Condition(name, "contains", (text,))]
    return [Condition(name, "in", (text,))] if asked == "equals" else _refuse()


def _span(name: str, asked: Any, first: float, end: float) -> list[Condition]:
    """first: the value (or the first moment of the day) asked for; end: the next value (the moment after the day)."""
    from_first, before_first = Condition(name, "at_least", (first,)), Condition(name, "below", (first,))
    from_end, before_end = Condition(name, "at_least", (end,)), Condition(name, "below", (end,))
    tests = {
        "equals": [from_first, before_end],
        "inRange": [from_first, before_end],
        "lessThan": [before_first],
        "lessThanOrEqual": [before_end],
        "greaterThan": [from_end],
        "greaterThanOrEqual": [from_first],
    }
    return tests[asked] if isinstance(asked, str) and asked in tests else _refuse()


def _days(asked: Any, model: Mapping[str, Any], zone: ZoneInfo) -> tuple[float, float]:
    first = _day(model.get("dateFrom"))
    last = _day(model.get("dateTo")) if asked == "inRange" else first
    return _moment(first, zone), _moment(last + dt.timedelta(days=1), zone)


def _day(value: Any) -> dt.date:
    try:
        day = dt.date.fromisoformat(str(value)[:10])
    except ValueError:
        _refuse()
    return day if 1 < day.year < 9999 else _refuse()


def _moment(day: dt.date, zone: ZoneInfo) -> float:
    start = dt.datetime(day.year, day.month, day.day, tzinfo=zone)
    return (start - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(microseconds=1)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        _refuse()
    return float(value)


def _refuse(hint: str = "Clear the table's filters.") -> NoReturn:
    raise UserError("bad_filter", "This filter or sorting of the table is not known.", hint)
