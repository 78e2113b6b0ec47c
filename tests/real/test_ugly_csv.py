"""Every file of the ugly collection through the product's own inspection and reading.

The manifest gives the right number of rows and columns. Where the product decides otherwise, ``DECISIONS`` names the
decision and its reason; nothing raises, and nothing takes long (the timeout is generous: the machine may be busy).
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from dashboard.errors import UserError
from dashboard.ingest.inspect import Inspection, inspect_file
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import ImportOptions
from dashboard.ingest.read import read_source
from tests.conftest import ROOT

_FOLDER = ROOT.parent / "shared" / "data" / "ugly_csv"
FILES = (
    [Path(row["file"]).name for row in csv.DictReader((_FOLDER / "manifest.csv").open(encoding="utf-8"))]
    if _FOLDER.is_dir()
    else ["absent"]
)

# file -> (footer rows, reason): rows that the manifest counts as data and the product takes for totals or notes
FOOTERS: dict[str, tuple[int, str]] = {
    "csvkit__Datagov_FY10_EDU_recp_by_State.csv": (2, "a line of totals and a note below it are no states"),
    "pollock__survey__business_expenses_apr_jun_14_peter_lewis.csv": (1, "“Total Expenses Claim for Q1” is no journey"),
    "pollock__survey__Feb-2016.csv": (1, "the last line holds only a sum"),
    "messytables__spanish_chars.csv": (1, "the last line holds only the total"),
}
# file -> (code, reason) of a refusal that a person gets instead of a table without rows
REFUSED: dict[str, tuple[str, str]] = {
    "frictionless__empty.csv": ("empty_file", "zero bytes"),
    "frictionless__without-rows.csv": ("no_rows", "a header and no rows"),
    "messytables__utf8bom.csv": ("no_rows", "a header and no rows"),
}
# file -> encodings a person picks in the preview; before that the file is read with a warning
CHOSEN = {
    "frictionless__table-infer-iso-8859-7.csv": "iso-8859-7",
    "messytables__characters.csv": "gbk",
}
LIMITS = Limits(columns=10_000)


@pytest.fixture(scope="module")
def manifest(real_data: Path) -> dict[str, dict[str, str]]:
    with (real_data / "ugly_csv" / "manifest.csv").open(encoding="utf-8") as file:
        return {Path(row["file"]).name: row for row in csv.DictReader(file)}


def used_columns(found: Inspection) -> int:
    return sum(column.use != "ignored" and column.index >= 0 for column in found.plan.columns)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", FILES)
def test_rows_and_columns(name: str, manifest: dict[str, dict[str, str]], real_data: Path, tmp_path: Path) -> None:
    expected = manifest[name]
    path = real_data / "ugly_csv" / "files" / name
    answers = {"encoding": CHOSEN[name]} if name in CHOSEN else None
    if name in REFUSED:
        with pytest.raises(UserError) as refused:
            inspect_file(path, file_name=name, limits=LIMITS)
        assert refused.value.code == REFUSED[name][0]
        return
    found = inspect_file(path, file_name=name, limits=LIMITS, answers=answers)
    footer = FOOTERS.get(name, (0, ""))[0]
    if expected["kind"] != "behaviour":
        assert found.plan.dialect.footer_rows == footer
        assert found.records + footer == int(expected["expected_data_rows"])
        # columns without name and value (commas at line ends) are listed as ignored; the manifest counts them or not
        assert int(expected["expected_columns"]) in (found.plan.width, used_columns(found))
    reader = read_source(path, found.plan, ImportOptions(), staging=tmp_path, limits=LIMITS)
    accepted = sum(batch.num_rows for batch in reader)
    report = reader.report
    assert report.accepted == accepted
    assert report.accepted + report.rejected == report.records == found.records


@pytest.mark.parametrize("name", ["frictionless__table-infer-iso-8859-7.csv", "messytables__characters.csv"])
def test_an_unproven_encoding_warns_and_asks(name: str, real_data: Path) -> None:
    found = inspect_file(real_data / "ugly_csv" / "files" / name)
    assert any(note.code == "encoding" and note.level == "warning" for note in found.notes)
    assert "encoding" in [question.code for question in found.plan.open_questions]


def test_western_bytes_warn_with_words(real_data: Path) -> None:
    found = inspect_file(real_data / "ugly_csv" / "files" / "csvlint__invalid-byte-sequence.csv")
    assert any("Cartão" in note.text for note in found.notes if note.code == "encoding" and note.level == "warning")


def test_too_wide_is_refused_by_default(real_data: Path) -> None:
    with pytest.raises(UserError) as refused:
        inspect_file(real_data / "ugly_csv" / "files" / "frictionless__wide.csv", limits=Limits())
    assert refused.value.message == "The file has 9,074 columns; the limit is 2,000."


@pytest.mark.parametrize(
    ("name", "rejected"),
    [
        ("csvkit__bad.csv", {"too_few_fields": 1, "too_many_fields": 1}),
        ("duckdb__inconsistent_cells.csv", {"too_many_fields": 3}),
        ("duckdb__nightmare.csv", {"quote": 1, "too_few_fields": 1, "too_many_fields": 1}),
        ("datatable__unescaped.csv", {"quote": 2}),
        ("pollock__row_extra_quote10_col3.csv", {"quote": 1}),
        ("pollock__row_less_sep_row10_col3.csv", {"too_few_fields": 1}),
    ],
)
def test_broken_rows_are_named(name: str, rejected: dict[str, int], real_data: Path) -> None:
    assert dict(inspect_file(real_data / "ugly_csv" / "files" / name).rejected) == rejected


@pytest.mark.parametrize(
    ("name", "column", "cell", "read"),
    [
        ("duckdb__time_date_timestamp_mm-dd-yyyy.csv", "d", "12-13-2004", "2004-12-13"),
        ("duckdb__mixed_timestamps.csv", "B", "03/10/2024 01:25:58", "2024-03-10 01:25:58"),
        ("duckdb__leading_zeros.csv", "CODGEO", "09001", "09001"),
        ("frictionless__issue-1105-timezone.csv", "timestamp", "2020-01-01T15:00:00+03:00", "2020-01-01 12:00:00 UTC"),
        ("csvkit__ks_1033_data.csv", "ship_date", "5/19/2006 0:00:00", "2006-05-19"),
        ("csvkit__Datagov_FY10_EDU_recp_by_State.csv", "TOTAL", "19,582", "19582"),
        ("pollock__file_escape_char_0x5C.csv", "Price", "$74.69", "74.69"),
    ],
)
def test_cells_as_they_will_be_read(name: str, column: str, cell: str, read: str, real_data: Path) -> None:
    found = inspect_file(real_data / "ugly_csv" / "files" / name)
    plans = found.plan.columns
    index = next(i for i, c in enumerate(plans) if c.header.casefold() == column.casefold())
    pairs = [(row.raw[plans[index].index], row.read[index]) for row in found.preview]
    assert (cell, read) in pairs
