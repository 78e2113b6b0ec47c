"""Which figures people are grouped by: what a dataset knows about how recently, how often and how much."""

from __future__ import annotations

import pandas as pd

from dashboard.customers.clusters import Feature
from dashboard.customers.table import People

RECENCY = Feature("recency_days", "Days since last active", "recency", "days")
USAGE = Feature("usage", "Usage", "value", "number")
ACTIVE_DAYS = Feature("active_days", "Active days", "frequency", "days")
ORDERS = Feature("orders", "Orders", "frequency", "count")
REVENUE = Feature("revenue", "Net revenue", "value", "money")
# Only described, not grouped by: nobody is inactive for longer than known, so tenure and recency hang together by
# construction, and groups of them would always look real.
TENURE = Feature("tenure_days", "Days since first seen", "tenure", "days", fitted=False)


def features_of(people: People) -> tuple[pd.DataFrame, tuple[Feature, ...]]:
    """The features of this dataset and their values, one row per person in the order of ``people.frame``.

    Orders and net revenue where there are orders, else active days; usage where it is mapped; always recency.
    """
    chosen = [RECENCY]
    if "usage" in people.measures:
        chosen.append(USAGE)
    if "revenue" in people.measures:
        chosen += [ORDERS, REVENUE]
    elif "active_days" in people.measures:
        chosen.append(ACTIVE_DAYS)
    values = people.frame[[feature.name for feature in chosen]].copy()
    if people.frame["first_day"].notna().any():
        chosen.append(TENURE)
        values["tenure_days"] = (people.as_of - people.frame["first_day"]).clip(lower=0)
    return values, tuple(chosen)
