"""Value: what customers have brought and will bring, how sure that is, and who they are."""

from __future__ import annotations

from typing import Any

import dash
from dash import Input, Output, callback, dcc, html
from dash.development.base_component import Component

from dashboard.components import (
    ids,
    listed_people,
    value_cohorts,
    value_subscribers,
    value_test,
    value_worth,
)
from dashboard.components import value_options as names
from dashboard.components.choice import Option, tabs
from dashboard.components.filter_bar import Span, bar, placeholder
from dashboard.components.links import LIST, view_link
from dashboard.components.listed_people import Chosen, Source, list_link
from dashboard.components.save_segment import save_segment
from dashboard.components.states import explained, guarded, no_data, skeleton
from dashboard.components.value_controls import PAGE, question
from dashboard.components.value_options import Asked
from dashboard.errors import CannotAnswer, UserError
from dashboard.filters import Filters, parse
from dashboard.service import data, dimensions, insight, insight_people, insights_available, segments, view_of

PATH = "/value"
BAR = "value-filters"
TABS = "value-tabs"
QUESTION = "value-question"
BODY = "value-body"
TESTED = "value-tested"
HINT = "Click a number of customers to see exactly these people."

dash.register_page(__name__, path=PATH, name="Value", title="Value – Holdfast", icon="value")


def layout(**_query: Any) -> Component:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                html.Div(
                    [
                        html.H1("Value"),
                        html.P(
                            "What customers have brought, what they will bring, and how sure that is.", className="lead"
                        ),
                    ]
                ),
                className="page-header",
            ),
            placeholder(BAR),
            html.Div(id=TABS, className="live page-tabs no-print"),
            html.Div(skeleton(44), id=QUESTION, className="live"),
            html.Div(id=TESTED, className="live"),
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
    """Value is as of a day and looks at all orders before it: the range of the page plays no part."""
    return filters.with_(range="all", compare="none")


def _tabs(dataset: str) -> tuple[str, ...]:
    """The parts that this dataset can answer, the main one first; all of them where it can answer none."""
    can = {item.key for item in insights_available(dataset) if item.state != "cannot"}
    subscribers = (names.SUBSCRIBERS,) if "clv_subscriptions" in can else ()
    given = data.dataset(dataset).manifest.given
    orders = (names.WORTH, names.TEST, names.COHORTS)
    if "transactions" in given or not subscribers:
        return (*orders, *subscribers) if subscribers or "clv" in can else (*orders, names.SUBSCRIBERS)
    return (*subscribers, *orders)


def _asked(dataset: str, filters: Filters) -> Asked:
    return names.asked(filters, _tabs(dataset))


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
    shown = [Option(name, names.TAB_NAMES[name]) for name in _tabs(dataset)]
    return tabs(filters, names.TAB, shown, _asked(dataset, filters).tab, label="Parts of this page")


