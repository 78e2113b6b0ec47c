"""What people read: every form of section 3 of the conventions, and what must never appear."""

from __future__ import annotations

import datetime as dt
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard import format as fmt

UNITS = ("count", "rate", "money", "days", "seconds", "number")


@pytest.mark.parametrize(
    ("form", "arguments", "text"),
    [
        (fmt.count, (1204,), "1,204"),
        (fmt.count, (0,), "0"),
        (fmt.count, (44.82,), "44.8"),
        (fmt.count, (-1204,), "−1,204"),
        (fmt.count_short, (9_999,), "9,999"),
        (fmt.count_short, (10_000,), "10k"),
        (fmt.count_short, (84_123,), "84.1k"),
        (fmt.count_short, (999_960,), "1M"),
        (fmt.count_short, (2_312_000,), "2.3M"),
        (fmt.count_short, (120_400,), "120k"),
        (fmt.percent, (0.224,), "22.4 %"),
        (fmt.percent, (0.0042,), "0.42 %"),
        (fmt.percent, (0.00996,), "1.0 %"),
        (fmt.percent, (0.0,), "0.0 %"),
        (fmt.percent, (-0.05,), "−5.0 %"),
        (fmt.money, (1204.5, "EUR"), "€ 1,204.50"),
        (fmt.money, (-12.0, "eur"), "−€ 12.00"),
        (fmt.money, (1204.5,), "1,204.50"),
        (fmt.money, (1204.5, "CHF"), "CHF 1,204.50"),
        (fmt.money_short, (1204.5, "EUR"), "€ 1.2k"),
        (fmt.money_short, (480.866, "GBP"), "£ 480.87"),
        (fmt.money_short, (8_911_407.904, "GBP"), "£ 8.9M"),
        (fmt.duration, (8_040,), "2 h 14 min"),
        (fmt.duration, (45,), "45 s"),
        (fmt.duration, (3_600,), "1 h"),
        (fmt.duration, (3.2 * 86_400,), "3.2 days"),
        (fmt.day_count, (1,), "1 day"),
        (fmt.day_count, (3.2,), "3.2 days"),
        (fmt.interval, (0.124, 0.11, 0.139), "12.4 % (11.0–13.9)"),
        (fmt.interval_points, (0.045, 0.039, 0.052), "+4.5 pp (+3.9 to +5.2)"),
        (fmt.p_value, (0.02,), "p = .02"),
        (fmt.p_value, (0.004,), "p = .004"),
        (fmt.p_value, (0.0004,), "p < .001"),
        (fmt.signed, (12,), "+12"),
        (fmt.signed, (-3,), "−3"),
        (fmt.signed, (0,), "0"),
        (fmt.day, (dt.date(2026, 3, 12),), "12 Mar 2026"),
        (fmt.days_iso, ("2025-11-01", "2025-11-30"), "1–30 Nov 2025"),
        (fmt.days_iso, ("2025-10-28", "2025-11-03"), "28 Oct – 3 Nov 2025"),
        (fmt.days_iso, ("2024-12-30", "2025-01-05"), "30 Dec 2024 – 5 Jan 2025"),
        (fmt.days_iso, ("2025-11-03", "2025-11-03"), "3 Nov 2025"),
        (fmt.days_iso, ("", ""), ""),
        (fmt.day_iso, ("2026-03-12",), "12 Mar 2026"),
        (fmt.moment, ("2026-03-12T14:05:00+00:00",), "12 Mar 2026, 14:05 UTC"),
        (fmt.moment, ("2026-03-12T14:05:00+02:00",), "12 Mar 2026, 12:05 UTC"),
        (fmt.moment, ("",), "–"),
        (fmt.file_size, (2_100_000_000,), "2.1\u00a0GB"),
        (fmt.file_size, (999_999,), "1.0\u00a0MB"),
        (fmt.file_size, (1,), "1\u00a0byte"),
        (fmt.file_size, (None,), "–"),
        (fmt.exact, (0.224567, "rate"), "22.4567 %"),
        (fmt.exact, (334.2369, "number"), "334.2369"),
        (fmt.exact, (8_040, "seconds"), "8,040 s"),
    ],
)
def test_forms(form: object, arguments: tuple[object, ...], text: str) -> None:
    assert form(*arguments) == text  # type: ignore[operator]


@pytest.mark.parametrize(
    ("now", "before", "unit", "text"),
    [
        (110, 100, "count", "+10.0 %"),
        (90, 100, "count", "−10.0 %"),
        (0.228, 0.224, "rate", "+0.4 pp"),
        (0.2, 0.25, "rate", "−5.0 pp"),
        (0.2004, 0.2, "rate", "+0.04 pp"),
        (0.4, 0.0, "rate", "+40.0 pp"),
        (5, 0, "count", "new"),
        (5.0, 0.0, "money", "new"),
        (0, 0, "count", "no change"),
        (7, 7, "count", "no change"),
        (None, 5, "count", "–"),
        (5, None, "money", "–"),
        (math.nan, 5, "count", "–"),
        (120, 10, "count", "×12.0"),
        (-50, -100, "money", "+50.0 %"),
    ],
)
def test_delta(now: float | None, before: float | None, unit: str, text: str) -> None:
    assert fmt.delta(now, before, unit) == text


ANY = st.one_of(
    st.none(), st.sampled_from([math.nan, math.inf, -math.inf]), st.floats(-1e15, 1e15), st.integers(-(10**15), 10**15)
)


@settings(deadline=None)
@given(ANY, ANY, st.sampled_from(UNITS))
def test_nothing_unreadable_ever_appears(now: float | None, before: float | None, unit: str) -> None:
    texts = [fmt.delta(now, before, unit)]
    texts += [form(now, unit, currency="EUR") for form in (fmt.value, fmt.short, fmt.exact)]
    for text in texts:
        assert text
        assert not re.search(r"nan|inf|None|e[+-]?\d|-\d", text), text


@settings(deadline=None)
@given(st.floats(10_000, 1e14), st.floats(1.001, 50))
def test_short_counts_keep_their_order_of_magnitude(number: float, factor: float) -> None:
    def read(text: str) -> float:
        steps = {"k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
        return float(text[:-1].replace(",", "")) * steps[text[-1]]

    short = fmt.count_short(number)
    assert read(short) == pytest.approx(number, rel=0.06)
    assert read(fmt.count_short(number * factor)) >= read(short)
