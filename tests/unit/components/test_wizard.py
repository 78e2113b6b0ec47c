"""The wizard's parts: what is said about a file, what blocks the import, and what an import reports."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.components.dataset_detail import answers_panel, changes_panel
from dashboard.components.dataset_table import DatasetView, dataset_table
from dashboard.components.decisions import NOTHING, REBUILD, decisions, found, summary
from dashboard.components.import_file import FileView, file_card, findings, status_chip
from dashboard.components.import_finish import Join, blocking, import_bar, join_box, options_form, options_summary
from dashboard.components.import_mapping import SHOWN, mapping_chips, mapping_table, use_options, use_value
from dashboard.components.import_report import SourceView, column_type, done_report, headline, source_report
from dashboard.components.import_steps import STEPS, steps
from dashboard.components.job_card import job_card
from dashboard.ingest.plan import ColumnPlan, ImportOptions, Note, Question, SourcePlan, TimeFormat
from dashboard.ingest.report import SourceReport
from dashboard.result import Answer
from dashboard.schema import FIELDS, TABLES
from tests.unit.components.tree import find, text, walk

PLAN = SourcePlan(
    "users",
    columns=(
        ColumnPlan(0, "User_ID", "user_id", "field", "id", confidence=0.98, reason="The name is a usual one."),
        ColumnPlan(1, "Level", "plan", "field", "category", confidence=0.5),
        ColumnPlan(2, "Seen", "last_active_time", "field", "time", time=TimeFormat(order="dmy"), confidence=0.7),
        ColumnPlan(3, "genre", "genre", "property"),
        ColumnPlan(4, "secret", "secret", "ignored"),
    ),
    notes=(Note("a", "UTF-8."), Note("b", "213 ids look rewritten by a spreadsheet.", "warning")),
)
ROW = (
    ("7", "7", False),
    ("gold", "gold", False),
    ("–", "31/31/2025", True),
    ("jazz", "jazz", False),
    ("x", "x", False),
)
FILE = FileView("f1", "people.csv", 1_400_000, "ready", PLAN, 25_000, (ROW,), tuple((c[1],) for c in ROW))
QUESTION = Question("date_order", "Which is it?", (("dmy", "day first"), ("mdy", "month first")), column=2)


def asked(file: FileView, answer: str | None = None) -> FileView:
    return replace(file, plan=replace(PLAN, questions=(replace(QUESTION, answer=answer),)))


def test_a_clean_file_says_what_it_is_and_folds_the_rest() -> None:
    card = file_card(FILE)
    assert "User table · 25,000 rows · 5 columns · Text table · 1.4" in text(card)
    folds = [item for item in walk(card) if type(item).__name__ == "Details"]
    assert len(folds) == 2 and not any(getattr(fold, "open", False) for fold in folds)
    assert text(status_chip(FILE)) == "ready"


def test_preview_shows_the_reading_and_keeps_the_raw_cell() -> None:
    cells = [item for item in walk(findings(FILE)) if type(item).__name__ == "Td"]
    assert [cell.children for cell in cells] == ["7", "gold", "–", "jazz"]  # the ignored column is not shown
    assert cells[2].title == "In the file: 31/31/2025" and cells[2].className == "bad"


def test_warnings_stand_apart_from_notes() -> None:
    assert text(find(findings(FILE), "notes-warn")) == "213 ids look rewritten by a spreadsheet."


def test_chips_name_fields_and_count_the_rest() -> None:
    said = text(mapping_chips(PLAN))
    assert "User id" in said and "Level  is  Plan" in said
    assert "1 kept as property" in said and "1 not imported" in said


def test_mapping_offers_every_field_and_shows_only_controls_that_matter() -> None:
    table = mapping_table("f1", PLAN, FILE.samples)
    selects = {(s.id["type"], s.id["column"]): s for s in walk(table) if type(s).__name__ == "Select"}
    assert selects["wizard-use", 0].value == "field:user_id" and selects["wizard-order", 2].value == "dmy"
    visible = {
        (s.id["type"], s.id["column"])
        for box in walk(table)
        if type(box).__name__ == "Div" and getattr(box, "hidden", None) is False
        for s in walk(box)
        if type(s).__name__ == "Select"
    }
    assert visible == {("wizard-order", 2), ("wizard-type", 3)}
    assert "please check" in text(table) and "Not imported:" in text(table) and "secret" in text(table)


@pytest.mark.parametrize("kind", TABLES)
def test_use_options_are_the_schema(kind: str) -> None:
    values = [o["value"] for o in use_options(kind) if not o.get("disabled")]  # type: ignore[arg-type]
    assert set(values) == {f"field:{f.name}" for f in FIELDS[kind]} | {"property", "ignored"}  # type: ignore[index]
    assert all(use_value(c) in values for c in PLAN.columns) or kind != "users"


def test_a_very_wide_file_is_not_drawn_whole() -> None:
    wide = replace(PLAN, columns=tuple(ColumnPlan(i, f"c{i}", f"c{i}") for i in range(2_000)))
    table = mapping_table("f1", wide, ())
    assert len([s for s in walk(table) if type(s).__name__ == "Select"]) == 3 * SHOWN
    assert f"{2_000 - SHOWN:,} more columns" in text(table)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ((), "Choose a file first."),
        ((replace(FILE, state="inspecting", plan=None),), "Still reading the files …"),
        ((FILE, replace(FILE, name="x.csv", state="failed", plan=None)), "x.csv cannot be read. Remove it to go on."),
        ((replace(FILE, missing=("Choose the column.",)),), "people.csv: Choose the column."),
        ((asked(FILE),), "Answer the question above first."),
        ((asked(FILE), asked(FILE)), "Answer the 2 questions above first."),
        ((asked(FILE, "dmy"),), ""),
        ((FILE,), ""),
    ],
)
def test_what_blocks_the_import_is_said(files: tuple[FileView, ...], reason: str) -> None:
    assert blocking(files) == reason
    bar = import_bar(files)
    (button,) = [item for item in walk(bar) if type(item).__name__ == "Button"]
    assert button.disabled is bool(reason)
    assert (reason or "Nothing is written before you press the button.") in text(bar)


def test_questions_keep_their_answer() -> None:
    for answer in (None, "mdy"):
        (radio,) = [i for i in walk(file_card(asked(FILE, answer))) if type(i).__name__ == "RadioItems"]
        assert radio.value == answer and [o["value"] for o in radio.options] == ["dmy", "mdy"]
    assert text(status_chip(asked(FILE))) == "1 question"


def test_refused_file_says_what_and_what_next() -> None:
    error = {"message": "This is a zip archive.", "hint": "Unpack it.", "reference": "7f3a21c9"}
    said = text(file_card(replace(FILE, state="failed", plan=None, error=error)))
    assert "This is a zip archive." in said and "Unpack it." in said and "Reference 7f3a21c9" in said


def test_new_people_in_a_dataset_are_questioned_only_when_hardly_anybody_is_known() -> None:
    assert "known to this dataset." in text(join_box([vars(Join("events", "dataset", 10, 4))]))
    assert "same ids" not in text(join_box([vars(Join("events", "dataset", 10, 4))]))
    assert "Are these the same ids?" in text(join_box([vars(Join("events", "dataset", 100, 4))]))


def test_weak_joins_are_questioned() -> None:
    said = text(join_box([vars(Join("events", "users", 10_000, 93)), vars(Join("transactions", "users", 4, 4))]))
    assert (
        "less than 1 % of the people in event log (93 of 10,000) are known to user table. Are these the same ids?"
        in said
    )
    assert "100 % of the people in order lines (4 of 4)" in said and said.count("Are these") == 1


def test_options_hide_tables_that_are_not_there() -> None:
    form = options_form(
        name="x", kinds=["events"], options=ImportOptions(), datasets=[], target="", mode="append", key="k"
    )
    shown = [
        s.id["table"]
        for box in walk(form)
        if type(box).__name__ == "Div" and getattr(box, "hidden", None) is False
        for s in walk(box)
        if type(s).__name__ == "Select" and isinstance(s.id, dict)
    ]
    assert shown == ["events"]


@given(
    accepted=st.integers(0, 10**9), rules=st.dictionaries(st.sampled_from(["bad_time", "quote"]), st.integers(1, 9**9))
)
def test_headline_adds_up(accepted: int, rules: dict[str, int]) -> None:
    rejected = sum(rules.values())
    said = headline([SourceReport("a", "events", accepted + rejected, accepted, rejected, rules)])
    assert said.startswith(f"{accepted:,} rows accepted, ")
    assert said.endswith("none rejected.") if not rejected else f"{rejected:,} rejected ({len(rules)} reason" in said


def test_report_lists_reasons_counters_and_decisions() -> None:
    report = SourceReport("a.csv", "users", 10, 8, 2, {"no_user": 2}, {"trimmed_id": 3}, notes=("Seen.",))
    card = source_report(SourceView(report, replace(PLAN, questions=(replace(QUESTION, answer="dmy"),)), "/export/x"))
    said = text(card)
    for part in (
        "10 rows read",
        "8 accepted",
        "2 rejected",
        "The user id is empty.",
        "3 ids with surrounding",
        "Seen.",
    ):
        assert part in said
    assert "Answer: day first." in said and "property “genre”" in said and "not imported" in said
    assert [a.href for a in walk(card) if type(a).__name__ == "A"] == ["/export/x"]
    assert "“Shop” is ready" in text(done_report("abc", "Shop", [SourceView(report, PLAN)]))


def test_column_type_says_how_it_is_written() -> None:
    assert column_type(PLAN.columns[2]) == "time, day-month-year"
    assert column_type(ColumnPlan(0, "a", "a", type="number", decimal=",")) == "number, decimal comma"
    assert column_type(PLAN.columns[4]) == "–"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("queued", "Yours is number 2 in the queue."),
        ("running", "240,000 of 541,909 rows"),
        ("failed", "Not enough space."),
        ("cancelled", "Cancelled. Nothing was changed."),
    ],
)
def test_job_card_tells_where_it_stands(state: str, said: str) -> None:
    card = job_card(
        "j", title="Import", state=state, phase="Reading", done=240_000, total=541_909, position=2,
        error={"message": "Not enough space.", "hint": "Free some."}, retry=True,
    )  # fmt: skip
    assert said in text(card)
    kinds = {type(item).__name__ for item in walk(card)}
    assert ("Progress" in kinds) is (state in ("queued", "running"))
    spoken = [item for item in walk(card) if getattr(item, "role", None) in ("status", "alert")]
    assert len(spoken) == 1
    assert "240,000" not in text(spoken[0])  # a count that changes all the time would be read aloud all the time


def test_steps_mark_the_current_one() -> None:
    for key, label in STEPS:
        current = [i for i in walk(steps(key)) if getattr(i, "aria-current", None) == "step"]
        assert len(current) == 1 and label in text(current[0])


def test_dataset_list_names_the_dataset_in_every_action() -> None:
    view = DatasetView("abc", "Shop", (("Order lines", 5),), 3, "1–2 Mar 2025", 10, "you", "today", 2)
    table = dataset_table([view])
    labels = {getattr(b, "aria-label", None) for b in walk(table) if type(b).__name__ == "Button"}
    assert labels == {"Rename Shop", "Delete Shop"}
    assert "version 2, owned by you" in text(table)


def test_changes_count_new_rows() -> None:
    said = text(changes_panel([("april.csv", "events", 70, {"already_present": 10, "duplicate_dropped": 0})]))
    assert "60 new rows; 10 rows were in the dataset already and count once." in said


def test_answers_say_a_shared_name_once() -> None:
    said = text(answers_panel([Answer("a", "Revenue", "metric", "can"), Answer("b", "Revenue", "insight", "can")]))
    assert said.count("Revenue") == 1


def test_a_stored_file_shows_its_decisions_and_what_another_reading_found() -> None:
    page = decisions((FILE, replace(FILE, source="f2", name="more.csv")), ImportOptions(), ("users",))
    assert "How people.csv is read" in text(page)
    labels = [getattr(item, "label", "") for item in walk(page)]
    assert "Take more.csv out of the dataset" in labels
    (button,) = [item for item in walk(page) if getattr(item, "id", None) == REBUILD]
    assert button.disabled and NOTHING in text(page)
    questions = (QUESTION, Question("encoding", "Which encoding?", (("cp1252", "x"),), answer="cp1252"))
    seen = " ".join(text(part) for part in found(replace(FILE, plan=replace(PLAN, questions=questions))))
    assert "Which is it?" in seen and "Which encoding?" not in seen  # a select answers that
    assert "25,000 rows, 5 columns." in seen and "213 ids look rewritten" in seen
    failed = FileView("f1", "people.csv", 1, "failed", error={"message": "Only blank lines.", "hint": "Check it."})
    assert "Only blank lines. Check it." in " ".join(text(part) for part in found(failed))


@pytest.mark.parametrize(
    ("changed", "removed", "options", "said"),
    [
        (0, 0, False, NOTHING),
        (1, 0, False, "1 file changed. Build again to use it."),
        (2, 1, True, "2 files changed. 1 file is taken out. Options changed. Build again to use it."),
    ],
)
def test_what_would_be_built_is_said(changed: int, removed: int, options: bool, said: str) -> None:
    assert summary(changed, removed, options) == said


def test_folded_options_say_where_the_files_go() -> None:
    assert options_summary("UTC", "EUR") == "Options: times in UTC, money in EUR"
    assert options_summary("", "", "Orders") == "Options: added to “Orders”, times in UTC"
    assert options_summary("UTC", "", "Orders", "replace") == "Options: takes the place of “Orders”, times in UTC"
