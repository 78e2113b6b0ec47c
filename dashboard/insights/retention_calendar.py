"""Consecutive calendar periods (hours, days, weeks, months) in the dataset's zone, and in which one a row lies.

Days, weeks and months are spans of local day numbers. Hours are local hours: a day of the change of the clocks has 23
or 25 of them (the repeated hour is two hours with one label).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard import filters
from dashboard.errors import UserError
from dashboard.insights import periods

UNITS = ("hour", *periods.UNITS)
HOUR = 3_600_000_000
_QUARTER = HOUR // 4  # zones differ from UTC by whole quarters of an hour
Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Calendar:
    """``len(calendar)`` periods one after the other.

    edges: int64[n + 1], ascending: first local day number of each period and of the one after the last; for hours the
    instants (µs UTC) instead. labels: ``YYYY-MM-DD``, hours ``YYYY-MM-DDTHH:00``, both local.
    """

    unit: str
    zone: str
    week_start: str
    edges: Int64

    def __len__(self) -> int:
        return len(self.edges) - 1

    @property
    def key(self) -> tuple[str, int, int, str]:
        """What tells this calendar from others of the same dataset."""
        return (self.unit, int(self.edges[0]), len(self), self.week_start)

    @cached_property
    def labels(self) -> list[str]:
        if self.unit != "hour":
            return [periods.iso(int(start)) for start in self.edges[:-1]]
        local = pd.DatetimeIndex(self.edges[:-1].view("datetime64[us]"), tz="UTC").tz_convert(self.zone)
        return [f"{moment:%Y-%m-%dT%H}:00" for moment in local]

    @cached_property
    def table(self) -> Int32:
        """Index of the period of the day ``edges[0] + i``; for hours the identity, marks of hours are indexes
        already."""
        if self.unit == "hour":
            return np.arange(len(self), dtype=np.int32)
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.edges))

    @property
    def origin(self) -> int:
        """What :attr:`table` begins with."""
        return 0 if self.unit == "hour" else int(self.edges[0])

    def complete(self, last_complete: int, until: int) -> npt.NDArray[np.bool_]:
        """bool[n]: periods that ended by the day ``last_complete`` (hours: by the instant ``until``)."""
        ended: npt.NDArray[np.bool_] = self.edges[1:] <= (until if self.unit == "hour" else last_complete + 1)
        return ended

    def instants(self) -> Int64:
        """int64[n + 1]: the edges as instants (µs UTC)."""
        return self.edges if self.unit == "hour" else midnights(self.edges, self.zone)


def calendar(unit: str, first: int, n: int, *, zone: str, week_start: str = "monday") -> Calendar:
    """Build n >= 1 periods; ``first`` is a day number (the period that holds it comes first), for hours an instant."""
    if unit == "hour":
        return Calendar(unit, zone, week_start, _hours(first, n, zone))
    edges = [periods.start_of(first, unit, week_start)]
    for _ in range(n):
        edges.append(periods.next_start(edges[-1], unit))
    return Calendar(unit, zone, week_start, np.array(edges, np.int64))


def _hours(first: int, n: int, zone: str) -> Int64:
    """Starts of n local hours and the end of the last: where the local hour changes on a grid of quarters."""
    begin = first // _QUARTER * _QUARTER
    grid = begin + np.arange(-4, 4 * (n + 3), dtype=np.int64) * _QUARTER
    local = pd.DatetimeIndex(grid.view("datetime64[us]"), tz="UTC").tz_convert(zone).tz_localize(None)
    wall = local.to_numpy().astype("datetime64[us]").view(np.int64)
    starts = (wall % HOUR == 0) | np.concatenate([[False], np.diff(wall // HOUR) != 0])
    edges = grid[starts]
    chosen: Int64 = edges[np.searchsorted(edges, first, side="right") - 1 :][: n + 1]
    return chosen


def midnights(days: npt.NDArray[np.int64], zone: str) -> Int64:
    """The instant (µs UTC) at which each local day begins."""
    local = pd.DatetimeIndex(np.asarray(days, "datetime64[D]").astype("datetime64[us]"))
    # a day without midnight (the clocks go forward at 0:00) begins at its first instant; a repeated one at the first
    begins = local.tz_localize(zone, ambiguous=np.ones(len(local), bool), nonexistent="shift_forward")
    return begins.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]").view(np.int64)


def from_label(text: str, unit: str, zone: str) -> int:
    """What :func:`calendar` takes as ``first`` for the label of a period. Raises UserError when it is none."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise UserError("bad_period", "This is not a period.", "Write its first day as 2026-01-31.") from None
    if not filters.FIRST_YEAR <= moment.year <= filters.LAST_YEAR:
        raise UserError("bad_period", "This period is far from any data.", "Choose one inside the data.")
    if unit != "hour":
        return filters.day_number(moment.date())
    instant = moment.replace(tzinfo=moment.tzinfo or ZoneInfo(zone))
    return int((instant - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1))


def between(unit: str, first_day: int, last_day: int, *, zone: str, week_start: str) -> Calendar:
    """The periods that overlap the local days [first_day, last_day]."""
    if unit == "hour":
        begin, end = (int(x) for x in midnights(np.array([first_day, last_day + 1], np.int64), zone))
        n = -(-(end - begin) // HOUR)
        return calendar(unit, begin, max(1, n), zone=zone)
    n, start = 0, periods.start_of(first_day, unit, week_start)
    while start <= last_day:
        n, start = n + 1, periods.next_start(start, unit)
    return calendar(unit, first_day, max(1, n), zone=zone, week_start=week_start)


def end_of_day(day: int, zone: str) -> int:
    """The instant at which the local day is over."""
    return int(midnights(np.array([day + 1], np.int64), zone)[0])
