"""The decisions about the files of a dataset, to be made anew: how each is read, what its columns are, who stays."""

from __future__ import annotations

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import import_options as options_form
from dashboard.components.import_file import FileView, preview_table, question_box, refused, source_id
from dashboard.components.import_mapping import STORED, mapping_table
from dashboard.components.import_reading import reading_controls
from dashboard.components.labelled import aria
from dashboard.ingest.plan import ImportOptions
from dashboard.schema import TableName

LEAVE_OUT, READINGS, FOUND, COLUMNS = "stored-leave-out", "stored-readings", "stored-found", "stored-columns"
CHANGED, PENDING, CLOCK = "stored-changed", "stored-pending", "stored-clock"
SAID, PROBLEM, REBUILD = "stored-said", "stored-problem", "stored-rebuild"
READ_ANOTHER_WAY = ("encoding", "kind", "sheet", "header")  # questions that the selects answer
NOTHING = "Nothing changed yet."


def decisions(files: Sequence[FileView], options: ImportOptions, kinds: Sequence[TableName]) -> Component:
    """Everything that can be decided again. It holds what was changed: CHANGED (source id -> changes), PENDING (source
    id -> job that reads it another way), and a clock that runs while one does."""
    return html.Div(
        [
            *(_file(file, several=len(files) > 1) for file in files),
            html.Section(
                [
                    html.H2("The whole dataset"),
                    html.Div(
                        options_form.options_fields(options, kinds, scope=options_form.STORED),
                        className="field-grid",
                    ),
                ],
                className="panel panel-body stack-s",
            ),
            html.Div(id=PROBLEM, role="alert", className="form-message"),
            html.Div(
                [
                    html.P(NOTHING, id=SAID, className="bar-text", role="status"),
                    html.Button(
                        "Build again", id=REBUILD, n_clicks=0, type="button", disabled=True, className="btn btn-primary"
                    ),
                ],
                className="job-actions",
            ),
            dcc.Store(id=CHANGED, data={}),
            dcc.Store(id=PENDING, data={}),
            dcc.Interval(id=CLOCK, interval=600, disabled=True),
        ],
        className="stack",
    )


def _file(file: FileView, *, several: bool) -> Component:
    return html.Section(
        [
            html.H2(file.name, className="file-name"),
            dbc.Checkbox(
                id=source_id(LEAVE_OUT, file.source),
                label=f"Take {file.name} out of the dataset",
                value=False,
                class_name="leave-out" if several else "d-none",
            ),
            html.Details(
                [
                    html.Summary(f"How {file.name} is read"),
                    html.Div(readings(file), id=source_id(READINGS, file.source)),
                ],
                className="fold",
            ),
            html.Div(id=source_id(FOUND, file.source), className="file-parts"),
            html.Div(columns(file), id=source_id(COLUMNS, file.source)),
        ],
        className="panel panel-body stack-s",
        **aria(label=file.name),
    )


def readings(file: FileView) -> Component | None:
    """The selects for how the bytes are read."""
    return reading_controls(file.source, file.plan, file.sheets, scope=STORED) if file.plan else None


def columns(file: FileView) -> Component | None:
    """What each column is."""
    return mapping_table(file.source, file.plan, file.samples, scope=STORED) if file.plan else None


def found(file: FileView) -> list[Component]:
    """What reading the file another way has found: open questions, what to check, the rows as they will be read."""
    if file.plan is None:
        return [refused(file)]
    plan = file.plan
    parts: list[Component] = [
        question_box(file, number, question, scope=STORED)
        for number, question in enumerate(plan.questions)
        if question.choices and question.code not in READ_ANOTHER_WAY
    ]
    warnings = [html.Li(note.text) for note in plan.notes if note.level == "warning"]
    if warnings:
        parts.append(html.Ul(warnings, className="notes notes-warn", **aria(label="Please check")))
    if file.rows is not None:
        parts.append(html.P(f"{file.rows:,} rows, {len(plan.columns):,} columns.", className="hint tabular"))
    return [*parts, preview_table(file)]


def reading_again(name: str) -> Component:
    """While the file is being read another way."""
    return html.Div(
        [
            html.P("Reading the file again …", className="job-phase"),
            html.Progress(className="job-bar", **aria(label=f"Reading {name} again")),
        ],
        role="status",
    )


def summary(changed: int, removed: int, other_options: bool) -> str:
    """What would be built, in a sentence; NOTHING when nothing differs."""
    said: list[str] = []
    if changed:
        said.append(f"{changed} {'file' if changed == 1 else 'files'} changed.")
    if removed:
        said.append(f"{removed} {'file is' if removed == 1 else 'files are'} taken out.")
    if other_options:
        said.append("Options changed.")
    return " ".join([*said, "Build again to use it."]) if said else NOTHING
