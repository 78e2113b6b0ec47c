"""Seven states of a person on a day, and how many moved from which to which between two days.

Formula source: definitions section 3. Active on the day: new (first day ever), current (active in the 7 days before),
reactivated (last active 8 to 30 days before), resurrected (longer ago). Not active: at_risk_week (last active up to 7
days ago), at_risk_month (8 to 30), dormant (longer ago).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine.run import run
from dashboard.errors import UserError
from dashboard.insights import lifecycle_kernels as kernels
from dashboard.insights import periods, where
from dashboard.insights.active_days import TABLE, active_days, activity_names
from dashboard.insights.activity import rows_read
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.totals import add, ratio, summed
from dashboard.insights.view import View
from dashboard.result import LeftOut, Result
from dashboard.store.partition import Partition

ACTIVE = ("new", "current", "reactivated", "resurrected")
STATES = (*ACTIVE, "at_risk_week", "at_risk_month", "dormant")
UNSEEN = "not_yet"  # not a state of a person who is known
ALL = (*STATES, UNSEEN)
Int32 = npt.NDArray[np.int32]


def states_on(view: View, partition: Partition, day: int, names: tuple[str, ...]) -> Int32:
    """int32[n_users]: index in ALL of each person's state on the day, -1 for persons that the filters leave out."""
    active = active_days(view, partition, names)
    out = np.empty(partition.n_users, np.int32)
    kernels.state_on(active.offsets, active.day, where.persons(view, partition, TABLE), day, out)
    return out


def people_in(
    view: View, day: int, state: str, names: tuple[str, ...], then: tuple[int, str] | None = None
) -> list[str]:
    """Sorted ids of the persons in a state on a day (and in another state on another day)."""

    def kernel(partition: Partition) -> list[str]:
        chosen = states_on(view, partition, day, names) == ALL.index(state)
        if then is not None:
            chosen &= states_on(view, partition, then[0], names) == ALL.index(then[1])
        return [str(item) for item in partition.user_ids.take(np.flatnonzero(chosen)).to_pylist()]

    return run(view.dataset, kernel, lambda parts: sorted(item for part in parts for item in part))


@insight(
    "daily_states",
    "States per day",
    definition="Users per day by how long they had been away or have been away.",
    needs=(TIMED,),
)
def daily_states(view: View, *, activity: str | Sequence[str] = ()) -> Result:
    """Columns: day (ISO), new, current, reactivated, resurrected (active on the day), at_risk_week, at_risk_month,
    dormant (known and not active), known (sum), complete. Option activity: event names that count."""
    names = activity_names(view, activity)
    first, last = view.period.first, view.period.last

    def kernel(partition: Partition) -> npt.NDArray[np.int64]:
        active = active_days(view, partition, names)
        out = np.zeros((len(STATES), last - first + 2), np.int64)
        kernels.daily_states(active.offsets, active.day, where.persons(view, partition, TABLE), first, last, out)
        return out

    counts = np.cumsum(summed(view, kernel, "daily_states", first, last, names), axis=1)[:, :-1]
    days = np.arange(first, last + 1)
    frame = pd.DataFrame({"day": [periods.iso(int(day)) for day in days]})
    for index, name in enumerate(STATES):
        frame[name] = counts[index]
    frame["known"] = counts.sum(axis=0)
    frame["complete"] = days <= view.last_complete
    units = dict.fromkeys((*STATES, "known"), "count")
    return Result("daily_states", frame, units=units, notes=where.ignored(view, TABLE), **rows_read(view))


@insight(
    "state_migration",
    "Moves between states",
    definition="How many users moved from which state on one day to which on another.",
    needs=(TIMED,),
)
def state_migration(view: View, *, first: str = "", last: str = "", activity: str | Sequence[str] = ()) -> Result:
    """Columns: before, after (states: new, current, reactivated, resurrected, at_risk_week, at_risk_month, dormant;
    before also not_yet: people first seen in between), users, share (of the people with that state before). All 56
    pairs are there. Options first, last: ISO days, default the range's first and last complete day; activity: event
    names that count. summary: first, last, known_before, known_after."""
    names = activity_names(view, activity)
    begin, end = _days(view, first, last)
    n = len(ALL)

    def kernel(partition: Partition) -> npt.NDArray[np.int64]:
        before, after = (states_on(view, partition, day, names).astype(np.int64) for day in (begin, end))
        counted = before >= 0
        return np.bincount(before[counted] * n + after[counted], minlength=n * n).astype(np.int64)

    matrix = run(view.dataset, kernel, add).reshape(n, n)
    moves = matrix[:, : len(STATES)]
    frame = pd.DataFrame(
        {
            "before": np.repeat(np.array(ALL, object), len(STATES)),
            "after": np.tile(np.array(STATES, object), n),
            "users": moves.reshape(-1),
            "share": ratio(moves, moves.sum(axis=1, keepdims=True)).reshape(-1),
        }
    )
    known = int(moves[: len(STATES)].sum())
    unseen = int(matrix[-1, -1])
    summary = {
        "first": periods.iso(begin),
        "last": periods.iso(end),
        "known_before": known,
        "known_after": int(moves.sum()),
    }
    return Result(
        "state_migration",
        frame,
        units={"users": "count", "share": "rate"},
        summary=summary,
        left_out=(LeftOut("not_yet", unseen, "users without any activity up to the second day"),) if unseen else (),
        notes=where.ignored(view, TABLE),
        **rows_read(view),
    )


@insight(
    "state_people",
    "Who moved between states",
    definition="The users in a state on one day and in another on a second day: exactly those that the table counts.",
    needs=(TIMED,),
)
def state_people(
    view: View,
    *,
    before: str = "new",
    after: str = "",
    first: str = "",
    last: str = "",
    activity: str | Sequence[str] = (),
) -> Result:
    """Column: user_id, sorted. Options before, after: states ("" for after: any); first, last, activity: as in
    ``state_migration``. summary: users."""
    for state in (before, after):
        if state and state not in ALL:
            raise UserError("unknown_state", "There is no such state.", f"Choose {', '.join(ALL)}.")
    begin, end = _days(view, first, last)
    ids = people_in(view, begin, before, activity_names(view, activity), (end, after) if after else None)
    frame = pd.DataFrame({"user_id": pd.Series(ids, dtype=object)})
    notes = where.ignored(view, TABLE)
    return Result("state_people", frame, summary={"users": len(ids)}, notes=notes, **rows_read(view))


def _days(view: View, first: str, last: str) -> tuple[int, int]:
    begin = periods.from_iso(first) if first else view.period.first
    end = periods.from_iso(last) if last else max(view.period.first, min(view.period.last, view.last_complete))
    if begin is None or end is None:
        raise UserError("bad_day", "This is not a day.", "Write it as 2026-01-31.")
    if begin > end:
        raise UserError("bad_day", "The first day lies after the last.", "Choose an earlier first day.")
    return begin, end
