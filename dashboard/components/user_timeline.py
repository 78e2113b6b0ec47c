"""The timeline card of one person: the drawing, whose time axis is also a filter, and the rows below it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.chart_card import chart_card
from dashboard.components.labelled import aria
from dashboard.components.states import empty
from dashboard.components.table import Column, rows_of
from dashboard.figures import timeline as drawing

NAME = "user-timeline"
GRID, BOX, COUNT, EXPORT, COLUMNS = (f"user-rows-{part}" for part in ("grid", "box", "count", "export", "columns"))
SPANS = ((30, "Last 30 days"), (90, "Last 90 days"), (365, "Last 365 days"))


def timeline_card(drawn: Any, zoom: str, link: Callable[[str], str], *, currency: str, zone: str) -> Component:
    """drawn: service.user_timeline.Drawn. zoom: as the link has it, "" = everything. link: zoom -> address."""
    if not drawn.total:
        text = "Nothing this person did has a time." if drawn.undated else "Nothing is recorded of this person."
        return html.Section(empty(text, hint="Add an event log, sessions or orders."), className="panel panel-body")
    shown = fmt.days_iso(*drawn.zoom)
    outside = drawn.zoom[0] > drawn.zoom[1]
    what = f"{fmt.count(drawn.entries)} of {fmt.count(drawn.total)} entries"
    notes = [f"Times are in {zone}. Drag along the time axis to choose days; the rows below follow."]
    if drawn.step != "moment":
        notes.append(f"A mark stands for a {drawn.step}, its size for how many (orders: how much).")
    if drawn.undated:
        notes.append(f"{fmt.count(drawn.undated)} rows have no time and are not shown.")
    body = chart_card(
        NAME,
        "Timeline",
        drawing.timeline(
            drawn.result.frame,
            drawn.lanes,
            ("", "") if outside else drawn.zoom,
            step=drawn.step,
            currency=currency,
        ),
        summary=f"{what}, {shown}: {', '.join(drawn.lanes)}." if not outside else f"{what} in these days.",
        columns=(Column("Lane"), Column("From"), Column("What"), Column("Number", "count"), Column("Amount", "money")),
        rows=rows_of(drawn.result, ("lane", "start", "label", "count", "amount")),
        subtitle=f"{what}{f', {shown}' if shown else ''}",
        foot=" ".join(notes),
        height=drawing.height(drawn.lanes),
    )
    return html.Div([_spans(drawn, zoom, link), body], className="stack-s")


def _spans(drawn: Any, zoom: str, link: Callable[[str], str]) -> Component:
    last = dt.date.fromisoformat(drawn.last)
    choices = [("", "Everything")]
    for days, text in SPANS:
        first = last - dt.timedelta(days=days - 1)
        if first.isoformat() > drawn.first:
            choices.append((f"{first.isoformat()}..{last.isoformat()}", text))
    known = {value for value, _ in choices}
    if zoom not in known:
        choices.append((zoom, "Chosen days"))
    items = [
        html.Li(
            html.A(
                text,
                href=link(value),
                className="tab state-link" + (" is-on" if value == zoom else ""),
                **(aria(current="true") if value == zoom else {}),
            )
        )
        for value, text in choices
    ]
    return html.Nav(html.Ul(items, className="tabs"), className="no-print", **aria(label="Days of the timeline"))


def rows_card() -> Component:
    """The empty card of the rows."""
    return html.Section(
        [
            html.Div(
                [
                    html.Div(
                        [html.H2("What they did"), html.P(id=COUNT, className="table-count tabular", role="status")]
                    ),
                    html.A(
                        "Download these rows",
                        id=EXPORT,
                        href="#rows",
                        download="",
                        className="btn btn-quiet btn-sm no-print",
                    ),
                ],
                className="table-head",
            ),
            html.Div(id=BOX, className="grid-box"),
            dcc.Store(id=COLUMNS),
        ],
        id="rows",
        className="panel panel-body",
        **aria(label="Rows of the timeline"),
    )
