"""The segments by rules: the nine cells of engagement and recency, the classes, and how values spread inside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.chart_card import card
from dashboard.components.help import Fact, tip
from dashboard.components.matrix import Cell, matrix, weights
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.segment_cards import segment_card, spread_card
from dashboard.components.table import records
from dashboard.filters import Filters

LEVELS = ("High", "Medium", "Low")  # rows of the grid, best first
BANDS = (0, 1, 2)


def cards(filters: Filters, seen: Any, link: Callable[[str], str], change: str) -> list[Component]:
    """seen: ``service.customers.Segmentation``. link: token -> address of exactly these people. change: address of the
    page on which the rules can be changed."""
    return [
        html.Div(
            [
                _grid(seen, link),
                segment_card(
                    filters,
                    seen.distribution,
                    note=lambda row: f"{fmt.percent(row.low)} – {fmt.percent(row.high)}",
                    foot=html.A("Change the rules", href=change, className="state-link"),
                    link=link,
                ),
                spread_card("engagement", "Engagement by segment", seen.measure_label, seen.engagement),
                spread_card("recency", "Days since last active by segment", "Days since last active", seen.recency),
            ],
            className="halves",
        )
    ]


def _grid(seen: Any, link: Callable[[str], str]) -> Component:
    found = {(row.level, row.band): row for row in records(seen.grid)}
    shade = dict(zip(found, weights([row.share for row in found.values()]), strict=True))
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
                href=link(f"cell.{level}.{band}"),
                value=found[level, band].people,
                marked=found[level, band].target,
            )
            for band in BANDS
        ]
        for level in LEVELS
    ]
    return card(
        "Engagement and recency",
        matrix(
            LEVELS,
            [found["Low", band].days for band in BANDS],
            cells,
            caption="People by engagement level and days since last active",
            corner="Engagement ╲ last active",
            row_notes=[notes[level] for level in LEVELS],
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
