from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dashboard import jobs
from dashboard.errors import NotFound, UserError
from dashboard.store import catalogue

pytestmark = pytest.mark.usefixtures("data_dir")


def claim(light: bool = False) -> jobs.Job | None:
    db = catalogue.connect()
    try:
        return jobs.claim(db, light=light)
    finally:
        db.close()


def test_equal_starts_are_one_job_while_it_is_alive() -> None:
    first = jobs.start("import", {"b": 1, "a": 2})
    assert jobs.start("import", {"a": 2, "b": 1}).id == first.id
    assert jobs.start("import", {"a": 3}).id != first.id
    assert jobs.start("import", {"a": 2, "b": 1}, owner="other").id != first.id
    jobs.cancel(first.id)
    assert jobs.start("import", {"a": 2, "b": 1}).id != first.id


def test_two_hundred_equal_starts_at_once_are_one_job() -> None:
    found: list[str] = []

    def start() -> None:
        found.extend(jobs.start("sample", {"seed": 1}).id for _ in range(20))

    threads = [threading.Thread(target=start) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 200
    assert len(set(found)) == 1


def test_queue_is_bounded_per_owner() -> None:
    for number in range(jobs.MAX_ALIVE):
        jobs.start("sample", {"seed": number})
    with pytest.raises(UserError) as refused:
        jobs.start("sample", {"seed": -1})
    assert refused.value.code == "busy"
    jobs.start("sample", {"seed": -1}, owner="other")


def test_unknown_kind_is_a_defect_of_the_caller() -> None:
    with pytest.raises(ValueError, match="unknown job kind"):
        jobs.start("rm", {})


def test_a_job_belongs_to_its_owner() -> None:
    job = jobs.start("import", {})
    for action in (jobs.get, jobs.cancel):
        with pytest.raises(NotFound):
            action(job.id, "other")
    assert jobs.get(job.id, "local").state == "queued"
    assert jobs.recent("other") == []


def test_lanes_are_claimed_in_order_of_arrival() -> None:
    heavy = [jobs.start("import", {"n": n}) for n in range(3)]
    light = jobs.start("inspect", {"upload": "x"})
    assert [jobs.position(job) for job in heavy] == [0, 1, 2]
    assert jobs.position(light) == 0
    claimed = claim(light=True)
    assert claimed is not None and claimed.id == light.id and claimed.state == "running"
    assert claim(light=True) is None
    assert [job.id for job in iter(claim, None)] == [job.id for job in heavy]


def test_progress_writes_phase_changes_and_throttles_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(jobs.time, "monotonic", lambda: now[0])
    job = jobs.start("import", {})
    claim()
    progress = jobs.Progress(job.id)

    def seen() -> tuple[str, int, int | None]:
        row = jobs.get(job.id)
        return row.phase, row.done, row.total

    progress("Reading", 1, 10)
    progress("Reading", 2, 10)  # too soon
    assert seen() == ("Reading", 1, 10)
    now[0] += 1
    progress("Reading", 3, 10)
    assert seen() == ("Reading", 3, 10)
    progress("Reading", 10, 10)  # the end is always shown
    assert seen() == ("Reading", 10, 10)
    progress("Sorting")
    assert seen() == ("Sorting", 0, None)


def test_end_states_are_final() -> None:
    job = jobs.start("import", {})
    claim()
    jobs.cancel(job.id)
    jobs.finish(job.id, {"dataset": "x"})
    jobs.fail(job.id, UserError("no", "no"))
    jobs.Progress(job.id)("Reading", 5, 10)
    row = jobs.get(job.id)
    assert (row.state, row.result, row.error, row.phase) == ("cancelled", None, None, "")
    done = jobs.start("import", {"n": 2})
    claim()
    jobs.finish(done.id, {"dataset": "x"})
    assert jobs.cancel(done.id).state == "done"
    assert jobs.get(done.id).result == {"dataset": "x"}


def test_recover_fails_what_was_running_and_keeps_what_waits() -> None:
    running = jobs.start("import", {"n": 1})
    claim()
    waiting = jobs.start("import", {"n": 2})
    assert jobs.recover() == [running.id]
    row = jobs.get(running.id)
    assert row.state == "failed"
    assert row.error is not None
    assert row.error["message"] == "The server restarted during this import. Nothing was published."
    assert row.error["hint"] == "Start again."
    assert jobs.get(waiting.id).state == "queued"
    assert jobs.recover() == []


def test_old_jobs_are_forgotten(data_dir: Path) -> None:
    job = jobs.start("import", {})
    jobs.cancel(job.id)
    with catalogue.transaction() as db:
        db.execute("UPDATE jobs SET finished_at='2020-01-01T00:00:00.000+00:00' WHERE id=?", (job.id,))
    fresh = jobs.start("import", {"n": 2})
    jobs.cancel(fresh.id)
    jobs.recover()
    assert [row.id for row in jobs.recent()] == [fresh.id]
