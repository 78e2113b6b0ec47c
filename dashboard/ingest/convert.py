"""Any readable table as clean UTF-8 CSV: every cell as text, as typed; rejected records apart; constant memory."""

from __future__ import annotations

import csv
import hashlib
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from dashboard.ingest import limits as limits_module
from dashboard.ingest.clean import MOST_LISTED, broken_record
from dashboard.ingest.code_kernels import unescaped
from dashboard.ingest.decode import Quotes
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import ROW_NUMBER, SourcePlan
from dashboard.ingest.rejects import Reject, RejectWriter
from dashboard.ingest.report import COUNTERS, SourceReport
from dashboard.ingest.tokenize import RULE_CODES
from dashboard.ingest.tokenize_chunks import Chunk, Tokenizer
from dashboard.ingest.transcode import open_table
from dashboard.jit import kernel

Progress = Callable[[str, int, int | None], None]


@kernel
def _write_rows(data: Any, spans: Any, quotes: Any, scratch: Any, out: Any) -> int:
    """Write all rows as CSV (comma, doubled quotes, LF) to ``out``; the number of bytes. A row of empty cells only is
    written with quotes, so that it stays a record."""
    width, rows = spans.shape
    at = 0
    for row in range(rows):
        filled = False
        for column in range(width):
            if column > 0:
                out[at] = 44
                at += 1
            span = spans[column, row]
            start, length = span >> 32, (span >> 2) & 0x3FFFFFFF
            source = data
            if span & 1:
                length = unescaped(data, start, length, quotes[0], quotes[1], scratch)
                source = scratch
                start = 0
            special = False
            for k in range(start, start + length):
                byte = source[k]
                if byte == 44 or byte == 34 or byte == 10 or byte == 13:
                    special = True
            filled = filled or length > 0
            if special or (column == width - 1 and not filled):
                out[at] = 34
                at += 1
                for k in range(start, start + length):
                    if source[k] == 34:
                        out[at] = 34
                        at += 1
                    out[at] = source[k]
                    at += 1
                out[at] = 34
                at += 1
            else:
                for k in range(start, start + length):
                    out[at + k - start] = source[k]
                at += length
        out[at] = 10
        at += 1
    return at


def convert(
    path: Path,
    plan: SourcePlan,
    out: Path,
    *,
    staging: Path,
    rejects: Path | None = None,
    file_name: str = "",
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> SourceReport:
    """Write the table to ``out`` (UTF-8, comma, doubled quotes, LF, one header line) and account for its records.

    Cells are trimmed and unquoted, nothing else; columns without a name are called "column 3". ``out`` appears whole or
    not at all. staging, rejects, progress, limits: as for :func:`dashboard.ingest.read.read_source`. Raises UserError.
    """
    limits = limits or limits_module.current()
    began = time.monotonic()
    partial = out.with_name(out.name + ".part")
    quotes = Quotes.of(plan.dialect, limits.field_bytes)
    scratch = np.empty(limits.field_bytes + 64, np.uint8)
    accepted = 0
    try:
        with (
            open_table(path, plan, staging, limits) as stream,
            RejectWriter(rejects, file_name or path.name) as writer,
            partial.open("wb") as file,
        ):
            for broken in stream.broken:
                writer.add(Reject(broken.line, broken.line, "", broken.text, "json"))
            file.write(_header(plan))
            tokens = Tokenizer(stream, plan.dialect, limits, plan.width)
            while (chunk := tokens.next()) is not None:
                _write(chunk, quotes, scratch, file)
                accepted += chunk.rows
                counted = np.bincount(chunk.rejects[:, 4])
                writer.count({RULE_CODES[rule]: int(n) for rule, n in enumerate(counted) if n})
                for record in chunk.rejects[: max(MOST_LISTED - writer.listed, 0)].tolist():
                    writer.list(broken_record(chunk, *record))
                if progress is not None:
                    progress("convert", *stream.position)
            counts = {
                "blank": tokens.blank, "comment": tokens.comment, "footer": tokens.footer, "padded": tokens.padded,
                "trimmed_rows": tokens.surplus, "nul": stream.nul, "undecodable": stream.undecodable,
            }  # fmt: skip
        partial.replace(out)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    with path.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    return SourceReport(
        file_name=file_name or path.name,
        kind=plan.kind,
        records=tokens.records + len(stream.broken),
        accepted=accepted,
        rejected=sum(writer.counts.values()),
        rejected_by_rule=dict(sorted(writer.counts.items(), key=lambda item: (-item[1], item[0]))),
        counters={code: counts[code] for code in COUNTERS if counts.get(code)},
        file_bytes=path.stat().st_size,
        sha256=digest,
        seconds=round(time.monotonic() - began, 3),
    )


def _write(chunk: Chunk, quotes: Quotes, scratch: np.ndarray, file: BinaryIO) -> None:
    out = np.empty(2 * len(chunk.data) + 3 * chunk.spans.size + chunk.rows, np.uint8)
    count = _write_rows(chunk.data, chunk.spans, quotes.codes, scratch, out)
    file.write(out[:count].data)


def _header(plan: SourcePlan) -> bytes:
    names = [""] * plan.width
    for column in plan.columns:
        if column.index != ROW_NUMBER:
            names[column.index] = column.header.strip() or f"column {column.index + 1}"
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(names)
    return line.getvalue().encode(errors="replace")
