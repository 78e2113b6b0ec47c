"""Discounts: who gets one and why, the rules behind it, and the list to download."""

from __future__ import annotations

from typing import Any

import dash
from dash import ALL, Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import ids
from dashboard.components.data_table import GridColumn, data_table, refresh_with_url, requested
from dashboard.components.filter_bar import Span, active, bar, placeholder
from dashboard.components.help import Fact, tip
from dashboard.components.hero import hero
from dashboard.components.labelled import aria
from dashboard.components.links import LIST, people_link, view_link
from dashboard.components.provenance import facts_of
from dashboard.components.rule_editor import RULE, effect, form_values, rule_form
from dashboard.components.segment_cards import group_card, segment_card, spread_card, target_card
from dashboard.components.states import explained, guarded, no_data, notice, skeleton
from dashboard.components.table import records
from dashboard.components.user_origin import ORIGINS
from dashboard.errors import UserError
from dashboard.filters import Filters, parse
from dashboard.service import customers, data, dimensions, view_of

PATH = "/discounts"
BAR = "discounts-filters"
HEAD = "discounts-head"
PICTURE = "discounts-picture"
CLUSTERS = "discounts-clusters"
RULES = "discounts-rules"
EFFECT = "discounts-effect"
SAVE = "discounts-save"
SAVED = "discounts-saved"
UNDO = "discounts-undo"
LIST_HEAD = "discounts-list-head"
COUNT = "discounts-count"
EXPORT = "discounts-export"
GRID = "people-grid"
GRID_BOX = "people-grid-box"
COLUMNS = "people-grid-columns"  # dcc.Store: the columns that are drawn
TARGETS = "targets"
MEASURE_CHOICES = (
    ("auto", "What the data has (usage, else revenue, else active days)"),
    ("usage", "Usage"),
    ("revenue", "Net revenue"),
    ("active_days", "Active days"),
)

dash.register_page(__name__, path=PATH, name="Discounts", title="Discounts – Holdfast", icon="discount")


def layout(**_query: Any) -> Component:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                html.Div(
                    [html.H1("Discounts"), html.P("Who should get one, why, and the list to send.", className="lead")]
                ),
                className="page-header",
            ),
            placeholder(BAR),
            html.Div(skeleton(190), id=HEAD, className="live"),
            html.Div(html.Div([skeleton(360), skeleton(360)], className="halves"), id=PICTURE, className="live"),
            html.Div(skeleton(380), id=CLUSTERS, className="live"),
            html.Details(
                [
                    html.Summary("Change the rules", className="rules-face"),
                    html.Div(
                        [
                            html.Div(skeleton(320), id=RULES, className="live"),
                            html.Div(
                                [
                                    html.Div(id=EFFECT, className="live"),
                                    html.Div(
                                        [
                                            html.Button(
                                                "Undo changes", id=UNDO, type="button", className="btn btn-quiet btn-sm"
                                            ),
                                            html.Button(
                                                "Keep for this dataset",
                                                id=SAVE,
                                                type="button",
                                                className="btn btn-quiet btn-sm",
                                            ),
                                        ],
                                        className="rule-buttons",
                                    ),
                                    html.P(id=SAVED, className="hint", role="status"),
                                ],
                                className="rule-side",
                            ),
                        ],
                        className="rule-layout panel-body",
                    ),
                ],
                className="panel rules-panel no-print",
            ),
            html.Section(
                [
                    html.Div(skeleton(56), id=LIST_HEAD, className="live"),
                    html.Div(
                        [
                            html.P(id=COUNT, className="table-count tabular", role="status"),
                            html.A(
                                "Download this list",
                                id=EXPORT,
                                href="#people",
                                download="",
                                className="btn btn-quiet btn-sm no-print",
                            ),
                        ],
                        className="table-head",
                    ),
                    html.Div(skeleton(520), id=GRID_BOX, className="grid-box"),
                    dcc.Store(id=COLUMNS),
                ],
                id="people",
                className="panel panel-body",
                tabIndex=-1,
                **aria(label="People"),
            ),
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


