"""Decimal and thousands signs of a column, decided over the whole column."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from dashboard.ingest.cells import NULL_WORDS, NUMBER
from dashboard.ingest.decode_number import parse_number
from dashboard.ingest.evidence import Evidence, Shape
from dashboard.ingest.plan import Note

_CORE = re.compile(r"\d[\d.,'’\s]*|[.,]\d+")
_SPACES = re.compile(r"[\s\u00a0\u202f]")
_EXPONENT = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+")


@dataclass(frozen=True)
class NumberColumn:
    """decimal, thousands: the signs ("" = none seen). share: of the filled cells that are numbers. whole: none has a
    fraction other than ".0". point_zero, some_point_zero: all or some are written with ".0". exponents: cells like
    4.90E+12. undecided: cells like 1.234 whose sign could be either, when nothing else decides. note: for people."""

    decimal: str
    thousands: str
    share: float
    whole: bool
    point_zero: bool = False
    some_point_zero: bool = False
    exponents: int = 0
    undecided: int = 0
    contradicting: int = 0
    example: str = ""
    negative: bool = False
    count: int = 0


def examine(evidence: Evidence) -> NumberColumn:
    """Count what the shapes of a column say about its signs."""
    numbers = [s for s in evidence.shapes if NUMBER.fullmatch(s.example)]
    nulls = sum(s.count for s in evidence.shapes if s.example.lower() in NULL_WORDS)
    filled = max(evidence.filled - nulls, 1)
    total = sum(s.count for s in numbers)
    votes = {"decimal.": 0, "decimal,": 0, "thousands.": 0, "thousands,": 0, "thousands'": 0, "thousands ": 0}
    unclear = {".": 0, ",": 0}
    example = {".": "", ",": ""}
    fraction = point_zero = 0
    exponents = 0
    for shape in numbers:
        core = _core(shape)
        if _EXPONENT.fullmatch(shape.example.strip()):
            exponents += shape.count
        said = _signs(core)
        point_zero_shape = re.fullmatch(r"\d+\.0", core) is not None and shape.largest[1] == 0
        for sign in said:
            if sign.startswith("unclear"):
                unclear[sign[-1]] += shape.count
                example[sign[-1]] = example[sign[-1]] or shape.example
            else:
                votes[sign] += shape.count
                if sign.startswith("decimal") and not point_zero_shape:
                    fraction += shape.count
        if point_zero_shape:
            point_zero += shape.count
    decimal, thousands, undecided, contradicting = _choose(votes, unclear)
    shown = example[","] or example["."]
    return NumberColumn(
        decimal,
        thousands,
        total / filled,
        whole=fraction == 0 and (undecided == 0),
        point_zero=total > 0 and point_zero == total,
        some_point_zero=0 < point_zero < total,
        exponents=exponents,
        undecided=undecided,
        contradicting=contradicting,
        example=shown or next((s.example for s in numbers if re.search(r"[.,]", s.example)), ""),
        negative=any(s.example.lstrip("$€£ ").startswith(("-", "−", "(")) for s in numbers),
        count=total,
    )


def _core(shape: Shape) -> str:
    match = _CORE.search(shape.example)
    return match.group().strip() if match else ""


def _signs(core: str) -> list[str]:
    """What one written number says about signs."""
    said = []
    if "'" in core or "’" in core:
        said.append("thousands'")
        core = core.replace("'", "").replace("’", "")
    if _SPACES.search(core):
        said.append("thousands ")
        core = _SPACES.sub("", core)
    marks = [c for c in core if c in ".,"]
    if not marks:
        return said
    if len(set(marks)) == 2:
        last, other = marks[-1], "." if marks[-1] == "," else ","
        return [*said, f"decimal{last}", f"thousands{other}"] if marks.count(last) == 1 else said
    mark = marks[0]
    parts = core.split(mark)
    if len(marks) > 1:
        return [*said, f"thousands{mark}"] if all(len(p) == 3 for p in parts[1:]) and len(parts[0]) <= 3 else said
    before, after = parts
    if len(after) != 3 or len(before) > 3 or before in ("", "0") or before.startswith("0") or "thousands " in said:
        return [*said, f"decimal{mark}"]
    return [*said, f"unclear{mark}"]


def _choose(votes: dict[str, int], unclear: dict[str, int]) -> tuple[str, str, int, int]:
    """Decimal sign, thousands sign, cells that nothing decides, cells that contradict the choice."""
    point = votes["decimal."] + votes["thousands,"]
    comma = votes["decimal,"] + votes["thousands."]
    undecided = 0
    if comma > point:
        decimal, thousands = ",", "." if votes["thousands."] or unclear["."] else ""
    elif point > comma:
        decimal, thousands = ".", "," if votes["thousands,"] or unclear[","] else ""
    else:
        # 1,234 is far more often a thousand than a fraction of three digits; 1.234 is the reverse
        decimal, thousands = ".", "," if unclear[","] else ""
        undecided = unclear[","] + unclear["."]
    if votes["thousands'"]:
        thousands = "'"
    elif votes["thousands "]:
        thousands = " "
    return decimal, thousands, undecided, min(point, comma)


def settle(column: NumberColumn, file_decimal: str) -> NumberColumn:
    """Let the signs of the file's other columns decide what the column itself leaves open."""
    if not column.undecided or not file_decimal or file_decimal == column.decimal:
        return column
    return replace(column, decimal=file_decimal, thousands="." if file_decimal == "," else "", undecided=0)


def note(header: str, column: NumberColumn) -> Note | None:
    """The decision as a sentence, where there was one to make."""
    value = parse_number(column.example, column.decimal, column.thousands) if column.example else None
    shown = f"{value:.10g}" if value is not None else "no number"
    if column.undecided:
        other = "," if column.decimal == "." else "."
        second = parse_number(column.example, other, column.decimal)
        reading = f" (with “{other}” as the decimal sign it would be {second:.10g})" if second is not None else ""
        text = (
            f"“{header}”: {column.example} read as {shown}{reading}; nothing proves it ({column.undecided:,} values)."
        )
        return Note("decimal", text, "warning")
    if column.contradicting:
        text = (
            f"“{header}”: decimal sign “{column.decimal}”; {column.contradicting:,} values are written the other way."
        )
        return Note("decimal", text, "warning")
    if (column.decimal == "," or column.thousands) and column.example:
        return Note("decimal", f"“{header}”: {column.example} read as {shown} ({column.count:,} values).")
    return None
