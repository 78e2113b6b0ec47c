"""Import of N events, from the CSV file to a published version, against bare DuckDB CSV → Parquet in the same run.

    python -m benchmarks.import_ --events 10000000 --runs 3

Both run in processes of their own (peak memory is theirs alone), in turn, over the same file; the best time of each
counts. The import is everything a person waits for: inspection, validation with its account of every record, coding,
sorting by person and time, flushing to the disk, catalogue row. Kernels are compiled before (once per installation) and
loaded before the clock starts, as in the product, whose worker forks each job from a process that has loaded them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import report

GOAL_RATIO = 1.5
GOAL_BYTES = 3_000_000_000


def ours(csv: Path, directory: Path) -> dict[str, Any]:
    """Inspect, import and publish in this process; times by phase.

    The file lies where an upload lies (inside the data directory, its hash known from the transfer), so publishing
    links it instead of copying it.
    """
    os.environ["DASHBOARD_DATA_DIR"] = str(directory / "data")
    from dashboard import tasks
    from dashboard.ingest import publish
    from dashboard.ingest.inspect import inspect_file
    from dashboard.ingest.layout import Source
    from dashboard.ingest.plan import ImportOptions

    incoming = directory / "data" / "incoming" / csv.name
    incoming.parent.mkdir(parents=True, exist_ok=True)
    incoming.unlink(missing_ok=True)
    os.link(csv, incoming)
    with csv.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    marks: list[tuple[str, float]] = []
    tasks.load()
    started = time.perf_counter()

    def progress(phase: str, done: int, total: int | None) -> None:
        if not marks or marks[-1][0] != phase:
            marks.append((phase, time.perf_counter() - started))

    plan = inspect_file(incoming, file_name=csv.name).plan
    inspected = time.perf_counter() - started
    source = Source("b" * 32, incoming, csv.name, plan, digest)
    result = publish.import_sources([source], ImportOptions(), name="Benchmark", owner="local", progress=progress)
    seconds = time.perf_counter() - started
    ends = [at for _, at in marks[1:]] + [seconds]
    phases = {"inspect": inspected} | {phase: end - at for (phase, at), end in zip(marks, ends, strict=True)}
    publish.delete_dataset(result["dataset"])
    return {"seconds": seconds, "phases": phases, "rows": sum(result["rows"][t] for t in ("events",))}


def duckdb(csv: Path, directory: Path) -> dict[str, Any]:
    """The fastest idiom of DuckDB: all threads, no insertion order, zstd."""
    import duckdb as engine

    target = directory / "bare.parquet"
    started = time.perf_counter()
    connection = engine.connect()
    connection.execute("SET preserve_insertion_order = false")
    connection.read_csv(str(csv)).write_parquet(str(target), compression="zstd")
    seconds = time.perf_counter() - started
    target.unlink()
    return {"seconds": seconds}


def child(what: str, csv: Path, directory: Path) -> dict[str, Any]:
    """Run one of the two in a process of its own; adds its peak memory in bytes."""
    command = [sys.executable, "-m", "benchmarks.import_", "--child", what, "--csv", str(csv), "--dir", str(directory)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=Path(__file__).resolve().parent.parent)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def _sample(events: int, directory: Path) -> Path:
    from dashboard.ingest import sample

    return next(path for path in sample.generate("streaming", events, 1, directory) if path.name == "events.csv")


def _wide(events: int, directory: Path) -> Path:
    from benchmarks.read import write

    directory.mkdir(parents=True, exist_ok=True)
    write(directory / "events.csv", events)
    return directory / "events.csv"


LOGS = {"wide": _wide, "sample": _sample}  # nine columns with stamps in milliseconds; the product's sample, six columns


def measure(events: int, runs: int, log: str) -> dict[str, Any]:
    """Generate, compare, summarise. JSON-ready; ``ratio`` is ours over DuckDB, best of ``runs`` each."""
    import numba
    import pyarrow

    with tempfile.TemporaryDirectory(prefix="import-") as folder:
        directory = Path(folder)
        os.environ["DASHBOARD_DATA_DIR"] = str(directory / "data")
        import duckdb as engine

        csv = LOGS[log](events, directory / "csv")
        small = LOGS[log](150_000, directory / "warm")
        child("ours", small, directory)  # compiles the kernels into the data directory's cache
        found: dict[str, list[dict[str, Any]]] = {"ours": [], "duckdb": []}
        for _ in range(runs):
            for what, results in found.items():
                results.append(child(what, csv, directory))
        best = {what: min(results, key=lambda r: float(r["seconds"])) for what, results in found.items()}
        size = csv.stat().st_size
    return {
        "log": log,
        "events": events,
        "csv_bytes": size,
        "ours": best["ours"],
        "duckdb": best["duckdb"],
        "all_seconds": {what: [round(float(r["seconds"]), 2) for r in results] for what, results in found.items()},
        "ratio": best["ours"]["seconds"] / best["duckdb"]["seconds"],
        "peak_bytes": max(int(r["peak_bytes"]) for r in found["ours"]),
        "megabytes_per_second": size / 1e6 / best["ours"]["seconds"],
        "cores": os.cpu_count(),
        "versions": {
            "python": platform.python_version(),
            "duckdb": engine.__version__,
            "pyarrow": pyarrow.__version__,
            "numba": numba.__version__,
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--log", choices=tuple(LOGS), action="append", help="default: both")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", choices=("ours", "duckdb"), help=argparse.SUPPRESS)
    parser.add_argument("--csv", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--dir", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        answer = (ours if given.child == "ours" else duckdb)(given.csv, given.dir)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        answer["cpu_seconds"] = usage.ru_utime + usage.ru_stime
        answer["peak_bytes"] = usage.ru_maxrss * 1024
        print(json.dumps(answer))
        return
    for log in given.log or LOGS:
        result = measure(given.events, given.runs, log)
        print(json.dumps(result, indent=2)) if given.json else show(result)


def show(result: dict[str, Any]) -> None:
    phases = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in result["ours"]["phases"].items())
    size = f"{result['events']:,} events, {result['csv_bytes'] / 1e6:,.0f} MB of CSV"
    print(f"{result['log']} log: {size}, {result['cores']} cores")
    print(", ".join(f"{name} {version}" for name, version in result["versions"].items()))
    print(f"import  {result['ours']['seconds']:6.2f} s  ({result['megabytes_per_second']:.0f} MB/s; {phases})")
    print(f"DuckDB  {result['duckdb']['seconds']:6.2f} s  (CSV to Parquet zstd, nothing else)")
    print(f"ratio   {result['ratio']:6.2f}    goal {GOAL_RATIO}    runs {result['all_seconds']}")
    cpu = {what: f"{result[what]['cpu_seconds']:.1f} s" for what in ("ours", "duckdb")}
    print(f"CPU     {cpu['ours']}, DuckDB {cpu['duckdb']} (with the start of the process)")
    bare = result["duckdb"]["peak_bytes"]
    print(f"peak    {result['peak_bytes'] / 1e9:6.2f} GB goal {GOAL_BYTES / 1e9:.0f}    DuckDB {bare / 1e9:.2f} GB")
    name = f"import of the {result['log']} log"
    report(f"{name}, time over bare DuckDB to Parquet", result["ratio"], "x", at_most=GOAL_RATIO)
    report(f"{name}, peak memory", result["peak_bytes"] / 1e6, "MB", at_most=GOAL_BYTES / 1e6)


if __name__ == "__main__":
    main()
