"""Row rules: which whole records are no data, and why.

Checked on the spans, before anything is coded, so that a rejected record leaves no trace in the dictionaries.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.ingest.cells import is_total
from dashboard.ingest.decode import Decoded, Decoder
from dashboard.ingest.plan import ROW_NUMBER, SourcePlan
from dashboard.ingest.rejects import Reject
from dashboard.ingest.tokenize import RULE_CODES
from dashboard.ingest.tokenize_chunks import Chunk
from dashboard.ingest.tokenize_words import same_bytes
from dashboard.jit import kernel
from dashboard.schema import TIME_FIELD

_LENGTH = 0x3FFFFFFF
_TOTAL_LETTERS = frozenset("tTsSgGiIoOzZ")


@kernel
def _equal_cells(data: Any, spans: Any, wanted: Any, length: int, found: Any) -> int:
    """Positions of the cells that are exactly the first ``length`` bytes of ``wanted``; how many."""
    count = 0
    for i in range(len(spans)):
        if (spans[i] >> 2) & 0x3FFFFFFF == length and same_bytes(data, spans[i] >> 32, wanted, 0, length):
            found[count] = i
            count += 1
    return count


@kernel
def _wordy_cells(data: Any, spans: Any, letters: Any, found: Any) -> int:
    """Positions of short cells without digits whose first byte is among ``letters`` (256 bool); how many."""
    count = 0
    for i in range(len(spans)):
        start, length = spans[i] >> 32, (spans[i] >> 2) & 0x3FFFFFFF
        if length < 3 or length > 40 or not letters[data[start]]:
            continue
        digits = False
        for k in range(start, start + length):
            if 48 <= data[k] <= 57:
                digits = True
        if not digits:
            found[count] = i
            count += 1
    return count


class RowRules:
    """Decides per chunk which records are rejected.

    time: decoder of the table's required time, or None. Chunks must come in order.
    """

    def __init__(self, plan: SourcePlan, time: Decoder | None) -> None:
        self._plan, self._time = plan, time
        user, when = plan.column("user_id"), plan.column(TIME_FIELD.get(plan.kind, ""))
        self._user = user.index if user else ROW_NUMBER
        self._when = when.index if when else -1
        self._headers = [""] * plan.width
        for column in plan.columns:
            if column.index != ROW_NUMBER:
                self._headers[column.index] = column.header
        self._letters = np.zeros(256, np.bool_)
        self._letters[[ord(letter) for letter in _TOTAL_LETTERS]] = True
        self._totals: dict[bytes, bool] = {}

    def apply(self, chunk: Chunk, hashes: np.ndarray) -> tuple[np.ndarray | None, list[Reject], Decoded | None]:
        """(which rows stay, None for all of them; every reject of the chunk, also the tokenizer's, in file order; the
        required time of all rows). hashes: uint64, the times are added to these row fingerprints."""
        decoded: Decoded | None = None
        rules: dict[int, tuple[int, str]] = {}  # row -> column that decided, rule
        if self._plan.kind == "users" and self._user >= 0:
            for row in np.flatnonzero(_lengths(chunk.spans[self._user]) == 0).tolist():
                rules[row] = (self._user, "no_user")
        if self._when >= 0 and self._time is not None and chunk.rows:
            decoded = self._time.decode(chunk.data, chunk.spans[self._when], hashes)
            for row in decoded.absent.tolist():
                rules[row] = (self._when, "no_time")
            for row in decoded.bad.tolist():
                rules[row] = (self._when, "bad_time")
        for row in self._total_rows(chunk, rules):
            rules[row] = (max(self._user, 0), "total_row")
        for row in self._repeated_headers(chunk):
            rules[row] = (0, "repeated_header")
        rejects = [self._reject(chunk, row, *rule) for row, rule in rules.items()]
        rejects += [broken_record(chunk, *row) for row in chunk.rejects.tolist()]
        rejects.sort(key=lambda reject: reject.record)
        if not rules:
            return None, rejects, decoded
        keep = np.ones(chunk.rows, np.bool_)
        keep[list(rules)] = False
        return keep, rejects, decoded

    def _total_rows(self, chunk: Chunk, suspects: dict[int, tuple[int, str]]) -> list[int]:
        """Rows that add others up: the id (or, where that is empty, the first cell that is not) is a word for it, and
        in a timed table the time is missing as well."""
        found: list[int] = []
        if self._plan.kind == "users" and self._user >= 0:
            rows = np.empty(chunk.rows, np.int64)
            count = _wordy_cells(chunk.data, chunk.spans[self._user], self._letters, rows)
            found = [row for row in rows[:count].tolist() if self._is_total(chunk.cell(self._user, row))]
        for row in suspects:
            cells = (chunk.cell(column, row) for column in range(len(chunk.spans)))
            first = next((cell for cell in cells if cell), b"")
            user = chunk.cell(self._user, row) if self._user >= 0 else b""
            if self._is_total(user) or self._is_total(first):
                found.append(row)
        return found

    def _is_total(self, cell: bytes) -> bool:
        if not cell or len(cell) > 60:
            return False
        known = self._totals.get(cell)
        if known is None:
            known = self._totals[cell] = is_total(cell.decode())
            if len(self._totals) > 100_000:
                self._totals.clear()
        return known

    def _repeated_headers(self, chunk: Chunk) -> list[int]:
        if self._plan.dialect.header_rows != 1 or len(self._headers) < 2 or not chunk.rows:
            return []
        column = next((i for i, header in enumerate(self._headers) if header), -1)
        if column < 0:
            return []
        wanted = self._headers[column].strip().encode()
        padded = np.zeros(len(wanted) + 16, np.uint8)
        padded[: len(wanted)] = np.frombuffer(wanted, np.uint8)
        rows = np.empty(chunk.rows, np.int64)
        count = _equal_cells(chunk.data, chunk.spans[column], padded, len(wanted), rows)
        headers = [header.strip().encode() for header in self._headers]
        return [
            row
            for row in rows[:count].tolist()
            if all(chunk.cell(c, row) == header for c, header in enumerate(headers) if header)
        ]

    def _reject(self, chunk: Chunk, row: int, column: int, rule: str) -> Reject:
        value = chunk.cell(column, row).decode(errors="replace")
        return Reject(int(chunk.lines[row]), int(chunk.numbers[row]), self._headers[column], value, rule)


def _lengths(spans: np.ndarray) -> np.ndarray:
    return (spans >> 2) & _LENGTH


def broken_record(chunk: Chunk, line: int, number: int, start: int, end: int, rule: int) -> Reject:
    """A record the tokenizer rejected (a row of ``Chunk.rejects``)."""
    value = chunk.data[start : min(end, start + 4000)].tobytes().decode(errors="replace")
    return Reject(line, number, "", value, RULE_CODES[rule])
