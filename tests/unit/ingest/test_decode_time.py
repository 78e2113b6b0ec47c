"""Times: what each shape means, zones, and that the compiled parser and the plain one agree."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.ingest.decode_codes import joined
from dashboard.ingest.decode_time import (
    BAD,
    IMPOSSIBLE,
    MISSING,
    OK,
    ORDERS,
    UNITS,
    Time,
    day_count,
    epoch_cells,
    parse_time,
    time_cells,
)
from dashboard.ingest.decode_zone import localise, zone_table
from dashboard.ingest.plan import TimeFormat
from dashboard.schema import NULL_TIME


def micros(*parts: int) -> int:
    return int(dt.datetime(*parts, tzinfo=dt.UTC).timestamp()) * 1_000_000


def compiled(texts: list[str], form: TimeFormat):
    data, spans = joined([t.encode() for t in texts])
    values, naive = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.bool_)
    unsure = np.empty(len(texts), np.int64)
    if form.kind == "epoch":
        count = epoch_cells(data, spans, UNITS[form.unit], values, unsure)
    else:
        count = time_cells(data, spans, ORDERS[form.order], values, naive, unsure)
    return values, naive, set(unsure[:count].tolist())


NOON = micros(2025, 3, 8, 12, 30)
SHAPES = [
    ("2025-03-08", "ymd", micros(2025, 3, 8)),
    ("2025/3/8", "ymd", micros(2025, 3, 8)),
    ("20250308", "ymd", micros(2025, 3, 8)),
    ("08.03.2025", "dmy", micros(2025, 3, 8)),
    ("08032025", "dmy", micros(2025, 3, 8)),
    ("8/3/2025 12:30", "dmy", NOON),
    ("3/8/2025 12:30:00 PM", "mdy", NOON),
    ("3/8/25 12:30 pm", "mdy", NOON),
    ("08-03-25 12:30", "dmy", NOON),
    ("25-03-08 12:30", "ymd", NOON),
    ("2025-03-08 12:30:00", "dmy", NOON),
    ("2025-03-08T12:30:00", "ymd", NOON),
    ("20250308T123000", "ymd", NOON),
    ("20250308123000", "ymd", NOON),
    ("25/03/2025", "ymd", micros(2025, 3, 25)),
    ("03/25/2025", "ymd", micros(2025, 3, 25)),
    ("04/04/2025", "ymd", micros(2025, 4, 4)),
    ("Sat, 08 Mar 2025 12:30", "ymd", NOON),
    ("March 8, 2025 12:30", "mdy", NOON),
    ("8. März 2025", "dmy", micros(2025, 3, 8)),
    ("8 de marzo de 2025", "dmy", micros(2025, 3, 8)),
    ("2025年3月8日", "ymd", micros(2025, 3, 8)),
    ("08-Mar-25", "dmy", micros(2025, 3, 8)),
    ("٢٠٢٥-٠٣-٠٨", "ymd", micros(2025, 3, 8)),
    ("2025-03-07 24:00", "ymd", micros(2025, 3, 8)),
    ("12/31/1969", "mdy", micros(1969, 12, 31)),
    ("31/12/69", "dmy", micros(1969, 12, 31)),
    ("31/12/68", "dmy", micros(2068, 12, 31)),
    ("2024-02-29", "ymd", micros(2024, 2, 29)),
]


@pytest.mark.parametrize(("text", "order", "value"), SHAPES)
def test_naive_shapes(text: str, order: str, value: int) -> None:
    assert parse_time(text, TimeFormat(order=order)) == Time(OK, value, True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-08T12:30:00Z",
        "2025-03-08 13:30:00+01:00",
        "2025-03-08T13:30+0100",
        "2025-03-08T06:30-06",
        "2025-03-08 12:30:00 UTC",
        "Sat Mar 08 2025 13:30:00 GMT+0100 (CET)",
        "Sat, 08 Mar 2025 12:30:00 GMT",
        "Sat Mar  8 12:30:00 UTC 2025",
    ],
)
def test_offsets(text: str) -> None:
    assert parse_time(text, TimeFormat()) == Time(OK, NOON, False)


def test_fractions_are_cut_at_microseconds() -> None:
    assert parse_time("2025-03-08 12:30:00.123456789", TimeFormat()).micros == NOON + 123_456
    assert parse_time("2025-03-08 12:30:00,5", TimeFormat()).micros == NOON + 500_000


@pytest.mark.parametrize(
    ("text", "order", "state"),
    [
        ("03/04/2025", "ymd", BAD),
        ("13/13/2025", "dmy", BAD),
        ("25/03/2025", "mdy", BAD),
        ("2025-02-29", "ymd", BAD),
        ("2025-03-08 25:00", "ymd", BAD),
        ("2025-03-08 13:00 pm", "ymd", BAD),
        ("yesterday", "ymd", BAD),
        ("2025-03-08 12:30 EST", "ymd", BAD),
        ("0000-00-00 00:00:00", "ymd", IMPOSSIBLE),
        ("00/00/0000", "dmy", IMPOSSIBLE),
        ("", "ymd", MISSING),
        ("NULL", "ymd", MISSING),
        ("x" * 100_000, "ymd", BAD),
    ],
)
def test_what_is_no_time(text: str, order: str, state: int) -> None:
    assert parse_time(text, TimeFormat(order=order)).state == state  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1741437000", "auto", NOON),
        ("1741437000000", "auto", NOON),
        ("1741437000000000", "auto", NOON),
        ("1741437000000000000", "auto", NOON),
        ("1741437000.5", "auto", NOON + 500_000),
        ("1741437000000.25", "ms", NOON + 250),
        ("1.741437E9", "s", NOON),
        ("-86400", "s", -86_400_000_000),
    ],
)
def test_epochs(text: str, unit: str, value: int) -> None:
    form = TimeFormat(kind="epoch", unit=unit)  # type: ignore[arg-type]
    assert parse_time(text, form) == Time(OK, value, False)
    values, _, unsure = compiled([text], form)
    assert unsure or values[0] == value


STAMPS = st.builds(
    lambda t, f, tail: t.strftime(f) + tail,
    st.datetimes(dt.datetime(1600, 1, 1), dt.datetime(2200, 1, 1)),
    st.sampled_from(
        [
            "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%d/%m/%Y %H:%M", "%m-%d-%Y %I:%M %p", "%d.%m.%y",
            "%Y%m%d", "%Y/%m/%d %I:%M:%S%p", "%b %d, %Y",
        ]
    ),
    st.sampled_from(["", "", "Z", "+02:00", "-0530", " UTC", " ", "x", "+1"]),
)  # fmt: skip
ANY = st.one_of(STAMPS, st.text(alphabet="0123456789-/.: TZ+,apmAPM", max_size=26))


@settings(max_examples=1000, deadline=None)
@given(st.lists(ANY, min_size=1, max_size=20), st.sampled_from(["ymd", "dmy", "mdy"]))
def test_where_the_kernel_answers_it_agrees(texts: list[str], order: str) -> None:
    texts = [" ".join(t.split()) for t in texts]
    form = TimeFormat(order=order)  # type: ignore[arg-type]
    values, naive, unsure = compiled(texts, form)
    for i, text in enumerate(texts):
        if i not in unsure:
            wanted = parse_time(text, form)
            assert (values[i], bool(naive[i])) == (wanted.micros, wanted.naive), text


@settings(max_examples=400, deadline=None)
@given(st.lists(st.text(alphabet="0123456789.-", max_size=20), min_size=1, max_size=20), st.sampled_from(list(UNITS)))
def test_where_the_epoch_kernel_answers_it_agrees(texts: list[str], unit: str) -> None:
    form = TimeFormat(kind="epoch", unit=unit)  # type: ignore[arg-type]
    values, _, unsure = compiled(texts, form)
    for i, text in enumerate(texts):
        if i not in unsure:
            assert values[i] == parse_time(text, form).micros, text


def test_the_kernel_answers_the_usual_shapes() -> None:
    usual = ["2025-03-08", "2025-03-08 12:30:00", "2025-03-08T12:30:00.000Z", "2025-03-08T12:30:00+00:00"]
    assert not compiled(usual, TimeFormat())[2]
    assert not compiled(["08/03/2025 12:30"], TimeFormat(order="dmy"))[2]
    assert not compiled(["1541105830796"], TimeFormat(kind="epoch"))[2]


@given(st.dates())
def test_day_count(day: dt.date) -> None:
    assert day_count(day.year, day.month, day.day) == (day - dt.date(1970, 1, 1)).days


def localised(zone: str, *stamps: dt.datetime) -> tuple[list[int], list[int]]:
    values = np.array([micros(*s.timetuple()[:6]) for s in stamps], np.int64)
    counts = np.zeros(2, np.int64)
    localise(values, np.ones(len(values), np.bool_), *zone_table(zone), counts)
    return values.tolist(), counts.tolist()


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC", "Africa/Casablanca"]
    ),
    st.lists(st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2037, 1, 1)), min_size=1, max_size=8),
)
def test_local_times_follow_pep_495(zone: str, stamps: list[dt.datetime]) -> None:
    found, _ = localised(zone, *stamps)
    for value, stamp in zip(found, stamps, strict=True):
        local = stamp.replace(microsecond=0, fold=0, tzinfo=zoneinfo.ZoneInfo(zone))
        assert value == int(local.astimezone(dt.UTC).timestamp()) * 1_000_000


def test_gap_moves_forward_and_fold_is_the_first() -> None:
    gap, fold = dt.datetime(2025, 3, 30, 2, 30), dt.datetime(2025, 10, 26, 2, 30)
    edges = [dt.datetime(2025, 3, 30, 3, 0), dt.datetime(2025, 10, 26, 3, 0), dt.datetime(2025, 10, 26, 1, 59)]
    values, counts = localised("Europe/Berlin", gap, fold, *edges)
    assert values[:2] == [micros(2025, 3, 30, 1, 30), micros(2025, 10, 26, 0, 30)]
    assert counts == [1, 1]


def test_unknown_zone_is_refused() -> None:
    with pytest.raises(UserError, match="time zone"):
        zone_table("Mars/Olympus")


def test_missing_stays_missing() -> None:
    values, naive, unsure = compiled([""], TimeFormat())
    assert (values[0], bool(naive[0]), unsure) == (NULL_TIME, False, set())
