"""Customer lifetime value as answers: in groups, per customer, and tested on the last part of the data.

The model is fitted on all customers as of the view's day; filters only choose whom to count. Settings: those of
:class:`dashboard.customers.clv.value_rule.ValueRule`, by name.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.clv import value, value_rule
from dashboard.customers.clv.customers import ValueTable, backtest_of, value_table
from dashboard.customers.clv.fit import Fit
from dashboard.customers.clv.guards import Guard, sentences
from dashboard.customers.clv.value_rule import ValueRule
from dashboard.customers.rfm_orders import OrderBook
from dashboard.errors import UserError
from dashboard.filters import day_number
from dashboard.insights import options, periods, where
from dashboard.insights.registry import Need, insight
from dashboard.insights.rfm import ids_of
from dashboard.insights.totals import json_number
from dashboard.insights.users import chosen
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result

Mask = npt.NDArray[np.bool_]
NEED = Need(("transactions", "events"), "orders")
TIERS = ("Low", "Medium", "High")
GROUPS = ("decile", "tier", "orders")
MAX_ROWS = 1_000
_UNITS = {
    "customers": "count",
    "historic": "money",
    "clv": "money",
    "low": "money",
    "high": "money",
    "clv_share": "rate",
    "clv_mean": "money",
    "orders": "number",
    "p_alive": "rate",
    "p_no_purchase": "rate",
    "value_at_risk": "money",
}


def _number(result: float) -> float | None:
    return json_number(result)


def fit_json(fit: Fit | None) -> dict[str, Any] | None:
    """Parameters, standard errors and 95 % intervals (None where the data do not determine them)."""
    if fit is None:
        return None
    return {
        "parameters": dict(zip(fit.names, fit.parameters, strict=True)),
        "standard_errors": {name: _number(v) for name, v in fit.standard_errors.items()},
        "intervals": {name: [_number(v) for v in ends] for name, ends in fit.intervals().items()},
        "log_likelihood": fit.log_likelihood,
        "customers": fit.n,
        "converged": fit.converged,
    }


def guards_json(guards: tuple[Guard, ...]) -> list[dict[str, Any]]:
    return [{"code": g.code, "ok": g.ok, "value": _number(g.value), "text": g.text} for g in guards]


def _summary(table: ValueTable, rule: ValueRule, mask: Mask) -> dict[str, Any]:
    prediction = table.prediction
    none = np.zeros(int(mask.sum()), np.int64)
    history = table.history.take(mask)
    low, high = value.group_intervals(table.model, history, rule, prediction.clv[mask], none, 1)
    return {
        "customers": int(mask.sum()),
        "months": rule.months,
        "margin": rule.margin,
        "discount": rule.discount,
        "historic": float(table.historic[mask].sum()),
        "clv": float(prediction.clv[mask].sum()),
        "low": _number(float(low[0])),
        "high": _number(float(high[0])),
        "orders": float(prediction.orders[mask].sum()),
        "value_at_risk": float((prediction.p_no_purchase * prediction.clv)[mask].sum()),
        "model": table.model.kind,
        "p_alive_shown": not table.model.degenerate,
        "order_model": fit_json(table.model.orders),
        "value_model": fit_json(table.model.money),
        "mean_order_value": table.model.mean_value,
        "season_index": _number(season_index(table.book, rule)),
        "guards": guards_json(table.guards),
    }


def season_index(book: OrderBook, rule: ValueRule) -> float:
    """Orders in the same months a year ago, relative to the average of the last 365 days; NaN without a full year or
    where the horizon is whole years (then it is 1 by definition)."""
    days = round(rule.days)
    start = book.as_of - 364
    if rule.months % 12 == 0 or not len(book) or book.first_day.min() > start:
        return float("nan")
    year = book.orders[book.day >= start].sum()
    same = book.orders[(book.day >= start) & (book.day < start + days % 365)].sum()
    return float(same / year * 365 / (days % 365)) if year else float("nan")


def _notes(table: ValueTable, rule: ValueRule, view: View) -> tuple[str, ...]:
    if rule.margin == 1:
        money = "Values are net revenue; set a margin to see profit."
    else:
        money = f"Values are {rule.margin:.0%} of net revenue."
    horizon = f"The next {rule.months} months, discounted by {rule.discount:.0%} a year; nothing later is counted."
    return (money, horizon, *sentences(table.guards), *table.book.notes, *where.ignored(view, None))


def _result(name: str, view: View, table: ValueTable, rule: ValueRule, frame: pd.DataFrame, mask: Mask) -> Result:
    manifest = view.dataset.manifest
    without = manifest.users - len(table)
    money = table.history.x[mask & (table.history.zbar <= 0)]
    left = [
        LeftOut("no_order", without, "people without an order: no prediction"),
        LeftOut(
            "no_value", int((money > 0).sum()), "customers whose repeat orders came back entirely: valued as average"
        ),
    ]
    return Result(
        name,
        frame,
        units={column: unit for column, unit in _UNITS.items() if column in frame},
        summary=_summary(table, rule, mask),
        left_out=tuple(item for item in left if item.count > 0),
        notes=_notes(table, rule, view),
        rows_read=manifest.rows.get("transactions", manifest.rows.get("events", 0)),
        users_read=manifest.users,
    )


@insight(
    "clv",
    "Customer lifetime value",
    definition="What customers have brought and are expected to bring over a stated number of months, with intervals.",
    needs=(NEED,),
)
def clv(view: View, *, by: str = "decile", **settings: Any) -> Result:
    """One row per group. Columns: group, customers, historic (net revenue × margin to date), clv (predicted, sum), low,
    high (95 % interval of the sum, from the model's parameters), clv_share, clv_mean, orders (expected, sum), p_alive,
    p_no_purchase (means; p_alive NaN where no leaving can be identified), value_at_risk (sum of p_no_purchase × clv).
    Options: by: decile (1 = highest value), tier (High, Medium, Low), orders (order days, 8 = more); months (1 to
    36), margin, discount (per year), tiers (two shares), order_events. summary: the totals, the fitted models with
    standard errors, season_index (of the same months last year) and guards."""
    rule = value_rule.from_json(settings)
    table = value_table(view, rule)
    mask = chosen(view)[table.book.row]
    labels, group = _groups(table, by, mask)
    frame = _grouped(table, rule, mask, labels, group)
    return _result("clv", view, table, rule, frame, mask)


def _groups(table: ValueTable, by: str, mask: Mask) -> tuple[list[str], npt.NDArray[np.int64]]:
    """(names, index per chosen customer)."""
    if by == "decile":
        return [str(n) for n in range(1, 11)], value.deciles(table.prediction.clv[mask]).astype(np.int64)
    if by == "tier":
        return list(TIERS[::-1]), (2 - table.tier[mask]).astype(np.int64)
    if by == "orders":
        return [*(str(n) for n in range(1, 8)), "8 or more"], np.minimum(table.history.x[mask], 7).astype(np.int64)
    raise options.bad("by", f"one of {', '.join(GROUPS)}")


def _grouped(
    table: ValueTable, rule: ValueRule, mask: Mask, labels: list[str], group: npt.NDArray[np.int64]
) -> pd.DataFrame:
    n, prediction = len(labels), table.prediction
    people = np.bincount(group, minlength=n)

    def total(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        sums: npt.NDArray[np.float64] = np.bincount(group, weights=values[mask], minlength=n).astype(np.float64)
        return sums

    sums = total(prediction.clv)
    low, high = value.group_intervals(table.model, table.history.take(mask), rule, prediction.clv[mask], group, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame(
            {
                "group": labels,
                "customers": people,
                "historic": total(table.historic),
                "clv": sums,
                "low": low,
                "high": high,
                "clv_share": sums / sums.sum() if sums.sum() > 0 else np.full(n, np.nan),
                "clv_mean": np.where(people > 0, sums / people, np.nan),
                "orders": total(prediction.orders),
                "p_alive": np.where(people > 0, total(prediction.p_alive) / people, np.nan),
                "p_no_purchase": np.where(people > 0, total(prediction.p_no_purchase) / people, np.nan),
                "value_at_risk": total(prediction.p_no_purchase * prediction.clv),
            }
        )


SORTS = ("clv", "value_at_risk", "overdue_days", "historic", "p_no_purchase", "user_id")


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
    rows: Any = MAX_ROWS,
    **settings: Any,
) -> Result:
    """The first ``rows`` customers (at most 1,000) by sort, descending. Columns: user_id, orders_so_far (order days),
    first_day, last_day (ISO), historic, orders (expected), value_per_order, clv, low, high (where the value of this one
    customer will lie in 8 of 10 cases, chance included), p_alive (NaN where hidden), p_no_purchase, value_at_risk,
    next_order (ISO day expected from the customer's own gaps; "" unknown), overdue_days (negative = not due yet), tier,
    unlikely (above 3 times the best past year). Options: by and group: only one group of clv; user_id: one customer;
    sort: clv, value_at_risk, overdue_days, historic, p_no_purchase, user_id; the settings of clv. summary as for clv,
    with total, the number of customers chosen."""
    rule = value_rule.from_json(settings)
    if sort not in SORTS:
        raise options.bad("sort", f"one of {', '.join(SORTS)}")
    limit = options.whole(rows, "rows", 1, MAX_ROWS)
    table = value_table(view, rule)
    mask = chosen(view)[table.book.row]
    if group:
        labels, index = _groups(table, by, mask)
        if group not in labels:
            raise UserError("unknown_group", "There is no group of that name.", f"There are: {', '.join(labels)}.")
        mask[np.flatnonzero(mask)[index != labels.index(group)]] = False
    if user_id:
        mask = mask & (table.book.row == _row_of(view, user_id))
    picked = _first(view, table, np.flatnonzero(mask), sort, limit)
    result = _result("clv_people", view, table, rule, _people(view, table, rule, picked), mask)
    return Result(**{**vars(result), "summary": {**result.summary, "total": int(mask.sum())}})


def _row_of(view: View, user_id: str) -> int:
    """Position of a person in partition order, -1 when unknown."""
    found = view.dataset.find(user_id)
    if found is None:
        return -1
    return sum(p.n_users for p in view.dataset.partitions[: found[0]]) + found[1]


def _first(view: View, table: ValueTable, index: npt.NDArray[np.int64], sort: str, limit: int) -> npt.NDArray[np.int64]:
    if sort == "user_id":
        return index[np.argsort(ids_of(view, table.book.row[index]).astype(str), kind="stable")][:limit]
    prediction = table.prediction
    keys = {
        "clv": prediction.clv,
        "value_at_risk": prediction.p_no_purchase * prediction.clv,
        "overdue_days": np.nan_to_num(table.rhythm.overdue_days, nan=-np.inf),
        "historic": table.historic,
        "p_no_purchase": prediction.p_no_purchase,
    }
    return index[np.argsort(-keys[sort][index], kind="stable")][:limit]


def _people(view: View, table: ValueTable, rule: ValueRule, index: npt.NDArray[np.int64]) -> pd.DataFrame:
    book, prediction, rhythm = table.book, table.prediction, table.rhythm
    low, high = value.outcome_range(table.model, table.history.take(index), rule, book.row[index])
    return pd.DataFrame(
        {
            "user_id": pd.Series(ids_of(view, book.row[index]), dtype="str"),
            "orders_so_far": book.order_days[index].astype(np.int64),
            "first_day": _days(book.first_day[index]),
            "last_day": _days(book.last_day[index]),
            "historic": table.historic[index],
            "orders": prediction.orders[index],
            "value_per_order": prediction.value_per_order[index],
            "clv": prediction.clv[index],
            "low": low,
            "high": high,
            "p_alive": prediction.p_alive[index],
            "p_no_purchase": prediction.p_no_purchase[index],
            "value_at_risk": (prediction.p_no_purchase * prediction.clv)[index],
            "next_order": _days(np.round(rhythm.next_day[index])),
            "overdue_days": rhythm.overdue_days[index],
            "tier": pd.Series(np.array(TIERS, dtype=object)[table.tier[index]], dtype="str"),
            "unlikely": table.unlikely[index],
        }
    )


def _days(days: npt.NDArray[np.float64]) -> pd.Series:
    return pd.Series(["" if np.isnan(day) else periods.iso(int(day)) for day in days], dtype="str")


@insight(
    "clv_backtest",
    "Test of the value prediction",
    definition="A model fitted on the first two thirds of the data against what customers then did.",
    needs=(NEED,),
)
def clv_backtest(view: View, *, by: str = "decile", split: str = "", order_events: Any = ()) -> Result:
    """Columns by decile (of predicted value, 1 = highest): decile, customers, predicted, actual (orders),
    predicted_value, actual_value (sums). Columns by class: x (repeat order days at the split, 7 = or more),
    customers, predicted, actual (means per customer). Options: by (decile, class), split (last ISO day of the first
    part), order_events. summary: split_day, days, the totals, error (predicted / actual - 1), value_error,
    correlation per customer of this model (correlation), of Pareto/NBD (check) and of the past number of orders
    (naive), top_decile (share of later money from the tenth with the highest predicted value) and top_decile_past (by
    past spend), order_model. Filters play no part: a model is tested as a whole."""
    if by not in ("decile", "class"):
        raise options.bad("by", "decile or class")
    try:
        day = day_number(dt.date.fromisoformat(split)) if split else None
    except ValueError:
        raise options.bad("split", "a day such as 2025-03-08") from None
    test, at = backtest_of(view, options.texts(order_events or (), "order_events"), day)
    guards = (*test.model.guards, test.guard)
    value_error = test.predicted_value / test.actual_value - 1 if test.actual_value > 0 else float("nan")
    names = ("correlation", "check", "naive", "top_decile", "top_decile_past")
    frame = test.by_decile if by == "decile" else test.by_class
    money = {name: "money" for name in ("predicted_value", "actual_value") if by == "decile"}
    comparison = (
        f"The tenth with the highest predicted value brought {test.top_decile:.1%} of the later money; the tenth with "
        f"the highest past spend {test.top_decile_past:.1%}."
    )
    return Result(
        "clv_backtest",
        frame,
        units={"customers": "count", "predicted": "number", "actual": "number", **money},
        summary={
            "split_day": periods.iso(at),
            "days": view.as_of - at,
            "predicted": test.predicted,
            "actual": test.actual,
            "error": _number(test.guard.value),
            "predicted_value": test.predicted_value,
            "actual_value": test.actual_value,
            "value_error": _number(value_error),
            **{name: _number(getattr(test, name)) for name in names},
            "model": test.model.kind,
            "order_model": fit_json(test.model.orders),
            "guards": guards_json(guards),
        },
        notes=(*sentences(guards), *((comparison,) if np.isfinite(test.top_decile) else ())),
        rows_read=view.dataset.manifest.rows.get("transactions", view.dataset.manifest.rows.get("events", 0)),
        users_read=view.dataset.manifest.users,
    )
