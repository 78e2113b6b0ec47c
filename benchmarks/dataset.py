"""The event log the query benchmarks run on: made once by the product's own generator and import, then kept.

``DASHBOARD_BENCH_DIR`` (default ``data/bench``, which git ignores) holds the CSV files and a data directory of its own.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OWNER = "local"


@dataclass(frozen=True)
class Prepared:
    """csv: folder of the generated files. dataset: id of the dataset imported from them."""

    csv: Path
    dataset: str


def directory() -> Path:
    return Path(os.environ.get("DASHBOARD_BENCH_DIR", ROOT / "data" / "bench"))


def prepare(events: int, *, files: tuple[str, ...] = (), kind: str = "streaming", seed: int = 1) -> Prepared:
    """Generate and import what is not there yet, and point this process at the benchmark's data directory.

    files: names of the generated files to import, () = all. Call it before anything of the product is imported: the
    place of compiled kernels is fixed at import.
    """
    place = directory() / f"{kind}-{events}-{seed}"
    os.environ["DASHBOARD_DATA_DIR"] = str(place / "data")
    (place / "data").mkdir(parents=True, exist_ok=True, mode=0o700)
    done = place / f"dataset-{'-'.join(files) or 'all'}.json"
    if not done.exists():
        paths = _generated(place, events, kind, seed)
        chosen = [path for path in paths if not files or path.name in files]
        done.write_text(json.dumps({"dataset": _imported(chosen)}), encoding="utf-8")
    return Prepared(place / "csv", json.loads(done.read_text(encoding="utf-8"))["dataset"])


def _generated(place: Path, events: int, kind: str, seed: int) -> list[Path]:
    from dashboard.ingest import sample

    listed = place / "csv.json"
    if not listed.exists():
        started = time.perf_counter()
        sample.MAX_EVENTS = max(sample.MAX_EVENTS, events)  # what a page offers is no limit here
        names = [path.name for path in sample.generate(kind, events, seed, place / "csv")]
        listed.write_text(json.dumps(names), encoding="utf-8")
        sys.stderr.write(f"generated in {time.perf_counter() - started:.0f} s\n")
    return [place / "csv" / name for name in json.loads(listed.read_text(encoding="utf-8"))]


def _imported(paths: list[Path]) -> str:
    from dashboard.ingest import publish
    from dashboard.ingest.inspect import inspect_file
    from dashboard.ingest.layout import Source
    from dashboard.ingest.plan import ImportOptions

    started = time.perf_counter()
    sources = [
        Source(secrets.token_hex(16), path, path.name, inspect_file(path, file_name=path.name).plan) for path in paths
    ]
    result = publish.import_sources(sources, ImportOptions(currency="EUR"), name="Benchmark", owner=OWNER)
    sys.stderr.write(f"imported in {time.perf_counter() - started:.0f} s\n")
    return str(result["dataset"])
