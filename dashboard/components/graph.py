"""The only place that builds a ``dcc.Graph``: no "Share chart" button, no request to another host, no mode bar."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from dash import dcc

FIGURE = "figure"  # type of the pattern id {"type": FIGURE, "name": …} that every chart has

GRAPH_CONFIG: dict[str, Any] = {
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "displaylogo": False,
    "displayModeBar": False,
    "responsive": True,
    "scrollZoom": False,
    "doubleClick": False,
    "showTips": False,
}


def figure_id(name: str) -> dict[str, str]:
    return {"type": FIGURE, "name": name}


def graph(name: str, figure: go.Figure | None = None, *, height: int = 280) -> dcc.Graph:
    """A chart of fixed height (pixels), so that nothing jumps when the figure arrives."""
    return dcc.Graph(
        id=figure_id(name),
        figure=figure if figure is not None else {"data": [], "layout": {}},
        config=GRAPH_CONFIG,  # type: ignore[arg-type]
        style={"height": f"{height}px"},
        className="graph",
    )
