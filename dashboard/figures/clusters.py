"""Pictures of the K-Means groups: the people, and why this number of groups."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.result import Result

ENOUGH = 200  # people from which a percentile says something about the axis


def scatter(sample: Result) -> go.Figure:
    """A sample of people: columns x, y, group, name; summary ``x_label``, ``y_label``. One colour per group."""
    frame = sample.frame
    traces: list[Any] = []
    for group, part in frame.groupby("group", sort=True):
        traces.append(
            go.Scatter(
                x=[float(value) for value in part["x"]],
                y=[float(value) for value in part["y"]],
                name=theme.label(part["name"].iloc[0]),
                mode="markers",
                marker={
                    "color": theme.colour(f"group {group}"),
                    "size": 5,
                    "opacity": 0.65,
                    "symbol": ("circle", "diamond", "square", "cross", "triangle-up", "x")[int(str(group)) % 6],
                },
                hovertemplate="%{x:,.1f}, %{y:,.1f}",
            )
        )
    drawn = theme.figure(*traces, hovermode="closest", showlegend=True)
    drawn.update_xaxes(title_text=theme.label(sample.summary.get("x_label", "")), showgrid=True, rangemode="normal")
    drawn.update_yaxes(
        title_text=theme.label(sample.summary.get("y_label", "")),
        rangemode="normal",
        tickformat=theme.ticks(frame["y"]),
    )
    cut = _cut(frame["y"])
    if cut is not None:
        title = f"{theme.label(sample.summary.get('y_label', ''))} (the highest 1 % are not shown)"
        drawn.update_yaxes(range=cut, title_text=title)
    return drawn


def _cut(values: pd.Series) -> list[float] | None:
    """Where to end an axis that a few extreme values would flatten: the range up to the 99th percentile, or None."""
    if len(values) < ENOUGH:
        return None
    low, high = float(values.quantile(0.01)), float(values.quantile(0.99))
    if high <= 0 or float(values.max()) < 3 * high:
        return None
    return [min(low, 0.0) - 0.03 * high, 1.05 * high]


def choice(quality: Result) -> go.Figure:
    """Silhouette and stability for every k, and the 95th percentile of shuffled data where it was computed.

    Columns: k, silhouette, stability, null_95 (NaN where not computed), chosen (bool).
    """
    frame = quality.frame
    ks = [int(k) for k in frame["k"]]

    def line(column: str, name: str, hue: str, dash: str = "solid", symbol: str = "circle") -> go.Scatter:
        return go.Scatter(
            x=ks,
            y=[None if value != value else float(value) for value in frame[column]],
            name=name,
            mode="lines+markers",
            connectgaps=True,
            line={"color": hue, "width": 2, "dash": dash},
            marker={"size": 6, "symbol": symbol},
            hovertemplate="%{y:.3f}",
        )

    traces = [
        line("silhouette", "Separation (silhouette)", theme.BLUE),
        line("stability", "Stability (same groups again)", theme.TEAL, symbol="square"),
    ]
    if frame["null_95"].notna().any():
        traces.append(line("null_95", "Separation in shuffled data", theme.MUTED, "dash", "diamond"))
    drawn = theme.figure(*traces, showlegend=True)
    drawn.update_xaxes(title_text="Number of groups", dtick=1, showspikes=False)
    drawn.update_yaxes(range=[0, 1.04], tickformat=".1f")
    for k, chosen in zip(ks, frame["chosen"], strict=True):
        if chosen:
            drawn.add_vrect(x0=k - 0.25, x1=k + 0.25, fillcolor=theme.faded(theme.BLUE, 0.1), line_width=0)
    return drawn
