"""Which rows of a table are the same row, and what one person's rows in user tables say together.

Rows are equal when their row hashes are equal (the reader's ``_hash`` over all columns) and they belong to the same
person and time. Inside one file equal rows are dropped or kept by choice; rows that two files share are merged: a row
counts as often as in the file that has it most often (definition: multiset maximum).
"""

from __future__ import annotations

import numpy as np

from dashboard.jit import kernel
from dashboard.schema import NULL_TIME

DUPLICATE, DROPPED, PRESENT = 0, 1, 2  # columns of the counters below


@kernel
def merge_rows(
    order: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    times: np.ndarray,
    hashes: np.ndarray,
    sources: np.ndarray,
    n_sources: int,
    drop: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Find repeated rows in runs of equal person and time, sorted so that equal rows are adjacent.

    order: row numbers in final order; starts, ends: the runs; times, hashes, sources: by row number, source -1 marks
    derived rows, which are never merged. drop: equal rows of one file count once, if they have a time.
    Returns (keep bool by position, counters int64[n_sources, 3]: rows equal to another row of the same file, dropped
    ones among them, rows that an earlier file already has).
    """
    keep = np.ones(len(order), np.bool_)
    counters = np.zeros((n_sources, 3), np.int64)
    seen = np.zeros(n_sources, np.int64)
    for r in range(len(starts)):
        i = starts[r]
        while i < ends[r]:
            j = i + 1
            if sources[order[i]] < 0:
                i = j
                continue
            h = hashes[order[i]]
            while j < ends[r] and sources[order[j]] >= 0 and hashes[order[j]] == h:
                j += 1
            if j - i > 1:
                seen[:] = 0
                for k in range(i, j):
                    seen[sources[order[k]]] += 1
                once = drop and times[order[i]] != NULL_TIME
                most = 0
                for s in range(n_sources):
                    if seen[s] == 0:
                        continue
                    counted = 1 if once else seen[s]
                    counters[s, DUPLICATE] += seen[s] - 1
                    counters[s, DROPPED] += seen[s] - counted
                    counters[s, PRESENT] += min(counted, most)
                    most = max(most, counted)
                for k in range(i + most, j):
                    keep[k] = False
            i = j
    return keep, counters


@kernel
def kept_offsets(keep: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Offsets of the runs after the rows that are not kept have gone."""
    result = np.zeros(len(offsets), np.int64)
    for k in range(len(offsets) - 1):
        count = 0
        for i in range(offsets[k], offsets[k + 1]):
            count += keep[i]
        result[k + 1] = result[k] + count
    return result


@kernel
def count_people(order: np.ndarray, offsets: np.ndarray, sources: np.ndarray, n_sources: int) -> np.ndarray:
    """The counters of :func:`merge_rows` for user tables, whose rows are merged by person: further rows of a person in
    the same file, and rows of a person whom an earlier file has. Rows of a person are sorted by source."""
    counters = np.zeros((n_sources, 3), np.int64)
    for u in range(len(offsets) - 1):
        for i in range(offsets[u] + 1, offsets[u + 1]):
            source = sources[order[i]]
            if source == sources[order[i - 1]]:
                counters[source, DUPLICATE] += 1
                counters[source, DROPPED] += 1
            else:
                counters[source, PRESENT] += 1
    return counters


@kernel
def last_valid(
    values: np.ndarray, valid: np.ndarray, order: np.ndarray, offsets: np.ndarray, missing: float
) -> np.ndarray:
    """Per person the last value that is there, else ``missing``; values and valid by row number."""
    result = np.empty(len(offsets) - 1, values.dtype)
    for u in range(len(result)):
        result[u] = missing
        for i in range(offsets[u + 1] - 1, offsets[u] - 1, -1):
            if valid[order[i]]:
                result[u] = values[order[i]]
                break
    return result
