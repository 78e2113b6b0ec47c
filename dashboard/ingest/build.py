"""Build a version from its sources: read → cut by person → sort and merge → write.

A version is a pure function of (sources in order, plans, options): the order of rows in a file, the size of batches and
the number of threads change no stored byte.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from dashboard import settings
from dashboard.ingest import describe, plan, read
from dashboard.ingest.calendar import utc_offsets
from dashboard.ingest.layout import Source, TableLayout, layouts, settle
from dashboard.ingest.partition_writer import Outcome, Plan, finish
from dashboard.ingest.plan import ImportOptions
from dashboard.ingest.scatter import Scatter
from dashboard.ingest.spill import Spill
from dashboard.schema import NULL_TIME, TABLES, TIME_FIELD, TableName
from dashboard.store import files
from dashboard.store.manifest import FORMAT, Manifest

Progress = Callable[[str, int, int | None], None]

SPILL_BYTES = 1 << 30  # rows kept in memory between reading and sorting; more goes to the disk
BYTES_PER_PARTITION = 64 << 20  # of CSV text: a partition of that size sorts in some 100 MB
SMALL_BYTES = 8 << 20  # below, one partition
MAX_PARTITIONS = 256
GZIP_RATIO = 6
_WRITERS = 4  # partitions finished at the same time at most: each holds its rows in memory


class Reader(Protocol):
    """What ``read_source`` returns: batches of canonical columns, then the report."""

    @property
    def report(self) -> Any: ...

    def __iter__(self) -> Iterator[pa.RecordBatch]: ...


def build_version(
    dataset_id: str,
    sources: list[Source],
    options: ImportOptions,
    *,
    staging: Path,
    progress: Progress,
    version: int = 1,
    partitions: int | None = None,
    reader: Callable[..., Reader] | None = None,
) -> Manifest:
    """Write a version into ``staging/version`` (created here) and describe it.

    sources: in the order in which they joined the dataset. progress(phase, done, total): phases "read" (bytes)
    and "sort" (partitions). partitions: default by size; changes the files and no number. reader: replaces
    :func:`dashboard.ingest.read.read_source`. Everything is flushed to the disk on return, except the directories'
    names, which ``publish`` flushes. Raises UserError when a file cannot be read, OSError when the disk is full.
    """
    started = dt.datetime.now(dt.UTC)
    sources = settle(sources)
    tables = layouts(sources)
    count = partitions or partition_count(sources)
    directory = _directories(staging, tables)
    spill = Spill(staging / "spill", SPILL_BYTES)
    try:
        scatter = Scatter(tables, spill, count)
        for name in _derived_names(tables):
            scatter.texts["event_name"].code(name)
        progress("read", 0, sum(source.path.stat().st_size for source in sources))
        reports = _read_all(sources, options, scatter, staging, progress, reader or read.read_source)
        activity = _activity(tables, sources, scatter)
        shared, dictionaries = _share(tables, activity, sources, options, scatter, spill, directory, count)
        outcome = _finish_all(shared, count, progress)
    finally:
        spill.close()
    (staging / "spill").unlink(missing_ok=True)
    built = describe.Built(sources, reports, scatter.ranges, outcome, tables)
    manifest = describe.manifest(
        Manifest(
            format=FORMAT,
            dataset_id=dataset_id,
            version=version,
            tables=tuple(tables),
            given=tuple(t for t in TABLES if any(s.plan.kind == t for s in sources)),
            rows={t: outcome.rows[t] for t in tables},
            guests={t: outcome.guests[t] for t in tables},
            users=outcome.rows["users"],
            partitions=count,
            columns=describe.columns(tables),
            dictionaries=dictionaries,
            time_zone=options.time_zone,
            currency=options.currency,
            week_start=options.week_start,
            as_of=None,
            first_day=None,
            last_day=None,
            last_complete_day=None,
            activity=activity,
            sources=(),
            options=plan.to_json(options),
            notes=(),
            created_at=started.isoformat(timespec="seconds"),
        ),
        built,
    )
    files.write_bytes(directory / "manifest.json", manifest.to_json().encode())
    return manifest


def partition_count(sources: Iterable[Source]) -> int:
    """Partitions for files of that size: a power of two, so that growth changes it rarely."""
    size = sum(source.path.stat().st_size * (GZIP_RATIO if source.plan.packed else 1) for source in sources)
    if size <= SMALL_BYTES:
        return 1
    wanted = max(4, -(-size // BYTES_PER_PARTITION))
    return int(min(MAX_PARTITIONS, 1 << (wanted - 1).bit_length()))


def _directories(staging: Path, tables: Iterable[str]) -> Path:
    directory = staging / "version"
    names = [*tables, "dictionaries", "rejects"]
    for name in (".", *names, *(["days"] if "events" in names else [])):
        (directory / name).mkdir(mode=0o700, exist_ok=True)
    return directory


def _activity(tables: Iterable[str], sources: list[Source], scatter: Scatter) -> tuple[str, ...]:
    """Names of the events that count as being active, () = all.

    Without an event log: orders and visits (a returned parcel is no sign of life). With one: what the log records,
    and not the orders beside it, since a subscription that renews itself is no sign of life either.
    """
    if "events" not in tables:
        return ()
    if not any(source.plan.kind == "events" for source in sources):
        return tuple(name for name, table in (("order", "transactions"), ("session", "sessions")) if table in tables)
    if "transactions" not in tables:
        return ()
    names = scatter.texts["event_name"]
    return tuple(name for name in names.take(names.order()).to_pylist() if name not in ("order", "refund"))


def _read_all(
    sources: list[Source],
    options: ImportOptions,
    scatter: Scatter,
    staging: Path,
    progress: Progress,
    reader: Callable[..., Reader],
) -> list[Any]:
    """Read every source; cutting a batch by person overlaps with reading the next one."""
    reports = []
    gate = threading.Semaphore(2)  # batches waiting to be cut: bounds the memory
    with ThreadPoolExecutor(1, thread_name_prefix="cut") as cutter:
        waiting: list[Future[None]] = []

        def cut(index: int, source: Source, batch: pa.RecordBatch) -> None:
            try:
                scatter.add(index, source, batch)
            finally:
                gate.release()

        for index, source in enumerate(sources):
            rejects = staging / "version" / "rejects" / f"{source.id}.csv"
            found = reader(
                source.path, source.plan, options, staging=staging, rejects=rejects,
                file_name=source.file_name, progress=_part_of(progress, sources, index), sha256=source.sha256,
            )  # fmt: skip
            for batch in found:
                gate.acquire()
                waiting.append(cutter.submit(cut, index, source, batch))
                for done in [future for future in waiting if future.done()]:
                    done.result()  # raises what went wrong as early as possible
                    waiting.remove(done)
            reports.append(found.report)
        for future in waiting:
            future.result()
    return reports


def _part_of(progress: Progress, sources: list[Source], index: int) -> Progress:
    """Progress of one file as progress of them all."""
    sizes = [source.path.stat().st_size for source in sources]
    before, total = sum(sizes[:index]), sum(sizes)

    def report(phase: str, done: int, _: int | None) -> None:
        progress(phase, before + done, total)

    return report


def _share(
    tables: dict[TableName, TableLayout],
    activity: tuple[str, ...],
    sources: list[Source],
    options: ImportOptions,
    scatter: Scatter,
    spill: Spill,
    directory: Path,
    count: int,
) -> tuple[Plan, dict[str, int]]:
    """Fix the codes: dictionaries in byte order, persons numbered inside their partitions."""
    used = {c.name for table in tables.values() for c in table.columns if c.is_text}
    dictionaries: dict[str, int] = {}
    ranks: dict[str, np.ndarray] = {}
    hashes: dict[str, np.ndarray] = {}
    for number, name in enumerate(sorted(used)):
        index = scatter.texts[name]
        order = index.order()
        ranks[name] = np.empty(len(order), np.int32)
        ranks[name][order] = np.arange(len(order), dtype=np.int32)
        hashes[name] = index.hashes[order]
        dictionaries[name] = len(order)
        files.write_columns(directory / "dictionaries" / f"d{number:04d}.arrow", {"text": index.take(order)})
    order = scatter.people.order()
    partition = (scatter.people.hashes % np.uint64(count)).astype(np.int64)
    people = [order[partition[order] == p] for p in range(count)]
    local = np.empty(len(order), np.int32)
    for members in people:
        local[members] = np.arange(len(members), dtype=np.int32)
    times = [edge for low, high in scatter.ranges.values() if high != NULL_TIME for edge in (low, high)]
    codes = {n: int(ranks["event_name"][scatter.texts["event_name"].code(n)]) for n in _derived_names(tables)}
    names = scatter.texts["event_name"] if activity else None
    plan_ = Plan(
        spill=spill,
        layouts=tables,
        n_sources=len(sources),
        local=local,
        people=people,
        people_hashes=scatter.people.hashes,
        ids=[scatter.people.take(members) for members in people],
        ranks=ranks,
        text_hashes=hashes,
        zone=utc_offsets(options.time_zone, min(times, default=0), max(times, default=0)),
        drop=frozenset(t for t, what in options.duplicates if what == "drop" and _has_time(t, sources)),
        activity=tuple(int(ranks["event_name"][names.code(name)]) for name in activity) if names else (),
        codes=codes,
        directory=directory,
    )
    return plan_, dictionaries


def _derived_names(tables: Iterable[str]) -> tuple[str, ...]:
    """Names of the events that are made from other tables."""
    found = set(tables)
    orders = ("order", "refund") if "transactions" in found else ()
    return (*orders, "session") if "sessions" in found else orders


def _has_time(table: TableName, sources: list[Source]) -> bool:
    """Whether rows of a table carry a time of day: equal rows of a table that knows only days are no duplicates."""
    if table not in TIME_FIELD:
        return False
    columns = [s.plan.column(TIME_FIELD[table]) for s in sources if s.plan.kind == table]
    return any(c is not None and (c.time is None or c.time.has_time) for c in columns)


def _finish_all(shared: Plan, count: int, progress: Progress) -> Outcome:
    """Finish the partitions, a few at a time, and add up what they found."""
    total = Outcome(counters=np.zeros((shared.n_sources, 3), np.int64))
    workers = max(1, min(_WRITERS, settings.current().threads, count))
    progress("sort", 0, count)
    with ThreadPoolExecutor(workers, thread_name_prefix="sort") as pool:
        futures = [pool.submit(finish, shared, index) for index in range(count)]
        try:
            for done, future in enumerate(futures, start=1):
                _add(total, future.result())
                progress("sort", done, count)
        except BaseException:
            for future in futures:
                future.cancel()
            raise
    return total


def _add(total: Outcome, part: Outcome) -> None:
    total.counters += part.counters
    total.size += part.size
    for table, rows in part.rows.items():
        total.rows[table] = total.rows.get(table, 0) + rows
        total.guests[table] = total.guests.get(table, 0) + part.guests[table]
        (n, first, second), more = total.hashes.get(table, (0, 0, 0)), part.hashes[table]
        total.hashes[table] = (n + more[0], first + more[1], second + more[2])
    for table, found in part.known.items():
        a = total.known.get(table, (0, 0, 0, 0))
        total.known[table] = (a[0] + found[0], a[1] + found[1], a[2] + found[2], a[3] + found[3])
