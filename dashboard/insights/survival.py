"""How long people stay: Kaplan–Meier curves of lifetimes, by group, with a log-rank test.

Formula source: methods section 3. Without a contract a lifetime runs from the first to the last active day and has
ended only when the person has been silent for ``silent_days`` up to the last complete day; otherwise the person is
still being waited for. With a contract (who left is in the user table) it runs from sign-up to the day they left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine.run import run
from dashboard.errors import CannotAnswer, UserError
from dashboard.insights import options, periods, where
from dashboard.insights.active_days import TABLE
from dashboard.insights.activity import rows_read
from dashboard.insights.registry import Need, insight
from dashboard.insights.retention_groups import Groups, groups_of
from dashboard.insights.retention_marks import days
from dashboard.insights.retention_query import ANY
from dashboard.insights.totals import json_number
from dashboard.insights.view import View
from dashboard.jit import kernel
from dashboard.result import LeftOut, Result
from dashboard.schema import NULL_DAY
from dashboard.statistics.survival import MIN_AT_RISK, kaplan_meier, log_rank
from dashboard.store.partition import Partition

SILENT_DAYS = 30
MAX_POINTS = 1_000
LIFETIME = Need(("events", "users.churned"), "a table with times, or who left and for how long they were there")
Floats = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Lifetimes:
    """One entry per person: how long, whether it ended, group. without: persons whose lifetime is not known."""

    length: Floats
    ended: npt.NDArray[np.bool_]
    group: Int32
    without: int


@kernel
def first_and_last(
    offsets: npt.NDArray[np.int64], day: Int32, until: int, first: npt.NDArray[np.int32], last: npt.NDArray[np.int32]
) -> None:
    """First and last day up to ``until`` of each person; untouched without any."""
    for u in range(offsets.shape[0] - 1):
        begin, end = offsets[u], offsets[u + 1]
        while end > begin and day[end - 1] > until:
            end -= 1
        if end > begin:
            first[u] = day[begin]
            last[u] = day[end - 1]


def of_activity(view: View, groups: Groups, silent_days: int = SILENT_DAYS) -> Lifetimes:
    """Lifetimes from active days of the persons first seen in the view's range, up to the last complete day."""

    def read(partition: Partition) -> tuple[Floats, npt.NDArray[np.bool_], Int32, int]:
        active = days(view, partition, ANY)
        first = np.full(partition.n_users, NULL_DAY, np.int32)
        last = first.copy()
        first_and_last(active.offsets, active.day, view.last_complete, first, last)
        group = groups.of(view, partition)
        inside = (group >= 0) & (first >= view.period.first) & (first <= view.period.last)
        length = (last.astype(np.float64) - first)[inside]
        silent = (view.last_complete - last.astype(np.int64))[inside]
        return length, silent >= silent_days, group[inside], int(((group >= 0) & ~inside).sum())

    return _joined(run(view.dataset, read, list))


def of_contract(view: View, groups: Groups, duration: str) -> Lifetimes:
    """Lifetimes from the user table: ``duration``, a column of numbers, or the days from sign-up to the last activity
    of who left, and to the as-of day of who is still there."""
    zone = view.dataset.manifest.time_zone

    def read(partition: Partition) -> tuple[Floats, npt.NDArray[np.bool_], Int32, int]:
        users, group = partition.users, groups.of(view, partition)
        churned = users.column("churned")
        if duration:
            length = users.column(duration).astype(np.float64)
        else:
            begin = periods.local_days(users.column("signup_time"), zone).astype(np.float64)
            end = np.full(partition.n_users, float(view.as_of))
            name = "last_active_time" if users.has("last_active_time") else "last_time"
            left = periods.local_days(users.column(name), zone).astype(np.float64)
            end[churned == 1] = left[churned == 1]
            length = end - begin
            length[(begin == NULL_DAY) | (end == NULL_DAY) | (length < 0)] = np.nan
        known = (group >= 0) & (churned >= 0) & ~np.isnan(length) & (length >= 0)
        return length[known], churned[known] == 1, group[known], int(((group >= 0) & ~known).sum())

    return _joined(run(view.dataset, read, list))


def _joined(parts: list[tuple[Floats, npt.NDArray[np.bool_], Int32, int]]) -> Lifetimes:
    length, ended, group, without = zip(*parts, strict=True)
    return Lifetimes(np.concatenate(length), np.concatenate(ended), np.concatenate(group), sum(without))


def compare_groups(view: View, groups: Groups, silent_days: int = SILENT_DAYS) -> dict[str, Any]:
    """The log-rank test of equal lifetimes of the groups, JSON-ready."""
    return {**_log_rank(of_activity(view, groups, silent_days)), "silent_days": silent_days}


def _log_rank(found: Lifetimes) -> dict[str, Any]:
    statistic, df, p_value = log_rank(found.length, found.ended, found.group)
    return {"statistic": json_number(statistic), "df": df, "p_value": json_number(p_value)}


