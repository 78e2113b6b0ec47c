"""Boxes with the values of a dimension to tick; Apply writes them into the URL."""

from __future__ import annotations

from collections.abc import Sequence

from dash import ALL, ClientsideFunction, Input, Output, State, clientside_callback, dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import ids
from dashboard.components.labelled import aria, labelled
from dashboard.components.links import view_link
from dashboard.components.popup import popup
from dashboard.filters import Filters
from dashboard.result import Dimension

VALUES = "filter-values"  # type of the pattern id of a list of values; "name" is the dimension
APPLY = "filter-apply"
MISSING_VALUE = "\u2063"  # stands for "" in a checklist, where an empty value would be lost; the script turns it back
SEARCHED_FROM = 8  # values from which a box has a search field

clientside_callback(
    ClientsideFunction("filters", "applyValues"),
    Output(ids.URL, "search", allow_duplicate=True),
    Input({"type": APPLY, "name": ALL}, "n_clicks"),
    State({"type": VALUES, "name": ALL}, "value"),
    State({"type": VALUES, "name": ALL}, "id"),
    prevent_initial_call=True,
)


def _options(item: Dimension) -> list[dict[str, object]]:
    """The values with their numbers. Long lists are plain text: every component of a label costs the browser time, and
    eight columns of two hundred values kept it busy for seconds on every page."""
    if len(item.values) > SEARCHED_FROM:
        return [
            {"label": f"{value or 'Missing'} ({fmt.count(count)})", "value": value or MISSING_VALUE}
            for value, count in item.values
        ]
    return [
        {
            "label": html.Span(
                [
                    html.Span(value or "Missing", className="option-name" + ("" if value else " is-missing")),
                    html.Span(fmt.count(count), className="option-count tabular"),
                ],
                className="option",
            ),
            "value": value or MISSING_VALUE,
        }
        for value, count in item.values
    ]


def value_filter(filters: Filters, item: Dimension) -> Component:
    """The button and box of one dimension, with the number of chosen values."""
    chosen = filters.values(item.name)
    face: list[Component | str] = [html.Span(item.label)]
    if chosen:
        face.append(html.Span(str(len(chosen)), className="face-count"))
    return popup(f"where.{item.name}", face, _value_box(filters, item), on=bool(chosen))


def _value_box(filters: Filters, item: Dimension) -> list[Component]:
    chosen = filters.values(item.name)
    known = {value for value, _ in item.values}
    unknown = [{"label": value, "value": value} for value in chosen if value not in known]
    unit = "people" if item.count_of == "users" else "rows"
    more = (
        f" The {len(item.values)} most frequent of {fmt.count(item.distinct)} values are listed."
        if (item.distinct > len(item.values))
        else ""
    )
    search = (
        [
            labelled(
                f"Find in {item.label.lower()}",
                dcc.Input(
                    type="search",
                    placeholder=f"Find in {item.label.lower()}",
                    className="filter-find",
                    debounce=False,
                    autoComplete="off",
                ),
                hidden=True,
            )
        ]
        if len(item.values) > SEARCHED_FROM
        else []
    )
    return [
        *search,
        html.Fieldset(
            [
                html.Legend(item.label, className="visually-hidden"),
                dcc.Checklist(
                    id={"type": VALUES, "name": item.name},
                    options=[*unknown, *_options(item)],
                    value=[value or MISSING_VALUE for value in chosen],
                    className="checks",
                ),
            ],
            className="filter-values",
        ),
        html.P(f"Numbers are {unit} in the whole dataset.{more}", className="filter-hint"),
        html.Div(
            [
                html.Button(
                    "Apply", id={"type": APPLY, "name": item.name}, type="button", className="btn btn-primary btn-sm"
                ),
                html.A(
                    "Clear",
                    href=view_link(filters.with_where(item.name, ())),
                    className="btn btn-ghost btn-sm state-link",
                ),
            ],
            className="filter-buttons",
        ),
    ]


def more_filters(filters: Filters, items: Sequence[Dimension]) -> Component:
    """One button for all dimensions that have none of their own."""
    inner = [
        html.Details(
            [
                html.Summary(item.label, className="more-face"),
                html.Div(_value_box(filters, item), className="more-box"),
            ],
            className="more-item",
        )
        for item in items
    ]
    return popup("more", [html.Span("+", **aria(hidden="true")), html.Span("More filters")], inner, on=False)
