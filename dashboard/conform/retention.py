"""Cases of retention."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np

from dashboard.conform.case import Case, day
from dashboard.conform.runner import adapter
from dashboard.insights.retention_matrix import matrix
from dashboard.insights.retention_query import RetentionQuery
from dashboard.insights.selector import Selector

_FAR = 400 * 31  # days; without ``as_of`` every period is complete, also those after the data


@adapter("retention", features=("period_hour",))
def retention_case(case: Case) -> dict[str, Any]:
    given = case.settings
    query = RetentionQuery(
        kind=given["kind"],
        count=given["count"],
        start=Selector.from_json(given["start"]),
        returning=Selector.from_json(given["return"]),
        min_occurrences=given.get("min_occurrences") or 1,
        period=given["period"],
        window_mode=given.get("window_mode") or "calendar",
        first=given["from"],
        periods=given["periods"],
        columns=given["columns"],
        week_start=given.get("week_start") or "",
        unknown_event="allow",
    )
    first = day(given["from"])
    as_of = None
    if case.as_of is not None:
        as_of = (case.as_of - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
    found = matrix(case.view(first, first, margin=_FAR), query, as_of)
    width = found.plan.width
    _, _, weighted, simple = found.pooled()
    return {
        "cohorts": found.plan.calendar.labels[: found.plan.cohorts],
        "matrix": [[int(n) for n in row[:w]] for row, w in zip(found.cells[0], width, strict=True)],
        "complete": [[bool(x) for x in row[:w]] for row, w in zip(found.complete, width, strict=True)],
        "mean_weighted": _numbers(weighted[0]),
        "mean_simple": _numbers(simple[0]),
    }


def _numbers(values: np.ndarray) -> list[float | None]:
    return [None if math.isnan(value) else float(value) for value in values]
