"""One pass over a whole text file with the compiled tokenizer: how many records, and what the columns look like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from dashboard.ingest import tokenize
from dashboard.ingest.evidence import SLOTS, Column, Evidence, hash_cells
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import Dialect
from dashboard.ingest.tokenize_chunks import Chunk, Tokenizer
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
    tokenizer = Tokenizer(stream, dialect, limits, width, chunk_bytes=_CHUNK_BYTES)
    with ThreadPoolExecutor(2, thread_name_prefix="scan") as pool:
        for chunk in _ahead(tokenizer, pool):
            rows = chunk.rows
            found.accepted += rows
            for reject in chunk.rejects:
                rule = tokenize.RULE_CODES[int(reject[4])]
                found.rejected[rule] += 1
                if len(found.first_rejects) < 20:
                    found.first_rejects.append((int(reject[0]), rule))
            others = list(columns)[1::2]
            beside = pool.submit(_look, columns, others, chunk)  # the kernels hold no lock: two columns at a time
            _look(columns, list(columns)[::2], chunk)
            codes = np.empty(rows, dtype=np.uint64)
            for index in distinct_of:
                if hashed[index] < _MOST_HASHES:
                    count = hash_cells(chunk.data, chunk.spans[index], rows, codes)
                    hashes[index].append(codes[:count].copy())
                    hashed[index] += count
            beside.result()
    found.blank, found.comment, found.footer = tokenizer.blank, tokenizer.comment, tokenizer.footer
    found.replaced, found.nul = stream.undecodable, stream.nul
    found.evidence = {index: column.result() for index, column in columns.items()}
    for index, parts in hashes.items():
        values = np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)
        found.distinct[index] = (len(np.unique(values)), len(values))
    return found


def _look(columns: dict[int, Column], chosen: Sequence[int], chunk: Chunk) -> None:
    for index in chosen:
        columns[index].add(chunk.data, chunk.spans[index], chunk.numbers, chunk.rows)


def _ahead(tokenizer: Tokenizer, pool: ThreadPoolExecutor) -> Iterator[Chunk]:
    """The chunks in order; while one is being looked at, the pool makes the next."""
    coming = pool.submit(tokenizer.next)
    while (chunk := coming.result()) is not None:
        coming = pool.submit(tokenizer.next)
        yield chunk
