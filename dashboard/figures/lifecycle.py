"""Growth accounting as columns: who came above zero, who stayed away below it, the pulse as a line of its own."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.result import Result

# from the axis up; dormant is negative already
STATES = (
    ("returning", "Returning", theme.BLUE),
    ("resurrecting", "Resurrecting", theme.MAGENTA),
    ("new", "New", theme.TEAL),
    ("dormant", "Dormant", theme.RUST),
)


def columns(result: Result) -> go.Figure:
    """Columns period, new, returning, resurrecting, dormant (negative), complete of the insight ``lifecycle``; what is
    not over is hatched. The last custom value of a point names the list of its people."""
    frame = result.frame
    days = [str(day) for day in frame["period"]]
    done = [bool(flag) for flag in frame["complete"]]
    traces: list[Any] = []
    for name, label, hue in STATES:
        values = [int(value) for value in frame[name]]
        traces.append(
            go.Bar(
                x=days,
                y=values,
                name=label,
                marker={
                    "color": [hue if flag else theme.faded(hue, 0.4) for flag in done],
                    "pattern": {"shape": ["" if flag else "/" for flag in done], "fgcolor": hue, "size": 6},
                    "line": {"width": 0},
                },
                customdata=[
                    [abs(value), "" if flag else " so far", f"life~{name}~{day}"]
                    for value, flag, day in zip(values, done, days, strict=True)
                ],
                hovertemplate="%{customdata[0]:,}%{customdata[1]}",
            )
        )
    drawn = theme.figure(*traces, barmode="relative", showlegend=True)
    _time_axis(drawn, days)
    highest = max((abs(value) for trace in traces for value in trace.y), default=0)
    drawn.update_yaxes(tickformat=theme.ticks([highest]), zeroline=True)
    return drawn


def pulse(result: Result) -> go.Figure:
    """The pulse over the complete periods, with the line at 1 above which there is growth; gaps where nobody went."""
    frame = result.frame[result.frame["complete"]]
    days = [str(day) for day in frame["period"]]
    values = [None if pd.isna(value) else float(value) for value in frame["pulse"]]
    line = go.Scatter(
        x=days,
        y=values,
        name="Pulse",
        mode="lines+markers",
        marker={"size": 5},
        line={"color": theme.BLUE, "width": 2},
        hovertemplate="%{y:.2f}",
    )
    drawn = theme.figure(line, showlegend=False)
    _time_axis(drawn, days)
    drawn.add_hline(y=1, line={"color": theme.MUTED, "width": 1.25, "dash": "dash"})
    drawn.update_yaxes(tickformat=",~f")
    return drawn


def _time_axis(drawn: go.Figure, days: list[str]) -> None:
    months = len(days) > 1 and all(day.endswith("-01") for day in days)
    drawn.update_xaxes(
        type="date",
        tickformat="%b %Y" if months else "%-d %b",
        hoverformat="%b %Y" if months else "%-d %b %Y",
        nticks=8,
    )
