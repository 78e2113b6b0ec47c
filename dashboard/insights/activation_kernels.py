"""When new people did something for the k-th time: one pass over one partition."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel
from dashboard.schema import NULL_TIME

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@kernel
def activations(
    offsets: Int64,
    time: Int64,
    day: Int32,
    mask: Bytes,
    people: Bytes,
    wanted: Bytes,
    at_least: int,
    length: int,
    until: int,
    first_day: Int32,
    first: Int64,
    after: Int64,
) -> None:
    """For every person: first_day (local day number) and first (µs) of the first event, NULL_TIME for persons that do
    not count, and after: µs from there to the ``at_least``-th row of ``wanted`` within [0, length), -1 = not reached.

    mask: uint8[n] (empty: all rows); the first row is looked up in all rows and must pass. Rows after ``until`` do not
    exist. first_day is 0 where first is NULL_TIME.
    """
    masked = mask.shape[0] > 0
    for u in range(offsets.shape[0] - 1):
        first[u] = NULL_TIME
        first_day[u] = 0
        after[u] = -1
        if not people[u]:
            continue
        done = 0
        for i in range(offsets[u], offsets[u + 1]):
            t = time[i]
            if t == NULL_TIME:
                continue
            if t > until:
                break
            if first[u] == NULL_TIME:
                if masked and not mask[i]:
                    break
                first[u] = t
                first_day[u] = day[i]
            if t - first[u] >= length:
                break
            if wanted[i] and (not masked or mask[i]):
                done += 1
                if done == at_least:
                    after[u] = t - first[u]
                    break
