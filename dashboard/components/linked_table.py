"""A small table whose counts open the people behind them; scrolls inside its box on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import data
from dashboard.components.labelled import aria
from dashboard.components.table import Column, exact, shown


class Cell(NamedTuple):
    """value: as in a plain table. text: instead of the formatted value. href: of the people it counts, with label:
    what a screen reader hears. note: a quiet second part."""

    value: object
    text: str = ""
    href: str = ""
    label: str = ""
    note: str = ""


def linked_table(
    columns: Sequence[Column], rows: Sequence[Sequence[object | Cell]], *, caption: str, current: int | None = None
) -> Component:
    """rows: values or :class:`Cell`, the first one heads its row. current: index of the row whose list is open."""
    head = html.Tr([html.Th(column.title, scope="col", className="num" if column.unit else None) for column in columns])
    body = []
    for index, row in enumerate(rows):
        cells: list[Component] = []
        for position, (column, given) in enumerate(zip(columns, row, strict=True)):
            cell = given if isinstance(given, Cell) else Cell(given)
            text = cell.text or shown(cell.value, column)
            inside: list[Component | str] = [text]
            if cell.href:
                label = aria(label=f"{text}: {cell.label}") if cell.label else {}
                inside = [html.A(text, href=cell.href, className="state-link", **label)]
            if cell.note:
                inside.append(html.Span(f" {cell.note}", className="cell-note"))
            exactly = data(value=exact(cell.value), number="1" if column.unit else "0")
            if position == 0:
                cells.append(html.Th(inside, scope="row", **exactly))
            else:
                cells.append(html.Td(inside, className="num" if column.unit else None, **exactly))
        body.append(html.Tr(cells, className="is-current" if index == current else None))
    return html.Div(
        html.Table(
            [html.Caption(caption, className="visually-hidden"), html.Thead(head), html.Tbody(body)],
            className="plain-table linked-table tabular",
        ),
        className="risk-box",
        role="region",
        tabIndex=0,
        **aria(label=f"{caption}, scrolls sideways"),
    )
