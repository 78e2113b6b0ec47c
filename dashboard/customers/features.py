"""Which figures people are grouped by: what a dataset knows about how recently, how often and how much."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from dashboard.customers.clusters import Feature
from dashboard.customers.table import People

RECENCY = Feature("recency_days", "Days since last active", "recency", "days")
USAGE = Feature("usage", "Usage", "value", "number")
# A rate, not a total: a total mostly says how long somebody has been here.
ACTIVITY = Feature("active_days_per_week", "Active days per week", "frequency", "number")
ORDERS = Feature("orders", "Orders", "frequency", "count")
REVENUE = Feature("revenue", "Net revenue", "value", "money")
# Only described, not grouped by: nobody is inactive for longer than known, so tenure and recency hang together by
# construction, and groups of them would always look real.
TENURE = Feature("tenure_days", "Days since first seen", "tenure", "days", fitted=False)


def features_of(people: People) -> tuple[pd.DataFrame, tuple[Feature, ...]]:
    """The features of this dataset and their values, one row per person in the order of ``people.frame``.

    Recency always; usage where it is mapped; orders and net revenue for a shop, active days per week known (at least
    one week) for everything else. Where people are active without buying, what they spend describes the groups but does
    not make them: most spend nothing, and "pays or not" is known without clustering.
    """
    shop = "revenue" in people.measures and people.measures.index("revenue") < people.measures.index("active_days")
    chosen = [RECENCY]
    if "usage" in people.measures:
        chosen.append(USAGE)
    if shop:
        chosen += [ORDERS, REVENUE]
    elif "active_days" in people.measures:
        chosen.append(ACTIVITY)
        if "revenue" in people.measures:
            chosen.append(replace(REVENUE, fitted=False))
    values = people.frame.copy()
    values["tenure_days"] = (people.as_of - values["first_day"]).clip(lower=0)
    values["active_days_per_week"] = values["active_days"] / ((values["tenure_days"] + 1) / 7).clip(lower=1)
    if values["tenure_days"].notna().any():
        chosen.append(TENURE)
    return values[[feature.name for feature in chosen]], tuple(chosen)
