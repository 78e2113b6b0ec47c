"""What the import wizard asks of the service: the state of each file, and one decision at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dashboard import jobs
from dashboard.errors import NotFound, UserError
from dashboard.ingest import choices, preview
from dashboard.ingest import plan as plans
from dashboard.ingest.plan import ColumnPlan, ImportOptions, SourcePlan
from dashboard.jobs import Job
from dashboard.service import core, data

MAX_FILES = 14  # uploads one address can carry
PREVIEW_ROWS = 6


@dataclass(frozen=True)
class FileState:
    """An uploaded file on its way in; source is the id of the upload.

    state: uploading, inspecting, ready or failed. plan and the following are empty before ready. preview: rows of
    (shown, raw, bad) cells; samples: per column a few raw cells; missing: sentences about required fields; remembered:
    the mapping of an earlier file was used; stamp: changes whenever the file has been inspected again.
    """

    source: str
    name: str
    size: int
    state: str
    plan: SourcePlan | None = None
    rows: int | None = None
    preview: tuple[tuple[tuple[str, str, bool], ...], ...] = ()
    samples: tuple[tuple[str, ...], ...] = ()
    sheets: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    remembered: bool = False
    error: dict[str, str] = field(default_factory=dict)
    stamp: str = ""


def files(upload_ids: Sequence[str]) -> list[FileState]:
    """The state of each upload, in order; what does not exist (any more) is left out. Starts the inspection of a file
    that has arrived and was never looked at."""
    recent = data.recent_jobs(200)
    found = []
    for upload_id in list(dict.fromkeys(upload_ids))[:MAX_FILES]:
        try:
            found.append(_state(upload_id, recent))
        except NotFound:
            continue
    return found


def ready(about: Mapping[str, Any], inspection: Mapping[str, Any], plan: SourcePlan, stamp: str) -> FileState:
    """The state of a file that was looked at. about: source, name and size; inspection: as it is kept (preview,
    records, sheets, remembered); plan: as it stands now."""
    raw = [(int(row["number"]), tuple(row["raw"])) for row in inspection.get("preview") or ()]
    shown = raw[:PREVIEW_ROWS]
    return FileState(
        **about,
        state="ready",
        plan=plan,
        rows=inspection.get("records"),
        preview=tuple(tuple(_cell(plan, column, number, cells) for column in plan.columns) for number, cells in shown),
        samples=tuple(
            tuple(cells[i] for _, cells in raw if i < len(cells))
            for i in range(max((column.index for column in plan.columns), default=-1) + 1)
        ),
        sheets=tuple(inspection.get("sheets") or ()),
        missing=choices.missing(plan),
        remembered=bool(inspection.get("remembered")),
        stamp=stamp,
    )


def _cell(plan: SourcePlan, column: ColumnPlan, number: int, cells: tuple[str, ...]) -> tuple[str, str, bool]:
    raw = cells[column.index] if 0 <= column.index < len(cells) else ""
    if any(q.code == "date_order" and q.column == column.index for q in plan.open_questions):
        return raw, raw, False  # nobody knows yet how it will be read
    shown = preview.read(column, number, cells)
    return shown, raw, shown == "–" and bool(raw)


def joins(states: Sequence[FileState], into: str = "") -> tuple[list[dict[str, Any]], str]:
    """Whether the files, and the dataset they go into ("" = none), speak of the same people: ({left, right, people,
    known} ..., state).

    state: "" nothing to compare, "running", "done" or "failed". Comparing reads the id columns, so it is a job; it is
    started here, once for each choice of id columns.
    """
    ready = [s for s in states if s.state == "ready" and s.plan is not None]
    named = [(s.source, s.plan.kind, ids.index) for s in ready if s.plan and (ids := s.plan.column("user_id"))]
    target = next((d for d in data.datasets() if d.id == into), None) if into else None
    if len(ready) < len(states) or not named or (target is None and len({kind for _, kind, _ in named}) < 2):
        return [], ""
    params: dict[str, Any] = {"files": [list(item) for item in named]}
    if target is not None:
        params |= {"dataset": target.id, "version": target.version}
    job = next((j for j in data.recent_jobs(200) if j.kind == "join" and j.params == params), None)
    if job is None:
        job = jobs.start("join", params, core.current_owner())
    if job.alive:
        return [], "running"
    return list((job.result or {}).get("joins") or []), "done" if job.state == "done" else "failed"


def unseen(upload_ids: Sequence[str]) -> list[str]:
    """Those of the uploads that have arrived and that no wizard has shown yet, in order."""
    looked_at = {j.params.get("upload") for j in data.recent_jobs(200) if j.kind == "inspect"}
    found = []
    for upload_id in dict.fromkeys(upload_ids):
        try:
            if data.upload(upload_id).complete and upload_id not in looked_at and data.inspection(upload_id) is None:
                found.append(upload_id)
        except NotFound:
            continue
    return found


def _state(upload_id: str, recent: Sequence[Job]) -> FileState:
    upload = data.upload(upload_id)
    about: dict[str, Any] = {"source": upload.id, "name": upload.file_name, "size": upload.size}
    if not upload.complete:
        return FileState(**about, state="uploading")
    job = next((j for j in recent if j.kind == "inspect" and j.params.get("upload") == upload_id), None)
    if job is None and data.inspection(upload_id) is None:
        job = data.inspect(upload_id)
    if job is not None and job.alive:
        return FileState(**about, state="inspecting", stamp=job.id)
    if job is not None and job.state in ("failed", "cancelled"):
        error = job.error or {"message": "Looking at the file was cancelled.", "hint": "Remove it and choose it again."}
        return FileState(**about, state="failed", error=error, stamp=job.id)
    inspection = data.inspection(upload_id)
    if inspection is None:
        return FileState(**about, state="inspecting")
    return ready(about, inspection, data.plan_of(upload_id), job.id if job else "")


Outcome = Literal["", "changed", "again"]  # nothing new | kept | kept, and the file is being read again


def decide(upload_id: str, what: str, column: int, value: str) -> Outcome:
    """Keep one decision about a column: "use", "type" or "order". Raises UserError for what is not possible."""
    before = data.plan_of(upload_id)
    after = decided(before, what, column, value)
    if after == before:
        return ""
    data.set_plan(upload_id, after)
    return "changed"


def decided(plan: SourcePlan, what: str, column: int, value: str) -> SourcePlan:
    """The plan after one decision about a column; the same plan when the value says nothing new. Raises UserError."""
    now = next((c for c in plan.columns if c.index == column), None)
    if now is None:
        raise UserError("unknown_column", "The file has no such column.")
    if what == "use":
        same = f"field:{now.name}" if now.use == "field" else now.use
        return plan if value == same else choices.use_column(plan, column, value)
    if what == "type":
        return plan if value == now.type else choices.set_type(plan, column, value)
    if what == "order":
        if now.type != "time" or now.time is None:
            return plan
        same = "epoch" if now.time.kind == "epoch" else now.time.order
        return plan if value == same else choices.set_order(plan, column, value)
    raise UserError("unknown_decision", "This is not a decision about a column.")


def answer(upload_id: str, number: int, value: str) -> Outcome:
    """Answer the question with this position in the plan. Raises UserError when there is none or the answer is not
    among its choices."""
    before = data.plan_of(upload_id)
    if not 0 <= number < len(before.questions):
        raise UserError("no_such_question", "This question is not asked any more.", "Reload the page.")
    question = before.questions[number]
    if question.answer == value:
        return ""
    after = choices.answer(before, question.code, value, question.column)
    data.set_plan(upload_id, after)
    if question.code in choices.REREAD:
        data.inspect(upload_id, {**_told_before(upload_id), question.code: value})
        return "again"
    return "changed"


def reread(upload_id: str, part: str, value: str) -> Outcome:
    """Read the file again with another kind, sheet, encoding, delimiter or number of header rows."""
    if value == reading_of(data.plan_of(upload_id), part):
        return ""
    data.inspect(upload_id, {**_told_before(upload_id), part: value})
    return "again"


def reading_of(plan: SourcePlan, part: str) -> str:
    """What a plan says about one part of how the bytes are read. Raises UserError for what is no such part."""
    now = {
        "kind": plan.kind,
        "sheet": plan.sheet,
        "encoding": plan.dialect.encoding,
        "delimiter": plan.dialect.delimiter,
        "header": str(plan.dialect.header_rows),
        "skip_lines": str(plan.dialect.skip_lines),
        "short_rows": plan.dialect.short_rows,
    }
    if part not in now:
        raise UserError("unknown_decision", "This is not a decision about a file.")
    return now[part]


def _told_before(upload_id: str) -> dict[str, str]:
    """What earlier inspections of the file were told, so that a second correction does not undo the first."""
    for job in data.recent_jobs(200):
        if job.kind == "inspect" and job.params.get("upload") == upload_id:
            return {str(k): str(v) for k, v in (job.params.get("answers") or {}).items()}
    return {}


def name_of(file_name: str) -> str:
    """A name for a dataset from a file's: without folder and endings, underscores as spaces."""
    stem = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    for ending in (".gz", ".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".xlsx", ".parquet"):
        if stem.lower().endswith(ending) and len(stem) > len(ending):
            stem = stem[: -len(ending)]
    return " ".join(stem.replace("_", " ").split())[:80] or "Dataset"


def make_options(zone: str, currency: str, week: str, duplicates: Mapping[str, str]) -> ImportOptions:
    """Import options from what a person typed and chose. Raises UserError ``time_zone`` or ``options``."""
    try:
        ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UserError(
            "time_zone", "This time zone is not known.", "Choose one from the list, like Europe/Berlin."
        ) from None
    try:
        base = plans.to_json(ImportOptions())
        chosen = dict(base["duplicates"]) | dict(duplicates)
        return plans.from_json(
            ImportOptions,
            {
                **base,
                "time_zone": zone or "UTC",
                "currency": currency,
                "week_start": week or "monday",
                "duplicates": [list(pair) for pair in chosen.items()],
            },
        )
    except ValueError:
        raise UserError("options", "These options cannot be used.", "Reload the page and choose again.") from None


def options_for(dataset_id: str) -> ImportOptions:
    """The options of a dataset, so that more files are read like the first; the defaults without one."""
    if not dataset_id:
        return ImportOptions()
    try:
        return plans.from_json(ImportOptions, data.dataset(dataset_id).manifest.options)
    except (NotFound, ValueError):
        return ImportOptions()
