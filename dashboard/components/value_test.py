"""Would the prediction have been right? A model of the first part of the data against what customers then did."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.chart_card import chart_card, twin_card
from dashboard.components.help import Fact, tip
from dashboard.components.kpi_card import kpi_card, kpi_row
from dashboard.components.linked_table import linked_table
from dashboard.components.provenance import facts_of
from dashboard.components.states import notice
from dashboard.components.table import Column, rows_of
from dashboard.figures import value as figures
from dashboard.result import Kpi, Result

GOOD = 0.15  # a total met this closely is a good prediction
CHECKS = {
    "degenerate_dropout": "Leaving can be told from silence",
    "correlation": "Orders and their value are unrelated",
    "infinite_mean": "The mean order value is finite",
    "season": "Seasons can be told from growth",
    "drift": "The total of the test was met within 15 %",
    "above_best_year": "No value above 3 × the best year",
    "few_repeaters": "Enough customers who ordered again",
}


def verdict(result: Result) -> Component:
    """How the test went, in words."""
    found = result.summary
    error, money = found["error"], found["value_error"]
    if error is None:
        return notice(
            "Nobody ordered in the part kept for the test, so the prediction could not be tested.", kind="warn"
        )
    good = abs(error) <= GOOD
    met = "met" if good else "missed"
    spent = f" and money by {_signed(money)}" if money is not None else ""
    head = (
        f"The prediction {met} the orders of the last {fmt.count(found['days'])} days: off by {_signed(error)}{spent}. "
    )
    top, past = found["top_decile"], found["top_decile_past"]
    rank = ""
    if top is not None and past is not None:
        gain = top - past
        word = "better than" if gain > 0.01 else "no better than" if gain > -0.01 else "worse than"
        rank = (
            f"As a ranking it is {word} past spend: its top tenth brought {fmt.percent(top)} of the later money, "
            f"the top tenth by past spend {fmt.percent(past)}."
        )
    return notice(head + rank, kind="good" if good else "warn")


def _signed(rate: float) -> str:
    text = fmt.percent(rate)
    return f"+{text}" if rate > 0 else text


def banner(result: Result, href: str) -> Component | None:
    """The sentence above the prediction when its test went badly, with a link to the test."""
    found = result.summary
    if found["error"] is None or abs(found["error"]) <= GOOD:
        return None
    return notice(
        [
            f"Tested on the last {fmt.count(found['days'])} days, this kind of prediction was off by "
            f"{_signed(found['error'])} in orders: it knows no season and no campaigns. ",
            html.A("See the test", href=href, className="state-link"),
        ],
        kind="warn",
    )


def cards(result: Result, *, currency: str) -> Component:
    """Predicted beside actual."""
    found, facts = result.summary, facts_of(result)
    period = f"{fmt.count(found['days'])} days after {fmt.day_iso(found['split_day'])}"
    made = [
        _pair("orders", "Orders", "count", found["predicted"], found["actual"], found["error"], ""),
        _pair(
            "money", "Money", "money", found["predicted_value"], found["actual_value"], found["value_error"], currency
        ),
    ]
    numbers = [kpi_card(kpi, facts=[*facts, Fact("Period", period)], foot=foot) for kpi, foot in made]
    correlation = Kpi(
        "test-correlation",
        "Correlation per customer",
        "Between the orders predicted for each customer and those that came; 1 is perfect, 0 is chance.",
        "",
        "number",
        True,
        found["correlation"],
    )
    naive = f"past orders alone {fmt.number(found['naive'])}" if found["naive"] is not None else ""
    return kpi_row([*numbers, kpi_card(correlation, facts=facts, foot=naive)])


def _pair(
    key: str, label: str, unit: str, predicted: float, actual: float, error: float | None, currency: str
) -> tuple[Kpi, str]:
    shown = round(predicted) if unit == "count" else predicted
    kpi = Kpi(
        f"test-{key}",
        f"{label} predicted",
        f"{label} that the model of the first part expected in the part kept for the test.",
        "",
        unit,
        None,
        shown,
        currency=currency,
    )
    off = f", off by {_signed(error)}" if error is not None else ""
    return kpi, f"{fmt.short(actual, unit, currency=currency)} came{off}"


def decile_card(result: Result, *, currency: str) -> Component:
    """Predicted and actual money per tenth. result: ``clv_backtest`` by decile."""
    frame = result.frame
    first, last = frame.iloc[0], frame.iloc[-1]
    words = (
        f"Top tenth: {fmt.money_short(first['predicted_value'], currency)} predicted, "
        f"{fmt.money_short(first['actual_value'], currency)} came; last tenth "
        f"{fmt.money_short(last['predicted_value'], currency)} and {fmt.money_short(last['actual_value'], currency)}"
    )
    return chart_card(
        "value-test",
        "Predicted and actual money",
        figures.backtest(result, column="value", currency=currency),
        summary=f"{words}.",
        columns=[
            Column("Tenth"),
            Column("Customers", "count"),
            Column("Orders predicted", "number"),
            Column("Orders", "number"),
            Column("Money predicted", "money", currency),
            Column("Money", "money", currency),
        ],
        rows=rows_of(result, ["decile", "customers", "predicted", "actual", "predicted_value", "actual_value"]),
        about=tip(
            "value-test",
            "Predicted and actual money",
            "Customers known at the split in tenths of predicted value: what the model expected of each tenth in the "
            "part kept for the test, and what it brought.",
            facts_of(result),
        ),
        subtitle=words,
        height=330,
    )


def class_card(result: Result) -> Component:
    """Predicted and actual orders by the number of repeat orders at the split. result: by class."""
    return chart_card(
        "value-test-orders",
        "Predicted and actual orders",
        figures.backtest(result, column="orders"),
        summary="Mean orders per customer in the part kept for the test, by repeat orders before it.",
        columns=[
            Column("Repeat orders"),
            Column("Customers", "count"),
            Column("Predicted per customer", "number"),
            Column("Actual per customer", "number"),
        ],
        rows=rows_of(result, ["x", "customers", "predicted", "actual"]),
        about=tip(
            "value-test-orders",
            "Predicted and actual orders",
            "Customers by how often they had come back before the split; the mean of their orders after it.",
            facts_of(result),
        ),
        subtitle="Per customer, by repeat order days before the split",
        height=330,
    )


def models_card(result: Result) -> Component:
    """The model beside a second one and beside counting, and the parameters with their intervals."""
    found = result.summary
    actual = found["actual"]
    check = found["check_predicted"]
    off = check / actual - 1 if check is not None and actual else None
    rows = [
        [
            "BG/NBD" if found["model"] == "bgnbd" else "Averages",
            found["predicted"],
            found["error"],
            found["correlation"],
        ],
        ["Pareto/NBD (check)", check, off, found["check"]],
        ["Past number of orders", None, None, found["naive"]],
    ]
    columns = [Column("Model"), Column("Orders predicted", "number"), Column("Off by", "rate"), Column("r", "number")]
    fit = found["order_model"]
    settings = [
        [name, value, *(fit["intervals"][name] if fit["standard_errors"][name] is not None else (None, None))]
        for name, value in fit["parameters"].items()
    ]
    parameter_columns = [
        Column("Parameter"),
        Column("Value", "number"),
        Column("From", "number"),
        Column("To", "number"),
    ]
    missing = "" if check is not None else "The second model is fitted only where leaving can be told from silence."
    return twin_card(
        "value-models",
        "Models side by side",
        [
            linked_table(columns, rows, caption="Models side by side"),
            html.H3("Parameters of the model of orders", className="card-part"),
            linked_table(parameter_columns, settings, caption="Parameters"),
        ],
        columns=columns,
        rows=rows,
        about=tip(
            "value-models",
            "Models side by side",
            "Two models that are built on different ideas of how customers leave, and the plain count of past orders. "
            "r is the correlation with the orders that came. Intervals are 95 %.",
            facts_of(result),
        ),
        subtitle=f"{fmt.count(fit['customers'])} customers with an order up to {fmt.day_iso(found['split_day'])}",
        foot=missing,
    )


def checks_card(result: Result, test: Result) -> Component:
    """Every check with what was measured. result: ``clv``; test: ``clv_backtest``."""
    guards = {guard["code"]: guard for guard in (*test.summary["guards"], *result.summary["guards"])}
    rows = [
        [CHECKS.get(code, code), "Yes" if guard["ok"] else "No", guard["value"], guard["text"]]
        for code, guard in guards.items()
    ]
    columns = [Column("Check"), Column("Holds"), Column("Measured", "number"), Column("What follows")]
    items = [
        html.Li(
            [
                html.Span(
                    "✓" if row[1] == "Yes" else "!", className=f"check-mark is-{'ok' if row[1] == 'Yes' else 'bad'}"
                ),
                html.Span([html.Strong(f"{row[0]}: {str(row[1]).lower()}. "), str(row[3])]),
            ]
        )
        for row in rows
    ]
    return twin_card(
        "value-checks",
        "What was checked",
        html.Ul(items, className="checks"),
        columns=columns,
        rows=rows,
        about=tip("value-checks", "What was checked", "What the models assume, tested on these data.", facts_of(test)),
    )
