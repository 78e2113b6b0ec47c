"""Rules, RFM, groups and churn risk side by side: agreement of each pair, the table of one pair, and the work list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.attributes import data
from dashboard.components.chart_card import card, twin_card
from dashboard.components.help import tip
from dashboard.components.labelled import aria
from dashboard.components.links import LIST, view_link
from dashboard.components.matrix import Cell, matrix, weights
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.rfm_options import FIRST, SECOND, both_token
from dashboard.components.states import empty, notice
from dashboard.components.table import Column, exact, records, rows_of
from dashboard.filters import Filters

Link = Callable[[str], str]
MAX_ROWS = 40  # of the work list on the page; the CSV has all


def cards(filters: Filters, found: Any, link: Link, *, currency: str = "") -> list[Component]:
    """found: ``service.customers.Sides``. link: token -> address of exactly these people."""
    lacking = [notice(f"{label} is not here: {why}") for label, why in found.missing]
    if len(found.labels) < 2:
        return [*lacking, empty("There is only one way to divide these people.", hint="Add orders or events.")]
    return [
        *lacking,
        html.Div([_agreement(filters, found), _worklist(found, link, currency)], className="halves"),
        _table(found, link),
    ]


def _agreement(filters: Filters, found: Any) -> Component:
    keys = list(found.labels)
    values = {(row.first, row.second): row for row in records(found.agreement)}
    shade = dict(zip(values, weights([row.ari for row in values.values()]), strict=True))
    chosen = (found.table.summary["first"], found.table.summary["second"])
    base = filters.with_option(LIST, None)

    def cell(row: str, column: str) -> Cell:
        pair = (row, column) if (row, column) in values else (column, row)
        if row == column:
            return Cell("–", 0.0)
        item = values[pair]
        return Cell(
            text=fmt.number(item.ari),
            weight=shade[pair],
            note=f"AMI {fmt.number(item.ami)}",
            href=view_link(base.with_option(FIRST, row).with_option(SECOND, column)),
            value=item.ari,
            marked={row, column} == set(chosen),
        )

    return twin_card(
        "sides-agreement",
        "How far they agree",
        matrix(
            [found.labels[key] for key in keys],
            [found.labels[key] for key in keys],
            [[cell(row, column) for column in keys] for row in keys],
            caption="Adjusted Rand index of each pair",
            corner="One ╲ other",
        ),
        columns=[
            Column("One"),
            Column("Other"),
            Column("People", "count"),
            Column("ARI", "number"),
            Column("AMI", "number"),
        ],
        rows=rows_of(found.agreement, ["first", "second", "people", "ari", "ami"]),
        about=tip(
            "sides-agreement",
            "Agreement",
            "Adjusted Rand index, below it adjusted mutual information: 0 is what chance gives, 1 is the same "
            "division. Divisions that use the same columns agree to some extent by construction.",
            facts_of(found.agreement),
        ),
        subtitle="Click a pair to see its table below",
        foot=remarks(found.agreement),
    )


def _table(found: Any, link: Link) -> Component:
    first, second = found.table.summary["first"], found.table.summary["second"]
    frame = found.table.frame
    rows = list(dict.fromkeys(frame["first"]))
    columns = list(dict.fromkeys(frame["second"]))
    values = {(row.first, row.second): row for row in records(found.table)}
    shade = dict(zip(values, weights([row.share for row in values.values()]), strict=True))

    def cell(row: str, column: str) -> Cell:
        item = values[row, column]
        return Cell(
            text=fmt.count(item.people) if item.people else "·",
            weight=shade[row, column] * (-1 if item.contradiction else 1),
            note=fmt.percent(item.share) if item.people else "",
            href=link(both_token(first, row, second, column)) if item.people else "",
            value=item.people,
        )

    title = f"{found.labels[first]} and {found.labels[second]}"
    return twin_card(
        "sides-table",
        title,
        html.Div(
            matrix(
                rows,
                columns,
                [[cell(row, column) for column in columns] for row in rows],
                caption=f"People: {title}",
                corner=f"{found.labels[first]} ╲ {found.labels[second]}",
            ),
            className="matrix-tight",
        ),
        columns=[
            Column(found.labels[first]),
            Column(found.labels[second]),
            Column("People", "count"),
            Column("Share of the row", "rate"),
            Column(found.worth_label, found.worth_unit),
        ],
        rows=rows_of(found.table, ["first", "second", "people", "share", "worth"]),
        about=tip(
            "sides-table",
            title,
            "People in both. The share is that of the row. Brown cells are contradictions: one says still active, the "
            "other leaving or gone.",
            facts_of(found.table),
        ),
        subtitle="Blue: share of the row. Brown: one says active, the other gone. Click a number for its people",
    )


def _worklist(found: Any, link: Link, currency: str) -> Component:
    rows = records(found.worklist)
    columns = [
        Column("Says active"),
        Column("Says gone"),
        Column("People", "count"),
        Column(found.worth_label, found.worth_unit, currency if found.worth_unit == "money" else ""),
    ]
    if not rows:
        return card("Disagreements to look at", empty("Nobody is active for one and gone for another."))
    body = [_work_row(found, row, link, columns) for row in rows[:MAX_ROWS]]
    head = html.Tr([html.Th(column.title, scope="col", className="num" if column.unit else None) for column in columns])
    table = html.Table(
        [html.Caption("Disagreements to look at", className="visually-hidden"), html.Thead(head), html.Tbody(body)],
        className="plain-table",
    )
    whole = [
        [
            f"{found.labels[row.here]}: {row.here_name}",
            f"{found.labels[row.away]}: {row.away_name}",
            row.people,
            row.worth,
        ]
        for row in rows
    ]
    return twin_card(
        "sides-work",
        "Disagreements to look at",
        html.Div(
            table, className="matrix-box work-list", role="region", tabIndex=0, **aria(label="Disagreements by value")
        ),
        columns=columns,
        rows=whole,
        about=tip(
            "sides-work",
            "Disagreements to look at",
            "People whom one division calls active and another leaving or gone, such as RFM champions whom the rules "
            "call dormant. Usually one looks at orders and the other at use: worth a look, the most value first.",
            facts_of(found.worklist),
        ),
        subtitle="Most value first; click a number for its people",
        foot=f"The first {MAX_ROWS} of {fmt.count(len(rows))}; the CSV has all." if len(rows) > MAX_ROWS else "",
    )


def _work_row(found: Any, row: Any, link: Link, columns: Sequence[Column]) -> Component:
    text = fmt.count(row.people)
    here, away = f"{found.labels[row.here]}: {row.here_name}", f"{found.labels[row.away]}: {row.away_name}"
    number = html.A(
        text,
        href=link(both_token(row.here, row.here_name, row.away, row.away_name)),
        className="state-link",
        **aria(label=f"{text} people: {here}, {away}"),
    )
    worth = fmt.value(row.worth, columns[3].unit, currency=columns[3].currency)
    return html.Tr(
        [
            html.Th(here, scope="row"),
            html.Td(away),
            html.Td(number, className="num", **data(value=exact(int(row.people)), number="1")),
            html.Td(worth, className="num"),
        ]
    )
