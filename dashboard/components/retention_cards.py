"""The cards of the retention page, from results: matrix, pooled curve, one column over time, how long people stay."""

from __future__ import annotations

from collections.abc import Callable

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import retention_options as names
from dashboard.components.chart_card import chart_card, twin_card
from dashboard.components.choice import Option, choice, tabs
from dashboard.components.help import Fact, tip
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.retention_matrix import MAX_ROWS, cohort_table
from dashboard.components.retention_options import PER_MEMBER, REVENUE, Asked
from dashboard.components.states import notice
from dashboard.components.table import Column, rows_of
from dashboard.figures import retention as figures
from dashboard.filters import Filters
from dashboard.result import Result

LATER = {"day": "Days later", "week": "Weeks later", "month": "Months later"}
CELLS = ("cohort", "k", "column", "members", "users", "rate", "low", "high", "complete")
MONEY = ("revenue", "revenue_rate", "cumulative", "per_member")


def cohort_cards(
    filters: Filters,
    asked: Asked,
    whole: Result,
    split: Result,
    over: Result,
    *,
    currency: str,
    link: Callable[[str], str],
    chosen: str,
) -> list[Component]:
    """Everything about cohorts. whole: ``retention`` without breakdown, split: with it (the same without one). over:
    ``retention_over_time``."""
    hint = few_cohorts(filters, int(whole.summary["cohorts"]), asked)
    return [
        *([hint] if hint is not None else []),
        matrix_card(filters, whole, asked, currency=currency, link=link, chosen=chosen),
        html.Div(
            [
                curve_card(split, asked, currency=currency),
                over_time_card(filters, over, asked, int(whole.summary["columns"])),
            ],
            className="halves",
        ),
    ]


def matrix_card(
    filters: Filters, result: Result, asked: Asked, *, currency: str, link: Callable[[str], str], chosen: str
) -> Component:
    """The cohort matrix. result: ``retention`` without breakdown."""
    cohorts = int(result.summary["cohorts"])
    told = f"The latest {MAX_ROWS} of {cohorts} cohorts are drawn; the means and the curve have all of them. "
    names_ = [*CELLS, *(name for name in MONEY if name in result.frame)]
    columns = [Column(name.replace("_", " ").capitalize(), result.units.get(name, ""), currency) for name in names_]
    title = "Revenue of cohorts" if asked.money else "Cohorts"
    return twin_card(
        "cohorts",
        title,
        [
            *(
                [tabs(filters, names.SHOW, names.SHOWN, asked.show, label="What the cells show", small=True)]
                if asked.value != PER_MEMBER
                else []
            ),
            cohort_table(result, asked, currency=currency, link=link, chosen=chosen),
        ],
        columns=columns,
        rows=rows_of(result, names_),
        about=tip(
            "cohorts",
            title,
            "Of the people who started in a period, how many came back in each later one. Hatched cells are not over "
            "yet for everybody of the cohort and are in no mean. The first row pools all complete cells: people who "
            "came back divided by people at risk.",
            [Fact("Interval", "Wilson, 95 %, on hover"), *facts_of(result)],
        ),
        subtitle=sentence(asked),
        foot=[told if cohorts > MAX_ROWS else "", remarks(result)],
    )


def sentence(asked: Asked) -> str:
    """The question in words."""
    start, back, period = names.event_label(asked.start), names.event_label(asked.returning), asked.period
    who = {
        "recurring": f"did {start}" if start else "were active",
        "first_time": f"did {start} for the first time" if start else "were active for the first time",
        "first_ever": f"did their first {start} ever" if start else "were active for the first time ever",
    }[asked.kind]
    if asked.money:
        return f"People who {who} in a {period}, and what they brought {period} by {period}"
    often = f" {asked.minimum} times or more" if asked.minimum > 1 and asked.count == "on" else ""
    when = {
        "on": f"in exactly that later {period}",
        "on_or_after": f"in that {period} or later",
        "on_or_before": f"in that {period} or before",
        "brackets": f"within a group of {period}s",
        "streak": f"in every {period} up to there",
    }[asked.count]
    again = f"came back and did {back}" if back else "came back"
    return f"People who {who} in a {period}, and {again}{often} {when}"


def curve_card(result: Result, asked: Asked, *, currency: str) -> Component:
    """The pooled curve, by group where there is a breakdown; the log-rank test in words."""
    column = {REVENUE: "revenue_rate", PER_MEMBER: "per_member"}.get(asked.value, "rate")
    found = figures.points(result, column)
    unit = "money" if column == "per_member" else "rate"
    label = {"rate": "Came back", "revenue_rate": "Revenue, of the first period's", "per_member": "Revenue per person"}
    last = [
        f"{name or 'everybody'} {fmt.value(line[0].value, unit, currency=currency)} at first and "
        f"{fmt.value(line[-1].value, unit, currency=currency)} after {line[-1].x:g}"
        for name, line in found.items()
    ]
    rows = [
        [name or figures.EVERYBODY, int(point.x), point.value, point.low, point.high, point.people]
        for name, line in found.items()
        for point in line
    ]
    return chart_card(
        "retention-curve",
        "Retention curve" if not asked.money else label[column],
        figures.curve(result, column=column, title=LATER[asked.period], currency=currency),
        summary=f"{label[column]}, over complete periods: {'; '.join(last)}." if last else "No period is complete yet.",
        columns=[
            Column("Group"),
            Column(LATER[asked.period], "count"),
            Column(label[column], unit, currency),
            Column("From", unit, currency),
            Column("To", unit, currency),
            Column("People at risk", "count"),
        ],
        rows=rows,
        about=tip(
            "curve",
            "Retention curve",
            "All complete cells of a column together: people who came back divided by people at risk. The band is "
            "where the true share lies with 95 % confidence.",
            [Fact("Interval", "Wilson, 95 %"), *facts_of(result)],
        ),
        subtitle=test_words(result),
        foot=risk_table(result, asked) or "",
        height=330,
    )


