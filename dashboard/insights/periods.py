"""Days, weeks and months in the dataset's time zone, as spans of local day numbers.

Everything below the surface counts in *day numbers* (days since 1970-01-01, local). A period is an inclusive span of
day numbers, so a day with 23 or 25 hours is one day, and a week around New Year is one week.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard import filters, schema

UNITS: tuple[str, ...] = ("day", "week", "month")
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_MONDAY = 4  # 1970-01-05 was a Monday: day number 4
_SUNDAY = 3


def start_of(day: int, unit: str, week_start: str = "monday") -> int:
    """First day of the calendar period that holds the day. Raises ValueError for an unknown unit."""
    if unit == "day":
        return day
    if unit == "week":
        return day - (day - (_MONDAY if week_start == "monday" else _SUNDAY)) % 7
    if unit == "month":
        return filters.day_number(filters.day_date(day).replace(day=1))
    raise ValueError(f"no period {unit!r}")


def next_start(start: int, unit: str) -> int:
    """First day of the period after the one that starts on ``start``."""
    if unit == "month":
        date = filters.day_date(start)
        return filters.day_number(dt.date(date.year + date.month // 12, date.month % 12 + 1, 1))
    return start + (7 if unit == "week" else 1)


@dataclass(frozen=True)
class Buckets:
    """The calendar periods that overlap a range.

    starts, ends: int64 first and last day of each whole period. spans: the same, cut to the range. complete: bool, the
    period lies wholly inside the range and ended by the last complete day.
    """

    unit: str
    first: int
    last: int
    starts: Int64
    ends: Int64
    complete: npt.NDArray[np.bool_]

    @property
    def spans(self) -> list[tuple[int, int]]:
        begin, end = np.maximum(self.starts, self.first).tolist(), np.minimum(self.ends, self.last).tolist()
        return list(zip(begin, end, strict=True))

    @property
    def labels(self) -> list[str]:
        """ISO date of each period's first day (also where the range begins later)."""
        return labels(self.starts)


def buckets(first: int, last: int, unit: str, *, last_complete: int, week_start: str = "monday") -> Buckets:
    """The periods of ``unit`` that overlap [first, last]."""
    start = start_of(first, unit, week_start)
    if unit == "month":
        starts = [start]
        while starts[-1] <= last:
            starts.append(next_start(starts[-1], unit))
        begin, end = np.array(starts[:-1], np.int64), np.array(starts[1:], np.int64) - 1
    else:
        begin = np.arange(start, last + 1, next_start(start, unit) - start, dtype=np.int64)
        end = begin + next_start(start, unit) - start - 1
    complete = (begin >= first) & (end <= last) & (end <= last_complete)
    return Buckets(unit, first, last, begin, end, complete)


def bucket_of_day(spans: list[tuple[int, int]]) -> tuple[int, Int32]:
    """Look-up table for kernels: (first day, table) with table[day - first] = index of the span, -1 between spans.

    spans: ascending, not overlapping, not empty.
    """
    first = spans[0][0]
    if len(spans) == spans[-1][1] - first + 1:  # single days
        return first, np.arange(len(spans), dtype=np.int32)
    table = np.full(spans[-1][1] - first + 1, -1, np.int32)
    for index, (begin, end) in enumerate(spans):
        table[begin - first : end - first + 1] = index
    return first, table


def labels(days: npt.NDArray[np.integer[Any]]) -> list[str]:
    """ISO dates of day numbers."""
    return [iso(day) for day in days.tolist()]


@lru_cache(maxsize=50_000)  # charts name the same days again and again
def iso(day: int) -> str:
    return filters.day_date(day).isoformat()


def from_iso(text: str) -> int | None:
    """Day number of an ISO date, None when the text is none."""
    try:
        return filters.day_number(dt.date.fromisoformat(text))
    except ValueError:
        return None


def local_days(times: npt.NDArray[np.int64], zone: str) -> Int32:
    """Local day numbers of instants (µs UTC); ``schema.NULL_DAY`` for ``schema.NULL_TIME``."""
    days = np.full(len(times), schema.NULL_DAY, np.int32)
    known = np.asarray(times) != schema.NULL_TIME
    instants = pd.DatetimeIndex(np.asarray(times)[known].view("datetime64[us]"), tz="UTC")
    wall = instants.tz_convert(zone).tz_localize(None).to_numpy().astype("datetime64[us]").view(np.int64)
    days[known] = wall // schema.MICROSECONDS_PER_DAY
    return days
