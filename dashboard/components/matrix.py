"""A grid of numbers shaded by size, as a real table: heat maps that can be read, clicked and tabbed through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import data
from dashboard.components.labelled import aria
from dashboard.figures import theme


class Cell(NamedTuple):
    """text: the number as people read it. weight: -1..1 shade (negative = the other colour). note: second line. role: a
    colour role shown as a square beside the note. href: link to exactly these people. value: for the CSV button."""

    text: str
    weight: float = 0.0
    note: str = ""
    role: str = ""
    href: str = ""
    value: float | None = None
    marked: bool = False


def weights(values: Sequence[float]) -> list[float]:
    """Shades -1..1 of numbers, relative to the largest absolute one; 0 for what is not defined."""
    largest = max((abs(value) for value in values if value == value), default=0.0)
    return [value / largest if value == value and largest else 0.0 for value in values]


def matrix(
    row_names: Sequence[str],
    column_names: Sequence[str],
    cells: Sequence[Sequence[Cell]],
    *,
    caption: str,
    corner: str = "",
    row_notes: Sequence[str] = (),
    column_notes: Sequence[str] = (),
) -> Component:
    """cells: one sequence per row. corner: what rows and columns are ("Engagement ╲ recency")."""

    def named(name: str, notes: Sequence[str], position: int) -> list[Component]:
        return [html.Span(name), *([html.Span(notes[position], className="matrix-note")] if notes else [])]

    head = html.Tr(
        [
            html.Th(corner, scope="col", className="matrix-corner"),
            *(html.Th(named(name, column_notes, position), scope="col") for position, name in enumerate(column_names)),
        ]
    )
    body = [
        html.Tr([html.Th(named(name, row_notes, position), scope="row"), *map(_cell, cells[position])])
        for position, name in enumerate(row_names)
    ]
    return html.Div(
        html.Table(
            [html.Caption(caption, className="visually-hidden"), html.Thead(head), html.Tbody(body)], className="matrix"
        ),
        className="matrix-box",
        role="region",
        tabIndex=0,
        **aria(label=caption),
    )


def _cell(cell: Cell) -> Component:
    parts: list[Component] = [html.Span(cell.text, className="matrix-text tabular")]
    if cell.note or cell.role:
        square = (
            [html.Span(className="swatch", style={"backgroundColor": theme.colour(cell.role)})] if cell.role else []
        )
        parts.append(html.Span([*square, cell.note], className="matrix-note"))
    sign = "minus" if cell.weight < 0 else "plus"
    classes = f"matrix-cell matrix-{sign}" + (" is-marked" if cell.marked else "")
    inner = html.A(parts, href=cell.href, className="state-link") if cell.href else html.Div(parts)
    exactly = data(value="" if cell.value is None else f"{cell.value:g}", number="1")
    return html.Td(inner, className=classes, style={"--weight": f"{min(abs(cell.weight), 1.0):.3f}"}, **exactly)
