"""Glossary: every number of the product, defined once."""

from __future__ import annotations

from typing import Any

import dash
from dash import Input, Output, callback, dcc, html
from dash.development.base_component import Component

from dashboard.components import ids
from dashboard.components.attributes import data as data_attributes
from dashboard.components.labelled import labelled
from dashboard.components.states import guarded, skeleton
from dashboard.filters import parse
from dashboard.service import answerability, data, glossary

PATH = "/glossary"
TERMS = "glossary-terms"
UNITS = {"count": "count", "rate": "share, shown in percent", "money": "money", "days": "days", "number": "number"}
DIRECTION = {True: "higher is better", False: "lower is better", None: "neither direction is better"}

dash.register_page(__name__, path=PATH, name="Glossary", title="Glossary – Holdfast", icon="glossary")


def layout(**_query: Any) -> Component:
    """The page without terms."""
    return html.Div(
        [
            html.Header(
                html.Div(
                    [
                        html.H1("Glossary"),
                        html.P("What every number means and how it is calculated.", className="lead"),
                    ]
                ),
                className="page-header",
            ),
            labelled(
                "Find a term",
                dcc.Input(
                    id="glossary-find",
                    type="search",
                    placeholder="Find a term",
                    className="glossary-find",
                    debounce=False,
                ),
                hidden=True,
            ),
            html.P("Nothing matches. Try a shorter word.", className="glossary-none muted", hidden=True, role="status"),
            html.Div(skeleton(480), id=TERMS, className="live"),
        ],
        className="page glossary",
    )


@callback(Output(TERMS, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(480)
def show_terms(search: str | None, _changed: Any) -> Any:
    dataset = parse(search).dataset or data.newest_dataset()
    answers = {item.key: item for item in answerability(dataset) if item.kind == "metric"} if dataset else {}
    return html.Div([_term(item, answers.get(item.key)) for item in glossary()], className="terms")


def _term(item: Any, answer: Any) -> Component:
    words = f"{item.label} {item.key} {item.definition} {item.formula}".lower()
    sentence = answer.sentence if answer is not None else ""
    return html.Article(
        [
            html.H2([item.label, html.Code(item.key)]),
            html.P(item.definition),
            html.Dl(
                [
                    html.Dt("Formula"),
                    html.Dd(item.formula),
                    html.Dt("Unit"),
                    html.Dd(f"{UNITS[item.unit]}, {DIRECTION[item.higher_is_better]}"),
                    html.Dt("Needs"),
                    html.Dd(", ".join(need.text for need in item.needs) or "any dataset"),
                ]
            ),
            *([html.P(sentence, className="term-answer")] if sentence else []),
        ],
        id=f"term-{item.key}",
        className="panel panel-body term",
        **data_attributes(words=words),
    )
