"""The order days of every customer of a dataset: what RFM and lifetime value are functions of.

Read once per dataset version and as-of day, from the order lines or, where there are none, from the events that mean an
order. Guests have no row here; filters play no part, so that a person's figures are the same on every page.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dashboard.customers import rfm_kernels as kernels
from dashboard.customers.cleaning.claims import kept_lines
from dashboard.customers.cleaning.kernels import pair_returns
from dashboard.customers.clv.history import History
from dashboard.engine.run import run
from dashboard.errors import CannotAnswer, UserError
from dashboard.insights import revenue_kernels
from dashboard.insights.memo import Memo
from dashboard.insights.orders import orders_of
from dashboard.insights.view import View
from dashboard.store.partition import Partition, Rows

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Period = Literal["day", "week"]

ORDER_NAMES = ("order", "purchase", "order completed", "order_completed", "checkout_completed")
NEED = ("transactions",)


@dataclass(frozen=True)
class OrderBook:
    """One entry per customer (a person with an order up to ``as_of``), in partition order.

    row: position of the person among all persons. offsets int64[n + 1] into the order days: day (day number, ascending
    per customer), orders (begun that day), gross, value (gross less the returns that pair with those orders). net:
    money booked up to as_of, returns negative. returned, unpaired: its negative parts. notes: sentences for people.
    """

    as_of: int
    row: Ints
    offsets: Ints
    day: npt.NDArray[np.int32]
    orders: npt.NDArray[np.int32]
    gross: Floats
    value: Floats
    net: Floats
    returned: Floats
    unpaired: Floats
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.row)

    @property
    def first_day(self) -> Floats:
        return self.day[self.offsets[:-1]].astype(np.float64)

    @property
    def last_day(self) -> Floats:
        return self.day[self.offsets[1:] - 1].astype(np.float64)

    @property
    def order_days(self) -> Floats:
        return np.diff(self.offsets).astype(np.float64)

    @cached_property
    def order_count(self) -> Floats:
        return self.total(self.orders.astype(np.float64))

    @cached_property
    def gross_total(self) -> Floats:
        return self.total(self.gross)

    def total(self, values: Floats) -> Floats:
        """Sum per customer of a number per order day."""
        if not len(self):
            return np.zeros(0)
        sums: Floats = np.add.reduceat(values, self.offsets[:-1])
        return sums

    def best_year(self) -> Floats:
        """The most each customer spent in any 365 days, after paired returns."""
        out = np.empty(len(self))
        kernels.best_year(self.offsets, self.day, self.value, out)
        return out

    def history(self, end: int | None = None, period: Period = "day") -> History:
        """(x, t_x, T, zbar) with purchases counted once per day, or per week from Monday; the end of observation is
        as_of unless another day is given."""
        last = self.as_of if end is None else end
        time = self.day if period == "day" else week_of(self.day)
        parts = tuple(np.empty(len(self)) for _ in range(4))
        kernels.summarise(self.offsets, time, self.value, last if period == "day" else int(week_of(last)), *parts)
        return History(*parts)

    @property
    def nbytes(self) -> int:
        return sum(int(item.nbytes) for item in self.__dict__.values() if isinstance(item, np.ndarray))


def week_of(day: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """Number of the week from Monday (1970-01-01 was a Thursday)."""
    return ((np.asarray(day, np.int64) + 3) // 7).astype(np.int32)


def order_events(view: View, wanted: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Names of the events that are orders: the given ones, else well-known ones that occur.

    Raises UserError for a given name that never occurs.
    """
    dataset = view.dataset
    for name in wanted:
        if dataset.code("event_name", name) < 0:
            raise UserError(
                "unknown_event",
                f"There is no event named “{name}” in this data.",
                "Choose one of the event names on the data page.",
            )
    if wanted or "events" not in dataset.manifest.tables or "event_name" not in dataset.manifest.dictionaries:
        return wanted
    return tuple(str(name) for name in dataset.dictionary("event_name") if str(name).lower() in ORDER_NAMES)


def has_orders(view: View, wanted: tuple[str, ...] = ()) -> bool:
    """Whether :func:`order_book` can answer."""
    return "transactions" in view.dataset.manifest.tables or bool(order_events(view, wanted))


_memo: Memo[OrderBook] = Memo(512 << 20, lambda book: book.nbytes)


def forget() -> None:
    """Drop what is kept in memory (for measurements)."""
    _memo.clear()


def order_book(view: View, as_of: int | None = None, names: tuple[str, ...] = ()) -> OrderBook:
    """The order days of all customers up to ``as_of`` (default: the view's as-of day; never later).

    names: events that are orders, for a dataset without order lines. Raises CannotAnswer when there are no orders.
    """
    until = view.as_of if as_of is None else min(as_of, view.as_of)
    lines = "transactions" in view.dataset.manifest.tables
    chosen = () if lines else order_events(view, names)
    if not lines and not chosen:
        raise CannotAnswer(
            "Customer value needs orders: an order table, or events that mean an order.",
            NEED,
            "Add a file of orders, or name the events that are orders.",
        )
    return _memo.get((view.scope, until, chosen), lambda: _read(view, until, chosen))


