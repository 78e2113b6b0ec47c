"""What each page asks of the service after a click on a filter, as its callbacks do with their defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Question = Callable[[Any], Any]  # of a view (Filters)
FUNNEL = ("play", "search", "rate_title", "subscribe")  # of the streaming sample


def pages(dataset_id: str) -> dict[str, dict[str, Question]]:
    """Page, or page and tab -> name of the question -> the question. A page asks them for the same view."""
    found = {
        "executive": _executive(dataset_id),
        **_engagement(dataset_id),
        "funnels": _funnels(dataset_id),
        **_retention(dataset_id),
        "paths": {"paths": _insight(dataset_id, "paths")},
        **_segments(dataset_id),
        **_value(dataset_id),
    }
    return {name: {"view": _view(dataset_id), **questions} for name, questions in found.items()}


def _view(dataset_id: str) -> Question:
    from dashboard import service

    return lambda view: service.view_of(dataset_id, view)


def _insight(dataset_id: str, name: str, **options: Any) -> Question:
    from dashboard import service

    return lambda view: service.insight(name, dataset_id, view, **options)


def _executive(dataset_id: str) -> dict[str, Question]:
    from dashboard import service
    from dashboard.service import customers

    return {
        "kpis": lambda view: service.kpis(dataset_id, view),
        "revenue": lambda view: service.metric("revenue", dataset_id, view),
        "orders": lambda view: service.metric("orders", dataset_id, view),
        "active_users": _insight(dataset_id, "active_users"),
        "new_users": lambda view: service.metric("new_users", dataset_id, view),
        "segments": lambda view: customers.segmentation(dataset_id, view, customers.rules_of(dataset_id, view)),
        "revenue_by": _insight(dataset_id, "revenue_by", dimension="country"),
        "users_by": _insight(dataset_id, "users_by", dimension="country"),
    }


def _engagement(dataset_id: str) -> dict[str, dict[str, Question]]:
    tabs = {
        "active": ("active_users",),
        "habits": ("days_active", "rhythm", "usage_interval", "sessions"),
        "lifecycle": ("lifecycle", "state_migration"),
        "features": ("features", "feature_impact", "feature_trend"),
    }
    return {f"engagement: {tab}": {n: _insight(dataset_id, n) for n in names} for tab, names in tabs.items()}


def _funnels(dataset_id: str) -> dict[str, Question]:
    steps = {"steps": list(FUNNEL), "window": "7 days"}
    return {
        "funnel_suggestions": _insight(dataset_id, "funnel_suggestions"),
        "funnel": _insight(dataset_id, "funnel", **steps),
        "funnel by platform": _insight(dataset_id, "funnel", **steps, breakdown="platform"),
        "funnel_time": _insight(dataset_id, "funnel_time", **steps, breakdown="platform"),
        "funnel_trend": _insight(dataset_id, "funnel_trend", **steps, by="week"),
        "funnel_drivers": _insight(dataset_id, "funnel_drivers", **steps),
    }


def _retention(dataset_id: str) -> dict[str, dict[str, Question]]:
    week, named = {"period": "week"}, {"period": "week", "start": "signup", "return": "play"}
    return {
        "retention": {
            "retention": _insight(dataset_id, "retention", **week),
            "over time": _insight(dataset_id, "retention_over_time", k=1, **week),
        },
        "retention: named events": {
            "retention": _insight(dataset_id, "retention", **named),
            "over time": _insight(dataset_id, "retention_over_time", k=1, **named),
        },
        "retention: stay": {"survival": _insight(dataset_id, "survival")},
        "retention: aha": {"aha": _insight(dataset_id, "aha")},
    }


def _segments(dataset_id: str) -> dict[str, dict[str, Question]]:
    from dashboard.service import customers

    def rules(view: Any) -> Any:
        found = customers.segmentation(dataset_id, view, customers.rules_of(dataset_id, view))
        return found.engagement, found.recency  # computed when looked at, which the executive page does not

    return {
        "segments": {"rules": rules},
        "segments: RFM": {"rfm": lambda view: customers.rfm(dataset_id, view, {})},
    }


def _value(dataset_id: str) -> dict[str, dict[str, Question]]:
    return {
        "value": {
            "clv": _insight(dataset_id, "clv"),
            "clv_concentration": _insight(dataset_id, "clv_concentration"),
            "clv_distribution": _insight(dataset_id, "clv_distribution"),
        },
        "value: cohorts": {
            "retention": _insight(
                dataset_id, "retention", value="revenue", period="month", kind="first_time", start="order",
                **{"return": "order"},
            )
        },
    }  # fmt: skip
