"""The headline numbers that fit a dataset."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.insights import answer, periods
from dashboard.insights.activity import no_comparison
from dashboard.insights.metrics import value_and_previous
from dashboard.insights.registry import METRICS, Metric
from dashboard.insights.totals import compared, json_number
from dashboard.insights.view import View
from dashboard.result import Kpi, Result
from dashboard.store.manifest import Manifest

MAX_CARDS = 8
WEEKLY_FROM = 120  # days from which a sparkline shows weeks

SHOP = ("revenue", "orders", "aov", "paying_users", "new_users", "repeat_rate", "arppu", "return_rate")
ACTIVITY = ("active_users", "dau", "wau", "mau", "stickiness", "new_users", "events_per_user", "signups")
BOTH = ("active_users", "dau", "mau", "stickiness", "new_users", "revenue", "arpu", "paying_share")
PEOPLE = ("users", "recent_share", "long_inactive_share", "mean_usage", "median_usage", "churned_share", "signups")


def chosen(manifest: Manifest) -> tuple[str, ...]:
    """Keys of the metrics for the cards: by the kind of the data, without those that it cannot answer."""
    shop = "transactions" in manifest.tables
    log = bool({"events", "sessions"} & set(manifest.given))
    wanted = BOTH if shop and log else SHOP if shop else ACTIVITY if log else PEOPLE
    if shop or log:
        wanted = (*wanted, *PEOPLE)
    answerable = [key for key in dict.fromkeys(wanted) if not answer.missing(manifest, METRICS[key].needs)]
    return tuple(answerable[:MAX_CARDS])


def kpis_result(view: View) -> Result:
    """summary["kpis"]: list of JSON-ready :class:`Kpi`; frame: the same numbers as a table (key, label, unit, value,
    previous, delta, relative)."""
    cards = [card(view, METRICS[key]) for key in chosen(view.dataset.manifest)]
    plain: list[dict[str, Any]] = [dict(item.__dict__) for item in cards]
    names = ["key", "label", "unit", "value", "previous", "delta", "relative"]
    frame = pd.DataFrame([[item[name] for name in names] for item in plain], columns=names)
    for name in names[3:]:
        frame[name] = frame[name].astype("float64")
    manifest = view.dataset.manifest
    rows = sum(manifest.rows.values())
    return Result("kpis", frame, summary={"kpis": plain}, rows_read=rows, users_read=manifest.users)


def card(view: View, item: Metric) -> Kpi:
    """One card: value and previous value of the range, and its history over complete periods."""
    value, previous = value_and_previous(view, item)
    history = item.history and view.dated
    compare = history and view.previous is not None
    note = ""
    if json_number(value) is None:
        note = "Not defined for this range: there is nothing to divide by or to average."
    elif compare and not view.comparable():
        note = no_comparison(view)
    elif history and view.period.last > view.last_complete:
        note = "The last days of this range are not over in this data."
    spark, labels = _spark(view, item) if history else ((), ())
    return Kpi(
        key=item.key,
        label=item.label,
        definition=item.definition,
        formula=item.formula,
        unit=item.unit,
        higher_is_better=item.higher_is_better,
        **compared(value, previous, item.higher_is_better),  # type: ignore[arg-type]
        first_day=periods.iso(view.period.first) if history else "",
        last_day=periods.iso(view.period.last) if history else "",
        previous_first=periods.iso(view.previous.first) if compare and view.previous else "",
        previous_last=periods.iso(view.previous.last) if compare and view.previous else "",
        spark=spark,
        spark_labels=labels,
        note=note,
        currency=view.dataset.manifest.currency if item.unit == "money" else "",
    )


def _spark(view: View, item: Metric) -> tuple[tuple[float | None, ...], tuple[str, ...]]:
    parts = view.buckets("week" if view.period.days >= WEEKLY_FROM else "day")
    values = item.compute(view, parts.spans)
    kept = [
        (json_number(float(v)), label) for v, label, ok in zip(values, parts.labels, parts.complete, strict=True) if ok
    ]
    return tuple(value for value, _ in kept), tuple(label for _, label in kept)
