"""Cases of active users, users per period and stickiness."""

from __future__ import annotations

import math
from typing import Any

from dashboard.conform.case import Case, day
from dashboard.conform.runner import adapter
from dashboard.insights.activity import active_users, unique_users
from dashboard.insights.selector import text


def selected(case: Case) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]:
    """(event names, row filters) of the case's ``activity``. A name that never occurs, which people are told, becomes a
    filter that nothing passes: a case expects the numbers of nobody."""
    wanted = case.settings.get("activity") or {}
    names = (wanted["event"],) if wanted.get("event") is not None else ()
    where = tuple((name, (text(value),)) for name, value in sorted((wanted.get("where") or {}).items()))
    if names and case.stored.code("event_name", names[0]) < 0:
        return (), (*where, ("event_name", names))
    return names, where


@adapter("active_users")
def active_users_case(case: Case) -> dict[str, Any]:
    names, where = selected(case)
    result = active_users(case.view(day(case.settings["from"]), day(case.settings["to"]), where), activity=names)
    manifest = case.stored.manifest
    months: dict[str, int] = {}
    if manifest.first_day is not None and manifest.last_day is not None:
        everything = case.view(manifest.first_day, manifest.last_day, where)
        frame = unique_users(everything, by="month", activity=names).frame
        months = {str(p)[:7]: int(n) for p, n in zip(frame["period"], frame["users"], strict=True) if n}
    return {
        "days": list(result.frame["day"]),
        **{name: [int(n) for n in result.frame[name]] for name in ("dau", "wau", "mau")},
        "dau_over_mau": [None if math.isnan(rate) else rate for rate in result.frame["stickiness"]],
        "mean_dau_over_mau": result.summary["stickiness"],
        "month_actives": months,
    }


@adapter("unique_users")
def unique_users_case(case: Case) -> dict[str, Any]:
    names, where = selected(case)
    view = case.view(day(case.settings["from"]), day(case.settings["to"]), where)
    frame = unique_users(view, by=case.settings["period"], activity=names).frame
    return {
        "periods": list(frame["period"]),
        "users": [int(n) for n in frame["users"]],
        "events": [int(n) for n in frame["events"]],
    }
