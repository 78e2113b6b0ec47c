"""Cleaned data: what the rules leave out of a shop's numbers, line by line, and how prices behave."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import dash
from dash import ALL, Input, Output, State, callback, ctx, html, no_update
from dash.development.base_component import Component

from dashboard.components import cleaning_lines as lines
from dashboard.components import cleaning_rules as parts
from dashboard.components import ids
from dashboard.components.cleaning_rules import ALIASES, CODES, KEEP_ALIASES, KEEP_CODES, SWITCH
from dashboard.components.states import explained, guarded, no_data, skeleton
from dashboard.errors import UserError
from dashboard.filters import Filters, parse
from dashboard.service import cleaning, data, insight

PATH = "/cleaning"
BODY, LINES, PRICES, LISTS = "cleaning-body", "cleaning-lines", "cleaning-prices-box", "cleaning-lists"
UNDO, RESET, SAID, TOOLS = "cleaning-undo", "cleaning-reset", "cleaning-said", "cleaning-tools"

dash.register_page(__name__, path=PATH, name="Cleaned data", title="Cleaned data – Holdfast")


def layout(**_query: Any) -> Component:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                [
                    html.Div(
                        [
                            html.H1("Cleaned data"),
                            html.P(
                                "What a shop's order lines go through before they become sales, and what that changes.",
                                className="lead",
                            ),
                        ]
                    ),
                    html.Div(
                        [
                            html.Button(
                                "Undo", id=UNDO, n_clicks=0, type="button", disabled=True, className="btn btn-quiet"
                            ),
                            html.Button(
                                "Reset to defaults",
                                id=RESET,
                                n_clicks=0,
                                type="button",
                                disabled=True,
                                className="btn btn-ghost",
                            ),
                        ],
                        className="done-actions no-print",
                    ),
                ],
                className="page-header",
            ),
            html.P(id=SAID, role="status", className="cleaning-said"),
            html.Div([skeleton(420), skeleton(420)], id=BODY, className="live stack"),
            html.Div(id=LINES, className="live"),
            html.Div(id=LISTS, className="live halves"),
            html.Div(skeleton(340), id=PRICES, className="live"),
        ],
        className="page",
    )


def _seen(search: str | None) -> tuple[str, Filters]:
    """The dataset in view ("" without any) and the filters. Only the dataset, the as-of day and the page's own options
    matter here: the rules are those of all lines."""
    filters = parse(search)
    return filters.dataset or data.newest_dataset() or "", filters


def _asked(filters: Filters) -> Filters:
    return Filters(dataset=filters.dataset, as_of=filters.as_of)


@callback(
    Output(BODY, "children"),
    Output(UNDO, "disabled"),
    Output(RESET, "disabled"),
    Input(ids.URL, "search"),
    Input(ids.DATASETS_CHANGED, "data"),
)
def show_body(search: str | None, _changed: Any) -> Any:
    made = _body(search)
    return made if isinstance(made, tuple) else (made, True, True)  # a state stands for a failure


@guarded(420)
def _body(search: str | None) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return no_data()
    result = insight("cleaning", dataset, _asked(filters))
    currency = data.dataset(dataset).manifest.currency
    found = cleaning.rules(dataset)
    body = [
        parts.figures(result, currency=currency),
        parts.ledger_card(filters, result, found.choices, currency=currency),
        parts.rules_card(
            found.choices,
            result,
            lambda rule, which: lines.lines_link(filters, rule, which),
            filters.option(lines.RULE),
            currency=currency,
        ),
    ]
    return body, not found.undo, not found.changed


@callback(Output(LINES, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(200)
def show_lines(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    rule = filters.option(lines.RULE)
    labels = {item.name: item.label for item in cleaning.RULES} | {cleaning.KEPT: "Sales of customers"}
    if not dataset or rule not in labels:
        return html.Div(id=lines.ANCHOR)
    which = "met" if filters.option(lines.WHICH) == "met" else "taken"
    start = filters.option(lines.FROM)
    first = int(start) if start.isdecimal() and len(start) < 12 else 0
    try:
        result = insight(
            "cleaning_rows", dataset, _asked(filters), rule=rule, which=which, rows=lines.PAGE_ROWS, offset=first
        )
    except UserError as problem:
        return explained(problem)
    made = lines.lines_card(
        filters,
        result,
        labels[rule],
        rule,
        which,
        first,
        dataset=dataset,
        currency=data.dataset(dataset).manifest.currency,
    )
    return html.Div(made, id=lines.ANCHOR)


@callback(Output(LISTS, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(200)
def show_lists(search: str | None, _changed: Any) -> Any:
    dataset, _ = _seen(search)
    if not dataset:
        return None
    found = cleaning.rules(dataset)
    return parts.lists_cards(found.codes, found.aliases, found.suggested)


@callback(Output(PRICES, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(340)
def show_prices(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    asked = filters.option(lines.BEHAVIOUR)
    chosen = asked if asked in cleaning.BEHAVIOURS else ""
    result = insight("price_behaviour", dataset, _asked(filters), behaviour=chosen, top=lines.PRODUCTS)
    currency = data.dataset(dataset).manifest.currency
    return lines.prices_card(filters, result, cleaning.BEHAVIOURS, chosen, dataset=dataset, currency=currency)


Told = tuple[Any, Any]


def _changed(search: str | None, pressed: Callable[[str], str]) -> Told:
    """Keep a change with the dataset and say so; every part of every page then asks again. pressed: dataset -> a
    sentence, "" when nothing changed. Nothing happens while a page is drawn: then no control has a value yet."""
    dataset, _ = _seen(search)
    if not dataset or not any(item["value"] for item in ctx.triggered):
        return no_update, no_update
    try:
        said = pressed(dataset)
    except UserError as problem:
        return no_update, f"{problem.message} {problem.hint}".strip()
    return ({"cleaned": time.time()}, said) if said else (no_update, no_update)


TOLD = (Output(ids.DATASETS_CHANGED, "data", allow_duplicate=True), Output(SAID, "children", allow_duplicate=True))


@callback(
    *TOLD,
    Input({"type": SWITCH, "rule": ALL}, "value"),
    State({"type": SWITCH, "rule": ALL}, "id"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def switch(values: list[Any], switches: list[dict[str, str]], search: str | None) -> Told:
    """Treat the lines of a rule otherwise."""
    chosen = {item["rule"]: str(value) for item, value in zip(switches, values, strict=True)}
    return _changed(search, lambda dataset: "The rule is changed, for every page." * cleaning.treat(dataset, chosen))


@callback(*TOLD, Input(UNDO, "n_clicks"), State(ids.URL, "search"), prevent_initial_call=True)
def undo(_clicks: int | None, search: str | None) -> Told:
    """Bring back the rules before the last change."""
    return _changed(search, lambda dataset: "The last change is undone." * cleaning.undo(dataset))


@callback(*TOLD, Input(RESET, "n_clicks"), State(ids.URL, "search"), prevent_initial_call=True)
def reset(_clicks: int | None, search: str | None) -> Told:
    """Back to the defaults."""
    return _changed(search, lambda dataset: "The rules are the defaults again." * cleaning.reset(dataset))


@callback(
    *TOLD,
    Input(KEEP_CODES, "n_clicks"),
    Input(KEEP_ALIASES, "n_clicks"),
    State(CODES, "value"),
    State(ALIASES, "value"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def keep(_codes: int | None, _aliases: int | None, codes: Any, aliases: Any, search: str | None) -> Told:
    """Keep the list whose button was pressed."""
    if ctx.triggered_id == KEEP_CODES:
        return _changed(search, lambda dataset: "The list is kept." * cleaning.keep_codes(dataset, str(codes or "")))
    return _changed(search, lambda dataset: "The names are kept." * cleaning.keep_aliases(dataset, str(aliases or "")))
