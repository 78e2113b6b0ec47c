"""The worker: one process that claims jobs and runs each in a killable child.

``python -m dashboard.worker`` is the loop (started and restarted by the web process). The loop never works itself: it
loads what jobs need, forks a child for each, beats, enforces the time limit, and kills the process group of a job that
was cancelled. Two lanes run side by side: short work (``jobs.LIGHT``) does not wait behind an import.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import fcntl
import importlib
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import IO, Any, Final

from dashboard import jobs, logs, settings
from dashboard.errors import NotFound, UserError
from dashboard.forks import Fork, die_with, fork
from dashboard.ingest import upload
from dashboard.store import catalogue

POLL_SECONDS: Final = 0.15
BEAT_SECONDS: Final = 2.0
SWEEP_SECONDS: Final = 3600.0
LOAD_SECONDS: Final = 5.0  # how often to look for kernels that have been compiled meanwhile …
LOADING_SECONDS: Final = 300.0  # … and for how long after the start
MAX_SECONDS: Final = 4 * 3600  # wall clock of one job
LOCK_SECONDS: Final = 15.0  # how long a new worker waits for a dying one
WARM_PARTS: Final = ("import", "pages")  # what is compiled at start, each in a process of its own
MEMORY: Final = UserError(
    "memory",
    "This file needs more memory than an import may use. Nothing was published.",
    "Split the file, or raise DASHBOARD_IMPORT_MEMORY_BYTES.",
)
TOO_SLOW: Final = UserError(
    "too_slow", "This took longer than an import may take and was stopped. Nothing was published.", "Split the file."
)
DISK_FULL: Final = UserError(
    "disk_full", "The disk is full. Nothing was published; what existed before is unchanged.", "Free some space, retry."
)


@dataclass
class Child:
    """A running job: its process and when it has to end (monotonic)."""

    job: jobs.Job
    process: Fork
    ends: float


# The loop ---------------------------------------------------------------------------------------------------------


class Worker:
    """Claims and supervises. tasks: module that registers the handlers. max_seconds: wall clock of a job."""

    def __init__(self, tasks: str = "dashboard.tasks", max_seconds: float = MAX_SECONDS) -> None:
        self.tasks = tasks
        self.max_seconds = max_seconds
        self.children: dict[bool, Child] = {}
        self.stopping = False
        self._beat = 0.0
        self._tidy: subprocess.Popen[bytes] | None = None
        self._tidied = -SWEEP_SECONDS  # the first time at once
        self._load_next, self._loading_ends = 0.0, time.monotonic() + LOADING_SECONDS

    def run(self) -> None:
        """Work until asked to stop; running jobs are then failed with the reason."""
        for job_id in jobs.recover():
            sweep_staging(job_id)
            logs.event("job lost by a restart", job=job_id)
        db = catalogue.connect()
        try:
            while not self.stopping:
                self._load()
                self.step(db)
                time.sleep(POLL_SECONDS)
        finally:
            db.close()
            self._stop_children()

    def step(self, db: Any) -> None:
        """One turn: end what has ended or must end, start what waits."""
        for lane, child in list(self.children.items()):
            code = child.process.poll()
            if code is None and time.monotonic() > child.ends:
                self._kill(child)
                jobs.fail(child.job.id, TOO_SLOW)
            elif code is None and self._cancelled(db, child):
                self._kill(child)
            elif code is not None:
                self._explain(child, code)
            else:
                continue
            self._reap(child)
            if code != 0:
                self._sweep()  # what a killed job had placed but not committed
            del self.children[lane]
        self._sweep(only_when_due=True)
        now = time.monotonic()
        if now - self._beat > BEAT_SECONDS and self.children:
            self._beat = now
            for child in self.children.values():
                db.execute("UPDATE jobs SET heartbeat=? WHERE id=? AND state='running'", (time.time(), child.job.id))
        for lane in (True, False):
            if lane not in self.children:
                job = jobs.claim(db, light=lane)
                if job is not None:
                    self.children[lane] = self._start(db, job)

    def _load(self) -> None:
        """Have the tasks' modules and compiled kernels in memory before a child is forked. What is being compiled at
        the moment is loaded when nothing runs."""
        now = time.monotonic()
        if now < self._load_next or self.children:
            return
        self._load_next = now + LOAD_SECONDS if now < self._loading_ends else math.inf
        try:
            load = getattr(importlib.import_module(self.tasks), "load", None)
            if load is not None:
                load()
        except Exception as error:
            logs.defect("loading failed", error)

    def _sweep(self, *, only_when_due: bool = False) -> None:
        """Tidy up in a process of its own; at most one at a time, and every hour without a reason."""
        if self._tidy is not None and self._tidy.poll() is None:
            self._tidied = self._tidied if only_when_due else -SWEEP_SECONDS  # once more when it is through
            return
        if only_when_due and time.monotonic() - self._tidied < SWEEP_SECONDS:
            return
        self._tidied = time.monotonic()
        self._tidy = subprocess.Popen(
            [*command(self.tasks), "--sweep"],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            close_fds=True,
            cwd=settings.ROOT,
        )

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        self.stopping = True

    def _start(self, db: Any, job: jobs.Job) -> Child:
        process = fork(partial(work, job.id, self.tasks), "holdfast-job")
        db.execute("UPDATE jobs SET pid=? WHERE id=?", (process.pid, job.id))
        logs.event("job started", job=job.id, kind=job.kind, pid=process.pid)
        return Child(job, process, time.monotonic() + self.max_seconds)

    def _cancelled(self, db: Any, child: Child) -> bool:
        row = db.execute("SELECT state FROM jobs WHERE id=?", (child.job.id,)).fetchone()
        return row is None or row["state"] == "cancelled"

    def _explain(self, child: Child, code: int) -> None:
        """A child that ended without a word was killed from outside: say by what."""
        try:
            job = jobs.get(child.job.id)
        except NotFound:
            return
        if job.state == "running":
            if code in (-signal.SIGKILL, -signal.SIGABRT, -signal.SIGBUS):
                jobs.fail(job.id, MEMORY)
            else:
                reference = f"{job.id[:8]}"
                jobs.fail(
                    job.id,
                    UserError("crashed", f"The import stopped unexpectedly. Reference {reference}.", "Try again."),
                    reference,
                )
        logs.event("job ended", job=job.id, kind=job.kind, state=jobs.get(job.id).state, code=str(code))

    def _kill(self, child: Child) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
        logs.event("job killed", job=child.job.id, kind=child.job.kind)

    def _reap(self, child: Child) -> None:
        """Whatever the child started goes with it, and so does what it was writing."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
        sweep_staging(child.job.id)

    def _stop_children(self) -> None:
        for child in self.children.values():
            self._kill(child)
            self._reap(child)
            jobs.fail(child.job.id, jobs.RESTARTED)


