"""Compiles the kernels of paths, turning points, activation and features on arrays of a few rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.insights import activation_kernels, where
from dashboard.insights import aha_kernels as aha
from dashboard.insights import features_kernels as features
from dashboard.insights import paths_kernels as paths
from dashboard.schema import NULL_DAY


def _stored(values: list[int], kind: type) -> Any:
    array: Any = np.array(values, kind)
    array.flags.writeable = False  # as stored arrays are
    return array


def compile_kernels() -> None:
    """Call every kernel once with tiny input of the types and flags of stored arrays."""
    offsets, time, day = _stored([0, 1, 2], np.int64), _stored([1, 2], np.int64), _stored([10, 11], np.int32)
    codes, everybody, mask = _stored([0, 0], np.int32), np.ones(2, np.uint8), where.EVERYTHING
    node_of, one = np.array([-1, 0], np.int32), np.zeros(1, np.int32)
    side = np.zeros(2, np.int8)
    paths.count_nodes(offsets, day, codes, mask, side, node_of, 10, 11, np.zeros(1, np.int64))
    edges = (np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1))
    nodes = [np.zeros(2, np.int64) for _ in range(3)]
    totals = np.zeros((1, 5), np.int64)
    limits = (10, 11, 1, 2, True, -1, -1)
    rows: list[Any] = [offsets, time, day, codes, mask, side, node_of, one, *limits]
    rows += [*edges, *nodes, totals, -1, -1, everybody.copy()]
    paths.walk(*rows)

    windows, allowed = np.array([5], np.int64), np.ones(2, np.uint8)
    first, state, retained = np.zeros(2, np.int64), np.zeros(2, np.uint8), np.zeros(2, np.uint8)
    counts, by = np.zeros((1, 1, 2), np.uint8), np.zeros(1, np.int64)
    asked = (mask, everybody, node_of, allowed, mask, windows, 5, 10, 100)
    aha.exposures(offsets, time, codes, *asked, first, state, retained, counts, by)
    aha.distinct_values(offsets, time, codes, 1, mask, first, 100, windows, 0, counts)
    aha.id_numbers(_stored([97, 98], np.uint8), offsets, np.zeros(2, np.uint64))
    aha.tally(counts, state, retained, state, 1, np.zeros((1, 1, 2, 2, 2), np.int64))
    cell = np.zeros(1, np.int64)
    aha.stratified(counts, state, retained, np.zeros(2, np.int32), cell, cell, cell, np.zeros((1, 1, 2, 2), np.int64))

    reached, first_day = np.zeros(2, np.int64), np.zeros(2, np.int32)
    activation_kernels.activations(
        offsets, time, day, mask, everybody, everybody, 1, 10, 100, first_day, first, reached
    )

    group, span = np.zeros(2, np.int32), np.zeros(2, np.int32)
    common: list[Any] = [offsets, day, codes, codes, node_of, allowed, mask, group]
    matrices = [np.zeros((1, 1), np.int64) for _ in range(6)]
    for kernel, rest in (
        (features.usage, [10, span, *matrices[:3], by, *matrices[3:], by]),
        (features.users_of, [10, 11, 0, np.zeros(2, np.uint8)]),
        (features.kept, [10, 11, 11, np.zeros((1, 2), np.int64), np.zeros(2, np.int64)]),
    ):
        given: list[Any] = [*common, *rest]  # type: ignore[misc]
        kernel(*given)  # type: ignore[operator]
    used = np.full(2, NULL_DAY, np.int32)
    features.first_use(offsets, day, codes, 0, mask, 11, used)
    features.draw_days(offsets, day, everybody, np.zeros(2, np.uint64), used.copy(), 2, used)
    features.around(offsets, day, used, 1, np.zeros(2, np.int64), np.zeros(2, np.int64))
