"""A metric as an answer: per period, for the whole range, and compared."""

from __future__ import annotations

from typing import Any

import pandas as pd

# modules that are only imported fill the registry; the order of metrics_* is that of the glossary
from dashboard.insights import (
    activation,  # noqa: F401
    activity,
    activity_groups,  # noqa: F401
    aha,  # noqa: F401
    churn,  # noqa: F401
    churn_drivers,  # noqa: F401
    churn_people,  # noqa: F401
    churn_window,  # noqa: F401
    cleaning,  # noqa: F401
    cluster_people,  # noqa: F401
    clv,  # noqa: F401
    clv_backtest,  # noqa: F401
    clv_people,  # noqa: F401
    clv_spread,  # noqa: F401
    clv_subscribers,  # noqa: F401
    clv_subscriptions,  # noqa: F401
    features,  # noqa: F401
    features_impact,  # noqa: F401
    features_people,  # noqa: F401
    funnel,  # noqa: F401
    funnel_drivers,  # noqa: F401
    funnel_suggestions,  # noqa: F401
    funnel_time,  # noqa: F401
    funnel_trace,  # noqa: F401
    funnel_trend,  # noqa: F401
    lifecycle,  # noqa: F401
    lifecycle_states,  # noqa: F401
    metrics_activity,  # noqa: F401
    metrics_revenue,  # noqa: F401
    metrics_users,  # noqa: F401
    paths,  # noqa: F401
    retention,  # noqa: F401
    revenue,
    rfm,  # noqa: F401
    rfm_moved,  # noqa: F401
    rhythm,  # noqa: F401
    rule_people,  # noqa: F401
    sessions,  # noqa: F401
    stickiness,  # noqa: F401
    survival,  # noqa: F401
    usage_interval,  # noqa: F401
    where,
)
from dashboard.insights.registry import METRICS, ORDERS, Insight, Metric
from dashboard.insights.totals import aligned, compared
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result


def table_of(item: Metric | Insight) -> str | None:
    """The table whose rows a filter tests for this number; None when it tests persons only."""
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
        columns = {"period": parts.labels, "value": item.compute(view, parts.spans), "complete": parts.complete}
        if view.previous is not None:
            before = activity.buckets_of(view, by, view.previous)
            columns["previous_period"] = aligned(before.labels, len(parts.labels))
            columns["previous"] = aligned(item.compute(view, before.spans), len(parts.labels))
            if not view.comparable():
                notes.append(activity.no_comparison(view))
        frame = pd.DataFrame(columns)
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
    period, previous = (view.period.first, view.period.last), view.previous
    if not item.history or previous is None or not view.comparable():
        return float(item.compute(view, [period])[0]), float("nan")
    if previous.last < view.period.first:  # both in one pass over the data
        before, value = item.compute(view, [(previous.first, previous.last), period])
        return float(value), float(before)
    return float(item.compute(view, [period])[0]), float(item.compute(view, [(previous.first, previous.last)])[0])
