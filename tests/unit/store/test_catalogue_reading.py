"""A thread keeps its connection for reads; that must never show."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from dashboard import settings
from dashboard.forks import fork
from dashboard.store import catalogue


def add(name: str) -> None:
    with catalogue.transaction() as db:
        db.execute("INSERT INTO mappings VALUES (?, ?, '{}', '')", ("local", name))


def names() -> list[str]:
    with catalogue.reading() as db:
        return [row["header"] for row in db.execute("SELECT header FROM mappings ORDER BY header")]


def test_a_thread_keeps_one_connection_and_sees_what_others_wrote(data_dir: Path) -> None:
    with catalogue.reading() as first, catalogue.reading() as second:
        assert first is second
    assert names() == []
    add("a")
    assert names() == ["a"]
    writer = threading.Thread(target=add, args=("b",))
    writer.start()
    writer.join()
    assert names() == ["a", "b"]
    others: list[sqlite3.Connection] = []

    def other() -> None:
        with catalogue.reading() as db:
            others.append(db)

    reader = threading.Thread(target=other)
    reader.start()
    reader.join()
    with catalogue.reading() as db:
        assert others[0] is not db


def test_another_directory_and_a_restored_file_are_read_anew(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add("before")
    with contextlib.closing(sqlite3.connect(tmp_path / "backup.db")) as copy, catalogue.reading() as db:
        db.backup(copy)
    add("after")
    assert names() == ["after", "before"]
    for file in data_dir.glob("catalogue.db*"):
        file.unlink()
    shutil.copy(tmp_path / "backup.db", data_dir / "catalogue.db")
    assert names() == ["before"]
    monkeypatch.setenv("DASHBOARD_DATA_DIR", str(tmp_path / "other"))
    settings.current.cache_clear()
    assert names() == []


def test_a_forked_child_opens_its_own(data_dir: Path) -> None:
    add("a")
    assert names() == ["a"]
    with catalogue.reading() as db:
        parents = id(db)

    def child() -> int:
        with catalogue.reading() as db:
            own = id(db) != parents
        add(f"child {os.getpid()}")
        return 0 if own and len(names()) == 2 else 1

    assert fork(child, "test").wait(30) == 0
    assert len(names()) == 2
