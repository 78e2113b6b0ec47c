"""Cohorts by revenue: what customers of a month have brought so far, month after month."""

from __future__ import annotations

from collections.abc import Callable

from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import value_options as names
from dashboard.components.chart_card import chart_card, twin_card
from dashboard.components.help import tip
from dashboard.components.linked_table import Cell, linked_table
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.table import Column, records
from dashboard.figures import value as figures
from dashboard.result import Result

MARKS = (0, 1, 3, 6, 12)  # months after the first order that the table shows


def month_name(cohort: str) -> str:
    """``Dec 2010`` of a cohort."""
    return " ".join(fmt.day_iso(cohort).split()[1:]) or cohort


def curve_card(result: Result, *, currency: str) -> Component:
    """Revenue so far per customer. result: ``retention`` with revenue by month."""
    pooled = [item for item in result.summary["curve"] if item.get("per_member") is not None]
    words = (
        f"All cohorts: {fmt.money(pooled[0]['per_member'], currency)} in the first month, "
        f"{fmt.money(pooled[-1]['per_member'], currency)} after {pooled[-1]['k']} months"
        if pooled
        else "No month is over yet"
    )
    drawn = set(list(dict.fromkeys(result.frame["cohort"]))[-figures.MAX_COHORTS :])
    rows = [
        [month_name(row.cohort), int(row.k), int(row.members), row.cumulative, row.per_member]
        for row in records(result)
        if row.complete and row.cohort in drawn
    ]
    found = {str(cohort): month_name(str(cohort)) for cohort in result.frame["cohort"].unique()}
    return chart_card(
        "value-cohorts",
        "Revenue so far per customer",
        figures.cohort_lines(result, currency=currency, names=found),
        summary=f"{words}.",
        columns=[
            Column("Cohort"),
            Column("Months later", "count"),
            Column("Customers", "count"),
            Column("Revenue so far", "money", currency),
            Column("Per customer", "money", currency),
        ],
        rows=rows,
        about=tip(
            "value-cohorts",
            "Revenue so far per customer",
            "Customers by the month of their first order: everything they brought up to a month, divided by all of "
            "them. Months that are not over are left out. The strong line pools the cohorts that are old enough.",
            facts_of(result),
        ),
        subtitle=words,
        height=360,
    )


def table_card(result: Result, *, currency: str, link: Callable[[str], str], current: str) -> Component:
    """One row per cohort; its number of customers opens them."""
    cells = {(row.cohort, int(row.k)): row for row in records(result) if row.complete}
    cohorts = list(dict.fromkeys(str(cohort) for cohort in result.frame["cohort"]))
    last = max((k for _, k in cells), default=0)
    marks = [k for k in MARKS if k <= last]
    columns = [
        Column("First order"),
        Column("Customers", "count"),
        *(
            Column("First month" if k == 0 else f"After {k} month{'s' if k > 1 else ''}", "money", currency)
            for k in marks
        ),
        Column("So far", "money", currency),
        Column("Revenue so far", "money", currency),
    ]
    rows: list[list[object | Cell]] = []
    plain: list[list[object]] = []
    open_row = None
    for index, cohort in enumerate(reversed(cohorts)):
        own = result.frame[result.frame["cohort"] == cohort]
        members, latest = int(own["members"].iloc[0]), own.iloc[-1]
        token = names.token("cohort", cohort)
        open_row = index if token == current else open_row
        money = [cells[cohort, k].per_member if (cohort, k) in cells else None for k in marks]
        so_far = [latest["per_member"], latest["cumulative"]]
        name = month_name(cohort)
        rows.append([name, Cell(members, href=link(token), label=f"first order in {name}"), *money, *so_far])
        plain.append([name, members, *money, *so_far])
    return twin_card(
        "value-cohort-table",
        "Cohorts",
        linked_table(columns, rows, caption="Cohorts by revenue", current=open_row),
        columns=columns,
        rows=plain,
        about=tip(
            "value-cohort-table",
            "Cohorts",
            "Customers by the month of their first order, and what they brought per customer up to some months later. "
            "So far includes the running month.",
            facts_of(result),
        ),
        subtitle="Per customer; click a number of customers to see exactly these people",
        foot=remarks(result),
    )
