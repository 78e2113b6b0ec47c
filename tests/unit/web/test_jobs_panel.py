from __future__ import annotations

import json
from typing import Any

import pytest
from dash import no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict

from dashboard import jobs
from dashboard.components import ids
from dashboard.errors import UserError
from dashboard.store import catalogue
from dashboard.web import jobs_panel

pytestmark = pytest.mark.usefixtures("data_dir")


def start(kind: str = "import", **params: Any) -> jobs.Job:
    job = jobs.start(kind, params)
    db = catalogue.connect()
    jobs.claim(db, light=kind in jobs.LIGHT)
    db.close()
    return job


def tick(seen: Any, started: str | None = None) -> tuple[Any, ...]:
    triggered = [{"prop_id": f"{ids.JOB_STARTED if started else ids.JOB_POLL}.data", "value": started}]
    token = context_value.set(AttributeDict(triggered_inputs=triggered))
    try:
        return jobs_panel.tick(1, started, seen)
    finally:
        context_value.reset(token)


def text(part: Any) -> str:
    return json.dumps(part, default=lambda item: item.to_plotly_json() if hasattr(item, "to_plotly_json") else "")


def test_polling_stops_when_nothing_runs() -> None:
    shown, toasts, stop, seen, _ = tick([])
    assert (shown, stop, seen) == ([], True, [])
    assert toasts is no_update


def test_a_running_job_is_shown_with_its_progress() -> None:
    job = start(n=1)
    jobs.Progress(job.id)("Reading rows", 250, 1000)
    shown, _, stop, seen, _ = tick([])
    assert (stop, seen) == (False, [job.id])
    assert "Import: Reading rows, 25 %" in text(shown) and '"max": "1000"' in text(shown)
    assert job.id in text(shown)  # its cancel button


def test_a_waiting_job_tells_its_place() -> None:
    start(n=1)
    second, third = jobs.start("import", {"n": 2}), jobs.start("import", {"n": 3})
    assert jobs_panel.describe(jobs.get(second.id)) == "Import: waiting, number 2 in the queue"
    assert jobs_panel.describe(jobs.get(third.id)) == "Import: waiting, number 3 in the queue"


def test_an_ended_job_gets_one_toast_and_tells_the_pages() -> None:
    job = start(n=1)
    jobs.finish(job.id, {"dataset": "x"})
    _, toasts, stop, seen, changed = tick([job.id])
    assert "Done." in text(toasts)
    assert (stop, seen, changed) == (True, [], {"job": job.id})
    assert (tick([])[1], tick([])[4]) == (no_update, no_update)  # told once


def test_a_failure_says_why() -> None:
    job = start(n=1)
    jobs.fail(job.id, UserError("x", "The file is empty.", "Choose another."), "ab12")
    toasts = tick([job.id])[1]
    assert "The file is empty. Choose another. Reference ab12." in text(toasts)


def test_a_job_that_ended_before_the_first_tick_is_told_too() -> None:
    job = start(n=1)
    jobs.finish(job.id, {})
    assert "Done." in text(tick([], started=job.id)[1])


def test_inspections_stay_quiet_unless_they_fail() -> None:
    job = start("inspect", upload="u")
    shown, _, stop, seen, _ = tick([])
    assert (shown, stop, seen) == ([], False, [job.id])
    jobs.finish(job.id, {})
    _, toasts, stop, _, changed = tick([job.id])
    assert stop and toasts is no_update
    assert changed is no_update  # no page has to be drawn anew


@pytest.mark.parametrize("seen", [None, 7, "x", [None, 1, {}], ["nothing"], {"a": 1}])
def test_a_forged_memory_of_jobs_is_harmless(seen: Any) -> None:
    assert tick(seen)[3] == []
