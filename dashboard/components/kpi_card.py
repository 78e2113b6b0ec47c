"""A headline number: label, value, change with arrow, sign and colour, what it is compared with, its recent course."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.attributes import data
from dashboard.components.help import Fact, tip
from dashboard.components.labelled import aria
from dashboard.figures import theme
from dashboard.result import Kpi

ARROW = {1: "▲", -1: "▼", 0: "="}
UNIT_TEXT = {"count": "count", "rate": "share", "money": "money", "days": "days", "number": "number"}


def kpi_card(kpi: Kpi, *, facts: Sequence[Fact] = (), href: str = "", foot: str = "") -> Component:
    """A card of a registered metric. facts: further lines of its explanation (denominator, exclusions, computed at).
    href: link to the people behind the number. foot: a quiet line for numbers without a period and comparison."""
    text = fmt.short(kpi.value, kpi.unit, currency=kpi.currency)
    full = fmt.value(kpi.value, kpi.unit, currency=kpi.currency)
    value = (
        html.A(text, href=href, title=full, className="kpi-value state-link")
        if href
        else html.Span(text, title=full, className="kpi-value")
    )
    spark = sparkline(kpi.spark)
    return html.Article(
        [
            html.Div(
                [
                    html.H2(kpi.label),
                    tip(f"kpi-{kpi.key}", kpi.label, kpi.definition, [*_facts(kpi), *facts]),
                ],
                className="kpi-label",
            ),
            html.Div([value, *([spark] if spark is not None else [])], className="kpi-main"),
            html.Div(_foot(kpi) or foot, className="kpi-foot"),
        ],
        className="panel kpi",
        **data(kpi=kpi.key),
    )


def kpi_row(cards: Sequence[Component]) -> Component:
    """Cards in one row up to six, in two equal rows beyond that; fewer columns on small screens."""
    columns = len(cards) if len(cards) <= 6 else (len(cards) + 1) // 2
    return html.Div(list(cards), className="kpi-row", style={"--columns": str(max(columns, 1))})


def _facts(kpi: Kpi) -> list[Fact]:
    return [
        Fact("Formula", kpi.formula),
        Fact("Covers", fmt.days_iso(kpi.first_day, kpi.last_day)),
        Fact("Exact value", fmt.exact(kpi.value, kpi.unit, currency=kpi.currency)),
        Fact("Compared with", fmt.days_iso(kpi.previous_first, kpi.previous_last)),
        Fact("Note", kpi.note),
    ]


def _foot(kpi: Kpi) -> list[Component | str]:
    if kpi.value is None:
        return [html.Span(kpi.note or "Not defined for this view.")]
    if not kpi.verdict:
        covered = fmt.days_iso(kpi.first_day, kpi.last_day)
        return [html.Span(kpi.note or covered)] if kpi.note or covered else []
    change = fmt.delta(kpi.value, kpi.previous, kpi.unit)
    delta = kpi.delta or 0.0
    sign = (delta > 0) - (delta < 0)
    meaning = {"better": "better", "worse": "worse", "same": "unchanged"}.get(kpi.verdict, "changed")
    before = fmt.short(kpi.previous, kpi.unit, currency=kpi.currency)
    tone = kpi.verdict if kpi.higher_is_better is not None else "none"
    return [
        html.Span(
            [
                html.Span(f"{ARROW[sign]} ", **aria(hidden="true")),
                change,
                html.Span(f" ({meaning})" if tone != "none" else "", className="visually-hidden"),
            ],
            className=f"delta delta-{tone}",
        ),
        html.Span(f"vs {before}", title=fmt.days_iso(kpi.previous_first, kpi.previous_last)),
    ]


def sparkline(values: Sequence[float | None], *, width: int = 120, height: int = 36) -> Component | None:
    """The course of a number as a small picture without axes; None with fewer than three values. Gaps stay gaps."""
    known = [value for value in values if value is not None]
    if len(known) < 3:
        return None
    low, high = min(known), max(known)
    scale = (height - 6) / (high - low) if high > low else 0.0
    step = width / (len(values) - 1)
    path, pen = [], False
    for position, value in enumerate(values):
        if value is None:
            pen = False
            continue
        y = height - 3 - (value - low) * scale if scale else height / 2
        path.append(f"{'L' if pen else 'M'}{position * step:.1f} {y:.1f}")
        pen = True
    line = "".join(path)
    whole = len(known) == len(values)
    area = f"<path d='{line}L{width} {height}L0 {height}Z' fill='{theme.BLUE}' fill-opacity='.1'/>" if whole else ""
    picture = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' preserveAspectRatio='none'>{area}"
        f"<path d='{line}' fill='none' stroke='{theme.BLUE}' stroke-width='1.75' stroke-linejoin='round' "
        "vector-effect='non-scaling-stroke'/></svg>"
    )
    return html.Img(src="data:image/svg+xml," + quote(picture), alt="", className="kpi-spark")
