"""The catalogue: one SQLite file that is the durable truth about uploads, datasets, versions and jobs.

A row here is the commit point of everything on disk: a directory without its row does not exist (start-up sweeps it).
WAL and ``synchronous=FULL``: what was acknowledged survives a power cut.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboard import settings

WAIT_SECONDS = 10.0

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE uploads (
        id TEXT PRIMARY KEY,            -- 32 hex digits, made by the server
        owner TEXT NOT NULL,
        file_name TEXT NOT NULL,        -- as typed by a person: data, never a path
        size INTEGER NOT NULL,          -- announced bytes
        received INTEGER NOT NULL DEFAULT 0,
        sha256 TEXT,                    -- set when complete
        fingerprint TEXT NOT NULL,      -- name + size + mtime: finds the upload again after a reload
        inspection TEXT,                -- JSON of the last inspection, NULL before
        created_at TEXT NOT NULL,
        completed_at TEXT
    );
    CREATE TABLE datasets (
        id TEXT PRIMARY KEY,            -- 12 lower-case letters and digits
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        version INTEGER NOT NULL,       -- the current version: replacing a dataset swaps this number
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        settings TEXT NOT NULL DEFAULT '{}'  -- JSON: what people set on it (rules, as-of day)
    );
    CREATE TABLE versions (
        dataset_id TEXT NOT NULL REFERENCES datasets(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        manifest TEXT NOT NULL,         -- JSON, see store.dataset.Manifest
        bytes INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        PRIMARY KEY (dataset_id, number)
    );
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,            -- 32 hex digits
        owner TEXT NOT NULL,
        kind TEXT NOT NULL,             -- inspect | import | sample | ...
        params TEXT NOT NULL,           -- JSON
        key TEXT NOT NULL,              -- hash of (owner, kind, params): equal starts are merged
        state TEXT NOT NULL,            -- queued | running | done | failed | cancelled
        phase TEXT NOT NULL DEFAULT '',
        done INTEGER NOT NULL DEFAULT 0,
        total INTEGER,                  -- NULL = unknown
        result TEXT,                    -- JSON when done
        error TEXT,                     -- JSON {code, message, hint, reference} when failed
        pid INTEGER,                    -- process group of the child that works on it
        heartbeat REAL,                 -- seconds since the epoch
        created_at TEXT NOT NULL,
        finished_at TEXT
    );
    CREATE UNIQUE INDEX jobs_alive ON jobs(key) WHERE state IN ('queued', 'running');
    CREATE TABLE mappings (
        owner TEXT NOT NULL,
        header TEXT NOT NULL,           -- hash of the normalised header row
        plan TEXT NOT NULL,             -- JSON of the confirmed SourcePlan
        used_at TEXT NOT NULL,
        PRIMARY KEY (owner, header)
    );
    """,
    """
    CREATE TABLE segments (
        id TEXT PRIMARY KEY,            -- 16 lower-case letters and digits: what a link carries
        dataset_id TEXT NOT NULL REFERENCES datasets(id) ON DELETE CASCADE,
        owner TEXT NOT NULL,
        name TEXT NOT NULL COLLATE NOCASE,
        rule TEXT NOT NULL,             -- JSON, see customers.segment_rules
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        UNIQUE (dataset_id, name)
    );
    """,
)


def path() -> Path:
    return settings.current().data_dir / "catalogue.db"


def connect() -> sqlite3.Connection:
    """A new connection (cheap; one per thread and task, close it). Rows are ``sqlite3.Row``; foreign keys are on;
    waits up to 10 s for a writer. Creates and migrates the file when needed."""
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = sqlite3.connect(file, timeout=WAIT_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")  # what was deleted leaves no bytes in free pages
    _migrate(connection)
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch a new file to write-ahead logging. The switch itself does not wait for other connections as statements do,
    and two processes may open a new file at the same moment."""
    ends = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.02)


def _migrate(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] >= len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = connection.execute("PRAGMA user_version").fetchone()[0]
        for number, statements in enumerate(MIGRATIONS[done:], start=done + 1):
            for statement in statements.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version={number:d}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


@contextmanager
def transaction() -> Iterator[sqlite3.Connection]:
    """One write transaction on a connection of its own: commits at the end, rolls back on any error."""
    connection = connect()
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    finally:
        connection.close()


class _Reader(threading.local):
    """The connection for reads of one thread, and the process and file it is good for."""

    connection: sqlite3.Connection | None = None
    good_for: tuple[int, Path, int] | None = None


_reader = _Reader()
_inherited: list[sqlite3.Connection] = []  # of the parent: never used, and never closed, in a forked child


@contextmanager
def reading() -> Iterator[sqlite3.Connection]:
    """A connection for reads. Each thread keeps its own: to open one takes longer than most questions."""
    file = path()
    if _reader.connection is None or _reader.good_for != (os.getpid(), file, _inode(file)):
        if _reader.connection is not None and _reader.good_for is not None:
            if _reader.good_for[0] == os.getpid():
                _reader.connection.close()
            else:
                _inherited.append(_reader.connection)
        _reader.connection = None
        _reader.connection = connect()
        _reader.good_for = (os.getpid(), file, _inode(file))
    yield _reader.connection


def _inode(file: Path) -> int:
    """0 where there is no file: somebody may put a backup in its place."""
    try:
        return file.stat().st_ino
    except FileNotFoundError:
        return 0
