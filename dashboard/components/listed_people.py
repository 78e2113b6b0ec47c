"""The list of people behind a clicked number: heading, count, download, and the grid that asks for one block at a time.

A page says which number was clicked (``chosen``) and passes the service's functions in; the panel does the rest, so
every page lists people in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dash import Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import ids, user_origin
from dashboard.components.data_table import GridColumn, data_table, refresh_with_url, requested
from dashboard.components.labelled import aria
from dashboard.components.links import LIST, view_link
from dashboard.components.states import empty, explained, guarded
from dashboard.errors import UserError
from dashboard.filters import Filters

ANCHOR = "people"  # id of the panel: links to a list end with #people


@dataclass(frozen=True)
class Chosen:
    """insight, options: the insight that lists the people. title: in words, for the heading."""

    insight: str
    options: Mapping[str, Any]
    title: str


@dataclass(frozen=True)
class Source:
    """What the panel needs from its page. seen: search -> (dataset id or "", filters). chosen: (dataset, filters) ->
    the clicked number, None when none is. columns, page, link: of ``service.insight_people``. more: buttons beside the
    download, such as saving the people as a segment. closable: False on a page that is its list."""

    seen: Callable[[str | None], tuple[str, Filters]]
    chosen: Callable[[str, Filters], Chosen | None]
    columns: Callable[..., Any]
    page: Callable[..., Any]
    link: Callable[..., str]
    more: Callable[[str, Filters, Chosen], list[Component]] = lambda dataset, filters, chosen: []
    closable: bool = True


def list_link(filters: Filters, token: str) -> str:
    """The view with the list of these people open below."""
    return view_link(filters.with_option(LIST, token)) + f"#{ANCHOR}"


def panel(name: str, hint: str) -> Component:
    """The empty panel of a layout. name: prefix of its ids. hint: what to click to fill it."""
    return html.Section(
        [
            html.Div(
                empty("No people chosen yet.", hint=hint),
                id=f"{name}-list-head",
                className="live",
            ),
            html.Div(
                [
                    html.Div(
                        [
                            html.P(id=f"{name}-list-count", className="table-count tabular", role="status"),
                            html.Div(
                                [
                                    html.Div(id=f"{name}-list-tools", className="list-tools"),
                                    html.A(
                                        "Download this list",
                                        id=f"{name}-list-export",
                                        href=f"#{ANCHOR}",
                                        download="",
                                        className="btn btn-quiet btn-sm",
                                    ),
                                ],
                                className="list-tools no-print",
                            ),
                        ],
                        className="table-head",
                    ),
                    html.Div(id=f"{name}-list-box", className="grid-box"),
                ],
                id=f"{name}-list-body",
                hidden=True,
            ),
            dcc.Store(id=f"{name}-list-columns"),
        ],
        id=ANCHOR,
        className="panel panel-body listed-people",
        tabIndex=-1,
        **aria(label="People"),
    )


def grid_id(name: str) -> str:
    return f"{name}-list-grid"


def register(name: str, source: Source, hint: str) -> None:
    """The panel's callbacks; called once, at import of its page."""

    @callback(
        Output(f"{name}-list-head", "children"),
        Output(f"{name}-list-tools", "children"),
        Input(ids.URL, "search"),
        Input(ids.DATASETS_CHANGED, "data"),
    )
    def show_head(search: str | None, _changed: Any) -> Any:
        made = head(search)
        return made if isinstance(made, tuple) else (made, None)  # a state stands for a failure

    @guarded(120)
    def head(search: str | None) -> Any:
        dataset, filters = source.seen(search)
        chosen = source.chosen(dataset, filters) if dataset else None
        if chosen is None:
            return empty("No people chosen yet.", hint=hint), None
        tools = source.more(dataset, filters, chosen)
        if source.closable and filters.option(LIST):  # a page may list people before any number is clicked
            closed = view_link(filters.with_option(LIST, None))
            classes = "btn btn-ghost btn-sm state-link"
            tools = [html.A("Close", href=closed, className=classes, **aria(label="Close the list")), *tools]
        return html.H2(chosen.title), tools

    @callback(
        Output(f"{name}-list-box", "children"),
        Output(f"{name}-list-columns", "data"),
        Output(f"{name}-list-body", "hidden"),
        Input(ids.URL, "search"),
        Input(ids.DATASETS_CHANGED, "data"),
        State(f"{name}-list-columns", "data"),
    )
    def show_grid(search: str | None, _changed: Any, drawn: Any) -> Any:
        """The grid, made anew only when its columns change. A closed list is hidden, not taken away: the grid may have
        a request on its way."""
        dataset, filters = source.seen(search)
        try:
            if not dataset or source.chosen(dataset, filters) is None:
                return no_update, no_update, True
            found = source.columns(dataset, filters)
        except UserError as problem:
            return explained(problem), None, False
        columns = [GridColumn(item.name, item.label, item.type, item.unit, item.sortable) for item in found]
        wanted = [list(column) for column in columns]
        if wanted == drawn:
            return no_update, no_update, False
        return data_table(grid_id(name), columns), wanted, False

    @callback(
        Output(grid_id(name), "getRowsResponse"),
        Output(f"{name}-list-count", "children"),
        Output(f"{name}-list-export", "href"),
        Input(grid_id(name), "getRowsRequest"),
        State(ids.URL, "search"),
    )
    def rows(request: Any, search: str | None) -> Any:
        """One block of the list, sorted and filtered on the server."""
        dataset, filters = source.seen(search)
        wanted = requested(request)
        if wanted is None or not dataset:
            return no_update, no_update, no_update
        try:
            chosen = source.chosen(dataset, filters)
            if chosen is None:
                return {"rowData": [], "rowCount": 0}, "", no_update
            page = source.page(
                dataset,
                filters,
                chosen.insight,
                chosen.options,
                start=wanted.first,
                end=wanted.last,
                sort_model=wanted.sort,
                filter_model=wanted.filters,
            )
        except UserError as problem:
            return {"rowData": [], "rowCount": 0}, f"{problem.message} {problem.hint}".strip(), no_update
        link = source.link(filters.with_(dataset=dataset), chosen.insight, chosen.options, grid=wanted.filter_text)
        noun = "person" if page.total == 1 else "people"
        return {"rowData": page.rows, "rowCount": page.total}, [html.Strong(fmt.count(page.total)), f" {noun}"], link

    def place(search: str, near: str, sort: list[Any], narrowed: Mapping[str, Any]) -> tuple[str, Any] | None:
        dataset, filters = source.seen(search)
        chosen = source.chosen(dataset, filters) if dataset else None
        if chosen is None:
            return None
        wanted = {"near": near, "sort_model": sort, "filter_model": narrowed}
        return chosen.title, source.page(dataset, filters, chosen.insight, chosen.options, **wanted)

    user_origin.ORIGINS[grid_id(name)] = place
    refresh_with_url(grid_id(name))
