from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest

from dashboard.components.filter_bar import Span, active, bar
from dashboard.components.filter_values import MISSING_VALUE
from dashboard.filters import PRESETS, Filters, Period, day_number, parse
from dashboard.result import Dimension
from tests.unit.components.tree import find, prop, text, walk

COUNTRY = Dimension("country", "Country", ("users",), (("UK", 30), ("India", 20), ("", 5)), "users", 3)
GENRE = Dimension("genre", "Genre", ("users",), (("<b>", 7),), "users", 1)
LAST = day_number(dt.date(2026, 3, 30))
VIEW = SimpleNamespace(
    period=Period(LAST - 29, LAST),
    previous=Period(LAST - 59, LAST - 30),
    as_of=LAST + 1,
    dated=True,
    last_complete=LAST,
    saved=(),
    segment=None,
    dataset=SimpleNamespace(manifest=SimpleNamespace(first_day=LAST - 100, last_day=LAST + 1, tables=("events",))),
)
SPAN = Span.of(VIEW)


def links(filters: Filters, dates: bool = True) -> dict[str, Filters]:
    """Name of every link of the bar -> the view it leads to."""
    shown = bar(filters, [COUNTRY, GENRE], SPAN, dates=dates)
    return {
        prop(node, "aria-label") or text(node): parse(node.href) for node in walk(shown) if getattr(node, "href", None)
    }


def test_every_preset_is_a_link_that_keeps_the_rest() -> None:
    filters = parse("?dataset=abc&compare=year&where.country=UK&list=all")
    found = links(filters)
    for token, name in PRESETS.items():
        assert found[name] == filters.with_(range=token)
    assert found["No comparison"] == filters.with_(compare="none")


def test_steps_move_by_the_length_of_the_period() -> None:
    found = links(Filters())
    assert found["Earlier period"].range == "2026-01-30..2026-02-28"
    assert found["Later period"].range == "2026-03-31..2026-04-29"


def test_chips_remove_one_value_and_reset_removes_all() -> None:
    filters = parse("?dataset=abc&range=7d&where.country=UK&where.country=&as_of=2026-02-01")
    span = Span(dt.date(2026, 2, 1), dt.date(2026, 3, 31))
    shown = bar(filters, [COUNTRY], span)
    chips = {text(node): parse(node.href) for node in find(shown, "chip")}
    assert chips["Country: UK ×"] == filters.with_where("country", ("",))
    assert chips["Country: missing ×"] == filters.with_where("country", ("UK",))
    assert chips["As of 1 Feb 2026 ×"] == filters.with_(as_of=None)
    assert parse(find(shown, "filter-reset")[0].href) == Filters(dataset="abc")


def test_values_show_their_numbers_and_missing_survives_the_checklist() -> None:
    shown = bar(parse("?where.country=&where.country=Atlantis"), [COUNTRY], SPAN)
    checks = next(node for node in walk(shown) if type(node).__name__ == "Checklist")
    assert checks.value == [MISSING_VALUE, "Atlantis"]
    assert [option["value"] for option in checks.options] == ["Atlantis", "UK", "India", MISSING_VALUE]
    assert text(checks.options[1]["label"]) == "UK 30"


def test_other_dimensions_wait_under_more_until_they_filter() -> None:
    pops = [prop(node, "data-pop") for node in find(bar(Filters(), [COUNTRY, GENRE], SPAN), "filter-pop")]
    assert pops == ["range", "compare", "where.country", "more", "as_of"]
    pops = [prop(n, "data-pop") for n in find(bar(parse("?where.genre=x"), [COUNTRY, GENRE], SPAN), "filter-pop")]
    assert pops == ["range", "compare", "where.country", "where.genre", "as_of"]


def test_without_time_there_are_no_dates() -> None:
    undated = Span.of(SimpleNamespace(dated=False, dataset=VIEW.dataset, saved=(), segment=None))
    pops = [prop(node, "data-pop") for node in find(bar(Filters(), [COUNTRY], undated), "filter-pop")]
    assert pops == ["where.country"]
    assert (undated.data_days, undated.shown_days) == ("", "")


def test_words_of_a_view() -> None:
    assert active(parse("?where.country=UK&where.country=&where.genre=a"), [COUNTRY, GENRE]) == (
        "Country: missing, UK · Genre: a"
    )
    assert SPAN.shown_days == "1–30 Mar 2026"
    assert SPAN.data_days == "20 Dec 2025 – 30 Mar 2026"


@pytest.mark.parametrize("dates", [True, False])
def test_empty_link_is_a_question_mark(dates: bool) -> None:
    shown = bar(parse("?where.country=UK"), [COUNTRY], SPAN, dates=dates)
    assert find(shown, "chip")[0].href == "?"


def test_saved_segments_are_links_and_the_one_in_force_is_a_chip() -> None:
    filters = parse("?where.country=UK&segment=abc")
    applied = SimpleNamespace(name="Regulars", problem="")
    saved = (("abc", "Regulars"), ("def", "Lost"))
    chosen = Span.of(SimpleNamespace(**{**vars(VIEW), "segment": applied, "saved": saved}))
    shown = bar(filters, [COUNTRY], chosen)
    found = {text(node): parse(node.href) for node in walk(shown) if getattr(node, "href", None)}
    assert found["Lost"] == filters.with_(segment="def") and found["Everybody"] == filters.with_(segment=None)
    assert found["Segment: Regulars ×"] == filters.with_(segment=None)
    assert find(shown, "notice-warn") == []


def test_a_segment_that_is_gone_is_said_and_can_be_left() -> None:
    gone = SimpleNamespace(name="", problem="The saved segment was deleted: everybody is shown.")
    shown = bar(parse("?segment=xyz"), [], Span.of(SimpleNamespace(**{**vars(VIEW), "segment": gone, "saved": ()})))
    assert [text(node) for node in find(shown, "notice-warn")] == [gone.problem]
    found = {text(node): parse(node.href) for node in walk(shown) if getattr(node, "href", None)}
    assert found["Segment: not in force ×"].segment is None
