"""One row per person over all tables: what segments, groups and lists are made of.

Built once per dataset version and as-of day, kept as Arrow bytes, sorted by user id so that nothing depends on the
order of the file.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dashboard import schema
from dashboard.customers.cleaning import claims
from dashboard.customers.rules import Measure
from dashboard.errors import CannotAnswer
from dashboard.insights import where
from dashboard.insights.view import View
from dashboard.store.dataset import Dataset
from dashboard.store.partition import Partition, Rows

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MEASURE_LABEL = {"usage": "Usage", "revenue": "Net revenue", "active_days": "Active days"}
DIMENSIONS = schema.FILTER_DIMENSIONS


@dataclass(frozen=True)
class People:
    """Everybody in a dataset as of one day.

    frame: one row per person, sorted by ``user_id`` (text, byte order): country, plan, platform (category, NaN =
    missing), first_day, last_day (float64 day numbers, NaN = none), recency_days (as-of minus last day), usage (NaN =
    missing or not mapped), revenue (net), orders, active_days (NaN without such a table), row (int64, position in
    partition order). measures: those this dataset has, the default first. as_of: day number. later: people whose last
    activity lies after the as-of day; their recency is 0.
    """

    frame: pd.DataFrame
    measures: tuple[Measure, ...]
    as_of: int
    later: int

    def __len__(self) -> int:
        return len(self.frame)

    def measure(self, wanted: Measure) -> Measure:
        """The measure of engagement to use. Raises CannotAnswer when the dataset does not have it."""
        if not self.measures:
            raise CannotAnswer(
                "Engagement needs a usage figure, orders or activity; this dataset has none of them.",
                missing=("usage",),
                hint="Map a column such as watch time, sessions or spend to Usage, or add an event log.",
            )
        if wanted == "auto":
            return self.measures[0]
        if wanted not in self.measures:
            raise CannotAnswer(
                f"This dataset has no {MEASURE_LABEL[wanted].lower()} per person.",
                missing=(wanted,),
                hint=f"It has: {', '.join(MEASURE_LABEL[name].lower() for name in self.measures)}.",
            )
        return wanted

    def values(self, column: str) -> Floats:
        return self.frame[column].to_numpy(dtype=np.float64)

    def to_bytes(self) -> bytes:
        """Arrow IPC stream with the facts beside the frame as schema metadata; :func:`people_from_bytes` reads it."""
        table = pa.Table.from_pandas(self.frame, preserve_index=False)
        about = {"measures": list(self.measures), "as_of": self.as_of, "later": self.later}
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"people": json.dumps(about).encode()})
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return sink.getvalue()


def people_from_bytes(data: bytes) -> People:
    """Read what :meth:`People.to_bytes` wrote. Raises ValueError when the bytes are something else."""
    try:
        table = pa.ipc.open_stream(data).read_all()
        about = json.loads(table.schema.metadata[b"people"])
    except (pa.ArrowInvalid, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError("not a stored table of people") from error
    frame = table.to_pandas()
    for name in DIMENSIONS:  # a category without values comes back with categories of another dtype
        frame[name] = frame[name].cat.rename_categories(frame[name].cat.categories.astype("str"))
    return People(frame, tuple(about["measures"]), about["as_of"], about["later"])


def people_table(dataset: Dataset, as_of: int, view: View | None = None) -> People:
    """Everybody in the dataset as of the end of day ``as_of`` (day number in the dataset's zone).

    Activity, orders and revenue after that day do not count; columns of a user table have no history and are taken as
    they are. view: whose cleaning rules the order lines go through; the default rules change no number here.
    """
    parts = [_partition(dataset, partition, as_of, view) for partition in dataset.partitions]
    ids = pa.chunked_array(
        [pa.array(p.user_ids).cast(pa.large_string()) for p in dataset.partitions], pa.large_string()
    )
    order = pc.sort_indices(ids).to_numpy()
    columns: dict[str, object] = {"user_id": ids.take(pa.array(order)).to_pandas()}
    for name in DIMENSIONS:
        codes = np.concatenate([part.codes[name] for part in parts])[order]
        columns[name] = _category(dataset, name, codes)
    for name in ("first_day", "last_day", "usage", "revenue", "orders", "active_days"):
        columns[name] = np.concatenate([part.numbers[name] for part in parts])[order]
    frame = pd.DataFrame(columns)
    late = frame["last_day"] > as_of
    frame.insert(6, "recency_days", (as_of - frame["last_day"]).clip(lower=0))
    frame["row"] = order.astype(np.int64)
    return People(frame, _measures(dataset), as_of, int(late.sum()))


@dataclass(frozen=True)
class _Part:
    codes: dict[str, npt.NDArray[np.int32]]
    numbers: dict[str, Floats]


def _measures(dataset: Dataset) -> tuple[Measure, ...]:
    """Usage if mapped; net revenue before active days for a shop, whose only activity is ordering."""
    manifest = dataset.manifest
    found: list[Measure] = ["usage"] if manifest.has_column("users", "usage") else []
    shop = "transactions" in manifest.tables and not {"events", "sessions"} & set(manifest.given)
    timed: list[Measure] = ["active_days"] if "events" in manifest.tables else []
    money: list[Measure] = ["revenue"] if "transactions" in manifest.tables else []
    return tuple(found + (money + timed if shop else timed + money))


def _partition(dataset: Dataset, partition: Partition, as_of: int, view: View | None) -> _Part:
    n, users = partition.n_users, partition.users
    missing = np.full(n, np.nan)
    codes = {
        name: users.column(name).astype(np.int32, copy=False) if users.has(name) else np.full(n, -1, np.int32)
        for name in DIMENSIONS
    }
    first, last, active = missing.copy(), missing.copy(), missing.copy()
    days = partition.table("days")
    if days is not None:
        first, last, active = active_days(days.offsets, days.day, as_of)
    if users.has("last_active_time"):
        stated = local_days(users.column("last_active_time"), dataset.manifest.time_zone)
        last = np.fmax(last, stated)
    if users.has("signup_time"):
        first = np.fmin(first, local_days(users.column("signup_time"), dataset.manifest.time_zone))
    transactions, events = partition.table("transactions"), partition.table("events")
    orders, revenue = missing, missing
    if transactions is not None:
        kept = claims.EVERYTHING if view is None else claims.kept_lines(view, partition)
        revenue = revenue_until(transactions, as_of, kept)
        if view is not None and len(kept):
            orders = cleaned_orders_until(transactions, claims.sold_lines(view, partition), as_of)
        elif events is not None:
            orders = orders_until(events, dataset.code("event_name", "order"), as_of)
        else:
            orders = np.zeros(n)
    return _Part(
        codes,
        {
            "first_day": first,
            "last_day": last,
            "usage": users.column("usage").astype(np.float64, copy=False) if users.has("usage") else missing,
            "revenue": revenue,
            "orders": orders,
            "active_days": active,
        },
    )


def active_days(
    offsets: npt.NDArray[np.int64], day: npt.NDArray[np.int32], as_of: int
) -> tuple[Floats, Floats, Floats]:
    """First and last active day (NaN = none) and number of active days per person, up to and including ``as_of``.

    ``day`` holds distinct days, ascending per person; ``offsets`` has one entry more than there are persons.
    """
    starts = offsets[:-1]
    upto = np.concatenate(([0], np.cumsum(day <= as_of)))
    counts = upto[offsets[1:]] - upto[starts]
    seen = counts > 0
    first = np.full(len(starts), np.nan)
    last = first.copy()
    first[seen] = day[starts[seen]]
    last[seen] = day[starts[seen] + counts[seen] - 1]
    return first, last, counts.astype(np.float64)


def revenue_until(lines: Rows, as_of: int, kept: npt.NDArray[np.uint8] = claims.EVERYTHING) -> Floats:
    """Net revenue per person: the sum of line amounts up to and including day ``as_of``; returns count negative.
    kept: uint8 per line, 0 = left out; length 0: every line."""
    person = _person_of_row(lines)
    amount = np.asarray(lines.column("amount")[: lines.n_known], dtype=np.float64)
    counts = (lines.day[: lines.n_known] <= as_of) & ~np.isnan(amount)
    if len(kept):
        counts &= kept[: lines.n_known].astype(bool)
    total = np.bincount(person[counts], weights=amount[counts], minlength=len(lines.offsets) - 1)
    return total.astype(np.float64, copy=False)


def orders_until(events: Rows, order_code: int, as_of: int) -> Floats:
    """Number of orders per person up to and including day ``as_of``."""
    chosen = (events.column("event_name")[: events.n_known] == order_code) & (events.day[: events.n_known] <= as_of)
    counts = np.bincount(_person_of_row(events)[chosen], minlength=len(events.offsets) - 1)
    return counts.astype(np.float64)


def cleaned_orders_until(lines: Rows, sold: npt.NDArray[np.uint8], as_of: int) -> Floats:
    """Number of orders per person up to and including day ``as_of``: orders with a line that sells (``sold``)."""
    chosen = sold[: lines.n_known].astype(bool) & (lines.day[: lines.n_known] <= as_of)
    person = _person_of_row(lines)[chosen]
    order = np.asarray(lines.column("order_id")[: lines.n_known])[chosen].astype(np.int64)
    found = np.unique(np.column_stack((person, order)), axis=0)
    return np.bincount(found[:, 0], minlength=len(lines.offsets) - 1).astype(np.float64)


def _person_of_row(rows: Rows) -> Ints:
    return np.repeat(np.arange(len(rows.offsets) - 1), np.diff(rows.offsets))


def local_days(time: npt.NDArray[np.int64], zone: str) -> Floats:
    """Local day numbers of instants (µs UTC); NaN for ``schema.NULL_TIME``."""
    known = time != schema.NULL_TIME
    days = np.full(len(time), np.nan)
    stamps = pd.DatetimeIndex(np.asarray(time[known]).astype("datetime64[us]")).tz_localize("UTC").tz_convert(zone)
    local = stamps.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
    days[known] = np.floor_divide(local, schema.MICROSECONDS_PER_DAY)
    return days


def _category(dataset: Dataset, name: str, codes: npt.NDArray[np.int32]) -> pd.Categorical:
    """Dictionary codes as a category that holds only the values people have."""
    used = np.unique(codes[codes >= 0])
    texts = dataset.dictionary(name) if used.size else np.array([], dtype=object)
    compact = np.searchsorted(used, codes)
    compact[codes < 0] = -1
    return pd.Categorical.from_codes(compact, categories=pd.Index([str(t) for t in texts[used]], dtype="str"))


def where_mask(view: View, people: People) -> npt.NDArray[np.bool_]:
    """Who meets the view's filters, one entry per row of ``people.frame``; the rules are those of
    :mod:`dashboard.insights.where`, applied to persons."""
    parts = [where.persons(view, partition, None) for partition in view.dataset.partitions]
    chosen: npt.NDArray[np.bool_] = np.concatenate(parts).view(np.bool_)[people.frame["row"].to_numpy()]
    return chosen
