"""What happened to every record of a file: the account that is kept with the dataset and shown to people.

``accepted + rejected == records`` holds exactly. Everything that was changed or left out on the way is counted here.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

RULES: dict[str, tuple[str, str]] = {
    # code: (what is wrong with the record, what to do about it)
    "too_many_fields": (
        "The line has more cells than the header.",
        "Put quotes around cells that contain the separator.",
    ),
    "too_few_fields": (
        "The line has fewer cells than the header.",
        "Complete the line, or choose to fill short lines with empty cells.",
    ),
    "quote": (
        "A quotation mark is not closed, or text follows the closing mark.",
        "Double the quotation marks inside the cell, or close the cell.",
    ),
    "too_long": (
        "The line or one of its cells is longer than allowed.",
        "Shorten the cell; the limits are settings of the installation.",
    ),
    "repeated_header": ("The line repeats the header.", "Nothing to do, unless it is data."),
    "total_row": ("The line is a total, not a record.", "Nothing to do, unless it is data."),
    "json": ("The line is not a JSON object.", "Every line must be one complete object."),
    "no_user": ("The user id is empty.", "Fill in the id: a user without one cannot be told apart."),
    "bad_time": ("The time cannot be read.", "Write it like 2025-03-08 17:45:00, or correct the column's date order."),
    "no_time": ("The time is empty.", "Fill in when it happened."),
}

COUNTERS: dict[str, str] = {
    # code: sentence about the count; the number stands in front
    "blank": "blank lines skipped",
    "comment": "comment lines skipped",
    "footer": "lines at the end skipped as footer",
    "padded": "short lines filled with empty cells",
    "trimmed_rows": "lines with surplus empty cells at the end",
    "nul": "NUL bytes replaced",
    "undecodable": "bytes that do not fit the encoding replaced",
    "guest": "rows without a user id, kept as guests",
    "placeholder_id": "user ids that look like placeholders (null, n/a, 0 ...), kept as typed",
    "trimmed_id": "ids with surrounding spaces, trimmed",
    "stripped_id": "ids shortened from 17850.0 to 17850",
    "cleaned_cell": "texts with control characters removed or characters composed",
    "bad_cell": "cells that could not be read and are empty now",
    "future_time": "times more than a day in the future, left empty",
    "impossible_time": "placeholder dates such as 0000-00-00 or 1900-01-01, left empty",
    "dst_gap": "times inside the hour that daylight saving skips, moved forward",
    "dst_fold": "times inside the hour that daylight saving repeats, taken as the first",
    "duplicate": "rows equal to an earlier row in every column",
    "duplicate_dropped": "rows dropped because they repeat an earlier row",
}


def rule_text(code: str) -> str:
    """Sentence that says what is wrong with records rejected by this rule."""
    return RULES[code][0]


def rule_hint(code: str) -> str:
    """Sentence that says what to do about it."""
    return RULES[code][1]


def counter_text(code: str, count: int) -> str:
    """The count as a phrase: 12 blank lines skipped."""
    return f"{count:,} {COUNTERS[code]}"


@dataclass(frozen=True)
class ColumnReport:
    """One used column after reading. missing: empty cells and null words; bad: cells that could not be read (null
    now); distinct: different texts (0 for numbers and times); placeholders: ((text, rows), ...) of id columns."""

    name: str
    header: str
    missing: int = 0
    bad: int = 0
    distinct: int = 0
    placeholders: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class SourceReport:
    """The account of one file.

    records: lines that hold data (without header, preamble, footer, blank and comment lines). accepted + rejected =
    records. rejected_by_rule: RULES code -> records, largest first, no zeros. counters: COUNTERS code -> count, no
    zeros. file_bytes, sha256: the file as it came. first_time, last_time: µs UTC of the table's time field over the
    accepted rows, None without one. notes: further sentences for people.
    """

    file_name: str
    kind: str
    records: int
    accepted: int
    rejected: int
    rejected_by_rule: dict[str, int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    columns: tuple[ColumnReport, ...] = ()
    file_bytes: int = 0
    sha256: str = ""
    first_time: int | None = None
    last_time: int | None = None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.accepted + self.rejected != self.records:
            raise ValueError(f"{self.accepted} accepted + {self.rejected} rejected are not {self.records} records")
        if sum(self.rejected_by_rule.values()) != self.rejected:
            raise ValueError("the rules do not add up to the rejected records")

    def count(self, code: str) -> int:
        """A counter, 0 when it never occurred."""
        return self.counters.get(code, 0)

    def with_counters(self, **more: int) -> SourceReport:
        """The same report with further counts added (duplicates are known only after all files are read)."""
        counters = dict(self.counters)
        for code, count in more.items():
            if code not in COUNTERS:
                raise ValueError(f"unknown counter {code}")
            if count:
                counters[code] = counters.get(code, 0) + count
        return dataclasses.replace(self, counters=counters)

    def sentences(self) -> tuple[str, ...]:
        """What was left out or changed, for people: rejected rules first, then the counters, then the notes."""
        rules = (f"{n:,} rejected: {rule_text(code)}" for code, n in self.rejected_by_rule.items())
        return (*rules, *(counter_text(code, n) for code, n in self.counters.items()), *self.notes)

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def report_from_json(data: dict[str, Any]) -> SourceReport:
    """The inverse of :meth:`SourceReport.to_json`, also after a trip through JSON text. Raises ValueError."""
    try:
        columns = tuple(
            ColumnReport(**{**c, "placeholders": tuple((str(t), int(n)) for t, n in c.get("placeholders", ()))})
            for c in data.get("columns", ())
        )
        return SourceReport(**{**data, "columns": columns, "notes": tuple(data.get("notes", ()))})
    except TypeError as error:
        raise ValueError(f"not a source report: {error}") from None
