"""Segments: levels, recency and classes by rules, groups by K-Means, and how far the two agree."""

from __future__ import annotations

from typing import Any

import dash
from dash import Input, Output, callback, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import ids
from dashboard.components.bar_list import Bar, bar_list
from dashboard.components.chart_card import card, chart_card
from dashboard.components.filter_bar import Span, bar, placeholder
from dashboard.components.help import Fact, tip
from dashboard.components.labelled import aria
from dashboard.components.links import LIST, people_link
from dashboard.components.matrix import Cell, matrix, weights
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.segment_cards import group_card, segment_card, spread_card
from dashboard.components.states import guarded, no_data, notice, skeleton
from dashboard.components.table import Column, records, rows_of
from dashboard.figures import clusters as cluster_figures
from dashboard.filters import Filters, parse
from dashboard.service import customers, data, dimensions, view_of

PATH = "/segments"
BAR = "segments-filters"
RULES = "segments-rules"
GROUPS = "segments-groups"

dash.register_page(__name__, path=PATH, name="Segments", title="Segments – Holdfast", order=3, icon="segments")


def layout(**_query: Any) -> Component:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                html.Div(
                    [
                        html.H1("Segments"),
                        html.P(
                            "Who the people are: by rules you can read, and by what the data say.", className="lead"
                        ),
                    ]
                ),
                className="page-header",
            ),
            placeholder(BAR),
            html.Div(html.Div([skeleton(340), skeleton(340)], className="halves"), id=RULES, className="live"),
            html.Div(html.Div([skeleton(340), skeleton(340)], className="halves"), id=GROUPS, className="live"),
        ],
        className="page",
    )


def _seen(search: str | None) -> tuple[str, Filters]:
    """The dataset in view ("" without any) and the filters."""
    filters = parse(search)
    return filters.dataset or data.newest_dataset() or "", filters


