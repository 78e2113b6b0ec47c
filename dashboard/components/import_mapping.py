"""The mapping table of the import: what each column of a file is taken for, and the controls to change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.labelled import aria, labelled
from dashboard.ingest.plan import ColumnPlan, SourcePlan
from dashboard.schema import FIELDS, TableName, field

USE, TYPE, ORDER = "use", "type", "order"
WIZARD, STORED = "wizard", "stored"  # scopes: a file on its way in, or one of a dataset
SHOWN = 120  # columns drawn; the rest of a very wide file is summed up in a sentence
SURE, LIKELY = 0.85, 0.6

TYPE_LABEL: dict[str, str] = {
    "category": "Category",
    "text": "Text",
    "id": "Id (text, as typed)",
    "number": "Number",
    "time": "Date or time",
    "boolean": "Yes / no",
}
ORDER_LABEL: dict[str, str] = {
    "ymd": "year, month, day",
    "dmy": "day, month, year",
    "mdy": "month, day, year",
    "epoch": "number since 1970",
}


def column_id(scope: str, kind: str, source: Any, column: Any) -> dict[str, Any]:
    """Pattern id of a control (USE, TYPE or ORDER) that belongs to one column of one file."""
    return {"type": f"{scope}-{kind}", "source": source, "column": column}


def use_value(column: ColumnPlan) -> str:
    """The value of the "use" select that stands for this column's decision."""
    return f"field:{column.name}" if column.use == "field" else column.use


def mapping_table(source: str, plan: SourcePlan, samples: Sequence[Sequence[str]], *, scope: str = WIZARD) -> Component:
    """Table with one line per column of the file. samples: per column of the file a few raw values."""
    drawn = plan.columns[:SHOWN]
    rest = len(plan.columns) - len(drawn)
    head = html.Thead(
        html.Tr([html.Th(text, scope="col") for text in ("Column in the file", "Examples", "Read as", "Why")])
    )
    body = html.Tbody(
        [
            _row(scope, source, plan, c, samples[c.index] if 0 <= c.index < len(samples) else (), bool(samples))
            for c in drawn
        ]
    )
    parts: list[Component] = [
        html.Div(
            html.Table([head, body], className="plain-table mapping"),
            className="table-scroll",
            tabIndex=0,
            role="region",
            **aria(label="Columns of the file; scrolls sideways"),
        )
    ]
    if rest > 0:
        parts.append(html.P(f"{rest:,} more columns are read as the import found them.", className="hint"))
    ignored = [c.header for c in plan.columns if c.use == "ignored"]
    if ignored:
        names = ", ".join(ignored[:12]) + (f" and {len(ignored) - 12} more" if len(ignored) > 12 else "")
        parts.append(html.P([html.Strong("Not imported: "), names], className="hint"))
    return html.Div(parts)


def _row(
    scope: str, source: str, plan: SourcePlan, column: ColumnPlan, samples: Sequence[str], known: bool
) -> Component:
    name = column.header.strip() or f"column {column.index + 1}"
    shown = [text for text in dict.fromkeys(samples) if text.strip()][:3]
    controls: list[Component] = [
        labelled(
            f"What {name} is",
            dbc.Select(
                id=column_id(scope, USE, source, column.index),
                options=use_options(plan.kind),
                value=use_value(column),
                size="sm",
            ),
            hidden=True,
        )
    ]
    free = column.use == "property"
    controls.append(
        html.Div(
            labelled(
                f"Type of {name}",
                dbc.Select(
                    id=column_id(scope, TYPE, source, column.index),
                    options=_options(TYPE_LABEL),
                    value=column.type,
                    size="sm",
                ),
                hidden=True,
            ),
            hidden=not free,
        )
    )
    dated = column.use != "ignored" and column.type == "time"
    controls.append(
        html.Div(
            labelled(
                f"Order of day, month and year in {name}",
                dbc.Select(
                    id=column_id(scope, ORDER, source, column.index),
                    options=_options(ORDER_LABEL),
                    value=order_value(column),
                    size="sm",
                ),
                hidden=True,
            ),
            hidden=not dated,
        )
    )
    return html.Tr(
        [
            html.Th(name, scope="row", className="mapping-header"),
            html.Td(
                [html.Code(text[:40], className="sample-value") for text in shown]
                or html.Span("empty" if known else "–")
            ),
            html.Td(html.Div(controls, className="mapping-controls")),
            html.Td([confidence(column), html.Span(column.reason, className="hint")], className="mapping-why"),
        ],
        className=f"use-{column.use}",
    )


def _options(labels: dict[str, str]) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in labels.items()]


def order_value(column: ColumnPlan) -> str:
    """Value of the date-order select of a column."""
    if column.time is None:
        return "ymd"
    return "epoch" if column.time.kind == "epoch" else column.time.order


def use_options(kind: TableName) -> list[dict[str, Any]]:
    """Options of the "use" select: the fields of this kind of table, required ones first, then the other uses."""
    fields = sorted(FIELDS[kind], key=lambda f: not f.required)
    return [
        {"value": "head-fields", "label": "Known fields", "disabled": True},
        *({"value": f"field:{f.name}", "label": f"{f.label}{' (required)' if f.required else ''}"} for f in fields),
        {"value": "head-other", "label": "Other", "disabled": True},
        {"value": "property", "label": "Keep as property"},
        {"value": "ignored", "label": "Do not import"},
    ]


def confidence(column: ColumnPlan) -> Component:
    """Word and colour for how sure a guess is; only guesses about fields carry one."""
    if column.use != "field":
        return html.Span("", className="visually-hidden")
    word, tone = (
        ("sure", " is-good")
        if column.confidence >= SURE
        else ("likely", "")
        if column.confidence >= LIKELY
        else ("please check", " is-warn")
    )
    return html.Span(word, className=f"badge-soft{tone}", title=f"Confidence {column.confidence:.0%}")


def mapping_chips(plan: SourcePlan) -> Component:
    """One line that says which columns were recognised: header, arrow, field; properties and ignored as numbers."""
    fields = [c for c in plan.columns if c.use == "field"]
    kept = sum(c.use == "property" for c in plan.columns)
    ignored = sum(c.use == "ignored" for c in plan.columns)
    chips: list[Component] = []
    for column in fields:
        canonical = field(plan.kind, column.name)
        label = canonical.label if canonical else column.name
        same = column.header.strip().casefold().replace("_", " ") == label.casefold()
        text: list[str | Component] = (
            [label] if same else [column.header.strip(), html.Span(" is ", className="chip-is"), label]
        )
        chips.append(html.Li(html.Span(text, className="badge-soft is-field")))
    if kept:
        chips.append(
            html.Li(
                html.Span(f"{kept:,} kept as properties" if kept > 1 else "1 kept as property", className="badge-soft")
            )
        )
    if ignored:
        chips.append(html.Li(html.Span(f"{ignored:,} not imported", className="badge-soft")))
    return html.Ul(chips, className="chips", **aria(label="Recognised columns"))
