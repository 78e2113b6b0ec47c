"""One file of an import: what was understood, what is still open, a preview, and the controls to correct it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components.import_mapping import WIZARD, mapping_chips, mapping_table
from dashboard.components.import_reading import reading_controls
from dashboard.components.labelled import aria
from dashboard.ingest.plan import Question, SourcePlan
from dashboard.schema import KIND_LABEL

REMOVE = "wizard-remove"
COLUMNS = "wizard-columns"
FINDINGS = "wizard-findings"
STATUS = "wizard-file-status"

FORMATS: dict[str, str] = {
    "csv": "Text table",
    "json": "JSON",
    "jsonl": "JSON lines",
    "xlsx": "Excel workbook",
    "parquet": "Parquet",
}


class Cell(NamedTuple):
    """A cell of the preview: as it will be read, and as it stands in the file. bad: it could not be read."""

    shown: str
    raw: str
    bad: bool = False


@dataclass(frozen=True)
class FileView:
    """A file of the wizard, ready to be drawn.

    source: id of the upload or stored source. state: uploading, inspecting, ready or failed. rows: records, None when
    unknown. preview: the first records, the values of one Cell per column of the plan. samples: per column a few raw
    values. error: message and hint when it failed. missing: sentences about required fields. remembered: the mapping is
    that of an earlier file with the same header. sheets: names of the workbook's sheets. removable: it can go.
    """

    source: str
    name: str
    size: int
    state: str
    plan: SourcePlan | None = None
    rows: int | None = None
    preview: tuple[tuple[tuple[str, str, bool], ...], ...] = ()
    samples: tuple[tuple[str, ...], ...] = ()
    error: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    remembered: bool = False
    sheets: tuple[str, ...] = ()
    removable: bool = True

    @property
    def open_questions(self) -> tuple[Question, ...]:
        return self.plan.open_questions if self.plan else ()

    @property
    def complete(self) -> bool:
        return self.state == "ready" and not self.missing and not self.open_questions


def source_id(kind: str, source: Any) -> dict[str, Any]:
    """Pattern id of a thing of which every file has one."""
    return {"type": kind, "source": source}


def answer_id(scope: str, source: Any, number: Any) -> dict[str, Any]:
    """Pattern id of the choices of a question (its position in the plan) about one file."""
    return {"type": f"{scope}-answer", "source": source, "question": number}


def file_card(file: FileView) -> Component:
    """The whole card of a file. A file that raises no question shows one line of what was recognised and a preview;
    everything else is folded away."""
    heading = html.Header(
        [
            html.Div(
                [
                    html.H3(file.name, className="file-name"),
                    html.P(_line(file), className="file-line tabular"),
                ]
            ),
            html.Div(
                [html.Div(status_chip(file), id=source_id(STATUS, file.source)), *_remove(file)], className="file-side"
            ),
        ],
        className="file-head",
    )
    if file.state == "failed":
        body: list[Component] = [refused(file)]
    elif file.state != "ready" or file.plan is None:
        body = [
            html.Div(
                [
                    html.P("Reading the file to find out what it is …", className="job-phase"),
                    html.Progress(className="job-bar", **aria(label=f"Inspecting {file.name}")),
                ],
                role="status",
            )
        ]
    else:
        body = _body(file, file.plan)
    return html.Section([heading, *body], className=f"panel file file-{file.state}", **aria(label=file.name))


def _body(file: FileView, plan: SourcePlan) -> list[Component]:
    """Everything below the heading of a readable file. What an edit draws again has containers of its own, so that the
    folds stay as they are and the keyboard keeps its place."""
    asked = [question_box(file, number, q) for number, q in enumerate(plan.questions) if q.choices]
    infos = [html.Li(n.text) for n in plan.notes if n.level == "info"]
    return [
        html.Div(asked, className="file-parts"),
        html.Div(findings(file), id=source_id(FINDINGS, file.source), className="file-parts"),
        html.Details(
            [
                html.Summary(f"Columns: what each one is ({len(plan.columns):,})"),
                html.Div(mapping_table(file.source, plan, file.samples), id=source_id(COLUMNS, file.source)),
            ],
            open=bool(file.missing),
            className="fold",
        ),
        html.Details(
            [
                html.Summary("How the file is read"),
                html.Ul(infos, className="notes") if infos else "",
                reading_controls(file.source, plan, file.sheets),
            ],
            className="fold",
        ),
    ]


def findings(file: FileView) -> list[Component]:
    """What follows from the decisions: what is missing, recognised columns, warnings, preview."""
    plan = file.plan
    if plan is None:
        return []
    parts: list[Component] = []
    if file.missing:
        parts.append(html.Div([html.P(text) for text in file.missing], className="callout callout-warn", role="alert"))
    if file.remembered:
        said = "Read like the last file with the same header. Change it below if this one differs."
        parts.append(html.P(said, className="callout"))
    parts.append(mapping_chips(plan))
    warnings = [html.Li(n.text) for n in plan.notes if n.level == "warning"]
    if warnings:
        parts.append(html.Ul(warnings, className="notes notes-warn", **aria(label="Please check")))
    if file.preview:
        parts.append(preview_table(file))
    return parts


def status_chip(file: FileView) -> Component:
    """The state of a file in two or three words."""
    if file.state == "failed":
        return html.Span("cannot be read", className="badge-soft is-bad")
    if file.state != "ready":
        return html.Span("looking at it", className="badge-soft")
    if file.missing:
        return html.Span("needs a column", className="badge-soft is-warn")
    count = len(file.open_questions)
    if count:
        return html.Span("1 question" if count == 1 else f"{count} questions", className="badge-soft is-warn")
    return html.Span("ready", className="badge-soft is-good")


def question_box(file: FileView, number: int, question: Question, *, scope: str = WIZARD) -> Component:
    """A question with its choices as radio buttons; answered ones stay visible and can be changed."""
    group = html.Fieldset(
        [
            html.Legend(question.text),
            dbc.RadioItems(
                id=answer_id(scope, file.source, number),
                options=[{"value": value, "label": label} for value, label in question.choices],
                value=question.answer,
                name=f"answer-{scope}-{file.source}-{number}",
            ),
        ]
    )
    return html.Div(group, className="callout question")


def preview_table(file: FileView) -> Component:
    """The first records as they will be read; the raw cell is the title of each."""
    plan = file.plan
    if plan is None:
        return html.Div()
    used = [(i, c) for i, c in enumerate(plan.columns) if c.use != "ignored"][:40]
    numeric = {i for i, c in used if c.type == "number"}
    head = html.Tr(
        [
            html.Th(c.header.strip() or f"column {c.index + 1}", scope="col", className="num" if i in numeric else "")
            for i, c in used
        ]
    )
    rows = [
        html.Tr([_cell(Cell(*row[i]), number=i in numeric) for i, _ in used if i < len(row)]) for row in file.preview
    ]
    table = html.Table(
        [html.Caption("The first rows as they will be read"), html.Thead(head), html.Tbody(rows)],
        className="plain-table preview",
    )
    return html.Div(table, className="table-scroll", tabIndex=0, role="region", **aria(label=f"Preview of {file.name}"))


def _cell(cell: Cell, *, number: bool) -> Component:
    title = f"In the file: {cell.raw[:200]}" if cell.raw else "Empty in the file"
    look = " ".join(name for name, holds in (("num", number), ("bad", cell.bad)) if holds)
    return html.Td(cell.shown or "–", title=title, className=look)


def _line(file: FileView) -> str:
    size = fmt.file_size(file.size)
    if file.plan is None or file.state != "ready":
        return size
    rows = f"{file.rows:,} rows" if file.rows is not None else ""
    what = FORMATS[file.plan.format] + (", packed" if file.plan.packed else "")
    return " · ".join(
        filter(None, (KIND_LABEL[file.plan.kind], rows, f"{len(file.plan.columns):,} columns", what, size))
    )


def _remove(file: FileView) -> list[Component]:
    if not file.removable:
        return []
    return [
        html.Button(
            "Remove",
            id=source_id(REMOVE, file.source),
            n_clicks=0,
            type="button",
            className="btn btn-link btn-sm",
            **aria(label=f"Remove {file.name}"),
        )
    ]


def refused(file: FileView) -> Component:
    """Why a file could not be read, and what to do."""
    return html.Div(
        [
            html.P(str(file.error.get("message") or "This file could not be read."), className="job-error"),
            html.P(str(file.error.get("hint") or ""), className="hint"),
            html.P(f"Reference {file.error['reference']}", className="hint") if file.error.get("reference") else "",
        ],
        className="callout callout-bad",
        role="alert",
    )
