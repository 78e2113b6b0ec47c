"""What an import did: accepted and rejected rows by reason, what was changed on the way, and every decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.labelled import aria
from dashboard.ingest.plan import ColumnPlan, SourcePlan
from dashboard.ingest.report import SourceReport, counter_text, rule_hint, rule_text
from dashboard.schema import KIND_LABEL, TableName, field


@dataclass(frozen=True)
class SourceView:
    """A file of a version: its account, the plan it was read with, and where its rejected rows can be downloaded ("" =
    none were rejected)."""

    report: SourceReport
    plan: SourcePlan
    rejects_href: str = ""


def headline(reports: Sequence[SourceReport]) -> str:
    """The import in one sentence: 541,200 rows accepted, 709 rejected (3 reasons)."""
    accepted = sum(r.accepted for r in reports)
    rejected = sum(r.rejected for r in reports)
    reasons = len({rule for r in reports for rule in r.rejected_by_rule})
    if not rejected:
        return f"{accepted:,} rows accepted, none rejected."
    return f"{accepted:,} rows accepted, {rejected:,} rejected ({reasons} {'reason' if reasons == 1 else 'reasons'})."


def done_report(dataset: str, name: str, sources: Sequence[SourceView]) -> list[Component]:
    """The end of the wizard: what was imported, what was left out, and the way on."""
    banner = html.Section(
        [
            html.Div(
                [
                    html.H2(f"“{name}” is ready"),
                    html.P(headline([s.report for s in sources]), className="hint tabular"),
                ]
            ),
            html.Div(
                [
                    dcc.Link("Add another file", href=f"/import?into={dataset}", className="btn btn-outline-secondary"),
                    dcc.Link("Open the dashboard", href=f"/?dataset={dataset}", className="btn btn-primary"),
                ],
                className="done-actions",
            ),
        ],
        className="done-banner",
        role="status",
    )
    more = dcc.Link("Everything about this dataset", href=f"/dataset?dataset={dataset}")
    return [banner, *[source_report(s) for s in sources], html.P(more)]


def source_report(view: SourceView, *, open_: bool = False) -> Component:
    """The account of one file."""
    report = view.report
    parts: list[Component] = [
        html.Header(
            [
                html.Div(
                    [
                        html.H3(report.file_name, className="file-name"),
                        html.P(
                            f"{KIND_LABEL[_kind(report)]} · {report.records:,} rows read · {report.accepted:,} accepted"
                            f" · {report.rejected:,} rejected",
                            className="file-line tabular",
                        ),
                    ]
                ),
                html.Div(
                    html.A(
                        "Download rejected rows",
                        href=view.rejects_href,
                        download="",
                        className="btn btn-outline-secondary btn-sm",
                    )
                    if view.rejects_href and report.rejected
                    else html.Span("nothing rejected", className="badge-soft is-good"),
                    className="file-side",
                ),
            ],
            className="file-head",
        )
    ]
    if report.rejected_by_rule:
        parts.append(rejected_table(report))
    counted = [counter_text(code, n) for code, n in report.counters.items()]
    changed = [*counted, *report.notes]
    if changed:
        parts.append(
            html.Div(
                [html.H4("Counted on the way"), html.Ul([html.Li(text) for text in changed], className="notes")],
            )
        )
    parts.append(
        html.Details(
            [html.Summary("Every decision about this file"), decisions(view.plan)], className="fold", open=open_
        )
    )
    return html.Section(parts, className="panel file", **aria(label=report.file_name))


def rejected_table(report: SourceReport) -> Component:
    """Rejected rows by reason, largest first, with what to do."""
    rows = [
        html.Tr([html.Td(f"{n:,}", className="num"), html.Th(rule_text(code), scope="row"), html.Td(rule_hint(code))])
        for code, n in report.rejected_by_rule.items()
    ]
    head = html.Tr(
        [
            html.Th("Rows", scope="col", className="num"),
            html.Th("Reason", scope="col"),
            html.Th("What to do", scope="col"),
        ]
    )
    table = html.Table(
        [html.Caption("Rejected rows by reason", className="visually-hidden"), html.Thead(head), html.Tbody(rows)],
        className="plain-table",
    )
    return html.Div(table, className="table-scroll", tabIndex=0, role="region", **aria(label="Rejected rows"))


def decisions(plan: SourcePlan) -> Component:
    """The plan in words: how the bytes were read, what each column is, what was asked and answered."""
    dialect = plan.dialect
    reading = [f"Read as {KIND_LABEL[plan.kind].lower()}."]
    if plan.format == "csv":
        names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space"}
        reading.append(
            f"Encoding {dialect.encoding}, separated by {names.get(dialect.delimiter, dialect.delimiter)}, "
            + ("no header line." if dialect.header_rows == 0 else "with a header line.")
        )
        if dialect.skip_lines:
            reading.append(f"{dialect.skip_lines:,} lines before the table were skipped.")
        if dialect.footer_rows:
            reading.append(f"{dialect.footer_rows:,} lines at the end were skipped.")
    answered = [f"{q.text} Answer: {_chosen(q.answer, q.choices)}." for q in plan.questions if q.answer and q.choices]
    head = html.Tr([html.Th(t, scope="col") for t in ("Column in the file", "Read as", "Type", "Why")])
    rows = [
        html.Tr(
            [
                html.Th(c.header or f"column {c.index + 1}", scope="row"),
                html.Td(column_use(plan.kind, c)),
                html.Td(column_type(c)),
                html.Td(html.Span(c.reason, className="hint")),
            ]
        )
        for c in plan.columns[:200]
    ]
    return html.Div(
        [
            html.Ul(
                [html.Li(text) for text in [*reading, *(n.text for n in plan.notes), *answered]], className="notes"
            ),
            html.Div(
                html.Table([html.Thead(head), html.Tbody(rows)], className="plain-table"),
                className="table-scroll",
                tabIndex=0,
                role="region",
                **aria(label="Columns"),
            ),
        ]
    )


def column_use(kind: TableName, column: ColumnPlan) -> str:
    """What a column became, for people."""
    if column.use == "ignored":
        return "not imported"
    if column.use == "property":
        return f"property “{column.name}”"
    canonical = field(kind, column.name)
    return canonical.label if canonical else column.name


def column_type(column: ColumnPlan) -> str:
    """Type of a column with how its numbers or dates are written."""
    if column.use == "ignored":
        return "–"
    if column.type == "time" and column.time:
        order = {"ymd": "year-month-day", "dmy": "day-month-year", "mdy": "month-day-year"}[column.time.order]
        return "time, " + ("a number since 1970" if column.time.kind == "epoch" else order)
    if column.type == "number" and column.decimal == ",":
        return "number, decimal comma"
    return {"id": "id, kept as typed", "category": "category"}.get(column.type, column.type)


def _chosen(answer: str, choices: Sequence[tuple[str, str]]) -> str:
    return next((label for value, label in choices if value == answer), answer)


def _kind(report: SourceReport) -> TableName:
    return next(k for k in KIND_LABEL if k == report.kind)
