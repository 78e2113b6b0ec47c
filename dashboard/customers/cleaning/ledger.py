"""The ledger: from all order lines to the sales of known customers, rule by rule, so that it adds up exactly.

Formula source: definitions section 7 and methods section 10. A line is taken by the first rule in force that it meets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.cleaning import claims, kernels
from dashboard.customers.cleaning.aliases import meanings
from dashboard.customers.cleaning.rules import CANCELLATIONS, NET, RULES, Cleaning
from dashboard.engine.run import run
from dashboard.insights import where
from dashboard.insights.orders import orders_of
from dashboard.store.partition import Partition, Rows

if TYPE_CHECKING:
    from dashboard.insights.view import View

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
N = len(RULES)


@dataclass(frozen=True)
class Ledger:
    """Numbers per rule in the order of ``RULES``, and at position N for what is kept.

    rows, revenue: lines a step takes and their value. customers, orders: those whose last line goes with it. met_rows,
    met_revenue: lines that meet the rule, whichever takes them (N entries). products, countries: different ones among
    the kept lines, -1 where the file has no such column. paired_rows, paired_revenue: returns whose purchase was found.
    missing: rules that cannot be judged, with the column that is missing.
    """

    rows: Ints
    revenue: Floats
    customers: Ints
    orders: Ints
    met_rows: Ints
    met_revenue: Floats
    products: int
    countries: int
    paired_rows: int
    paired_revenue: float
    missing: dict[str, str]

    def frame(self, cleaning: Cleaning) -> pd.DataFrame:
        """One row per rule. Columns: rule, label, treatment, rows, revenue, customers, orders (what it takes),
        kept_rows, kept_revenue, kept_customers, kept_orders (what is left after it), met_rows, met_revenue, missing (""
        or the column without which the rule cannot be judged)."""
        columns: dict[str, object] = {
            "rule": [rule.name for rule in RULES],
            "label": [rule.label for rule in RULES],
            "treatment": [cleaning.treatment(rule.name) for rule in RULES],
        }
        for name in ("rows", "revenue", "customers", "orders"):
            values = getattr(self, name)
            columns[name] = values[:N]
            columns[f"kept_{name}"] = after(values)[1:]
        columns["met_rows"], columns["met_revenue"] = self.met_rows, self.met_revenue
        columns["missing"] = [self.missing.get(rule.name, "") for rule in RULES]
        return pd.DataFrame(columns)

    def money(self, name: str) -> float:
        """Value of the lines that a rule takes."""
        return float(self.revenue[position(name)])

    def raw(self) -> dict[str, float]:
        """All lines, their value, their customers and orders."""
        return {name: after(getattr(self, name))[0].item() for name in ("rows", "revenue", "customers", "orders")}

    def kept(self) -> dict[str, float]:
        """The same of the lines that no rule takes."""
        return {name: getattr(self, name)[N].item() for name in ("rows", "revenue", "customers", "orders")}


def position(name: str) -> int:
    """Place of a rule in the order of ``RULES``; N for what is kept."""
    return next((at for at, rule in enumerate(RULES) if rule.name == name), N)


def after(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What is there before the first rule and after each one: sums from the end, so that whole numbers and money add
    up to the last digit shown."""
    total: npt.NDArray[Any] = np.cumsum(values[::-1])[::-1]
    return total


@dataclass(frozen=True)
class _Part:
    rows: Ints
    revenue: Floats
    customers: Ints
    orders: Ints
    met_rows: Ints
    met_revenue: Floats
    products: npt.NDArray[np.uint8]
    countries: npt.NDArray[np.uint8]
    paired_rows: int
    paired_revenue: float


def ledger(view: View, cleaning: Cleaning) -> Ledger:
    """The ledger of a view's order lines up to its as-of day. Lines that the filters leave out play no part; the range
    of days plays none either."""
    lacking = claims.missing(view.dataset)
    step = claims.steps(cleaning, lacking)
    parts = run(view.dataset, lambda partition: _partition(view, partition, cleaning, step), list)
    country = meanings(view.dataset, "country", cleaning)
    return Ledger(
        rows=_sum([part.rows for part in parts]),
        revenue=_sum([part.revenue for part in parts]),
        customers=_sum([part.customers for part in parts]),
        orders=_sum([part.orders for part in parts]),
        met_rows=_sum([part.met_rows for part in parts]),
        met_revenue=_sum([part.met_revenue for part in parts]),
        products=_distinct([part.products for part in parts]),
        countries=_distinct([part.countries for part in parts], country),
        paired_rows=sum(part.paired_rows for part in parts),
        paired_revenue=sum(part.paired_revenue for part in parts),
        missing=lacking,
    )


