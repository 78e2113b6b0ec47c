"""What each kind of job does: thin calls into ``ingest``, run by the worker in a process of their own."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import secrets
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from dashboard import jit, jobs, settings
from dashboard.errors import NotFound, UserError
from dashboard.ingest import build, choices, joins, plan, publish, sample, upload
from dashboard.ingest.inspect import Inspection, inspect_file
from dashboard.ingest.layout import Source
from dashboard.ingest.plan import ImportOptions, SourcePlan
from dashboard.jobs import Progress, handler, now
from dashboard.store import catalogue
from dashboard.store.dataset import open_dataset

FIRST_TIME = "Getting ready: this is done once, later imports start at once"
STORED_PREVIEW = 12  # rows of a stored file that is looked at again; they live in the job's row

PHASES: dict[str, str] = {
    "read": "Reading rows",
    "sort": "Sorting by person and time",
    "publish": "Writing to disk",
}


def load() -> None:
    """Load the compiled kernels of an import, as far as they have been compiled."""
    jit.load_compiled()


def prepare(progress: Progress) -> None:
    """Say that something is being compiled for the first time whenever a job has to wait for that."""
    turn, done = threading.Lock(), itertools.count()

    def said() -> None:
        with turn, contextlib.suppress(sqlite3.Error):
            progress(f"{FIRST_TIME} ({next(done)} parts done)")

    jit.on_compile(said)


def warm_import() -> None:
    """Compile every kernel of an import, by reading and building a tiny sample in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=settings.current().data_dir, prefix=".warm-") as folder:
        made = sample.generate("streaming", 1_000, 1, Path(folder))
        sources = [Source(path.stem, path, path.name, inspect_file(path).plan) for path in made]
        build.build_version("0" * 12, sources, ImportOptions(), staging=Path(folder), progress=lambda *_: None)
    jit.note_complete("import")


def warm_pages() -> None:
    """Compile every kernel of the insights with arrays of a few rows, those of the first page first."""
    from dashboard.insights import warm_up  # jobs do without

    warm_up.compile_kernels()
    jit.note_complete("pages")


WARM: dict[str, Callable[[], None]] = {"import": warm_import, "pages": warm_pages}


