"""What all sample generators share: calendars, people, ids, duplicates, and quick CSV files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Progress = Callable[[str, int, int | None], None]

START = 1_735_689_600  # 2025-01-01T00:00:00Z, a Wednesday
DAY = 86_400
HOUR = 3_600
DAYS = 365
END = START + (DAYS - 1) * DAY + 15 * HOUR  # the last day is cut off in the afternoon
FIRST_WEEKDAY = 2  # of START; Monday = 0

WEEKDAY = np.array([0.90, 0.88, 0.90, 0.95, 1.10, 1.20, 1.07])  # Monday to Sunday, mean 1
HOUR_OF_DAY = np.array([6, 3, 2, 1, 1, 2, 4, 7, 9, 10, 11, 13, 15, 14, 13, 13, 15, 19, 25, 31, 34, 32, 23, 12]) / 34
GROWTH_PER_DAY = 0.002
DUPLICATE_SHARE = 0.01
COUNTRIES = ("United States", "United Kingdom", "Germany", "France", "India", "Brazil", "Türkiye")
COUNTRY_SHARE = (0.32, 0.18, 0.14, 0.11, 0.10, 0.09, 0.06)
ROWS_PER_CHUNK = 500_000


@dataclass(frozen=True)
class Sample:
    """tables: (file name, number of rows, record batches). truths: planted facts, JSON-ready. people: file name ->
    facts about single persons, for checking only: not part of the data."""

    tables: tuple[tuple[str, int, Iterator[pa.RecordBatch]], ...]
    truths: dict[str, Any]
    people: dict[str, pa.Table] = field(default_factory=dict)


def weekday(seconds: Ints) -> Ints:
    """0 = Monday, of seconds since START."""
    return (seconds // DAY + FIRST_WEEKDAY) % 7


def signup_seconds(rng: np.random.Generator, count: int) -> Ints:
    """Ascending seconds since START: more people every day, weekday by weekday, hour by hour."""
    days = np.arange(DAYS)
    weights = np.exp(GROWTH_PER_DAY * days) * WEEKDAY[weekday(days * DAY)]
    weights[-1] *= (END - START) % DAY / DAY
    day = rng.choice(DAYS, count, p=weights / weights.sum())
    hour = rng.choice(24, count, p=HOUR_OF_DAY / HOUR_OF_DAY.sum())
    seconds = day * DAY + hour * HOUR + rng.integers(0, HOUR, count)
    last = day == DAYS - 1
    seconds[last] = (DAYS - 1) * DAY + rng.integers(0, (END - START) % DAY, int(last.sum()))
    return np.sort(seconds)


def in_season(
    rng: np.random.Generator, seconds: Ints, hours: Floats = HOUR_OF_DAY, weekdays: Floats = WEEKDAY
) -> npt.NDArray[np.bool_]:
    """Which of the instants (seconds since START) to keep so that weekdays and hours follow their pattern."""
    hour = (seconds % DAY) // HOUR
    accept = weekdays[weekday(seconds)] / weekdays.max() * hours[hour] / hours.max()
    kept: npt.NDArray[np.bool_] = rng.random(len(seconds), dtype=np.float32) < accept
    return kept


def warp(seconds: Floats) -> Ints:
    """Instants without a season (seconds since START) moved inside their week so that weekdays and hours follow their
    pattern. Keeps the order of instants, so gaps between orders stay what they were within a week."""
    start = np.arange(168) * HOUR  # hours of a week that begins like START
    pattern = WEEKDAY[weekday(start)] * HOUR_OF_DAY[np.arange(168) % 24]
    reached = np.concatenate(([0.0], np.cumsum(pattern / pattern.sum())))
    week, inside = np.divmod(seconds, 7 * DAY)
    moved = np.interp(inside / (7 * DAY), reached, np.arange(169) * HOUR)
    return (week * 7 * DAY + moved).astype(np.int64)


def ids(prefix: str, count: int) -> pa.StringArray:
    """``u000001`` …: text, equally wide, so that the order of ids is the order of numbers."""
    width = max(6, len(str(count)))
    return pa.array([f"{prefix}{number:0{width}d}" for number in range(1, count + 1)], pa.string())


def pick(
    rng: np.random.Generator, values: tuple[str, ...], shares: tuple[float, ...], count: int
) -> pa.DictionaryArray:
    codes = rng.choice(len(values), count, p=np.array(shares) / sum(shares)).astype(np.int8)
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(values))


def choose(values: tuple[str, ...], codes: npt.NDArray[np.integer[Any] | np.bool_]) -> pa.StringArray:
    """The text of each code, in one piece (text straight from numpy comes in chunks when there is much of it)."""
    return pa.array(values).take(pa.array(codes.astype(np.int8)))


def stamps(seconds: Ints) -> pa.TimestampArray:
    """Seconds since START as times that are written ``2025-01-01 00:00:00``."""
    return pa.array((seconds + START).astype("datetime64[s]"))


def apart(keys: Ints, step: int) -> Ints:
    """Sorted keys in which none occurs twice: the later one of two equal keys moves on by ``step``.

    Planted duplicates can then be counted exactly: there are no others.
    """
    keys.sort()
    while True:
        equal = np.flatnonzero(keys[1:] == keys[:-1]) + 1
        if not equal.size:
            return keys
        keys[equal] += step
        keys.sort()


def with_duplicates(rng: np.random.Generator, unique: int, rows: int) -> Ints:
    """Positions 0 .. unique-1, ascending, some of them twice in a row, ``rows`` in all."""
    twice = rng.choice(unique, rows - unique, replace=False)
    repeats = np.ones(unique, dtype=np.int64)
    repeats[twice] = 2
    return np.repeat(np.arange(unique), repeats)


def unique_rows(rows: int) -> int:
    """How many of ``rows`` rows are not planted duplicates."""
    return rows - int(rows * DUPLICATE_SHARE / (1 + DUPLICATE_SHARE))


def batches(columns: Callable[[slice], dict[str, pa.Array]], rows: int) -> Iterator[pa.RecordBatch]:
    """The table piece by piece, so that ten million rows of text are never in memory at once."""
    for at in range(0, rows, ROWS_PER_CHUNK):
        yield pa.RecordBatch.from_pydict(columns(slice(at, min(at + ROWS_PER_CHUNK, rows))))


def one_batch(columns: dict[str, pa.Array]) -> Iterator[pa.RecordBatch]:
    yield pa.RecordBatch.from_pydict(columns)


def write_csv(path: Path, pieces: Iterator[pa.RecordBatch]) -> Iterator[int]:
    """Plain UTF-8 CSV with LF and no quotes (no text here needs them); yields the number of rows so far."""
    options = pyarrow.csv.WriteOptions(quoting_style="none", quoting_header="none", batch_size=65_536)
    done = 0
    writer = None
    try:
        for piece in pieces:
            plain = _plain(piece)
            writer = writer or pyarrow.csv.CSVWriter(path, plain.schema, write_options=options)
            writer.write_batch(plain)
            done += len(piece)
            yield done
    finally:
        if writer is not None:
            writer.close()


def _plain(piece: pa.RecordBatch) -> pa.RecordBatch:
    """Dictionary-coded columns as text: the CSV writer takes no dictionaries."""
    arrays = [column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in piece.columns]
    return pa.RecordBatch.from_arrays(arrays, names=piece.schema.names)
