"""The wizard's service: the state of each file, decisions one at a time, and forged requests that change nothing."""

from __future__ import annotations

import hashlib
import io

import pytest

from dashboard import jobs, tasks
from dashboard.errors import NotFound, UserError
from dashboard.ingest.plan import ImportOptions
from dashboard.service import core, data, wizard
from dashboard.store import catalogue

pytestmark = pytest.mark.usefixtures("data_dir")

ORDERS = "customer,ordered_on,total\na1,03/04/2025,10\na2,05/06/2025,20\na1,07/08/2025,3\n"
USERS = "user_id,country\na1,UK\na9,DE\n"


def arrived(text: str | bytes, name: str = "orders.csv") -> str:
    content = text.encode() if isinstance(text, str) else text
    upload = data.create_upload(name, len(content), name)
    digest = hashlib.sha256(content).hexdigest()
    data.append_upload(upload.id, 0, io.BytesIO(content), len(content), digest)
    return data.complete_upload(upload.id, hashlib.sha256(digest.encode()).hexdigest()).id


def work(light: bool = True) -> None:
    """Do every waiting job here, as the worker's children do."""
    assert tasks.PHASES  # registers the handlers
    while True:
        db = catalogue.connect()
        job = jobs.claim(db, light=light)
        db.close()
        if job is None:
            return
        try:
            jobs.finish(job.id, jobs.HANDLERS[job.kind](job.params, jobs.Progress(job.id, job.owner)))
        except UserError as error:
            jobs.fail(job.id, error)


def test_a_file_goes_from_arrived_to_ready() -> None:
    upload = arrived(ORDERS)
    assert wizard.unseen([upload, "f" * 32]) == [upload]
    (state,) = wizard.files([upload, "f" * 32, upload])
    assert state.state == "inspecting"  # looking at it was the beginning of the inspection
    assert wizard.unseen([upload]) == []
    work()
    (state,) = wizard.files([upload])
    assert (state.state, state.rows, state.missing) == ("ready", 3, ())
    assert state.plan is not None and [q.code for q in state.plan.open_questions] == ["date_order"]
    assert state.preview[0][1] == ("03/04/2025", "03/04/2025", False)  # undecided: as it stands
    assert state.samples[0] == ("a1", "a2", "a1")


def test_decisions_are_kept_and_repeated_ones_do_nothing() -> None:
    upload = arrived(ORDERS)
    wizard.files([upload])
    work()
    assert wizard.answer(upload, 0, "mdy") == "changed"
    assert wizard.answer(upload, 0, "mdy") == ""
    assert wizard.files([upload])[0].preview[0][1] == ("2025-03-04", "03/04/2025", False)
    assert wizard.decide(upload, "use", 2, "ignored") == "changed"
    assert wizard.decide(upload, "use", 2, "ignored") == ""
    assert wizard.files([upload])[0].missing
    assert wizard.decide(upload, "order", 1, "dmy") == "changed"
    assert wizard.reread(upload, "encoding", "utf-8") == ""
    assert wizard.reread(upload, "header", "0") == "again"
    assert wizard.files([upload])[0].state == "inspecting"
    work()
    assert wizard.files([upload])[0].rows == 4


@pytest.mark.parametrize(
    "forged",
    [
        lambda upload: wizard.decide(upload, "use", 99, "ignored"),
        lambda upload: wizard.decide(upload, "use", 0, "field:amount; drop"),
        lambda upload: wizard.decide(upload, "colour", 0, "red"),
        lambda upload: wizard.answer(upload, -1, "mdy"),
        lambda upload: wizard.answer(upload, 0, "ymd"),
        lambda upload: wizard.reread(upload, "path", "/etc/passwd"),
        lambda upload: wizard.decide("../" + upload, "use", 0, "ignored"),
    ],
)
def test_forged_decisions_change_nothing(forged: object) -> None:
    upload = arrived(ORDERS)
    wizard.files([upload])
    work()
    before = data.plan_of(upload)
    with pytest.raises(UserError):
        forged(upload)  # type: ignore[operator]
    assert data.plan_of(upload) == before


def test_what_belongs_to_somebody_else_is_not_there() -> None:
    upload = arrived(ORDERS)
    with core.acting_as("somebody"):
        assert wizard.files([upload]) == [] and wizard.unseen([upload]) == []
        with pytest.raises(NotFound):
            wizard.decide(upload, "use", 0, "ignored")


