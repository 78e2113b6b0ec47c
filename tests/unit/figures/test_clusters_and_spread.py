from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import clusters, spread, theme
from dashboard.result import Result


def sample(y: np.ndarray) -> Result:
    frame = pd.DataFrame(
        {"x": np.arange(len(y)), "y": y, "group": np.arange(len(y)) % 2, "name": ["A <b>", "B"] * (len(y) // 2)}
    )
    return Result("cluster_sample", frame, summary={"x_label": "Days", "y_label": "Revenue"})


def test_groups_keep_their_colour_and_have_a_shape_each() -> None:
    drawn = clusters.scatter(sample(np.arange(10.0)))
    assert [trace.marker.color for trace in drawn.data] == [theme.colour("group 0"), theme.colour("group 1")]
    assert len({trace.marker.symbol for trace in drawn.data}) == 2
    assert drawn.data[0].name == "A ‹b›"
    assert {trace.type for trace in drawn.data} == {"scatter"}


def test_axis_ends_before_extremes_and_says_so() -> None:
    plain = clusters.scatter(sample(np.linspace(0, 100, 1_000)))
    assert plain.layout.yaxis.range is None
    values = np.linspace(0, 100, 1_000)
    values[-1] = 10_000
    cut = clusters.scatter(sample(values))
    assert cut.layout.yaxis.range[1] < 200
    assert "not shown" in cut.layout.yaxis.title.text


def test_choice_shows_the_null_only_where_it_was_computed() -> None:
    frame = pd.DataFrame(
        {
            "k": [2, 3, 4],
            "silhouette": [0.4, 0.35, 0.3],
            "stability": [0.9, 0.85, 0.5],
            "null_95": [math.nan, 0.33, math.nan],
            "chosen": [False, True, False],
        }
    )
    drawn = clusters.choice(Result("cluster_quality", frame))
    assert list(drawn.data[2].y) == [None, 0.33, None]
    assert [shape.x0 for shape in drawn.layout.shapes] == [2.75]
    without = clusters.choice(Result("cluster_quality", frame.assign(null_95=math.nan)))
    assert len(without.data) == 2


def test_spread_leaves_out_empty_segments() -> None:
    marks = {"p05": [1.0, math.nan], "p25": [2.0, math.nan], "median": [3.0, math.nan], "p75": [4.0, math.nan]}
    frame = pd.DataFrame({"segment": ["Loyal", "Risky"], **marks, "p95": [9.0, math.nan]})
    drawn = spread.ranges(Result("segment_engagement", frame), title="Usage")
    thin, thick, middle = drawn.data
    assert isinstance(thin, go.Bar) and list(thin.y) == ["Loyal"]
    assert (thin.base[0], thin.x[0]) == (1.0, 8.0)
    assert (thick.base[0], thick.x[0]) == (2.0, 2.0)
    assert list(middle.x) == [3.0]
    assert drawn.layout.xaxis.title.text == "Usage"
