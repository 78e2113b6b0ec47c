"""Engagement: how many people come, how often, who stays away, and which features they use."""

from __future__ import annotations

from typing import Any

import dash
from dash import ALL, MATCH, Input, Output, State, callback, html, no_update
from dash.development.base_component import Component

from dashboard.components import (
    engagement_active,
    engagement_features,
    engagement_habits,
    engagement_lifecycle,
    ids,
    listed_people,
)
from dashboard.components import engagement_options as names
from dashboard.components.choice import tabs
from dashboard.components.engagement_controls import PAGE, picked, question
from dashboard.components.engagement_options import Asked
from dashboard.components.event_picker import BOX, OPEN
from dashboard.components.filter_bar import Span, bar, placeholder
from dashboard.components.graph import FIGURE
from dashboard.components.links import LIST
from dashboard.components.listed_people import Chosen, Source, list_link
from dashboard.components.save_segment import save_segment
from dashboard.components.states import explained, guarded, no_data, skeleton
from dashboard.errors import UserError
from dashboard.filters import Filters, parse
from dashboard.service import data, dimensions, insight, insight_people, segments, view_of

PATH = "/engagement"
BAR = "engagement-filters"
TABS = "engagement-tabs"
QUESTION = "engagement-question"
BODY = "engagement-body"
HINT = "Click a number, a column or a point to see exactly these people."

dash.register_page(__name__, path=PATH, name="Engagement", title="Engagement – Holdfast", icon="engagement")


def layout(**_query: Any) -> Component:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                html.Div(
                    [
                        html.H1("Engagement"),
                        html.P("How many people come, how often, and what they use.", className="lead"),
                    ]
                ),
                className="page-header",
            ),
            placeholder(BAR),
            html.Div(id=TABS, className="live page-tabs no-print"),
            html.Div(skeleton(44), id=QUESTION, className="live"),
            html.Div([skeleton(128), skeleton(380)], id=BODY, className="live stack"),
            listed_people.panel(PAGE, HINT),
        ],
        className="page",
    )


def _seen(search: str | None) -> tuple[str, Filters]:
    """The dataset in view ("" without any) and the filters."""
    filters = parse(search)
    return filters.dataset or data.newest_dataset() or "", filters


def _asked(dataset: str, filters: Filters) -> tuple[Asked, int]:
    """The choices in force, and the days of the range."""
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
    return tabs(filters, names.TAB, names.TABS, _asked(dataset, filters)[0].tab, label="Parts of this page")


@callback(Output(QUESTION, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(44)
def show_question(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    asked, days = _asked(dataset, filters)
    return question(filters, asked, dimensions(dataset), days, segments.breakdowns(dataset))


@callback(
    Output({"type": BOX, "page": PAGE, "name": MATCH}, "children"),
    Input({"type": OPEN, "page": PAGE, "name": MATCH}, "n_clicks"),
    State({"type": OPEN, "page": PAGE, "name": MATCH}, "id"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
@guarded(120)
def show_choices(clicks: int | None, name: dict[str, str], search: str | None) -> Any:
    """The events of the picker, once it is opened."""
    dataset, filters = _seen(search)
    if not clicks or not dataset:
        return no_update
    return picked(name["name"], filters, _asked(dataset, filters)[0], dimensions(dataset))


@callback(Output(BODY, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(380)
def show_body(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return no_data()
    asked, _ = _asked(dataset, filters)
    parts = {"active": _active, "habits": _habits, "lifecycle": _lifecycle, "features": _features}
    return parts[asked.tab](dataset, filters, asked)


def _active(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    found = insight("active_users", dataset, filters, **asked.active())
    labels, split = dict(segments.breakdowns(dataset)), None
    if asked.split in labels:
        split = insight("active_users_by_group", dataset, filters, breakdown=asked.split, **asked.active())
    return [
        engagement_active.cards(found, lambda token: list_link(filters, token)),
        engagement_active.course(found),
        engagement_active.ratio_card(filters, found, split, asked, labels),
    ]


def _habits(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    def link(token: str) -> str:
        return list_link(filters, token)

    days = insight("days_active", dataset, filters, by=asked.by, **asked.active())
    hours = insight("rhythm", dataset, filters, **asked.active())
    gaps = insight("usage_interval", dataset, filters, **asked.active())
    try:
        sessions = engagement_habits.sessions_card(insight("sessions", dataset, filters, **asked.active()), link)
    except UserError as problem:
        sessions = explained(problem)
    return [
        engagement_habits.rhythm_card(hours, link),
        html.Div(
            [
                engagement_habits.days_card(filters, days, asked, link),
                engagement_habits.interval_card(gaps, link),
                sessions,
            ],
            className="halves",
        ),
    ]


def _lifecycle(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    def link(token: str) -> str:
        return list_link(filters, token)

    found = insight("lifecycle", dataset, filters, by=asked.by, **asked.active())
    moves = insight("state_migration", dataset, filters, **asked.active())
    states, pulse, accounts = engagement_lifecycle.cards(found, asked, link)
    return [
        html.Div([states, pulse], className="halves"),
        accounts,
        engagement_lifecycle.moves_card(moves, link),
    ]


def _features(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    found = insight("features", dataset, filters, by=asked.by)
    known = [str(name) for name in found.frame["feature"]]
    if not known:
        return [engagement_features.use_card(found)]
    feature = engagement_features.looked_at(found, asked)
    return [
        html.Div(
            [
                engagement_features.use_card(found),
                engagement_features.people_card(found, lambda token: list_link(filters, token), filters.option(LIST)),
                engagement_features.stay_card(found),
                engagement_features.impact_card(
                    filters, insight("feature_impact", dataset, filters, feature=feature), known, asked
                ),
                engagement_features.trend_card(insight("feature_trend", dataset, filters, by=asked.by)),
                engagement_features.breadth_card(found),
            ],
            className="halves",
        )
    ]


@callback(
    Output(ids.URL, "search", allow_duplicate=True),
    Input({"type": FIGURE, "name": ALL}, "clickData"),
    State(ids.URL, "search"),
    State(ids.URL, "pathname"),
    prevent_initial_call=True,
)
def open_list(_clicks: Any, search: str | None, path: str | None) -> Any:
    """A click on a point of a chart opens the list of its people."""
    token = names.clicked(dash.ctx.triggered[0]["value"]) if dash.ctx.triggered else ""
    _, filters = _seen(search)
    if path != PATH or not token or filters.option(LIST) == token:
        return no_update
    return filters.with_option(LIST, token).to_search()


def _chosen(dataset: str, filters: Filters) -> Chosen | None:
    asked, _ = _asked(dataset, filters)
    found = names.listed(filters.option(LIST), asked)
    return Chosen(found.insight, found.options, found.title) if found else None


def _save(dataset: str, filters: Filters, chosen: Chosen) -> list[Component]:
    rule = segments.insight_condition(chosen.insight, chosen.options, filters, chosen.title)
    return [save_segment(PAGE, segments.within_view(dataset, filters, rule, values=False), suggested=chosen.title)]


listed_people.register(
    PAGE,
    Source(_seen, _chosen, insight_people.columns, insight_people.page, insight_people.export_link, _save),
    HINT,
)
