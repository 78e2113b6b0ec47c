"""One dataset: its files, every decision, what was left out, and what it can answer."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import dash
from dash import Input, Output, State, ctx, dcc, html, no_update

from dashboard import format as fmt
from dashboard import service
from dashboard.components import ids
from dashboard.components.dataset_detail import answers_panel, as_of_panel, changes_panel, facts, notes_panel
from dashboard.components.import_report import SourceView, headline, source_report
from dashboard.components.rows_panel import register, rows_panel
from dashboard.errors import NotFound, UserError
from dashboard.filters import day_date, parse
from dashboard.schema import KIND_LABEL, TABLES
from dashboard.service import data, stored_files, stored_rows

dash.register_page(__name__, path="/dataset", name="Dataset", title="Dataset – Holdfast")

KEPT_DAY, KEEP_DAY, FORGET_DAY, DAY_SAID = "kept-day", "kept-day-keep", "kept-day-forget", "kept-day-said"
BODY = "dataset-body"


def layout() -> html.Div:
    """The page without data."""
    return html.Div(html.Div(id=BODY, className="stack live"), className="page dataset-page")


@dash.callback(
    Output(BODY, "children"),
    Input(ids.URL, "search"),
    Input(ids.DATASETS_CHANGED, "data"),
    State(ids.URL, "pathname"),
)
def show(search: str | None, _changed: Any, pathname: str) -> Any:
    """Everything that is known about the dataset."""
    if pathname != "/dataset":
        return no_update
    try:
        item = data.dataset(parse(search).dataset or data.newest_dataset() or "")
    except NotFound:
        lost = [
            html.H1("Not found"),
            html.P("This dataset does not exist or is not yours."),
            dcc.Link("Back to the data page", href="/data"),
        ]
        return html.Div(lost, className="panel panel-body stack-s")
    sources = stored_files.sources(item.id)
    shown = [SourceView(s.report, s.plan, s.rejects_href) for s in sources]
    return [
        _header(item),
        _facts(item),
        _as_of(item),
        changes_panel([(s.report.file_name, s.plan.kind, s.report.accepted, s.merge) for s in sources]),
        notes_panel(_notes(item.manifest), _joins(item.manifest)),
        answers_panel(service.answerability(item.id)),
        rows_panel(item.id, stored_rows.tables(item.id), item.manifest.time_zone),
        html.Div(
            [
                html.Div(
                    [
                        html.H2("Files and decisions"),
                        html.P(headline([s.report for s in shown]), className="hint tabular"),
                    ]
                ),
                dcc.Link(
                    "Change a decision", href=f"/decisions?dataset={item.id}", className="btn btn-outline-secondary"
                ),
            ],
            className="table-head",
        ),
        *[source_report(view) for view in shown],
    ]


def _header(item: Any) -> Any:
    exports = [
        html.A(
            f"Export {KIND_LABEL[table].lower()} (CSV)",
            href=f"/export/table.csv?dataset={item.id}&table={table}",
            download="",
            className="btn btn-outline-secondary",
        )
        for table in TABLES
        if table in item.manifest.given
    ]
    return html.Header(
        [
            html.Div(
                [
                    html.H1(item.name),
                    html.P(
                        [
                            dcc.Link("Data", href="/data"),
                            f" · version {item.version}, {fmt.moment(item.updated_at)}",
                        ],
                        className="lead",
                    ),
                ]
            ),
            html.Div(
                [
                    *exports,
                    *(
                        [
                            dcc.Link(
                                "Cleaned data",
                                href=f"/cleaning?dataset={item.id}",
                                className="btn btn-outline-secondary",
                            )
                        ]
                        if "transactions" in item.manifest.given
                        else []
                    ),
                    dcc.Link("Add files", href=f"/import?into={item.id}", className="btn btn-outline-secondary"),
                    dcc.Link("Open the dashboard", href=f"/?dataset={item.id}", className="btn btn-primary"),
                ],
                className="done-actions",
            ),
        ],
        className="page-header",
    )


def _facts(item: Any) -> Any:
    manifest = item.manifest
    pairs = [(KIND_LABEL[t], f"{manifest.rows[t]:,} rows") for t in TABLES if t in manifest.given]
    pairs.append(("People", f"{manifest.users:,}"))
    if manifest.first_day is not None and manifest.last_day is not None:
        pairs.append(("Days covered", fmt.days(day_date(manifest.first_day), day_date(manifest.last_day))))
    pairs += [("Time zone", manifest.time_zone), ("Currency", manifest.currency or "not stated")]
    guests = sum(manifest.guests.get(table, 0) for table in manifest.given)
    if guests:
        pairs.append(("Rows without a person", f"{guests:,}"))
    pairs.append(("Size", fmt.file_size(item.bytes)))
    return facts(pairs)


def _as_of(item: Any) -> Any:
    """The day that "now" means, kept with the dataset; nothing for data without dates."""
    if item.manifest.last_day is None:
        return None
    kept, last = service.kept_as_of(item.id), day_date(item.manifest.last_day)
    return as_of_panel(KEPT_DAY, KEEP_DAY, FORGET_DAY, DAY_SAID, kept, last)


def _notes(manifest: Any) -> list[tuple[str, str]]:
    return [(note.get("level", "info"), note["text"]) for note in manifest.notes]


def _joins(manifest: Any) -> list[str]:
    return [
        f"{KIND_LABEL[table]}: {join['known_rows']:,} of {join['rows']:,} rows belong to a person of the user table "
        f"({join['known_users']:,} of {join['users']:,} people)."
        for table, join in manifest.joins.items()
        if join
    ]


@dash.callback(
    Output(ids.DATASETS_CHANGED, "data", allow_duplicate=True),
    Output(DAY_SAID, "children"),
    Input(KEEP_DAY, "n_clicks"),
    Input(FORGET_DAY, "n_clicks"),
    State(KEPT_DAY, "value"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def keep_day(keep: int | None, forget: int | None, typed: Any, search: str | None) -> tuple[Any, Any]:
    """Keep the as-of day with the dataset, or go back to the data's own."""
    if not (keep or forget):
        return no_update, no_update
    try:
        day = None if ctx.triggered_id == FORGET_DAY else dt.date.fromisoformat(str(typed))
        service.keep_as_of(parse(search).dataset or data.newest_dataset() or "", day)
    except ValueError:
        return no_update, "This is no day. Choose one, like 2025-03-08."
    except UserError as error:
        return no_update, f"{error.message} {error.hint}"
    return {"kept": time.time()}, no_update


register(stored_rows.row_columns, stored_rows.row_page)
