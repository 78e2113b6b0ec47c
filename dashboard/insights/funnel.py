"""Funnels: how many persons get how far, in which groups, how long it takes and what a lost person would be worth.

Definitions: section 4 of the metric definitions. Each person is represented by one counted attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.errors import CannotAnswer, UserError
from dashboard.insights import where
from dashboard.insights.activity import rows_read
from dashboard.insights.funnel_attempts import Counted, counted, people_of, span_of
from dashboard.insights.funnel_frame import block, taken
from dashboard.insights.funnel_groups import NONE, Groups, differences, groups_of
from dashboard.insights.funnel_match import NEVER
from dashboard.insights.funnel_money import money_lost
from dashboard.insights.funnel_open import left_out_of, survival
from dashboard.insights.funnel_query import Breakdown, FunnelQuery
from dashboard.insights.funnel_rows import persons_with_rows
from dashboard.insights.funnel_suggestions import suggested
from dashboard.insights.memo import Memo
from dashboard.insights.options import flag, whole
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.selector import TABLE
from dashboard.insights.totals import json_number, summed
from dashboard.insights.view import View
from dashboard.result import Result
from dashboard.store.partition import Partition

DEFAULT_GROUPS, MAX_GROUPS = 10, 500
UNITS: dict[str, str] = {
    "users": "count",
    "dropped": "count",
    **{
        f"{rate}{end}": "rate"
        for rate in ("rate_of_first", "rate_of_previous", "rate_of_all_users")
        for end in ("", "_low", "_high")
    },
    **{f"{name}_seconds": "seconds" for name in ("mean", "median", "p75", "p90")},
    **{f"money_lost{end}": "money" for end in ("", "_low", "_high")},
}


def query_of(view: View, options: Mapping[str, Any]) -> FunnelQuery:
    """The funnel that options describe; without steps the first suggested one. Raises UserError for what is wrong in it
    and CannotAnswer when nothing can be suggested."""
    given = dict(options)
    if not given.get("steps"):
        proposals = suggested(view)
        if not proposals:
            raise CannotAnswer("A funnel needs two different events, one after the other.", ("events.event_name",))
        given["steps"] = list(proposals[0].steps)
    query = FunnelQuery.from_options(given)
    query.check(view.dataset)
    return query


def breakdown_of(query: FunnelQuery, name: str, attribution: str, step: int) -> Breakdown | None:
    """The breakdown, None without one. Raises UserError where it does not fit the funnel."""
    if not name:
        return None
    breakdown = Breakdown(name, attribution, whole(step, "attribution_step", 0, query.last))
    if attribution == "all_steps" and query.same_property:
        raise UserError(
            "bad_breakdown",
            "“All steps have the value” already holds a property constant.",
            "Choose another attribution, or no property that stays the same.",
        )
    return breakdown


def counted_for(view: View, query: FunnelQuery, breakdown: Breakdown | None) -> tuple[Counted, Groups | None]:
    """The counted attempts and their groups."""
    per_value = breakdown.property if breakdown is not None and breakdown.attribution == "all_steps" else ""
    found = counted(view, query, span_of(view, query), per_value)
    return found, None if breakdown is None else groups_of(view, found, breakdown)


def persons_counted(view: View) -> int:
    """Persons with at least one event under the view, up to its as-of day: what "of all users" refers to."""

    def kernel(partition: Partition) -> npt.NDArray[np.int64]:
        events = partition.table(TABLE)
        if events is None:
            return np.zeros(1, np.int64)
        mask, people = where.rows(view, partition, TABLE), where.persons(view, partition, TABLE)
        return np.array([persons_with_rows(events.offsets, events.day, mask, people, view.as_of)], np.int64)

    return int(summed(view, kernel, "persons_with_rows")[0])


@insight(
    "funnel",
    "Funnel",
    definition="How many users take the steps of a funnel within the conversion window, and where they stop.",
    needs=(TIMED,),
)
def funnel(
    view: View,
    *,
    breakdown: str = "",
    attribution: str = "first_touch",
    attribution_step: int = 0,
    groups: int = DEFAULT_GROUPS,
    money: bool = False,
    **query: Any,
) -> Result:
    """One row per group and step. Columns: group ("" on the rows of everybody, which come first; "(none)" = users
    without a value), is_total, is_missing, step (0, 1, ...), name, optional, users; dropped = users of the required
    step before who did not get here (NaN at the first step and at optional ones); rate_of_first, rate_of_previous (of
    the required step before; NaN at step 0) and rate_of_all_users, each with _low and _high (Wilson 95 %);
    mean_seconds, median_seconds, p75_seconds, p90_seconds from the step taken before to this one in the counted
    attempts (NaN at step 0 and where nobody got); money_lost with _low, _high = dropped × mean later money of those
    who passed (NaN unless ``money`` is asked for). With steps in any order row k says "at least k + 1 different steps".

    Options: steps (event names or {"event", "where", "optional", "name"}; default: the first suggestion), order
    (ordered, strict, any), window ("14 days" … or "none"), attempt (best, first), exclusions ({"event", "where",
    "from_step", "to_step"}), same_property, grace_seconds, immature (leave_out: entries whose window is still open do
    not count, count: they do); breakdown: a property; attribution: first_touch, last_touch, step (attribution_step),
    all_steps (a user can be in several groups), profile (the user's value now; also saved segments, "segment:<id>", and
    the other groups of people); groups: how many are shown, the largest first.

    summary: query (complete), labels, entered, converted, rate, rate_low, rate_high, open (users left out because their
    window is open), survival_rate with _low, _high (Kaplan–Meier: conversion within the window from all entries, open
    ones included until now; None where it cannot be estimated), groups_total, differences (largest group against each
    other one, see :func:`dashboard.insights.funnel_groups.differences`).
    """
    shown_groups, with_money = whole(groups, "groups", 1, MAX_GROUPS), flag(money, "money")
    asked = query_of(view, query)
    split = breakdown_of(asked, breakdown, attribution, attribution_step)
    total, survived = _everybody(view, asked, with_money)
    blocks, shown = [total], []
    found, members = (None, None) if split is None else counted_for(view, asked, split)
    values = () if members is None else members.values[:shown_groups]
    if found is not None and members is not None:
        everybody, got = persons_counted(view), taken(found, members.codes, len(values))
        for index, value in enumerate(values):
            lost = money_lost(view, asked, found.of(members.codes, index)) if with_money else None
            blocks.append(block(asked, got[index], value, everybody, lost))
            shown.append((value or NONE, int(got[index].users[0]), int(got[index].users[-1])))
    frame = pd.DataFrame({name: np.concatenate([part[name] for part in blocks]) for name in total})
    left_out = left_out_of(view, asked)
    summary = {
        "query": asked.to_json(),
        "labels": asked.labels,
        **_headline(total),
        "open": sum(item.count for item in left_out),
        **survived,
        "groups_total": 0 if members is None else len(members.values),
        "differences": differences(shown),
    }
    notes = [*where.ignored(view, TABLE)]
    if members is not None and len(members.values) > len(values):
        notes.append(f"The {len(values):,} largest of {len(members.values):,} groups are shown.")
    if split is not None and attribution == "all_steps":
        notes.append("A user can be in several groups here, so groups do not add up and overlap when compared.")
    if asked.window_seconds is None:
        notes.append("Without a conversion window every entry stays open; late entries can still convert.")
    return Result(
        "funnel", frame, units=UNITS, summary=summary, left_out=left_out, notes=tuple(notes), **rows_read(view)
    )


_memo: Memo[tuple[dict[str, Any], dict[str, float | None]]] = Memo(4 << 20, lambda _: 20_000)


def _everybody(view: View, query: FunnelQuery, money: bool) -> tuple[dict[str, Any], dict[str, float | None]]:
    """The rows of everybody and the survival rates: the same whatever the breakdown. Shared, not to be changed."""

    def make() -> tuple[dict[str, Any], dict[str, float | None]]:
        found = counted(view, query, span_of(view, query))
        lost = money_lost(view, query, found) if money else None
        return block(query, taken(found, None, 1)[0], None, persons_counted(view), lost), survival(view, query)

    return _memo.get((view.key, query, money), make)


def forget() -> None:
    """Drop what is kept in memory (for measurements)."""
    _memo.clear()


def _headline(total: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "entered": int(total["users"][0]),
        "converted": int(total["users"][-1]),
        "rate": float(total["rate_of_first"][-1]),
        "rate_low": json_number(float(total["rate_of_first_low"][-1])),
        "rate_high": json_number(float(total["rate_of_first_high"][-1])),
    }


@insight(
    "funnel_people",
    "Users of a funnel",
    definition="The users who reached a step of a funnel, or who stopped before it: exactly those that it counts.",
    needs=(TIMED,),
)
def funnel_people(
    view: View,
    *,
    step: int = 0,
    state: str = "reached",
    group: str | None = None,
    breakdown: str = "",
    attribution: str = "first_touch",
    attribution_step: int = 0,
    **query: Any,
) -> Result:
    """Column: user_id, sorted. Options: those of ``funnel``; step; state: reached (the users of that step) or dropped
    (reached the required step before, not this one); group: a group of the breakdown as the frame names it. summary:
    users."""
    asked = query_of(view, query)
    at = whole(step, "step", 0, asked.last)
    if state not in ("reached", "dropped") or (state == "dropped" and at == 0):
        raise UserError("unknown_option", "Users reached a step or, from the second step on, dropped before it.")
    split = breakdown_of(asked, breakdown, attribution, attribution_step)
    found, members = counted_for(view, asked, split)
    people = []
    for index, part in enumerate(found.parts):
        chosen = part.at[:, at] != NEVER
        if state == "dropped":
            chosen = (part.at[:, asked.step_before(at)] != NEVER) & ~chosen
        if group is not None and members is not None:
            chosen &= members.codes[index] == members.position("" if group == NONE else group)
        people.append(part.person[chosen])
    ids = people_of(view, people)
    frame = pd.DataFrame({"user_id": pd.Series(ids, dtype=object)})
    return Result(
        "funnel_people",
        frame,
        summary={"users": len(ids), "query": asked.to_json()},
        left_out=left_out_of(view, asked),
        notes=where.ignored(view, TABLE),
        **rows_read(view),
    )
