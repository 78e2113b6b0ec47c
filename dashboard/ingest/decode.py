"""Columns: from spans of bytes to arrays of values, each column with its own memory of what it has seen.

A compiled loop handles the usual cells; what it leaves is looked at in Python once per *different* text. Decoders are
called for one chunk after the other, in order, never at the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dashboard.ingest.cells import FALSE_WORDS, NULL_WORDS, TRUE_WORDS
from dashboard.ingest.clean_text import clean_text, is_null_prose, is_null_word, is_placeholder
from dashboard.ingest.code_kernels import hash_cells
from dashboard.ingest.decode_codes import ODD, Coder
from dashboard.ingest.decode_number import number_cells, parse_number
from dashboard.ingest.decode_time import (
    BAD,
    IMPOSSIBLE,
    MISSING,
    OK,
    ORDERS,
    UNITS,
    epoch_cells,
    parse_time,
    time_cells,
)
from dashboard.ingest.decode_zone import localise, zone_table
from dashboard.ingest.plan import ColumnPlan, Dialect, TimeFormat
from dashboard.ingest.tokenize import TRIMMED
from dashboard.schema import NULL_TIME

_NONE = np.empty(0, np.int64)
_SEEN_LIMIT = 1 << 20  # different odd texts a column remembers before it starts anew


@dataclass(frozen=True)
class Quotes:
    """What undoing quotes needs. codes: int64 (quote, escape), -1 for none; field_bytes: the longest cell."""

    codes: np.ndarray
    field_bytes: int

    @staticmethod
    def of(dialect: Dialect, field_bytes: int) -> Quotes:
        escape = "" if dialect.escape == dialect.quote else dialect.escape
        codes = [ord(dialect.quote) if dialect.quote else -1, ord(escape) if escape else -1]
        return Quotes(np.array(codes, np.int64), field_bytes)


@dataclass
class Decoded:
    """One column of one chunk.

    array: Arrow array. bad: positions whose cell could not be read (null in the array). missing: nulls that were empty
    cells or null words. absent: their positions (times only). counts: report counters.
    """

    array: pa.Array
    bad: np.ndarray
    missing: int
    counts: dict[str, int] = field(default_factory=dict)
    absent: np.ndarray = field(default_factory=lambda: _NONE)


class Decoder(Protocol):
    def decode(self, data: np.ndarray, spans: np.ndarray, hashes: np.ndarray) -> Decoded: ...


def bitmap(valid: np.ndarray) -> pa.Buffer | None:
    """Arrow validity of a boolean array, None when all are valid."""
    return None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))


class Looked:
    """Remembers what a Python function said about odd cells: one call per different text.

    function: text -> tuple of numbers, one per dtype.
    """

    def __init__(self, quotes: Quotes, function: Callable[[str], tuple[Any, ...]], *dtypes: type) -> None:
        self._quotes, self._function, self._dtypes = quotes, function, dtypes
        self._clear()

    def _clear(self) -> None:
        self._coder = Coder(self._quotes.codes, self._quotes.field_bytes)
        self._answers: list[np.ndarray] = [np.empty(64, dtype) for dtype in self._dtypes]

    def look(self, data: np.ndarray, spans: np.ndarray) -> list[np.ndarray]:
        """Answers for some cells, none of them empty: one array per dtype."""
        if len(self._coder) > _SEEN_LIMIT:
            self._clear()
        known = len(self._coder)
        codes, _ = self._coder.encode(data, spans)
        count = len(self._coder)
        if count > len(self._answers[0]):
            self._answers = [_enlarged(answers, 2 * count) for answers in self._answers]
        for code in range(known, count):
            for answers, value in zip(self._answers, self._function(self._coder.text(code).decode()), strict=True):
                answers[code] = value
        return [answers[codes] for answers in self._answers]


def _enlarged(array: np.ndarray, size: int) -> np.ndarray:
    result = np.empty(size, array.dtype)
    result[: len(array)] = array
    return result


def _null_starts() -> np.ndarray:
    starts = np.zeros(256, np.bool_)
    for word in NULL_WORDS:
        for text in (word, word.upper()):
            starts[text.encode()[0]] = True
    return starts


class TextDecoder:
    """Ids, categories and texts: dictionary<int32, large_string>.

    Ids stay as typed (trimmed); other texts are composed (NFC) and cleaned of control characters, and null words are
    null in them.
    """

    def __init__(self, plan: ColumnPlan, quotes: Quotes, seed: int) -> None:
        self._id = plan.type == "id"
        self._person = plan.name == "user_id"
        self._strip = plan.strip_decimal_zero
        self._seed = seed
        self._null = is_null_prose if plan.type == "text" else is_null_word
        self._coder = Coder(quotes.codes, quotes.field_bytes, None if self._id else _null_starts())
        self._odd = Coder(quotes.codes, quotes.field_bytes)
        self._odd_codes = np.empty(64, np.int32)
        self._odd_changed = np.empty(64, np.bool_)
        self._placeholders: dict[int, str] = {}
        self._placeholder_rows: dict[int, int] = {}
        self._looked = 0

    @property
    def distinct(self) -> int:
        return len(self._coder)

    @property
    def placeholders(self) -> tuple[tuple[str, int], ...]:
        """User ids that look like placeholders and their rows, most frequent first."""
        found = [(self._placeholders[code], rows) for code, rows in self._placeholder_rows.items()]
        return tuple(sorted(found, key=lambda item: (-item[1], item[0])))

    def decode(self, data: np.ndarray, spans: np.ndarray, hashes: np.ndarray) -> Decoded:
        counts: dict[str, int] = {}
        stripped = self._coder.stripped
        codes, odd = self._coder.encode(data, spans, strip_zero=self._strip, hashes=hashes, seed=self._seed)
        if odd:
            where = np.flatnonzero(codes == ODD)
            codes[where], counts["cleaned_cell"] = self._clean(data, spans[where])
        valid = codes >= 0
        if self._id:
            counts["trimmed_id"] = int(np.count_nonzero(spans & TRIMMED))
            counts["stripped_id"] = self._coder.stripped - stripped
        if self._person:
            counts["placeholder_id"] = self._count_placeholders(codes)
            counts["guest"] = int(np.count_nonzero(~valid))
        mask = bitmap(valid)
        indices = pa.Array.from_buffers(pa.int32(), len(codes), [mask, pa.py_buffer(codes)])
        array = pa.DictionaryArray.from_arrays(indices, self._coder.dictionary(), safe=False)
        missing = 0 if mask is None else len(codes) - int(np.count_nonzero(valid))
        return Decoded(array, _NONE, missing, counts)

    def _clean(self, data: np.ndarray, spans: np.ndarray) -> tuple[np.ndarray, int]:
        """Codes of odd cells, and how many of them were changed."""
        known = len(self._odd)
        seen, _ = self._odd.encode(data, spans)
        count = len(self._odd)
        if count > known:
            if count > len(self._odd_codes):
                self._odd_codes = _enlarged(self._odd_codes, 2 * count)
                self._odd_changed = _enlarged(self._odd_changed, 2 * count)
            cleaned = []
            for code in range(known, count):
                text = self._odd.text(code).decode()
                clean = "" if self._null(text) else clean_text(text)
                self._odd_changed[code] = clean not in ("", text)
                cleaned.append(b"" if self._null(clean) else clean.encode())
            self._odd_codes[known:count] = self._coder.encode_texts(cleaned)
        return self._odd_codes[seen], int(np.count_nonzero(self._odd_changed[seen]))

    def _count_placeholders(self, codes: np.ndarray) -> int:
        count = len(self._coder)
        if count > self._looked:
            fresh = self._coder.dictionary(self._looked)
            short = pc.and_(pc.less_equal(pc.binary_length(fresh), 40), pc.match_substring_regex(fresh, _PLACEHOLDER))
            for position in np.flatnonzero(short.to_numpy(zero_copy_only=False)):
                text = fresh[int(position)].as_py()
                if is_placeholder(text):
                    self._placeholders[self._looked + int(position)] = text
            self._looked = count
        found = 0
        for code in self._placeholders:
            rows = int(np.count_nonzero(codes == code))
            if rows:
                self._placeholder_rows[code] = self._placeholder_rows.get(code, 0) + rows
                found += rows
        return found


_PLACEHOLDER = r"^(0000[0-]*|[^0-9]{1,12}|0|-1)$"  # what may be one; decided by is_placeholder


class NumberDecoder:
    """float64, NaN for missing and unreadable cells."""

    def __init__(self, plan: ColumnPlan, quotes: Quotes, seed: int) -> None:
        decimal, thousands = plan.decimal, plan.thousands
        self._quotes, self._seed = quotes, seed
        self._decimal = ord(decimal) if decimal.isascii() and len(decimal) == 1 else ord(".")
        self._thousands = ord(thousands) if thousands.isascii() and len(thousands) == 1 else -1
        self._scratch = np.empty(quotes.field_bytes + 64, np.uint8)

        def answer(text: str) -> tuple[float, bool]:
            value = parse_number(text, decimal, thousands)
            return (float("nan"), True) if value is None else (value, False)

        self._looked = Looked(quotes, answer, np.float64, np.bool_)

    def decode(self, data: np.ndarray, spans: np.ndarray, hashes: np.ndarray) -> Decoded:
        values, unsure = np.empty(len(spans)), np.empty(len(spans), np.int64)
        count = number_cells(data, spans, self._decimal, self._thousands, values, unsure)
        hash_cells(data, spans, self._quotes.codes, self._scratch, hashes, np.uint64(self._seed))
        bad = _NONE
        if count:
            where = unsure[:count]
            values[where], wrong = self._looked.look(data, spans[where])
            bad = where[wrong]
        missing = int(np.count_nonzero(np.isnan(values))) - len(bad)
        array = pa.Array.from_buffers(pa.float64(), len(values), [None, pa.py_buffer(values)])
        return Decoded(array, bad, missing)


class TimeDecoder:
    """timestamp('us', 'UTC').

    zone: of cells without an offset. latest: µs UTC; later times are left empty and counted (None: kept). earliest: µs
    UTC; earlier ones are taken for placeholders, left empty and counted.
    """

    def __init__(
        self, plan: ColumnPlan, quotes: Quotes, seed: int, zone: str, earliest: int, latest: int | None
    ) -> None:
        self._form = plan.time or TimeFormat()
        self._quotes, self._seed = quotes, seed
        self._zone = zone_table(zone)
        self._earliest, self._latest = earliest, latest
        self._scratch = np.empty(quotes.field_bytes + 64, np.uint8)
        form = self._form

        def answer(text: str) -> tuple[int, bool, int]:
            time = parse_time(text, form)
            return time.micros, time.naive, time.state

        self._looked = Looked(quotes, answer, np.int64, np.bool_, np.int8)

    def decode(self, data: np.ndarray, spans: np.ndarray, hashes: np.ndarray) -> Decoded:
        rows = len(spans)
        values, naive, unsure = np.empty(rows, np.int64), np.zeros(rows, np.bool_), np.empty(rows, np.int64)
        if self._form.kind == "epoch":
            count = epoch_cells(data, spans, UNITS[self._form.unit], values, unsure)
        else:
            count = time_cells(data, spans, ORDERS[self._form.order], values, naive, unsure)
        hash_cells(data, spans, self._quotes.codes, self._scratch, hashes, np.uint64(self._seed))
        bad, impossible, future = _NONE, 0, 0
        absent = np.flatnonzero((spans >> 2) & 0x3FFFFFFF == 0)
        if count:
            where = unsure[:count]
            values[where], naive[where], state = self._looked.look(data, spans[where])
            bad = where[state == BAD]
            naive[where[state != OK]] = False
            impossible = int(np.count_nonzero(state == IMPOSSIBLE))
            absent = np.concatenate([absent, where[state == MISSING]])
        changes = np.zeros(2, np.int64)
        if len(self._zone.starts) > 1 or self._zone.offsets[0]:
            localise(values, naive, *self._zone, changes)
        valid = values != NULL_TIME
        early = valid & (values < self._earliest)
        if early.any():
            impossible += int(np.count_nonzero(early))
            values[early] = NULL_TIME
            valid &= ~early
        if self._latest is not None:
            late = valid & (values > self._latest)
            if late.any():
                future = int(np.count_nonzero(late))
                values[late] = NULL_TIME
                valid &= ~late
        mask = bitmap(valid)
        array = pa.Array.from_buffers(pa.timestamp("us", "UTC"), rows, [mask, pa.py_buffer(values)])
        counts = {"impossible_time": impossible, "future_time": future}
        counts |= {"dst_gap": int(changes[0]), "dst_fold": int(changes[1])}
        return Decoded(array, bad, len(absent), counts, absent)


def parse_boolean(text: str) -> bool | None:
    """True, False or None for a word that is neither."""
    word = text.lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


class BooleanDecoder:
    """int8: 1, 0, -1 for missing and unreadable cells."""

    def __init__(self, quotes: Quotes, seed: int) -> None:
        self._quotes, self._seed = quotes, seed
        self._scratch = np.empty(quotes.field_bytes + 64, np.uint8)

        def answer(text: str) -> tuple[int, bool]:
            value = parse_boolean(text)
            return (-1 if value is None else int(value)), value is None and not is_null_word(text)

        self._looked = Looked(quotes, answer, np.int8, np.bool_)

    def decode(self, data: np.ndarray, spans: np.ndarray, hashes: np.ndarray) -> Decoded:
        values = np.full(len(spans), -1, np.int8)
        hash_cells(data, spans, self._quotes.codes, self._scratch, hashes, np.uint64(self._seed))
        where = np.flatnonzero((spans >> 2) & 0x3FFFFFFF)
        values[where], wrong = self._looked.look(data, spans[where])
        bad = where[wrong]
        missing = int(np.count_nonzero(values < 0)) - len(bad)
        return Decoded(pa.array(values), bad, missing)
