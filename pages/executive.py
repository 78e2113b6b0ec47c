"""Executive: how it goes, readable in ten seconds, for every kind of dataset."""

from __future__ import annotations

from typing import Any

import dash
from dash import Input, Output, callback, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import ids
from dashboard.components.bar_list import Bar, bar_list
from dashboard.components.chart_card import card, chart_card
from dashboard.components.filter_bar import Span, active, bar, placeholder
from dashboard.components.help import Fact, tip
from dashboard.components.kpi_card import kpi_card, kpi_row
from dashboard.components.links import people_link, toggle_link, view_link
from dashboard.components.provenance import facts_of, remarks
from dashboard.components.segment_cards import segment_card
from dashboard.components.states import empty, explained, guarded, no_data, skeleton, skeleton_cards
from dashboard.components.table import Column, records, rows_of
from dashboard.errors import CannotAnswer
from dashboard.figures import trend
from dashboard.figures.trend import Series
from dashboard.filters import Filters, parse
from dashboard.schema import FILTER_DIMENSIONS
from dashboard.service import answerability, customers, data, dimensions, glossary, insight, kpis, metric, run, view_of

PATH = "/"
BAR = "executive-filters"
FACTS = "executive-facts"
CARDS = "executive-kpis"
TRENDS = "executive-trends"
SPLITS = "executive-splits"
CANNOT = "executive-cannot"
BREAKDOWN_ROWS = 10
ROWS = {"events": "events", "sessions": "sessions", "transactions": "order lines"}
DERIVED = (("engagement", "engagement level"), ("recency", "last activity"), ("age_band", "age"))

dash.register_page(__name__, path=PATH, name="Executive", title="Executive – Holdfast", icon="executive")


def layout(**_query: Any) -> Component:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                html.Div([html.H1("Executive"), html.P("\u00a0", id=FACTS, className="lead facts tabular")]),
                className="page-header",
            ),
            placeholder(BAR),
            html.Div(skeleton_cards(6), id=CARDS, className="live"),
            html.Div(html.Div([skeleton(340), skeleton(340)], className="halves"), id=TRENDS, className="live"),
            html.Div(html.Div([skeleton(320), skeleton(320)], className="halves"), id=SPLITS, className="live"),
            html.Div(id=CANNOT, className="live"),
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
    return bar(filters, dimensions(dataset), Span.of(view_of(dataset, filters)))


