"""The lines behind a rule, a page at a time, and how the prices of products behave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.bar_list import Bar, bar_list
from dashboard.components.chart_card import card, twin_card
from dashboard.components.help import Fact, tip
from dashboard.components.labelled import aria
from dashboard.components.links import view_link
from dashboard.components.provenance import facts_of
from dashboard.components.states import empty
from dashboard.components.table import Column, plain_table, rows_of
from dashboard.filters import Filters
from dashboard.result import Result

RULE, WHICH, FROM = "rule", "which", "from"  # options of the URL
BEHAVIOUR = "price"
PAGE_ROWS, PRODUCTS = 25, 20  # drawn at once: many cells hold a browser up; the files have all
ANCHOR = "lines"
TITLES = {
    "user_id": "Customer",
    "order_time": "Time",
    "order_id": "Order",
    "product_id": "Product",
    "description": "Description",
    "quantity": "Quantity",
    "unit_price": "Unit price",
    "amount": "Value",
    "country": "Country",
    "purchase": "Taken off order",
}
MEANING = {
    "normal": "nearly every line has the usual price",
    "promotional": "mostly the usual price, else nearly always below it",
    "one-off change": "one price up to a day, another one since",
    "zero or manual": "a service, or given away as often as sold",
    "complex": "several prices side by side, as for large quantities",
}


def lines_link(filters: Filters, rule: str, which: str, first: int = 0) -> str:
    """The view with the lines of a rule open below."""
    opened = filters.with_option(RULE, rule).with_option(WHICH, which if which == "met" else None)
    return view_link(opened.with_option(FROM, str(first) if first else None)) + f"#{ANCHOR}"


def lines_card(
    filters: Filters, result: Result, title: str, rule: str, which: str, first: int, *, dataset: str, currency: str
) -> Component:
    """result: the insight ``cleaning_rows`` from line ``first`` on. dataset: for the download of all of them."""
    total = int(result.summary["total"])
    names = [str(name) for name in result.frame.columns]
    columns = [Column(TITLES[name], result.units.get(name, ""), currency) for name in names]
    last = first + len(result.frame)
    closed = filters.with_option(RULE, None).with_option(WHICH, None).with_option(FROM, None)
    moves = [
        (text, at)
        for text, at in (("Previous", first - PAGE_ROWS), ("Next", first + PAGE_ROWS))
        if (text == "Previous" and first > 0) or (text == "Next" and last < total)
    ]
    tools = [
        *(
            html.A(text, href=lines_link(filters, rule, which, max(0, at)), className="btn btn-quiet btn-sm state-link")
            for text, at in moves
        ),
        html.A(
            "Download all lines (CSV)",
            href=f"/export/cleaning.csv?dataset={dataset}&rule={rule}&which={which}",
            download="",
            className="btn btn-quiet btn-sm",
        ),
        html.A("Close", href=view_link(closed), className="btn btn-ghost btn-sm state-link"),
    ]
    table = (
        plain_table(columns, rows_of(result, names), caption=title)
        if total
        else empty("No line of this data meets the rule.", height=120)
    )
    span = f"{fmt.count(first + 1)} to {fmt.count(last)} of " if total > len(result.frame) else ""
    return card(
        title,
        html.Div(table, className="cleaning-scroll", tabIndex=0, role="region", **aria(label=f"Lines: {title}")),
        subtitle=html.Span([span, html.Strong(fmt.count(total), id="cleaning-total"), " lines"], role="status"),
        tools=tools,
    )


def prices_card(
    filters: Filters, result: Result, behaviours: Sequence[str], chosen: str, *, dataset: str, currency: str
) -> Component:
    """How many products behave how, and the products of the chosen kind. result: ``price_behaviour``."""
    counts: Mapping[str, int] = result.summary["counts"]
    revenue: Mapping[str, float] = result.summary["revenue"]
    products = int(result.summary["products"])
    bars = [
        Bar(
            name.capitalize(),
            fmt.count(counts[name]),
            counts[name],
            share=fmt.percent(counts[name] / products) if products else "",
            href=view_link(filters.with_option(BEHAVIOUR, None if name == chosen else name)),
            note=f"{MEANING[name]}; {fmt.money_short(revenue[name], currency)}",
            current=name == chosen,
        )
        for name in behaviours
    ]
    names = ["product", "behaviour", "lines", "revenue", "usual_price", "usual_share", "below_share", "above_share"]
    names = [*names, "lowest", "highest", "free_lines", "old_price", "new_price", "changed_on"]
    titles = {"behaviour": "Price", "free_lines": "Given away", "changed_on": "Changed on"}
    columns = [
        Column(titles.get(name) or name.replace("_", " ").capitalize(), result.units.get(name, ""), currency)
        for name in names
    ]
    shown = [*names[:5], "usual_share", "below_share"]
    top = rows_of(result, shown)[:12]
    everything = f"/export/prices.csv?dataset={dataset}" + (f"&price={quote(chosen)}" if chosen else "")
    return twin_card(
        "cleaning-prices",
        "How prices behave",
        [
            bar_list(bars, label="Products by the behaviour of their price", value_title="Products"),
            html.H3((chosen or "all products").capitalize(), className="cleaning-sub"),
            html.P(
                [
                    "The 12 with most revenue. ",
                    html.A("Download all of them (CSV)", href=everything, download="", className="state-link"),
                ],
                className="hint",
            ),
            html.Div(
                plain_table([columns[names.index(name)] for name in shown], top, caption="Products and their prices"),
                className="cleaning-scroll",
                tabIndex=0,
                role="region",
                **aria(label="Products and their prices"),
            ),
        ],
        columns=columns,
        rows=rows_of(result, names),
        about=tip(
            "prices",
            "How prices behave",
            "Per product, over the lines that sell something: the usual price is the one most lines have. "
            + " ".join(f"{name.capitalize()}: {text}." for name, text in MEANING.items()),
            [
                Fact("Normal", "95 % of the lines or more at the usual price"),
                Fact("One-off change", "two prices with 95 % of the lines, one wholly before the other"),
                Fact("Promotional", "60 % at the usual price, 80 % of the others below it, at least 5 lines"),
                *facts_of(result),
            ],
        ),
        subtitle=f"{fmt.count(products)} products; click a kind to see its products",
    )
