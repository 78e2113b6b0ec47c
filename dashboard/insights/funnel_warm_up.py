"""Compiles the kernels of funnels on arrays of a few rows, typed as stored ones are."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.insights import event_rows, funnel_frame, funnel_groups, funnel_open
from dashboard.insights import funnel_kernels as kernels
from dashboard.insights.event_order import order_pairs
from dashboard.insights.funnel_match import ANY, FOREVER, FREE, ORDERED
from dashboard.insights.funnel_rows import best_of_rows, may_enter_after, merged, persons_with_rows
from dashboard.insights.funnel_trend_kernels import entered_periods, trend_of_rows


def _stored(values: list[int], kind: type) -> Any:
    array: Any = np.array(values, kind)
    array.flags.writeable = False
    return array


def compile_kernels() -> None:
    """Call every kernel once."""
    offsets, time = _stored([0, 2], np.int64), _stored([1, 2], np.int64)
    codes, value = _stored([0, 1], np.int32), _stored([0, 0], np.int32)
    table, marks, people = np.array([0, 1, 2], np.uint32), np.zeros(0, np.uint32), np.ones(1, np.uint8)
    source = (offsets, time, codes, table, marks)
    entries = (FOREVER, 0, FOREVER)
    parts = (np.zeros(2, np.uint8), np.zeros((0, 2), np.int64))
    rows, person, group = np.empty((1, 2), np.int32), np.empty(2, np.int32), np.empty(2, np.int32)
    second = event_rows.rows_with(codes, 2, 1)
    event_rows.starts_of(offsets, _stored([0], np.int32))
    event_rows.rows_kept(_stored([0, 1], np.int32), np.ones(2, np.uint8))
    later, bits = np.empty(1, np.int32), np.empty(1, np.uint32)
    merged(second, np.array([0, 1], np.int64), later, bits)
    persons_with_rows(offsets, _stored([10, 11], np.int32), np.zeros(0, np.uint8), people, 11)
    at = np.empty((1, 2), np.int64)
    best_of_rows(
        offsets, time, _stored([0], np.int32), _stored([0, 1], np.int32), later, bits, people, FOREVER, *entries,
        person, rows, at,
    )  # fmt: skip
    may_enter_after(time, _stored([0], np.int32), _stored([0, 1], np.int32), people, 0, np.zeros(1, np.uint8))
    funnel_open.ends_of(person[:1], at, people, np.empty(1, np.int64), np.empty(1, np.int64), 0)
    for order in (ORDERED, ANY):
        kernels.best(*source, value, people, order, FREE, False, FOREVER, 0, *entries, *parts, rows)
    room = kernels.entering_rows(offsets, codes, table, marks, people, 1)
    found = np.empty((room, 2), np.int32)
    kernels.best_per_value(
        *source, value, people, ORDERED, False, FOREVER, 0, *entries, *parts, person, group, found
    )  # fmt: skip
    edges, counts, flags = np.array([0, 3], np.int64), np.zeros((2, 1), np.int64), np.zeros(1, np.uint8)
    trend_of_rows(
        offsets, time, _stored([0], np.int32), _stored([0, 1], np.int32), later, bits, people, FOREVER, FOREVER, edges,
        2, 0, 1, False, counts, 0, flags,
    )  # fmt: skip
    day, periods = _stored([0, 1], np.int32), np.array([-1, 0, -1], np.int32)
    entered_periods(day, _stored([0], np.int32), _stored([0, 1], np.int32), people, 0, periods, counts[0], 0, flags)
    kernels.trend(*source, value, people, ORDERED, FREE, FOREVER, 0, FOREVER, edges, *parts, 0, 1, counts, 0, flags)
    who, begin, end = np.zeros(1, np.int32), np.zeros(1, np.int64), np.full(1, 3, np.int64)
    kept, converted = np.zeros(0, np.uint8), np.ones(1, np.uint8)
    kernels.events_between(offsets, time, codes, kept, who, who, begin, end, converted, np.zeros((2, 3), np.int64))
    funnel_groups.first_known(value, rows, False, person[:1])
    reached, group_of = np.zeros((1, 2), np.int64), np.zeros(1, np.int64)
    funnel_frame.count_reached(reached, group_of, np.zeros((1, 2), np.int64))
    funnel_frame.fill_elapsed(reached, group_of, np.zeros((1, 2), np.int64), np.zeros(1))
    kernels.did_between(offsets, time, codes, kept, who, who, begin, end, 1, np.zeros(1, np.uint8))
    slot = np.array([-1, 0, 1], np.int32)
    order_pairs(offsets, time, codes, slot, FOREVER, np.zeros((2, 2), np.int64))
