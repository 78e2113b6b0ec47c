"""The server dies in the middle of a job: afterwards the job says so, nothing is left over, the port is free."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard import jobs, settings
from tests.browser.conftest import Server, open_page, start_server

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]
WORK_SECONDS = 600.0  # an import on a busy machine that compiles everything on the way; it ends earlier in any state
REPORTED_SECONDS = 10.0  # promised: never silent for longer after a restart


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Server]]:
    """Start servers on one data directory, which this process sees too."""
    data = tmp_path / "data"
    started: list[Server] = []

    def start(port: int | None = None) -> Server:
        server = start_server(data, port)
        started.append(server)
        return server

    monkeypatch.setenv("DASHBOARD_DATA_DIR", str(data))
    settings.current.cache_clear()
    yield start
    for server in started:
        server.stop()
    settings.current.cache_clear()


def until(what: Callable[[], bool], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "did not happen in time"
        time.sleep(0.02)


def processes(data: Path) -> list[int]:
    """Our processes that work on this data directory, zombies included."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                if str(data).encode() in (process / "environ").read_bytes():
                    found.append(int(process.name))
            except OSError:
                continue
    return found


def _is_loop(pid: int) -> bool:
    """Whether a process is the worker itself: no job of its, no other command; False when it has ended meanwhile."""
    process = Path(f"/proc/{pid}")
    try:
        command, name = (process / "cmdline").read_bytes(), (process / "comm").read_text().strip()
    except OSError:
        return False
    others = (b"--sweep", b"--warm")
    return b"dashboard.worker" in command and name != "holdfast-job" and not any(one in command for one in others)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_restart_in_a_job(servers: Callable[..., Server], how: signal.Signals) -> None:
    first = servers()
    running = jobs.start("sample", {"kind": "streaming", "events": 2_000_000, "seed": 1, "name": "a"})
    waiting = jobs.start("sample", {"kind": "streaming", "events": 1_000, "seed": 2, "name": "b"})
    until(lambda: jobs.get(running.id).phase != "")
    first.process.send_signal(how)
    first.process.wait(30)
    until(lambda: processes(first.data) == [])  # no orphan goes on
    port = int(first.url.rsplit(":", 1)[1])
    second = servers(port)
    began = time.monotonic()
    until(lambda: jobs.get(running.id).state == "failed", REPORTED_SECONDS)
    assert time.monotonic() - began < REPORTED_SECONDS
    error = jobs.get(running.id).error or {}
    assert error["message"] == "The server restarted during this import. Nothing was published."
    until(lambda: not jobs.get(waiting.id).alive, WORK_SECONDS)
    assert jobs.get(waiting.id).state == "done"
    until(lambda: not any((second.data / "staging").iterdir()))
    folders = sorted(path.name for path in (second.data / "datasets").iterdir())
    assert folders == [(jobs.get(waiting.id).result or {})["dataset"]]


def test_a_dead_worker_is_replaced_and_the_page_tells(
    servers: Callable[..., Server], new_page: Callable[..., Page]
) -> None:
    server = servers()
    page = new_page(server.url)
    open_page(page, "/data")
    job = jobs.start("sample", {"kind": "streaming", "events": 2_000_000, "seed": 1, "name": "a"})
    until(lambda: jobs.get(job.id).phase != "")
    page.reload()
    indicator = page.locator("#job-indicator")
    expect(indicator.locator("progress")).to_be_visible()
    (worker,) = filter(_is_loop, processes(server.data))
    os.kill(worker, signal.SIGKILL)
    expect(page.locator("#job-toasts")).to_contain_text("The server restarted during this import.")
    expect(indicator.locator("progress")).to_have_count(0)
    again = jobs.start("sample", {"kind": "streaming", "events": 1_000, "seed": 1, "name": "again"})
    until(lambda: not jobs.get(again.id).alive, WORK_SECONDS)
    assert jobs.get(again.id).state == "done"
