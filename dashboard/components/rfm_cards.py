"""RFM on a page: the 5 × 5 grid, the segments as areas, and the table of segments with what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.attributes import data
from dashboard.components.chart_card import chart_card, twin_card
from dashboard.components.help import Fact, tip
from dashboard.components.labelled import aria
from dashboard.components.matrix import Cell, matrix, weights
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.rfm_options import cell_token, segment_token
from dashboard.components.table import Column, exact, records, rows_of, shown
from dashboard.figures import treemap
from dashboard.result import Result

Link = Callable[[str], str]
SCORES = (5, 4, 3, 2, 1)


def cards(segments: Result, grid: Result, link: Link, *, aware: bool, currency: str = "") -> list[Component]:
    """segments, grid: the insights rfm and rfm_grid. link: token -> address of exactly these people."""
    return [
        _grid(grid, link, aware=aware),
        _areas(segments),
        _table(segments, link, currency),
    ]


def _grid(grid: Result, link: Link, *, aware: bool) -> Component:
    cells = {(row.R, row.column): row for row in records(grid)}
    shade = dict(zip(cells, weights([float(row.customers) for row in cells.values()]), strict=True))
    drawn = [
        [
            Cell(
                text=fmt.count(cells[r, f].customers),
                weight=shade[r, f],
                note=f"{cells[r, f].segment} · {fmt.percent(cells[r, f].money_share)}",
                href=link(cell_token(r, f)) if cells[r, f].customers else "",
                value=cells[r, f].customers,
            )
            for f in reversed(SCORES)
        ]
        for r in SCORES
    ]
    cuts = grid.summary["cuts"]
    columns = ["Frequency and money" if aware else "Frequency"] * 5
    return twin_card(
        "rfm-grid",
        "RFM grid",
        matrix(
            [f"Recency {score}" for score in SCORES],
            [f"{columns[0]} {score}" for score in reversed(SCORES)],
            drawn,
            caption="People by recency and frequency score",
            corner="Recency ╲ frequency",
            row_notes=limits(cuts.get("R", []), "days", low_is_best=True),
            column_notes=() if aware else limits(cuts.get("F", []), "")[::-1],
        ),
        columns=[
            Column("Recency score"),
            Column("Column score", "number"),
            Column("Segment"),
            Column("People", "count"),
            Column("Share of value", "rate"),
        ],
        rows=rows_of(grid, ["R", "column", "segment", "customers", "money_share"]),
        about=tip(
            "rfm-grid",
            "RFM grid",
            "Scores run from 1 to 5, 5 is best. Equal values always get equal scores, and every cell belongs to "
            "exactly one segment. The second line of a cell is its segment and its share of the value.",
            _facts(grid),
        ),
        subtitle=f"{fmt.count(grid.summary['customers'])} people, as of {fmt.day_iso(grid.as_of)}; click a cell for "
        "its people",
        foot=remarks(grid),
    )


def _facts(result: Result) -> list[Fact]:
    summary = result.summary
    return [
        Fact("Recency", summary["recency_is"]),
        Fact("Frequency", summary["frequency_is"]),
        Fact("Money", summary["money_is"]),
        *facts_of(result),
    ]


def limits(cuts: Sequence[float], unit: str, *, low_is_best: bool = False) -> list[str]:
    """What each score means, from the best to the worst; nothing where the scores come from ranks or thirds."""
    if len(cuts) != 4:
        return []
    texts = [fmt.number(value) for value in cuts]
    end = f" {unit}" if unit else ""
    low = [f"up to {texts[0]}{end}", *(f"up to {text}{end}" for text in texts[1:]), f"more than {texts[3]}{end}"]
    return low if low_is_best else low[::-1]


def _areas(segments: Result) -> Component:
    frame = segments.frame
    tokens = {name: segment_token(name) for name in frame["segment"]}
    best: list[Any] = list(frame.sort_values("money_share", ascending=False).head(1).itertuples(index=False))
    most = ", ".join(
        f"{row.segment}: {fmt.percent(row.share)} of the people, {fmt.percent(row.money_share)} of the value"
        for row in best
        if row.customers
    )
    return chart_card(
        "rfm-areas",
        "Segments by size and value",
        treemap.segments(frame, tokens),
        summary=f"The segment with the most value is {most}." if most else "Nobody is in any segment.",
        columns=[
            Column("Segment"),
            Column("People", "count"),
            Column("Share", "rate"),
            Column("Share of value", "rate"),
        ],
        rows=rows_of(segments, ["segment", "customers", "share", "money_share"]),
        about=tip(
            "rfm-areas",
            "Segments by size and value",
            "The area is the number of people, the depth of colour their share of the value.",
            _facts(segments),
        ),
        subtitle="Area: people. Colour: share of the value. Click an area for its people",
        height=340,
    )


def _table(segments: Result, link: Link, currency: str) -> Component:
    summary = segments.summary
    money = segments.units.get("money", "number")
    columns = [
        Column("Segment"),
        Column("People", "count"),
        Column("Share", "rate"),
        Column("Share of value", "rate"),
        Column(summary["recency_is"], "days"),
        Column(summary["frequency_is"], "number"),
        Column(summary["money_is"], money, currency if money == "money" else ""),
        Column("What to do"),
    ]
    names = ["segment", "customers", "share", "money_share", "recency_days", "frequency", "monetary", "action"]
    rows = rows_of(segments, names)
    return twin_card(
        "rfm-segments",
        "The segments, and what to do",
        _linked(columns, rows, link),
        columns=columns,
        rows=rows,
        about=tip(
            "rfm-segments",
            "The segments, and what to do",
            "Best first. Recency, frequency and money are means per person. Names and actions can be changed below.",
            _facts(segments),
        ),
        subtitle="Click a number of people for the list; means per person",
        foot=remarks(segments),
    )


def _linked(columns: Sequence[Column], rows: Sequence[Sequence[Any]], link: Link) -> Component:
    """A table whose numbers of people open their lists; the last column is a sentence."""
    head = html.Tr([html.Th(column.title, scope="col", className="num" if column.unit else None) for column in columns])
    body = []
    for row in rows:
        name, people = str(row[0]), row[1]
        number: Component | str = fmt.count(people)
        if people:
            number = html.A(
                number, href=link(segment_token(name)), className="state-link", **aria(label=f"{number} people: {name}")
            )
        cells = [html.Th(name, scope="row"), html.Td(number, className="num", **data(value=exact(people), number="1"))]
        for column, value in zip(columns[2:], row[2:], strict=True):
            classes = "num" if column.unit else "rfm-action"
            cells.append(html.Td(shown(value, column), className=classes))
        body.append(html.Tr(cells))
    return html.Div(
        html.Table(
            [html.Caption("Segments with what to do", className="visually-hidden"), html.Thead(head), html.Tbody(body)],
            className="plain-table rfm-table",
        ),
        className="matrix-box",
        role="region",
        tabIndex=0,
        **aria(label="Segments with what to do"),
    )
