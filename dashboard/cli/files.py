"""``inspect``, ``convert`` and ``import``: what a file is, the file as clean CSV, and the file as a dataset."""

from __future__ import annotations

import argparse
import dataclasses
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any

from dashboard.cli.choose import dataset_named
from dashboard.cli.output import Output, cannot_write, existing_file, table, written
from dashboard.errors import UserError
from dashboard.schema import KIND_LABEL


def add_to(commands: Any) -> None:
    """Register the commands of this module."""
    inspect = commands.add_parser(
        "inspect",
        help="say what a file is, without importing it",
        description="Say how a file would be read: kind of table, encoding, separator, columns, open questions.",
    )
    inspect.add_argument("file", metavar="FILE")
    _reading_arguments(inspect)
    inspect.set_defaults(run=run_inspect)

    convert = commands.add_parser(
        "convert",
        help="write any readable table as clean UTF-8 CSV",
        description="Write a table as UTF-8 CSV with commas, one header line and every cell as text. "
        "Lines that are no records go to a file of their own.",
        epilog="Cells are not changed, also where a spreadsheet would take one for a formula.",
    )
    convert.add_argument("file", metavar="FILE")
    convert.add_argument("--out", required=True, type=Path, metavar="CSV", help="where to write")
    convert.add_argument("--rejected", type=Path, metavar="CSV", help="rejected lines; default OUT.rejected.csv")
    _reading_arguments(convert)
    convert.set_defaults(run=run_convert)

    importing = commands.add_parser(
        "import",
        help="make a dataset of one or more files",
        description="Import files as one dataset and print its id and the account of every file. "
        "A file that leaves a question open is refused; the answer is given with --answer.",
        epilog="Example: python -m dashboard import users.csv orders.csv.gz --name Shop --time-zone Europe/Berlin",
    )
    importing.add_argument("files", metavar="FILE", nargs="+")
    importing.add_argument("--name", default="", metavar="N", help="name of the new dataset; default: the first file's")
    importing.add_argument("--into", metavar="DATASET", help="add the files to this dataset")
    importing.add_argument("--replace", action="store_true", help="with --into: replace its files instead")
    importing.add_argument("--time-zone", metavar="ZONE", help="zone of times without an offset; default UTC")
    importing.add_argument("--currency", metavar="CODE", help="currency of the amounts, like EUR")
    importing.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="HEADER=FIELD",
        help="what a column is; FIELD may be property or ignored",
    )
    _reading_arguments(importing)
    importing.set_defaults(run=run_import)


def _reading_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--answer", action="append", default=[], metavar="CODE=VALUE", help="answer to a question of the inspection"
    )
    command.add_argument("--kind", choices=tuple(KIND_LABEL), help="kind of table, when the guess is wrong")
    command.add_argument("--encoding", metavar="NAME", help="encoding, like cp1252")
    command.add_argument("--delimiter", metavar="SIGN", help="separator; \\t is the tab")
    command.add_argument("--header", metavar="ROWS", help="number of header lines; 0 = none")
    command.add_argument("--sheet", metavar="NAME", help="sheet of a workbook")
    command.add_argument("--json", action="store_true", help="one JSON document")


def answers(args: argparse.Namespace) -> dict[str, str]:
    """Answers to questions by code, the shortcuts included. Raises UserError."""
    found: dict[str, str] = {}
    for pair in args.answer:
        code, equals, value = pair.partition("=")
        if not equals or not code:
            raise UserError("bad_answer", "An answer is written CODE=VALUE.", "For example --answer date_order=dmy.")
        found[code] = value
    for code in ("kind", "encoding", "delimiter", "header", "sheet"):
        value = getattr(args, code)
        if value is not None:
            found[code] = "\t" if code == "delimiter" and value == "\\t" else value
    return found


