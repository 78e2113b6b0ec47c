"""What a stored version says about itself."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from dashboard.schema import Type

FORMAT = 1  # raised when stored files change shape; older versions are then built again from their sources


@dataclass(frozen=True)
class ColumnInfo:
    """One stored column. header: as written in the (first) source, "" for a derived one. field: canonical, not a
    property."""

    type: Type
    header: str = ""
    field: bool = False


@dataclass(frozen=True)
class Manifest:
    """The description of one immutable version; the catalogue keeps it as JSON, the commit point of the version.

    tables: stored tables with rows, in schema order. given: the tables that came from files (``events`` may be derived
    only). rows, guests: by table, ``guests`` are the rows without a person. users: persons known from any table.
    columns: physical columns by table. dictionaries: number of texts by column name. as_of: last valid stamp, µs UTC.
    first_day, last_day, last_complete_day: day numbers in ``time_zone``. as_of and the days are None when no table
    has a date. activity: event names that count as activity, () = all.
    sources: per file {id, file_name, kind, size, plan, report, merge}: ``report`` is the reader's (accepted,
    rejected ...), ``merge`` counts duplicates, duplicate_dropped, already_present, future.
    joins: per timed table {rows, known_rows, users, known_users} against the user table, {} without one.
    notes: {code, text, level} for people. content_hash: equal for equal content, whatever the order of rows, the split
    into files or the number of partitions.
    """

    format: int
    dataset_id: str
    version: int
    tables: tuple[str, ...]
    given: tuple[str, ...]
    rows: dict[str, int]
    guests: dict[str, int]
    users: int
    partitions: int
    columns: dict[str, dict[str, ColumnInfo]]
    dictionaries: dict[str, int]
    time_zone: str
    currency: str
    week_start: str
    as_of: int | None
    first_day: int | None
    last_day: int | None
    last_complete_day: int | None
    activity: tuple[str, ...]
    sources: tuple[dict[str, Any], ...]
    options: dict[str, Any]
    notes: tuple[dict[str, str], ...]
    joins: dict[str, dict[str, int]] = field(default_factory=dict)
    content_hash: str = ""
    created_at: str = ""

    def has_column(self, table: str, name: str) -> bool:
        return name in self.columns.get(table, {})

    def dictionary_file(self, name: str) -> str:
        """File name of a column's dictionary: column names are data and never become paths."""
        return f"d{sorted(self.dictionaries).index(name):04d}.arrow"

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, sort_keys=True)


def from_json(text: str) -> Manifest:
    """Read what :meth:`Manifest.to_json` wrote. Raises ValueError when it is not a manifest of this format."""
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise ValueError(f"stored format {data['format']} is not format {FORMAT}")
        data["columns"] = {
            table: {name: ColumnInfo(**info) for name, info in columns.items()}
            for table, columns in data["columns"].items()
        }
        for name in ("tables", "given", "activity", "sources", "notes"):
            data[name] = tuple(data[name])
        return Manifest(**data)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a manifest") from error
