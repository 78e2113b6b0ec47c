"""Compiles the kernels of the search for people, of health and of one person's state on arrays of a few rows, typed as
stored ones are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.customers import health_kernels
from dashboard.insights import lifecycle_kernels
from dashboard.store import lookup_kernels


def _stored(values: Sequence[float], kind: type) -> Any:
    array: Any = np.array(values, kind)
    array.flags.writeable = False
    return array


def compile_kernels() -> None:
    """Call every kernel once."""
    _search()
    offsets, day = _stored([0, 1, 2], np.int64), _stored([10, 11], np.int32)
    codes, values = _stored([0, -1], np.int32), _stored([1.0, 2.0], np.float64)
    health_kernels.rhythm(offsets, day, 11, 28, np.zeros((2, 5), np.int32))
    health_kernels.distinct(offsets, day, codes, 1, 11, np.full(1, -1, np.int32), np.zeros(2))
    health_kernels.total(offsets, day, values, 1, 11, np.zeros(2))
    health_kernels.marked(offsets, day, codes, np.ones(1, np.uint8), 1, 11, np.zeros(2))
    lifecycle_kernels.state_on(offsets[:2], day, np.ones(1, np.uint8), 11, np.empty(1, np.int32))


def _search() -> None:
    record = [97, 98, lookup_kernels.END]
    made, starts = np.array(record, np.uint8), np.array([0, 3], np.int64)
    marks = np.zeros((1, 8), np.uint64)
    text, offsets, order = _stored(record, np.uint8), _stored([0, 3], np.int64), _stored([0], np.int32)
    needle = np.frombuffer(b"a", np.uint8)
    lookup_kernels.mark(made, starts, 9, marks)
    lookup_kernels.beginning(text, offsets, order, 0, needle)
    marks.flags.writeable = False
    lookup_kernels.find(text, offsets, marks, 9, needle, np.empty(1, np.int32))
