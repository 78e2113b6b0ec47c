"""Compiles every kernel of the insights on arrays of a few rows, so that the first click is not the slow one.

The arrays have exactly the types and the read-only flags of stored ones: a kernel compiled for others would be compiled
again (``tests/unit/insights/test_warm_up.py`` holds this).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.customers import rfm_kernels, segment_kernels
from dashboard.customers.clv import purchase_kernels
from dashboard.insights import activity_kernels as activity
from dashboard.insights import (
    churn_warm_up,
    cleaning_warm_up,
    funnel_warm_up,
    paths_warm_up,
    retention_warm_up,
    user_warm_up,
    where,
)
from dashboard.insights import revenue_kernels as revenue


def _stored(values: list[float], kind: type) -> Any:
    array: Any = np.array(values, kind)
    array.flags.writeable = False
    return array


def compile_kernels() -> None:
    """Call every kernel once with tiny input, those of the first page first; a minute the first time, else a second."""
    offsets, day = _stored([0, 1, 2], np.int64), _stored([10, 11], np.int32)
    codes, numbers = _stored([0, -1], np.int32), _stored([1.0, 2.0], np.float64)
    ones, mask, table = np.ones(2, np.uint8), np.ones(2, np.uint8), np.zeros(3, np.int32)
    counts = np.zeros(1, np.int64)
    for kept in (ones, where.EVERYTHING):
        activity.distinct_days(offsets, day, kept, 20, np.empty(3, np.int64), np.empty(2, np.int32))
    activity.distinct_days_of(
        offsets, day, codes, np.ones(2, np.uint8), 20, np.empty(3, np.int64), np.empty(2, np.int32)
    )
    rolled = np.zeros((3, 3), np.int64)
    activity.rolling(offsets, day, ones, np.array([1, 7, 30], np.int64), 10, 11, rolled)
    activity.distinct_per_span(offsets, day, ones, 10, table, counts)
    activity.distinct_of_two(offsets, day, ones, offsets, day, ones, 10, table, counts)
    activity.active_flags(offsets, day, ones, 10, 11, np.zeros(2, np.uint8))
    activity.rows_per_span(offsets, day, mask, ones, 10, table, counts)
    activity.first_rows(offsets, day, mask, np.empty(2, np.int64))
    where.keep_codes(codes, np.ones(2, np.uint8), mask)
    where.keep_codes(codes.astype(np.int32), np.ones(2, np.uint8), mask)
    where.keep_numbers(numbers, np.ones(1), 0, mask)

    order = np.empty(2, np.int64)
    n = revenue.number_orders(offsets, 2, codes, _stored([0, 1], np.int64), 1, order)
    start, rows, person = np.zeros(n + 1, np.int64), np.empty(2, np.int64), np.empty(n, np.int64)
    revenue.group_rows(order, n, start, rows)
    revenue.person_of_order(offsets, start, rows, person)
    bucket = np.zeros(2, np.int32)
    revenue.day_buckets(day, mask, 10, table, bucket)
    revenue.value_buckets(codes, bucket)
    bucket[:] = 0
    for optional in (numbers, revenue.NOTHING):
        out = np.zeros((1, revenue.WIDTH))
        revenue.add_up(start, rows, person, ones, numbers, optional, optional, bucket, True, True, out)
    segment_kernels.count_codes(offsets, day, codes, ones, 10, 11, np.zeros(2, np.int32))
    segment_kernels.count_kept(offsets, day, mask, 10, 11, np.zeros(2, np.int32))
    retention_warm_up.compile_kernels()
    funnel_warm_up.compile_kernels()
    paths_warm_up.compile_kernels()
    cleaning_warm_up.compile_kernels()
    churn_warm_up.compile_kernels()
    user_warm_up.compile_kernels()
    _customer_value(offsets, day, codes, numbers)


def _customer_value(offsets: Any, day: Any, codes: Any, numbers: Any) -> None:
    """The kernels of order days and of the purchase models."""
    number, gross, at = np.zeros(2, np.int64), np.ones(2, np.uint8), np.zeros(3, np.int64)
    match = np.full(2, -2, np.int64)
    rfm_kernels.number_of_rows(np.array([0, 2]), np.array([0, 1]), number)
    rfm_kernels.named_lines(codes, np.ones(2, np.uint8), gross)
    room = (np.zeros(2, np.int32), np.zeros(2, np.int32), np.zeros(2), np.zeros(2))
    for quantity in (numbers, revenue.NOTHING):
        rfm_kernels.gross_lines(numbers, quantity, quantity, gross)
        out = (room[0], room[1], room[2], room[3], np.zeros((2, 4)))
        rfm_kernels.order_days(offsets, day, number, gross, numbers, match, 20, at, *out)
    ends = np.array([0, 2])
    rfm_kernels.best_year(ends, room[0], room[2], np.zeros(1))
    one = [np.ones(1) for _ in range(4)]
    rfm_kernels.summarise(ends, room[0], room[2], 20, one[0], one[1], one[2], one[3])
    purchase_kernels.mixture(one[0], one[1], one[2], one[3], 1.0, 1.0, 0.5, 2.0)
    purchase_kernels.spent(np.ones(1), np.ones(1), 1.0)
    purchase_kernels.series(np.ones(1), np.ones(1), np.ones(1), 1.0, 1.0, 0.5, 2.0, np.ones((1, 1)))
