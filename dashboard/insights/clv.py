"""Customer lifetime value as an answer: what groups of customers brought and are expected to bring.

The model is fitted on all customers as of the view's day; filters only choose whom to count. Settings: those of
:class:`dashboard.customers.clv.value_rule.ValueRule`, by name.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.clv import value, value_rule
from dashboard.customers.clv.customers import ValueTable, value_table
from dashboard.customers.clv.fit import Fit
from dashboard.customers.clv.guards import Guard, sentences
from dashboard.customers.clv.value_rule import ValueRule
from dashboard.customers.rfm_orders import OrderBook
from dashboard.insights import options, where
from dashboard.insights.registry import Need, insight
from dashboard.insights.totals import json_number
from dashboard.insights.users import chosen
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result

Mask = npt.NDArray[np.bool_]
NEED = Need(("transactions", "events"), "orders")
TIERS = ("Low", "Medium", "High")
RHYTHM = ("In rhythm", "Overdue")
GROUPS = ("decile", "tier", "orders", "rhythm")
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


def _summary(table: ValueTable, rule: ValueRule, mask: Mask, moved: value.Sensitivity) -> dict[str, Any]:
    prediction = table.prediction
    low, high = value.group_intervals(moved, prediction.clv[mask], np.zeros(int(mask.sum()), np.int64), 1)
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


def result_of(
    name: str,
    view: View,
    table: ValueTable,
    rule: ValueRule,
    frame: pd.DataFrame,
    mask: Mask,
    moved: value.Sensitivity | None = None,
) -> Result:
    """A result about the chosen customers with the totals of them all. moved: where it is known already."""
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
        summary=_summary(table, rule, mask, moved or sensitivity_of(table, rule, mask)),
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
    36), margin, discount (per year), tiers (two shares), order_events. by may also be rhythm (Overdue: silent for
    longer than until the expected next order). summary: the totals, the fitted models with standard errors,
    season_index (of the same months last year) and guards."""
    rule = value_rule.from_json(settings)
    table = value_table(view, rule)
    mask = chosen(view)[table.book.row]
    labels, group = groups(table, by, mask)
    moved = sensitivity_of(table, rule, mask)
    frame = _grouped(table, moved, mask, labels, group)
    return result_of("clv", view, table, rule, frame, mask, moved)


def sensitivity_of(table: ValueTable, rule: ValueRule, mask: Mask) -> value.Sensitivity:
    return value.sensitivity(table.model, table.history.take(mask), rule)


def groups(table: ValueTable, by: str, mask: Mask) -> tuple[list[str], npt.NDArray[np.int64]]:
    """(names, index per chosen customer)."""
    if by == "decile":
        return [str(n) for n in range(1, 11)], value.deciles(table.prediction.clv[mask]).astype(np.int64)
    if by == "tier":
        return list(TIERS[::-1]), (2 - table.tier[mask]).astype(np.int64)
    if by == "orders":
        return [*(str(n) for n in range(1, 8)), "8 or more"], np.minimum(table.history.x[mask], 7).astype(np.int64)
    if by == "rhythm":  # nobody without an expected next order is overdue
        return list(RHYTHM), (table.rhythm.overdue_days[mask] > 0).astype(np.int64)
    raise options.bad("by", f"one of {', '.join(GROUPS)}")


def _grouped(
    table: ValueTable, moved: value.Sensitivity, mask: Mask, labels: list[str], group: npt.NDArray[np.int64]
) -> pd.DataFrame:
    n, prediction = len(labels), table.prediction
    people = np.bincount(group, minlength=n)

    def total(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        sums: npt.NDArray[np.float64] = np.bincount(group, weights=values[mask], minlength=n).astype(np.float64)
        return sums

    sums = total(prediction.clv)
    low, high = value.group_intervals(moved, prediction.clv[mask], group, n)
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
