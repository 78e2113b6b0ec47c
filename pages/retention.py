"""Retention: who comes back, cohort by cohort; how long people stay; what people who stay did early on."""

from __future__ import annotations

from typing import Any

import dash
from dash import MATCH, Input, Output, State, callback, html, no_update
from dash.development.base_component import Component

from dashboard.components import aha_cards, aha_options, ids, listed_people, retention_cards
from dashboard.components import retention_options as names
from dashboard.components.choice import tabs
from dashboard.components.event_picker import BOX, OPEN
from dashboard.components.filter_bar import Span, bar, placeholder
from dashboard.components.links import LIST, view_link
from dashboard.components.listed_people import Chosen, Source, list_link
from dashboard.components.retention_controls import GROUPS_APPLY, GROUPS_PROBLEM, GROUPS_TEXT, PAGE, picked, question
from dashboard.components.retention_matrix import list_title, read_token
from dashboard.components.retention_options import Asked
from dashboard.components.save_segment import save_segment
from dashboard.components.states import guarded, no_data, skeleton
from dashboard.filters import Filters, parse
from dashboard.service import data, dimensions, insight, insight_people, segments, view_of

PATH = "/retention"
BAR = "retention-filters"
TABS = "retention-tabs"
QUESTION = "retention-question"
BODY = "retention-body"
HINT = "Click a number in the table to see exactly these people."

dash.register_page(__name__, path=PATH, name="Retention", title="Retention – Holdfast", icon="retention")


def layout(**_query: Any) -> Component:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                html.Div(
                    [
                        html.H1("Retention"),
                        html.P("Who comes back, for how long, and what they did early on.", className="lead"),
                    ]
                ),
                className="page-header",
            ),
            placeholder(BAR),
            html.Div(id=TABS, className="live page-tabs no-print"),
            html.Div(skeleton(44), id=QUESTION, className="live"),
            html.Div([skeleton(420), skeleton(340)], id=BODY, className="live stack"),
            listed_people.panel(PAGE, HINT),
        ],
        className="page",
    )


def _seen(search: str | None) -> tuple[str, Filters]:
    """The dataset in view ("" without any) and the filters."""
    filters = parse(search)
    return filters.dataset or data.newest_dataset() or "", filters


def _asked(dataset: str, filters: Filters) -> tuple[Asked, int]:
    """The question in force, and the days of the range."""
    days = view_of(dataset, filters).period.days
    return names.asked(filters, days), days


@callback(Output(BAR, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(44)
def show_filters(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    return bar(filters, dimensions(dataset), Span.of(view_of(dataset, filters)))


@callback(Output(TABS, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(44)
def show_tabs(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    asked, _ = _asked(dataset, filters)
    return tabs(filters, names.TAB, names.TABS, asked.tab, label="Parts of this page")


@callback(Output(QUESTION, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(44)
def show_question(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    asked, days = _asked(dataset, filters)
    money = "transactions" in data.dataset(dataset).manifest.given
    return question(filters, asked, dimensions(dataset), days, segments.breakdowns(dataset), money=money)


@callback(
    Output({"type": BOX, "page": PAGE, "name": MATCH}, "children"),
    Input({"type": OPEN, "page": PAGE, "name": MATCH}, "n_clicks"),
    State({"type": OPEN, "page": PAGE, "name": MATCH}, "id"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
@guarded(120)
def show_choices(clicks: int | None, name: dict[str, str], search: str | None) -> Any:
    """The events or properties of a picker, once it is opened."""
    dataset, filters = _seen(search)
    if not clicks or not dataset:
        return no_update
    return picked(name["name"], filters, _asked(dataset, filters)[0], dimensions(dataset))


@callback(
    Output(ids.URL, "search", allow_duplicate=True),
    Output(GROUPS_PROBLEM, "children"),
    Input(GROUPS_APPLY, "n_clicks"),
    State(GROUPS_TEXT, "value"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def apply_groups(clicks: int | None, text: Any, search: str | None) -> Any:
    """Typed groups of periods go into the address; what is wrong with them is said where they were typed."""
    dataset, filters = _seen(search)
    if not clicks or not dataset:
        return no_update, no_update
    groups = names.groups_of(text) if isinstance(text, str) else ""
    if groups is None:
        return no_update, "These are no groups that go upwards, like 1, 2–3, 4–7."
    return view_link(filters.with_option(LIST, None).with_option(names.GROUPS, groups or None)), ""


@callback(Output(BODY, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(420)
def show_body(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return no_data()
    asked, _ = _asked(dataset, filters)
    return {"cohorts": _cohorts, "stay": _stay, "aha": _aha}[asked.tab](dataset, filters, asked)


def _cohorts(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    currency = data.dataset(dataset).manifest.currency
    whole = insight("retention", dataset, filters, **asked.options())
    split = insight("retention", dataset, filters, **asked.split_options()) if asked.split else whole
    over = insight("retention_over_time", dataset, filters, k=asked.k, **asked.split_options())
    return retention_cards.cohort_cards(
        filters,
        asked,
        whole,
        split,
        over,
        currency=currency,
        link=lambda token: list_link(filters, token),
        chosen=filters.option(LIST),
    )


def _stay(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    return [retention_cards.stay_card(insight("survival", dataset, filters, **asked.group_options()))]


def _aha(dataset: str, filters: Filters, _asked: Asked) -> list[Component]:
    chosen = aha_options.asked(filters)
    found = insight("aha", dataset, filters, **chosen.options())
    return aha_cards.cards(filters, found, chosen, lambda token: list_link(filters, token))


def _chosen(dataset: str, filters: Filters) -> Chosen | None:
    asked, _ = _asked(dataset, filters)
    if asked.tab == "aha":
        found = aha_options.listed(filters.option(LIST), aha_options.asked(filters))
        return Chosen(*found) if found else None
    cell = read_token(filters.option(LIST))
    if cell is None or asked.tab != "cohorts":
        return None
    return Chosen("retention_people", {**asked.people_options(), **cell}, list_title(cell, asked))


def _save(dataset: str, filters: Filters, chosen: Chosen) -> list[Component]:
    rule = segments.insight_condition(chosen.insight, chosen.options, filters, chosen.title)
    return [save_segment(PAGE, segments.within_view(dataset, filters, rule, values=False), suggested=chosen.title)]


listed_people.register(
    PAGE,
    Source(_seen, _chosen, insight_people.columns, insight_people.page, insight_people.export_link, _save),
    HINT,
)
