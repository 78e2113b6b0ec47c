"""The funnel as rows that can be read, clicked and tabbed through: who got here, who did not, both rates, intervals.

Drawn with text and boxes instead of a chart: every bar is a link to exactly the people it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.chart_card import twin_card
from dashboard.components.help import Fact, tip
from dashboard.components.labelled import aria
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.table import Column
from dashboard.result import Result

Link = Callable[[str, int, str], str]  # state ("reached", "dropped"), step, group ("" = everybody) -> link to the list
TABLE = (
    ("name", "Step", ""),
    ("users", "People", "count"),
    ("rate_of_first", "Of the first step", "rate"),
    ("rate_of_first_low", "95 % from", "rate"),
    ("rate_of_first_high", "to", "rate"),
    ("rate_of_previous", "Of the step before", "rate"),
    ("rate_of_previous_low", "95 % from", "rate"),
    ("rate_of_previous_high", "to", "rate"),
    ("dropped", "Dropped", "count"),
    ("rate_of_all_users", "Of all people", "rate"),
    ("median_seconds", "Median time", "seconds"),
    ("p75_seconds", "75 % within", "seconds"),
    ("p90_seconds", "90 % within", "seconds"),
)
MONEY = (
    ("money_lost", "Money lost", "money"),
    ("money_lost_low", "95 % from", "money"),
    ("money_lost_high", "to", "money"),
)


def total_rows(result: Result) -> list[Any]:
    """The steps of everybody."""
    return list(result.frame[result.frame["is_total"]].itertuples(index=False))


def funnel_card(result: Result, link: Link, *, subtitle: str, window: str, currency: str = "") -> Component:
    """Conversion and the steps of everybody. result: of the insight "funnel". window: in words."""
    rows = total_rows(result)
    found = result.summary
    with_money = any(row.money_lost == row.money_lost for row in rows)
    columns = [*TABLE, *(MONEY if with_money else ())]
    # a column without any value would only be dashes
    shown = [item for item in columns if item[0] in ("name", "users") or result.frame[item[0]].notna().any()]
    return twin_card(
        "funnel",
        "Funnel",
        [
            _headline(found, rows, window),
            html.Ol(
                [_row(row, rows, link, currency) for row in rows],
                className="funnel-rows",
                **aria(label="Steps with people and rates"),
            ),
            _legend(),
        ],
        columns=[Column(title, unit, currency) for _, title, unit in shown],
        rows=[[getattr(row, name) for name, _, _ in shown] for row in rows],
        about=tip(
            "funnel",
            "Funnel",
            "People who did the first step and then the others in time. Every person counts once, with one attempt. "
            "“Of the first” compares with everybody who entered, “of the step before” with those who got that far.",
            [
                Fact("Interval", "Wilson, 95 %: the whisker on each bar"),
                Fact("Window", window),
                *([Fact("Money lost", _MONEY_ABOUT)] if with_money else []),
                *facts_of(result),
            ],
        ),
        subtitle=subtitle,
        foot=remarks(result),
    )


_MONEY_ABOUT = (
    "People who dropped × mean later amount of those who went on: what would be lost if both were alike, "
    "which they need not be."
)


def _headline(found: dict[str, Any], rows: Sequence[Any], window: str) -> Component:
    parts = [
        ("Entered", fmt.count(found["entered"]), "did the first step"),
        ("Converted", fmt.count(found["converted"]), f"did the last step ({window})"),
        ("Conversion", fmt.percent(found["rate"]), between(found["rate_low"], found["rate_high"])),
    ]
    if found.get("open") and found.get("survival_rate") is not None:
        interval = between(found["survival_rate_low"], found["survival_rate_high"])
        parts.append(("With open entries", fmt.percent(found["survival_rate"]), f"{interval}, Kaplan–Meier"))
    return html.Dl(
        [
            html.Div(
                [
                    html.Dt(name),
                    html.Dd(
                        [html.Span(number, className="funnel-big tabular"), html.Span(note, className="funnel-note")]
                    ),
                ]
            )
            for name, number, note in parts
        ],
        className="funnel-head",
    )


def between(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return f"{fmt.percent(low)} to {fmt.percent(high)}"


def _row(row: Any, rows: Sequence[Any], link: Link, currency: str) -> Component:
    first = max(1, int(rows[0].users))
    step = int(row.step)
    dropped = int(row.dropped) if row.dropped == row.dropped else 0
    here = row.users / first
    words = f"{fmt.count(row.users)} people did step {step + 1}, {row.name}"
    bar: list[Component] = [
        html.A(
            className="funnel-fill state-link",
            href=link("reached", step, ""),
            style={"width": wide(here)},
            tabIndex=-1,
            title=words,
            **aria(hidden="true"),
        )
    ]
    if dropped:
        bar.append(
            html.A(
                className="funnel-drop state-link",
                href=link("dropped", step, ""),
                style={"width": wide(dropped / first)},
                tabIndex=-1,
                title=f"{fmt.count(dropped)} people dropped before step {step + 1}, {row.name}",
                **aria(hidden="true"),
            )
        )
    if step and row.rate_of_first_low == row.rate_of_first_low:
        width = row.rate_of_first_high - row.rate_of_first_low
        bar.append(
            html.Span(className="funnel-whisker", style={"left": wide(row.rate_of_first_low), "width": wide(width)})
        )
    return html.Li(
        [
            html.Div(
                [
                    html.Span(str(step + 1), className="step-number", **aria(hidden="true")),
                    html.Span(
                        [
                            html.Span(row.name, className="funnel-name"),
                            *([html.Span("optional", className="funnel-note")] if row.optional else []),
                        ]
                    ),
                ],
                className="funnel-label",
            ),
            html.Div(bar, className="funnel-bar"),
            html.Div(_numbers(row, step, dropped, link, currency), className="funnel-numbers"),
        ],
        className="funnel-row" + (" is-optional" if row.optional else ""),
    )


def _numbers(row: Any, step: int, dropped: int, link: Link, currency: str) -> list[Component]:
    people = html.A(
        [html.Strong(fmt.count(row.users), className="tabular"), " people"],
        href=link("reached", step, ""),
        className="state-link funnel-people",
        **aria(label=f"{fmt.count(row.users)} people did step {step + 1}, {row.name}: show them"),
    )
    if not step:
        return [people, html.Span(f"{fmt.percent(row.rate_of_all_users)} of all people", className="funnel-note")]
    rates = [
        rate(row.rate_of_first, row.rate_of_first_low, row.rate_of_first_high, "of the first"),
        rate(row.rate_of_previous, row.rate_of_previous_low, row.rate_of_previous_high, "of the step before"),
    ]
    below: list[Component | str] = []
    if dropped:
        below.append(
            html.A(
                f"{fmt.count(dropped)} dropped",
                href=link("dropped", step, ""),
                className="state-link funnel-lost",
                **aria(label=f"{fmt.count(dropped)} dropped before step {step + 1}, {row.name}: show these people"),
            )
        )
    if row.median_seconds == row.median_seconds:
        below.append(html.Span(f"median {fmt.duration(row.median_seconds)}", className="funnel-note"))
    if dropped and row.money_lost == row.money_lost:
        lost = fmt.short(row.money_lost, "money", currency=currency)
        ends = [fmt.short(v, "money", currency=currency) for v in (row.money_lost_low, row.money_lost_high)]
        below.append(html.Span(f"{lost} lost ({ends[0]} to {ends[1]})", className="funnel-note"))
    return [people, *rates, html.Span(below, className="funnel-below")]


def rate(rate: float, low: float, high: float, of: str) -> Component:
    number, _, interval = fmt.interval(rate, low, high).partition(" (")
    return html.Span(
        [
            html.Strong(number, className="tabular"),
            html.Span(f" ({interval}" if interval else "", className="funnel-range tabular"),
            f" {of}",
        ]
    )


def _legend() -> Component:
    keys = (("funnel-key-fill", "got here"), ("funnel-key-drop", "dropped"), ("funnel-key-whisker", "95 % interval"))
    return html.P(
        [html.Span([html.Span(className=f"funnel-key {css}"), text]) for css, text in keys],
        className="funnel-legend",
        **aria(hidden="true"),
    )


def wide(share: float) -> str:
    return f"{100 * min(max(share, 0.0), 1.0):.2f}%"
