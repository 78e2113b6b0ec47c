"""Lifecycle: who is new, returning, resurrecting or dormant; the accounts behind growth; moves between states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import engagement_options as names
from dashboard.components.attributes import data
from dashboard.components.chart_card import chart_card, twin_card
from dashboard.components.engagement_options import Asked
from dashboard.components.help import Fact, tip
from dashboard.components.labelled import aria
from dashboard.components.matrix import Cell, matrix
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.table import Column, exact, records, rows_of
from dashboard.figures import lifecycle as figures
from dashboard.result import Result

STATES = "engagement-lifecycle"  # name of the chart whose columns open people
MAX_ROWS = 60  # periods of the accounts that are drawn
NOT_DEFINED = "not defined"


def cards(result: Result, asked: Asked, link: Callable[[str], str]) -> list[Component]:
    """Columns, pulse and accounts of the insight ``lifecycle``."""
    return [states_card(result, asked), pulse_card(result, asked), accounts_card(result, asked, link)]


def pulse_text(value: float | None) -> str:
    """The pulse; it has no value when nobody went dormant."""
    return NOT_DEFINED if value is None or value != value else fmt.number(value)


def states_card(result: Result, asked: Asked) -> Component:
    found = result.summary
    said = ", ".join(f"{fmt.count(abs(found[name]))} {label.lower()}" for name, label in names.STATES.items())
    return chart_card(
        STATES,
        f"Lifecycle by {asked.by}",
        figures.columns(result),
        summary=f"In the complete {asked.by}s together: {said}; pulse {pulse_text(found['pulse'])}.",
        columns=[Column(asked.by.capitalize()), *(Column(label, "count") for label in names.STATES.values())],
        rows=rows_of(result, ["period", *names.STATES]),
        about=tip(
            "lifecycle",
            "Lifecycle",
            f"New: first active ever in the {asked.by}. Returning: also active in the {asked.by} before. Resurrecting: "
            f"seen earlier, but not in the {asked.by} before. Dormant (below zero): active in the {asked.by} before "
            "and not in this one. Every active person is in exactly one of the first three.",
            facts_of(result),
        ),
        subtitle="Click a column to see exactly these people",
        foot=remarks(result),
        height=340,
    )


def pulse_card(result: Result, asked: Asked) -> Component:
    found = result.summary
    mean = pulse_text(found["pulse"])
    return chart_card(
        "pulse",
        "Pulse",
        figures.pulse(result),
        summary=f"Pulse over the complete {asked.by}s together: {mean}.",
        columns=[Column(asked.by.capitalize()), Column("Pulse", "number")],
        rows=[[row.period, row.pulse] for row in records(result) if row.complete],
        about=tip(
            "pulse",
            "Pulse",
            "How many people come (new and resurrecting) for each one who goes (dormant). Above 1 the number of active "
            "people grows, below 1 it shrinks.",
            [Fact("Formula", "(new + resurrecting) / dormant"), *facts_of(result)],
        ),
        subtitle=f"{mean} over all complete {asked.by}s; above 1 there is growth",
        height=340,
    )


def accounts_card(result: Result, asked: Asked, link: Callable[[str], str]) -> Component:
    """Growth accounting, newest period first: active before, who came and went, active now."""
    rows = records(result)[::-1]
    head = ["Active before", "Dormant", "Returning", "New", "Resurrecting", "Active", "Net", "Retained", "Pulse"]
    body = [_account(row, asked.by, link) for row in rows[:MAX_ROWS]]
    table = html.Div(
        html.Table(
            [
                html.Caption("Growth accounting", className="visually-hidden"),
                html.Thead(
                    html.Tr(
                        [
                            html.Th(asked.by.capitalize(), scope="col"),
                            *(html.Th(text, scope="col", className="num") for text in head),
                        ]
                    )
                ),
                html.Tbody(body),
            ],
            className="accounts tabular",
        ),
        className="accounts-box",
        role="region",
        tabIndex=0,
        **aria(label="Growth accounting: all periods"),
    )
    columns = ("period", "previous_active", "new", "resurrecting", "dormant", "returning", "active", "net")
    titles = [asked.by.capitalize(), "Active before", "New", "Resurrecting", "Dormant", "Returning", "Active", "Net"]
    return twin_card(
        "growth",
        "Growth accounting",
        table,
        columns=[
            *(Column(title, "count" if position else "") for position, title in enumerate(titles)),
            Column("Retained", "rate"),
            Column("Pulse", "number"),
        ],
        rows=rows_of(result, [*columns, "retained_rate", "pulse"]),
        about=tip(
            "growth",
            "Growth accounting",
            "Active now = active before + new + resurrecting − dormant, person by person. Retained is the share of the "
            "people active before who are active again.",
            facts_of(result),
        ),
        subtitle="Underlined numbers open their people",
        foot=f"The latest {MAX_ROWS} of {len(rows)} are shown; the file has all of them."
        if len(rows) > MAX_ROWS
        else "",
    )


def _account(row: Any, by: str, link: Callable[[str], str]) -> Component:
    """A period of the accounts."""
    period = [names.period_name(row.period, by), *([] if row.complete else [html.Span("so far", className="so-far")])]
    return html.Tr(
        [
            html.Th(period, scope="row"),
            _plain(row.previous_active),
            _linked(row, by, "dormant", "", link),
            _linked(row, by, "returning", "", link),
            _linked(row, by, "new", "+", link),
            _linked(row, by, "resurrecting", "+", link),
            _plain(row.active),
            html.Td(fmt.signed(row.net), className="num"),
            html.Td(fmt.percent(row.retained_rate), className="num"),
            html.Td(pulse_text(row.pulse), className="num", **data(value=exact(row.pulse), number="1")),
        ]
    )


def _plain(value: Any) -> Component:
    return html.Td(fmt.count(value), className="num")


def _linked(row: Any, by: str, state: str, sign: str, link: Callable[[str], str]) -> Component:
    value = int(getattr(row, state))
    text = f"{sign}{fmt.count(value)}" if value > 0 else fmt.count(value)
    if not value:
        return html.Td(text, className="num")
    href = link(f"life~{state}~{row.period}")
    what = f"{names.STATES[state]}, {names.period_name(row.period, by)}: {text} people"
    return html.Td(html.A(text, href=href, className="state-link", **aria(label=what)), className="num")


def moves_card(result: Result, link: Callable[[str], str]) -> Component:
    """How people moved between the states of the first and of the last day."""
    found = {(row.before, row.after): row for row in records(result)}
    before = [name for name in names.SIX if any(found[pair].users for pair in found if pair[0] == name)]
    after = [name for name in names.SIX if name != "not_yet"]
    cells = [
        [
            Cell(
                text=fmt.count(found[start, end].users),
                weight=found[start, end].share if found[start, end].share == found[start, end].share else 0.0,
                note=fmt.percent(found[start, end].share),
                href=link(f"move~{start}~{end}") if found[start, end].users else "",
                value=found[start, end].users,
            )
            for end in after
        ]
        for start in before
    ]
    first, last = fmt.day_iso(result.summary["first"]), fmt.day_iso(result.summary["last"])
    return twin_card(
        "moves",
        "Moves between states",
        matrix(
            [names.SIX[name] for name in before],
            [names.SIX[name] for name in after],
            cells,
            caption=f"People by state on {first} and on {last}",
            corner=f"{first} ╲ {last}",
        ),
        columns=[Column(first), Column(last), Column("People", "count"), Column("Share", "rate")],
        rows=[[names.SIX[row.before], names.SIX[row.after], row.users, row.share] for row in records(result)],
        about=tip(
            "moves",
            "Moves between states",
            "Active on the day: new, current (last active up to 7 days before), reactivated (8 to 30), resurrected "
            "(longer). Not active: away up to a week, up to a month, or dormant. Shares are of the row.",
            facts_of(result),
        ),
        subtitle=f"From {first} (rows) to {last} (columns)",
        foot=remarks(result),
    )
