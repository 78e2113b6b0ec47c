"""Segments: by rules, by RFM, by what the data form themselves, how people moved, and all of them side by side."""

from __future__ import annotations

import time
from typing import Any

import dash
from dash import ALL, Input, Output, State, callback, ctx, html, no_update
from dash.development.base_component import Component

from dashboard.components import (
    clusters_cards,
    ids,
    listed_people,
    rfm_cards,
    rfm_editor,
    rfm_moves,
    rules_cards,
    sides_cards,
)
from dashboard.components import rfm_options as names
from dashboard.components.choice import Option, choice, tabs
from dashboard.components.filter_bar import Span, bar, placeholder
from dashboard.components.graph import FIGURE
from dashboard.components.links import LIST
from dashboard.components.listed_people import Chosen, Source, list_link
from dashboard.components.rfm_options import Asked
from dashboard.components.save_segment import save_segment
from dashboard.components.states import guarded, no_data, skeleton
from dashboard.errors import UserError
from dashboard.filters import Filters, parse
from dashboard.service import customers, data, dimensions, insight_people, segments, view_of

PATH = "/segments"
PAGE = "segments"
BAR = "segments-filters"
TABS = "segments-tabs"
BODY = "segments-body"
SAID = "segments-said"
HINT = "Click a number, a cell or an area to see exactly these people."

dash.register_page(__name__, path=PATH, name="Segments", title="Segments – Holdfast", icon="segments")


def layout(**_query: Any) -> Component:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                html.Div(
                    [
                        html.H1("Segments"),
                        html.P(
                            "Who the people are: by rules you can read, by what they bought, and by what the data say.",
                            className="lead",
                        ),
                    ]
                ),
                className="page-header",
            ),
            placeholder(BAR),
            html.Div(id=TABS, className="live page-tabs no-print"),
            html.Div(html.Div([skeleton(340), skeleton(340)], className="halves"), id=BODY, className="live stack"),
            html.P(id=SAID, className="hint", role="status"),
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


