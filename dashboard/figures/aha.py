"""The threshold of an early behaviour: who came back among those who did it at least so often."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.result import Result


def threshold(result: Result, kind: str, behaviour: str) -> go.Figure:
    """A line per window of days over "at least n" (columns days, at_least, ppv, reach), and the share of everybody."""
    frame = result.frame[(result.frame["kind"] == kind) & (result.frame["behaviour"] == behaviour)]
    traces: list[Any] = []
    for position, days in enumerate(sorted(frame["days"].unique())):
        part = frame[frame["days"] == days].sort_values("at_least")
        traces.append(
            go.Scatter(
                x=[int(n) for n in part["at_least"]],
                y=[None if math.isnan(value) else float(value) for value in part["ppv"]],
                name="First day" if days == 1 else f"First {days} days",
                mode="lines+markers",
                marker={"size": 6, "symbol": ("circle", "square", "diamond")[position % 3]},
                line={"color": theme.PALETTE[position % len(theme.PALETTE)], "width": 2},
                customdata=[float(value) for value in part["reach"]],
                hovertemplate="%{y:.1%} came back; %{customdata:.1%} do it",
            )
        )
    drawn = theme.figure(*traces, showlegend=True)
    base = result.summary["base_rate"]
    if base is not None:
        drawn.add_hline(
            y=base,
            line={"color": theme.MUTED, "width": 1.25, "dash": "dash"},
            annotation={"text": "everybody", "font": {"size": 11, "color": theme.INK}},
            annotation_position="bottom right",
        )
    drawn.update_xaxes(title_text="At least so many", dtick=1, showspikes=False)
    drawn.update_yaxes(tickformat=".0%")
    return drawn
