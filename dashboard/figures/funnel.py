"""Figures about a funnel: how long conversion takes, and how it develops by date of entry."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from dashboard import format as fmt
from dashboard.figures import theme
from dashboard.result import Result

UNITS = (("seconds", 1), ("minutes", 60), ("hours", 3_600), ("days", 86_400))
# label and height of a mark, so that close ones do not write over each other; the columns end below them
MARKS = (("median_seconds", "half", 1.0), ("p75_seconds", "75 %", 0.9), ("p90_seconds", "90 %", 0.8))
HEADROOM = 0.68


def unit_of(seconds: float) -> tuple[str, int]:
    """The largest unit of which so many seconds hold at least two: (name, its seconds)."""
    return next(((name, size) for name, size in reversed(UNITS) if seconds >= 2 * size), UNITS[0])


def time_to_convert(result: Result) -> go.Figure:
    """Columns of people by time. result: of the insight "funnel_time"; P50, P75 and P90 are marked."""
    frame = result.frame[(result.frame["users"] > 0) | (result.frame.index < len(result.frame) - 1)]
    name, size = unit_of(float(frame["end"].max()) if len(frame) else 0.0)
    starts, ends = [float(v) for v in frame["start"]], [float(v) for v in frame["end"]]
    bars = go.Bar(
        x=[(a + b) / 2 / size for a, b in zip(starts, ends, strict=True)],
        y=[int(v) for v in frame["users"]],
        width=[max(b - a, 1) / size * 0.96 for a, b in zip(starts, ends, strict=True)],
        marker={"color": theme.BLUE, "line": {"width": 0}, "cornerradius": 2},
        customdata=[f"{fmt.duration(a)} to {fmt.duration(b)}" for a, b in zip(starts, ends, strict=True)],
        hovertemplate="%{customdata}<br>%{y:,.0f} people<extra></extra>",
        showlegend=False,
    )
    drawn = theme.figure(bars, hovermode="closest")
    for key, label, height in MARKS:
        seconds = result.summary[key]
        if seconds is None:
            continue
        at = seconds / size
        drawn.add_shape(
            type="line",
            x0=at,
            x1=at,
            y0=0,
            y1=height,
            yref="paper",
            line={"color": theme.RUST, "width": 1.5, "dash": "dash"},
        )
        drawn.add_annotation(
            x=at,
            y=height,
            yref="paper",
            text=f"{label}: {fmt.duration(seconds)}",
            showarrow=False,
            xanchor="left",
            xshift=4,
            yanchor="top",
            font={"size": 11, "color": theme.INK},
        )
    drawn.update_xaxes(title_text=f"{name} from entry", showgrid=False, rangemode="tozero", tickformat=",~f")
    most = int(frame["users"].max()) if len(frame) else 1
    few = most < 5  # half people would be on the axis
    drawn.update_yaxes(
        title_text="people", tickformat=theme.ticks(float(v) for v in frame["users"]), dtick=1 if few else None
    )
    drawn.update_yaxes(range=[0, most / HEADROOM])
    return drawn


def over_time(result: Result) -> go.Figure:
    """Conversion by period of entry with its interval; what is not final is dashed. result: of "funnel_trend"."""
    frame = result.frame
    periods = [str(value) for value in frame["period"]]
    known = [int(n) > 0 for n in frame["entered"]]
    rates = [float(v) if ok else None for v, ok in zip(frame["rate"], known, strict=True)]
    final = [not flag for flag in frame["not_final"]]
    about = [
        [f"{int(k):,} of {int(n):,}", "" if done else ", not final"]
        for k, n, done in zip(frame["converted"], frame["entered"], final, strict=True)
    ]
    hover = "%{y:.1%} (%{customdata[0]}%{customdata[1]})<extra></extra>"
    line: dict[str, Any] = {"color": theme.BLUE, "width": 2}
    traces = [
        *_band(
            periods,
            [float(v) if ok else None for v, ok in zip(frame["rate_low"], known, strict=True)],
            [float(v) if ok else None for v, ok in zip(frame["rate_high"], known, strict=True)],
        ),
        go.Scatter(
            x=periods,
            y=[rate if done else None for rate, done in zip(rates, final, strict=True)],
            name="Conversion",
            mode="lines+markers" if len(periods) <= 40 else "lines",
            marker={"size": 5},
            line=line,
            customdata=about,
            hovertemplate=hover,
        ),
    ]
    if not all(final):
        tail = [
            rate if not done or (at + 1 < len(final) and not final[at + 1]) else None
            for at, (rate, done) in enumerate(zip(rates, final, strict=True))
        ]
        traces.append(
            go.Scatter(
                x=periods,
                y=tail,
                name="not final yet",
                mode="lines+markers" if len(periods) <= 40 else "lines",
                marker={"size": 5, "symbol": "circle-open"},
                line={**line, "dash": "dot"},
                customdata=about,
                hovertemplate=[hover if not done else "<extra></extra>" for done in final],
                hoverinfo="skip",
            )
        )
    drawn = theme.figure(*traces, showlegend=not all(final))
    months = len(periods) > 1 and all(period.endswith("-01") for period in periods)
    drawn.update_xaxes(
        type="date",
        tickformat="%b %Y" if months else "%-d %b",
        hoverformat="%b %Y" if months else "%a %-d %b %Y",
        nticks=8,
    )
    drawn.update_yaxes(tickformat=".0%", title_text="converted")
    return drawn


def _band(periods: list[str], low: list[float | None], high: list[float | None]) -> list[go.Scatter]:
    """The interval as one filled outline per run of known periods."""
    traces, start = [], 0
    while start < len(periods):
        if low[start] is None:
            start += 1
            continue
        end = start
        while end < len(periods) and low[end] is not None:
            end += 1
        x = periods[start:end]
        traces.append(
            go.Scatter(
                x=[*x, *reversed(x)],
                y=[*high[start:end], *reversed(low[start:end])],
                mode="lines",
                line={"width": 0},
                fill="toself",
                fillcolor=theme.faded(theme.BLUE, 0.14),
                hoverinfo="skip",
                showlegend=False,
            )
        )
        start = end
    return traces
