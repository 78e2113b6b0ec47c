"""Formats: xlsx, JSON, JSON lines and Parquet as CSV; what inflates too much is refused and leaves nothing behind."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import ColumnPlan, Dialect, ImportOptions, SourcePlan
from dashboard.ingest.read import read_source
from dashboard.ingest.transcode import open_table, sheets, to_csv
from dashboard.ingest.transcode_stream import PlainFile, TextStream, Unpacked, open_text
from tests.workbooks import workbook

LIMITS = Limits()


def table(path: Path, file_format: Any, tmp_path: Path, **more: Any) -> list[list[str]]:
    target = tmp_path / "converted.csv"
    to_csv(path, file_format, target=target, limits=more.pop("limits", LIMITS), **more)
    with target.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_xlsx(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    rows = [
        ["id", "when", "amount", "ok"],
        [17850, dt.datetime(2025, 3, 8), 1.5, True],
        ["00123", dt.datetime(2025, 3, 8, 12, 30), None, False],
    ]
    workbook(path, ("First", rows), ("Second", [["a"], [1]]))
    assert sheets(path) == ("First", "Second")
    assert table(path, "xlsx", tmp_path) == [
        ["id", "when", "amount", "ok"],
        ["17850", "2025-03-08", "1.5", "true"],
        ["00123", "2025-03-08 12:30:00", "", "false"],
    ]
    assert table(path, "xlsx", tmp_path, sheet="Second") == [["a"], ["1"]]
    with pytest.raises(UserError, match="no sheet of that name"):
        table(path, "xlsx", tmp_path, sheet="Third")


def test_a_workbook_that_inflates_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/s1.xml", b"\0" * (30 << 20))
    before = set(tmp_path.iterdir())
    with pytest.raises(UserError) as refused:
        table(path, "xlsx", tmp_path, limits=Limits(packed_free_bytes=20 << 20))
    assert refused.value.code == "inflates_too_much"
    assert set(tmp_path.iterdir()) == before


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    workbook(path, ("First", [["a"], [1]]))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UserError, match="damaged"):
        table(path, "xlsx", tmp_path)
    with pytest.raises(UserError, match="damaged"):
        sheets(path)


ITEMS: list[dict[str, Any]] = [
    {"id": 1, "name": "Zoë", "plan": {"name": "pro", "price": 9.5}},
    {"id": 12345678901234567890, "tags": ["a", {"b": 1}], "active": True, "gone": None},
    {"name": 'say "hi",\nplease', "plan": {}},
]
WANTED = [
    ["id", "name", "plan.name", "plan.price", "tags", "active", "gone", "plan"],
    ["1", "Zoë", "pro", "9.5", "", "", "", ""],
    ["12345678901234567890", "", "", "", '["a", {"b": 1}]', "true", "", ""],
    ["", 'say "hi",\nplease', "", "", "", "", "", "{}"],
]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_array(tmp_path: Path, packed: bool, indent: int | None) -> None:
    path = tmp_path / "table.json"
    data = json.dumps(ITEMS, indent=indent, ensure_ascii=False).encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    assert table(path, "json", tmp_path, packed=packed) == WANTED


def test_json_array_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text('[["a", "b"], [1, null], [2.0, "x"]]')
    assert table(path, "json", tmp_path) == [["a", "b"], ["1", ""], ["2", "x"]]


@pytest.mark.parametrize("text", ["[", "[{}", '[{"a": 1} {"a": 2}]', '[{"a": }]', '{"a": 1}', "[1, 2]", "[" * 100_000])
def test_damaged_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.json"
    path.write_text(text)
    with pytest.raises(UserError, match="damaged"):
        table(path, "json", tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["table.json"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1), min_size=1, max_size=6))
def test_array_and_lines_give_the_same_table(
    tmp_path_factory: pytest.TempPathFactory, items: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("json")
    array, lines = folder / "a.json", folder / "b.jsonl"
    array.write_text(json.dumps(items, indent=1))
    lines.write_text("\n".join(map(json.dumps, items)))
    assert table(array, "json", folder) == table(lines, "jsonl", folder)


def test_json_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Items, and characters of several bytes, may lie across the borders of what is read at once."""
    monkeypatch.setattr("dashboard.ingest.transcode_json._PIECE", 67)
    items = [{"n": i, "text": "é€😀" * (i % 7)} for i in range(200)]
    path = tmp_path / "table.json"
    path.write_text(json.dumps(items, ensure_ascii=False))
    found = table(path, "json", tmp_path)
    assert found[1:] == [[str(i["n"]), i["text"]] for i in items]


