"""Files are recognised by content; what is no table is named."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.ingest.detect import detect
from dashboard.ingest.limits import Limits

LIMITS = Limits()


def written(folder: Path, content: bytes) -> Path:
    path = folder / "named-wrongly.png"
    path.write_bytes(content)
    return path


def archive(*names: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as zipped:
        for name in names:
            zipped.writestr(name, "x")
    return sink.getvalue()


def tar() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as file:
        file.addfile(tarfile.TarInfo("a.csv"))
    return sink.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a,b\n1,2\n", "csv"),
        ("a;ä\n1;2\n".encode("utf-16"), "csv"),
        (b'[{"a": 1}, {"a": 2}]', "json"),
        (b' [\n {"a": 1}]', "json"),
        (b'{"a": 1}\n{"a": 2}\n', "jsonl"),
        (b"[id],[name]\n1,2\n", "csv"),
        (b"BZh,name\n1,2\n", "csv"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
        (b"PAR1" + b"\x00" * 20 + b"PAR1", "parquet"),
    ],
)
def test_supported_formats(tmp_path: Path, content: bytes, expected: str) -> None:
    found = detect(written(tmp_path, content), LIMITS)
    assert (found.format, found.source.packed) == (expected, False)
    if expected in ("csv", "json", "jsonl"):
        packed = detect(written(tmp_path, gzip.compress(content)), LIMITS)
        assert (packed.format, packed.source.packed) == (expected, True)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The file is empty."),
        (gzip.compress(b""), "The file is empty."),
        (b" \r\n\n\t", "only blank lines"),
        (b"\x00" * 5000, "zero bytes"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page (probably a login page), not data."),
        (b"\n<html>\n", "web page (probably a login page)"),
        (b'<?xml version="1.0"?><a/>', "an XML document"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n", "a Git LFS pointer"),
        (archive("table.csv"), "This is a zip archive."),
        (archive("word/document.xml"), "a Word document"),
        (b"PK\x03\x04 broken", "damaged"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7z archive"),
        (b"Rar!\x1a\x07\x01\x00", "a rar archive"),
        (tar(), "a tar archive"),
        (gzip.compress(tar()), "a tar archive"),
        (gzip.compress(b"RDX3\nX\n"), "R data file"),
        (b"BZh91AY&SY\x00\x01", "a bzip2 archive"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\x00", "a PNG picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a JPEG picture"),
        (b"GIF89a\x01\x00", "a GIF picture"),
        (b"SQLite format 3\x00", "an SQLite database"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "an old Excel file (xls)"),
        (b"PAR1 cut off", "cut off"),
        (gzip.compress(gzip.compress(b"a,b")), "a gzip file inside a gzip file"),
        (b"\x1f\x8b\x08\x00broken", "damaged or cut off"),
        (bytes(range(1, 32)) * 40, "a binary file"),
        (b'{\n "a": 1,\n "b": 2\n}\n', "a single JSON object"),
        (b'{"rows": [{"a": 1}, {"a": 2}]}', "a single JSON object that holds the table inside"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(UserError) as refused:
        detect(written(tmp_path, content), LIMITS)
    assert says in refused.value.message
    assert refused.value.hint


def test_a_plain_file_beyond_the_limit(tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        detect(written(tmp_path, b"a,b\n" * 100), Limits(file_bytes=100))
    assert refused.value.code == "too_large"


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=400))
def test_any_bytes_are_recognised_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(content)
    try:
        assert detect(path, LIMITS).format in ("csv", "json", "jsonl", "xlsx", "parquet")
    except UserError as refused:
        assert refused.message.endswith((".", "…"))