@callback(Output(FACTS, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(20)
def show_facts(search: str | None, _changed: Any) -> Any:
    """Name, size, span, as-of day and zone of the dataset; in print also the range and the filters."""
    dataset, filters = _seen(search)
    if not dataset:
        return "No dataset yet"
    info = data.dataset(dataset)
    manifest = info.manifest
    span = Span.of(view_of(dataset, filters))
    parts = [info.name]
    parts += [f"{fmt.count(manifest.rows[table])} {ROWS[table]}" for table in manifest.given if table != "users"]
    parts.append(f"{fmt.count(manifest.users)} people")
    if span.data_days:
        parts.append(span.data_days)
    if span.as_of is not None:
        parts.append(f"as of {fmt.day(span.as_of)}")
    parts.append(f"time zone {manifest.time_zone}")
    printed = [text for text in (span.shown_days, active(filters, dimensions(dataset))) if text]
    return [" · ".join(parts), html.Span(" · " + " · ".join(printed), className="print-only") if printed else None]


@callback(Output(CARDS, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(128)
def show_cards(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return no_data()
    span = Span.of(view_of(dataset, filters))
    facts = facts_of(run("kpis", dataset, filters, {}))
    as_of = f"as of {fmt.day(span.as_of)}" if span.as_of is not None else ""
    return kpi_row(
        [
            kpi_card(item, facts=facts, href=people_link(filters, "all") if item.key == "users" else "", foot=as_of)
            for item in kpis(dataset, filters)
        ]
    )


@callback(Output(TRENDS, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(340)
def show_trends(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    manifest = data.dataset(dataset).manifest
    view = view_of(dataset, filters)
    if "events" in manifest.tables and not insight("active_users", dataset, filters).frame["dau"].any():
        return card("Trends", _nothing(filters, Span.of(view)))
    by = trend.grain(view.period.days)
    parts: list[Component] = []
    if "transactions" in manifest.given:
        parts += [
            _over_time("revenue", dataset, filters, by, currency=manifest.currency),
            _over_time("orders", dataset, filters, by),
        ]
    if {"events", "sessions"} & set(manifest.given):
        parts += [_active_users(dataset, filters), _stickiness(dataset, filters)]
    if "events" in manifest.tables:
        parts.append(_over_time("new_users", dataset, filters, by))
    return html.Div(parts, className="halves") if parts else None


def _nothing(filters: Filters, span: Span) -> Component:
    """The filters leave no event in the days in force."""
    if filters.range != "all":
        return empty(
            "No events in this range.",
            hint="The dates or the filters leave nothing to draw.",
            href=view_link(filters.with_(range="all")),
            action=f"Widen to all data ({span.data_days})",
            height=280,
        )
    return empty(
        "No events for these filters.",
        hint="Nobody they choose was active in the data.",
        href=view_link(filters.with_(where=(), segment=None)),
        action="Remove the filters",
        height=280,
    )


def _over_time(key: str, dataset: str, filters: Filters, by: str, *, currency: str = "") -> Component:
    result = metric(key, dataset, filters, by=by)
    about = next(item for item in glossary() if item.key == key)
    unit = about.unit
    total = fmt.short(result.summary.get("value"), unit, currency=currency)
    change = fmt.delta(result.summary.get("value"), result.summary.get("previous"), unit)
    titles = {"period": "Period", "value": about.label, "previous_period": "Compared with", "previous": "Value then"}
    names = [name for name in titles if name in result.frame]
    return chart_card(
        f"{key}-by-{by}",
        f"{about.label} by {by}",
        trend.columns(result, Series("value", about.label, key), unit=unit, currency=currency),
        summary=f"{about.label} in the range: {total}; change against the comparison: {change}.",
        columns=[Column(titles[name], unit if name in ("value", "previous") else "", currency) for name in names],
        rows=rows_of(result, names),
        about=tip(f"chart-{key}", about.label, about.definition, [Fact("Formula", about.formula), *facts_of(result)]),
        foot=remarks(result),
    )


def _active_users(dataset: str, filters: Filters) -> Component:
    result = insight("active_users", dataset, filters)
    series = [Series("mau", "Monthly", "mau"), Series("wau", "Weekly", "wau"), Series("dau", "Daily", "dau")]
    found = result.summary
    return chart_card(
        "active-users",
        "Active users",
        trend.lines(result, series, x="day"),
        summary=(
            f"Daily active users {fmt.count(found['dau'])} on average; on the last complete day weekly "
            f"{fmt.count(found['wau'])} and monthly {fmt.count(found['mau'])}."
        ),
        columns=[Column("Day"), *(Column(name.upper(), "count") for name in ("dau", "wau", "mau"))],
        rows=rows_of(result, ["day", "dau", "wau", "mau"]),
        about=tip(
            "chart-active",
            "Active users",
            "Distinct people active in the 1, 7 and 30 calendar days that end on each day.",
            facts_of(result),
        ),
        foot=remarks(result),
    )


def _stickiness(dataset: str, filters: Filters) -> Component:
    result = insight("active_users", dataset, filters)
    about = next(item for item in glossary() if item.key == "stickiness")
    return chart_card(
        "stickiness",
        about.label,
        trend.lines(result, [Series("stickiness", about.label, "stickiness")], unit="rate", x="day"),
        summary=f"Stickiness {fmt.percent(result.summary['stickiness'])} on average over the complete days.",
        columns=[Column("Day"), Column(about.label, "rate")],
        rows=rows_of(result, ["day", "stickiness"]),
        about=tip(
            "chart-stickiness", about.label, about.definition, [Fact("Formula", about.formula), *facts_of(result)]
        ),
        subtitle="Daily over monthly active users",
    )


@callback(Output(SPLITS, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(320)
def show_splits(search: str | None, _changed: Any) -> Any:
    dataset, filters = _seen(search)
    if not dataset:
        return None
    manifest = data.dataset(dataset).manifest
    names = {item.name: item.label for item in dimensions(dataset)}
    parts = [_segments(dataset, filters)]
    if "transactions" in manifest.given and "country" in names:
        parts.append(_revenue_by("country", names["country"], dataset, filters, manifest.currency))
    else:
        parts += [_users_by(name, names[name], dataset, filters) for name in FILTER_DIMENSIONS if name in names]
    if manifest.given == ("users",):
        parts += [_users_by(name, label, dataset, filters) for name, label in DERIVED if _can(name, manifest)]
    return html.Div(parts, className="halves")


def _can(name: str, manifest: Any) -> bool:
    """Whether a derived breakdown has its column."""
    needed = {"engagement": "usage", "recency": "last_active_time", "age_band": "age"}[name]
    return bool(manifest.has_column("users", needed))


def _segments(dataset: str, filters: Filters) -> Component:
    try:
        seen = customers.segmentation(dataset, filters, customers.rules_of(dataset, filters))
    except CannotAnswer as problem:
        return card("Segments", explained(problem))
    return segment_card(
        filters,
        seen.distribution,
        subtitle=f"{fmt.count(seen.targets)} of {fmt.count(seen.people)} people get a discount",
    )


def _revenue_by(name: str, label: str, dataset: str, filters: Filters, currency: str) -> Component:
    result = insight("revenue_by", dataset, filters, dimension=name, top=BREAKDOWN_ROWS)
    largest = float(result.frame["net"].abs().max()) if len(result.frame) else 0.0
    bars = [
        Bar(
            label=row.value or "(missing)",
            text=fmt.money_short(row.net, currency, beside=largest),
            size=row.net,
            role="other" if row.other else "",
            share=fmt.percent(row.share),
            href="" if row.other else toggle_link(filters, name, row.value),
            current=row.value in filters.values(name),
        )
        for row in records(result)
    ]
    return card(
        f"Net revenue by {label.lower()}",
        bar_list(bars, label=f"Net revenue by {label.lower()}"),
        about=tip(
            f"revenue-{name}",
            f"Net revenue by {label.lower()}",
            "Revenue after returns and adjustments in the range, split by the value in the order lines.",
            facts_of(result),
        ),
        subtitle="Click a row to filter the page",
        foot=remarks(result),
    )


def _users_by(name: str, label: str, dataset: str, filters: Filters) -> Component:
    result = insight("users_by", dataset, filters, dimension=name, top=BREAKDOWN_ROWS)
    column = name in FILTER_DIMENSIONS
    bars = [
        Bar(
            label=row.value or "(missing)",
            text=fmt.count(row.users),
            size=row.users,
            role="other" if row.other else "",
            share=fmt.percent(row.share),
            href=toggle_link(filters, name, row.value) if column and not row.other else "",
            current=column and row.value in filters.values(name),
        )
        for row in records(result)
    ]
    return card(
        f"People by {label.lower()}",
        bar_list(bars, label=f"People by {label.lower()}"),
        about=tip(
            f"users-{name}", f"People by {label.lower()}", "People per value, and their share.", facts_of(result)
        ),
        subtitle="Click a row to filter the page" if column else "",
        foot=remarks(result),
    )


@callback(Output(CANNOT, "children"), Input(ids.URL, "search"), Input(ids.DATASETS_CHANGED, "data"))
@guarded(80)
def show_cannot(search: str | None, _changed: Any) -> Any:
    """What this kind of data cannot answer, with the column that is missing."""
    dataset, _ = _seen(search)
    if not dataset:
        return None
    lacking: dict[str, list[str]] = {}
    for item in answerability(dataset):
        if item.state == "cannot":
            lacking.setdefault(", ".join(item.missing), []).append(item.label)
    if not lacking:
        return None
    rows = [
        html.Li([html.Code(missing), html.Span(", ".join(dict.fromkeys(labels)), className="cannot-what")])
        for missing, labels in lacking.items()
    ]
    return html.Details(
        [
            html.Summary("What this data cannot answer, and the column it lacks"),
            html.Ul(rows, className="cannot-list"),
            html.P(
                ["Map a column or add a file on the ", html.A("data page", href="/data", className="state-link"), "."]
            ),
        ],
        className="panel panel-body cannot",
    )
