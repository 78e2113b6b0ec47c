"""Decisions about the files of a dataset, made anew. Nothing is kept before "Build again"."""

from __future__ import annotations

from typing import Any

import dash
from dash import ALL, Input, Output, State, ctx, dcc, html, no_update

from dashboard.components import decisions as parts
from dashboard.components import ids
from dashboard.components import import_options as options
from dashboard.components.decisions import CHANGED, CLOCK, PENDING, PROBLEM, REBUILD, SAID
from dashboard.components.import_file import FileView, answer_id, source_id
from dashboard.components.import_mapping import ORDER, STORED, TYPE, USE, column_id
from dashboard.components.import_reading import reading_id
from dashboard.errors import NotFound, UserError
from dashboard.filters import parse
from dashboard.service import data, stored_files, wizard
from dashboard.service.stored_files import Edit, StoredSource

PATH = "/decisions"
dash.register_page(__name__, path=PATH, name="Change a decision", title="Change a decision – Holdfast")

BODY = "decisions-body"
COLUMNS, FOUND, READINGS = (source_id(kind, ALL) for kind in (parts.COLUMNS, parts.FOUND, parts.READINGS))
LEAVE_OUT = source_id(parts.LEAVE_OUT, ALL)
FIELDS = (options.zone_id(STORED), options.currency_id(STORED), options.week_id(STORED))
DUPLICATES = options.duplicates_id(STORED, ALL)


def layout() -> html.Div:
    """The page without data."""
    return html.Div(html.Div(id=BODY, className="stack live"), className="page dataset-page")


@dash.callback(
    Output(BODY, "children"),
    Input(ids.URL, "search"),
    State(ids.URL, "pathname"),
)
def show(search: str | None, pathname: str) -> Any:
    """Every file with its decisions. Another import that ends meanwhile does not touch what was changed here."""
    if pathname != PATH:
        return no_update
    try:
        dataset_id, sources = _shown(search)
        item = data.dataset(dataset_id)
    except NotFound:
        return html.Div(
            [
                html.H1("Not found"),
                html.P("This dataset does not exist or is not yours."),
                dcc.Link("Back to the data page", href="/data"),
            ],
            className="panel panel-body stack-s",
        )
    files = [_view(stored_files.state(source, dataset_id, Edit())) for source in sources.values()]
    return [
        html.Header(
            html.Div(
                [
                    html.H1("Change a decision"),
                    html.P(
                        [
                            dcc.Link(item.name, href=f"/dataset?dataset={item.id}"),
                            f" · version {item.version}",
                        ],
                        className="lead",
                    ),
                ]
            ),
            className="page-header",
        ),
        html.P(
            "The uploaded files are kept as they came. Change how they are read or what a column is, and the next "
            f"version is built from them; version {item.version} stays in use until that is done.",
            className="hint",
        ),
        parts.decisions(files, wizard.options_for(dataset_id), item.manifest.given),
    ]


def _view(state: wizard.FileState) -> FileView:
    shown = {name: value for name, value in vars(state).items() if name != "stamp"}
    return FileView(**shown, removable=False)


def _shown(search: str | None) -> tuple[str, dict[str, StoredSource]]:
    """The dataset of the page, and its files by id. Raises NotFound."""
    dataset_id = parse(search).dataset or data.newest_dataset() or ""
    return dataset_id, {source.id: source for source in stored_files.sources(dataset_id)}


def _edits(changed: Any) -> dict[str, Edit]:
    held = changed if isinstance(changed, dict) else {}
    return {source: stored_files.edit_from_json(edit) for source, edit in held.items()}


def _held(edits: dict[str, Edit]) -> dict[str, Any]:
    return {source: edit.to_json() for source, edit in edits.items()}


def _sentence(error: UserError | ValueError) -> str:
    return f"{error.message} {error.hint}" if isinstance(error, UserError) else "This cannot be changed."


