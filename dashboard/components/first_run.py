"""What a person meets before there is any data: a sample in one click, templates, what is accepted."""

from __future__ import annotations

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.labelled import labelled
from dashboard.schema import KIND_LABEL, TABLES

SAMPLE_KIND = "sample-kind"
SAMPLE_EVENTS = "sample-events"
SAMPLE_LOAD = "sample-load"

SAMPLES: tuple[tuple[str, str, str], ...] = (
    ("streaming", "Streaming service", "people who watch, subscribe, cool off and leave"),
    ("saas", "SaaS product", "teams, features, upgrades and cancellations"),
    ("shop", "Online shop", "orders, returns, guests and regulars"),
)
SIZES: tuple[tuple[int, str], ...] = (
    (10_000, "10,000 events"),
    (100_000, "100,000 events"),
    (1_000_000, "1 million events"),
    (10_000_000, "10 million events"),
)
DEFAULT_EVENTS = 100_000
ACCEPTED = "Users, events, sessions or orders: several files make one dataset."
PRIVATE = "Your data never leave this machine."


def accepted() -> Component:
    """What may be dropped here, and where it goes."""
    return html.P([ACCEPTED, " ", html.Strong(PRIVATE)], className="hint")


def sample_panel() -> Component:
    """Generated data of three kinds; the default is one press."""
    return html.Section(
        [
            html.H2("Try it with a sample"),
            html.P(
                "Generated people with a story in them, so that every page has something to show.", className="hint"
            ),
            html.Fieldset(
                [
                    html.Legend("Kind of business", className="visually-hidden"),
                    dbc.RadioItems(
                        id=SAMPLE_KIND,
                        options=[
                            {
                                "value": kind,
                                "label": html.Span([html.Strong(label), html.Span(text, className="hint")]),
                            }
                            for kind, label, text in SAMPLES
                        ],
                        value=SAMPLES[0][0],
                        name="sample-kind",
                        class_name="sample-kinds",
                    ),
                ]
            ),
            html.Div(
                [
                    labelled(
                        "Size",
                        dbc.Select(
                            id=SAMPLE_EVENTS,
                            options=[{"value": str(n), "label": text} for n, text in SIZES],
                            value=str(DEFAULT_EVENTS),
                        ),
                    ),
                    html.Button(
                        "Load the sample", id=SAMPLE_LOAD, n_clicks=0, type="button", className="btn btn-primary"
                    ),
                ],
                className="sample-go",
            ),
            html.Div(id="sample-message", role="status"),
        ],
        className="panel panel-body sample",
    )


def templates_panel(links: Sequence[tuple[str, str]]) -> Component:
    """Empty tables to fill in: one CSV per kind. links: (kind, href)."""
    hrefs = dict(links)
    return html.Section(
        [
            html.H2("Or start from a template"),
            html.P("A small CSV per kind of table, with the columns the product knows.", className="hint"),
            html.Ul(
                [
                    html.Li(html.A(f"{KIND_LABEL[table]} (CSV)", href=hrefs[table], download=f"{table}_template.csv"))
                    for table in TABLES
                    if table in hrefs
                ],
                className="link-list",
            ),
        ],
        className="panel panel-body",
    )
