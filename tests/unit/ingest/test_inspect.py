"""What a person gets for each kind of ugly input, from bytes to the proposed plan."""

from __future__ import annotations

import datetime as dt
import errno
import gzip
import json
import random
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dashboard import logs
from dashboard.errors import UserError
from dashboard.ingest import publish, staging, transcode
from dashboard.ingest.inspect import Inspection, inspect_file
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import SourcePlan, from_json, to_json

USERS = "user_id,name,country,plan,last_login\n"
ROWS = "".join(f"u{i:03d},Ann {i},France,free,2025-01-{1 + i % 28:02d}\n" for i in range(60))
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def inspected(folder: Path, content: str | bytes, **options: object) -> Inspection:
    path = folder / "upload"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return inspect_file(path, now=NOW, **options)  # type: ignore[arg-type]


def refused(folder: Path, content: str | bytes, **options: object) -> UserError:
    with pytest.raises(UserError) as error:
        inspected(folder, content, **options)
    assert error.value.code != "cannot_inspect"
    return error.value


def notes(found: Inspection, code: str) -> list[str]:
    return [note.text for note in found.notes if note.code == code]


def test_a_clean_file_raises_no_question_and_says_nothing(tmp_path: Path) -> None:
    found = inspected(tmp_path, USERS + ROWS)
    assert (found.plan.kind, found.records, found.rejected, found.questions, found.notes) == ("users", 60, (), (), ())
    assert {c.name for c in found.plan.columns if c.use == "field"} == {
        "user_id", "name", "country", "plan", "last_active_time",
    }  # fmt: skip
    assert found.preview[0].raw == ("u000", "Ann 0", "France", "free", "2025-01-01")
    assert found.preview[0].read == found.preview[0].raw
    assert len(found.preview) == 50 and found.bytes == len(USERS + ROWS)
    assert from_json(SourcePlan, json.loads(json.dumps(to_json(found.plan)))) == found.plan


def test_personal_values_are_no_examples(tmp_path: Path) -> None:
    found = inspected(tmp_path, USERS + ROWS)
    examples = {s.header: s.examples for s in found.columns}
    assert examples["user_id"] == examples["name"] == ()
    assert examples["country"] == ("France",)
    assert [s.filled for s in found.columns] == [1.0] * 5
    assert found.columns[0].distinct == 60


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        ("", "empty_file", "The file is empty."),
        ("\n\n", "empty_file", "only blank lines"),
        (",,,\n,,,\n", "empty_file", "no rows"),
        (USERS, "no_rows", "names for 5 columns but no rows"),
        (USERS.strip().encode("utf-16"), "no_rows", "no rows"),
        ("[]", "no_rows", "no rows"),
    ],
)
def test_nothing_in_it(tmp_path: Path, content: str | bytes, code: str, says: str) -> None:
    error = refused(tmp_path, content)
    assert error.code == code and says in error.message and error.hint


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_encodings_with_a_mark_give_the_same_plan(tmp_path: Path, codec: str) -> None:
    plain = inspected(tmp_path, USERS + ROWS)
    found = inspected(tmp_path, (USERS + ROWS).encode(codec))
    assert (found.plan.columns, found.records, found.header_key) == (plain.plan.columns, 60, plain.header_key)
    assert found.plan.open_questions == ()


def test_cp1252_is_proposed_with_its_words(tmp_path: Path) -> None:
    content = (USERS + ROWS.replace("Ann", "Zoë")).encode("cp1252")
    found = inspected(tmp_path, content)
    assert found.plan.dialect.encoding == "cp1252"
    assert any("Zoë" in text for text in notes(found, "encoding"))
    assert found.preview[0].raw[1] == "Zoë 0"


def test_an_encoding_that_cannot_be_proven_is_asked_and_obeyed(tmp_path: Path) -> None:
    content = (USERS + ROWS.replace("Ann", "北京市人民")).encode("gbk")
    found = inspected(tmp_path, content)
    assert [q.code for q in found.plan.open_questions] == ["encoding"]
    chosen = inspected(tmp_path, content, answers={"encoding": "gb18030"})
    assert chosen.plan.open_questions == ()
    assert chosen.preview[0].raw[1] == "北京市人民 0"
    assert refused(tmp_path, content, answers={"encoding": "klingon"}).code == "unknown_encoding"


