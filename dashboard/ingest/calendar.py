"""Local day numbers of many stamps at once."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np

from dashboard.jit import kernel
from dashboard.schema import MICROSECONDS_PER_DAY, NULL_DAY, NULL_TIME

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LAST_DAY = (dt.date(9999, 12, 30) - _EPOCH.date()).days
_FIRST_DAY = (dt.date(2, 1, 1) - _EPOCH.date()).days


def utc_offsets(zone: str, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """The zone's offset from UTC between two instants.

    first, last: µs UTC. Returns (starts, offsets), both int64 µs: ``offsets[i]`` holds from ``starts[i]`` on;
    ``starts[0]`` is the int64 minimum. Found by bisection to the second, so it needs no access to the zone file.
    """
    info = ZoneInfo(zone)

    def offset(second: int) -> int:
        delta = (_EPOCH + dt.timedelta(seconds=second)).astimezone(info).utcoffset()
        return round(delta.total_seconds()) if delta is not None else 0

    first_day = min(max(first // MICROSECONDS_PER_DAY, _FIRST_DAY), _LAST_DAY)
    last_day = min(max(last // MICROSECONDS_PER_DAY + 1, first_day), _LAST_DAY)
    starts, offsets = [NULL_TIME], [offset(first_day * 86_400)]
    for day in range(first_day, last_day):
        before, after = day * 86_400, (day + 1) * 86_400
        if offset(after) == offsets[-1]:
            continue
        while after - before > 1:
            middle = (before + after) // 2
            if offset(middle) == offsets[-1]:
                before = middle
            else:
                after = middle
        starts.append(after * 1_000_000)
        offsets.append(offset(after))
    return np.array(starts, np.int64), np.array(offsets, np.int64) * 1_000_000


@kernel
def local_days(times: np.ndarray, starts: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Day number (int32) of every stamp (µs UTC), NULL_DAY for NULL_TIME; starts and offsets: :func:`utc_offsets`.

    Stamps are mostly ascending, so the last used offset is tried first.
    """
    days = np.empty(len(times), np.int32)
    at = 0
    for i in range(len(times)):
        time = times[i]
        if time == NULL_TIME:
            days[i] = NULL_DAY
            continue
        while time < starts[at]:
            at -= 1
        while at + 1 < len(starts) and time >= starts[at + 1]:
            at += 1
        days[i] = (time + offsets[at]) // MICROSECONDS_PER_DAY
    return days
