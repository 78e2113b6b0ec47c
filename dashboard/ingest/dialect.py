"""Delimiter, quotes and escapes of a text file, and where its table begins and ends.

Every candidate dialect is tried on the beginning of the file with the reference tokenizer and scored by how regular the
rows become, how well quotes stand at the borders of cells, and how many cells look like something (a number, a date, a
word). The best score wins.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice

from dashboard.ingest.cells import is_total, shape
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import SPACES, Dialect
from dashboard.ingest.records import Record, records

# how readily a character is believed to be a delimiter
PRIOR: dict[str, float] = {
    ",": 1.0, ";": 1.0, "\t": 1.05, "|": 1.0, SPACES: 0.62, " ": 0.6, ":": 0.42, "^": 0.8, "~": 0.8, "\x01": 1.05,
    "\x1f": 1.05, "\x02": 1.05, "\x03": 1.05, "\x1c": 1.05, "\x1e": 1.05, "#": 0.55, "&": 0.45, "!": 0.5, "$": 0.4,
    "*": 0.4, "=": 0.4, "/": 0.3, "\\": 0.3, "_": 0.2, "-": 0.2, "+": 0.3, "@": 0.3, "%": 0.3, "`": 0.4, "\b": 0.9,
}  # fmt: skip
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "space", SPACES: "runs of spaces"}
_GOOD_SHAPES = {"empty": 0.75, "null": 1.0, "number": 1.0, "date": 1.0, "clock": 1.0, "email": 1.0, "url": 1.0}
_GOOD_SHAPES |= {"code": 0.95, "word": 0.9, "prose": 0.5, "odd": 0.2}
_CERTAIN = ("number", "date", "clock", "email", "url")
_TRIAL_BYTES = 48 << 10
_TRIAL_RECORDS = 300
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_MAX_PREAMBLE = 60
_MAX_FOOTER = 30


@dataclass(frozen=True)
class Trial:
    """A dialect and how well it fits. width: cells of the usual record; regular: share of records that have it."""

    dialect: Dialect
    score: float
    width: int
    regular: float


def name_of(delimiter: str) -> str:
    """The delimiter in words."""
    return NAMES.get(delimiter, f"the character {delimiter!r}")


def separator_line(sample: bytes) -> tuple[str, int]:
    """The delimiter that a first line ``sep=;`` names, and how many lines that takes: ("", 0) without one."""
    line = re.split(rb"\r\n|\r|\n", sample[:64], maxsplit=1)[0].decode("utf-8", errors="replace")
    match = _SEP_LINE.fullmatch(line)
    if match and match.group(1).isascii() and not match.group(1).isalnum():
        return match.group(1), 1
    return "", 0


def find(sample: bytes, limits: Limits, fixed: Dialect | None = None, known: frozenset[str] = frozenset()) -> Trial:
    """The dialect of a UTF-8 sample that begins at the file's first byte.

    fixed: where given, the parts named in ``known`` ("delimiter", "quote", "escape") are taken from it.
    """
    fixed = fixed or Dialect()
    named, skip = separator_line(sample)
    trial_bytes = _body(_cut(sample, _TRIAL_BYTES))
    text = trial_bytes.decode("utf-8", errors="replace")
    if "delimiter" in known:
        delimiters = [fixed.delimiter]
    elif named:
        delimiters = [named]
    else:
        delimiters = _delimiters(text)
    quotes = [fixed.quote] if "quote" in known else _quotes(text)
    escapes = [fixed.escape] if "escape" in known else _escapes(text)
    best = Trial(replace(Dialect(), quote=quotes[0], escape=escapes[0]), 0.0, 1, 1.0)
    trials = []
    for delimiter in delimiters:
        for quote in quotes:
            if quote == delimiter:
                continue
            for escape in escapes if quote else escapes[:1]:
                if escape == delimiter:
                    continue
                candidate = Dialect(delimiter=delimiter, quote=quote, escape=escape if quote else "", skip_lines=skip)
                trials.append(_try(trial_bytes, text, candidate, limits))
    if trials:
        best = max(trials, key=lambda t: t.score)
    if named:
        best = replace(best, dialect=replace(best.dialect, delimiter=named))
    return best


def _cut(sample: bytes, size: int) -> bytes:
    """At most ``size`` bytes, ending at a line end where there is one."""
    if len(sample) <= size:
        return sample
    end = max(sample.rfind(b"\n", 0, size), sample.rfind(b"\r", 0, size))
    if end <= size // 8:
        match = re.compile(rb"[\r\n]").search(sample, size)
        end = match.start() if match else len(sample) - 1
    return sample[: end + 1]


def _body(sample: bytes) -> bytes:
    """Without a ``sep=`` line."""
    if separator_line(sample)[1]:
        return re.split(rb"\r\n|\r|\n", sample, maxsplit=1)[1] if re.search(rb"[\r\n]", sample) else b""
    return sample


def _delimiters(text: str) -> list[str]:
    found = []
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()][:200]
    for character in PRIOR:
        if character == SPACES:
            if any(re.search(r"\S {2,}\S", line) for line in lines):
                found.append(SPACES)
        elif sum(character in line for line in lines) * 5 >= len(lines):
            found.append(character)
    return found if "," in found else [*found, ","]  # the comma also stands for "one column"


def _quotes(text: str) -> list[str]:
    found = ['"']
    single = len(re.findall(r"(?:^|[,;\t| ])'(?:[^'\r\n]|'')*'(?=$|[,;\t| \r\n])", text, re.MULTILINE))
    if single >= 2 and single * 10 >= text.count("'"):
        found.append("'")
    if '"' in text:
        found.append("")
    return found


def _escapes(text: str) -> list[str]:
    return ["", "\\"] if '\\"' in text or "\\'" in text else [""]


def _try(sample: bytes, text: str, dialect: Dialect, limits: Limits) -> Trial:
    plain = replace(dialect, skip_lines=0)
    found = list(islice(records(sample, plain, limits), _TRIAL_RECORDS))
    rejected = sum(r.cells is None for r in found)
    widths = [len(r.cells) for r in found if r.cells is not None]
    if not widths:
        return Trial(dialect, 0.0, 1, 0.0)
    counts = Counter(widths)
    width = max(counts, key=lambda w: (counts[w] * (1 - 0.5 / w), w))
    # a preamble is no irregularity: judge from the first record of the usual width on
    first = next(i for i, r in enumerate(found) if r.cells is not None and len(r.cells) == width)
    body = found[first if first <= min(len(found) // 2, max(10, len(found) // 4)) else 0 :]
    fitting = sum(r.cells is not None and (len(r.cells) == width or _nearly(r.cells, width)) for r in body)
    regular = fitting / (len(body) + 2 * rejected)
    cells = [c for r in body[:120] if r.cells is not None for c in r.cells[:60]]
    typed = sum(_GOOD_SHAPES[shape(c.decode("utf-8", errors="replace"))] for c in cells) / max(len(cells), 1)
    score = regular**1.5 * typed**2 * _quote_fit(text, dialect)
    if width == 1:
        certain = sum(shape(c.decode("utf-8", errors="replace")) in _CERTAIN for c in cells) / max(len(cells), 1)
        score *= 0.6 if certain > 0.8 else 0.22  # a column of dates is not cut at its dashes
    else:
        score *= PRIOR.get(dialect.delimiter, 0.3) * (1 - 0.4 / width)
    if dialect.escape:
        score *= 0.995
    return Trial(dialect, score, width, regular)


def _nearly(cells: tuple[bytes, ...], width: int) -> bool:
    """Surplus cells at the end that are empty do not count."""
    return len(cells) > width and not any(cells[width:])


def _quote_fit(text: str, dialect: Dialect) -> float:
    """How well quotes stand at the borders of cells under this dialect: 1 = all do, .3 = none."""
    quote = dialect.quote
    marks = text.count('"')
    if not quote:
        return 0.55 if marks else 1.0
    if quote == "'":
        marks = text.count("'")
    if not marks:
        return 1.0
    delimiter = " \t" if dialect.delimiter == SPACES else dialect.delimiter
    border = "[" + re.escape(delimiter) + r"\r\n]"
    inner = 2 * text.count(quote * 2) + (text.count("\\" + quote) if dialect.escape else 0)
    opening = len(re.findall(rf"(?:\A|{border})[ \t]*{quote}", text))
    closing = len(re.findall(rf"{quote}[ \t]*(?=\Z|{border})", text))
    return 0.3 + 0.7 * min(1.0, (opening + closing + inner) / marks)


def preamble_lines(sample: bytes, dialect: Dialect, width: int, limits: Limits) -> int:
    """Physical lines before the table: titles, notes and comments, told by having far fewer filled cells than the
    table.

    A line that starts with ``#`` is a comment unless it is as wide as the table (a commented header).
    """
    skip = dialect.skip_lines
    if width < 2:
        return skip
    for record in islice(records(sample, dialect, limits), _MAX_PREAMBLE):
        if not _is_preamble(record, width):
            return record.line - 1 if record.line - 1 > skip else skip
    return skip


def _is_preamble(record: Record, width: int) -> bool:
    if record.cells is None:
        return False
    filled = sum(map(bool, record.cells))
    ends = max((i + 1 for i, c in enumerate(record.cells) if c), default=0)
    if record.cells[0].startswith((b"#", b"//", b"%")) and filled < width:
        return True
    if width == 2:
        return len(record.cells) == 1
    return filled <= 1 or (ends * 2 < width and filled * 2 < width)


def footer_rows(tail: list[Record], width: int) -> tuple[int, bool]:
    """How many of the last records are no data (totals, notes), and whether one of them is a total.

    tail: the last records of the file. A record counts when at most one of its cells is filled where records before it
    have three or more, or when it names a total and leaves most of the usual cells empty.
    """
    if width < 3 or len(tail) < 3:
        return 0, False
    filled = [sum(map(bool, r.cells)) if r.cells is not None else -1 for r in tail]
    usual = sorted(f for f in filled if f >= 0)[len([f for f in filled if f >= 0]) // 2] if max(filled) >= 0 else 0
    count, total = 0, False
    for record, cells in zip(reversed(tail), reversed(filled), strict=True):
        if record.cells is None or usual < 3 or count >= _MAX_FOOTER:
            break
        texts = [c.decode("utf-8", errors="replace") for c in record.cells]
        sums = any(is_total(t) for t in texts if t) and cells < usual and cells * 4 <= usual * 3
        if not (sums or cells <= 1):
            break
        count, total = count + 1, total or sums
    return (count, total) if count < len(tail) else (0, False)