def test_decimal_comma_is_read_as_such_and_shown(tmp_path: Path) -> None:
    rows = "".join(f"u{i};1.{i:03d},5{i % 10}\n" for i in range(60))
    found = inspected(tmp_path, "user_id;usage\n" + rows)
    usage = found.plan.column("usage")
    assert usage is not None and (usage.decimal, usage.thousands) == (",", ".")
    assert found.preview[1].read == ("u1", "1001.51")
    assert notes(found, "decimal") == ["“usage”: 1.000,50 read as 1000.5 (60 values)."]


@pytest.mark.parametrize(
    "ids",
    [
        [f"{i:05d}" for i in range(60)],
        [str(9_007_199_254_740_993 + i) for i in range(60)],
        [f"{10**19 + i}" for i in range(60)],
    ],
)
def test_ids_stay_as_typed(tmp_path: Path, ids: list[str]) -> None:
    found = inspected(tmp_path, "customer_id,country\n" + "".join(f"{i},France\n" for i in ids))
    column = found.plan.column("user_id")
    assert column is not None and (column.type, column.strip_decimal_zero) == ("id", False)
    assert [row.read[0] for row in found.preview] == ids[:50]


def test_ids_with_point_zero_lose_it_only_when_all_have_it(tmp_path: Path) -> None:
    rows = (
        "".join(f"o{i},{17850 + i % 9}.0,2025-01-{1 + i % 28:02d},9.5\n" for i in range(60)) + "o61,,2025-01-01,1.5\n"
    )
    found = inspected(tmp_path, "InvoiceNo,CustomerID,InvoiceDate,Amount\n" + rows)
    assert found.preview[0].read[1] == "17850"
    assert len(notes(found, "strip_decimal_zero")) == 1
    mixed = inspected(tmp_path, "InvoiceNo,CustomerID,InvoiceDate,Amount\n" + rows.replace("17851.0", "17851"))
    assert mixed.preview[0].read[1] == "17850.0"


def test_ids_that_a_spreadsheet_damaged_block_until_confirmed(tmp_path: Path) -> None:
    rows = "".join(f"u{i},France\n" for i in range(60)) + "4.90E+12,France\n4.91E+12,France\n"
    found = inspected(tmp_path, "customer_id,country\n" + rows)
    (question,) = found.plan.open_questions
    assert question.code == "damaged_ids"
    assert question.text.startswith("2 ids in “customer_id” look rewritten by a spreadsheet (4.90E+12).")
    assert (
        inspected(tmp_path, "customer_id,country\n" + rows, answers={"damaged_ids": "confirm"}).plan.open_questions
        == ()
    )


def test_placeholders_as_ids_are_counted_and_listed(tmp_path: Path) -> None:
    rows = "".join(f"u{i},France\n" for i in range(60)) + "NULL,UK\nNULL,UK\nn/a,UK\n"
    found = inspected(tmp_path, "customer_id,country\n" + rows)
    (text,) = notes(found, "placeholder_ids")
    assert "NULL (2)" in text and "n/a (1)" in text


def test_dates_are_decided_by_the_row_that_proves_it_even_the_last_of_many(tmp_path: Path) -> None:
    rows = "".join(f"u{i},{1 + i * 7 % 12:02d}/{1 + i * 5 % 12:02d}/2024\n" for i in range(150_000)) + "z,25/03/2024\n"
    found = inspected(tmp_path, "user_id,last_login\n" + rows)
    assert notes(found, "date_order") == ["“last_login” read as day/month because row 150,001 says 25/03."]
    assert found.plan.columns[1].time is not None and found.plan.columns[1].time.order == "dmy"


def test_ambiguous_dates_are_asked_and_the_answer_is_kept(tmp_path: Path) -> None:
    rows = "".join(f"u{i},{1 + i * 7 % 12:02d}/{1 + i * 5 % 12:02d}/2024\n" for i in range(60))
    found = inspected(tmp_path, "user_id,last_login\n" + rows)
    (question,) = found.plan.open_questions
    assert (question.code, question.column) == ("date_order", 1)
    for key, order, read in (("date_order", "mdy", "2024-08-06"), ("date_order:1", "dmy", "2024-06-08")):
        answered = inspected(tmp_path, "user_id,last_login\n" + rows, answers={key: order})
        assert answered.plan.open_questions == ()
        assert answered.preview[1].read[1] == read


def test_an_undecided_date_column_follows_a_proven_one(tmp_path: Path) -> None:
    rows = "".join(f"u{i},{1 + i % 28:02d}/05/2024,{1 + i * 7 % 12:02d}/{1 + i * 5 % 12:02d}/2025\n" for i in range(60))
    found = inspected(tmp_path, "user_id,signup_date,last_login\n" + rows)
    assert found.plan.open_questions == ()
    assert "“last_login” read as day/month like “signup_date”, where a row proves it." in notes(found, "date_order")