def _read(view: View, as_of: int, names: tuple[str, ...]) -> OrderBook:
    parts = run(view.dataset, lambda partition: _partition(view, partition, as_of, names), list)
    starts = np.concatenate([[0], np.cumsum([len(part.totals) for part in parts])])
    row = np.concatenate([np.flatnonzero(np.diff(p.at)) + s for p, s in zip(parts, starts[:-1], strict=True)])
    counts = np.concatenate([np.diff(part.at) for part in parts])
    totals = np.concatenate([part.totals for part in parts])[row]
    day, orders = np.concatenate([p.day for p in parts]), np.concatenate([p.orders for p in parts])
    unpaired, bought = -float(totals[:, 3].sum()), float(totals[:, 1].sum())
    notes = []
    if unpaired > 0:
        share = f", {unpaired / bought:.1%} of gross revenue," if bought > 0 else ""
        notes.append(
            f"Some returns{share} match no earlier purchase of the person: they lower net revenue, not the value of an "
            "order."
        )
    return OrderBook(
        as_of=as_of,
        row=row,
        offsets=np.concatenate([[0], np.cumsum(counts[row])]),
        day=day,
        orders=orders,
        gross=np.concatenate([part.gross for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        net=np.ascontiguousarray(totals[:, 0]),
        returned=totals[:, 2] + totals[:, 3],
        unpaired=np.ascontiguousarray(totals[:, 3]),
        notes=tuple(notes),
    )


@dataclass(frozen=True)
class _Part:
    at: Ints
    day: npt.NDArray[np.int32]
    orders: npt.NDArray[np.int32]
    gross: Floats
    value: Floats
    totals: Floats


def _partition(view: View, partition: Partition, as_of: int, names: tuple[str, ...]) -> _Part:
    lines = partition.table("events" if names else "transactions")
    n = partition.n_users
    totals = np.zeros((n, 4))
    if lines is None or not lines.n_rows:
        nothing = np.zeros(0)
        empty = np.zeros(0, np.int32)
        return _Part(np.zeros(n + 1, np.int64), empty, empty, nothing, nothing, totals)
    number, gross = np.empty(lines.n_rows, np.int64), np.empty(lines.n_rows, np.uint8)
    quantity, price = (_numbers(lines, name) for name in ("quantity", "unit_price"))
    if names:
        _mark_events(view, lines, names, number, gross)
        amount = lines.column("amount") if lines.has("amount") else _frozen(np.zeros(lines.n_rows))
    else:
        orders = orders_of(view, partition)
        kernels.number_of_rows(orders.start, orders.rows, number)
        amount = lines.column("amount")
        kernels.gross_lines(amount, quantity, price, gross)
        kept = kept_lines(view, partition)
        if len(kept):
            gross &= kept
            amount = _frozen(np.where(kept, amount, np.nan))
    product = lines.column("product_id") if lines.has("product_id") else kernels.NO_CODES
    match = np.empty(lines.n_rows, np.int64)
    pair_returns(lines.offsets, lines.day, gross, amount, quantity, price, product, match)
    at, room = np.empty(n + 1, np.int64), lines.n_known
    day, begun = np.empty(room, np.int32), np.empty(room, np.int32)
    total, value = np.empty(room), np.empty(room)
    size = kernels.order_days(
        lines.offsets, lines.day, number, gross, amount, match, as_of, at, day, begun, total, value, totals
    )
    return _Part(at, day[:size].copy(), begun[:size].copy(), total[:size].copy(), value[:size].copy(), totals)


def _mark_events(view: View, lines: Rows, names: tuple[str, ...], number: Ints, gross: npt.NDArray[np.uint8]) -> None:
    """An order event with an order id belongs to that order, others are an order each (per instant)."""
    ids = lines.column("order_id") if lines.has("order_id") else _frozen(np.full(lines.n_rows, -1, np.int32))
    n_texts = view.dataset.manifest.dictionaries.get("order_id", 0)
    if ids.dtype != np.int32:  # a number or a date cannot tell orders apart reliably
        ids, n_texts = _frozen(np.full(lines.n_rows, -1, np.int32)), 0
    revenue_kernels.number_orders(lines.offsets, lines.n_rows, ids, lines.time, n_texts, number)
    allowed = np.zeros(len(view.dataset.dictionary("event_name")) + 1, np.uint8)
    for name in names:
        allowed[view.dataset.code("event_name", name) + 1] = 1
    kernels.named_lines(lines.column("event_name"), allowed, gross)


def _numbers(lines: Rows, name: str) -> Floats:
    if lines.has(name) and lines.column(name).dtype == np.float64:
        column: Floats = lines.column(name)
        return column
    return revenue_kernels.NOTHING


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False  # as stored arrays are: kernels are compiled for read-only input
    return array
