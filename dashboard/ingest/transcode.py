"""Any supported format as clean UTF-8 CSV.

A csv file is read as it is (unpacked and decoded on the way, see :mod:`dashboard.ingest.transcode_stream`); xlsx, JSON
and Parquet are first written as CSV into the staging directory. Cells of those formats become canonical text: ISO
dates, a point as decimal sign, whole numbers without ".0", objects and lists as JSON.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import FileFormat, SourcePlan
from dashboard.ingest.transcode_json import array_to_csv, lines_to_csv
from dashboard.ingest.transcode_parquet import parquet_to_csv
from dashboard.ingest.transcode_stream import TextStream, open_source, open_text
from dashboard.ingest.transcode_write import Broken, CsvWriter
from dashboard.ingest.transcode_xlsx import sheets, xlsx_to_csv

__all__ = ["Converted", "open_table", "sheets", "to_csv"]


@dataclass(frozen=True)
class Converted:
    """path: the CSV (UTF-8, comma, doubled quotes, LF, first record = names). broken: what of the file was no record
    (JSON lines only)."""

    path: Path
    broken: tuple[Broken, ...] = ()


def to_csv(
    path: Path,
    file_format: FileFormat,
    *,
    target: Path,
    limits: Limits,
    packed: bool = False,
    sheet: str = "",
    encoding: str = "utf-8",
) -> Converted:
    """Write a table as CSV to ``target``; removed again when that fails.

    sheet: of a workbook, "" for the first one. Raises UserError: damaged, too large, inflates too much, no such sheet.
    """
    try:
        with CsvWriter(target, limits) as writer:
            if file_format == "xlsx":
                xlsx_to_csv(path, sheet, writer, limits)
            elif file_format == "parquet":
                parquet_to_csv(path, writer, limits)
            elif file_format == "json":
                with open_text(path, packed=packed, encoding=encoding, limits=limits) as stream:
                    array_to_csv(stream, writer, limits)
            elif file_format == "jsonl":
                lines_to_csv(lambda: open_text(path, packed=packed, encoding=encoding, limits=limits), writer, limits)
            else:
                source = open_source(path, packed, limits)
                with TextStream(source, encoding) as stream:
                    writer.copy(stream)
        return Converted(target, tuple(writer.broken))
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def open_table(path: Path, plan: SourcePlan, staging: Path, limits: Limits) -> TextStream:
    """The file of a plan as a stream of clean UTF-8 CSV. A converted copy in ``staging`` goes when it is closed."""
    encoding = plan.dialect.encoding
    if plan.format == "csv":
        return open_text(path, packed=plan.packed, encoding=encoding, limits=limits)
    with tempfile.NamedTemporaryFile(dir=staging, prefix="table-", suffix=".csv", delete=False) as file:
        target = Path(file.name)
    converted = to_csv(
        path, plan.format, target=target, limits=limits, packed=plan.packed, sheet=plan.sheet, encoding=encoding
    )
    stream = open_text(target, packed=False, encoding="utf-8", limits=limits)
    stream.broken = converted.broken
    stream.on_close = lambda: target.unlink(missing_ok=True)
    return stream
