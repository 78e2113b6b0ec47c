"""Paths: what people do one after the other, from a start or up to an end, and who goes which way."""

from __future__ import annotations

from typing import Any

import dash
from dash import MATCH, Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.components import ids, listed_people
from dashboard.components.event_picker import BOX, OPEN
from dashboard.components.filter_bar import Span, bar, placeholder
from dashboard.components.links import LIST
from dashboard.components.listed_people import Chosen, Source, list_link
from dashboard.components.paths_cards import CLICKED, FIRST, PAGE, SECOND, controls, flow_cards, pair, picked
from dashboard.components.paths_state import PathsState, Place, place_of, read
from dashboard.components.save_segment import save_segment
from dashboard.components.states import guarded, no_data, skeleton
from dashboard.filters import Filters, parse
from dashboard.service import customers, data, dimensions, insight, insight_people, segments, view_of

PATH = "/paths"
BAR = "paths-filters"
FORM = "paths-form"
FLOW = "paths-flow"
HINT = "Click a band, a node or a row to see exactly who went this way."
EVENT_NAME = "event_name"

dash.register_page(__name__, path=PATH, name="Paths", title="Paths – Holdfast", icon="paths")


def layout(**_query: Any) -> Component:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                html.Div([html.H1("Paths"), html.P("What people do, one thing after the other.", className="lead")]),
                className="page-header",
            ),
            placeholder(BAR),
            html.Section(
                html.Div(skeleton(84), id=FORM, className="live"),
                className="panel panel-body no-print",
                **{"aria-label": "What is shown"},
            ),
            html.Div(skeleton(560), id=FLOW, className="live"),
            dcc.Store(id=CLICKED),
            listed_people.panel(PAGE, HINT),
        ],
        className="page",
    )


def _seen(search: str | None) -> tuple[str, Filters]:
    """The dataset in view ("" without any) and the filters."""
    filters = parse(search)
    return filters.dataset or data.newest_dataset() or "", filters


def _groups(dataset: str, filters: Filters, state: PathsState) -> list[str]:
    """The groups of the comparison in force, to choose two of."""
    if state.compare == "class":
        return list(customers.CLASSES)
    if state.compare == "engagement":
        return list(customers.LEVELS)
    if state.compare == "recency":
        return list(customers.rules_of(dataset, filters).bands())
    return [value for item in dimensions(dataset) if item.name == state.compare for value, _ in item.values]


@callback(Output(BAR, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(44)
def show_filters(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    return bar(filters, dimensions(dataset), Span.of(view_of(dataset, filters)))


@callback(Output(FORM, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(84)
def show_form(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return no_data()
    state = read(filters)
    labels = {**{item.name: item.label for item in dimensions(dataset)}, **dict(segments.breakdowns(dataset))}
    return controls(filters, state, labels, _shown(dataset, filters, state))


def _shown(dataset: str, filters: Filters, state: PathsState) -> list[str]:
    """The two groups that are compared, [] without a comparison."""
    if not state.compare:
        return []
    return [item["group"] for item in insight("paths", dataset, filters, **state.options()).summary["groups"]]


@callback(
    Output({"type": BOX, "page": PAGE, "name": MATCH}, "children"),
    Input({"type": OPEN, "page": PAGE, "name": MATCH}, "n_clicks"),
    State({"type": OPEN, "page": PAGE, "name": MATCH}, "id"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
@guarded(120)
def fill_picker(clicks: int | None, identifier: dict[str, str], search: str | None) -> Any:
    """The list of a picker, when it is opened."""
    dataset, filters = _seen(search)
    if not clicks or not dataset:
        return no_update
    state, name = read(filters), identifier["name"]
    groups = _groups(dataset, filters, state)
    if name in (FIRST, SECOND):
        return pair(filters, state, name, _shown(dataset, filters, state), groups)
    known = dimensions(dataset)
    counts = {value: rows for item in known if item.name == EVENT_NAME for value, rows in item.values if value}
    events = [*counts.items(), *((event, None) for event in segments.choices(dataset).events if event not in counts)]
    columns = [item for item in known if "events" in item.tables and item.name != EVENT_NAME]
    return picked(filters, state, name, events, columns, segments.breakdowns(dataset))


@callback(Output(FLOW, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(560)
def show_flow(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    state = read(filters)
    found = insight("paths", dataset, filters, **state.options())
    span = Span.of(view_of(dataset, filters))
    cards = flow_cards(
        found,
        state,
        lambda place: list_link(filters, place.token),
        subtitle=f"{span.shown_days}, time zone {data.dataset(dataset).manifest.time_zone}",
    )
    return html.Div(cards, className="paths-cards" + (" is-pair" if state.compare else ""))


def _chosen(_dataset: str, filters: Filters) -> Chosen | None:
    place: Place | None = place_of(filters.option(LIST))
    if place is None:
        return None
    options = {
        **read(filters).options(),
        "step": place.step,
        "source": place.source,
        "target": place.target,
        "group": place.group,
    }
    return Chosen("path_people", options, place.title)


def _save(dataset: str, filters: Filters, chosen: Chosen) -> list[Component]:
    rule = segments.insight_condition(chosen.insight, chosen.options, filters, chosen.title)
    within = segments.within_view(dataset, filters, rule, values=False)
    return [save_segment(PAGE, within, suggested=chosen.title)]


listed_people.register(
    PAGE,
    Source(_seen, _chosen, insight_people.columns, insight_people.page, insight_people.export_link, _save),
    HINT,
)
