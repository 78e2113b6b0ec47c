"""Running jobs in the frame: an indicator with progress and cancel, a toast when one ends. Polls only while needed."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard import jobs
from dashboard.components import ids
from dashboard.components.labelled import aria
from dashboard.errors import NotFound
from dashboard.service import data

POLL_MS = 700
CANCEL = "frame-job-cancel"  # type of the pattern id {"type": CANCEL, "job": …}; job cards on pages have their own


def stores() -> list[Any]:
    """Data-free components: the clock ticks once after the page was opened and goes on only while jobs are alive."""
    return [
        dcc.Store(id=ids.JOB_STARTED),
        dcc.Store(id=ids.JOB_SEEN, data=[], storage_type="session"),
        dcc.Interval(id=ids.JOB_POLL, interval=POLL_MS, disabled=False),
    ]


def toasts() -> html.Div:
    return html.Div(id=ids.JOB_TOASTS, role="status", className="shell-toasts d-print-none")


def describe(job: jobs.Job) -> str:
    """One line on where a job stands."""
    if job.state == "queued":
        before = jobs.position(job)
        return f"{job.label}: waiting, number {before + 1} in the queue" if before else f"{job.label}: about to start"
    text = f"{job.label}: {job.phase}" if job.phase else job.label
    if job.total:
        return f"{text}, {min(100, job.done * 100 // job.total)} %"
    return f"{text}, {job.done:,}" if job.done else text


def indicator(alive: list[jobs.Job]) -> list[Any]:
    """The jobs that are alive, each with a bar and a cancel button; nothing when there are none."""
    rows = []
    for job in alive:
        bar: dict[str, Any] = (
            {"value": str(job.done), "max": str(job.total)} if job.total and job.state == "running" else {}
        )
        rows.append(
            html.Div(
                [
                    html.Span(describe(job), className="shell-job-text"),
                    html.Progress(**bar, **aria(label=job.label)),
                    html.Button(
                        "Cancel",
                        id={"type": CANCEL, "job": job.id},
                        className="btn btn-sm btn-link",
                        **aria(label=f"Cancel: {job.label}"),
                    ),
                ],
                className="shell-job",
            )
        )
    return rows


def toast(job: jobs.Job) -> dbc.Toast:
    """What a person reads when a job has ended."""
    if job.state == "done":
        text, icon = "Done.", "success"
    elif job.state == "cancelled":
        text, icon = "Cancelled. Nothing was changed.", "secondary"
    else:
        error = job.error or {}
        parts = [error.get("message", ""), error.get("hint", "")]
        if error.get("reference"):
            parts.append(f"Reference {error['reference']}.")
        text, icon = " ".join(part for part in parts if part), "danger"
    return dbc.Toast(
        text,
        id={"type": "job-toast", "job": job.id},
        header=job.label,
        class_name=f"toast-{icon}",  # dbc's own icon is an image without a name
        dismissable=True,
        is_open=True,
        duration=None if icon == "danger" else 8_000,
    )


def tick(_clock: int | None, _started: Any, seen: Any) -> tuple[Any, ...]:
    """Read the job table: indicator, toasts for jobs that ended since the last tick, whether to go on polling."""
    alive = [job for job in data.recent_jobs() if job.alive]
    before = [job_id for job_id in seen if isinstance(job_id, str)] if isinstance(seen, list) else []
    ended = []
    for job_id in before:
        try:
            job = data.job(job_id)
        except NotFound:
            continue
        if not job.alive:
            ended.append(job)
    if _started and isinstance(_started, str) and ctx.triggered_id == ids.JOB_STARTED and _started not in before:
        try:
            job = data.job(_started)
        except NotFound:
            pass
        else:
            if not job.alive:
                ended.append(job)
    shown = [job for job in alive if job.kind not in jobs.LIGHT]
    loud = [job for job in ended if job.kind not in jobs.LIGHT or job.state == "failed"]
    return (
        indicator(shown),
        [toast(job) for job in loud] if loud else no_update,
        not alive,
        [job.id for job in alive],
        {"job": loud[-1].id} if loud else no_update,
    )


def cancel(clicks: list[int | None]) -> Any:
    """Stop the job whose button was pressed."""
    if not isinstance(ctx.triggered_id, dict) or not any(clicks or []):
        return no_update
    try:
        return data.cancel_job(str(ctx.triggered_id.get("job"))).id
    except NotFound:
        return no_update


def register(app: Dash) -> None:
    app.callback(
        Output(ids.JOB_INDICATOR, "children"),
        Output(ids.JOB_TOASTS, "children"),
        Output(ids.JOB_POLL, "disabled"),
        Output(ids.JOB_SEEN, "data"),
        Output(ids.DATASETS_CHANGED, "data"),
        Input(ids.JOB_POLL, "n_intervals"),
        Input(ids.JOB_STARTED, "data"),
        State(ids.JOB_SEEN, "data"),
    )(tick)
    app.callback(
        Output(ids.JOB_STARTED, "data"),
        Input({"type": CANCEL, "job": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )(cancel)
