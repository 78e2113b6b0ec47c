"""From files to a published version, and the way back: import, sweep, rename, delete.

Protocol: everything is written and flushed in a staging directory, renamed to its final place, and then one row in the
catalogue commits it. A kill at any moment leaves either the old state or the new one, plus leftovers that no row names;
:func:`sweep` removes those. Source files are linked (uploads) or copied into the dataset, never moved: before the
commit an upload is still an upload.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import secrets
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from dashboard import settings
from dashboard.errors import NotFound, UserError
from dashboard.ingest import build, plan
from dashboard.ingest.changes import compare
from dashboard.ingest.layout import Source
from dashboard.ingest.locks import Lock
from dashboard.ingest.plan import ImportOptions, SourcePlan
from dashboard.ingest.staging import free_bytes, lock_file
from dashboard.ingest.staging import root as staging_root
from dashboard.store import catalogue, files
from dashboard.store import dataset as stored
from dashboard.store import manifest as manifests
from dashboard.store.manifest import Manifest

Mode = Literal["new", "append", "replace", "redo"]

GRACE = dt.timedelta(hours=1)  # how long readers of a superseded version may go on
NEEDED_PER_BYTE = 3  # disk that an import takes for a byte of CSV: rows on their way, the version, some air
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def import_sources(
    sources: Sequence[Source],
    options: ImportOptions,
    *,
    mode: Mode = "new",
    dataset_id: str | None = None,
    name: str = "",
    owner: str = "",
    plans: Mapping[str, SourcePlan] | None = None,
    removed: Collection[str] = (),
    staging: Path | None = None,
    progress: build.Progress | None = None,
    partitions: int | None = None,
    reader: Callable[..., build.Reader] | None = None,
    committing: Callable[[sqlite3.Connection], None] | None = None,
) -> dict[str, Any]:
    """Build and publish one version; returns when it is durable.

    mode: "new" (name, owner) makes a dataset; "append" adds the sources to those it has; "replace" takes them
    instead; "redo" builds again from its own files, with other ``plans`` (by source id), other options, or without the
    ``removed`` sources. staging: an empty directory for this import alone, default ``staging/<random>``; removed at the
    end in any case. progress(phase, done, total): phases "read", "sort", "publish". committing: called inside the
    transaction that makes the version exist; what it raises prevents that (the work was cancelled meanwhile).

    Returns {"dataset", "version", "changes" (:func:`dashboard.ingest.changes.compare`), "users", "rows", "notes"}.
    Raises NotFound; UserError: whatever reading raises, ``disk_full``, ``quota``, ``no_sources``. Whatever is raised,
    what was there before is unchanged.
    """
    report = progress or (lambda phase, done, total: None)
    target = dataset_id if mode != "new" else _new_id()
    if target is None or not stored.DATASET_ID.fullmatch(target):
        raise NotFound("dataset")
    staging = staging or staging_root() / secrets.token_hex(16)
    with Lock(lock_file(target)), Lock(lock_file(staging.name)):
        before = _current(target) if mode != "new" else None
        every = _sources(target, before, list(sources), mode, plans or {}, removed)
        needed = _check_space(every, len(sources))
        try:
            files.make_directory(staging)
            number = _next_number(target)
            made = build.build_version(
                target, every, options, staging=staging, progress=report, version=number,
                partitions=partitions, reader=reader,
            )  # fmt: skip
            report("publish", 0, None)
            _place(target, made, sources, staging)
            _commit(made, name, owner, mode, committing)
        except OSError as error:
            if files.is_full(error):
                raise files.disk_full(needed, free_bytes()) from error
            raise
        finally:
            files.remove_tree(staging)
            lock_file(staging.name).unlink(missing_ok=True)
            _drop_unnamed(target)
        _prune(target)
        return {
            "dataset": target,
            "version": number,
            "users": made.users,
            "rows": made.rows,
            "notes": list(made.notes),
            "changes": compare(before, made),
        }


def sweep() -> None:
    """Remove what no catalogue row names: staging of imports that died, versions and sources that were never
    committed, versions superseded for an hour. Imports that are running, also in other processes, are left alone."""
    data = settings.current().data_dir
    staged = _folders(staging_root())
    with catalogue.transaction() as connection:  # after the look: what exists was made by a job that has a row
        working = {row["id"] for row in connection.execute("SELECT id FROM jobs WHERE state = 'running'")}
    for folder in staged:
        if folder.name in working:  # a job that reads or generates holds no lock yet
            continue
        with Lock(lock_file(folder.name), wait=False) as free:
            if free:
                files.remove_tree(folder)
    for folder in _folders(data / "datasets"):
        with Lock(lock_file(folder.name), wait=False) as free:
            if free:
                _drop_unnamed(folder.name)
                _prune(folder.name)
    for file in (data / "locks").glob("*"):
        with Lock(file, wait=False) as free:
            if free:
                file.unlink(missing_ok=True)


def delete_dataset(dataset_id: str, *, forget: Callable[[str], None] | None = None) -> None:
    """Remove a dataset with its sources and all versions. Its row goes first: from then on it does not exist, and a
    kill in between leaves only what :func:`sweep` removes. forget: also drops what is cached. Waits for a running
    import of the dataset. Raises NotFound."""
    if not stored.DATASET_ID.fullmatch(dataset_id):
        raise NotFound("dataset")
    with Lock(lock_file(dataset_id)):
        with catalogue.transaction() as connection:
            gone = connection.execute("DELETE FROM datasets WHERE id = ?", (dataset_id,)).rowcount
        if not gone:
            raise NotFound("dataset")
        stored.forget(dataset_id)
        if forget is not None:
            forget(dataset_id)
        files.remove_tree(_folder(dataset_id))
        lock_file(dataset_id).unlink(missing_ok=True)


def dataset_sources(dataset_id: str) -> list[Source]:
    """The files of the current version with their plans, in order. Raises NotFound."""
    return _stored_sources(dataset_id, _current(dataset_id))


def _stored_sources(dataset_id: str, manifest: Manifest) -> list[Source]:
    folder = _folder(dataset_id) / "sources"
    return [
        Source(
            str(item["id"]),
            folder / str(item["id"]),
            str(item["file_name"]),
            plan.from_json(SourcePlan, item["plan"]),
            str(item["report"].get("sha256", "")),
        )
        for item in manifest.sources
    ]


def _sources(
    dataset_id: str,
    before: Manifest | None,
    new: list[Source],
    mode: Mode,
    plans: Mapping[str, SourcePlan],
    removed: Collection[str],
) -> list[Source]:
    """All sources of the version to build, in order."""
    kept: list[Source] = []
    if before is not None and mode in ("append", "redo"):
        kept = [
            replace(source, plan=plans.get(source.id, source.plan))
            for source in _stored_sources(dataset_id, before)
            if source.id not in removed
        ]
    every = kept + new
    if not every:
        raise UserError("no_sources", "A dataset needs at least one file.", "Delete the dataset instead.")
    if len({source.id for source in every}) < len(every):
        raise UserError("source_twice", "This file is already part of the dataset.", "Nothing has to be done.")
    return every


def _place(dataset_id: str, made: Manifest, sources: Sequence[Source], staging: Path) -> None:
    """Move the built version and its new sources to their final place; nothing refers to them yet."""
    folder = _folder(dataset_id)
    files.make_directory(folder / "sources")
    own = settings.current().data_dir
    for source in sources:
        target = folder / "sources" / source.id
        target.unlink(missing_ok=True)
        files.link_or_copy(source.path, target, link=source.path.is_relative_to(own))
    files.fsync_directory(folder / "sources")
    version = staging / "version"
    for directory in [path for path in version.iterdir() if path.is_dir()]:
        files.fsync_directory(directory)
    files.fsync_directory(version)
    target = folder / f"v{made.version:d}"
    files.remove_tree(target)  # of an import that died between its rename and its commit
    files.rename(version, target)
    files.fsync_directory(folder)
    files.fsync_directory(folder.parent)


def _commit(
    made: Manifest, name: str, owner: str, mode: Mode, committing: Callable[[sqlite3.Connection], None] | None
) -> None:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    size = files.tree_bytes(_folder(made.dataset_id) / f"v{made.version:d}")
    with catalogue.transaction() as connection:
        if committing is not None:
            committing(connection)
        if mode == "new":
            connection.execute(
                "INSERT INTO datasets (id, owner, name, version, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
                (made.dataset_id, owner, name, made.version, now, now),
            )
        else:
            changed = connection.execute(
                "UPDATE datasets SET version = ?, updated_at = ? WHERE id = ?", (made.version, now, made.dataset_id)
            ).rowcount
            if not changed:
                raise NotFound("dataset")
        connection.execute(
            "INSERT INTO versions (dataset_id, number, manifest, bytes, created_at) VALUES (?, ?, ?, ?, ?)",
            (made.dataset_id, made.version, made.to_json(), size, now),
        )


def _current(dataset_id: str) -> Manifest:
    with catalogue.reading() as connection:
        row = connection.execute(
            "SELECT v.manifest FROM datasets d JOIN versions v ON v.dataset_id = d.id AND v.number = d.version"
            " WHERE d.id = ?",
            (dataset_id,),
        ).fetchone()
    if row is None:
        raise NotFound("dataset")
    return manifests.from_json(row["manifest"])


def _next_number(dataset_id: str) -> int:
    with catalogue.reading() as connection:
        row = connection.execute("SELECT max(number) FROM versions WHERE dataset_id = ?", (dataset_id,)).fetchone()
    return int(row[0] or 0) + 1


def _drop_unnamed(dataset_id: str) -> None:
    """Remove versions and sources of a dataset that no row names; the caller holds its lock."""
    folder = _folder(dataset_id)
    if not folder.is_dir():
        return
    with catalogue.reading() as connection:
        rows = connection.execute(
            "SELECT number, manifest FROM versions WHERE dataset_id = ?", (dataset_id,)
        ).fetchall()
    if not rows:
        files.remove_tree(folder)
        return
    named = {f"v{row['number']:d}" for row in rows}
    for path in _folders(folder):
        if re.fullmatch(r"v\d+", path.name) and path.name not in named:
            files.remove_tree(path)
    used = {str(source["id"]) for row in rows for source in json.loads(row["manifest"])["sources"]}
    for path in (folder / "sources").glob("*"):
        if path.name not in used:
            path.unlink()


def _prune(dataset_id: str) -> None:
    """Remove versions that were superseded longer ago than the grace period; the caller holds the lock."""
    limit = (dt.datetime.now(dt.UTC) - GRACE).isoformat(timespec="seconds")
    with catalogue.transaction() as connection:
        old = connection.execute(
            "DELETE FROM versions AS v WHERE dataset_id = ? AND EXISTS (SELECT 1 FROM versions n"
            " WHERE n.dataset_id = v.dataset_id AND n.number > v.number AND n.created_at < ?) RETURNING number",
            (dataset_id, limit),
        ).fetchall()
    if old:
        stored.forget(dataset_id)
        _drop_unnamed(dataset_id)


def _check_space(every: Sequence[Source], new: int) -> int:
    """The bytes an import will need about. Raises UserError when the disk or the quota does not hold them."""
    size = sum(s.path.stat().st_size * (build.GZIP_RATIO if s.plan.packed else 1) for s in every)
    needed = size * NEEDED_PER_BYTE + sum(s.path.stat().st_size for s in every[len(every) - new :])
    free = free_bytes()
    if needed > free:
        raise files.disk_full(needed, free)
    now = settings.current()
    used = files.tree_bytes(now.data_dir)
    if used + needed > now.quota_bytes:
        raise UserError(
            "quota",
            f"This needs about {files.size_text(needed)}; {files.size_text(max(now.quota_bytes - used, 0))} of "
            f"{files.size_text(now.quota_bytes)} are left for data.",
            "Delete a dataset that is no longer needed, then try again.",
        )
    return needed


def _folder(dataset_id: str) -> Path:
    return settings.current().data_dir / "datasets" / dataset_id


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir()) if parent.is_dir() else []


def _new_id() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(12))
