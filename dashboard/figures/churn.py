"""Figures of a churn model: reliability, ROC, precision–recall, lift, spread of risk, drivers, return curve."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.result import Result

BAND_COLOUR = {"healthy": theme.TEAL, "watch": theme.GOLD, "at risk": theme.RUST}
FEW = 0.2  # share that comes back below which people count as gone
MAX_DRIVERS = 12


def _part(result: Result, curve: str) -> pd.DataFrame:
    return result.frame[result.frame["curve"] == curve]


def _numbers(values: pd.Series) -> list[float | None]:
    return [None if math.isnan(v) else float(v) for v in values.to_numpy(dtype=float)]


def _straight(x: list[float], y: list[float], name: str) -> go.Scatter:
    line = {"color": theme.MUTED, "width": 1.25, "dash": "dot"}
    return go.Scatter(x=x, y=y, name=name, mode="lines", line=line, hoverinfo="skip")


def reliability(result: Result) -> go.Figure:
    """Predicted against observed, with the 95 % interval of each group."""
    part = _part(result, "reliability")
    y = part["y"]
    drawn = theme.figure(
        _straight([0, 1], [0, 1], "Perfect"),
        go.Scatter(
            x=_numbers(part["x"]),
            y=_numbers(y),
            name="Groups of people",
            mode="lines+markers",
            marker={"size": 7, "color": theme.BLUE},
            line={"color": theme.BLUE, "width": 1.75},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [max(float(v), 0.0) for v in part["high"] - y],
                "arrayminus": [max(float(v), 0.0) for v in y - part["low"]],
                "color": theme.faded(theme.BLUE, 0.55),
                "thickness": 1.5,
                "width": 3,
            },
            customdata=part[["people", "left"]].to_numpy(),
            hovertemplate="%{x:.1%} predicted, %{y:.1%} left (%{customdata[1]:,} of %{customdata[0]:,})<extra></extra>",
        ),
        showlegend=True,
        hovermode="closest",
    )
    drawn.update_xaxes(title_text="Predicted probability of leaving", tickformat=".0%", range=[0, 1], showspikes=False)
    drawn.update_yaxes(title_text="Share who left", tickformat=".0%", range=[0, 1.04])
    return drawn


def roc(result: Result) -> go.Figure:
    """Leavers flagged against stayers flagged, for every limit."""
    part = _part(result, "roc")
    drawn = theme.figure(
        _straight([0, 1], [0, 1], "Guessing"),
        go.Scatter(
            x=_numbers(part["x"]),
            y=_numbers(part["y"]),
            name="Model",
            mode="lines",
            line={"color": theme.BLUE, "width": 2.25},
            fill="tozeroy",
            fillcolor=theme.faded(theme.BLUE, 0.08),
            hovertemplate="%{y:.1%} of the leavers, %{x:.1%} of the stayers flagged<extra></extra>",
        ),
        showlegend=True,
        hovermode="closest",
    )
    drawn.update_xaxes(title_text="Stayers flagged", tickformat=".0%", range=[0, 1], showspikes=False)
    drawn.update_yaxes(title_text="Leavers flagged", tickformat=".0%", range=[0, 1.04])
    return drawn


def precision(result: Result, base: float | None) -> go.Figure:
    """Leavers among the flagged against leavers found; base: share who left."""
    part = _part(result, "pr")
    traces: list[Any] = [] if base is None else [_straight([0, 1], [base, base], "Guessing")]
    traces.append(
        go.Scatter(
            x=_numbers(part["x"]),
            y=_numbers(part["y"]),
            name="Model",
            mode="lines",
            line={"color": theme.BLUE, "width": 2.25},
            hovertemplate="%{y:.1%} of the flagged left, %{x:.1%} of the leavers found<extra></extra>",
        )
    )
    drawn = theme.figure(*traces, showlegend=True, hovermode="closest")
    drawn.update_xaxes(title_text="Leavers found", tickformat=".0%", range=[0, 1], showspikes=False)
    drawn.update_yaxes(title_text="Leavers among the flagged", tickformat=".0%", range=[0, 1.04])
    return drawn


def lift(result: Result) -> go.Figure:
    """How often each tenth left, in times of everybody."""
    part = _part(result, "lift")
    y = part["y"]
    drawn = theme.figure(
        go.Bar(
            x=[str(int(x)) for x in part["x"]],
            y=_numbers(y),
            marker={"color": theme.BLUE, "cornerradius": 3},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [max(float(v), 0.0) for v in part["high"] - y],
                "arrayminus": [max(float(v), 0.0) for v in y - part["low"]],
                "color": theme.SLATE,
                "thickness": 1.25,
                "width": 3,
            },
            customdata=part[["people", "left"]].to_numpy(),
            hovertemplate="%{y:.2f} times everybody (%{customdata[1]:,} of %{customdata[0]:,} left)<extra></extra>",
        ),
        showlegend=False,
    )
    drawn.add_hline(y=1, line={"color": theme.MUTED, "width": 1.25, "dash": "dot"})
    drawn.update_xaxes(title_text="Tenth by predicted risk, 1 = highest", type="category", showspikes=False)
    drawn.update_yaxes(title_text="Times as often as everybody")
    return drawn


def spread(result: Result, watch: float | None, risk: float | None) -> go.Figure:
    """People at risk today by probability, in the colour of their band."""
    part = _part(result, "risk")
    width = 1 / max(len(part), 1)
    hues = []
    for x in part["x"]:
        middle = float(x) + width / 2
        band = "healthy" if watch is None or middle < watch else "watch" if risk is None or middle < risk else "at risk"
        hues.append(BAND_COLOUR[band])
    drawn = theme.figure(
        go.Bar(
            x=[float(x) + width / 2 for x in part["x"]],
            y=[int(n) for n in part["people"]],
            width=width * 0.9,
            marker={"color": hues, "cornerradius": 2},
            customdata=[f"{x:.0%} to {x + width:.0%}" for x in part["x"]],
            hovertemplate="%{customdata}: %{y:,} people<extra></extra>",
        ),
        showlegend=False,
    )
    for limit, text in ((watch, "watch"), (risk, "at risk")):
        if limit is not None:
            drawn.add_vline(
                x=limit,
                line={"color": theme.MUTED, "width": 1.25, "dash": "dot"},
                annotation={"text": text, "font": {"size": 11, "color": theme.INK}},
                annotation_position="top right",
            )
    drawn.update_xaxes(title_text="Probability of leaving", tickformat=".0%", range=[0, 1], showspikes=False)
    drawn.update_yaxes(title_text="People", tickformat=theme.ticks(part["people"]))
    return drawn


def drivers(result: Result) -> go.Figure:
    """Signed bars, the strongest on top: to the right goes with leaving, to the left with staying. Length: importance
    of the group; columns group, importance, effect, text."""
    frame = result.frame.head(MAX_DRIVERS).iloc[::-1]
    signed = [
        float(size) * (1 if effect > 0 else -1)
        for size, effect in zip(frame["importance"], frame["effect"], strict=True)
    ]
    drawn = theme.figure(
        go.Bar(
            x=signed,
            y=[theme.label(name) for name in frame["group"]],
            orientation="h",
            marker={
                "color": [theme.RUST if v > 0 else theme.TEAL for v in signed],
                "cornerradius": 3,
                "pattern": {"shape": ["" if v > 0 else "/" for v in signed], "fgopacity": 0.5, "size": 6},
            },
            customdata=[theme.label(text) for text in frame["text"]],
            hovertemplate="%{customdata}<extra></extra>",
        ),
        showlegend=False,
        hovermode="closest",
    )
    drawn.add_vline(x=0, line={"color": theme.ZERO, "width": 1})
    drawn.update_yaxes(type="category", showgrid=False, ticksuffix="  ", nticks=MAX_DRIVERS)
    drawn.update_xaxes(
        title_text="◂ less leaving   ·   more leaving ▸", showgrid=True, showticklabels=False, showspikes=False
    )
    return drawn


def drivers_height(result: Result) -> int:
    """Pixels of :func:`drivers`."""
    return 90 + 30 * max(3, min(MAX_DRIVERS, len(result.frame)))


def returns(result: Result, window: int) -> go.Figure:
    """Share that comes back after so many silent days; window: the days in force. Columns days, back, back_twice."""
    frame = result.frame
    days = [int(n) for n in frame["days"]]
    traces: list[Any] = []
    for column, name, hue, dash in (
        ("back", f"within {result.summary['horizon']} days", theme.BLUE, "solid"),
        ("back_twice", "within twice that", theme.SLATE, "dash"),
    ):
        traces.append(
            go.Scatter(
                x=days,
                y=_numbers(frame[column]),
                name=name,
                mode="lines+markers",
                line={"color": hue, "width": 2.25 if dash == "solid" else 1.5, "dash": dash},
                marker={"size": 7},
                hovertemplate="%{y:.1%} come back",
            )
        )
    drawn = theme.figure(*traces, showlegend=True)
    drawn.add_hline(y=FEW, line={"color": theme.MUTED, "width": 1.25, "dash": "dot"})
    if window:
        drawn.add_vline(
            x=window,
            line={"color": theme.RUST, "width": 1.5, "dash": "dash"},
            annotation={"text": f"{window} days", "font": {"size": 11, "color": theme.INK}},
            annotation_position="top right",
        )
    drawn.update_xaxes(title_text="Days of silence", rangemode="tozero", showspikes=False, hoverformat=",d")
    drawn.update_yaxes(title_text="Come back", tickformat=".0%", rangemode="tozero")
    return drawn
