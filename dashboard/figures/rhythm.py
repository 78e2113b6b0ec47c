"""How people come: days active, length of sessions, gaps between visits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from dashboard import format as fmt
from dashboard.figures import theme
from dashboard.figures.trend import HOVER
from dashboard.result import Result


def histogram(
    labels: Sequence[str],
    values: Sequence[float],
    *,
    title: str,
    unit: str = "count",
    role: str = "",
    hover: Sequence[str] = (),
    tokens: Sequence[str] = (),
    marked: int = -1,
) -> go.Figure:
    """Columns over named classes. title: of the axis below. hover: a text per column after its value. tokens: the list
    of people that each column opens. marked: the column that stands out."""
    hue = theme.colour(role) if role else theme.BLUE
    bars = go.Bar(
        x=[theme.label(text) for text in labels],
        y=[float(value) for value in values],
        marker={
            "color": [theme.MAGENTA if position == marked else hue for position in range(len(values))],
            "cornerradius": 3,
            "line": {"width": 0},
        },
        customdata=[
            [theme.label(text), token]
            for text, token in zip(hover or [""] * len(values), tokens or [""] * len(values), strict=True)
        ],
        hovertemplate=f"%{{y:{HOVER[unit]}}} %{{customdata[0]}}<extra></extra>",
    )
    drawn = theme.figure(bars, showlegend=False, bargap=0.12)
    drawn.update_xaxes(title_text=theme.label(title), type="category", nticks=16, showspikes=False)
    drawn.update_yaxes(tickformat=".0%" if unit == "rate" else theme.ticks(values))
    return drawn


def days_active(result: Result, *, mode: str, title: str) -> go.Figure:
    """Columns periods, exact, at_least of the insight ``days_active``. mode: "exact" or "at_least"."""
    frame = result.frame
    users = [int(value) for value in frame[mode]]
    everybody = int(result.summary["users"]) or 1
    return histogram(
        [str(n) for n in frame["periods"]],
        users,
        title=title,
        hover=[f"({fmt.percent(n / everybody)})" for n in users],
        tokens=[f"days~{mode}~{n}" for n in frame["periods"]],
    )


def lengths(result: Result, tokens: Sequence[str]) -> go.Figure:
    """The share of sessions by their length, from ``summary["lengths"]`` of the insight ``sessions``. tokens: the list
    of people that each class opens."""
    classes = result.summary["lengths"]
    return histogram(
        [length_name(item["low"], item["high"]) for item in classes],
        [item["share"] or 0.0 for item in classes],
        title="Length of a session",
        unit="rate",
        role="revenue",
        hover=[f"({fmt.count(item['sessions'])} sessions of {fmt.count(item['users'])} people)" for item in classes],
        tokens=tokens,
    )


def length_name(low: float, high: float | None) -> str:
    """``1 min – 3 min``: a class of lengths in seconds."""
    if high is None:
        return f"{fmt.duration(low)} and more"
    if high < 1:
        return "one event"
    if low < 1:
        return f"under {fmt.duration(high)}"
    return f"{fmt.duration(low)} – {fmt.duration(high)}"


def gaps(result: Result, token: Callable[[int], str]) -> go.Figure:
    """Users by the median number of days between their visits, up to the last class anybody is in. token: days -> the
    list of people that the column opens."""
    frame = result.frame
    last = int(frame[frame["users"] > 0]["days"].max()) if (frame["users"] > 0).any() else 1
    shown = frame[frame["days"] <= max(last, 7)]
    median = result.summary["median"]
    return histogram(
        [str(day) for day in shown["days"]],
        [int(n) for n in shown["users"]],
        title="Usual days between two visits",
        hover=[f"({fmt.percent(share)})" for share in shown["share"]],
        tokens=[token(int(day)) for day in shown["days"]],
        marked=-1 if median is None else max(0, -(-int(median * 1000) // 1000) - 1),
    )
