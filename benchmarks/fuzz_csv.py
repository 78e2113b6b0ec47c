"""Mutated CSV files through inspection and reading: nothing may raise, hang or lose count of a record.

    python benchmarks/fuzz_csv.py --n 10000 --seed 42

Starts from small well-formed tables and inserts nasty tokens, splices, truncates, deletes, repeats and flips bytes.
Exits with 1 when a file raises anything but a refusal, takes more than 2 s, or has accepted + rejected != records, or
when more than 3 % of the files are refused whole.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dashboard.errors import UserError
from dashboard.ingest import records
from dashboard.ingest.inspect import inspect_file
from dashboard.ingest.limits import Limits
from dashboard.ingest.plan import ImportOptions
from dashboard.ingest.read import read_source
from dashboard.ingest.transcode_stream import open_text

SLOWEST_SECONDS = 2.0
MOST_REFUSED = 0.03

TOKENS: tuple[bytes, ...] = (
    b'"', b'""', b'"""', b"'", b",", b",,,,", b";", b"\t", b"|", b"\n", b"\r\n", b"\r", b"\n\n", b"\\", b'\\"', b"\0",
    b"\xff", b"\xc3\x28", b"\xef\xbb\xbf", "é".encode(), "٣".encode(), "\u202e".encode(), b"=1+1", b"NaN", b"1e999",
    b"-", b"2025-13-45", b"99999999999999999999", b"#", b"x" * 5000,
)  # fmt: skip


def bases() -> list[bytes]:
    """Well-formed tables of every kind and several dialects."""
    rng = random.Random(1)
    days = [f"2025-0{rng.randrange(1, 7)}-{rng.randrange(1, 29):02d}" for _ in range(60)]
    events = ["user_id,event_time,event_name,platform,amount"]
    events += [
        f"u{rng.randrange(20)},{d}T{rng.randrange(10, 24)}:05:0{i % 10}Z,{'play' if i % 3 else 'buy'},web,{i}.5"
        for i, d in enumerate(days)
    ]
    users = ["User ID;Country;Plan;Age;Last login"]
    users += [
        f"{i:05d};{'DE' if i % 2 else 'FR'};{'Basic' if i % 3 else 'Premium'};{20 + i % 50};{d}"
        for i, d in enumerate(days)
    ]
    orders = ["InvoiceNo\tStockCode\tDescription\tQuantity\tInvoiceDate\tUnitPrice\tCustomerID"]
    orders += [
        f'5{i:05d}\tA{i % 7}\t"LAMP, ""{i}"""\t{i % 5 + 1}\t{d} 10:00\t{i}.95\t{17850 + i % 9}.0'
        for i, d in enumerate(days)
    ]
    sessions = ["session_id|user_id|start_time|duration_seconds"]
    sessions += [f"s{i}|u{i % 9}|{d} 08:00:00|{i * 7}" for i, d in enumerate(days)]
    tables = ["\n".join(lines) + "\n" for lines in (events, users, orders, sessions)]
    return [*(t.encode() for t in tables), tables[0].replace("\n", "\r\n").encode(), tables[1].encode("utf-16")]


def mutated(number: int, seed: int) -> bytes:
    """File ``number`` of a run: a base with one to eight mutations."""
    rng = random.Random(f"{seed}:{number}")
    pool = bases()
    data = rng.choice(pool)
    for _ in range(rng.randrange(1, 9)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(6)
        if kind <= 1:
            data = data[:at] + rng.choice(TOKENS) + data[at:]
        elif kind == 2:
            other = rng.choice(pool)
            start = rng.randrange(len(other))
            data = data[:at] + other[start : start + rng.randrange(1, 300)] + data[at:]
        elif kind == 3:
            data = data[: max(at, 1)] if rng.random() < 0.3 else data[:at] + data[at + rng.randrange(1, 200) :]
        elif kind == 4 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
        else:
            data = data[:at] + data[max(at - 150, 0) : at] * rng.randrange(1, 4) + data[at:]
    return data


@dataclass
class Outcome:
    """read, refused: files. failures: (file number, what went wrong). slowest: seconds of the slowest file."""

    read: int = 0
    refused: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, str]] = field(default_factory=list)
    slowest: float = 0.0
    records: int = 0
    rejected: int = 0

    @property
    def share_refused(self) -> float:
        return self.refused / max(self.read + self.refused, 1)


def check(number: int, seed: int, folder: Path, outcome: Outcome) -> None:
    """Read one mutated file and note what happened."""
    path = folder / "fuzzed.csv"
    path.write_bytes(mutated(number, seed))
    limits = Limits()
    began = time.perf_counter()
    try:
        plan = inspect_file(path, file_name="fuzzed.csv", limits=limits).plan
        with read_source(
            path, plan, ImportOptions(), staging=folder, rejects=folder / "rejects.csv", limits=limits
        ) as reader:
            rows = sum(batch.num_rows for batch in reader)
            report = reader.report
        outcome.read += 1
        outcome.records += report.records
        outcome.rejected += report.rejected
        if rows != report.accepted or report.accepted + report.rejected != report.records:
            outcome.failures.append((number, f"{rows} rows, {report.accepted} + {report.rejected} != {report.records}"))
        if plan.format == "csv":
            with open_text(path, packed=plan.packed, encoding=plan.dialect.encoding, limits=limits) as stream:
                text = b"".join(pieces(stream))
            wanted = sum(1 for _ in records.rows(text, plan.dialect, limits, plan.width))
            if report.records != wanted:
                outcome.failures.append((number, f"{report.records} records, the definition says {wanted}"))
    except UserError as error:
        outcome.refused += 1
        outcome.codes[error.code] += 1
        if error.code == "cannot_inspect":
            outcome.failures.append((number, f"inspection broke: {error.__cause__!r}"))
    except Exception as error:
        outcome.failures.append((number, f"{type(error).__name__}: {error}"))
    seconds = time.perf_counter() - began
    outcome.slowest = max(outcome.slowest, seconds)


def pieces(stream: object) -> Iterator[bytes]:
    """Everything a text stream gives."""
    import numpy as np

    buffer = np.empty(1 << 16, np.uint8)
    while count := stream.fill(buffer):  # type: ignore[attr-defined]
        yield buffer[:count].tobytes()


def run(numbers: range, seed: int) -> Outcome:
    """Check some files of a run."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for number in numbers:
            check(number, seed, Path(folder), outcome)
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()
    run(range(-6, 0), args.seed)  # compiles
    began = time.perf_counter()
    outcome = run(range(args.n), args.seed)
    print(f"{args.n:,} files in {time.perf_counter() - began:.0f} s; slowest {outcome.slowest:.2f} s")
    print(f"{outcome.read:,} read ({outcome.records:,} records, {outcome.rejected:,} rejected)")
    print(f"{outcome.refused:,} refused whole ({outcome.share_refused:.2%}): {dict(outcome.codes.most_common())}")
    for number, what in outcome.failures[:20]:
        print(f"  file {number}: {what}")
    bad = outcome.failures or outcome.slowest > SLOWEST_SECONDS or outcome.share_refused > MOST_REFUSED
    print(f"{len(outcome.failures)} failures")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
