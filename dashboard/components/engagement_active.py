"""Active people: headline numbers, their course, and the course of one of them by group."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import engagement_options as names
from dashboard.components.chart_card import chart_card
from dashboard.components.choice import choice
from dashboard.components.engagement_options import Asked
from dashboard.components.help import Fact, tip
from dashboard.components.kpi_card import kpi_card, kpi_row
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.table import Column, rows_of
from dashboard.figures import trend
from dashboard.figures.trend import Series
from dashboard.filters import Filters
from dashboard.result import Kpi, Result

ACTIVE = "engagement-active"  # name of the chart whose points open people
SERIES = (("dau", "Daily", "1"), ("wau", "Weekly", "7"), ("mau", "Monthly", "30"))
DEFINED = {
    "dau": ("Daily active people", "Distinct people active on a day; the mean of the complete days.", "mean of DAU"),
    "wau": ("Weekly active people", "Distinct people active in the 7 days up to the last complete day.", "WAU"),
    "mau": ("Monthly active people", "Distinct people active in the 30 days up to the last complete day.", "MAU"),
    "stickiness": (
        "DAU / MAU",
        "Daily over monthly active people, the mean of the complete days with a full 30 days before them.",
        "mean of DAU / MAU",
    ),
    "stickiness_30": (
        "30-day stickiness",
        "Mean daily active people of the last 30 days over the people active in them.",
        "mean DAU of 30 days / MAU",
    ),
}


def cards(result: Result, link: Callable[[str], str]) -> Component:
    """The headline numbers; result: of the insight ``active_users``. link: makes the address of a list."""
    whole = result.frame[result.frame["complete"]]
    last = str(whole["day"].iloc[-1]) if len(whole) else ""
    made = []
    for key, (label, definition, formula) in DEFINED.items():
        unit = "rate" if key.startswith("stickiness") else "count"
        value, previous = result.summary[key], result.summary.get(f"previous_{key}")
        window = {"wau": "7", "mau": "30"}.get(key)
        kpi = Kpi(
            key, label, definition, formula, unit, True, value, previous, spark=_spark(result, key),
            delta=None if value is None or previous is None else value - previous,
            verdict=_verdict(value, previous),
        )  # fmt: skip
        href = link(f"active~{last}~{window}") if window and last else ""
        made.append(kpi_card(kpi, facts=facts_of(result), href=href, foot=_foot(key, last)))
    return kpi_row(made)


def _foot(key: str, last: str) -> str:
    """What the number covers, where there is nothing to compare it with."""
    if not last:
        return ""
    return "mean of the complete days" if key in ("dau", "stickiness") else f"on {fmt.day_iso(last)}"


def _verdict(value: float | None, previous: float | None) -> str:
    if value is None or previous is None:
        return ""
    return "same" if value == previous else "better" if value > previous else "worse"


def _spark(result: Result, key: str) -> tuple[float | None, ...]:
    if key not in result.frame:
        return ()
    values = full_windows(result.frame, key)[result.frame["complete"]]
    return tuple(None if pd.isna(value) else float(value) for value in values)


def full_windows(frame: pd.DataFrame, column: str) -> pd.Series:
    """A column; ratios only where their 30 days lie in the data: before that they start near 100 %."""
    ratios = ("stickiness", "wau_mau")
    return frame[column].where(frame["window_full"]) if column in ratios else frame[column]


def course(result: Result) -> Component:
    """DAU, WAU and MAU day by day."""
    found = result.summary
    drawn = trend.lines(result, [Series(key, label, key) for key, label, _ in reversed(SERIES)], x="day")
    windows = {label: window for _, label, window in SERIES}
    for trace in drawn.data:
        window = windows.get(str(trace.name).removesuffix(", so far"))
        if window:
            trace.customdata = [f"active~{day}~{window}" for day in trace.x]
    return chart_card(
        ACTIVE,
        "Active people",
        drawn,
        summary=f"Daily active people {fmt.count(found['dau'])} on average; on the last complete day weekly "
        f"{fmt.count(found['wau'])} and monthly {fmt.count(found['mau'])}.",
        columns=[Column("Day"), Column("Daily", "count"), Column("Weekly", "count"), Column("Monthly", "count")],
        rows=rows_of(result, ["day", "dau", "wau", "mau"]),
        about=tip(
            "course",
            "Active people",
            "Distinct people active in the 1, 7 and 30 calendar days that end on each day.",
            facts_of(result),
        ),
        subtitle="Click a point to see exactly these people",
        foot=remarks(result),
        height=320,
    )


def ratio_card(
    filters: Filters, result: Result, split: Result | None, asked: Asked, labels: Mapping[str, str]
) -> Component:
    """One number over time, of everybody or by group. split: of ``active_users_by_group``, None without breakdown.
    labels: of the breakdowns."""
    label = {item.value: item.text for item in names.RATIOS}[asked.ratio]
    unit = "rate" if asked.ratio in ("stickiness", "wau_mau") else "count"
    if split is not None:
        frame = pd.DataFrame({"day": result.frame["day"], "complete": result.frame["complete"]})
        for position, name in enumerate(split.summary["groups"]):
            part = split.frame[split.frame["group"] == name].reset_index(drop=True)
            frame[f"g{position}"] = full_windows(part, asked.ratio).reindex(frame.index)
        drawn = Result(result.name, frame)
        series = [Series(f"g{position}", name or "(missing)") for position, name in enumerate(split.summary["groups"])]
    else:
        frame = result.frame.assign(**{asked.ratio: full_windows(result.frame, asked.ratio)})
        drawn, series = Result(result.name, frame), [Series(asked.ratio, label, asked.ratio)]
    last = drawn.frame[drawn.frame["complete"]].tail(1)
    said = "; ".join(
        f"{item.label} {fmt.value(float(last[item.column].iloc[0]), unit)}" for item in series if len(last)
    )
    return chart_card(
        "engagement-ratio",
        f"{label} by {labels.get(asked.split, asked.split).lower()}" if split is not None else label,
        trend.lines(drawn, series, unit=unit, x="day"),
        summary=f"{label} on the last complete day: {said}.",
        columns=[Column("Day"), *(Column(item.label, unit) for item in series)],
        rows=rows_of(drawn, ["day", *(item.column for item in series)]),
        about=tip(
            "ratio",
            label,
            "The same windows for every group. Every person is in one group: that of their latest value.",
            [Fact("Windows", "1, 7 and 30 calendar days"), *facts_of(result)],
        ),
        subtitle=html.Div(
            choice(filters, names.RATIO, "Number", names.RATIOS, asked.ratio, default=names.RATIOS[0].value),
            className="inline",
        ),
        height=300,
    )
