"""Funnels: how many people get how far, where they stop, how long it takes, and who they are."""

from __future__ import annotations

from typing import Any

import dash
from dash import ALL, MATCH, Input, Output, State, callback, ctx, html, no_update
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import ids, listed_people
from dashboard.components.event_picker import BOX, OPEN
from dashboard.components.filter_bar import Span, bar, placeholder
from dashboard.components.funnel_builder import (
    ATTRIBUTIONS,
    HOLD,
    PAGE,
    SPLIT,
    WINDOW_APPLY,
    WINDOW_NUMBER,
    WINDOW_UNIT,
    builder,
    href,
    window_text,
)
from dashboard.components.funnel_chart import funnel_card
from dashboard.components.funnel_detail import ANSWER, ASK, USER, drivers_card, time_card, trace, trace_form, trend_card
from dashboard.components.funnel_groups import group_card
from dashboard.components.funnel_pickers import APPLY, TICKED, filtered, identifiers, picked
from dashboard.components.funnel_state import OPTION, FunnelState, of_events, read
from dashboard.components.links import LIST
from dashboard.components.listed_people import Chosen, Source, list_link
from dashboard.components.save_segment import save_segment
from dashboard.components.states import empty, explained, guarded, no_data, notice, skeleton
from dashboard.components.table import records
from dashboard.errors import CannotAnswer, NotFound, UserError
from dashboard.figures.trend import grain
from dashboard.filters import Filters, parse
from dashboard.service import data, dimensions, insight, insight_people, segments, view_of

PATH = "/funnels"
BAR = "funnels-filters"
SUGGESTED = "funnels-suggested"
FORM = "funnels-form"
CHART = "funnels-chart"
GROUPS = "funnels-groups"
TIME = "funnels-time"
TREND = "funnels-trend"
DRIVERS = "funnels-drivers"
HINT = "Click a bar or a number of people to see exactly who they are."
BROKEN = "The funnel in this link could not be read, so the first suggestion is shown instead."
ADD = "Add a second step: a funnel shows how many people get from one event to the next."
EVENT_NAME = "event_name"

dash.register_page(__name__, path=PATH, name="Funnels", title="Funnels – Holdfast", icon="funnels")


def layout(**_query: Any) -> Component:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                html.Div([html.H1("Funnels"), html.P("How far people get, and where they stop.", className="lead")]),
                className="page-header",
            ),
            placeholder(BAR),
            html.Section(
                [
                    html.Div(skeleton(36), id=SUGGESTED, className="live"),
                    html.Div(skeleton(210), id=FORM, className="live"),
                ],
                className="panel panel-body funnel-panel no-print",
                **{"aria-label": "The funnel"},
            ),
            html.Div(skeleton(380), id=CHART, className="live"),
            html.Div(id=GROUPS, className="live"),
            html.Div(
                [
                    html.Div(skeleton(360), id=TIME, className="live"),
                    html.Div(skeleton(360), id=TREND, className="live"),
                ],
                className="halves",
            ),
            html.Div([html.Div(skeleton(300), id=DRIVERS, className="live"), trace_form()], className="funnel-more"),
            listed_people.panel(PAGE, HINT),
        ],
        className="page",
    )


def _seen(search: str | None) -> tuple[str, Filters]:
    """The dataset in view ("" without any) and the filters."""
    filters = parse(search)
    return filters.dataset or data.newest_dataset() or "", filters


def _asked(dataset: str, filters: Filters) -> FunnelState:
    """The funnel of the link; without one, or with a broken one, the first that the data suggest. Raises CannotAnswer
    when they suggest none."""
    state = read(filters.option(OPTION))
    if state is not None:
        return state
    proposals = insight("funnel_suggestions", dataset, filters).summary["funnels"]
    if not proposals:
        raise CannotAnswer("A funnel needs two different events, one after the other.", ("events.event_name",))
    return of_events(proposals[0])


def _ready(dataset: str, filters: Filters) -> FunnelState | None:
    """:func:`_asked`, None as long as it has one step only."""
    state = _asked(dataset, filters)
    return state if state.end else None


