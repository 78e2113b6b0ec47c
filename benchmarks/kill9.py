"""kill -9 at random moments of an import: 0 datasets half visible, 0 acknowledged ones lost, nothing left behind.

    python -m benchmarks.kill9 --runs 200

Each run starts an import in a process of its own and kills it after a random share of the time that an undisturbed
import takes (up to 115 %, so that some end in time). Then the catalogue must name only whole datasets, all those
that the process acknowledged among them, and the start-up sweep must leave no other file behind.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Outcome:
    """killed: runs that ended by the signal; whole: datasets visible at the end; half, lost, left: must be 0."""

    runs: int = 0
    killed: int = 0
    whole: int = 0
    half: int = 0
    lost: int = 0
    left: int = 0
    slowest_sweep: float = 0.0


def write_rows(path: Path, rows: int) -> None:
    """Events of 500 people, one a minute."""
    lines = ["user_id,event_time,event_name"]
    names = ("visit", "buy", "leave")
    for i in range(rows):
        minutes, month, day = i % 1_440, i // 40_320 % 12 + 1, i // 1_440 % 28 + 1
        stamp = f"2024-{month:02d}-{day:02d} {minutes // 60:02d}:{minutes % 60:02d}:00"
        lines.append(f"u{i * 7919 % 500},{stamp},{names[i % 3]}")
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def child(csv: Path) -> None:
    """Import the file as a new dataset and acknowledge it on the standard output."""
    from dashboard.ingest import publish
    from dashboard.ingest.layout import Source
    from dashboard.ingest.plan import ColumnPlan, ImportOptions, SourcePlan, TimeFormat

    columns = (
        ColumnPlan(0, "user_id", "user_id", "field", "id"),
        ColumnPlan(1, "event_time", "event_time", "field", "time", TimeFormat()),
        ColumnPlan(2, "event_name", "event_name", "field", "category"),
    )
    source = Source(os.urandom(16).hex(), csv, csv.name, SourcePlan("events", columns=columns))
    print("ready", flush=True)
    result = publish.import_sources([source], ImportOptions(), name="Kill", owner="local", partitions=4)
    print(result["dataset"], flush=True)


def check(data: Path, acknowledged: set[str], outcome: Outcome) -> None:
    """Compare catalogue, files and acknowledgements after the sweep."""
    from dashboard.ingest import publish
    from dashboard.store import catalogue
    from dashboard.store.dataset import open_dataset

    started = time.perf_counter()
    publish.sweep()
    outcome.slowest_sweep = max(outcome.slowest_sweep, time.perf_counter() - started)
    with catalogue.reading() as connection:
        visible = {row["id"] for row in connection.execute("SELECT id FROM datasets")}
    outcome.lost += len(acknowledged - visible)
    outcome.whole = len(visible)
    for dataset_id in visible:
        try:
            dataset = open_dataset(dataset_id)
            rows = [partition.table("events") for partition in dataset.partitions]
            read = sum(int((events.column("event_name") >= 0).sum()) for events in rows if events is not None)
            people = sum(partition.n_users for partition in dataset.partitions)
            texts = len(dataset.dictionary("event_name"))
            kept = data / "datasets" / dataset_id / "sources" / str(dataset.manifest.sources[0]["id"])
            whole = read == dataset.manifest.rows["events"] and people == dataset.manifest.users and texts == 3
            outcome.half += not (whole and kept.stat().st_size == dataset.manifest.sources[0]["size"])
        except Exception:
            outcome.half += 1
    folders = {path.name for path in (data / "datasets").iterdir()} if (data / "datasets").exists() else set()
    staging = list((data / "staging").iterdir()) if (data / "staging").exists() else []
    outcome.left += len(folders - visible) + len(staging)
    for dataset_id in visible:  # so that the next check looks only at what is new
        publish.delete_dataset(dataset_id)
    acknowledged.clear()


def run(runs: int, seed: int, rows: int, folder: Path, compiled: Path | None = None) -> Outcome:
    """Do it. ``folder``: an empty directory; ``compiled``: a directory of compiled kernels to use."""
    data = folder / "data"
    data.mkdir(mode=0o700)
    if compiled is not None:
        (data / "compiled").symlink_to(compiled)
    os.environ["DASHBOARD_DATA_DIR"] = str(data)
    from dashboard import settings

    settings.current.cache_clear()
    csv = folder / "events.csv"
    write_rows(csv, rows)
    command = [sys.executable, "-m", "benchmarks.kill9", "--child", str(csv)]
    acknowledged: set[str] = set()
    outcome, chance = Outcome(), random.Random(seed)
    usual = 0.0
    for attempt in range(runs + 2):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True)
        assert process.stdout is not None
        process.stdout.readline()  # ready: everything is imported, the work begins
        started = time.perf_counter()
        killed = False
        if attempt >= 2:  # the first two are left alone: one compiles, one is timed
            try:
                process.wait(timeout=chance.uniform(0.02, 1.15) * usual)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                killed = True
            outcome.runs += 1
            outcome.killed += killed
        acknowledged |= set(process.stdout.read().split())
        process.wait()
        if not killed:  # the machine may have been busy while the first ones were timed
            taken = time.perf_counter() - started
            usual = taken if attempt < 2 else min(usual, taken)
        check(data, acknowledged, outcome)
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child)
        return
    with tempfile.TemporaryDirectory(prefix="kill9-") as folder:
        outcome = run(given.runs, given.seed, given.rows, Path(folder))
    print(
        f"{outcome.runs} imports, {outcome.killed} killed: {outcome.half} half visible, {outcome.lost} acknowledged "
        f"but lost, {outcome.left} left after the sweep (slowest {outcome.slowest_sweep:.2f} s)"
    )
    raise SystemExit(bool(outcome.half or outcome.lost or outcome.left))


if __name__ == "__main__":
    main()
