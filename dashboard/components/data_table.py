"""A table of people or rows that lives on the server: paging, sorting and filtering ask for one block at a time.

The grid's own CSV export writes only the loaded block, so it is not used; the header links to the export of *all*
filtered rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

import dash_ag_grid as dag
import dash_bootstrap_components as dbc
from dash import MATCH, ClientsideFunction, Input, Output, State, clientside_callback, html
from dash.development.base_component import Component

from dashboard.components import ids
from dashboard.components.popup import popup

BLOCK = 100  # rows per request
MAX_BLOCK = 1_000  # rows a forged request may ask for
NARROW, MIDDLE, MOMENT, WIDE = 136, 150, 190, 420  # pixels; a moment is a day with its time
FILTER: dict[str, Any] = {"maxNumConditions": 1, "buttons": ["apply", "reset"], "closeOnApply": True}
PERSON = "user_id"  # the column that links to the person's page
TIME = "time"  # a column of moments as text
CHOSEN = "grid-columns"  # type of the list of shown columns, with the grid's id as "grid"

_NUMBER = {
    "count": "params.value == null ? '–' : d3.format(',.0f')(params.value)",
    "number": "params.value == null ? '–' : d3.format(',.1f')(params.value)",
    "days": "params.value == null ? '–' : d3.format(',.0f')(params.value)",
    "money": "params.value == null ? '–' : d3.format(',.2f')(params.value)",
    "exact": "params.value == null ? '–' : d3.format(',')(params.value)",
    "rate": "params.value == null ? '–' : d3.format('.1%')(params.value)",
}


class GridColumn(NamedTuple):
    """key: field of a row (letters, digits, underscore). kind: "text", "number" or "date" (ISO text). unit: as in
    Result, or "exact" for a number as stored. sortable: also filterable. tests: the grid's filters that the server can
    answer for this column, () = all of its kind."""

    key: str
    label: str
    kind: str = "text"
    unit: str = ""
    sortable: bool = True
    tests: tuple[str, ...] = ()


class Block(NamedTuple):
    """What the grid asks for: rows ``first`` (inclusive) to ``last`` (exclusive), sort and filter model as sent. The
    service checks names and operators."""

    first: int
    last: int
    sort: list[dict[str, Any]]
    filters: dict[str, Any]

    @property
    def filter_text(self) -> str:
        """The filters for a link to the whole list; "" without any."""
        return json.dumps(self.filters, separators=(",", ":")) if self.filters else ""


def requested(request: object) -> Block | None:
    """The grid's request, checked for shape: it comes from a browser. None when it is no request."""
    if not isinstance(request, Mapping):
        return None
    first, last = request.get("startRow"), request.get("endRow")
    if not _is_count(first) or not _is_count(last) or last <= first:
        return None
    sort, filters = request.get("sortModel"), request.get("filterModel")
    return Block(
        first=first,
        last=min(last, first + MAX_BLOCK),
        sort=[item for item in sort if isinstance(item, dict)] if isinstance(sort, list) else [],
        filters=filters if isinstance(filters, dict) else {},
    )


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_000_000_000


def column_definitions(columns: Sequence[GridColumn]) -> list[dict[str, Any]]:
    """The grid's ``columnDefs``. The first column stays in view while the others scroll."""
    return [_definition(column, first=position == 0) for position, column in enumerate(columns)]


