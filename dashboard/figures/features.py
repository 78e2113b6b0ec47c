"""Features: how many use each one, how many use it again, whether people who use it stay."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.result import Result

MAX_ROWS = 20  # features that are drawn; the table has all of them
ROW = 30  # pixels per feature


def height(result: Result) -> int:
    """Pixels that a drawing with a row per feature needs."""
    return 90 + ROW * min(MAX_ROWS, max(3, len(result.frame)))


def dots(result: Result) -> go.Figure:
    """A row per feature: adoption (filled, with its interval) and return (open) on one axis of shares."""
    frame = result.frame.head(MAX_ROWS)
    names = [theme.label(name) for name in frame["feature"]]
    traces: list[Any] = [
        go.Scatter(
            x=_numbers(frame["adoption"]),
            y=names,
            name="Adoption",
            mode="markers",
            marker={"color": theme.BLUE, "size": 11},
            error_x=_interval(frame, "adoption", "low", "high", theme.BLUE),
            customdata=[int(n) for n in frame["users"]],
            hovertemplate="%{x:.1%} of active users (%{customdata:,})",
        ),
        go.Scatter(
            x=_numbers(frame["return_rate"]),
            y=names,
            name="Used again in the next period",
            mode="markers",
            marker={"color": theme.TEAL, "size": 11, "symbol": "diamond-open", "line": {"width": 2}},
            customdata=[int(n) for n in frame["could_return"]],
            hovertemplate="%{x:.1%} of %{customdata:,} chances",
        ),
    ]
    drawn = theme.figure(*traces, hovermode="closest", showlegend=True)
    return _rows(drawn, ".0%")


def lift(result: Result) -> go.Figure:
    """A row per feature: share who stay among users of it minus share among others, with its interval; grey where the
    difference is not significant."""
    frame = result.frame[result.frame["stay_difference"].notna()].head(MAX_ROWS)
    hues = [theme.BLUE if bool(flag) else theme.MUTED for flag in frame["stay_significant"]]
    names = [theme.label(name) for name in frame["feature"]]
    bars = [
        go.Scatter(
            x=[float(low), float(high)],
            y=[name, name],
            mode="lines",
            line={"color": hue, "width": 2},
            hoverinfo="skip",
            showlegend=False,
        )
        for low, high, name, hue in zip(frame["stay_low"], frame["stay_high"], names, hues, strict=True)
    ]
    points = go.Scatter(
        x=_numbers(frame["stay_difference"]),
        y=names,
        mode="markers",
        marker={"color": hues, "size": 11},
        customdata=frame[["stay_with", "stay_without"]].to_numpy(),
        hovertemplate="%{customdata[0]:.1%} with, %{customdata[1]:.1%} without<extra></extra>",
        showlegend=False,
    )
    drawn = theme.figure(*bars, points, hovermode="closest", showlegend=False)
    drawn.add_vline(x=0, line={"color": theme.MUTED, "width": 1.25, "dash": "dash"})
    return _rows(drawn, "+.0%")


def trend(result: Result) -> go.Figure:
    """Adoption per period, a line per feature, dotted where the period is not over."""
    frame = result.frame
    traces: list[Any] = []
    for position, name in enumerate(result.summary["features"]):
        part = frame[frame["feature"] == name]
        hue = theme.PALETTE[position % len(theme.PALETTE)]
        done = [bool(flag) for flag in part["complete"]]
        values = _numbers(part["adoption"])
        solid = [value if flag else None for value, flag in zip(values, done, strict=True)]
        rest = [
            value if not flag or (i + 1 < len(done) and not done[i + 1]) else None
            for i, (value, flag) in enumerate(zip(values, done, strict=True))
        ]
        days = [str(day) for day in part["period"]]
        line = {"color": hue, "width": 2}
        hover = "%{y:.1%}"
        label = theme.label(name)
        traces.append(go.Scatter(x=days, y=solid, name=label, mode="lines", line=line, hovertemplate=hover))
        if not all(done):
            dotted = {**line, "dash": "dot"}
            traces.append(
                go.Scatter(
                    x=days, y=rest, name=f"{label}, so far", mode="lines", line=dotted, showlegend=False,
                    hovertemplate=hover,
                )
            )  # fmt: skip
    drawn = theme.figure(*traces, showlegend=True)
    drawn.update_xaxes(type="date", tickformat="%-d %b", hoverformat="%-d %b %Y", nticks=8, showspikes=False)
    drawn.update_yaxes(tickformat=".0%")
    return drawn


def breadth(result: Result) -> go.Figure:
    """Active users by the number of different features they used."""
    classes = result.summary["breadth"]
    last = len(classes) - 1
    names = [f"{item['features']}{' +' if position == last else ''}" for position, item in enumerate(classes)]
    bars = go.Bar(
        x=names,
        y=[int(item["users"]) for item in classes],
        marker={"color": theme.BLUE, "cornerradius": 3, "line": {"width": 0}},
        hovertemplate="%{y:,} people<extra></extra>",
    )
    drawn = theme.figure(bars, showlegend=False, bargap=0.12)
    drawn.update_xaxes(title_text="Different features used", type="category", nticks=16)
    drawn.update_yaxes(tickformat=theme.ticks([item["users"] for item in classes]))
    return drawn


def _rows(drawn: go.Figure, format_: str) -> go.Figure:
    drawn.update_yaxes(autorange="reversed", type="category", showgrid=True, tickfont={"size": 12}, ticksuffix="  ")
    drawn.update_yaxes(tickmode="linear", dtick=1)
    drawn.update_xaxes(tickformat=format_, showgrid=True, showspikes=False)
    return drawn


def _interval(frame: pd.DataFrame, value: str, low: str, high: str, hue: str) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [float(b) - float(a) for a, b in zip(frame[value], frame[high], strict=True)],
        "arrayminus": [float(a) - float(b) for a, b in zip(frame[value], frame[low], strict=True)],
        "color": theme.faded(hue, 0.5),
        "thickness": 1.5,
        "width": 0,
    }


def _numbers(values: pd.Series) -> list[float | None]:
    return [None if pd.isna(value) else float(value) for value in values]
