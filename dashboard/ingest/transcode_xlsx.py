"""Workbooks as CSV, after their zip was counted: what inflates too much is refused before it is read."""

from __future__ import annotations

import datetime as dt
import zipfile
import zlib
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from dashboard.errors import UserError
from dashboard.ingest.limits import Limits
from dashboard.ingest.source import inflates_too_much, too_large
from dashboard.ingest.transcode_write import CsvWriter

_PIECE = 1 << 20


def sheets(path: Path) -> tuple[str, ...]:
    """Names of a workbook's sheets in order. Raises UserError when it is damaged or locked."""
    return tuple(_open(path).sheet_names)


def xlsx_to_csv(path: Path, sheet: str, writer: CsvWriter, limits: Limits) -> None:
    """Write one sheet, "" = the first; columns to the left and rows above the first cell are not there."""
    _count(path, limits)
    book = _open(path)
    names = book.sheet_names
    if not names:
        raise UserError("no_sheet", "The workbook has no sheet.", "Save it again and upload it.")
    if sheet and sheet not in names:
        raise UserError("no_sheet", "The workbook has no sheet of that name.", "Choose one of its sheets.")
    try:
        table = book.get_sheet_by_name(sheet or names[0])
        if table.width > limits.columns:
            raise UserError(
                "too_many_columns",
                f"The sheet has {table.width:,} columns; {limits.columns:,} are allowed.",
                "Leave out what is not needed, or raise the limit in the settings.",
            )
        for row in table.to_python(skip_empty_area=True):
            writer.row([cell_text(cell) for cell in row])
    except CalamineError:
        raise _damaged() from None


def cell_text(value: Any) -> str:
    """Canonical text of a cell: ISO date (with the time of day unless it is midnight), whole numbers without ".0"."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time.min
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return str(value)
    return str(value)


def _open(path: Path) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError, ValueError):
        raise _damaged() from None


def _damaged() -> UserError:
    return UserError(
        "damaged_workbook", "The workbook is damaged or locked with a password.", "Save it again and upload it."
    )


def _count(path: Path, limits: Limits) -> None:
    """Inflate every member once, without keeping anything, as far as the limits allow."""
    most = max(limits.packed_free_bytes, limits.packed_ratio * path.stat().st_size)
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                with archive.open(member) as stream:
                    while piece := stream.read(_PIECE):
                        total += len(piece)
                        if total > most:
                            raise inflates_too_much(limits)
                        if total > limits.file_bytes:
                            raise too_large(limits)
    # RuntimeError: a member is encrypted; NotImplementedError: it is compressed in a way that zipfile cannot read
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError):
        raise _damaged() from None