@callback(Output(BAR, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(44)
def show_filters(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    return bar(filters, dimensions(dataset), Span.of(view_of(dataset, filters)), dates=False)


@callback(Output(RULES, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(340)
def show_rules(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return no_data()
    seen = customers.segmentation(dataset, filters, customers.rules_of(dataset, filters))
    change = f"/discounts{filters.with_option(LIST, None).to_search()}"
    return html.Div(
        [
            _grid(filters, seen),
            segment_card(
                filters,
                seen.distribution,
                note=lambda row: f"{fmt.percent(row.low)} – {fmt.percent(row.high)}",
                foot=html.A("Change the rules", href=change, className="state-link"),
            ),
            spread_card("engagement", "Engagement by segment", seen.measure_label, seen.engagement),
            spread_card("recency", "Days since last active by segment", "Days since last active", seen.recency),
        ],
        className="halves",
    )


def _grid(filters: Filters, seen: customers.Segmentation) -> Component:
    found = {(row.level, row.band): row for row in records(seen.grid)}
    shades = weights([row.share for row in found.values()])
    shade = dict(zip(found, shades, strict=True))
    levels = tuple(reversed(customers.LEVELS))
    bands = (0, 1, 2)
    unit = seen.engagement.units["median"]
    low, high = fmt.value(seen.low, unit), fmt.value(seen.high, unit)
    notes = {"Low": f"below {low}", "Medium": f"{low} to {high}", "High": f"from {high}"}
    cells = [
        [
            Cell(
                text=fmt.count(found[level, band].people),
                weight=shade[level, band],
                note=f"{found[level, band].segment} · {fmt.percent(found[level, band].share)}",
                role=found[level, band].segment,
                href=people_link(filters, f"cell.{level}.{band}"),
                value=found[level, band].people,
                marked=found[level, band].target,
            )
            for band in bands
        ]
        for level in levels
    ]
    return card(
        "Engagement and recency",
        matrix(
            levels,
            [found["Low", band].days for band in bands],
            cells,
            caption="People by engagement level and days since last active",
            corner="Engagement ╲ last active",
            row_notes=[notes[level] for level in levels],
        ),
        about=tip(
            "grid",
            "Engagement and recency",
            f"Nine cells by {seen.measure_label.lower()} and days since the last activity; each belongs to one "
            "segment. Framed cells get a discount.",
            [Fact("Limits", f"{low} and {high}, from all people"), *facts_of(seen.grid)],
        ),
        subtitle=f"{fmt.count(seen.people)} people, as of {fmt.day_iso(seen.as_of)}; framed cells get a discount",
        foot=remarks(seen.grid),
    )


@callback(Output(GROUPS, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(340)
def show_groups(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    found = customers.clusters(dataset, filters, customers.rules_of(dataset, filters))
    return html.Section(
        [
            html.Div(
                [html.H2("Groups that the data form by themselves"), html.Span("K-Means", className="badge-soft")],
                className="section-head",
            ),
            notice(found.verdict, kind="good" if found.structure else "warn"),
            html.Div(
                [
                    group_card("The groups", found.sample, found.groups, verdict=found.verdict),
                    _choice(found),
                    _sizes(filters, found),
                    _profile(found),
                    _agreement(filters, found),
                ],
                className="halves",
            ),
        ],
        className="section",
        **aria(label="Groups"),
    )


def _choice(found: customers.Clusters) -> Component:
    names = ["k", "silhouette", "stability", "null_95"]
    return chart_card(
        "number-of-groups",
        f"Why {found.k} groups",
        cluster_figures.choice(found.quality),
        summary=found.choice,
        columns=[
            Column("Groups", "count"),
            *(Column(n, "number") for n in ("Separation", "Stability", "In shuffled data")),
        ],
        rows=rows_of(found.quality, names),
        about=tip(
            "choice",
            "Number of groups",
            "Separation is the silhouette: how much closer people are to their own group than to the next one. "
            "Stability says how alike the groups are when they are formed again from a random part of the people. "
            "Shuffled data have the same values without any connection between them: only groups above "
            "that line mean something.",
            facts_of(found.quality),
        ),
        subtitle=found.choice,
        height=320,
    )


def _sizes(filters: Filters, found: customers.Clusters) -> Component:
    bars = [
        Bar(
            label=row.name,
            text=fmt.count(row.people),
            size=row.people,
            share=fmt.percent(row.share),
            role=f"group {row.group}",
            href=people_link(filters, f"group.{row.group}"),
        )
        for row in records(found.groups)
    ]
    return card(
        "Size of the groups",
        bar_list(bars, label="People by group"),
        about=tip("sizes", "Size of the groups", "People of the view in each group.", facts_of(found.groups)),
        foot=remarks(found.groups),
    )


def _profile(found: customers.Clusters) -> Component:
    frame = found.profile.frame
    features = list(dict.fromkeys(frame["label"]))
    names = dict(zip(frame["group"], frame["name"], strict=True))
    values = {(row.group, row.label): row for row in frame.itertuples()}
    shade = dict(zip(values, weights([row.z for row in values.values()]), strict=True))
    cells = [
        [
            Cell(
                text=fmt.number(values[group, feature].value),
                weight=shade[group, feature],
                note=f"z {fmt.number(values[group, feature].z)}",
                value=values[group, feature].value,
            )
            for feature in features
        ]
        for group in names
    ]
    return card(
        "What sets the groups apart",
        matrix(list(names.values()), features, cells, caption="Mean of each feature in each group", corner="Group"),
        about=tip(
            "profile",
            "What sets the groups apart",
            "Mean of each feature inside the group. z says how far that is from the mean of everybody, in standard "
            "deviations: blue above, brown below.",
            facts_of(found.profile),
        ),
        subtitle="Mean per group; blue is above everybody's mean, brown below",
    )


def _agreement(filters: Filters, found: customers.Clusters) -> Component:
    frame = found.agreement.frame
    segments = list(dict.fromkeys(frame["segment"]))
    names = dict(zip(frame["group"], frame["name"], strict=True))
    values = {(row.group, row.segment): row for row in frame.itertuples()}
    shade = dict(zip(values, weights([row.share for row in values.values()]), strict=True))
    cells = [
        [
            Cell(
                text=fmt.percent(values[group, segment].share),
                weight=shade[group, segment],
                note=f"{fmt.count(values[group, segment].people)} people",
                value=values[group, segment].people,
            )
            for segment in segments
        ]
        for group in names
    ]
    ari, ami = found.agreement.summary["ari"], found.agreement.summary["ami"]
    return card(
        "Groups and rules side by side",
        matrix(
            list(names.values()),
            segments,
            cells,
            caption="Share of each group in each segment",
            corner="Group ╲ segment",
        ),
        about=tip(
            "agreement",
            "Agreement of groups and rules",
            "Adjusted Rand index and adjusted mutual information: 0 is what chance gives, 1 is the same division. "
            "Groups and rules that use the same two columns agree to some extent by construction.",
            facts_of(found.agreement),
        ),
        subtitle=f"Adjusted Rand index {fmt.number(ari)}, adjusted mutual information {fmt.number(ami)}",
    )
