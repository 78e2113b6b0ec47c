"""A distribution as rows of label, bar, number and share: readable without colour, and every row can be a link to the
people it counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dash import html
from dash.development.base_component import Component

from dashboard.components.labelled import aria
from dashboard.figures import theme

FOLDED_FROM = 11  # rows of a list that are seen at once: ten and "others"


class Bar(NamedTuple):
    """label, text (the number as people read it), size (length of the bar, in any unit), share ("22.4 %" or ""),
    role (of a colour, or ""), href ("" = not a link), note (a second, quiet line), current (the row is the active
    filter)."""

    label: str
    text: str
    size: float
    share: str = ""
    role: str = ""
    href: str = ""
    note: str = ""
    current: bool = False


def bar_list(bars: Sequence[Bar], *, label: str, value_title: str = "") -> Component:
    """label: what the list shows, for screen readers. value_title: head of the number column. Rows after the first
    eleven wait behind a button."""
    rows = []
    longest = max((bar.size for bar in bars if bar.size == bar.size), default=0.0)
    for bar in bars:
        width = f"{100 * bar.size / longest:.2f}%" if bar.size > 0 and longest > 0 else "0"
        fill = theme.colour(bar.role) if bar.role else theme.BLUE
        content = [
            html.Span(
                [
                    html.Span(bar.label, className="bar-name"),
                    *([html.Span(bar.note, className="bar-note")] if bar.note else []),
                ],
                className="bar-label",
            ),
            html.Span(
                html.Span(className="bar-fill", style={"width": width, "backgroundColor": fill}),
                className="bar-track",
                **aria(hidden="true"),
            ),
            html.Span(bar.text, className="bar-number tabular"),
            html.Span(bar.share, className="bar-share tabular"),
        ]
        classes = "bar-row" + (" is-current" if bar.current else "")
        if bar.href:
            attributes = aria(current="true") if bar.current else {}
            rows.append(html.Li(html.A(content, href=bar.href, className=f"{classes} state-link", **attributes)))
        else:
            rows.append(html.Li(html.Div(content, className=classes)))
    return html.Div(
        [
            *([html.Div(value_title, className="bar-head", **aria(hidden="true"))] if value_title else []),
            html.Ul(rows[:FOLDED_FROM], className="bar-list", **aria(label=label)),
            *([_folded(rows[FOLDED_FROM:], label)] if len(rows) > FOLDED_FROM else []),
        ],
        className="bars",
    )


def _folded(rows: Sequence[Component], label: str) -> Component:
    return html.Details(
        [
            html.Summary(f"{len(rows)} more", className="bar-more"),
            html.Ul(list(rows), className="bar-list", **aria(label=f"{label}, continued")),
        ]
    )
