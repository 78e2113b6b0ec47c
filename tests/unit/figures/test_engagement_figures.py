"""Lifecycle, habits and features: signs, order, names of classes, what a click opens."""

from __future__ import annotations

import pandas as pd
import pytest

from dashboard.components.engagement_options import clicked
from dashboard.figures import aha, features, lifecycle, rhythm
from dashboard.result import Result


def test_lifecycle_stacks_with_dormant_below_zero_and_open_periods_hatched() -> None:
    frame = pd.DataFrame(
        {
            "period": ["2024-01-01", "2024-01-08"],
            "new": [3, 1],
            "returning": [0, 2],
            "resurrecting": [0, 1],
            "dormant": [0, -1],
            "pulse": [float("nan"), 2.0],
            "complete": [True, False],
        }
    )
    drawn = lifecycle.columns(Result("lifecycle", frame))
    bars = {trace.name: trace for trace in drawn.data}
    assert list(bars["Dormant"].y) == [0, -1] and list(bars["New"].y) == [3, 1]
    assert drawn.layout.barmode == "relative"
    assert list(bars["New"].marker.pattern.shape) == ["", "/"]
    point = {"points": [{"customdata": list(bars["Dormant"].customdata[1])}]}
    assert clicked(point) == "life~dormant~2024-01-08"
    assert list(lifecycle.pulse(Result("lifecycle", frame)).data[0].y) == [None]


@pytest.mark.parametrize("click", [None, 3, {}, {"points": []}, {"points": [{}]}, {"points": [{"customdata": [1]}]}])
def test_a_click_on_something_else_opens_nothing(click: object) -> None:
    assert clicked(click) == ""


def test_days_active_open_their_people() -> None:
    frame = pd.DataFrame({"periods": [1, 2], "exact": [4, 1], "at_least": [5, 1]})
    drawn = rhythm.days_active(Result("days_active", frame, summary={"users": 5}), mode="at_least", title="Days")
    assert list(drawn.data[0].y) == [5, 1]
    assert [row[1] for row in drawn.data[0].customdata] == ["days~at_least~1", "days~at_least~2"]
    assert drawn.data[0].customdata[0][0] == "(100.0 %)"


def test_classes_of_length_have_names() -> None:
    assert rhythm.length_name(0, 0.001) == "one event"
    assert rhythm.length_name(0.001, 10) == "under 10 s"
    assert rhythm.length_name(180, 600) == "3 min – 10 min"
    assert rhythm.length_name(10_800, None) == "3 h and more"


def test_the_usual_gap_is_marked() -> None:
    frame = pd.DataFrame({"days": range(1, 61), "users": [0, 5, 3] + [0] * 57, "share": 0.1})
    drawn = rhythm.gaps(Result("usage_interval", frame, summary={"median": 2.0}), lambda days: f"gap~{days}")
    assert [row[1] for row in drawn.data[0].customdata][:2] == ["gap~1", "gap~2"]
    hues = list(drawn.data[0].marker.color)
    assert len(hues) == 7 and hues[1] != hues[0] == hues[2]


def feature_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "feature": ["a", "b"], "users": [9, 4], "adoption": [0.9, 0.4], "low": [0.8, 0.3], "high": [0.95, 0.5],
            "return_rate": [0.5, float("nan")], "could_return": [10, 0], "stay_with": [0.6, 0.2],
            "stay_without": [0.2, 0.2], "stay_difference": [0.4, float("nan")], "stay_low": [0.1, float("nan")],
            "stay_high": [0.7, float("nan")], "stay_significant": [True, False],
        }
    )  # fmt: skip


def test_features_without_enough_people_are_not_compared() -> None:
    result = Result("features", feature_frame())
    adoption, back = features.dots(result).data
    assert list(adoption.x) == [0.9, 0.4] and list(back.x) == [0.5, None]
    assert adoption.error_x.array[0] == pytest.approx(0.05) and adoption.error_x.arrayminus[0] == pytest.approx(0.1)
    assert list(features.lift(result).data[-1].y) == ["a"]


def test_a_threshold_has_a_line_per_window_and_everybody_as_reference() -> None:
    frame = pd.DataFrame(
        {
            "kind": "event", "behaviour": ["play", "play", "play", "other"], "days": [1, 1, 3, 1],
            "at_least": [1, 2, 1, 1], "ppv": [0.4, 0.6, 0.3, 0.1], "reach": [0.5, 0.2, 0.7, 0.1],
        }
    )  # fmt: skip
    drawn = aha.threshold(Result("aha", frame, summary={"base_rate": 0.33}), "event", "play")
    assert [list(trace.y) for trace in drawn.data] == [[0.4, 0.6], [0.3]]
    assert drawn.layout.shapes[0].y0 == 0.33