def _definition(column: GridColumn, *, first: bool) -> dict[str, Any]:
    filters = {"number": "agNumberColumnFilter", "date": "agDateColumnFilter"}
    definition: dict[str, Any] = {
        "field": column.key,
        "headerName": column.label,
        "headerTooltip": column.label,
        "sortable": column.sortable,
        "filter": filters.get(column.kind, "agTextColumnFilter") if column.sortable else False,
        "width": NARROW if column.kind != "text" else MIDDLE,
        "minWidth": 90,
    }
    if first and column.key != TIME:  # too wide to stand still on a phone
        definition["pinned"] = "left"
    if column.kind == "number":
        definition |= {
            "type": "rightAligned",
            "cellClass": "ag-right-aligned-cell tabular",
            "valueFormatter": {"function": _NUMBER.get(column.unit, _NUMBER["number"])},
            "sortingOrder": ["desc", "asc", None],
        }
    else:
        definition |= {"valueFormatter": {"function": "params.value == null ? '–' : params.value"}}
    if column.key == TIME:
        definition["width"] = MOMENT
    if column.key == PERSON:
        definition["cellRenderer"] = "PersonLink"  # assets/user.js
    if column.tests:
        definition["filterParams"] = {**FILTER, "filterOptions": list(column.tests)}
        definition["width"] = MOMENT if column.kind == "date" else definition["width"]
    if not column.sortable and column.kind == "text":
        definition |= {"tooltipField": column.key, "minWidth": WIDE, "flex": 1}
    return definition


def data_table(identifier: str, columns: Sequence[GridColumn], *, height: int = 520) -> Component:
    """The grid below a choice of its columns, which the browser remembers for the session. A callback answers
    ``Input(identifier, "getRowsRequest")`` with the output ``getRowsResponse``: {"rowData": […], "rowCount": total}."""
    return html.Div([_column_chooser(identifier, columns), _grid(identifier, columns, height)], className="stack-s")


def _column_chooser(identifier: str, columns: Sequence[GridColumn]) -> Component:
    """Which columns are shown; the first one always is."""
    free = columns[1:]
    choice = dbc.Checklist(
        id={"type": CHOSEN, "grid": identifier},
        options=[{"label": column.label, "value": column.key} for column in free],
        value=[column.key for column in free],
        persistence=identifier,
        persistence_type="session",
        className="column-choice",
    )
    box = popup("columns", ["Columns"], [choice], on=False)
    return html.Div(box, className="column-chooser no-print" if free else "d-none")


clientside_callback(
    ClientsideFunction("tables", "columns"),
    Output({"type": CHOSEN, "grid": MATCH}, "className"),
    Input({"type": CHOSEN, "grid": MATCH}, "value"),
    State({"type": CHOSEN, "grid": MATCH}, "options"),
    State({"type": CHOSEN, "grid": MATCH}, "id"),
)


def _grid(identifier: str, columns: Sequence[GridColumn], height: int) -> Component:
    grid: Component = dag.AgGrid(
        id=identifier,
        rowModelType="infinite",
        columnDefs=column_definitions(columns),
        defaultColDef={
            "sortable": True,
            "resizable": True,
            "wrapHeaderText": True,
            "autoHeaderHeight": True,
            "filterParams": FILTER,
        },
        dashGridOptions={
            "theme": {
                "function": "themeQuartz.withPart(agGrid.colorSchemeVariable)"
                ".withParams({accentColor: 'var(--accent)', "
                "backgroundColor: 'var(--surface)', foregroundColor: 'var(--ink)', borderColor: 'var(--line)', "
                "headerBackgroundColor: 'var(--surface-2)', headerTextColor: 'var(--ink-2)', fontFamily: 'inherit', "
                "fontSize: 13, rowHeight: 36, headerHeight: 40, wrapperBorderRadius: 8})"
            },
            "cacheBlockSize": BLOCK,
            "maxBlocksInCache": 20,
            "blockLoadDebounceMillis": 80,
            "infiniteInitialRowCount": 1,
            "suppressCellFocus": False,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "suppressDragLeaveHidesColumns": True,
        },
        style={"height": f"{height}px", "width": "100%"},
        className="data-grid",
    )
    return grid


def refresh_with_url(identifier: str) -> None:
    """Make the grid ask again whenever the view in the URL changes. Call once per grid, at import of its page."""
    clientside_callback(
        ClientsideFunction("tables", "refresh"),
        Output(identifier, "className"),
        Input(ids.URL, "search"),
        State(identifier, "id"),
        prevent_initial_call=True,
    )
