"""How long it takes from one step of a funnel to another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.insights import where
from dashboard.insights.activity import rows_read
from dashboard.insights.funnel import DEFAULT_GROUPS, MAX_GROUPS, breakdown_of, counted_for, query_of
from dashboard.insights.funnel_attempts import Attempts, counted, people_of, span_of
from dashboard.insights.funnel_frame import QUANTILES, spread
from dashboard.insights.funnel_groups import NONE
from dashboard.insights.funnel_match import NEVER
from dashboard.insights.funnel_open import left_out_of
from dashboard.insights.funnel_prepare import SECOND
from dashboard.insights.funnel_query import FunnelQuery, check_steps
from dashboard.insights.options import decimal, whole
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.selector import TABLE
from dashboard.insights.totals import json_number
from dashboard.insights.view import View
from dashboard.result import Result

MAX_BINS = 60
Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


def seconds_between(part: Attempts, from_step: int, to_step: int) -> tuple[Int64, Floats]:
    """The attempts of a partition that reached both steps, by position, and the seconds between."""
    begin, end = part.at[:, from_step], part.at[:, to_step]
    both = np.flatnonzero((begin != NEVER) & (end != NEVER))
    return both, (end[both] - begin[both]) / SECOND


def histogram(values: Floats, bins: int | None) -> tuple[Floats, npt.NDArray[np.int64], int]:
    """(starts, persons, width in seconds). bins: None = the smallest b with b³ >= n, 1 to 60. The width is
    ceil((max − min) / bins) seconds; entries start at min, min + width, ...; there is one more than bins, for the
    largest value."""
    n = len(values)
    if not n:
        return np.zeros(0), np.zeros(0, np.int64), 0
    if bins is None:
        bins = 1
        while bins**3 < n and bins < MAX_BINS:
            bins += 1
    low, high = float(values.min()), float(values.max())
    width = math.ceil((high - low) / bins)
    at = np.floor((values - low) / width).astype(np.int64) if width else np.zeros(n, np.int64)
    starts: Floats = low + width * np.arange(bins + 1, dtype=np.float64)
    return starts, np.bincount(at, minlength=bins + 1).astype(np.int64), width


@insight(
    "funnel_time",
    "Time to convert",
    definition="How long the users of a funnel took from one step to another, in their counted attempts.",
    needs=(TIMED,),
)
def funnel_time(
    view: View,
    *,
    from_step: int = 0,
    to_step: int | None = None,
    bins: int | str = "auto",
    breakdown: str = "",
    attribution: str = "first_touch",
    attribution_step: int = 0,
    groups: int = DEFAULT_GROUPS,
    **query: Any,
) -> Result:
    """The histogram of everybody: one row per bin. Columns: start, end (seconds; start belongs to the bin, end does
    not), users. Only users who reached both steps have a time, so it is the time of those who converted within the
    window.

    Options: those of ``funnel``; from_step, to_step (default: first to last); bins: "auto" (cube root of the number of
    users) or 1 to 60. summary: query, from_step, to_step, n, mean_seconds, median_seconds, p75_seconds, p90_seconds,
    width_seconds; groups: with a breakdown one entry per group, largest first, with group, n and the same four numbers
    (None where nobody converted).
    """
    asked = query_of(view, query)
    first, last = check_steps(asked, from_step, to_step)
    wanted = None if bins == "auto" else whole(bins, "bins", 1, MAX_BINS)
    split = breakdown_of(asked, breakdown, attribution, attribution_step)
    total = counted(view, asked, span_of(view, asked))
    values = np.concatenate([seconds_between(part, first, last)[1] for part in total.parts])
    starts, users, width = histogram(values, wanted)
    frame = pd.DataFrame({"start": starts, "end": starts + width, "users": users})
    entries: list[dict[str, Any]] = []
    if split is not None:
        found, members = counted_for(view, asked, split)
        assert members is not None
        both = [seconds_between(part, first, last) for part in found.parts]
        seconds = np.concatenate([mine for _, mine in both])
        code = np.concatenate([codes[at] for codes, (at, _) in zip(members.codes, both, strict=True)])
        for index, value in enumerate(members.values[: whole(groups, "groups", 1, MAX_GROUPS)]):
            entries.append({"group": value or NONE, **about(seconds[code == index])})
    summary = {
        "query": asked.to_json(),
        "from_step": first,
        "to_step": last,
        **about(values),
        "width_seconds": width,
        "groups": entries,
    }
    return Result(
        "funnel_time",
        frame,
        units={"start": "seconds", "end": "seconds", "users": "count"},
        summary=summary,
        left_out=left_out_of(view, asked),
        notes=(*where.ignored(view, TABLE), within(asked)),
        **rows_read(view),
    )


def within(query: FunnelQuery) -> str:
    """What the times are conditional on."""
    if query.window_seconds is None:
        return "Times of those who converted so far."
    return "Times of those who converted within the window: slower conversions do not exist here."


def about(seconds: Floats) -> dict[str, float | int | None]:
    """N and the numbers of :func:`spread`; None without values."""
    found = zip(("mean", *QUANTILES), spread(seconds), strict=True)
    return {"n": len(seconds), **{f"{name}_seconds": json_number(value) for name, value in found}}


@insight(
    "funnel_time_people",
    "Users by time to convert",
    definition="The users whose time between two steps lies in a range: exactly those that the histogram counts.",
    needs=(TIMED,),
)
def funnel_time_people(
    view: View,
    *,
    from_step: int = 0,
    to_step: int | None = None,
    start: float = 0.0,
    end: float | None = None,
    **query: Any,
) -> Result:
    """Column: user_id, sorted. Options: those of ``funnel``; from_step, to_step; start, end: seconds, end not included
    (None: no end). summary: users."""
    asked = query_of(view, query)
    first, last = check_steps(asked, from_step, to_step)
    low, high = decimal(start, "start", 0, 1e12), np.inf if end is None else decimal(end, "end", 0, 1e12)
    people = []
    for part in counted(view, asked, span_of(view, asked)).parts:
        both, seconds = seconds_between(part, first, last)
        people.append(part.person[both[(seconds >= low) & (seconds < high)]])
    ids = people_of(view, people)
    frame = pd.DataFrame({"user_id": pd.Series(ids, dtype=object)})
    summary = {"users": len(ids), "query": asked.to_json()}
    notes = where.ignored(view, TABLE)
    return Result("funnel_time_people", frame, summary=summary, notes=notes, **rows_read(view))