@callback(Output(HEAD, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(190)
def show_head(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return no_data()
    found = customers.targets(dataset, filters, customers.rules_of(dataset, filters))
    return hero(
        people=found.people,
        of=found.chosen,
        share=fmt.interval(found.share, found.low, found.high),
        where=active(filters, dimensions(dataset)),
        rule=found.rule,
        link=people_link(filters, TARGETS),
        export="/export/targets.csv" + filters.with_(dataset=dataset).with_option(LIST, None).to_search(),
        file_name=found.file_name,
        facts=facts_of(found.by_segment),
    )


@callback(Output(PICTURE, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(360)
def show_picture(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    rules = customers.rules_of(dataset, filters)
    seen = customers.segmentation(dataset, filters, rules)
    found = customers.targets(dataset, filters, rules)
    unit = seen.engagement.units["median"]
    limits = f"{fmt.value(seen.low, unit)} and {fmt.value(seen.high, unit)}"
    parts = [
        segment_card(
            filters,
            seen.distribution,
            note=lambda row: f"{fmt.count(row.targets)} get a discount" if row.targets else "no discount",
            subtitle=f"{fmt.count(seen.people)} people, as of {fmt.day_iso(seen.as_of)}",
        ),
        spread_card(
            "engagement",
            "Engagement by segment",
            seen.measure_label,
            seen.engagement,
            subtitle=f"Levels change at {limits}",
            facts=[Fact("Limits", limits)],
        ),
    ]
    parts += [
        target_card(filters, name, title, result)
        for name, title, result in (
            ("country", "Targets by country", found.by_country),
            ("plan", "Targets by plan", found.by_plan),
        )
        if result is not None
    ]
    return html.Div(parts, className="halves")


@callback(Output(CLUSTERS, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(380)
def show_clusters(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    found = customers.clusters(dataset, filters, customers.rules_of(dataset, filters))
    return group_card(
        "Do the data form groups by themselves?",
        found.sample,
        found.groups,
        verdict=found.verdict,
        about=tip("groups", "K-Means groups", found.choice, facts_of(found.groups)),
        subtitle=notice(found.verdict, kind="good" if found.structure else "warn"),
        more=[dcc.Link("How the groups were found", href=f"/segments{filters.with_(extra=()).to_search()}")],
    )


@callback(
    Output(RULES, "children"),
    Input(ids.URL, "search"),
    Input(ids.DATASETS_CHANGED, "data"),
    Input(UNDO, "n_clicks"),
)
@guarded(320)
def show_rules(search: str | None, _changed: Any, _undo: int | None) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    rules = customers.rules_of(dataset, filters)
    seen = customers.segmentation(dataset, filters, rules)
    unit = seen.engagement.units["median"]
    return rule_form(
        rules.to_json(),
        classes=customers.CLASSES,
        levels=customers.LEVELS,
        bands=rules.bands(),
        measures=MEASURE_CHOICES,
        limits=(fmt.value(seen.low, unit), fmt.value(seen.high, unit)),
    )


@callback(
    Output(EFFECT, "children"),
    Input({"type": RULE, "name": ALL}, "value"),
    Input(SAVED, "children"),
    State({"type": RULE, "name": ALL}, "id"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
@guarded(200)
def show_effect(values: list[Any], _saved: Any, names: list[dict[str, str]], search: str | None) -> Any:
    dataset, filters = _seen(search)
    if not dataset or not names:
        return no_update
    now = customers.rules_of(dataset, filters)
    then = customers.RuleSet.from_json(form_values(names, values))
    rows = [
        (str(row.segment), int(row.before), int(row.after))
        for row in records(customers.preview(dataset, filters, now, then))
    ]
    default = customers.RuleSet()
    kept = customers.get_rules(dataset)
    return effect(
        rows,
        apply=_with_rules(filters, then, kept),
        reset=_with_rules(filters, default, kept),
        changed=now != then,
        saved=now == kept,
    )


def _with_rules(filters: Filters, rules: customers.RuleSet, kept: customers.RuleSet) -> str:
    """A link to the view with these rules; the rules kept with the dataset need no mention. The defaults have no
    text of their own, so where other rules are kept they are spelled out."""
    spelled = rules.to_text() or f"d{rules.recent_days}~{rules.dormant_days}"
    return view_link(filters.with_option("rules", None if rules == kept else spelled))


@callback(Output(SAVED, "children"), Input(SAVE, "n_clicks"), State(ids.URL, "search"), prevent_initial_call=True)
def keep_rules(clicks: int | None, search: str | None) -> Any:
    """Keep the rules in force (not those still in the form) with the dataset."""
    dataset, filters = _seen(search)
    if not clicks or not dataset:
        return no_update
    try:
        customers.save_rules(dataset, customers.rules_of(dataset, filters))
    except UserError as problem:
        return f"{problem.message} {problem.hint}".strip()
    return "Kept: the rules in force now apply to this dataset in every view."


@callback(Output(LIST_HEAD, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(56)
def show_list_head(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    title = customers.describe_list(_token(filters), customers.rules_of(dataset, filters))
    return _list_head(filters, title)


@callback(
    Output(GRID_BOX, "children"),
    Output(COLUMNS, "data"),
    Input(ids.URL, "search"),
    Input(ids.DATASETS_CHANGED, "data"),
    State(COLUMNS, "data"),
)
def show_grid(search: str | None, _changed: Any, drawn: Any) -> Any:
    """The grid, made anew only when its columns change: otherwise it stays where it is and asks for other rows."""
    dataset, filters = _seen(search)
    if not dataset:
        return None, None
    try:
        found = customers.people_columns(dataset, filters, customers.rules_of(dataset, filters))
    except UserError as problem:
        return explained(problem), None
    columns = [GridColumn(item.name, item.label, item.type, item.unit, item.sortable) for item in found]
    wanted = [list(column) for column in columns]
    return (no_update, no_update) if wanted == drawn else (data_table(GRID, columns), wanted)


def _token(filters: Filters) -> str:
    return filters.option(LIST, TARGETS)


def _list_head(filters: Filters, title: str) -> Component:
    tabs = [(TARGETS, "Discount targets"), ("all", "All people"), *((f"class.{n}", n) for n in customers.CLASSES)]
    links = [
        html.Li(
            html.A(
                name,
                href=people_link(filters, token),
                className="tab state-link" + (" is-on" if token == _token(filters) else ""),
                **(aria(current="true") if token == _token(filters) else {}),
            )
        )
        for token, name in tabs
    ]
    return html.Div(
        [
            html.H2(title),
            html.Ul(links, className="tabs", **aria(label="Which people")),
        ]
    )


@callback(
    Output(GRID, "getRowsResponse"),
    Output(COUNT, "children"),
    Output(EXPORT, "href"),
    Input(GRID, "getRowsRequest"),
    State(ids.URL, "search"),
)
def rows(request: Any, search: str | None) -> Any:
    """One block of the list, sorted and filtered on the server."""
    dataset, filters = _seen(search)
    wanted = requested(request)
    if wanted is None or not dataset:
        return no_update, no_update, no_update
    try:
        rules = customers.rules_of(dataset, filters)
        page = customers.people_page(
            dataset,
            filters,
            rules,
            _token(filters),
            start=wanted.first,
            end=wanted.last,
            sort_model=wanted.sort,
            filter_model=wanted.filters,
        )
        shown = (
            filters.with_(dataset=dataset).with_option(LIST, _token(filters)).with_option("grid", wanted.filter_text)
        )
        everyone = customers.segmentation(dataset, filters, rules).everyone
    except UserError as problem:
        return {"rowData": [], "rowCount": 0}, f"{problem.message} {problem.hint}".strip(), no_update
    return (
        {"rowData": page.rows, "rowCount": page.total},
        [html.Strong(fmt.count(page.total)), f" of {fmt.count(everyone)} people"],
        "/export/people.csv" + shown.to_search(),
    )


def _place(search: str, near: str, sort: list[Any], narrowed: Any) -> Any:
    """Who stands beside a person in the list, for the person's page."""
    dataset, filters = _seen(search)
    rules, token = customers.rules_of(dataset, filters), _token(filters)
    asked = {"sort_model": sort, "filter_model": narrowed, "near": near}
    return customers.describe_list(token, rules), customers.people_page(dataset, filters, rules, token, **asked)


ORIGINS[GRID] = _place
refresh_with_url(GRID)
