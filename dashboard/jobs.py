"""Long work as rows: start, watch, cancel. The job table in the catalogue is the queue and the only truth.

The web process inserts a row, the worker (``dashboard.worker``) claims it and runs it in a killable child, pages read
the row. Nothing about a job lives in memory only, so a reload, a closed tab or a restart loses nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dashboard import settings
from dashboard.errors import NotFound, UserError
from dashboard.store import catalogue

LABELS: dict[str, str] = {
    "inspect": "Reading the file",
    "join": "Comparing the files",
    "import": "Import",
    "append": "Import",
    "replace": "Import",
    "rebuild": "Rebuilding the dataset",
    "sample": "Making sample data",
}
LIGHT: Final = ("inspect", "join")  # short work that must not wait behind an import: it has a lane of its own
MAX_ALIVE: Final = 20  # queued and running jobs an owner may have
KEPT_DAYS: Final = 30  # how long finished jobs are remembered
RESTARTED: Final = UserError(
    "restarted", "The server restarted during this import. Nothing was published.", "Start again."
)
FINISHING: Final = "Finishing"  # phase of a job whose result is published
_PROGRESS_SECONDS: Final = 0.25

Handler = Callable[[dict[str, Any], "Progress"], dict[str, Any]]
HANDLERS: dict[str, Handler] = {}


@dataclass(frozen=True)
class Job:
    """One row of the job table.

    state: queued | running | done | failed | cancelled. phase: sentence fragment for people. done, total: progress in
    the phase's unit, total None when unknown. result: what the handler returned, when done. error: code, message, hint
    and, for a defect, reference, when failed.
    """

    id: str
    owner: str
    kind: str
    params: dict[str, Any]
    state: str
    phase: str = ""
    done: int = 0
    total: int | None = None
    result: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    created_at: str = ""
    finished_at: str | None = None

    @property
    def alive(self) -> bool:
        return self.state in ("queued", "running")

    @property
    def label(self) -> str:
        return LABELS.get(self.kind, self.kind)


@dataclass
class Progress:
    """What a handler is given: call it as ``progress(phase, done, total)``; writes at most four times a second.

    job_id: the running job. staging: the only directory the job may write to; removed when the job ends in any way.
    """

    job_id: str
    owner: str = "local"
    _phase: str = field(default="", repr=False)
    _at: float = field(default=0.0, repr=False)

    @property
    def staging(self) -> Path:
        path = staging_path(self.job_id)
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path

    def __call__(self, phase: str, done: int = 0, total: int | None = None) -> None:
        now = time.monotonic()
        if phase == self._phase and now - self._at < _PROGRESS_SECONDS and done != total:
            return
        self._phase, self._at = phase, now
        with catalogue.transaction() as db:
            db.execute(
                "UPDATE jobs SET phase=?, done=?, total=? WHERE id=? AND state='running' AND phase<>?",
                (phase, int(done), None if total is None else int(total), self.job_id, FINISHING),
            )


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Register the function that does the work of a kind; it runs in a child of the worker."""

    def register(function: Handler) -> Handler:
        HANDLERS[kind] = function
        return function

    return register


def now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


def staging_path(job_id: str) -> Path:
    return settings.current().data_dir / "staging" / job_id


def start(kind: str, params: dict[str, Any], owner: str = "local") -> Job:
    """Queue a job and return it; an equal job that is still alive is returned instead.

    Raises UserError ``busy`` when the owner has MAX_ALIVE jobs alive, ValueError for an unknown kind.
    """
    if kind not in LABELS:
        raise ValueError(f"unknown job kind {kind!r}")
    text = json.dumps(params, sort_keys=True, separators=(",", ":"))
    key = hashlib.sha256(json.dumps([owner, kind, text]).encode()).hexdigest()
    with catalogue.transaction() as db:
        row = db.execute("SELECT * FROM jobs WHERE key=? AND state IN ('queued', 'running')", (key,)).fetchone()
        if row is None:
            alive = db.execute(
                "SELECT count(*) FROM jobs WHERE owner=? AND state IN ('queued', 'running')", (owner,)
            ).fetchone()[0]
            if alive >= MAX_ALIVE:
                raise UserError(
                    "busy", f"{alive} jobs are already waiting or running.", "Wait until one has finished, then retry."
                )
            job_id = secrets.token_hex(16)
            db.execute(
                "INSERT INTO jobs (id, owner, kind, params, key, state, created_at) "
                "VALUES (?, ?, ?, ?, ?, 'queued', ?)",
                (job_id, owner, kind, text, key, now()),
            )
            row = db.execute("SELECT * FROM jobs WHERE id=?", (job_id,)).fetchone()
        return _job(row)


