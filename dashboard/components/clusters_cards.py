"""The groups that the data form by themselves: picture, number of groups, sizes, profile, agreement with the rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.bar_list import Bar, bar_list
from dashboard.components.chart_card import card, chart_card
from dashboard.components.help import tip
from dashboard.components.labelled import aria
from dashboard.components.matrix import Cell, matrix, weights
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.rfm_options import both_token
from dashboard.components.segment_cards import group_card
from dashboard.components.states import notice
from dashboard.components.table import Column, records, rows_of
from dashboard.figures import clusters as figures

Link = Callable[[str], str]
KEEP, FORGET = "groups-keep", "groups-forget"


def cards(found: Any, link: Link) -> Component:
    """found: ``service.customers.Clusters``. link: token -> address of exactly these people."""
    return html.Section(
        [
            html.Div(
                [
                    html.H2("Groups that the data form by themselves"),
                    html.Span("K-Means", className="badge-soft"),
                    _keeping(found),
                ],
                className="section-head",
            ),
            notice(found.verdict, kind="good" if found.structure else "warn"),
            html.Div(
                [
                    group_card("The groups", found.sample, found.groups, verdict=found.verdict),
                    _choice(found),
                    _sizes(found, link),
                    _profile(found),
                    _agreement(found, link),
                ],
                className="halves",
            ),
        ],
        className="section",
        **aria(label="Groups"),
    )


def _keeping(found: Any) -> Component:
    """What happens to people who come later, and the button that changes it."""
    if found.kept:
        text = f"Formed on {fmt.day_iso(found.kept)} and kept: later people join the nearest group."
        keep, forget = True, False
    else:
        text = "Formed from these data. Keep the groups to put later people into them instead of forming new ones."
        keep, forget = False, True
    return html.Div(
        [
            html.P(text, className="hint"),
            html.Button("Keep these groups", id=KEEP, type="button", className="btn btn-quiet btn-sm", hidden=keep),
            html.Button("Form anew", id=FORGET, type="button", className="btn btn-quiet btn-sm", hidden=forget),
        ],
        className="list-tools no-print",
    )


def _choice(found: Any) -> Component:
    names = ["k", "silhouette", "stability", "null_95"]
    return chart_card(
        "number-of-groups",
        f"Why {found.k} groups",
        figures.choice(found.quality),
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


def _sizes(found: Any, link: Link) -> Component:
    bars = [
        Bar(
            label=row.name,
            text=fmt.count(row.people),
            size=row.people,
            share=fmt.percent(row.share),
            role=f"group {row.group}",
            href=link(f"group.{row.group}"),
        )
        for row in records(found.groups)
    ]
    return card(
        "Size of the groups",
        bar_list(bars, label="People by group"),
        about=tip("sizes", "Size of the groups", "People of the view in each group.", facts_of(found.groups)),
        foot=remarks(found.groups),
    )


def _profile(found: Any) -> Component:
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


def _agreement(found: Any, link: Link) -> Component:
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
                href=link(both_token("groups", names[group], "rules", segment))
                if values[group, segment].people
                else "",
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
