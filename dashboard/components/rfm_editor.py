"""The map of RFM segments as a form: a name for each of the 25 cells, a sentence for each name, and two buttons.

The page registers the callbacks; ids are patterns, so one callback reads all cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.labelled import aria, labelled

CELL, ACTION = "rfm-map-cell", "rfm-map-action"  # types of pattern ids; "cell" is "<recency>.<frequency>"
SAVE, RESET, NAMES = "rfm-map-save", "rfm-map-reset", "rfm-map-names"
LIMIT, APPLY = "rfm-limit", "rfm-limit-apply"
SCORES = (5, 4, 3, 2, 1)


def editor(grid: Sequence[Sequence[str]], actions: Mapping[str, str], *, changed: bool) -> Component:
    """grid: five rows, recency 5 first, of five names, frequency 1 first. actions: name -> sentence. changed: another
    map than the default is kept."""
    head = html.Tr([html.Th("Recency ╲ frequency", scope="col"), *(html.Th(str(f), scope="col") for f in SCORES)])
    body = [
        html.Tr([html.Th(str(r), scope="row"), *(html.Td(_cell(r, f, grid[5 - r][f - 1])) for f in SCORES)])
        for r in SCORES
    ]
    table = html.Table(
        [html.Caption("Names of the cells", className="visually-hidden"), html.Thead(head), html.Tbody(body)],
        className="rfm-map",
    )
    sentences = [
        labelled(
            name, dbc.Input(id={"type": ACTION, "name": name}, value=text, type="text", maxLength=300, debounce=True)
        )
        for name, text in actions.items()
    ]
    return html.Details(
        [
            html.Summary(
                ["Change names and actions", *([html.Span("changed", className="badge-soft")] if changed else [])]
            ),
            html.P(
                "Each cell has one name; cells of the same name are one segment. The map is kept with the dataset.",
                className="hint",
            ),
            html.Datalist([html.Option(value=name) for name in actions], id=NAMES),
            html.Div(table, className="matrix-box", role="region", tabIndex=0, **aria(label="Names of the cells")),
            html.Div(sentences, className="rfm-actions"),
            html.Div(
                [
                    html.Button("Save names and actions", id=SAVE, type="button", className="btn btn-primary btn-sm"),
                    html.Button(
                        "Reset to the default",
                        id=RESET,
                        type="button",
                        className="btn btn-ghost btn-sm",
                        disabled=not changed,
                    ),
                ],
                className="list-tools",
            ),
        ],
        className="panel panel-body rfm-editor no-print",
    )


def _cell(recency: int, frequency: int, name: str) -> Component:
    return labelled(
        f"Recency {recency}, frequency {frequency}",
        dbc.Input(
            id={"type": CELL, "cell": f"{recency}.{frequency}"},
            value=name,
            type="text",
            maxLength=40,
            list=NAMES,
            size="sm",
        ),
        hidden=True,
    )


def limits_form(limits: Mapping[str, str]) -> Component:
    """Four limits each of days, orders and money, for fixed scores. limits: letter -> text."""
    named = (("R", "Days since the last order"), ("F", "Orders"), ("M", "Money"))
    return html.Div(
        [
            *(
                labelled(
                    text,
                    dbc.Input(
                        id={"type": LIMIT, "name": letter}, value=limits[letter], type="text", maxLength=80, size="sm"
                    ),
                )
                for letter, text in named
            ),
            html.Button("Apply limits", id=APPLY, type="button", className="btn btn-quiet btn-sm"),
        ],
        className="rfm-limits no-print",
        role="group",
        **aria(label="Four limits each, separated by commas"),
    )


def grid_of(ids: Sequence[Mapping[str, Any]], values: Sequence[Any]) -> list[list[str]]:
    """The form's cells as five rows of five names; a cell that the browser did not send is empty."""
    found = {str(name.get("cell")): str(value or "") for name, value in zip(ids, values, strict=True)}
    return [[found.get(f"{r}.{f}", "") for f in reversed(SCORES)] for r in SCORES]