def test_epochs_of_two_units(tmp_path: Path) -> None:
    rows = "".join(f"u{i % 9},open,{1700000000 + i if i % 2 else (1700000000 + i) * 1000}\n" for i in range(60))
    found = inspected(tmp_path, "user_id,event,ts\n" + rows)
    assert found.preview[0].read[2] == "2023-11-14 22:13:20 UTC"
    assert found.preview[1].read[2] == "2023-11-14 22:13:21 UTC"
    assert "decided for each row" in notes(found, "epoch")[0]


def test_null_words_late_in_a_numeric_column_leave_it_numeric(tmp_path: Path) -> None:
    rows = "".join(f"u{i},{i}.5\n" for i in range(5_000)) + "x,N/A\ny,abc\n"
    found = inspected(tmp_path, "user_id,usage\n" + rows)
    usage = found.plan.column("usage")
    assert usage is not None and usage.type == "number" and found.records == 5_002


def test_names_that_occur_twice_or_are_missing_are_reported(tmp_path: Path) -> None:
    rows = "".join(f"u{i},1,2,3\n" for i in range(20))
    found = inspected(tmp_path, "user_id,score,,Score\n" + rows)
    assert [c.header for c in found.plan.columns] == ["user_id", "score", "column 3", "Score (2)"]
    assert len({c.name for c in found.plan.columns}) == 4
    assert len(notes(found, "header")) == 2


def test_long_short_and_broken_rows_are_counted(tmp_path: Path) -> None:
    found = inspected(tmp_path, USERS + ROWS + 'a,b\na,b,c,d,e,f\n"a"b,c,d,e,f\n"open,b,c,d,e\n' + ROWS)
    assert found.records == 124
    assert dict(found.rejected) == {"quote": 2, "too_few_fields": 1, "too_many_fields": 1}
    assert notes(found, "rejected")[0].startswith(
        "4 of 124 records cannot be read (3 reasons; the first is in line 62)"
    )


def test_unquoted_thousands_are_too_many_cells(tmp_path: Path) -> None:
    rows = "".join(f"u{i},$1{i:02d}.50\n" for i in range(60)) + 'x,$1,200.50\ny,"$1,200.50"\n'
    found = inspected(tmp_path, "user_id,usage\n" + rows)
    usage = found.plan.column("usage")
    assert dict(found.rejected) == {"too_many_fields": 1}
    assert usage is not None and (usage.decimal, usage.thousands) == (".", ",")


def test_backslash_escapes_may_begin_after_the_sample(tmp_path: Path) -> None:
    rows = "".join(f'u{i},"note {i}"\n' for i in range(60_000)) + 'x,"5\\" disk"\n' * 3
    found = inspected(tmp_path, "user_id,comment\n" + rows)
    assert (found.plan.dialect.escape, found.rejected) == ("\\", ())


def test_newlines_nul_and_mixed_line_ends(tmp_path: Path) -> None:
    content = (
        USERS.replace("\n", "\r")
        + 'u1,"a\nb",UK,free,2025-01-01\r\nu2,b\x00b,UK,pro,2025-01-02\nu3,c,UK,pro,2025-01-03'
    )
    found = inspected(tmp_path, content)
    assert found.records == 3
    assert [row.raw[1] for row in found.preview] == ["a\nb", "b\ufffdb", "c"]
    assert notes(found, "nul") == ["1 NUL bytes are replaced."]


def test_preamble_footer_and_sep_line(tmp_path: Path) -> None:
    found = inspected(tmp_path, "Users of May,,,,\n,,,,\n" + USERS + ROWS + "Total,60,,,\n")
    assert (found.records, found.plan.dialect.skip_lines, found.plan.dialect.footer_rows) == (60, 2, 1)
    assert notes(found, "preamble") and notes(found, "footer")
    semicolons = "sep=;\n" + (USERS + ROWS).replace(",", ";")
    assert inspected(tmp_path, semicolons).records == 60


def test_without_a_header_nothing_is_lost(tmp_path: Path) -> None:
    found = inspected(tmp_path, ROWS)
    assert (found.records, found.plan.dialect.header_rows) == (60, 0)
    assert found.plan.columns[0].header == "column 1"


