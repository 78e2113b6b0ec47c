"""What a file is, by its content and never by its name; what is no table is named for what it is and refused."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from dashboard.errors import UserError
from dashboard.ingest.encoding import byte_order_mark, utf16_without_mark
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import FileFormat
from dashboard.ingest.slices import Source
from dashboard.ingest.source import too_large

HEAD = 64 << 10

# (offset, first bytes, name, what to do)
_UNPACK = "Unpack it and upload the table inside."
_EXPORT = "Export the table as CSV and upload that."
_SIGNATURES: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (0, b"Rar!\x1a\x07", "a rar archive", _UNPACK),
    (0, b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (0, b"BZh", "a bzip2 archive", _UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a zstd archive", _UNPACK),
    (0, b"\x04\x22\x4d\x18", "an lz4 archive", _UNPACK),
    (0, b"\x1f\x9d", "a Unix compress archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"RDX2\n", "an R data file (RData)", "Save the data frame with write.csv and upload that."),
    (0, b"RDX3\n", "an R data file (RData)", "Save the data frame with write.csv and upload that."),
    (0, b"RDA2\n", "an R data file (RData)", "Save the data frame with write.csv and upload that."),
    (0, b"RDA3\n", "an R data file (RData)", "Save the data frame with write.csv and upload that."),
    (0, b"X\n\x00\x00\x00", "an R data file (RDS)", "Save the data frame with write.csv and upload that."),
    (0, b"%PDF", "a PDF document", _EXPORT),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture", ""),
    (0, b"\xff\xd8\xff", "a JPEG picture", ""),
    (0, b"GIF87a", "a GIF picture", ""),
    (0, b"GIF89a", "a GIF picture", ""),
    (0, b"II*\x00", "a TIFF picture", ""),
    (0, b"MM\x00*", "a TIFF picture", ""),
    (8, b"WEBP", "a WebP picture", ""),
    (8, b"WAVE", "a sound file", ""),
    (4, b"ftyp", "a video file", ""),
    (0, b"ID3", "a sound file", ""),
    (0, b"OggS", "a sound or video file", ""),
    (0, b"SQLite format 3\x00", "an SQLite database", _EXPORT),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel file (xls)", "Save it as xlsx or CSV and upload that."),
    (0, b"ARROW1\x00\x00", "an Arrow file", "Save the table as Parquet or CSV and upload that."),
    (0, b"FEA1", "a Feather file", "Save the table as Parquet or CSV and upload that."),
    (0, b"ORC", "an ORC file", "Save the table as Parquet or CSV and upload that."),
    (0, b"Obj\x01", "an Avro file", "Save the table as Parquet or CSV and upload that."),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file", _EXPORT),
    (0, b"\x93NUMPY", "a NumPy file", _EXPORT),
    (0, b"$FL2", "an SPSS file", _EXPORT),
    (0, b"$FL3", "an SPSS file", _EXPORT),
    (0, b"<stata_dta>", "a Stata file", _EXPORT),
    (0, b"\x80\x04\x95", "a Python pickle", "Save the table with to_csv and upload that."),
    (0, b"\x80\x05\x95", "a Python pickle", "Save the table with to_csv and upload that."),
    (0, b"\x7fELF", "a program", ""),
    (0, b"MZ\x90\x00", "a program", ""),
    (0, b"\xca\xfe\xba\xbe", "a program", ""),
    (0, b"{\\rtf", "a formatted text document (RTF)", _EXPORT),
    (0, b"%!PS", "a PostScript document", _EXPORT),
)
_ZIP_KINDS: tuple[tuple[str, str, str], ...] = (
    ("word/", "a Word document", _EXPORT),
    ("ppt/", "a PowerPoint document", _EXPORT),
    ("META-INF/MANIFEST.MF", "a Java archive", ""),
    ("xl/workbook.bin", "a binary Excel file (xlsb)", "Save it as xlsx or CSV and upload that."),
)
_PAGE = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script|table|div|meta|title)\b", re.I | re.S
)
_XML = re.compile(r"\s*<(?:\?xml|svg|[a-z][\w:-]*(?:\s+[\w:-]+\s*=|\s*/?>\s*<))", re.I)
_JSON_ARRAY = re.compile(r'\s*\[\s*(?:\{\s*(?:"|\})|\[|\])')
_CONTROL = bytes(c for c in range(32) if c not in b"\t\n\v\f\r\x1a\x1b\x1c\x1d\x1e\x1f\x00\x01\x02\x03") + b"\x7f"


@dataclass(frozen=True)
class Detected:
    """format: how to read it. source: its bytes, gzip known. size: of the file as uploaded."""

    format: FileFormat
    source: Source
    size: int


def detect(path: Path, limits: Limits) -> Detected:
    """Name the format of a file by its content. Raises UserError for everything that is no supported table."""
    size = path.stat().st_size
    if size == 0:
        raise empty()
    source = Source(path)
    head = source.head(HEAD, limits)
    if head.startswith(b"\x1f\x8b"):
        source = Source(path, packed=True)
        head = source.head(HEAD, limits)
        if head.startswith(b"\x1f\x8b"):
            raise refusal("a gzip file inside a gzip file", "Unpack it once and upload the result.")
        if head.startswith((b"PK\x03\x04", b"PAR1")):
            raise refusal("a packed workbook, archive or Parquet file", "Unpack it and upload what is inside.")
    elif size > limits.file_bytes:
        raise too_large(limits)
    if not head:
        raise empty()
    if head.startswith(b"PAR1"):
        return Detected(_parquet(path), source, size)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return Detected(_zip(path, limits), source, size)
    for offset, first, name, hint in _SIGNATURES:
        if head.startswith(first, offset) and (len(first) > 3 or not _is_text(head)):
            raise refusal(name, hint)
    return Detected(_text(head), source, size)


def empty() -> UserError:
    return UserError("empty_file", "The file is empty.", "Check the export and upload it again.")


def refusal(name: str, hint: str = "") -> UserError:
    return UserError(
        "not_a_table", f"This is {name}, not a table.", hint or "Upload a CSV, JSON, xlsx or Parquet file."
    )


def _parquet(path: Path) -> FileFormat:
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 4))
        if stream.read(4) != b"PAR1":
            raise UserError("damaged_file", "This Parquet file is cut off.", "Export it again and upload it.")
    return "parquet"


def _zip(path: Path, limits: Limits) -> FileFormat:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = {item.filename for item in members}
            kind = archive.read("mimetype")[:80] if "mimetype" in names and _small(archive, "mimetype") else b""
    # RuntimeError: a member is encrypted; NotImplementedError: it is compressed in a way that zipfile cannot read
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise UserError(
            "damaged_file",
            "This is a zip archive or an xlsx workbook, but it is damaged.",
            "Save it again and upload it.",
        ) from error
    if "xl/workbook.xml" in names:
        unpacked = sum(item.file_size for item in members)
        if unpacked > limits.file_bytes:
            raise too_large(limits)
        return "xlsx"
    if b"opendocument.spreadsheet" in kind:
        raise refusal("an OpenDocument spreadsheet (ods)", "Save it as xlsx or CSV and upload that.")
    for prefix, name, hint in _ZIP_KINDS:
        if any(member.startswith(prefix) for member in names):
            raise refusal(name, hint)
    raise UserError("not_a_table", "This is a zip archive.", _UNPACK)


def _small(archive: zipfile.ZipFile, name: str) -> bool:
    return archive.getinfo(name).file_size < 1000


def _is_text(head: bytes) -> bool:
    """Whether ASCII text could begin like this: three letters alone ("BZh") do not prove a binary format."""
    return b"\x00" not in head and len(head.translate(None, _CONTROL)) == len(head)


def _text(head: bytes) -> FileFormat:
    encoding = byte_order_mark(head)[0] or utf16_without_mark(head)
    if encoding is None and not head.strip(b"\x00"):
        raise refusal("a file of nothing but zero bytes", "Check the export and upload it again.")
    text = head.decode(encoding or "utf-8", errors="replace").lstrip("\ufeff")
    if not text.strip():
        raise UserError("empty_file", "The file holds only blank lines.", "Check the export and upload it again.")
    if encoding is None and (len(head) - len(head.translate(None, _CONTROL))) * 20 > len(head):
        raise refusal("a binary file")
    if encoding is None and head.count(0) * 3 > len(head) > 64:
        raise refusal("a binary file")
    if text.startswith("version https://git-lfs"):
        raise refusal(
            "a Git LFS pointer (a note where the real file is kept)", "Fetch the file with git lfs pull and upload it."
        )
    if _PAGE.match(text):
        raise UserError(
            "not_a_table",
            "This is a web page (probably a login page), not data.",
            "Open the download link in your browser, sign in, and upload the file you get.",
        )
    if _XML.match(text):
        raise refusal("an XML document", _EXPORT)
    if text.lstrip().startswith("{"):
        return _json_lines(text)
    return "json" if _JSON_ARRAY.match(text) else "csv"


def _json_lines(text: str) -> FileFormat:
    """A line that is a JSON object makes JSON lines; one object over the whole file is no table."""
    stripped = text.lstrip()
    first = stripped.splitlines()[0].strip()
    try:
        value = json.loads(first)
    except ValueError:
        if re.match(r'\{\s*("|\}|$)', first) and not re.match(r'\{"[^"]*"[^:]*[,;\t]', first):
            if len(first) > HEAD // 2:
                return "jsonl"  # the first line is longer than what was looked at
            raise UserError(
                "not_a_table",
                "This is a single JSON object, not a table.",
                "Upload a JSON array of objects, or one object per line.",
            ) from None
        return "csv"
    except RecursionError:
        raise refusal("a JSON document nested too deeply") from None
    if isinstance(value, dict):
        lists = [key for key, item in value.items() if isinstance(item, list) and item and isinstance(item[0], dict)]
        if lists and len(stripped.strip().splitlines()) == 1:
            raise UserError(
                "not_a_table",
                "This is a single JSON object that holds the table inside.",
                "Upload only the list of objects.",
            )
        return "jsonl"
    return "csv"