def _sum(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    total: npt.NDArray[Any] = np.sum(np.stack(parts), axis=0)
    return total


def _distinct(parts: list[npt.NDArray[np.uint8]], meaning: npt.NDArray[np.int32] | None = None) -> int:
    seen = np.flatnonzero(np.max(np.stack(parts), axis=0)) if len(parts[0]) else np.zeros(0, np.int64)
    if not len(parts[0]):
        return -1
    return len(np.unique(meaning[seen])) if meaning is not None else len(seen)


def _partition(view: View, partition: Partition, cleaning: Cleaning, step: claims.Bytes) -> _Part:
    lines = partition.table(claims.TABLE)
    assert lines is not None  # callers need the table and have checked
    bits = claims.rules_met(view.dataset, partition, cleaning.codes)
    keep = in_view(view, partition)
    orders = orders_of(view, partition)
    number = np.empty(lines.n_rows, np.int64)
    number[orders.rows] = np.repeat(np.arange(len(orders.person)), np.diff(orders.start))
    rows, customers, counted = (np.zeros(N + 1, np.int64) for _ in range(3))
    revenue, met_rows, met_revenue = np.zeros(N + 1), np.zeros(N, np.int64), np.zeros(N)
    kernels.tally(
        bits,
        step,
        keep,
        lines.day,
        view.as_of,
        lines.offsets,
        number,
        len(orders.person),
        lines.column("amount"),
        rows,
        revenue,
        customers,
        counted,
        met_rows,
        met_revenue,
    )
    seen = [_seen(view, lines, name, bits, step, keep) for name in ("product_id", "country")]
    paired = _paired(view, partition, cleaning, bits, step, keep)
    return _Part(rows, revenue, customers, counted, met_rows, met_revenue, seen[0], seen[1], *paired)


def in_view(view: View, partition: Partition) -> claims.Bytes:
    """uint8[n_rows] of the lines that the filters leave in; length 0 = all. Guests pass filters on people never."""
    lines = partition.table(claims.TABLE)
    assert lines is not None
    mask = where.only(view, partition, claims.TABLE, where.row_clauses(view, claims.TABLE))
    if where.person_clauses(view, claims.TABLE):
        people = np.zeros(lines.n_rows, np.uint8)
        people[: lines.n_known] = np.repeat(where.persons(view, partition, claims.TABLE), np.diff(lines.offsets))
        mask = people & mask if len(mask) else people
    return mask


def _seen(
    view: View, lines: Rows, name: str, bits: claims.Bits, step: claims.Bytes, keep: claims.Bytes
) -> npt.NDArray[np.uint8]:
    if not lines.has(name) or lines.column(name).dtype != np.int32:
        return np.zeros(0, np.uint8)
    seen = np.zeros(view.dataset.manifest.dictionaries[name], np.uint8)
    kernels.seen_codes(bits, step, N, keep, lines.day, view.as_of, lines.column(name), seen)
    return seen


def _paired(
    view: View, partition: Partition, cleaning: Cleaning, bits: claims.Bits, step: claims.Bytes, keep: claims.Bytes
) -> tuple[int, float]:
    """Returns that the ledger takes and whose purchase is known, with their value."""
    if cleaning.treatment(CANCELLATIONS) != NET:
        return 0, 0.0
    lines = partition.table(claims.TABLE)
    assert lines is not None
    match = claims.purchases_of_returns(view, partition)
    paired = (step[bits] == position(CANCELLATIONS)) & (match >= 0) & (lines.day <= view.as_of)
    if len(keep):
        paired &= keep.astype(bool)
    return int(paired.sum()), float(lines.column("amount")[paired].sum())
