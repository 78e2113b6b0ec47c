"""Reading a large event log into record batches, against bare DuckDB CSV -> Parquet in the same run.

    python -m benchmarks.read --events 10000000

The CSV has nine columns (user, time with milliseconds, 12 event names, 24 features, platform, country, session, amount,
duration). Every measurement runs in a process of its own; medians are printed, with processor time and peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from benchmarks.figures import report
from dashboard.ingest.plan import ColumnPlan, ImportOptions, SourcePlan, TimeFormat
from dashboard.ingest.read import read_source
from dashboard.schema import Type

EVENT_NAMES = ["open", "play", "pause", "search", "buy", "share", "like", "comment", "save", "login", "logout", "rate"]
COUNTRIES = ["Germany", "France", "United Kingdom", "Spain", "Italy", "Japan", "Brazil", "India", "Norway", "Poland"]
COLUMNS: tuple[tuple[str, Type], ...] = (
    ("user_id", "id"), ("event_time", "time"), ("event_name", "category"), ("feature", "category"),
    ("platform", "category"), ("country", "category"), ("session_id", "id"), ("amount", "number"),
    ("duration_seconds", "number"),
)  # fmt: skip
_PIECE = 500_000


def write(path: Path, events: int, seed: int = 1) -> None:
    """A log in time order: skewed activity, about 100 events a user, 8 a session."""
    rng = np.random.default_rng(seed)
    features = [f"feature_{i}" for i in range(24)]
    options = csv.WriteOptions(include_header=False, quoting_style="none")
    with path.open("wb") as file:
        file.write((",".join(name for name, _ in COLUMNS) + "\n").encode())
        for start in range(0, events, _PIECE):
            rows = min(_PIECE, events - start)
            order = np.arange(start, start + rows)
            millis = 1_735_689_600_000 + order * (365 * 86_400_000 // events)
            users = (rng.random(rows) ** 2 * max(events // 100, 1)).astype(np.int64)
            stamps = pc.strftime(pa.array(millis).cast(pa.timestamp("ms")), "%Y-%m-%dT%H:%M:%S")
            columns = [
                pc.binary_join_element_wise("user_", pa.array(users).cast(pa.string()), ""),
                stamps,
                *(pick(rng, words, rows) for words in (EVENT_NAMES, features, ["web", "ios", "android"], COUNTRIES)),
                pc.binary_join_element_wise("s", pa.array(order // 8 * 7919).cast(pa.string()), ""),
                pa.array(np.round(rng.random(rows) * 100, 2)),
                pa.array(rng.integers(0, 600, rows)),
            ]
            csv.write_csv(pa.table(columns, names=[name for name, _ in COLUMNS]), file, options)


def pick(rng: np.random.Generator, words: list[str], rows: int) -> pa.Array:
    return pa.array(words).take(pa.array(rng.integers(0, len(words), rows)))


def plan() -> SourcePlan:
    columns = (
        ColumnPlan(i, name, name, "field", kind, TimeFormat() if kind == "time" else None)
        for i, (name, kind) in enumerate(COLUMNS)
    )
    return SourcePlan("events", columns=tuple(columns))


def ours(path: Path, folder: Path) -> int:
    with read_source(path, plan(), ImportOptions(), staging=folder, threads=os.cpu_count()) as reader:
        return sum(batch.num_rows for batch in reader)


def duckdb(path: Path, folder: Path) -> int:
    import duckdb as engine

    target = folder / "out.parquet"
    connection = engine.connect()
    connection.execute("SET preserve_insertion_order=false")
    engine.read_csv(str(path), connection=connection).write_parquet(str(target), compression="zstd")
    rows = connection.execute("SELECT count(*) FROM read_parquet($file)", {"file": str(target)}).fetchone()
    target.unlink()
    return int(rows[0]) if rows else 0


WAYS = {"ours": ours, "duckdb": duckdb}


def child(way: str, path: Path) -> dict[str, float]:
    """Measure one way in this process: seconds, processor seconds, peak MB, rows."""
    with tempfile.TemporaryDirectory() as folder:
        began, used = time.perf_counter(), time.process_time()
        rows = WAYS[way](path, Path(folder))
        seconds, processor = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "processor": processor, "peak_mb": peak, "rows": rows}


def measure(events: int, runs: int) -> dict[str, Any]:
    """Medians of both ways, runs alternating."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.csv"
        write(path, events)
        found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for _ in range(runs):
            for way in WAYS:
                command = [sys.executable, "-m", "benchmarks.read", "--child", way, "--csv", str(path)]
                output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                found[way].append(json.loads(output))
        size = path.stat().st_size
    result: dict[str, Any] = {"events": events, "megabytes": size / 1e6}
    for way, values in found.items():
        if any(value["rows"] != events for value in values):
            raise SystemExit(f"{way} did not read {events} rows")
        result[way] = {key: statistics.median(value[key] for value in values) for key in values[0]}
    result["ratio"] = result["ours"]["seconds"] / result["duckdb"]["seconds"]
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--child", choices=tuple(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--csv", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(child(args.child, args.csv)))
        return
    with tempfile.TemporaryDirectory() as folder:  # compile before anything is measured
        small = Path(folder) / "small.csv"
        write(small, 1000)
        ours(small, Path(folder))
    result = measure(args.events, args.runs)
    print(f"{result['events']:,} events, {result['megabytes']:,.0f} MB, {os.cpu_count()} cores")
    for way in WAYS:
        v = result[way]
        print(f"{way:7} {v['seconds']:6.2f} s  {v['processor']:6.2f} s processor  {v['peak_mb']:,.0f} MB peak")
    report("reading, time over bare DuckDB to Parquet", result["ratio"], "x")
    report("reading, peak memory", result["ours"]["peak_mb"], "MB")


if __name__ == "__main__":
    main()
