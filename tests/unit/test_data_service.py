"""From an upload to a dataset and back to nothing, through the service, with the job handlers in this process."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

from dashboard import jobs, tasks
from dashboard.errors import NotFound, UserError
from dashboard.ingest import choices, plan
from dashboard.ingest.plan import ImportOptions
from dashboard.service import core, data
from dashboard.store import catalogue

pytestmark = pytest.mark.usefixtures("data_dir")

CANARY = "canary7f3a@example.com"
USERS = (
    "user_id,email,country,plan,last_active_time\n"
    f"007,{CANARY},DE,Basic,2026-01-31\n"
    "=1+1,b@example.com,UK,Premium,2026-02-28\n"
    ",nobody@example.com,UK,Premium,2026-02-28\n"
)


def upload(text: str, name: str = "users.csv") -> str:
    content = text.encode()
    found = data.create_upload(name, len(content), "1")
    digest = hashlib.sha256(content).hexdigest()
    data.append_upload(found.id, 0, io.BytesIO(content), len(content), digest)
    return data.complete_upload(found.id, hashlib.sha256(digest.encode()).hexdigest()).id


def work(job: jobs.Job) -> jobs.Job:
    """Do a job here, as the worker's child does it there."""
    db = catalogue.connect()
    claimed = jobs.claim(db, light=job.kind in jobs.LIGHT)
    db.close()
    assert claimed is not None and claimed.id == job.id
    try:
        jobs.finish(job.id, jobs.HANDLERS[job.kind](job.params, jobs.Progress(job.id, job.owner)))
    except UserError as error:
        jobs.fail(job.id, error)
    return jobs.get(job.id)


def inspected(text: str = USERS, name: str = "users.csv") -> str:
    upload_id = upload(text, name)
    assert work(data.inspect(upload_id)).state == "done"
    return upload_id


@pytest.fixture
def dataset() -> str:
    job = work(data.start_import([inspected()], name="  My\nusers  "))
    assert job.error is None
    return str((job.result or {})["dataset"])


def rows(download: data.Download) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(download.chunks).decode())))


def test_every_kind_of_job_has_a_handler() -> None:
    assert set(jobs.LABELS) == set(jobs.HANDLERS)
    assert tasks.PHASES


def test_inspection_is_kept_with_the_upload() -> None:
    upload_id = inspected()
    found = data.inspection(upload_id) or {}
    assert found["records"] == 3
    assert set(found) >= {"plan", "preview", "columns", "records", "rejected", "sheets", "header_key", "remembered"}
    assert data.plan_of(upload_id).kind == "users"


def test_an_import_makes_a_dataset_and_uses_up_the_upload(dataset: str, data_dir: Path) -> None:
    (info,) = data.datasets()
    assert (info.id, info.name, info.owner, info.version) == (dataset, "My users", "local", 1)
    assert info.manifest.users == 2 and info.bytes > 0
    assert data.newest_dataset() == dataset
    (source,) = data.sources(dataset)
    assert source["report"]["rejected_by_rule"] == {"no_user": 1}
    assert list((data_dir / "incoming").iterdir()) == []
    assert not any((data_dir / "staging").iterdir())


def test_the_next_file_with_that_header_is_read_the_same_way(dataset: str) -> None:
    assert dataset
    upload_id = inspected(USERS.replace("007", "008"), "next.csv")
    assert (data.inspection(upload_id) or {})["remembered"] is True


def test_a_plan_from_a_browser_is_checked() -> None:
    upload_id = inspected()
    good = plan.to_json(data.plan_of(upload_id))
    changed = choices.use_column(data.plan_of(upload_id), 3, "ignored")
    assert data.set_plan(upload_id, plan.to_json(changed)) == changed == data.plan_of(upload_id)
    forged: list[Any] = [
        None,
        [],
        "x",
        {**good, "kind": "rm -rf"},
        {**good, "more": 1},
        {**good, "columns": good["columns"][:2]},
        {**good, "columns": [{**c, "header": "other"} for c in good["columns"]]},
        {**good, "columns": [{**c, "index": 10**9} for c in good["columns"]]},
    ]
    for wrong in forged:
        with pytest.raises(UserError) as refused:
            data.set_plan(upload_id, wrong)
        assert refused.value.code == "plan"
    assert data.plan_of(upload_id) == changed


def test_an_import_does_not_start_before_it_can_succeed() -> None:
    upload_id = upload(USERS)
    for ids, code in (([], "nothing"), ([upload_id], "not_inspected"), ([upload_id] * 2, "twice")):
        with pytest.raises(UserError) as refused:
            data.start_import(ids)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        data.start_import(["0" * 32])
    work(data.inspect(upload_id))
    without = choices.use_column(data.plan_of(upload_id), 0, "ignored")
    data.set_plan(upload_id, without)
    with pytest.raises(UserError) as refused:
        data.start_import([upload_id])
    assert refused.value.code == "missing_column"
    assert [job.kind for job in data.recent_jobs()] == ["inspect"]


def test_a_refused_file_fails_its_inspection_with_the_reason() -> None:
    job = work(data.inspect(upload("PK\x03\x04 not a table", "photos.zip")))
    assert job.state == "failed" and job.error is not None
    assert job.error["message"] and "Traceback" not in str(job.error)


