"""What customers are worth: the answer, what limits it, headline numbers, spread, concentration, groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import value_options as names
from dashboard.components.answer import answer
from dashboard.components.chart_card import chart_card, twin_card
from dashboard.components.choice import tabs
from dashboard.components.help import Fact, tip
from dashboard.components.kpi_card import kpi_card, kpi_row
from dashboard.components.linked_table import Cell, linked_table
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.states import notice
from dashboard.components.table import Column, records, rows_of
from dashboard.components.value_options import Asked
from dashboard.figures import value as figures
from dashboard.filters import Filters
from dashboard.result import Kpi, Result

TABLE = (
    *("group", "customers", "historic", "clv", "low", "high", "clv_share", "clv_mean", "orders", "p_no_purchase"),
    *("p_alive", "value_at_risk"),
)
TITLES = {
    "group": "Group",
    "customers": "Customers",
    "historic": "Value so far",
    "clv": "Predicted value",
    "low": "From",
    "high": "To",
    "clv_share": "Share",
    "clv_mean": "Per customer",
    "orders": "Expected orders",
    "p_no_purchase": "No order, chance",
    "p_alive": "Still a customer, chance",
    "value_at_risk": "Value at risk",
}


def hero(result: Result, asked: Asked, *, currency: str, everybody: str, export: str) -> Component:
    """The sentence. result: of ``clv``. everybody, export: addresses of the list and of the file of all customers."""
    found = result.summary
    customers = int(found["customers"])
    value = fmt.money_short(found["clv"], currency)
    known = found["low"] is not None and found["high"] is not None
    interval = (
        f"95 %: {fmt.money_short(found['low'], currency)} to {fmt.money_short(found['high'], currency)}"
        if known
        else "Too few repeat orders for an interval"
    )
    each = f" · {fmt.money(found['clv'] / customers, currency)} per customer on average" if customers else ""
    who = f"{fmt.count(customers)} customer{'' if customers == 1 else 's'}"
    return answer(
        "value-answer",
        value,
        f"from {who} in the next {asked.months} months",
        label="Predicted value",
        definition="Margin × expected value of an order × expected orders, month by month, each at today's worth; "
        "summed over the customers that the filters choose.",
        facts=[
            Fact("Model", model_name(result)),
            Fact("Interval", "95 %, from the uncertainty of the model's parameters"),
            Fact("Exact value", fmt.money(found["clv"], currency)),
            *facts_of(result),
        ],
        title=fmt.money(found["clv"], currency),
        href=everybody,
        share=interval + each,
        rule=f"{worth(asked)}, as of {fmt.day_iso(result.as_of)}; nothing after {asked.months} months is counted.",
        actions=[
            html.A(
                f"Download {fmt.count(customers)} customers as CSV",
                href=export,
                download="",
                className="btn btn-primary btn-lg",
            )
        ],
    )


def worth(asked: Asked) -> str:
    """What a value is made of, in words."""
    money = "Net revenue" if asked.margin == names.DEFAULT_MARGIN else f"{asked.margin:g} % of net revenue"
    return money if not asked.discount else f"{money} at {asked.discount:g} % interest a year"


def model_name(result: Result) -> str:
    """The models behind a value, for people who know them."""
    if result.summary["model"] != "bgnbd":
        return "everybody's own rate, drawn towards the average"
    money = "Gamma–Gamma" if result.summary.get("value_model") else "own mean drawn towards the average"
    return f"BG/NBD for orders, {money} for their value"


def warnings(result: Result) -> list[Component]:
    """What must be known before the numbers are used: one sentence per check that failed."""
    return [notice(guard["text"], kind="warn") for guard in result.summary["guards"] if not guard["ok"]]


def unwarned(result: Result) -> Result:
    """The result without the notes that :func:`warnings` shows."""
    said = {guard["text"] for guard in result.summary["guards"]}
    return replace(result, notes=tuple(note for note in result.notes if note not in said))


def season_hint(result: Result) -> list[Component]:
    """Last year's weight of the coming months, where the horizon is not whole years."""
    index = result.summary.get("season_index")
    if index is None:
        return []
    return [
        notice(f"A year ago these months had {fmt.number(index)} times the orders of an average month of that year.")
    ]


