"""Who may leave: the answer, what to know before believing it, bands with their people, spread of risk, drivers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import churn_options as names
from dashboard.components.answer import answer
from dashboard.components.chart_card import card, chart_card, twin_card
from dashboard.components.churn_options import Asked
from dashboard.components.help import Fact, tip
from dashboard.components.kpi_card import kpi_card, kpi_row
from dashboard.components.linked_table import Cell, linked_table
from dashboard.components.links import LIST, view_link
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.states import empty, notice
from dashboard.components.table import Column, records, rows_of
from dashboard.figures import churn as figures
from dashboard.filters import Filters
from dashboard.result import Kpi, Result

Link = Callable[[str], str]
MEANING = {
    "at risk": "People whose probability of leaving is far above everybody's.",
    "watch": "People whose probability of leaving is above everybody's.",
    "healthy": "People whose probability of leaving is below everybody's.",
}
TIER = {"at risk": "Overdue", "watch": "Late", "healthy": "On time"}


def hero(result: Result, risky: Result, *, currency: str, link: Link, export: str) -> Component:
    """The sentence. result: of ``churn``; risky: of ``churn_people`` at risk. export: address of the file of them."""
    found = result.summary
    people, at_risk = int(found["people"]), int(found["bands"]["at risk"])
    value = risky.summary["value_at_risk"]
    money = f"; {fmt.money_short(value, currency)} of value" if value is not None else ""
    share = fmt.percent(at_risk / people) if people else fmt.MISSING
    expected = (
        f" · {fmt.count(round(found['expected']))} of all are expected to leave"
        if found["expected"] is not None
        else ""
    )
    return answer(
        "churn-answer",
        fmt.count(at_risk),
        f"of {fmt.count(people)} people at risk of leaving{money}",
        label="People at risk",
        definition="People who have not left and whose probability of leaving is above the limit. Value at risk is the "
        "probability times the value predicted for them.",
        facts=[Fact("Leaving", found["definition"]), Fact("Limit", limits(result)), *facts_of(result)],
        href=link(names.band_token("at risk")),
        share=f"{share} of those who are still there{expected}",
        rule=found["definition"],
        actions=[
            html.A(
                f"Download {fmt.count(at_risk)} people as CSV",
                href=export,
                download="",
                className="btn btn-primary btn-lg",
            )
        ],
    )


def limits(result: Result) -> str:
    """From which probability the bands begin, in words."""
    watch, risk = result.summary["watch_from"], result.summary["risk_from"]
    if watch is None or risk is None:
        return "silence against the own rhythm: up to once, up to twice, and more than twice the usual gap"
    return f"watch from {fmt.percent(watch)}, at risk from {fmt.percent(risk)}"


def warnings(filters: Filters, result: Result, asked: Asked) -> list[Component]:
    """What to know before believing the numbers; a column that knows the answer can be used or left out."""
    said: list[Component] = []
    if result.summary["model"] == "rules":
        said.append(notice(result.summary["why"], kind="warn"))
    base = filters.with_option(LIST, None)
    for warning in result.summary["warnings"]:
        parts: list[Component | str] = [f"{warning['text']} "]
        column = warning["column"]
        if warning["code"] == "leak":
            used = column in asked.keep
            text = "Leave it out" if used else "Use it anyway"
            href = view_link(names.with_column(base, names.KEEP, column, on=not used))
            parts.append(html.A(text, href=href, className="state-link"))
        elif column:
            href = view_link(names.with_column(base, names.DROP, column, on=True))
            parts.append(html.A(f"Try without “{column}”", href=href, className="state-link"))
        said.append(notice(parts, kind="warn"))
    for column in asked.drop:
        href = view_link(names.with_column(base, names.DROP, column, on=False))
        link = html.A("Use it again", href=href, className="state-link")
        said.append(notice([f"The model does without “{column}”. ", link]))
    return said


def cards(result: Result, *, currency: str, link: Link) -> Component:
    """People per band, and what they mean together."""
    found, facts = result.summary, facts_of(result)
    people = int(found["people"])
    made = []
    for band in names.BANDS:
        count = int(found["bands"][band])
        kpi = Kpi(f"churn-{band.replace(' ', '-')}", names.BAND_NAMES[band], MEANING[band], "", "count", None, count)
        share = f"{fmt.percent(count / people)} of {fmt.count(people)}" if people else ""
        about = [Fact("Limit", limits(result)), *facts]
        made.append(kpi_card(kpi, facts=about, href=link(names.band_token(band)) if count else "", foot=share))
    expected = Kpi(
        "churn-expected",
        "Expected to leave",
        "The sum of the probabilities of everybody who is still there.",
        "",
        "count",
        False,
        round(found["expected"]) if found["expected"] is not None else None,
        note="" if found["expected"] is not None else "Rules give no probabilities.",
    )
    when = f"in {found['window']} days" if found["window"] else "nobody knows when"
    made.append(kpi_card(expected, facts=facts, foot=when))
    if found["value_at_risk"] is not None:
        value = Kpi(
            "churn-value",
            "Value at risk, all",
            "Probability of leaving times predicted value, summed over everybody who is still there.",
            "",
            "money",
            False,
            found["value_at_risk"],
            currency=currency,
        )
        made.append(kpi_card(value, facts=facts, foot="probability × predicted value"))
    return kpi_row(made)


def no_value(result: Result) -> list[Component]:
    """Why there is no money, where there is none."""
    return [notice(result.summary["no_value"])] if result.summary["no_value"] else []


def spread_card(curves: Result, result: Result) -> Component:
    """How risk spreads among people who are still there. curves: of ``churn_curves``; result: of ``churn``."""
    part = curves.frame[curves.frame["curve"] == "risk"]
    title = "Risk of everybody who is still there"
    if not len(part):
        return card(
            title, empty("Rules give no probabilities.", hint="The bands are by silence against the own rhythm.")
        )
    found = result.summary
    words = limits(result)
    rows = [[f"{x:.0%} to {x + 0.05:.0%}", int(n)] for x, n in zip(part["x"], part["people"], strict=True)]
    return chart_card(
        "churn-spread",
        title,
        figures.spread(curves, found["watch_from"], found["risk_from"]),
        summary=f"People by probability of leaving: {words}.",
        columns=[Column("Probability"), Column("People", "count")],
        rows=rows,
        about=tip(
            "churn-spread",
            title,
            "People who have not left by the probability that they will. The bands begin at the share who left in the "
            "test and at three times its odds, unless you set another limit.",
            facts_of(result),
        ),
        subtitle=words[:1].upper() + words[1:],
        height=330,
    )


def drivers_card(result: Result) -> Component:
    """What goes with leaving. result: of ``churn_drivers``."""
    title = "What goes with leaving"
    if not len(result.frame):
        return card(title, empty("Without a model there are no drivers.", hint="Rules look at silence only."))
    first = result.frame.iloc[0]
    columns = ["group", "importance", "share", "effect", "feature", "text", "raised", "lowered"]
    heads = ["Group", "Importance", "Share", "Effect", "Leading feature", "In words", "Raised for", "Lowered for"]
    sentences = html.Ul([html.Li(row.text) for row in records(result)[:4]], className="remarks")
    return chart_card(
        "churn-drivers",
        title,
        figures.drivers(result),
        summary=f"Strongest: {first['text']}",
        columns=[Column(head, result.units.get(name, "")) for name, head in zip(columns, heads, strict=True)],
        rows=rows_of(result, columns),
        about=tip(
            "churn-drivers",
            title,
            "How much each group of features moves the probability, on average over people. The side says which way "
            "its leading feature points. Groups belong together because their features say the same.",
            [Fact("Not causes", "these are associations"), *facts_of(result)],
        ),
        subtitle="Associations, not causes; bars to the right go with leaving",
        foot=sentences,
        height=figures.drivers_height(result),
    )


def bands_card(result: Result, *, link: Link, current: str) -> Component:
    """The bands as a table; with rules, what became of such people in the test."""
    found = result.summary
    people = int(found["people"])
    tiers = {tier["name"]: tier for tier in found["tiers"]}
    columns = [Column("Band"), Column("People", "count"), Column("Share", "rate"), Column("Means")]
    if tiers:
        columns += [Column("Left in the test", "rate"), Column("From", "rate"), Column("To", "rate")]
    rows: list[list[object | Cell]] = []
    plain: list[list[object]] = []
    open_row = None
    for index, band in enumerate(names.BANDS):
        count = int(found["bands"][band])
        token = names.band_token(band)
        open_row = index if token == current else open_row
        tier = tiers.get(TIER[band])
        values: list[object] = [
            names.BAND_NAMES[band],
            count,
            count / people if people else None,
            tier["meaning"] if tier else _range(found, band),
        ]
        if tiers:
            values += [tier["rate"], tier["low"], tier["high"]] if tier else [None, None, None]
        plain.append(values)
        shown: list[object | Cell] = list(values)
        if count:
            shown[1] = Cell(count, href=link(token), label=names.BAND_NAMES[band])
        rows.append(shown)
    return twin_card(
        "churn-bands",
        "Risk bands",
        linked_table(columns, rows, caption="Risk bands", current=open_row),
        columns=columns,
        rows=plain,
        about=tip(
            "churn-bands", "Risk bands", "Everybody who is still there is in exactly one band.", facts_of(result)
        ),
        subtitle="Click a number to see exactly these people",
        foot=remarks(result),
    )


def _range(found: dict[str, Any], band: str) -> str:
    watch, risk = found["watch_from"], found["risk_from"]
    if watch is None or risk is None:
        return "silence against the own rhythm"
    return {
        "at risk": f"probability of {fmt.percent(risk)} or more",
        "watch": f"probability of {fmt.percent(watch)} to {fmt.percent(risk)}",
        "healthy": f"probability below {fmt.percent(watch)}",
    }[band]
