"""Metrics of people as they are on the as-of day: they have no history."""

from __future__ import annotations

import numpy as np

from dashboard.insights import users
from dashboard.insights.registry import CHURNED, LAST_ACTIVE, USAGE, Floats, Spans, metric
from dashboard.insights.totals import ratio
from dashboard.insights.view import View

RECENT_DAYS, LONG_DAYS = 30, 120


@metric(
    "users",
    "Users",
    definition="People known from any table who match the filters.",
    formula="distinct user ids",
    unit="count",
    history=False,
)
def known_users(view: View, spans: Spans) -> Floats:
    return np.full(len(spans), float(users.chosen(view).sum()))


def _user_number(view: View, spans: Spans, how: str) -> Floats:
    values = users.column_of(view, "usage").astype(np.float64)[users.chosen(view)]
    summary = users.describe(np.sort(values[~np.isnan(values)]))
    value = summary[how]
    return np.full(len(spans), np.nan if value is None else float(value))


@metric(
    "mean_usage",
    "Mean usage",
    definition="Mean of the usage column over the users who have a value, in the unit of the file.",
    formula="Σ usage ÷ users with a value",
    unit="number",
    needs=(USAGE,),
    history=False,
)
def mean_usage(view: View, spans: Spans) -> Floats:
    return _user_number(view, spans, "mean")


@metric(
    "median_usage",
    "Median usage",
    definition="The usage that half of the users stay below, in the unit of the file.",
    formula="median of usage over users with a value",
    unit="number",
    needs=(USAGE,),
    history=False,
)
def median_usage(view: View, spans: Spans) -> Floats:
    return _user_number(view, spans, "median")


def _recency_share(view: View, spans: Spans, low: int, high: float) -> Floats:
    days = users.recency_days(view)[users.chosen(view)]
    known = days[~np.isnan(days)]
    return np.full(len(spans), float(ratio(float(((known >= low) & (known <= high)).sum()), float(len(known)))))


@metric(
    "recent_share",
    "Active in the last 30 days",
    definition="Share of users whose last activity is at most 30 days before the as-of day.",
    formula="users with last activity ≤ 30 days ago ÷ users with a last activity",
    unit="rate",
    needs=(LAST_ACTIVE,),
    history=False,
)
def recent_share(view: View, spans: Spans) -> Floats:
    return _recency_share(view, spans, 0, RECENT_DAYS)


@metric(
    "long_inactive_share",
    "Inactive for more than 120 days",
    definition="Share of users whose last activity is more than 120 days before the as-of day.",
    formula="users with last activity > 120 days ago ÷ users with a last activity",
    unit="rate",
    higher_is_better=False,
    needs=(LAST_ACTIVE,),
    history=False,
)
def long_inactive_share(view: View, spans: Spans) -> Floats:
    return _recency_share(view, spans, LONG_DAYS + 1, np.inf)


@metric(
    "churned_share",
    "Churned share",
    definition="Share of users marked as churned in the file, of those with a mark.",
    formula="churned users ÷ users with a yes or no",
    unit="rate",
    higher_is_better=False,
    needs=(CHURNED,),
    history=False,
)
def churned_share(view: View, spans: Spans) -> Floats:
    marks = users.column_of(view, "churned").astype(np.int8)[users.chosen(view)]
    return np.full(len(spans), float(ratio(float((marks == 1).sum()), float((marks >= 0).sum()))))
