"""Cases of funnels."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from dashboard.conform.case import Case, day
from dashboard.conform.runner import adapter
from dashboard.insights import periods
from dashboard.insights.funnel import funnel, funnel_people
from dashboard.insights.funnel_drivers import funnel_drivers
from dashboard.insights.funnel_query import FunnelQuery, check_steps, seconds_of
from dashboard.insights.funnel_time import funnel_time
from dashboard.insights.funnel_trend import axis_of, trend_result
from dashboard.insights.view import View

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SHARED = ("steps", "order", "attempt", "exclusions", "unknown_event")


def options(case: Case) -> dict[str, Any]:
    """The case's settings as options of the funnel insights: every entry counts, whatever its age."""
    given = {name: case.settings[name] for name in _SHARED if name in case.settings}
    given["window_seconds"] = seconds_of(case.settings.get("window_seconds"))
    given["immature"] = "count"
    if case.settings.get("same_property"):
        given["same_property"] = case.settings["same_property"]
    return given


def everything(case: Case) -> View:
    """All days of the case."""
    manifest = case.stored.manifest
    first, last = manifest.first_day, manifest.last_day
    return case.view(first if first is not None else 0, last if last is not None else 0)


def numbers(values: pd.Series) -> list[float | None]:
    return [None if math.isnan(value) else float(value) for value in values]


@adapter("funnel_steps", features=("same_property",))
def funnel_steps(case: Case) -> dict[str, Any]:
    FunnelQuery.from_options(options(case))  # a bad question is refused before the events are looked at
    view = everything(case)
    frame = funnel(view, **options(case)).frame
    return {
        "counts": [int(n) for n in frame["users"]],
        "users_at_step": [
            list(funnel_people(view, step=int(step), **options(case)).frame["user_id"]) for step in frame["step"]
        ],
        "step_mean_seconds": numbers(frame["mean_seconds"])[1:],
        "step_median_seconds": numbers(frame["median_seconds"])[1:],
        "rate_of_first": numbers(frame["rate_of_first"]),
        "rate_of_previous": numbers(frame["rate_of_previous"]),
        "rate_of_all_users": numbers(frame["rate_of_all_users"]),
    }


@adapter("funnel_breakdown")
def funnel_breakdown(case: Case) -> dict[str, Any]:
    chosen: Mapping[str, Any] = case.settings["breakdown"]
    result = funnel(
        everything(case),
        breakdown=chosen["property"],
        attribution=chosen["attribution"],
        attribution_step=chosen.get("step") or 0,
        groups=500,
        **options(case),
    )
    frame = result.frame[~result.frame["is_total"]]
    return {
        "groups": {
            "" if missing else str(name): {
                "counts": [int(n) for n in rows["users"]],
                "step_mean_seconds": numbers(rows["mean_seconds"])[1:],
            }
            for (name, missing), rows in frame.groupby(["group", "is_missing"], sort=False)
        }
    }


@adapter("funnel_trend")
def funnel_trend(case: Case) -> dict[str, Any]:
    query = FunnelQuery.from_options(options(case))
    by, first, last = case.settings["period"], case.settings["from"], case.settings["to"]
    end = day(last) if by == "hour" else periods.next_start(day(last), by) - 1  # ``to`` is the label of a whole period
    view = case.view(day(first), end)
    query.check(view.dataset)
    now = None if case.as_of is None else (case.as_of - EPOCH) // dt.timedelta(microseconds=1)
    steps = check_steps(query, case.settings["from_step"], case.settings["to_step"])
    frame = trend_result(view, query, axis_of(view, by), steps, now).frame
    frame = frame[(frame["period"] >= first) & (frame["period"] <= last)]
    return {
        "periods": [
            {
                "period": row.period,
                "entered": int(row.entered),
                "converted": int(row.converted),
                "rate": float(row.rate),
            }
            for row in frame.itertuples()
        ],
        "not_final": list(frame["period"][frame["not_final"]]),
    }


@adapter("time_to_convert")
def time_to_convert(case: Case) -> dict[str, Any]:
    result = funnel_time(
        everything(case),
        from_step=case.settings["from_step"],
        to_step=case.settings["to_step"],
        bins=case.settings["bins"],
        **options(case),
    )
    return {
        **{name: result.summary[name] for name in ("n", "mean_seconds", "median_seconds")},
        "bins": [[float(start), int(n)] for start, n in zip(result.frame["start"], result.frame["users"], strict=True)],
    }


@adapter("funnel_correlation")
def funnel_correlation(case: Case) -> dict[str, Any]:
    result = funnel_drivers(everything(case), **options(case))
    return {
        "converted": result.summary["converted"],
        "dropped": result.summary["dropped"],
        "discarded": result.summary["discarded"],
        "events": {
            str(row["event"]): {
                "converted_with": int(row["converted_with"]),
                "dropped_with": int(row["dropped_with"]),
                "odds_ratio": float(row["odds_ratio"]),
            }
            for row in result.frame.to_dict("records")
        },
    }
