"""Figures of value and churn: names are text, gaps stay gaps, sides and colours mean what the words say."""

from __future__ import annotations

import pandas as pd
import pytest

from dashboard.figures import churn, theme, value
from dashboard.result import Result

NAN = float("nan")


def test_bands_of_money_are_named_by_their_ends() -> None:
    assert value.band_name(20.0, 50.0, "EUR") == "€ 20–50"
    assert value.band_name(500.0, 1000.0, "") == "500–1k"
    frame = pd.DataFrame({"low": [0.0, 20.0], "high": [20.0, 50.0], "customers": [3, 0], "clv": [9.0, 0.0]})
    drawn = value.distribution(Result("clv_distribution", frame), currency="EUR")
    assert list(drawn.data[0].y) == [3, 0]


def test_concentration_has_the_line_of_equality() -> None:
    frame = pd.DataFrame({"customers_share": [0.0, 0.5, 1.0], "clv_share": [0, 0.9, 1.0], "historic_share": [NAN] * 3})
    drawn = value.concentration(Result("clv_concentration", frame))
    assert [trace.name for trace in drawn.data] == ["Predicted value", "Value so far", "If all were equal"]
    assert list(drawn.data[1].y) == [None, None, None]
    assert list(drawn.data[2].x) == list(drawn.data[2].y) == [0, 1]


def test_predicted_stands_beside_what_happened() -> None:
    frame = pd.DataFrame(
        {
            "decile": [1, 2],
            "customers": [5, 5],
            "predicted": [9.0, 3.0],
            "actual": [8.0, 4.0],
            "predicted_value": [90.0, 30.0],
            "actual_value": [80.0, 40.0],
        }
    )
    money = value.backtest(Result("clv_backtest", frame), column="value", currency="EUR")
    assert [list(trace.y) for trace in money.data] == [[90.0, 30.0], [80.0, 40.0]]
    orders = value.backtest(Result("clv_backtest", frame), column="orders")
    assert list(orders.data[0].y) == [9.0, 3.0]
    by_class = pd.DataFrame(
        {"x": [0, 1, 7], "customers": [9, 3, 0], "predicted": [0.5, 1.0, NAN], "actual": [0.4, 1, NAN]}
    )
    drawn = value.backtest(Result("clv_backtest", by_class), column="orders")
    assert list(drawn.data[0].x) == ["0", "1", "7+"]
    assert drawn.data[0].y[2] is None


def test_cells_that_are_not_over_are_in_no_line() -> None:
    frame = pd.DataFrame(
        {"cohort": ["2024-01-01"] * 3, "k": [0, 1, 2], "per_member": [5.0, 8.0, 9.0], "complete": [True, True, False]}
    )
    curve = [{"k": 0, "per_member": 5.0}, {"k": 1, "per_member": 8.0}, {"k": 2, "per_member": None}]
    result = Result("retention", frame, summary={"curve": curve})
    drawn = value.cohort_lines(result, currency="EUR", names={"2024-01-01": "<b>Jan</b>"})
    assert list(drawn.data[0].x) == list(drawn.data[-1].x) == [0, 1]
    assert "<" not in drawn.data[0].name


@pytest.mark.parametrize(("model", "lines"), [(0.9, 4), (NAN, 3)])
def test_staying_draws_the_model_only_where_there_is_one(model: float, lines: int) -> None:
    frame = pd.DataFrame(
        {
            "group": "All",
            "month": [0, 1],
            "observed": [1.0, 0.9],
            "low": [NAN, 0.8],
            "high": [NAN, 0.95],
            "at_risk": [9, 8],
            "model": [model, model],
        }
    )
    drawn = value.staying(Result("clv_subscription_curves", frame), "All", 12)
    assert len(drawn.data) == lines


def curves() -> Result:
    def rows(curve: str, x: list[float], y: list[float], low: float, high: float) -> pd.DataFrame:
        return pd.DataFrame({"curve": curve, "x": x, "y": y, "low": low, "high": high, "people": 10, "left": 3})

    frame = pd.concat(
        [
            rows("reliability", [0.1, 0.6], [0.2, 0.5], 0.1, 0.7),
            rows("roc", [0.0, 0.5, 1.0], [0.0, 0.8, 1.0], NAN, NAN),
            rows("pr", [0.5, 1.0], [0.9, 0.3], NAN, NAN),
            rows("lift", [1.0, 2.0], [2.5, 0.5], 0.4, 3.0),
            rows("risk", [0.0, 0.5], [0.6, 0.4], NAN, NAN),
        ]
    )
    return Result("churn_curves", frame)


def test_intervals_point_outwards() -> None:
    for drawn in (churn.reliability(curves()), churn.lift(curves())):
        error = drawn.data[-1].error_y
        assert all(v >= 0 for v in (*error.array, *error.arrayminus))


def test_guessing_is_drawn_beside_the_model() -> None:
    assert [trace.name for trace in churn.roc(curves()).data] == ["Guessing", "Model"]
    assert list(churn.precision(curves(), 0.3).data[0].y) == [0.3, 0.3]
    assert len(churn.precision(curves(), None).data) == 1


def test_people_have_the_colour_of_their_band() -> None:
    drawn = churn.spread(curves(), 0.2, 0.7)
    assert list(drawn.data[0].marker.color) == [churn.BAND_COLOUR["watch"], churn.BAND_COLOUR["at risk"]]
    nothing = churn.spread(curves(), None, None)
    assert set(nothing.data[0].marker.color) == {churn.BAND_COLOUR["healthy"]}


def test_drivers_point_to_the_side_their_words_say() -> None:
    frame = pd.DataFrame(
        {"group": ["Recency", "<i>Spend</i>"], "importance": [2.0, 1.0], "effect": [0.7, -0.3], "text": ["a", "b"]}
    )
    drawn = churn.drivers(Result("churn_drivers", frame))
    assert list(drawn.data[0].x) == [-1.0, 2.0]  # drawn from below: the strongest on top
    assert list(drawn.data[0].marker.color) == [theme.TEAL, theme.RUST]
    assert "<" not in drawn.data[0].y[0]


def test_the_window_in_force_is_marked() -> None:
    frame = pd.DataFrame({"days": [7, 14], "back": [0.4, NAN], "back_twice": [0.5, 0.2]})
    result = Result("churn_window", frame, summary={"horizon": 90})
    drawn = churn.returns(result, 14)
    assert drawn.data[0].y[1] is None
    assert any(shape.x0 == 14 for shape in drawn.layout.shapes)
    assert not any(shape.x0 == shape.x1 for shape in churn.returns(result, 0).layout.shapes)
