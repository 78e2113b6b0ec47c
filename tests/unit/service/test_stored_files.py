"""Stored files are read another way: from the stored bytes, through a job, into the next version."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from dashboard.errors import NotFound, UserError
from dashboard.ingest import choices
from dashboard.ingest.plan import ROW_NUMBER
from dashboard.service import core, data, stored_files, wizard
from dashboard.service.stored_files import Edit, StoredSource, edit_from_json
from dashboard.store import catalogue
from dashboard.store.dataset import open_dataset
from tests.unit.service.test_wizard_service import ORDERS, arrived, work
from tests.workbooks import workbook

pytestmark = pytest.mark.usefixtures("data_dir")

TOWNS = "user_id;country;note\n1;Österreich;a\n2;Österreich;b\n3;España;c\n".encode("cp1252")


def imported(content: str | bytes, name: str = "towns.csv", *, answer: str = "", ignored: int | None = None) -> str:
    """Import one file; answer: to its first question; ignored: a column left out. Returns the dataset."""
    upload = arrived(content, name)
    wizard.files([upload])
    work()
    if answer:
        wizard.answer(upload, 0, answer)
    if ignored is not None:
        wizard.decide(upload, "use", ignored, "ignored")
    made = data.start_import([upload], name="Towns")
    work(light=False)
    return str((data.job(made.id).result or {})["dataset"])


def reread(dataset: str, edit: Edit, part: str, value: str) -> tuple[StoredSource, Edit, wizard.FileState]:
    """Read the only file another way, as the page does. Returns the file, the new edit and the state."""
    (source,) = stored_files.sources(dataset)
    job = stored_files.reread(source, dataset, edit, part, value)
    assert job is not None
    assert stored_files.state(source, dataset, Edit(read=job.id)).state == "inspecting"
    work()
    state = stored_files.state(source, dataset, Edit(read=job.id))
    return source, Edit(state.plan, job.id), state


def rebuilt(dataset: str, source: StoredSource, edit: Edit) -> int:
    """Build the next version, with the edit as a page sends it. Returns its number."""
    sent = edit_from_json(edit.to_json())
    assert sent == edit
    made = stored_files.rebuild(dataset, {source.id: sent})
    work(light=False)
    done = data.job(made.id)
    assert done.state == "done", done.error
    return int((done.result or {})["version"])


def test_another_encoding_is_previewed_and_then_built() -> None:
    dataset = imported(TOWNS, ignored=2)
    assert open_dataset(dataset).code("country", "Österreich") >= 0
    source, edit, state = reread(dataset, Edit(), "encoding", "cp1250")
    plan = state.plan
    assert plan is not None
    assert (plan.dialect.encoding, plan.dialect.delimiter, state.rows) == ("cp1250", ";", 3)
    assert [cell[0] for cell in state.preview[2]][:2] == ["3", "Espańa"]
    assert plan.columns[2].use == "ignored"  # decided before, the column is the same
    assert open_dataset(dataset).version == 1  # looking again changes nothing
    assert rebuilt(dataset, source, edit) == 2
    assert open_dataset(dataset).code("country", "Espańa") >= 0
    assert open_dataset(dataset).code("country", "España") == -1


def test_a_second_correction_does_not_undo_the_first() -> None:
    dataset = imported(TOWNS)
    _, edit, _ = reread(dataset, Edit(), "encoding", "cp1250")
    _, _, state = reread(dataset, edit, "header", "0")
    assert state.plan is not None
    assert (state.plan.dialect.encoding, state.plan.dialect.header_rows, state.rows) == ("cp1250", 0, 4)


def test_without_its_header_a_file_lacks_a_column_until_one_is_chosen() -> None:
    dataset = imported(TOWNS)
    source, edit, state = reread(dataset, Edit(), "header", "0")
    assert edit.plan is not None and state.rows == 4
    edit = dataclasses.replace(edit, plan=choices.use_column(edit.plan, ROW_NUMBER, "ignored"))
    with pytest.raises(UserError, match="user id"):
        stored_files.rebuild(dataset, {source.id: edit})
    plan = stored_files.decide(source, dataset, edit, "use", 0, "field:user_id")
    assert plan is not None
    assert rebuilt(dataset, source, Edit(plan, edit.read)) == 2
    assert open_dataset(dataset).manifest.users == 4


def test_another_separator() -> None:
    dataset = imported("user_id,country|zone\n1,UK|a\n2,DE|b\n3,FR|a\n")
    _, _, state = reread(dataset, Edit(), "delimiter", "|")
    assert state.plan is not None
    assert [c.header for c in state.plan.columns] == ["user_id,country", "zone"]


def test_another_sheet_of_a_workbook(tmp_path: Path) -> None:
    march = [["user_id", "country"], ["1", "UK"], ["2", "DE"]]
    april = [["user_id", "country"], ["7", "FR"], ["8", "IT"], ["9", "ES"]]
    book = workbook(tmp_path / "people.xlsx", ("March", march), ("April", april))
    dataset = imported(book.read_bytes(), "people.xlsx")
    (source,) = stored_files.sources(dataset)
    assert stored_files.state(source, dataset, Edit()).sheets == ("March", "April")
    source, edit, state = reread(dataset, Edit(), "sheet", "April")
    assert (state.rows, state.sheets) == (3, ("March", "April"))
    assert rebuilt(dataset, source, edit) == 2
    assert open_dataset(dataset).manifest.users == 3
    assert stored_files.sources(dataset)[0].plan.sheet == "April"


def test_an_answered_question_is_not_asked_again() -> None:
    dataset = imported(ORDERS, "orders.csv", answer="mdy")
    _, _, state = reread(dataset, Edit(), "short_rows", "pad")
    assert state.plan is not None and state.plan.open_questions == () and state.missing == ()
    assert state.preview[0][1][0] == "2025-03-04"


def test_another_kind_of_table_drops_the_fields_of_the_old_one() -> None:
    dataset = imported(ORDERS, "orders.csv", answer="mdy")
    _, _, state = reread(dataset, Edit(), "kind", "users")
    assert state.plan is not None and state.plan.kind == "users"
    assert state.plan.column("amount") is None


def test_what_cannot_be_read_that_way_is_said_and_changes_nothing() -> None:
    dataset = imported(TOWNS)
    _, _, state = reread(dataset, Edit(), "skip_lines", "20")
    assert state.state == "failed" and state.error["message"] and state.plan is None
    (source,) = stored_files.sources(dataset)
    assert stored_files.reread(source, dataset, Edit(), "encoding", "cp1252") is None  # says nothing new
    assert stored_files.state(source, dataset, Edit()).state == "ready"


def test_nothing_that_a_browser_sends_is_trusted() -> None:
    dataset, other = imported(TOWNS), imported(ORDERS, "orders.csv", answer="mdy")
    source, edit, _ = reread(dataset, Edit(), "encoding", "cp1250")
    (foreign,) = stored_files.sources(other)
    assert edit.plan is not None
    wrong: list[tuple[str, Edit, type[Exception]]] = [
        (source.id, Edit(edit.plan), UserError),  # another encoding that nobody has read it with
        (source.id, Edit(dataclasses.replace(edit.plan, columns=edit.plan.columns[:2]), edit.read), UserError),
        (source.id, Edit(foreign.plan, edit.read), UserError),
        (source.id, Edit(edit.plan, "0" * 32), NotFound),
        (foreign.id, edit, NotFound),
    ]
    for source_id, sent, error in wrong:
        with pytest.raises(error):
            stored_files.rebuild(dataset, {source_id: sent})
    with pytest.raises(NotFound):  # a reading of another file
        stored_files.state(foreign, other, Edit(read=edit.read))
    for part, value in (("path", "/etc/passwd"), ("encoding; drop", "x")):
        with pytest.raises(UserError):
            stored_files.reread(source, dataset, Edit(), part, value)
    with pytest.raises(UserError):
        edit_from_json({"plan": {"kind": "rm -rf"}})
    for nothing in (None, [], "x", {}):
        assert edit_from_json(nothing) == Edit()
    with core.acting_as("somebody"), pytest.raises(NotFound):
        stored_files.sources(dataset)
    assert all(info.version == 1 for info in data.datasets())


@pytest.mark.parametrize("unreadable", ["klingon", ""])
def test_an_encoding_that_does_not_exist_is_refused(unreadable: str) -> None:
    dataset = imported(TOWNS)
    _, _, state = reread(dataset, Edit(), "encoding", unreadable)
    assert state.state in ("failed", "ready")
    if state.plan is not None:
        assert state.plan.dialect.encoding == "cp1252"


def test_a_deleted_dataset_takes_its_readings_along() -> None:
    dataset = imported(TOWNS)
    reread(dataset, Edit(), "encoding", "cp1250")
    data.delete(dataset)
    with catalogue.reading() as db:
        left: list[Any] = db.execute("SELECT * FROM jobs WHERE params LIKE ?", (f"%{dataset}%",)).fetchall()
    assert left == []
