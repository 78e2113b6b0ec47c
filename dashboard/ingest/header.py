"""Whether the first rows of a table are names of columns, and which ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dashboard.ingest.cells import shape

_TYPED = ("number", "date", "clock", "email", "url")
_NAME = re.compile(r"[^\W\d][\w .:/()%#&°€$£'’\[\]+*?<>|,-]{0,120}", re.DOTALL)


@dataclass(frozen=True)
class Header:
    """rows: how many records the header takes (0: none). sure: False asks. reason: for people."""

    rows: int
    sure: bool
    reason: str


def decide(table: Sequence[Sequence[str]], known: Callable[[str], bool]) -> Header:
    """Judge the first records of a table.

    table: the first records, each a list of cells of the same width (padded). known: whether a text is a usual name of
    a column. A header's cells are names: not numbers or dates, different from each other, and unlike the cells below.
    """
    if not table:
        return Header(0, True, "")
    first, body = table[0], list(table[1:201])
    filled = [c for c in first if c]
    names = sum(1 for c in filled if known(c))
    if not body:
        words = len(filled) > 1 and all(_NAME.fullmatch(c) and shape(c) not in _TYPED for c in filled)
        return Header(1, True, "The only row holds names.") if words or names else Header(0, True, "There is one row.")
    typed_first = sum(1 for c in filled if shape(c) in _TYPED)
    votes_header = votes_data = 0
    for index, cell in enumerate(first):
        below = [row[index] for row in body if row[index]]
        if not below or not cell:
            continue
        shapes = [shape(c) for c in below]
        typed = sum(s in _TYPED for s in shapes) / len(shapes)
        own = shape(cell)
        if typed > 0.8:
            if own in _TYPED or own == "null":
                votes_data += 2
            else:
                votes_header += 2
        elif (cell in below and len(set(below)) * 2 <= len(below) + 1) or own in ("email", "url", "date"):
            votes_data += 2
        elif (
            (own == "number" and typed > 0.2)
            or (own == "code" and len(below) > 2 and sum(s == "code" for s in shapes) > 0.6 * len(shapes))
            or (len(cell) > 60 and max(map(len, below)) > 60)
        ):
            votes_data += 1
    if _years(filled) and not any(_years([c for c in row if c]) for row in body):
        return _several(table, "The first row holds years, the rows below other values.")
    distinct = len({c.strip().casefold() for c in filled}) >= 0.7 * len(filled)
    if votes_data and not votes_header and not (names * 2 > len(filled)):
        return Header(0, True, "The first row is data like the rows below it.")
    if filled and typed_first * 2 > len(filled) and not names:
        wide = len(filled) > 50 and votes_header >= votes_data
        if not wide:
            return Header(0, votes_data > votes_header, "The first row is data like the rows below it.")
    if names * 2 >= len(filled) or votes_header > votes_data:
        return _several(table, "The first row holds names: the columns below hold other things.")
    if not distinct or votes_data > votes_header:
        return Header(0, votes_data > 1, "The first row looks like the rows below it.")
    sure = names > 0 or len(filled) == 1 or _named_like(filled)
    return _several(table, "The first row looks like names.", sure=sure)


def _years(cells: list[str]) -> bool:
    """A name or nothing, then years that only grow."""
    rest = cells if re.fullmatch(r"(19|20)\d\d", cells[0] if cells else "") else cells[1:]
    return len(rest) > 2 and all(re.fullmatch(r"(19|20)\d\d", c) for c in rest) and rest == sorted(set(rest))


def _named_like(cells: list[str]) -> bool:
    """Names written the way programs write them: first_name, UserId, all lower case; or one letter each."""
    return all(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*|[A-Z]{1,3}|[a-z]+([A-Z][a-z0-9]*)+", c) for c in cells)


def _several(table: Sequence[Sequence[str]], reason: str, *, sure: bool = True) -> Header:
    """A second header row fills gaps of the first (a group above several columns) and holds no values itself."""
    if len(table) < 4:
        return Header(1, sure, reason)
    first, second, third = table[0], table[1], table[2]
    gaps = [i for i, c in enumerate(first) if not c]
    filled = [i for i, c in enumerate(second) if c]
    if len(gaps) >= 2 and len(filled) >= 2 and any(i in filled for i in gaps):
        words = all(shape(second[i]) in ("word", "prose") and not any(c.isdigit() for c in second[i]) for i in filled)
        inside = sum(1 for i in filled if i in gaps or (i + 1 in gaps and i + 1 in filled))
        typed_below = any(shape(row[i]) in _TYPED for row in table[2:40] for i in filled)
        if words and inside == len(filled) and typed_below and any(third):
            return Header(2, sure, "The first two rows hold names.")
    return Header(1, sure, reason)


def names(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Column names from header rows, several joined with a space; a group name holds for the empty cells after it.

    Cells without a name are "" here; :func:`unique` gives them one.
    """
    if not rows:
        return [""] * width
    padded = [[*row, *[""] * width][:width] for row in rows]
    for row in padded[:-1]:
        group = ""
        for i, cell in enumerate(row):
            group = cell or group
            below = any(other[i] for other in padded[1:])
            row[i] = cell or (group if below else "")
    joined = (" ".join(part for part in parts if part) for parts in zip(*padded, strict=True))
    return [re.sub(r"\s+", " ", name).strip() for name in joined]


def unique(found: Sequence[str]) -> list[str]:
    """Every column gets a name and no two the same (without regard to case): "column 2", "id (2)"."""
    taken: set[str] = set()
    result = []
    for index, name in enumerate(found):
        base = name or f"column {index + 1}"
        candidate, number = base, 2
        while candidate.casefold() in taken:
            candidate, number = f"{base} ({number})", number + 1
        taken.add(candidate.casefold())
        result.append(candidate)
    return result
