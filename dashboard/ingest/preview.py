"""The first rows as they will be read, and what the columns hold, for people to look at before an import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dashboard.ingest.columns import Profile
from dashboard.ingest.decode import parse_boolean
from dashboard.ingest.decode_number import parse_number
from dashboard.ingest.decode_time import OK, parse_time
from dashboard.ingest.plan import ROW_NUMBER, ColumnPlan, TimeFormat
from dashboard.schema import TableName
from dashboard.schema import field as schema_field

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class PreviewRow:
    """number: of the record. raw: cells as in the file. read: the same as they will be read, one per plan column; "" is
    empty and a cell that cannot be read is "–"."""

    number: int
    raw: tuple[str, ...]
    read: tuple[str, ...]


@dataclass(frozen=True)
class ColumnStatistics:
    """Of one column of the file. filled: share of the rows, 0..1. distinct: different values among ``counted``.
    examples: a few frequent values; none for personal fields and ids."""

    index: int
    header: str
    filled: float
    distinct: int
    counted: int
    examples: tuple[str, ...] = ()


def rows(
    sample: Sequence[tuple[int, tuple[str, ...]]], columns: Sequence[ColumnPlan], count: int = 50
) -> tuple[PreviewRow, ...]:
    """The first ``count`` sampled rows, raw and interpreted."""
    return tuple(
        PreviewRow(number, cells, tuple(read(column, number, cells) for column in columns))
        for number, cells in sample[:count]
    )


def read(column: ColumnPlan, number: int, cells: Sequence[str]) -> str:
    """One cell as the plan reads it, in plain form: ISO times, a point as decimal sign."""
    if column.index == ROW_NUMBER:
        return str(number)
    cell = cells[column.index] if column.index < len(cells) else ""
    if not cell:
        return ""
    if column.type == "number":
        value = parse_number(cell, column.decimal, column.thousands)
        return "–" if value is None else f"{value:.15g}"
    if column.type == "boolean":
        answer = parse_boolean(cell)
        return "–" if answer is None else ("yes" if answer else "no")
    if column.type == "time":
        return _time(cell, column.time or TimeFormat())
    if column.strip_decimal_zero and cell.endswith(".0"):
        return cell[:-2]
    return cell


def _time(cell: str, form: TimeFormat) -> str:
    found = parse_time(cell, form)
    if found.state != OK:
        return "–"
    try:
        moment = _EPOCH + timedelta(microseconds=found.micros)
    except OverflowError:
        return "–"
    text = moment.strftime("%Y-%m-%d %H:%M:%S") if form.has_time else moment.strftime("%Y-%m-%d")
    return text + ("" if found.naive or not form.has_time else " UTC")


def statistics(
    profiles: Sequence[Profile], columns: Sequence[ColumnPlan], kind: TableName
) -> tuple[ColumnStatistics, ...]:
    """Statistics of the file's columns, in their order."""
    by_index = {c.index: c for c in columns}
    found = []
    for profile in profiles:
        plan = by_index[profile.index]
        field = schema_field(kind, plan.name) if plan.use == "field" else None
        private = plan.type in ("id", "text") or (field is not None and field.personal)
        private = private or profile.look("email") > 0.1
        share = profile.filled / profile.rows if profile.rows else 0.0
        examples = () if private else tuple(value[:80] for value in profile.top)
        found.append(ColumnStatistics(profile.index, profile.header, share, profile.distinct, profile.values, examples))
    return tuple(found)
