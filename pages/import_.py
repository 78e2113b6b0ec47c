"""Import: files in, what was understood, corrections, options, and the one button that writes something."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import dash
from dash import ALL, Input, Output, State, ctx, dcc, html, no_update

from dashboard.components import ids
from dashboard.components import import_finish as finish
from dashboard.components import import_options as options
from dashboard.components.first_run import accepted
from dashboard.components.import_file import (
    COLUMNS,
    FINDINGS,
    REMOVE,
    STATUS,
    FileView,
    answer_id,
    file_card,
    findings,
    status_chip,
)
from dashboard.components.import_mapping import ORDER, TYPE, USE, WIZARD, column_id, mapping_table
from dashboard.components.import_reading import reading_id
from dashboard.components.import_report import SourceView, done_report
from dashboard.components.import_steps import steps
from dashboard.components.job_card import CANCEL, RETRY, job_card
from dashboard.components.upload_zone import upload_zone
from dashboard.errors import NotFound, UserError
from dashboard.filters import parse
from dashboard.service import data, stored_files, wizard

dash.register_page(__name__, path="/import", name="Import", title="Import – Holdfast")

FILES, FORM, RUN, CLOCK, MESSAGE = "wizard-files", "wizard-form", "wizard-run", "wizard-clock", "wizard-message"
SIGNATURE, STEPS, DROP, JOINS = "wizard-signature", "wizard-steps", "wizard-drop", "wizard-joins"
OPEN, COMPACT, HIDDEN = "panel drop-panel", "panel drop-panel is-compact", "d-none"  # looks of the drop zone


def layout() -> html.Div:
    """The page without data."""
    return html.Div(
        [
            html.Header(
                [
                    html.Div(
                        [
                            html.H1("Import"),
                            html.P(
                                "From a file to numbers: look, correct, import. Nothing is written before you say so.",
                                className="lead",
                            ),
                        ]
                    ),
                    html.Div(id=STEPS),
                ],
                className="page-header",
            ),
            html.Div(id=RUN, className="stack"),
            html.Section(
                [html.H2("Choose files", className="visually-hidden"), upload_zone(), accepted()],
                id=DROP,
                className=OPEN,
            ),
            html.Div(id=MESSAGE, role="alert", className="form-message"),
            html.Div(id=FILES, className="stack"),
            html.Div(
                [html.Div(id=JOINS), html.Div(id=FORM), html.Div(id=finish.BAR, className="bar-place")],
                className="stack",
            ),
            dcc.Store(id=SIGNATURE),
            dcc.Interval(id=CLOCK, interval=600, disabled=True),
        ],
        className="page import-page",
    )


def chosen(search: str | None) -> list[str]:
    """Ids of the uploads that the address names."""
    return [part for part in parse(search).option("uploads").split(".") if part]


def view_of(state: wizard.FileState) -> FileView:
    return FileView(**{name: value for name, value in vars(state).items() if name != "stamp"})


@dash.callback(
    Output(ids.URL, "pathname", allow_duplicate=True),
    Output(ids.URL, "search", allow_duplicate=True),
    Input(ids.UPLOADS, "data"),
    Input(ids.URL, "pathname"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def add_uploads(finished: Any, pathname: str, search: str | None) -> tuple[Any, Any]:
    """A file that has arrived joins the address, so that a reload keeps it; one dropped on the data page leads here.

    The store lists every upload of this tab: only those that nobody has looked at yet are new.
    """
    if pathname not in ("/data", "/import") or not isinstance(finished, list):
        return no_update, no_update
    arrived = [item["id"] for item in finished if isinstance(item, dict) and isinstance(item.get("id"), str)]
    have = chosen(search) if pathname == "/import" else []
    new = [one for one in wizard.unseen(arrived) if one not in have]
    if not new:
        return no_update, no_update
    address = parse(search if pathname == "/import" else "").with_option("job", None)
    wanted = ".".join([*have, *new][-wizard.MAX_FILES :])
    return ("/import" if pathname == "/data" else no_update), address.with_option("uploads", wanted).to_search()


@dash.callback(
    Output(FILES, "children"),
    Output(JOINS, "children"),
    Output(FORM, "children"),
    Output(finish.BAR, "children"),
    Output(RUN, "children"),
    Output(STEPS, "children"),
    Output(DROP, "className"),
    Output(CLOCK, "disabled"),
    Output(SIGNATURE, "data"),
    Input(ids.URL, "search"),
    Input(CLOCK, "n_intervals"),
    State(SIGNATURE, "data"),
    State(ids.URL, "pathname"),
)
def show(search: str | None, _clock: int | None, signature: Any, pathname: str) -> tuple[Any, ...]:
    """Draw what has changed: the files, or the running import, or its report. Unchanged parts keep what was typed."""
    if pathname != "/import":
        return (no_update,) * 9
    address = parse(search)
    job_id = address.option("job")
    if job_id:
        return _show_job(job_id, signature)
    states = wizard.files(chosen(search))
    into = address.option("into")
    found, joining = wizard.joins(states, into)
    busy = joining == "running" or any(s.state in ("uploading", "inspecting") for s in states)
    files = [view_of(state) for state in states]
    looked = [f"{s.source}:{s.state}:{s.stamp}" for s in states]
    asked = [into, *sorted({f.plan.kind for f in files if f.plan}), *(f.source for f in files[:1])]
    mark: list[Any] = ["files", looked, joining, asked]
    if mark == signature:
        return (*(no_update,) * 7, not busy, no_update)
    if not states:
        return [], [], [], [], [], steps("choose"), OPEN, True, mark
    before = signature if isinstance(signature, list) and signature[:1] == ["files"] else ["files", None, None, None]
    return (
        no_update if before[1] == looked else [file_card(f) for f in files],
        finish.join_box(found, joining == "running"),
        no_update if before[3] == asked else _form(files, into),
        # decisions draw the bar themselves; drawn anew here, its button would lose a press that is on its way
        no_update if before[1] == looked else finish.import_bar(files) if any(f.plan for f in files) else [],
        [],
        steps("check"),
        COMPACT,
        not busy,
        mark,
    )


def _form(files: list[FileView], into: str) -> Any:
    """What to do with the files; nothing before one could be read."""
    kinds = [f.plan.kind for f in files if f.plan]
    if not kinds:
        return []
    known = data.datasets()
    target = into if any(d.id == into for d in known) else ""
    return finish.options_form(
        name=wizard.name_of(files[0].name),
        kinds=kinds,
        options=wizard.options_for(target),
        datasets=[(d.id, d.name) for d in known],
        target=target,
        mode="append",
        key=files[0].source,
    )


def _show_job(job_id: str, signature: Any) -> tuple[Any, ...]:
    try:
        job = data.job(job_id)
    except NotFound:
        lost = html.P("This import is not known any more.", className="panel panel-body")
        return [], [], [], [], lost, steps("choose"), OPEN, True, []
    mark = ["job", job.id, job.state, job.phase, job.done, job.total]
    if mark == signature:
        return (*(no_update,) * 7, not job.alive, no_update)
    if job.state == "done":
        made = str((job.result or {}).get("dataset", ""))
        return [], [], [], [], _report(made), steps("done"), HIDDEN, True, mark
    card = job_card(
        job.id,
        title=job.label,
        state=job.state,
        phase=job.phase,
        done=job.done,
        total=job.total,
        position=data.queue_position(job),
        error=job.error,
        retry=bool(job.params.get("uploads")),
    )
    return [], [], [], [], card, steps("import"), HIDDEN, not job.alive, mark


def _report(dataset_id: str) -> Any:
    try:
        item = data.dataset(dataset_id)
    except NotFound:
        return html.P("This dataset was deleted.", className="panel panel-body")
    shown = [SourceView(s.report, s.plan, s.rejects_href) for s in stored_files.sources(dataset_id)]
    return done_report(item.id, item.name, shown)


@dash.callback(
    Output({"type": COLUMNS, "source": ALL}, "children"),
    Output({"type": FINDINGS, "source": ALL}, "children"),
    Output({"type": STATUS, "source": ALL}, "children"),
    Output(finish.BAR, "children", allow_duplicate=True),
    Output(JOINS, "children", allow_duplicate=True),
    Output(MESSAGE, "children"),
    Output(CLOCK, "disabled", allow_duplicate=True),
    Input(column_id(WIZARD, USE, ALL, ALL), "value"),
    Input(column_id(WIZARD, TYPE, ALL, ALL), "value"),
    Input(column_id(WIZARD, ORDER, ALL, ALL), "value"),
    Input(answer_id(WIZARD, ALL, ALL), "value"),
    Input(reading_id(WIZARD, ALL, ALL), "value"),
    State({"type": COLUMNS, "source": ALL}, "id"),
    State({"type": STATUS, "source": ALL}, "id"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def edit(
    _use: Any, _type: Any, _order: Any, _answer: Any, _reading: Any, cards: Any, chips: Any, search: str | None
) -> tuple[Any, ...]:
    """Keep a decision on the server and draw the card it belongs to again; values that say nothing new do nothing."""
    count = len(cards)
    nothing: list[Any] = [[no_update] * count, [no_update] * count, [no_update] * len(chips)]
    known = set(chosen(search))
    touched, again = set(), False
    for item in ctx.triggered:
        control, value = ctx.triggered_prop_ids.get(item["prop_id"]), item["value"]
        if not isinstance(control, dict) or control.get("source") not in known or not isinstance(value, str):
            continue
        try:
            outcome = _decide(control, value)
        except UserError as error:
            return (*nothing, no_update, no_update, f"{error.message} {error.hint}", no_update)
        if outcome:
            touched.add(control["source"])
            again = again or outcome == "again"
    if not touched or again:
        return (*nothing, no_update, no_update, "" if again else no_update, False if again else no_update)
    states = wizard.files(chosen(search))
    found, joining = wizard.joins(states, parse(search).option("into"))
    files = {state.source: view_of(state) for state in states}

    def drawn(places: Any, draw: Any) -> list[Any]:
        return [draw(files[p["source"]]) if p["source"] in touched else no_update for p in places]

    return (
        drawn(cards, lambda f: mapping_table(f.source, f.plan, f.samples)),
        drawn(cards, findings),
        drawn(chips, status_chip),
        finish.import_bar(list(files.values())),
        finish.join_box(found, joining == "running"),
        "",
        joining != "running",
    )


def _decide(control: dict[str, Any], value: str) -> str:
    source, what = str(control["source"]), str(control.get("type")).removeprefix(f"{WIZARD}-")
    if what == "answer":
        return wizard.answer(source, int(control["question"]), value)
    if what == "reading":
        return wizard.reread(source, str(control["part"]), value)
    return wizard.decide(source, what, int(control["column"]), value)


@dash.callback(
    Output(ids.URL, "search", allow_duplicate=True),
    Input({"type": REMOVE, "source": ALL}, "n_clicks"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def remove(clicks: list[int | None], search: str | None) -> Any:
    """Take a file out again; its bytes are deleted."""
    pressed = ctx.triggered_id
    if not isinstance(pressed, dict) or not any(clicks):
        return no_update
    gone = str(pressed.get("source"))
    rest = [one for one in chosen(search) if one != gone]
    with suppress(NotFound):
        data.discard_upload(gone)
    return parse(search).with_option("uploads", ".".join(rest)).to_search()


@dash.callback(
    Output(ids.URL, "search", allow_duplicate=True),
    Input(finish.TARGET, "value"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def choose_target(target: Any, search: str | None) -> Any:
    """The dataset that the files go into is part of the address."""
    address = parse(search)
    into = "" if target == finish.NEW else target
    if not isinstance(into, str) or address.option("into") == into:
        return no_update
    return address.with_option("into", into).to_search()


@dash.callback(
    Output("wizard-options-summary", "children"),
    Input(options.zone_id("wizard"), "value"),
    Input(options.currency_id("wizard"), "value"),
    Input(finish.TARGET, "value"),
    Input(finish.MODE, "value"),
)
def summary(zone: Any, currency: Any, target: Any, mode: Any) -> str:
    """The folded options in one line."""
    into = next((item.name for item in data.datasets() if item.id == target), "")
    return finish.options_summary(str(zone or ""), options.money(currency), into, str(mode))


@dash.callback(
    Output(ids.URL, "search", allow_duplicate=True),
    Output(ids.JOB_STARTED, "data", allow_duplicate=True),
    Output(MESSAGE, "children", allow_duplicate=True),
    Input(finish.IMPORT, "n_clicks"),
    State(finish.NAME, "value"),
    State(finish.TARGET, "value"),
    State(finish.MODE, "value"),
    State(options.zone_id("wizard"), "value"),
    State(options.currency_id("wizard"), "value"),
    State(options.week_id("wizard"), "value"),
    State(options.duplicates_id("wizard", ALL), "value"),
    State(options.duplicates_id("wizard", ALL), "id"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def start(
    clicks: int | None,
    name: Any,
    target: Any,
    mode: Any,
    zone: Any,
    currency: Any,
    week: Any,
    duplicates: Any,
    tables: Any,
    search: str | None,
) -> tuple[Any, Any, Any]:
    """Start the import; from here on the job in the address tells the story."""
    if not clicks:
        return no_update, no_update, no_update
    try:
        by_table = {t["table"]: v for t, v in zip(tables, duplicates, strict=True)}
        decided = wizard.make_options(str(zone or ""), options.money(currency), str(week or ""), by_table)
        into = "" if target == finish.NEW else str(target or "")
        job = data.start_import(
            [f.source for f in wizard.files(chosen(search))],
            decided,
            name=str(name or ""),
            dataset_id=into or None,
            mode=str(mode) if into else "new",
        )
    except UserError as error:
        return no_update, no_update, f"{error.message} {error.hint}"
    return parse(search).with_option("job", job.id).to_search(), job.id, ""


@dash.callback(
    Output(CLOCK, "disabled", allow_duplicate=True),
    Input({"type": CANCEL, "job": ALL}, "n_clicks"),
    prevent_initial_call=True,
)
def cancel(clicks: list[int | None]) -> Any:
    """Stop the import."""
    if not isinstance(ctx.triggered_id, dict) or not any(clicks):
        return no_update
    data.cancel_job(str(ctx.triggered_id.get("job")))
    return False


@dash.callback(
    Output(ids.URL, "search", allow_duplicate=True),
    Input({"type": RETRY, "job": ALL}, "n_clicks"),
    State(ids.URL, "search"),
    prevent_initial_call=True,
)
def retry(clicks: list[int | None], search: str | None) -> Any:
    """Back to the files of an import that was cancelled or failed."""
    if not isinstance(ctx.triggered_id, dict) or not any(clicks):
        return no_update
    return parse(search).with_option("job", None).to_search()
