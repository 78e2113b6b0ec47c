"""Churn: who is likely to leave, why, what that is worth, and how sure the model is."""

from __future__ import annotations

from typing import Any

import dash
from dash import Input, Output, callback, html
from dash.development.base_component import Component

from dashboard.components import churn_model, churn_risk, churn_window, ids, listed_people
from dashboard.components import churn_options as names
from dashboard.components.choice import tabs
from dashboard.components.churn_controls import PAGE, question
from dashboard.components.churn_options import Asked
from dashboard.components.filter_bar import Span, bar, placeholder
from dashboard.components.links import LIST, view_link
from dashboard.components.listed_people import Chosen, Source, list_link
from dashboard.components.save_segment import save_segment
from dashboard.components.states import guarded, no_data, skeleton
from dashboard.filters import Filters, parse
from dashboard.service import data, dimensions, insight, insight_people, segments, view_of

PATH = "/churn"
BAR = "churn-filters"
TABS = "churn-tabs"
QUESTION = "churn-question"
BODY = "churn-body"
HINT = "Click a number of people to see exactly these people."

dash.register_page(__name__, path=PATH, name="Churn", title="Churn – Holdfast", icon="churn")


def layout(**_query: Any) -> Component:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                html.Div(
                    [
                        html.H1("Churn"),
                        html.P("Who is likely to leave, why, and how sure that is.", className="lead"),
                    ]
                ),
                className="page-header",
            ),
            placeholder(BAR),
            html.Div(id=TABS, className="live page-tabs no-print"),
            html.Div(skeleton(44), id=QUESTION, className="live"),
            html.Div([skeleton(150), skeleton(128), skeleton(380)], id=BODY, className="live stack"),
            listed_people.panel(PAGE, HINT),
        ],
        className="page",
    )


def _seen(search: str | None) -> tuple[str, Filters]:
    """The dataset in view ("" without any) and the filters."""
    filters = parse(search)
    return filters.dataset or data.newest_dataset() or "", filters


def _whole(filters: Filters) -> Filters:
    """A model learns from everything before the as-of day: the range of the page plays no part."""
    return filters.with_(range="all", compare="none")


@callback(Output(BAR, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(44)
def show_filters(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    return bar(filters, dimensions(dataset), Span.of(view_of(dataset, filters)), dates=False)


@callback(Output(TABS, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(44)
def show_tabs(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    return tabs(filters, names.TAB, names.TABS, names.asked(filters).tab, label="Parts of this page")


@callback(Output(QUESTION, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(44)
def show_question(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    tables = data.dataset(dataset).manifest.tables
    return question(filters, names.asked(filters), timed="events" in tables, money="transactions" in tables)


@callback(Output(BODY, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(420)
def show_body(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return no_data()
    asked = names.asked(filters)
    return {"risk": _risk, "model": _model, "window": _window}[asked.tab](dataset, filters, asked)


def _risk(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    whole, settings = _whole(filters), asked.settings()
    currency = data.dataset(dataset).manifest.currency
    found = insight("churn", dataset, whole, **settings)
    risky = insight("churn_people", dataset, whole, band="at risk", rows=1, **settings)
    curves = insight("churn_curves", dataset, whole, **settings)
    drivers = insight("churn_drivers", dataset, whole, **settings)

    def link(token: str) -> str:
        return list_link(filters, token)

    options = {"band": "at risk", **settings}
    export = insight_people.export_link(whole.with_(dataset=dataset), "churn_people", options)
    return [
        *churn_risk.warnings(filters, found, asked),
        churn_risk.hero(found, risky, currency=currency, link=link, export=export),
        churn_risk.cards(found, currency=currency, link=link),
        html.Div(
            [
                churn_risk.drivers_card(drivers),
                html.Div(
                    [
                        churn_risk.spread_card(curves, found),
                        churn_risk.bands_card(found, link=link, current=filters.option(LIST)),
                    ],
                    className="card-column",
                ),
            ],
            className="halves",
        ),
        *churn_risk.no_value(found),
    ]


def _model(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    whole, settings = _whole(filters), asked.settings()
    found = insight("churn", dataset, whole, **settings)
    curves = insight("churn_curves", dataset, whole, **settings)
    shifted = view_link(filters.with_option(LIST, None).with_option(names.SHIFT, "1"))
    return [*churn_risk.warnings(filters, found, asked), *churn_model.cards(found, curves, shifted)]


def _window(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    found = insight("churn_window", dataset, _whole(filters))
    return churn_window.cards(filters, found, asked.window or int(found.summary["used"] or found.summary["proposed"]))


def _chosen(dataset: str, filters: Filters) -> Chosen | None:
    """The band that is open; on the first tab, where none is, those at risk."""
    asked = names.asked(filters)
    if asked.tab != "risk":
        return None
    band = names.read_band(filters.option(LIST))
    band = "at risk" if band is None else band
    return Chosen("churn_people", {"band": band, **asked.settings()}, f"{names.BAND_NAMES[band]}, highest risk first")


def _columns(dataset: str, filters: Filters) -> Any:
    chosen = _chosen(dataset, filters)
    if chosen is None:
        return insight_people.columns(dataset, _whole(filters))
    return insight_people.columns(dataset, _whole(filters), chosen.insight, chosen.options)


def _page(dataset: str, filters: Filters, name: str, options: dict[str, Any], **asked: Any) -> Any:
    return insight_people.page(dataset, _whole(filters), name, options, **asked)


def _export(filters: Filters, name: str, options: dict[str, Any], **asked: Any) -> str:
    return insight_people.export_link(_whole(filters), name, options, **asked)


def _save(dataset: str, filters: Filters, chosen: Chosen) -> list[Component]:
    rule = segments.insight_condition("churn_members", chosen.options, _whole(filters), chosen.title)
    suggested = chosen.title.removesuffix(", highest risk first")
    return [save_segment(PAGE, segments.within_view(dataset, filters, rule), suggested=suggested)]


listed_people.register(PAGE, Source(_seen, _chosen, _columns, _page, _export, _save), HINT)
