"""One pass over a whole text file with the compiled tokenizer: how many records, and what the columns look like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dashboard import settings
from dashboard.ingest import tokenize
from dashboard.ingest.evidence import SLOTS, Column, Evidence, hash_cells
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import Dialect
from dashboard.ingest.read_threads import Line, Station
from dashboard.ingest.tokenize_chunks import Chunk, Stretch, Tokenizer
from dashboard.ingest.transcode_stream import TextStream

_CHUNK_BYTES = 4 << 20
_MOST_HASHES = 1_000_000


@dataclass
class Scan:
    """accepted, rejected (by rule), blank, comment, footer: what became of the lines. replaced, nul: bytes that were no
    text. evidence: per asked column. distinct: (different values, values) per asked column over its first million
    values. first_rejects: (line, rule) of the first rejected records."""

    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    blank: int = 0
    comment: int = 0
    footer: int = 0
    replaced: int = 0
    nul: int = 0
    evidence: dict[int, Evidence] = field(default_factory=dict)
    distinct: dict[int, tuple[int, int]] = field(default_factory=dict)
    first_rejects: list[tuple[int, str]] = field(default_factory=list)

    @property
    def records(self) -> int:
        return self.accepted + self.rejected.total()


def scan(
    stream: TextStream,
    dialect: Dialect,
    width: int,
    limits: Limits,
    *,
    shapes_of: Sequence[int] = (),
    distinct_of: Sequence[int] = (),
) -> Scan:
    """Tokenize a whole file and gather evidence of the columns asked for. Memory is bounded by the chunk size."""
    found = Scan()
    slots = SLOTS if len(shapes_of) <= 100 else SLOTS // 8  # a wide table shall not take hundreds of MB
    columns = {index: Column(slots) for index in shapes_of}
    hashes: dict[int, list[np.ndarray]] = {index: [] for index in distinct_of}
    hashed = dict.fromkeys(distinct_of, 0)
    looked = sorted({*shapes_of, *distinct_of})
    tokenizer = Tokenizer(stream, dialect, limits, width, chunk_bytes=_CHUNK_BYTES)

    def process(stretch: Stretch, station: Station) -> int:
        chunk = tokenizer.parse(stretch)
        with station(0):
            tokenizer.place(chunk)
            _reject(found, chunk)
        for turn, index in enumerate(looked, start=1):
            with station(turn):
                if index in columns:
                    columns[index].add(chunk.data, chunk.spans[index], chunk.numbers, chunk.rows)
                if hashed.get(index, _MOST_HASHES) < _MOST_HASHES:
                    codes = np.empty(chunk.rows, dtype=np.uint64)
                    count = hash_cells(chunk.data, chunk.spans[index], chunk.rows, codes)
                    hashes[index].append(codes[:count])
                    hashed[index] += count
        return chunk.rows

    line: Line[int] = Line(len(looked) + 1)
    try:
        found.accepted = sum(line.run(settings.current().threads, tokenizer.cut, process))
    finally:
        line.stop()
    found.blank, found.comment, found.footer = tokenizer.blank, tokenizer.comment, tokenizer.footer
    found.replaced, found.nul = stream.undecodable, stream.nul
    found.evidence = {index: column.result() for index, column in columns.items()}
    found.distinct = {index: _distinct(parts) for index, parts in hashes.items()}
    return found


def _reject(found: Scan, chunk: Chunk) -> None:
    for line, _number, _start, _end, code in chunk.rejects.tolist():
        rule = tokenize.RULE_CODES[code]
        found.rejected[rule] += 1
        if len(found.first_rejects) < 20:
            found.first_rejects.append((line, rule))


def _distinct(parts: list[np.ndarray]) -> tuple[int, int]:
    """How many different values there are, and how many values."""
    values = np.sort(np.concatenate([np.empty(0, np.uint64), *parts]))
    return int(np.count_nonzero(values[1:] != values[:-1])) + (len(values) > 0), len(values)
