"""Customers one by one with what they brought, what is expected of them, and when their next order is due."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.clv import value, value_rule
from dashboard.customers.clv.customers import ValueTable, value_table
from dashboard.customers.clv.value_rule import ValueRule
from dashboard.errors import UserError
from dashboard.insights import options, periods
from dashboard.insights.clv import NEED, TIERS, groups, result_of
from dashboard.insights.memo import Memo
from dashboard.insights.registry import insight
from dashboard.insights.rfm import ids_of
from dashboard.insights.users import chosen
from dashboard.insights.view import View
from dashboard.result import Result

Ints = npt.NDArray[np.int64]
MAX_RANGES = 1_000  # rows of an answer that come with the range of each customer, which is simulated
SORTS = ("clv", "value_at_risk", "overdue_days", "historic", "p_no_purchase", "user_id")
DAYS = ("first_day", "last_day", "next_order")

_frames: Memo[pd.DataFrame] = Memo(512 << 20, lambda frame: int(frame.memory_usage(deep=True).sum()))


@insight(
    "clv_people",
    "Customers with their value",
    definition="Customers with what they brought, what is expected of them, and when their next order is due.",
    needs=(NEED,),
)
def clv_people(
    view: View,
    *,
    group: str = "",
    by: str = "decile",
    user_id: str = "",
    sort: str = "clv",
    start: Any = 0,
    rows: Any = 0,
    **settings: Any,
) -> Result:
    """Customers by sort, descending. Columns: user_id, orders_so_far (order days), first_day, last_day (ISO), historic,
    orders (expected), value_per_order, clv, p_alive (NaN where hidden), p_no_purchase, value_at_risk, next_order (ISO
    day expected from the customer's own gaps; "" unknown), overdue_days (negative = not due yet), tier, unlikely (above
    3 times the best past year); with rows or user_id also low, high (where the value of this one customer will lie in 8
    of 10 cases, chance included). Options: by and group: only one group of clv; user_id: one customer; sort: clv,
    value_at_risk, overdue_days, historic, p_no_purchase, user_id; start, rows: a page of up to 1,000 (0 = all, from
    start on); the settings of clv. summary as for clv, with total, the number of customers chosen."""
    rule = value_rule.from_json(settings)
    if sort not in SORTS:
        raise options.bad("sort", f"one of {', '.join(SORTS)}")
    first, limit = options.whole(start, "start", 0, 10**9), options.whole(rows, "rows", 0, MAX_RANGES)
    table = value_table(view, rule)
    index = customers_of(view, rule, by, group)
    if user_id:
        index = index[table.book.row[index] == _row_of(view, user_id)]
    frame = everybody(view, rule).iloc[index]
    # of equal ones the first in the store comes first
    order = np.argsort(frame["user_id"].to_numpy() if sort == "user_id" else _descending(frame[sort]), kind="stable")
    picked = index[order][first : first + limit if limit else None]
    frame = everybody(view, rule).iloc[picked]
    if limit or user_id:
        frame = with_ranges(view, rule, frame)
    mask = np.zeros(len(table), bool)
    mask[index] = True
    result = result_of("clv_people", view, table, rule, _as_text(frame), mask)
    return Result(**{**vars(result), "summary": {**result.summary, "total": len(index)}})


def _descending(column: pd.Series) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = -np.nan_to_num(column.to_numpy(dtype=np.float64), nan=-np.inf)
    return values


def customers_of(view: View, rule: ValueRule, by: str = "decile", group: str = "") -> Ints:
    """Positions in the value table of the customers that the view's filters choose; group: only one group of ``clv``.
    Raises UserError for an unknown group."""
    table = value_table(view, rule)
    mask = chosen(view)[table.book.row]
    index: Ints = np.flatnonzero(mask)
    labels, codes = groups(table, by, mask)
    if not group:
        return index
    if group not in labels:
        raise UserError("unknown_group", "There is no group of that name.", f"There are: {', '.join(labels)}.")
    picked: Ints = index[codes == labels.index(group)]
    return picked


def everybody(view: View, rule: ValueRule) -> pd.DataFrame:
    """All customers in the order of the value table, in memory. Columns of ``clv_people`` but low and high, days as day
    numbers (NaN = unknown), tier as categories."""
    return _frames.get((view.scope, view.as_of, rule), lambda: _frame(view, value_table(view, rule)))


def _frame(view: View, table: ValueTable) -> pd.DataFrame:
    book, prediction, rhythm = table.book, table.prediction, table.rhythm
    return pd.DataFrame(
        {
            "user_id": pd.Series(ids_of(view, book.row), dtype="str"),
            "orders_so_far": book.order_days.astype(np.int64),
            "first_day": book.first_day,
            "last_day": book.last_day,
            "historic": table.historic,
            "orders": prediction.orders,
            "value_per_order": prediction.value_per_order,
            "clv": prediction.clv,
            "p_alive": prediction.p_alive,
            "p_no_purchase": prediction.p_no_purchase,
            "value_at_risk": prediction.p_no_purchase * prediction.clv,
            "next_order": np.round(rhythm.next_day),
            "overdue_days": rhythm.overdue_days,
            "tier": pd.Categorical.from_codes(table.tier, categories=pd.Index(TIERS, dtype="str")),
            "unlikely": table.unlikely,
        }
    )


def with_ranges(view: View, rule: ValueRule, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of :func:`everybody` with low and high behind clv: where the value of this one customer will lie in 8 of 10
    cases."""
    table = value_table(view, rule)
    index = frame.index.to_numpy(dtype=np.int64)
    low, high = value.outcome_range(table.model, table.history.take(index), rule, table.book.row[index])
    names = list(frame.columns)
    after = names.index("clv") + 1
    return frame.assign(low=low, high=high)[[*names[:after], "low", "high", *names[after:]]]


def _row_of(view: View, user_id: str) -> int:
    """Position of a person in partition order, -1 when unknown."""
    found = view.dataset.find(user_id)
    if found is None:
        return -1
    return sum(p.n_users for p in view.dataset.partitions[: found[0]]) + found[1]


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Days as ISO text and tiers as text, the index from 0."""
    out = frame.reset_index(drop=True)
    for name in DAYS:
        days = out[name].to_numpy(dtype=np.float64)
        out[name] = pd.Series(["" if np.isnan(day) else periods.iso(int(day)) for day in days], dtype="str")
    return out.assign(tier=out["tier"].astype("str"))
