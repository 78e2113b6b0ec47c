"""The timeline of one person for a page: buckets to draw, rows for the grid, the same rows as a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers import grid_query
from dashboard.customers.lists import Column, json_rows
from dashboard.customers.timeline import EVENT, KINDS, Timeline, details, timeline_of
from dashboard.filters import Filters, Period, day_date, day_number
from dashboard.insights.memo import Memo
from dashboard.insights.view import view_of
from dashboard.offers import targeting
from dashboard.result import Result
from dashboard.service.customer_results import Download, PeoplePage
from dashboard.service.user import Who, who
from dashboard.service.user_story import own

MAX_MARKS = 600  # on the drawing; more entries are drawn by day, week or month
LANES = 6  # event names with a lane of their own; the others share one
OTHER = "Other events"
_STEPS = (("moment", 0), ("day", 1), ("week", 7), ("month", 30), ("quarter", 91), ("year", 365))
_CHUNK = 5_000

_memo: Memo[Timeline] = Memo(64 << 20, lambda found: 400 * len(found) + 1_000)


@dataclass(frozen=True)
class Drawn:
    """What to draw. result: lane, start (local ISO moment), label (text), count, amount; by time. lanes: top to bottom.
    step: "moment", "day", "week" … that one mark stands for. first, last: ISO days of the whole story; zoom: the days
    shown. entries: in the zoom; total: in the whole story; undated: rows without a time."""

    result: Result
    lanes: tuple[str, ...]
    step: str
    first: str
    last: str
    zoom: tuple[str, str]
    entries: int
    total: int
    undated: int


def zoom_of(text: str) -> Period | None:
    """The days of a link's zoom (``2025-01-01..2025-02-28``), None for none and for what cannot be read."""
    first, dots, last = text.partition("..")
    try:
        span = Period(day_number(dt.date.fromisoformat(first)), day_number(dt.date.fromisoformat(last)))
    except ValueError:
        return None
    return span if dots and span.first <= span.last else None


def timeline(dataset_id: str, filters: Filters, handle: str, zoom: str = "") -> Drawn:
    """The timeline up to the as-of day, drawn for the zoom. Raises NotFound."""
    person, found = _found(dataset_id, filters, handle)
    frame = found.frame[_inside(found, zoom)]
    days = found.frame["day"]
    asked = zoom_of(zoom)
    first, last = (int(days.iloc[0]), int(days.iloc[-1])) if len(found) else (0, 0)
    shown = (max(asked.first, first), min(asked.last, last)) if asked is not None else (first, last)
    names = _lane_names(found.frame)
    lanes = pd.Series(_lane_of(frame, names), index=frame.index, dtype="str")
    step, size = _step(frame, lanes)
    marks = _marks(frame, lanes, size, ZoneInfo(person.dataset.manifest.time_zone))
    manifest = person.dataset.manifest
    result = Result(
        "timeline",
        marks,
        units={"count": "count", "amount": "money"},
        dataset=manifest.dataset_id,
        version=str(manifest.version),
        time_zone=manifest.time_zone,
        rows_read=len(found),
        users_read=1,
    )
    ends = tuple(day_date(day).isoformat() for day in (first, last, *shown)) if len(found) else ("", "", "", "")
    order = [*(kind for kind in KINDS if kind != EVENT and (found.frame["kind"] == kind).any()), *names]
    if (found.frame["kind"] == EVENT).any() and len(set(_event_names(found.frame))) > len(names):
        order.append(OTHER)
    return Drawn(
        result, tuple(order), step, ends[0], ends[1], (ends[2], ends[3]), len(frame), len(found), found.undated
    )


def _found(dataset_id: str, filters: Filters, handle: str) -> tuple[Who, Timeline]:
    person = who(dataset_id, handle)
    as_of = view_of(person.dataset, own(dataset_id, filters)).as_of
    dataset = person.dataset
    key = (dataset.id, dataset.version, dataset.manifest.content_hash, person.row, as_of)
    return person, _memo.get(key, lambda: timeline_of(dataset, person.partition, person.number, as_of))


def _inside(found: Timeline, zoom: str) -> npt.NDArray[np.bool_]:
    span, days = zoom_of(zoom), found.frame["day"].to_numpy()
    return (days >= span.first) & (days <= span.last) if span is not None else np.ones(len(days), bool)


def _event_names(frame: pd.DataFrame) -> list[str]:
    return frame.loc[frame["kind"] == EVENT, "what"].tolist()


def _lane_names(frame: pd.DataFrame) -> list[str]:
    """The person's most frequent event names, by frequency and name; all of them where they are few."""
    counts = pd.Series(_event_names(frame), dtype="str").value_counts()
    names = sorted(counts.index, key=lambda name: (-counts[name], name))
    return names if len(names) <= LANES else names[: LANES - 1]


def _lane_of(frame: pd.DataFrame, names: list[str]) -> list[str]:
    known = set(names)
    pairs = zip(frame["kind"], frame["what"], strict=True)
    return [kind if kind != EVENT else what if what in known else OTHER for kind, what in pairs]


