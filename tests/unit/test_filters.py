"""The URL as state: nothing raises, equal views are equal texts, and the ranges mean the right days."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dashboard.filters import (
    COMPARE,
    MAX_VALUES,
    PRESETS,
    Filters,
    Period,
    comparison,
    day_date,
    day_number,
    parse,
    resolve,
)


def days(first: str, last: str) -> Period:
    return Period(day_number(dt.date.fromisoformat(first)), day_number(dt.date.fromisoformat(last)))


@settings(deadline=None)
@given(st.text())
@example("?range=0001-01-01..9999-12-31&as_of=9999-12-31")
@example("?" + "&".join(f"where.a={i}" for i in range(2_000)))
@example("?where.=x&range=2024-02-30..2024-03-01&dataset=../../etc")
def test_parse_never_raises_and_is_canonical(search: str) -> None:
    view = parse(search)
    assert parse(view.to_search()) == view


@pytest.mark.parametrize("search", [None, 7, b"?range=7d", ["?range=7d"]])
def test_what_is_no_text_means_the_default(search: object) -> None:
    assert parse(search) == Filters()  # type: ignore[arg-type]


TEXT = st.text(st.characters(blacklist_categories=("C", "Z")), min_size=0, max_size=20)
NAMES = st.text("abcdefgh_", min_size=1, max_size=12)


@settings(deadline=None)
@given(
    st.sampled_from([*PRESETS, "2024-01-01..2024-02-29"]),
    st.sampled_from(list(COMPARE)),
    st.dictionaries(NAMES, st.lists(TEXT, min_size=1, max_size=5, unique=True), max_size=3),
    st.one_of(st.none(), st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31))),
)
def test_what_is_written_is_read_again(
    range_: str, compare: str, where: dict[str, list[str]], as_of: dt.date | None
) -> None:
    view = Filters(dataset="abc123", range=range_, compare=compare, as_of=as_of)
    for name, values in where.items():
        view = view.with_where(name, values)
    assert parse(view.to_search()) == view


def test_a_filter_value_may_hold_anything_a_url_quotes() -> None:
    view = Filters().with_where("plan", ("a&b=c", "100 %", "", "+1", "é/ü?"))
    assert parse(view.to_search()).values("plan") == ("", "+1", "100 %", "a&b=c", "é/ü?")


def test_bad_values_fall_back_to_their_defaults() -> None:
    view = parse("?range=13d&compare=last&dataset=a/b&as_of=2024-13-01&segment=a%20b")
    assert view == Filters()


def test_of_a_repeated_key_the_first_wins_and_a_forged_list_is_cut() -> None:
    assert parse("range=7d&range=90d").range == "7d"
    assert len(parse("&".join(f"where.plan={i}" for i in range(999))).values("plan")) == MAX_VALUES


def test_defaults_are_not_written() -> None:
    assert Filters().to_search() == ""
    assert Filters(dataset="x").to_search() == "?dataset=x"


def test_equal_views_have_equal_canonical_forms() -> None:
    one = Filters().with_where("plan", ["b", "a"]).with_where("country", ["x"])
    two = Filters().with_where("country", ["x"]).with_where("plan", ["a", "b", "a"])
    assert one == two and one.canonical() == two.canonical()
    assert one.with_where("plan", ()).values("plan") == ()


@pytest.mark.parametrize(
    ("range_", "first", "last"),
    [
        ("today", "2024-03-15", "2024-03-15"),
        ("7d", "2024-03-09", "2024-03-15"),
        ("30d", "2024-02-15", "2024-03-15"),
        ("mtd", "2024-03-01", "2024-03-15"),
        ("last_month", "2024-02-01", "2024-02-29"),
        ("qtd", "2024-01-01", "2024-03-15"),
        ("ytd", "2024-01-01", "2024-03-15"),
        ("all", "2023-06-01", "2024-03-15"),
        ("2024-01-05..2024-01-09", "2024-01-05", "2024-01-09"),
    ],
)
def test_ranges(range_: str, first: str, last: str) -> None:
    span = days("2023-06-01", "2024-03-15")
    assert resolve(range_, first_day=span.first, last_day=span.last) == days(first, last)


def test_a_range_is_not_clipped_to_the_first_day() -> None:
    assert resolve(
        "30d", first_day=days("2024-03-10", "2024-03-10").first, last_day=day_number(dt.date(2024, 3, 15))
    ) == days("2024-02-15", "2024-03-15")


@pytest.mark.parametrize(
    ("range_", "period", "compare", "expected"),
    [
        ("7d", ("2024-03-09", "2024-03-15"), "previous", ("2024-03-02", "2024-03-08")),
        ("2024-03-01..2024-03-31", ("2024-03-01", "2024-03-31"), "previous", ("2024-01-30", "2024-02-29")),
        # to-date: the first k days against the first k days, never the whole earlier month
        ("mtd", ("2024-03-01", "2024-03-15"), "previous", ("2024-02-01", "2024-02-15")),
        ("mtd", ("2024-03-01", "2024-03-31"), "previous", ("2024-02-01", "2024-02-29")),
        ("qtd", ("2024-01-01", "2024-03-15"), "previous", ("2023-10-01", "2023-12-14")),
        ("ytd", ("2024-01-01", "2024-03-15"), "previous", ("2023-01-01", "2023-03-16")),
        ("last_month", ("2024-02-01", "2024-02-29"), "previous", ("2024-01-01", "2024-01-31")),
        ("7d", ("2024-03-09", "2024-03-15"), "year", ("2023-03-09", "2023-03-15")),
        ("today", ("2024-02-29", "2024-02-29"), "year", ("2023-02-28", "2023-02-28")),
        ("7d", ("2024-03-09", "2024-03-15"), "previous_weekdays", ("2024-03-02", "2024-03-08")),
        ("30d", ("2024-02-15", "2024-03-15"), "previous_weekdays", ("2024-01-11", "2024-02-09")),
        ("today", ("2024-03-15", "2024-03-15"), "previous_weekdays", ("2024-03-08", "2024-03-08")),
        ("mtd", ("2024-03-01", "2024-03-15"), "previous_weekdays", ("2024-02-02", "2024-02-16")),
        ("mtd", ("2024-03-01", "2024-03-31"), "previous_weekdays", ("2024-01-26", "2024-02-25")),
        ("7d", ("2024-03-09", "2024-03-15"), "year_weekdays", ("2023-03-11", "2023-03-17")),
        ("today", ("2023-07-14", "2023-07-14"), "year_weekdays", ("2022-07-15", "2022-07-15")),
        ("all", ("2023-06-01", "2024-03-15"), "year_weekdays", None),
        ("7d", ("2024-03-09", "2024-03-15"), "none", None),
        ("all", ("2023-06-01", "2024-03-15"), "previous", None),
    ],
)
def test_comparison(range_: str, period: tuple[str, str], compare: str, expected: tuple[str, str] | None) -> None:
    assert comparison(range_, days(*period), compare) == (days(*expected) if expected else None)


@settings(deadline=None)
@given(
    st.sampled_from([r for r in PRESETS if r != "all"]),
    st.integers(15_000, 21_000),
    st.sampled_from(["previous", "year"]),
)
def test_a_comparison_ends_before_its_period_and_is_never_longer_than_a_month_difference(
    range_: str, last: int, compare: str
) -> None:
    period = resolve(range_, first_day=14_000, last_day=last)
    before = comparison(range_, period, compare)
    assert before is not None and before.first <= before.last
    if compare == "previous":
        assert before.last < period.first
    if range_ != "last_month":
        assert before.days <= period.days


@settings(deadline=None)
@given(
    st.sampled_from([r for r in PRESETS if r != "all"]),
    st.integers(15_000, 21_000),
    st.sampled_from(["previous_weekdays", "year_weekdays"]),
)
def test_matched_weekdays_are_whole_weeks_apart(range_: str, last: int, compare: str) -> None:
    period = resolve(range_, first_day=14_000, last_day=last)
    before = comparison(range_, period, compare)
    near = comparison(range_, period, compare.removesuffix("_weekdays"))
    assert before is not None and near is not None
    assert before.days == period.days and before.last < period.first
    assert (period.first - before.first) % 7 == 0
    if period.first - near.first >= period.days + 7:
        assert abs(before.first - near.first) <= 3


@settings(deadline=None)
@given(st.text())
@example("9999-12-31..9999-12-31")
@example("0001-01-01..0001-01-05")
def test_every_range_that_parse_accepts_can_be_resolved_and_compared(text: str) -> None:
    view = parse(f"?range={text}")
    period = resolve(view.range, first_day=19_000, last_day=19_500)
    for compare in COMPARE:
        comparison(view.range, period, compare)
    assert day_date(period.first) <= day_date(period.last)
