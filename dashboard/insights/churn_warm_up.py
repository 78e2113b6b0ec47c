"""Compiles the kernels of churn on arrays of a few rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.customers.churn import kernels


def _stored(values: list[int], kind: type) -> Any:
    array: Any = np.array(values, kind)
    array.flags.writeable = False  # as stored arrays are
    return array


def compile_kernels() -> None:
    """Call every kernel once with tiny input of the types and flags of stored arrays."""
    offsets, day, codes = _stored([0, 1, 2], np.int64), _stored([10, 11], np.int32), _stored([0, -1], np.int32)
    kernels.day_windows(offsets, day, 12, 2, 8, np.empty((2, kernels.WIDTH)))
    slot, seen = np.full(2, kernels.OTHER, np.int32), np.full(2, -1, np.int32)
    kernels.tally(offsets, day, codes, slot, 10, 12, seen, np.empty((2, 2)))
    kernels.gaps_of(offsets, day, 12, np.empty(2), np.empty(2, np.uint8))