def test_broken_json_lines_are_rejected_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    path.write_text('{"id": "a"}\n\n{"id": \n[1]\n{"id": "b"}\n')
    columns = (ColumnPlan(0, "id", "user_id", "field", "id"),)
    plan = SourcePlan("users", format="jsonl", columns=columns)
    rejects = tmp_path / "rejects.csv"
    with read_source(path, plan, ImportOptions(), staging=tmp_path, rejects=rejects, limits=LIMITS) as reader:
        rows = [row["user_id"] for batch in reader for row in batch.to_pylist()]
    assert rows == ["a", "b"]
    assert (reader.report.records, reader.report.rejected_by_rule) == (4, {"json": 2})
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        assert [(r["line"], r["value"]) for r in csv.DictReader(file)] == [("3", '{"id": '), ("4", "[1]")]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["rejects.csv", "table.jsonl"]


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    berlin = dt.timezone(dt.timedelta(hours=1))
    pq.write_table(
        pa.table(
            {
                "id": pa.array([17850, None], pa.int64()),
                "amount": [1.0, 2.25],
                "when": pa.array([dt.datetime(2025, 3, 8, 12, 30), None], pa.timestamp("ms")),
                "zoned": pa.array(
                    [dt.datetime(2025, 3, 8, 12, 30, tzinfo=berlin), None], pa.timestamp("us", "Europe/Berlin")
                ),
                "day": [dt.date(2025, 3, 8), None],
                "plan": pa.array(["pro", None]).dictionary_encode(),
                "user": [{"name": 'a "b", c', "age": 3}, {"name": None, "age": None}],
                "tags": [["x", "y"], None],
                "ok": [True, None],
                "raw": pa.array([b"abc", None], pa.binary()),
            }
        ),
        path,
        row_group_size=1,
    )
    assert table(path, "parquet", tmp_path) == [
        ["id", "amount", "when", "zoned", "day", "plan", "user.name", "user.age", "tags", "ok", "raw"],
        ["17850", "1", "2025-03-08 12:30:00.000000", "2025-03-08 11:30:00.000000Z", "2025-03-08", "pro",
         'a "b", c', "3", '["x", "y"]', "true", "abc"],
        ["", "2.25", "", "", "", "", "", "", "", "", ""],
    ]  # fmt: skip
    path.write_bytes(path.read_bytes()[:-9] + b"PAR1")
    with pytest.raises(UserError, match="damaged"):
        table(path, "parquet", tmp_path)


def test_a_gzip_bomb_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b"1,2025-01-01,aaaaaaaaaaaa\n" * 40_000
    with path.open("wb") as file:
        for _ in range(300):
            file.write(pack.compress(piece))
        file.write(pack.flush())
    assert path.stat().st_size * 200 < 300 * len(piece)
    columns = tuple(ColumnPlan(i, f"c{i}", f"c{i}", "property", "text") for i in range(3))
    with pytest.raises(UserError) as refused:
        list(
            read_source(
                path,
                SourcePlan("users", packed=True, columns=columns),
                ImportOptions(),
                staging=tmp_path,
                limits=LIMITS,
            )
        )
    assert refused.value.code == "inflates_too_much"
    assert [p.name for p in tmp_path.iterdir()] == ["bomb.csv.gz"]


@pytest.mark.parametrize("cut", [1, 5, 9, 40])
def test_a_cut_gzip_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.gz"
    rng = np.random.default_rng(1)
    path.write_bytes(gzip.compress(rng.integers(32, 127, 5000, np.uint8).tobytes())[:-cut])
    with pytest.raises(UserError, match="damaged"):
        everything(open_text(path, packed=True, encoding="utf-8", limits=LIMITS))


