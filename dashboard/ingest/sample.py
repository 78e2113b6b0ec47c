"""Sample data with planted truths: a streaming service, a SaaS product, a shop, a measured campaign.

The files are ordinary CSV uploads, so a sample goes through the same import as anybody's data. What was planted, and
how closely an analysis should find it, is written down in ``answer_key.json`` beside them. The same kind, size and
seed give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.csv

from dashboard.errors import UserError
from dashboard.ingest import sample_campaign, sample_saas, sample_shop, sample_streaming
from dashboard.ingest.sample_parts import Progress, Sample, write_csv

DEFAULT_KIND = "streaming"
MIN_EVENTS, MAX_EVENTS = 1_000, 10_000_000
ANSWER_KEY = "answer_key.json"

KINDS: dict[str, Callable[[int, int], Sample]] = {
    "streaming": sample_streaming.make,
    "saas": sample_saas.make,
    "shop": sample_shop.make,
    "campaign": sample_campaign.make,
}
LABELS = {
    "streaming": "Streaming service",
    "saas": "SaaS product",
    "shop": "Online shop",
    "campaign": "Measured campaign",
}


def generate(
    kind: str = DEFAULT_KIND,
    events: int = 100_000,
    seed: int = 0,
    out_dir: Path = Path(),
    progress: Progress | None = None,
) -> list[Path]:
    """Write the files of a sample into ``out_dir`` (made if needed) and return those to import, users first.

    kind: a key of KINDS. events: rows of the largest file, 1,000 to 10,000,000, exactly. progress(phase, rows done,
    rows in all). Besides the data: ``answer_key.json`` and, where a truth concerns single persons, ``answer_*.csv``.
    Raises UserError ("bad_sample") for an unknown kind or a size out of range.
    """
    if kind not in KINDS:
        raise UserError("bad_sample", "There is no such sample.", f"Choose one of: {', '.join(KINDS)}.")
    if not MIN_EVENTS <= events <= MAX_EVENTS:
        raise UserError(
            "bad_sample", f"A sample has {MIN_EVENTS:,} to {MAX_EVENTS:,} events.", "Choose a number in between."
        )
    report = progress or (lambda phase, done, total: None)
    out_dir.mkdir(parents=True, exist_ok=True)
    report("Inventing people", 0, None)
    sample = KINDS[kind](events, seed)
    total = sum(rows for _, rows, _ in sample.tables)
    paths, written = [], 0
    for name, rows, pieces in sample.tables:
        for done in write_csv(out_dir / name, pieces):
            report("Writing files", written + done, total)
        paths.append(out_dir / name)
        written += rows
    for name, table in sample.people.items():
        pyarrow.csv.write_csv(table, out_dir / name)
    key = {"kind": kind, "label": LABELS[kind], "events": events, "seed": seed, **sample.truths}
    (out_dir / ANSWER_KEY).write_text(json.dumps(key, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return paths