def sweep_staging(job_id: str) -> None:
    shutil.rmtree(jobs.staging_path(job_id), ignore_errors=True)


@contextlib.contextmanager
def only_one() -> Any:
    """Hold the lock that makes this the only worker of the data directory. Raises TimeoutError."""
    folder = settings.current().data_dir / "queue"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "worker.lock").open("a") as file:
        _take(file)
        yield


def _take(file: IO[str]) -> None:
    ends = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            if time.monotonic() > ends:
                raise TimeoutError("another worker has this data directory") from None
            time.sleep(0.1)


# The child --------------------------------------------------------------------------------------------------------


def work(job_id: str, tasks: str) -> int:
    """Do one job in this process: limits, handler, outcome into the row. Returns the exit code."""
    limit()
    logs.set_up("job", stderr=False)
    job = jobs.get(job_id)
    progress = jobs.Progress(job.id, job.owner)
    try:
        module = importlib.import_module(tasks)
        if hasattr(module, "prepare"):
            module.prepare(progress)
        result = jobs.HANDLERS[job.kind](job.params, progress)
    except UserError as error:
        if error.code == "cannot_inspect" and error.__cause__ is not None:  # refused because of a defect of ours
            logs.defect("inspection failed", error.__cause__, job=job.id, kind=job.kind)
        jobs.fail(job.id, error)
    except Exception as error:
        known = refusal(error)
        if known is not None:
            jobs.fail(job.id, known)
        else:
            reference = logs.defect("job failed", error, job=job.id, kind=job.kind)
            text = f"Something went wrong. Nothing was published. Reference {reference}."
            jobs.fail(job.id, UserError("unexpected", text, "Try again; if it stays, report the reference."), reference)
    else:
        jobs.finish(job.id, result)
    return 0


