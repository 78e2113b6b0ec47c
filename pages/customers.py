"""Customers: one row per person over all files, to browse, sort, filter and take away."""

from __future__ import annotations

from typing import Any

import dash
from dash import Input, Output, callback, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import ids, listed_people
from dashboard.components import rfm_options as names
from dashboard.components.choice import Option, choice
from dashboard.components.filter_bar import Span, bar, placeholder
from dashboard.components.labelled import aria
from dashboard.components.listed_people import Chosen, Source
from dashboard.components.states import guarded, no_data, notice, skeleton
from dashboard.errors import UserError
from dashboard.filters import Filters, parse
from dashboard.service import customers, data, dimensions, insight, insight_people, insights_available, view_of

PATH = "/customers"
PAGE = "customers"
BAR = "customers-filters"
FACTS = "customers-facts"
MODELS = "models"  # option of the URL: with churn risk and predicted value ("1"), or without ("0")
MANY = 50_000  # people from which the models are fitted only on request
HINT = "Add data to see its people."

dash.register_page(__name__, path=PATH, name="Customers", title="Customers – Holdfast", icon="users")


def layout(**_query: Any) -> Component:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                html.Div(
                    [
                        html.H1("Customers"),
                        html.P("Everybody, one row each, with all that is known about them.", className="lead"),
                    ]
                ),
                className="page-header",
            ),
            placeholder(BAR),
            html.Div(skeleton(90), id=FACTS, className="live stack"),
            listed_people.panel(PAGE, HINT),
        ],
        className="page",
    )


def _seen(search: str | None) -> tuple[str, Filters]:
    """The dataset in view ("" without any) and the filters."""
    filters = parse(search)
    return filters.dataset or data.newest_dataset() or "", filters


@callback(Output(BAR, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(44)
def show_filters(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    return bar(filters, dimensions(dataset), Span.of(view_of(dataset, filters)), dates=False)


def _with_models(dataset: str, filters: Filters) -> bool:
    """Whether churn risk and predicted value are asked for: by the link, else where they are quick."""
    given = filters.option(MODELS)
    return given == "1" if given in ("0", "1") else data.dataset(dataset).manifest.users < MANY


@callback(Output(FACTS, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(90)
def show_facts(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return no_data()
    many = data.dataset(dataset).manifest.users >= MANY
    asked = choice(
        filters,
        MODELS,
        "Models",
        (Option("1", "With churn risk and predicted value"), Option("0", "Without")),
        "1" if _with_models(dataset, filters) else "0",
        default="0" if many else "1",
        hint="For many people they take a while at first.",
    )
    row = html.Div([asked], className="asked-row no-print", role="group", **aria(label="Columns"))
    return [row, *_window(dataset, filters)]


def _window(dataset: str, filters: Filters) -> list[Component]:
    """After how long people are gone, from their own return times: a fact for whoever sets limits."""
    if not any(item.key == "churn_window" and item.state != "cannot" for item in insights_available(dataset)):
        return []
    try:
        found = insight("churn_window", dataset, filters.with_(extra=())).summary
    except UserError as problem:
        return [notice(problem.message)]
    days = found.get("proposed")
    text = f"Churn window proposed from the data's own return times: {fmt.count(days)} days." if days else ""
    return [notice([html.Strong(text), " ", str(found.get("sentence") or "")])]


def _chosen(dataset: str, filters: Filters) -> Chosen | None:
    options = {**names.asked(filters).switches, MODELS: _with_models(dataset, filters)}
    return Chosen(customers.CUSTOMER_TABLE, options, "People in view") if dataset else None


def _columns(dataset: str, filters: Filters) -> Any:
    chosen = _chosen(dataset, filters)
    return insight_people.columns(dataset, filters, chosen.insight, chosen.options) if chosen else ()


listed_people.register(
    PAGE,
    Source(_seen, _chosen, _columns, insight_people.page, insight_people.export_link, closable=False),
    HINT,
)