@callback(Output(TABS, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(44)
def show_tabs(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    return tabs(filters, names.TAB, names.TABS, names.asked(filters).tab, label="Parts of this page")


@callback(Output(BODY, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(420)
def show_body(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return no_data()
    asked = names.asked(filters)
    parts = {names.RULES: _rules, names.RFM: _rfm, names.MOVES: _moves, names.GROUPS: _groups, names.SIDES: _sides}
    return parts[asked.tab](dataset, filters, asked)


def _rules(dataset: str, filters: Filters, _asked: Asked) -> list[Component]:
    seen = customers.segmentation(dataset, filters, customers.rules_of(dataset, filters))
    change = f"/discounts{filters.with_option(LIST, None).with_option(names.TAB, None).to_search()}"
    return rules_cards.cards(filters, seen, lambda token: list_link(filters, token), change)


def _rfm(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    manifest = data.dataset(dataset).manifest
    kept = customers.get_map(dataset)
    more = [rfm_editor.limits_form(asked.limits)] if asked.score == "fixed" else []
    found, grid = customers.rfm(dataset, filters, asked.switches)
    return [
        names.switches_row(filters, asked, orders="transactions" in manifest.tables, more=more),
        *rfm_cards.cards(
            found,
            grid,
            lambda token: list_link(filters, token),
            aware=asked.aware,
            currency=manifest.currency,
        ),
        rfm_editor.editor(kept.grid, {name: kept.action(name) for name in kept.names}, changed=kept != type(kept)()),
    ]


def _moves(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    manifest = data.dataset(dataset).manifest
    more = [Option(value, text) for value, text in customers.earlier_choices(dataset, filters)]
    pick = choice(
        filters, names.BEFORE, "Compared with", [*names.EARLIER, *more], asked.before, default=names.EARLIER[0].value
    )
    earlier = customers.earlier_option(dataset, filters, asked.before)
    row = names.switches_row(filters, asked, orders="transactions" in manifest.tables, more=[pick])
    found = customers.migration(dataset, filters, {**asked.switches, **earlier})
    return [row, *rfm_moves.cards(found, customers.get_map(dataset).names, lambda token: list_link(filters, token))]


def _groups(dataset: str, filters: Filters, _asked: Asked) -> list[Component]:
    found = customers.clusters(dataset, filters, customers.rules_of(dataset, filters))
    return [clusters_cards.cards(found, lambda token: list_link(filters, token))]


def _sides(dataset: str, filters: Filters, asked: Asked) -> list[Component]:
    rules = customers.rules_of(dataset, filters)
    found = customers.sides(dataset, filters, rules, asked.switches, asked.first, asked.second)
    currency = data.dataset(dataset).manifest.currency
    return sides_cards.cards(filters, found, lambda token: list_link(filters, token), currency=currency)


@callback(
    Output(ids.URL, "search", allow_duplicate=True),
    Input({"type": FIGURE, "name": ALL}, "clickData"),
    State(ids.URL, "search"),
    State(ids.URL, "pathname"),
    prevent_initial_call=True,
)
def open_list(_clicks: Any, search: str | None, path: str | None) -> Any:
    """A click on an area or a band opens the list of its people."""
    token = names.clicked(ctx.triggered[0]["value"]) if ctx.triggered else ""
    _, filters = _seen(search)
    if path != PATH or not token or filters.option(LIST) == token:
        return no_update
    return filters.with_option(LIST, token).to_search()


@callback(
    Output(SAID, "children"),
    Output(ids.DATASETS_CHANGED, "data", allow_duplicate=True),
    Input(rfm_editor.SAVE, "n_clicks"),
    Input(rfm_editor.RESET, "n_clicks"),
    State({"type": rfm_editor.CELL, "cell": ALL}, "value"),
    State({"type": rfm_editor.CELL, "cell": ALL}, "id"),
    State({"type": rfm_editor.ACTION, "name": ALL}, "value"),
    State({"type": rfm_editor.ACTION, "name": ALL}, "id"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def change_map(
    saved: int | None,
    reset: int | None,
    cells: list[Any],
    cell_ids: list[Any],
    actions: list[Any],
    action_ids: list[Any],
    search: str | None,
) -> Any:
    """Keep the names and actions of the form, or go back to the default ones."""
    dataset, _ = _seen(search)
    if not dataset or not (saved or reset):
        return no_update, no_update
    try:
        if ctx.triggered_id == rfm_editor.RESET:
            customers.reset_map(dataset)
            return "The default names and actions are back.", time.time()
        sentences = {str(name["name"]): str(text or "") for name, text in zip(action_ids, actions, strict=True)}
        customers.save_map(dataset, rfm_editor.grid_of(cell_ids, cells), sentences)
    except UserError as problem:
        return f"{problem.message} {problem.hint}".strip(), no_update
    return "Names and actions are kept with the dataset.", time.time()


@callback(
    Output(ids.URL, "search", allow_duplicate=True),
    Input(rfm_editor.APPLY, "n_clicks"),
    State({"type": rfm_editor.LIMIT, "name": ALL}, "value"),
    State({"type": rfm_editor.LIMIT, "name": ALL}, "id"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def apply_limits(clicks: int | None, values: list[Any], limit_ids: list[Any], search: str | None) -> Any:
    """Put the limits of fixed scores into the link."""
    if not clicks:
        return no_update
    filters = parse(search).with_option(LIST, None)
    for name, text in zip(limit_ids, values, strict=True):
        option = names.LIMITS.get(str(name.get("name")))
        if option:
            filters = filters.with_option(option, str(text or "").replace(" ", ""))
    return filters.to_search()


@callback(
    Output(SAID, "children", allow_duplicate=True),
    Output(ids.DATASETS_CHANGED, "data", allow_duplicate=True),
    Input(clusters_cards.KEEP, "n_clicks"),
    Input(clusters_cards.FORGET, "n_clicks"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def keep_groups(keep: int | None, forget: int | None, search: str | None) -> Any:
    """Keep the groups as they are, or form them anew from now on."""
    dataset, filters = _seen(search)
    if not dataset or not (keep or forget):
        return no_update, no_update
    try:
        if ctx.triggered_id == clusters_cards.FORGET:
            customers.forget_groups(dataset)
            return "The groups are formed from the data in view again.", time.time()
        customers.keep_groups(dataset, filters, customers.rules_of(dataset, filters))
    except UserError as problem:
        return f"{problem.message} {problem.hint}".strip(), no_update
    return "These groups are kept: people who come later join the nearest one.", time.time()


def _chosen(dataset: str, filters: Filters) -> Chosen | None:
    found = _listed(dataset, filters)
    return Chosen(found.insight, found.options, found.title) if found else None


def _listed(dataset: str, filters: Filters) -> customers.Listed | None:
    token = filters.option(LIST)
    if not token:
        return None
    chosen = names.asked(filters)
    moved = customers.earlier_option(dataset, filters, chosen.before)
    asked = customers.Asked(customers.rules_of(dataset, filters), chosen.switches, moved)
    return customers.listed(dataset, filters, token, asked)


def _save(dataset: str, filters: Filters, chosen: Chosen) -> list[Component]:
    found = _listed(dataset, filters)
    if found is None:
        return []
    return [save_segment(PAGE, segments.within_view(dataset, filters, found.rule), suggested=chosen.title[:80])]


listed_people.register(
    PAGE,
    Source(_seen, _chosen, insight_people.columns, insight_people.page, insight_people.export_link, _save),
    HINT,
)
