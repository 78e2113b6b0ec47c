"""Conversion over time, by the date of entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine.run import run
from dashboard.errors import UserError
from dashboard.insights import funnel_kernels as kernels
from dashboard.insights import where
from dashboard.insights.activity import buckets_of, rows_read
from dashboard.insights.funnel import query_of
from dashboard.insights.funnel_attempts import Int64, midnight, now_of, people_of, span_of
from dashboard.insights.funnel_prepare import (
    ORDER_CODE,
    SECOND,
    exclusions_of,
    frozen,
    held_values,
    hold_of,
    optional_of,
    prepare,
    simple,
    step_rows,
    window_of,
)
from dashboard.insights.funnel_query import FunnelQuery, check_steps
from dashboard.insights.funnel_trend_kernels import entered_periods, trend_of_rows
from dashboard.insights.registry import TIMED, insight
from dashboard.insights.selector import TABLE
from dashboard.insights.view import View
from dashboard.result import Result
from dashboard.statistics.intervals import wilson
from dashboard.store.partition import Partition

MAX_BUCKETS = 5_000
QUARTER_HOUR = 900 * SECOND  # every offset of a time zone is a multiple of it


@dataclass(frozen=True)
class Axis:
    """The periods of entry: labels, and the instants (µs) where they begin, plus the end of the last one. days: the
    same as local day numbers, None for hours."""

    labels: list[str]
    edges: Int64
    days: Int64 | None = None

    def table(self, until: int) -> npt.NDArray[np.int32]:
        """int32[1 + days + 1]: the period of each day up to ``until``, -1 for others; padded with -1 at both ends."""
        assert self.days is not None  # hours have none
        table = np.repeat(np.arange(len(self.labels), dtype=np.int32), np.diff(self.days))
        table[max(until + 1 - int(self.days[0]), 0) :] = -1
        return np.pad(table, 1, constant_values=-1)


def axis_of(view: View, by: str) -> Axis:
    """The view's hours, days, weeks or months. Raises UserError for another unit or too many hours."""
    zone = view.dataset.manifest.time_zone
    if by == "hour":
        return _hours(view, zone)
    parts = buckets_of(view, by)
    days = [begin for begin, _ in parts.spans] + [parts.spans[-1][1] + 1]
    return Axis(parts.labels, np.array([midnight(day, zone) for day in days], np.int64), np.array(days, np.int64))


def _hours(view: View, zone: str) -> Axis:
    """Local hours; the hour that a change of the clocks repeats is one period."""
    begin, end = midnight(view.period.first, zone), midnight(view.period.last + 1, zone)
    if (end - begin) // (3_600 * SECOND) > MAX_BUCKETS:
        raise UserError("too_many_periods", f"More than {MAX_BUCKETS:,} hours.", "Choose a shorter range, or days.")
    instants = np.arange(begin, end, QUARTER_HOUR, dtype=np.int64)
    local = pd.DatetimeIndex(instants.view("datetime64[us]"), tz="UTC").tz_convert(zone)
    hours = local.tz_localize(None).to_numpy().astype("datetime64[h]")
    latest = np.maximum.accumulate(hours)  # set back: the repeated hour belongs to the period that is running
    starts = np.flatnonzero(np.concatenate([[True], latest[1:] != latest[:-1]]))
    labels = [f"{np.datetime_as_string(latest[i], unit='h')}:00" for i in starts]
    return Axis(labels, np.append(instants[starts], end))


@dataclass(frozen=True)
class Found:
    """counts int64[2, periods]: entered, converted. state uint8[n_users] per partition where a period was asked for:
    1 = entered only, 2 = converted."""

    counts: Int64
    state: list[npt.NDArray[np.uint8]]


def trend_of(view: View, query: FunnelQuery, axis: Axis, from_step: int, to_step: int, who: int = -1) -> Found:
    """Persons who entered in each period and those of them who converted; ``who``: the period whose persons are
    named."""
    until = span_of(view, query, immature="count").until

    def kernel(partition: Partition) -> tuple[Int64, npt.NDArray[np.uint8]]:
        counts = np.zeros((2, len(axis.labels)), np.int64)
        flags = np.zeros(partition.n_users if who >= 0 else 0, np.uint8)
        events = partition.table(TABLE)
        if events is not None and simple(query):
            first, later, bits = step_rows(view, partition, query)
            people = where.persons(view, partition, TABLE)
            apart = from_step == 0 and axis.days is not None
            if apart:
                entered_periods(
                    events.day, *first, people, view.period.first, axis.table(view.as_of), counts[0], who, flags
                )
            trend_of_rows(
                events.offsets, events.time, *first, later, bits, people, window_of(query), until, axis.edges,
                len(query.steps), from_step, to_step, apart, counts, who, flags,
            )  # fmt: skip
        elif (data := prepare(view, partition, query)) is not None:
            kernels.trend(
                data.events.offsets, data.events.time, data.codes, data.table, data.marks,
                frozen(held_values(view, partition, query.same_property)), data.people, ORDER_CODE[query.order],
                hold_of(query), window_of(query), query.grace_seconds * SECOND, until, axis.edges, optional_of(query),
                exclusions_of(query), from_step, to_step, counts, who, flags,
            )  # fmt: skip
        return counts, flags

    def merge(partials: Iterable[tuple[Int64, npt.NDArray[np.uint8]]]) -> Found:
        counts, state = zip(*partials, strict=True)
        return Found(np.sum(counts, axis=0), list(state))

    return run(view.dataset, kernel, merge)