def test_an_unsure_header_is_asked(tmp_path: Path) -> None:
    content = "Vienna,red\nGraz,blue\nLinz,green\nBregenz,violet\n"
    found = inspected(tmp_path, content)
    assert "header" in [q.code for q in found.plan.open_questions]
    for answer, records in (("0", 4), ("1", 3)):
        answered = inspected(tmp_path, content, answers={"header": answer})
        assert answered.records == records
        assert "header" not in [q.code for q in answered.plan.open_questions]


def test_arabic_digits_are_digits(tmp_path: Path) -> None:
    rows = "".join(f"u{i},{str(10 + i).translate(str.maketrans('0123456789', '٠١٢٣٤٥٦٧٨٩'))}\n" for i in range(30))
    found = inspected(tmp_path, "user_id,age\n" + rows)
    age = found.plan.column("age")
    assert age is not None and age.type == "number"
    assert found.preview[0].read[1] == "10"


def test_content_not_name_decides(tmp_path: Path) -> None:
    table = [{"user_id": f"u{i}", "country": "UK", "plan": "free"} for i in range(20)]
    array = inspected(tmp_path, json.dumps(table), file_name="table.csv")
    lines = inspected(tmp_path, gzip.compress("\n".join(map(json.dumps, table)).encode()), file_name="table.csv")
    assert (array.plan.format, lines.plan.format, lines.plan.packed) == ("json", "jsonl", True)
    assert array.records == lines.records == 20
    assert array.plan.columns == lines.plan.columns
    assert array.plan.dialect.header_rows == 1


@pytest.mark.parametrize(
    ("content", "limits", "code"),
    [
        (b"a,b\n" + b"1,2\n" * 500, Limits(file_bytes=1_000), "too_large"),
        (
            gzip.compress(b"a,b\n" + b"1,2\n" * 50_000),
            Limits(packed_ratio=20, packed_free_bytes=1_000),
            "inflates_too_much",
        ),
        (gzip.compress(b"a,b\n" + b"1,2\n" * 50_000), Limits(file_bytes=1_000), "too_large"),
        (gzip.compress(random.Random(1).randbytes(9_000).hex().encode())[:4_000], Limits(), "damaged_gzip"),
        (b"x" * 3_000_000, Limits(), "line_too_long"),
        (b"a,b\n" + b"x" * 3_000_000, Limits(), "line_too_long"),
        (
            (",".join(f"c{i}" for i in range(20_000)) + "\n" + ",".join("1" * 20_000)).encode(),
            Limits(),
            "too_many_columns",
        ),
    ],
)
def test_limits(tmp_path: Path, content: bytes, limits: Limits, code: str) -> None:
    assert refused(tmp_path, content, limits=limits).code == code


