"""Uploads, inspections, imports, datasets and jobs: what the data pages and the command line call.

Everything belongs to the acting person (:func:`dashboard.service.core.current_owner`); what belongs to somebody else
does not exist (``NotFound``).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from dashboard import cache, jobs
from dashboard.errors import NotFound, UserError
from dashboard.ingest import choices, plan, publish, sample
from dashboard.ingest import upload as uploads
from dashboard.ingest.plan import ImportOptions, SourcePlan
from dashboard.ingest.staging import free_bytes
from dashboard.ingest.upload import SLICE, Upload
from dashboard.jobs import Job
from dashboard.service import core
from dashboard.service.exports import Download, export
from dashboard.store import catalogue
from dashboard.store import manifest as manifests
from dashboard.store.manifest import Manifest

MAX_NAME = 120

__all__ = ["SLICE", "DatasetInfo", "Download", "Job", "Upload", "export"]


@dataclass(frozen=True)
class DatasetInfo:
    """A dataset for lists. bytes: of the current version on disk. manifest: of the current version."""

    id: str
    name: str
    owner: str
    version: int
    bytes: int
    created_at: str
    updated_at: str
    manifest: Manifest


# Uploads ----------------------------------------------------------------------------------------------------------


def create_upload(file_name: str, size: int, fingerprint: str) -> Upload:
    """See :func:`dashboard.ingest.upload.create`."""
    return uploads.create(core.current_owner(), file_name, size, fingerprint)


def upload(upload_id: str) -> Upload:
    return uploads.get(core.current_owner(), upload_id)


def append_upload(upload_id: str, offset: int, stream: BinaryIO, length: int, digest: str) -> int:
    """See :func:`dashboard.ingest.upload.append`."""
    return uploads.append(core.current_owner(), upload_id, offset, stream, length, digest)


def complete_upload(upload_id: str, digest: str) -> Upload:
    """See :func:`dashboard.ingest.upload.complete`."""
    return uploads.complete(core.current_owner(), upload_id, digest)


def discard_upload(upload_id: str) -> None:
    """Forget an upload, its bytes and its inspection. Raises NotFound."""
    uploads.discard(core.current_owner(), upload_id)


# Inspection and plan ----------------------------------------------------------------------------------------------


def inspect(upload_id: str, answers: dict[str, str] | None = None) -> Job:
    """Start to find out what an uploaded file is; the job's result is ``{"upload": id}`` and :func:`inspection` then
    has the findings. answers: what a person decided about how the bytes are read ("encoding", "header" …)."""
    found = upload(upload_id)
    if not found.complete:
        raise UserError(
            "not_complete", "The file has not arrived completely.", "Wait for the upload or start it again."
        )
    return jobs.start("inspect", {"upload": upload_id, "answers": answers or {}}, core.current_owner())


def inspection(upload_id: str) -> dict[str, Any] | None:
    """What the last inspection found: ``plan`` (SourcePlan JSON), ``preview``, ``statistics``, ``remembered``; None
    before the first. Raises NotFound."""
    upload(upload_id)
    with catalogue.reading() as db:
        row = db.execute("SELECT inspection FROM uploads WHERE id=?", (upload_id,)).fetchone()
    return json.loads(row["inspection"]) if row and row["inspection"] else None


def plan_of(upload_id: str) -> SourcePlan:
    """The plan as it stands. Raises NotFound, UserError ``not_inspected``."""
    found = inspection(upload_id)
    if found is None:
        raise UserError("not_inspected", "The file has not been looked at yet.", "Wait a moment.")
    return plan.from_json(SourcePlan, found["plan"])


def set_plan(upload_id: str, data: Any) -> SourcePlan:
    """Keep a changed plan (SourcePlan or its JSON, which may come from a browser). Raises UserError ``plan``."""
    found = inspection(upload_id)
    try:
        changed = data if isinstance(data, SourcePlan) else plan.from_json(SourcePlan, data)
    except ValueError:
        raise UserError("plan", "These decisions cannot be used.", "Reload the page and decide again.") from None
    if found is None:
        raise UserError("not_inspected", "The file has not been looked at yet.", "Wait a moment.")
    _same_file(plan.from_json(SourcePlan, found["plan"]), changed)
    found["plan"] = plan.to_json(changed)
    with catalogue.transaction() as db:
        db.execute("UPDATE uploads SET inspection=? WHERE id=?", (json.dumps(found), upload_id))
    return changed


def _same_file(before: SourcePlan, after: SourcePlan) -> None:
    """A person decides what columns mean; what the file has and how its bytes were read is not up for decision."""

    def fixed(one: SourcePlan) -> tuple[Any, ...]:
        return one.format, one.packed, one.sheet, one.dialect, [(c.index, c.header) for c in one.columns]

    if fixed(before) != fixed(after):
        raise UserError("plan", "These decisions belong to another file.", "Reload the page and decide again.")


# Imports ----------------------------------------------------------------------------------------------------------


def start_import(
    upload_ids: Sequence[str],
    options: ImportOptions | None = None,
    *,
    name: str = "",
    dataset_id: str | None = None,
    mode: str = "new",
) -> Job:
    """Import uploads with their plans as they stand (:func:`set_plan`) and return the job; its result is
    ``{"dataset": id, "version": n}``.

    mode: "new" (name is the dataset's name), "append" or "replace" (dataset_id is the dataset). Raises NotFound,
    UserError ``open_questions``, ``missing_column``, ``nothing``, ``name``, ``busy``.
    """
    if not upload_ids:
        raise UserError("nothing", "There is no file to import.", "Choose a file first.")
    if len(set(upload_ids)) != len(upload_ids):
        raise UserError("twice", "A file is listed twice.", "Remove one of them.")
    for upload_id in upload_ids:
        found = upload(upload_id)
        current = plan_of(upload_id)
        if current.open_questions:
            raise UserError(
                "open_questions", f"{found.file_name}: {current.open_questions[0].text}", "Answer the question first."
            )
        lacking = choices.missing(current)
        if lacking:
            raise UserError("missing_column", f"{found.file_name}: {lacking[0]}", "Choose it in the column list.")
    params: dict[str, Any] = {
        "uploads": list(upload_ids),
        "options": plan.to_json(options or ImportOptions()),
    }
    if mode == "new":
        params["name"] = clean_name(name or _name_from(upload(upload_ids[0]).file_name))
        return jobs.start("import", params, core.current_owner())
    if mode not in ("append", "replace"):
        raise UserError("mode", "Files are imported as a new dataset, appended or as a replacement.", "")
    info = dataset(dataset_id or "", "change")
    params["dataset"] = info.id
    if options is None:
        params["options"] = info.manifest.options
    return jobs.start(mode, params, core.current_owner())


def start_sample(kind: str = "streaming", events: int = 100_000, seed: int = 1, name: str = "") -> Job:
    """Make a dataset of generated data; the job's result is ``{"dataset": id, "version": n}``."""
    if kind not in sample.KINDS or not sample.MIN_EVENTS <= events <= sample.MAX_EVENTS:
        raise UserError(
            "bad_sample",
            f"A sample is one of {', '.join(sample.KINDS)} "
            f"and has {sample.MIN_EVENTS:,} to {sample.MAX_EVENTS:,} events.",
            "Choose another kind or size.",
        )
    title = clean_name(name or f"Sample: {sample.LABELS[kind].lower()}")
    return jobs.start("sample", {"kind": kind, "events": events, "seed": seed, "name": title}, core.current_owner())


def change_decisions(
    dataset_id: str,
    plans: Mapping[str, Any] | None = None,
    options: Any = None,
    removed: Sequence[str] = (),
    base: Mapping[str, SourcePlan] | None = None,
) -> Job:
    """Build the next version of a dataset from the same files with other decisions.

    plans: source id -> changed SourcePlan (or its JSON). options: changed ImportOptions (or JSON). removed: ids of
    sources to leave out. base: source id -> the plan that a new inspection of the stored file has proposed, for files
    whose bytes are to be read another way. Raises NotFound, UserError ``plan``, ``nothing``.
    """
    info = dataset(dataset_id, "change")
    known = {str(source["id"]): source for source in info.manifest.sources}
    if not set(plans or {}) <= set(known) or not set(removed) <= set(known):
        raise NotFound("file")
    if set(removed) == set(known):
        raise UserError("nothing", "A dataset needs at least one file.", "Delete the dataset instead.")
    changed: dict[str, Any] = {}
    try:
        for source_id, data in (plans or {}).items():
            after = data if isinstance(data, SourcePlan) else plan.from_json(SourcePlan, data)
            _same_file((base or {}).get(source_id) or plan.from_json(SourcePlan, known[source_id]["plan"]), after)
            changed[source_id] = plan.to_json(after)
        chosen = options if isinstance(options, ImportOptions) else plan.from_json(ImportOptions, options or {})
    except ValueError:
        raise UserError("plan", "These decisions cannot be used.", "Reload the page and decide again.") from None
    params = {
        "dataset": info.id,
        "plans": changed,
        "options": info.manifest.options if options is None else plan.to_json(chosen),
        "removed": sorted(removed),
    }
    return jobs.start("rebuild", params, core.current_owner())


# Datasets ---------------------------------------------------------------------------------------------------------


def datasets() -> list[DatasetInfo]:
    """The acting person's datasets, the one changed last first."""
    with catalogue.reading() as db:
        rows = db.execute(_DATASETS + " WHERE d.owner=? ORDER BY d.updated_at DESC, d.id", (core.current_owner(),))
        return [info for row in rows.fetchall() if (info := _info(row)) is not None]


def dataset(dataset_id: str, action: str = "read") -> DatasetInfo:
    """One dataset. Raises NotFound."""
    core.authorise(dataset_id, action)
    with catalogue.reading() as db:
        row = db.execute(_DATASETS + " WHERE d.id=?", (dataset_id,)).fetchone()
    info = _info(row) if row is not None else None
    if info is None:
        raise NotFound("dataset")
    return info


def newest_dataset() -> str | None:
    """Id of the dataset a page shows when the address names none."""
    known = datasets()
    return known[0].id if known else None


def rename(dataset_id: str, name: str) -> None:
    """Give a dataset another name. Raises NotFound, UserError ``name``."""
    core.authorise(dataset_id, "change")
    with catalogue.transaction() as db:
        db.execute("UPDATE datasets SET name=? WHERE id=?", (clean_name(name), dataset_id))


def delete(dataset_id: str) -> None:
    """Delete a dataset with all its files, versions, cached results and jobs: afterwards nothing of it is left."""
    core.authorise(dataset_id, "delete")
    for job in jobs.recent(core.current_owner(), limit=1_000):
        if job.alive and job.params.get("dataset") == dataset_id:
            jobs.cancel(job.id)
    publish.delete_dataset(dataset_id, forget=cache.forget)
    with catalogue.transaction() as db:
        mentions = (f'%"{dataset_id}"%', f'%"{dataset_id}"%')
        db.execute("DELETE FROM jobs WHERE (params LIKE ? OR result LIKE ?) AND finished_at IS NOT NULL", mentions)
    with catalogue.reading() as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the journal still holds what was there


def sources(dataset_id: str) -> tuple[dict[str, Any], ...]:
    """The files a dataset was made from, as in ``Manifest.sources``: id, file_name, kind, size, plan, report, merge."""
    return dataset(dataset_id).manifest.sources


def clean_name(name: str) -> str:
    """A dataset's name: printable, trimmed, at most 120 characters. Raises UserError ``name`` when nothing is left."""
    kept = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:MAX_NAME]
    if not kept:
        raise UserError("name", "The dataset needs a name.", "Type one.")
    return kept


