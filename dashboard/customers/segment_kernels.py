"""How often each person did something: sequential loops over a person's events."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel

Counts = npt.NDArray[np.int32]


@kernel
def count_codes(
    offsets: npt.NDArray[np.int64],
    day: npt.NDArray[np.int32],
    codes: npt.NDArray[np.int32],
    allowed: npt.NDArray[np.uint8],
    first: int,
    last: int,
    out: Counts,
) -> None:
    """out[u] = rows of person u with allowed[code + 1] and first <= day <= last."""
    for u in range(offsets.shape[0] - 1):
        n = 0
        for i in range(offsets[u], offsets[u + 1]):
            if allowed[codes[i] + 1] and first <= day[i] and day[i] <= last:
                n += 1
        out[u] = n


@kernel
def count_kept(
    offsets: npt.NDArray[np.int64],
    day: npt.NDArray[np.int32],
    keep: npt.NDArray[np.uint8],
    first: int,
    last: int,
    out: Counts,
) -> None:
    """out[u] = rows of person u with keep and first <= day <= last."""
    for u in range(offsets.shape[0] - 1):
        n = 0
        for i in range(offsets[u], offsets[u + 1]):
            if keep[i] and first <= day[i] and day[i] <= last:
                n += 1
        out[u] = n
