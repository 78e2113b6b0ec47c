"""The manifest of a version that was just built: dates, joins, notes for people, the content hash."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dashboard.ingest import fingerprint
from dashboard.ingest.calendar import local_days, utc_offsets
from dashboard.ingest.layout import Source, TableLayout
from dashboard.ingest.merge import DROPPED, DUPLICATE, PRESENT
from dashboard.ingest.partition_writer import Outcome
from dashboard.ingest.report import SourceReport
from dashboard.schema import NULL_TIME, TIME_FIELD, TableName
from dashboard.store.manifest import ColumnInfo, Manifest

_DOUBTFUL_JOIN = 0.5  # share of rows with a known person below which the ids are probably not the same
_ROWS = {"events": "events", "sessions": "sessions", "transactions": "order lines"}


@dataclass(frozen=True)
class Built:
    """What reading and sorting found, before it is put into words. ranges: (first, last) stamp, µs UTC, by source
    index and time column."""

    sources: list[Source]
    reports: list[SourceReport]
    ranges: dict[tuple[int, str], tuple[int, int]]
    outcome: Outcome
    tables: dict[TableName, TableLayout]


def manifest(bare: Manifest, built: Built) -> Manifest:
    """The bare manifest (names, counts, options) completed by everything that follows from what was built."""
    as_of, first_day, last_day, last_complete = _dates(bare.time_zone, built)
    hashes = {table: built.outcome.hashes[table] for table in bare.tables}
    about = {"columns": {t: sorted(c) for t, c in bare.columns.items()}, "time_zone": bare.time_zone}
    return replace(
        bare,
        as_of=as_of,
        first_day=first_day,
        last_day=last_day,
        last_complete_day=last_complete,
        sources=tuple(_sources(built)),
        joins=_joins(bare, built),
        notes=tuple(_notes(bare, built)),
        content_hash=fingerprint.combined(hashes, about),
    )


def columns(tables: dict[TableName, TableLayout]) -> dict[str, dict[str, ColumnInfo]]:
    """Physical columns by table, the ones of our own (time, day, first_time, last_time) included."""
    result: dict[str, dict[str, ColumnInfo]] = {}
    for table, layout in tables.items():
        own: dict[str, ColumnInfo] = {}
        if table in TIME_FIELD:
            own = {"time": ColumnInfo("time", "", True), "day": ColumnInfo("number", "", False)}
        result[table] = own | {column.name: column.info for column in layout.columns}
        if table == "users":
            result[table] |= {name: ColumnInfo("time", "", False) for name in ("first_time", "last_time")}
    return result


def _dates(zone: str, built: Built) -> tuple[int | None, int | None, int | None, int | None]:
    """(as_of, first day, last day, last complete day): from the timed tables, else from the user table's own dates.

    A day is complete when it has ended by as_of. In a column that knows only days the last one has: nobody exports a
    day before it is over. That holds if every table that reaches the last day knows only days.
    """
    kinds = {source.plan.kind for source in built.sources}
    names = set(TIME_FIELD.values()) if kinds & set(TIME_FIELD) else {"last_active_time"}
    found = [item for item in built.ranges.items() if item[0][1] in names and item[1][1] != NULL_TIME]
    if not found and names == {"last_active_time"}:
        found = [item for item in built.ranges.items() if item[0][1] == "signup_time" and item[1][1] != NULL_TIME]
    if not found:
        return None, None, None, None
    edges = np.array([span for _, span in found], np.int64)
    days = local_days(edges.ravel(), *utc_offsets(zone, int(edges.min()), int(edges.max()))).reshape(edges.shape)
    last_day = int(days[:, 1].max())
    reaching = [
        built.sources[key[0]].plan.column(key[1])
        for (key, _), day in zip(found, days, strict=True)
        if day[1] == last_day
    ]
    only_days = all(c is not None and c.time is not None and not c.time.has_time for c in reaching)
    return int(edges[:, 1].max()), int(days[:, 0].min()), last_day, last_day if only_days else last_day - 1


def _sources(built: Built) -> Iterable[dict[str, Any]]:
    for index, (source, report) in enumerate(zip(built.sources, built.reports, strict=True)):
        counts = built.outcome.counters[index]
        merge = {
            "duplicate": int(counts[DUPLICATE]),
            "duplicate_dropped": int(counts[DROPPED]),
            "already_present": int(counts[PRESENT]),
        }
        counted = report.with_counters(duplicate=merge["duplicate"], duplicate_dropped=merge["duplicate_dropped"])
        yield {
            "id": source.id,
            "file_name": source.file_name,
            "kind": source.plan.kind,
            "size": source.path.stat().st_size,
            "plan": dataclasses.asdict(source.plan),
            "report": counted.to_json(),
            "merge": merge,
        }


def _joins(bare: Manifest, built: Built) -> dict[str, dict[str, int]]:
    if "users" not in bare.given:
        return {}
    return {
        table: {
            "rows": known[0],
            "known_rows": known[1],
            "users": known[2],
            "known_users": known[3],
        }
        for table, known in sorted(built.outcome.known.items())
    }


def _notes(bare: Manifest, built: Built) -> Iterable[dict[str, str]]:
    for table, join in _joins(bare, built).items():
        share = join["known_rows"] / join["rows"] if join["rows"] else 1.0
        orphans = join["users"] - join["known_users"]
        if share < _DOUBTFUL_JOIN:
            text = f"Only {_percent(share)} of the {_ROWS[table]} belong to a known user: are these the same ids?"
            yield _note("join", text, "warning")
        elif orphans:
            text = f"{orphans:,} people of the {_ROWS[table]} are not in the user table; they count in totals."
            yield _note("orphans", text)
    for table in bare.given:
        guests = bare.guests[table]
        if guests:
            percent = _percent(guests / max(1, bare.rows[table]))
            rows = _ROWS[table].capitalize()
            text = f"{rows} without a user: {guests:,} ({percent}); in totals, not in numbers per person."
            yield _note("guests", text)
    for source, counts in zip(built.sources, built.outcome.counters, strict=True):
        duplicate, dropped, present = int(counts[DUPLICATE]), int(counts[DROPPED]), int(counts[PRESENT])
        if source.plan.kind == "users":
            if duplicate:
                text = (
                    f"{duplicate:,} further rows of people who occur twice in a file were merged, latest value first."
                )
                yield _note("merged_users", text)
            if present:
                yield _note(
                    "updated_users", f"{present:,} people occur in an earlier file too: the later file's values hold."
                )
            continue
        if dropped:
            yield _note(
                "duplicates", f"{dropped:,} rows equal to another row of the file were dropped; this can be undone."
            )
        if duplicate > dropped:
            kept = duplicate - dropped
            yield _note(
                "duplicates", f"{kept:,} rows are equal to another row of the file and were kept; this can be changed."
            )
        if present:
            yield _note("already_present", f"{present:,} rows were already there from an earlier file and count once.")


def _note(code: str, text: str, level: str = "info") -> dict[str, str]:
    return {"code": code, "text": text, "level": level}


def _percent(share: float) -> str:
    """A share for people; small ones never become "0 %"."""
    if 0 < share < 0.01:
        return "less than 1 %"
    return f"{100 * share:.0f} %"
