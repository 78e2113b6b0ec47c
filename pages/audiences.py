"""Saved segments: the list of them, and the builder that makes one from conditions with a live count."""

from __future__ import annotations

import json
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ALL, MATCH, Input, Output, State, callback, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import ids, save_segment
from dashboard.components.filter_bar import Span, bar, placeholder
from dashboard.components.labelled import aria, labelled
from dashboard.components.links import people_link, view_link
from dashboard.components.popup import popup
from dashboard.components.segment_builder import (
    FIELD,
    KINDS,
    REMOVE,
    SHAPE,
    builder_rows,
    complete,
    form_rows,
    new_row,
    reshaped,
    rows_of_rule,
    rule_of_form,
    shapes_of,
)
from dashboard.components.segment_list import DELETE, counted, segment_entry
from dashboard.components.states import empty, guarded, no_data, skeleton
from dashboard.errors import UserError
from dashboard.filters import Filters, parse
from dashboard.service import data, dimensions, segments, view_of

PATH = "/audiences"
BAR = "audiences-filters"
LIST = "audiences-list"
FORM = "audiences-form"
LOADED = "audiences-loaded"  # dcc.Store: which segment the form holds, and the values of its shape controls
TITLE = "audiences-title"
NAME = "audiences-name"
PREVIEW = "audiences-preview"
SAVE = "audiences-save"
SAID = "audiences-said"
DELETED = "audiences-deleted"
ADD = "audiences-add"  # type of the pattern id of the buttons that add a condition
PASTED = "audiences-pasted"
PASTE = "audiences-paste"
PASTE_SAID = "audiences-paste-said"
EDIT = "edit"  # option of the URL: the segment in the builder

dash.register_page(__name__, path=PATH, name="Saved segments", title="Saved segments – Holdfast", icon="saved")


def layout(**_query: Any) -> Component:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                html.Div(
                    [
                        html.H1("Saved segments"),
                        html.P("Groups of people by rules that stay live, to filter every page by.", className="lead"),
                    ]
                ),
                className="page-header",
            ),
            placeholder(BAR),
            html.Div(skeleton(160), id=LIST, className="live"),
            html.P(id=DELETED, className="hint", role="status"),
            html.Section(
                [
                    html.H2("New segment", id=TITLE),
                    dcc.Store(id=LOADED),
                    html.Div(skeleton(120), id=FORM, className="live"),
                    html.Div(_adders(), className="condition-adders"),
                    html.Div(id=PREVIEW, className="segment-preview live", role="status"),
                    html.Div(
                        [
                            labelled("Name", dbc.Input(id=NAME, type="text", value="", maxLength=80)),
                            html.Button("Save segment", id=SAVE, type="button", className="btn btn-primary"),
                        ],
                        className="segment-save",
                    ),
                    html.P(id=SAID, className="hint", role="status"),
                ],
                id="builder",
                className="panel panel-body segment-builder no-print",
                tabIndex=-1,
                **aria(label="Builder"),
            ),
        ],
        className="page",
    )


def _adders() -> list[Component]:
    buttons: list[Component] = [
        html.Button(f"+ {text}", id={"type": ADD, "name": kind}, type="button", className="btn btn-quiet btn-sm")
        for kind, text in KINDS
    ]
    return [
        *buttons,
        popup(
            "ids",
            [html.Span("+ List of ids")],
            [
                labelled(
                    "User ids, one per line",
                    dbc.Textarea(id=PASTED, value="", rows=6, maxLength=3_000_000, className="segment-ids"),
                ),
                html.P("They are kept with the dataset, never in a link.", className="filter-hint"),
                html.Button("Add this list", id=PASTE, type="button", className="btn btn-primary btn-sm"),
                html.P(id=PASTE_SAID, className="hint", role="status"),
            ],
            on=False,
        ),
    ]


def _seen(search: str | None) -> tuple[str, Filters]:
    """The dataset in view ("" without any) and the filters."""
    filters = parse(search)
    return filters.dataset or data.newest_dataset() or "", filters


def _said(problem: UserError) -> str:
    return f"{problem.message} {problem.hint}".strip()


