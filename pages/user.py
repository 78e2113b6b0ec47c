"""User: everything about one person, found by id, name or e-mail, or opened from any list of people."""

from __future__ import annotations

from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, html, no_update
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import ids, user_cards
from dashboard.components import user_timeline as card
from dashboard.components.data_table import GridColumn, data_table, refresh_with_url, requested
from dashboard.components.graph import figure_id
from dashboard.components.states import empty, guarded, no_data, skeleton
from dashboard.components.user_origin import (
    ORIGINS,
    PATH,
    PERSON,
    ZOOM,
    fresh_link,
    origin,
    person_link,
)
from dashboard.components.user_search import (
    HINT,
    SEARCH,
    STATUS,
    SUGGESTIONS,
    search_box,
    searched,
    status,
    suggestions,
)
from dashboard.errors import UserError
from dashboard.filters import Filters, parse
from dashboard.service import data, user, user_story, user_timeline

HEAD, LIST, TIMELINE = "user-head", "user-list", "user-drawn"
CARDS = ("facts", "standing", "value", "health", "churn", "profile")
STANDING = "The groups this person is in, exactly as the segments page counts them. A link opens everybody in it."
VALUE = "Net revenue so far, and what the model of the value page expects of this one customer."

dash.register_page(__name__, path=PATH, name="User", title="User – Holdfast", icon="user")


def layout(**_query: Any) -> Component:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                html.Div([html.H1("User"), html.P("Everything about one person.", className="lead")]),
                className="page-header",
            ),
            search_box(),
            html.Div(id=LIST, className="live"),
            html.Div(skeleton(160), id=HEAD, className="live"),
            html.Div(
                [
                    html.Div([html.Div(id=f"user-{name}", className="live") for name in CARDS], className="user-cards"),
                    html.Div(id=TIMELINE, className="live"),
                    card.rows_card(),
                ],
                id="user-more",
                className="user-more",
                hidden=True,
            ),
        ],
        className="page",
    )


def _seen(search: str | None) -> tuple[str, Filters, str]:
    """(dataset in view or "", filters, the person's handle or "")."""
    filters = parse(search)
    return filters.dataset or data.newest_dataset() or "", filters, filters.option(PERSON)


def _currency(dataset: str) -> str:
    return data.dataset(dataset).manifest.currency


