"""The decisions of an import, as data.

``inspect`` proposes a :class:`SourcePlan`, a person may change it, ``read`` obeys it, and the dataset keeps it. A
version of a dataset is a pure function of its sources, their plans and the :class:`ImportOptions`: changing a decision
means building the next version from the same files.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from dashboard.schema import TableName, Type

FileFormat = Literal["csv", "json", "jsonl", "xlsx", "parquet"]
DateOrder = Literal["ymd", "dmy", "mdy"]
T = TypeVar("T")

SPACES = " +"  # as a delimiter: one or more spaces or tabs, leading and trailing ones do not count
ROW_NUMBER = -1  # as a column's index: not in the file, its value is the number of the record


@dataclass(frozen=True)
class Dialect:
    """How bytes become cells. Formats other than csv are first turned into clean UTF-8 CSV and have the default.

    delimiter, quote and escape are single ASCII characters; the delimiter may also be :data:`SPACES`.
    """

    encoding: str = "utf-8"  # Python codec name; a BOM is always skipped
    delimiter: str = ","
    quote: str = '"'  # "" = no quoting
    escape: str = ""  # "" = quotes are doubled; "\\" = backslash
    skip_lines: int = 0  # preamble: physical lines before the header (or before the data without one)
    header_rows: int = 1  # 0 = none; 2+ are joined with a space
    footer_rows: int = 0  # records at the end that are no data (totals, notes)
    comment: str = ""  # lines that start with it are skipped
    short_rows: Literal["reject", "pad"] = "reject"


@dataclass(frozen=True)
class TimeFormat:
    """How the cells of a time column are read.

    kind "text": digits groups in ``order`` (with or without time of day, AM/PM, month names, ``Z`` or an offset; a cell
    without an offset is in the dataset's zone). kind "epoch": a number in ``unit`` ("auto" = by magnitude, per cell).
    """

    kind: Literal["text", "epoch"] = "text"
    order: DateOrder = "ymd"
    unit: Literal["auto", "s", "ms", "us", "ns"] = "auto"
    has_time: bool = True  # False: the column holds days; a day is complete when it has ended


@dataclass(frozen=True)
class ColumnPlan:
    """One column of the file.

    index: position in the file, or :data:`ROW_NUMBER` (a table of people without ids). header: as written there. name:
    canonical field, or the property's name. use: "field"
    (canonical), "property" or "ignored". confidence 0..1 and reason explain the guess.
    """

    index: int
    header: str
    name: str
    use: Literal["field", "property", "ignored"] = "property"
    type: Type = "category"
    time: TimeFormat | None = None
    decimal: str = "."
    thousands: str = ""
    strip_decimal_zero: bool = False  # ids "17850.0" -> "17850": every id of the file is a whole number + ".0"
    confidence: float = 1.0
    reason: str = ""


@dataclass(frozen=True)
class Question:
    """Something the file does not decide. The import does not start before it is answered.

    code: "date_order", "header", "user_id", "event_time", "kind", "damaged_ids", "encoding" … column: index or None.
    choices: (value, label) pairs. answer: the chosen value or None.
    """

    code: str
    text: str
    choices: tuple[tuple[str, str], ...] = ()
    column: int | None = None
    answer: str | None = None


@dataclass(frozen=True)
class Note:
    """A decision or an observation, for people: "Read as day/month because row 118 says 25/03."."""

    code: str
    text: str
    level: Literal["info", "warning"] = "info"


@dataclass(frozen=True)
class SourcePlan:
    """Everything needed to read one file the same way again."""

    kind: TableName
    format: FileFormat = "csv"
    packed: bool = False  # gzip
    sheet: str = ""  # xlsx only
    dialect: Dialect = field(default_factory=Dialect)
    columns: tuple[ColumnPlan, ...] = ()
    kind_confidence: float = 1.0
    questions: tuple[Question, ...] = ()
    notes: tuple[Note, ...] = ()

    def column(self, name: str) -> ColumnPlan | None:
        """The used column of that name."""
        return next((c for c in self.columns if c.name == name and c.use != "ignored"), None)

    @property
    def width(self) -> int:
        """Columns of the file: all but one that stands for the number of the record."""
        return sum(c.index != ROW_NUMBER for c in self.columns)

    @property
    def open_questions(self) -> tuple[Question, ...]:
        return tuple(q for q in self.questions if q.answer is None)


@dataclass(frozen=True)
class ImportOptions:
    """Decisions that concern the dataset, not one file.

    duplicates: per table what happens to rows equal in all columns inside one file: "drop" or "keep" (they are counted
    either way). Rows that two files of one dataset share are merged: a row counts as often as in the file that has it
    most often.
    """

    time_zone: str = "UTC"
    currency: str = ""
    week_start: Literal["monday", "sunday"] = "monday"
    duplicates: tuple[tuple[TableName, Literal["drop", "keep"]], ...] = (
        ("users", "keep"),
        ("events", "drop"),
        ("sessions", "drop"),
        ("transactions", "keep"),
    )


def to_json(value: Any) -> Any:
    """A plan dataclass as JSON-ready data."""
    return dataclasses.asdict(value)


def from_json(cls: type[T], data: Any) -> T:
    """Rebuild a plan dataclass from :func:`to_json` data. Raises ValueError naming the field that is wrong: the data
    may come from a browser."""
    return typing.cast(T, _build(cls, data, cls.__name__))


def _build(kind: Any, data: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        if not isinstance(data, dict):
            raise ValueError(f"{where}: expected an object")
        hints = typing.get_type_hints(kind)
        unknown = set(data) - set(hints)
        if unknown:
            raise ValueError(f"{where}: unknown field {sorted(unknown)[0]!r}")
        try:
            return kind(**{name: _build(hints[name], value, f"{where}.{name}") for name, value in data.items()})  # type: ignore[operator]
        except TypeError as error:
            raise ValueError(f"{where}: {error}") from None
    if origin is Literal:
        if data not in arguments:
            raise ValueError(f"{where}: {data!r} is not one of {', '.join(map(repr, arguments))}")
        return data
    if origin is tuple:
        if not isinstance(data, list | tuple):
            raise ValueError(f"{where}: expected a list")
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_build(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(data))
        if len(data) != len(arguments):
            raise ValueError(f"{where}: expected {len(arguments)} items")
        return tuple(_build(a, item, f"{where}[{i}]") for i, (a, item) in enumerate(zip(arguments, data, strict=True)))
    if origin in (typing.Union, types.UnionType):
        if data is None and type(None) in arguments:
            return None
        return _build(next(a for a in arguments if a is not type(None)), data, where)
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise ValueError(f"{where}: expected {kind.__name__}")
    return data
