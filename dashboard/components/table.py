"""A small HTML table: right-aligned tabular figures, header cells with scope, exact values for the CSV button."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.attributes import data
from dashboard.result import Result


class Column(NamedTuple):
    """unit: "" (text, also dates) or a unit of dashboard.result (count, rate, money, days, seconds, number)."""

    title: str
    unit: str = ""
    currency: str = ""


def shown(value: object, column: Column) -> str:
    """A cell as people read it; the en dash stands for missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return fmt.MISSING
    if not column.unit or isinstance(value, str):
        return str(value)
    return fmt.value(float(str(value)), column.unit, currency=column.currency)


def exact(value: object) -> str:
    """A cell as machines read it: plain digits with a point, nothing for missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def rows_of(result: Result, names: Sequence[str]) -> list[list[object]]:
    """The named columns of a result as rows of a table."""
    return [list(row) for row in result.frame[list(names)].to_numpy(dtype=object)]


def records(result: Result) -> list[Any]:
    """The rows of a result with a column per attribute (``row.people``)."""
    return list(result.frame.itertuples(index=False))


def plain_table(columns: Sequence[Column], rows: Sequence[Sequence[object]], *, caption: str) -> Component:
    """rows: one sequence per row in the order of the columns. The first column is the row's header."""
    head = html.Tr([html.Th(column.title, scope="col", className="num" if column.unit else None) for column in columns])
    body = []
    for row in rows:
        cells: list[Component] = []
        for position, (column, value) in enumerate(zip(columns, row, strict=True)):
            exactly = data(value=exact(value), number="1" if column.unit else "0")
            if position == 0:
                cells.append(html.Th(shown(value, column), scope="row", **exactly))
            else:
                cells.append(html.Td(shown(value, column), className="num" if column.unit else None, **exactly))
        body.append(html.Tr(cells))
    return html.Table(
        [html.Caption(caption, className="visually-hidden"), html.Thead(head), html.Tbody(body)],
        className="plain-table",
    )
