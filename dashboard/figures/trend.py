"""Numbers over time: lines or columns. What is not over yet is dashed or hatched; the comparison is dashed grey."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.result import Result

TICKS = {"count": "~s", "number": "~s", "money": "~s", "rate": ".0%", "days": "~s", "seconds": "~s"}
HOVER = {"count": ",.0f", "number": ",.2f", "money": ",.2f", "rate": ".2%", "days": ",.1f", "seconds": ",.0f"}


class Series(NamedTuple):
    """column of the frame, label for people, colour role ("" = by position)."""

    column: str
    label: str
    role: str = ""


def _values(frame: pd.DataFrame, column: str) -> list[float | None]:
    numbers = pd.to_numeric(frame[column], errors="coerce")
    return [None if pd.isna(number) else float(number) for number in numbers]


def _complete(frame: pd.DataFrame, column: str) -> list[bool]:
    return [bool(flag) for flag in frame[column]] if column in frame else [True] * len(frame)


def _parts(values: list[float | None], complete: list[bool]) -> tuple[list[float | None], list[float | None]]:
    """The values as a solid and a dashed part; the dashed part starts at the last complete point, so they join."""
    solid = [value if done else None for value, done in zip(values, complete, strict=True)]
    dashed: list[float | None] = [None] * len(values)
    for position, done in enumerate(complete):
        if not done:
            dashed[position] = values[position]
            if position and complete[position - 1]:
                dashed[position - 1] = values[position - 1]
    return solid, dashed


def lines(
    result: Result,
    series: Sequence[Series],
    *,
    unit: str = "count",
    currency: str = "",
    x: str = "period",
    complete: str = "complete",
    previous: str = "previous",
    previous_x: str = "previous_period",
    previous_label: str = "Previous period",
) -> go.Figure:
    """One line per series over ``x`` (ISO days) of ``result.frame``.

    Rows where ``complete`` is false are dashed. With a column ``previous`` and one series the comparison follows as a
    dashed grey line at the same positions; its own day (``previous_x``) is in the hover text. A single line is filled.
    """
    frame = result.frame
    days = [str(day) for day in frame[x]]
    done = _complete(frame, complete)
    hover = f"%{{y:{HOVER[unit]}}}"
    prefix = f"{theme.label(currency)} " if unit == "money" and currency else ""
    traces: list[Any] = []
    if previous in frame and len(series) == 1 and frame[previous].notna().any():
        own = [str(day) for day in frame[previous_x]] if previous_x in frame else [""] * len(frame)
        traces.append(
            go.Scatter(
                x=days,
                y=_values(frame, previous),
                name=previous_label,
                mode="lines",
                line={"color": theme.MUTED, "width": 1.5, "dash": "dash"},
                customdata=own,
                hovertemplate=f"{prefix}{hover} (%{{customdata}})",
            )
        )
    for position, item in enumerate(series):
        values = _values(frame, item.column)
        solid, dashed = _parts(values, done)
        hue = theme.colour(item.role or item.column, position)
        name = theme.label(item.label)
        marks = "lines+markers" if sum(value is not None for value in values) <= 2 else "lines"
        traces.append(
            go.Scatter(
                x=days,
                y=solid,
                name=name,
                mode=marks,
                line={"color": hue, "width": 2},
                fill="tozeroy" if len(series) == 1 else None,
                fillcolor=theme.faded(hue, 0.08) if len(series) == 1 else None,
                hovertemplate=prefix + hover,
            )
        )
        if any(value is not None for value in dashed):
            traces.append(
                go.Scatter(
                    x=days,
                    y=dashed,
                    name=f"{name}, so far",
                    mode="lines",
                    line={"color": hue, "width": 2, "dash": "dot"},
                    showlegend=False,
                    hovertemplate=prefix + hover,
                )
            )
    return _dressed(theme.figure(*traces, showlegend=len(traces) > 1), days, unit, prefix)


def columns(
    result: Result,
    series: Series,
    *,
    unit: str = "count",
    currency: str = "",
    x: str = "period",
    complete: str = "complete",
    previous: str = "previous",
    previous_x: str = "previous_period",
    previous_label: str = "Previous period",
) -> go.Figure:
    """Columns from zero over ``x``; periods that are not over are hatched; the comparison is a dashed grey line."""
    frame = result.frame
    days = [str(day) for day in frame[x]]
    done = _complete(frame, complete)
    hue = theme.colour(series.role or series.column)
    prefix = f"{theme.label(currency)} " if unit == "money" and currency else ""
    hover = f"{prefix}%{{y:{HOVER[unit]}}}"
    traces: list[Any] = [
        go.Bar(
            x=days,
            y=_values(frame, series.column),
            name=theme.label(series.label),
            marker={
                "color": [hue if flag else theme.faded(hue, 0.35) for flag in done],
                "pattern": {"shape": ["" if flag else "/" for flag in done], "fgcolor": hue, "size": 6},
                "line": {"width": 0},
                "cornerradius": 3,
            },
            customdata=["" if flag else "so far" for flag in done],
            hovertemplate=hover + " %{customdata}",
        )
    ]
    if previous in frame and frame[previous].notna().any():
        own = [str(day) for day in frame[previous_x]] if previous_x in frame else [""] * len(frame)
        traces.append(
            go.Scatter(
                x=days,
                y=_values(frame, previous),
                name=previous_label,
                mode="lines",
                line={"color": theme.MUTED, "width": 1.5, "dash": "dash"},
                customdata=own,
                hovertemplate=hover + " (%{customdata})",
            )
        )
    return _dressed(theme.figure(*traces, showlegend=len(traces) > 1), days, unit, prefix)


def _dressed(drawn: go.Figure, days: list[str], unit: str, prefix: str) -> go.Figure:
    short = bool(days) and len(days) <= 60
    drawn.update_xaxes(
        type="date",
        tickformat="%-d %b" if short else "%b %Y" if len(days) > 120 else "%-d %b",
        hoverformat="%a %-d %b %Y",
        nticks=8,
        showspikes=True,
        spikemode="across",
        spikesnap="cursor",
        spikethickness=1,
        spikedash="solid",
        spikecolor=theme.ZERO,
    )
    drawn.update_yaxes(tickformat=TICKS[unit], tickprefix=prefix)
    if unit == "rate":
        drawn.update_yaxes(rangemode="tozero")
    return drawn
