from __future__ import annotations

import math

import pandas as pd
import pytest

from dashboard.figures import theme, trend
from dashboard.figures.trend import Series
from dashboard.result import Result

DAYS = ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]


def result(**columns: list[object]) -> Result:
    return Result("orders", pd.DataFrame({"period": DAYS, **columns}), units={"value": "count"})


def test_what_is_not_over_is_dotted_and_joins_the_rest() -> None:
    drawn = trend.lines(
        result(value=[1, 2, 3, 1], complete=[True, True, True, False]), [Series("value", "Orders", "orders")]
    )
    solid, dotted = drawn.data
    assert list(solid.y) == [1, 2, 3, None]
    assert list(dotted.y) == [None, None, 3, 1]
    assert dotted.line.dash == "dot" and not dotted.showlegend
    assert solid.line.color == dotted.line.color == theme.colour("orders")


def test_nothing_is_dotted_when_all_is_complete() -> None:
    drawn = trend.lines(result(value=[1, 2, 3, 1], complete=[True] * 4), [Series("value", "Orders")])
    assert len(drawn.data) == 1
    assert drawn.data[0].fill == "tozeroy"


def test_comparison_is_dashed_grey_with_its_own_days() -> None:
    found = result(
        value=[1, 2, 3, 1],
        complete=[True] * 4,
        previous=[4, 4, math.nan, 4],
        previous_period=["2026-02-01", "2026-02-02", "2026-02-03", "2026-02-04"],
    )
    for drawn, place in (
        (trend.lines(found, [Series("value", "Orders")]), 0),
        (trend.columns(found, Series("value", "Orders")), 1),
    ):
        line = drawn.data[place]
        assert (line.line.dash, line.line.color) == ("dash", theme.MUTED)
        assert list(line.y) == [4, 4, None, 4]
        assert next(iter(line.customdata)) == "2026-02-01"
        assert list(line.x) == DAYS


def test_several_series_explain_their_comparison_once() -> None:
    frame = pd.DataFrame(
        {
            "day": DAYS,
            "dau": [1] * 4,
            "mau": [9] * 4,
            "previous_dau": [2] * 4,
            "previous_mau": [8] * 4,
            "previous_day": DAYS,
        }
    )
    drawn = trend.lines(Result("active_users", frame), [Series("dau", "Daily"), Series("mau", "Monthly")], x="day")
    grey = [trace for trace in drawn.data if trace.line.color == theme.MUTED]
    assert [trace.showlegend for trace in grey] == [True, False]
    assert grey[0].name == "Previous period"


def test_columns_start_at_zero_and_hatch_what_is_not_over() -> None:
    drawn = trend.columns(
        result(value=[5, 6, 7, 2], complete=[True, True, True, False]), Series("value", "Orders", "orders")
    )
    assert list(drawn.data[0].marker.pattern.shape) == ["", "", "", "/"]
    assert drawn.layout.template.layout.yaxis.rangemode == "tozero"


def test_the_legend_shows_a_whole_column_also_where_the_first_one_is_hatched() -> None:
    found = result(value=[1, 2, 3, 1], complete=[False, True, True, True], previous=[4] * 4, previous_period=DAYS)
    bars, key, _ = trend.columns(found, Series("value", "Orders", "orders")).data
    assert (bars.showlegend, key.showlegend, key.legendgroup) == (False, None, bars.legendgroup)
    assert (key.name, key.marker.color, list(key.y)) == ("Orders", theme.colour("orders"), [None])
    whole = result(value=[1, 2, 3, 1], complete=[True, True, True, False], previous=[4] * 4, previous_period=DAYS)
    assert len(trend.columns(whole, Series("value", "Orders")).data) == 2


def test_data_in_labels_stays_text() -> None:
    drawn = trend.columns(
        result(value=[1, 1, 1, 1]), Series("value", "<a href='x'>Orders</a>"), unit="money", currency="<b>"
    )
    text = drawn.to_json()
    assert "<a href" not in text and "<b>" not in text


def test_ticks_fit_the_values_and_the_period() -> None:
    small = trend.columns(result(value=[0.5, 1, 2, 1]), Series("value", "Orders"))
    assert (small.layout.yaxis.tickformat, small.layout.xaxis.tickformat) == (",~f", "%-d %b")
    frame = pd.DataFrame({"period": ["2026-01-01", "2026-02-01"], "value": [84_000, 1]})
    large = trend.columns(Result("orders", frame), Series("value", "Orders"))
    assert (large.layout.yaxis.tickformat, large.layout.xaxis.tickformat) == ("~s", "%b %Y")
    rate = trend.lines(result(value=[0.5, 1, 1, 1]), [Series("value", "Share")], unit="rate")
    assert rate.layout.yaxis.tickformat == ".0%"


@pytest.mark.parametrize(("days", "unit"), [(1, "day"), (62, "day"), (63, "week"), (366, "week"), (367, "month")])
def test_grain_keeps_a_drawing_readable(days: int, unit: str) -> None:
    assert trend.grain(days) == unit
