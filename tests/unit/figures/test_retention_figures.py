"""Curves: column 0 and unknown columns stay out, bands where both ends are known, what is not over is dotted."""

from __future__ import annotations

import pandas as pd

from dashboard.figures import retention
from dashboard.result import Result


def item(group: str, k: int, rate: float | None) -> dict[str, object]:
    low, high = (None, None) if rate is None else (rate - 0.1, rate + 0.1)
    return {"group": group, "k": k, "column": str(k), "users": 5, "at_risk": 100 - k, "rate": rate, "low": low,
            "high": high, "revenue_rate": rate, "per_member": 3.0, "cohorts": 2}  # fmt: skip


def result(*items: dict[str, object]) -> Result:
    return Result("retention", pd.DataFrame(), summary={"curve": list(items)})


def test_points_leave_out_column_zero_and_columns_without_complete_cells() -> None:
    found = retention.points(result(item("", 0, 1.0), item("", 1, 0.4), item("", 2, None)))
    assert [(point.x, point.value, point.people) for point in found[""]] == [(1, 0.4, 99)]
    money = retention.points(result(item("", 0, 1.0), item("", 1, 0.4)), "revenue_rate")
    assert [(point.x, point.low) for point in money[""]] == [(0, None), (1, None)]


def test_one_curve_says_how_many_are_at_risk_under_the_axis() -> None:
    drawn = retention.curve(result(item("", 1, 0.4), item("", 2, 0.3)), title="Weeks later")
    assert list(drawn.layout.xaxis.ticktext) == ["1<br><i>99</i>", "2<br><i>98</i>"]
    assert [trace.fill for trace in drawn.data] == [None, "tonexty", None]
    two = retention.curve(result(item("a", 1, 0.4), item("b", 1, 0.3)), title="Weeks later")
    assert [trace.name for trace in two.data] == ["a", "b"]
    assert two.layout.showlegend


def test_names_of_groups_are_text_never_markup() -> None:
    drawn = retention.curve(result(item("<b>x</b>", 1, 0.4)), title="Weeks later")
    assert "<" not in drawn.data[-1].name


def test_over_time_is_dotted_where_a_period_is_not_over_and_silent_before_it_began() -> None:
    frame = pd.DataFrame(
        {
            "group": "",
            "cohort": ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"],
            "members": [10, 10, 10, 4],
            "users": [5, 4, 2, 0],
            "rate": [0.5, 0.4, 0.2, 0.0],
            "low": [0.4, 0.3, 0.1, 0.0],
            "high": [0.6, 0.5, 0.3, 0.1],
            "complete": [True, True, False, False],
        }
    )
    solid, dotted = retention.over_time(Result("x", frame)).data[-2:]
    assert list(solid.x) == ["2024-01-01", "2024-02-01", "2024-03-01"]
    assert list(solid.y) == [0.5, 0.4, None]
    assert list(dotted.y) == [None, 0.4, 0.2]
    assert dotted.line.dash == "dot"