def test_tables_and_rejected_rows_come_out_safe_for_spreadsheets(dataset: str) -> None:
    table = rows(data.export("table", f"?dataset={dataset}&table=users"))
    assert table[0][0] == "user_id"
    by_id = {row[0]: dict(zip(table[0], row, strict=True)) for row in table[1:]}
    assert set(by_id) == {"007", "'=1+1"}
    assert (by_id["007"]["country"], by_id["007"]["email"]) == ("DE", CANARY)
    assert by_id["007"]["last_active_time"].startswith("2026-01-31T")
    (source,) = data.sources(dataset)
    rejected = data.export("rejected", f"?dataset={dataset}&source={source['id']}")
    assert rejected.file_name == "rejected_users.csv"
    assert len(rows(rejected)) == 2
    for search in (
        f"?dataset={dataset}&table=events",
        f"?dataset={dataset}&table=../users",
        "?table=users",
        "?dataset=bbbbbbbbbbbb&table=users",
    ):
        with pytest.raises(NotFound):
            data.export("table", search)
    for source_id in ("", "../../../catalogue.db", "0" * 32):
        with pytest.raises(NotFound):
            data.export("rejected", f"?dataset={dataset}&source={source_id}")


def test_append_replace_and_changed_decisions_are_new_versions(dataset: str) -> None:
    more = inspected(USERS.replace("007", "010").replace("=1+1", "011"), "more.csv")
    assert work(data.start_import([more], dataset_id=dataset, mode="append")).error is None
    assert (data.dataset(dataset).version, data.dataset(dataset).manifest.users) == (2, 4)
    second = data.sources(dataset)[1]
    changed = plan.from_json(plan.SourcePlan, second["plan"])
    job = data.change_decisions(dataset, {second["id"]: choices.use_column(changed, 2, "ignored")})
    assert work(job).error is None
    assert data.dataset(dataset).version == 3
    assert work(data.change_decisions(dataset, removed=[second["id"]])).error is None
    assert data.dataset(dataset).manifest.users == 2
    other = inspected(USERS.replace("007", "020"), "other.csv")
    assert work(
        data.start_import([other], ImportOptions(time_zone="Europe/Berlin"), dataset_id=dataset, mode="replace")
    )
    assert [s["file_name"] for s in data.sources(dataset)] == ["other.csv"]
    assert data.dataset(dataset).manifest.time_zone == "Europe/Berlin"
    with pytest.raises(NotFound):
        data.change_decisions(dataset, {"0" * 32: {}})
    with pytest.raises(UserError):
        data.change_decisions(dataset, removed=[s["id"] for s in data.sources(dataset)])


def test_a_sample_is_a_dataset_with_its_answer_key(data_dir: Path) -> None:
    job = work(data.start_sample("streaming", 1_000, 3))
    assert job.error is None
    info = data.dataset(str((job.result or {})["dataset"]))
    assert info.manifest.rows["events"] >= 1_000
    assert (data_dir / "datasets" / info.id / "answers" / "answer_key.json").is_file()
    for kind, events in (("other", 1_000), ("streaming", 999), ("streaming", 10**9)):
        with pytest.raises(UserError):
            data.start_sample(kind, events)


def test_rename_wants_a_name(dataset: str) -> None:
    data.rename(dataset, " New\x00 name ")
    assert data.dataset(dataset).name == "New name"
    with pytest.raises(UserError) as refused:
        data.rename(dataset, "\n\t")
    assert refused.value.code == "name"


def test_deleted_is_gone_from_the_whole_directory(dataset: str, data_dir: Path) -> None:
    waiting = data.change_decisions(dataset)
    list(data.export("table", f"?dataset={dataset}&table=users").chunks)
    assert _traces(data_dir)
    data.delete(dataset)
    assert data.datasets() == []
    with pytest.raises(NotFound):
        jobs.get(waiting.id)
    assert _traces(data_dir) == []
    with pytest.raises(NotFound):
        data.dataset(dataset)
    with pytest.raises(NotFound):
        data.delete(dataset)


def _traces(data_dir: Path) -> list[str]:
    needle = CANARY.encode()
    return [str(path) for path in data_dir.rglob("*") if path.is_file() and needle in path.read_bytes()]


def test_what_belongs_to_somebody_else_does_not_exist(dataset: str) -> None:
    upload_id = inspected(USERS.replace("007", "030"), "mine.csv")
    job = data.inspect(upload_id)
    with core.acting_as("other"):
        assert data.datasets() == [] and data.recent_jobs() == [] and data.newest_dataset() is None
        for action in (
            lambda: data.dataset(dataset),
            lambda: data.rename(dataset, "x"),
            lambda: data.delete(dataset),
            lambda: data.sources(dataset),
            lambda: data.change_decisions(dataset),
            lambda: data.export("table", f"?dataset={dataset}&table=users"),
            lambda: data.export("targets", f"?dataset={dataset}"),
            lambda: data.export("people", f"?dataset={dataset}"),
            lambda: data.upload(upload_id),
            lambda: data.inspection(upload_id),
            lambda: data.set_plan(upload_id, {}),
            lambda: data.start_import([upload_id]),
            lambda: data.start_import([upload_id], dataset_id=dataset, mode="append"),
            lambda: data.discard_upload(upload_id),
            lambda: data.job(job.id),
            lambda: data.cancel_job(job.id),
        ):
            with pytest.raises(NotFound):
                action()
    assert data.dataset(dataset).name == "My users"
    assert data.job(job.id).state == "queued"
