"""After how many silent days people are gone: the return curve and the window to choose."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import churn_options as names
from dashboard.components.chart_card import chart_card, twin_card
from dashboard.components.help import Fact, tip
from dashboard.components.linked_table import Cell, linked_table
from dashboard.components.links import view_link
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.states import notice
from dashboard.components.table import Column, records, rows_of
from dashboard.figures import churn as figures
from dashboard.filters import Filters
from dashboard.result import Result


def cards(filters: Filters, result: Result, window: int) -> list[Component]:
    """result: of ``churn_window``. window: the days in force, 0 = none."""
    return [
        notice(result.summary["sentence"], kind="good" if result.summary["few"] else "warn"),
        curve_card(result, window),
        table_card(filters, result, window),
    ]


def curve_card(result: Result, window: int) -> Component:
    """Who comes back after so much silence."""
    found = {row.days: row.back for row in records(result)}
    known = found.get(window)
    words = (
        f"After {window} silent days {fmt.percent(known)} come back within {result.summary['horizon']} days"
        if known is not None and known == known
        else f"Share that comes back within {result.summary['horizon']} days"
    )
    return chart_card(
        "churn-returns",
        "Who comes back after a silence?",
        figures.returns(result, window),
        summary=f"{words}.",
        columns=_columns(result),
        rows=rows_of(result, ["days", "back", "back_twice", "watched", "silent", "share"]),
        about=tip(
            "churn-returns",
            "Who comes back after a silence?",
            "Of the pauses at least so long, the share that ended within the days after (Kaplan–Meier: pauses "
            "that still go on are waited for). Below the dotted line, 20 %, few come back: such people count as gone.",
            [Fact("Horizon", f"{result.summary['horizon']} days"), *facts_of(result)],
        ),
        subtitle=words,
        height=340,
    )


def _columns(result: Result) -> list[Column]:
    return [
        Column("Silent days", "count"),
        Column("Come back", "rate"),
        Column("Within twice that", "rate"),
        Column("Pauses watched", "count"),
        Column("Silent so long now", "count"),
        Column("Of everybody", "rate"),
    ]


def table_card(filters: Filters, result: Result, window: int) -> Component:
    """The candidates: what each would mark, and a link that takes it."""
    rows: list[list[object | Cell]] = []
    current = None
    for index, row in enumerate(records(result)):
        note = "proposed" if row.proposed else "" if row.testable else "too long to test"
        current = index if row.days == window else current
        values = [row.days, row.back, row.back_twice, row.watched, row.silent, row.share]
        cells: list[object | Cell] = list(values)
        href = view_link(filters.with_option(names.WINDOW, str(row.days)))
        cells[0] = Cell(row.days, href=href if row.testable else "", label="take as window", note=note)
        rows.append(cells)
    columns = _columns(result)
    proposal = view_link(filters.with_option(names.WINDOW, None))
    return twin_card(
        "churn-windows",
        "Windows to choose from",
        linked_table(columns, rows, caption="Windows", current=current),
        columns=columns,
        rows=rows_of(result, ["days", "back", "back_twice", "watched", "silent", "share"]),
        about=tip(
            "churn-windows",
            "Windows to choose from",
            "How many people each number of silent days would call gone. The smallest one after which "
            "fewer than 20 % come back is proposed.",
            facts_of(result),
        ),
        subtitle="Click a number of days to use it in the model",
        foot=[html.A("Take the proposed window", href=proposal, className="state-link"), remarks(result)],
    )