def test_members_of_a_gzip_follow_each_other(tmp_path: Path) -> None:
    path = tmp_path / "two.gz"
    path.write_bytes(gzip.compress(b"a,b\n") + gzip.compress(b"1,2\n") + b"\0" * 512)
    assert everything(open_text(path, packed=True, encoding="utf-8", limits=LIMITS)) == b"a,b\n1,2\n"


def test_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_bytes(b"a" * 5000)
    with pytest.raises(UserError) as refused:
        PlainFile(path, Limits(file_bytes=4999))
    assert refused.value.code == "too_large"
    path.write_bytes(gzip.compress(b"ab" * 5000))
    with pytest.raises(UserError) as refused:
        everything(open_text(path, packed=True, encoding="utf-8", limits=Limits(file_bytes=4999)))
    assert refused.value.code == "too_large"


def test_a_conversion_may_not_outgrow_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "wide.jsonl"
    path.write_text("".join(json.dumps({f"c{i}": 1}) + "\n" for i in range(1000)) + '{"c1": 2}\n' * 40_000)
    with pytest.raises(UserError) as refused:
        table(path, "jsonl", tmp_path, limits=Limits(file_bytes=1 << 20))
    assert refused.value.code == "too_large"
    assert [p.name for p in tmp_path.iterdir()] == ["wide.jsonl"]
    with pytest.raises(UserError) as refused:
        table(path, "jsonl", tmp_path, limits=Limits(columns=999))
    assert refused.value.code == "too_many_columns"


@pytest.mark.parametrize("name", ["rot13", "base64", "nothing", "zlib", "a\0b"])
def test_unknown_encodings_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n")
    with pytest.raises(UserError):
        open_text(path, packed=False, encoding=name, limits=LIMITS)


def everything(stream: TextStream, step: int = 1 << 16) -> bytes:
    found, buffer = bytearray(), np.empty(step, np.uint8)
    with stream:
        while count := stream.fill(buffer):
            found += buffer[:count].tobytes()
    return bytes(found)


class Pieces:
    """A source that gives its bytes in pieces of a few bytes."""

    position = (0, 0)

    def __init__(self, data: bytes, step: int) -> None:
        self._file, self._step = io.BytesIO(data), step

    def readinto(self, target: memoryview) -> int:
        return self._file.readinto(target[: self._step])

    def close(self) -> None:
        self._file.close()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"a",
                b"\0",
                b"\xff",
                b"\xc3",
                b"\xa9",
                b"\xe2\x82",
                b"\xac",
                "😀".encode(),
                "\ufffd".encode(),
                b"\xed\xa0\x80",
            ]
        ),
        max_size=30,
    ),
    st.integers(1, 9),
)
def test_clean_text_is_what_the_decoder_says(parts: list[bytes], step: int) -> None:
    data = b"".join(parts)
    stream = TextStream(Pieces(data, step), "utf-8")
    wanted = data.decode(errors="replace")
    assert everything(stream, 64) == wanted.replace("\0", "\ufffd").encode()
    assert stream.nul == data.count(0)
    assert stream.undecodable == wanted.count("\ufffd") - data.count(b"\xef\xbf\xbd")


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=60), st.sampled_from(["utf-16", "utf-16-be", "utf-32", "gb18030", "utf-8-sig"]), st.integers(1, 9)
)
def test_other_encodings_in_pieces(text: str, encoding: str, step: int) -> None:
    stream = TextStream(Pieces(text.encode(encoding), step), encoding)
    found = everything(stream, 64).decode().removeprefix("\ufeff")
    assert found == text.replace("\0", "\ufffd").removeprefix("\ufeff")


def test_the_members_position_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"a,b\n"))
    source = Unpacked(path, LIMITS)
    assert source.position == (0, path.stat().st_size)
    source.readinto(memoryview(bytearray(100)))
    assert source.position == (path.stat().st_size, path.stat().st_size)
    source.close()


def test_a_converted_copy_goes_when_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"a": 1}]')
    stream = open_table(path, SourcePlan("users", format="json", dialect=Dialect()), tmp_path, LIMITS)
    assert len(list(tmp_path.iterdir())) == 2
    assert everything(stream) == b"a\n1\n"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
