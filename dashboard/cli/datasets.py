"""``datasets``, ``sample`` and ``delete``: what is there, something to try, and how it goes away again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from dashboard.cli.choose import dataset_named
from dashboard.cli.output import Output, cannot_write, table
from dashboard.errors import UserError
from dashboard.filters import day_date

SAMPLE_KINDS = ("streaming", "saas", "shop")


def add_to(commands: Any) -> None:
    """Register the commands of this module."""
    listing = commands.add_parser("datasets", help="list the datasets", description="List the datasets, newest first.")
    listing.add_argument("--json", action="store_true", help="one JSON document")
    listing.set_defaults(run=run_datasets)

    sample = commands.add_parser(
        "sample",
        help="write CSV files of generated data",
        description="Write the CSV files of a generated business and its answer key: the truths planted in the data.",
        epilog="Example: python -m dashboard sample shop --events 100000 --seed 1 --out sample/",
    )
    sample.add_argument("kind", choices=SAMPLE_KINDS, metavar="KIND", help=" | ".join(SAMPLE_KINDS))
    sample.add_argument(
        "--events", type=int, default=100_000, metavar="N", help="about how many events; default 100000"
    )
    sample.add_argument(
        "--seed", type=int, default=1, metavar="S", help="the same seed gives the same files; default 1"
    )
    sample.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to; made when missing")
    sample.add_argument("--json", action="store_true", help="say what was written as JSON")
    sample.set_defaults(run=run_sample)

    delete = commands.add_parser(
        "delete",
        help="delete a dataset for ever",
        description="Delete a dataset with its files, versions, rejected rows and saved results. Cannot be undone.",
    )
    delete.add_argument("dataset", metavar="DATASET", help="id or name of the dataset")
    delete.add_argument("--yes", action="store_true", help="really delete; without it nothing happens")
    delete.add_argument("--json", action="store_true", help="say what was deleted as JSON")
    delete.set_defaults(run=run_delete)


def run_datasets(args: argparse.Namespace, output: Output) -> int:
    """Print the list."""
    from dashboard.service import data

    found = [about(item) for item in data.datasets()]
    rows = [
        (d["id"], d["name"], sum(d["rows"].values()), d["people"], d["first_day"], d["last_day"], d["version"])
        for d in found
    ]
    lines = table(("id", "name", "rows", "people", "from", "to", "version"), rows) if rows else ["No datasets yet."]
    output.show(found, lines)
    return 0


def about(item: Any) -> dict[str, Any]:
    """A dataset as JSON-ready data."""
    manifest = item.manifest
    return {
        "id": item.id,
        "name": item.name,
        "owner": item.owner,
        "version": item.version,
        "tables": list(manifest.given),
        "rows": {table: manifest.rows[table] for table in manifest.given},
        "people": manifest.users,
        "first_day": None if manifest.first_day is None else day_date(manifest.first_day).isoformat(),
        "last_day": None if manifest.last_day is None else day_date(manifest.last_day).isoformat(),
        "time_zone": manifest.time_zone,
        "bytes": item.bytes,
        "updated_at": item.updated_at,
    }


def run_sample(args: argparse.Namespace, output: Output) -> int:
    """Generate and write."""
    from dashboard.ingest import sample

    try:
        with output.progress() as progress:
            paths = sample.generate(args.kind, args.events, args.seed, args.out, progress)
    except OSError as error:
        raise cannot_write(args.out, error) from None
    names = [str(path) for path in paths]
    key = str(args.out / sample.ANSWER_KEY)
    output.show(
        {"kind": args.kind, "events": args.events, "seed": args.seed, "files": names, "answer_key": key},
        [*(f"wrote {name}" for name in names), f"what was planted: {key}"],
    )
    return 0


def run_delete(args: argparse.Namespace, output: Output) -> int:
    """Delete, but only with --yes."""
    from dashboard.service import data

    item = dataset_named(args.dataset)
    if not args.yes:
        raise UserError(
            "not_confirmed", f"“{item.name}” ({item.id}) was not deleted.", "Add --yes to delete it for ever."
        )
    data.delete(item.id)
    output.show({"deleted": item.id, "name": item.name}, [f"Deleted {item.id} ({item.name})."])
    return 0