def get(job_id: str, owner: str | None = None) -> Job:
    """The job. owner None means any (for the worker). Raises NotFound for an unknown or a foreign one."""
    with catalogue.reading() as db:
        row = db.execute("SELECT * FROM jobs WHERE id=?", (job_id,)).fetchone()
    if row is None or (owner is not None and row["owner"] != owner):
        raise NotFound("job")
    return _job(row)


def recent(owner: str = "local", limit: int = 20) -> list[Job]:
    """The owner's jobs, newest first."""
    with catalogue.reading() as db:
        rows = db.execute(
            "SELECT * FROM jobs WHERE owner=? ORDER BY created_at DESC, rowid DESC LIMIT ?", (owner, limit)
        ).fetchall()
    return [_job(row) for row in rows]


def position(job: Job) -> int:
    """How many jobs of the same lane are before a queued one: 0 = it is next or already runs."""
    if job.state != "queued":
        return 0
    with catalogue.reading() as db:
        rows = db.execute(
            "SELECT id, kind FROM jobs WHERE state IN ('queued', 'running') ORDER BY created_at, rowid"
        ).fetchall()
    lane = [row["id"] for row in rows if (row["kind"] in LIGHT) == (job.kind in LIGHT)]
    return lane.index(job.id) if job.id in lane else 0


def cancel(job_id: str, owner: str | None = None) -> Job:
    """Stop a job. A queued one never starts; of a running one the worker kills the processes and removes the staging
    directory. A finished job stays as it is, and so does one whose result is already published."""
    get(job_id, owner)
    with catalogue.transaction() as db:
        db.execute(
            "UPDATE jobs SET state='cancelled', finished_at=? "
            "WHERE id=? AND state IN ('queued', 'running') AND phase<>?",
            (now(), job_id, FINISHING),
        )
    return get(job_id, owner)


def committing(db: sqlite3.Connection, job_id: str) -> None:
    """Called in the transaction that publishes what a job made: from then on it cannot be cancelled any more, and what
    was cancelled before is not published. Raises UserError ``cancelled``."""
    if not db.execute("UPDATE jobs SET phase=? WHERE id=? AND state='running'", (FINISHING, job_id)).rowcount:
        raise UserError("cancelled", "Cancelled. Nothing was changed.")


def claim(db: sqlite3.Connection, *, light: bool) -> Job | None:
    """Worker only: take the oldest queued job of a lane, or None."""
    marks = ",".join("?" * len(LIGHT))
    condition = "IN" if light else "NOT IN"
    row = db.execute(
        "UPDATE jobs SET state='running', heartbeat=? WHERE id = (SELECT id FROM jobs WHERE state='queued' AND kind "
        + condition
        + " ("
        + marks
        + ") ORDER BY created_at, rowid LIMIT 1) AND state='queued' RETURNING *",
        (time.time(), *LIGHT),
    ).fetchone()
    return None if row is None else _job(row)


def finish(job_id: str, result: dict[str, Any]) -> None:
    """Worker only: the job is done. A job cancelled meanwhile stays cancelled."""
    _end(job_id, "done", json.dumps(result), None)


def fail(job_id: str, error: UserError, reference: str = "") -> None:
    """Worker only: the job failed; the error's text is what a person reads."""
    about = {**error.to_json(), **({"reference": reference} if reference else {})}
    _end(job_id, "failed", None, json.dumps(about))


def recover() -> list[str]:
    """Worker only, at its start: what was running is failed with the reason. Returns the ids. Old rows are dropped."""
    oldest = (dt.datetime.now(dt.UTC) - dt.timedelta(days=KEPT_DAYS)).isoformat(timespec="milliseconds")
    with catalogue.transaction() as db:
        rows = db.execute(
            "UPDATE jobs SET state='failed', finished_at=?, error=?, pid=NULL WHERE state='running' RETURNING id",
            (now(), json.dumps(RESTARTED.to_json())),
        ).fetchall()
        db.execute("DELETE FROM jobs WHERE finished_at < ?", (oldest,))
    return [row["id"] for row in rows]


def _end(job_id: str, state: str, result: str | None, error: str | None) -> None:
    with catalogue.transaction() as db:
        db.execute(
            "UPDATE jobs SET state=?, result=?, error=?, finished_at=?, pid=NULL WHERE id=? AND state='running'",
            (state, result, error, now(), job_id),
        )


def _job(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        owner=row["owner"],
        kind=row["kind"],
        params=json.loads(row["params"]),
        state=row["state"],
        phase=row["phase"],
        done=row["done"],
        total=row["total"],
        result=json.loads(row["result"]) if row["result"] else None,
        error=json.loads(row["error"]) if row["error"] else None,
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )
