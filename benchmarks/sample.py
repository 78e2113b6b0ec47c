"""How long sample data take to make: ``python -m benchmarks.sample [kind …]``."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from dashboard.ingest.sample import KINDS, generate

SIZES = (1_000_000, 10_000_000)


def main(kinds: list[str]) -> None:
    print(f"{'kind':<10} {'events':>12} {'seconds':>8} {'MB written':>11} {'peak MB':>8}")
    for kind in kinds:
        for events in SIZES:
            with tempfile.TemporaryDirectory() as folder:
                started = time.perf_counter()
                paths = generate(kind, events, 0, Path(folder))
                seconds = time.perf_counter() - started
                size = sum(path.stat().st_size for path in paths) / 1e6
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
            print(f"{kind:<10} {events:>12,} {seconds:>8.1f} {size:>11,.0f} {peak:>8,.0f}")


if __name__ == "__main__":
    main(sys.argv[1:] or list(KINDS))
