"""Cases of lifecycle, daily states and stickiness."""

from __future__ import annotations

import math
from typing import Any

from dashboard.conform.activity import selected
from dashboard.conform.case import Case, day
from dashboard.conform.runner import adapter
from dashboard.insights import lifecycle, lifecycle_states, periods, stickiness
from dashboard.insights.retention_calendar import from_label
from dashboard.insights.selector import Selector

_FAR = 400 * 31  # days; without ``as_of`` every period is complete, also those after the data


def activity(case: Case) -> tuple[Selector, ...]:
    return (Selector.from_json(case.settings.get("activity") or {}),)


@adapter("lifecycle", features=("period_hour",))
def lifecycle_case(case: Case) -> dict[str, Any]:
    given = case.settings
    first = day(given["from"])
    view = case.view(first, first, margin=_FAR)
    begin = from_label(given["from"], given["period"], case.zone.key)
    calendar = lifecycle.periods_of(view, given["period"], begin, given["periods"])
    frame = lifecycle.accounting(view, calendar, activity(case))
    return {
        "periods": list(frame["period"]),
        **{name: [int(n) for n in frame[name]] for name in lifecycle.STATES},
        "pulse": [None if math.isnan(value) else float(value) for value in frame["pulse"]],
    }


@adapter("daily_states", features=("daily_states",))
def daily_states_case(case: Case) -> dict[str, Any]:
    manifest = case.stored.manifest
    if manifest.first_day is None or manifest.last_day is None:
        return {"active_day_states": {}}
    names, where = selected(case)
    view = case.view(manifest.first_day, manifest.last_day, where)
    found: dict[str, dict[str, str]] = {}
    for number in range(manifest.first_day, manifest.last_day + 1):
        for state in lifecycle_states.ACTIVE:
            for person in lifecycle_states.people_in(view, number, state, names):
                found.setdefault(person, {})[periods.iso(number)] = state
    return {"active_day_states": found}


@adapter("stickiness", features=("period_hour",))
def stickiness_case(case: Case) -> dict[str, Any]:
    view = case.view(day(case.settings["from"]), day(case.settings["to"]))
    calendar = stickiness.periods_of(view, case.settings["period"])
    exact = stickiness.histogram(view, calendar, activity(case))
    return {
        "intervals": len(calendar),
        "exact": [int(n) for n in exact[1:]],
        "at_least": [int(n) for n in exact[1:][::-1].cumsum()[::-1]],
    }