@handler("inspect")
def inspect(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Look at an upload; what was found is kept with it. A mapping remembered for the same header is used.

    With a dataset among the parameters: look again at one of its files (:func:`_inspect_stored`).
    """
    if params.get("dataset"):
        return _inspect_stored(params, progress)
    found = upload.get(progress.owner, str(params["upload"]))
    path = upload.blob_path(found.id)
    answers = {str(code): str(value) for code, value in params.get("answers", {}).items()}
    progress("Looking at the file")
    seen = inspect_file(path, file_name=found.file_name, answers=answers)
    kept = remembered(progress.owner, seen.header_key)
    if kept is not None:
        seen = inspect_file(path, file_name=found.file_name, answers=answers, remembered=kept)
    with catalogue.transaction() as db:
        db.execute(
            "UPDATE uploads SET inspection=? WHERE id=?", (json.dumps(as_json(seen, kept is not None)), found.id)
        )
    return {"upload": found.id}


def _inspect_stored(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Read a stored file another way: ``answers`` say how. What ``plan`` has decided about columns that stay the same
    is used again. Nothing but the job's result is written."""
    dataset_id = str(params["dataset"])
    _own(dataset_id, progress.owner)
    source = next((s for s in publish.dataset_sources(dataset_id) if s.id == params["source"]), None)
    if source is None:
        raise NotFound("file")
    before = plan.from_json(SourcePlan, params["plan"])
    answers = {str(code): str(value) for code, value in params["answers"].items()}
    progress("Looking at the file")
    seen = inspect_file(source.path, file_name=source.file_name, answers=answers)
    same = {(c.index, c.header) for c in before.columns} & {(c.index, c.header) for c in seen.plan.columns}
    if same and seen.plan.width == before.width:
        seen = inspect_file(source.path, file_name=source.file_name, answers=answers, remembered=before)
    kept = choices.answer_again(seen.plan, before)
    found = as_json(dataclasses.replace(seen, plan=kept, preview=seen.preview[:STORED_PREVIEW], columns=()), False)
    return {"dataset": dataset_id, "inspection": found}


@handler("join")
def join(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Whether several uploads, and the dataset they are added to, speak of the same people, with the id columns that
    ``params`` names."""
    files = []
    for upload_id, kind, column in params["files"]:
        found = upload.get(progress.owner, str(upload_id))
        chosen = plan.from_json(SourcePlan, _inspection(found.id)["plan"])
        ids = chosen.column("user_id")
        if chosen.kind == kind and ids is not None and ids.index == column:
            files.append((upload.blob_path(found.id), chosen))
    known = []
    if params.get("dataset"):
        _own(str(params["dataset"]), progress.owner)
        known = [partition.user_ids for partition in open_dataset(str(params["dataset"])).partitions]
    found_joins = joins.compare(files, staging=progress.staging, known=known)
    return {"joins": [dataclasses.asdict(found) for found in found_joins]}


def _own(dataset_id: str, owner: str) -> None:
    """Raise NotFound for a dataset that is not the owner's."""
    with catalogue.reading() as db:
        row = db.execute("SELECT owner FROM datasets WHERE id=?", (dataset_id,)).fetchone()
    if row is None or row["owner"] != owner:
        raise NotFound("dataset")


def as_json(seen: Inspection, was_remembered: bool) -> dict[str, Any]:
    """An inspection as it is kept with an upload: the fields of :class:`Inspection`, and ``remembered``."""
    return {**dataclasses.asdict(seen), "remembered": was_remembered}


def remembered(owner: str, header_key: str) -> SourcePlan | None:
    """The plan with which a file of the same header was imported last."""
    with catalogue.reading() as db:
        row = db.execute("SELECT plan FROM mappings WHERE owner=? AND header=?", (owner, header_key)).fetchone()
    if row is None:
        return None
    try:
        return plan.from_json(SourcePlan, json.loads(row["plan"]))
    except ValueError:  # written by another release
        return None


def remember(owner: str, header_key: str, confirmed: SourcePlan) -> None:
    with catalogue.transaction() as db:
        db.execute(
            "INSERT INTO mappings (owner, header, plan, used_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (owner, header) DO UPDATE SET plan=excluded.plan, used_at=excluded.used_at",
            (owner, header_key, json.dumps(plan.to_json(confirmed)), now()),
        )


@handler("import")
def import_new(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    return _import(params, progress, "new")


@handler("append")
def append(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    return _import(params, progress, "append")


@handler("replace")
def replace(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    return _import(params, progress, "replace")


def _import(params: dict[str, Any], progress: Progress, mode: publish.Mode) -> dict[str, Any]:
    """Uploads with their confirmed plans become a version; the uploads are then no longer needed."""
    found = [upload.get(progress.owner, str(upload_id)) for upload_id in params["uploads"]]
    inspections = [_inspection(item.id) for item in found]
    plans = [plan.from_json(SourcePlan, seen["plan"]) for seen in inspections]
    sources = [
        Source(item.id, upload.blob_path(item.id), item.file_name, chosen, item.sha256 or "")
        for item, chosen in zip(found, plans, strict=True)
    ]
    result = publish.import_sources(
        sources,
        plan.from_json(ImportOptions, params["options"]),
        mode=mode,
        dataset_id=params.get("dataset"),
        name=str(params.get("name", "")),
        owner=progress.owner,
        staging=progress.staging,
        committing=lambda db: jobs.committing(db, progress.job_id),
        progress=in_rows(progress, sum(int(seen["records"]) for seen in inspections)),
    )
    for seen, chosen in zip(inspections, plans, strict=True):
        remember(progress.owner, str(seen["header_key"]), chosen)
    for item in found:
        upload.discard(progress.owner, item.id)
    return result


def _inspection(upload_id: str) -> dict[str, Any]:
    with catalogue.reading() as db:
        row = db.execute("SELECT inspection FROM uploads WHERE id=?", (upload_id,)).fetchone()
    if row is None or not row["inspection"]:
        raise UserError("not_inspected", "The file has not been looked at yet.", "Upload it again.")
    return dict(json.loads(row["inspection"]))


@handler("rebuild")
def rebuild(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Build a dataset again from its own files with changed decisions."""
    dataset_id = str(params["dataset"])
    _own(dataset_id, progress.owner)
    removed = params.get("removed", ())
    stored = open_dataset(dataset_id).manifest.sources
    records = sum(int(source["report"]["records"]) for source in stored if source["id"] not in removed)
    return publish.import_sources(
        [],
        plan.from_json(ImportOptions, params["options"]),
        mode="redo",
        dataset_id=dataset_id,
        plans={key: plan.from_json(SourcePlan, data) for key, data in params.get("plans", {}).items()},
        removed=removed,
        staging=progress.staging,
        committing=lambda db: jobs.committing(db, progress.job_id),
        progress=in_rows(progress, records),
    )


@handler("sample")
def make_sample(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Generate files and import them like any others; the answer key is kept next to the dataset."""
    folder = progress.staging / "sample"
    paths = sample.generate(str(params["kind"]), int(params["events"]), int(params["seed"]), folder, progress)
    sources, records = [], 0
    for path in paths:
        progress("Looking at the files")
        seen = inspect_file(path, file_name=path.name)
        records += seen.records
        sources.append(Source(secrets.token_hex(16), path, path.name, seen.plan))
    key = [(path.name, path.read_bytes()) for path in _answers(folder)]
    result = publish.import_sources(
        sources,
        ImportOptions(),
        name=str(params["name"]),
        owner=progress.owner,
        staging=progress.staging,
        committing=lambda db: jobs.committing(db, progress.job_id),
        progress=in_rows(progress, records),
    )
    target = settings.current().data_dir / "datasets" / str(result["dataset"]) / "answers"
    target.mkdir(mode=0o700, exist_ok=True)
    for name, content in key:
        (target / name).write_bytes(content)
    shutil.rmtree(folder, ignore_errors=True)
    return result


def _answers(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.iterdir() if path.name.startswith("answer_"))


def in_rows(progress: Progress, records: int | None) -> Callable[[str, int, int | None], None]:
    """Progress in rows for people: building counts bytes and partitions. records: rows of all files, None unknown."""

    def report(phase: str, done: int, total: int | None) -> None:
        if records and total:
            progress(PHASES.get(phase, phase), records * min(done, total) // total, records)
        else:
            progress(PHASES.get(phase, phase))

    return report
