"""The files of a dataset: their accounts, and the decisions about them that can be made anew.

Nothing is kept before the dataset is built again: until then the page holds what was changed and sends it along, so
everything about an :class:`Edit` comes from a browser and is checked against what the file really has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from dashboard import jobs
from dashboard.errors import NotFound, UserError
from dashboard.ingest import choices
from dashboard.ingest import plan as plans
from dashboard.ingest.plan import SourcePlan
from dashboard.ingest.report import SourceReport, report_from_json
from dashboard.jobs import Job
from dashboard.service import core, data, wizard
from dashboard.service.wizard import FileState

_LOST = UserError("plan", "These decisions cannot be used.", "Reload the page and decide again.")


@dataclass(frozen=True)
class StoredSource:
    """A file of a dataset: id, plan, account, what merging did (duplicates, rows already present …), size in bytes, and
    the link to its rejected rows ("" = none)."""

    id: str
    plan: SourcePlan
    report: SourceReport
    merge: dict[str, int]
    size: int
    rejects_href: str = ""


@dataclass(frozen=True)
class Edit:
    """What a page holds about one file. plan: the changed plan, None = as stored. read: id of the job that read the
    file another way, "" = as stored; the plan is then that of its findings, perhaps changed further."""

    plan: SourcePlan | None = None
    read: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"plan": plans.to_json(self.plan) if self.plan else None, "read": self.read}


def edit_from_json(value: Any) -> Edit:
    """An edit as the page sent it; an empty one for anything that is none. Raises UserError ``plan``."""
    if not isinstance(value, Mapping):
        return Edit()
    try:
        plan = plans.from_json(SourcePlan, value["plan"]) if value.get("plan") else None
    except ValueError:
        raise _LOST from None
    return Edit(plan, str(value.get("read") or ""))


def sources(dataset_id: str) -> list[StoredSource]:
    """The files of the current version with their accounts. Raises NotFound."""
    found = []
    for source in data.sources(dataset_id):
        report = report_from_json(source["report"])
        href = f"/export/rejected.csv?dataset={dataset_id}&source={source['id']}" if report.rejected else ""
        found.append(
            StoredSource(
                id=str(source["id"]),
                plan=plans.from_json(SourcePlan, source["plan"]),
                report=replace(report, file_name=str(source["file_name"])),
                merge=cast(dict[str, int], source.get("merge") or {}),
                size=int(source.get("size") or report.file_bytes),
                rejects_href=href,
            )
        )
    return found


def state(source: StoredSource, dataset_id: str, edit: Edit) -> FileState:
    """The file as the page shows it: as stored (without a preview), or as it was read another way.

    state "inspecting" while ``edit.read`` is running, "failed" when it could not be read that way. Raises NotFound for
    a job that is not about this file.
    """
    about: dict[str, Any] = {"source": source.id, "name": source.report.file_name, "size": source.size}
    if not edit.read:
        plan = edit.plan or source.plan
        return FileState(
            **about, state="ready", plan=plan, rows=source.report.records, sheets=_sheets(plan), missing=lacking(plan)
        )
    job = _job(dataset_id, source.id, edit.read)
    if job.alive:
        return FileState(**about, state="inspecting", stamp=job.id)
    if job.state != "done":
        error = job.error or {"message": "Reading the file was cancelled.", "hint": "Choose again."}
        return FileState(**about, state="failed", error=error, stamp=job.id)
    found = _found(job)
    ready = wizard.ready(about, found, edit.plan or plans.from_json(SourcePlan, found["plan"]), job.id)
    return replace(ready, missing=lacking(ready.plan)) if ready.plan else ready


def lacking(plan: SourcePlan) -> tuple[str, ...]:
    """Sentences about what keeps a plan from being used: required fields without a column, open questions."""
    return (*choices.missing(plan), *(question.text for question in plan.open_questions))


def decide(source: StoredSource, dataset_id: str, edit: Edit, what: str, where: int, value: str) -> SourcePlan | None:
    """The plan after one decision, None when the value says nothing new.

    what: "use", "type" or "order" of the column ``where``, or "answer" to the question with the position ``where``.
    Raises NotFound, UserError.
    """
    plan = state(source, dataset_id, edit).plan
    if plan is None:
        return None
    if what != "answer":
        after = wizard.decided(plan, what, where, value)
        return None if after == plan else after
    if not 0 <= where < len(plan.questions):
        raise UserError("no_such_question", "This question is not asked any more.", "Reload the page.")
    question = plan.questions[where]
    if question.answer == value or question.code in choices.REREAD:
        return None  # what changes how the bytes are read has a select of its own
    return choices.answer(plan, question.code, value, question.column)


def reread(source: StoredSource, dataset_id: str, edit: Edit, part: str, value: str) -> Job | None:
    """Read the stored file again with another kind, sheet, encoding, separator, header …; None when ``value`` says
    nothing new. Everything else that was decided about its bytes stays. The job's result goes to :func:`state`.

    Raises NotFound, UserError.
    """
    plan = state(source, dataset_id, edit).plan or source.plan
    if value == wizard.reading_of(plan, part):
        return None
    data.dataset(dataset_id, "change")
    params = {
        "dataset": dataset_id,
        "source": source.id,
        "plan": plans.to_json(plan),
        "answers": _told(plan, part) | {part: value},
    }
    return jobs.start("inspect", params, core.current_owner())


def _told(plan: SourcePlan, part: str) -> dict[str, str]:
    """What is decided about a file's bytes already, as answers to an inspection that changes ``part``."""
    if part == "sheet":  # another table
        return {}
    told = {"sheet": plan.sheet} if plan.sheet else {}
    if part != "delimiter":  # other columns may well be another kind of table
        told["kind"] = plan.kind
    dialect = plan.dialect
    if plan.format in ("csv", "xlsx"):
        told |= {"header": str(dialect.header_rows), "skip_lines": str(dialect.skip_lines)}
    if plan.format == "csv":
        told |= {
            "encoding": dialect.encoding,
            "delimiter": dialect.delimiter,
            "comment": dialect.comment,
            "short_rows": dialect.short_rows,
        }
        if part != "delimiter":
            told |= {"quote": dialect.quote, "escape": dialect.escape, "footer_rows": str(dialect.footer_rows)}
    return told


