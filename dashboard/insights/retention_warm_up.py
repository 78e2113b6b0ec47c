"""Compiles the kernels of retention, lifecycle, sessions and rhythm: part of :mod:`dashboard.insights.warm_up`."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.insights import (
    lifecycle_kernels,
    retention_bits,
    retention_kernels,
    rhythm,
    session_counts,
    session_kernels,
    session_lengths,
    survival,
)
from dashboard.insights.where import EVERYTHING
from dashboard.schema import MICROSECONDS_PER_DAY


def _stored(values: list[float], kind: type) -> Any:
    array: Any = np.array(values, kind)
    array.flags.writeable = False
    return array


def compile_kernels() -> None:
    """Call every kernel once with tiny arrays of the types and flags that stored ones have."""
    offsets, day = _stored([0, 1, 2], np.int64), _stored([10, 11], np.int32)
    time = _stored([10 * MICROSECONDS_PER_DAY, 11 * MICROSECONDS_PER_DAY], np.int64)  # instants of those days
    people, flags, none = np.ones(2, np.uint8), np.zeros(2, np.uint8), EVERYTHING
    table, edges = np.zeros(2, np.int32), np.array([0, 11, 20], np.int64) * MICROSECONDS_PER_DAY
    at_offsets, at, group = np.empty(3, np.int64), np.empty(2, np.int32), np.zeros(2, np.int32)
    retention_kernels.marks_of_days(offsets, day, none, 20, 10, table, 1, at_offsets, at)
    retention_kernels.marks_of_times(offsets, time, day, none, 20, edges, 1, at_offsets, at)
    width, low, high = np.full(1, 1, np.int64), np.zeros(1, np.int64), np.zeros(1, np.int64)
    cells, who = np.zeros((1, 1, 1), np.int64), np.zeros(0, np.uint8)
    retention_kernels.returns(
        offsets, day, offsets, day, group, 10, table, False, 1, width, low, high, -1, -1, who, cells
    )
    bits = np.zeros((2, 1), np.uint64)
    retention_bits.period_bits(offsets, day, people, 10, table, False, bits)
    retention_bits.returns_of_bits(bits, bits, bits[:1].copy(), width, cells)
    retention_kernels.window_returns(
        offsets, time, day, none, none, 20, edges, group, False, np.zeros(0, np.int64), 1, 1, 1, 1, width, low, high,
        -1, -1, who, np.zeros(1, np.int64), cells,
    )  # fmt: skip
    retention_kernels.amounts(
        offsets, day, offsets, day, time, none, _stored([1.0, 2.0], np.float64), 20, group, 10, table,
        np.zeros(0, np.int64), False, width, np.zeros((1, 1, 1)),
    )  # fmt: skip
    lifecycle_kernels.lifecycle(offsets, day, people, 10, table, -1, -1, flags, np.zeros((4, 2), np.int64))
    lifecycle_kernels.state_on(offsets, day, people, 10, at)
    lifecycle_kernels.daily_states(offsets, day, people, 10, 11, np.zeros((7, 3), np.int64))
    lifecycle_kernels.periods_active(offsets, day, people, 10, table, 1, 0, flags, np.zeros(2, np.int64))
    rhythm.by_hour(
        offsets, time, day, none, people, 10, 11, _stored([0], np.int64), _stored([0], np.int64), -1, flags,
        np.zeros((2, rhythm.CELLS), np.int64),
    )  # fmt: skip
    notes = session_counts.blank(2, 2, [(10, 11)])
    session_kernels.by_gap(offsets, time, day, none, people, 10, 11, 20, 1, notes)
    session_kernels.by_id(offsets, time, day, _stored([0, 1], np.int32), none, people, 10, 11, 20, notes)
    session_kernels.of_rows(offsets, day, np.zeros(2, np.int64), none, people, 10, 11, notes)
    known, period = np.zeros(2, np.int64), np.zeros(2, np.int32)
    wanted = np.zeros(notes.spread.shape, np.uint8)
    session_lengths.fetch(known, period, wanted, np.empty(3, np.int64), np.empty(3, np.int32))
    session_lengths.choose(known, period, np.zeros((1, 1), np.int64), np.zeros((1, 1), np.int64))
    session_kernels.median_gaps(offsets, day, people, 10, 11, np.empty(2))
    survival.first_and_last(offsets, day, 20, at, at.copy())
