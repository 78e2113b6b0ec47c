"""Retention as answers: the cohort matrix with its pooled curve, one column over time, and who is in a cell.

Formula source: definitions section 5. Options of every function are those of
:class:`dashboard.insights.retention_query.RetentionQuery`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.errors import UserError
from dashboard.insights import where
from dashboard.insights.active_days import TABLE
from dashboard.insights.activity import rows_read
from dashboard.insights.options import flag, whole
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.retention_matrix import Matrix, cohort_index, matrix, people, plan, require_amounts
from dashboard.insights.retention_query import MAX_PERIODS, RetentionQuery
from dashboard.insights.survival import compare_groups
from dashboard.insights.totals import json_number, ratio
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result
from dashboard.statistics.intervals import wilson

Floats = npt.NDArray[np.float64]
UNITS = {
    "members": "count",
    "users": "count",
    "rate": "rate",
    "low": "rate",
    "high": "rate",
    "of_previous": "rate",
    "revenue": "money",
    "revenue_rate": "rate",
    "cumulative": "money",
    "per_member": "money",
}


@insight(
    "retention",
    "Retention",
    definition="Of the people who started in a period, how many came back in each later period.",
    needs=(TIMED,),
)
def retention(view: View, **options: Any) -> Result:
    """One row per cell of the cohort matrix. Columns: group ("" without breakdown), cohort (label of its period), index
    (number of the cohort from 0), k (column from 0), column ("0", "3", or "2–3" for a bracket), members (of the
    cohort), users (who count in the column; k = 0: the members), rate (users / members), low, high (Wilson 95 %),
    of_previous (users / users of the column before), complete (the period is over for the whole cohort; other cells are
    in no mean). With value=revenue also revenue (amounts of the members in that period), revenue_rate (of the revenue
    of column 0), cumulative (revenue up to here), per_member (cumulative / members).

    Options kind: recurring, first_time, first_ever; count: on, on_or_after, on_or_before, brackets, streak; start,
    return: {"event": name or null, "where": {property: value}}; min_occurrences; period: hour, day, week, month;
    window_mode: calendar, 24h, 24h_hour; first: label of the first cohort; periods: cohorts; columns: auto, triangle or
    a number; brackets: [[1, 1], [2, 3]]; week_start; breakdown: a column of the users; top: groups; value: people,
    revenue; unknown_event: error, allow.

    summary: query (the options), cohorts, columns, members, groups; curve: one {group, k, column, users, at_risk, rate
    (sum of users / sum of members over complete cells), mean_simple (mean of the rates), low, high, cohorts, and with
    revenue: revenue_rate, per_member} per group and column; log_rank: {statistic, df, p_value, silent_days} of equal
    lifetimes in all groups, None without breakdown.
    """
    query = RetentionQuery.from_json(options)
    if query.value == "revenue":
        require_amounts(view)
    found = matrix(view, query)
    frame = cells(found)
    summary = {
        "query": query.to_json(),
        "cohorts": found.plan.cohorts,
        "columns": found.plan.columns,
        "members": int(found.cells[:, :, 0].sum()),
        "groups": list(found.groups.names),
        "curve": curve(found),
        "log_rank": compare_groups(view, found.groups) if query.breakdown else None,
    }
    open_cells = int((~frame["complete"]).sum())
    left_out = (LeftOut("incomplete", open_cells, "cells whose period is not over: shown, but in no mean"),)
    units = {name: unit for name, unit in UNITS.items() if name in frame}
    return Result(
        "retention",
        frame,
        units=units,
        summary=summary,
        left_out=left_out if open_cells else (),
        notes=(*where.ignored(view, TABLE), *_notes(query)),
        **rows_read(view),
    )


@insight(
    "retention_over_time",
    "Retention over time",
    definition="One column of the cohort matrix, such as day 7, by the date of the cohort.",
    needs=(TIMED,),
)
def retention_over_time(view: View, *, k: int = 1, **options: Any) -> Result:
    """Columns: group, cohort (label), index, members, users, rate, low, high (Wilson 95 %), complete. Only cohorts that
    have the column. Options k: the column (1 = the next period), and those of ``retention``; columns is at least k + 1.
    summary: k, column, rate and at_risk per group over complete cohorts as {group: number}."""
    query = RetentionQuery.from_json(options)
    k = whole(k, "k", 0, MAX_PERIODS)
    if query.count != "brackets" and (query.columns in ("auto", "triangle") or int(query.columns) <= k):
        query = RetentionQuery.from_json({**options, "columns": k + 1})
    found = matrix(view, query)
    if k >= found.plan.columns:
        raise UserError("no_such_cell", "The matrix has no such column.", f"It has {found.plan.columns}.")
    frame = cells(found)
    frame = frame[frame["k"] == k].drop(columns=["k", "column", "of_previous"]).reset_index(drop=True)
    pooled = [item for item in curve(found) if item["k"] == k]
    summary = {
        "query": query.to_json(),
        "k": k,
        "column": found.plan.column_label(k),
        "rate": {item["group"]: item["rate"] for item in pooled},
        "at_risk": {item["group"]: item["at_risk"] for item in pooled},
    }
    units = {name: unit for name, unit in UNITS.items() if name in frame}
    notes = (*where.ignored(view, TABLE), *_notes(query))
    return Result("retention_over_time", frame, units=units, summary=summary, notes=notes, **rows_read(view))


@insight(
    "retention_people",
    "Who came back",
    definition="The users of one cell of the cohort matrix: exactly those that it counts, or those who did not come.",
    needs=(TIMED,),
)
def retention_people(view: View, *, cohort: str = "", k: int = 0, returned: bool = True, **options: Any) -> Result:
    """Column: user_id, sorted. Options cohort: label of the cohort ("" = the first); k: column (0 = all
    members); returned: false lists the members who do not count in the column; the others as in ``retention``. summary:
    users."""
    query = RetentionQuery.from_json({**options, "breakdown": "", "value": "people"})
    column, came = whole(k, "k", 0, MAX_PERIODS), flag(returned, "returned")
    ids = people(view, query, cohort_index(plan(view, query), cohort) if cohort else 0, column, came)
    frame = pd.DataFrame({"user_id": pd.Series(ids, dtype=object)})
    notes = where.ignored(view, TABLE)
    return Result("retention_people", frame, summary={"users": len(ids)}, notes=notes, **rows_read(view))


def cells(found: Matrix) -> pd.DataFrame:
    """The shown cells as rows, as :func:`retention` describes them."""
    planned = found.plan
    index, k = np.nonzero(planned.shown)
    labels = np.array(planned.calendar.labels[: planned.cohorts], object)
    columns = np.array([planned.column_label(i) for i in range(planned.columns)], object)
    frames = []
    for g, name in enumerate(found.groups.names):
        members, users = found.cells[g, index, 0], found.cells[g, index, k]
        low, high = wilson(users, members)
        before = np.where(k > 0, found.cells[g, index, np.maximum(k - 1, 0)], 0)
        frame = pd.DataFrame(
            {
                "group": name,
                "cohort": labels[index],
                "index": index,
                "k": k,
                "column": columns[k],
                "members": members,
                "users": users,
                "rate": ratio(users, members),
                "low": low,
                "high": high,
                "of_previous": ratio(users, before),
                "complete": found.complete[index, k],
            }
        )
        if found.money is not None:
            money = found.money[g]
            total = np.cumsum(money, axis=1)
            frame["revenue"] = money[index, k]
            frame["revenue_rate"] = ratio(money[index, k], money[index, 0])
            frame["cumulative"] = total[index, k]
            frame["per_member"] = ratio(total[index, k], members)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def curve(found: Matrix) -> list[dict[str, Any]]:
    """The pooled curve per group and column, over complete cells of cohorts with members; None where there are none."""
    returned, at_risk, weighted, simple = found.pooled()
    low, high = wilson(returned, at_risk)
    usable = found.usable()
    money = found.money
    out = []
    for g, name in enumerate(found.groups.names):
        for k in range(found.plan.columns):
            item: dict[str, Any] = {
                "group": name,
                "k": k,
                "column": found.plan.column_label(k),
                "users": int(returned[g, k]),
                "at_risk": int(at_risk[g, k]),
                "rate": json_number(weighted[g, k]),
                "mean_simple": json_number(simple[g, k]),
                "low": json_number(low[g, k]),
                "high": json_number(high[g, k]),
                "cohorts": int(usable[g, :, k].sum()),
            }
            if money is not None:
                rows = usable[g, :, k]
                begun, now = money[g, rows, 0].sum(), money[g, rows, k].sum()
                item["revenue_rate"] = json_number(float(ratio(now, begun)))
                item["per_member"] = json_number(float(ratio(money[g, rows, : k + 1].sum(), at_risk[g, k])))
            out.append(item)
    return out


def _notes(query: RetentionQuery) -> tuple[str, ...]:
    notes = []
    if query.kind == "recurring":
        notes.append(
            "A person is in the cohort of every period in which they started, so they may count several times."
        )
    if query.count == "on_or_after":
        notes.append("“On or after” still grows: somebody may come back later than the data reach.")
    if query.window_mode != "calendar":
        notes.append("Periods are windows from each person's own start, not calendar periods.")
    if query.count != "on" and query.min_occurrences > 1:
        notes.append("The number of return events needed applies to “on” only and is not used here.")
    return tuple(notes)
