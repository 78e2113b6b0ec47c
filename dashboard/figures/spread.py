"""How a value spreads inside each segment: 5-95 % as a thin line, the middle half as a bar, the median as a mark."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.result import Result


def ranges(result: Result, *, title: str, group: str = "segment") -> go.Figure:
    """One row per group. Columns: group, p05, p25, median, p75, p95; rows without a median are left out. title: of the
    axis, with the unit."""
    frame = result.frame[result.frame["median"].notna()]
    names = [theme.label(name) for name in frame[group]]
    hues = [theme.colour(str(name), position) for position, name in enumerate(frame[group])]
    traces: list[Any] = [
        go.Bar(
            base=[float(v) for v in frame["p05"]],
            x=[float(b) - float(a) for a, b in zip(frame["p05"], frame["p95"], strict=True)],
            y=names,
            orientation="h",
            width=0.08,
            marker={"color": [theme.faded(hue, 0.55) for hue in hues]},
            hoverinfo="skip",
            showlegend=False,
        ),
        go.Bar(
            base=[float(v) for v in frame["p25"]],
            x=[float(b) - float(a) for a, b in zip(frame["p25"], frame["p75"], strict=True)],
            y=names,
            orientation="h",
            width=0.5,
            marker={"color": [theme.faded(hue, 0.45) for hue in hues], "cornerradius": 3},
            hoverinfo="skip",
            showlegend=False,
        ),
        go.Scatter(
            x=[float(v) for v in frame["median"]],
            y=names,
            mode="markers",
            marker={"color": hues, "size": 11, "symbol": "line-ns", "line": {"color": hues, "width": 3}},
            customdata=frame[["p05", "p25", "p75", "p95"]].to_numpy(),
            hovertemplate="median %{x:,.1f}, middle half %{customdata[1]:,.1f} to %{customdata[2]:,.1f}<extra></extra>",
            showlegend=False,
        ),
    ]
    drawn = theme.figure(*traces, hovermode="closest", barmode="overlay")
    drawn.update_yaxes(autorange="reversed", showgrid=False, tickfont={"size": 12}, type="category", ticksuffix="  ")
    drawn.update_xaxes(
        showgrid=True, title_text=theme.label(title), rangemode="tozero", tickformat=theme.ticks(frame["p95"])
    )
    return drawn
