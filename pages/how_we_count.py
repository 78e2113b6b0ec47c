"""How we count: the rules behind every number, and published cases run live through the product's own engine."""

from __future__ import annotations

from typing import Any

import dash
from dash import MATCH, Input, Output, State, callback, html, no_update
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.conformance import RESULT, RUN, RUN_ALL, conventions, outcomes, topic
from dashboard.components.states import guarded
from dashboard.service import conformance

PATH = "/how-we-count"

dash.register_page(__name__, path=PATH, name="How we count", title="How we count – Holdfast", icon="count")


def layout(**_query: Any) -> Component:
    """The whole page; nothing of it depends on a dataset."""
    topics = conformance.topics()
    cases = fmt.count(conformance.total())
    return html.Div(
        [
            html.Header(
                html.Div(
                    [
                        html.H1("How we count"),
                        html.P(
                            "One definition per number, one engine, checked against published cases.", className="lead"
                        ),
                    ]
                ),
                className="page-header",
            ),
            conventions(),
            html.Section(
                [
                    html.Div(
                        [
                            html.Div(
                                [
                                    html.H2("Check it yourself"),
                                    html.P(
                                        f"{cases} cases: events in, numbers out, most of them from the tests and "
                                        "documents of other products. They run through the same import, store and "
                                        "engine as your data.",
                                        className="card-subtitle",
                                    ),
                                ]
                            ),
                            html.Button(
                                "Check everything now", id=RUN_ALL, type="button", className="btn btn-primary no-print"
                            ),
                        ],
                        className="list-head",
                    ),
                    html.Div(
                        [topic(item.name, item.title, item.cases, item.sources) for item in topics], className="halves"
                    ),
                ],
                className="stack-gap",
            ),
        ],
        className="page",
    )


@callback(
    Output({"type": RESULT, "name": MATCH}, "children"),
    Input({"type": RUN, "name": MATCH}, "n_clicks"),
    Input(RUN_ALL, "n_clicks"),
    State({"type": RESULT, "name": MATCH}, "id"),
    prevent_initial_call=True,
)
@guarded(60)
def show_outcomes(clicks: int | None, all_clicks: int | None, name: dict[str, str]) -> Any:
    """Run the cases of one topic."""
    if not clicks and not all_clicks:
        return no_update
    return outcomes(conformance.check(name["name"]))
