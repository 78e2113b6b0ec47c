"""Curves of coming back and of staying: one line per group, its 95 % band behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.figures.trend import HOVER
from dashboard.result import Result

EVERYBODY = "Everybody"
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


class Point(NamedTuple):
    """A point of a curve: x, value, ends of its interval (None without), people behind it."""

    x: float
    value: float | None
    low: float | None
    high: float | None
    people: int


def points(result: Result, column: str = "rate") -> dict[str, list[Point]]:
    """The pooled curve of a ``retention`` result by group. column: rate, revenue_rate or per_member; only a rate has an
    interval. Columns without any complete cohort are left out, and column 0 of a rate, which is everybody."""
    found: dict[str, list[Point]] = {}
    for item in result.summary["curve"]:
        if column == "rate" and item["k"] == 0:
            continue
        known = column == "rate"
        if item[column] is not None:
            found.setdefault(item["group"], []).append(
                Point(
                    item["k"],
                    item[column],
                    item["low"] if known else None,
                    item["high"] if known else None,
                    item["at_risk"],
                )
            )
    return found


def curve(result: Result, *, column: str = "rate", title: str, currency: str = "") -> go.Figure:
    """The pooled curve: share (or money) over periods since the start. title: of the axis below ("Weeks later"). The
    number of people at risk stands under each tick when there is one curve only."""
    groups = points(result, column)
    labels = {item["k"]: item["column"] for item in result.summary["curve"]}
    unit = "money" if column == "per_member" else "rate"
    drawn = _lines(groups, unit=unit, currency=currency, shape="linear")
    ks = sorted({int(point.x) for line in groups.values() for point in line})
    shown = ks[:: -(-len(ks) // 7)] if ks else []
    texts = [theme.label(labels[k]) for k in shown]
    if len(groups) == 1:
        people = {int(point.x): point.people for line in groups.values() for point in line}
        texts = [f"{text}<br><i>{people[k]:,}</i>" for text, k in zip(texts, shown, strict=True)]
        title = f"{title}; people at risk below"
    drawn.update_xaxes(
        title_text=theme.label(title), tickvals=shown, ticktext=texts, showspikes=False, range=_range(ks), tickangle=0
    )
    return drawn


def _range(ks: Sequence[int]) -> list[float] | None:
    return [ks[0] - 0.4, ks[-1] + 0.4] if ks else None


def survival(result: Result, *, title: str) -> go.Figure:
    """Kaplan–Meier curves: columns group, time, survival, low, high, at_risk. title: of the time axis."""
    groups: dict[str, list[Point]] = {}
    columns = [result.frame[name] for name in ("group", "time", "survival", "low", "high", "at_risk")]
    for name, time, share, low, high, people in zip(*columns, strict=True):
        groups.setdefault(str(name), []).append(
            Point(float(time), float(share), _known(low), _known(high), int(people))
        )
    drawn = _lines(groups, unit="rate", currency="", shape="hv")
    drawn.update_xaxes(title_text=theme.label(title), showspikes=False, rangemode="tozero")
    drawn.update_yaxes(range=[0, 1.04])
    return drawn


def over_time(result: Result, *, column: str = "rate") -> go.Figure:
    """One column of the matrix by the date of the cohort: a line per group, dotted where the period is not over."""
    traces: list[Any] = []
    names = list(dict.fromkeys(str(group) for group in result.frame["group"]))
    for position, name in enumerate(names):
        part = result.frame[result.frame["group"] == name]
        # a period in which nobody could come back yet says nothing
        part = part[part["complete"] | (part["users"] > 0)].reset_index(drop=True)
        hue = theme.PALETTE[position % len(theme.PALETTE)]
        done = [bool(flag) for flag in part["complete"]]
        values = [_known(value) for value in part[column]]
        days = [str(day) for day in part["cohort"]]
        solid = [value if flag else None for value, flag in zip(values, done, strict=True)]
        open_ = [
            value if not flag or (i + 1 < len(done) and not done[i + 1]) else None
            for i, (value, flag) in enumerate(zip(values, done, strict=True))
        ]
        people = [int(n) for n in part["members"]]
        hover = f"%{{y:{HOVER['rate']}}} of %{{customdata:,}}"
        label = theme.label(name or EVERYBODY)
        line = {"color": hue, "width": 2}
        low = [_known(v) if flag else None for v, flag in zip(part["low"], done, strict=True)]
        high = [_known(v) if flag else None for v, flag in zip(part["high"], done, strict=True)]
        if column == "rate":
            traces += _band(days, low, high, hue)
        traces.append(
            go.Scatter(
                x=days,
                y=solid,
                name=label,
                mode="lines+markers",
                marker={"size": 5},
                line={**line, "dash": DASHES[position % len(DASHES)]},
                customdata=people,
                hovertemplate=hover,
            )
        )
        if not all(done):
            traces.append(
                go.Scatter(
                    x=days,
                    y=open_,
                    name=f"{label}, so far",
                    mode="lines",
                    line={**line, "dash": "dot"},
                    showlegend=False,
                    customdata=people,
                    hovertemplate=hover + ", so far",
                )
            )
    drawn = theme.figure(*traces, showlegend=len(names) > 1)
    drawn.update_xaxes(
        type="date", tickformat="%-d %b<br>%Y", hoverformat="%-d %b %Y", nticks=5, tickangle=0, showspikes=False
    )
    drawn.update_yaxes(tickformat=".0%")
    return drawn


def _lines(groups: dict[str, list[Point]], *, unit: str, currency: str, shape: str) -> go.Figure:
    prefix = f"{theme.label(currency)} " if unit == "money" and currency else ""
    traces: list[Any] = []
    for position, (name, line) in enumerate(groups.items()):
        hue = theme.PALETTE[position % len(theme.PALETTE)]
        xs = [point.x for point in line]
        traces += _band(xs, [p.low for p in line], [p.high for p in line], hue, shape=shape)
        traces.append(
            go.Scatter(
                x=xs,
                y=[point.value for point in line],
                name=theme.label(name or EVERYBODY),
                mode="lines+markers" if shape == "linear" else "lines",
                marker={"size": 5},
                line={"color": hue, "width": 2, "shape": shape, "dash": DASHES[position % len(DASHES)]},
                customdata=[point.people for point in line],
                hovertemplate=f"{prefix}%{{y:{HOVER[unit]}}} of %{{customdata:,}} people",
            )
        )
    drawn = theme.figure(*traces, showlegend=len(groups) > 1)
    values = [point.value for line in groups.values() for point in line]
    drawn.update_yaxes(tickformat=".0%" if unit == "rate" else theme.ticks(values), tickprefix=prefix)
    return drawn


def _band(
    xs: Sequence[Any], low: Sequence[float | None], high: Sequence[float | None], hue: str, shape: str = "linear"
) -> list[go.Scatter]:
    """The area between low and high where both are known, or nothing."""
    known = [(x, a, b) for x, a, b in zip(xs, low, high, strict=True) if a is not None and b is not None]
    if len(known) < 2:
        return []
    edge = {"width": 0, "shape": shape}
    places = [x for x, _, _ in known]
    return [
        go.Scatter(x=places, y=[a for _, a, _ in known], mode="lines", line=edge, hoverinfo="skip", showlegend=False),
        go.Scatter(
            x=places,
            y=[b for _, _, b in known],
            mode="lines",
            line=edge,
            fill="tonexty",
            fillcolor=theme.faded(hue, 0.14),
            hoverinfo="skip",
            showlegend=False,
        ),
    ]


def _known(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
