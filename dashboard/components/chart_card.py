"""A chart with everything around it: title, explanation, sentence for screen readers, table twin, CSV, PNG, expand."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import data
from dashboard.components.graph import graph
from dashboard.components.labelled import aria
from dashboard.components.table import Column, plain_table


def _tool(action: str, name: str, text: str, title: str) -> Component:
    return html.Button(
        [html.Span(className=f"icon-s icon-s-{action}", **aria(hidden="true")), html.Span(text)],
        type="button",
        title=f"{text}: {title}",
        className="card-tool",
        **data(action=action, card=name),
        **aria(label=f"{text}: {title}"),
    )


def card(
    title: str,
    body: Component | Sequence[Component],
    *,
    about: Component | None = None,
    subtitle: Component | str = "",
    tools: Sequence[Component] = (),
    foot: Component | str | Sequence[Component | str] = "",
    className: str = "",
) -> Component:
    """A titled surface. about: the ``?``; tools: buttons at the right of the title; foot: a quiet line below."""
    return html.Section(
        [
            html.Div(
                [
                    html.Div(
                        [html.Div([html.H2(title), *([about] if about else [])], className="card-title")]
                        + ([html.P(subtitle, className="card-subtitle")] if subtitle else []),
                        className="card-heading",
                    ),
                    html.Div(list(tools), className="card-tools no-print"),
                ],
                className="card-head",
            ),
            html.Div(body, className="card-content"),
            *([html.Div(foot, className="card-foot")] if foot else []),
        ],
        className=f"panel chart-card {className}".strip(),
        **aria(label=title),
    )


def chart_card(
    name: str,
    title: str,
    figure: go.Figure,
    *,
    summary: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[object]],
    about: Component | None = None,
    subtitle: Component | str = "",
    foot: Component | str | Sequence[Component | str] = "",
    height: int = 280,
) -> Component:
    """A chart and its twin table.

    name: unique on the page and the file name of its downloads. summary: one sentence with the numbers that matter,
    read to people who cannot see the chart. columns, rows: the same numbers as a table; its CSV button writes them.
    """
    chart = [html.P(summary, className="visually-hidden"), graph(name, figure, height=height)]
    return _with_twin(
        name,
        title,
        chart,
        plain_table(columns, rows, caption=title),
        tools=(*_TABLE_TOOLS, *_CHART_TOOLS),
        height=f"{height}px",
        about=about,
        subtitle=subtitle,
        foot=foot,
    )


def twin_card(
    name: str,
    title: str,
    body: Component | Sequence[Component],
    *,
    columns: Sequence[Column],
    rows: Sequence[Sequence[object]],
    about: Component | None = None,
    subtitle: Component | str = "",
    foot: Component | str | Sequence[Component | str] = "",
    chart: bool = False,
) -> Component:
    """What is drawn with text and bars (it can be read and clicked as it is), and its numbers as a table and a CSV.
    chart: the body has a chart in it, which can be downloaded and enlarged."""
    return _with_twin(
        name,
        title,
        body,
        plain_table(columns, rows, caption=title),
        tools=(*_TABLE_TOOLS, *(_CHART_TOOLS if chart else ())),
        height="auto",
        about=about,
        subtitle=subtitle,
        foot=foot,
    )


_TABLE_TOOLS = (("table", "View as table"), ("csv", "Download CSV"))
_CHART_TOOLS = (("png", "Download PNG"), ("expand", "Expand"))


def _with_twin(
    name: str,
    title: str,
    body: Component | Sequence[Component],
    table: Component,
    *,
    tools: Sequence[tuple[str, str]],
    height: str,
    about: Component | None,
    subtitle: Component | str,
    foot: Component | str | Sequence[Component | str],
) -> Component:
    return card(
        title,
        [
            html.Div(body, className="card-chart"),
            html.Div(
                table,
                className="card-table",
                hidden=True,
                style={"height": height},
                tabIndex=0,
                role="region",
                **aria(label=f"{title}: table"),
            ),
        ],
        about=about,
        subtitle=subtitle,
        foot=foot,
        tools=[_tool(action, name, text, title) for action, text in tools],
        className="has-chart",
    )