def test_a_refused_file_says_why() -> None:
    upload = arrived("<!DOCTYPE html><html></html>", "login.csv")
    wizard.files([upload])
    work()
    (state,) = wizard.files([upload])
    assert state.state == "failed" and "web page" in state.error["message"]


def test_files_are_compared_once_for_each_choice_of_ids() -> None:
    orders, users = arrived(ORDERS), arrived(USERS, "users.csv")
    both = [orders, users]
    assert wizard.joins(wizard.files(both)) == ([], "")  # not before both are understood
    work()
    assert wizard.joins(wizard.files(both)) == ([], "running")
    work()
    found, state = wizard.joins(wizard.files(both))
    assert state == "done"
    assert found == [{"left": "transactions", "right": "users", "people": 2, "known": 1}]
    assert wizard.joins(wizard.files([orders])) == ([], "")


def test_new_files_are_compared_with_the_dataset_they_go_into() -> None:
    upload = arrived(USERS, "users.csv")
    wizard.files([upload])
    work()
    made = data.start_import([upload], name="People")
    work(light=False)
    dataset = str((data.job(made.id).result or {})["dataset"])
    orders = arrived(ORDERS)
    wizard.files([orders])
    work()
    assert wizard.joins(wizard.files([orders]), "nothing12345") == ([], "")
    assert wizard.joins(wizard.files([orders]), dataset) == ([], "running")
    work()
    found, state = wizard.joins(wizard.files([orders]), dataset)
    assert (found, state) == ([{"left": "transactions", "right": "dataset", "people": 2, "known": 1}], "done")


def test_a_strangers_dataset_is_not_compared_with() -> None:
    with core.acting_as("ann"):
        job = jobs.start("join", {"files": [], "dataset": "nothing12345"}, "ann")
    work()
    assert jobs.get(job.id).state == "failed"


def test_a_rebuild_counts_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = arrived(USERS, "users.csv")
    wizard.files([upload])
    work()
    made = data.start_import([upload], name="People")
    work(light=False)
    dataset = str((data.job(made.id).result or {})["dataset"])
    told: list[tuple[object, ...]] = []
    monkeypatch.setattr(jobs.Progress, "__call__", lambda _self, *said: told.append(said))
    job = data.change_decisions(dataset, options=wizard.make_options("Europe/Berlin", "", "", {}))
    work(light=False)
    assert data.job(job.id).state == "done"
    assert (tasks.PHASES["read"], 2, 2) in told


def test_options_are_checked() -> None:
    made = wizard.make_options("Europe/Berlin", "EUR", "sunday", {"events": "keep"})
    assert (made.time_zone, made.currency, made.week_start) == ("Europe/Berlin", "EUR", "sunday")
    assert dict(made.duplicates) == {**dict(ImportOptions().duplicates), "events": "keep"}
    for wrong in (
        ("Nowhere", "", "", {}),
        ("../etc", "", "", {}),
        ("UTC", "", "friday", {}),
        ("UTC", "", "", {"x": "drop"}),
    ):
        with pytest.raises(UserError):
            wizard.make_options(*wrong)  # type: ignore[arg-type]
    assert wizard.options_for("") == wizard.options_for("unknownnnnnn") == ImportOptions()


@pytest.mark.parametrize(
    ("file", "name"),
    [("netflix_users.csv", "netflix users"), ("a/b\\Orders.CSV.GZ", "Orders"), (".csv", ".csv"), ("_", "Dataset")],
)
def test_a_dataset_is_called_like_its_file(file: str, name: str) -> None:
    assert wizard.name_of(file) == name


def test_a_cancelled_import_is_not_published_and_a_published_one_not_cancelled() -> None:
    upload = arrived(USERS, "users.csv")
    wizard.files([upload])
    work()
    cancelled = data.start_import([upload])

    def claim() -> None:
        with catalogue.transaction() as db:
            jobs.claim(db, light=False)

    claim()
    data.cancel_job(cancelled.id)  # just before the commit
    with pytest.raises(UserError, match="Cancelled"):
        jobs.HANDLERS["import"](cancelled.params, jobs.Progress(cancelled.id, cancelled.owner))
    assert data.datasets() == []
    again = data.start_import([upload])
    claim()
    jobs.HANDLERS["import"](again.params, jobs.Progress(again.id, again.owner))
    assert data.cancel_job(again.id).state == "running"  # too late: it is there
    jobs.finish(again.id, {})
    assert data.job(again.id).state == "done" and len(data.datasets()) == 1
