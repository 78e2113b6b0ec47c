"""``metric`` and ``targets``: any registered number and the discount list, as on the pages."""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import re
from pathlib import Path
from typing import Any

from dashboard.cli.choose import dataset_named
from dashboard.cli.output import Output, table, written
from dashboard.errors import UserError
from dashboard.escape import safe_cell
from dashboard.filters import COMPARE, PRESETS, Filters, parse
from dashboard.result import Result


def add_to(commands: Any) -> None:
    """Register the commands of this module."""
    metric = commands.add_parser(
        "metric",
        help="one number or table of a dataset",
        description="Compute a registered metric or insight, exactly as the pages do.",
        epilog="Example: python -m dashboard metric mau retail --range 90d --where country=UK --json",
    )
    metric.add_argument("name", metavar="NAME", help="metric or insight; “list” prints what the dataset can answer")
    metric.add_argument("dataset", metavar="DATASET", help="id or name of the dataset")
    metric.add_argument(
        "--by", choices=("day", "week", "month"), default="day", help="length of a period (metrics only)"
    )
    metric.add_argument("--insight", action="store_true", help="the insight where a metric has the same name")
    metric.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the insight")
    _view_arguments(metric)
    kind = metric.add_mutually_exclusive_group()
    kind.add_argument("--json", action="store_true", help="one JSON document with the table and its provenance")
    kind.add_argument("--csv", action="store_true", help="the table as CSV")
    metric.set_defaults(run=run_metric)

    targets = commands.add_parser(
        "targets",
        help="the list of people who should get a discount",
        description="Write the discount targets of a dataset as CSV, one person a line.",
        epilog="Example: python -m dashboard targets retail --out targets.csv --where country=UK --where plan=Premium",
    )
    targets.add_argument("dataset", metavar="DATASET", help="id or name of the dataset")
    targets.add_argument("--out", required=True, type=Path, metavar="FILE", help="where to write; - is the terminal")
    _view_arguments(targets)
    targets.add_argument("--json", action="store_true", help="say what was written as JSON")
    targets.set_defaults(run=run_targets)


def _view_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--range", default="", metavar="RANGE", help=f"{', '.join(PRESETS)} or 2025-01-01..2025-01-31; default 30d"
    )
    command.add_argument("--compare", choices=tuple(COMPARE), default="previous", help="what to compare with")
    command.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="only these people or rows; may be repeated, values of one column are alternatives",
    )
    command.add_argument(
        "--as-of", default="", metavar="DAY", help="the day to look back from; default: the data's last"
    )


def view(args: argparse.Namespace, dataset_id: str) -> Filters:
    """The filters that the arguments describe. Raises UserError for a range, day or condition that is not one."""
    range_ = args.range or "30d"
    if range_ not in PRESETS and (not re.fullmatch(r"[\d.-]+", range_) or parse(f"range={range_}").range != range_):
        raise UserError(
            "bad_range", "This is not a range of days.", f"Possible: {', '.join(PRESETS)} or 2025-01-01..2025-01-31."
        )
    filters = Filters(dataset=dataset_id, range=range_, compare=args.compare)
    if args.as_of:
        try:
            filters = filters.with_(as_of=dt.date.fromisoformat(args.as_of))
        except ValueError:
            raise UserError("bad_day", "--as-of is not a day.", "Write it like 2025-03-08.") from None
    wanted: dict[str, list[str]] = {}
    for condition in args.where:
        name, equals, value = condition.partition("=")
        if not equals or not name:
            raise UserError("bad_condition", "A condition is written COLUMN=VALUE.", "For example --where country=UK.")
        wanted.setdefault(name.strip(), []).append(value)
    for name, values in wanted.items():
        filters = filters.with_where(name, values)
    return filters


def run_metric(args: argparse.Namespace, output: Output) -> int:
    """Compute and print."""
    from dashboard import service

    dataset = dataset_named(args.dataset)
    if args.name == "list":
        answers = service.answerability(dataset.id)
        data = [a.__dict__ for a in answers]
        lines = table(("name", "kind", "answer", "what it is"), [(a.key, a.kind, a.state, a.label) for a in answers])
        output.show(data, lines)
        return 0
    kinds = {a.kind for a in service.answerability(dataset.id) if a.key == args.name}
    if not kinds or (args.insight and "insight" not in kinds):
        raise UserError(
            "unknown_metric",
            f"There is no metric or insight called {args.name}.",
            f"See: python -m dashboard metric list {dataset.id}",
        )
    filters = view(args, dataset.id)
    if "metric" in kinds and not args.insight:
        result = service.metric(args.name, dataset.id, filters, by=args.by)
    else:
        result = service.insight(args.name, dataset.id, filters, **_options(args.option))
    if args.csv:
        output.write(csv_text(result))
    else:
        output.show(result_json(result), result_lines(result))
    return 0


def _options(pairs: list[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UserError("bad_option", "An option is written NAME=VALUE.", "For example --option by=country.")
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    return options


def run_targets(args: argparse.Namespace, output: Output) -> int:
    """Write the list; the file appears whole or not at all."""
    from dashboard.service import customers

    dataset = dataset_named(args.dataset)
    filters = view(args, dataset.id)
    rules = customers.rules_of(dataset.id, filters)
    download = customers.targets_csv(dataset.id, filters, rules)
    with written(args.out) as stream:
        for chunk in download.chunks:
            stream.write(chunk)
    said = {"dataset": dataset.id, "people": download.people, "file": str(args.out)}
    text = f"{download.people:,} people written to {args.out}."
    if str(args.out) == "-":
        output.note(text)
    else:
        output.show(said, [text])
    return 0


def result_json(result: Result) -> dict[str, Any]:
    """A result with everything that explains it, JSON-ready (missing numbers are null)."""
    frame = json.loads(result.frame.to_json(orient="records", date_format="iso", double_precision=15))
    about = {name: value for name, value in result.__dict__.items() if name not in ("frame", "left_out")}
    return {**about, "left_out": [item.__dict__ for item in result.left_out], "rows": frame}


def result_lines(result: Result) -> list[str]:
    """A result for a terminal: headline numbers, the table, what was left out."""
    headline = {n: v for n, v in result.summary.items() if not isinstance(v, list | dict) and v != ""}
    lines = [f"{name}: {_plain(value)}" for name, value in headline.items()]
    if lines:
        lines.append("")
    rows = [list(row) for row in result.frame.itertuples(index=False)]
    if rows:
        lines += table([str(name) for name in result.frame.columns], rows)
    lines += [f"left out: {item.count:,} {item.text}" for item in result.left_out]
    return [*lines, *result.notes]


def _plain(value: Any) -> str:
    return "-" if value is None else f"{value:,.12g}" if isinstance(value, float) else str(value)


def csv_text(result: Result) -> str:
    """The result's table as CSV with plain numbers; texts and headers cannot become formulas."""
    frame = result.frame.copy()
    for name in frame.columns:
        if frame[name].dtype.kind not in "biufM":
            frame[name] = [safe_cell(v) if isinstance(v, str) else v for v in frame[name]]
    frame.columns = [safe_cell(str(name)) for name in frame.columns]
    buffer = io.StringIO()
    frame.to_csv(buffer, index=False, lineterminator="\n")
    return buffer.getvalue()
