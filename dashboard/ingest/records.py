"""Reference tokenizer: the definition of what a record of a text file is (docs/architecture.md section 6).

Written for reading, not for speed. The compiled tokenizer must give the same records on every input. Input is always
UTF-8 (other encodings are transcoded before), NUL and invalid bytes already replaced by U+FFFD.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import SPACES, Dialect

BOM = b"\xef\xbb\xbf"
WHITE = b" \t\n\v\f\r"  # what cells are trimmed of, besides U+00A0
NO_BREAK_SPACE = b"\xc2\xa0"
_LINE_END = re.compile(rb"\r\n|\r|\n")


class Record(NamedTuple):
    """One record.

    number: 1-based. line: physical line in which it begins, 1-based in the whole file. start, end: its bytes without
    the line end; of a rejected record those of its physical line. cells: trimmed, unquoted UTF-8; None when rejected.
    rule: "" or why it was rejected: "quote", "too_long", and from :func:`rows` "too_many_fields", "too_few_fields".
    """

    number: int
    line: int
    start: int
    end: int
    cells: tuple[bytes, ...] | None
    rule: str = ""


@dataclass
class Tally:
    """Lines that are no records. blank: only white space and delimiters. comment: comment lines. header, footer:
    records taken off by :func:`rows`."""

    blank: int = 0
    comment: int = 0
    header: int = 0
    footer: int = 0


def records(data: bytes, dialect: Dialect, limits: Limits, tally: Tally | None = None) -> Iterator[Record]:
    """All records after ``dialect.skip_lines`` physical lines, header and footer included, of any width.

    A record that breaks rule 3 or 6 of section 6 is its first physical line; reading resumes at the next one. Where a
    record breaks several rules the leftmost counts. Blank and comment lines are counted in ``tally``. ``dialect``'s
    delimiter, quote and escape are single ASCII characters; the delimiter ``SPACES`` is one or more spaces or tabs.
    """
    tally = tally if tally is not None else Tally()
    parser = _Parser(data, dialect, limits)
    at = len(BOM) if data.startswith(BOM) else 0
    line = 1
    for _ in range(dialect.skip_lines):
        if at >= len(data):
            return
        at = _after_line(data, at)[1]
        line += 1
    comment = dialect.comment.encode()
    empty = WHITE + parser.delimiter
    number = 0
    while at < len(data):
        line_end, next_line = _after_line(data, at)
        if comment and data.startswith(comment, at):
            tally.comment += 1
        elif not data[at:line_end].strip(empty):
            tally.blank += 1
        else:
            number += 1
            cells, end, rule = parser.record(at, line_end)
            if rule:
                yield Record(number, line, at, line_end, None, rule)
            else:
                yield Record(number, line, at, end, tuple(cells))
                next_line = end + _line_end_length(data, end)
                line += sum(1 for _ in _LINE_END.finditer(data, at, end))
        line += 1
        at = next_line


def rows(data: bytes, dialect: Dialect, limits: Limits, width: int, tally: Tally | None = None) -> Iterator[Record]:
    """The data records: without header and footer, numbered from 1, accepted ones with exactly ``width`` cells.

    width: columns of the plan. Trailing empty cells beyond it are dropped; a record with more is rejected
    ``too_many_fields``; one with fewer is rejected ``too_few_fields`` or, with ``short_rows="pad"``, filled with empty
    cells.
    """
    tally = tally if tally is not None else Tally()
    held: deque[Record] = deque()
    for record in records(data, dialect, limits, tally):
        if tally.header < dialect.header_rows:
            tally.header += 1
            continue
        held.append(record)
        if len(held) > dialect.footer_rows:
            yield _fit(held.popleft(), dialect, width)
    tally.footer = len(held)


def _fit(record: Record, dialect: Dialect, width: int) -> Record:
    record = record._replace(number=record.number - dialect.header_rows)
    if record.cells is None:
        return record
    if any(record.cells[width:]):
        return record._replace(cells=None, rule="too_many_fields")
    missing = width - len(record.cells)
    if missing > 0 and dialect.short_rows == "reject":
        return record._replace(cells=None, rule="too_few_fields")
    return record._replace(cells=record.cells[:width] + (b"",) * max(missing, 0))


def trim(cell: bytes) -> bytes:
    """Without ASCII white space and no-break spaces at both ends."""
    cell = cell.strip(WHITE)
    while cell.startswith(NO_BREAK_SPACE) or cell.endswith(NO_BREAK_SPACE):
        cell = cell.removeprefix(NO_BREAK_SPACE).removesuffix(NO_BREAK_SPACE).strip(WHITE)
    return cell


def _after_line(data: bytes, at: int) -> tuple[int, int]:
    """End of the physical line that holds ``at`` (without its line end), and where the next one begins."""
    match = _LINE_END.search(data, at)
    return match.span() if match else (len(data), len(data))


def _line_end_length(data: bytes, at: int) -> int:
    match = _LINE_END.match(data, at)
    return len(match.group()) if match else 0


class _Parser:
    def __init__(self, data: bytes, dialect: Dialect, limits: Limits) -> None:
        self.data, self.limits = data, limits
        self.runs = dialect.delimiter == SPACES
        self.delimiter = b" \t" if self.runs else dialect.delimiter.encode()
        self.quote = dialect.quote.encode()
        self.escape = b"" if dialect.escape == dialect.quote else dialect.escape.encode()
        self.padding = b" \t".translate(None, self.delimiter)  # may stand around quotes
        self.field_end = re.compile(b"[\r\n" + re.escape(self.delimiter) + b"]")
        self.mark = re.compile(b"[" + re.escape(self.quote + self.escape) + b"]") if self.quote else None

    def record(self, start: int, line_end: int) -> tuple[list[bytes], int, str]:
        """Cells, end (without line end) and rule of the record that begins at ``start``."""
        data, limits = self.data, self.limits
        cells: list[bytes] = []
        at = self._skip(start, self.delimiter) if self.runs else start
        while True:
            first = self._skip(at, self.padding)
            if self.mark and data.startswith(self.quote, first):
                close = self._close(first + 1)
                if close < 0:
                    return [], line_end, "quote"
                end = self._skip(close + 1, self.padding)
                if end < len(data) and not self.field_end.match(data, end):
                    return [], line_end, "quote"
                cell = self._unescape(data[first + 1 : close])
            else:
                match = self.field_end.search(data, at)
                end = match.start() if match else len(data)
                if end - at > limits.field_bytes:
                    return [], line_end, "too_long"
                cell = data[at:end]
            cells.append(trim(cell))
            if end - start > limits.line_bytes:
                return [], line_end, "too_long"
            if self.runs:
                end = self._skip(end, self.delimiter)
                if self._at_line_end(end):
                    return cells, end, ""
                at = end
            elif self._at_line_end(end):
                return cells, end, ""
            else:
                at = end + 1

    def _at_line_end(self, at: int) -> bool:
        return at >= len(self.data) or self.data[at] in b"\r\n"

    def _skip(self, at: int, characters: bytes) -> int:
        while at < len(self.data) and self.data[at] in characters:
            at += 1
        return at

    def _close(self, content: int) -> int:
        """Position of the closing quote of the field whose content begins at ``content``; -1: none within limits."""
        data, at = self.data, content
        last = content + self.limits.field_bytes
        assert self.mark is not None
        while True:
            match = self.mark.search(data, at, last + 1)
            if match is None:
                return -1
            found, following = match.start(), data[match.end() : match.end() + 1]
            if match.group() == self.quote:
                if following != self.quote:
                    return found
                at = found + 2
            else:
                at = found + (2 if following and following in self.quote + self.escape else 1)

    def _unescape(self, cell: bytes) -> bytes:
        """Doubled quotes, and with an escape character also escaped quotes and escapes; other escapes are text."""
        if self.escape:
            doubled, escape, quote = re.escape(self.quote * 2), re.escape(self.escape), re.escape(self.quote)
            pattern = doubled + b"|" + escape + b"([" + quote + escape + b"])"
            return re.sub(pattern, lambda match: match.group(1) or self.quote, cell)
        return cell.replace(self.quote * 2, self.quote)