@callback(Output(BAR, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(44)
def show_filters(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    return bar(filters, dimensions(dataset), Span.of(view_of(dataset, filters)))


@callback(Output(SUGGESTED, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(36)
def show_suggestions(search: str | None, _changed: Any) -> Any:
    """Funnels that the data propose, one click each."""
    dataset, filters = _seen(search)
    if not dataset:
        return None
    found = insight("funnel_suggestions", dataset, filters)
    text = filters.option(OPTION)
    current = read(text) or of_events(found.summary["funnels"][0] if found.summary["funnels"] else [])
    links = []
    for row, events in zip(records(found), found.summary["funnels"], strict=True):
        state, most = of_events(events), f"up to {fmt.count(row.users)} of all people"
        on = [step.event for step in current.steps] == events
        links.append(
            html.Li(
                html.A(
                    [
                        html.Span(row.steps),
                        html.Span(most, className="choice-note"),
                    ],
                    href=href(filters, state),
                    className="suggestion state-link" + (" is-on" if on else ""),
                    **({"aria-current": "true"} if on else {}),
                )
            )
        )
    parts: list[Component] = [notice(BROKEN, kind="warn")] if text and read(text) is None else []
    if links:
        parts += [
            html.P("Suggested from your data", className="field-label"),
            html.Ul(links, className="suggestions", **{"aria-label": "Suggested funnels"}),
        ]
    return parts


@callback(Output(FORM, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(210)
def show_form(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    return builder(filters, _asked(dataset, filters), _labels(dataset)) if dataset else no_data()


def _labels(dataset: str) -> dict[str, str]:
    """What the breakdowns are called."""
    return {**dict(segments.breakdowns(dataset)), **{item.name: item.label for item in dimensions(dataset)}}


@callback(
    Output({"type": BOX, "page": PAGE, "name": MATCH}, "children"),
    Input({"type": OPEN, "page": PAGE, "name": MATCH}, "n_clicks"),
    State({"type": OPEN, "page": PAGE, "name": MATCH}, "id"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
@guarded(120)
def fill_picker(clicks: int | None, identifier: dict[str, str], search: str | None) -> Any:
    """The list of a picker, when it is opened for the first time."""
    dataset, filters = _seen(search)
    if not clicks or not dataset:
        return no_update
    known = dimensions(dataset)
    counts = {name: rows for item in known if item.name == EVENT_NAME for name, rows in item.values if name}
    events = [*counts.items(), *((name, None) for name in segments.choices(dataset).events if name not in counts)]
    usable = [item for item in known if item.name != EVENT_NAME and {"events", "users"} & set(item.tables)]
    if identifier["name"] == HOLD:
        own = identifiers(data.dataset(dataset).manifest)
        usable = [*own, *(item for item in usable if "events" in item.tables)]
    people = segments.breakdowns(dataset) if identifier["name"] == SPLIT else ()
    return picked(filters, _asked(dataset, filters), identifier["name"], events, usable, people)


@callback(
    Output(ids.URL, "search", allow_duplicate=True),
    Input({"type": APPLY, "name": ALL}, "n_clicks"),
    State({"type": TICKED, "step": ALL, "name": ALL}, "value"),
    State({"type": TICKED, "step": ALL, "name": ALL}, "id"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def apply_ticks(_clicks: list[int | None], values: list[Any], ticked: list[dict[str, Any]], search: str | None) -> Any:
    """The ticked values of one step become part of the link."""
    dataset, filters = _seen(search)
    if not dataset or not ctx.triggered or not ctx.triggered[0]["value"]:
        return no_update
    index = int(ctx.triggered_id["name"])
    state = _asked(dataset, filters)
    if index > state.end:
        return no_update
    mine = {item["name"]: value or [] for item, value in zip(ticked, values, strict=True) if item["step"] == index}
    return href(filters, filtered(state, index, list(mine), list(mine.values())))


@callback(
    Output(ids.URL, "search", allow_duplicate=True),
    Input(WINDOW_APPLY, "n_clicks"),
    State(WINDOW_NUMBER, "value"),
    State(WINDOW_UNIT, "value"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def apply_window(clicks: int | None, number: Any, unit: str | None, search: str | None) -> Any:
    dataset, filters = _seen(search)
    if not clicks or not dataset or not isinstance(number, int) or number < 1 or not unit:
        return no_update
    return href(filters, _asked(dataset, filters).with_(window=f"{number} {unit}"))


def _links(filters: Filters) -> Any:
    def link(state: str, step: int, group: str) -> str:
        return list_link(filters, f"{state}.{step}" + (f".{group}" if group else ""))

    return link


@callback(Output(CHART, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(380)
def show_chart(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    state = _ready(dataset, filters)
    if state is None:
        return html.Div(empty("One step is not a funnel yet.", hint=ADD, height=240), className="panel")
    manifest = data.dataset(dataset).manifest
    money = manifest.has_column("events", "amount")
    found = insight("funnel", dataset, filters, **state.query(), money=money)
    window = f"within {window_text(state.window)}" if state.window != "none" else "no time limit"
    span = Span.of(view_of(dataset, filters))
    return funnel_card(
        found,
        _links(filters),
        subtitle=f"People who entered {span.shown_days}, {window}, time zone {manifest.time_zone}",
        window=window,
        currency=manifest.currency,
    )


@callback(Output(GROUPS, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(320)
def show_groups(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    state = _ready(dataset, filters) if dataset else None
    if state is None or not state.breakdown:
        return None
    labels = _labels(dataset)
    return group_card(
        insight("funnel", dataset, filters, **state.query(), **state.split()),
        _links(filters),
        label=labels.get(state.breakdown, state.breakdown).lower(),
        attribution=" ".join(ATTRIBUTIONS.get(state.attribution, (state.attribution, ""))).strip(),
    )


@callback(Output(TIME, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(360)
def show_time(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    state = _ready(dataset, filters) if dataset else None
    if state is None:
        return None
    found = insight("funnel_time", dataset, filters, **state.query(), **state.split())
    return time_card(found, f"From {state.steps[0].label} to {state.steps[-1].label}")


@callback(Output(TREND, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(360)
def show_trend(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    state = _ready(dataset, filters) if dataset else None
    if state is None:
        return None
    by = grain(view_of(dataset, filters).period.days)
    return trend_card(insight("funnel_trend", dataset, filters, **state.query(), by=by), by)


@callback(Output(DRIVERS, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(300)
def show_drivers(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    state = _ready(dataset, filters) if dataset else None
    if state is None:
        return None
    return drivers_card(
        insight("funnel_drivers", dataset, filters, **state.query()),
        lambda side, event: list_link(filters, f"driver-{side}.0.{event}"),
    )


@callback(
    Output(ANSWER, "children"),
    Input(ASK, "n_clicks"),
    Input(USER, "n_submit"),
    Input(ids.URL, "search"),
    State(USER, "value"),
    prevent_initial_call=True,
)
@guarded(80)
def show_trace(_clicks: int | None, _submits: int | None, search: str | None, user: str | None) -> Any:
    dataset, filters = _seen(search)
    state = _ready(dataset, filters) if dataset else None
    wanted = (user or "").strip()
    if state is None or not wanted:
        return None
    try:
        return trace(insight("funnel_trace", dataset, filters, **state.query(), user=wanted))
    except NotFound:
        return html.P("There is no person with this id in the data.", className="hint")
    except UserError as problem:
        return explained(problem)


def _chosen(dataset: str, filters: Filters) -> Chosen | None:
    """The people of the clicked number: ``reached.2``, ``dropped.2``, with a group ``reached.2.Germany``, or
    ``driver-converted.0.NextSong``."""
    token = filters.option(LIST)
    kind, _, rest = token.partition(".")
    number, _, name = rest.partition(".")
    state = _ready(dataset, filters) if token else None
    if state is None or not number.isdigit() or int(number) > state.end:
        return None
    step = int(number)
    if kind in ("driver-converted", "driver-dropped") and name:
        side = kind.removeprefix("driver-")
        title = f"{side.capitalize()}, did {name} on the way from {state.steps[0].label} to {state.steps[-1].label}"
        return Chosen("funnel_driver_people", {**state.query(), "event": name, "state": side}, title)
    if kind not in ("reached", "dropped") or (kind == "dropped" and not step):
        return None
    title = f"{'Did' if kind == 'reached' else 'Dropped before'} {state.numbered(step)}"
    options: dict[str, Any] = {**state.query(), "step": step, "state": kind}
    if name and state.breakdown:
        options |= {**state.split(), "group": name}
        title = f"{title} – {name}"
    return Chosen("funnel_people", options, title)


def _save(dataset: str, filters: Filters, chosen: Chosen) -> list[Component]:
    rule = segments.insight_condition(chosen.insight, chosen.options, filters, chosen.title)
    within = segments.within_view(dataset, filters, rule, values=False)
    return [save_segment(PAGE, within, suggested=chosen.title)]


listed_people.register(
    PAGE,
    Source(_seen, _chosen, insight_people.columns, insight_people.page, insight_people.export_link, _save),
    HINT,
)
