"""A funnel broken down: small funnels side by side, and how far their conversion differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.chart_card import twin_card
from dashboard.components.funnel_chart import Link, rate, wide
from dashboard.components.help import Fact, tip
from dashboard.components.labelled import aria
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.table import Column
from dashboard.figures import theme
from dashboard.result import Result


def group_card(result: Result, link: Link, *, label: str, attribution: str) -> Component:
    """The groups of a breakdown: small funnels side by side, and how their conversion differs."""
    frame = result.frame[~result.frame["is_total"]]
    names = list(dict.fromkeys(frame["group"]))
    groups = [(name, list(frame[frame["group"] == name].itertuples(index=False))) for name in names]
    against = {item["group"]: item for item in result.summary["differences"]}
    columns = [
        Column(label),
        *(Column(step, "count") for step in result.summary["labels"]),
        Column("Conversion", "rate"),
        Column("95 % from", "rate"),
        Column("to", "rate"),
        Column("Difference", "rate"),
        Column("from", "rate"),
        Column("to", "rate"),
        Column("q-value", "number"),
    ]
    table = []
    for name, steps in groups:
        entry = against.get(name, {})
        last = steps[-1]
        table.append(
            [
                name,
                *(step.users for step in steps),
                last.rate_of_first,
                last.rate_of_first_low,
                last.rate_of_first_high,
                *(entry.get(key) for key in ("difference", "low", "high", "q_value")),
            ]
        )
    reference = result.summary["differences"][0]["reference"] if result.summary["differences"] else ""
    return twin_card(
        "funnel-groups",
        f"Funnel by {label}",
        html.Div(
            [_group(name, steps, against.get(name), link, position) for position, (name, steps) in enumerate(groups)],
            className="funnel-groups",
        ),
        columns=columns,
        rows=table,
        about=tip(
            "funnel-groups",
            f"Funnel by {label}",
            "The same funnel for each group. Differences compare a group's conversion with that of the largest one.",
            [
                Fact("Interval", "Newcombe, 95 %"),
                Fact("q-value", "p-value after Benjamini–Hochberg over all groups; up to .05 is more than chance"),
                Fact("Groups", attribution),
                *facts_of(result),
            ],
        ),
        subtitle=f"Differences to {reference}, the largest group" if reference else "",
        foot=remarks(result),
    )


def _group(name: str, steps: Sequence[Any], entry: dict[str, Any] | None, link: Link, position: int) -> Component:
    first = max(1, int(steps[0].users))
    last = steps[-1]
    hue = theme.colour(name, position)
    rows = [
        html.Li(
            html.A(
                [
                    html.Span(
                        [str(step.step + 1), html.Span(f", {step.name}, {name}: ", className="visually-hidden")],
                        className="mini-step",
                    ),
                    html.Span(
                        html.Span(
                            className="mini-fill", style={"width": wide(step.users / first), "backgroundColor": hue}
                        ),
                        className="mini-track",
                        **aria(hidden="true"),
                    ),
                    html.Span(fmt.count(step.users), className="mini-number tabular"),
                    html.Span(fmt.percent(step.rate_of_first), className="mini-rate tabular"),
                ],
                href=link("reached", int(step.step), name),
                className="mini-row state-link",
            )
        )
        for step in steps
    ]
    return html.Section(
        [
            html.H3(name),
            html.P(
                [
                    rate(last.rate_of_first, last.rate_of_first_low, last.rate_of_first_high, "converted"),
                ],
                className="group-rate",
            ),
            html.Ol(rows, className="mini-funnel"),
            html.P(_verdict(entry), className="funnel-note"),
        ],
        className="funnel-group",
        **aria(label=name),
    )


def _verdict(entry: dict[str, Any] | None) -> str:
    if entry is None:
        return "The largest group"
    text = fmt.interval_points(entry["difference"], entry["low"], entry["high"])
    if entry["q_value"] is None:
        return f"{text} · too few people to test"
    judged = "more than chance" if entry["significant"] else "may be chance"
    return f"{text} · {judged}, {fmt.p_value(entry['q_value']).replace('p', 'q', 1)}"
