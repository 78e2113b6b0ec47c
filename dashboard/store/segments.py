"""Saved segments: their rows in the catalogue, and the lists of ids that rules name by the hash of their content.

A list lies in the dataset's own private directory and goes with it; a link or a rule only carries its hash.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import secrets
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dashboard import settings
from dashboard.errors import NotFound, UserError
from dashboard.store import catalogue, files
from dashboard.store.dataset import DATASET_ID

SEGMENT_ID = re.compile(r"[a-z0-9]{16}")
LIST_ID = re.compile(r"[0-9a-f]{64}")
MAX_SEGMENTS = 500  # of one dataset
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class StoredSegment:
    """One row: rule is JSON text; the times are ISO instants in UTC."""

    id: str
    dataset_id: str
    owner: str
    name: str
    rule: str
    created_at: str
    updated_at: str


def of_dataset(dataset_id: str) -> list[StoredSegment]:
    """The segments of a dataset, by name."""
    with catalogue.reading() as connection:
        rows = connection.execute(
            "SELECT * FROM segments WHERE dataset_id = ? ORDER BY name, id", (dataset_id,)
        ).fetchall()
    return [_segment(row) for row in rows]


def get(dataset_id: str, segment_id: str) -> StoredSegment:
    """One segment of a dataset. Raises NotFound, also for a segment of another dataset."""
    if SEGMENT_ID.fullmatch(segment_id):
        with catalogue.reading() as connection:
            row = connection.execute(
                "SELECT * FROM segments WHERE id = ? AND dataset_id = ?", (segment_id, dataset_id)
            ).fetchone()
        if row is not None:
            return _segment(row)
    raise NotFound("segment")


def add(dataset_id: str, owner: str, name: str, rule: str) -> StoredSegment:
    """Keep a new segment. Raises UserError ("name_taken", "too_many_segments"), NotFound for an unknown dataset."""
    segment_id = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    now = _now()
    with _named(name), catalogue.transaction() as connection:
        if connection.execute("SELECT 1 FROM datasets WHERE id = ?", (dataset_id,)).fetchone() is None:
            raise NotFound("dataset")
        many = connection.execute("SELECT count(*) FROM segments WHERE dataset_id = ?", (dataset_id,)).fetchone()[0]
        if many >= MAX_SEGMENTS:
            raise UserError(
                "too_many_segments",
                f"This dataset has {MAX_SEGMENTS} saved segments already.",
                "Delete some that are not needed any more.",
            )
        connection.execute(
            "INSERT INTO segments (id, dataset_id, owner, name, rule, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (segment_id, dataset_id, owner, name, rule, now, now),
        )
    return StoredSegment(segment_id, dataset_id, owner, name, rule, now, now)


def change(dataset_id: str, segment_id: str, *, name: str, rule: str) -> StoredSegment:
    """Give a segment a name and a rule. Raises NotFound and UserError ("name_taken")."""
    with _named(name), catalogue.transaction() as connection:
        changed = connection.execute(
            "UPDATE segments SET name = ?, rule = ?, updated_at = ? WHERE id = ? AND dataset_id = ?",
            (name, rule, _now(), segment_id, dataset_id),
        ).rowcount
        if not changed:
            raise NotFound("segment")
    return get(dataset_id, segment_id)


def remove(dataset_id: str, segment_id: str) -> None:
    """Delete a segment and the lists that no other segment of the dataset names. Raises NotFound."""
    with catalogue.transaction() as connection:
        gone = connection.execute(
            "DELETE FROM segments WHERE id = ? AND dataset_id = ? RETURNING rule", (segment_id, dataset_id)
        ).fetchone()
    if gone is None:
        raise NotFound("segment")
    kept = {name for item in of_dataset(dataset_id) for name in LIST_ID.findall(item.rule)}
    for name in set(LIST_ID.findall(gone["rule"])) - kept:
        (_folder(dataset_id) / name).unlink(missing_ok=True)


class _named:
    """Turns the catalogue's refusal of a second segment of one name into words."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, sqlite3.IntegrityError):
            raise UserError(
                "name_taken", f"There is a segment called “{self._name}” already.", "Choose another name."
            ) from None


def keep_list(dataset_id: str, ids: Iterable[str]) -> tuple[str, int]:
    """Store user ids with the dataset: (hash of the distinct sorted ids, their number). Equal lists are one file."""
    distinct = sorted(set(ids))
    data = json.dumps(distinct, ensure_ascii=False).encode()
    name = hashlib.sha256(data).hexdigest()
    folder = _folder(dataset_id)
    files.make_directory(folder)
    if not (folder / name).exists():
        half = folder / f"{name}.{secrets.token_hex(8)}"
        try:
            files.write_bytes(half, data)
            half.rename(folder / name)
        finally:
            half.unlink(missing_ok=True)
    return name, len(distinct)


def read_list(dataset_id: str, name: str) -> tuple[str, ...]:
    """The ids of a stored list, sorted. Raises NotFound."""
    if not LIST_ID.fullmatch(name):
        raise NotFound("list of people")
    try:
        return tuple(json.loads((_folder(dataset_id) / name).read_bytes()))
    except FileNotFoundError:
        raise NotFound("list of people") from None


def drop_unused_lists(dataset_id: str) -> None:
    """Remove lists that no segment names and that nobody is building a segment with (a day old)."""
    kept = {name for item in of_dataset(dataset_id) for name in LIST_ID.findall(item.rule)}
    for path in _folder(dataset_id).glob("*"):
        if path.name not in kept and path.stat().st_mtime < time.time() - 86_400:
            path.unlink(missing_ok=True)


def _folder(dataset_id: str) -> Path:
    if not DATASET_ID.fullmatch(dataset_id):
        raise NotFound("dataset")
    return settings.current().data_dir / "datasets" / dataset_id / "lists"


def _segment(row: sqlite3.Row) -> StoredSegment:
    return StoredSegment(**{name: str(row[name]) for name in StoredSegment.__dataclass_fields__})


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
