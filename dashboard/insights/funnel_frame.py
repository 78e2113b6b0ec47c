"""What a funnel says of counted attempts: how many got how far, how fast, and how many would if all were watched long
enough."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.insights.funnel_attempts import Counted, counted, now_of, span_of
from dashboard.insights.funnel_groups import NONE
from dashboard.insights.funnel_match import NEVER
from dashboard.insights.funnel_prepare import SECOND
from dashboard.insights.funnel_query import FunnelQuery
from dashboard.insights.totals import json_number
from dashboard.insights.view import View
from dashboard.statistics.intervals import wilson
from dashboard.statistics.survival import kaplan_meier

QUANTILES = (("median", 0.5), ("p75", 0.75), ("p90", 0.9))
Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


class Taken(NamedTuple):
    """Of one group, per step: users who got there, and the seconds it took them from the step before (none at the
    first)."""

    users: Int64
    seconds: list[Floats]


def taken(found: Counted, code: Int64 | None, groups: int) -> list[Taken]:
    """How far the attempts of each group got. code: the group of each attempt, None = all are one group; those of
    groups from ``groups`` on are left out."""
    steps = found.at.shape[1]
    users = np.zeros((groups, steps), np.int64)
    seconds = [[np.zeros(0)] * steps for _ in range(groups)]
    for k in range(steps):
        hit = found.at[:, k] != NEVER
        mine = np.zeros(int(hit.sum()), np.int64) if code is None else code[hit]
        users[:, k] = np.bincount(mine[mine < groups], minlength=groups)
        if k:
            elapsed = found.since_before(k) / SECOND
            for group in range(groups):
                seconds[group][k] = elapsed[mine == group]
    return [Taken(users[group], seconds[group]) for group in range(groups)]


def block(query: FunnelQuery, got: Taken, value: str | None, everybody: int, lost: Floats | None) -> pd.DataFrame:
    """The rows of one group, one per step; columns as of the insight ``funnel``.

    value: the group's, "" = missing, None = these are everybody. everybody: users to whom ``rate_of_all_users`` refers.
    lost: float64[steps, 3], see :func:`dashboard.insights.funnel_money.money_lost`.
    """
    users, steps = got.users, range(len(query.steps))
    previous = users[[0, *(query.step_before(k) for k in steps if k)]]
    required = [k > 0 and not query.steps[k].optional for k in steps]
    spread = np.array(
        [np.quantile(v, [q for _, q in QUANTILES]) if len(v) else [np.nan] * len(QUANTILES) for v in got.seconds]
    )
    money = np.full((len(users), 3), np.nan) if lost is None else lost
    return pd.DataFrame(
        {
            "group": "" if value is None else value or NONE,
            "is_total": value is None,
            "is_missing": value == "",
            "step": list(steps),
            "name": query.labels,
            "optional": [step.optional for step in query.steps],
            "users": users,
            "dropped": np.where(required, previous - users, np.nan),
            **_rates("rate_of_first", users, np.full(len(users), users[0])),
            **_rates("rate_of_previous", users, previous, first=False),
            **_rates("rate_of_all_users", users, np.full(len(users), everybody)),
            "mean_seconds": [float(values.mean()) if len(values) else np.nan for values in got.seconds],
            **{f"{name}_seconds": spread[:, index] for index, (name, _) in enumerate(QUANTILES)},
            **{f"money_lost{end}": money[:, index] for index, end in enumerate(("", "_low", "_high"))},
        }
    )


def _rates(
    name: str, k: npt.NDArray[np.int64], n: npt.NDArray[np.int64], *, first: bool = True
) -> dict[str, npt.NDArray[np.float64]]:
    """Columns of a rate with its interval; 0 where there is nobody, then without an interval. first: whether the first
    step has one."""
    total = np.asarray(n, np.float64)
    rate = np.divide(k, total, out=np.zeros(len(total)), where=total > 0)
    low, high = wilson(np.minimum(k, total), total)
    if not first:
        rate[0] = low[0] = high[0] = np.nan
    return {name: rate, f"{name}_low": low, f"{name}_high": high}


def survival(view: View, query: FunnelQuery) -> dict[str, float | None]:
    """1 − Kaplan–Meier at the window over all entries of the view, those still open included."""
    names = ("survival_rate", "survival_rate_low", "survival_rate_high")
    nothing: dict[str, float | None] = dict.fromkeys(names)
    if query.window_seconds is None:
        return nothing
    found = counted(view, query, span_of(view, query, immature="count"))
    if not len(found.person):
        return nothing
    done = found.reached[:, -1]
    entry = found.at[:, 0]
    waiting = np.minimum(now_of(view) - entry, query.window_seconds * SECOND)
    durations = np.where(done, found.at[:, -1] - entry, np.maximum(waiting, 0)) / SECOND
    curve = kaplan_meier(durations, done)
    if not len(curve.times):
        return dict.fromkeys(names, 0.0) if bool((waiting >= query.window_seconds * SECOND).any()) else nothing
    low, high = curve.low[-1], curve.high[-1]
    return {
        "survival_rate": 1 - float(curve.survival[-1]),
        "survival_rate_low": json_number(1 - float(high)),
        "survival_rate_high": json_number(1 - float(low)),
    }
