"""Cards that several pages show about segments and groups, built from results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.bar_list import Bar, bar_list
from dashboard.components.chart_card import card, chart_card
from dashboard.components.help import Fact, tip
from dashboard.components.links import LIST, people_link, toggle_link
from dashboard.components.provenance import facts_of, remarks, sampled
from dashboard.components.table import Column, records, rows_of
from dashboard.figures import clusters, spread
from dashboard.filters import Filters
from dashboard.result import Result

SUMMED = ("Other", "(missing)")  # rows of a breakdown that are no value of the column
SPREAD = (("p05", "5 %"), ("p25", "25 %"), ("median", "Median"), ("p75", "75 %"), ("p95", "95 %"), ("mean", "Mean"))


def segment_card(
    filters: Filters,
    distribution: Result,
    *,
    note: Callable[..., str] | None = None,
    subtitle: str = "",
    foot: Component | str | None = None,
    link: Callable[[str], str] | None = None,
) -> Component:
    """People per segment; each row opens its people. distribution: columns segment, people, share, low, high, targets.
    note: makes the second line of a row; foot: None = what was left out; link: token -> address of the list, None = on
    the discounts page."""
    bars = [
        Bar(
            label=row.segment,
            text=fmt.count(row.people),
            size=row.people,
            share=fmt.percent(row.share),
            role=row.segment,
            href=(link or partial(people_link, filters))(f"class.{row.segment}"),
            note=note(row) if note else "",
            current=filters.option(LIST) == f"class.{row.segment}",
        )
        for row in records(distribution)
    ]
    return card(
        "Segments",
        bar_list(bars, label="People by segment"),
        about=tip(
            "segments",
            "Segments",
            "Everybody belongs to exactly one segment, by engagement and by how long ago they were last active.",
            [Fact("Interval", "Wilson, 95 %"), *facts_of(distribution)],
        ),
        subtitle=subtitle,
        foot=remarks(distribution) if foot is None else foot,
    )


def spread_card(
    key: str, title: str, measure: str, result: Result, *, subtitle: str = "", facts: Sequence[Fact] = ()
) -> Component:
    """How a value spreads inside each segment. result: columns segment, people, p05, p25, median, p75, p95, mean."""
    unit = result.units["median"]
    medians = "; ".join(f"{row.segment}: median {fmt.value(row.median, unit)}" for row in records(result) if row.people)
    return chart_card(
        f"{key}-by-segment",
        title,
        spread.ranges(result, title=measure),
        summary=f"{measure} inside each segment. {medians}.",
        columns=[Column("Segment"), Column("People", "count"), *(Column(name, unit) for _, name in SPREAD)],
        rows=rows_of(result, ["segment", "people", *(column for column, _ in SPREAD)]),
        about=tip(
            f"spread-{key}",
            title,
            f"How {measure.lower()} spreads inside each segment: the mark is the median, the bar holds the middle "
            "half, the line 90 % of the people.",
            [*facts, *facts_of(result)],
        ),
        subtitle=subtitle,
        height=250,
    )


def group_card(
    title: str,
    sample: Result,
    groups: Result,
    *,
    verdict: str,
    about: Component | None = None,
    subtitle: Component | str = "",
    more: Sequence[Component | str] = (),
) -> Component:
    """The picture of the K-Means groups. sample: columns x, y, group, name, summary ``shown`` and ``people``; groups:
    the table behind it. more: goes on after the number of people in the foot."""
    note = sampled(sample.summary["shown"], sample.summary["people"])
    return chart_card(
        "groups",
        title,
        clusters.scatter(sample),
        summary=f"{verdict} {note}.",
        columns=[Column("Group"), Column("People", "count"), Column("Share", "rate")],
        rows=rows_of(groups, ["name", "people", "share"]),
        about=about,
        subtitle=subtitle,
        foot=[f"{note}. ", *more],
        height=320,
    )


def target_card(filters: Filters, name: str, title: str, result: Result) -> Component:
    """Discount targets by the value of a dimension; a row adds the value to the filters. result: columns value, people,
    share (of the value's people)."""
    chosen = filters.values(name)
    bars = [
        Bar(
            label=row.value,
            text=fmt.count(row.people),
            size=row.people,
            share=fmt.percent(row.share),
            href="" if row.value in SUMMED else toggle_link(filters, name, row.value),
            current=row.value in chosen,
        )
        for row in records(result)
    ]
    return card(
        title,
        bar_list(bars, label=title, value_title="targets · share of its people"),
        subtitle="Click a row to filter the page",
    )