@insight(
    "survival",
    "How long people stay",
    definition="Share of people who are still there after a time (Kaplan–Meier), for people who left and who did not.",
    needs=(LIFETIME,),
)
def survival(
    view: View,
    *,
    source: str = "auto",
    duration: str = "",
    silent_days: int = SILENT_DAYS,
    breakdown: str = "",
    top: int = 5,
    horizon: float = 0,
) -> Result:
    """Columns: group ("" without breakdown), time (days; with duration the column's unit), survival (share still
    there), low, high (95 % band, missing where fewer than 10 are at risk), at_risk, events. The first row of a group is
    time 0 with survival 1; at most 1,000 rows a group, the last one is always the end of the curve.

    Options source: activity (people first seen in the range; ended when silent for ``silent_days``), contract (who left
    is in the user table; all people), auto (contract where the user table says who left and for how long); duration: a
    column of the users with the length; silent_days: 1 to 3,650; breakdown: a column of the users; top: groups;
    horizon: for the restricted mean, 0 = the longest time.

    summary: source, groups: one {group, users, ended, median (None: never reached), restricted_mean, horizon} each;
    log_rank: {statistic, df, p_value} of equal curves, None without breakdown.
    """
    chosen = _source(view, source, duration)
    silent_days = options.whole(silent_days, "silent_days", 1, 3_650)
    limit = options.decimal(horizon, "horizon", 0, 1e9)
    groups = groups_of(view, breakdown, options.whole(top, "top", 1, 12))
    found = of_contract(view, groups, duration) if chosen == "contract" else of_activity(view, groups, silent_days)
    until = limit or (float(found.length.max()) if len(found.length) else 0.0)
    frames, about = [], []
    for g, name in enumerate(groups.names):
        mine = found.group == g
        curve = kaplan_meier(found.length[mine], found.ended[mine])
        narrow = curve.at_risk >= MIN_AT_RISK
        frame = pd.DataFrame(
            {
                "group": name,
                "time": [0.0, *curve.times],
                "survival": [1.0, *curve.survival],
                "low": [1.0, *np.where(narrow, curve.low, np.nan)],
                "high": [1.0, *np.where(narrow, curve.high, np.nan)],
                "at_risk": [int(mine.sum()), *curve.at_risk],
                "events": [0, *curve.events],
            }
        )
        if len(frame) > MAX_POINTS:
            frame = frame.iloc[np.unique(np.linspace(0, len(frame) - 1, MAX_POINTS).astype(int))]
        frames.append(frame)
        about.append(
            {
                "group": name,
                "users": int(mine.sum()),
                "ended": int(found.ended[mine].sum()),
                "median": json_number(curve.median),
                "restricted_mean": json_number(curve.restricted_mean(until)) if mine.any() else None,
                "horizon": until,
            }
        )
    summary = {"source": chosen, "groups": about, "log_rank": _log_rank(found) if breakdown else None}
    units = {"survival": "rate", "low": "rate", "high": "rate", "at_risk": "count", "events": "count"}
    units["time"] = "number" if duration else "days"
    text = "people not first seen in the range" if chosen == "activity" else "people without a known length"
    return Result(
        "survival",
        pd.concat(frames, ignore_index=True),
        units=units,
        summary=summary,
        left_out=(LeftOut("not_observed", found.without, text),) if found.without else (),
        notes=(*where.ignored(view, TABLE if chosen == "activity" else None), _note(chosen, silent_days)),
        **rows_read(view),
    )


def _note(source: str, silent_days: int) -> str:
    if source == "activity":
        return f"A lifetime has ended when a person was silent for {silent_days} days; others are still waited for."
    return "People who are there now were not followed from their start, so this describes them and forecasts nothing."


def _source(view: View, source: str, duration: str) -> str:
    manifest = view.dataset.manifest
    contract = manifest.has_column("users", "churned") and (
        bool(duration) or manifest.has_column("users", "signup_time")
    )
    if duration and (
        not manifest.has_column("users", duration) or manifest.columns["users"][duration].type != "number"
    ):
        raise CannotAnswer(f"The users have no numbers in “{duration}”.", (duration,), "Choose a column of numbers.")
    if source not in ("auto", "activity", "contract"):
        raise UserError("bad_survival", "There is no such source.", "Choose auto, activity or contract.")
    if source == "contract" and not contract:
        raise CannotAnswer(
            "The users do not say who left and for how long they were there.",
            ("churned", "signup_time"),
            "Map both columns, or use activity.",
        )
    chosen = "contract" if contract and source != "activity" else "activity"
    if chosen == "activity" and "events" not in manifest.tables:
        raise CannotAnswer(
            "How long people stay needs dates, or a column with the length.",
            ("users.signup_time",),
            "Choose the column with the length, or add an event log.",
        )
    return chosen
