from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from dashboard.figures.funnel import over_time, time_to_convert, unit_of
from dashboard.result import Result


@pytest.mark.parametrize(
    ("seconds", "unit"), [(0, "seconds"), (119, "seconds"), (120, "minutes"), (7_200, "hours"), (172_800, "days")]
)
def test_the_axis_has_the_unit_that_fits(seconds: float, unit: str) -> None:
    assert unit_of(seconds)[0] == unit


def test_marks_stand_at_their_times_above_the_columns() -> None:
    frame = pd.DataFrame({"start": [0.0, 3_600.0, 7_200.0], "end": [3_600.0, 7_200.0, 10_800.0], "users": [6, 3, 1]})
    summary = {"median_seconds": 3_600.0, "p75_seconds": 5_400.0, "p90_seconds": None}
    drawn = time_to_convert(Result("funnel_time", frame, summary=summary))
    assert [shape.x0 for shape in drawn.layout.shapes] == [1.0, 1.5]
    assert [note.text for note in drawn.layout.annotations] == ["half: 1 h", "75 %: 1 h 30 min"]
    assert list(drawn.data[0].y) == [6, 3, 1] and list(drawn.data[0].x) == [0.5, 1.5, 2.5]
    assert drawn.layout.yaxis.range[1] > 6 and drawn.layout.yaxis.dtick is None


def test_few_people_are_whole_on_the_axis() -> None:
    frame = pd.DataFrame({"start": [0.0], "end": [60.0], "users": [2]})
    summary: dict[str, Any] = dict.fromkeys(("median_seconds", "p75_seconds", "p90_seconds"))
    assert time_to_convert(Result("funnel_time", frame, summary=summary)).layout.yaxis.dtick == 1


def trend(not_final: list[bool], entered: list[int]) -> Any:
    n = len(not_final)
    frame = pd.DataFrame(
        {
            "period": [f"2026-01-{day + 1:02d}" for day in range(n)],
            "entered": entered,
            "converted": [1] * n,
            "rate": [0.5] * n,
            "rate_low": [0.3] * n,
            "rate_high": [0.7] * n,
            "not_final": not_final,
        }
    )
    return over_time(Result("funnel_trend", frame))


def test_what_is_not_final_is_dashed_and_joins_the_rest() -> None:
    drawn = trend([False, False, True, True], [4, 4, 4, 4])
    solid, dashed = [trace for trace in drawn.data if trace.fill is None]
    assert list(solid.y) == [0.5, 0.5, None, None] and solid.line.dash is None
    assert list(dashed.y) == [None, 0.5, 0.5, 0.5] and dashed.line.dash == "dot"


def test_a_period_without_entries_is_a_gap_not_a_zero() -> None:
    drawn = trend([False, False, False], [4, 0, 4])
    bands = [trace for trace in drawn.data if trace.fill == "toself"]
    line = next(trace for trace in drawn.data if trace.fill is None)
    assert list(line.y) == [0.5, None, 0.5]
    assert [list(band.x) for band in bands] == [["2026-01-01"] * 2, ["2026-01-03"] * 2]
