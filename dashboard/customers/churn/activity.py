"""Features of everybody at a cut-off day, from what happened strictly before it, over windows of fixed length.

Nothing on or after the cut-off is read (moving all later events leaves every feature as it is), and no window depends
on how long a person was watched after it. Two windows: the label window and four times that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dashboard.customers.churn import kernels
from dashboard.customers.churn.table import Column, Table
from dashboard.customers.churn.user_columns import snapshot_columns
from dashboard.customers.rfm_orders import has_orders, order_book
from dashboard.customers.table import local_days
from dashboard.engine.run import run
from dashboard.insights import users
from dashboard.insights.active_days import TABLE, active_days, clause
from dashboard.insights.view import View
from dashboard.store.partition import Partition, Rows

Floats = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]

MAX_NAMES = 6  # events that get a column of their own
MIN_SHARE = 0.005  # of all rows; rarer events say nothing about most people
AT_RISK_WINDOWS = 2  # silent for longer than so many windows = already gone
STABLE = ("country", "platform", "gender", "age")  # user columns that leaving does not change


@dataclass(frozen=True)
class Spec:
    """What is the same for every cut-off. view: without filters. window: days of the label window. names: (event name,
    code) with a column of their own. shop: activity is ordering. orders: whether there are orders. content: the coded
    column of ``table`` whose variety is counted ("" = none), and what one of its values is called. columns: further
    columns of the users."""

    view: View
    window: int
    names: tuple[tuple[str, int], ...]
    shop: bool
    orders: bool
    table: str
    content: str
    thing: str
    columns: tuple[str, ...] = ()

    @property
    def long(self) -> int:
        return 4 * self.window

    @property
    def act(self) -> str:
        return "order" if self.shop else "activity"


def unfiltered(view: View) -> View:
    """The same data and as-of day with everybody in it: a model knows no filters."""
    return replace(view, where=(), segment=None)


def spec_of(view: View, window: int, cut: int, columns: tuple[str, ...] = ()) -> Spec:
    """The columns a dataset allows; which events get their own is decided by what happened before ``cut``, the earliest
    cut-off that is tested."""
    bare = unfiltered(view)
    manifest = view.dataset.manifest
    shop = not {"events", "sessions"} & set(manifest.given)
    table, content, thing = TABLE, "", ""
    candidates: tuple[tuple[str, str, str], ...] = (
        (TABLE, "feature", "features"),
        (TABLE, "category", "categories"),
        (TABLE, "event_name", "kinds of events"),
    )
    if shop:
        candidates = (("transactions", "product_id", "products"),)
    for where_, name, word in candidates:
        if manifest.has_column(where_, name) and manifest.dictionaries.get(name, 0) > 1:
            table, content, thing = where_, name, word
            break
    names = () if shop else _names(bare, cut)
    return Spec(bare, window, names, shop, has_orders(bare), table, content, thing, columns)


def _names(view: View, cut: int) -> tuple[tuple[str, int], ...]:
    """The most frequent events before ``cut``, where there are at least three kinds."""
    if view.dataset.manifest.dictionaries.get("event_name", 0) < 3:
        return ()
    texts = view.dataset.dictionary("event_name")

    def count(partition: Partition) -> npt.NDArray[np.int64]:
        rows = partition.table(TABLE)
        if rows is None:
            return np.zeros(len(texts) + 1, np.int64)
        early = rows.column("event_name")[: rows.n_known][rows.day[: rows.n_known] < cut]
        return np.bincount(early + 1, minlength=len(texts) + 1)

    counts = run(view.dataset, count, lambda parts: np.sum(list(parts), axis=0))[1:]
    allowed = _activity_codes(view)
    ranked = sorted((c for c in range(len(texts)) if c in allowed), key=lambda c: (-int(counts[c]), str(texts[c])))
    total = max(int(counts.sum()), 1)
    return tuple((str(texts[c]), c) for c in ranked[:MAX_NAMES] if counts[c] / total >= MIN_SHARE)


def _activity_codes(view: View) -> set[int]:
    """Codes of the events that count as activity."""
    texts = view.dataset.dictionary("event_name")
    chosen = clause(view, ())
    if not chosen:
        return set(range(len(texts)))
    return {view.dataset.code("event_name", name) for name in chosen[0][1]} - {-1}


def days_at(spec: Spec, cut: int) -> Floats:
    """float64[people, kernels.WIDTH] in partition order: see :func:`kernels.day_windows`."""

    def read(partition: Partition) -> Floats:
        days = active_days(spec.view, partition, ())
        out = np.empty((partition.n_users, kernels.WIDTH))
        kernels.day_windows(days.offsets, days.day, cut, spec.window, spec.long, out)
        return out

    return run(spec.view.dataset, read, lambda parts: np.concatenate(list(parts)))


def at_risk(spec: Spec, cut: int, days: Floats) -> npt.NDArray[np.bool_]:
    """Active in the last two windows before the cut-off."""
    with np.errstate(invalid="ignore"):
        risk: npt.NDArray[np.bool_] = days[:, kernels.LAST] >= cut - AT_RISK_WINDOWS * spec.window
    return risk


def features(spec: Spec, cut: int, row: npt.NDArray[np.int64], days: Floats) -> Table:
    """The features of the persons ``row`` (positions in partition order) at the start of day ``cut``.

    days: what :func:`days_at` gave for this cut-off, of everybody.
    """
    mine = days[row]
    columns: list[Column] = []
    values: list[Floats] = []

    def add(column: Column, value: Floats) -> None:
        columns.append(column)
        values.append(value)

    act, window = spec.act, spec.window
    active = "order days" if spec.shop else "active days"
    frequency = "Orders" if spec.shop else "Frequency"
    silence = cut - 1 - mine[:, kernels.LAST]
    gap = own_gap(days)[row]
    started = _signup(spec, row, cut)
    known = cut - np.fmin(mine[:, kernels.FIRST], started)
    add(Column("silence", "Recency", f"Days since the last {act}", "silence"), silence)
    add(Column("overdue", "Recency", "Silence in usual gaps", "overdue"), silence / gap)
    for name, position, length in (("days_window", kernels.WINDOW, window), ("days_long", kernels.LONG, spec.long)):
        add(Column(name, frequency, f"{active.capitalize()} in {length} days", "days"), mine[:, position])
    add(Column("known", "Time known", "Days since first seen", "tenure"), np.minimum(known, spec.long))
    for column, value in (*_content(spec, cut, row), *_money(spec, cut, row), *_profile(spec, row)):
        add(column, value)
    words = {"gap": gap, "silence": silence, "before": mine[:, kernels.BEFORE], "window": mine[:, kernels.WINDOW]}
    return Table(tuple(columns), np.column_stack(values), row, words)


def own_gap(days: Floats) -> Floats:
    """Usual days between active days of everybody, each person's own drawn towards the median: one typical gap counts
    like one own. At least one day."""
    count = days[:, kernels.ALL]
    span = days[:, kernels.LAST] - days[:, kernels.FIRST]
    several = count > 1
    typical = float(np.median(span[several] / (count[several] - 1))) if several.any() else 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        gap: Floats = np.maximum((np.nan_to_num(span) + typical) / np.maximum(count, 1), 1.0)
    return gap


def _signup(spec: Spec, row: npt.NDArray[np.int64], cut: int) -> Floats:
    """Day of sign-up of those who had signed up before the cut-off, NaN for others."""
    manifest = spec.view.dataset.manifest
    if not manifest.has_column("users", "signup_time"):
        return np.full(len(row), np.nan)
    stamps = users.column_of(spec.view, "signup_time").astype(np.int64)[row]
    day = local_days(stamps, manifest.time_zone)
    return np.where(day < cut, day, np.nan)


def _content(spec: Spec, cut: int, row: npt.NDArray[np.int64]) -> list[tuple[Column, Floats]]:
    """How much happened, how varied it was, and how often the most frequent events did."""
    if spec.table not in spec.view.dataset.manifest.tables:
        return []
    varied = _tallied(spec, cut, spec.content, (), spec.long)[row] if spec.content else None
    found: list[tuple[Column, Floats]] = []
    if not spec.shop:
        out = _tallied(spec, cut, "event_name", spec.names, spec.window)[row]
        if not spec.names:  # else they are nearly the sum of the others, and signs would confuse
            found.append((Column("events", "Intensity", f"Events in {spec.window} days", "count"), out[:, 0]))
        for k, (name, _) in enumerate(spec.names):
            label = f"Times “{name}” in {spec.window} days"
            found.append((Column(f"event {name}", f"Use of {name}", label, "count"), out[:, 2 + k]))
    if varied is not None:
        label = f"Different {spec.thing} in {spec.long} days"
        found.append((Column("breadth", "Breadth", label, "breadth"), varied[:, 1]))
    return found


def _tallied(spec: Spec, cut: int, content: str, names: tuple[tuple[str, int], ...], length: int) -> Floats:
    """float64[people, 2 + names]: see :func:`kernels.tally`, over the ``length`` days before the cut-off."""
    table = TABLE if content != "product_id" else spec.table
    dataset = spec.view.dataset
    until = min(cut, spec.view.as_of + 1)

    def read(partition: Partition) -> Floats:
        out = np.zeros((partition.n_users, 2 + len(names)))
        rows = partition.table(table)
        if rows is None or not rows.n_rows:
            return out
        codes = _codes(rows, content)
        n = dataset.manifest.dictionaries.get(content, 0)
        slot = np.full(n + 1, kernels.OTHER, np.int32)
        if content == "event_name" and n:
            allowed = _activity_codes(spec.view)
            slot[[c + 1 for c in range(n) if c not in allowed]] = kernels.IGNORED
            for k, (_, code) in enumerate(names):
                slot[code + 1] = k
        kernels.tally(rows.offsets, rows.day, codes, slot, cut - length, until, np.full(n + 1, -1, np.int32), out)
        return out

    return run(dataset, read, lambda parts: np.concatenate(list(parts)))


def _codes(rows: Rows, name: str) -> Int32:
    if rows.has(name) and rows.column(name).dtype == np.int32:
        codes: Int32 = rows.column(name)
        return codes
    missing = np.full(rows.n_rows, -1, np.int32)
    missing.flags.writeable = False  # as stored columns are: kernels are compiled for read-only input
    return missing


def _money(spec: Spec, cut: int, row: npt.NDArray[np.int64]) -> list[tuple[Column, Floats]]:
    """Spend and returns before the cut-off."""
    if not spec.orders:
        return []
    book = order_book(spec.view, cut - 1)
    everybody = spec.view.dataset.manifest.users

    def spread(values: Floats) -> Floats:
        out = np.zeros(everybody)
        out[book.row] = values
        return out[row]

    def since(length: int) -> Floats:
        return spread(book.total(np.where(book.day >= cut - length, book.value, 0.0)))

    returned = spread(np.minimum(np.abs(book.returned) / np.maximum(book.gross_total, 1e-9), 1.0))
    return [
        (Column("spend", "Spend", f"Spent in {spec.long} days", "money"), since(spec.long)),
        (Column("returned", "Returns", "Share of purchases returned", "share", log=False), returned),
    ]


def _profile(spec: Spec, row: npt.NDArray[np.int64]) -> list[tuple[Column, Floats]]:
    """Columns of the user table that leaving does not change, and those that were asked for."""
    wanted = (*STABLE, *spec.columns)
    values, columns, _ = snapshot_columns(spec.view, wanted)
    return [(column, values[row, i]) for i, column in enumerate(columns)]
