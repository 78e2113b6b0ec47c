"""What is known of one column: its type and everything the mapping needs, from its values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from dashboard.ingest.cells import FALSE_WORDS, NULL_WORDS, PLACEHOLDER_IDS, TRUE_WORDS, plain, shape
from dashboard.ingest.dates import DateColumn
from dashboard.ingest.evidence import Evidence
from dashboard.ingest.numbers import NumberColumn
from dashboard.ingest.vocabulary import COUNTRIES, COUNTRY_CODES, GENDER_WORDS, PLAN_WORDS, PLATFORM_WORDS
from dashboard.schema import Type

NEARLY_ALL = 0.95  # of a column's cells are numbers: below, "5+" beside 1 to 4 is a class and not a bad number
_EXPONENT = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+")


@dataclass(frozen=True)
class Profile:
    """One column.

    index, header: as in the file. rows: sampled; filled: sampled cells that are neither empty nor a null word.
    distinct, values: different and all non-empty values (whole file up to four million, else the sample). type: by
    the values alone. looks: share of the filled cells that are a "country", "plan", "platform", "gender", "email",
    "boolean", "number", "word" or "code". dates, numbers: decisions, where the column is one. damaged, placeholders:
    ids that a spreadsheet rewrote, ids like NA or null (whole file). growing: a row number (1, 2, 3 … or a fixed step).
    """

    index: int
    header: str
    rows: int
    filled: int
    distinct: int
    values: int
    type: Type
    looks: dict[str, float] = field(default_factory=dict)
    dates: DateColumn | None = None
    numbers: NumberColumn | None = None
    damaged: int = 0
    placeholders: tuple[tuple[str, int], ...] = ()
    mean_length: float = 0.0
    growing: bool = False
    top: tuple[str, ...] = ()
    empty: int = 0

    @property
    def unique(self) -> float:
        """Different values per value, 0..1."""
        return self.distinct / self.values if self.values else 0.0

    def look(self, name: str) -> float:
        return self.looks.get(name, 0.0)


def profile(
    index: int,
    header: str,
    cells: Sequence[str],
    *,
    evidence: Evidence | None,
    distinct: tuple[int, int] | None,
    dates: DateColumn | None,
    numbers: NumberColumn | None,
) -> Profile:
    """Describe a column. cells: its sampled cells (trimmed); evidence and distinct: of the whole file, where
    gathered."""
    filled = [c for c in cells if c and c.lower() not in NULL_WORDS]
    counts = Counter(filled)
    looks = _looks(counts, len(filled))
    different, values = distinct or (len(counts), len(filled))
    type_ = _type(counts, len(filled), looks, dates, numbers, different, values)
    damaged, placeholders = 0, []
    for found in evidence.shapes if evidence else ():
        if _EXPONENT.fullmatch(found.example):
            damaged += found.count
        if found.example.lower() in PLACEHOLDER_IDS and not found.example.isdigit():
            placeholders.append((found.example, found.count))
    return Profile(
        index,
        header,
        rows=len(cells),
        filled=len(filled),
        distinct=different,
        values=values,
        type=type_,
        looks=looks,
        dates=dates,
        numbers=numbers,
        damaged=damaged,
        placeholders=tuple(placeholders),
        mean_length=sum(map(len, filled)) / len(filled) if filled else 0.0,
        growing=_growing(filled),
        top=tuple(value for value, _ in counts.most_common(6)),
        empty=evidence.empty if evidence else len(cells) - len(filled),
    )


def _looks(counts: Counter[str], filled: int) -> dict[str, float]:
    if not filled:
        return {}
    found: Counter[str] = Counter()
    for value, count in counts.items():
        low = plain(value.strip()) if len(value) < 60 else ""
        kind = shape(value)
        found[kind] += count
        if low in COUNTRIES or (len(value) in (2, 3) and low in COUNTRY_CODES):
            found["country"] += count
        if low in PLAN_WORDS or (" " in low and any(w in PLAN_WORDS for w in low.split()) and len(low.split()) <= 3):
            found["plan"] += count
        if low in PLATFORM_WORDS:
            found["platform"] += count
        if low in GENDER_WORDS:
            found["gender"] += count
        if low in TRUE_WORDS or low in FALSE_WORDS:
            found["boolean"] += count
    looks = {name: count / filled for name, count in found.items()}
    if len(counts) > 3 or (len(counts) == 1 and not _says_boolean(counts)):
        looks["boolean"] = 0.0
    return looks


def _says_boolean(counts: Counter[str]) -> bool:
    """A single value that only a yes/no column has."""
    return next(iter(counts)).lower() in ("true", "false", "yes", "no", "ja", "nein")


def _type(
    counts: Counter[str],
    filled: int,
    looks: dict[str, float],
    dates: DateColumn | None,
    numbers: NumberColumn | None,
    different: int,
    values: int,
) -> Type:
    if not filled:
        return "category"
    if dates is not None:
        return "time"
    if looks.get("boolean", 0.0) > 0.98 and not _leading_zeros(counts):
        return "boolean"
    if numbers is not None and numbers.share >= NEARLY_ALL and not _leading_zeros(counts):
        return "number"
    if different > 50 and different > 0.5 * values:
        lengths = sum(len(v) * c for v, c in counts.items()) / filled
        coded = looks.get("code", 0.0) + looks.get("number", 0.0) > 0.8
        return "id" if coded and lengths <= 64 else "text"
    return "category"


def _leading_zeros(counts: Counter[str]) -> bool:
    """Codes like 00123, which a number would shorten."""
    return any(len(v) > 1 and v[0] == "0" and v.isdigit() for v in counts)


def _growing(filled: Sequence[str]) -> bool:
    """A column of the row's number: whole numbers with a fixed step."""
    if len(filled) < 3 or not all(v.isascii() and v.isdigit() and len(v) < 16 for v in filled[:500]):
        return False
    numbers = [int(v) for v in filled[:500]]
    steps = {b - a for a, b in pairwise(numbers)}
    return len(steps) == 1 and steps.pop() > 0
