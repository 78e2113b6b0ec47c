"""The value prediction tested: a model of the first part of the data against what customers did in the last."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from dashboard.customers.clv.customers import backtest_of
from dashboard.customers.clv.guards import sentences
from dashboard.filters import day_number
from dashboard.insights import options, periods
from dashboard.insights.clv import NEED, fit_json, guards_json
from dashboard.insights.registry import insight
from dashboard.insights.totals import json_number
from dashboard.insights.view import View
from dashboard.result import Result


@insight(
    "clv_backtest",
    "Test of the value prediction",
    definition="A model fitted on the first two thirds of the data against what customers then did.",
    needs=(NEED,),
)
def clv_backtest(
    view: View, *, by: str = "decile", split: str = "", days: Any = 0, check: Any = True, order_events: Any = ()
) -> Result:
    """Columns by decile (of predicted value, 1 = highest): decile, customers, predicted, actual (orders),
    predicted_value, actual_value (sums). Columns by class: x (repeat order days at the split, 7 = or more), customers,
    predicted, actual (means per customer). Options: by (decile, class), split (last ISO day of the first part), days
    (length of the last part where no split is given; 0 = a third of the data), check (no = without
    Pareto/NBD, which takes longest), order_events. summary: split_day, days,
    the totals, error (predicted / actual - 1), value_error, correlation per customer of this model (correlation), of
    Pareto/NBD (check, with the orders it expected as check_predicted) and of the past number of orders (naive),
    top_decile (share of later money from the tenth with the highest predicted value) and top_decile_past (by past
    spend), order_model. Filters play no part: a model is tested as a whole."""
    if by not in ("decile", "class"):
        raise options.bad("by", "decile or class")
    try:
        day = day_number(dt.date.fromisoformat(split)) if split else None
    except ValueError:
        raise options.bad("split", "a day such as 2025-03-08") from None
    length = options.whole(days, "days", 0, 3_650)
    if day is None and length:
        day = view.as_of - length
    test, at = backtest_of(
        view, options.texts(order_events or (), "order_events"), day, check=options.flag(check, "check")
    )
    guards = (*test.model.guards, test.guard)
    value_error = test.predicted_value / test.actual_value - 1 if test.actual_value > 0 else float("nan")
    names = ("correlation", "check", "check_predicted", "naive", "top_decile", "top_decile_past")
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
            "error": json_number(test.guard.value),
            "predicted_value": test.predicted_value,
            "actual_value": test.actual_value,
            "value_error": json_number(value_error),
            **{name: json_number(getattr(test, name)) for name in names},
            "model": test.model.kind,
            "order_model": fit_json(test.model.orders),
            "guards": guards_json(guards),
        },
        notes=(*sentences(guards), *((comparison,) if np.isfinite(test.top_decile) else ())),
        rows_read=view.dataset.manifest.rows.get("transactions", view.dataset.manifest.rows.get("events", 0)),
        users_read=view.dataset.manifest.users,
    )
