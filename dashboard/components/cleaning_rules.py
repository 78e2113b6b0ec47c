"""The rules of cleaning on their page: the waterfall, the table with the switches, and the two lists to edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.chart_card import card, chart_card
from dashboard.components.choice import Option, tabs
from dashboard.components.help import Fact, tip
from dashboard.components.labelled import aria, labelled
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.table import Column, records, rows_of
from dashboard.figures.waterfall import Step, waterfall
from dashboard.filters import Filters
from dashboard.result import Result

SHOW = "show"  # option of the URL: what the waterfall counts
SWITCH = "cleaning-rule"  # type of the pattern id of a rule's treatment
CODES, KEEP_CODES, ALIASES, KEEP_ALIASES = (
    "cleaning-codes",
    "cleaning-keep-codes",
    "cleaning-aliases",
    "cleaning-keep-al",
)
MEASURES = (Option("revenue", "Revenue"), Option("rows", "Lines"), Option("customers", "Customers"))
RAW = {"rows": "All lines", "revenue": "All lines", "customers": "All customers"}
LEFT = "Sales of customers"
TAKING = ("drop", "net", "apart")


class Choice(Protocol):
    """A rule: name, label, short, text; treatments as (value, words); treatment: the one in force."""

    name: str
    label: str
    short: str
    text: str
    treatments: tuple[tuple[str, str], ...]
    treatment: str


def measure_of(filters: Filters) -> str:
    """What the waterfall counts: revenue, rows or customers."""
    asked = filters.option(SHOW)
    return asked if asked in {option.value for option in MEASURES} else MEASURES[0].value


def ledger_card(filters: Filters, result: Result, choices: Sequence[Choice], *, currency: str) -> Component:
    """The waterfall of the ledger and its table. result: the insight ``cleaning``."""
    measure = measure_of(filters)
    unit = result.units[measure]
    short = {choice.name: choice.short for choice in choices}
    raw, kept = result.summary["raw"], result.summary["kept"]
    steps = [
        Step(short[row.rule], -getattr(row, measure), row.rule)
        for row in records(result)
        if row.treatment in TAKING and (row.rows or row.met_rows)
    ]
    figure = waterfall(Step(RAW[measure], raw[measure]), steps, LEFT, unit=unit, currency=currency, last_name="kept")
    names = ["label", "rows", "revenue", "customers", "orders", "kept_rows", "kept_revenue", "kept_customers"]
    titles = {"label": "Rule", "rows": "Lines", "kept_rows": "Lines left"}
    columns = [
        Column(
            titles.get(name) or name.replace("kept_", "").capitalize() + (" left" if "kept_" in name else ""),
            result.units.get(name, ""),
            currency,
        )
        for name in names
    ]
    share = fmt.percent(1 - kept["rows"] / raw["rows"]) if raw["rows"] else fmt.MISSING
    return chart_card(
        "cleaning-ledger",
        "From all lines to sales",
        figure,
        summary=f"{fmt.count(raw['rows'])} lines, {fmt.count(kept['rows'])} of them sales of customers; "
        f"{share} of the lines are taken out.",
        columns=columns,
        rows=rows_of(result, names),
        about=tip(
            "ledger",
            "From all lines to sales",
            "Every line is counted at the first rule in force that it meets, so the steps add up exactly. Lines that "
            "are kept in net revenue or belong to guests are taken out of the sales of customers only.",
            [Fact("Customers", "those whose last line goes with a step"), *facts_of(result)],
        ),
        subtitle=html.Div(tabs(filters, SHOW, MEASURES, measure, label="What the chart counts", small=True)),
        foot=remarks(result),
        height=90 + 34 * (len(steps) + 2),
    )


def figures(result: Result, *, currency: str) -> Component:
    """The numbers that the ledger ends with, and those of the other pages that agree with it."""
    kept, summary = result.summary["kept"], result.summary
    pairs = [
        ("Sales of customers", fmt.money(kept["revenue"], currency), f"{fmt.count(kept['rows'])} lines"),
        ("Customers", fmt.count(kept["customers"]), f"{fmt.count(kept['orders'])} orders"),
        ("Average order", fmt.money(summary["aov"], currency), "of customers"),
        ("Gross revenue", fmt.money(summary["gross_revenue"], currency), "with guests, as on Executive"),
        ("Net revenue", fmt.money(summary["net_revenue"], currency), "after returns, as on Executive"),
    ]
    return html.Dl(
        [html.Div([html.Dt(name), html.Dd([html.Strong(text), html.Span(note)])]) for name, text, note in pairs],
        className="cleaning-figures tabular",
    )


def rules_card(
    choices: Sequence[Choice], result: Result, link: Callable[[str, str], str], chosen: str, *, currency: str
) -> Component:
    """The rules in their order, each with its switch and what it takes. link: (rule, taken or met) -> the view with its
    lines open. chosen: the rule whose lines are open."""
    found = {row.rule: row for row in records(result)}
    head = ("Rule", "What happens to its lines", "Lines", "Revenue", "Customers", "Lines left")
    body = [_row(choice, found[choice.name], link, chosen, currency) for choice in choices]
    raw, kept = result.summary["raw"], result.summary["kept"]
    total = html.Tr(
        [
            html.Th("Sales of customers", scope="row"),
            html.Td(f"of {fmt.count(raw['rows'])} lines"),
            html.Td(
                html.A(fmt.count(kept["rows"]), href=link("kept", "taken"), className="state-link"), className="num"
            ),
            html.Td(fmt.money(kept["revenue"], currency), className="num"),
            html.Td(fmt.count(kept["customers"]), className="num"),
            html.Td("", className="num"),
        ],
        className="is-total",
    )
    table = html.Table(
        [
            html.Caption("Cleaning rules and what they take", className="visually-hidden"),
            html.Thead(
                html.Tr(
                    [html.Th(text, scope="col", className="num" if at > 1 else None) for at, text in enumerate(head)]
                )
            ),
            html.Tbody([*body, total]),
        ],
        className="plain-table cleaning-table tabular",
    )
    return card(
        "Rules",
        html.Div(table, className="cleaning-scroll", tabIndex=0, role="region", **aria(label="Cleaning rules")),
        subtitle="In this order; a line is counted at the first rule that takes it. Click a number to see the lines.",
        about=tip(
            "rules",
            "Rules",
            "A rule that leaves lines out changes every number made of orders: revenue, orders, RFM, lifetime value. "
            "Activity, funnels and retention count what the import stored and stay as they are.",
        ),
    )


def _row(choice: Choice, row: Any, link: Callable[[str, str], str], chosen: str, currency: str) -> Component:
    takes = choice.treatment in TAKING
    lines, money = (row.rows, row.revenue) if takes else (row.met_rows, row.met_revenue)
    which = "taken" if takes else "met"
    number: Component | str = fmt.count(lines)
    if lines:
        number = html.A(
            number,
            href=link(choice.name, which),
            className="state-link",
            **aria(label=f"{fmt.count(lines)} lines: {choice.label}"),
        )
    missing = f"Cannot be told: the file has no {row.missing.replace('_', ' ')}." if row.missing else ""
    quiet = "" if takes else " is-off"
    return html.Tr(
        [
            html.Th(
                [
                    html.Span(choice.label, className="cleaning-name"),
                    html.Span(missing or choice.text, className="hint"),
                ],
                scope="row",
            ),
            html.Td(_switch(choice, disabled=bool(row.missing))),
            html.Td(
                [number, *([html.Span("kept", className="cleaning-kept")] if lines and not takes else [])],
                className="num" + quiet,
            ),
            html.Td(fmt.money(money, currency) if lines else fmt.MISSING, className="num" + quiet),
            html.Td(fmt.count(row.customers) if takes else fmt.MISSING, className="num" + quiet),
            html.Td(fmt.count(row.kept_rows), className="num"),
        ],
        className="is-chosen" if chosen == choice.name else None,
    )


def _switch(choice: Choice, *, disabled: bool) -> Component:
    if len(choice.treatments) == 1:
        return html.Span(choice.treatments[0][1], className="cleaning-fixed")
    control = dbc.Select(
        id={"type": SWITCH, "rule": choice.name},
        value=choice.treatment,
        options=[{"value": value, "label": words} for value, words in choice.treatments],
        disabled=disabled,
        size="sm",
    )
    return labelled(f"What happens to: {choice.label}", control, hidden=True)


def lists_cards(codes: str, aliases: str, suggested: str) -> list[Component]:
    """The list of service codes and the table of country aliases, as text to edit."""
    return [
        card(
            "Codes of services and fees",
            _editor(
                CODES,
                KEEP_CODES,
                "Product codes, one a line",
                codes,
                "Whole product codes, in any case of letters. Words in descriptions are never looked at: they hide "
                "polka dots and postcards.",
                "Keep this list",
            ),
        ),
        card(
            "Names of countries",
            [
                _editor(
                    ALIASES,
                    KEEP_ALIASES,
                    "Name in the file = name to use, one a line",
                    aliases,
                    "Counts, filters and sums by country then use one name. The file itself stays as it is.",
                    "Keep these names",
                ),
                *(
                    [
                        html.Div(
                            [
                                html.P("Found in this data:", className="hint"),
                                html.Pre(suggested, className="cleaning-found"),
                            ]
                        )
                    ]
                    if suggested
                    else []
                ),
            ],
        ),
    ]


def _editor(box: str, button: str, label: str, text: str, hint: str, keep: str) -> Component:
    return html.Div(
        [
            labelled(label, dcc.Textarea(id=box, value=text, rows=6, className="form-control"), help=hint),
            html.Button(keep, id=button, n_clicks=0, type="button", className="btn btn-quiet btn-sm"),
        ],
        className="stack-s",
    )