def test_words(result: Result) -> str:
    """The log-rank test of equal groups, "" without one."""
    found = result.summary.get("log_rank")
    if not found or found.get("p_value") is None:
        return ""
    return f"Log-rank test of equal lifetimes in all groups: {fmt.p_value(found['p_value'])}"


def risk_table(result: Result, asked: Asked) -> Component | None:
    """People at risk per group and column, for curves with a breakdown."""
    found = figures.points(result, "rate")
    if len(found) < 2:
        return None
    ks = sorted({int(point.x) for line in found.values() for point in line})
    shown = ks[:: -(-len(ks) // 10)]
    return html.Div(
        html.Table(
            [
                html.Caption(f"People at risk, {LATER[asked.period].lower()}"),
                html.Thead(html.Tr([html.Th("Group", scope="col"), *(html.Th(str(k), scope="col") for k in shown)])),
                html.Tbody(
                    [
                        html.Tr(
                            [
                                html.Th(name, scope="row"),
                                *(html.Td(fmt.count({int(p.x): p.people for p in line}.get(k))) for k in shown),
                            ]
                        )
                        for name, line in found.items()
                    ]
                ),
            ],
            className="risk-table tabular",
        ),
        className="risk-box",
        role="region",
        tabIndex=0,
        **{"aria-label": "People at risk"},
    )


def over_time_card(filters: Filters, result: Result, asked: Asked, columns: int) -> Component:
    """One column of the matrix by cohort, with the choice of the column. columns: of the matrix."""
    unit = asked.period.capitalize()
    ks = [Option(str(k), f"{unit} {k}") for k in range(1, max(columns, asked.k + 1))]
    column = "revenue_rate" if asked.money else "rate"
    label = "Revenue, of the first period's" if asked.money else "Came back"
    rates = "; ".join(
        f"{name or 'everybody'} {fmt.percent(rate)} of {fmt.count(result.summary['at_risk'][name])}"
        for name, rate in result.summary["rate"].items()
    )
    table = ["group", "cohort", "members", "users", column, *(("low", "high") if column == "rate" else ())]
    titles = {"group": "Group", "cohort": "Cohort", "members": "People", "users": "Came back", "low": "From"}
    return chart_card(
        "retention-over-time",
        f"{unit} {result.summary['column']} over time",
        figures.over_time(result, column=column),
        summary=f"{label} in {unit.lower()} {result.summary['column']}, complete cohorts together: {rates}.",
        columns=[Column({**titles, "high": "To", column: label}[name], result.units.get(name, "")) for name in table],
        rows=rows_of(result, table),
        about=tip(
            "over-time",
            f"{unit} {result.summary['column']} over time",
            "One column of the matrix by the date of the cohort: is coming back getting better? Dotted where the "
            "period is not over.",
            facts_of(result),
        ),
        subtitle=html.Div(choice(filters, names.COLUMN, "Column", ks, str(asked.k), default="1"), className="inline"),
        height=300,
    )


def stay_card(result: Result) -> Component:
    """Kaplan–Meier curves of lifetimes."""
    groups = result.summary["groups"]
    unit = "days" if result.units["time"] == "days" else "number"
    days = "Days since the first activity" if result.summary["source"] == "activity" else "Days since sign-up"
    medians = "; ".join(
        f"{item['group'] or 'everybody'}: "
        + (
            f"half had left after {fmt.value(item['median'], unit)}"
            if item["median"] is not None
            else "more than half are still there"
        )
        for item in groups
    )
    rows = [
        [
            item["group"] or figures.EVERYBODY,
            item["users"],
            item["ended"],
            item["median"],
            item["restricted_mean"],
        ]
        for item in groups
    ]
    first = medians[:1].upper() + medians[1:]
    return chart_card(
        "survival",
        "How long people stay",
        figures.survival(result, title=days),
        summary=f"{first}.",
        columns=[
            Column("Group"),
            Column("People", "count"),
            Column("Left", "count"),
            Column("Median", unit),
            Column("Mean up to the longest time", unit),
        ],
        rows=rows,
        about=tip(
            "survival",
            "How long people stay",
            "Share of people still there after a time (Kaplan–Meier): people who have not left count for as long as "
            "they were watched. The band is shown where at least 10 people are at risk.",
            [Fact("Band", "95 %, log-log"), *facts_of(result)],
        ),
        subtitle=" · ".join(part for part in (first, test_words(result)) if part),
        foot=remarks(result),
        height=360,
    )


def few_cohorts(filters: Filters, cohorts: int, asked: Asked) -> Component | None:
    """A hint when the range holds so few cohorts that there is little to see."""
    if cohorts >= 4 or filters.range == "all":
        return None
    href = filters.with_(range="all").to_search()
    return notice(
        [
            f"The range holds {cohorts} {asked.period} cohort{'' if cohorts == 1 else 's'}. ",
            html.A("Use all data", href=href, className="state-link"),
            " to see more of them.",
        ]
    )