@callback(Output(QUESTION, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(44)
def show_question(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    tables = data.dataset(dataset).manifest.tables
    in_events = "events" in tables and "transactions" not in tables
    return question(filters, _asked(dataset, filters), dimensions(dataset), orders_in_events=in_events)


@callback(Output(BODY, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(420)
def show_body(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return no_data()
    asked = _asked(dataset, filters)
    parts = {
        names.WORTH: _worth,
        names.TEST: _test,
        names.COHORTS: _cohorts,
        names.SUBSCRIBERS: _subscribers,
    }
    return parts[asked.tab](dataset, filters, asked)


@callback(Output(TESTED, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
def show_tested(search: str | None, _changed: Any) -> Any:
    """Above the prediction: how wrong it was when it was tested; nothing where it cannot be tested."""
    dataset, filters = _seen(search)
    if not dataset:
        return None
    try:
        asked = _asked(dataset, filters)
        if asked.tab != names.WORTH:
            return None
        tested = insight("clv_backtest", dataset, _whole(filters), check=False, **asked.test())
    except UserError:
        return None  # the part below says why
    return value_test.banner(tested, view_link(filters.with_option(LIST, None).with_option(names.TAB, names.TEST)))


def _worth(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    whole, settings = _whole(filters), asked.settings()
    groups = insight("clv", dataset, whole, by=asked.by, **settings)
    rhythm = insight("clv", dataset, whole, by="rhythm", **settings)
    concentration = insight("clv_concentration", dataset, whole, **settings)
    currency = data.dataset(dataset).manifest.currency

    def link(token: str) -> str:
        return list_link(filters, token)

    return [
        value_worth.hero(
            groups,
            asked,
            currency=currency,
            everybody=link(names.token("everybody")),
            export=insight_people.export_link(whole.with_(dataset=dataset), "clv_people", settings),
        ),
        *value_worth.warnings(groups),
        *value_worth.season_hint(groups),
        value_worth.cards(groups, rhythm, concentration, asked, currency=currency, link=link),
        html.Div(
            [
                value_worth.spread_card(insight("clv_distribution", dataset, whole, **settings), currency=currency),
                value_worth.concentration_card(concentration),
            ],
            className="halves",
        ),
        value_worth.groups_card(filters, groups, asked, currency=currency, link=link, current=filters.option(LIST)),
        html.P(dcc.Link("See what the cleaning rules leave out of these numbers", href=f"/cleaning?dataset={dataset}")),
    ]


def _test(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    whole = _whole(filters)
    currency = data.dataset(dataset).manifest.currency
    tested = insight("clv_backtest", dataset, whole, **asked.test())
    by_class = insight("clv_backtest", dataset, whole, by="class", **asked.test())
    return [
        value_test.verdict(tested),
        value_test.cards(tested, currency=currency),
        html.Div(
            [value_test.decile_card(tested, currency=currency), value_test.class_card(by_class)], className="halves"
        ),
        html.Div(
            [
                value_test.models_card(tested),
                value_test.checks_card(insight("clv", dataset, whole, **asked.settings()), tested),
            ],
            className="halves",
        ),
    ]


def _cohort_options(dataset: str, asked: Asked) -> dict[str, Any]:
    """Customers by the month of their first order."""
    in_lines = "transactions" in data.dataset(dataset).manifest.tables
    start = "order" if in_lines else asked.orders
    return {"period": "month", "kind": "first_time"} | ({"start": start, "return": start} if start else {})


def _cohorts(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    currency = data.dataset(dataset).manifest.currency
    options = _cohort_options(dataset, asked)
    found = insight("retention", dataset, _whole(filters), value="revenue", **options)
    return [
        value_cohorts.curve_card(found, currency=currency),
        value_cohorts.table_card(
            found, currency=currency, link=lambda token: list_link(filters, token), current=filters.option(LIST)
        ),
    ]


def _subscribers(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    currency, whole = data.dataset(dataset).manifest.currency, _whole(filters)
    found = insight("clv_subscriptions", dataset, whole, **asked.plans(), **asked.rule())
    if not len(found.frame):
        return [explained(CannotAnswer("The filters leave no subscriber.", hint="Widen the filters."))]
    months = {"months": asked.months} if asked.months != names.DEFAULT_MONTHS else {}
    curves = insight("clv_subscription_curves", dataset, whole, **asked.plans(), **months)

    def link(token: str) -> str:
        return list_link(filters, token)

    options = {**asked.plans(), **asked.rule()}
    export = insight_people.export_link(whole.with_(dataset=dataset), "clv_subscribers", options)
    return [
        value_subscribers.hero(found, asked, currency=currency, link=link, export=export),
        value_subscribers.curve_card(filters, curves, asked),
        value_subscribers.plans_card(found, currency=currency, link=link, current=filters.option(LIST)),
    ]


def _chosen(dataset: str, filters: Filters) -> Chosen | None:
    """The list that is open; on the first tab, where none is, that of all customers."""
    asked = _asked(dataset, filters)
    kind, *parts = filters.option(LIST).split("~")
    if asked.tab == names.WORTH:
        if kind == "group" and len(parts) == 2:
            options = {"by": parts[0], "group": parts[1], **asked.settings()}
            return Chosen("clv_people", options, names.list_title(kind, tuple(parts)))
        everybody = kind == "everybody" or "transactions" in data.dataset(dataset).manifest.tables
        return Chosen("clv_people", asked.settings(), names.list_title("", ())) if everybody else None
    if asked.tab == names.COHORTS and kind == "cohort" and len(parts) == 1:
        options = {**_cohort_options(dataset, asked), "cohort": parts[0], "k": 0}
        return Chosen("retention_people", options, names.list_title(kind, tuple(parts)))
    if asked.tab == names.SUBSCRIBERS and kind == "plan" and len(parts) == 2:
        options = {**asked.plans(), **asked.rule(), "status": parts[0], "group": parts[1]}
        return Chosen("clv_subscribers", options, names.list_title(kind, tuple(parts)))
    return None


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
    rule = segments.insight_condition(chosen.insight, chosen.options, _whole(filters), chosen.title)
    suggested = chosen.title.removesuffix(", most valuable first")
    return [save_segment(PAGE, segments.within_view(dataset, filters, rule), suggested=suggested)]


listed_people.register(PAGE, Source(_seen, _chosen, _columns, _page, _export, _save), HINT)
