"""How a column of dates is read, decided over the whole column, with the row that proves it.

A numeric date whose year comes last is day/month or month/day: a value above 12 in one place decides. Where no row
does, other columns of the file, the order of the rows or "not in the future" may settle it; otherwise a person is
asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Literal

from dashboard.ingest.cells import DATE, NULL_WORDS, TIME_OF_DAY
from dashboard.ingest.evidence import Evidence, Shape
from dashboard.ingest.plan import DateOrder, Note, Question, TimeFormat

Kind = Literal["ymd", "numeric", "named", "compact", "epoch"]
_YEAR_FIRST = re.compile(r"(\d{4})([-/.年])(\d{1,2})[-/.月](\d{1,2})日?(.*)", re.DOTALL)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d{2})(?!\d)(.*)", re.DOTALL)
_COMPACT = re.compile(r"(19|20)\d\d(0\d|1[0-2])([0-2]\d|3[01])([T ]?[0-2]\d[0-5]\d([0-5]\d)?)?")
_EPOCH = re.compile(r"(\d{9,10}|\d{12,13}|\d{15,16}|\d{18,19})(\.\d+)?")
_TIME = re.compile(rf"(?:T|,?\s+|\s*-\s+|:){TIME_OF_DAY}", re.IGNORECASE)
_EPOCH_DIGITS = {9: "s", 10: "s", 12: "ms", 13: "ms", 15: "us", 16: "us", 18: "ns", 19: "ns"}
_SECONDS_1990, _SECONDS_2040 = 631_152_000, 2_208_988_800
_MOST_CELLS = 20_000


@dataclass(frozen=True)
class Form:
    """What one shape is: kind, whether a time of day follows, and the digits of the year."""

    kind: Kind
    has_time: bool = False
    separator: str = ""
    year_digits: int = 4


@dataclass(frozen=True)
class DateColumn:
    """time: how to read it. share: of the filled cells that are dates. proven: False when ``question`` must be
    answered. note: the decision for people; numeric: the column has dates whose order had to be decided."""

    time: TimeFormat
    share: float
    note: Note | None = None
    question: Question | None = None
    numeric: bool = False


def form(shape: Shape) -> Form | None:
    """What the shape says about its cells; None when they are no dates."""
    cell = shape.example
    match = _YEAR_FIRST.fullmatch(cell)
    if match:
        rest = match.group(5)
        if rest and not _TIME.fullmatch(rest):
            return None
        return Form("ymd", bool(rest) and any(shape.largest[3:]), match.group(2))
    match = _YEAR_LAST.fullmatch(cell)
    if match:
        rest = match.group(5)
        if rest and not _TIME.fullmatch(rest):
            return None
        has_time = bool(rest) and any(shape.largest[3:])
        return Form("numeric", has_time, match.group(2), len(match.group(4)))
    match = _COMPACT.fullmatch(cell)
    if match:
        return Form("compact", match.group(4) is not None)
    match = _EPOCH.fullmatch(cell)
    if match:
        return Form("epoch", True)
    if DATE.fullmatch(cell):
        return Form("named", bool(re.search(r":\d\d", cell)))
    return None


def examine(
    evidence: Evidence, cells: Sequence[tuple[int, str]], header: str, column: int, *, time_like: bool, now: datetime
) -> DateColumn | None:
    """Decide whether a column holds times and how they are read; None when it does not.

    cells: (record, text) of the first records. time_like: the header names a time; only then are whole numbers taken
    for times. now: instants more than a day later are in the future.
    """
    forms = [(s, form(s)) for s in evidence.shapes]
    nulls = sum(s.count for s in evidence.shapes if s.example.lower() in NULL_WORDS)
    filled = evidence.filled - nulls
    if filled <= 0:
        return None
    texts = [(s, f) for s, f in forms if f is not None and f.kind in ("ymd", "numeric", "named")]
    share = sum(s.count for s, _ in texts) / filled
    if share >= (0.3 if time_like else 0.6):
        return _text_dates(texts, cells, header, column, share, now)
    compact = [(s, f) for s, f in forms if f is not None and f.kind == "compact"]
    share = sum(s.count for s, _ in compact) / filled
    if share >= (0.8 if time_like else 0.999) and _real_days(cells, time_like):
        return DateColumn(TimeFormat("text", "ymd", has_time=any(f.has_time for _, f in compact)), share)
    if time_like:
        epoch = [s for s, f in forms if f is not None and f.kind == "epoch" and _plausible(s)]
        share = sum(s.count for s in epoch) / filled
        if share >= 0.8:
            return _epoch(epoch, header, share)
    return None


def _text_dates(
    texts: list[tuple[Shape, Form]],
    cells: Sequence[tuple[int, str]],
    header: str,
    column: int,
    share: float,
    now: datetime,
) -> DateColumn:
    time = TimeFormat("text", "ymd", has_time=any(f.has_time for _, f in texts))
    numeric = [(s, f) for s, f in texts if f.kind == "numeric"]
    if not numeric:
        return DateColumn(time, share)
    day_first = _earliest([(s.proofs[0], f) for s, f in numeric if s.largest[0] > 12])
    month_first = _earliest([(s.proofs[1], f) for s, f in numeric if s.largest[1] > 12])
    two_digits = all(f.year_digits == 2 for _, f in numeric)
    if two_digits and any(s.largest[0] > 31 for s, _ in numeric):
        note = Note("date_order", f"“{header}” read as year/month/day because {_says(day_first)}.")
        return DateColumn(replace(time, order="ymd"), share, note, numeric=True)
    if day_first and month_first:
        dmy = sum(s.count for s, _ in numeric if s.largest[0] > 12)
        mdy = sum(s.count for s, _ in numeric if s.largest[1] > 12)
        counted = _count_proofs(cells)
        order: DateOrder = "dmy" if counted[0] + (counted[0] == counted[1]) * (dmy >= mdy) > counted[1] else "mdy"
        proof, other = (day_first, month_first) if order == "dmy" else (month_first, day_first)
        text = (
            f"“{header}” read as {_words(order)} because {_says(proof)}; but {_says(other)}: such rows cannot be read."
        )
        return DateColumn(replace(time, order=order), share, Note("date_order", text, "warning"), numeric=True)
    if day_first or month_first:
        order = "dmy" if day_first else "mdy"
        text = f"“{header}” read as {_words(order)} because {_says(day_first or month_first)}."
        return DateColumn(replace(time, order=order), share, Note("date_order", text), numeric=True)
    settled = _settle(cells, now)
    if settled:
        order, why = settled
        text = f"“{header}” read as {_words(order)}: {why}."
        return DateColumn(replace(time, order=order), share, Note("date_order", text), numeric=True)
    fitting = [(c, match) for _, c in cells if (match := _YEAR_LAST.fullmatch(c))]
    telling = [
        c for c, match in fitting if int(match.group(1)) != int(match.group(3))
    ]  # 01/01 reads the same either way
    example = (telling or [c for c, _ in fitting] or [numeric[0][0].example])[0]
    return DateColumn(replace(time, order="dmy"), share, question=_question(example, header, column), numeric=True)


def adopt(undecided: DateColumn, order: DateOrder, header: str, other: str) -> DateColumn:
    """The same order as another date column of the file, which a row proves."""
    note = Note("date_order", f"“{header}” read as {_words(order)} like “{other}”, where a row proves it.")
    return replace(undecided, time=replace(undecided.time, order=order), note=note, question=None)


def _question(example: str, header: str, column: int) -> Question:
    match = _YEAR_LAST.fullmatch(example)
    first, second, year = (match.group(1), match.group(3), match.group(4)) if match else ("3", "4", "2025")
    date = match.group(1) + match.group(2) + match.group(3) + match.group(2) + year if match else "03/04/2025"
    day_month = f"{int(first)} {_month(int(second))}"
    month_day = f"{int(second)} {_month(int(first))}"
    text = f"{date} in “{header}” can be {day_month} or {month_day}. Nothing in the file decides it. Which is it?"
    if day_month == month_day:
        text = f"The dates in “{header}” can be day/month or month/day. Nothing in the file decides it. Which is it?"
    choices = (("dmy", f"Day/month: {day_month} {year}"), ("mdy", f"Month/day: {month_day} {year}"))
    return Question("date_order", text, choices, column)


def _month(number: int) -> str:
    names = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
    return names[number - 1] if 1 <= number <= 12 else str(number)


def _words(order: DateOrder) -> str:
    return {"dmy": "day/month", "mdy": "month/day", "ymd": "year/month/day"}[order]


def _earliest(proofs: list[tuple[tuple[int, int, int], Form]]) -> tuple[int, int, int, str] | None:
    found = [(*proof, f.separator) for proof, f in proofs if proof[0]]
    return min(found) if found else None


def _says(proof: tuple[int, int, int, str] | None) -> str:
    assert proof is not None
    row, first, second, separator = proof
    return f"row {row:,} says {first:02d}{separator}{second:02d}"


def _count_proofs(cells: Sequence[tuple[int, str]]) -> tuple[int, int]:
    """Of the first records, how many can only be day/month and how many only month/day."""
    days = months = 0
    for _, cell in cells[:_MOST_CELLS]:
        match = _YEAR_LAST.fullmatch(cell)
        if match:
            days += int(match.group(1)) > 12
            months += int(match.group(3)) > 12
    return days, months


def _settle(cells: Sequence[tuple[int, str]], now: datetime) -> tuple[DateOrder, str] | None:
    """Evidence besides a proving row: the rows are in order of time, or one reading lies in the future."""
    readings: dict[DateOrder, list[tuple[datetime, str]]] = {"dmy": [], "mdy": []}
    for _, cell in cells[:_MOST_CELLS]:
        for order, found in readings.items():
            moment = read(cell, order)
            if moment is not None:
                found.append((moment, cell))
    limit = now.replace(tzinfo=None) + timedelta(days=1)
    future = {order: sum(m > limit for m, _ in found) for order, found in readings.items()}
    if not future["dmy"] and future["mdy"]:
        return "dmy", "as month/day some dates would lie in the future"
    if not future["mdy"] and future["dmy"]:
        return "mdy", "as day/month some dates would lie in the future"
    turns = {order: _turns([m for m, _ in found]) for order, found in readings.items()}
    distinct = len({m for m, _ in readings["dmy"]})
    if distinct >= 4:
        if turns["dmy"] == 0 and turns["mdy"] > 0:
            return "dmy", "only then are the rows in order of time"
        if turns["mdy"] == 0 and turns["dmy"] > 0:
            return "mdy", "only then are the rows in order of time"
    return None


def _turns(moments: list[datetime]) -> int:
    """How often the rows break the order of time; counted in the direction that fits better."""
    down = sum(b < a for a, b in pairwise(moments))
    up = sum(b > a for a, b in pairwise(moments))
    return min(down, up)


def read(cell: str, order: DateOrder) -> datetime | None:
    """A date cell as a naive moment, for comparisons during inspection only; None when it is not one."""
    match = _YEAR_FIRST.fullmatch(cell)
    if match:
        year, month, day, rest = match.group(1), match.group(3), match.group(4), match.group(5)
    else:
        match = _YEAR_LAST.fullmatch(cell)
        if match is None:
            return None
        first, second, year, rest = match.group(1), match.group(3), match.group(4), match.group(5)
        day, month = (first, second) if order == "dmy" else (second, first)
        if order == "ymd":
            year, month, day = first, second, year
    clock = re.search(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap])?", rest.lower())
    hour, minute, second_ = (int(g or 0) for g in clock.groups()[:3]) if clock else (0, 0, 0)
    if clock and clock.group(4):
        hour = hour % 12 + (12 if clock.group(4) == "p" else 0)
    full_year = int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 70 else 1900)
    try:
        return datetime(full_year, int(month), int(day), hour, minute, min(second_, 59))
    except ValueError:
        return None


def _real_days(cells: Sequence[tuple[int, str]], time_like: bool) -> bool:
    found = [c for _, c in cells[:2000] if c]
    real = 0
    for cell in found:
        try:
            datetime(int(cell[:4]), int(cell[4:6]), int(cell[6:8]))
            real += 1
        except ValueError:
            pass
    return len(found) >= (1 if time_like else 8) and real >= 0.98 * len(found)


def _plausible(shape: Shape) -> bool:
    digits = len(shape.example.split(".")[0])
    scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[_EPOCH_DIGITS[digits]]
    value = int(shape.example.split(".")[0]) / scale
    largest = shape.largest[0] / scale if digits <= 18 else value
    return _SECONDS_1990 <= value <= _SECONDS_2040 and largest <= _SECONDS_2040


def _epoch(shapes: list[Shape], header: str, share: float) -> DateColumn:
    units = {_EPOCH_DIGITS[len(s.example.split(".")[0])] for s in shapes}
    names = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
    if len(units) == 1:
        unit = units.pop()
        text = f"“{header}” read as {names[unit]} since 1970, by the size of the numbers."
        return DateColumn(TimeFormat("epoch", unit=unit), share, Note("epoch", text))  # type: ignore[arg-type]
    mixed = " and ".join(names[u] for u in ("s", "ms", "us", "ns") if u in units)
    text = f"“{header}” holds {mixed} since 1970; the unit is decided for each row by the size of the number."
    return DateColumn(TimeFormat("epoch", unit="auto"), share, Note("epoch", text, "warning"))


def today() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)