def rebuild(dataset_id: str, edits: Mapping[str, Edit], options: Any = None, removed: tuple[str, ...] = ()) -> Job:
    """Build the next version with what was changed. options: as in :func:`data.change_decisions`.

    Raises NotFound, UserError: an open question, a missing column, a plan that does not fit the file.
    """
    known = {source.id: source for source in sources(dataset_id)}
    changed: dict[str, SourcePlan] = {}
    base: dict[str, SourcePlan] = {}
    for source_id, edit in edits.items():
        source = known.get(source_id)
        if source is None:
            raise NotFound("file")
        if source_id in removed:
            continue
        now = state(source, dataset_id, edit)
        if now.plan is None:
            raise UserError("not_inspected", f"{now.name} is not read yet.", "Wait a moment.")
        if now.missing:
            raise UserError("open_questions", f"{now.name}: {now.missing[0]}", "Decide this first.")
        changed[source_id] = now.plan
        if edit.read:
            base[source_id] = plans.from_json(SourcePlan, _found(_job(dataset_id, source_id, edit.read))["plan"])
    return data.change_decisions(dataset_id, changed, options, removed, base)


def _job(dataset_id: str, source_id: str, job_id: str) -> Job:
    """The reading of this file. Raises NotFound for any other job."""
    job = data.job(job_id)
    if job.kind != "inspect" or (job.params.get("dataset"), job.params.get("source")) != (dataset_id, source_id):
        raise NotFound("job")
    return job


def _found(job: Job) -> dict[str, Any]:
    found = (job.result or {}).get("inspection")
    if not isinstance(found, dict):
        raise NotFound("job")
    return found


def _sheets(plan: SourcePlan) -> tuple[str, ...]:
    """The sheets of a workbook, which its plan names in the question about them."""
    return tuple(name for question in plan.questions if question.code == "sheet" for name, _ in question.choices)
