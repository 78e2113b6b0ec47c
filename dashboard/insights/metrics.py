"""The registered metrics: one number per span of days. Adding one here adds it everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dashboard.insights import activity, new_users, revenue, users, where
from dashboard.insights import revenue_kernels as money
from dashboard.insights.registry import (
    CHURNED,
    LAST_ACTIVE,
    METRICS,
    ORDERS,
    SIGNUP,
    TIMED,
    USAGE,
    Floats,
    Metric,
    Need,
    Spans,
    metric,
)
from dashboard.insights.totals import compared, mean, ratio
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result

EVENT_LOG = Need(("events", "sessions"), "an event log or sessions")
RECENT_DAYS, LONG_DAYS = 30, 120


def _whole(spans: Spans) -> tuple[int, int]:
    return spans[0][0], spans[-1][1]


def _daily_means(view: View, spans: Spans, values: Floats, keep: np.ndarray) -> Floats:
    """Mean of daily values over the kept days of each span; values[i] and keep[i] belong to the i-th day."""
    first = spans[0][0]
    chosen = np.where(keep, values, np.nan)
    return np.array([mean(chosen[begin - first : end - first + 1]) for begin, end in spans])


def _days(view: View, spans: Spans) -> np.ndarray:
    first, last = _whole(spans)
    return np.arange(first, last + 1)


def _on_last_complete_day(view: View, spans: Spans, values: Floats) -> Floats:
    """The value on the last day of each span that is over; NaN when no day of the span is."""
    first = spans[0][0]
    last = [min(end, view.last_complete) for _, end in spans]
    return np.array(
        [values[end - first] if end >= begin else np.nan for (begin, _), end in zip(spans, last, strict=True)]
    )


@metric(
    "dau",
    "Daily active users",
    definition="Distinct users active on a day; over several days the mean of the complete days.",
    formula="mean over complete days of distinct users of the day",
    unit="count",
    needs=(TIMED,),
)
def dau(view: View, spans: Spans) -> Floats:
    counts = activity.rolling_counts(view, *_whole(spans))[0].astype(np.float64)
    return _daily_means(view, spans, counts, _days(view, spans) <= view.last_complete)


@metric(
    "wau",
    "Weekly active users",
    definition="Distinct users active in the 7 calendar days that end on the last complete day.",
    formula="distinct users of days d−6 … d",
    unit="count",
    needs=(TIMED,),
)
def wau(view: View, spans: Spans) -> Floats:
    return _on_last_complete_day(view, spans, activity.rolling_counts(view, *_whole(spans))[1].astype(np.float64))


@metric(
    "mau",
    "Monthly active users",
    definition="Distinct users active in the 30 calendar days that end on the last complete day.",
    formula="distinct users of days d−29 … d",
    unit="count",
    needs=(TIMED,),
)
def mau(view: View, spans: Spans) -> Floats:
    return _on_last_complete_day(view, spans, activity.rolling_counts(view, *_whole(spans))[2].astype(np.float64))


@metric(
    "stickiness",
    "Stickiness",
    definition="How much of the monthly audience comes on a day: the mean of DAU/MAU over the complete days.",
    formula="mean over complete days of DAU ÷ MAU; days whose 30 days begin before the data are left out",
    unit="rate",
    needs=(TIMED,),
)
def stickiness(view: View, spans: Spans) -> Floats:
    counts = activity.rolling_counts(view, *_whole(spans))
    days = _days(view, spans)
    keep = days <= view.last_complete
    if not view.fixed:
        keep &= days - activity.WINDOWS["mau"] + 1 >= view.first_day
    return _daily_means(view, spans, ratio(counts[0], counts[2]), keep)


@metric(
    "active_users",
    "Active users",
    definition="Distinct users active at least once in the period.",
    formula="distinct users with activity in the period",
    unit="count",
    needs=(TIMED,),
)
def active_users(view: View, spans: Spans) -> Floats:
    return activity.distinct_counts(view, spans).astype(np.float64)


@metric(
    "new_users",
    "New users",
    definition="Users first seen in the period; the first time is looked up in all data.",
    formula="users whose first activity ever lies in the period",
    unit="count",
    needs=(TIMED,),
)
def first_seen(view: View, spans: Spans) -> Floats:
    return new_users.new_counts(view, spans).astype(np.float64)


@metric(
    "signups",
    "Sign-ups",
    definition="Users whose sign-up date lies in the period.",
    formula="users with sign-up day in the period",
    unit="count",
    needs=(SIGNUP,),
)
def signups(view: View, spans: Spans) -> Floats:
    return new_users.signup_counts(view, spans).astype(np.float64)


@metric(
    "events",
    "Events",
    definition="Events of known users in the period.",
    formula="number of event rows in the period",
    unit="count",
    needs=(EVENT_LOG,),
)
def events(view: View, spans: Spans) -> Floats:
    return activity.event_counts(view, spans).astype(np.float64)


@metric(
    "events_per_user",
    "Events per active user",
    definition="Events of known users in the period, divided by the users active in it.",
    formula="events ÷ active users",
    unit="number",
    needs=(EVENT_LOG,),
)
def events_per_user(view: View, spans: Spans) -> Floats:
    return ratio(activity.event_counts(view, spans), activity.distinct_counts(view, spans))


@metric(
    "revenue",
    "Net revenue",
    definition="Gross revenue plus returns and adjustments (both usually negative), guests included.",
    formula="gross + returns + adjustments",
    unit="money",
    needs=(ORDERS,),
)
def net_revenue(view: View, spans: Spans) -> Floats:
    return revenue.columns(revenue.sums(view, spans))["net"]


@metric(
    "gross_revenue",
    "Gross revenue",
    definition="Sum of the order lines with positive quantity and price, guests included.",
    formula="Σ line value, quantity > 0 and price > 0",
    unit="money",
    needs=(ORDERS,),
)
def gross_revenue(view: View, spans: Spans) -> Floats:
    return revenue.columns(revenue.sums(view, spans))["gross"]


@metric(
    "orders",
    "Orders",
    definition="Distinct orders with a gross value above 0; credit notes are no orders.",
    formula="distinct order ids with gross value > 0",
    unit="count",
    needs=(ORDERS,),
)
def orders(view: View, spans: Spans) -> Floats:
    return revenue.columns(revenue.sums(view, spans))["orders"]


@metric(
    "aov",
    "Average order value",
    definition="Gross revenue divided by the number of orders, guests included.",
    formula="gross revenue ÷ orders",
    unit="money",
    needs=(ORDERS,),
)
def aov(view: View, spans: Spans) -> Floats:
    return revenue.columns(revenue.sums(view, spans))["aov"]


@metric(
    "paying_users",
    "Paying users",
    definition="Distinct known customers with at least one order in the period.",
    formula="distinct users with an order in the period",
    unit="count",
    needs=(ORDERS,),
)
def paying_users(view: View, spans: Spans) -> Floats:
    return revenue.sums(view, spans)[:, money.PAYERS]


@metric(
    "arpu",
    "Revenue per active user",
    definition="Net revenue of known customers divided by the users who were active or ordered in the period.",
    formula="net revenue of known users ÷ users active or paying",
    unit="money",
    needs=(ORDERS,),
)
def arpu(view: View, spans: Spans) -> Floats:
    return ratio(revenue.sums(view, spans)[:, money.NET_KNOWN], revenue.active_or_paying(view, spans))


@metric(
    "arppu",
    "Revenue per paying user",
    definition="Net revenue of known customers divided by the customers with an order in the period.",
    formula="net revenue of known users ÷ paying users",
    unit="money",
    needs=(ORDERS,),
)
def arppu(view: View, spans: Spans) -> Floats:
    totals = revenue.sums(view, spans)
    return ratio(totals[:, money.NET_KNOWN], totals[:, money.PAYERS])


@metric(
    "paying_share",
    "Paying share",
    definition="Share of the users active in the period who ordered in it.",
    formula="paying users ÷ users active or paying",
    unit="rate",
    needs=(ORDERS, EVENT_LOG),
)
def paying_share(view: View, spans: Spans) -> Floats:
    return ratio(revenue.sums(view, spans)[:, money.PAYERS], revenue.active_or_paying(view, spans))


@metric(
    "repeat_rate",
    "Repeat rate",
    definition="Share of the period's customers who ordered at least twice in the period.",
    formula="users with ≥ 2 orders ÷ users with ≥ 1 order",
    unit="rate",
    needs=(ORDERS,),
)
def repeat_rate(view: View, spans: Spans) -> Floats:
    totals = revenue.sums(view, spans)
    return ratio(totals[:, money.REPEATERS], totals[:, money.PAYERS])


@metric(
    "return_rate",
    "Returned value",
    definition="Value of returns as a share of gross revenue in the same period.",
    formula="−returns ÷ gross revenue",
    unit="rate",
    higher_is_better=False,
    needs=(ORDERS,),
)
def return_rate(view: View, spans: Spans) -> Floats:
    totals = revenue.sums(view, spans)
    return ratio(0.0 - totals[:, money.RETURNS], totals[:, money.GROSS])


@metric(
    "guest_share",
    "Guest share",
    definition="Share of gross revenue from orders without a customer id.",
    formula="gross revenue of guests ÷ gross revenue",
    unit="rate",
    higher_is_better=None,
    needs=(ORDERS,),
)
def guest_share(view: View, spans: Spans) -> Floats:
    totals = revenue.sums(view, spans)
    return ratio(totals[:, money.GROSS] - totals[:, money.GROSS_KNOWN], totals[:, money.GROSS])


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


def table_of(item: Metric) -> str | None:
    """The table whose rows a filter tests for this metric; None when it tests persons only."""
    tables = {name.split(".")[0] for need in item.needs for name in need.any_of}
    return "transactions" if ORDERS in item.needs else "events" if tables & {"events", "sessions"} else None


def metric_result(view: View, *, key: str, by: str = "day") -> Result:
    """Behind :func:`dashboard.service.metric`: the metric per period and for the whole range.

    frame: period, value, complete; with a comparison previous_period, previous. summary: value, previous, delta,
    relative, verdict. Raises CannotAnswer when the data lack something.
    """
    from dashboard.insights.answer import require  # answer reads the registry that this module fills

    item = METRICS[key]
    require(view.dataset.manifest, item.label, item.needs)
    table = table_of(item)
    notes = list(where.ignored(view, table))
    manifest = view.dataset.manifest
    read: dict[str, Any] = {"rows_read": manifest.rows.get(table, manifest.users) if table else manifest.users}
    value, previous = value_and_previous(view, item)
    if not item.history:
        frame = pd.DataFrame(
            {"period": pd.Series([], dtype=object), "value": [], "complete": pd.Series([], dtype=bool)}
        )
    else:
        parts = activity.buckets_of(view, by)
        frame = pd.DataFrame(
            {"period": parts.labels, "value": item.compute(view, parts.spans), "complete": parts.complete}
        )
        if view.previous is not None:
            before = activity.buckets_of(view, by, view.previous)
            frame["previous_period"] = pd.Series(before.labels).reindex(frame.index)
            frame["previous"] = pd.Series(item.compute(view, before.spans)).reindex(frame.index)
            if not view.comparable():
                notes.append(activity.no_comparison(view))
    left_out: tuple[LeftOut, ...] = ()
    if table == "transactions":
        left_out = revenue.left_out(revenue.sums(view, [(view.period.first, view.period.last)])[0])
    units: dict[str, str] = {name: item.unit for name in ("value", "previous") if name in frame}
    return Result(
        key,
        frame,
        units=units,
        summary=compared(value, previous, item.higher_is_better),
        left_out=left_out,
        notes=tuple(notes),
        users_read=manifest.users,
        **read,
    )


def value_and_previous(view: View, item: Metric) -> tuple[float, float]:
    """The metric over the range and over the previous period (NaN without a comparable one)."""
    value = float(item.compute(view, [(view.period.first, view.period.last)])[0])
    if not item.history or view.previous is None or not view.comparable():
        return value, float("nan")
    return value, float(item.compute(view, [(view.previous.first, view.previous.last)])[0])
