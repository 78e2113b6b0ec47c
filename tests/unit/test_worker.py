from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dashboard import jobs, worker
from dashboard.errors import UserError
from dashboard.settings import ROOT

TASKS = "tests.unit.fake_tasks"
WAIT = 60.0  # generous: the machine may be busy; nothing here measures time


def until(what: Callable[[], bool], seconds: float = WAIT) -> None:
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "did not happen in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def start_worker(*more: str, memory: int = 0) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **({"DASHBOARD_IMPORT_MEMORY_BYTES": str(memory)} if memory else {})}
    return subprocess.Popen(
        [*worker.command(TASKS), *more],
        cwd=ROOT,
        start_new_session=True,
        env=environment,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def running(data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = start_worker()
    yield process
    process.kill()
    process.wait()


def ended(job: jobs.Job) -> jobs.Job:
    until(lambda: not jobs.get(job.id).alive)
    return jobs.get(job.id)


def staged(job: jobs.Job) -> bool:
    return jobs.staging_path(job.id).exists()


def test_outcomes_reach_the_row_and_nothing_stays_behind(running: subprocess.Popen[bytes], data_dir: Path) -> None:
    expected = {
        "ok": ("done", None),
        "refuse": ("failed", "empty_file"),
        "defect": ("failed", "unexpected"),
        "full": ("failed", "disk_full"),
        "killed": ("failed", "memory"),
        "exit": ("failed", "crashed"),
    }
    started = {what: jobs.start("sample", {"do": what}) for what in expected}
    for what, (state, code) in expected.items():
        job = ended(started[what])
        assert (what, job.state, job.error["code"] if job.error else None) == (what, state, code)
        until(lambda job=job: not staged(job))
    assert jobs.get(started["ok"].id).result == {"done": True}
    defect = jobs.get(started["defect"].id).error or {}
    assert defect["reference"] and defect["reference"] in defect["message"]
    text = "".join(path.read_text() for path in (data_dir / "logs").iterdir())
    assert defect["reference"] in text and "ValueError" in text and "fake_tasks.py" in text
    assert "canary" not in text and "canary" not in str(defect)


def test_memory_limit_gives_a_sentence_and_the_worker_goes_on(data_dir: Path) -> None:
    process = start_worker(memory=4 << 30)
    try:
        job = ended(jobs.start("sample", {"do": "memory"}))
        assert job.error is not None and job.error["code"] == "memory"
        assert ended(jobs.start("sample", {"do": "ok"})).state == "done"
    finally:
        process.kill()
        process.wait()


def test_cancel_kills_the_whole_group_and_removes_what_was_written(running: subprocess.Popen[bytes]) -> None:
    job = jobs.start("import", {"do": "children"})
    note = jobs.staging_path(job.id) / "pid"
    until(lambda: note.exists() and note.read_text().isdigit())
    grandchild = int(note.read_text())
    assert alive(grandchild)
    jobs.cancel(job.id)
    until(lambda: not alive(grandchild) and not staged(job))
    assert jobs.get(job.id).state == "cancelled"
    assert ended(jobs.start("import", {"do": "ok"})).state == "done"  # the lane is free again


def test_short_work_does_not_wait_behind_an_import(running: subprocess.Popen[bytes]) -> None:
    long = jobs.start("import", {"do": "sleep"})
    until(lambda: jobs.get(long.id).done > 0)
    assert ended(jobs.start("inspect", {"do": "ok"})).state == "done"
    waiting = jobs.start("sample", {"do": "ok"})
    assert jobs.get(long.id).state == "running"
    assert jobs.get(waiting.id).state == "queued"
    assert jobs.position(waiting) == 1
    jobs.cancel(long.id)
    assert ended(waiting).state == "done"


def test_wall_clock_ends_a_job(data_dir: Path) -> None:
    process = start_worker("--max-seconds", "3")
    try:
        job = ended(jobs.start("import", {"do": "sleep"}))
        assert job.error is not None and job.error["code"] == "too_slow"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_lost_worker_is_reported_after_the_restart(data_dir: Path, how: signal.Signals) -> None:
    first = start_worker()
    job = jobs.start("import", {"do": "children"})
    note = jobs.staging_path(job.id) / "pid"
    until(lambda: note.exists() and note.read_text().isdigit())
    waiting = jobs.start("import", {"do": "ok"})
    first.send_signal(how)
    first.wait(WAIT)
    second = start_worker()
    try:
        lost = ended(job)
        assert lost.state == "failed"
        assert lost.error == jobs.RESTARTED.to_json()
        assert ended(waiting).state == "done"
        until(lambda: not staged(job))
    finally:
        second.kill()
        second.wait()


def test_the_worker_and_its_job_end_with_the_process_that_started_them(data_dir: Path) -> None:
    """The web process is killed without a chance to clean up."""
    code = (
        "import subprocess, sys, time\n"
        "from dashboard import worker\n"
        f"p = subprocess.Popen(worker.command({TASKS!r}), start_new_session=True)\n"
        "print(p.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    job = jobs.start("import", {"do": "sleep"})
    until(lambda: jobs.get(job.id).done > 0)
    group = [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and _parent(p) == pid]
    assert group
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not alive(pid) and not any(alive(child) for child in group))


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def test_only_one_worker_has_the_data_directory(
    running: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    until(lambda: (data_dir / "queue" / "worker.lock").exists())
    ended(jobs.start("sample", {"do": "ok"}))
    monkeypatch.setattr(worker, "LOCK_SECONDS", 0.2)
    with pytest.raises(TimeoutError), worker.only_one():
        pass


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "memory"),
        (OSError(errno.ENOMEM, "x"), "memory"),
        (OSError(errno.ENOSPC, "x"), "disk_full"),
        (OSError(errno.EFBIG, "x"), "disk_full"),
        (UserError("own", "text"), "own"),
        (OSError(errno.EIO, "x"), None),
        (ValueError("x"), None),
    ],
)
def test_refusals_are_told_from_defects(error: Exception, code: str | None) -> None:
    found = worker.refusal(error)
    assert (found.code if found else None) == code
