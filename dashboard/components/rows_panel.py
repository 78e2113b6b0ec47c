"""Browse the rows of a stored table: choose the table, sort and filter in the grid, download the whole table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.data_table import GridColumn, data_table, requested
from dashboard.components.states import explained, guarded
from dashboard.errors import UserError
from dashboard.schema import KIND_LABEL

PREFIX = "rows"
TABLE, GRID, BOX, COUNT, EXPORT, SHOWN = (
    f"{PREFIX}-{part}" for part in ("table", "grid", "box", "count", "csv", "for")
)


def rows_panel(dataset_id: str, tables: Mapping[str, int], zone: str) -> Component:
    """The card. tables: rows by table, the first is shown; zone: in which times are written."""
    options = [{"label": f"{KIND_LABEL[t]} ({fmt.count(n)})", "value": t} for t, n in tables.items()]  # type: ignore[index]
    return html.Section(
        [
            html.Div(
                [
                    html.H2("Browse rows"),
                    html.Div(
                        [
                            html.Label("Table", htmlFor=TABLE, className="visually-hidden"),
                            dbc.Select(
                                id=TABLE,
                                options=options,
                                value=next(iter(tables), None),
                                size="sm",
                                className="row-tables",
                            ),
                            html.A(
                                "Download this table (CSV)",
                                id=EXPORT,
                                href=f"/export/table.csv?dataset={dataset_id}&table={next(iter(tables), '')}",
                                download="",
                                className="btn btn-quiet btn-sm",
                            ),
                        ],
                        className="done-actions",
                    ),
                ],
                className="table-head",
            ),
            html.P(
                f"The rows as they were understood. Times are in {zone}. Rows without a person show – as the id.",
                className="hint",
            ),
            html.P(id=COUNT, className="table-count tabular", role="status"),
            html.Div(id=BOX, className="grid-box"),
            dcc.Store(id=SHOWN, data=dataset_id),
        ],
        className="panel panel-body stack-s",
    )


def register(columns: Callable[..., Any], page: Callable[..., Any]) -> None:
    """Bind the card to the service: columns(dataset, table) -> ((column, filters), …); page(dataset, table, start=,
    end=, sort_model=, filter_model=) -> rows and total. Call once, at import of the page."""

    @callback(Output(BOX, "children"), Output(EXPORT, "href"), Input(TABLE, "value"), State(SHOWN, "data"))  # type: ignore[untyped-decorator]
    def show(table: Any, dataset: Any) -> tuple[Any, Any]:
        """The grid of the chosen table."""
        if not isinstance(table, str) or not isinstance(dataset, str):
            return no_update, no_update
        return draw(dataset, table), f"/export/table.csv?dataset={dataset}&table={table}"

    @guarded(520)
    def draw(dataset: str, table: str) -> Component:
        try:
            found = columns(dataset, table)
        except UserError as problem:
            return explained(problem, height=520)
        made = [GridColumn(c.name, c.label, c.type, c.unit, c.sortable, tuple(tests)) for c, tests in found]
        return data_table(GRID, made)

    @callback(  # type: ignore[untyped-decorator]
        Output(GRID, "getRowsResponse"),
        Output(COUNT, "children"),
        Input(GRID, "getRowsRequest"),
        State(TABLE, "value"),
        State(SHOWN, "data"),
    )
    def rows(request: Any, table: Any, dataset: Any) -> tuple[Any, Any]:
        """One block, sorted and filtered on the server."""
        wanted = requested(request)
        if wanted is None or not isinstance(table, str) or not isinstance(dataset, str):
            return no_update, no_update
        try:
            found = page(
                dataset,
                table,
                start=wanted.first,
                end=wanted.last,
                sort_model=wanted.sort,
                filter_model=wanted.filters,
            )
        except UserError as problem:
            return {"rowData": [], "rowCount": 0}, f"{problem.message} {problem.hint}".strip()
        return {"rowData": found.rows, "rowCount": found.total}, [html.Strong(fmt.count(found.total)), " rows"]
