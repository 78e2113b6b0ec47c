"""Every benchmark, one after the other, each in a process of its own; at the end a table of what was measured.

    python -m benchmarks                       10 million events, everything
    python -m benchmarks --events 1000000      smaller
    python -m benchmarks import_ active_users  only these

Run it on a machine that does nothing else: the figures are ratios of the same run, but noise is noise.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.figures import MARK, table

SIZED = (  # take --events
    *("read", "import_", "active_users", "retention", "funnel", "paths", "churn", "user_lookup"),
    *("filter_click", "many_people"),
)
CUSTOMERS = ("value", "customers")  # take --customers: one for ten events
OTHERS = ("cleaning", "page_load", "sample", "upload", "fuzz_csv", "fuzz_callbacks", "kill9")
ALL = (*SIZED, *CUSTOMERS, *OTHERS)
VERSIONS = ("numpy", "numba", "pandas", "pyarrow", "duckdb", "chdb", "scikit-learn")
ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run the benchmarks.")
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(ALL)}; default: all")
    parser.add_argument("--events", type=int, default=10_000_000, help="size of the event log")
    given = parser.parse_args()
    unknown = set(given.names) - set(ALL)
    if unknown:
        parser.error(f"unknown benchmark {sorted(unknown)[0]}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS))
    figures, failed = [], []
    for name in given.names or ALL:
        print(f"\n== {name}", flush=True)
        began = time.perf_counter()
        lines, code, peak = run(name, arguments(name, given.events))
        figures += [line for line in lines if line.startswith(MARK)]
        figures.append(
            f"{MARK}{name}: the whole benchmark\t{time.perf_counter() - began:,.0f} s, peak {peak:,.0f} MB\t\t"
        )
        if code:
            failed.append(name)
    print(f"\n{table(figures)}")
    if failed:
        print(f"\nnot passed: {', '.join(failed)}")
    return 1 if failed else 0


def arguments(name: str, events: int) -> list[str]:
    """The arguments that say how large the data are."""
    if name in SIZED:
        return ["--events", str(events)]
    return ["--customers", str(max(1_000, events // 10))] if name in CUSTOMERS else []


def run(name: str, options: list[str]) -> tuple[list[str], int, float]:
    """Run one benchmark and show what it prints. Returns its lines, its exit code and the peak memory in MB of its
    largest process, the peers in it included."""
    command = [sys.executable, "-u", "-m", f"benchmarks.{name}", *options]
    lines = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # a pipe was asked for
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            print(lines[-1], flush=True)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return lines, process.returncode, used.ru_maxrss / 1024


if __name__ == "__main__":
    raise SystemExit(main())
