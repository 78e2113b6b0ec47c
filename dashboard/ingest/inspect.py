"""From the bytes of a file to a proposed plan whose every decision is explained.

Nothing is written and nothing guessed silently: what the file does not decide becomes a question of the plan. The whole
file takes part in the decisions; memory stays bounded whatever its size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from dashboard import logs
from dashboard.errors import UserError
from dashboard.ingest import choices, dates, encoding, propose, staging, structure
from dashboard.ingest import limits as limits_module
from dashboard.ingest import preview as previews
from dashboard.ingest.cells import plain
from dashboard.ingest.detect import Detected, detect
from dashboard.ingest.encoding import Encoding
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import Dialect, Note, Question, SourcePlan
from dashboard.ingest.preview import ColumnStatistics, PreviewRow
from dashboard.ingest.scan import Scan, scan
from dashboard.ingest.slices import Source
from dashboard.ingest.structure import Structure
from dashboard.ingest.transcode import sheets, to_csv
from dashboard.ingest.transcode_stream import TextStream, open_text
from dashboard.store import files

_SAMPLE_BYTES = 512 << 10
_TAIL_BYTES = 64 << 10
_FORMAT_NAMES = {
    "json": "a JSON array",
    "jsonl": "JSON lines",
    "xlsx": "an Excel workbook",
    "parquet": "a Parquet file",
}


@dataclass(frozen=True)
class Inspection:
    """What was understood of a file.

    plan: the proposal, with its questions and notes. preview: the first rows, raw and as they will be read. columns:
    statistics of every column of the file. records: all records between header and footer (exact); rejected: those that
    cannot be read, by rule. bytes: of the unpacked file. header_key: hash of the header row, under which a mapping is
    remembered. sheets: of a workbook.
    """

    plan: SourcePlan
    preview: tuple[PreviewRow, ...]
    columns: tuple[ColumnStatistics, ...]
    records: int
    rejected: tuple[tuple[str, int], ...]
    bytes: int
    header_key: str
    sheets: tuple[str, ...] = ()

    @property
    def questions(self) -> tuple[Question, ...]:
        return self.plan.questions

    @property
    def notes(self) -> tuple[Note, ...]:
        return self.plan.notes


def inspect_file(
    path: Path,
    *,
    file_name: str = "",
    limits: Limits | None = None,
    remembered: SourcePlan | None = None,
    answers: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> Inspection:
    """Look at a file and propose how to read it.

    file_name: what people call the file; never decides anything. remembered: a confirmed plan of a file with the same
    header. answers: to questions, by code ("header", "encoding", "kind", "user_id" …) or code and column
    ("date_order:3"). overrides: decisions about the bytes: encoding, delimiter, quote, escape, comment, skip_lines,
    header, footer_rows, short_rows, sheet, kind. now: for "not in the future", default the clock.

    Raises UserError: no table, empty, too large, too wide, damaged, disk full, an answer that is none. No other
    exception leaves.
    """
    limits = limits or _current()
    chosen = {**(answers or {}), **(overrides or {})}
    now = now or dates.today()
    try:
        detected = detect(path, limits)
        if detected.format == "csv":
            return _inspect_text(detected, limits, remembered, chosen, now)
        return _inspect_converted(detected, limits, remembered, chosen, now)
    except UserError:
        raise
    except Exception as error:
        if files.is_full(error):
            raise files.disk_full(path.stat().st_size, staging.free_bytes()) from error
        # a file that breaks inspection is refused like any other; the log says where it broke
        reference = logs.defect("inspection failed", error)
        raise UserError(
            "cannot_inspect",
            f"This file cannot be understood as a table. Reference {reference}.",
            "Save it as UTF-8 CSV and upload that.",
        ) from error


def _current() -> Limits:
    return limits_module.current()


def header_key(names: tuple[str, ...] | list[str]) -> str:
    """Hash of a header row, without regard to case, accents and surrounding space."""
    text = "\x1f".join(plain(name).strip() for name in names)
    return hashlib.sha256(text.encode("utf-8", errors="replace")).hexdigest()[:32]


def _inspect_text(
    detected: Detected, limits: Limits, remembered: SourcePlan | None, chosen: dict[str, str], now: datetime
) -> Inspection:
    source = detected.source
    found = encoding.decide(source, limits, chosen.get("encoding", ""))
    with _open(detected, found.name, limits) as stream:
        sample, whole = _sample(stream, limits)
    if not sample.strip():
        raise UserError("empty_file", "The file holds only blank lines.", "Check the export and upload it again.")
    tail = sample if whole else _utf8(found.tail, found.name)
    table = structure.find(sample, tail, limits, chosen, whole=whole)
    table = replace(table, dialect=replace(table.dialect, encoding=found.name))
    counted = _scan(detected, table, limits)
    if counted.rejected["quote"] and not table.dialect.escape and "escape" not in chosen and table.dialect.quote:
        table, counted = _try_escape(detected, table, counted, limits)
    notes, questions = _encoding_notes(found, sample, chosen)
    return _inspection(detected, table, counted, remembered, chosen, now, notes, questions, found.size)


def _open(detected: Detected, name: str, limits: Limits) -> TextStream:
    return open_text(detected.source.path, packed=detected.source.packed, encoding=name, limits=limits)


def _sample(stream: TextStream, limits: Limits) -> tuple[bytes, bool]:
    """The beginning of the text, at least until its first line end where the limits allow, and whether that is all."""
    target = np.empty(256 << 10, np.uint8)
    found = bytearray()
    wanted = _SAMPLE_BYTES
    while len(found) < wanted:
        count = stream.fill(target)
        if not count:
            return bytes(found).removeprefix(b"\xef\xbb\xbf"), True
        found += target[:count].tobytes()
        if len(found) >= wanted and wanted == _SAMPLE_BYTES and found.count(b"\n") + found.count(b"\r") < 20:
            wanted = 4 * limits.line_bytes  # few and long lines: look further
    return bytes(found).removeprefix(b"\xef\xbb\xbf"), False


def _utf8(tail: bytes, name: str) -> bytes:
    return tail.decode(name, errors="replace").replace("\x00", "\ufffd").encode("utf-8", errors="replace")


def _scan(detected: Detected, table: Structure, limits: Limits) -> Scan:
    with _open(detected, table.dialect.encoding, limits) as stream:
        return scan(
            stream,
            table.dialect,
            table.width,
            limits,
            shapes_of=propose.worth_shapes(table),
            distinct_of=propose.worth_distinct(table),
        )


def _try_escape(detected: Detected, table: Structure, before: Scan, limits: Limits) -> tuple[Structure, Scan]:
    """Backslash escapes may begin after the sample: worth a second pass when records break at their quotes."""
    other = replace(table, dialect=replace(table.dialect, escape="\\"))
    after = _scan(detected, other, limits)
    if after.rejected.total() * 2 < before.rejected.total():
        note = Note("escape", "Quotes inside cells are written with a backslash.")
        return replace(other, notes=(*other.notes, note)), after
    return table, before


def _encoding_notes(found: Encoding, sample: bytes, chosen: Mapping[str, str]) -> tuple[list[Note], list[Question]]:
    notes: list[Note] = []
    questions: list[Question] = []
    words = ", ".join(found.words)
    if found.replaced:
        text = (
            f"{found.replaced:,} bytes do not fit the encoding {found.name} and are replaced by a question mark sign."
        )
        notes.append(Note("undecodable", text, "warning"))
    if "encoding" in chosen:
        text = "Which encoding has the file?"
        questions.append(Question("encoding", text, encoding.CHOICES, answer=chosen["encoding"]))
        notes.append(Note("encoding", f"Read as {found.name}, as chosen."))
    elif not found.proven:
        text = f"The file is not UTF-8. Read as Windows-1252 (Western European), which nothing proves; words: {words}."
        notes.append(Note("encoding", text, "warning"))
        if found.implausible:
            text = (
                f"The encoding of this file cannot be proven. Do these words read well: {words}? Else choose another."
            )
            questions.append(Question("encoding", text, encoding.CHOICES))
    elif not found.ascii and found.name != "utf-8":
        notes.append(Note("encoding", f"Read as {found.name.upper()}, by its first bytes."))
    return notes, questions


def _inspect_converted(
    detected: Detected, limits: Limits, remembered: SourcePlan | None, chosen: dict[str, str], now: datetime
) -> Inspection:
    """JSON, xlsx and Parquet: as the CSV they are converted to."""
    source = detected.source
    names = sheets(source.path) if detected.format == "xlsx" else ()
    sheet = chosen.get("sheet", "")
    name = encoding.decide(source, limits).name if detected.format in ("json", "jsonl") else "utf-8"
    notes = [Note("format", f"Read as {_FORMAT_NAMES[detected.format]}.")]
    questions = []
    if len(names) > 1:
        options = tuple((n, n) for n in names)
        sheet = sheet or names[0]
        text = f"The workbook has {len(names)} sheets; “{sheet}” is read."
        notes.append(Note("sheet", text))
        questions.append(Question("sheet", "Which sheet holds the table?", options, answer=sheet))
    with staging.held("inspect") as folder:
        target = folder / "table.csv"
        to_csv(
            source.path,
            detected.format,
            target=target,
            limits=limits,
            packed=source.packed,
            sheet=sheet,
            encoding=name,
        )
        if not target.stat().st_size:
            raise UserError("no_rows", "The file holds no rows.", "Check the export and upload it again.")
        inner = _copy(target)
        fixed = {"delimiter": ",", "quote": '"', "escape": "", "short_rows": "pad"}
        if detected.format != "xlsx":
            fixed |= {"skip_lines": "0", "header": "1", "footer_rows": "0"}
        with _open(inner, "utf-8", limits) as stream:
            sample, whole = _sample(stream, limits)
        tail = sample if whole else inner.source.tail(_TAIL_BYTES)
        table = structure.find(sample, tail, limits, {**chosen, **fixed}, whole=whole)
        kept = tuple(q for q in table.questions if q.code != "header" or detected.format == "xlsx")
        table = replace(table, questions=kept, dialect=replace(table.dialect, encoding=name))
        counted = _scan(inner, replace(table, dialect=replace(table.dialect, encoding="utf-8")), limits)
    found = _inspection(detected, table, counted, remembered, chosen, now, notes, questions, detected.size)
    return replace(found, plan=replace(found.plan, sheet=sheet), sheets=names)


def _copy(target: Path) -> Detected:
    """A converted copy, which is CSV whatever its first cells look like."""
    return Detected("csv", Source(target), target.stat().st_size)


def _inspection(
    detected: Detected,
    table: Structure,
    counted: Scan,
    remembered: SourcePlan | None,
    chosen: dict[str, str],
    now: datetime,
    notes: list[Note],
    questions: list[Question],
    size: int,
) -> Inspection:
    if not counted.records:
        raise UserError(
            "no_rows",
            f"The file has names for {table.width:,} columns but no rows.",
            "Check the export and upload it again.",
        )
    if not counted.accepted and set(counted.rejected) == {"too_long"}:
        raise UserError(
            "line_too_long",
            "The lines of this file are longer than the limits allow.",
            "Check that the file has line ends, or raise the limits in the settings.",
        )
    proposal = propose.propose(table, counted, chosen=chosen, remembered=remembered, now=now)
    plan = SourcePlan(
        kind=proposal.kind,
        format=detected.format,
        packed=detected.source.packed,
        dialect=table.dialect if detected.format == "csv" else _converted_dialect(table.dialect),
        columns=proposal.columns,
        kind_confidence=proposal.confidence,
        questions=(*questions, *table.questions, *proposal.questions),
        notes=(*notes, *table.notes, *proposal.notes, *_counted_notes(counted)),
    )
    plan = _answered(plan, chosen)
    return Inspection(
        plan,
        previews.rows(table.rows, plan.columns),
        previews.statistics(proposal.profiles, plan.columns, plan.kind),
        counted.records,
        tuple(sorted(counted.rejected.items())),
        size,
        header_key(table.names),
    )


def _converted_dialect(found: Dialect) -> Dialect:
    return replace(found, delimiter=",", quote='"', escape="")


def _counted_notes(counted: Scan) -> list[Note]:
    rejected = counted.rejected.total()
    notes = []
    if counted.nul:
        notes.append(Note("nul", f"{counted.nul:,} NUL bytes are replaced.", "warning"))
    if rejected:
        reasons = len([rule for rule, count in counted.rejected.items() if count])
        line, _ = counted.first_rejects[0]
        text = (
            f"{rejected:,} of {counted.records:,} records cannot be read ({reasons} "
            f"{'reason' if reasons == 1 else 'reasons'}; the first is in line {line:,}). They will be listed."
        )
        notes.append(Note("rejected", text, "warning"))
    return notes


def _answered(plan: SourcePlan, chosen: Mapping[str, str]) -> SourcePlan:
    """Answers that do not change how the bytes are read. Answers to questions that are not asked are ignored."""
    for key, value in chosen.items():
        code, _, column = key.partition(":")
        index = int(column) if column.isdigit() else None
        if code in choices.REREAD or not any(q.code == code and index in (None, q.column) for q in plan.questions):
            continue
        plan = choices.answer(plan, code, value, index)
    return plan