@callback(Output(BAR, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(44)
def show_filters(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    return bar(filters, dimensions(dataset), Span.of(view_of(dataset, filters)), dates=False)


@callback(Output(LIST, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(160)
def show_list(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return no_data()
    kept = segments.segments(dataset)
    if not kept:
        return empty("No saved segment yet.", hint="Build one below, or save the people of a number on any page.")
    return html.Ul(
        [_entry(dataset, filters, item) for item in kept], className="segment-list", **aria(label="Saved segments")
    )


def _entry(dataset: str, filters: Filters, item: segments.Segment) -> Component:
    used = filters.with_(dataset=dataset, segment=item.id, extra=())
    on = filters.segment == item.id
    try:
        found = segments.preview_segment(dataset, filters, item.rule)
        about = counted(found.people, found.everyone, (found.share, found.low, found.high))
    except UserError as problem:
        about = html.P(_said(problem), className="hint")
    return segment_entry(
        item.id,
        item.name,
        item.words,
        about,
        on=on,
        use=view_link(filters.with_(segment=None if on else item.id)),
        people=people_link(used, "all"),
        export="/export/segment.csv" + used.to_search(),
        share="/" + used.to_search(),
        edit=view_link(filters.with_option(EDIT, item.id)) + "#builder",
    )


@callback(
    Output(FORM, "children"),
    Output(LOADED, "data"),
    Output(NAME, "value"),
    Output(TITLE, "children"),
    Output(SAVE, "children"),
    Output(PASTE_SAID, "children"),
    Input(ids.URL, "search"),
    Input({"type": ADD, "name": ALL}, "n_clicks"),
    Input({"type": REMOVE, "name": ALL}, "n_clicks"),
    Input({"type": SHAPE, "name": ALL}, "value"),
    Input(PASTE, "n_clicks"),
    State({"type": SHAPE, "name": ALL}, "id"),
    State({"type": FIELD, "name": ALL}, "value"),
    State({"type": FIELD, "name": ALL}, "id"),
    State(LOADED, "data"),
    State(PASTED, "value"),
)
def show_form(
    search: str | None,
    _add: Any,
    _remove: Any,
    shapes: list[Any],
    _paste: Any,
    shape_ids: list[dict[str, str]],
    values: list[Any],
    field_ids: list[dict[str, str]],
    loaded: Any,
    pasted: str | None,
) -> Any:
    """The rows of the builder, drawn again when their number or shape changes; what was typed stays."""
    dataset, filters = _seen(search)
    if not dataset:
        return None, None, no_update, no_update, no_update, no_update
    key = f"{dataset}/{filters.option(EDIT)}"
    held = loaded if isinstance(loaded, dict) else {}
    try:
        if held.get("key") != key:
            return _load(dataset, filters.option(EDIT), key)
        join, rows = form_rows([*field_ids, *shape_ids], [*values, *shapes])
        now = {str(item["name"]): str(value) for item, value in zip(shape_ids, shapes, strict=True)}
        said = _change(dataset, rows, held.get("shapes") or {}, now, pasted or "")
    except UserError as problem:
        if held.get("key") != key:  # the list above says what is wrong with the address
            return None, None, no_update, no_update, no_update, no_update
        return no_update, no_update, no_update, no_update, no_update, _said(problem)
    if said is None:
        return (no_update,) * 6
    return (*_drawn(dataset, join, rows, key), no_update, no_update, no_update, said)


def _load(dataset: str, segment_id: str, key: str) -> Any:
    """The form of a saved segment, or an empty one."""
    name, rule, words = "", dict[str, Any](), dict[str, str]()
    if segment_id:
        try:
            kept = segments.get_segment(dataset, segment_id)
            name, rule, words = kept.name, kept.rule, segments.words_of_parts(kept.rule)
        except UserError:
            segment_id = ""
    join, rows = rows_of_rule(rule, words)
    title, save = (f"Edit “{name}”", "Save changes") if segment_id else ("New segment", "Save segment")
    return (*_drawn(dataset, join, rows, key), name, title, save, "")


def _drawn(dataset: str, join: str, rows: list[dict[str, Any]], key: str) -> tuple[Any, dict[str, Any]]:
    """The form, and what the store keeps about it."""
    offered = segments.choices(dataset)
    full = [complete(row, offered.properties) for row in rows]
    drawn = builder_rows(
        join,
        full,
        properties=offered.properties,
        events=offered.events,
        event_properties=offered.event_properties,
    )
    return drawn, {"key": key, "shapes": shapes_of(full)}


def _change(
    dataset: str, rows: list[dict[str, Any]], before: dict[str, str], now: dict[str, str], pasted: str
) -> str | None:
    """Change the rows as the click or choice says; a sentence ("" mostly), None when nothing is to be drawn again."""
    who, clicked = ctx.triggered_id, bool(ctx.triggered[0]["value"])
    kind = who.get("type") if isinstance(who, dict) else who
    if kind == ADD and clicked:
        offered = segments.choices(dataset)
        rows.append(new_row(str(who["name"]), properties=offered.properties, rules=offered.rules))
        return ""
    if kind == REMOVE and clicked:
        number = str(who["name"])
        if number.isdigit() and int(number) < len(rows):
            rows.pop(int(number))
        return ""
    if kind == PASTE and clicked:
        condition, found, unknown = segments.keep_ids(dataset, pasted)
        words = f"in a list of {fmt.count(found + unknown)} ids, {fmt.count(found)} of them in this data"
        rows.append({"kind": "kept", "negate": False, "rule": json.dumps(condition), "words": words})
        return f"{fmt.count(found)} of the ids are in this data, {fmt.count(unknown)} are not."
    return "" if reshaped(rows, before, now) else None


@callback(
    Output(PREVIEW, "children"),
    Input({"type": FIELD, "name": ALL}, "value"),
    Input({"type": SHAPE, "name": ALL}, "value"),
    Input(ids.URL, "search"),
    Input(LOADED, "data"),
    State({"type": FIELD, "name": ALL}, "id"),
    State({"type": SHAPE, "name": ALL}, "id"),
)
@guarded(40)
def show_preview(
    values: list[Any],
    shapes: list[Any],
    search: str | None,
    _loaded: Any,
    field_ids: list[dict[str, str]],
    shape_ids: list[dict[str, str]],
) -> Any:
    """How many people the conditions find, while they are being built."""
    dataset, filters = _seen(search)
    join, rows = form_rows([*field_ids, *shape_ids], [*values, *shapes])
    if not dataset or not rows:
        return None
    try:
        found = segments.preview_segment(dataset, filters.with_(where=()), rule_of_form(join, rows))
    except UserError as problem:
        return html.P(_said(problem), className="hint")
    about = counted(found.people, found.everyone, (found.share, found.low, found.high))
    return [about, html.P(found.words, className="hint")]


@callback(
    Output(SAID, "children"),
    Output(ids.DATASETS_CHANGED, "data", allow_duplicate=True),
    Output(ids.URL, "search", allow_duplicate=True),
    Input(SAVE, "n_clicks"),
    State(NAME, "value"),
    State({"type": FIELD, "name": ALL}, "value"),
    State({"type": SHAPE, "name": ALL}, "value"),
    State({"type": FIELD, "name": ALL}, "id"),
    State({"type": SHAPE, "name": ALL}, "id"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def save(
    clicks: int | None,
    name: str | None,
    values: list[Any],
    shapes: list[Any],
    field_ids: list[dict[str, str]],
    shape_ids: list[dict[str, str]],
    search: str | None,
) -> Any:
    """Keep the segment of the form; the page then shows it for editing."""
    dataset, filters = _seen(search)
    if not clicks or not dataset:
        return no_update, no_update, no_update
    join, rows = form_rows([*field_ids, *shape_ids], [*values, *shapes])
    try:
        kept = segments.save_segment(
            dataset, name or "", rule_of_form(join, rows), segment_id=filters.option(EDIT) or None
        )
    except UserError as problem:
        return _said(problem), no_update, no_update
    said = f"Saved “{kept.name}”. Use it as a filter here or in the filter bar of any page."
    moved = no_update if filters.option(EDIT) == kept.id else view_link(filters.with_option(EDIT, kept.id))
    return said, f"{kept.id} {kept.updated_at} {clicks}", moved


@callback(
    Output(DELETED, "children"),
    Output(ids.DATASETS_CHANGED, "data", allow_duplicate=True),
    Output(ids.URL, "search", allow_duplicate=True),
    Input({"type": DELETE, "name": ALL}, "n_clicks"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def delete(_clicks: list[int | None], search: str | None) -> Any:
    """Forget a segment, and take it out of the view's link."""
    dataset, filters = _seen(search)
    who = ctx.triggered_id
    if not dataset or not isinstance(who, dict) or not ctx.triggered[0]["value"]:
        return no_update, no_update, no_update
    segment = str(who["name"])
    try:
        name = segments.get_segment(dataset, segment).name
        segments.delete_segment(dataset, segment)
    except UserError as problem:
        return _said(problem), no_update, no_update
    left = filters.with_(segment=None) if filters.segment == segment else filters
    left = left.with_option(EDIT, None) if left.option(EDIT) == segment else left
    moved = view_link(left) if left != filters else no_update
    return f"Deleted “{name}”.", f"deleted {segment}", moved


@callback(
    Output({"type": save_segment.SAID, "name": MATCH}, "children"),
    Input({"type": save_segment.SAVE, "name": MATCH}, "n_clicks"),
    State({"type": save_segment.NAME, "name": MATCH}, "value"),
    State({"type": save_segment.RULE, "name": MATCH}, "value"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def save_here(clicks: int | None, name: str | None, rule: str | None, search: str | None) -> Any:
    """Behind every “Save as segment” of the product: the rule, narrowed to the segment that the view is filtered by."""
    dataset, filters = _seen(search)
    if not clicks or not dataset:
        return no_update
    try:
        made = segments.within_view(dataset, filters, segments.rule_of_text(rule or ""), values=False)
        kept = segments.save_segment(dataset, name or "", made)
    except UserError as problem:
        return _said(problem)
    link = PATH + filters.with_(dataset=dataset, segment=kept.id, extra=()).to_search()
    return [f"Saved “{kept.name}”. ", html.A("Filter by it", href=link, className="state-link")]
