"""Numbers over time: lines or columns. What is not over yet is dashed or hatched; the comparison is dashed grey."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.result import Result

HOVER = {"count": ",.0f", "number": ",.2f", "money": ",.2f", "rate": ".2%", "days": ",.1f", "seconds": ",.0f"}


DAILY_UP_TO, WEEKLY_UP_TO = 62, 366  # days of a range that are drawn day by day, week by week; longer ones by month


def grain(days: int) -> str:
    """The period that keeps a drawing of so many days readable: "day", "week" or "month"."""
    return "day" if days <= DAILY_UP_TO else "week" if days <= WEEKLY_UP_TO else "month"


class Series(NamedTuple):
    """column of the frame, label for people, colour role ("" = by position)."""

    column: str
    label: str
    role: str = ""


def _values(frame: pd.DataFrame, column: str) -> list[float | None]:
    numbers = pd.to_numeric(frame[column], errors="coerce")
    return [None if pd.isna(number) else float(number) for number in numbers]


def _complete(frame: pd.DataFrame) -> list[bool]:
    return [bool(flag) for flag in frame["complete"]] if "complete" in frame else [True] * len(frame)


def _parts(values: list[float | None], complete: list[bool]) -> tuple[list[float | None], list[float | None]]:
    """The values as a solid and a dotted part; the dotted part starts at the last complete point, so they join."""
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
    previous_label: str = "Previous period",
) -> go.Figure:
    """One line per series over ``x`` (ISO days) of ``result.frame``.

    Rows where ``complete`` is false are dotted. A column ``previous_<column>`` (or ``previous``) is the comparison: a
    dashed grey line at the same positions, its own day in the hover text. A single line is filled down to zero.
    """
    frame = result.frame
    days = [str(day) for day in frame[x]]
    done = _complete(frame)
    prefix = f"{theme.label(currency)} " if unit == "money" and currency else ""
    hover = f"{prefix}%{{y:{HOVER[unit]}}}"
    traces: list[Any] = []
    for item in series:
        name = previous_label if len(series) == 1 else f"{item.label}, {previous_label.lower()}"
        traces += _comparison(frame, item.column, x, hover, name)
    for position, trace in enumerate(traces):  # one entry in the legend explains all dashed lines
        trace.update(legendgroup="previous", showlegend=position == 0)
    if traces and len(series) > 1:
        traces[0].update(name=previous_label)
    for position, item in enumerate(series):
        values = _values(frame, item.column)
        solid, dotted = _parts(values, done)
        hue = theme.colour(item.role or item.column, position)
        alone = len(series) == 1
        traces.append(
            go.Scatter(
                x=days,
                y=solid,
                name=theme.label(item.label),
                mode="lines+markers" if sum(value is not None for value in values) <= 2 else "lines",
                line={"color": hue, "width": 2},
                fill="tozeroy" if alone else None,
                fillcolor=theme.faded(hue, 0.08) if alone else None,
                hovertemplate=hover,
            )
        )
        if any(value is not None for value in dotted):
            traces.append(
                go.Scatter(
                    x=days,
                    y=dotted,
                    name=f"{theme.label(item.label)}, so far",
                    mode="lines",
                    line={"color": hue, "width": 2, "dash": "dot"},
                    showlegend=False,
                    hovertemplate=hover,
                )
            )
    return _dressed(theme.figure(*traces, showlegend=len(traces) > 1), days, unit, prefix)


def _comparison(frame: pd.DataFrame, column: str, x: str, hover: str, name: str) -> list[go.Scatter]:
    """The dashed grey line of a series, or nothing."""
    found = next((c for c in (f"previous_{column}", "previous") if c in frame and frame[c].notna().any()), None)
    if found is None:
        return []
    own = [str(day) for day in frame[f"previous_{x}"]] if f"previous_{x}" in frame else [""] * len(frame)
    return [
        go.Scatter(
            x=[str(day) for day in frame[x]],
            y=_values(frame, found),
            name=theme.label(name),
            mode="lines",
            line={"color": theme.MUTED, "width": 1.25, "dash": "dash"},
            opacity=0.8,
            customdata=own,
            hovertemplate=hover + " (%{customdata})",
        )
    ]


def columns(
    result: Result,
    series: Series,
    *,
    unit: str = "count",
    currency: str = "",
    x: str = "period",
    previous_label: str = "Previous period",
) -> go.Figure:
    """Columns from zero over ``x``; periods that are not over are hatched; the comparison is a dashed grey line."""
    frame = result.frame
    days = [str(day) for day in frame[x]]
    done = _complete(frame)
    hue = theme.colour(series.role or series.column)
    prefix = f"{theme.label(currency)} " if unit == "money" and currency else ""
    hover = f"{prefix}%{{y:{HOVER[unit]}}}"
    bars = go.Bar(
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
        legendgroup=series.column,
    )
    comparison = _comparison(frame, series.column, x, hover, previous_label)
    keys = []
    if done and not done[0]:  # a legend shows what the first column looks like, and this one is hatched
        bars.showlegend = False
        square = {"color": hue, "symbol": "square", "size": 12}
        keys = [
            go.Scatter(x=[None], y=[None], mode="markers", name=bars.name, legendgroup=series.column, marker=square)
        ]
    drawn = theme.figure(bars, *keys, *comparison, showlegend=bool(comparison))
    return _dressed(drawn, days, unit, prefix)


def _dressed(drawn: go.Figure, days: list[str], unit: str, prefix: str) -> go.Figure:
    """Axes of a drawing over time: ticks fit the period, values have their unit."""
    months = len(days) > 1 and all(day.endswith("-01") for day in days)
    drawn.update_xaxes(
        type="date",
        tickformat="%b %Y" if months else "%-d %b",
        hoverformat="%b %Y" if months else "%a %-d %b %Y",
        nticks=8,
        showspikes=True,
        spikemode="across",
        spikesnap="cursor",
        spikethickness=1,
        spikedash="solid",
        spikecolor=theme.ZERO,
    )
    values = (value for trace in drawn.data for value in trace.y if value is not None)
    drawn.update_yaxes(tickformat=".0%" if unit == "rate" else theme.ticks(values), tickprefix=prefix)
    return drawn