def inspected(path: Path, args: argparse.Namespace) -> Any:
    """Inspect a file with the answers given, corrected by ``--map``. Raises UserError."""
    from dashboard.ingest import choices, limits
    from dashboard.ingest.inspect import inspect_file

    given = answers(args)
    inspection = inspect_file(path, file_name=path.name, limits=limits.current(), answers=given)
    plan = inspection.plan
    for pair in getattr(args, "map", []):
        header, equals, use = pair.rpartition("=")
        if not equals or not header:
            raise UserError("bad_map", "A mapping is written HEADER=FIELD.", "For example --map Subscriber=user_id.")
        use = use if use in ("property", "ignored") else f"field:{use}"
        plan = choices.use_column(plan, choices.find_column(plan, header), use)
    return dataclasses.replace(inspection, plan=plan)


def run_inspect(args: argparse.Namespace, output: Output) -> int:
    """Print what was understood."""
    found = inspected(existing_file(args.file), args)
    output.show(about(args.file, found), lines_about(args.file, found))
    return 0


def about(name: str, inspection: Any) -> dict[str, Any]:
    """An inspection as JSON-ready data."""
    from dashboard.ingest import choices
    from dashboard.ingest.plan import to_json

    plan = inspection.plan
    return {
        "file": name,
        "kind": plan.kind,
        "confidence": plan.kind_confidence,
        "records": inspection.records,
        "plan": to_json(plan),
        "open_questions": [to_json(question) for question in plan.open_questions],
        "missing": list(choices.missing(plan)),
    }


def lines_about(name: str, inspection: Any) -> list[str]:
    """An inspection for a terminal."""
    from dashboard.ingest import choices

    plan, dialect = inspection.plan, inspection.plan.dialect
    lines = [
        f"file: {name}",
        f"kind: {plan.kind} ({KIND_LABEL[plan.kind]}, confidence {plan.kind_confidence:.2f})",
        f"format: {plan.format}{', gzip' if plan.packed else ''}",
    ]
    if plan.format == "csv":
        lines.append(
            f"read as: {dialect.encoding}, separator {dialect.delimiter!r}, {dialect.header_rows} header lines, "
            f"{dialect.skip_lines} lines skipped before, {dialect.footer_rows} after"
        )
    lines += [f"records: {inspection.records:,}", ""]
    columns = [
        (c.header, c.name if c.use != "ignored" else "(ignored)", c.use, c.type, c.confidence, c.reason)
        for c in plan.columns
    ]
    lines += table(("column", "read as", "use", "type", "confidence", "why"), columns)
    lines += [f"{note.level}: {note.text}" for note in plan.notes]
    lines += [f"question: {flag(q)}" for q in plan.open_questions]
    lines += [f"missing: {text}" for text in choices.missing(plan)]
    return lines


def flag(question: Any) -> str:
    """A question with the argument that answers it."""
    values = "|".join(value for value, _ in question.choices) or "VALUE"
    return f"{question.text} Answer with --answer {question.code}={values}"


def run_convert(args: argparse.Namespace, output: Output) -> int:
    """Write the clean copy and the rejected lines; both appear whole or not at all."""
    from dashboard.ingest.convert import convert

    path = existing_file(args.file)
    plan = inspected(path, args).plan
    refused = args.rejected or args.out.with_name(args.out.name + ".rejected.csv")
    piped = str(args.out) == "-"
    with tempfile.TemporaryDirectory(prefix="holdfast-") as folder, output.progress(" B") as progress:
        rejects = Path(folder) / "rejected.csv"
        out = Path(folder) / "clean.csv" if piped else args.out
        try:
            report = convert(path, plan, out, staging=Path(folder), rejects=rejects, progress=progress)
        except OSError as error:
            raise cannot_write(args.out, error) from None
        if piped:
            _copy(out, args.out)
        if report.rejected:
            _copy(rejects, refused)
    said = {
        "file": args.file,
        "out": str(args.out),
        "rejected_file": str(refused) if report.rejected else None,
        **account(report),
    }
    lines = [f"{report.accepted:,} rows written to {args.out}."]
    if report.rejected:
        lines.append(f"{report.rejected:,} rejected, written to {refused}.")
    if piped:
        output.note(lines[0])
    else:
        output.show(said, [*lines, *report.sentences()])
    return 0


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as file, written(target) as stream:
        shutil.copyfileobj(file, stream)


