"""Data: the first run, the list of datasets, and what can be done with each."""

from __future__ import annotations

from typing import Any

import dash
from dash import ALL, Input, Output, State, ctx, dcc, html, no_update

from dashboard import format as fmt
from dashboard.components import ids
from dashboard.components.dataset_table import (
    CHOSEN,
    DELETE,
    DELETE_MODAL,
    DELETE_TYPED,
    DELETE_YES,
    RENAME,
    RENAME_MODAL,
    RENAME_NAME,
    RENAME_SAVE,
    DatasetView,
    dataset_table,
    delete_warning,
    dialogs,
)
from dashboard.components.first_run import (
    SAMPLE_EVENTS,
    SAMPLE_KIND,
    SAMPLE_LOAD,
    accepted,
    sample_panel,
    templates_panel,
)
from dashboard.components.job_card import CANCEL, job_card
from dashboard.components.upload_zone import upload_zone
from dashboard.errors import NotFound, UserError
from dashboard.filters import day_date, parse
from dashboard.schema import KIND_LABEL, TABLES
from dashboard.service import data

dash.register_page(__name__, path="/data", name="Data", title="Data – Holdfast", icon="data")

JOB, CLOCK, ANNOUNCE = "data-job", "data-clock", "data-announce"
LIST, ADD, ADD_FOR = "data-list", "data-add", "data-add-for"  # the datasets; the ways to add one, and for whom they are
TEMPLATES = tuple((table, f"/export/template.csv?kind={table}") for table in TABLES)


def layout() -> html.Div:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                [
                    html.Div(
                        [
                            html.H1("Data"),
                            html.P("Where everything else comes from: your files, or a sample.", className="lead"),
                        ]
                    ),
                    dcc.Link("Import files", href="/import", className="btn btn-primary"),
                ],
                className="page-header",
            ),
            html.Div(id=JOB, className="stack"),
            html.Div(id=ANNOUNCE, role="status", className="visually-hidden"),
            html.Div(id=LIST, className="stack live"),
            html.Div(id=ADD, className="stack live"),
            dcc.Store(id=ADD_FOR),
            *dialogs(),
            dcc.Interval(id=CLOCK, interval=700, disabled=True),
        ],
        className="page data-page",
    )


@dash.callback(
    Output(LIST, "children"),
    Output(ADD, "children"),
    Output(ADD_FOR, "data"),
    Input(ids.DATASETS_CHANGED, "data"),
    State(ADD_FOR, "data"),
)
def show(_changed: Any, shown_for: str | None) -> tuple[Any, Any, Any]:
    """The list of datasets and the ways to add one.

    The latter are drawn anew only when the first dataset comes or the last one goes: whoever has files in the air, the
    focus on the button or the panel open keeps them when a list below or above changes.
    """
    known = data.datasets()
    listed = [dataset_table([view_of(item) for item in known])] if known else []
    wanted = "more" if known else "first"
    if wanted == shown_for:
        return listed, no_update, no_update
    return listed, _more() if known else _first_run(), wanted


def _ways() -> html.Div:
    drop = html.Section(
        [html.H2("Start with your files"), upload_zone(), accepted()],
        className="panel drop-panel",
    )
    return html.Div(
        [html.Div([drop, templates_panel(TEMPLATES)], className="stack"), sample_panel()],
        className="welcome",
    )


def _first_run() -> list[Any]:
    return [html.P("No data yet. Upload a file or load the sample.", className="visually-hidden"), _ways()]


def _more() -> html.Details:
    return html.Details(
        [html.Summary("Add more: drop files, or load a sample"), _ways()],
        className="fold panel",
    )


def view_of(item: Any) -> DatasetView:
    """A dataset as the list shows it."""
    manifest = item.manifest
    span = ""
    if manifest.first_day is not None and manifest.last_day is not None:
        span = fmt.days(day_date(manifest.first_day), day_date(manifest.last_day))
    return DatasetView(
        id=item.id,
        name=item.name,
        tables=tuple((KIND_LABEL[table], manifest.rows[table]) for table in TABLES if table in manifest.given),
        people=manifest.users,
        span=span,
        size=item.bytes,
        owner="you" if item.owner == "local" else item.owner,
        updated=fmt.moment(item.updated_at),
        version=item.version,
    )


@dash.callback(
    Output("sample-message", "children"),
    Output(ids.JOB_STARTED, "data", allow_duplicate=True),
    Output(ids.URL, "search", allow_duplicate=True),
    Input(SAMPLE_LOAD, "n_clicks"),
    State(SAMPLE_KIND, "value"),
    State(SAMPLE_EVENTS, "value"),
    prevent_initial_call=True,
)
def load_sample(clicks: int | None, kind: Any, events: Any) -> tuple[Any, Any, Any]:
    """Start to make a sample; the job stays in the address, so a reload loses nothing."""
    if not clicks:
        return no_update, no_update, no_update
    try:
        job = data.start_sample(str(kind), int(events))
    except UserError as error:
        return f"{error.message} {error.hint}", no_update, no_update
    except (TypeError, ValueError):
        return "Choose a size.", no_update, no_update
    return "", job.id, f"?job={job.id}"


