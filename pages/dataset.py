"""One dataset: its files, every decision, what was left out, and what it can answer."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ALL, Input, Output, State, ctx, dcc, html, no_update

from dashboard import format as fmt
from dashboard import service
from dashboard.components import ids
from dashboard.components import import_options as options
from dashboard.components.dataset_detail import answers_panel, as_of_panel, changes_panel, facts, notes_panel
from dashboard.components.import_mapping import ORDER, STORED, TYPE, USE, column_id, mapping_table
from dashboard.components.import_report import SourceView, headline, source_report
from dashboard.components.rows_panel import register, rows_panel
from dashboard.errors import NotFound, UserError
from dashboard.filters import day_date, parse
from dashboard.schema import KIND_LABEL, TABLES
from dashboard.service import data, stored_rows, wizard

dash.register_page(__name__, path="/dataset", name="Dataset", title="Dataset – Holdfast")

LEAVE_OUT = "stored-leave-out"
KEPT_DAY, KEEP_DAY, FORGET_DAY, DAY_SAID = "kept-day", "kept-day-keep", "kept-day-forget", "kept-day-said"
BODY, CHANGED, REBUILD, COLUMNS, SAID = (
    "dataset-body",
    "dataset-plans",
    "dataset-rebuild",
    "stored-columns",
    "dataset-said",
)


def layout() -> html.Div:
    """The page without data."""
    return html.Div(
        [html.Div(id=BODY, className="stack live"), dcc.Store(id=CHANGED, data={})],
        className="page dataset-page",
    )


@dash.callback(
    Output(BODY, "children"),
    Output(CHANGED, "data"),
    Input(ids.URL, "search"),
    Input(ids.DATASETS_CHANGED, "data"),
    State(ids.URL, "pathname"),
)
def show(search: str | None, _changed: Any, pathname: str) -> tuple[Any, Any]:
    """Everything that is known about the dataset."""
    if pathname != "/dataset":
        return no_update, no_update
    try:
        item = data.dataset(parse(search).dataset or data.newest_dataset() or "")
    except NotFound:
        lost = [
            html.H1("Not found"),
            html.P("This dataset does not exist or is not yours."),
            dcc.Link("Back to the data page", href="/data"),
        ]
        return html.Div(lost, className="panel panel-body stack-s"), {}
    sources = wizard.sources(item.id)
    shown = [SourceView(s.report, s.plan, s.rejects_href) for s in sources]
    return [
        _header(item),
        _facts(item),
        _as_of(item),
        changes_panel([(s.report.file_name, s.plan.kind, s.report.accepted, s.merge) for s in sources]),
        notes_panel(_notes(item.manifest), _joins(item.manifest)),
        answers_panel(service.answerability(item.id)),
        rows_panel(item.id, stored_rows.tables(item.id), item.manifest.time_zone),
        html.H2("Files and decisions"),
        html.P(headline([s.report for s in shown]), className="hint tabular"),
        *[source_report(view) for view in shown],
        _changes(item, sources),
    ], {}


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


def _changes(item: Any, sources: list[Any]) -> Any:
    """Change a decision: the dataset is built again from the stored files."""
    tables = [
        html.Div(
            [
                html.H3(source.report.file_name, className="file-name"),
                dbc.Checkbox(
                    id={"type": LEAVE_OUT, "source": source.id},
                    label=f"Take {source.report.file_name} out of the dataset",
                    value=False,
                    class_name="leave-out" if len(sources) > 1 else "d-none",
                ),
                html.Div(
                    mapping_table(source.id, source.plan, (), scope=STORED), id={"type": COLUMNS, "source": source.id}
                ),
            ],
            className="stack-s",
        )
        for source in sources
    ]
    return html.Details(
        [
            html.Summary("Change a decision and build the dataset again"),
            html.P(
                "The uploaded files are kept as they came. Change what a column is, and the next version is built from "
                "them; this one stays in use until it is done.",
                className="hint",
            ),
            *tables,
            html.H3("The whole dataset"),
            html.Div(
                options.options_fields(wizard.options_for(item.id), item.manifest.given, scope=options.STORED),
                className="field-grid",
            ),
            html.Div(
                [
                    html.P("Nothing changed yet.", id=SAID, className="bar-text", role="status"),
                    html.Button(
                        "Build again", id=REBUILD, n_clicks=0, type="button", disabled=True, className="btn btn-primary"
                    ),
                ],
                className="job-actions",
            ),
        ],
        className="fold panel",
    )


@dash.callback(
    Output({"type": COLUMNS, "source": ALL}, "children"),
    Output(CHANGED, "data", allow_duplicate=True),
    Output(SAID, "children"),
    Output(REBUILD, "disabled"),
    Input(column_id(STORED, USE, ALL, ALL), "value"),
    Input(column_id(STORED, TYPE, ALL, ALL), "value"),
    Input(column_id(STORED, ORDER, ALL, ALL), "value"),
    State({"type": COLUMNS, "source": ALL}, "id"),
    State(CHANGED, "data"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def edit(_use: Any, _type: Any, _order: Any, tables: Any, changed: Any, search: str | None) -> tuple[Any, ...]:
    """Collect changed plans in the page; nothing is kept before the button."""
    nothing = ([no_update] * len(tables), no_update, no_update, no_update)
    plans = dict(changed) if isinstance(changed, dict) else {}
    dataset_id = parse(search).dataset or data.newest_dataset() or ""
    touched = {}
    for item in ctx.triggered:
        control, value = ctx.triggered_prop_ids.get(item["prop_id"]), item["value"]
        if not isinstance(control, dict) or not isinstance(value, str):
            continue
        what = str(control.get("type")).removeprefix(f"{STORED}-")
        try:
            before, after = wizard.stored_decision(
                dataset_id, str(control.get("source")), plans, what, int(control["column"]), value
            )
        except (UserError, ValueError) as error:
            said = f"{error.message} {error.hint}" if isinstance(error, UserError) else "This cannot be changed."
            return (nothing[0], no_update, said, no_update)
        if after != before:
            plans[str(control["source"])] = wizard.plan_json(after)
            touched[str(control["source"])] = after
    if not touched:
        return nothing
    drawn = [
        mapping_table(t["source"], touched[t["source"]], (), scope=STORED) if t["source"] in touched else no_update
        for t in tables
    ]
    lacking = [sentence for after in touched.values() for sentence in wizard.missing(after)]
    said = (
        lacking[0]
        if lacking
        else f"{len(plans)} {'file' if len(plans) == 1 else 'files'} changed. Build again to use it."
    )
    return drawn, plans, said, bool(lacking)


FIELDS = (
    (options.zone_id(options.STORED), options.currency_id(options.STORED), options.week_id(options.STORED)),
    options.duplicates_id(options.STORED, ALL),
)


@dash.callback(
    Output(SAID, "children", allow_duplicate=True),
    Output(REBUILD, "disabled", allow_duplicate=True),
    *(Input(one, "value") for one in FIELDS[0]),
    Input(FIELDS[1], "value"),
    Input({"type": LEAVE_OUT, "source": ALL}, "value"),
    State(FIELDS[1], "id"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def edit_options(
    zone: Any, currency: Any, week: Any, duplicates: Any, left_out: list[Any], tables: Any, search: str | None
) -> tuple[Any, Any]:
    """Say whether the options or the choice of files differ from those in force."""
    if left_out and all(left_out):
        return "A dataset needs at least one file: delete the dataset on the data page instead.", True
    if any(left_out):
        gone = sum(map(bool, left_out))
        return f"{gone} {'file is' if gone == 1 else 'files are'} taken out. Build again to use it.", False
    try:
        now = wizard.options_for(parse(search).dataset or data.newest_dataset() or "")
        changed = _options(zone, currency, week, duplicates, tables) != now
    except UserError as error:
        return f"{error.message} {error.hint}", True
    return ("Options changed. Build again to use them.", False) if changed else (no_update, no_update)


def _options(zone: Any, currency: Any, week: Any, duplicates: Any, tables: Any) -> Any:
    by_table = {t["table"]: v for t, v in zip(tables, duplicates, strict=True)}
    return wizard.make_options(str(zone or ""), options.money(currency), str(week or ""), by_table)


@dash.callback(
    Output(ids.URL, "pathname", allow_duplicate=True),
    Output(ids.URL, "search", allow_duplicate=True),
    Output(ids.JOB_STARTED, "data", allow_duplicate=True),
    Output(SAID, "children", allow_duplicate=True),
    Input(REBUILD, "n_clicks"),
    State(CHANGED, "data"),
    *(State(one, "value") for one in FIELDS[0]),
    State(FIELDS[1], "value"),
    State(FIELDS[1], "id"),
    State({"type": LEAVE_OUT, "source": ALL}, "value"),
    State({"type": LEAVE_OUT, "source": ALL}, "id"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def rebuild(
    clicks: int | None,
    changed: Any,
    zone: Any,
    currency: Any,
    week: Any,
    duplicates: Any,
    tables: Any,
    left_out: list[Any],
    files: list[dict[str, str]],
    search: str | None,
) -> tuple[Any, ...]:
    """Build the next version from the same files with the changed decisions."""
    if not clicks or not isinstance(changed, dict):
        return (no_update,) * 4
    dataset_id = parse(search).dataset or data.newest_dataset() or ""
    try:
        removed = [str(file["source"]) for file, out in zip(files, left_out, strict=True) if out]
        kept = {source: plan for source, plan in changed.items() if source not in removed}
        job = data.change_decisions(dataset_id, kept, _options(zone, currency, week, duplicates, tables), removed)
    except UserError as error:
        return no_update, no_update, no_update, f"{error.message} {error.hint}"
    return "/import", f"?job={job.id}", job.id, no_update


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
