"""Calendar periods, and local days where clocks change."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard import schema
from dashboard.filters import day_date, day_number
from dashboard.insights import periods

ZONES = ("UTC", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Apia", "America/Havana", "Australia/Lord_Howe")


def number(text: str) -> int:
    return day_number(dt.date.fromisoformat(text))


@pytest.mark.parametrize(
    ("day", "monday", "sunday"),
    [
        ("2018-12-31", "2018-12-31", "2018-12-30"),
        ("2021-01-01", "2020-12-28", "2020-12-27"),
        ("1969-12-29", "1969-12-29", "1969-12-28"),
    ],
)
def test_weeks_around_new_year_are_one_week(day: str, monday: str, sunday: str) -> None:
    """Wrong formula 17: the calendar year joined with the ISO week loses or doubles these."""
    assert periods.iso(periods.start_of(number(day), "week")) == monday
    assert periods.iso(periods.start_of(number(day), "week", "sunday")) == sunday


@settings(deadline=None)
@given(
    st.integers(-20_000, 60_000),
    st.integers(0, 500),
    st.sampled_from(periods.UNITS),
    st.sampled_from(("monday", "sunday")),
)
def test_periods_cover_a_range_once(first: int, length: int, unit: str, week_start: str) -> None:
    last = first + length
    found = periods.buckets(first, last, unit, last_complete=last, week_start=week_start)
    days = [day for begin, end in found.spans for day in range(begin, end + 1)]
    assert days == list(range(first, last + 1))
    for begin, end, whole in zip(found.starts, found.ends, found.complete, strict=True):
        assert whole == (begin >= first and end <= last)
        start = day_date(begin)
        if unit == "week":
            assert end - begin == 6 and start.weekday() == (0 if week_start == "monday" else 6)
        if unit == "month":
            assert start.day == 1 and day_date(end + 1).day == 1 and (end - begin) in range(27, 31)
    start, table = periods.bucket_of_day(found.spans)
    assert start == first and [found.spans[i][0] <= first + d <= found.spans[i][1] for d, i in enumerate(table)] == [
        True
    ] * len(table)


def test_a_period_is_complete_when_it_has_ended() -> None:
    found = periods.buckets(number("2024-01-01"), number("2024-03-31"), "month", last_complete=number("2024-03-30"))
    assert list(found.complete) == [True, True, False]
    cut = periods.buckets(number("2024-01-02"), number("2024-02-29"), "month", last_complete=number("2024-12-31"))
    assert list(cut.complete) == [False, True]


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(ValueError):
        periods.start_of(0, "fortnight")


@settings(deadline=None)
@given(st.lists(st.integers(-(10**15), 3 * 10**15), max_size=20), st.sampled_from(ZONES))
def test_local_days_are_those_of_the_zone(times: list[int], zone: str) -> None:
    expected = [
        day_number(
            (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=t)).astimezone(ZoneInfo(zone)).date()
        )
        for t in times
    ]
    assert periods.local_days(np.array(times, np.int64), zone).tolist() == expected


def test_no_time_is_no_day() -> None:
    times = np.array([schema.NULL_TIME, 0], np.int64)
    assert periods.local_days(times, "Asia/Kolkata").tolist() == [schema.NULL_DAY, 0]


def test_iso_days() -> None:
    assert periods.from_iso("2024-02-29") == number("2024-02-29")
    assert periods.from_iso("yesterday") is None
