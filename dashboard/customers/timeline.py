"""Everything a person did, in the order of time: orders with what was in them, visits, events.

Orders and visits are stored twice: as rows of their own table and, for activity and funnels, as events. Here the rows
of their own table stand for them, and the events that were made from them are left out, one for one; an event log's own
events of those names stay.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.schema import FIELDS, NULL_TIME, TIME_FIELD, TableName
from dashboard.store.dataset import Dataset
from dashboard.store.partition import Rows

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ORDER, REFUND, VISIT, EVENT = "Order", "Refund", "Visit", "Event"
KINDS = (ORDER, REFUND, VISIT, EVENT)
MAX_PRODUCTS = 5  # named in the details of an order
MAX_CHARACTERS = 200


@dataclass(frozen=True)
class Timeline:
    """frame: one row per order, visit or event, oldest first: time (int64 µs UTC), day (day number), kind (one of
    KINDS), what (text: event name, order id), amount (net value of an order, the event's amount; NaN = none), seconds
    (NaN = unknown). undated: rows without a time, which have no place here. rows: of each entry, where its details are:
    (table, stored rows).
    """

    frame: pd.DataFrame
    undated: int
    rows: tuple[tuple[TableName, Ints], ...]

    def __len__(self) -> int:
        return len(self.frame)


@dataclass
class _Entry:
    time: int
    day: int
    kind: str
    what: str
    amount: float
    seconds: float
    table: TableName
    rows: Ints


def timeline_of(dataset: Dataset, partition: int, number: int, as_of: int) -> Timeline:
    """The timeline of a person (as :meth:`Dataset.find` names them) up to and including the day ``as_of``."""
    given = dataset.manifest.given
    entries: list[_Entry] = []
    undated = 0
    made: Counter[tuple[str, int]] = Counter()
    if "transactions" in given:
        orders, lost = _orders(dataset, partition, number)
        entries += orders
        undated += lost
        made.update((entry.kind.lower(), entry.time) for entry in orders)
    if "sessions" in given:
        visits, lost = _rows_as(dataset, partition, number, "sessions", VISIT)
        entries += visits
        undated += lost
        made.update(("session", entry.time) for entry in visits)
    events, lost = _rows_as(dataset, partition, number, "events", EVENT)
    undated += lost if "events" in given else 0
    for event in events:
        if made[event.what, event.time]:
            made[event.what, event.time] -= 1
        elif "events" in given:
            entries.append(event)
    kept = sorted((e for e in entries if e.day <= as_of), key=lambda e: (e.time, KINDS.index(e.kind)))
    frame = pd.DataFrame(
        {
            "time": np.array([e.time for e in kept], np.int64),
            "day": np.array([e.day for e in kept], np.float64),
            "kind": pd.Series([e.kind for e in kept], dtype="str"),
            "what": pd.Series([e.what for e in kept], dtype="str"),
            "amount": np.array([e.amount for e in kept], np.float64),
            "seconds": np.array([e.seconds for e in kept], np.float64),
        }
    )
    return Timeline(frame, undated, tuple((e.table, e.rows) for e in kept))


def _span(rows: Rows, number: int) -> tuple[int, int]:
    return int(rows.offsets[number]), int(rows.offsets[number + 1])


def _rows_as(dataset: Dataset, partition: int, number: int, table: TableName, kind: str) -> tuple[list[_Entry], int]:
    """(a person's rows of a table as entries, how many have no time)."""
    rows = dataset.partitions[partition].table(table)
    if rows is None:
        return [], 0
    start, end = _span(rows, number)
    times, days = rows.time[start:end].tolist(), rows.day[start:end].tolist()
    count = end - start
    amount = rows.column("amount")[start:end].tolist() if rows.has("amount") else [np.nan] * count
    seconds = _seconds(rows, start, end)
    names = [kind] * count
    if table == "events":
        names = _texts(dataset, rows, "event_name", np.arange(start, end), EVENT)
    elif rows.has("platform"):
        names = _texts(dataset, rows, "platform", np.arange(start, end), VISIT)
    entries = [
        _Entry(times[i], days[i], kind, names[i], amount[i], seconds[i], table, np.array([start + i]))
        for i in range(count)
        if times[i] != NULL_TIME
    ]
    return entries, count - len(entries)


def _seconds(rows: Rows, start: int, end: int) -> list[float]:
    found = np.full(end - start, np.nan)
    if rows.has("duration_seconds"):
        found = np.asarray(rows.column("duration_seconds")[start:end], np.float64)
    if rows.has("end_time"):
        ends = rows.column("end_time")[start:end]
        known = np.isnan(found) & (ends != NULL_TIME) & (rows.time[start:end] != NULL_TIME)
        found = np.where(known, (ends - np.where(known, rows.time[start:end], 0)) / 1e6, found)
    return [float(value) for value in found]


def _texts(dataset: Dataset, rows: Rows, column: str, at: Ints, missing: str) -> list[str]:
    if not rows.has(column):
        return [missing] * len(at)
    texts = dataset.dictionary(column)
    return [str(texts[code]) if code >= 0 else missing for code in rows.column(column)[at].tolist()]


def _orders(dataset: Dataset, partition: int, number: int) -> tuple[list[_Entry], int]:
    """(one entry per order id: an order when a line sells something, else a refund; lines without a time)."""
    rows = dataset.partitions[partition].table("transactions")
    if rows is None:
        return [], 0
    start, end = _span(rows, number)
    groups: dict[int, list[int]] = {}
    for position, code in enumerate(rows.column("order_id")[start:end].tolist()):
        groups.setdefault(code, []).append(start + position)
    entries, undated = [], 0
    for code, lines in groups.items():
        at = np.array(lines, np.int64)
        times = rows.time[at]
        dated = np.flatnonzero(times != NULL_TIME)
        if not len(dated):
            undated += len(at)
            continue
        amount = np.asarray(rows.column("amount")[at], np.float64)
        known = amount[~np.isnan(amount)]
        kind = REFUND if not _sells(rows, at, amount) and (known < 0).any() else ORDER
        first = at[dated[0]]
        what = str(dataset.dictionary("order_id")[code]) if code >= 0 and _has_ids(dataset) else kind
        value = float(known.sum()) if len(known) else np.nan
        entries.append(
            _Entry(int(rows.time[first]), int(rows.day[first]), kind, what, value, np.nan, "transactions", at)
        )
    return entries, undated


def _has_ids(dataset: Dataset) -> bool:
    """Whether the file has order ids; those made at import hold the person's id and are not shown."""
    info = dataset.manifest.columns["transactions"].get("order_id")
    return info is not None and bool(info.header)


def _sells(rows: Rows, at: Ints, amount: Floats) -> bool:
    sold = amount > 0
    if rows.has("quantity") and rows.has("unit_price"):  # as the import decides
        quantity, price = (np.asarray(rows.column(name)[at], np.float64) for name in ("quantity", "unit_price"))
        sold = np.where(np.isnan(quantity) | np.isnan(price), sold, (quantity > 0) & (price > 0))
    return bool(sold.any())


def details(dataset: Dataset, partition: int, timeline: Timeline, positions: Ints) -> list[str]:
    """What else is known of the entries at ``positions``: the other columns of a row, the contents of an order."""
    home = dataset.partitions[partition]
    texts = []
    for position in positions.tolist():
        table, at = timeline.rows[position]
        rows = home.table(table)
        assert rows is not None
        text = _contents(dataset, rows, at) if table == "transactions" else _cells(dataset, rows, table, int(at[0]))
        texts.append(text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…")
    return texts


def _contents(dataset: Dataset, rows: Rows, at: Ints) -> str:
    column = next((name for name in ("description", "product_id") if rows.has(name)), None)
    lines = f"{len(at)} {'line' if len(at) == 1 else 'lines'}"
    if column is None:
        return lines
    names = list(dict.fromkeys(text for text in _texts(dataset, rows, column, at, "") if text))
    more = f" and {len(names) - MAX_PRODUCTS} more" if len(names) > MAX_PRODUCTS else ""
    return f"{lines}: {', '.join(names[:MAX_PRODUCTS])}{more}" if names else lines


def _cells(dataset: Dataset, rows: Rows, table: TableName, at: int) -> str:
    infos = dataset.manifest.columns[table]
    labels = {field.name: field.label for field in FIELDS[table]}
    own = {"user_id", "event_name", "amount", "duration_seconds", "end_time", TIME_FIELD[table]}
    shown = []
    for name, info in infos.items():
        derived = not info.field and not info.header
        if name in own or derived or not rows.has(name) or info.type == "time":
            continue
        value = rows.column(name)[at]
        if name in dataset.manifest.dictionaries:
            text = str(dataset.dictionary(name)[value]) if value >= 0 else ""
        elif info.type == "boolean":
            text = {1: "yes", 0: "no"}.get(int(value), "")
        else:
            text = f"{float(value):,.12g}" if value == value else ""
        if text:
            shown.append(f"{labels.get(name) or info.header or name}: {text}")
    return " · ".join(shown)
