"""Read a file the way its plan says: record batches of canonical columns, and an exact account of every record.

Threads take stretches of whole records in turn. Each parses its own, and then all pass the same stations (row rules,
one station per column, hand over); a station serves them strictly in the order of the file, so codes, counts and
rejects do not depend on timing, while different stations work at the same time.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dashboard import settings
from dashboard.errors import UserError
from dashboard.ingest import limits as limits_module
from dashboard.ingest.clean import Rejected, RowRules
from dashboard.ingest.code_kernels import hash_cells
from dashboard.ingest.decode import BooleanDecoder, Decoder, NumberDecoder, Quotes, TextDecoder, TimeDecoder
from dashboard.ingest.decode_codes import joined
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import ROW_NUMBER, ColumnPlan, ImportOptions, SourcePlan
from dashboard.ingest.read_threads import Line, Station
from dashboard.ingest.rejects import Reject, RejectWriter
from dashboard.ingest.report import COUNTERS, ColumnReport, SourceReport
from dashboard.ingest.tokenize_chunks import CHUNK_BYTES, Stretch, Tokenizer
from dashboard.ingest.transcode import open_table
from dashboard.schema import TIME_FIELD

Progress = Callable[[str, int, int | None], None]

ACTIVITY_TIMES = frozenset(("event_time", "start_time", "order_time", "end_time", "signup_time", "last_active_time"))
_DAY = 86_400_000_000
_EARLIEST_ACTIVITY = _DAY  # 1970-01-02: everything before is an empty epoch or a placeholder
_EARLIEST = int(dt.datetime(1900, 1, 2, tzinfo=dt.UTC).timestamp()) * 1_000_000


def read_source(
    path: Path,
    plan: SourcePlan,
    options: ImportOptions,
    *,
    staging: Path,
    rejects: Path | None = None,
    file_name: str = "",
    progress: Progress | None = None,
    limits: Limits | None = None,
    sha256: str = "",
    now: int | None = None,
    threads: int | None = None,
) -> Reader:
    """Open a file for reading.

    staging: directory for an unpacked or converted copy, removed again at the end. rejects: where rejected records go
    (CSV; not created when there are none). file_name: what people call the file. progress: called with ("read", bytes
    read, bytes of the file). sha256: of the file, when known. now: µs UTC, from when on 24 h ahead is the future
    (default: the clock). threads: default from the settings.

    Raises UserError (also while iterating): too large, too many rows, damaged, unknown encoding or time zone.
    """
    return Reader(
        path, plan, options, staging=staging, rejects=rejects, file_name=file_name or path.name, progress=progress,
        limits=limits or limits_module.current(), sha256=sha256,
        now=int(time.time() * 1_000_000) if now is None else now,
        threads=settings.current().threads if threads is None else threads,
    )  # fmt: skip


class Reader:
    """Iterate once over the record batches of a file; then :attr:`report` is complete.

    Batch columns: ``_record`` int64, ``_hash`` uint64 (equal for records whose cells are equal in all columns of the
    file, also ignored ones, whatever the order of the columns), then the used columns under their plan names: text as
    dictionary<int32, large_string> (codes of missing cells are -1 below the null), number float64 (NaN missing), time
    timestamp('us', 'UTC'), boolean int8 (-1 missing). A dictionary only grows from batch to batch.
    """

    def __init__(
        self,
        path: Path,
        plan: SourcePlan,
        options: ImportOptions,
        *,
        staging: Path,
        rejects: Path | None,
        file_name: str,
        progress: Progress | None,
        limits: Limits,
        sha256: str,
        now: int,
        threads: int,
    ) -> None:
        self._path, self._plan, self._limits = path, plan, limits
        self._file_name, self._progress = file_name, progress
        self._threads = max(threads, 1)
        self._began = time.monotonic()
        self._columns = [c for c in plan.columns if c.use != "ignored"]
        names = [c.name for c in self._columns]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise UserError("column_twice", f"Two columns are called {twice}.", "Ignore one of them, or rename it.")
        self._quotes = Quotes.of(plan.dialect, limits.field_bytes)
        seeds = _seeds(plan)
        latest = now + _DAY
        self._decoders = [_decoder(c, self._quotes, seeds[c.index], options.time_zone, latest) for c in self._columns]
        self._ignored = [(c.index, np.uint64(seeds[c.index])) for c in plan.columns if c.use == "ignored"]
        self._scratch = np.empty(limits.field_bytes + 64, np.uint8)
        when = plan.column(TIME_FIELD.get(plan.kind, ""))
        self._when = names.index(when.name) if when else -1
        self._rules = RowRules(plan, self._decoders[self._when] if when else None)
        self._stream = open_table(path, plan, staging, limits)
        self._tokenizer = Tokenizer(self._stream, plan.dialect, limits, plan.width)
        self._writer = RejectWriter(rejects, self._file_name)
        self._hash = _FileHash(path, sha256)
        self._counts: Counter[str] = Counter()
        self._missing = [0] * len(self._columns)
        self._bad = [0] * len(self._columns)
        self._accepted = 0
        self._span: tuple[int | None, int | None] = (None, None)
        self._report: SourceReport | None = None
        self._line: Line[tuple[pa.RecordBatch, Rejected]] | None = None

    @property
    def schema(self) -> pa.Schema:
        """Schema of the batches."""
        fields = [pa.field("_record", pa.int64()), pa.field("_hash", pa.uint64())]
        return pa.schema(fields + [pa.field(c.name, _ARROW[c.type]) for c in self._columns])

    @property
    def report(self) -> SourceReport:
        """The account of the file. Raises RuntimeError before the iteration has ended."""
        if self._report is None:
            raise RuntimeError("the file has not been read to its end")
        return self._report

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            for broken in self._stream.broken:
                self._writer.add(Reject(broken.line, broken.line, "", broken.text, "json"))
            small = self._path.stat().st_size < CHUNK_BYTES
            for batch, rejects in self._alone() if small or self._threads == 1 else self._together():
                self._writer.count(rejects.counts)
                for reject in rejects.listed:
                    self._writer.list(reject)
                if self._progress is not None:
                    self._progress("read", *self._stream.position)
                if batch.num_rows:
                    yield batch
            self._finish()
        finally:
            self.close()

    def _alone(self) -> Iterator[tuple[pa.RecordBatch, Rejected]]:
        while (stretch := self._tokenizer.cut()) is not None:
            yield self._process(stretch, lambda _: contextlib.nullcontext())

    def _together(self) -> Iterator[tuple[pa.RecordBatch, Rejected]]:
        self._line = Line(len(self._columns) + 2)
        yield from self._line.run(self._threads, self._tokenizer.cut, self._process)

    def _process(self, stretch: Stretch, station: Station) -> tuple[pa.RecordBatch, Rejected]:
        """Bytes to batch. ``station(k)`` is entered for everything that must happen in the order of the file."""
        chunk = self._tokenizer.parse(stretch)
        spans, numbers = chunk.spans, chunk.numbers
        hashes = np.zeros(len(numbers), np.uint64)
        with station(0):
            self._tokenizer.place(chunk)
            if self._tokenizer.records > self._limits.rows:
                raise UserError(
                    "too_many_rows",
                    f"The file has more than {self._limits.rows:,} rows.",
                    "Split it into several files.",
                )
            keep, rejects, times = self._rules.apply(chunk, hashes)
            if keep is not None:
                spans, numbers = spans[:, keep], numbers[keep]
                hashes = np.zeros(len(numbers), np.uint64)
                if times is not None:
                    times = self._decoders[self._when].decode(
                        chunk.data, spans[self._columns[self._when].index], hashes
                    )
        arrays = []
        for k, (column, decoder) in enumerate(zip(self._columns, self._decoders, strict=True)):
            with station(k + 1):
                if k == self._when and times is not None:
                    decoded = times
                elif column.index == ROW_NUMBER:
                    texts = joined([b"%d" % number for number in numbers.tolist()])
                    decoded = decoder.decode(*texts, np.zeros(len(numbers), np.uint64))
                else:
                    decoded = decoder.decode(chunk.data, spans[column.index], hashes)
                self._missing[k] += decoded.missing
                self._bad[k] += len(decoded.bad)
            arrays.append(decoded)
        with station(len(self._columns) + 1):
            for index, seed in self._ignored:
                hash_cells(chunk.data, spans[index], self._quotes.codes, self._scratch, hashes, seed)
            for decoded in arrays:
                self._counts.update(decoded.counts)
            self._accepted += len(numbers)
            if self._when >= 0:
                self._widen(arrays[self._when].array)
        columns = [_array(numbers, pa.int64()), _array(hashes, pa.uint64()), *(decoded.array for decoded in arrays)]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema), rejects

    def _widen(self, times: pa.Array) -> None:
        found = pc.min_max(times.cast(pa.int64())).as_py()
        ends = [value for value in (*self._span, found["min"], found["max"]) if value is not None]
        self._span = (min(ends), max(ends)) if ends else (None, None)

    def _finish(self) -> None:
        tokens, counts = self._tokenizer, self._counts
        counts["bad_cell"] += sum(self._bad)
        counts["blank"], counts["comment"], counts["footer"] = tokens.blank, tokens.comment, tokens.footer
        counts["padded"], counts["trimmed_rows"] = tokens.padded, tokens.surplus
        counts["nul"], counts["undecodable"] = self._stream.nul, self._stream.undecodable
        columns = []
        for k, (column, decoder) in enumerate(zip(self._columns, self._decoders, strict=True)):
            text = isinstance(decoder, TextDecoder)
            columns.append(
                ColumnReport(
                    column.name,
                    column.header,
                    self._missing[k],
                    self._bad[k],
                    decoder.distinct if isinstance(decoder, TextDecoder) else 0,
                    decoder.placeholders if text else (),  # type: ignore[attr-defined]
                )
            )
        notes = []
        if self._writer.listed < sum(self._writer.counts.values()):
            notes.append(f"The file of rejected rows lists the first {self._writer.listed:,} of them.")
        by_rule = dict(sorted(self._writer.counts.items(), key=lambda item: (-item[1], item[0])))
        self._report = SourceReport(
            file_name=self._file_name,
            kind=self._plan.kind,
            records=tokens.records + len(self._stream.broken),
            accepted=self._accepted,
            rejected=sum(by_rule.values()),
            rejected_by_rule=by_rule,
            counters={code: counts[code] for code in COUNTERS if counts[code]},
            columns=tuple(columns),
            file_bytes=self._path.stat().st_size,
            sha256=self._hash.result(),
            first_time=self._span[0],
            last_time=self._span[1],
            notes=tuple(notes),
            seconds=round(time.monotonic() - self._began, 3),
        )

    def close(self) -> None:
        """Stop reading and release files and threads; allowed at any time."""
        if self._line is not None:
            self._line.stop()
        self._writer.close()
        self._stream.close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_TEXT = pa.dictionary(pa.int32(), pa.large_string())
_ARROW: dict[str, pa.DataType] = {
    "id": _TEXT,
    "category": _TEXT,
    "text": _TEXT,
    "number": pa.float64(),
    "time": pa.timestamp("us", "UTC"),
    "boolean": pa.int8(),
}


def _array(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def _decoder(column: ColumnPlan, quotes: Quotes, seed: int, zone: str, latest: int) -> Decoder:
    if column.type == "number":
        return NumberDecoder(column, quotes, seed)
    if column.type == "boolean":
        return BooleanDecoder(quotes, seed)
    if column.type == "time":
        activity = column.use == "field" and column.name in ACTIVITY_TIMES
        earliest = _EARLIEST_ACTIVITY if activity else _EARLIEST
        return TimeDecoder(column, quotes, seed, zone, earliest, latest if activity else None)
    return TextDecoder(column, quotes, seed)


def _seeds(plan: SourcePlan) -> dict[int, int]:
    """One 64-bit number per column index, from its name: the fingerprint does not depend on the order of columns."""
    seen: Counter[str] = Counter()
    seeds = {}
    for column in plan.columns:
        name = column.name if column.use != "ignored" else f"ignored {column.header}"
        seen[name] += 1
        digest = hashlib.blake2b(f"{name}\0{seen[name]}".encode(), digest_size=8).digest()
        seeds[column.index] = int.from_bytes(digest, "little")
    return seeds


class _FileHash:
    """SHA-256 of a file, computed beside the reading."""

    def __init__(self, path: Path, known: str) -> None:
        self._path, self._known = path, known
        self._thread: threading.Thread | None = None
        if not known:
            self._thread = threading.Thread(target=self._compute, daemon=True)
            self._thread.start()

    def _compute(self) -> None:
        with self._path.open("rb", buffering=0) as file:
            self._known = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]

    def result(self) -> str:
        if self._thread is not None:
            self._thread.join()
        return self._known