def test_a_bomb_is_refused_long_before_it_is_unpacked(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    megabyte = b"a,b\n" * (1 << 18)
    path = tmp_path / "bomb.csv.gz"
    with path.open("wb") as file:
        for _ in range(600):
            file.write(packer.compress(megabyte))
        file.write(packer.flush())
    with pytest.raises(UserError) as error:
        inspect_file(path)
    assert error.value.code == "inflates_too_much"


def test_a_cell_beyond_the_limit_costs_one_row(tmp_path: Path) -> None:
    found = inspected(tmp_path, USERS + ROWS + "u900," + "x" * 100_000 + ",UK,free,2025-01-01\n")
    assert dict(found.rejected) == {"too_long": 1}


def test_hostile_names_are_only_names(tmp_path: Path) -> None:
    header = '"a"" ; drop table users",b) from read_text(\'/etc/passwd\')--,<script>alert(1)</script>,=cmd\n'
    found = inspected(tmp_path, header + "".join(f"{i},x,y,z\n" for i in range(30)))
    assert found.plan.columns[0].header == 'a" ; drop table users'
    assert found.plan.columns[2].header == "<script>alert(1)</script>"


pieces = st.sampled_from(
    [b"user_id", b"date", b"1,2", b"u1", b'"', b'""', b",", b";", b"\t", b"\n", b"\r", b"\r\n", b"\\", b"\x00",
     b"\xff", b"\xef\xbb\xbf", b"sep=;", b"#", b"03/04/2025", b"25/03/2025", b"1.234,5", b"4.90E+12", b"NA",
     b"Total", b"'", b"|", b" ", b"\xc3\xa9", b"{", b"["]
)  # fmt: skip


@hypothesis_settings(max_examples=120, deadline=None)
@given(parts=st.lists(pieces, max_size=60))
def test_any_bytes_give_a_plan_or_a_refusal(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(b"".join(parts))
    try:
        found = inspect_file(path, now=NOW)
    except UserError as error:
        assert error.code != "cannot_inspect" and error.message
        return
    assert found.records > 0
    assert len({c.name for c in found.plan.columns if c.use != "ignored"}) == sum(
        c.use != "ignored" for c in found.plan.columns
    )
    assert from_json(SourcePlan, to_json(found.plan)) == found.plan


def test_parquet_is_read_as_the_table_it_is(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    moments = pa.array([dt.datetime(2025, 1, 1 + i % 28, tzinfo=dt.UTC) for i in range(30)], pa.timestamp("us", "UTC"))
    people = [f"u{i}" for i in range(30)]
    pq.write_table(pa.table({"user_id": people, "last_login": moments, "usage": [i / 2 for i in range(30)]}), path)
    found = inspect_file(path, now=NOW)
    assert (found.plan.format, found.plan.kind, found.records, found.plan.open_questions) == (
        "parquet",
        "users",
        30,
        (),
    )
    assert {c.name: c.type for c in found.plan.columns} == {
        "user_id": "id",
        "last_active_time": "time",
        "usage": "number",
    }


def test_a_workbook_offers_its_sheets(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    with zipfile.ZipFile(path, "w") as book:
        for name, text in workbook(
            {"Notes": [["hello"]], "Users": [["user_id", "plan"], ["u1", "free"], ["u2", "pro"]]}
        ):
            book.writestr(name, text)
    first = inspect_file(path, now=NOW)
    assert first.sheets == ("Notes", "Users") and first.plan.sheet == "Notes"
    found = inspect_file(path, now=NOW, answers={"sheet": "Users"})
    assert (found.plan.format, found.plan.sheet, found.records) == ("xlsx", "Users", 2)
    assert {c.name for c in found.plan.columns} == {"user_id", "plan"}


def workbook(sheets: dict[str, list[list[str]]]) -> list[tuple[str, str]]:
    """The smallest xlsx that spreadsheet programs read: file names and contents of the archive."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    names = list(sheets)
    entries = "".join(f'<sheet name="{n}" sheetId="{i}" r:id="r{i}"/>' for i, n in enumerate(names, 1))
    links = "".join(
        f'<Relationship Id="r{i}" Type="{office}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(names) + 1)
    )
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{kind}.worksheet+xml"/>'
        for i in range(1, len(names) + 1)
    )
    files = [
        (
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>{parts}</Types>',
        ),
        (
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        ),
        ("xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{entries}</sheets></workbook>'),
        ("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships">{links}</Relationships>'),
    ]
    for i, rows in enumerate(sheets.values(), 1):
        cells = "".join(
            f'<row r="{r}">' + "".join(
                f'<c r="{chr(64 + c)}{r}" t="inlineStr"><is><t>{cell}</t></is></c>' for c, cell in enumerate(row, 1)
            ) + "</row>"
            for r, row in enumerate(rows, 1)
        )  # fmt: skip
        files.append(
            (f"xl/worksheets/sheet{i}.xml", f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>')
        )
    return files


def test_tidying_up_meanwhile_takes_nothing_away(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that starts, or a job that fails, sweeps while another process looks at a file."""
    convert = transcode.to_csv

    def interrupted(*args: Any, **options: Any) -> transcode.Converted:
        publish.sweep()
        made = convert(*args, **options)
        publish.sweep()
        return made

    monkeypatch.setattr("dashboard.ingest.inspect.to_csv", interrupted)
    assert inspected(tmp_path, '{"user_id": "a", "plan": "free"}\n{"user_id": "b", "plan": "pro"}\n').records == 2
    assert not any(staging.root().iterdir()) and not any(staging.lock_file("").iterdir())


def test_a_full_disk_is_said_and_a_defect_leaves_a_trace_without_content(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("dashboard.ingest.inspect.to_csv", full)
    assert refused(tmp_path, '{"user_id": "a"}\n').code == "disk_full"

    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("ann@example.org")

    monkeypatch.setattr("dashboard.ingest.inspect.to_csv", broken)
    logs.set_up("test")
    with pytest.raises(UserError) as error:
        inspected(tmp_path, '{"user_id": "a"}\n')
    reference = re.search(r"Reference ([0-9a-f]{8})", error.value.message)
    written = (data_dir / "logs" / "test.log").read_text()
    assert reference and reference[1] in written and "KeyError" in written and "example.org" not in written