def _step(frame: pd.DataFrame, lanes: pd.Series) -> tuple[str, int]:
    for name, size in _STEPS:
        if len(frame) <= MAX_MARKS if size == 0 else _buckets(frame, lanes, size) <= MAX_MARKS:
            return name, size
    return _STEPS[-1]


def _buckets(frame: pd.DataFrame, lanes: pd.Series, size: int) -> int:
    return len(set(zip(lanes, (frame["day"] // size).astype(int), strict=True)))


def _marks(frame: pd.DataFrame, lanes: pd.Series, size: int, zone: ZoneInfo) -> pd.DataFrame:
    """One row per mark: lane, start, label, count, amount (sum, NaN = none)."""
    if size == 0:
        made = pd.DataFrame({"lane": lanes, "label": frame["what"], "count": 1, "amount": frame["amount"]})
        made.insert(1, "start", pd.Series(_local(frame["time"], zone), index=frame.index, dtype="str"))
        return made.reset_index(drop=True)
    bucket = (frame["day"] // size).astype(np.int64)
    grouped = pd.DataFrame({"lane": lanes, "bucket": bucket, "amount": frame["amount"]}).groupby(
        ["bucket", "lane"], sort=True
    )["amount"]
    made = grouped.agg(count="size", amount=lambda values: values.sum(min_count=1)).reset_index()
    starts = [day_date(int(number) * size).isoformat() for number in made["bucket"]]
    made = made.assign(start=pd.Series(starts, dtype="str"), label=made["lane"])
    return made[["lane", "start", "label", "count", "amount"]]


def _local(times: pd.Series, zone: ZoneInfo) -> list[str]:
    begin = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return [
        (begin + dt.timedelta(microseconds=int(time))).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") for time in times
    ]


def columns(dataset_id: str, filters: Filters, handle: str) -> tuple[Column, ...]:
    """The columns of the rows, leaving out those that this person has no value in."""
    _, found = _found(dataset_id, filters, handle)
    optional = (
        Column("amount", "Amount", "number", "money"),
        Column("seconds", "Duration (s)", "number", "exact"),
    )
    return (
        Column("time", "Time", "text"),
        Column("kind", "Kind", "text"),
        Column("what", "What", "text"),
        *(column for column in optional if found.frame[column.name].notna().any()),
        Column("details", "Details", "text", sortable=False),
    )


def page(
    dataset_id: str,
    filters: Filters,
    handle: str,
    zoom: str = "",
    *,
    start: int = 0,
    end: int = 100,
    sort_model: Sequence[Mapping[str, Any]] | None = None,
    filter_model: Mapping[str, Any] | None = None,
) -> PeoplePage:
    """Rows ``start`` (inclusive) to ``end`` (exclusive, at most 1,000) of the zoomed timeline, latest first unless the
    grid sorts them. Raises NotFound, UserError ``bad_filter``."""
    person, found = _found(dataset_id, filters, handle)
    positions = _positions(person, found, zoom, sort_model, filter_model)
    first = max(0, int(start))
    shown = positions[first : min(max(first, int(end)), first + 1_000)]
    return PeoplePage(json_rows(_rows(person, found, shown)), len(positions))


def _positions(
    person: Who,
    found: Timeline,
    zoom: str,
    sort_model: Sequence[Mapping[str, Any]] | None,
    filter_model: Mapping[str, Any] | None,
) -> npt.NDArray[np.int64]:
    positions = np.flatnonzero(_inside(found, zoom))[::-1]
    if not sort_model and not filter_model:
        return positions
    frame = found.frame.iloc[positions]
    local = _local(frame["time"], ZoneInfo(person.dataset.manifest.time_zone))
    frame = frame.assign(time=pd.Series(local, index=frame.index, dtype="str"))
    types = {"time": "text", "kind": "text", "what": "text", "amount": "number", "seconds": "number"}
    return positions[grid_query.choose(frame, types, sort_model, filter_model)]


def _rows(person: Who, found: Timeline, positions: npt.NDArray[np.int64]) -> pd.DataFrame:
    frame = found.frame.iloc[positions]
    local = _local(frame["time"], ZoneInfo(person.dataset.manifest.time_zone))
    texts = details(person.dataset, person.partition, found, positions)
    return pd.DataFrame(
        {
            "time": pd.Series(local, index=frame.index, dtype="str"),
            "kind": frame["kind"],
            "what": frame["what"],
            "amount": frame["amount"],
            "seconds": frame["seconds"],
            "details": pd.Series(texts, index=frame.index, dtype="str"),
        }
    )


def download(
    dataset_id: str,
    filters: Filters,
    handle: str,
    zoom: str = "",
    *,
    filter_model: Mapping[str, Any] | None = None,
) -> Download:
    """The rows of :func:`page`, all of them, as a CSV file; its name says nothing about the person."""
    person, found = _found(dataset_id, filters, handle)
    positions = _positions(person, found, zoom, None, filter_model)
    asked = [column.name for column in columns(dataset_id, filters, handle)]
    pieces = (_rows(person, found, positions[at : at + _CHUNK])[asked] for at in range(0, len(positions), _CHUNK))
    return Download(f"timeline_{len(positions)}-rows.csv", len(positions), targeting.csv_chunks(asked, pieces))
