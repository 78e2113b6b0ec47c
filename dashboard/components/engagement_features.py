"""Features: who uses what, who uses it again, whether its users stay, and what changed after the first use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import engagement_options as names
from dashboard.components.bar_list import Bar, bar_list
from dashboard.components.chart_card import card, chart_card
from dashboard.components.choice import Option, choice
from dashboard.components.engagement_options import Asked
from dashboard.components.help import Fact, tip
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.states import notice
from dashboard.components.table import Column, records, rows_of
from dashboard.figures import features as figures
from dashboard.filters import Filters
from dashboard.result import Result

COMPARABLE = 0.95  # adoption above which too few people are left to compare with
NOT_CAUSE = "An association, not a cause: people who use a feature differ from those who do not in other ways, too."


def use_card(result: Result) -> Component:
    """Adoption and return of every feature as dots."""
    first = next(iter(records(result)), None)
    words = (
        f"{first.feature} is used most: by {fmt.percent(first.adoption)} of {fmt.count(result.summary['active'])} "
        "active people"
        if first is not None
        else "No feature was used in the range"
    )
    return chart_card(
        "features",
        "Adoption and return",
        figures.dots(result),
        summary=f"{words}.",
        columns=[
            Column("Feature"),
            Column("People", "count"),
            Column("Adoption", "rate"),
            Column("From", "rate"),
            Column("To", "rate"),
            Column("Times per person", "number"),
            Column("Chances to return", "count"),
            Column("Returned", "rate"),
        ],
        rows=rows_of(result, ["feature", "users", "adoption", "low", "high", "depth", "could_return", "return_rate"]),
        about=tip(
            "features",
            "Adoption and return",
            "Adoption: people who used the feature over active people of the range. Return: of the periods with the "
            "feature, those after which it was used again in the next one.",
            [Fact("Interval", "Wilson, 95 %"), *facts_of(result)],
        ),
        subtitle=words,
        foot=remarks(result),
        height=figures.height(result),
    )


def people_card(result: Result, link: Callable[[str], str], chosen: str) -> Component:
    """The same features as rows that open their people."""
    bars = [
        Bar(
            label=row.feature,
            text=fmt.count(row.users),
            size=row.users,
            share=fmt.percent(row.adoption),
            note=f"{fmt.number(row.depth)} times per person",
            href=link(f"uses~{row.feature}"),
            current=chosen == f"uses~{row.feature}",
        )
        for row in records(result)
    ]
    return card(
        "People by feature",
        bar_list(bars, label="People by feature", value_title="people · share of active"),
        subtitle="Click a row for its people",
    )


def stay_card(result: Result) -> Component:
    """Retained-user lift: do people who used a feature stay more often?"""
    known = result.frame[result.frame["stay_difference"].notna()]
    solid = known[known["stay_significant"].astype(bool)]
    top = solid.sort_values("stay_difference", ascending=False).head(1)
    words = (
        f"Staying with {top['feature'].iloc[0]} against without: "
        + fmt.interval_points(*(float(top[f"stay_{name}"].iloc[0]) for name in ("difference", "low", "high")))
        if len(top)
        else "No feature sets people who stay apart from the others beyond chance"
    )
    period = result.summary["stay_period"]
    rows = [
        [
            row.feature, row.stay_with, row.stay_without, row.stay_difference, row.stay_low, row.stay_high,
            fmt.p_value(_number(row.stay_q)).replace("p", "q"),
        ]
        for row in known.itertuples(index=False)
    ]  # fmt: skip
    return chart_card(
        "feature-lift",
        "Do users of a feature stay?",
        figures.lift(result),
        summary=f"{words}.",
        columns=[
            Column("Feature"),
            *(Column(name, "rate") for name in ("Stay with it", "Stay without", "Difference", "From", "To")),
            Column("q"),
        ],
        rows=rows,
        about=tip(
            "lift",
            "Do users of a feature stay?",
            "Share of people active in the last complete period among those who used the feature in the period before, "
            "minus the share among those who did not. Grey: not distinguishable from chance over all features.",
            [
                Fact("Interval", "Newcombe, 95 %"),
                Fact("Tests", "Benjamini–Hochberg, q = .05"),
                Fact("People of", fmt.day_iso(period)),
                *facts_of(result),
            ],
        ),
        subtitle=words,
        foot=NOT_CAUSE,
        height=figures.height(result),
    )


def trend_card(result: Result) -> Component:
    features = result.summary["features"]
    return chart_card(
        "feature-trend",
        "Adoption over time",
        figures.trend(result),
        summary=f"Share of active people who used {', '.join(features[:3])} and others, period by period.",
        columns=[Column("Feature"), Column("Period"), Column("People", "count"), Column("Adoption", "rate")],
        rows=rows_of(result, ["feature", "period", "users", "adoption"]),
        about=tip(
            "feature-trend",
            "Adoption over time",
            "People who used the feature in a period over the people active in it. Dotted: not over yet.",
            facts_of(result),
        ),
        subtitle=f"The {len(features)} most used features",
        foot=remarks(result),
        height=320,
    )


def breadth_card(result: Result) -> Component:
    mean = result.summary["breadth_mean"]
    return chart_card(
        "feature-breadth",
        "Breadth",
        figures.breadth(result),
        summary=f"Active people used {fmt.number(mean)} different features on average.",
        columns=[Column("Features"), Column("People", "count")],
        rows=[[item["features"], item["users"]] for item in result.summary["breadth"]],
        about=tip(
            "breadth", "Breadth", "Active people by the number of different features they used.", facts_of(result)
        ),
        subtitle=f"{fmt.number(mean)} different features per active person on average",
        height=320,
    )


def impact_card(filters: Filters, result: Result, features: list[str], asked: Asked) -> Component:
    """Before and after the first use, against comparable people without it."""
    found = result.summary
    rows = {row.group: row for row in records(result)}
    adopters, others = rows["adopters"], rows["others"]
    options = [Option(name, name) for name in features]
    if found["enough"] and found["relative_delta"] is not None:
        change = f"{fmt.percent(found['relative_delta'])} ({fmt.percent(found['low'])} to {fmt.percent(found['high'])})"
        beyond = found["low"] is not None and (found["low"] > 0 or found["high"] < 0)
        expected = fmt.number(found["counterfactual"])
        words = (
            f"After their first {found['feature']}, people were active on {fmt.number(adopters.after)} days; had they "
            f"changed like the others, it would have been {expected}: a difference of {change}."
        )
        verdict = notice(words if beyond else f"{words} That can be chance.", kind="info" if beyond else "warn")
    else:
        verdict = notice(
            f"Too few people to say anything about {found['feature']}: each side needs at least 30.", kind="warn"
        )
    bars = [
        Bar(f"{name}, {when}", fmt.number(value), value, role=role, note=f"{fmt.count(row.people)} people")
        for name, row, role in (("Used it", adopters, "mau"), ("Did not", others, "other"))
        for when, value in (("before", row.before), ("after", row.after))
        if value == value and row.people
    ]
    return card(
        "Before and after the first use",
        [verdict, bar_list(bars, label="Mean active days", value_title="mean active days")],
        about=tip(
            "impact",
            "Before and after the first use",
            "Mean active days in the days before and after the first use, beside people who were active at the same "
            "time and never used it. Expected = the others' after × the difference there was before.",
            [Fact("Interval", "95 %"), *facts_of(result)],
        ),
        subtitle=html.Div(
            choice(filters, names.FEATURE, "Feature", options, found["feature"], default=""),
            className="inline",
        ),
        foot=remarks(result),
    )


def looked_at(result: Result, asked: Asked) -> str:
    """The feature whose first use is looked at: the chosen one, else the most used of those that not nearly everybody
    uses (nobody would be left to compare with), "" for the most used of all. result: of the insight ``features``."""
    rows = records(result)
    if asked.feature in {str(row.feature) for row in rows}:
        return asked.feature
    return next((str(row.feature) for row in rows if row.adoption <= COMPARABLE), "")


def _number(value: Any) -> float | None:
    return None if value != value else float(value)