def warm(tasks: str, part: str) -> int:
    """Let the tasks compile their kernels (``WARM``, if they have it), so that neither the first click nor the first
    import is the slow one. Nobody waits for it and nothing depends on it; started by the web process.

    part: a key of ``WARM``, or "all".
    """
    limit()
    logs.set_up("job", stderr=False)
    try:
        for name, compile_kernels in getattr(importlib.import_module(tasks), "WARM", {}).items():
            if part in (name, "all"):
                compile_kernels()
    except Exception as error:
        logs.defect("warming up failed", error)
        return 1
    return 0


def refusal(error: BaseException | None) -> UserError | None:
    """The sentence for an exception that is no defect: memory or disk ran out (also when wrapped)."""
    while error is not None:
        if isinstance(error, UserError):
            return error
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException":
            return MEMORY
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return DISK_FULL
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            return MEMORY
        error = error.__cause__
    return None


def limit() -> None:
    """Bound what this process may take: address space, file size, core dumps; and be nice to the web process."""
    now = settings.current()
    for kind, value in (
        (resource.RLIMIT_AS, now.import_memory_bytes),
        (resource.RLIMIT_FSIZE, 4 * now.max_file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        _soft, hard = resource.getrlimit(kind)
        wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (wanted, wanted))
    with contextlib.suppress(OSError):
        os.nice(5)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dashboard.worker", description="Runs the product's long work.")
    parser.add_argument(
        "--warm",
        nargs="?",
        const="all",
        choices=("all", *WARM_PARTS),
        help="compile what imports or pages need, or all, and end",
    )
    parser.add_argument("--sweep", action="store_true", help="remove what no row names, and end")
    parser.add_argument("--parent", type=int, help="end with this process")
    parser.add_argument("--tasks", default="dashboard.tasks", help="module that registers the job handlers")
    parser.add_argument("--max-seconds", type=float, default=MAX_SECONDS, help="wall clock of one job")
    chosen = parser.parse_args(arguments)
    os.umask(0o077)
    if chosen.parent and not die_with(chosen.parent):
        return 1
    if chosen.warm:
        return warm(chosen.tasks, chosen.warm)
    logs.set_up("worker")
    if chosen.sweep:
        sweep()
        return 0
    worker = Worker(chosen.tasks, chosen.max_seconds)
    signal.signal(signal.SIGTERM, worker.stop)
    signal.signal(signal.SIGINT, worker.stop)
    try:
        with only_one():
            worker.run()
    except TimeoutError:
        logs.event("worker not started", code="locked")
        return 3
    return 0


def sweep() -> None:
    """What a crash left behind: staging directories, versions without a row, expired uploads."""
    for step in (_sweep_versions, upload.expire):
        try:
            step()
        except Exception as error:
            logs.defect("sweep failed", error)


def _sweep_versions() -> None:
    from dashboard.ingest import publish  # brings the whole reading machinery, which the loop does without

    publish.sweep()


def command(tasks: str = "dashboard.tasks") -> list[str]:
    """The command line of a worker that ends with this process."""
    return [sys.executable, "-m", "dashboard.worker", "--parent", str(os.getpid()), "--tasks", tasks]


if __name__ == "__main__":
    sys.exit(main())
