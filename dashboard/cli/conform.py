"""``conform``: published cases against the product's own engine."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from dashboard.cli.output import Output, existing_file

FAILED = 1


def add_to(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser(
        "conform",
        help="check the numbers against published cases",
        description="Run every case of the files (events in, numbers out) through the product's own store and engine.",
        epilog="Exit code 1 when a case fails. Example: python -m dashboard conform cases/retention.json",
    )
    command.add_argument("files", nargs="+", metavar="FILE", help="a JSON file of cases")
    command.add_argument("--all", action="store_true", help="also name the cases that pass")
    command.add_argument("--json", action="store_true", help="one JSON document with every case")
    command.set_defaults(run=run)


def run(args: argparse.Namespace, output: Output) -> int:
    """Run, print what differs, close with the counts."""
    from dashboard.conform.runner import run_files

    paths: list[Path] = [existing_file(name) for name in args.files]
    lines: list[str] = []
    outcomes = []
    for outcome in run_files(paths):
        outcomes.append(outcome)
        name = f"{outcome.file} {outcome.id}"
        about = f"{outcome.title}" + (f" ({outcome.source})" if outcome.source else "")
        if outcome.state == "failed":
            lines.append(f"FAILED {name}: {about}")
            lines += [f"    {difference}" for difference in outcome.differences]
            lines += [f"    told apart by this case: {outcome.discriminates}"] if outcome.discriminates else []
        elif outcome.state == "skipped":
            lines.append(f"skipped {name}: {outcome.reason}")
        elif args.all:
            lines.append(f"passed {name}: {about}{'' if outcome.verified else ' [a check of the product itself]'}")
    counts = Counter(outcome.state for outcome in outcomes)
    if counts["skipped"]:
        lines.append(f"{counts['skipped']} skipped")
    lines.append(f"{counts['passed']} passed, {counts['failed']} failed")
    data = {"passed": counts["passed"], "failed": counts["failed"], "skipped": counts["skipped"]}
    output.show({**data, "cases": [outcome.__dict__ for outcome in outcomes]}, lines)
    return FAILED if counts["failed"] else 0