def cards(
    result: Result, rhythm: Result, concentration: Result, asked: Asked, *, currency: str, link: Link
) -> Component:
    """Headline numbers. rhythm: ``clv`` by rhythm, concentration: ``clv_concentration``."""
    found, facts = result.summary, facts_of(result)
    groups = {row.group: row for row in records(rhythm)}
    steady = groups["In rhythm"]
    customers = f"{fmt.count(found['customers'])} customers"
    made = [
        (
            _kpi(
                "historic", "Value so far", "Net revenue times margin, to date.", "money", found["historic"], currency
            ),
            "",
            customers,
        ),
        (
            _kpi(
                "expected",
                "Expected orders",
                f"Orders (days with an order) expected in the next {asked.months} months.",
                "count",
                round(found["orders"]),
                "",
            ),
            "",
            f"{fmt.number(found['orders'] / max(found['customers'], 1))} per customer",
        ),
        (
            _kpi(
                "rhythm",
                "Value of those in rhythm",
                "Share of the predicted value from customers who have not been silent for longer than their expected "
                "next order takes.",
                "rate",
                _share(steady.clv, found["clv"]),
                "",
            ),
            link(names.token("group", "rhythm", "In rhythm")),
            f"{fmt.count(steady.customers)} of {customers}",
        ),
        (
            _kpi(
                "top",
                "Value of the top tenth",
                "Share of the predicted value from the tenth of customers with the highest one.",
                "rate",
                concentration.summary["top_decile"],
                "",
            ),
            link(names.token("group", "decile", "1")),
            f"{fmt.percent(concentration.summary['top_decile_historic'])} of the value so far",
        ),
        (
            _kpi(
                "at-risk",
                "Value at risk",
                f"Sum over customers of the predicted value times the chance of no order in {asked.months} months.",
                "money",
                found["value_at_risk"],
                currency,
                higher_is_better=False,
            ),
            "",
            f"{fmt.percent(_share(found['value_at_risk'], found['clv']))} of the predicted value",
        ),
    ]
    return kpi_row([kpi_card(kpi, facts=facts, href=href, foot=foot) for kpi, href, foot in made])


Link = Callable[[str], str]


def _kpi(
    key: str,
    label: str,
    definition: str,
    unit: str,
    value: float | None,
    currency: str,
    higher_is_better: bool | None = True,
) -> Kpi:
    return Kpi(f"value-{key}", label, definition, "", unit, higher_is_better, value, currency=currency)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def spread_card(result: Result, *, currency: str) -> Component:
    """Customers per band of predicted value."""
    found = result.summary
    words = (
        f"Half of the customers are worth {fmt.money(found['median'], currency)} or less, "
        f"a tenth {fmt.money(found['p90'], currency)} or more"
        if found["median"] is not None
        else "There is nobody to show"
    )
    return chart_card(
        "value-spread",
        "How value is spread",
        figures.distribution(result, currency=currency),
        summary=f"{words}.",
        columns=[
            Column("From", "money", currency),
            Column("To", "money", currency),
            Column("Customers", "count"),
            Column("Predicted value", "money", currency),
        ],
        rows=rows_of(result, ["low", "high", "customers", "clv"]),
        about=tip(
            "value-spread",
            "How value is spread",
            "Customers by the value predicted for them. The bands grow by a constant factor, so that small and large "
            "values can be seen together.",
            facts_of(result),
        ),
        subtitle=words,
        height=320,
    )


def concentration_card(result: Result) -> Component:
    """The Lorenz curve, from the most valuable customer on."""
    found = result.summary
    half = fmt.percent(found["half"])
    words = f"{half} of the customers hold half of the predicted value" if found["half"] is not None else "No value yet"
    return chart_card(
        "value-concentration",
        "Concentration",
        figures.concentration(result),
        summary=f"{words}; the top tenth holds {fmt.percent(found['top_decile'])}.",
        columns=[
            Column("Most valuable customers", "rate"),
            Column("Predicted value", "rate"),
            Column("So far", "rate"),
        ],
        rows=rows_of(result, ["customers_share", "clv_share", "historic_share"]),
        about=tip(
            "value-concentration",
            "Concentration",
            "Which part of all value the most valuable customers hold. The straight line is what it would be if "
            "everybody were worth the same.",
            [
                Fact("Gini, predicted", fmt.number(found["gini"])),
                Fact("Gini, so far", fmt.number(found["gini_historic"])),
                *facts_of(result),
            ],
        ),
        subtitle=words,
        height=320,
    )


def groups_card(
    filters: Filters, result: Result, asked: Asked, *, currency: str, link: Link, current: str
) -> Component:
    """The groups, each of which opens its customers. result: ``clv`` by ``asked.by``."""
    shown = [name for name in TABLE if name != "p_alive" or result.summary["p_alive_shown"]]
    columns = [Column(TITLES[name], result.units.get(name, ""), currency) for name in shown]
    rows, open_row = [], None
    for index, row in enumerate(records(result)):
        token = names.token("group", asked.by, row.group)
        open_row = index if token == current else open_row
        name = names.group_name(asked.by, row.group)
        cells: list[object | Cell] = [Cell(row.group, text=name)]
        for column in shown[1:]:
            value = getattr(row, column)
            if column == "customers" and value:
                cells.append(Cell(value, href=link(token), label=name))
            else:
                cells.append(value)
        rows.append(cells)
    title = "Customers in groups"
    return twin_card(
        "value-groups",
        title,
        [
            tabs(filters, names.BY, names.GROUPS, asked.by, label="Groups of customers", small=True),
            linked_table(columns, rows, caption=title, current=open_row),
        ],
        columns=columns,
        rows=rows_of(result, shown),
        about=tip(
            "value-groups",
            title,
            "Customers in tenths or thirds of predicted value, by their orders so far, or by whether they are overdue. "
            "From and To are the 95 % interval of the sum; for a single customer chance adds much more to it.",
            [Fact("Model", model_name(result)), *facts_of(result)],
        ),
        subtitle="Click a number of customers to see exactly these people",
        foot=remarks(unwarned(result)),
    )
