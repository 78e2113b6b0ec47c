"""What a funnel says of counted attempts: how many got how far, and how fast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dashboard.engine import executors
from dashboard.insights.funnel_attempts import Counted
from dashboard.insights.funnel_groups import NONE
from dashboard.insights.funnel_match import NEVER
from dashboard.insights.funnel_prepare import SECOND
from dashboard.insights.funnel_query import FunnelQuery
from dashboard.jit import kernel
from dashboard.statistics.intervals import wilson
from dashboard.statistics.quantiles import quantiles

QUANTILES = {"median": 0.5, "p75": 0.75, "p90": 0.9}
_ONE_GROUP = np.zeros(0, np.int64)
Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


class Taken(NamedTuple):
    """Of one group, per step: users int64[steps] who got there, and the seconds it took them from the step before:
    float64[steps, 4], mean, median, P75, P90 (NaN at the first step and where nobody got)."""

    users: Int64
    seconds: Floats


@kernel
def count_reached(at: Int64, code: Int64, users: Int64) -> None:
    """users[code[p], k] += 1 for every step k that attempt p reached; without codes all are of group 0, and groups that
    ``users`` has no row for are left out."""
    for p in range(at.shape[0]):
        group = code[p] if code.shape[0] else 0
        if group < users.shape[0]:
            for k in range(at.shape[1]):
                users[group, k] += at[p, k] != NEVER


@kernel
def fill_elapsed(at: Int64, code: Int64, place: Int64, out: Floats) -> None:
    """out[place[group, k]] = seconds from the step reached before to step k > 0, for every attempt that reached it;
    each one moves its place on. Times never fall: the step reached before is the latest one."""
    for p in range(at.shape[0]):
        group = code[p] if code.shape[0] else 0
        if group < place.shape[0]:
            before = at[p, 0]
            for k in range(1, at.shape[1]):
                if at[p, k] != NEVER:
                    out[place[group, k]] = (at[p, k] - before) / SECOND
                    place[group, k] += 1
                    before = at[p, k]


def users_per_step(found: Counted, codes: Sequence[Int64] | None, groups: int) -> Int64:
    """int64[partitions, groups, steps]: attempts of each group that reached each step. codes: per partition the group
    of each attempt, None = all are one group; those of groups from ``groups`` on are left out."""
    users = np.zeros((len(found.parts), groups, found.parts[0].at.shape[1]), np.int64)
    list(executors.threads().map(count_reached, [part.at for part in found.parts], codes or _one(found), users))
    return users


def _one(found: Counted) -> list[Int64]:
    return [_ONE_GROUP] * len(found.parts)


def taken(found: Counted, codes: Sequence[Int64] | None, groups: int) -> list[Taken]:
    """How far the attempts of each group got, and how fast. codes, groups: as in :func:`users_per_step`."""
    users, threads = users_per_step(found, codes, groups), executors.threads()
    later = users.copy()
    later[:, :, 0] = 0
    lengths = later.sum(axis=0)
    ends = np.cumsum(lengths).reshape(lengths.shape)
    places = (ends - lengths) + np.cumsum(later, axis=0) - later  # a group's step lies together, partition by partition
    elapsed = np.empty(int(lengths.sum()), np.float64)
    attempts = zip(found.parts, codes or _one(found), places, strict=True)
    list(threads.map(lambda mine: fill_elapsed(mine[0].at, mine[1], mine[2], elapsed), attempts))
    slices = [elapsed[end - length : end] for end, length in zip(ends.flat, lengths.flat, strict=True)]
    seconds = np.array(list(threads.map(spread, slices))).reshape(groups, users.shape[2], 1 + len(QUANTILES))
    total = users.sum(axis=0)
    return [Taken(total[group], seconds[group]) for group in range(groups)]


def spread(seconds: Floats) -> list[float]:
    """Mean, median (mean of the two middle values), P75 and P90; NaN without values."""
    if not len(seconds):
        return [np.nan] * (1 + len(QUANTILES))
    return [float(seconds.mean()), *quantiles(seconds, [*QUANTILES.values()]).tolist()]


def block(query: FunnelQuery, got: Taken, value: str | None, everybody: int, lost: Floats | None) -> dict[str, Any]:
    """Columns of the rows of one group, one per step, as of the insight ``funnel``.

    value: the group's, "" = missing, None = these are everybody. everybody: users to whom ``rate_of_all_users`` refers.
    lost: float64[steps, 3], see :func:`dashboard.insights.funnel_money.money_lost`.
    """
    users, steps = got.users, range(len(query.steps))
    previous = users[[0, *(query.step_before(k) for k in steps if k)]]
    required = [k > 0 and not query.steps[k].optional for k in steps]
    money = np.full((len(users), 3), np.nan) if lost is None else lost
    return {
        "group": ["" if value is None else value or NONE] * len(users),
        "is_total": [value is None] * len(users),
        "is_missing": [value == ""] * len(users),
        "step": list(steps),
        "name": query.labels,
        "optional": [step.optional for step in query.steps],
        "users": users,
        "dropped": np.where(required, previous - users, np.nan),
        **_rates("rate_of_first", users, np.full(len(users), users[0])),
        **_rates("rate_of_previous", users, previous, first=False),
        **_rates("rate_of_all_users", users, np.full(len(users), everybody)),
        **{f"{name}_seconds": got.seconds[:, index] for index, name in enumerate(("mean", *QUANTILES))},
        **{f"money_lost{end}": money[:, index] for index, end in enumerate(("", "_low", "_high"))},
    }


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