@dash.callback(
    Output(COLUMNS, "children"),
    Output(FOUND, "children"),
    Output(CHANGED, "data"),
    Output(PENDING, "data"),
    Output(PROBLEM, "children"),
    Input(column_id(STORED, USE, ALL, ALL), "value"),
    Input(column_id(STORED, TYPE, ALL, ALL), "value"),
    Input(column_id(STORED, ORDER, ALL, ALL), "value"),
    Input(answer_id(STORED, ALL, ALL), "value"),
    Input(reading_id(STORED, ALL, ALL), "value"),
    State(COLUMNS, "id"),
    State(CHANGED, "data"),
    State(PENDING, "data"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def edit(
    _use: Any, _type: Any, _order: Any, _answer: Any, _reading: Any,
    places: Any, changed: Any, pending: Any, search: str | None,
) -> tuple[Any, ...]:  # fmt: skip
    """Collect what was changed; values that say nothing new do nothing. A file that is to be read another way is."""
    same = [no_update] * len(places)
    running = dict(pending) if isinstance(pending, dict) else {}
    touched, again = set(), set()
    try:
        dataset_id, sources = _shown(search)
        edits = _edits(changed)
        for item in ctx.triggered:
            control, value = ctx.triggered_prop_ids.get(item["prop_id"]), item["value"]
            source = sources.get(str(control.get("source"))) if isinstance(control, dict) else None
            if source is None or not isinstance(control, dict) or not isinstance(value, str):
                continue
            now = edits.get(source.id, Edit())
            what = str(control["type"]).removeprefix(f"{STORED}-")
            if what == "reading":
                job = stored_files.reread(source, dataset_id, now, str(control["part"]), value)
                if job is not None:
                    running[source.id] = job.id
                    again.add(source.id)
                continue
            where = int(control["question" if what == "answer" else "column"])
            plan = stored_files.decide(source, dataset_id, now, what, where, value)
            if plan is not None:
                edits[source.id] = Edit(plan, now.read)
                touched.add(source.id)
    except (UserError, ValueError, KeyError) as error:
        said = "This cannot be changed." if isinstance(error, KeyError) else _sentence(error)
        return same, same, no_update, no_update, said
    if not touched and not again:
        return same, same, no_update, no_update, no_update
    views = {s: _view(stored_files.state(sources[s], dataset_id, edits[s])) for s in touched}
    tables = [parts.columns(views[p["source"]]) if p["source"] in touched else no_update for p in places]
    return tables, [_found(p["source"], again, views, edits, sources) for p in places], _held(edits), running, ""


def _found(
    source: str, again: set[str], views: dict[str, FileView], edits: dict[str, Edit], sources: dict[str, StoredSource]
) -> Any:
    """What is drawn between the selects and the columns of a file after an edit."""
    if source in again:
        return parts.reading_again(sources[source].report.file_name)
    return parts.found(views[source]) if source in views and edits[source].read else no_update


@dash.callback(
    Output(READINGS, "children"),
    Output(FOUND, "children", allow_duplicate=True),
    Output(COLUMNS, "children", allow_duplicate=True),
    Output(CHANGED, "data", allow_duplicate=True),
    Output(PENDING, "data", allow_duplicate=True),
    Input(CLOCK, "n_intervals"),
    State(COLUMNS, "id"),
    State(CHANGED, "data"),
    State(PENDING, "data"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def watch(_clock: Any, places: Any, changed: Any, pending: Any, search: str | None) -> tuple[Any, ...]:
    """Take over what reading a file another way has found; what could not be read stays as it was."""
    same = [no_update] * len(places)
    running = dict(pending) if isinstance(pending, dict) else {}
    done: dict[str, FileView] = {}
    try:
        dataset_id, sources = _shown(search)
        edits = _edits(changed)
        for source_id_, job_id in list(running.items()):
            if source_id_ not in sources:
                continue
            state = stored_files.state(sources[source_id_], dataset_id, Edit(read=str(job_id)))
            if state.state == "inspecting":
                continue
            del running[source_id_]
            done[source_id_] = _view(state)
            if state.plan is not None:
                edits[source_id_] = Edit(state.plan, str(job_id))
    except NotFound:
        return same, same, same, no_update, {}
    if not done:
        return same, same, same, no_update, no_update
    controls, found, tables = [], [], []
    for place in places:
        view = done.get(place["source"])
        if view is None:
            controls.append(no_update), found.append(no_update), tables.append(no_update)
            continue
        kept = (
            view
            if view.plan
            else _view(stored_files.state(sources[view.source], dataset_id, edits.get(view.source, Edit())))
        )
        controls.append(parts.readings(kept))
        found.append(parts.found(view))
        tables.append(parts.columns(view) if view.plan else no_update)
    return controls, found, tables, _held(edits), running


@dash.callback(
    Output(SAID, "children"),
    Output(REBUILD, "disabled"),
    Output(CLOCK, "disabled"),
    Input(CHANGED, "data"),
    Input(PENDING, "data"),
    *(Input(one, "value") for one in FIELDS),
    Input(DUPLICATES, "value"),
    Input(LEAVE_OUT, "value"),
    State(DUPLICATES, "id"),
    State(LEAVE_OUT, "id"),
    State(ids.URL, "search"),
)
def judge(
    changed: Any, pending: Any, zone: Any, currency: Any, week: Any, duplicates: Any, left_out: list[Any],
    tables: Any, files: Any, search: str | None,
) -> tuple[str, bool, bool]:  # fmt: skip
    """Say what differs from what is in force, and whether it can be built."""
    if pending:
        return "Reading the file again …", True, False
    if left_out and all(left_out):
        return "A dataset needs at least one file: delete the dataset on the data page instead.", True, True
    removed = _removed(files, left_out)
    try:
        dataset_id, sources = _shown(search)
        edits = {source: edit for source, edit in _edits(changed).items() if source in sources}
        for source in edits.keys() - set(removed):
            missing = stored_files.state(sources[source], dataset_id, edits[source]).missing
            if missing:
                return missing[0], True, True
        other = _options(zone, currency, week, duplicates, tables) != wizard.options_for(dataset_id)
    except UserError as error:
        return _sentence(error), True, True
    said = parts.summary(len(edits.keys() - set(removed)), len(removed), other)
    return said, said == parts.NOTHING, True


def _removed(files: Any, left_out: list[Any]) -> tuple[str, ...]:
    return tuple(str(file["source"]) for file, out in zip(files, left_out, strict=True) if out)


def _options(zone: Any, currency: Any, week: Any, duplicates: Any, tables: Any) -> Any:
    by_table = {t["table"]: v for t, v in zip(tables, duplicates, strict=True)}
    return wizard.make_options(str(zone or ""), options.money(currency), str(week or ""), by_table)


@dash.callback(
    Output(ids.URL, "pathname", allow_duplicate=True),
    Output(ids.URL, "search", allow_duplicate=True),
    Output(ids.JOB_STARTED, "data", allow_duplicate=True),
    Output(PROBLEM, "children", allow_duplicate=True),
    Input(REBUILD, "n_clicks"),
    State(CHANGED, "data"),
    *(State(one, "value") for one in FIELDS),
    State(DUPLICATES, "value"),
    State(DUPLICATES, "id"),
    State(LEAVE_OUT, "value"),
    State(LEAVE_OUT, "id"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def rebuild(
    clicks: int | None, changed: Any, zone: Any, currency: Any, week: Any, duplicates: Any, tables: Any,
    left_out: list[Any], files: Any, search: str | None,
) -> tuple[Any, ...]:  # fmt: skip
    """Build the next version from the same files with what was changed."""
    if not clicks:
        return (no_update,) * 4
    try:
        dataset_id, _sources = _shown(search)
        chosen = _options(zone, currency, week, duplicates, tables)
        job = stored_files.rebuild(dataset_id, _edits(changed), chosen, _removed(files, left_out))
    except UserError as error:
        return no_update, no_update, no_update, _sentence(error)
    return "/import", f"?job={job.id}", job.id, no_update
