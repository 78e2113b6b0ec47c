"""Local times of a zone as UTC, with the hours that daylight saving skips or repeats counted.

A time inside a gap moves forward by the length of the gap (02:30 becomes 03:30), a time inside a fold is its first
occurrence; both follow from taking the offset that was valid before the change (PEP 495, fold=0).
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from dashboard.errors import UserError
from dashboard.jit import kernel

_SECOND = 1_000_000
_FIRST, _LAST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


class ZoneTable(NamedTuple):
    """starts: (n,) int64 µs local, from when on ``offsets`` (µs to subtract) hold; doubtful: (n,) int64 µs local, the
    hours from there up to ``starts`` exist twice or never. starts[0] is the beginning of time."""

    starts: np.ndarray
    offsets: np.ndarray
    doubtful: np.ndarray


@lru_cache(maxsize=64)
def zone_table(name: str) -> ZoneTable:
    """The changes of a zone between 1900 and 2100. Raises UserError when there is no such zone."""
    try:
        zone = zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise UserError(
            "time_zone", "There is no time zone of that name.", "Choose one like Europe/Berlin or UTC."
        ) from None

    def offset(at: dt.datetime) -> int:
        value = at.astimezone(zone).utcoffset()
        assert value is not None
        return round(value.total_seconds())

    changes: list[tuple[int, int, int]] = []  # UTC second, offset before, offset after
    step = dt.timedelta(days=7)
    at, before = _FIRST, offset(_FIRST)
    while at < _LAST:
        following = at + step
        after = offset(following)
        if after != before:
            low, high = int(at.timestamp()), int(following.timestamp())
            while high - low > 1:
                middle = (low + high) // 2
                same = offset(dt.datetime.fromtimestamp(middle, dt.UTC)) == before
                low, high = (middle, high) if same else (low, middle)
            after = offset(dt.datetime.fromtimestamp(high, dt.UTC))
            changes.append((high, before, after))
            before = after
            at = dt.datetime.fromtimestamp(high, dt.UTC)
        else:
            at = following
    starts = [-(2**62)] + [(t + max(b, a)) * _SECOND for t, b, a in changes]
    doubtful = [-(2**62)] + [(t + min(b, a)) * _SECOND for t, b, a in changes]
    offsets = [offset(_FIRST) * _SECOND] + [a * _SECOND for _, _, a in changes]
    return ZoneTable(np.array(starts, np.int64), np.array(offsets, np.int64), np.array(doubtful, np.int64))


@kernel
def localise(values: Any, naive: Any, starts: Any, offsets: Any, doubtful: Any, counts: Any) -> None:
    """Turn the naive local µs among ``values`` into UTC in place. counts: int64 (2,), gaps and folds are added."""
    last = len(starts) - 1
    k = 0
    for i in range(len(values)):
        if not naive[i]:
            continue
        value = values[i]
        if value < starts[k] or (k < last and value >= starts[k + 1]):
            low, high = 0, last
            while low < high:
                middle = (low + high + 1) >> 1
                if starts[middle] <= value:
                    low = middle
                else:
                    high = middle - 1
            k = low
        if k < last and value >= doubtful[k + 1]:
            if offsets[k + 1] > offsets[k]:
                counts[0] += 1
            else:
                counts[1] += 1
        values[i] = value - offsets[k]
