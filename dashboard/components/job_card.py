"""One long-running job, as a card: phase, rows, progress, cancel, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components.labelled import aria

CANCEL = "card-cancel"  # type of the pattern id {"type": CANCEL, "job": …}
RETRY = "card-retry"


def cancel_id(job: str) -> dict[str, str]:
    return {"type": CANCEL, "job": job}


def retry_id(job: str) -> dict[str, str]:
    return {"type": RETRY, "job": job}


def job_card(
    job: str,
    *,
    title: str,
    state: str,
    phase: str = "",
    done: int = 0,
    total: int | None = None,
    unit: str = "rows",
    position: int = 0,
    error: Mapping[str, Any] | None = None,
    retry: bool = False,
) -> Component:
    """Card of a job.

    state: queued, running, done, failed or cancelled. phase: what it is doing now. done, total: progress in ``unit``
    (total None: unknown, the bar moves without an end). position: place in the queue, 1 = next. error: message, hint
    and reference of a failed job. retry: offer to start again.
    """
    label = title
    body: list[Component | str]
    if state == "queued":
        place = f" Yours is number {position} in the queue." if position > 1 else " It starts in a moment."
        body = [
            html.P("Waiting." + place, className="job-phase", role="status"),
            html.Progress(className="job-bar", **aria(label=f"{label}: waiting")),
            html.Div(_cancel(job), className="job-actions"),
        ]
    elif state == "running":
        body = [
            html.Div(
                [
                    html.Span(phase or "Starting", className="job-phase", role="status"),
                    html.Span(_rows(done, total, unit), className="job-rows tabular"),
                ],
                className="job-line",
            ),
            _bar(label, done, total),
            html.Div(
                [
                    html.Span("You may leave this page; the work goes on.", className="job-hint"),
                    _cancel(job),
                ],
                className="job-actions",
            ),
        ]
    elif state == "cancelled":
        body = [html.P("Cancelled. Nothing was changed.", className="job-phase", role="status"), *_retry(job, retry)]
    elif state == "failed":
        shown = error or {}
        body = [
            html.P(str(shown.get("message") or "Something went wrong. Nothing was changed."), className="job-error"),
            html.P(str(shown.get("hint") or ""), className="job-hint") if shown.get("hint") else "",
            html.P(f"Reference {shown['reference']}", className="job-hint") if shown.get("reference") else "",
            *_retry(job, retry),
        ]
    else:
        body = [html.P("Done.", className="job-phase", role="status")]
    # what is read aloud: the phase when it changes, not every count of rows
    ended = {"role": "alert"} if state == "failed" else {}
    return html.Section(
        [html.H2(title, className="job-title"), html.Div(body, **ended)],
        className=f"panel job job-{state}",
    )


def _rows(done: int, total: int | None, unit: str) -> str:
    if total:
        return f"{min(done, total):,} of {total:,} {unit}"
    return f"{done:,} {unit}" if done else ""


def _bar(label: str, done: int, total: int | None) -> Component:
    known: dict[str, Any] = {"value": str(min(done, total)), "max": str(total)} if total else {}
    return html.Progress(className="job-bar", **known, **aria(label=label))


def _cancel(job: str) -> Component:
    return html.Button("Cancel", id=cancel_id(job), n_clicks=0, type="button", className="btn btn-outline-secondary")


def _retry(job: str, offered: bool) -> list[Component]:
    if not offered:
        return []
    button = html.Button("Try again", id=retry_id(job), n_clicks=0, type="button", className="btn btn-primary")
    return [html.Div(button, className="job-actions")]
