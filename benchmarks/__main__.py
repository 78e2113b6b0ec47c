"""Every benchmark, one after the other, each in a process of its own.

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
from pathlib import Path

SIZED = ("read", "import_", "active_users", "filter_click")  # take --events
OTHERS = ("sample", "upload", "fuzz_csv", "fuzz_callbacks", "kill9")
VERSIONS = ("numpy", "numba", "pandas", "pyarrow", "duckdb", "chdb", "scikit-learn")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run the benchmarks.")
    parser.add_argument("names", nargs="*", help=f"any of {', '.join((*SIZED, *OTHERS))}; default: all")
    parser.add_argument("--events", type=int, default=10_000_000, help="size of the event log")
    given = parser.parse_args()
    unknown = set(given.names) - {*SIZED, *OTHERS}
    if unknown:
        parser.error(f"unknown benchmark {sorted(unknown)[0]}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS))
    failed = []
    for name in given.names or (*SIZED, *OTHERS):
        print(f"\n== {name}", flush=True)
        size = ["--events", str(given.events)] if name in SIZED else []
        root = Path(__file__).resolve().parent.parent
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *size], cwd=root, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
