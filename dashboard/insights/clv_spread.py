"""How the value of customers is spread: many small ones, few large ones, and how much the few hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.customers.clv import value_rule
from dashboard.customers.clv.customers import value_table
from dashboard.insights.clv import NEED
from dashboard.insights.clv_people import customers_of
from dashboard.insights.registry import insight
from dashboard.insights.totals import json_number
from dashboard.insights.view import View
from dashboard.result import Result
from dashboard.statistics.concentration import gini, top_shares

Floats = npt.NDArray[np.float64]
_STEPS = np.array([1.0, 2.0, 5.0])  # of each power of ten: where a bar begins
MAX_BARS = 24
_POINTS = np.arange(0, 101) / 100


@insight(
    "clv_distribution",
    "How predicted value is spread",
    definition="Customers by the value predicted for them, in bands that grow by a constant factor.",
    needs=(NEED,),
)
def clv_distribution(view: View, **settings: Any) -> Result:
    """Columns: low, high (of a band of predicted value; low included, high not; 1, 2, 5 times powers of ten),
    customers, clv (their sum). Bands without anybody in between are rows of 0; what lies below the last 24 bands is in
    the first. Options: the settings of clv. summary: customers, median, p10, p90, mean (of predicted value)."""
    rule = value_rule.from_json(settings)
    clv = value_table(view, rule).prediction.clv[customers_of(view, rule)]
    edges = band_edges(clv)
    band = np.clip(np.searchsorted(edges, clv, side="right") - 1, 0, max(len(edges) - 2, 0))
    frame = pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "customers": np.bincount(band, minlength=len(edges) - 1).astype(np.int64),
            "clv": np.bincount(band, weights=clv, minlength=len(edges) - 1).astype(np.float64),
        }
    )
    marks = np.quantile(clv, [0.1, 0.5, 0.9]) if len(clv) else np.full(3, np.nan)
    names = ("p10", "median", "p90")
    return Result(
        "clv_distribution",
        frame,
        units={"low": "money", "high": "money", "customers": "count", "clv": "money"},
        summary={
            "customers": len(clv),
            **{name: json_number(float(mark)) for name, mark in zip(names, marks, strict=True)},
            "mean": json_number(float(clv.mean())) if len(clv) else None,
        },
        users_read=view.dataset.manifest.users,
    )


def band_edges(values: Floats) -> Floats:
    """Ascending limits of 1, 2, 5 times powers of ten around the values, at most 25, the first one 0 where values lie
    below the others."""
    positive = values[values > 0]
    if not len(positive):
        return np.array([0.0, 1.0])
    powers = np.arange(np.floor(np.log10(positive.min())) - 1, np.floor(np.log10(positive.max())) + 2)
    marks = np.sort((10.0 ** powers[:, None] * _STEPS).ravel())
    first = int(np.searchsorted(marks, positive.min(), side="right")) - 1
    last = int(np.searchsorted(marks, positive.max(), side="right")) + 1
    chosen = marks[max(first, last - MAX_BARS) : last]
    return np.concatenate([[0.0], chosen]) if values.min() < chosen[0] else chosen


@insight(
    "clv_concentration",
    "Concentration of value",
    definition="Which part of all value the most valuable customers hold, predicted and so far.",
    needs=(NEED,),
)
def clv_concentration(view: View, **settings: Any) -> Result:
    """Columns: customers_share (0, .01 … 1, the most valuable first), clv_share (part of the predicted value),
    historic_share (part of the value so far, by which customers are then sorted; below 0 counts as 0). Options: the
    settings of clv. summary: customers, gini, gini_historic, top_decile, top_decile_historic (part that the top tenth
    holds), half (share of customers who hold half of the predicted value)."""
    rule = value_rule.from_json(settings)
    table, index = value_table(view, rule), customers_of(view, rule)
    clv, historic = table.prediction.clv[index], table.historic[index]
    shares = {"clv_share": top_shares(clv, _POINTS), "historic_share": top_shares(historic, _POINTS)}
    ordered = np.cumsum(np.sort(np.maximum(clv, 0))[::-1])
    half = float(np.searchsorted(ordered, ordered[-1] / 2) + 1) / len(ordered) if len(ordered) else np.nan
    return Result(
        "clv_concentration",
        pd.DataFrame({"customers_share": _POINTS, **shares}),
        units=dict.fromkeys(("customers_share", *shares), "rate"),
        summary={
            "customers": len(index),
            "gini": json_number(gini(clv)),
            "gini_historic": json_number(gini(historic)),
            "top_decile": json_number(float(shares["clv_share"][10])),
            "top_decile_historic": json_number(float(shares["historic_share"][10])),
            "half": json_number(half),
        },
        users_read=view.dataset.manifest.users,
    )