@dash.callback(
    Output(JOB, "children"),
    Output(CLOCK, "disabled"),
    Input(ids.URL, "search"),
    Input(CLOCK, "n_intervals"),
    State(ids.URL, "pathname"),
)
def show_job(search: str | None, _clock: int | None, pathname: str) -> tuple[Any, bool]:
    """The job that the address names."""
    job_id = parse(search).option("job")
    if not job_id or pathname != "/data":
        return [], True
    try:
        job = data.job(job_id)
    except NotFound:
        return [], True
    if job.state != "done":
        card = job_card(
            job.id,
            title=job.label,
            state=job.state,
            phase=job.phase,
            done=job.done,
            total=job.total,
            position=data.queue_position(job),
            error=job.error,
        )
        return card, not job.alive
    made = str((job.result or {}).get("dataset", ""))
    try:
        name = data.dataset(made).name
    except NotFound:
        return [], True
    banner = html.Section(
        [
            html.Div(
                [html.H2(f"“{name}” is ready"), html.P("Open it, or stay here and import your own.", className="hint")]
            ),
            html.Div(
                dcc.Link("Open the dashboard", href=f"/?dataset={made}", className="btn btn-primary"),
                className="done-actions",
            ),
        ],
        className="done-banner",
        role="status",
    )
    return banner, True


@dash.callback(
    Output(CLOCK, "disabled", allow_duplicate=True),
    Input({"type": CANCEL, "job": ALL}, "n_clicks"),
    prevent_initial_call=True,
)
def cancel(clicks: list[int | None]) -> Any:
    """Stop the job whose card has the button."""
    if isinstance(ctx.triggered_id, dict) and any(clicks):
        data.cancel_job(str(ctx.triggered_id.get("job")))
        return False
    return no_update


@dash.callback(
    Output(CHOSEN, "data"),
    Output(RENAME_MODAL, "is_open"),
    Output(RENAME_NAME, "value"),
    Output(DELETE_MODAL, "is_open"),
    Output("dataset-delete-text", "children"),
    Output(DELETE_TYPED, "value"),
    Input({"type": RENAME, "dataset": ALL}, "n_clicks"),
    Input({"type": DELETE, "dataset": ALL}, "n_clicks"),
    prevent_initial_call=True,
)
def open_dialog(renames: list[int | None], deletes: list[int | None]) -> tuple[Any, ...]:
    """Open the dialog of the pressed button."""
    pressed = ctx.triggered_id
    if not isinstance(pressed, dict) or not any([*renames, *deletes]):
        return (no_update,) * 6
    try:
        item = data.dataset(str(pressed.get("dataset")))
    except NotFound:
        return (no_update,) * 6
    chosen = {"id": item.id, "name": item.name}
    if pressed["type"] == RENAME:
        return chosen, True, item.name, False, "", ""
    return chosen, False, "", True, delete_warning(item.name), ""


@dash.callback(
    Output("dataset-rename-message", "children"),
    Output(RENAME_MODAL, "is_open", allow_duplicate=True),
    Output(ids.DATASETS_CHANGED, "data", allow_duplicate=True),
    Input(RENAME_SAVE, "n_clicks"),
    Input(RENAME_NAME, "n_submit"),
    State(RENAME_NAME, "value"),
    State(CHOSEN, "data"),
    prevent_initial_call=True,
)
def rename(clicks: int | None, submits: int | None, name: Any, chosen: Any) -> tuple[Any, Any, Any]:
    """Give the chosen dataset its new name."""
    if not (clicks or submits) or not isinstance(chosen, dict):
        return no_update, no_update, no_update
    try:
        data.rename(str(chosen.get("id")), str(name or ""))
    except UserError as error:
        return f"{error.message} {error.hint}", no_update, no_update
    return "", False, {"renamed": chosen.get("id"), "to": name}


@dash.callback(Output(DELETE_YES, "disabled"), Input(DELETE_TYPED, "value"), State(CHOSEN, "data"))
def may_delete(typed: Any, chosen: Any) -> bool:
    """Deleting needs the name, typed."""
    name = chosen.get("name") if isinstance(chosen, dict) else None
    return not (isinstance(typed, str) and name and " ".join(typed.split()) == name)


@dash.callback(
    Output("dataset-delete-message", "children"),
    Output(DELETE_MODAL, "is_open", allow_duplicate=True),
    Output(ids.DATASETS_CHANGED, "data", allow_duplicate=True),
    Output(ANNOUNCE, "children"),
    Output(ids.URL, "search", allow_duplicate=True),
    Input(DELETE_YES, "n_clicks"),
    State(DELETE_TYPED, "value"),
    State(CHOSEN, "data"),
    prevent_initial_call=True,
)
def delete(clicks: int | None, typed: Any, chosen: Any) -> tuple[Any, ...]:
    """Delete the chosen dataset, once its name was typed."""
    if not clicks or not isinstance(chosen, dict) or may_delete(typed, chosen):
        return (no_update,) * 5
    try:
        data.delete(str(chosen.get("id")))
    except UserError as error:
        return f"{error.message} {error.hint}", no_update, no_update, no_update, no_update
    return "", False, {"deleted": chosen.get("id")}, f"“{chosen.get('name')}” was deleted.", ""
