"""The turning point: which early behaviour goes with coming back, how sure that is, and who is one step below it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.aha_options import BEHAVIOUR, Asked, below_token, cell_token, key_of
from dashboard.components.chart_card import chart_card, twin_card
from dashboard.components.choice import Option, choice
from dashboard.components.help import Fact, tip
from dashboard.components.labelled import aria
from dashboard.components.matrix import Cell, matrix
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.states import notice, state
from dashboard.components.table import Column, records
from dashboard.figures import aha as figures
from dashboard.filters import Filters
from dashboard.result import Result

Link = Callable[[str], str]
NOT_CAUSE = (
    "This is an association, not a cause: people who would have come back anyway may also be those who do more at the "
    "start. Only an experiment shows what happens when more people do it."
)
MAX_ROWS = 25
STRONG = 1.0  # log risk ratio (about 2.7 times) with the full shade


def cards(filters: Filters, result: Result, asked: Asked, link: Link) -> list[Component]:
    """Everything about the insight ``aha``."""
    if not result.summary["observed"] or result.frame.empty:
        return [
            state(
                "Nobody has been observed for long enough.",
                "People must be seen early and again days later.",
                hint="Choose earlier days for coming back, or add data over a longer time.",
                height=260,
            ),
            notice(NOT_CAUSE),
        ]
    chosen = _chosen(result, asked)
    return [
        headline(result, link),
        ranking_card(result, link),
        html.Div(
            [heat_card(filters, result, chosen, link), threshold_card(result, chosen)],
            className="halves",
        ),
    ]


def _chosen(result: Result, asked: Asked) -> str:
    """Key of the behaviour looked at closely: the chosen one, else the first in rank, else the first."""
    ranked = sorted(records(result), key=lambda row: (row.rank == 0, row.rank, not row.best))
    keys = list(dict.fromkeys(key_of(row.kind, row.behaviour) for row in ranked))
    return asked.behaviour if asked.behaviour in keys else keys[0]


def words_of(row: Any) -> str:
    """``played 3 times or more in the first 3 days``."""
    within = "on the first day" if row.days == 1 else f"in the first {row.days} days"
    if row.kind == "distinct":
        return f"{row.at_least} or more different values of {row.behaviour} {within}"
    times = "at least once" if row.at_least == 1 else f"{row.at_least} times or more"
    return f"{row.behaviour} {times} {within}"


def ratio_text(value: float | None, low: float | None, high: float | None) -> str:
    """``1.70 × (1.58–1.82)``."""
    if value is None or value != value:
        return fmt.MISSING
    if low is None or high is None or low != low or high != high:
        return f"{value:.2f} ×"
    return f"{value:.2f} × ({low:.2f}–{high:.2f})"


def headline(result: Result, link: Link) -> Component:
    """The first in rank as a sentence, with what it does not mean."""
    found = result.summary
    base = (
        f"{fmt.percent(found['base_rate'])} of {fmt.count(found['observed'])} people came back in days "
        f"{found['from_day']}–{found['to_day']}"
    )
    leader = next((row for row in records(result) if row.rank == 1), None)
    if leader is None:
        body = [
            html.P("No turning point stands out.", className="aha-lead"),
            html.P(f"{base}. No early behaviour sets them apart beyond chance and with enough people on both sides."),
        ]
    else:
        best = found["best"]
        body = [
            html.P(
                [
                    "People with ",
                    html.Strong(words_of(leader)),
                    f" came back {ratio_text(best['risk_ratio'], best['low'], best['high'])} as often as the others.",
                ],
                className="aha-lead",
            ),
            html.P(
                f"{base}. {fmt.percent(best['reach'])} do it. Against the average person it is "
                f"{best['versus_average']:.2f} ×."
                + (
                    f" Something unseen would have to be {best['e_value']:.2f} × as frequent on both sides to explain "
                    "it away."
                    if best["e_value"]
                    else ""
                )
            ),
            html.A(
                "People one step below",
                href=link(below_token(leader.kind, leader.behaviour, leader.at_least, leader.days)),
                className="btn btn-primary btn-sm state-link no-print",
            ),
        ]
    return html.Section(
        [*body, notice(NOT_CAUSE, kind="warn")], className="panel panel-body aha-head", **aria(label="Turning point")
    )


def ranking_card(result: Result, link: Link) -> Component:
    """The best cell of every behaviour, the recommended ones first."""
    shown = sorted(
        (row for row in records(result) if row.best or row.rank),
        key=lambda row: (row.rank == 0, row.rank, -abs(row.phi) if row.phi == row.phi else 0.0),
    )
    split = bool(result.summary["split"])
    body = [_ranked(row, split, link) for row in shown[:MAX_ROWS]]
    heads = [
        "Came back with it, against without",
        "Reach",
        "phi",
        "q",
        "Within groups (odds ratio)",
        "Verdict",
        "Lists",
    ]
    numeric = {"Reach", "phi", "q"}
    table = html.Div(
        html.Table(
            [
                html.Caption("Behaviours in the order of their strength", className="visually-hidden"),
                html.Thead(
                    html.Tr(
                        [
                            html.Th("#", scope="col", className="num"),
                            html.Th("Behaviour", scope="col"),
                            *(
                                html.Th(text, scope="col", className="num" if text in numeric else None)
                                for text in heads
                            ),
                        ]
                    )
                ),
                html.Tbody(body),
            ],
            className="accounts aha-table tabular",
        ),
        className="accounts-box",
        role="region",
        tabIndex=0,
        **aria(label="Behaviours"),
    )
    names = ["kind", "behaviour", "at_least", "days", "tp", "fp", "fn", "tn", "reach", "ppv", "sensitivity", "phi",
             "risk_ratio", "low", "high", "q_value", "held_risk_ratio", "held_low", "held_high",
             "adjusted_odds_ratio", "adjusted_low", "adjusted_high", "label", "rank"]  # fmt: skip
    texts = {"kind", "behaviour", "label"}
    strata = ", ".join(result.summary["strata"]) or "none"
    return twin_card(
        "aha",
        "Early behaviours and coming back",
        table,
        columns=[
            Column(name.replace("_", " "), "" if name in texts else result.units.get(name, "number")) for name in names
        ],
        rows=[[getattr(row, name) for name in names] for row in shown],
        about=tip(
            "aha",
            "Early behaviours and coming back",
            "For each behaviour the threshold that one half of the people likes most; the risk ratio and its interval "
            "are those of the other half. Grey rows are no recommendation, the verdict says why. Only people observed "
            "until the end of the later window count, and doing ends before coming back begins.",
            [
                Fact("Came back", f"days {result.summary['from_day']} to {result.summary['to_day']} after first seen"),
                Fact("Tested", f"{fmt.count(result.summary['tested'])} cells, Benjamini–Hochberg, q = .05"),
                Fact("Within groups of", strata),
                Fact("phi", "below .2 weak, .2 to .3 slight, .3 to .4 moderate, from .4 strong; a hint only"),
                *facts_of(result),
            ],
        ),
        subtitle=f"{fmt.count(result.summary['tested'])} cells tested together; within groups of: {strata}",
        foot=remarks(result),
    )


def _ranked(row: Any, split: bool, link: Link) -> Component:
    prefix = "held_" if split else ""
    ratio = ratio_text(*(float(getattr(row, f"{prefix}{name}")) for name in ("risk_ratio", "low", "high")))
    adjusted = ratio_text(row.adjusted_odds_ratio, row.adjusted_low, row.adjusted_high).replace(" ×", "")
    verdict = "May be a turning point" if row.recommended else row.why or row.label
    here = (row.kind, row.behaviour, row.at_least, row.days)
    return html.Tr(
        [
            html.Td(str(row.rank) if row.rank else fmt.MISSING, className="num"),
            html.Th(words_of(row), scope="row"),
            html.Td(ratio),
            html.Td(fmt.percent(row.reach), className="num"),
            html.Td(_two(row.phi), className="num"),
            html.Td(fmt.p_value(row.q_value).removeprefix("p ").removeprefix("= "), className="num"),
            html.Td(adjusted),
            html.Td(verdict, className="aha-why"),
            html.Td(
                [
                    *_list_link(fmt.count(row.tp), "did it and came back", cell_token("tp", *here), link, row.tp, here),
                    " · ",
                    *_list_link(fmt.count(row.fp), "did it only", cell_token("fp", *here), link, row.fp, here),
                    " · ",
                    html.A(
                        "one below",
                        href=link(below_token(*here)),
                        className="state-link",
                        **aria(label=f"one below: {words_of(row)}"),
                    ),
                ],
                className="aha-lists",
            ),
        ],
        className="" if row.recommended else "is-refused",
    )


def _list_link(text: str, what: str, token: str, link: Link, people: int, here: Sequence[Any]) -> list[Component | str]:
    if not people:
        return [f"{text} {what}"]
    return [
        html.A(
            text,
            href=link(token),
            className="state-link",
            title=what,
            **aria(label=f"{text} people {what}: {here[1]}, {here[2]} or more, {here[3]} days"),
        ),
        f" {what}",
    ]


def _two(value: float) -> str:
    return fmt.MISSING if value != value else f"{value:.2f}".replace("-", "−")


def heat_card(filters: Filters, result: Result, chosen: str, link: Link) -> Component:
    """Risk ratio by how often and in how many days, of one behaviour; refused cells are grey."""
    rows = [row for row in records(result) if key_of(row.kind, row.behaviour) == chosen]
    found = {(row.days, row.at_least): row for row in rows}
    days, counts = sorted({row.days for row in rows}), sorted({row.at_least for row in rows})
    cells = [[_heat(found.get((day, n)), link) for n in counts] for day in days]
    keys = list(dict.fromkeys(key_of(row.kind, row.behaviour) for row in records(result)))
    options = [Option(key, key.partition(":")[2], "values" if key.startswith("distinct") else "") for key in keys]
    return twin_card(
        "aha-heat",
        "How often, in how many days",
        matrix(
            ["First day" if day == 1 else f"First {day} days" for day in days],
            [f"{n} or more" for n in counts],
            cells,
            caption="Risk ratio by number of times and days",
            corner="Days ╲ times",
        ),
        columns=[
            Column("Days"),
            Column("At least"),
            Column("Risk ratio", "number"),
            Column("From", "number"),
            Column("To", "number"),
            Column("Reach", "rate"),
            Column("Verdict"),
        ],
        rows=[
            [row.days, row.at_least, row.risk_ratio, row.low, row.high, row.reach, row.why or "may be a turning point"]
            for row in rows
        ],
        about=tip(
            "heat",
            "How often, in how many days",
            "How many times as often people with the behaviour came back as people without it. Cells without colour "
            "are no recommendation: too few or nearly all people do it, or chance can explain it.",
            facts_of(result),
        ),
        subtitle=html.Div(choice(filters, BEHAVIOUR, "Behaviour", options, chosen, default=""), className="inline"),
    )


def _heat(row: Any, link: Link) -> Cell:
    if row is None:
        return Cell(fmt.MISSING, note="nobody")
    known = row.risk_ratio == row.risk_ratio and row.risk_ratio > 0
    weight = max(-1.0, min(1.0, math.log(row.risk_ratio) / STRONG)) if known and row.label == "" else 0.0
    return Cell(
        text=f"{row.risk_ratio:.2f} ×" if known else fmt.MISSING,
        weight=weight,
        note=f"{fmt.percent(row.reach)} do it",
        href=link(cell_token("tp", row.kind, row.behaviour, row.at_least, row.days)) if row.tp else "",
        value=float(row.risk_ratio) if known else None,
        marked=bool(row.recommended and row.best),
    )


def threshold_card(result: Result, chosen: str) -> Component:
    """Share who came back with and without the behaviour, by threshold."""
    rows = [row for row in records(result) if key_of(row.kind, row.behaviour) == chosen]
    name = chosen.partition(":")[2]
    return chart_card(
        "aha-threshold",
        "Is there a threshold?",
        figures.threshold(result, chosen.partition(":")[0], name),
        summary=f"Share of people who came back, with and without {name}, by how often they did it.",
        columns=[
            Column("Days"),
            Column("At least"),
            Column("Came back with it", "rate"),
            Column("Came back without", "rate"),
            Column("Reach", "rate"),
        ],
        rows=[[row.days, row.at_least, row.ppv, None if row.npv is None else 1 - row.npv, row.reach] for row in rows],
        about=tip(
            "threshold",
            "Is there a threshold?",
            "Share of people who came back among those who did it at least so often. A real threshold shows as a step; "
            "a slope says that more is simply more.",
            facts_of(result),
        ),
        subtitle=name,
        height=300,
    )