@insight(
    "funnel_trend",
    "Conversion over time",
    definition="Of the users who entered a funnel in a period, the share that converted within the window.",
    needs=(TIMED,),
)
def funnel_trend(
    view: View, *, by: str = "day", from_step: int = 0, to_step: int | None = None, **query: Any
) -> Result:
    """One row per period of the range. Columns: period (first ISO day, or the local hour), entered (users with an
    attempt that began in the period and reached from_step), converted (with one that reached to_step), rate (0 when
    nobody entered), rate_low, rate_high (Wilson 95 %), not_final (the window of the last entries was still open: the
    number can grow). Every entry is an attempt of its own; a user counts once per period and can count in several.

    Options: those of ``funnel`` (attempt and immature do not matter here); by: hour, day, week, month; from_step,
    to_step (default: first to last). summary: query, rate (of the final periods together, None without any), entered,
    converted (the same), not_final = list of periods.
    """
    asked = query_of(view, query)
    first, last = check_steps(asked, from_step, to_step)
    axis = axis_of(view, by)
    return trend_result(view, asked, axis, (first, last), now_of(view))


def trend_result(view: View, asked: FunnelQuery, axis: Axis, steps: tuple[int, int], now: int | None) -> Result:
    """:func:`funnel_trend` between two steps. now: µs up to which the data are known, None = everything is final."""
    entered, converted = trend_of(view, asked, axis, *steps).counts
    low, high = wilson(np.minimum(converted, entered), entered)
    final = ~not_final(asked, axis, now)
    frame = pd.DataFrame(
        {
            "period": axis.labels,
            "entered": entered,
            "converted": converted,
            "rate": np.divide(converted, entered, out=np.zeros(len(entered)), where=entered > 0),
            "rate_low": low,
            "rate_high": high,
            "not_final": ~final,
        }
    )
    n, k = int(entered[final].sum()), int(converted[final].sum())
    summary = {
        "query": asked.to_json(),
        "entered": n,
        "converted": k,
        "rate": k / n if n else None,
        "not_final": [label for label, done in zip(axis.labels, final, strict=True) if not done],
    }
    notes = [*where.ignored(view, TABLE)]
    if not final.all():
        notes.append(
            "Marked periods are not final: their conversion windows were still open, so they can still change."
        )
    units = {"entered": "count", "converted": "count", "rate": "rate", "rate_low": "rate", "rate_high": "rate"}
    return Result("funnel_trend", frame, units=units, summary=summary, notes=tuple(notes), **rows_read(view))


def not_final(query: FunnelQuery, axis: Axis, now: int | None) -> npt.NDArray[np.bool_]:
    """bool[periods]: the period's end plus the window lies after ``now`` (µs; None: nothing is open)."""
    if now is None:
        return np.zeros(len(axis.labels), np.bool_)
    if query.window_seconds is None:
        return np.ones(len(axis.labels), np.bool_)
    return axis.edges[1:] + query.window_seconds * SECOND > now


@insight(
    "funnel_trend_people",
    "Users of a period of entry",
    definition="The users who entered a funnel in a period, those who converted, or those who did not.",
    needs=(TIMED,),
)
def funnel_trend_people(
    view: View,
    *,
    period: str = "",
    state: str = "entered",
    by: str = "day",
    from_step: int = 0,
    to_step: int | None = None,
    **query: Any,
) -> Result:
    """Column: user_id, sorted: exactly the users that ``funnel_trend`` counts. Options: those of ``funnel_trend``;
    period: one of its periods (default: the last); state: entered, converted, or dropped (entered, not converted).
    summary: users."""
    asked = query_of(view, query)
    first, last = check_steps(asked, from_step, to_step)
    axis = axis_of(view, by)
    if period and period not in axis.labels:
        raise UserError("unknown_period", f"There is no period “{period}” in this range.", "Choose one of the chart's.")
    states = {"entered": (1, 2), "converted": (2,), "dropped": (1,)}
    if state not in states:
        raise UserError("unknown_option", f"There is no state “{state}”.", f"Choose one of: {', '.join(states)}.")
    who = axis.labels.index(period) if period else len(axis.labels) - 1
    found = trend_of(view, asked, axis, first, last, who)
    ids = people_of(view, [np.flatnonzero(np.isin(mine, states[state])).astype(np.int32) for mine in found.state])
    frame = pd.DataFrame({"user_id": pd.Series(ids, dtype=object)})
    summary = {"users": len(ids), "period": axis.labels[who], "query": asked.to_json()}
    notes = where.ignored(view, TABLE)
    return Result("funnel_trend_people", frame, summary=summary, notes=notes, **rows_read(view))
