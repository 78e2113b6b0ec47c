"""What subscribers are worth: how long they stay, seen and modelled, and what they will pay, per plan."""

from __future__ import annotations

from collections.abc import Callable

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import value_options as names
from dashboard.components.answer import answer
from dashboard.components.chart_card import chart_card, twin_card
from dashboard.components.choice import Option, tabs
from dashboard.components.help import Fact, tip
from dashboard.components.linked_table import Cell, linked_table
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.table import Column, records
from dashboard.components.value_options import Asked
from dashboard.figures import value as figures
from dashboard.filters import Filters
from dashboard.result import Result

Link = Callable[[str], str]
ALL = "All"
MAX_CURVES = 6  # plans whose curve can be chosen
TABLE = ("group", "staying", "left", "churn_rate", "observed", "survival", "fee", "clv", "low", "high", "clv_mean")
TITLES = {
    "group": "Plan",
    "staying": "Still there",
    "left": "Left",
    "churn_rate": "Leave per month",
    "observed": "Stay, seen",
    "survival": "Stay, model",
    "fee": "Per month",
    "clv": "Expected value",
    "low": "From",
    "high": "To",
    "clv_mean": "Per subscriber",
}


def hero(result: Result, asked: Asked, *, currency: str, link: Link, export: str) -> Component:
    """The sentence. result: of ``clv_subscriptions``. export: address of the file of all who are still there."""
    row = records(result)[-1]
    staying = int(row.customers - row.left)
    money = bool(result.summary["in_money"])
    known = row.clv == row.clv
    everybody = f"{fmt.count(staying)} subscribers"
    facts = [
        Fact("Model", "shifted beta-geometric (sBG)"),
        Fact("Interval", "95 %, from the uncertainty of the model's parameters"),
        *facts_of(result),
    ]
    download = html.A(f"Download {everybody} as CSV", href=export, download="", className="btn btn-primary btn-lg")
    href = link(names.token("plan", "staying", ALL))
    if not known:
        return answer(
            "value-answer",
            fmt.count(staying),
            "subscribers are still there",
            label="Subscribers",
            definition="Subscribers who have not left.",
            facts=facts,
            href=href,
            share=f"{fmt.count(int(row.left))} have left: too few for a model of staying (at least 10 of 50).",
            actions=[download],
        )

    def shown(value: float) -> str:
        return fmt.money_short(value, currency) if money else fmt.count(round(value))

    what = "" if money else "payments "
    return answer(
        "value-answer",
        shown(row.clv),
        f"{what}from {everybody} in the next {asked.months} months",
        label="Expected value of subscribers",
        definition="Price per month × margin × the expected number of payments, from how long subscribers of the plan "
        "stay; later payments at today's worth.",
        facts=facts,
        href=href,
        share=f"95 %: {shown(row.low)} to {shown(row.high)} · {fmt.percent(row.churn_rate)} leave per month",
        rule=f"Of new subscribers {fmt.percent(row.survival)} are expected to be there after {asked.months} months.",
        actions=[download],
    )


def curve_card(filters: Filters, result: Result, asked: Asked) -> Component:
    """Seen and modelled share still there. result: ``clv_subscription_curves``."""
    groups = [str(name) for name in result.summary["groups"]]
    group = asked.curve if asked.curve in groups else ALL
    part = result.frame[result.frame["group"] == group]
    at = part[part["month"] == asked.months]
    seen = at["observed"].iloc[0] if len(at) else float("nan")
    model = at["model"].iloc[0] if len(at) else float("nan")
    words = " · ".join(
        text
        for text in (
            f"seen {fmt.percent(seen)}" if seen == seen else "",
            f"model {fmt.percent(model)}" if model == model else "",
        )
        if text
    )
    told = f"After {asked.months} months: {words}" if words else f"Nobody has been watched for {asked.months} months"
    chosen = [Option(ALL, "All"), *(Option(name, name) for name in groups[:-1][:MAX_CURVES])]
    figure = figures.staying(result, group, asked.months)
    names_ = ["group", "month", "observed", "low", "high", "at_risk", "model"]
    titles = ["Plan", "Month", "Seen", "From", "To", "At risk", "Model"]
    return html.Div(
        [
            *([tabs(filters, names.CURVE, chosen, group, label="Whose curve", small=True)] if len(chosen) > 1 else []),
            chart_card(
                "value-staying",
                "How long subscribers stay",
                figure,
                summary=f"{told}.",
                columns=[
                    Column(title, "" if position < 2 else result.units.get(name, ""))
                    for position, (name, title) in enumerate(zip(names_, titles, strict=True))
                ],
                rows=[list(row) for row in part[names_].to_numpy(dtype=object)],
                about=tip(
                    "value-staying",
                    "How long subscribers stay",
                    "Share still there after a number of months: as seen (Kaplan–Meier; those still there count for "
                    "as long as they were watched) and by a model in which the loyal remain (sBG). "
                    "The dotted line is the horizon.",
                    [Fact("Band", "95 %, log-log, where at least 10 are at risk"), *facts_of(result)],
                ),
                subtitle=told,
                foot=remarks(result),
                height=360,
            ),
        ]
    )


def plans_card(result: Result, *, currency: str, link: Link, current: str) -> Component:
    """One row per plan; counts open their people."""
    columns = [Column(TITLES[name], _unit(result, name), currency) for name in TABLE]
    rows: list[list[object | Cell]] = []
    plain: list[list[object]] = []
    open_row = None
    for index, row in enumerate(records(result)):
        staying = int(row.customers - row.left)
        values = {"staying": staying, **{name: getattr(row, name) for name in TABLE if name != "staying"}}
        cells: list[object | Cell] = []
        for name in TABLE:
            if name in ("staying", "left") and values[name]:
                token = names.token("plan", name, row.group)
                open_row = index if token == current else open_row
                word = "still there" if name == "staying" else "left"
                cells.append(Cell(values[name], href=link(token), label=f"{row.group}, {word}"))
            else:
                cells.append(values[name])
        rows.append(cells)
        plain.append([values[name] for name in TABLE])
    return twin_card(
        "value-plans",
        "By plan",
        linked_table(columns, rows, caption="Subscribers by plan", current=open_row),
        columns=columns,
        rows=plain,
        about=tip(
            "value-plans",
            "By plan",
            "Subscribers of each plan, which part stays until the horizon, and what those who are still there are "
            "expected to pay. Plans with fewer than 50 subscribers or 10 who left have no model of their own.",
            facts_of(result),
        ),
        subtitle="Click a number to see exactly these people",
        foot=remarks(result),
    )


def _unit(result: Result, name: str) -> str:
    return "count" if name == "staying" else result.units.get(name, "")