def _name_from(file_name: str) -> str:
    stem = file_name.removesuffix(".gz").rsplit(".", 1)[0]
    return stem.replace("_", " ").strip() or file_name


_DATASETS = (
    "SELECT d.*, v.manifest, v.bytes FROM datasets d JOIN versions v ON v.dataset_id = d.id AND v.number = d.version"
)


def _info(row: sqlite3.Row) -> DatasetInfo | None:
    try:
        manifest = manifests.from_json(row["manifest"])
    except ValueError:  # written by another release: it is rebuilt, not shown half
        return None
    return DatasetInfo(
        row["id"],
        row["name"],
        row["owner"],
        row["version"],
        row["bytes"],
        row["created_at"],
        row["updated_at"],
        manifest,
    )


# Jobs -------------------------------------------------------------------------------------------------------------


def job(job_id: str) -> Job:
    """A job of the acting person. Raises NotFound."""
    return jobs.get(job_id, core.current_owner())


def cancel_job(job_id: str) -> Job:
    """Stop a job. Raises NotFound."""
    return jobs.cancel(job_id, core.current_owner())


def recent_jobs(limit: int = 20) -> list[Job]:
    """The acting person's jobs, newest first."""
    return jobs.recent(core.current_owner(), limit)


def queue_position(found: Job) -> int:
    """Place in the queue of a waiting job, 1 = next; 0 when it is not waiting."""
    return jobs.position(found) + 1 if found.state == "queued" else 0


def disk() -> tuple[int, int]:
    """(bytes free for imports, bytes of all stored data) for the data page."""
    from dashboard import settings

    now = settings.current()
    with catalogue.reading() as db:
        used = db.execute(
            "SELECT (SELECT coalesce(sum(size), 0) FROM uploads) + (SELECT coalesce(sum(bytes), 0) FROM versions)"
        ).fetchone()[0]
    free = max(0, free_bytes())
    return min(free, max(0, now.quota_bytes - used)), int(used)
