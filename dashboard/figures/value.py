"""Figures about what customers are worth: spread, concentration, the test of the prediction, cohorts, staying."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go

from dashboard import format as fmt
from dashboard.figures import theme
from dashboard.result import Result

MAX_COHORTS = 18  # lines of cohorts that are drawn; the table has all of them


def _known(value: object) -> float | None:
    number = float(str(value)) if value is not None else math.nan
    return None if math.isnan(number) else number


def band_name(low: float, high: float, currency: str) -> str:
    """``€ 20–50`` of a band of money."""
    sign = fmt.money_short(low, currency).removesuffix(".00") if low < 1 else _round(low, currency)
    return f"{sign}–{_round(high, '')}"


def _round(amount: float, currency: str) -> str:
    return fmt.money_short(amount, currency).removesuffix(".00")


def distribution(result: Result, *, currency: str) -> go.Figure:
    """Customers per band of predicted value; columns low, high, customers, clv."""
    frame = result.frame
    bands = [band_name(low, high, currency) for low, high in zip(frame["low"], frame["high"], strict=True)]
    drawn = theme.figure(
        go.Bar(
            x=[theme.label(band) for band in bands],
            y=[int(n) for n in frame["customers"]],
            marker={"color": theme.BLUE, "cornerradius": 3},
            customdata=[fmt.money_short(float(v), currency) for v in frame["clv"]],
            hovertemplate="%{y:,} customers, together %{customdata}<extra></extra>",
        ),
        showlegend=False,
        bargap=0.12,
    )
    drawn.update_xaxes(title_text="Predicted value per customer", type="category", showspikes=False)
    drawn.update_yaxes(title_text="Customers", tickformat=theme.ticks(frame["customers"]))
    return drawn


def concentration(result: Result) -> go.Figure:
    """Share of all value that the most valuable customers hold: predicted, so far, and if all were equal."""
    frame = result.frame
    x = [float(v) for v in frame["customers_share"]]
    traces: list[Any] = [
        go.Scatter(
            x=x,
            y=[_known(v) for v in frame[column]],
            name=name,
            mode="lines",
            line={"color": hue, "width": 2.25, "dash": dash},
            hovertemplate="%{y:.1%}",
        )
        for column, name, hue, dash in (
            ("clv_share", "Predicted value", theme.BLUE, "solid"),
            ("historic_share", "Value so far", theme.RUST, "dash"),
        )
    ]
    traces.append(
        go.Scatter(
            x=[0, 1],
            y=[0, 1],
            name="If all were equal",
            mode="lines",
            line={"color": theme.MUTED, "width": 1.25, "dash": "dot"},
            hoverinfo="skip",
        )
    )
    drawn = theme.figure(*traces, showlegend=True)
    drawn.update_xaxes(title_text="Most valuable customers", tickformat=".0%", range=[0, 1], showspikes=False)
    drawn.update_yaxes(tickformat=".0%", range=[0, 1.04])
    return drawn


def backtest(result: Result, *, column: str, currency: str = "") -> go.Figure:
    """Predicted beside actual per tenth (column "value": money, "orders") or per number of repeat orders."""
    frame = result.frame
    by_class = "x" in frame
    names = ("predicted", "actual") if by_class or column == "orders" else ("predicted_value", "actual_value")
    money = names[0].endswith("value")
    if by_class:
        labels = [f"{int(x)}{'+' if int(x) == frame['x'].max() else ''}" for x in frame["x"]]
    else:
        labels = [str(int(n)) for n in frame["decile"]]
    traces: list[Any] = [
        go.Bar(
            x=labels,
            y=[_known(v) for v in frame[name]],
            name=text,
            marker={"color": hue, "cornerradius": 3, "pattern": {"shape": pattern, "fgopacity": 0.5, "size": 6}},
            customdata=[fmt.money_short(float(v), currency) if money else fmt.number(float(v)) for v in frame[name]],
            hovertemplate="%{customdata}",
        )
        for name, text, hue, pattern in (
            (names[0], "Predicted", theme.BLUE, ""),
            (names[1], "What happened", theme.TEAL, "/"),
        )
    ]
    drawn = theme.figure(*traces, barmode="group", showlegend=True)
    title = "Repeat order days before the split" if by_class else "Tenth by predicted value, 1 = highest"
    drawn.update_xaxes(title_text=title, type="category", showspikes=False)
    axis = "Orders per customer" if by_class else "Money" if money else "Orders"
    drawn.update_yaxes(title_text=axis, tickformat=theme.ticks(_known(v) for name in names for v in frame[name]))
    return drawn


def cohort_lines(result: Result, *, currency: str, names: dict[str, str]) -> go.Figure:
    """Money so far per customer over the months since the first order: a quiet line per cohort, the pooled curve of
    complete cells in front. names: cohort -> for people."""
    frame = result.frame
    cohorts = list(dict.fromkeys(str(c) for c in frame["cohort"]))[-MAX_COHORTS:]
    traces: list[Any] = []
    for position, cohort in enumerate(cohorts):
        part = frame[(frame["cohort"] == cohort) & frame["complete"]]
        shade = 0.25 + 0.5 * (position + 1) / len(cohorts)
        traces.append(
            go.Scatter(
                x=[int(k) for k in part["k"]],
                y=[_known(v) for v in part["per_member"]],
                name=theme.label(names[cohort]),
                mode="lines",
                line={"color": theme.faded(theme.SLATE, shade), "width": 1.5},
                customdata=[fmt.money(float(v), currency) for v in part["per_member"]],
                hovertemplate="%{customdata}",
                showlegend=False,
            )
        )
    pooled = [item for item in result.summary["curve"] if item.get("per_member") is not None]
    traces.append(
        go.Scatter(
            x=[item["k"] for item in pooled],
            y=[item["per_member"] for item in pooled],
            name="All cohorts",
            mode="lines+markers",
            line={"color": theme.BLUE, "width": 2.75},
            marker={"size": 6},
            customdata=[fmt.money(item["per_member"], currency) for item in pooled],
            hovertemplate="%{customdata}",
        )
    )
    drawn = theme.figure(*traces, showlegend=True, hovermode="closest")
    drawn.update_xaxes(title_text="Months since the first order", showspikes=False, rangemode="tozero")
    drawn.update_yaxes(
        title_text="Revenue so far per customer", tickformat=theme.ticks(item["per_member"] for item in pooled)
    )
    return drawn


def staying(result: Result, group: str, horizon: int) -> go.Figure:
    """How long subscribers stay: Kaplan–Meier steps with their band, the model as a line that goes on beyond them."""
    part = result.frame[result.frame["group"] == group]
    months = [int(m) for m in part["month"]]
    banded = part[part["low"].notna()]
    edge = {"width": 0, "shape": "hv"}
    traces: list[Any] = [
        go.Scatter(
            x=[int(m) for m in banded["month"]],
            y=[float(v) for v in banded["high"]],
            mode="lines",
            line=edge,
            hoverinfo="skip",
            showlegend=False,
        ),
        go.Scatter(
            x=[int(m) for m in banded["month"]],
            y=[float(v) for v in banded["low"]],
            mode="lines",
            line=edge,
            fill="tonexty",
            fillcolor=theme.faded(theme.TEAL, 0.18),
            hoverinfo="skip",
            showlegend=False,
        ),
        go.Scatter(
            x=months,
            y=[_known(v) for v in part["observed"]],
            name="Seen (Kaplan–Meier)",
            mode="lines",
            line={"color": theme.TEAL, "width": 2.25, "shape": "hv"},
            customdata=[int(n) for n in part["at_risk"]],
            hovertemplate="%{y:.1%}, %{customdata:,} at risk",
        ),
    ]
    if part["model"].notna().any():
        traces.append(
            go.Scatter(
                x=months,
                y=[_known(v) for v in part["model"]],
                name="Model (sBG)",
                mode="lines",
                line={"color": theme.BLUE, "width": 2, "dash": "dash"},
                hovertemplate="%{y:.1%}",
            )
        )
    drawn = theme.figure(*traces, showlegend=True)
    drawn.add_vline(x=horizon, line={"color": theme.MUTED, "width": 1.25, "dash": "dot"})
    drawn.update_xaxes(title_text="Months as a subscriber", showspikes=False, rangemode="tozero")
    drawn.update_yaxes(tickformat=".0%", range=[0, 1.04])
    return drawn
