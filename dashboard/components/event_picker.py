"""A button that opens a searchable list of events or properties; every entry is a link to the view it leads to.

The list is fetched when the button is pressed (a funnel of ten steps would otherwise carry every event ten times). The
script ``assets/event_picker.js`` searches in it and moves through it with the arrow keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import data
from dashboard.components.labelled import aria, labelled

OPEN = "picker-open"  # type of the pattern id of a button; "page" and "name" say which
BOX = "picker-box"  # type of the pattern id of the list below it


class Choice(NamedTuple):
    """label, note (a number, as people read it), href, on (it is the current one)."""

    label: str
    note: str
    href: str
    on: bool = False


def picker(
    page: str, name: str, face: Sequence[Component | str], *, more: str = "", find: str = "", className: str = ""
) -> Component:
    """The button. page, name: of the pattern ids; a callback of the page fills ``{"type": BOX, …}`` on the first press.
    more: what a screen reader says after the face. find: placeholder of the search field, "" without one."""
    search = (
        [
            labelled(
                find,
                dcc.Input(type="search", placeholder=find, className="filter-find", debounce=False, autoComplete="off"),
                hidden=True,
            )
        ]
        if find
        else []
    )
    return html.Details(
        [
            html.Summary(
                [*face, *([html.Span(f" {more}", className="visually-hidden")] if more else [])],
                id={"type": OPEN, "page": page, "name": name},
                className="filter-face",
            ),
            html.Div(
                [
                    *search,
                    html.Div(
                        html.P("Loading", className="filter-hint"),
                        id={"type": BOX, "page": page, "name": name},
                        className="picker-list",
                    ),
                ],
                className="filter-box picker-box",
            ),
        ],
        className=f"filter-pop picker {className}".strip(),
        **data(pop=name),
    )


def choices(items: Sequence[Choice], *, hint: str = "") -> list[Component]:
    """The children of the list. hint: a line below it."""
    rows = [
        html.Li(
            html.A(
                [html.Span(item.label, className="option-name"), html.Span(item.note, className="choice-note tabular")],
                href=item.href,
                className="choice state-link" + (" is-on" if item.on else ""),
                **(aria(current="true") if item.on else {}),
            )
        )
        for item in items
    ]
    return [
        html.Ul(rows, className="choices"),
        html.P("Nothing is called so.", className="filter-hint picker-none", hidden=True),
        *([html.P(hint, className="filter-hint")] if hint else []),
    ]
