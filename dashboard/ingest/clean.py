"""Row rules: which whole records are no data, and why.

Checked on the spans, before anything is coded, so that a rejected record leaves no trace in the dictionaries.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Any, NamedTuple

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

MOST_LISTED = 100_000  # rejects of one file that are listed; the rest is only counted
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
def _wordy_cells(data: Any, spans: Any, letters: Any, with_digits: bool, found: Any) -> int:
    """Positions of short cells whose first byte is among ``letters`` (256 bool), with or without digits; how many."""
    count = 0
    for i in range(len(spans)):
        start, length = spans[i] >> 32, (spans[i] >> 2) & 0x3FFFFFFF
        if length < 3 or length > 40 or not letters[data[start]]:
            continue
        digits = False
        for k in range(start, start + length):
            if 48 <= data[k] <= 57:
                digits = True
        if with_digits or not digits:
            found[count] = i
            count += 1
    return count


class Rejected(NamedTuple):
    """listed: rejects in file order. counts: rule -> records, of all rejects, listed or not."""

    listed: list[Reject]
    counts: Counter[str]


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
        self._room = MOST_LISTED

    def apply(self, chunk: Chunk, hashes: np.ndarray) -> tuple[np.ndarray | None, Rejected, Decoded | None]:
        """(which rows stay, None for all of them; the rejects of the chunk, also the tokenizer's; the required time of
        all rows). hashes: uint64, the times are added to these row fingerprints."""
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
        rejects = self._rejected(chunk, rules)
        if not rules:
            return None, rejects, decoded
        keep = np.ones(chunk.rows, np.bool_)
        keep[list(rules)] = False
        return keep, rejects, decoded

    def _rejected(self, chunk: Chunk, rules: dict[int, tuple[int, str]]) -> Rejected:
        """All rejects counted, and listed in file order as long as there is room."""
        counts = Counter(rule for _, rule in rules.values())
        counts.update({RULE_CODES[k]: int(n) for k, n in enumerate(np.bincount(chunk.rejects[:, 4])) if n})
        if self._room <= 0 or not counts:
            return Rejected([], counts)
        listed = [self._reject(chunk, row, *rule) for row, rule in islice(sorted(rules.items()), self._room)]
        listed += [broken_record(chunk, *row) for row in chunk.rejects[: self._room].tolist()]
        listed.sort(key=lambda reject: reject.record)
        listed = listed[: self._room]
        self._room -= len(listed)
        return Rejected(listed, counts)

    def _total_rows(self, chunk: Chunk, suspects: dict[int, tuple[int, str]]) -> list[int]:
        """Rows that add others up: the id or the first cell is a word for it, and in a timed table the time is missing
        or no time as well."""
        found: list[int] = []
        if self._plan.kind == "users" and self._user >= 0:
            rows = np.empty(chunk.rows, np.int64)
            count = _wordy_cells(chunk.data, chunk.spans[self._user], self._letters, False, rows)
            found = [row for row in rows[:count].tolist() if self._is_total(chunk.cell(self._user, row))]
        if suspects:
            where = np.array(sorted(suspects), np.int64)
            rows = np.empty(len(where), np.int64)
            for column in {max(self._user, 0), 0}:
                count = _wordy_cells(chunk.data, chunk.spans[column][where], self._letters, True, rows)
                found += [row for row in where[rows[:count]].tolist() if self._is_total(chunk.cell(column, row))]
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
