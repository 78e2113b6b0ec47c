"""Where the table of a text file is: its dialect, the lines around it, its header and its width."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from dashboard.errors import UserError
from dashboard.ingest import dialect as dialects
from dashboard.ingest import header as headers
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import SPACES, Dialect, Note, Question
from dashboard.ingest.records import Record, records
from dashboard.ingest.synonyms import is_name

_SAMPLE_RECORDS = 4_000
_HEADER_RECORDS = 200


@dataclass(frozen=True)
class Structure:
    """dialect: complete. names: one per column, unique. written: as in the file ("" where it has none). rows: sampled
    data records (record number, cells padded to the width). notes, questions: what was decided and what is open."""

    dialect: Dialect
    names: tuple[str, ...]
    written: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    notes: tuple[Note, ...] = ()
    questions: tuple[Question, ...] = ()
    trial: dialects.Trial | None = field(default=None, repr=False)

    @property
    def width(self) -> int:
        return len(self.names)


def find(sample: bytes, tail: bytes, limits: Limits, chosen: Mapping[str, str], *, whole: bool) -> Structure:
    """Find the table in a text file.

    sample: the beginning of the file in UTF-8 without byte order mark; whole: it is the entire file. tail: its last
    bytes in UTF-8. chosen: decisions a person made: delimiter, quote, escape, comment, skip_lines, header, footer_rows,
    short_rows. Raises UserError when there is no table: too many columns, no rows, running text, endless lines.
    """
    fixed = {name: chosen[name] for name in ("delimiter", "quote", "escape") if name in chosen}
    _check_line(sample, limits)
    trial = dialects.find(sample, limits, _fixed_dialect(fixed), frozenset(fixed))
    found = replace(trial.dialect, comment=chosen.get("comment", ""))
    notes: list[Note] = []
    skip = _number(chosen, "skip_lines")
    if skip is None:
        skip = dialects.preamble_lines(sample, found, trial.width, limits)
        before = sample.count(b"\n", 0, 1 << 16)
        if skip > found.skip_lines and before >= 0 and _has_text(sample, found.skip_lines, skip):
            notes.append(Note("preamble", f"{skip - found.skip_lines} lines before the table skipped."))
    if found.skip_lines:
        notes.append(Note("separator", f"The first line names the separator: {dialects.name_of(found.delimiter)}."))
    elif found.delimiter != "," and trial.width > 1:
        notes.append(Note("delimiter", f"Cells are separated by {dialects.name_of(found.delimiter)}."))
    if found.escape:
        notes.append(Note("escape", "Quotes inside cells are written with a backslash."))
    if found.quote == "'":
        notes.append(Note("quote", "Cells are quoted with single quotes."))
    found = replace(found, skip_lines=skip)
    table = _sample_records(sample, found, limits, whole=whole)
    accepted = [r for r in table if r.cells is not None]
    if not table:
        raise UserError("empty_file", "The file holds no rows.", "Check the export and upload it again.")
    if not accepted:
        raise UserError(
            "no_readable_rows",
            "No line of the file can be read: quotation marks are not closed, or lines are too long.",
            "Check the export, or save it as CSV with another program.",
        )
    _check_width(accepted, limits)
    _check_prose(sample, trial)
    texts = [_texts(r) for r in accepted]
    asked, rows_of_header = _header(texts, trial.width, chosen)
    if rows_of_header and len(table) <= rows_of_header and whole:
        columns = len(texts[0]) if texts else 0
        raise UserError(
            "no_rows",
            f"The file has names for {columns:,} columns but no rows.",
            "Check the export and upload it again.",
        )
    width, written = _columns(texts, rows_of_header)
    names = headers.unique(written)
    notes += _name_notes(written, names, rows_of_header)
    footer = _number(chosen, "footer_rows")
    if footer is None:
        footer, total = _footer(tail, found, width, limits, whole=whole)
        if footer:
            what = "a total" if total else "a note"
            notes.append(Note("footer", f"The last {footer} lines are no rows ({what}) and are left out."))
    body = accepted[rows_of_header:]
    short, note = _short_rows(body, width, written, rows_of_header, chosen)
    notes += [note] if note else []
    complete = replace(found, header_rows=rows_of_header, footer_rows=footer, short_rows=short)
    sampled = tuple(
        (r.number - rows_of_header, tuple((_texts(r) + [""] * width)[:width]))
        for r in body
        if not any((r.cells or ())[width:]) and (short == "pad" or len(r.cells or ()) >= width)
    )
    return Structure(complete, tuple(names), tuple(written), sampled, tuple(notes), tuple(asked), trial)


def _fixed_dialect(fixed: Mapping[str, str]) -> Dialect:
    for name, value in fixed.items():
        plain = value == SPACES and name == "delimiter"
        if (
            not plain
            and not (len(value) == 1 and value.isascii() and value not in "\r\n")
            and (value or name == "delimiter")
        ):
            raise UserError("unknown_dialect", f"The {name} must be one plain character.", "For example , or ;.")
    return Dialect(delimiter=fixed.get("delimiter", ","), quote=fixed.get("quote", '"'), escape=fixed.get("escape", ""))


def _number(chosen: Mapping[str, str], name: str) -> int | None:
    if name not in chosen:
        return None
    try:
        value = int(chosen[name])
    except ValueError:
        value = -1
    if not 0 <= value <= 100_000:
        raise UserError("unknown_dialect", f"{name} must be a whole number of lines.", "For example 0 or 1.")
    return value


def _check_line(sample: bytes, limits: Limits) -> None:
    if len(sample) > limits.line_bytes and not re.search(rb"[\r\n]", sample[: limits.line_bytes + 2]):
        raise UserError(
            "line_too_long",
            f"The first line has more than {limits.line_bytes:,} bytes, which is the limit for a line.",
            "Check that the file has line ends, or raise the limit in the settings.",
        )


def _check_width(accepted: list[Record], limits: Limits) -> None:
    if not accepted:
        return
    widths = Counter(len(r.cells or ()) for r in accepted[:100])
    width = max(widths, key=lambda w: (widths[w], w))
    first = len(accepted[0].cells or ())
    if max(width, first) > limits.columns:
        raise UserError(
            "too_many_columns",
            f"The file has {max(width, first):,} columns; the limit is {limits.columns:,}.",
            "Remove columns or raise the limit in the settings.",
        )


def _check_prose(sample: bytes, trial: dialects.Trial) -> None:
    """Running text is no table: lines of many words that no delimiter cuts evenly."""
    if trial.score > 0.4 or (trial.width > 1 and trial.regular > 0.9) or b'"' in sample[: 64 << 10]:
        return
    lines = sample[: 64 << 10].decode("utf-8", errors="replace").split("\n")
    lines = [line.strip() for line in lines if line.strip()][:200]
    wordy = sum(len(line.split()) >= 6 for line in lines)
    sentences = sum(bool(re.search(r"[.!?,;:]\s|[.!?]$", line)) for line in lines)
    if len(lines) >= 5 and wordy * 2 > len(lines) and sentences * 3 > len(lines):
        raise UserError(
            "not_a_table", "This is running text, not a table.", "Upload a CSV, JSON, xlsx or Parquet file."
        )


def _has_text(sample: bytes, first: int, last: int) -> bool:
    lines = re.split(rb"\r\n|\r|\n", sample[: 1 << 20], maxsplit=last)[first:last]
    return any(re.search(rb"[^\s,;|]", line) for line in lines)


def _sample_records(sample: bytes, dialect: Dialect, limits: Limits, *, whole: bool) -> list[Record]:
    """The first records; without those at the cut of a sample that is not the whole file."""
    found = list(islice(records(sample, dialect, limits), _SAMPLE_RECORDS))
    if whole or len(found) == _SAMPLE_RECORDS:
        return found
    found = found[:-1] or found
    safe = len(sample) - limits.field_bytes
    cut = next((i for i, r in enumerate(found) if r.rule == "quote" and r.start > safe and i > 0), len(found))
    return found[:cut]


def _texts(record: Record) -> list[str]:
    return [c.decode("utf-8", errors="replace") for c in record.cells or ()]


def _header(texts: list[list[str]], width: int, chosen: Mapping[str, str]) -> tuple[list[Question], int]:
    choices = (("1", "The first row holds the names of the columns"), ("0", "The first row is data"))
    if "header" in chosen:
        rows = _number(chosen, "header") or 0
        return [Question("header", "Does the first row hold names?", choices, answer=str(rows))], min(rows, 20)
    wide = max((len(t) for t in texts[:_HEADER_RECORDS]), default=width)
    table = [t + [""] * (wide - len(t)) for t in texts[:_HEADER_RECORDS]]
    decided = headers.decide(table, is_name)
    if decided.sure:
        return [], decided.rows
    return [
        Question("header", "Does the first row hold the names of the columns, or is it data?", choices)
    ], decided.rows


def _columns(texts: list[list[str]], header_rows: int) -> tuple[int, list[str]]:
    """Width of the table and its names as written ("" without)."""
    body = [t for t in texts[header_rows:] if t]
    widths = Counter(len(t) for t in body)
    usual = max(widths, key=lambda w: (widths[w], -w)) if widths else 1
    if not header_rows:
        return usual, [""] * usual
    named = list(texts[:header_rows])
    width = max(len(t) for t in named)
    if len(named) > 1:
        named = [t + [""] * (width - len(t)) for t in named]
    full = [max((i + 1 for i, c in enumerate(t) if c), default=0) for t in body]
    wider = Counter(f for f in full if f > width)
    if len(body) >= 5 and wider.total() >= 0.9 * len(body):
        wide = max(wider, key=lambda w: wider[w])
        names = headers.names(named, width)
        if wide == width + 1 and _row_names([t[0] for t in body]):
            return wide, ["", *names]  # tables written by R: the names of the rows have no header
        return wide, names + [""] * (wide - width)
    return width, headers.names(named, width)


def _row_names(first: list[str]) -> bool:
    return len(set(first)) == len(first) and all(c.isdigit() for c in first)


def _name_notes(written: list[str], names: list[str], header_rows: int) -> list[Note]:
    if not header_rows:
        return [Note("header", "The file has no names of columns; they are called column 1, column 2 and so on.")]
    found = []
    nameless = [n for w, n in zip(written, names, strict=True) if not w]
    if nameless:
        found.append(Note("header", f"Columns without a name are called {_listed(nameless)}.", "warning"))
    repeated = [n for w, n in zip(written, names, strict=True) if w and w != n]
    if repeated:
        found.append(Note("header", f"Names that occur twice have a number now: {_listed(repeated)}.", "warning"))
    if header_rows > 1:
        found.append(Note("header", f"The first {header_rows} rows hold the names of the columns."))
    return found


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(f"“{n[:60]}”" for n in names[:5]) + more


def _footer(tail: bytes, dialect: Dialect, width: int, limits: Limits, *, whole: bool) -> tuple[int, bool]:
    plain = replace(dialect, skip_lines=dialect.skip_lines if whole else 0, header_rows=0)
    if not whole:
        match = re.search(rb"\r\n|\r|\n", tail)
        tail = tail[match.end() :] if match else b""
    found = list(records(tail, plain, limits))
    if whole:
        found = found[1:]
    return dialects.footer_rows(found[-60:], width)


def _short_rows(
    body: list[Record], width: int, written: list[str], header_rows: int, chosen: Mapping[str, str]
) -> tuple[Literal["reject", "pad"], Note | None]:
    if "short_rows" in chosen:
        return ("pad" if chosen["short_rows"] == "pad" else "reject"), None
    short = [len(r.cells or ()) for r in body if len(r.cells or ()) < width]
    if not short:
        return "reject", None
    named = max((i + 1 for i, w in enumerate(written) if w), default=width) if header_rows else width
    if all(cells >= named for cells in short):
        return "pad", None  # only columns without a name are missing
    if len(body) >= 20 and len(short) >= 0.3 * len(body) and min(short) > 1:
        text = "Many lines leave out empty cells at their end; they are filled up."
        return "pad", Note("short_rows", text, "warning")
    return "reject", None


def empty_columns(structure: Structure) -> frozenset[int]:
    """Columns that have neither a name nor a value in the sample: the commas a spreadsheet leaves at line ends."""
    filled = {i for _, cells in structure.rows for i, c in enumerate(cells) if c}
    return frozenset(i for i, name in enumerate(structure.written) if not name and i not in filled)