@callback(Output(HINT, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
def show_fields(search: str | None, _changed: Any) -> Any:
    """What can be searched; makes the search ready meanwhile."""
    dataset, _, _ = _seen(search)
    try:
        return searched(user.prepare(dataset)) if dataset else ""
    except UserError as problem:
        return problem.message


@callback(Output(SUGGESTIONS, "children"), Output(STATUS, "children"), Input(SEARCH, "value"), State(ids.URL, "search"))
def suggest(text: Any, search: str | None) -> Any:
    """People who fit what is typed. The text came in the body of the request and goes no further."""
    dataset, filters, _ = _seen(search)
    if not dataset or not isinstance(text, str) or not text.strip():
        return [], ""
    try:
        found = user.search(dataset, text)
    except UserError as problem:
        return [], problem.message
    own = filters.with_(dataset=dataset)
    return suggestions(found.items, found.more, lambda handle: fresh_link(own, handle)), status(found.items, found.more)


@callback(
    Output(HEAD, "children"),
    *(Output(f"user-{name}", "children") for name in ("facts", "health", "profile")),
    Output("user-more", "hidden"),
    Input(ids.URL, "search"),
    Input(ids.DATASETS_CHANGED, "data"),
)
def show_head(search: str | None, _changed: Any) -> Any:
    """Verdict, facts, health and profile."""
    made = _head(search)
    return (*made, False) if isinstance(made, tuple) else (made, None, None, None, True)  # a state stands for a failure


def _known(dataset: str, handle: str) -> bool:
    try:
        user.who(dataset, handle)
    except UserError:
        return False
    return True


@guarded(160)
def _head(search: str | None) -> Any:
    dataset, filters, handle = _seen(search)
    if not dataset:
        return no_data()
    if not handle:
        return empty("Nobody chosen yet.", hint="Search above, or click a user id in any list of people.", height=160)
    if not _known(dataset, handle):
        return empty(
            "This link leads to nobody here.",
            hint="It belongs to another dataset or installation, or the person is no longer in the data. Search above.",
            height=160,
        )
    told, currency = user_story.head(dataset, filters, handle), _currency(dataset)
    return (
        user_cards.hero(told, link=fresh_link(filters.with_(dataset=dataset), handle), as_of=fmt.day_iso(told.as_of)),
        user_cards.answers_card("facts", "Facts", told.facts, currency=currency),
        user_cards.health_card(told.health, told.unwell, currency=currency),
        user_cards.profile_card(told.profile),
    )


@callback(Output(LIST, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(44)
def show_list(search: str | None, _changed: Any) -> Any:
    """The way through the list one came from."""
    dataset, filters, handle = _seen(search)
    came = origin(filters)
    if not dataset or not handle or came is None or not _known(dataset, handle):
        return None
    found = ORIGINS[came.grid](came.search, handle, came.sort, came.narrowed)
    if found is None:
        return None
    title, page = found
    kept = filters.with_(dataset=dataset)
    return user_cards.neighbours(title, page, handle, back=came.href, link=lambda other: person_link(kept, other))


@callback(Output(TIMELINE, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(240)
def show_timeline(search: str | None, _changed: Any) -> Any:
    dataset, filters, handle = _seen(search)
    if not dataset or not handle or not _known(dataset, handle):
        return None
    zoom = filters.option(ZOOM)
    zoom = zoom if user_timeline.zoom_of(zoom) else ""
    drawn = user_timeline.timeline(dataset, filters, handle, zoom)

    def link(value: str) -> str:
        return PATH + filters.with_(dataset=dataset).with_option(ZOOM, value).to_search()

    manifest = data.dataset(dataset).manifest
    return card.timeline_card(drawn, zoom, link, currency=manifest.currency, zone=manifest.time_zone)


@callback(
    Output(card.BOX, "children"),
    Output(card.COLUMNS, "data"),
    Input(ids.URL, "search"),
    Input(ids.DATASETS_CHANGED, "data"),
    State(card.COLUMNS, "data"),
)
def show_grid(search: str | None, _changed: Any, drawn: Any) -> Any:
    """The grid of the rows, made anew only when its columns change."""
    dataset, filters, handle = _seen(search)
    if not dataset or not handle or not _known(dataset, handle):
        return no_update, no_update
    found = user_timeline.columns(dataset, filters, handle)
    columns = [GridColumn(item.name, item.label, item.type, item.unit, item.sortable) for item in found]
    wanted = [list(column) for column in columns]
    return (no_update, no_update) if wanted == drawn else (data_table(card.GRID, columns, height=420), wanted)


@callback(
    Output(card.GRID, "getRowsResponse"),
    Output(card.COUNT, "children"),
    Output(card.EXPORT, "href"),
    Input(card.GRID, "getRowsRequest"),
    State(ids.URL, "search"),
)
def rows(request: Any, search: str | None) -> Any:
    """One block of the rows in the zoom, sorted and filtered on the server."""
    dataset, filters, handle = _seen(search)
    wanted = requested(request)
    if wanted is None or not dataset or not handle:
        return no_update, no_update, no_update
    zoom = filters.option(ZOOM)
    try:
        page = user_timeline.page(
            dataset,
            filters,
            handle,
            zoom,
            start=wanted.first,
            end=wanted.last,
            sort_model=wanted.sort,
            filter_model=wanted.filters,
        )
    except UserError as problem:
        return {"rowData": [], "rowCount": 0}, f"{problem.message} {problem.hint}".strip(), no_update
    kept = filters.with_(dataset=dataset, extra=()).with_option(PERSON, handle).with_option(ZOOM, zoom)
    noun = "row" if page.total == 1 else "rows"
    return (
        {"rowData": page.rows, "rowCount": page.total},
        [html.Strong(fmt.count(page.total)), f" {noun}"],
        f"/export/user.csv{kept.to_search()}",
    )


@callback(Output("user-standing", "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(160)
def show_standing(search: str | None, _changed: Any) -> Any:
    dataset, filters, handle = _seen(search)
    if not dataset or not handle or not _known(dataset, handle):
        return None
    found = user_story.standing(dataset, filters, handle)
    plain = Filters(dataset=dataset, as_of=filters.as_of)
    return user_cards.answers_card(
        "standing",
        "Where they stand",
        found,
        about=STANDING,
        link=lambda token: f"/segments{plain.with_option('list', token).to_search()}#people",
    )


@callback(Output("user-value", "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(160)
def show_value(search: str | None, _changed: Any) -> Any:
    dataset, filters, handle = _seen(search)
    if not dataset or not handle or not _known(dataset, handle):
        return None
    found = user_story.value(dataset, filters, handle)
    return user_cards.answers_card("value", "Value", found, currency=_currency(dataset), about=VALUE)


@callback(Output("user-churn", "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(160)
def show_churn(search: str | None, _changed: Any) -> Any:
    dataset, filters, handle = _seen(search)
    if not dataset or not handle or not _known(dataset, handle):
        return None
    return user_cards.churn_card(user_story.churn(dataset, filters, handle), currency=_currency(dataset))


clientside_callback(
    ClientsideFunction("user", "zoom"),
    Output(ids.URL, "search", allow_duplicate=True),
    Input(figure_id(card.NAME), "relayoutData"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("user", "suggested"),
    Output(SUGGESTIONS, "className"),
    Input(SUGGESTIONS, "children"),
    prevent_initial_call=True,
)
refresh_with_url(card.GRID)