def account(report: Any) -> dict[str, Any]:
    """The numbers of a file's account."""
    return {
        "records": report.records,
        "accepted": report.accepted,
        "rejected": report.rejected,
        "rejected_by_rule": report.rejected_by_rule,
        "counters": report.counters,
    }


def run_import(args: argparse.Namespace, output: Output) -> int:
    """Inspect all files, refuse what is open, then import them as one version."""
    from dashboard.ingest import choices
    from dashboard.ingest.layout import Source
    from dashboard.ingest.plan import to_json
    from dashboard.ingest.publish import Mode, import_sources
    from dashboard.service import core, data, stored_files, wizard

    if args.replace and not args.into:
        raise UserError("no_target", "--replace needs a dataset.", "Name it with --into DATASET.")
    paths = [existing_file(name) for name in args.files]
    into = dataset_named(args.into) if args.into else None
    options = wizard.options_for(into.id if into else "")
    options = wizard.make_options(
        args.time_zone or options.time_zone,
        args.currency or options.currency,
        options.week_start,
        dict(options.duplicates),
    )
    sources = []
    for path in paths:
        plan = inspected(path, args).plan
        if plan.open_questions:
            raise UserError("open_questions", f"{path.name}: {flag(plan.open_questions[0])}.")
        lacking = choices.missing(plan)
        if lacking:
            raise UserError("missing_column", f"{path.name}: {lacking[0]}", "Use --map HEADER=FIELD.")
        sources.append(Source(secrets.token_hex(16), path.resolve(), path.name, plan))
    mode: Mode = "new" if into is None else "replace" if args.replace else "append"
    name = data.clean_name(args.name or wizard.name_of(paths[0].name))
    with output.progress() as progress:
        done = import_sources(
            sources,
            options,
            mode=mode,
            dataset_id=into.id if into else None,
            name=name,
            owner=core.current_owner(),
            progress=progress,
        )
    ours = {source.id for source in sources}
    stored = [s for s in stored_files.sources(done["dataset"]) if s.id in ours]
    output.show(
        {
            "dataset": done["dataset"],
            "version": done["version"],
            "name": into.name if into else name,
            "people": done["users"],
            "rows": done["rows"],
            "changes": done["changes"],
            "notes": done["notes"],
            "files": [
                {"file": s.report.file_name, "kind": s.plan.kind, **account(s.report), "plan": to_json(s.plan)}
                for s in stored
            ],
        },
        [f"dataset: {done['dataset']} (version {done['version']})", f"people: {done['users']:,}"]
        + [line for s in stored for line in _source_lines(s)]
        + [note["text"] for note in done["notes"]],
    )
    return 0


def _source_lines(source: Any) -> list[str]:
    report, plan = source.report, source.plan
    fields = [f"{c.header}={c.name}" for c in plan.columns if c.use == "field"]
    kept = [c.header for c in plan.columns if c.use == "property"]
    ignored = [c.header for c in plan.columns if c.use == "ignored"]
    lines = [
        f"file: {report.file_name}",
        f"  kind: {plan.kind}",
        f"  mapping: {', '.join(fields)}",
        f"  properties: {', '.join(kept) or '-'}",
        f"  ignored: {', '.join(ignored) or '-'}",
        f"  rows: {report.records:,} read, {report.accepted:,} accepted, {report.rejected:,} rejected",
    ]
    lines += [f"  decided: {note.text}" for note in plan.notes]
    lines += [f"  answered: {q.text} {dict(q.choices).get(q.answer, q.answer)}" for q in plan.questions if q.answer]
    return lines + [f"  {sentence}" for sentence in report.sentences()]
