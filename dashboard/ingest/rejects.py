"""Rejected records as a CSV file a person can open, correct and upload again: one line each, with rule and hint."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, TextIO

from dashboard.escape import safe_cell
from dashboard.ingest.report import rule_hint, rule_text

HEADER = ("source", "line", "record", "column", "value", "rule", "what is wrong", "hint")
_LONGEST = 1000


class Reject(NamedTuple):
    """line: physical line (1-based). record: number (1-based). column: header of the cell that decided, or "". value:
    that cell, or the beginning of the line. rule: report.RULES code."""

    line: int
    record: int
    column: str
    value: str
    rule: str


class RejectWriter:
    """Writes rejected records to ``path`` (UTF-8 with BOM, everything quoted, no formulas); None: only counts.

    The file is created with the first reject. counts: rule -> records. listed: records written.
    """

    def __init__(self, path: Path | None, source: str) -> None:
        self._path, self._source = path, safe_cell(source)
        self._stream: TextIO | None = None
        self._writer: Any = None
        self.counts: dict[str, int] = {}
        self.listed = 0

    def count(self, counts: Mapping[str, int]) -> None:
        """Count records by rule."""
        for rule, records in counts.items():
            self.counts[rule] = self.counts.get(rule, 0) + records

    def add(self, reject: Reject) -> None:
        """Count and list one record."""
        self.count({reject.rule: 1})
        self.list(reject)

    def list(self, reject: Reject) -> None:
        """Write one record that is counted elsewhere."""
        self.listed += 1
        if self._path is None:
            return
        if self._stream is None:
            self._stream = self._path.open("w", encoding="utf-8-sig", newline="")
            self._writer = csv.writer(self._stream, quoting=csv.QUOTE_ALL)
            self._writer.writerow(HEADER)
        self._writer.writerow(
            (
                self._source,
                reject.line,
                reject.record,
                safe_cell(reject.column),
                safe_cell(reject.value[:_LONGEST]),
                reject.rule,
                rule_text(reject.rule),
                rule_hint(reject.rule),
            )
        )

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def __enter__(self) -> RejectWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
