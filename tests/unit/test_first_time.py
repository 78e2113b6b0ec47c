"""The first use of a kernel compiles it: a waiting person is told so, and at start it happens before anybody waits."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from dashboard import logs, tasks, worker

ROOT = Path(__file__).resolve().parents[2]
JOB = """import os
os.umask(0o077)
from dashboard import jobs, tasks
from dashboard.jit import kernel
from dashboard.store import catalogue


@kernel
def more(x):
    return x + 1


job = jobs.start("import", {})
with catalogue.transaction() as db:
    jobs.claim(db, light=False)
progress = jobs.Progress(job.id)
tasks.prepare(progress)
progress("Reading rows", 1, 10)
more(1)
print(jobs.get(job.id).phase)
"""


def test_a_job_says_that_it_waits_for_the_first_compilation_and_only_then(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(JOB)
    environment = {**os.environ, "DASHBOARD_DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}
    said = [
        subprocess.run(
            [sys.executable, str(tmp_path / "job.py")],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=240,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert said[0].startswith(tasks.FIRST_TIME)
    assert said[1] == "Reading rows"  # from the cache: nothing to say


@pytest.mark.parametrize(("part", "done"), [("import", ["import"]), ("pages", ["pages"]), ("all", ["import", "pages"])])
def test_each_part_is_compiled_alone_or_all(monkeypatch: pytest.MonkeyPatch, part: str, done: list[str]) -> None:
    called: list[str] = []
    fake = types.ModuleType("fake_warm")
    fake.WARM = {name: lambda name=name: called.append(name) for name in worker.WARM_PARTS}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fake_warm", fake)
    monkeypatch.setattr(worker, "limit", lambda: None)
    monkeypatch.setattr(logs, "set_up", lambda *_a, **_k: None)
    assert worker.warm("fake_warm", part) == 0
    assert called == done


def test_the_parts_are_those_of_the_tasks() -> None:
    assert tuple(tasks.WARM) == worker.WARM_PARTS
